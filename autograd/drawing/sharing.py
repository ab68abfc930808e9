"""Variables that are used far and wide, drawn once per use.

The weight of an unrolled recurrent network is used at every step.  Drawn once, it is a node whose
wires span the whole picture, and Graphviz takes minutes to route them; drawn where it is used, with
a count, the picture is as clear and the layout takes no time.
"""

from collections.abc import Sequence
from dataclasses import replace

from .description import Description, Vertex, Wire

__all__ = ["absorb_leaves", "share_out"]

USES = 4
"""Only what is used at least so often,"""

SPAN = 6
"""at ranks so far apart, is drawn once per use."""


def share_out(description: Description) -> Description:
    """A vertex for each use of a leaf that is used across many ranks."""
    ranks = _ranks(description)
    out_of = description.out_of()
    vertices: list[Vertex] = []
    clones: dict[Wire, Vertex] = {}
    for vertex in description.vertices:
        users = out_of[vertex]
        wide = len(users) >= USES and any(_span(rank, users) >= SPAN for rank in ranks)
        if vertex.kind not in ("variable", "constant") or not wide:
            vertices.append(vertex)
            continue
        for i, wire in enumerate(users):
            clones[wire] = _use(vertex, wire, i + 1, len(users))
    by_target: dict[Vertex, list[Vertex]] = {}
    for wire, clone in clones.items():
        by_target.setdefault(wire.target, []).append(clone)
    ordered = [v for vertex in vertices for v in (*by_target.get(vertex, ()), vertex)]
    wires = [replace(w, source=clones[w]) if w in clones else w for w in description.wires]
    return Description(ordered, wires, description.notes, description.operations)


def _use(vertex: Vertex, wire: Wire, use: int, uses: int) -> Vertex:
    return replace(
        vertex,
        key=f"{vertex.key}u{use}",
        path=wire.target.path,
        uses=(use, uses),
        grad=wire.share,
        total=vertex.grad,
        root=False,
    )


def _ranks(description: Description) -> tuple[dict[Vertex, int], dict[Vertex, int]]:
    """The longest way from any variable to each vertex, and from each vertex to a result."""
    early = dict.fromkeys(description.vertices, 0)
    late = dict.fromkeys(description.vertices, 0)
    into, out_of = description.into(), description.out_of()
    for vertex in description.vertices:
        early[vertex] = max((early[wire.source] + 1 for wire in into[vertex]), default=0)
    for vertex in reversed(description.vertices):
        late[vertex] = max((late[wire.target] + 1 for wire in out_of[vertex]), default=0)
    return early, late


def _span(ranks: dict[Vertex, int], wires: Sequence[Wire]) -> int:
    users = [ranks[wire.target] for wire in wires]
    return max(users, default=0) - min(users, default=0)


def absorb_leaves(description: Description) -> tuple[Description, dict[Vertex, list[Wire]]]:
    """Without variables and constants; their wires by the vertex that has taken them in."""
    leaves = {v for v in description.vertices if v.kind in ("variable", "constant") and not v.root}
    taken: dict[Vertex, list[Wire]] = {v: [] for v in description.vertices}
    for wire in description.wires:
        if wire.source in leaves:
            taken[wire.target].append(wire)
    vertices = [v for v in description.vertices if v not in leaves]
    wires = [wire for wire in description.wires if wire.source not in leaves]
    return Description(vertices, wires, description.notes, description.operations), taken
