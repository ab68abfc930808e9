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
from typing import Any, NamedTuple

import numpy as np

from ..graph import topological_order
from .drawing import Drawing
from .naming import Names, names_of
from .options import Options
from .quantity import number
from .readers import Reader, node_of, reader_for
from .reading import read
from .routes import Route, gradient_at, routes_to, size_of
from .wording import bracketed, clean

__all__ = ["Explanation", "Term", "explain"]


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
        return " · ".join([bracketed(number(x)) for x in self.locals]) or "1"

    def __str__(self) -> str:
        path = " → ".join(self.path)
        if self.of_sizes:
            return f"{path}:  {number(self.product)}   (its size by {self.factors})"
        return f"{path}:  {self.factors} = {number(self.product)}"


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
        picture: Callable[[], Drawing],
    ) -> None:
        self.title = title
        self.terms = tuple(terms)
        self.rest = rest
        self.total = total
        self.count = count
        self._norms = norms
        self._picture = picture

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
            f"<tr><td>{html.escape(' → '.join(term.path))}</td>"
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
        return self._picture()


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
    order = topological_order([root])
    if target not in set(order) and target.parents:
        target, entry = _indexed(target, entry)
    if target not in set(order):
        raise ValueError("explain: f was not computed from x, so df/dx is 0: there is no path.")
    reader = reader_for([root])
    seed = reader.seed(root)
    if seed is None:
        raise ValueError("explain: f is not one real number. Explain its sum, or one entry of it.")
    with np.errstate(all="ignore"):
        routes, rest, count = routes_to(reader, order, root, target, seed)
        total = gradient_at(reader, order, root, target, seed)
    return _explained(f, reader, root, target, entry, routes, rest, total, count, names)


def _indexed(node: Any, entry: Any) -> tuple[Any, Any]:
    """``x`` and ``(0, 2)`` for the node of ``x[0, 2]``."""
    static = getattr(node, "static", None) or {}
    return (node.parents[0], static["index"]) if "index" in static else (node, entry)


def _explained(
    f: Any,
    reader: Reader,
    root: Any,
    target: Any,
    entry: Any,
    routes: Sequence[Route],
    rest: Any,
    total: Any,
    count: int,
    names: Any,
) -> Explanation:
    summed = sum([route.g for route in routes], start=0.0 if rest is None else rest)
    if not np.allclose(summed, total, rtol=1e-4 if _is_single(total) else 1e-9, equal_nan=True):
        raise RuntimeError(
            f"explain: the paths sum to {summed}, and backward gives {total}. "
            "A derivative rule is not linear in its gradient; check it with gradcheck."
        )
    measure = _measure(np.shape(total), entry)
    given = names_of(names)
    description = read([f], given)
    labels = {v.index: clean(v.name or v.op or "x") for v in description.vertices}
    terms = [_term(reader, route, labels, target, measure, entry is not None) for route in routes]
    at = (
        ""
        if entry is None
        else f"[{', '.join(map(str, entry if isinstance(entry, tuple) else (entry,)))}]"
    )
    norms = bool(np.shape(total)) and entry is None
    ends = [clean(v.name) or default for index, default in ((root.index, "f"), (target.index, "x"))
            for v in description.vertices if v.index == index]  # fmt: skip
    title = f"d{ends[0]}/d{ends[1]}{at}"
    wires = {(node.index, i) for route in routes for node, i in route.wires}
    return Explanation(
        f"‖{title}‖" if norms else title,
        terms,
        0.0 if rest is None else measure(rest),
        measure(total),
        count,
        norms,
        lambda: _lit(f, given, wires),
    )


def _is_single(total: Any) -> bool:
    return getattr(total, "dtype", None) == np.float32


def _measure(shape: tuple[int, ...], entry: Any) -> Callable[[Any], float]:
    """What is told of a gradient: the number, an entry, or the size."""
    if entry is not None:
        try:
            if np.shape(np.empty(shape)[entry]):
                raise IndexError
        except IndexError:
            raise ValueError(
                f"explain: entry={entry!r} is not one entry of a {shape} array."
            ) from None
        return lambda g: float(np.asarray(g)[entry])
    return size_of if shape else float


def _term(
    reader: Reader,
    route: Route,
    labels: dict[int, str],
    target: Any,
    measure: Callable[[Any], float],
    of_entry: bool,
) -> Term:
    path = [labels[node.index] for node, _ in route.wires]
    factors = [reader.partial(node, i) for node, i in route.wires]
    if any(factor is None for factor in factors):
        factors = list(_gains(reader, route))
    told = tuple([0.0 if factor is None else factor for factor in factors])
    return Term((*path, labels[target.index]), told, measure(route.g), of_entry)


def _gains(reader: Reader, route: Route) -> Iterator[float]:
    """By what each operation on the way changes the size of the gradient."""
    if not route.wires:
        return
    g = reader.seed(route.wires[0][0])
    for node, i in route.wires:
        share = reader.shares(node, g)[i]
        before = size_of(g)
        yield size_of(share) / before if before else 0.0
        g = share


def _lit(f: Any, names: Names, wires: set[tuple[int, int]]) -> Drawing:
    description = read([f], names)
    for wire in description.wires:
        wire.lit = (wire.target.index, wire.position) in wires
        wire.target.lit |= wire.lit
    return Drawing(description, Options())
