"""Reading a graph into a description: its order, its values, and every interior gradient.

The graph is only looked at: the backward sweep here keeps its gradients to itself, frees nothing,
calls no hooks, and leaves ``.grad`` alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import sweep, topological_order
from ..primitive import OutputGradients, Spec
from .description import Call, Description, Kind, Path, Vertex, Wire, common_path
from .marks import marks_of
from .naming import Names
from .quantity import Quantity
from .readers import Reader, node_of, reader_for

__all__ = ["read"]

DETAILED = 2_000
"""Up to so many operations the local derivative of every wire is worked out."""

FREED = "backward() has let go of large arrays: gradients that need them are left out."
NOT_KEPT = (
    "Of large arrays only what backward() needs is kept, and only until then. To see every number, "
    "compute inside `with ag.record():`."
)

LOST: Any = object()
"""A gradient that can't be known, since an array that its rule needs is gone."""


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
    vertices = {
        node: _vertex(reader, f"n{number}", node, gradients.get(node), names, values or {})
        for number, node in enumerate(order)
    }
    for node, path in _paths(order).items():
        vertices[node].path = path
    for node in nodes:
        vertices[node].root = True
    constants: dict[int, Vertex] = {}
    for node, vertex in vertices.items():
        wires = _wires(reader, node, vertices, constants, names, sent.get(node), detailed)
        found.vertices += [*[wire.source for wire in wires if not wire.tracked], vertex]
        found.wires += wires
    found.vertices = list(dict.fromkeys(found.vertices))
    if any(vertex.value is not None and not vertex.value.known for vertex in found.vertices):
        found.notes[:] = list(dict.fromkeys([*found.notes, NOT_KEPT]))
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
        notes += [FREED, NOT_KEPT]
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
