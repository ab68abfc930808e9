"""Indexing: reading and writing parts of an array.

The gradient of ``x[index]`` is spread back over ``x`` by ``gather``.  A loop that reads many parts
of one array sends many of them; they meet in one buffer (``backward.Indexed``).

Assignment, ``t[index] = v``, writes in place.  The tensor's node is replaced by one that has the old
node and ``v``'s as parents, so gradients flow to both: to ``t`` everywhere but at the index, to ``v``
from the index.  Where an index repeats an entry the last write wins, and only it gets a gradient.
"""

import sys
from typing import Any

import numpy as np

from ..backward import Indexed, unbroadcast
from ..context import current_mode
from ..cuts import own_copy
from ..graph import next_index
from ..node import ArrayNode, Spec
from ..primitive import Box, Outputs, implements, primitive, record_assignment
from ..versions import buffer_of, note_change, note_rebinding, stale_view

__all__ = ["assign", "gather", "getitem", "index", "take", "take_along_axis"]


def _plain(index: Any) -> Any:
    """An index as NumPy knows it, of its own: the caller may change his arrays before backward."""
    if isinstance(index, tuple):
        return tuple([_plain(i) for i in index])
    if isinstance(index, list):
        return [_plain(i) for i in index]
    if isinstance(index, Box):
        index = index._data
    return own_copy(index) if hasattr(index, "shape") else index


_SINGLE = frozenset({int, slice})


def _repeats_nothing(index: Any) -> bool:
    """Whether an index certainly selects every entry at most once: no array of integers in it."""
    if not isinstance(index, tuple):
        index = (index,)
    return all(
        i is None
        or i is Ellipsis
        or isinstance(i, (slice, int, np.integer, np.bool_))
        or getattr(i, "dtype", None) == np.bool_
        for i in index
    )


# --- reading ----------------------------------------------------------------------------------


