"""The stepper: one self-contained page that plays the forward and the backward pass.

The picture is laid out once, in Python; a step only changes classes.  What a step reveals and what
it says is worked out here and handed to the page as data, so that the page has no mathematics in it.
Nothing that a label contains can become markup: the picture is made by an XML writer, the data is
JSON without ``<``, and the page's policy forbids requests.
"""

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

from .description import Description, Vertex, Wire
from .palette import page_stylesheet
from .wording import Wording

__all__ = ["figure", "page", "steps_of"]

Step = dict[str, Any]


def page(svg: str, title: str, description: Description, theme: str, *, steps: bool = True) -> str:
    """The page of a drawing."""
    template = resources.files(__package__).joinpath("stepper.html").read_text(encoding="utf-8")
    data = {
        "vertices": {v.key: _elements(v) for v in description.vertices},
        "wires": [[w.source.key, w.target.key, wire_elements(w)] for w in description.wires],
        "steps": list(steps_of(description)) if steps else [_step("all", "", [])],
    }
    parts = {
        "title": html.escape(title),
        "colors": page_stylesheet(theme),
        "svg": svg,
        "data": json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"),
    }
    # In one pass, so that a label which looks like a placeholder is left alone.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def figure(page: str, svg: str, alt: str) -> str:
    """The page inside a notebook: a frame, and a picture for where frames are not allowed."""
    image = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    return (
        '<figure class="chainrule" style="margin:0">'
        "<style>.chainrule:has(iframe) > img{display:none}</style>"
        f'<img src="data:image/svg+xml;base64,{image}" alt="{html.escape(alt)}">'
        f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(alt)}" '
        f'style="width:100%;height:{_height(svg)}px;border:0"></iframe></figure>'
    )


def _height(svg: str) -> int:
    """Pixels for the picture at the width of a notebook, and for the controls."""
    found = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', svg)
    width, height = (float(found[1]), float(found[2])) if found else (600.0, 300.0)
    return round(min(max(height * min(900 / width, 5 / 3), 120), 620)) + 165


def _elements(vertex: Vertex) -> list[str]:
    """The ids that may be drawn for a vertex, over all styles."""
    key = vertex.key
    return [key, f"r{key}", f"r{key}i", f"r{key}o", f"d{key}", f"e{key}", f"o{key}"]


def wire_elements(wire: Wire) -> list[str]:
    """The ids that may be drawn for a wire."""
    key = f"w{wire.target.key}.{wire.position}"
    return [key, f"{key}i", f"{key}o", f"{wire.source.key}-{wire.target.key}.{wire.position}"]


# Steps -----------------------------------------------------------------------------------------


def steps_of(description: Description) -> Iterator[Step]:
    """The variables, each operation forward, the seed, and each operation backward."""
    said = Wording(description)
    given = [v for v in description.vertices if not said.into[v]]
    computed = [v for v in description.vertices if said.into[v]]
    values = [key for v in given for key in _value_keys(said, v)]
    yield _step("forward", "The variables", _few([said.forward(v) for v in given]), values=values)
    for v in computed:
        now = [v.key, f"o{v.key}", *[key for w in said.into[v] for key in wire_elements(w)[1:]]]
        yield _step(
            "forward", f"Forward: {v.op or v.name}", [said.forward(v)], now, _value_keys(said, v)
        )
    roots = [v for v in description.roots if v.grad is not None]
    if roots:
        yield from _backward(said, roots, computed)


def _backward(said: Wording, roots: Sequence[Vertex], computed: Sequence[Vertex]) -> Iterator[Step]:
    seeds = [f"∇{said.label(v)} = {v.grad.told()}" for v in roots if v.grad is not None]
    done = [key for v in roots for key in (v.key, f"r{v.key}")]
    yield _step(
        "backward", "Backward: the result itself", seeds, [f"r{v.key}o" for v in roots], grads=done
    )
    open_wires = {v: sum(w.tracked for w in wires) for v, wires in said.out_of.items()}
    for v in reversed(computed):
        tracked = [w for w in said.into[v] if w.tracked]
        say, grads = [], []
        for w in tracked:
            open_wires[w.source] -= 1
            say.append(said.backward(w))
            grads += wire_elements(w)[:1]
            if not open_wires[w.source]:
                grads += [w.source.key, f"r{w.source.key}"]
                say += [total] if (total := said.accumulation(w.source)) else []
        now = [v.key, f"o{v.key}", *[key for w in tracked for key in wire_elements(w)]]
        yield _step("backward", f"Backward through {v.op or v.name}", say, now, grads=grads)


def _step(
    phase: str,
    title: str,
    say: Sequence[str],
    now: Sequence[str] = (),
    values: Sequence[str] = (),
    grads: Sequence[str] = (),
) -> Step:
    return {
        "phase": phase, "title": title, "say": list(say), "now": list(now),
        "values": list(values), "grads": list(grads),
    }  # fmt: skip


def _few(lines: list[str]) -> list[str]:
    """Short lines side by side."""
    return ["    ".join(lines)] if len(lines) <= 8 else [*lines[:8], f"... {len(lines) - 8} more"]


def _value_keys(said: Wording, vertex: Vertex) -> list[str]:
    """Where the value of a vertex is written."""
    return [vertex.key, f"r{vertex.key}", *[wire_elements(w)[0] for w in said.out_of[vertex]]]
