"""Reading a graph into a description: its order, its values, and every interior gradient.

The graph is only looked at: the backward sweep here keeps its gradients to itself, frees nothing,
calls no hooks, and leaves ``.grad`` alone.  What differs between scalars and arrays is in two small
classes; the algorithm is the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..backward import shares
from ..graph import sweep, topological_order
from ..primitive import ArrayNode, Box, OutputGradients, Outputs, Spec
from ..value import Value
from .description import Call, Description, Kind, Path, Vertex, Wire, common_path
from .marks import marks_of
from .quantity import Quantity
from .rules import rule_in_shapes, rule_text

__all__ = ["Names", "names_of", "node_of", "read", "reader_for"]

DETAILED = 2_000
"""Up to so many operations the local derivative of every wire is worked out."""

Names = Mapping[int, str]
"""The names given from outside: of nodes and arrays, by identity."""

LOST: Any = object()
"""A gradient that can't be known, since an array that its rule needs is gone."""


class Reader(Protocol):
    """How a kind of node is looked at."""

    def op(self, node: Any) -> str:
        """What made it; empty for a variable."""

    def value(self, node: Any) -> Any:
        """Its number or array, or a ``Spec``."""

    def seed(self, node: Any) -> Any:
        """The gradient that a backward pass from it starts with, None if it can't."""

    def shares(self, node: Any, g: Any) -> Sequence[Any]:
        """What each argument's gradient gets from it."""

    def partial(self, node: Any, i: int) -> float | None:
        """The local derivative with respect to argument ``i``, where that is a number."""

    def constants(self, node: Any) -> Sequence[Any]:
        """The arguments, for those that are no nodes."""

    def elementwise(self, node: Any) -> bool:
        """Whether it works entry by entry."""

    def letters(self, node: Any) -> tuple[str, ...]:
        """What the rules call the arguments."""

    def rule(self, node: Any, i: int) -> tuple[str, str]:
        """The rule for argument ``i`` as text, and in shapes."""

    def detail(self, node: Any) -> str:
        """What else was said in the call."""


class _Scalars:
    """Graphs of :class:`Value`."""

    def op(self, node: Value) -> str:
        return node._op

    def value(self, node: Value) -> float:
        return node.data

    def seed(self, node: Value) -> float:
        return 1.0

    def shares(self, node: Value, g: float) -> Sequence[float]:
        return [g * partial for partial in node.partials]

    def partial(self, node: Value, i: int) -> float:
        return node.partials[i]

    def constants(self, node: Value) -> Sequence[Any]:
        return ()

    def elementwise(self, node: Value) -> bool:
        return True

    def letters(self, node: Value) -> tuple[str, ...]:
        return ()

    def rule(self, node: Value, i: int) -> tuple[str, str]:
        return "", ""

    def detail(self, node: Value) -> str:
        return ""


class _Arrays:
    """Graphs of tensors."""

    def op(self, node: ArrayNode) -> str:
        if node.primitive is None:
            return ""
        if node.primitive.name == "output" and node.static and "index" in node.static:
            return f"[{node.static['index']}]"
        return str(node.primitive.name)

    def value(self, node: ArrayNode) -> Any:
        return None if isinstance(node.out, Outputs) else node.out

    def seed(self, node: ArrayNode) -> Any:
        out = node.out
        if isinstance(out, Outputs) or np.dtype(out.dtype).kind != "f" or out.size != 1:
            return None
        return np.ones(out.shape, out.dtype) if isinstance(out, Spec) else np.ones_like(out)

    def shares(self, node: ArrayNode, g: Any) -> Sequence[Any]:
        return shares(node, g)

    def partial(self, node: ArrayNode, i: int) -> float | None:
        parent = node.parents[i]
        both = (node.out, parent.out) if parent is not None else (node.out,)
        if parent is None or any(out.size != 1 or out.dtype.kind != "f" for out in both):
            return None
        return float(np.reshape(shares(node, np.ones(node.out.shape, node.out.dtype))[i], ()))

    def constants(self, node: ArrayNode) -> Sequence[Any]:
        return node.args

    def elementwise(self, node: ArrayNode) -> bool:
        return node.primitive is None or node.primitive.elementwise

    def letters(self, node: ArrayNode) -> tuple[str, ...]:
        if node.primitive is None:
            return ()
        names = node.primitive.names
        count = len(node.parents)
        return (
            tuple(names)
            if len(names) == count
            else tuple([f"{names[-1]}{i}" for i in range(count)])
        )

    def rule(self, node: ArrayNode, i: int) -> tuple[str, str]:
        primitive, parent = node.primitive, node.parents[i]
        if primitive is None or parent is None:
            return "", ""
        text = rule_text(primitive, i)
        out, argument = tuple(node.out.shape or ()), tuple(parent.out.shape or ())
        shapes = {
            letter: tuple(getattr(value, "shape", None) or ())
            for letter, value in zip(self.letters(node), node.args, strict=True)
        }
        return text, rule_in_shapes(text, argument, out, shapes, primitive.elementwise)

    def detail(self, node: ArrayNode) -> str:
        static = {k: v for k, v in (node.static or {}).items() if v is not None and v is not False}
        if self.op(node).startswith("["):
            return ""
        if "index" in static:
            return _index_text(static["index"])
        return ", ".join([f"{k}={_brief(v)}" for k, v in static.items()])


