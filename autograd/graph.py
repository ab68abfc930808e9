"""The graph: what a node is, the one topological order, and the one backward sweep.

Everything that is differentiated here, a scalar :class:`~autograd.value.Value` or the node of a
:class:`~autograd.tensor.Tensor`, is a node of a directed acyclic graph.  Backpropagation is two
small algorithms on it:

1. put the nodes that the result depends on in an order in which every node comes before its
   parents;
2. walk that order, handing every node the sum of what its consumers sent it, and let it send its
   own parents their share.

A node is created after its parents, so *descending creation index is such an order*: no recursion,
no depth limit, and the same program always visits the same nodes in the same sequence.

Reference: S. Linnainmaa, "The representation of the cumulative rounding error of an algorithm as a
Taylor expansion of the local rounding errors", 1970; A. Griewank and A. Walther, "Evaluating
Derivatives", 2nd ed., 2008, chapter 3.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import attrgetter
from typing import Any, Protocol, TypeVar

__all__ = ["Node", "creation", "next_index", "sweep", "topological_order"]

next_index: Callable[[], int] = count().__next__
"""The creation clock.  One C call, so it is atomic between threads."""


class Node(Protocol):
    """What the two algorithms need to know of a node."""

    @property
    def parents(self) -> Sequence[Any]:
        """The nodes this one was computed from; ``None`` for an argument that is not tracked."""

    @property
    def index(self) -> int:
        """The creation index: larger than that of every parent."""


N = TypeVar("N", bound=Node)
G = TypeVar("G")

creation = attrgetter("index")
"""The key that sorts nodes by their age."""


def topological_order(roots: Iterable[N]) -> list[N]:
    """Every node the roots depend on, the roots included, newest first.

    Each node stands before all of its parents.

    >>> import autograd as ag
    >>> x = ag.Value(2.0, name="x")
    >>> y = x * x + x
    >>> [node.data for node in topological_order([y])]
    [6.0, 4.0, 2.0]
    """
    order = list(dict.fromkeys(roots))
    seen = set(order)
    for node in order:  # grows while it is walked: a breadth-first search without recursion
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                order.append(parent)
    order.sort(key=creation, reverse=True)
    return order


def sweep(
    order: Sequence[N],
    in_flight: dict[N, G],
    send: Callable[[N, G, dict[N, G]], None],
) -> dict[N, G]:
    """Walk ``order``, calling ``send(node, g, in_flight)`` to pass gradients on to the parents.

    ``in_flight`` holds the gradient of every root at the start; ``send`` adds to it.  It belongs to
    this call: nothing is stored on interior nodes, so a second sweep over the same graph can't
    compound the first.  Returned are the complete gradients of the nodes without parents.
    """
    arrived = {}
    for node in order:
        g = in_flight.pop(node, None)
        if g is not None:
            if node.parents:
                send(node, g, in_flight)
            else:
                arrived[node] = g
    return arrived
