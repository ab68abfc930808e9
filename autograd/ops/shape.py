"""Shape: the same entries under other axes.

A view stays a view: ``reshape``, ``transpose`` and ``broadcast_to`` copy nothing where NumPy copies
nothing, forward or backward.  Most functions here are one of these primitives with the
axes worked out.

Joining and splitting are in ``joining.py``, repeating and turning round in ``repeating.py``,
diagonals in ``diagonals.py``.
"""

from typing import Any

import numpy as np
from numpy.exceptions import AxisError
from numpy.lib.array_utils import normalize_axis_tuple

from ..primitive import Box, boxed, implements, primitive

__all__ = [
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "copy",
    "expand_dims",
    "full_like",
    "matrix_transpose",
    "moveaxis",
    "ravel",
    "reshape",
    "rollaxis",
    "squeeze",
    "swapaxes",
    "transpose",
]

# --- other shapes -----------------------------------------------------------------------------


@primitive(name="reshape")
def _reshape(x: Any, *, shape: Any) -> Any:
    return x.reshape(shape)


_reshape.defvjp(lambda g, out, x, *, shape: g.reshape(x.shape), saves=(), local="∇out reshaped")


@implements(np.reshape)
def reshape(
    a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None
) -> Any:
    """``a`` in another shape, row by row, or column by column with ``order="F"``."""
    shape = newshape if shape is None else shape
    if shape is None:
        raise TypeError("reshape: the shape is missing. Give it: np.reshape(t, (2, -1)).")
    if copy is False:
        raise ValueError("reshape: copy=False can't be promised on tensors. Leave it out.")
    if order == "C":
        return _reshape(a, shape=shape)
    if order != "F":
        raise ValueError(f"reshape: expected order 'C' or 'F' on tensors, got {order!r}.")
    backward = tuple(shape)[::-1] if np.iterable(shape) else shape
    return transpose(_reshape(transpose(a), shape=backward))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """All entries in a row."""
    return reshape(a, (-1,), order)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: int | tuple[int, ...]) -> Any:
    """``a`` with new axes of length 1 at the positions ``axis`` of the result."""
    shape = a.shape
    if isinstance(axis, int) and -len(shape) - 1 <= axis <= len(shape):
        at = axis if axis >= 0 else axis + len(shape) + 1
        return _reshape(a, shape=(*shape[:at], 1, *shape[at:]))
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = len(shape) + len(axes)
    axes = normalize_axis_tuple(axes, ndim, "expand_dims")
    old = iter(shape)
    return _reshape(a, shape=tuple([1 if i in axes else next(old) for i in range(ndim)]))


