"""Layers by their gradients: vanishing, exploding, and units that learn nothing.

The *gain* of a layer is the rms of the gradient that comes out of its back over that of the layer
after it.  Thirty gains of 0.6 make a gradient of 2e-7.

Reference: S. Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", 1991; X. Glorot and
Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .description import Description, Vertex, Wire
from .findings import Finding, place_of
from .quantity import number
from .wording import Wording, clean

__all__ = ["Layer", "bad_units", "layers_of", "trends"]

VANISHED = 1e-3
"""A gradient this much smaller than that of the last layer has vanished."""


EXPLODED = 1e3
"""One this much larger has exploded."""


DEAD = 0.25
"""This share of a rectifier's units dead is a finding."""


SATURATED = 0.5
"""This share of a sigmoid's or tanh's outputs at the end of its range is a finding."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation with weights: the rms of what comes back to it, and the gain to the next one.

    ``gain`` is its ``gradient`` over that of the layer after it: below 1, the gradient shrinks.
    """

    name: str
    gradient: float
    weight_gradient: float
    gain: float | None


def layers_of(description: Description, said: Wording) -> Iterator[Layer]:
    """The operations with a weight (a variable of two or more axes), in the order of the program."""
    operations = [v for v in description.vertices if not v.elementwise]
    found = [(v, w) for v in operations for w in said.into[v][:4] if _is_weight(w)]
    rows: list[tuple[Vertex, Wire]] = []
    for vertex, wire in found:
        if not rows or rows[-1][0] is not vertex:
            rows.append((vertex, wire))
    for i, (vertex, wire) in enumerate(rows):
        if vertex.grad is None:
            continue
        after = rows[i + 1][0].grad if i + 1 < len(rows) else None
        gain = vertex.grad.rms / after.rms if after is not None and after.rms else None
        weight = math.nan if wire.share is None else wire.share.rms
        yield Layer(_layer_name(vertex, wire, said), vertex.grad.rms, weight, gain)


def _is_weight(wire: Wire) -> bool:
    value = wire.source.value
    return wire.source.kind == "variable" and value is not None and len(value.shape) >= 2


def _layer_name(vertex: Vertex, wire: Wire, said: Wording) -> str:
    place = ".".join([str(call) for call in vertex.path])
    weight = clean(wire.source.name) or said.label(vertex)
    return f"{place} ({vertex.path[-1].kind or vertex.op})" if place else f"{vertex.op} {weight}"


def trends(layers: Sequence[Layer]) -> Iterator[Finding]:
    """Vanishing and exploding, from the last layer back to the first."""
    known = [layer for layer in layers if math.isfinite(layer.gradient)]
    if len(known) < 2 or not known[-1].gradient:
        return
    first, last = known[0], known[-1]
    ratio = first.gradient / last.gradient
    steps = len(known) - 1
    each = f"×{number(ratio ** (1 / steps), 2)} a layer"
    fall = f"from {number(last.gradient, 2)} at {last.name} to {number(first.gradient, 2)} at {first.name}"
    if not ratio:
        yield Finding("no gradient", f"no gradient comes back to {first.name}: it is 0 everywhere")
    elif ratio < VANISHED:
        lost = next(x for x in reversed(known) if x.gradient < VANISHED * last.gradient)
        yield Finding(
            "vanishing gradient",
            f"the rms of ∇ falls {fall}, {each}; below a thousandth from {lost.name} on",
            "",
            "Larger initial weights (Xavier for tanh, He for ReLU), normalization, or skip connections.",
        )
    if ratio > EXPLODED:
        grown = next(x for x in reversed(known) if x.gradient > EXPLODED * last.gradient)
        yield Finding(
            "exploding gradient",
            f"the rms of ∇ grows {fall}, {each}; above a thousandfold from {grown.name} on",
            "",
            "Smaller initial weights, normalization, or clipping of the gradient's norm.",
        )


def bad_units(description: Description, said: Wording) -> Iterator[Finding]:
    """Dead and saturated units."""
    for vertex in description.vertices:
        for mark in vertex.marks:
            if mark.kind == "dead" and mark.share >= DEAD:
                yield Finding(
                    "dead units", f"{said.expression(vertex)}: {mark.text} are 0 for every example",
                    place_of(vertex), "They learn nothing: take smaller steps, or a leaky ReLU.",
                    vertex.key,
                )  # fmt: skip
            if mark.kind == "saturated" and mark.share >= SATURATED:
                yield Finding(
                    "saturated units", f"{said.expression(vertex)}: {mark.text}", place_of(vertex),
                    "The slope there is nearly 0. Smaller initial weights, or normalized inputs.",
                    vertex.key,
                )  # fmt: skip
