"""What becomes of the losses of a batch: one number, or one each."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["reduced", "require_reduction"]

_REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "sum": np.sum,
    "none": lambda losses: losses,
}


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of ``losses``, or with ``"none"`` these themselves."""
    return _REDUCTIONS[reduction](losses)


def require_reduction(loss: str, reduction: str) -> None:
    """Raise ``ValueError`` for an unknown reduction."""
    if reduction not in _REDUCTIONS:
        raise ValueError(
            f"{loss}: expected a reduction of {', '.join(_REDUCTIONS)}, got {reduction!r}."
        )
