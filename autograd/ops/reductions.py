"""Reductions: many numbers to fewer, along axes.

The gradient of a reduction has fewer axes than its argument; :func:`restore` puts them back.
Of no entries at all the sum is 0, the product 1 and the mean nan, as NumPy has it, and the gradient
is empty.  ``std`` of entries that are all equal has gradient 0; ``prod`` is exact with zeros.

The larger and the smaller are in ``ordering.py``, running sums in ``cumulative.py``.
"""

import math
from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .arithmetic import conjugated

__all__ = ["Axis", "average", "kept_shape", "mean", "prod", "restore", "std", "sum", "var"]

Axis = int | tuple[int, ...] | None


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """``shape`` with 1 in place of the reduced axes.

    >>> kept_shape((2, 3, 4), -1), kept_shape((2, 3, 4), (0, 1))
    ((2, 3, 1), (1, 1, 4))
    """
    if axis is None:
        return (1,) * len(shape)
    if isinstance(axis, tuple):
        reduced = {i % len(shape) for i in axis}
        return tuple([1 if i in reduced else n for i, n in enumerate(shape)])
    if axis < 0:
        axis += len(shape)
    return (*shape[:axis], 1, *shape[axis + 1 :])


def restore(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """``g`` with the reduced axes of ``x`` back as axes of length 1."""
    return g if keepdims else g.reshape(kept_shape(x.shape, axis))


_FILLED = 1 << 14


def _repeated(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """``g`` for every entry of ``x``: a view of it, of which nothing is larger than ``g``.

    In a small ``x`` the entries are written out instead: making the view costs more than they do, and
    matrix products, which copy it first, are the faster for it.
    """
    g = restore(g, x, axis, keepdims)
    if x.size <= _FILLED:
        if isinstance(g, (np.ndarray, np.generic)):
            return np.full(x.shape, g)  # a third of the time, but it knows no other arrays
        return g * np.ones_like(g, shape=x.shape)
    return np.broadcast_to(g, x.shape)


def _chosen(a: Any, where: Any, neutral: float) -> Any:
    """``a`` with the neutral element where it is not asked for."""
    return a if where is None or where is True else np.where(where, a, neutral)


# --- sum and mean -----------------------------------------------------------------------------


@primitive(name="sum")
def _sum(x: Any, *, axis: Axis, keepdims: bool, **initial: Any) -> Any:
    return x.sum(axis=axis, keepdims=keepdims, **initial)


_sum.defvjp(
    lambda g, out, x, *, axis, keepdims, **initial: _repeated(g, x, axis, keepdims),
    saves=(),
    local="∇out for every entry",
)


@implements(np.sum)
def sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Σ a over ``axis`` (all axes by default)."""
    if dtype is not None:
        a = a.astype(dtype)
    if where is not None:
        a = _chosen(a, where, 0)
    if initial is None:
        return _sum(a, axis=axis, keepdims=keepdims)
    return _sum(a, axis=axis, keepdims=keepdims, initial=initial)


@primitive(name="mean")
def _mean(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return x.mean(axis=axis, keepdims=keepdims)


_mean.defvjp(
    lambda g, out, x, *, axis, keepdims: _repeated(
        g / (x.size / max(out.size, 1)), x, axis, keepdims
    ),
    saves=(),
    local="∇out / n for every entry",
)


@implements(np.mean)
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = None
) -> Any:
    """The arithmetic mean over ``axis``; nan for no entries, as NumPy has it."""
    if dtype is not None:
        a = a.astype(dtype)
    if where is None:
        return _mean(a, axis=axis, keepdims=keepdims)
    count = _sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    return sum(a, axis, keepdims=keepdims, where=where) / count.astype(a.dtype)


@implements(np.average)
def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """Σ w·a / Σ w; with ``returned`` also Σ w.  Weights of one axis are given with that axis.

    Raises ``TypeError`` for weights of another shape without ``axis``, ``ValueError`` if they do not
    fit it, and ``ZeroDivisionError`` if they sum to 0.
    """
    if weights is None:
        out = mean(a, axis, keepdims=keepdims)
        return (out, np.full_like(out, a.size / max(out.size, 1))) if returned else out
    w = _weights_along(weights, a, axis)
    total = sum(np.broadcast_to(w, a.shape), axis, keepdims=keepdims)
    if not np.all(total != 0):
        raise ZeroDivisionError("average: the weights sum to zero, they can't be normalized.")
    out = sum(a * w, axis, keepdims=keepdims) / total
    return (out, total) if returned else out


def _weights_along(weights: Any, a: Any, axis: Axis) -> Any:
    """``weights`` in a shape that broadcasts against ``a``."""
    shape = np.shape(weights)
    if shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(
            f"average: weights of shape {shape} for an array of shape {a.shape}. "
            "Give the axis they belong to, or weights of the array's shape."
        )
    axes = [i % a.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]
    if shape != tuple([a.shape[i] for i in axes]):
        raise ValueError(
            f"average: expected weights of shape {tuple([a.shape[i] for i in axes])}, those of axis "
            f"{axis} of an array of shape {a.shape}, got {shape}."
        )
    weights = np.transpose(weights, np.argsort(axes))
    return np.reshape(weights, [n if i in axes else 1 for i, n in enumerate(a.shape)])


# --- variance ---------------------------------------------------------------------------------


def _deviation(x: Any, axis: Axis) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


def _inverse(n: float) -> float:
    """1 / n for n degrees of freedom; infinite, as the variance is, where there are none."""
    return 1 / n if n > 0 else math.inf


@primitive(name="var")
def _var(x: Any, *, axis: Axis, ddof: float, keepdims: bool) -> Any:
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _var_rule(g: Any, out: Any, x: Any, *, axis: Axis, ddof: float, keepdims: bool) -> Any:
    if x.size == 0:
        return x
    weight = 2 * _inverse(x.size / out.size - ddof)
    return restore(g * weight, x, axis, keepdims) * conjugated(_deviation(x, axis))


_var.defvjp(_var_rule, saves="x", local="∇out · 2 (x - mean) / (n - ddof)")


@implements(np.var)
def var(
    a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The variance, Σ (a - mean)² / (n - ddof)."""
    return _var(a if dtype is None else a.astype(dtype), axis=axis, ddof=ddof, keepdims=keepdims)


@primitive(name="std")
def _std(x: Any, *, axis: Axis, ddof: float, keepdims: bool) -> Any:
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _std_rule(g: Any, out: Any, x: Any, *, axis: Axis, ddof: float, keepdims: bool) -> Any:
    if x.size == 0:
        return x
    weight = _inverse(x.size / out.size - ddof)
    # Equal entries may differ from their rounded mean, so ask the entries, not the result.
    equal = np.max(x, axis=axis, keepdims=True) == np.min(x, axis=axis, keepdims=True)
    spread = np.where(equal, 1, restore(out, x, axis, keepdims))
    slope = np.where(equal, 0, conjugated(_deviation(x, axis))) / spread
    return restore(g * weight, x, axis, keepdims) * slope


_std.defvjp(_std_rule, saves=("out", "x"), local="∇out · (x - mean) / ((n - ddof) out)")


@implements(np.std)
def std(
    a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The standard deviation, the root of the variance; where it is 0 the gradient is 0."""
    return _std(a if dtype is None else a.astype(dtype), axis=axis, ddof=ddof, keepdims=keepdims)


# --- product ----------------------------------------------------------------------------------


@primitive(name="prod")
def _prod(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def _prod_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    if np.all(np.isfinite(out) & (out != 0)):
        return restore(g * out, x, axis, keepdims) / x
    return restore(g, x, axis, keepdims) * _product_of_the_others(x, axis)


def _product_of_the_others(x: Any, axis: Axis) -> Any:
    """For every entry the product of all others: of those before it and of those behind it."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    in_front = tuple(range(len(axes)))
    moved = np.moveaxis(x, axes, in_front)
    n = math.prod(moved.shape[: len(axes)])
    lines = np.reshape(moved, (n, x.size // n if n else 0))
    one = np.ones_like(lines[:1])
    before = np.cumprod(np.concatenate([one, lines[:-1]]), axis=0)
    behind = np.cumprod(np.concatenate([one, lines[:0:-1]]), axis=0)[::-1]
    return np.moveaxis(np.reshape(before * behind, moved.shape), in_front, axes)


_prod.defvjp(_prod_rule, saves=("out", "x"), local="∇out · Π of the others")


@implements(np.prod)
def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Π a over ``axis``; the gradient is exact also where entries are 0."""
    if dtype is not None:
        a = a.astype(dtype)
    out = _prod(_chosen(a, where, 1), axis=axis, keepdims=keepdims)
    return out if initial is None else out * initial
