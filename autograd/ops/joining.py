"""Joining arrays, and splitting one.

``concatenate`` and ``stack`` are primitives; the gradient of each argument is its part of the
gradient of the result.  The others are these two with the axes worked out.  Splitting is slicing:
the parts are views, and their gradients meet in one buffer (``indexing.py``).
"""

from collections.abc import Sequence
from itertools import accumulate
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitive import implements, primitive
from .shape import atleast_1d, atleast_2d, atleast_3d, moveaxis, ravel, reshape

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "concatenate",
    "delete",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]

# --- joining ----------------------------------------------------------------------------------


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that takes ``part`` of ``axis`` (not negative) and all of the axes before it."""
    return (*[slice(None)] * axis, part)


@primitive(name="concatenate")
def _concatenate(*arrays: Any, axis: int, ends: Sequence[int]) -> Any:
    return np.concatenate(arrays, axis)


def _concatenate_rule(
    i: int, g: Any, out: Any, *arrays: Any, axis: int, ends: Sequence[int]
) -> Any:
    return g[_along(axis % g.ndim, slice(ends[i - 1] if i else 0, ends[i]))]


_concatenate.defvjp_each(_concatenate_rule, saves=(), local="∇out, this part of it")


@implements(np.concatenate)
def concatenate(arrays: Sequence[Any], axis: int | None = 0, *, dtype: Any = None) -> Any:
    """Arrays one after the other along an axis they have; all in a row with ``axis=None``.

    The dtype is the one NumPy promotes theirs to, or ``dtype``.  Lists and plain arrays may stand
    among the tensors.

    Raises ``ValueError`` where the shapes differ along another axis, and ``IndexError`` for an axis
    that they have not.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> ag.concatenate([x, [3.0]])
    Tensor([1., 2., 3.], made by concatenate)
    """
    if dtype is not None or axis is None:
        return _converted(arrays, axis, dtype)
    try:
        ends = tuple(accumulate([a.shape[axis] for a in arrays]))
    except AttributeError:  # a list among them
        return _converted(arrays, axis, None)
    except IndexError:
        ends = ()  # NumPy knows what to say about that axis
    return _concatenate(*arrays, axis=axis, ends=ends)


def _converted(arrays: Sequence[Any], axis: int | None, dtype: Any) -> Any:
    """``concatenate`` of what has to be made an array, of another dtype, or a row first."""
    arrays = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    if dtype is not None:
        arrays = [a.astype(dtype) for a in arrays]
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    return concatenate(arrays, axis)


@primitive(name="stack")
def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis)


_stack.defvjp_each(
    lambda i, g, out, *arrays, axis: g[_along(axis % g.ndim, i)],
    saves=(),
    local="∇out, this part of it",
)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, *, dtype: Any = None) -> Any:
    """Arrays of one shape as the entries of a new axis, at position ``axis`` of the result.

    The dtype is the one NumPy promotes theirs to, or ``dtype``.  Lists and plain arrays may stand
    among the tensors.

    Raises ``ValueError`` where their shapes differ, and ``IndexError`` for an axis out of range.

    >>> import autograd as ag
    >>> x = ag.Tensor(1.0, requires_grad=True)
    >>> ag.stack([x, x * x])
    Tensor([1., 1.], made by stack)
    """
    arrays = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    if dtype is not None:
        arrays = [a.astype(dtype) for a in arrays]
    return _stack(*arrays, axis=axis)


def _listed(arrays: Any) -> Any:
    """What a function of one argument returns alone, it returns for a list of one as well."""
    return arrays if isinstance(arrays, tuple) else (arrays,)


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None) -> Any:
    """Rows, and matrices, below each other."""
    return concatenate(_listed(atleast_2d(*tup)), 0, dtype=dtype)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None) -> Any:
    """Arrays beside each other: along the second axis, those of one axis along that."""
    arrays = _listed(atleast_1d(*tup))
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """Matrices behind each other, along the third axis."""
    return concatenate(_listed(atleast_3d(*tup)), 2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """Columns, and matrices, beside each other."""
    arrays = [a if hasattr(a, "shape") else np.asarray(a) for a in tup]
    return concatenate([reshape(a, (-1, 1)) if a.ndim < 2 else a for a in arrays], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """``values`` after ``arr``; all in a row without ``axis``."""
    return concatenate([arr, values], axis)


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


@implements(np.block)
def block(arrays: Any) -> Any:
    """An array of nested lists of blocks: the innermost lists side by side, and so outward."""
    depth = _depth(arrays)

    def joined(part: Any, level: int) -> Any:
        if not isinstance(part, list):
            a = part if hasattr(part, "shape") else np.asarray(part)
            return reshape(a, (1,) * (depth - a.ndim) + a.shape) if a.ndim < depth else a
        if not part:
            raise ValueError("block: an empty list has no shape. Leave it out.")
        parts = [joined(p, level + 1) for p in part]
        ndim = max(p.ndim for p in parts)
        parts = [reshape(p, (1,) * (ndim - p.ndim) + p.shape) for p in parts]
        return concatenate(parts, level - depth)

    return joined(arrays, 0)


# --- splitting --------------------------------------------------------------------------------


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``ary`` cut along ``axis`` at the given indices, or into so many parts.

    The first parts are longer by one if they can't be equal.
    """
    axis = normalize_axis_index(axis, ary.ndim, "array_split")
    if np.iterable(indices_or_sections):
        cuts = [index(i) for i in indices_or_sections]
    else:
        n, parts = ary.shape[axis], index(indices_or_sections)
        if parts <= 0:
            raise ValueError(f"array_split: expected at least 1 section, got {parts}.")
        cuts = [i * (n // parts) + min(i, n % parts) for i in range(1, parts)]
    bounds = zip([0, *cuts], [*cuts, ary.shape[axis]], strict=True)
    return [ary[_along(axis, slice(start, stop))] for start, stop in bounds]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``ary`` in so many equal parts along ``axis``, or cut at the given indices.

    Raises ``ValueError`` where it can't be cut into equal parts.

    >>> import autograd as ag
    >>> ag.split(ag.Tensor([1.0, 2.0, 3.0]), [1])
    [Tensor([1.]), Tensor([2., 3.])]
    """
    axis = normalize_axis_index(axis, ary.ndim, "split")
    if not np.iterable(indices_or_sections) and ary.shape[axis] % index(indices_or_sections):
        raise ValueError(
            f"split: {ary.shape[axis]} entries, along axis {axis} of shape {ary.shape}, can't be cut "
            f"into {indices_or_sections} equal parts. Use array_split, or give the indices to cut at."
        )
    return array_split(ary, indices_or_sections, axis)


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """``arr`` without the entries ``obj`` (an index, a slice, several or a mask) of ``axis``."""
    if axis is None:
        arr, axis = ravel(arr), 0
    n = arr.shape[normalize_axis_index(axis, arr.ndim, "delete")]
    return np.take(arr, np.delete(np.arange(n), obj), axis=axis)


def _require_axes(name: str, ary: Any, ndim: int) -> None:
    if ary.ndim < ndim:
        raise ValueError(
            f"{name}: expected an array of at least {ndim} axes, got shape {ary.shape}."
        )


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """:func:`split` along the second axis; along the first, if it is the only one."""
    _require_axes("hsplit", ary, 1)
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """:func:`split` along the first of at least two axes."""
    _require_axes("vsplit", ary, 2)
    return split(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """:func:`split` along the third axis."""
    _require_axes("dsplit", ary, 3)
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """The entries of ``axis``, each an array without it."""
    _require_axes("unstack", x, 1)
    return tuple(moveaxis(x, axis, 0))


if hasattr(np, "unstack"):  # NumPy 2.1
    implements(np.unstack)(unstack)
