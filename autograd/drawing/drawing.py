"""``draw``, and the :class:`Drawing` that it returns: one graph in every format."""

import html
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from pathlib import Path as File
from typing import Any, Literal, NamedTuple

import graphviz

from . import layout
from .canvas import Canvas
from .description import Description, Vertex
from .layout import LayoutError, TooLongError
from .mermaid import mermaid
from .naming import names_of
from .options import SHOWN, Options, notes_for, painted
from .palette import palette
from .readers import node_of
from .reading import read
from .scale import Plan, coarser, planned
from .stepper import figure, page
from .svg import finished
from .tape import tape
from .wording import Wording, clean

__all__ = ["Drawing", "draw"]

FORMATS = ("svg", "html", "png", "pdf", "dot", "mmd", "txt")


class _Picture(NamedTuple):
    """A layout that succeeded, and what it was made from."""

    data: bytes
    canvas: Canvas
    plan: Plan


class Drawing:
    """A graph drawn: ``dot``, ``svg``, ``html``, ``mermaid``, ``text``, ``png``, each made on demand.

    It shows itself in a notebook.  What is drawn is the graph as it was when ``draw`` was called.
    """

    def __init__(self, description: Description, options: Options) -> None:
        self._whole = description
        self._options = options

    # The formats --------------------------------------------------------------------------------

    @cached_property
    def dot(self) -> graphviz.Digraph:
        """The DOT text as a ``graphviz.Digraph``: the same text for the same program."""
        canvas = painted(self._plan, self._whole, self._options)
        return canvas.digraph(notes_for(self._plan))

    @cached_property
    def svg(self) -> str:
        """The picture as one ``<svg>`` element, with tooltips, a description and both themes.

        Raises ``LayoutError`` (a ``RuntimeError``) where there is no renderer.
        """
        made = self._picture("svg")
        p, theme = palette(self._options.theme), self._options.theme
        return finished(made.data, self._title, self._alt, made.canvas.tips, p, theme)

    @cached_property
    def html(self) -> str:
        """The stepper: one self-contained page."""
        plan = self._picture("svg").plan
        shown = Description([], []) if plan.regime == "overview" else plan.description
        steps = plan.regime in ("full", "table")
        return page(self.svg, self._title, shown, self._options.theme, steps=steps)

    @cached_property
    def mermaid(self) -> str:
        """A Mermaid flowchart."""
        return mermaid(self._plan.description, self._options.show, self._options.rankdir)

    @cached_property
    def text(self) -> str:
        """The same content as text: the forward and the backward pass, line by line."""
        return tape(self._plan.description)

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, at twice the resolution of a screen."""
        return self._picture("png").data

    @cached_property
    def pdf(self) -> bytes:
        """The picture as PDF."""
        return self._picture("pdf").data

    def save(self, path: Any) -> None:
        """Write the drawing; the format is that of the ending: svg html png pdf dot mmd txt.

        Raises ``ValueError`` for another ending, and ``LayoutError`` (a ``RuntimeError``) where the
        format needs a renderer and there is none.
        """
        file = File(path)
        ending = file.suffix[1:].lower()
        if ending not in FORMATS:
            raise ValueError(
                f"save: the ending of {file.name!r} is no format; expected one of {', '.join(FORMATS)}."
            )
        if ending in ("png", "pdf"):
            file.write_bytes(self.png if ending == "png" else self.pdf)
            return
        attribute = {"mmd": "mermaid", "txt": "text"}.get(ending, ending)
        text = self.dot.source if ending == "dot" else getattr(self, attribute)
        file.write_text(text, encoding="utf-8", errors="replace")

    def focus(self, node: Any, hops: int = 3) -> "Drawing":
        """The surroundings of ``node`` (a Value, a Tensor or a name): at most ``hops`` wires away.

        An operation of which one argument is that near is drawn with all of them.

        Raises ``ValueError`` where it is not in the graph.
        """
        center = self._vertex(node)
        near = {center}
        for _ in range(hops):
            near |= {w.source for w in self._whole.wires if w.target in near} | {
                w.target for w in self._whole.wires if w.source in near
            }
        partly = {w.target for w in self._whole.wires if {w.source, w.target} <= near}
        near |= {w.source for w in self._whole.wires if w.target in partly}
        return Drawing(self._part(near), self._options)

    def _part(self, near: set[Vertex]) -> Description:
        """The vertices ``near`` and the wires between them; what led on ends in the open."""
        whole = self._whole
        wires = [w for w in whole.wires if w.source in near and w.target in near]
        onward = {w.source for w in wires}
        kept = {v: replace(v, root=v.root or v not in onward) for v in whole.vertices if v in near}
        left = len(whole.vertices) - len(near)
        return Description(
            list(kept.values()),
            [replace(w, source=kept[w.source], target=kept[w.target]) for w in wires],
            [*whole.notes, *[f"{left:,} more are not shown."] * bool(left)],
            whole.operations,
        )

    # Showing itself -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Drawing of {self._subject}: {self._whole.operations:,} operations>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows; it never raises."""
        try:
            return {
                "text/html": figure(self.html, self.svg, self._alt),
                "image/svg+xml": self.svg,
                "text/plain": self.text,
            }
        except LayoutError as reason:
            return self._without_picture(str(reason))
        except Exception as reason:  # noqa: BLE001  # a display must not stop the program it shows
            return self._without_picture(f"{type(reason).__name__}: {reason}")

    def _without_picture(self, reason: str) -> dict[str, str]:
        try:
            text = self.text
        except Exception as error:  # noqa: BLE001  # the same
            text = f"{self._whole.operations} operations ({error})\n"
        return {
            "text/plain": f"{text}\n{reason}",
            "text/html": f"<pre>{html.escape(text)}</pre><p>{html.escape(reason)}</p>",
        }

    # Making it ----------------------------------------------------------------------------------

    @cached_property
    def _plan(self) -> Plan:
        return planned(self._whole, self._options.depth)

    @cached_property
    def _pictures(self) -> dict[str, _Picture]:
        return {}

    def _picture(self, format: str) -> _Picture:
        """A layout within its budget of time: past it, one that folds more."""
        if format not in self._pictures:
            plan = self._pictures["svg"].plan if "svg" in self._pictures else self._plan
            while True:
                canvas = painted(plan, self._whole, self._options)
                dot = canvas.digraph(notes_for(plan))
                if format == "png":
                    dot.attr(dpi="144")
                try:
                    data = layout.laid_out(dot.source, format)
                    break
                except TooLongError as reason:
                    plan = _coarser(self._whole, plan, reason)
            self._pictures[format] = _Picture(data, canvas, plan)
        return self._pictures[format]

    def _vertex(self, node: Any) -> Vertex:
        """The vertex of a node, or of a name."""
        if isinstance(node, str):
            found = [v for v in self._whole.vertices if node in (v.name, v.key)]
        else:
            index = getattr(node_of(node), "index", None)
            found = [v for v in self._whole.vertices if v.index == index]
        if not found:
            raise ValueError(
                f"focus: {node if isinstance(node, str) else 'this node'} is not in the graph."
            )
        return found[0]

    @property
    def _subject(self) -> str:
        names = [clean(v.name) for v in self._whole.roots if v.name]
        return ", ".join(names[:4]) or "a result"

    @property
    def _title(self) -> str:
        return f"Computation graph of {self._subject}"

    @cached_property
    def _alt(self) -> str:
        return Wording(self._whole).summary(self._title)


