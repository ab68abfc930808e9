"""Style "circuit": variables at the left, operations in circles, numbers on the wires.

On each wire stands the forward value above and the gradient below, as in the notes of Stanford's
CS231n (F.-F. Li, A. Karpathy and J. Johnson, 2016).  Under the gradient stands how it came about:
the gradient from the right times the local derivative, or for arrays the rule.  Where a wire
branches, a dot; there the gradients of the branches add up.

A label is a node of its own in the middle of its wire, with the wire drawn through it, so Graphviz
gives it room.
"""

import html
import re
from collections.abc import Collection, Sequence

from .box import draw_module, emphasis, pill
from .canvas import SMALL, Canvas, cell, inner_table, row, table, words
from .description import Description, Vertex, Wire, common_path
from .quantity import Quantity, number
from .wording import Wording, accumulation, clean, symbol

__all__ = ["draw_circuit"]


DOT = {"shape": "point", "width": "0.06"}


def draw_circuit(canvas: Canvas, description: Description, show: Collection[str]) -> None:
    """Put ``description`` on the canvas."""
    _Circuit(canvas, description, show).draw()


class _Circuit:
    def __init__(self, canvas: Canvas, description: Description, show: Collection[str]) -> None:
        self.canvas = canvas
        self.description = description
        self.show = show
        self.said = Wording(description)
        self.into_side, self.out_side = {
            "LR": ("w", "e"), "RL": ("e", "w"), "TB": ("n", "s"), "BT": ("s", "n"),
        }[canvas.rankdir]  # fmt: skip
        one_column = {"class": "column"} if canvas.sideways else {}
        self.on_wire = {"shape": "plain", **one_column}

    def draw(self) -> None:
        for vertex in self.description.vertices:
            self._vertex(vertex)
        for vertex in self.description.vertices:
            self._result(vertex)

    # The ends of wires --------------------------------------------------------------------------

    def _vertex(self, vertex: Vertex) -> None:
        tip = self.said.forward(vertex)
        if vertex.kind == "constant":
            self._constant(vertex, tip)
        elif vertex.kind == "module":
            draw_module(self.canvas, vertex)
        elif vertex.kind == "variable":
            named = vertex.name or vertex.uses
            look = {"shape": "plain", "fontsize": "13"} if named else DOT
            name = vertex.name
            if vertex.uses is not None:
                name = f"{name or '·'} ({vertex.uses[0]} of {vertex.uses[1]})"
            self.canvas.node(vertex.key, vertex.path, words(name), tip, **look)
        else:
            self._operation(vertex, tip)

    def _constant(self, vertex: Vertex, tip: str) -> None:
        p = self.canvas.palette
        value = vertex.value
        if value is not None and value.shape == () and not vertex.name and not vertex.op:
            label = table([row(cell(value.text(), p.muted))])
            self.canvas.node(vertex.key, vertex.path, label, tip, **self.on_wire)
            return
        lines = [row(cell(vertex.name or vertex.op, p.ink, 13))] if vertex.name or vertex.op else []
        if value is not None and "value" in self.show:
            times = f" ×{vertex.count}" if vertex.count > 1 else ""
            lines.append(row(cell(f"{value.text()}{times}", p.value, 11)))
            lines += [row(cell(value.statistics(), p.value, SMALL))] * bool(value.statistics())
        lines.append(row(cell("no grad", p.muted, SMALL)))
        label = table(lines + self._pills(vertex))
        style = {"shape": "box", "style": "dashed,rounded", "margin": "0.06,0.02", "height": "0.2"}
        look = {"class": "column", "color": p.line, **style}
        self.canvas.node(vertex.key, vertex.path, label, tip, **look)

    def _operation(self, vertex: Vertex, tip: str) -> None:
        p = self.canvas.palette
        sign = symbol(vertex.op)
        size = "16" if len(sign) == 1 else "10" if len(sign) == 4 else "12"
        look = {"shape": "circle", "width": "0.42", "fixedsize": "true"} if len(sign) <= 4 else {
            "shape": "box", "style": "rounded,filled", "height": "0.36", "margin": "0.1,0.03"
        }  # fmt: skip
        look = {"style": "filled", "fillcolor": p.fill, "color": p.edge, "fontsize": size, **look}
        if vertex.marks and vertex.marks[0].rank < 3:
            look |= {"color": p.warn, "penwidth": "1.6"}
        elif vertex.lit:
            look |= {"color": p.lit, "penwidth": "1.6"}
        self.canvas.node(vertex.key, vertex.path, words(sign), tip, **look)

    def _pills(self, vertex: Vertex) -> list[str]:
        return [row(pill(mark, self.canvas.palette)) for mark in vertex.marks]

    # Wires --------------------------------------------------------------------------------------

    def _result(self, vertex: Vertex) -> None:
        """Everything that leaves ``vertex``: one wire, or a stem that branches."""
        wires = self.said.out_of[vertex]
        ends = len(wires) + vertex.root
        if vertex.kind == "constant":
            for wire in wires:
                self._plain(wire)
        elif ends == 1 and wires:
            wire = wires[0]
            self._labelled(vertex.key, wire, self._above(vertex), self._below(wire, vertex.grad))
        elif vertex.root and not wires:
            self._end(vertex)
        elif ends:
            self._branching(vertex, wires)

    def _plain(self, wire: Wire) -> None:
        tip = self.said.backward(wire)
        key = f"{wire.source.key}-{wire.target.key}.{wire.position}"
        look = emphasis(self.canvas.palette, wire)
        self.canvas.edge(wire.source.key, wire.target.key, key, tip, wire.position, **look)

    def _labelled(self, source: str, wire: Wire, above: list[str], below: list[str]) -> None:
        """source ── label ─> target"""
        key = f"w{wire.target.key}.{wire.position}"
        tip = self.said.backward(wire)
        path = common_path([wire.source.path, wire.target.path])
        label = self._through(above, below, wire.lit)
        self.canvas.node(key, path, label, tip, **self.on_wire)
        lit = emphasis(self.canvas.palette, wire)
        self.canvas.edge(source, f"{key}:{self.into_side}", f"{key}i", dir="none", **lit)
        self.canvas.edge(
            f"{key}:{self.out_side}", wire.target.key, f"{key}o", tip, wire.position, **lit
        )

    def _end(self, vertex: Vertex) -> None:
        """The result: a wire that ends in the open."""
        key, end = f"r{vertex.key}", f"e{vertex.key}"
        tip = f"∇{self.said.label(vertex)} = {vertex.grad.told() if vertex.grad else '-'}"
        below = self._gradient(vertex.grad)
        self.canvas.node(
            key, vertex.path, self._through(self._above(vertex), below), tip, **self.on_wire
        )
        self.canvas.node(end, vertex.path, "", shape="none", width="0.01", height="0.01")
        self.canvas.edge(vertex.key, f"{key}:{self.into_side}", f"{key}i", dir="none")
        self.canvas.edge(f"{key}:{self.out_side}", end, f"{key}o")

    def _branching(self, vertex: Vertex, wires: Sequence[Wire]) -> None:
        p = self.canvas.palette
        key, dot = f"r{vertex.key}", f"d{vertex.key}"
        lines = self._gradient(vertex.grad)
        total = accumulation("", vertex, wires)
        if total and "grad" in self.show:
            lines.append(self._small(total.removeprefix(" = ").rpartition(" = ")[0], p.local, "= "))
        lit = next((emphasis(p, wire) for wire in wires if wire.lit), {})
        label = self._through(self._above(vertex), lines, bool(lit))
        self.canvas.node(key, vertex.path, label, self.said.accumulation(vertex), **self.on_wire)
        self.canvas.node(dot, vertex.path, "", **DOT, color=p.line)
        self.canvas.edge(vertex.key, f"{key}:{self.into_side}", f"{key}i", dir="none", **lit)
        self.canvas.edge(f"{key}:{self.out_side}", dot, f"{key}o", dir="none", **lit)
        for wire in wires:
            self._labelled(dot, wire, [], self._below(wire, wire.share))

    # Labels -------------------------------------------------------------------------------------

    def _above(self, vertex: Vertex) -> list[str]:
        """Name and value; the line next to the wire comes first."""
        p = self.canvas.palette
        value = vertex.value
        name = clean(vertex.name, 24) if vertex.kind == "operation" else ""
        text = "" if value is None or "value" not in self.show else value.text()
        main = f"{name} = {text}" if name and text else name or text
        lines = [cell(main, p.value)] if main else []
        if text and value is not None and value.statistics():
            lines.append(cell(value.statistics(), p.value, SMALL))
        if vertex.kind == "operation":
            lines += [pill(mark, p) for mark in vertex.marks]
        return lines

    def _below(self, wire: Wire, grad: Quantity | None) -> list[str]:
        """The gradient, and how it came about."""
        p = self.canvas.palette
        lines = self._gradient(grad)
        if "grad" not in self.show:
            return lines
        upstream = wire.target.grad
        if wire.partial is not None:
            came = "" if upstream is None else f"{upstream.text()} · "
            sign = number(wire.partial)
            lines.append(
                self._small(f"{came}{f'({sign})' if sign.startswith('-') else sign}", p.local, "= ")
            )
        elif wire.rule:
            lines.append(self._small(self.said.rule(wire, only_names=True), p.local, "= "))
            lines += [self._small(wire.shapes, p.local)] * bool(wire.shapes)
        return lines

    def _gradient(self, grad: Quantity | None) -> list[str]:
        if "grad" not in self.show:
            return []
        p = self.canvas.palette
        lines = [cell(f"∇ {'-' if grad is None else grad.text()}", p.grad)]
        if grad is not None and grad.statistics():
            lines.append(cell(grad.statistics(), p.grad, SMALL))
        return lines

    def _small(self, text: str, color: str, lead: str = "") -> str:
        return cell(f"{lead}{text}", color, SMALL)

    def _through(self, above: list[str], below: list[str], lit: bool = False) -> str:
        """A label with the wire through its middle, so both halves are made equally large."""
        p = self.canvas.palette
        color = p.lit if lit else p.line
        if not self.canvas.sideways:
            width = max(map(_width, [*above, *below]), default=0)
            left, right = _half(below, width, "right"), _half(above, width, "left")
            return table([f"<tr>{left}<vr/>{right}</tr>"], color=color, cellpadding="3")
        rows_above = [row(line) for line in reversed(_padded(above, below, p.ink))]
        rows_below = [row(line) for line in _padded(below, above, p.ink)]
        return table([*rows_above, "<hr/>", *rows_below], color=color, cellpadding="0.5")


def _half(lines: list[str], width: int, side: str) -> str:
    """One side of a wire that runs up or down, as wide as the other."""
    rows = [row(line.replace("<td", f'<td align="{side}"', 1)) for line in lines]
    inner = inner_table(rows, cellpadding="0.5") if rows else ""
    return f'<td width="{width}" align="{side}">{inner}</td>'


def _width(line: str) -> int:
    """About how wide a cell is, in points."""
    size = 9.0 if f'point-size="{SMALL:g}"' in line else 12.0
    return round(0.62 * size * len(html.unescape(re.sub(r"<[^>]*>", "", line))))


def _padded(lines: list[str], other: list[str], color: str) -> list[str]:
    """``lines`` with empty ones added: first one of the main size, then small ones."""
    blank = [cell("", color)] + [cell("", color, SMALL)] * max(len(other) - 1, 0)
    return [*lines, *blank[len(lines) : max(len(other), 1)]]
