"""The backward pass over recorded arrays: rules are called, their gradients fitted and summed.

:func:`backpropagate` is the whole of it; ``Tensor.backward``, ``gradients`` and the transforms are
thin callers.  Gradients in flight are raw arrays, so rules run at NumPy's speed.  With
``differentiable=True`` saved arrays are handed to the rules as tensors: the same rules then record
the gradient's own graph.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np

from .anomaly import locked, unlock, watch_backward
from .context import current_mode
from .graph import creation
from .keeping import let_go
from .node import MANY, ArrayNode, Remarks, Spec
from .primitive import Box, OutputGradients, Outputs, boxed
from .versions import last_change, versions

__all__ = [
    "Indexed",
    "backpropagate",
    "fitted",
    "in_dtype",
    "in_order",
    "leading_to",
    "shares",
    "unbroadcast",
]


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: sum ``g`` over the axes along which ``shape`` was repeated.

    >>> unbroadcast(np.ones((4, 2, 3)), (2, 1))
    array([[12.],
           [12.]])
    """
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if 1 not in shape:
        return g.sum(axis=0 if lead == 1 else tuple(range(lead)))
    repeated = [lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1]
    g = np.sum(g, axis=(*range(lead), *repeated), keepdims=True)
    return np.reshape(g, shape)


class Indexed:
    """The gradient of ``x[index]`` on its way to ``x``: an entry, not yet an array of ``x``'s shape.

    A loop over ``x[i]`` sends one to ``x`` for each turn.  The second makes an array, and all that
    follow are added into it in place, so n turns cost O(n), not O(n²).  Where gradients are recorded
    they are collected instead, with the ``rest`` that ``x`` gets as an array, for ``gather``, which
    makes one operation of the whole list.
    """

    __slots__ = ("entries", "like", "rest")
    __array_ufunc__ = None  # so that array + Indexed comes to __radd__

    gather: ClassVar[Callable[..., Any]]
    add_at: ClassVar[Callable[[Any, Any, Any], None]]
    """Both are given by ``ops/indexing.py``, a layer above."""

    def __init__(self, g: Any, index: Any, like: Any) -> None:
        self.entries = [(g, index)]
        self.like = like
        self.rest: Any = None

    def __add__(self, other: Any) -> "Indexed":
        rest = other
        if isinstance(other, Indexed):
            self.entries += other.entries
            rest = other.rest
        if rest is not None:
            self.rest = rest if self.rest is None else self.rest + rest
        return self

    __radd__ = __add__

    def added_to(self, total: Any, owned: bool) -> Any:
        """``total`` + self: in place if both are plain numbers and ``total`` is ``owned``."""
        recorded = isinstance(self.entries[0][0], Box)
        if total.__class__ is Indexed:
            if recorded or total.rest is not None or isinstance(total.entries[0][0], Box):
                return total + self  # the longer list first, it is added to
            total, owned = total.dense(), True
        if recorded or isinstance(total, Box):
            return self + total
        if not owned or not total.ndim:
            return total + self.dense()
        for g, index in self.entries:
            Indexed.add_at(total, index, g)
        return total

    def dense(self) -> Any:
        """The array of the argument's shape."""
        rest = [] if self.rest is None else [(self.rest, ...)]
        gradients, indices = zip(*rest, *self.entries, strict=True)
        return Indexed.gather(*gradients, indices=indices, shape=self.like.shape)


def in_order(roots: Iterable[ArrayNode]) -> list[ArrayNode]:
    """:func:`~autograd.graph.topological_order` for these nodes: one and two parents written out.

    ``roots`` are different nodes.  On small arrays that saves a twentieth of a backward pass.
    """
    order = list(roots)
    seen = set(order)
    for node in order:
        parent = node.y_node
        if parent is MANY:
            for parent in node.x_node:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    order.append(parent)
            continue
        if parent is not None and parent not in seen:
            seen.add(parent)
            order.append(parent)
        parent = node.x_node
        if parent is not None and parent not in seen:
            seen.add(parent)
            order.append(parent)
    order.sort(key=creation, reverse=True)
    return order


