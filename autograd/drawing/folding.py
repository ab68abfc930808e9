"""Folding: a part of the program as one vertex.

One call of a module is one vertex.  Everything outside of it happened before it began or after it
ended, so folding it can't make a cycle.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from .description import Description, Mark, Path, Vertex, Wire

__all__ = ["contracted", "deepest", "fold"]


def deepest(description: Description) -> int:
    """How deep the scopes are nested."""
    return max((len(vertex.path) for vertex in description.vertices), default=0)


def fold(description: Description, depth: int) -> Description:
    """Scopes inside more than ``depth`` others, as one vertex each."""
    inside: dict[Path, list[Vertex]] = defaultdict(list)
    for vertex in description.vertices:
        if len(vertex.path) > depth:
            inside[vertex.path[: depth + 1]].append(vertex)
    modules = {path: _module(path, members, description) for path, members in inside.items()}
    stands_for = {v: modules[path] for path, members in inside.items() for v in members}
    return contracted(description, stands_for)


def contracted(description: Description, stands_for: Mapping[Vertex, Vertex]) -> Description:
    """The description with some vertices represented by others; what becomes a loop is left out."""
    finished = {stands_for.get(v, v): i for i, v in enumerate(description.vertices)}
    vertices = sorted(finished, key=finished.__getitem__)
    merged: dict[object, Wire] = {}
    positions: Counter[Vertex] = Counter()
    for wire in description.wires:
        source = stands_for.get(wire.source, wire.source)
        target = stands_for.get(wire.target, wire.target)
        if source is wire.source and target is wire.target:
            merged[wire] = wire
        elif (source, target) in merged:
            merged[source, target].count += wire.count
            merged[source, target].lit |= wire.lit
        elif source is not target:
            merged[source, target] = _between(wire, source, target, positions[target])
            positions[target] += 1
    return Description(vertices, list(merged.values()), description.notes, description.operations)


def _between(wire: Wire, source: Vertex, target: Vertex, position: int) -> Wire:
    """The wire between what now stands for its ends."""
    gain = wire.gain
    if target is not wire.target and wire.source.grad is not None and target.grad is not None:
        known = wire.source.grad.finite and target.grad.finite and target.grad.rms
        gain = wire.source.grad.rms / target.grad.rms if known else None
    share = wire.share if wire.count == 1 else None
    return Wire(
        source, target, position, share=share, tracked=wire.tracked, gain=gain, count=wire.count,
        lit=wire.lit,
    )  # fmt: skip


def _module(path: Path, members: Sequence[Vertex], description: Description) -> Vertex:
    operations = [v for v in members if v.kind in ("operation", "module")]
    last = (operations or members)[-1]
    variables = [v for v in members if v.kind == "variable"]
    again = [v for v in variables if v.uses is not None and v.uses[0] > 1]
    marks: list[Mark] = sorted({mark for v in members for mark in v.marks})
    return Vertex(
        f"m{members[0].key}",
        "module",
        op=path[-1].kind,
        name=str(path[-1]),
        path=path[:-1],
        value=last.value,
        grad=last.grad,
        marks=tuple(marks[:1]),
        inside=tuple([v.op for v in operations]),
        size=sum(v.size for v in operations),
        parameters=sum(_entries(v) for v in variables),
        borrowed=sum(_entries(v) for v in again),
        root=any(v.root for v in members),
        lit=any(v.lit for v in members),
    )


def _entries(vertex: Vertex) -> int:
    return 0 if vertex.value is None else vertex.value.size