@primitive
def gather(*gs: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    """An array of ``shape`` that is zero but for ``out[index] += g`` for each pair."""
    total = np.empty_like(gs[0], shape=shape)
    total[...] = 0  # zeros_like is Python, and costs three times as much
    for g, index in zip(gs, indices, strict=True):
        _add_at(total, index, g)
    return total


def _add_at(total: Any, index: Any, g: Any) -> None:
    if index.__class__ in _SINGLE or _repeats_nothing(index):
        total[index] += g
    else:
        np.add.at(total, index, g)


@primitive
def getitem(x: Any, *, index: Any) -> Any:
    """``x[index]``."""
    return x[index]


Indexed.gather, Indexed.add_at = gather, staticmethod(_add_at)

gather.defvjp_each(
    lambda i, g, out, *gs, indices, shape: getitem(g, index=indices[i]),
    saves=(),
    local="∇out at the index",
)
getitem.defvjp(
    lambda g, out, x, *, index: Indexed(g, index, x),
    saves=(),
    local="∇out at the index",
)
_getitem = getitem.__call__  # bound, so that it skips the type's call slot


def index(x: Any, index: Any) -> Any:
    """``x[index]`` with every form of NumPy's index; tensors of integers may stand in it."""
    if index.__class__ is not int:
        index = _plain(index)
    return _getitem(x, index=index)


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """``a[..., indices, ...]`` along ``axis``; of the flattened array by default."""
    indices = _plain(indices)
    if axis is None:
        return index(np.reshape(a, (-1,)), indices)
    axis = _checked_axis("take", axis, a.ndim)
    return index(a, (*(slice(None),) * axis, indices))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Entries of ``arr`` by an array of positions along ``axis``, as ``argsort`` returns them."""
    indices = _plain(indices)
    if axis is None:
        return take_along_axis(np.reshape(arr, (-1,)), indices, 0)
    axis = _checked_axis("take_along_axis", axis, arr.ndim)
    if indices.ndim != arr.ndim:
        raise ValueError(
            f"take_along_axis: the array has shape {arr.shape} and the indices {indices.shape}; "
            "expected the same number of axes. Use np.expand_dims on the indices."
        )
    grid = np.ogrid[tuple(slice(n) for n in arr.shape)]  # broadcasts with the indices, as in NumPy
    return index(arr, tuple(indices if i == axis else grid[i] for i in range(arr.ndim)))


def _checked_axis(operation: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(
            f"{operation}: axis {axis} is out of range for an array of {ndim} axes "
            f"(expected {-ndim} to {ndim - 1})."
        )
    return axis % ndim


# --- writing ----------------------------------------------------------------------------------


@primitive(name="without")
def _without(x: Any, *, index: Any) -> Any:
    """``x`` with zeros at the index."""
    out = x.copy() if x.ndim else np.full_like(x, x)  # the copy of a NumPy scalar is one
    out[index] = 0
    return out


_without.defvjp(
    lambda g, out, x, *, index: _without(g, index=index), saves=(), local="∇out but at the index"
)


def _written_gradient(g: Any, out: Any, x: Any, v: Any, *, index: Any) -> Any:
    """What ``v`` gets of ``g``: the entries that it wrote and that no later write covered."""
    part = g[index]
    if not _repeats_nothing(index):
        turn = np.arange(part.size).reshape(part.shape)
        last = np.zeros(x.shape, dtype=turn.dtype)
        last[index] = turn
        part = part * (last[index] == turn)
    shape = v.shape[max(v.ndim - part.ndim, 0) :]  # NumPy allows extra leading axes of length 1
    return np.reshape(unbroadcast(part, shape), v.shape)


@primitive
def setitem(x: Any, v: Any, *, index: Any) -> Any:
    """``x`` after ``x[index] = v``, in place."""
    x[index] = v
    return x


setitem.defvjp(
    lambda g, out, x, v, *, index: _without(g, index=index),
    _written_gradient,
    saves=(),
    local=("∇out but at the index", "∇out at the index"),
)


def assign(t: Any, index: Any, value: Any) -> None:
    """``t[index] = value``.

    Raises ``RuntimeError`` for a leaf that requires a gradient outside of ``no_grad()``, also when
    it is reached through a view.
    """
    index = _plain(index)
    number = value._data if isinstance(value, Box) else value
    value_node = value._node if isinstance(value, Box) else None
    mode = current_mode()
    recorded = mode.grad and (t._node is not None or value_node is not None)
    if recorded:
        _refuse_assignment(t, value_node)
    array = t.data
    try:
        array[index] = number
    except ValueError as error:
        if "broadcast" not in str(error):
            raise
        raise ValueError(
            f"setitem: a value of shape {np.shape(number)} does not fit the selected part, of shape "
            f"{array[index].shape}, of a tensor of shape {t.shape}."
        ) from None
    note_change(array)
    if recorded:
        args = (Spec(array.shape, array.dtype), number)
        t._node = record_assignment(setitem, (t._node, value_node), args, array, {"index": index})
        note_rebinding(array, t._node.index)
    elif t._node is not None and t._node.parents:
        note_rebinding(array, next_index())


def _refuse_assignment(t: Any, value_node: ArrayNode | None) -> None:
    node = t._node
    if node is None:
        if t.dtype.kind not in "fc":
            raise TypeError(
                f"setitem: a tracked value can't be written into a tensor of {t.dtype}: its gradient "
                "would be lost. Use t.astype(float) first."
            )
        if _holders_of_base(t._data) > _ONE_HOLDER:
            raise RuntimeError(
                "setitem: a tracked value can't be written into an untracked view of an array that "
                "others hold too: they would show its numbers and lose its gradient. Assign to the "
                "whole in one step (t[i, j] = v for t[i][j] = v), or to a copy (t.clone())."
            )
        return
    if stale_view(t._data, node.index) and node.parents:
        raise RuntimeError(
            "setitem: this tensor is a view of one that was assigned to after the view was taken. "
            "Take the view again."
        )
    buffer = buffer_of(t._data)
    while node.parents and node.primitive is not setitem:  # a view's source is its first argument
        source = node.parents[0]
        if source is None:
            return
        if not isinstance(source.out, (Spec, Outputs)) and buffer_of(source.out) is not buffer:
            return
        node = source
    if not node.parents and buffer_of(node.out) is buffer:
        raise RuntimeError(
            "setitem: a leaf that requires a gradient can't be changed in place, its gradient would "
            "be that of a value it no longer has. Change it under no_grad(), or change a copy: "
            "u = t.clone(); u[...] = ..."
        )


def _holders_of_base(array: Any) -> int:
    """How many hold the array that ``array`` is a view of; 0 for one that is no view."""
    base = getattr(array, "base", None)
    return 0 if base is None else sys.getrefcount(base)


_ONE_HOLDER = _holders_of_base(np.zeros(2).reshape(2, 1))