def leading_to(
    inputs: Iterable[ArrayNode], order: Sequence[ArrayNode]
) -> tuple[set[ArrayNode], list[ArrayNode]]:
    """The nodes that depend on one of ``inputs``, with these; and those of ``order`` to go through.

    An input that no other is reached through is not gone through: its own rules can wait.
    """
    needed = set(inputs)
    through = []
    for node in reversed(order):
        if node.y_node is MANY:
            leads = not needed.isdisjoint(node.x_node)
        else:
            leads = node.x_node in needed or node.y_node in needed
        if leads:
            needed.add(node)
            through.append(node)
    through.reverse()
    return needed, through


_keeps = attrgetter("keeps")


def backpropagate(  # noqa: C901  # one hot loop, see below
    in_flight: dict[ArrayNode, Any],
    *,
    inputs: Iterable[ArrayNode] | None = None,
    order: Sequence[ArrayNode] | None = None,
    retain: bool = False,
    differentiable: bool = False,
) -> dict[ArrayNode, Any]:
    """Send the gradients ``in_flight`` (of the roots) backward; returns those that arrived.

    They arrive at the leaves and at nodes that ask to retain theirs; with ``inputs`` at these nodes
    only, and nothing is computed that does not lead there.  Saved arrays are freed on the way
    unless ``retain``.  Nothing else is changed: whoever calls commits the result.  ``order`` is that
    of :func:`in_order`, where it is known.  It may leave out what is older than all of its nodes: then
    the pass ends there, and what reaches older nodes among ``inputs`` has arrived.

    Raises ``RuntimeError``, before anything is done, for a graph that was freed or whose saved arrays
    were changed in place.
    """
    order = in_order(in_flight) if order is None else order
    oldest = order[-1].index if order else sys.maxsize  # what is older is outside
    wanted = frozenset(inputs or ())
    needed = None
    if inputs is not None:
        needed, order = leading_to(wanted, order)
        in_flight = {node: g for node, g in in_flight.items() if node in needed}
    arrived: dict[ArrayNode, Any] = {}
    owned: set[ArrayNode] = set()  # nodes whose sum in flight was made here, and may be added into
    # Nodes whose gradient in flight is wanted, or is not an array yet.
    watched: set[ArrayNode] = set(wanted)
    if None in map(_keeps, order):
        raise _freed(next(node for node in order if node.keeps is None))
    changed = _refuse_changes(order)
    anomaly = current_mode().anomaly
    careful = anomaly or differentiable

    def send(parent: ArrayNode, share: Any, node: ArrayNode, i: int, g: Any) -> None:
        """Add to ``parent``'s gradient in flight what it gets as argument ``i`` of ``node``."""
        like = parent.saved[0]
        fits = share.__class__ in _ARRAYS and share.shape == like.shape
        if anomaly or not fits or share.dtype is not like.dtype:
            share = fitted(share, node, i, parent, g)
            if anomaly:
                watch_backward(node, i, g, share)
            if share.__class__ in _DEFERRED:
                watched.add(parent)
                if share.__class__ is Indexed and parent in in_flight:
                    share = share.added_to(in_flight.pop(parent), parent in owned)
                    owned.add(parent)
        if parent not in in_flight:
            in_flight[parent] = share
            return
        earlier = in_flight[parent]
        if parent in owned and share.__class__ is earlier.__class__:
            earlier += share  # an ndarray would not defer to another class here
            in_flight[parent] = earlier
        else:
            in_flight[parent] = earlier + share
            owned.add(parent)

    def send_from_all(node: ArrayNode, g: Any) -> None:
        """Call the rules of any number of arguments, and send on what they return."""
        primitive, _, static = node.call
        static = static or {}
        saved = _as_tensors(node) if differentiable else node.saved
        if primitive.common is None:
            common, rules = g, primitive.rules
        else:
            common, rules = primitive.common(g, *saved, **static), primitive.after_common
        for i, parent in enumerate(node.parents):
            if parent is not None and (needed is None or parent in needed):
                send(parent, rules[i](common, *saved, **static), node, i, g)

    # This loop runs once for every recorded operation: one argument and two are written out, and
    # what is rare is asked for with one question.
    for node in order:
        call = node.call
        primitive, _, static = call
        g = in_flight.pop(node, None)
        if g is None:
            continue
        if careful or call.__class__ is Remarks or (watched and node in watched):
            remarks = call if call.__class__ is Remarks else Remarks  # the class says: nothing
            if g.__class__ in _DEFERRED or remarks.hooks:
                g = _settled(node, g)
                if last_change[0] != changed:  # by a hook
                    changed = _refuse_changes([n for n in order if n.index <= node.index])
            if primitive is None:  # the call of a leaf always has remarks
                arrived[node] = _of_leaf(node, g)
                continue
            if node in wanted or (inputs is None and remarks.tensor is not None):
                arrived[node] = g
        saved = node.saved
        parent = node.x_node  # needed if it is the only one: else ``node`` were not in ``order``
        if careful:
            send_from_all(node, g)
        elif primitive.trusted and ((one := len(saved) == 2) or saved[2].__class__ in _NUMBERS):
            # Called with (g, *saved), written out: a tenth of the chain.
            rule = primitive.rules[0]
            share = rule(g, saved[0], saved[1]) if one else rule(g, saved[0], saved[1], saved[2])
            if parent in in_flight or share is None:
                send(parent, share, node, 0, g)
            else:  # it has the shape and dtype of g, and those are of x
                in_flight[parent] = share
            share = None  # no name here keeps an array alive
        elif len(saved) == 2:
            send(parent, primitive.rules[0](g, *saved, **static or {}), node, 0, g)
        elif len(saved) == 3 and static is None and primitive.common is None:
            if parent is not None and (needed is None or parent in needed):
                send(parent, primitive.rules[0](g, *saved), node, 0, g)
            parent = node.y_node
            if parent is not None and (needed is None or parent in needed):
                send(parent, primitive.rules[1](g, *saved), node, 1, g)
        else:
            send_from_all(node, g)
        if not retain:
            if not node.keeps:
                let_go(node)
            node.keeps = None
            if locked:
                unlock(node)

    for node in wanted.intersection(in_flight):
        g = in_flight.pop(node)
        # The hooks of a node from outside are for the pass around this one.
        g = _settled(node, g, with_hooks=node.index >= oldest)
        arrived[node] = g if node.primitive is not None else _of_leaf(node, g)
    return arrived


