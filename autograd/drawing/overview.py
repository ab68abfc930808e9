"""The largest graphs: a table with a line for each part of the program.

Where there are no modules and no ``scope(...)`` blocks, a line for each kind of operation.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from .box import pill
from .canvas import Canvas, cell, row, table
from .description import Description, Mark, Vertex
from .palette import Palette
from .quantity import number

__all__ = ["OVERVIEW_NOTE", "Part", "draw_overview", "parts_of"]

OVERVIEW_NOTE = (
    "The graph is too large to be drawn whole. d.focus(node, hops=3) draws what surrounds a node; "
    "depth=1 unfolds one level of modules; `with ag.scope(name):` makes parts of your own."
)
LINES = 40


@dataclass(slots=True)
class Part:
    """What is told of one part: how much is in it, and how large its gradients are."""

    name: str
    kind: str
    operations: int = 0
    parameters: int = 0
    values: list[float] = field(default_factory=list)
    gradients: list[float] = field(default_factory=list)
    mark: Mark | None = None

    def add(self, vertex: Vertex) -> None:
        """Count a vertex in."""
        if vertex.kind == "variable":
            first = vertex.uses is None or vertex.uses[0] == 1
            self.parameters += vertex.value.size if first and vertex.value else 0
        else:
            self.operations += vertex.size
        if vertex.value is not None and vertex.value.known:
            self.values.append(vertex.value.rms)
        if vertex.grad is not None:
            self.gradients.append(vertex.grad.rms)
        worst = [mark for mark in (self.mark, *vertex.marks) if mark is not None]
        self.mark = min(worst, default=None)


def parts_of(description: Description) -> list[Part]:
    """The parts in the order in which they were first used."""
    parts: dict[tuple[str, str], Part] = {}
    tops = {vertex.path[:1] for vertex in description.vertices if vertex.path}
    depth = 1 if len(tops) > 1 else 2
    scoped = bool(tops)
    for vertex in description.vertices:
        if vertex.kind == "constant":
            continue
        path = vertex.path[:depth]
        if path:
            name, kind = ".".join([call.name for call in path]), path[-1].kind
        else:
            name = vertex.op or "variables"
            kind = "" if not scoped else "outside of modules"
        parts.setdefault((name, kind), Part(name, kind)).add(vertex)
    return list(parts.values())


def draw_overview(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """One node that is the table."""
    p = canvas.palette
    parts = parts_of(description)
    heads = ("operations", "parameters", "rms value", "rms ∇", "")
    rows = [row(
        cell("part", p.muted, 10, align="left", colspan=2),
        *[cell(head, p.muted, 10, align="right") for head in heads],
    ), "<hr/>"]  # fmt: skip
    rows += [_row(p, part) for part in parts[:LINES]]
    if len(parts) > LINES:
        rows.append(row(cell(f"… {len(parts) - LINES} more", p.muted, 10, colspan=7)))
    tip = f"{description.operations:,} operations in {len(parts)} parts"
    label = table(rows, cellpadding=3, border=1, color=p.outline, bgcolor=p.group, style="rounded")
    canvas.node("overview", (), label, tip, shape="plain")


def _row(p: Palette, part: Part) -> str:
    return row(
        cell(part.name, p.ink, 11, bold=True, align="left"),
        cell(part.kind, p.muted, 10, align="left"),
        cell(f"{part.operations:,}", p.ink, 11, align="right"),
        cell(f"{part.parameters:,}" if part.parameters else "", p.ink, 11, align="right"),
        cell(_range(part.values), p.value, 11, align="right"),
        cell(_range(part.gradients), p.grad, 11, align="right"),
        pill(part.mark, p) if part.mark else cell("", p.ink),
    )


def _range(values: Iterable[float]) -> str:
    """The smallest and the largest, in two digits."""
    values = list(values)
    if not values:
        return "-"
    low, high = number(min(values), 2), number(max(values), 2)
    return low if low == high else f"{low} … {high}"