def _index_text(index: Any) -> str:
    """``0, 1:3`` for what stands in ``x[0, 1:3]``."""
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(
        [_slice_text(part) if isinstance(part, slice) else _brief(part) for part in parts]
    )


def _slice_text(part: slice) -> str:
    ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
    return ":".join(ends if part.step is None else [*ends, str(part.step)])


def _brief(value: Any) -> str:
    text = Quantity(value).text() if isinstance(value, np.ndarray) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def node_of(root: Any) -> Any:
    """The node of a value or a tensor; None for a tensor outside of any graph."""
    if isinstance(root, Value):
        return root
    if isinstance(root, Box):
        return root._node
    raise TypeError(
        f"draw: expected a Value or a Tensor (or several), got {type(root).__name__}. "
        "Draw the result of a computation: ag.draw(loss)."
    )


def reader_for(nodes: Sequence[Any]) -> Reader:
    """The reader of these nodes; ``TypeError`` where scalars and arrays are mixed."""
    scalars = [isinstance(node, Value) for node in nodes]
    if any(scalars) and not all(scalars):
        raise TypeError("draw: Values and Tensors are different graphs. Draw them one by one.")
    return _Scalars() if any(scalars) else _Arrays()


def names_of(names: Any) -> dict[int, str]:
    """Names by identity, from a dict of variables (``locals()``) or a module with parameters."""
    if names is None:
        return {}
    if hasattr(names, "named_parameters"):
        names = dict(names.named_parameters())
    found: dict[int, str] = {}
    for name, value in names.items():
        if str(name).startswith("_"):
            continue
        if hasattr(value, "named_parameters"):
            for path, parameter in value.named_parameters():
                _name(found, parameter, path)
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                _name(found, item, f"{name}[{i}]")
        else:
            _name(found, value, str(name))
    return found


def _name(found: dict[int, str], value: Any, name: str) -> None:
    if isinstance(value, Box):
        if value._node is not None:
            found.setdefault(id(value._node), name)
        else:
            found.setdefault(id(value._data), name)
    elif isinstance(value, (Value, np.ndarray)):
        found.setdefault(id(value), name)


def read(
    roots: Sequence[Any], names: Names, values: Mapping[Any, Any] | None = None
) -> Description:
    """The description of everything that ``roots`` (values or tensors) were computed from.

    ``values`` gives arrays of nodes that have not kept theirs.
    """
    nodes = [node_of(root) for root in roots]
    outside = [
        _constant(f"u{i}", root._data, names) for i, root in enumerate(roots) if nodes[i] is None
    ]
    nodes = [node for node in nodes if node is not None]
    reader = reader_for(nodes)
    order = topological_order(nodes)
    order.reverse()
    found = Description(outside, [], operations=sum(1 for node in order if node.parents))
    detailed = len(order) <= DETAILED
    gradients, sent = _gradients(reader, order, nodes, found.notes, detailed)
    paths = _paths(order)
    ends = set(nodes)  # a list would compare Values by their numbers
    vertices: dict[Any, Vertex] = {}
    constants: dict[int, Vertex] = {}
    for number, node in enumerate(order):
        vertex = vertices[node] = _vertex(
            reader, f"n{number}", node, gradients.get(node), names, values or {}
        )
        vertex.path = paths[node]
        vertex.root = node in ends
        wires = _wires(reader, node, vertices, constants, names, sent.get(node), detailed)
        found.vertices += [
            w.source for w in wires if not w.tracked and w.source not in found.vertices[-8:]
        ]
        found.vertices.append(vertex)
        found.wires += wires
    found.vertices = list(dict.fromkeys(found.vertices))
    _adopt_leaves(found)
    return found


# Gradients -------------------------------------------------------------------------------------


def _gradients(
    reader: Reader, order: Sequence[Any], roots: Sequence[Any], notes: list[str], detailed: bool
) -> tuple[dict[Any, Quantity], dict[Any, list[Quantity | None]]]:
    """Every node's gradient, and what every argument was sent, by one sweep of our own."""
    gradients: dict[Any, Quantity] = {}
    sent: dict[Any, list[Quantity | None]] = {}
    reasons: list[str] = []

    def send(node: Any, g: Any, in_flight: dict[Any, Any]) -> None:
        note(node, g)
        try:
            given = [LOST] * len(node.parents) if g is LOST else reader.shares(node, g)
        except RuntimeError as reason:
            reasons.append(str(reason))
            given = [LOST] * len(node.parents)
        if detailed:
            sent[node] = [None if s is None or s is LOST else _quantity(s) for s in given]
        for parent, share in zip(node.parents, given, strict=True):
            if parent is not None:
                earlier = in_flight.get(parent)
                lost = earlier is LOST or share is LOST
                in_flight[parent] = LOST if lost else share if earlier is None else earlier + share

    def note(node: Any, g: Any) -> None:
        quantity = None if g is LOST else _quantity(g)
        if quantity is not None:
            gradients[node] = quantity

    seeds = {node: seed for node in roots if (seed := reader.seed(node)) is not None}
    with np.errstate(all="ignore"):
        for leaf, g in sweep(list(reversed(order)), dict(seeds), send).items():
            note(leaf, g)
    notes += _explained(reasons, seeds, roots)
    return gradients, sent


