"""Larger graphs: a small table for each operation, then one line each with the gain on the wires.

Variables stand in the operation that uses them.  The *gain* of a wire is rms ∇in / rms ∇out, what
the operation makes of the size of a gradient: below 1 the gradient shrinks on its way back, above 1
it grows.
"""

from collections.abc import Collection, Sequence
from typing import Any

from .box import draw_module, emphasis, inventory, pill
from .canvas import SMALL, Canvas, cell, row, table
from .description import Description, Vertex, Wire
from .palette import Palette
from .quantity import Quantity, number
from .sharing import absorb_leaves
from .wording import Wording, clean

__all__ = ["GAIN_NOTE", "draw_lines", "draw_tables"]

GAIN_NOTE = (
    "Wires: blue where the gradient shrinks (gain rms ∇in / rms ∇out below 0.3, dark below 0.01), "
    "orange where it grows (above 3, dark above 100)."
)


def draw_tables(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """Operation, shape, and rms of value and gradient; the details are in the tooltips."""
    whole = Wording(description)
    without, taken = absorb_leaves(description)
    for vertex in without.vertices:
        if vertex.kind == "module":
            draw_module(canvas, vertex)
        else:
            label = _table(canvas.palette, vertex, taken[vertex], show)
            canvas.node(vertex.key, vertex.path, label, whole.forward(vertex), shape="plain")
    for wire in without.wires:
        key = f"w{wire.target.key}.{wire.position}"
        look = emphasis(canvas.palette, wire)
        canvas.edge(wire.source.key, wire.target.key, key, whole.backward(wire), **look)


def _table(p: Palette, vertex: Vertex, taken: Sequence[Wire], show: Collection[str]) -> str:
    head = f"{vertex.name} = {vertex.op}" if vertex.name and vertex.op else vertex.name or vertex.op
    rows = [row(cell(head or " ", p.ink, 11, bold=True, colspan=2))]
    rows.append(row(*_summary(p, "", vertex.value, vertex.grad, show)))
    for wire in taken:
        if wire.source.name:
            told = _summary(
                p, f"{clean(wire.source.name, 16)} ", wire.source.value, wire.share, show
            )
            rows.append(row(*told))
    rows += [row(cell(m.text, p.warn, SMALL, bgcolor=p.warnfill, colspan=2)) for m in vertex.marks]
    return table(rows, border=1, color=p.outline, bgcolor=p.fill, cellpadding=1.5, style="rounded")


def _summary(
    p: Palette, name: str, value: Quantity | None, grad: Quantity | None, show: Collection[str]
) -> list[str]:
    """Two cells: shape with the rms of the value, and the rms of the gradient."""
    left, right = name, ""
    if value is not None:
        left += value.text() if value.size > 1 else ""
        left += f" {number(value.rms, 2)}" if value.known and "value" in show else ""
    if "grad" in show:
        right = f"∇ {'-' if grad is None else number(grad.rms, 2)}"
    return [
        cell(left.strip(), p.value, SMALL, align="left"),
        cell(right, p.grad, SMALL, align="right"),
    ]


def draw_lines(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """One line for each operation or folded module, wires coloured by gain."""
    p = canvas.palette
    whole = Wording(description)
    without, taken = absorb_leaves(description)
    for vertex in without.vertices:
        names = [clean(wire.source.name, 16) for wire in taken[vertex] if wire.source.name]
        line = " ".join([f"{vertex.name} = {vertex.op}" if vertex.name else vertex.op, *names])
        if vertex.kind == "module":
            line = f"{vertex.name}{f' ×{vertex.count}' if vertex.count > 1 else ''}"
        rows = [row(cell(line or " ", p.ink, 10))] + [row(pill(m, p)) for m in vertex.marks[:1]]
        label = table(rows, border=1, color=p.outline, bgcolor=p.fill, style="rounded")
        tip = inventory(vertex) if vertex.kind == "module" else whole.forward(vertex)
        canvas.node(vertex.key, vertex.path, label, tip, shape="plain")
    for wire in without.wires:
        key = f"w{wire.target.key}.{wire.position}"
        told = "unknown" if wire.gain is None else number(wire.gain, 2)
        tip = f"{whole.backward(wire)}; gain {told}"
        look: dict[str, Any] = {**_gain_look(p, wire.gain), **emphasis(p, wire)}
        canvas.edge(wire.source.key, wire.target.key, key, tip, **look)


def _gain_look(p: Palette, gain: float | None) -> dict[str, str]:
    if gain is None:
        return {}
    for above, color, width in (
        (100, p.grow2, "2.6"),
        (3, p.grow1, "1.8"),
        (0.3, p.level, "1"),
        (0.01, p.shrink1, "1.8"),
    ):
        if gain > above:
            return {"color": color, "penwidth": width}
    return {"color": p.shrink2, "penwidth": "2.6"}
