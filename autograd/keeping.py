"""What a node keeps of the arrays of its operation, and what it lets go of after the backward pass.

Of large arrays a node keeps those that the rules of its tracked arguments ask for; small ones stay in
any case.  Of the others shape and dtype are left, a :class:`~autograd.node.Spec`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .cuts import cuts, hand_on
from .node import GONE, MANY, ArrayNode, Spec

__all__ = ["SMALL", "Needs", "keep_many", "keep_one", "keep_two", "let_go", "strict_saving"]

SMALL = 64
"""Arrays of at most so many entries stay with their node, so that small graphs show every number."""

STRICT = False
"""Whether what a rule did not declare in ``saves`` always comes as a Spec, for tests of ``saves``."""

Needs = tuple[bool, tuple[bool, ...]]
"""Whether the rules of the tracked arguments read the result, and which arguments they read."""

_ndarray = np.ndarray
_new = object.__new__


@contextmanager
def strict_saving() -> Iterator[None]:
    """Inside, nothing is kept but what ``saves`` names, so that a rule which reads more is found."""
    global SMALL, STRICT
    before, (SMALL, STRICT) = (SMALL, STRICT), (0, True)
    try:
        yield
    finally:
        SMALL, STRICT = before


def keep_one(node: ArrayNode, needs: Needs, out: Any, x: Any) -> None:
    """For an operation on one argument."""
    keep_out, (keep_x,) = needs
    node.keeps = False
    if not keep_x:
        x_node = node.x_node
        x = slim(x) if STRICT else x_node.saved[0]
        if not keep_out:  # a leaf has its array as long as it lives
            node.keeps = x.__class__ is Spec or x_node.call[0] is None
    node.saved = (out if keep_out else slim(out), x)


def keep_two(node: ArrayNode, needs: Needs, out: Any, x: Any, y: Any) -> None:
    """For an operation on two."""
    keep_out, (keep_x, keep_y) = needs
    if not keep_x:
        x = _unread(x, node.x_node)
    if not keep_y:
        y = _unread(y, node.y_node)
    node.saved = (out if keep_out else slim(out), x, y)
    node.keeps = not keep_out and x.__class__ is Spec and y.__class__ in _SLIM


def keep_many(node: ArrayNode, needs: Needs, out: Any, args: Sequence[Any]) -> None:
    """For an operation on three or more."""
    keep_out, keep_args = needs
    kept = [out if keep_out else slim(out)]
    for arg, parent, keep in zip(args, node.x_node, keep_args, strict=True):
        kept.append(arg if keep else _unread(arg, parent))
    node.saved = tuple(kept)
    node.keeps = False


def _unread(arg: Any, parent: ArrayNode | None) -> Any:
    """What stands for an argument that no rule reads: what its own node has kept, or its Spec."""
    if parent is not None and not STRICT:
        return parent.saved[0]
    return hand_on((arg,), slim(arg)) if cuts else slim(arg)


_PLAIN = frozenset({int, float, bool, complex, type(None)})
_SLIM = _PLAIN | {Spec}


def slim(value: Any) -> Any:
    """``value`` if it is small or not an array, else its :class:`Spec`."""
    if value.__class__ is _ndarray:
        if value.size <= SMALL:
            return value
    elif value.__class__ in _SLIM or getattr(value, "size", 0) <= SMALL:
        return value
    elif isinstance(value, tuple):  # several results, which claim to be large
        return type(value)(map(slim, value))
    spec = _new(Spec)
    spec.shape = value.shape
    spec.dtype = value.dtype
    return spec


def let_go(node: ArrayNode) -> None:
    """Let go of what was computed; of the result and of what is not tracked a :class:`Spec` stays."""
    parents = node.x_node if node.y_node is MANY else (node.x_node, node.y_node)
    out, *args = node.saved
    kept = [out if out.__class__ is Spec else slim(out)]
    for arg, parent in zip(args, parents):  # noqa: B905  # of one argument there is no second parent
        if parent is None:
            kept.append(slim(arg))
        else:  # a leaf has its array as long as it lives
            kept.append(arg if parent.call[0] is None else GONE)
    node.saved = tuple(kept)