def _quantity(g: Any) -> Quantity | None:
    return None if isinstance(g, (OutputGradients, tuple)) else Quantity(g)


def _explained(reasons: Sequence[str], seeds: Any, roots: Sequence[Any]) -> list[str]:
    notes = []
    if any("changed in place" in reason for reason in reasons):
        notes.append(
            "Arrays were changed after the graph was made (an optimizer's step?): gradients that "
            "would need the old numbers are left out. Draw before the step."
        )
    if any("freed" in reason for reason in reasons):
        notes.append(
            "Large arrays were freed by backward(): their numbers are left out. "
            "To keep them, compute inside `with ag.record():`."
        )
    if roots and not seeds:
        notes.append("The result is not one number, so there is no gradient; draw its sum, say.")
    return notes


# Vertices and wires ----------------------------------------------------------------------------


def _vertex(
    reader: Reader,
    key: str,
    node: Any,
    grad: Quantity | None,
    names: Names,
    values: Mapping[Any, Any],
) -> Vertex:
    value = values.get(node) if node in values else reader.value(node)
    op = reader.op(node)
    quantity = None if value is None else Quantity(value)
    kind: Kind = "operation" if node.parents else "constant" if op else "variable"
    return Vertex(
        key,
        kind,
        node.index,
        op=op,
        name=getattr(node, "name", "") or names.get(id(node), ""),
        value=quantity,
        grad=grad,
        marks=marks_of(op, value, quantity, grad),
        elementwise=reader.elementwise(node),
        letters=reader.letters(node),
        detail=reader.detail(node),
        origin=getattr(node, "origin", ""),
    )


def _constant(key: str, array: Any, names: Names) -> Vertex:
    name = names.get(id(array), "")
    return Vertex(key, "constant", name=name, value=None if array is None else Quantity(array))


def _wires(
    reader: Reader,
    node: Any,
    vertices: Mapping[Any, Vertex],
    constants: dict[int, Vertex],
    names: Names,
    sent: Sequence[Quantity | None] | None,
    detailed: bool,
) -> list[Wire]:
    target = vertices[node]
    arguments = reader.constants(node)
    sources: list[Vertex | None] = []
    for i, parent in enumerate(node.parents):
        if parent is None:
            sources.append(_shared_constant(f"{target.key}a{i}", arguments[i], constants, names))
        else:
            sources.append(vertices[parent])
    wires = []
    for i, (source, parent) in enumerate(zip(sources, node.parents, strict=True)):
        if source is None:
            continue
        wire = Wire(source, target, i, tracked=parent is not None)
        if parent is not None:
            wire.share = sent[i] if sent else None
            if detailed:
                wire.rule, wire.shapes = reader.rule(node, i)
                wire.partial = _partial(reader, node, i)
            wire.gain = _gain(source.grad, target.grad)
        wires.append(wire)
    return wires


def _partial(reader: Reader, node: Any, i: int) -> float | None:
    try:
        with np.errstate(all="ignore"):
            return reader.partial(node, i)
    except RuntimeError:
        return None


def _gain(source: Quantity | None, target: Quantity | None) -> float | None:
    """rms ∇source / rms ∇target, for two gradients that are known."""
    if source is None or target is None or not target.rms or not (source.finite and target.finite):
        return None
    return source.rms / target.rms


def _shared_constant(
    key: str, array: Any, constants: dict[int, Vertex], names: Names
) -> Vertex | None:
    """The vertex of an untracked argument: one for each array, a new one for each number."""
    if array is None:
        return None
    if isinstance(array, (int, float, Spec, np.generic)):
        return _constant(key, np.asarray(array) if not isinstance(array, Spec) else array, names)
    if id(array) not in constants:
        constants[id(array)] = _constant(key, array, names)
    return constants[id(array)]


# Scopes ----------------------------------------------------------------------------------------


def _paths(order: Sequence[Any]) -> dict[Any, Path]:
    """The scope of every node, with the calls of a part that is used more than once counted."""
    numbers: dict[tuple[Path, str, str], dict[int, int]] = {}
    paths = {}
    for node in order:
        path: Path = ()
        for entry in node.scope:
            name, kind = entry
            calls = numbers.setdefault((path, name, kind), {})
            path = (*path, Call(name, kind, calls.setdefault(id(entry), len(calls))))
        paths[node] = path
    return paths


def _adopt_leaves(found: Description) -> None:
    """Put variables and numbers into the part of the program that alone uses them."""
    out_of = found.out_of()
    for vertex in found.vertices:
        users = [wire.target.path for wire in out_of[vertex]]
        number = vertex.kind == "constant" and vertex.value is not None and vertex.value.shape == ()
        if users and (vertex.kind == "variable" or number):
            shared = common_path(users)
            if shared[: len(vertex.path)] == vertex.path:
                vertex.path = shared
