"""What is measured: the same computation by hand and by chainrule, on the same arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Sequence[Any]


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    ``hand`` and ``ours`` do the work once and return what must agree: the gradients, or for a
    training step the parameters after it (both sides then take equally many steps).
    """

    name: str
    hand: Callable[[], Arrays]
    ours: Callable[[], Arrays]
    limit: float
    """The ratio ours / hand that is promised, at most."""
    tolerance: float = 1e-9

    def check(self) -> None:
        """Raise unless both sides compute the same numbers."""
        for i, (mine, theirs) in enumerate(zip(self.ours(), self.hand(), strict=True)):
            scale = max(float(np.max(np.abs(theirs), initial=0)), 1e-30)
            error = float(np.max(np.abs(np.asarray(mine) - theirs), initial=0)) / scale
            if not error <= self.tolerance:
                raise AssertionError(f"{self.name}: result {i} differs by {error:.1e} of its scale")
