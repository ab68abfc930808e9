"""What a picture is made from: vertices, wires, and what is known of each.

One neutral description serves every style and format, for graphs of :class:`~autograd.value.Value`
and of :class:`~autograd.tensor.Tensor` alike.  It is a snapshot; nothing here points back into the
graph.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .quantity import Quantity

__all__ = ["Call", "Description", "Kind", "Mark", "Path", "Vertex", "Wire", "common_path"]

Kind = Literal["variable", "operation", "constant", "module"]


class Call(NamedTuple):
    """One call of a part of the program: its name, what it is, and which call of it this is."""

    name: str
    kind: str
    number: int = 0

    def __str__(self) -> str:
        turn = f" #{self.number + 1}" if self.number else ""
        return f"{self.name}{turn}"


Path = tuple[Call, ...]


class Mark(NamedTuple):
    """Something to notice, the worst first: ``kind`` is nan, inf, dead, saturated, off or zeros.

    ``share`` is how much of the units or entries it is true of.
    """

    rank: int
    kind: str
    text: str
    share: float = 1.0


@dataclass(slots=True, eq=False)
class Vertex:
    """A variable, an operation with its result, a constant, or a folded module.

    ``key`` numbers the vertices by creation.  ``grad`` is None where there is no gradient.
    """

    key: str
    kind: Kind
    index: int = -1
    """The creation index of the node."""
    op: str = ""
    name: str = ""
    path: Path = ()
    value: Quantity | None = None
    grad: Quantity | None = None
    marks: tuple[Mark, ...] = ()
    elementwise: bool = True
    letters: tuple[str, ...] = ()
    """What the operation's rules call its arguments."""
    inside: tuple[str, ...] = ()
    """The operations of a module, in order."""
    detail: str = ""
    """The static arguments of the operation, as text."""
    origin: str = ""
    """The user's line, where it was recorded."""
    count: int = 1
    """How many equal modules this one stands for."""
    size: int = 1
    """How many operations a module holds."""
    parameters: int = 0
    """How many entries the variables inside a module have,"""
    borrowed: int = 0
    """and how many of them an earlier part of the program has used already."""
    uses: tuple[int, int] | None = None
    """Of a variable drawn once per use: which use this is, of how many,"""
    total: Quantity | None = None
    """and its gradient over all of them, where ``grad`` is what this use brings."""
    root: bool = False
    lit: bool = False


@dataclass(slots=True, eq=False)
class Wire:
    """An argument of an operation: what flows forward over it, and what flows back.

    ``partial`` is the local derivative where both ends are numbers, ``rule`` the derivative rule as
    text, ``shapes`` the same in shapes, and ``share`` the gradient that this wire brings back.
    """

    source: Vertex
    target: Vertex
    position: int = 0
    partial: float | None = None
    rule: str = ""
    shapes: str = ""
    share: Quantity | None = None
    tracked: bool = True
    gain: float | None = None
    """rms ∇source / rms ∇target."""
    count: int = 1
    lit: bool = False


@dataclass(slots=True, eq=False)
class Description:
    """A graph to be drawn, oldest vertex first; ``notes`` are sentences that stand under it."""

    vertices: list[Vertex]
    wires: list[Wire]
    notes: list[str] = field(default_factory=list)
    operations: int = 0
    """How many operations the whole graph has, folded ones included."""

    def into(self) -> dict[Vertex, list[Wire]]:
        """The wires that lead into each vertex, in the order of the arguments."""
        return self._sorted((wire.target, wire) for wire in self.wires)

    def out_of(self) -> dict[Vertex, list[Wire]]:
        """The wires that lead out of each vertex."""
        return self._sorted((wire.source, wire) for wire in self.wires)

    def _sorted(self, pairs: Iterable[tuple[Vertex, Wire]]) -> dict[Vertex, list[Wire]]:
        found: dict[Vertex, list[Wire]] = {vertex: [] for vertex in self.vertices}
        for vertex, wire in pairs:
            found[vertex].append(wire)
        return found

    @property
    def is_tree(self) -> bool:
        """Whether nothing is used in two places, so that no two wires have to cross."""
        users: dict[Vertex, Vertex] = {}
        return all(users.setdefault(w.source, w.target) is w.target for w in self.wires)

    @property
    def roots(self) -> list[Vertex]:
        """What was drawn."""
        return [vertex for vertex in self.vertices if vertex.root]

    def backward(self) -> Iterator[tuple[Vertex, list[Wire]]]:
        """The operations in the order of the backward pass, each with its arguments' wires."""
        into = self.into()
        for vertex in reversed(self.vertices):
            if into[vertex]:
                yield vertex, into[vertex]


def common_path(paths: Iterable[Path]) -> Path:
    """The longest path that all of ``paths`` start with."""
    paths = list(paths)
    shortest = min(paths, key=len)
    for i, call in enumerate(shortest):
        if any(path[i] != call for path in paths):
            return shortest[:i]
    return shortest
