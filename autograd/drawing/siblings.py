"""Equal siblings as one vertex with a count: twelve equal blocks, thirty times a layer and its tanh.

What repeats may be one module or a few in turn.  Siblings with something between them that depends
on one and is needed by another can't be one vertex: that would be a loop.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..primitive import Spec
from .description import Description, Path, Vertex
from .folding import contracted
from .quantity import Quantity

__all__ = ["fold_equal"]

REPEATS = 3
"""So many equal ones are folded,"""

TURNS = 4
"""and at most so many modules may take turns."""


def fold_equal(description: Description) -> Description:
    """Three or more equal modules after one another, or side by side, as one with a count."""
    for run, period in list(_runs(description)):
        counted = _counted(run, period)
        attempt = contracted(description, dict.fromkeys(run, counted))
        if not _cyclic(attempt):
            description = _fold_constants(attempt, counted)
    return description


def _runs(description: Description) -> Iterator[tuple[list[Vertex], int]]:
    """Siblings that repeat, with the number of modules that take turns."""
    by_parent: dict[Path, list[Vertex]] = defaultdict(list)
    for vertex in description.vertices:
        if vertex.kind == "module":
            by_parent[vertex.path].append(vertex)
    for siblings in by_parent.values():
        likes = [_likeness(module) for module in siblings]
        start = 0
        while start < len(siblings):
            length, period = max((_repeated(likes, start, p), -p) for p in range(1, TURNS + 1))
            if length:
                yield siblings[start : start + length], -period
            start += max(length, 1)


def _repeated(likes: Sequence[object], start: int, period: int) -> int:
    """How many siblings from ``start`` on repeat with this period; 0 if too few."""
    end = start + period
    while end + period <= len(likes) and likes[end : end + period] == likes[start : start + period]:
        end += period
    return end - start if end - start >= REPEATS * period else 0


def _likeness(module: Vertex) -> tuple[object, ...]:
    shape = None if module.value is None else module.value.shape
    return module.op, module.inside, module.parameters, shape


def _counted(run: Sequence[Vertex], period: int) -> Vertex:
    first, last = run[0], run[-1]
    marks = sorted({mark for v in run for mark in v.marks})
    return Vertex(
        first.key,
        "module",
        op=" → ".join([v.op or v.name for v in run[:period]]),
        name=f"{first.name} … {last.name}",
        path=first.path,
        value=last.value,
        grad=last.grad,
        marks=tuple(marks[:1]),
        inside=tuple([op for v in run[:period] for op in v.inside]),
        count=sum(v.count for v in run) // period,
        size=sum(v.size for v in run),
        parameters=sum(v.parameters - v.borrowed for v in run),
        borrowed=0,
        root=any(v.root for v in run),
        lit=any(v.lit for v in run),
    )


def _cyclic(description: Description) -> bool:
    """Whether following the wires one could come back."""
    waiting = Counter(wire.target for wire in description.wires)
    out_of = description.out_of()
    ready = [v for v in description.vertices if not waiting[v]]
    for vertex in ready:
        for wire in out_of[vertex]:
            waiting[wire.target] -= 1
            if not waiting[wire.target]:
                ready.append(wire.target)
    return len(ready) < len(description.vertices)


def _fold_constants(description: Description, module: Vertex) -> Description:
    """The constants that only ``module`` uses, those of one shape as one."""
    users = description.out_of()
    alike: dict[tuple[int, ...], list[Vertex]] = defaultdict(list)
    for wire in description.into()[module]:
        source = wire.source
        if source.kind == "constant" and source.value is not None and len(users[source]) == 1:
            alike[source.value.shape].append(source)
    stands_for: dict[Vertex, Vertex] = {}
    for group in alike.values():
        if len(group) >= 3:
            one = replace(group[0], count=len(group), value=_shape_alone(group[0]))
            stands_for |= dict.fromkeys(group, one)
    return contracted(description, stands_for)


def _shape_alone(vertex: Vertex) -> Quantity:
    shape, dtype = ((), None) if vertex.value is None else (vertex.value.shape, vertex.value.dtype)
    return Quantity(Spec(shape, dtype))
