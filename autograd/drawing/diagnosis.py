"""``diagnose``: where gradients die, explode or turn nan, and which parameters get none.

It looks at one graph, after the forward pass, and needs no training loop: the values are those of
the graph, the gradients those of the drawing's own backward sweep.
"""

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..context import record
from ..cuts import Cut, cut_at
from ..graph import topological_order
from ..primitive import ArrayNode, Box, Outputs, Spec
from ..value import Value
from .description import Description, Vertex, Wire
from .drawing import Drawing, Options
from .quantity import Quantity, number
from .reading import names_of, node_of, read
from .wording import Wording, clean

__all__ = ["Diagnosis", "Finding", "Layer", "diagnose"]

VANISHED = 1e-3
"""A gradient this much smaller than that of the last layer has vanished."""

EXPLODED = 1e3
"""One this much larger has exploded."""

DEAD = 0.25
"""This share of a rectifier's units dead is a finding."""

SATURATED = 0.5
"""This share of a sigmoid's or tanh's outputs at the end of its range is a finding."""


class Finding(NamedTuple):
    """One thing that is wrong: what, where (operation, scope and line), and what to do."""

    kind: str
    what: str
    where: str = ""
    advice: str = ""
    key: str = ""

    def __str__(self) -> str:
        place = f" [{self.where}]" if self.where else ""
        advice = f"\n      {self.advice}" if self.advice else ""
        return f"{self.kind}: {self.what}{place}{advice}"


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation with weights: the rms of what comes back to it, and the gain to the next one.

    ``gain`` is its ``gradient`` over that of the layer after it: below 1, the gradient shrinks.
    """

    name: str
    gradient: float
    weight_gradient: float
    gain: float | None


class Diagnosis:
    """The findings about a loss, the gravest first, and a table of its layers.

    It prints as text, shows itself in a notebook as tables, and ``draw()`` draws the surroundings of
    the first culprit.  ``ok`` says that nothing was found.
    """

    def __init__(
        self,
        loss: str,
        findings: Sequence[Finding],
        layers: Sequence[Layer],
        unreached: Sequence[str],
        description: Description,
    ) -> None:
        self.loss = loss
        self.findings = tuple(findings)
        self.layers = tuple(layers)
        self.unreached = tuple(unreached)
        self._description = description

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @cached_property
    def text(self) -> str:
        """The findings and the table as text."""
        lines = [f"diagnosis of {self.loss}"]
        lines += [f"  {i}. {finding}" for i, finding in enumerate(self.findings, 1)]
        lines += ["  nothing found"] * self.ok
        if self.layers:
            width = max(len(layer.name) for layer in self.layers)
            lines.append(
                f"\n  {'layer':<{width}}  {'rms ∇out':>9}  {'rms ∇weight':>11}  {'gain':>8}"
            )
            lines += [
                f"  {layer.name:<{width}}  {number(layer.gradient, 3):>9}  "
                f"{number(layer.weight_gradient, 3):>11}  {_told(layer.gain):>8}"
                for layer in self.layers
            ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def html(self) -> str:
        """The same as HTML."""
        items = "".join(
            f"<li><b>{html.escape(f.kind)}</b>: {html.escape(f.what)}"
            f"{f' <i>{html.escape(f.where)}</i>' if f.where else ''}"
            f"{f'<br>{html.escape(f.advice)}' if f.advice else ''}</li>"
            for f in self.findings
        )
        rows = "".join(
            f"<tr><td>{html.escape(layer.name)}</td><td>{number(layer.gradient, 3)}</td>"
            f"<td>{number(layer.weight_gradient, 3)}</td><td>{_told(layer.gain)}</td></tr>"
            for layer in self.layers
        )
        heads = "<tr><th>layer</th><th>rms ∇out</th><th>rms ∇weight</th><th>gain</th></tr>"
        return (
            f"<p>diagnosis of {html.escape(self.loss)}</p>"
            f"<ol>{items}</ol>{'' if items else '<p>nothing found</p>'}"
            f"{f'<table>{heads}{rows}</table>' if rows else ''}"
        )

    def _repr_html_(self) -> str:
        return self.html

    def draw(self, hops: int = 2) -> Drawing:
        """The surroundings of the first culprit; the whole graph where there is none."""
        drawing = Drawing(self._description, Options())
        keys = [finding.key for finding in self.findings if finding.key]
        return drawing.focus(keys[0], hops) if keys else drawing


def diagnose(loss: Any, parameters: Any = None, *, names: Any = None) -> Diagnosis:
    """What is wrong with the gradients of ``loss``, a Value, a Tensor, or a function that returns one.

    Looked for, in this order:

    - the first operation that made a nan or an infinity of finite arguments, and in the backward
      pass the first that did so to a finite gradient, with its scope;
    - ``parameters`` (a module, a dict by name, or several tensors) that the loss does not reach, and
      where a way ends: ``detach()``, whole numbers, an array from outside of the graph;
    - vanishing and exploding gradients, by the rms of the gradient at each layer;
    - dead rectifiers, and saturated sigmoids and tanhs.

    The lines of the program are known for what was computed inside ``with ag.record():``, and always
    where ``loss`` is a function, which is called inside of it.

    Raises ``TypeError`` for what is neither a Value nor a Tensor, and ``ValueError`` for one that is
    not one real number.

    >>> import autograd as ag
    >>> x = ag.Value(0.0, "x")
    >>> print(ag.diagnose(x.sqrt()))  # doctest: +ELLIPSIS
    diagnosis of a result = 0
      1. inf gradient: sqrt makes ∇x = inf of ∇ = 1 ...
    """
    if callable(loss) and not isinstance(loss, (Box, Value)):
        with record(), np.errstate(all="ignore"):
            loss = loss()
    node = node_of(loss)
    if node is not None and np.size(loss.data) != 1:
        raise ValueError(f"diagnose: expected a loss, one number, got the shape {loss.shape}.")
    given = names_of(parameters if hasattr(parameters, "named_parameters") else names)
    description = read([loss], given)
    if not _healthy(description):
        description = read([loss], given, _recomputed(node))
    said = Wording(description)
    unreached = list(_unreached(node, _named(parameters)))
    layers = list(_layers(description, said))
    forward = list(_first_forward(description, said))
    findings = [
        *forward,
        *_first_backward(description, said, forward[0].key if forward else ""),
        *_cut_off(node, description, unreached, parameters is not None),
        *_units(description, said),
        *(_trends(layers) if _healthy(description) else ()),
    ]
    root = description.roots[0]
    name = clean(root.name) or "a result"
    value = "?" if root.value is None else root.value.text()
    return Diagnosis(f"{name} = {value}", findings, layers, unreached, description)


# NaN and infinity ------------------------------------------------------------------------------


def _healthy(description: Description) -> bool:
    """Whether the loss and all gradients are finite; infinities on the way, as masks, are fine."""
    roots = [v.value for v in description.roots] + [v.grad for v in description.vertices]
    return all(quantity is None or quantity.finite for quantity in roots)


def _recomputed(root: Any) -> dict[Any, Any]:
    """The values of a graph of arrays that were not kept, as far as they can be computed again."""
    values: dict[Any, Any] = {}
    if not isinstance(root, ArrayNode):
        return values
    for node in reversed(topological_order([root])):
        if node.primitive is None or not isinstance(node.out, Spec):
            values[node] = node.out
            continue
        pairs = zip(node.args, node.parents, strict=True)
        args = [values.get(p, a) if p is not None and isinstance(a, Spec) else a for a, p in pairs]
        if not any(isinstance(a, (Spec, Outputs)) for a in args):
            values[node] = _computed(node, args)
    return {node: value for node, value in values.items() if value is not None}


def _computed(node: ArrayNode, args: Sequence[Any]) -> Any:
    try:
        with np.errstate(all="ignore"):
            return node.primitive.forward(*args, **node.static or {})
    except (TypeError, ValueError, IndexError, RuntimeError, ArithmeticError):
        return None


def _first_forward(description: Description, said: Wording) -> Iterator[Finding]:
    """The earliest vertex that is not finite though what it was computed from is."""
    if _healthy(description):
        return
    for vertex in description.vertices:
        if vertex.value is None or vertex.value.finite:
            continue
        arguments = [wire.source.value for wire in said.into[vertex]]
        if any(a is not None and not a.finite for a in arguments):
            continue
        if not said.into[vertex]:
            yield Finding(
                f"{_trouble(vertex.value)} input",
                f"{said.label(vertex) if vertex.name else 'an input'} holds {_amount(vertex.value)}",
                _used_in(vertex, said),
                "Look at the data, or fill in missing values before the forward pass.",
                vertex.key,
            )
        elif all(a is None or a.known for a in arguments):
            yield Finding(
                f"{_trouble(vertex.value)} value",
                f"{said.expression(vertex)} makes {_amount(vertex.value)} of finite arguments",
                _place(vertex),
                ADVICE.get(vertex.op, "Keep the argument inside the domain of the operation."),
                vertex.key,
            )
        else:
            continue
        return


def _first_backward(description: Description, said: Wording, known: str) -> Iterator[Finding]:
    """The first operation of the backward pass that turns a finite gradient into one that is not.

    Not where its arguments are no longer finite: that is a consequence.  Nor need it be told of the
    operation ``known`` for its infinite value, unless the loss does not show that one.
    """
    hidden = all(v.value is None or v.value.finite for v in description.roots)
    for vertex, wires in description.backward():
        if vertex.grad is None or not vertex.grad.finite:
            continue
        values = [wire.source.value for wire in said.into[vertex]]
        if any(value is not None and not value.finite for value in values):
            continue
        for wire in wires:
            bad = wire.share is not None and not wire.share.finite
            if wire.share is not None and bad and (vertex.key != known or hidden):
                source = said.label(wire.source)
                upstream = _upstream(vertex)
                advice = ADVICE.get(vertex.op, "The derivative does not exist there.")
                if wire.share.nans and vertex.grad.zeros:
                    advice = (
                        "0 · inf: the gradient is 0 here and the derivative infinite. Guard the "
                        "argument too: np.where(c, f(np.where(c, x, 1)), 0)."
                    )
                yield Finding(
                    f"{_trouble(wire.share)} gradient",
                    f"{vertex.op} makes ∇{source} = {_amount(wire.share)} of {upstream}",
                    _place(vertex),
                    advice,
                    vertex.key,
                )
                return


ADVICE = {
    "log": "Keep its argument above 0, for example np.log(x + eps), or use np.log1p.",
    "sqrt": "The slope of sqrt at 0 is infinite: np.sqrt(x + eps), or a norm that is 0 there.",
    "divide": "The divisor comes to 0: add an eps, or mask these entries.",
    "/": "The divisor comes to 0: add an eps, or mask these entries.",
    "exp": "It overflows: subtract the maximum first, or use logsumexp, softmax, log_softmax.",
    "power": "A power at 0 or of large numbers: keep the base away from 0 and small.",
    "arcsin": "Its slope at -1 and 1 is infinite: clip the argument inside.",
    "arccos": "Its slope at -1 and 1 is infinite: clip the argument inside.",
}


def _trouble(quantity: Quantity) -> str:
    return "nan" if quantity.nans else "inf"


def _amount(quantity: Quantity) -> str:
    if quantity.size == 1 and quantity.data is not None:
        return str(float(np.reshape(quantity.data, ())))
    return f"{quantity.trouble()} in {quantity.text() if quantity.size > 6 else quantity.shape}"


def _upstream(vertex: Vertex) -> str:
    grad = vertex.grad
    if grad is None or grad.size != 1:
        return "a finite ∇"
    return f"∇ = {grad.text()}"


def _place(vertex: Vertex) -> str:
    """Scope and line."""
    path = ".".join([str(call) for call in vertex.path])
    kind = f" ({vertex.path[-1].kind})" if vertex.path and vertex.path[-1].kind else ""
    return ", ".join(filter(None, [f"in {path}{kind}" if path else "", vertex.origin]))


def _used_in(vertex: Vertex, said: Wording) -> str:
    users = [f"used by {wire.target.op}" for wire in said.out_of[vertex][:1]]
    return ", ".join(
        [*users, *filter(None, [_place(wire.target) for wire in said.out_of[vertex][:1]])]
    )


# Parameters that the loss does not reach -------------------------------------------------------


def _named(parameters: Any) -> dict[str, Any]:
    """The parameters by name."""
    if parameters is None:
        return {}
    if hasattr(parameters, "named_parameters"):
        return dict(parameters.named_parameters())
    if isinstance(parameters, Mapping):
        return {str(name): value for name, value in parameters.items()}
    if isinstance(parameters, (Box, Value)):
        parameters = [parameters]
    if not isinstance(parameters, Iterable):
        raise TypeError(
            f"diagnose: expected a module, a dict or several tensors as parameters, got "
            f"{type(parameters).__name__}."
        )
    return {getattr(p, "name", None) or f"parameter {i}": p for i, p in enumerate(parameters)}


def _unreached(root: Any, named: Mapping[str, Any]) -> Iterator[str]:
    reached = set() if root is None else set(topological_order([root]))
    for name, parameter in named.items():
        node = node_of(parameter)
        if node is not None and node not in reached:
            yield name


def _cut_off(
    root: Any, description: Description, unreached: Sequence[str], asked: bool
) -> Iterator[Finding]:
    """The unreached parameters, and the ends of ways that could have led to them."""
    vertices = {v.index: v for v in description.vertices}
    cuts = [(cut, vertices[index]) for cut, index in _cuts(root)]
    if unreached:
        few = ", ".join(unreached[:6]) + (
            f" and {len(unreached) - 6} more" if len(unreached) > 6 else ""
        )
        yield Finding(
            "not reached", f"the loss does not depend on {few}", "", _why(cuts, description)
        )
    for cut, user in [] if asked and not unreached else cuts:
        yield Finding(
            "cut", f"{cut.how} of {cut.label} ends the way back, at an argument of {user.op}",
            _place(user), "" if unreached else "Leave it out if a gradient is wanted there.", user.key,
        )  # fmt: skip


def _why(cuts: Sequence[Any], description: Description) -> str:
    if cuts:
        return "The ways that end are named below."
    outside = [
        v
        for v in description.vertices
        if v.kind == "constant" and v.value is not None and v.value.size > 1
    ]
    if not outside:
        return "Nothing from outside enters the graph: these parameters were never used."
    shapes = ", ".join(
        dict.fromkeys(clean(v.name) or v.value.text() for v in outside[:6] if v.value)
    )
    return (
        f"From outside of the graph come {shapes}: data, or what was computed under no_grad() or "
        "from .data. If none of them was computed from these parameters, they were never used."
    )


def _cuts(root: Any) -> Iterator[tuple[Cut, int]]:
    """Every ``detach()`` and cast that the graph's arguments came through, and who uses it."""
    if not isinstance(root, ArrayNode):
        return
    seen: set[int] = set()
    for node in reversed(topological_order([root])):
        for array in _from_outside(node):
            cut = cut_at(array)
            if cut is not None and id(array) not in seen:
                seen.add(id(array))
                yield cut, node.index


