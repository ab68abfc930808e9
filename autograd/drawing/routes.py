"""Every route from a result back to one node, with the gradient that comes along it.

Going from the result downwards, each node holds the routes that lead to it, at most
:data:`MOST` of them, the largest, and one remainder: the sum over all others.  Rules are linear, so
the remainder goes on as one gradient and the sum stays exact.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import sweep
from .readers import Reader

__all__ = ["MOST", "Route", "gradient_at", "routes_to", "size_of"]

MOST = 64
"""So many paths are told apart."""


class Route(NamedTuple):
    """A way from f as far as some node: the gradient that came along it, and the wires it took."""

    g: Any
    wires: tuple[tuple[Any, int], ...]


def routes_to(
    reader: Reader, order: Sequence[Any], root: Any, target: Any, seed: Any
) -> tuple[list[Route], Any, int]:
    """The routes that arrive at ``target``, largest first; what else arrives; how many in all."""
    leading = _leading_to(order, target)
    arriving: dict[Any, list[Route]] = {root: [Route(seed, ())]}
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
                arriving.setdefault(parent, []).append(Route(share, (*route.wires, (node, i))))
        if node in rests:
            for _, parent, share in _onward(reader, node, rests.pop(node), leading):
                rests[parent] = rests[parent] + share if parent in rests else share
    routes = _largest(arriving[target], rests, target)
    return routes, rests.get(target), counts[target]


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


def gradient_at(reader: Reader, order: Sequence[Any], root: Any, target: Any, seed: Any) -> Any:
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
    """The 2-norm; of a number the absolute value."""
    return abs(g) if isinstance(g, float) else float(np.linalg.norm(np.ravel(g)))
