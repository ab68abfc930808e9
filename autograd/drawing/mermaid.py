"""The graph as Mermaid text, which GitHub, GitLab and many note-taking programs draw by themselves.

Reference: https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Collection, Iterator

from .description import Description, Path, Vertex, Wire
from .overview import OVERVIEW_NOTE, parts_of
from .quantity import number
from .wording import Wording, clean, symbol

__all__ = ["mermaid"]

MOST = 500
"""Mermaid itself refuses more edges than that."""

DIRECTIONS = {"LR": "LR", "RL": "RL", "TB": "TB", "BT": "BT"}


def mermaid(description: Description, show: Collection[str], rankdir: str) -> str:
    """A flowchart: values in the nodes, local derivatives on the arrows."""
    if len(description.vertices) > MOST:
        return _overview(description)
    said = Wording(description)
    lines = [f"flowchart {DIRECTIONS[rankdir]}", *_within(said, (), show)]
    lines += [_arrow(wire) for wire in description.wires]
    lines += [f"%% {clean(note, 400)}" for note in description.notes]
    return "\n".join(lines) + "\n"


def _overview(description: Description) -> str:
    """The parts of a graph that is too large, without wires."""
    lines = [f"flowchart TB\n  %% {clean(OVERVIEW_NOTE, 400)}"]
    for i, part in enumerate(parts_of(description)):
        lines.append(f'  p{i}["{_text(part.name)}<br/>{part.operations} operations"]')
    return "\n".join(lines) + "\n"


def _within(said: Wording, path: Path, show: Collection[str], indent: str = "  ") -> Iterator[str]:
    inner: list[Path] = []
    for vertex in said.description.vertices:
        if vertex.path == path:
            yield f"{indent}{_node(vertex, show)}"
        elif vertex.path[: len(path)] == path:
            inner.append(vertex.path[: len(path) + 1])
    for child in dict.fromkeys(inner):
        yield f'{indent}subgraph s{"_".join(_letters(child))}["{_text(str(child[-1]))}"]'
        yield from _within(said, child, show, indent + "  ")
        yield f"{indent}end"


def _letters(path: Path) -> list[str]:
    """A name for a cluster of letters and digits only."""
    return [
        "".join([c if c.isascii() and c.isalnum() else f"u{ord(c):x}" for c in str(call)])
        for call in path
    ]


def _node(vertex: Vertex, show: Collection[str]) -> str:
    head = vertex.name or ""
    if vertex.kind == "operation":
        head = f"{head} = {symbol(vertex.op)}" if head else symbol(vertex.op)
    if vertex.kind == "module":
        head = f"{vertex.name}{f' ×{vertex.count}' if vertex.count > 1 else ''}"
    lines = [_text(head)] if head else []
    if "value" in show and vertex.value is not None:
        lines.append(_text(vertex.value.text()))
    if vertex.kind == "constant":
        lines.append("no grad")
    elif "grad" in show:
        lines.append(_text(f"∇ {'-' if vertex.grad is None else vertex.grad.text()}"))
    left, right = {"operation": ("([", "])"), "module": ("[[", "]]")}.get(vertex.kind, ("[", "]"))
    return f'{vertex.key}{left}"{"<br/>".join(lines) or " "}"{right}'


def _arrow(wire: Wire) -> str:
    arrow = "-->" if wire.tracked else "-.->"
    label = "" if wire.partial is None else f'|"∂ {number(wire.partial)}"|'
    return f"  {wire.source.key} {arrow}{label} {wire.target.key}"


def _text(text: str) -> str:
    """``text`` as Mermaid's entity codes: whatever could be markup becomes ``#code;``."""
    safe = " ._-+=,:()∇±×÷²³σ√…[]"
    return "".join([c if c.isalnum() or c in safe else f"#{ord(c)};" for c in clean(text)])
