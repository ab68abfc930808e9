"""Many cotangents in one backward pass: the rows of a Jacobian.

A gradient in flight has one more axis here, the first, with an entry for each cotangent.  The rules
of elementwise primitives broadcast over it, so they are called once for all, and x[index] puts it
before the index; any other rule is called for one cotangent after the other.  Fifty rows of a Hessian
then cost fifty times the arithmetic, but not fifty times the calls.
"""

from collections.abc import Sequence
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from .backward import Indexed, fitted, in_dtype, leading_to, unbroadcast
from .context import current_mode
from .graph import sweep
from .node import ArrayNode
from .primitive import Binary, Outputs, Unary
from .versions import last_change

__all__ = ["pull_rows", "rows_at_once"]

BLOCK = 1 << 18
"""At most so many entries in one gradient in flight: more would not be faster, and need memory."""


def rows_at_once(order: Sequence[ArrayNode]) -> int:
    """How many cotangents go back through ``order`` together; 0 where each has to be watched alone."""
    latest = last_change[0]
    largest = 1
    for node in order:
        out = node.saved[0]
        changed = node.index < latest and node.primitive is not None
        if changed or out.__class__ is Outputs or node.hooks is not None:
            return 0
        largest = max(largest, out.size)
    return 0 if current_mode().anomaly else BLOCK // largest


def pull_rows(order: Sequence[ArrayNode], cotangents: Any, inputs: Sequence[Any]) -> list[Any]:
    """For each of the leaves ``inputs`` its gradients from ``order[0]``, one for each cotangent."""
    needed, _ = leading_to(inputs, order)

    def send(node: ArrayNode, g: Any, in_flight: dict[ArrayNode, Any]) -> None:
        for i, parent in enumerate(node.parents):
            if parent is not None and parent in needed:
                share = _shares(node, i, parent, g)
                earlier = in_flight.get(parent)
                in_flight[parent] = share if earlier is None else earlier + share

    arrived = sweep([node for node in order if node in needed], {order[0]: cotangents}, send)
    return [
        arrived[leaf]
        if leaf in arrived
        else np.zeros_like(leaf.out, shape=(len(cotangents), *leaf.out.shape))
        for leaf in inputs
    ]


def _shares(node: ArrayNode, i: int, parent: ArrayNode, g: Any) -> Any:
    """What the ``i``-th argument gets for each of the gradients ``g``."""
    primitive, _, static = node.call
    rule = primitive.rules[i]
    like = parent.saved[0]
    shape = (len(g), *like.shape)
    if isinstance(primitive, (Unary, Binary)) and primitive.elementwise:
        share = rule(g, *node.saved)
        if share is None:
            return np.zeros_like(g, shape=shape, dtype=like.dtype)
        aligned = (len(g), *(1,) * (share.ndim - len(shape)), *like.shape)
        return in_dtype(unbroadcast(share, aligned).reshape(shape), like.dtype)
    first = rule(g[0], *node.saved, **static or {})
    if isinstance(first, Indexed) and (index := _basic(first)):
        total = np.zeros_like(g, shape=shape)
        Indexed.add_at(total, (slice(None), *index), g)
        return total
    shares = [first, *[rule(row, *node.saved, **static or {}) for row in g[1:]]]
    if isinstance(first, Indexed):
        total = np.zeros_like(g, shape=shape)
        for j, share in enumerate(shares):
            share.added_to(total[j, ...], owned=True)
        return total
    return np.stack([fitted(s, node, i, parent, row) for s, row in zip(shares, g, strict=True)])


def _basic(share: Indexed) -> tuple[Any, ...] | None:
    """The index as a tuple if it is of numbers and slices, before which a further one may stand."""
    ((_, index),) = share.entries
    index = index if isinstance(index, tuple) else (index,)
    return index if all(i.__class__ in _BASIC for i in index) else None


_BASIC = frozenset({int, slice, EllipsisType, NoneType})  # True is an int, and no basic index
