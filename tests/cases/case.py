"""What a row of the case table says.  The rows are in the other files, one for each family."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Case:
    """A differentiable call: from it value, gradient and second-order tests are generated."""

    name: str
    """Unique: ``"sum axis=1 keepdims"``."""
    f: Callable[..., Any]
    """The call, on ndarrays as on tensors, positional arrays only: ``lambda x: np.sum(x, axis=1)``.
    May return a tuple."""
    shapes: Sequence[Shapes]
    """Samples; each gives the shape of every argument: ``[((3, 4),), ((0,),), ((),)]``."""
    domain: str | tuple[str, ...] = "real"
    """Where the arguments are drawn, for all or for each: real, positive, nonzero, unit (-1, 1),
    above_one, distinct (no two entries closer than 0.1), spd (symmetric positive definite),
    symmetric, invertible, index:N (integers below N, not differentiated), bool (not differentiated)."""
    jax: Callable[..., Any] | None = None
    """The same in ``jax.numpy``, as an independent reference; or any reference on plain arrays."""
    primitives: tuple[str, ...] = ()
    """Names of the primitives it covers; every primitive must be covered by some row."""
    order: int = 2
    """Up to which order derivatives are compared with numerical ones."""
    rounding: float = 0.0
    """How far the value may be from NumPy's: for sums that are taken in another order."""
    disagrees: Sequence[Shapes] = ()
    """The samples at which the reference refuses the call or gives another gradient ..."""
    why: str = ""
    """... and why, with the proof that it is wrong there."""


def disagreeing(case: Case, *shapes: Shapes, why: str) -> Case:
    """The row with the samples that its reference has wrong."""
    return replace(case, disagrees=shapes, why=why)


@dataclass(frozen=True, eq=False)
class Kink:
    """A point without a derivative, and the gradient (of the sum of the result) promised there."""

    name: str
    f: Callable[..., Any]
    at: tuple[Any, ...]
    gradient: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Fault:
    """A call that is refused: with which error and words."""

    name: str
    f: Callable[..., Any]
    at: tuple[Any, ...]
    error: type[Exception]
    match: str