@implements(np.squeeze)
def squeeze(a: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """``a`` without its axes of length 1, or without those of ``axis``."""
    shape = a.shape
    if axis is None:
        return _reshape(a, shape=tuple([n for n in shape if n != 1]))
    axes = normalize_axis_tuple(axis, len(shape), "squeeze")
    if any(shape[i] != 1 for i in axes):
        raise ValueError(
            f"squeeze: axis {axis} of shape {shape} is longer than 1. "
            "Only axes of length 1 can be left out; reshape, or reduce it first."
        )
    return _reshape(a, shape=tuple([n for i, n in enumerate(shape) if i not in axes]))


def _at_least(a: Any, ndim: int, added: Any) -> Any:
    a = a if hasattr(a, "shape") else np.asarray(a)
    return a if a.ndim >= ndim else reshape(a, added(a.shape))


@implements(np.atleast_1d)
def atleast_1d(*arrays: Any) -> Any:
    """Numbers become arrays of one entry; a tuple for several arguments."""
    made = tuple([_at_least(a, 1, lambda shape: (1,)) for a in arrays])
    return made[0] if len(made) == 1 else made


@implements(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    """Numbers and rows become matrices; a tuple for several arguments."""
    made = tuple([_at_least(a, 2, lambda shape: (1, *(shape or (1,)))) for a in arrays])
    return made[0] if len(made) == 1 else made


def _three(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1)


@implements(np.atleast_3d)
def atleast_3d(*arrays: Any) -> Any:
    """(m, n) becomes (m, n, 1), (n,) becomes (1, n, 1); a tuple for several arguments."""
    made = tuple([_at_least(a, 3, _three) for a in arrays])
    return made[0] if len(made) == 1 else made


# --- other orders of the axes -----------------------------------------------------------------


@primitive(name="transpose")
def _transpose(x: Any, *, axes: Any = None) -> Any:
    return x.transpose() if axes is None else x.transpose(axes)


def _transpose_rule(g: Any, out: Any, x: Any, *, axes: Any = None) -> Any:
    if axes is None:
        return g.transpose()
    back = [0] * len(axes)
    for i, axis in enumerate(axes):
        back[axis] = i
    return g.transpose(tuple(back))


_transpose.defvjp(_transpose_rule, saves=(), local="∇out transposed back")


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """``a`` with its axes permuted; reversed by default."""
    return _transpose(a) if axes is None else _transpose(a, axes=tuple(axes))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``a`` with two axes exchanged."""
    axes = list(range(a.ndim))
    try:
        axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    except IndexError:
        wrong = axis1 if not -a.ndim <= axis1 < a.ndim else axis2
        raise AxisError(wrong, a.ndim, "swapaxes") from None
    return _transpose(a, axes=tuple(axes))


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """``x`` with its last two axes exchanged."""
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Any:
    """``a`` with axes moved to other positions, the others in their order."""
    source = normalize_axis_tuple(source, a.ndim, "moveaxis source")
    destination = normalize_axis_tuple(destination, a.ndim, "moveaxis destination")
    if len(source) != len(destination):
        raise ValueError(
            f"moveaxis: {len(source)} axes to move and {len(destination)} positions to move them to."
        )
    axes = [i for i in range(a.ndim) if i not in source]
    for position, axis in sorted(zip(destination, source, strict=True)):
        axes.insert(position, axis)
    return _transpose(a, axes=tuple(axes))


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """``a`` with ``axis`` moved to lie before axis ``start``."""
    (axis,) = normalize_axis_tuple(axis, a.ndim, "rollaxis")
    (start,) = normalize_axis_tuple(start, a.ndim + 1, "rollaxis start")
    return moveaxis(a, axis, start - 1 if axis < start else start)


# --- repeated without a copy ------------------------------------------------------------------


@primitive(name="broadcast_to")
def _broadcast_to(x: Any, *, shape: Any) -> Any:
    return np.broadcast_to(x, shape)


def _broadcast_to_rule(g: Any, out: Any, x: Any, *, shape: Any) -> Any:
    lead = g.ndim - x.ndim
    repeated = [lead + i for i, n in enumerate(x.shape) if n == 1 != g.shape[lead + i]]
    axes = (*range(lead), *repeated)
    return g.sum(axis=axes, keepdims=True).reshape(x.shape) if axes else g


_broadcast_to.defvjp(_broadcast_to_rule, saves=(), local="Σ ∇out over the repeated axes")


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any) -> Any:
    """``array`` repeated along new axes and axes of length 1, without copying."""
    return _broadcast_to(array, shape=(shape,) if isinstance(shape, int) else tuple(shape))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """Every argument broadcast to the shape that they have together."""
    try:
        shape = np.broadcast_shapes(*[np.shape(a) for a in args])
    except ValueError as error:
        raise ValueError(f"broadcast_arrays: {error}") from None
    return tuple([a if np.shape(a) == shape else broadcast_to(a, shape) for a in args])


# --- copies -----------------------------------------------------------------------------------


@implements(np.copy)
@primitive(name="copy")
def copy(a: Any) -> Any:
    """A copy; the gradient passes through."""
    return a.copy()


copy.defvjp(lambda g, out, a: g, saves=(), local="∇out")


@primitive(name="astype")
def astype(x: Any, *, dtype: Any) -> Any:
    """The same numbers in another floating dtype."""
    return x.astype(dtype)


# The backward pass casts to the argument's dtype.
astype.defvjp(lambda g, out, x, *, dtype: g, saves=(), local="∇out")


if hasattr(np, "astype"):  # NumPy 2.1

    @implements(np.astype)
    def _astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
        return x.astype(dtype, copy=copy)


@implements(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    """``fill_value`` in the shape and dtype of ``a``, or those given; it gets the gradient."""
    like = np.empty_like(a, dtype, shape=shape)
    if isinstance(fill_value, Box):
        return broadcast_to(fill_value, like.shape).astype(like.dtype)
    return boxed(np.full_like(like.data, fill_value), None)