def shares(node: ArrayNode, g: Any) -> list[Any]:
    """The gradient that each argument of ``node`` gets for ``g``; None for one that is not tracked.

    For looking at a graph: nothing is changed or freed, no hook is called, and a freed graph will do
    as far as its arrays are still there.  Raises ``RuntimeError`` where they are not, or were changed
    in place since.
    """
    if isinstance(g, OutputGradients):
        g = g.completed(node.out)
    need_out, need_args = node.primitive.needs(tuple([p is not None for p in node.parents]))
    saved = [a for a, need in zip(node.args, need_args, strict=True) if need]
    saved += [node.out] if need_out else []
    flat = [a for s in saved for a in (s if isinstance(s, Outputs) else [s])]
    if any(isinstance(array, Spec) for array in flat):
        raise _freed(node)
    if node.index < last_change[0]:
        _refuse_changed_arrays(node)
    sent: list[Any] = []
    for i, parent in enumerate(node.parents):
        if parent is None:
            sent.append(None)
            continue
        share = node.primitive.rules[i](g, node.out, *node.args, **node.static or {})
        share = fitted(share, node, i, parent, g)
        sent.append(share.dense() if isinstance(share, Indexed) else share)
    return sent


_ARRAYS: frozenset[Any] = frozenset({np.ndarray, *np.sctypeDict.values()})
_DEFERRED = frozenset({Indexed, OutputGradients})
_NUMBERS = frozenset({int, float})


def _settled(node: ArrayNode, g: Any, with_hooks: bool = True) -> Any:
    """``g`` as the array (or the tuple of arrays) that rules expect, after the hooks."""
    if isinstance(g, Indexed):
        g = g.dense()
    if isinstance(g, OutputGradients):
        return g.completed(node.out)
    return _hooked(node, g) if with_hooks else g


def _of_leaf(leaf: ArrayNode, g: Any) -> Any:
    """``g`` if it fits the array that the leaf has now: it may have been given another."""
    data = leaf.saved[0]
    if g.shape != data.shape:
        raise RuntimeError(
            f"backward: a gradient of shape {g.shape} came for a leaf that has now shape {data.shape}: its "
            "data was replaced since. Compute the result again."
        )
    return in_dtype(g, data.dtype)


