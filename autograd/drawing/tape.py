"""The picture as text: a tape that is read downwards for values and upwards for gradients.

It has the same content as the drawing, for a terminal, for a screen reader, and for comparing two
programs line by line.
"""

from collections.abc import Iterator

from .description import Description
from .wording import Wording

__all__ = ["LINES", "tape"]

LINES = 400
"""Longer tapes are cut in the middle."""


def tape(description: Description) -> str:
    """The forward pass, the backward pass, and the notes."""
    said = Wording(description)
    parts = ["forward", *_cut(list(_forward(said))), "", "backward", *_cut(list(_backward(said)))]
    return "\n".join([*parts, *([""] if description.notes else []), *description.notes]) + "\n"


def _forward(said: Wording) -> Iterator[str]:
    for vertex in said.description.vertices:
        marks = "".join([f"  !{mark.text}" for mark in vertex.marks])
        place = ".".join(map(str, vertex.path))
        yield f"  {said.forward(vertex)}{f'  [{place}]' if place else ''}{marks}"


def _backward(said: Wording) -> Iterator[str]:
    for root in said.description.roots:
        yield f"  ∇{said.label(root)} = {root.grad.told() if root.grad else '-'}"
    for _, wires in said.description.backward():
        for wire in wires:
            if wire.tracked:
                yield f"  {said.backward(wire)}"
    for vertex in said.description.vertices:
        if total := said.accumulation(vertex):
            yield f"  {total}"


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= LINES:
        return lines
    half = LINES // 2
    return [*lines[:half], f"  ... {len(lines) - 2 * half} more ...", *lines[-half:]]
