"""``explain``: a gradient as the sum over all paths, each the product of its local derivatives.

That is the chain rule in its oldest form: df/dx is the sum, over every path in the graph from f to
x, of the product of the local derivatives along it.  Backpropagation computes the same sum without
listing the paths, which are often very many; here the largest are listed and the rest is summed
exactly, by carrying at each node one remainder beside the paths that are still told apart.

Reference: F. L. Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical
Analysis 11, 1974.
"""

import html
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .description import Description
from .drawing import Drawing
from .naming import names_of
from .options import Options
from .quantity import number
from .readers import Reader, node_of, reader_for
from .reading import read
from .routes import Route, routes_to, size_of
from .wording import bracketed, clean

__all__ = ["Explanation", "Term", "explain"]


LONG = 24
"""Of a longer path the middle is left out."""


class Term(NamedTuple):
    """One path: what it goes through, its local derivatives, and their product.

    For arrays the local derivatives are the factors by which each operation changes the size (the
    2-norm) of the gradient, and ``product`` is the gradient's entry, or its size, along this path;
    of an entry it is not the product of those factors, and ``of_sizes`` says so.
    """

    path: tuple[str, ...]
    locals: tuple[float, ...]
    product: float
    of_sizes: bool = False

    @property
    def factors(self) -> str:
        """The local derivatives, as a product."""
        return " · ".join(_elided([bracketed(number(x)) for x in self.locals])) or "1"

    def __str__(self) -> str:
        path = " → ".join(_elided(self.path))
        if self.of_sizes:
            return f"{path}:  {number(self.product)}   (its size by {self.factors})"
        return f"{path}:  {self.factors} = {number(self.product)}"


