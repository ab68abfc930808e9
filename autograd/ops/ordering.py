"""What depends on order: ``max``, ``min``, ``ptp``, ``sort``, ``median``.

Ties of ``max`` and ``min`` share the gradient evenly, so the shares sum to one; a nan is the result,
and then all entries share.  ``sort`` is stable, and ``median`` follows it.
"""

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..primitive import Box, boxed, implements, primitive
from .choosing import masked
from .reductions import Axis, kept_shape, restore

__all__ = ["argsort", "max", "median", "min", "one_axis_last", "partition", "ptp", "shared", "sort"]


def shared(g: Any, won: Any, axis: Axis) -> Any:
    """``g`` (with all axes) in equal parts over the entries that have won."""
    winners = np.sum(won, axis=axis, dtype=g.dtype, keepdims=True)
    return masked(g / np.maximum(winners, 1), won)


@primitive(name="max")
def _max(x: Any, *, axis: Axis, keepdims: bool, **initial: Any) -> Any:
    return x.max(axis=axis, keepdims=keepdims, **initial)


@primitive(name="min")
def _min(x: Any, *, axis: Axis, keepdims: bool, **initial: Any) -> Any:
    return x.min(axis=axis, keepdims=keepdims, **initial)


def _max_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool, **initial: Any) -> Any:
    lost = x < restore(out, x, axis, keepdims)
    return shared(restore(g, x, axis, keepdims), np.logical_not(lost), axis)


def _min_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool, **initial: Any) -> Any:
    lost = x > restore(out, x, axis, keepdims)
    return shared(restore(g, x, axis, keepdims), np.logical_not(lost), axis)


_max.defvjp(_max_rule, saves=("out", "x"), local="∇out at the largest")
_min.defvjp(_min_rule, saves=("out", "x"), local="∇out at the smallest")


@implements(np.max, np.amax)
def max(
    a: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Any:
    """The largest entry over ``axis``; ties share the gradient evenly.

    Raises ``ValueError`` for no entries without ``initial``, which ``where`` needs as well.
    """
    if initial is None and where is None:
        return _max(a, axis=axis, keepdims=keepdims)
    return _max(_chosen(a, where, initial, "max"), axis=axis, keepdims=keepdims, initial=initial)


@implements(np.min, np.amin)
def min(
    a: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Any:
    """The smallest entry over ``axis``; ties share the gradient evenly.

    Raises ``ValueError`` for no entries without ``initial``, which ``where`` needs as well.
    """
    if initial is None and where is None:
        return _min(a, axis=axis, keepdims=keepdims)
    return _min(_chosen(a, where, initial, "min"), axis=axis, keepdims=keepdims, initial=initial)


def _chosen(a: Any, where: Any, initial: Any, name: str) -> Any:
    if where is None or where is True:
        return a
    if initial is None:
        raise ValueError(f"{name}: where= needs initial=, the result where nothing is chosen.")
    return np.where(where, a, initial)


@implements(np.ptp)
def ptp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The largest entry less the smallest."""
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


@implements(np.argsort)
def argsort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
    """The indices that sort ``a``, ties in their order whatever ``kind`` says; no gradient."""
    if isinstance(a, Box):
        return boxed(np.argsort(a._data, axis, kind="stable"), None)
    return np.argsort(a, axis, kind="stable")


@primitive(name="sort")
def _sort(x: Any, *, axis: int) -> Any:
    return np.sort(x, axis=axis)


@primitive(name="unsort")
def _unsort(x: Any, order: Any, *, axis: int) -> Any:
    """``x``, which lies in that order along ``axis``, where it was before."""
    out = np.empty_like(x)
    np.put_along_axis(out, order, x, axis)
    return out


_sort.defvjp(
    lambda g, out, x, *, axis: _unsort(g, argsort(x, axis), axis=axis),
    saves="x",
    local="∇out in the old order",
)
_unsort.defvjp(
    lambda g, out, x, order, *, axis: np.take_along_axis(g, order, axis),
    saves=("order",),
    local="∇out in that order",
)


@implements(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
    """A sorted copy; nan comes last.  Ties keep their order, which decides who gets the gradient."""
    return _sort(np.reshape(a, (-1,)), axis=0) if axis is None else _sort(a, axis=axis)


@primitive(name="partition")
def _partition(x: Any, *, kth: Any, axis: int) -> Any:
    return np.partition(x, kth, axis=axis)


def _partition_rule(g: Any, out: Any, x: Any, *, kth: Any, axis: int) -> Any:
    # Sorted, the arguments and the result are the same: from one order to the other.
    in_order = np.take_along_axis(g, argsort(out, axis), axis)
    return _unsort(in_order, argsort(x, axis), axis=axis)


_partition.defvjp(_partition_rule, saves=("out", "x"), local="∇out in the old order")


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None) -> Any:
    """The smaller entries before the ``kth`` of the sorted ones, the larger behind it."""
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    return _partition(a, kth=kth, axis=axis)


def one_axis_last(a: Any, axis: tuple[int, ...]) -> Any:
    """``a`` with the axes to reduce made one, the last."""
    moved = np.moveaxis(a, axis, tuple(range(-len(axis), 0)))
    lead = moved.shape[: a.ndim - len(axis)]
    return np.reshape(moved, (*lead, math.prod(moved.shape[len(lead) :])))


@implements(np.median)
def median(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The middle entry over ``axis``, or the mean of the two; nan if one entry is."""
    axes = tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim, "median")
    line = sort(one_axis_last(a, axes))
    n = line.shape[-1]
    out = np.mean(line[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    if n and np.any(np.isnan(line[..., -1])):
        out = np.where(np.isnan(line[..., -1]), np.nan, out)
    return np.reshape(out, kept_shape(a.shape, axes)) if keepdims else out
