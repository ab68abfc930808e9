"""Styles "micrograd" and "dezero": a node for each value, and between them one for each operation.

``micrograd`` draws records of label, data and gradient, after ``draw_dot`` of A. Karpathy's
micrograd (2020); ``dezero`` orange variables and blue functions, after ``plot_dot_graph`` of
K. Saito's DeZero ("Deep Learning from Scratch 3", 2020).
"""

from collections.abc import Callable, Collection

from .box import draw_module, emphasis, pill
from .canvas import SMALL, Canvas, cell, row, table, words
from .description import Description, Vertex
from .palette import Palette
from .wording import Wording, symbol

__all__ = ["draw_dezero", "draw_micrograd"]

Label = Callable[[Palette, Vertex, Collection[str]], str]
Look = dict[str, str]
SNUG = {"margin": "0.08,0.03", "width": "0.4", "height": "0.3"}


def draw_micrograd(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """Records and ellipses."""
    operation = {"shape": "ellipse", "style": "filled", "fillcolor": canvas.palette.fill}
    _draw(canvas, description, show, _record, {"shape": "plain"}, {**operation, **SNUG})


def draw_dezero(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """Orange variables and blue functions."""
    p = canvas.palette
    variable = {"shape": "ellipse", "style": "filled", "fillcolor": p.variable, "class": "column"}
    function = {"shape": "box", "style": "filled", "fillcolor": p.function, **SNUG}
    _draw(canvas, description, show, _lines, {**variable, "margin": "0.01"}, function)


def _draw(
    canvas: Canvas,
    description: Description,
    show: Collection[str],
    label: Label,
    value_look: Look,
    operation_look: Look,
) -> None:
    p = canvas.palette
    said = Wording(description)
    for vertex in description.vertices:
        if vertex.kind == "module":
            draw_module(canvas, vertex)
            continue
        tip = said.accumulation(vertex) or said.forward(vertex)
        look = {**value_look, **({"style": "dashed"} if vertex.kind == "constant" else {})}
        canvas.node(vertex.key, vertex.path, label(p, vertex, show), tip, **look)
        if said.into[vertex]:
            made = f"o{vertex.key}"
            sign = words(symbol(vertex.op))
            canvas.node(made, vertex.path, sign, said.forward(vertex), **operation_look)
            canvas.edge(made, vertex.key)
    for wire in description.wires:
        target = wire.target.key if wire.target.kind == "module" else f"o{wire.target.key}"
        key = f"w{wire.target.key}.{wire.position}"
        tip, look = said.backward(wire), emphasis(p, wire)
        canvas.edge(wire.source.key, target, key, tip, wire.position, **look)


def _record(p: Palette, vertex: Vertex, show: Collection[str]) -> str:
    cells = [cell(vertex.name or " ", p.ink)]
    if "value" in show and vertex.value is not None:
        cells.append(cell(f"data {vertex.value.text()}", p.value))
    if vertex.kind == "constant":
        cells.append(cell("no grad", p.muted, SMALL))
    elif "grad" in show:
        cells.append(cell(f"grad {'-' if vertex.grad is None else vertex.grad.text()}", p.grad))
    cells += [pill(mark, p) for mark in vertex.marks]
    return table([row(*cells)], cellborder=1, cellpadding=4, color=p.line)


def _lines(p: Palette, vertex: Vertex, show: Collection[str]) -> str:
    rows = [row(cell(vertex.name, p.ink, bold=True))] if vertex.name else []
    if "value" in show and vertex.value is not None:
        rows.append(row(cell(vertex.value.text(), p.value)))
    if vertex.kind == "constant":
        rows.append(row(cell("no grad", p.muted, SMALL)))
    elif "grad" in show:
        rows.append(row(cell(f"∇ {'-' if vertex.grad is None else vertex.grad.text()}", p.grad)))
    rows += [row(pill(mark, p)) for mark in vertex.marks]
    return table(rows or [row(cell(" ", p.ink))], cellpadding=0)
