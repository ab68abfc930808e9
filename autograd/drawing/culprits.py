"""The first operation that makes a NaN or an infinity, forward and backward."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..graph import topological_order
from ..primitive import ArrayNode, Outputs, Spec
from .description import Description, Vertex
from .findings import Finding, place_of
from .quantity import Quantity
from .wording import Wording

__all__ = ["first_backward", "first_forward", "healthy", "recomputed"]

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


def healthy(description: Description) -> bool:
    """Whether the loss and all gradients are finite; infinities on the way, as masks, are fine."""
    roots = [v.value for v in description.roots] + [v.grad for v in description.vertices]
    return all(quantity is None or quantity.finite for quantity in roots)


def recomputed(root: Any) -> dict[Any, Any]:
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


def first_forward(description: Description, said: Wording) -> Iterator[Finding]:
    """The earliest vertex that is not finite: what it was computed from came before it."""
    bad = [v for v in description.vertices if v.value is not None and not v.value.finite]
    if not bad or bad[0].value is None or healthy(description):
        return
    vertex, value = bad[0], bad[0].value
    arguments = [wire.source.value for wire in said.into[vertex]]
    if not arguments:
        yield Finding(
            f"{_trouble(value)} input",
            f"{said.label(vertex) if vertex.name else 'an input'} holds {_amount(value)}",
            _used_in(vertex, said),
            "Look at the data, or fill in missing values before the forward pass.",
            vertex.key,
        )
        return
    known = all(argument is None or argument.known for argument in arguments)
    yield Finding(
        f"{_trouble(value)} value",
        f"{said.expression(vertex)} makes {_amount(value)} of "
        f"{'finite arguments' if known else 'arguments that were not kept'}",
        place_of(vertex),
        ADVICE.get(vertex.op, "Keep the argument inside the domain of the operation."),
        vertex.key,
    )


def first_backward(description: Description, said: Wording, known: str) -> Iterator[Finding]:
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
                    place_of(vertex),
                    advice,
                    vertex.key,
                )
                return


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


def _used_in(vertex: Vertex, said: Wording) -> str:
    users = [f"used by {wire.target.op}" for wire in said.out_of[vertex][:1]]
    return ", ".join(
        [*users, *filter(None, [place_of(wire.target) for wire in said.out_of[vertex][:1]])]
    )
