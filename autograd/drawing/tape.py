"""The picture as text: a tape that is read downwards for values and upwards for gradients.

It has the same content as the drawing, for a terminal, for a screen reader, and for comparing two
programs line by line.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .description import Description, Vertex
from .wording import Wording

__all__ = ["LINES", "tape"]

T = TypeVar("T")

LINES = 400
"""Longer tapes are cut in the middle."""


def tape(description: Description) -> str:
    """The forward pass, the backward pass, and the notes."""
    said = Wording(description)
    parts = ["forward", *_forward(said), "", "backward", *_backward(said)]
    return "\n".join([*parts, *([""] if description.notes else []), *description.notes]) + "\n"


def _forward(said: Wording) -> Iterator[str]:
    yield from _cut(said.description.vertices, lambda vertex: [_line(said, vertex)])


def _line(said: Wording, vertex: Vertex) -> str:
    marks = "".join([f"  !{mark.text}" for mark in vertex.marks])
    place = ".".join(map(str, vertex.path))
    return f"  {said.forward(vertex)}{f'  [{place}]' if place else ''}{marks}"


def _backward(said: Wording) -> Iterator[str]:
    for root in said.description.roots:
        yield f"  ∇{said.label(root)} = {root.grad.told() if root.grad else '-'}"
    passes = list(said.description.backward())
    yield from _cut(passes, lambda step: [f"  {said.backward(w)}" for w in step[1] if w.tracked])
    totals = [v for v in said.description.vertices if len(said.out_of[v]) > 1 or v.uses]
    yield from _cut(totals, lambda vertex: [f"  {t}" for t in [said.accumulation(vertex)] if t])


def _cut(items: Sequence[T], lines: Callable[[T], list[str]]) -> Iterator[str]:
    """The lines of the first and of the last items, where there are many."""
    half = LINES // 2
    few = len(items) <= LINES
    for item in items if few else items[:half]:
        yield from lines(item)
    if not few:
        yield f"  ... {len(items) - 2 * half:,} more ..."
        for item in items[-half:]:
            yield from lines(item)