def _elided(parts: Sequence[str]) -> Sequence[str]:
    """The two ends of what is too long for a line."""
    return parts if len(parts) <= LONG else [*parts[: LONG // 2], "...", *parts[-LONG // 2 :]]


class Explanation:
    """Why a gradient is what it is: ``terms`` by size, ``rest`` of the others, ``total``.

    It prints as text, shows itself in a notebook as a table, and ``draw()`` lights the paths up.
    """

    def __init__(
        self,
        title: str,
        terms: Sequence[Term],
        rest: float,
        total: float,
        count: int,
        norms: bool,
        description: Description,
    ) -> None:
        self.title = title
        self.terms = tuple(terms)
        self.rest = rest
        self.total = total
        self.count = count
        self._norms = norms
        self._description = description

    @property
    def text(self) -> str:
        """A line for each path, the rest, and the sum."""
        return "\n".join([self._head(), *[f"  {term}" for term in self.terms], *self._tail("  ")])

    def __repr__(self) -> str:
        return self.text

    def _head(self) -> str:
        paths = f"{self.count:,} path{'s' * (self.count != 1)}"
        return f"{self.title}: the sum over {paths}"

    def _tail(self, indent: str) -> Iterator[str]:
        left = self.count - len(self.terms)
        if left > 0:
            yield f"{indent}{left:,} more paths, summed: {number(self.rest)}"
        what = "the size of the sum" if self._norms else "sum"
        yield f"{indent}{what} = {number(self.total, 6)}"

    @property
    def html(self) -> str:
        """The same as a table."""
        rows = "".join(
            f"<tr><td>{html.escape(' → '.join(_elided(term.path)))}</td>"
            f"<td>{term.factors}</td>"
            f"<td style='text-align:right'>{number(term.product)}</td></tr>"
            for term in self.terms
        )
        tail = "".join(
            f"<tr><th colspan=3 style='text-align:right'>{html.escape(line)}</th></tr>"
            for line in self._tail("")
        )
        head = "<tr><th>path</th><th>local derivatives</th><th>product</th></tr>"
        return f"<table><caption>{html.escape(self._head())}</caption>{head}{rows}{tail}</table>"

    def _repr_html_(self) -> str:
        return self.html

    def draw(self) -> Drawing:
        """The graph with the paths of ``terms`` lit up."""
        return Drawing(self._description, Options())


def explain(
    f: Any, x: Any, *, entry: int | tuple[int, ...] | None = None, names: Any = None
) -> Explanation:
    """Every path from ``f`` to ``x``, its local derivatives and their product; the sum is df/dx.

    ``x`` is a Value or a Tensor that ``f`` was computed from, a variable or an interior one.  Of an
    array one ``entry`` is explained (also as ``explain(f, x[0, 2])``), or without one the size (the
    2-norm) of what comes along each path.  At most 64 paths are listed, the largest; the rest is
    summed exactly.  ``names`` is as in :func:`draw`.

    Raises ``ValueError`` where ``f`` was not computed from ``x`` or is not one number, and
    ``RuntimeError`` where the sum is not the gradient that a backward pass gives.

    >>> import autograd as ag
    >>> x = ag.Value(2.0, "x")
    >>> a, b = x * x, 3 * x
    >>> a.name, b.name = "a", "b"
    >>> f = a + b
    >>> f.name = "f"
    >>> print(ag.explain(f, x))
    df/dx: the sum over 3 paths
      f → b → x:  1 · 3 = 3
      f → a → x:  1 · 2 = 2
      f → a → x:  1 · 2 = 2
      sum = 7
    """
    root, target = node_of(f), node_of(x)
    if root is None or target is None:
        raise ValueError("explain: a tensor outside of any graph has no gradient to explain.")
    description = read([f], names_of(names))
    vertices = {vertex.index: vertex for vertex in description.vertices}
    if target.index not in vertices:
        target, entry = _indexed(target, entry)
    reader = reader_for([root])
    found = routes_to(reader, root, target)
    measure = _measure(np.shape(found.total), entry)
    labels = {index: clean(v.name or v.op or "x") for index, v in vertices.items()}
    terms = [_term(reader, route, labels, target, measure) for route in found.routes]
    norms = bool(np.shape(found.total)) and entry is None
    f_name, x_name = clean(vertices[root.index].name), clean(vertices[target.index].name)
    title = f"d{f_name or 'f'}/d{x_name or 'x'}{_at(entry)}"
    _light(description, found.routes)
    return Explanation(
        f"‖{title}‖" if norms else title,
        [term._replace(of_sizes=entry is not None) for term in terms],
        0.0 if found.rest is None else measure(found.rest),
        measure(found.total),
        found.paths,
        norms,
        description,
    )


def _indexed(node: Any, entry: Any) -> tuple[Any, Any]:
    """``x`` and ``(0, 2)`` for the node of ``x[0, 2]``."""
    static = getattr(node, "static", None) or {}
    return (node.parents[0], static["index"]) if "index" in static else (node, entry)


def _at(entry: Any) -> str:
    """``[0, 2]``"""
    if entry is None:
        return ""
    return f"[{', '.join(map(str, entry if isinstance(entry, tuple) else (entry,)))}]"


def _measure(shape: tuple[int, ...], entry: Any) -> Callable[[Any], float]:
    """What is told of a gradient: the number, an entry, or the size."""
    if entry is None:
        return size_of if shape else float
    try:
        one = not np.shape(np.empty(shape)[entry])
    except IndexError:
        one = False
    if not one:
        raise ValueError(f"explain: entry={entry!r} is not one entry of a {shape} array.")
    return lambda g: float(np.asarray(g)[entry])


def _term(
    reader: Reader,
    route: Route,
    labels: dict[int, str],
    target: Any,
    measure: Callable[[Any], float],
) -> Term:
    """A route in words and numbers."""
    wires = route.wires
    path = [labels[node.index] for node, _ in wires]
    partials = [reader.partial(node, i) for node, i in wires]
    known = [partial for partial in partials if partial is not None]
    factors = known if len(known) == len(partials) else _gains(route)
    return Term((*path, labels[target.index]), tuple(factors), measure(route.g))


def _gains(route: Route) -> list[float]:
    """By what each operation on the way changes the size of the gradient."""
    sizes = [size_of(route.g)]
    while route.before is not None:
        route = route.before
        sizes.append(size_of(route.g))
    sizes.reverse()
    return [b / a if a else 0.0 for a, b in pairwise(sizes)]


def _light(description: Description, routes: Sequence[Route]) -> None:
    """Light the wires of the routes up."""
    taken = {(node.index, i) for route in routes for node, i in route.wires}
    for wire in description.wires:
        wire.lit = (wire.target.index, wire.position) in taken
        wire.target.lit |= wire.lit
