"""``draw``, and the Drawing that it returns: one graph in every format."""

from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path as File
from typing import Any

import graphviz

from . import layout
from .canvas import Canvas
from .circuit import draw_circuit
from .description import Description
from .palette import palette
from .reading import names_of, read
from .svg import finished
from .tape import tape

__all__ = ["Drawing", "draw"]

Style = Callable[[Canvas, Description, Collection[str]], None]
STYLES: dict[str, Style] = {"circuit": draw_circuit}
SHOWN = ("value", "grad", "local")


class Drawing:
    """A picture of a graph, made when a format is asked for."""

    def __init__(self, description: Description, show: Collection[str], style: str, rankdir: str, theme: str) -> None:
        self._description = description
        self._show = show
        self._style = style
        self._rankdir = rankdir
        self._theme = theme

    @cached_property
    def _canvas(self) -> Canvas:
        canvas = Canvas(palette(self._theme), self._rankdir, nodesep="0.12", ranksep="0.16")
        STYLES[self._style](canvas, self._description, self._show)
        return canvas

    @cached_property
    def dot(self) -> graphviz.Digraph:
        """The DOT text, as a ``graphviz.Digraph``."""
        return self._canvas.digraph(self._description.notes)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text."""
        raw = layout.laid_out(self.dot.source, "svg")
        return finished(raw, "graph", "", self._canvas.tips, palette(self._theme), self._theme)

    @cached_property
    def text(self) -> str:
        """The same as text."""
        return tape(self._description)

    @cached_property
    def png(self) -> bytes:
        return layout.laid_out(self.dot.source, "png")

    def save(self, path: Any) -> None:
        file = File(path)
        if file.suffix == ".svg":
            file.write_text(self.svg, encoding="utf-8")
        elif file.suffix == ".png":
            file.write_bytes(self.png)


def draw(root: Any, *more: Any, show: Collection[str] = SHOWN, style: str = "circuit", depth: Any = "auto", names: Any = None, rankdir: str = "LR", theme: str = "auto") -> Drawing:
    """Draw."""
    return Drawing(read([root, *more], names_of(names)), show, style, rankdir, theme)
