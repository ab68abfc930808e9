"""Boxes that several styles share: a folded module, and the pills of its marks."""

from typing import Any

from .canvas import SMALL, Canvas, cell, row, table
from .description import Mark, Vertex, Wire
from .palette import Palette

__all__ = ["draw_module", "emphasis", "inventory", "pill"]


def pill(mark: Mark, palette: Palette) -> str:
    """The cell of a mark."""
    return cell(mark.text, palette.warn, SMALL, bgcolor=palette.warnfill, style="rounded")


def emphasis(palette: Palette, wire: Wire) -> dict[str, Any]:
    """How a wire is drawn: lit up, dashed where no gradient flows, or plain."""
    look: dict[str, Any] = {"color": palette.lit, "penwidth": "2.2"} if wire.lit else {}
    return look if wire.tracked else {**look, "style": "dashed"}


def inventory(module: Vertex) -> str:
    """``12 operations, 3,400 parameters``"""
    parts = [f"{module.size} operation{'s' * (module.size != 1)}"]
    if module.parameters:
        parts.append(f"{module.parameters:,} parameter{'s' * (module.parameters != 1)}")
    return ", ".join(parts)


def draw_module(canvas: Canvas, module: Vertex) -> None:
    """One box for all that is inside."""
    p = canvas.palette
    times = f" ×{module.count}" if module.count > 1 else ""
    rows = [row(cell(f"{module.name}{times}", p.ink, bold=True))]
    if module.op:
        rows.append(row(cell(module.op, p.muted, 10)))
    rows.append(row(cell(inventory(module), p.muted, SMALL)))
    rows += [row(pill(mark, p)) for mark in module.marks]
    warned = bool(module.marks) and module.marks[0].rank < 3
    look = {"color": p.warn, "penwidth": "1.6"} if warned else {"color": p.outline}
    if module.count > 1:
        look["peripheries"] = "2"
    shape = {"shape": "box", "style": "rounded,filled", "margin": "0.1,0.05", "class": "column"}
    tip = f"{module.name}{times}: {inventory(module)}"
    canvas.node(module.key, module.path, table(rows), tip, fillcolor=p.fill, **shape, **look)