def _coarser(whole: Description, plan: Plan, reason: TooLongError) -> Plan:
    found = coarser(whole, plan)
    if found is None:
        raise reason
    note = "The full layout took too long, so it was folded further."
    description = found.description
    return found._replace(description=replace(description, notes=[*whole.notes, note]))


def draw(
    root: Any,
    *more: Any,
    show: Collection[str] = SHOWN,
    style: str = "circuit",
    depth: int | Literal["auto"] = "auto",
    names: Any = None,
    rankdir: str = "LR",
    theme: str = "auto",
) -> Drawing:
    """Draw the graph of a Value or a Tensor, or of several: every value, gradient and derivative.

    The graph is only looked at: interior gradients come from a backward sweep of the drawing's own,
    ``.grad`` and the graph stay as they are, and no hook is called.

    ``show``
        which of ``"value"`` and ``"grad"`` are written, the gradient with how it came about: upstream
        times local derivative, or the rule with its shapes.  The rest is in tooltips.
    ``style``
        ``"circuit"``: operations in circles, on each wire the value above and the gradient below;
        ``"micrograd"``: records of label, data and grad; ``"dezero"``: orange variables and blue
        functions; ``"colah"``: values in nodes, partial derivatives on edges.
    ``depth``
        how many levels of modules and ``scope(...)`` blocks are unfolded; ``"auto"``: as many as let
        everything be shown.
    ``names``
        names for what has none: ``locals()``, a dict, or a module with named parameters.
    ``rankdir``
        the direction of computation: ``"LR"``, ``"TB"``, ``"RL"`` or ``"BT"``.
    ``theme``
        ``"light"``, ``"dark"``, or ``"auto"``: the reader's.

    Raises ``TypeError`` for what is neither a Value nor a Tensor, and ``ValueError`` for an unknown
    option.

    >>> import autograd as ag
    >>> x, y, z = ag.Value(-2.0, "x"), ag.Value(5.0, "y"), ag.Value(-4.0, "z")
    >>> q = x + y
    >>> q.name = "q"
    >>> f = q * z
    >>> f.name = "f"
    >>> print(ag.draw(f).text)
    forward
      x = -2
      y = 5
      z = -4
      q = x + y = (-2) + 5 = 3
      f = q * z = 3 * (-4) = -12
    <BLANKLINE>
    backward
      ∇f = 1
      ∇q += ∇f · ∂f/∂q = 1 · (-4) = -4
      ∇z += ∇f · ∂f/∂z = 1 · 3 = 3
      ∇x += ∇q · ∂q/∂x = -4 · 1 = -4
      ∇y += ∇q · ∂q/∂y = -4 · 1 = -4
    <BLANKLINE>
    """
    if isinstance(show, str):
        show = (show,)
    options = Options(tuple(show), style, depth, rankdir, theme)
    return Drawing(read([root, *more], names_of(names)), options)
