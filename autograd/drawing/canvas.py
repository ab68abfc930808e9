"""A canvas for DOT: nodes in the clusters of their scopes, wires, and labels that stay text.

Labels are Graphviz's HTML-like tables.  Every text passes :func:`escaped` here, so that quotes,
backslashes, ``<script>``, ``&`` and line breaks in a name are shown and never interpreted.
"""

import html
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import graphviz

from .description import Path
from .palette import Palette
from .wording import clean

__all__ = ["Canvas", "cell", "escaped", "inner_table", "row", "table", "words"]

FONT = "Helvetica"
SMALL = 9.0
PLAIN = 12.0


def escaped(text: str, limit: int = 60) -> str:
    """``text`` for use inside an HTML-like label."""
    return html.escape(clean(text, limit)).replace("\\", "\\\\")


def cell(
    text: str, color: str, size: float = PLAIN, *, bold: bool = False, **attributes: Any
) -> str:
    """One cell of a label."""
    inner = escaped(text, 120) or " "
    inner = f"<b>{inner}</b>" if bold else inner
    told = "".join([f' {key}="{value}"' for key, value in attributes.items()])
    return f'<td{told}><font color="{color}" point-size="{size:g}">{inner}</font></td>'


def row(*cells: str) -> str:
    """One row of a label."""
    return f"<tr>{''.join(cells)}</tr>"


def table(rows: Iterable[str], **attributes: Any) -> str:
    """A label from rows of cells (and rules between them)."""
    return f"<{inner_table(rows, **attributes)}>"


def inner_table(rows: Iterable[str], **attributes: Any) -> str:
    """The same as the contents of a cell."""
    settings = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 1, **attributes}
    told = "".join([f' {key}="{value}"' for key, value in settings.items()])
    return f"<table{told}>{''.join(rows)}</table>"


def words(text: str) -> str:
    """A plain text as a label of its own."""
    label: str = graphviz.nohtml(_for_graphviz(clean(text)))
    return label


def _for_graphviz(text: str) -> str:
    return text.replace("&", "&amp;").replace("\\", "\\\\")


class Canvas:
    """Collects the nodes and edges of a picture; ``tips`` are the tooltips by element id."""

    def __init__(self, palette: Palette, rankdir: str, **settings: str) -> None:
        self.palette = palette
        self.rankdir = rankdir
        self.tips: dict[str, str] = {}
        self._settings = settings
        self._nodes: dict[Path, list[tuple[str, dict[str, str]]]] = {(): []}
        self._edges: list[tuple[int, str, str, dict[str, str]]] = []

    @property
    def sideways(self) -> bool:
        """Whether wires run from left to right (or right to left)."""
        return self.rankdir in ("LR", "RL")

    def node(self, key: str, path: Path, label: str, tip: str = "", **attributes: str) -> None:
        """Add a node; ``label`` is made by :func:`table` or :func:`words`, or empty."""
        for depth in range(len(path) + 1):
            self._nodes.setdefault(path[:depth], [])
        told = {"label": label, **self._tip(key, tip), **attributes}
        self._nodes[path].append((key, told))

    def edge(
        self,
        source: str,
        target: str,
        key: str = "",
        tip: str = "",
        position: int = 0,
        **attributes: Any,
    ) -> None:
        """Add an edge between nodes (with ``:w`` and the like for the side).

        Those into one node come in the order of ``position``.
        """
        self._edges.append((position, source, target, {**self._tip(key, tip), **attributes}))

    def _tip(self, key: str, tip: str) -> dict[str, str]:
        told = {"id": key} if key else {}
        if tip:
            self.tips[key] = tip
            # Graphviz reads a tooltip twice.
            told["tooltip"] = graphviz.nohtml(_for_graphviz(_for_graphviz(clean(tip, 300))))
        return told

    def digraph(self, notes: Sequence[str] = ()) -> graphviz.Digraph:
        """The DOT text."""
        p = self.palette
        graph = graphviz.Digraph(
            "chainrule", node_attr={"fontname": FONT, "fontsize": f"{PLAIN:g}"}
        )
        graph.attr("node", color=p.edge, fontcolor=p.ink, penwidth="1")
        graph.attr("edge", color=p.line, arrowsize="0.6", penwidth="1", fontname=FONT)
        graph.attr(
            rankdir=self.rankdir, bgcolor=p.paper, fontname=FONT, pad="0.15", **self._settings
        )
        if notes:
            lines = [
                row(cell(line, p.muted, 10, align="left"))
                for note in notes
                for line in _wrapped(note)
            ]
            graph.attr(label=table(lines), labelloc="b", labeljust="l")
        self._fill(graph, ())
        for _, source, target, attributes in sorted(self._edges, key=itemgetter(0)):
            graph.edge(source, target, **attributes)
        return graph

    def _fill(self, graph: graphviz.Digraph, path: Path) -> None:
        for key, attributes in self._nodes[path]:
            graph.node(key, **attributes)
        for inner in [p for p in self._nodes if len(p) == len(path) + 1 and p[: len(path)] == path]:
            name = "cluster_" + "_".join([f"{i}" for i in self._address(inner)])
            with graph.subgraph(name=name) as cluster:
                self._dress(cluster, inner)
                self._fill(cluster, inner)

    def _address(self, path: Path) -> list[int]:
        """The position of a cluster among its siblings, level by level: a stable id."""
        known = list(self._nodes)
        return [known.index(path[: depth + 1]) for depth in range(len(path))]

    def _dress(self, cluster: graphviz.Digraph, path: Path) -> None:
        p = self.palette
        call = path[-1]
        head = cell(str(call), p.muted, 10, bold=True)
        kind = [cell(f" {call.kind}", p.muted, 10)] if call.kind else []
        cluster.attr(
            label=table([row(head, *kind)]),
            labeljust="l",
            labelloc="t",
            style="rounded,filled",
            fillcolor=p.group,
            color=p.outline,
            margin="10",
        )


def _wrapped(note: str, width: int = 90) -> list[str]:
    lines = [""]
    for word in note.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{word} "
    return lines