def _from_outside(node: ArrayNode) -> Iterator[Any]:
    """The arrays that a node uses and that are not in the graph, those of an index included."""
    yield from [a for a, p in zip(node.args, node.parents, strict=True) if p is None]
    for value in (node.static or {}).values():
        yield from value if isinstance(value, tuple) else (value,)


# Layers ----------------------------------------------------------------------------------------


def _layers(description: Description, said: Wording) -> Iterator[Layer]:
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


def _trends(layers: Sequence[Layer]) -> Iterator[Finding]:
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


def _units(description: Description, said: Wording) -> Iterator[Finding]:
    """Dead and saturated units."""
    for vertex in description.vertices:
        for mark in vertex.marks:
            if mark.kind == "dead" and mark.share >= DEAD:
                yield Finding(
                    "dead units", f"{said.expression(vertex)}: {mark.text} are 0 for every example",
                    _place(vertex), "They learn nothing. Smaller steps, a smaller negative bias, leaky ReLU.",
                    vertex.key,
                )  # fmt: skip
            if mark.kind == "saturated" and mark.share >= SATURATED:
                yield Finding(
                    "saturated units", f"{said.expression(vertex)}: {mark.text}", _place(vertex),
                    "The slope there is nearly 0. Smaller initial weights, or normalized inputs.",
                    vertex.key,
                )  # fmt: skip


def _told(gain: float | None) -> str:
    return "" if gain is None else f"×{number(gain, 2)}"
