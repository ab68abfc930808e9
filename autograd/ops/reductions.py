"""Reductions: many numbers to fewer, along axes.

The gradient of a reduction has fewer axes than its argument; ``restore`` puts them back.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive

__all__ = ["mean", "sum"]

Axis = int | tuple[int, ...] | None


def restore(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """``g`` with the reduced axes of ``x`` back as axes of length 1."""
    if keepdims or axis is None or x.ndim == 0:
        return np.reshape(g, (1,) * x.ndim) if axis is None and not keepdims else g
    return np.expand_dims(g, axis)


@primitive(name="sum")
def _sum(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims)


_sum.defvjp(
    lambda g, out, x, *, axis, keepdims: np.broadcast_to(restore(g, x, axis, keepdims), x.shape),
    saves=(),
    local="∇out for every entry",
)


@implements(np.sum)
def sum(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Σ a over ``axis`` (all axes by default)."""
    return _sum(a, axis=axis, keepdims=keepdims)


@primitive(name="mean")
def _mean(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return np.mean(x, axis=axis, keepdims=keepdims)


_mean.defvjp(
    lambda g, out, x, *, axis, keepdims: np.broadcast_to(
        restore(g, x, axis, keepdims) / (x.size / max(out.size, 1)), x.shape
    ),
    saves=(),
    local="∇out / n for every entry",
)


@implements(np.mean)
def mean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The arithmetic mean over ``axis``; nan for no entries, as NumPy has it."""
    return _mean(a, axis=axis, keepdims=keepdims)