def _as_tensors(node: ArrayNode) -> list[Any]:
    """What is saved as tensors that belong to the graph."""
    out, *args = node.saved
    tensors = [
        a if parent is None or isinstance(a, Spec) else boxed(a, parent)
        for a, parent in zip(args, node.parents, strict=True)
    ]
    if isinstance(out, Outputs):
        return [out.unpacked(node), *tensors]
    return [out if isinstance(out, Spec) else boxed(out, node), *tensors]


def fitted(g: Any, node: ArrayNode, i: int, parent: ArrayNode, incoming: Any) -> Any:
    """``g`` with the argument's shape and dtype, or an error that names the rule."""
    if isinstance(g, (Indexed, OutputGradients)):
        return g
    like = parent.out
    if g is None:
        return np.zeros_like(incoming, shape=like.shape, dtype=like.dtype)
    if not hasattr(g, "shape") or not hasattr(g, "dtype"):
        if not isinstance(g, (int, float, complex)):
            raise _wrong_gradient(
                node, i, f"a gradient of shape {like.shape}", f"{type(g).__name__}"
            )
        g = np.full_like(incoming, g, shape=())
    if g.shape != like.shape:
        if not node.primitive.elementwise:
            raise _wrong_gradient(node, i, f"a gradient of shape {like.shape}", f"shape {g.shape}")
        g = (
            unbroadcast(g, like.shape)
            if g.ndim >= len(like.shape)
            else np.broadcast_to(g, like.shape)
        )
        if g.shape != like.shape:
            raise _wrong_gradient(node, i, f"a gradient of shape {like.shape}", f"shape {g.shape}")
    return in_dtype(g, like.dtype)


def in_dtype(g: Any, dtype: Any) -> Any:
    """``g`` as ``dtype``; the gradient of a real number is real."""
    if g.dtype == dtype:
        return g
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = np.real(g)
    return g.astype(dtype)


def _wrong_gradient(node: ArrayNode, i: int, expected: str, actual: str) -> RuntimeError:
    primitive = node.primitive
    name = primitive.names[min(i, len(primitive.names) - 1)]
    return RuntimeError(
        f"{node.label}: the derivative rule for argument {i} ({name}) returned {actual}, "
        f"expected {expected}. A rule returns the gradient of its argument, with its shape."
    )


def _hooked(node: ArrayNode, g: Any) -> Any:
    """``g`` after the hooks of ``node``; each may return a replacement."""
    for hook in list(node.hooks or ()):
        replacement = hook(g)
        if replacement is not None:
            if getattr(replacement, "shape", None) != g.shape:
                raise RuntimeError(
                    f"{node.label}: a hook returned {type(replacement).__name__} of shape "
                    f"{getattr(replacement, 'shape', None)}, expected the gradient's shape {g.shape} "
                    "(or None to leave it)."
                )
            g = in_dtype(replacement, g.dtype)
    return g


def _freed(node: ArrayNode) -> RuntimeError:
    return RuntimeError(
        f"backward through {node.label}: the graph has been freed by an earlier backward pass. "
        "Call the earlier one with retain_graph=True, or compute the result again."
    )


def _refuse_changes(order: Sequence[ArrayNode]) -> int:
    """Raise if something was changed in place that a node of ``order`` saved; the latest stamp."""
    latest = last_change[0]
    for node in reversed(order):  # the oldest first: a younger node saved what is there now
        if node.index >= latest:
            break
        if node.call[0] is not None:
            _refuse_changed_arrays(node)
    return latest


def _refuse_changed_arrays(node: ArrayNode) -> None:
    """Raise if an array that a rule is about to read was changed in place after it was saved."""
    primitive = node.primitive
    need_out, need_args = primitive.needs(tuple([p is not None for p in node.parents]))
    saved = [
        (f"argument {i} ({primitive.names[min(i, len(primitive.names) - 1)]})", a)
        for i, (a, need) in enumerate(zip(node.args, need_args, strict=True))
        if need
    ]
    saved += [("its result", node.out)] if need_out else []
    for what, array in saved:
        then, now = versions(array, node.index)
        if then != now:
            raise RuntimeError(
                f"{node.label}: {what}, of shape {array.shape}, was changed in place after it was saved "
                f"for backward: version {then} is needed, it is at version {now}. Change a copy "
                "(t.clone()), or make the change after backward()."
            )
