"""Every route from a result back to one node, with the gradient that comes along it.

Going from the result downwards, each node holds the routes that lead to it, at most
:data:`MOST` of them, the largest, and one remainder: the sum over all others.  Rules are linear, so
the remainder goes on as one gradient and the sum stays exact.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import sweep, topological_order
from .readers import Reader

__all__ = ["MOST", "Route", "Routes", "routes_to", "size_of"]

MOST = 64
"""So many paths are told apart."""


class Route(NamedTuple):
    """A way from the result to some node: the gradient that came, and the last wire it took.

    ``before`` is the same route one wire earlier; None at the result itself.
    """

    g: Any
    node: Any = None
    argument: int = 0
    before: "Route | None" = None

    @property
    def wires(self) -> list[tuple[Any, int]]:
        """Every wire, as the operation and the position of its argument."""
        found = []
        route = self
        while route.before is not None:
            found.append((route.node, route.argument))
            route = route.before
        return found[::-1]


class Routes(NamedTuple):
    """What arrives: the largest ``routes``, the ``rest`` of them as a sum, ``paths`` in all, and the
    gradient by a plain backward sweep, ``total``, which the two together equal.
    """

    routes: list[Route]
    rest: Any
    paths: int
    total: Any


def routes_to(reader: Reader, root: Any, target: Any) -> Routes:
    """All routes from ``root`` to ``target``.

    Raises ``ValueError`` where there are none, or the root is not one number, and ``RuntimeError``
    where the sum is not the gradient.
    """
    order, seed = topological_order([root]), reader.seed(root)
    if seed is None:
        raise ValueError("explain: f is not one real number. Explain its sum, or one entry of it.")
    leading = _leading_to(order, target)
    if root not in leading:
        raise ValueError("explain: f was not computed from x, so df/dx is 0: there is no path.")
    with np.errstate(all="ignore"):
        routes, rest, count = _arriving(reader, order, leading, root, target, seed)
        total = _gradient_at(reader, order, root, target, seed)
    _require_sum([route.g for route in routes], rest, total)
    return Routes(routes, rest, count, total)


def _arriving(
    reader: Reader, order: Sequence[Any], leading: set[Any], root: Any, target: Any, seed: Any
) -> tuple[list[Route], Any, int]:
    arriving: dict[Any, list[Route]] = {root: [Route(seed)]}
    rests: dict[Any, Any] = {}
    counts = {root: 1}
    for node in order:
        if node not in leading or node is target:
            continue
        for parent in node.parents:
            if parent in leading:
                counts[parent] = counts.get(parent, 0) + counts[node]
        for route in _largest(arriving.pop(node), rests, node):
            for i, parent, share in _onward(reader, node, route.g, leading):
                arriving.setdefault(parent, []).append(Route(share, node, i, route))
        if node in rests:
            for _, parent, share in _onward(reader, node, rests.pop(node), leading):
                rests[parent] = rests[parent] + share if parent in rests else share
    routes = _largest(arriving[target], rests, target)
    return routes, rests.get(target), counts[target]


def _require_sum(shares: Sequence[Any], rest: Any, total: Any) -> None:
    """The assertion that the paths sum to the gradient."""
    summed = sum(shares, start=0.0 if rest is None else rest)
    tolerance = 1e-4 if getattr(total, "dtype", None) == np.float32 else 1e-9
    largest = max(map(size_of, shares))
    if not np.allclose(summed, total, rtol=tolerance, atol=tolerance * largest, equal_nan=True):
        raise RuntimeError(
            f"explain: the paths sum to {summed}, and backward gives {total}. "
            "A derivative rule is not linear in its gradient; check it with gradcheck."
        )


def _onward(reader: Reader, node: Any, g: Any, leading: set[Any]) -> Iterator[tuple[int, Any, Any]]:
    """What ``node`` sends on for ``g`` towards the target: argument, parent, gradient."""
    for i, (parent, share) in enumerate(zip(node.parents, reader.shares(node, g), strict=True)):
        if parent in leading:
            yield i, parent, share


def _largest(routes: list[Route], rests: dict[Any, Any], node: Any) -> list[Route]:
    """At most :data:`MOST` routes, the largest; the others are added to the rest at ``node``."""
    routes.sort(key=lambda route: -size_of(route.g))
    for route in routes[MOST:]:
        rests[node] = rests[node] + route.g if node in rests else route.g
    return routes[:MOST]


def _leading_to(order: Sequence[Any], target: Any) -> set[Any]:
    leading = {target}
    for node in reversed(order):
        if not leading.isdisjoint(node.parents):
            leading.add(node)
    return leading


def _gradient_at(reader: Reader, order: Sequence[Any], root: Any, target: Any, seed: Any) -> Any:
    """The gradient by a plain backward sweep."""
    found: list[Any] = []

    def send(node: Any, g: Any, in_flight: dict[Any, Any]) -> None:
        if node is target:
            found.append(g)
            return
        for parent, share in zip(node.parents, reader.shares(node, g), strict=True):
            if parent is not None:
                in_flight[parent] = in_flight[parent] + share if parent in in_flight else share

    arrived = sweep(order, {root: seed}, send)
    return found[0] if found else arrived[target]


def size_of(g: Any) -> float:
    """The 2-norm; of a number the absolute value, of the gradients of several outputs that of all."""
    if isinstance(g, tuple):
        return float(np.linalg.norm([size_of(part) for part in g if part is not None]))
    return abs(g) if isinstance(g, float) else float(np.linalg.norm(np.ravel(g)))
