"""How a node is looked at: of scalars, and of arrays.

A picture asks the same questions of both kinds of graph; here are the two ways to answer them.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..backward import shares
from ..primitive import ArrayNode, Box, Outputs, Spec
from ..value import Value
from .quantity import Quantity
from .rules import rule_in_shapes, rule_text

__all__ = ["Reader", "node_of", "reader_for"]


class Reader(Protocol):
    """How a kind of node is looked at."""

    def op(self, node: Any) -> str:
        """What made it; empty for a variable."""

    def value(self, node: Any) -> Any:
        """Its number or array, or a ``Spec``."""

    def seed(self, node: Any) -> Any:
        """The gradient that a backward pass from it starts with, None if it can't."""

    def shares(self, node: Any, g: Any) -> Sequence[Any]:
        """What each argument's gradient gets from it."""

    def partial(self, node: Any, i: int) -> float | None:
        """The local derivative with respect to argument ``i``, where that is a number."""

    def constants(self, node: Any) -> Sequence[Any]:
        """The arguments, for those that are no nodes."""

    def elementwise(self, node: Any) -> bool:
        """Whether it works entry by entry."""

    def letters(self, node: Any) -> tuple[str, ...]:
        """What the rules call the arguments."""

    def rule(self, node: Any, i: int) -> tuple[str, str]:
        """The rule for argument ``i`` as text, and in shapes."""

    def detail(self, node: Any) -> str:
        """What else was said in the call."""


class _Scalars:
    """Graphs of :class:`Value`."""

    def op(self, node: Value) -> str:
        return node._op

    def value(self, node: Value) -> float:
        return node.data

    def seed(self, node: Value) -> float:
        return 1.0

    def shares(self, node: Value, g: float) -> Sequence[float]:
        return [g * partial for partial in node.partials]

    def partial(self, node: Value, i: int) -> float:
        return node.partials[i]

    def constants(self, node: Value) -> Sequence[Any]:
        return ()

    def elementwise(self, node: Value) -> bool:
        return True

    def letters(self, node: Value) -> tuple[str, ...]:
        return ()

    def rule(self, node: Value, i: int) -> tuple[str, str]:
        return "", ""

    def detail(self, node: Value) -> str:
        return ""


class _Arrays:
    """Graphs of tensors."""

    def op(self, node: ArrayNode) -> str:
        if node.primitive is None:
            return ""
        if node.primitive.name == "output" and node.static and "index" in node.static:
            return f"[{node.static['index']}]"
        return str(node.primitive.name)

    def value(self, node: ArrayNode) -> Any:
        return None if isinstance(node.out, Outputs) else node.out

    def seed(self, node: ArrayNode) -> Any:
        out = node.out
        if isinstance(out, Outputs) or np.dtype(out.dtype).kind != "f" or out.size != 1:
            return None
        return np.ones(out.shape, out.dtype) if isinstance(out, Spec) else np.ones_like(out)

    def shares(self, node: ArrayNode, g: Any) -> Sequence[Any]:
        return shares(node, g)

    def partial(self, node: ArrayNode, i: int) -> float | None:
        parent = node.parents[i]
        both = (node.out, parent.out) if parent is not None else (node.out,)
        if parent is None or any(out.size != 1 or out.dtype.kind != "f" for out in both):
            return None
        one = np.ones_like(node.out)
        return float(shares(node, one)[i].reshape(()))

    def constants(self, node: ArrayNode) -> Sequence[Any]:
        return node.args

    def elementwise(self, node: ArrayNode) -> bool:
        return node.primitive is None or node.primitive.elementwise

    def letters(self, node: ArrayNode) -> tuple[str, ...]:
        if node.primitive is None:
            return ()
        names = node.primitive.names
        count = len(node.parents)
        return (
            tuple(names)
            if len(names) == count
            else tuple([f"{names[-1]}{i}" for i in range(count)])
        )

    def rule(self, node: ArrayNode, i: int) -> tuple[str, str]:
        primitive, parent = node.primitive, node.parents[i]
        if primitive is None or parent is None:
            return "", ""
        text = rule_text(primitive, i)
        out, argument = tuple(node.out.shape or ()), tuple(parent.out.shape or ())
        shapes = {
            letter: tuple(getattr(value, "shape", None) or ())
            for letter, value in zip(self.letters(node), node.args, strict=True)
        }
        return text, rule_in_shapes(text, argument, out, shapes, primitive.elementwise)

    def detail(self, node: ArrayNode) -> str:
        static = {k: v for k, v in (node.static or {}).items() if v is not None and v is not False}
        if self.op(node).startswith("["):
            return ""
        if "index" in static:
            return _index_text(static["index"])
        return ", ".join([f"{k}={_brief(v)}" for k, v in static.items()])


def _index_text(index: Any) -> str:
    """``0, 1:3`` for what stands in ``x[0, 1:3]``."""
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(
        [_slice_text(part) if isinstance(part, slice) else _brief(part) for part in parts]
    )


def _slice_text(part: slice) -> str:
    ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
    return ":".join(ends if part.step is None else [*ends, str(part.step)])


def _brief(value: Any) -> str:
    text = Quantity(value).text() if isinstance(value, np.ndarray) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def node_of(root: Any) -> Any:
    """The node of a value or a tensor; None for a tensor outside of any graph."""
    if isinstance(root, Value):
        return root
    if isinstance(root, Box):
        return root._node
    raise TypeError(
        f"draw: expected a Value or a Tensor (or several), got {type(root).__name__}. "
        "Draw the result of a computation: ag.draw(loss)."
    )


def reader_for(nodes: Sequence[Any]) -> Reader:
    """The reader of these nodes; ``TypeError`` where scalars and arrays are mixed."""
    scalars = [isinstance(node, Value) for node in nodes]
    if any(scalars) and not all(scalars):
        raise TypeError("draw: Values and Tensors are different graphs. Draw them one by one.")
    return _Scalars() if any(scalars) else _Arrays()
