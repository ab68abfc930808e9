"""Style "colah": a value in each node, the partial derivative on each edge.

After C. Olah's "Calculus on Computational Graphs: Backpropagation" (2015): the derivative of the
result with respect to a variable is the sum over the paths between them of the product of the
partial derivatives along the path.
"""

from collections.abc import Collection

from .box import draw_module, emphasis, pill
from .canvas import SMALL, Canvas, cell, row, table
from .description import Description, Vertex, Wire
from .quantity import number
from .wording import Wording, clean

__all__ = ["draw_colah"]


def draw_colah(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """Put ``description`` on the canvas."""
    p = canvas.palette
    said = Wording(description)
    for vertex in description.vertices:
        if vertex.kind == "module":
            draw_module(canvas, vertex)
            continue
        tip = said.accumulation(vertex) or said.forward(vertex)
        style = "rounded,dashed" if vertex.kind == "constant" else "rounded,filled"
        look = {"shape": "box", "style": style, "fillcolor": p.fill, "margin": "0.12,0.06"}
        label = _node(canvas, said, vertex, show)
        canvas.node(vertex.key, vertex.path, label, tip, **look, **{"class": "column"})
    for wire in description.wires:
        key = f"w{wire.target.key}.{wire.position}"
        told = {**_partial(canvas, said, wire), **emphasis(p, wire)}
        tip = said.backward(wire)
        canvas.edge(wire.source.key, wire.target.key, key, tip, wire.position, **told)


def _node(canvas: Canvas, said: Wording, vertex: Vertex, show: Collection[str]) -> str:
    p = canvas.palette
    made = said.written(vertex)
    head = f"{vertex.name} = {made}" if vertex.name and made else vertex.name or made
    rows = [row(cell(head, p.ink, bold=True))] if head else []
    if "value" in show and vertex.value is not None:
        rows.append(row(cell(vertex.value.text(), p.value)))
    if vertex.kind == "constant":
        rows.append(row(cell("no grad", p.muted, SMALL)))
    elif "grad" in show:
        rows.append(row(cell(f"∇ {'-' if vertex.grad is None else vertex.grad.text()}", p.grad)))
    rows += [row(pill(mark, p)) for mark in vertex.marks]
    return table(rows or [row(cell(" ", p.ink))], cellpadding=0)


def _partial(canvas: Canvas, said: Wording, wire: Wire) -> dict[str, str]:
    """The label of an edge: ∂q/∂x = 1 where both have names, else the number or the rule."""
    p = canvas.palette
    if not wire.tracked or not (wire.rule or wire.partial is not None):
        return {}
    if wire.partial is None:
        text = f"∇{clean(wire.source.name, 12)} = {said.rule(wire, only_names=True)}"
    else:
        named = wire.source.name and wire.target.name
        left = (
            f"∂{clean(wire.target.name, 12)}/∂{clean(wire.source.name, 12)} = " if named else "∂ "
        )
        text = f"{left}{number(wire.partial)}"
    return {"label": table([row(cell(text, p.local, 10))], cellpadding=3)}
