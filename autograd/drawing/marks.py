"""What to notice in an array: NaN, infinity, dead and saturated units, many zeros.

A *dead* unit is one whose ReLU is 0 for every example (the first axis); its gradient is 0, so it
learns nothing.  Of one example alone it is only *off*.  A sigmoid or tanh is *saturated* where its
output is within 1 % of the end of its range: the derivative there is below 4 % of the largest.
"""

from typing import Any

import numpy as np

from ..primitive import Spec
from .description import Mark
from .quantity import FULL, Quantity

__all__ = ["dead_units", "marks_of", "saturated"]

RECTIFIERS = {"relu", "relu6"}
RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hardtanh": (-1.0, 1.0)}
WATCHED = {*RECTIFIERS, *RANGES}
MANY_ZEROS = 0.5
MANY_SATURATED = 0.1


def marks_of(op: str, out: Any, value: Quantity | None, grad: Quantity | None) -> tuple[Mark, ...]:
    """The marks of an operation's result and of its gradient, the worst first."""
    fine = value is not None and value.finite and (grad is None or grad.finite)
    if fine and value is not None and value.is_number and op not in WATCHED:
        return ()
    marks = []
    for quantity, of in ((value, ""), (grad, "∇ ")):
        if quantity is not None and quantity.trouble():
            marks.append(
                Mark(
                    0 if quantity.nans else 1,
                    "nan" if quantity.nans else "inf",
                    of + quantity.trouble(),
                )
            )
    if out is not None and not isinstance(out, Spec) and np.size(out):
        marks += _of_units(op, out, value)
    return tuple(sorted(marks))


def _of_units(op: str, out: Any, value: Quantity | None) -> list[Mark]:
    op = op.lower()
    if op in RECTIFIERS:
        off, units = dead_units(out)
        if off:
            several = np.ndim(out) > 1 and np.shape(out)[0] > 1
            rank, word = (2, "dead") if several else (4, "off")
            return [Mark(rank, word, f"{word} {off}/{units}" if units > 1 else word, off / units)]
    if op in RANGES:
        share = saturated(op, out)
        if share >= MANY_SATURATED:
            return [
                Mark(
                    3,
                    "saturated",
                    f"saturated {share:.0%}" if np.size(out) > 1 else "saturated",
                    share,
                )
            ]
    if op and value is not None and value.size > FULL and value.zeros / value.size >= MANY_ZEROS:
        return [Mark(4, "zeros", f"zero {value.zeros / value.size:.0%}", value.zeros / value.size)]
    return []


def dead_units(out: Any) -> tuple[int, int]:
    """How many units of a rectifier's output are 0 for every example, and of how many.

    Of images, (N, C, H, W), the units are the channels.
    """
    array = np.asarray(out)
    axes = (0, *range(2, array.ndim)) if array.ndim > 1 else ()
    dead = np.all(array == 0, axis=axes)
    return int(np.sum(dead)), int(np.size(dead))


def saturated(op: str, out: Any) -> float:
    """The share of entries within 1 % of either end of the activation's range."""
    low, high = RANGES[op]
    margin = 0.01 * (high - low)
    array = np.asarray(out)
    return float(np.mean((array < low + margin) | (array > high - margin)))
