"""What becomes of the losses of a batch: one number, or one each."""

from collections.abc import Callable
from typing import Any

__all__ = ["reduced", "require_reduction"]

_REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda losses: losses.mean(),
    "sum": lambda losses: losses.sum(),
    "none": lambda losses: losses,
}


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of ``losses``, or with ``"none"`` these themselves."""
    return _REDUCTIONS[reduction](losses)


def require_reduction(loss: str, reduction: str, *more: str) -> None:
    """Raise ``ValueError`` unless ``reduction`` is mean, sum or none, or one of ``more``."""
    if reduction not in _REDUCTIONS and reduction not in more:
        raise ValueError(
            f"{loss}: expected a reduction of {', '.join((*_REDUCTIONS, *more))}, "
            f"got {reduction!r}."
        )
