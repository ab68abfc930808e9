"""einsum: sums of products over named axes, as matrix products.

Three primitives are enough, and each one's rule is one of the three:

=============  ===========================  ===================================
``contract``   ``ij,jk->ik``                two operands, each index in two of the three terms
``diagonal``   ``iij->ij``                  one operand with a repeated index
``embed``      the adjoint of that          its entries on that diagonal, 0 elsewhere
=============  ===========================  ===================================

A contraction is symmetrical in its three terms: the gradient of ``ij,jk->ik`` with respect to the
first operand is ``ik,jk->ij``.  So every order of derivative is again a matrix product.  A call with
more operands becomes a sequence of contractions of two (the order is ``np.einsum_path``'s); an index
that only one operand has is summed there first.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .reductions import sum as sum_over
from .shape import reshape, transpose
from .subscripts import Shape, read_terms, separate

__all__ = ["contract", "einsum"]

Axes = tuple[int, ...]


# --- two operands -----------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _split(subscripts: str) -> tuple[str, str, str]:
    terms, _, out = subscripts.partition("->")
    x, _, y = terms.partition(",")
    return x, y, out


def _order(labels: str, wanted: str) -> Axes | None:
    """The transposition from ``labels`` to ``wanted``; None if there is nothing to do."""
    return None if labels == wanted else tuple([labels.index(label) for label in wanted])


@lru_cache(maxsize=4096)
def _as_product(subscripts: str) -> tuple[Any, ...]:
    """How to bring the operands into the form (batch, rows, inner) @ (batch, inner, columns)."""
    x, y, out = _split(subscripts)
    batch = "".join([label for label in out if label in x and label in y])
    inner = "".join([label for label in x if label not in out])
    rows = "".join([label for label in out if label in x and label not in y])
    columns = "".join([label for label in out if label in y and label not in x])
    counts = len(batch), len(rows), len(inner), len(columns)
    return (
        _order(x, batch + rows + inner),
        _order(y, batch + inner + columns),
        _order(batch + rows + columns, out),
        *counts,
    )


@lru_cache(maxsize=4096)
def _as_multiplication(subscripts: str) -> tuple[Any, ...] | None:
    """Where no index is summed: how the operands broadcast.  None where one is."""
    x, y, out = _split(subscripts)
    if not set(x) <= set(out):
        return None
    new_axes = [
        tuple([slice(None) if label in operand else None for label in out]) for operand in (x, y)
    ]
    orders = [_order(operand, "".join([c for c in out if c in operand])) for operand in (x, y)]
    return (*orders, *new_axes)


@primitive(name="einsum")
def contract(x: Any, y: Any, *, subscripts: str) -> Any:
    """Σ x · y over the indices that the result does not have.

    Every index stands once in a term, and in at least two of the three terms.  No copy is made of an
    operand whose axes are already grouped as (batch, rows, inner), transposed or not.
    """
    multiplication = _as_multiplication(subscripts)
    if multiplication:
        x_order, y_order, x_axes, y_axes = multiplication
        x = x if x_order is None else np.transpose(x, x_order)
        y = y if y_order is None else np.transpose(y, y_order)
        return x[x_axes] * y[y_axes]
    x_order, y_order, out_order, batch, rows, inner, columns = _as_product(subscripts)
    x = x if x_order is None else np.transpose(x, x_order)
    y = y if y_order is None else np.transpose(y, y_order)
    stack, height, depth = x.shape[:batch], x.shape[batch : batch + rows], x.shape[batch + rows :]
    width = y.shape[batch + inner :]
    if rows != 1 or inner != 1:
        x = np.reshape(x, (*stack, math.prod(height), math.prod(depth)))
    if inner != 1 or columns != 1:
        y = np.reshape(y, (*stack, math.prod(depth), math.prod(width)))
    out = np.matmul(x, y)
    if rows != 1 or columns != 1:
        out = np.reshape(out, stack + height + width)
    return out if out_order is None else np.transpose(out, out_order)


def _contract_x(g: Any, out: Any, x: Any, y: Any, *, subscripts: str) -> Any:
    x_term, y_term, out_term = _split(subscripts)
    return contract(g, y, subscripts=f"{out_term},{y_term}->{x_term}")


def _contract_y(g: Any, out: Any, x: Any, y: Any, *, subscripts: str) -> Any:
    x_term, y_term, out_term = _split(subscripts)
    return contract(x, g, subscripts=f"{x_term},{out_term}->{y_term}")


contract.defvjp(
    _contract_x,
    _contract_y,
    saves=(("y",), ("x",)),
    local=("einsum(∇out, y)", "einsum(x, ∇out)"),
)


# --- one operand with a repeated index --------------------------------------------------------


@primitive(name="repeated_index")
def diagonal(x: Any, *, subscripts: str) -> Any:
    """The entries of ``x`` whose indices with the same label agree: ``iij->ij``."""
    return np.einsum(subscripts, x)


@primitive(name="on_repeated_index")
def embed(x: Any, *, subscripts: str, shape: Shape) -> Any:
    """The adjoint: an array of ``shape`` that has ``x`` on this diagonal and is 0 elsewhere."""
    labels = subscripts.partition("->")[0]
    first = [labels.index(label) for label in labels]  # where each axis's label stands first
    on_diagonal: Any = True
    for axis, earlier in enumerate(first):
        if earlier < axis:
            on_diagonal = on_diagonal & (_along(axis, x, shape) == _along(earlier, x, shape))
    spread = tuple([slice(None) if i == axis else None for axis, i in enumerate(first)])
    return np.where(on_diagonal, x[spread], 0)


def _along(axis: int, x: Any, shape: Shape) -> Any:
    """The index along ``axis`` of an array of ``shape``, broadcasting along the others."""
    return np.reshape(
        np.arange(shape[axis], like=x), [-1 if i == axis else 1 for i in range(len(shape))]
    )


diagonal.defvjp(
    lambda g, out, x, *, subscripts: embed(g, subscripts=subscripts, shape=x.shape),
    saves=(),
    local="∇out on the diagonal",
)
embed.defvjp(
    lambda g, out, x, *, subscripts, shape: diagonal(g, subscripts=subscripts),
    saves=(),
    local="the diagonal of ∇out",
)


# --- any number of operands -------------------------------------------------------------------

Step = tuple[Any, tuple[int, ...], dict[str, Any]]
"""An operation, the values it takes (operands first, then results of earlier steps), its static
arguments."""


class _Plan:
    """The steps from the operands to the result, worked out on labels alone."""

    def __init__(self, terms: list[str], sizes: dict[str, int]) -> None:
        self.labels = list(terms)  # of every value: the operands, then the result of each step
        self.sizes = sizes
        self.steps: list[Step] = []

    def add(self, operation: Any, *values: int, labels: str, **static: Any) -> int:
        self.steps.append((operation, values, static))
        self.labels.append(labels)
        return len(self.labels) - 1

    def distinct(self, value: int, shape: Shape) -> int:
        """Each index once, and none of size 1 that stretches: the product broadcasts by itself."""
        labels = self.labels[value]
        lengths = dict(zip(labels, shape, strict=True))
        kept = "".join(lengths)
        if kept != labels:
            value = self.add(diagonal, value, labels=kept, subscripts=f"{labels}->{kept}")
        full = "".join([c for c in kept if lengths[c] == self.sizes[c]])
        if full != kept:
            new_shape = tuple([lengths[c] for c in full])
            value = self.add(reshape, value, labels=full, shape=new_shape)
        return value

    def summed(self, value: int, needed: str) -> int:
        """Without the indices that nobody else needs."""
        labels = self.labels[value]
        axes = tuple([k for k, c in enumerate(labels) if c not in needed])
        if not axes:
            return value
        return self.add(
            sum_over, value, labels="".join([c for c in labels if c in needed]), axis=axes
        )

    def product(self, x: int, y: int, needed: str) -> int:
        x_term, y_term = self.labels[x], self.labels[y]
        labels = "".join([c for c in dict.fromkeys(x_term + y_term) if c in needed])
        return self.add(contract, x, y, labels=labels, subscripts=f"{x_term},{y_term}->{labels}")

    def arranged(self, value: int, wanted: str) -> None:
        """The result: a last product gives its axes in the order ``wanted``, else they are transposed."""
        labels = self.labels[value]
        if self.steps and self.steps[-1][0] is contract:
            _, values, static = self.steps.pop()
            factors = static["subscripts"].partition("->")[0]
            self.add(contract, *values, labels=wanted, subscripts=f"{factors}->{wanted}")
        elif labels != wanted or not self.steps:
            axes = tuple([labels.index(c) for c in wanted])
            self.add(transpose, value, labels=wanted, axes=axes)


@lru_cache(maxsize=4096)
def _steps(subscripts: str, shapes: tuple[Shape, ...], optimize: Any) -> list[Step]:
    """What to do with operands of these shapes."""
    terms, result, sizes = read_terms(subscripts, shapes)
    plan = _Plan(terms, sizes)
    left = [plan.distinct(i, shape) for i, shape in enumerate(shapes)]

    def needed_beside(*taken: int) -> str:
        return result + "".join([plan.labels[v] for v in left if v not in taken])

    for i, value in enumerate(left):
        left[i] = plan.summed(value, needed_beside(value))
    for group in _path([plan.labels[v] for v in left], result, sizes, optimize):
        taken = _taken(group, left, optimize)
        while len(taken) > 1:
            x, y, *others = taken
            product = plan.product(x, y, needed_beside(x, y))
            left = [v for v in left if v not in (x, y)] + [product]
            taken = [*others, product]
    plan.arranged(left[0], result)
    return plan.steps


def _path(terms: list[str], result: str, sizes: dict[str, int], optimize: Any) -> Any:
    """Which of three and more operands to contract first, as ``np.einsum_path`` puts it.

    The last group, all that are left, is ``...``.
    """
    if len(terms) < 3:
        return [...]
    if isinstance(optimize, tuple) and not isinstance(optimize[0], str):
        return [*optimize, ...]
    contraction = f"{','.join(terms)}->{result}"
    kin = [np.broadcast_to(0.0, [sizes[c] for c in term]) for term in terms]
    try:
        return [*np.einsum_path(contraction, *kin, optimize=optimize or "greedy")[0][1:], ...]
    except (KeyError, TypeError):
        raise _no_path(optimize) from None


def _taken(group: Any, left: list[int], optimize: Any) -> list[int]:
    if group is ...:
        return left
    if not isinstance(group, tuple) or not set(group) <= set(range(len(left))):
        raise _no_path(optimize)
    return [left[k] for k in sorted(set(group))]


def _no_path(optimize: Any) -> ValueError:
    return ValueError(
        f"einsum: optimize={optimize!r} is not a way to find the order. Expected False, True, "
        "'greedy', 'optimal', or a path that np.einsum_path returned."
    )


@implements(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """Sum products of the operands over the named axes that the result does not have.

    ``einsum("ij,jk->ik", a, b)`` is Σⱼ a[i, j] b[j, k]; without ``->`` the result has the indices
    that occur once, in alphabetical order.  An index that is repeated within a term takes the
    diagonal, ``...`` stands for the remaining axes, which broadcast, and axes of size 1 stretch.  The
    form ``einsum(a, [0, 1], b, [1, 2], [0, 2])`` says the same in numbers.  Three and more operands
    are contracted two at a time: in the order that ``optimize`` gives or names (``"greedy"``,
    ``"optimal"``), greedy by default.  Every contraction of two is one (stacked) matrix product.

    Raises ``ValueError`` where terms, shapes and result do not fit each other.

    >>> import autograd as ag
    >>> a = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> np.einsum("ij,ij->i", a, a)
    Tensor([ 5., 25.], made by einsum)
    >>> np.einsum("ii", a).backward()
    >>> a.grad
    Tensor([[1., 0.],
            [0., 1.]])

    The summation convention: A. Einstein, "Die Grundlage der allgemeinen Relativitätstheorie", 1916.
    """
    subscripts, arrays = separate(operands)
    values = [a if hasattr(a, "shape") else np.asarray(a) for a in arrays]
    shapes = tuple([v.shape for v in values])
    if isinstance(optimize, (list, tuple)):
        optimize = tuple(optimize[1:] if optimize[0] == "einsum_path" else optimize)
    for operation, taken, static in _steps(subscripts, shapes, optimize):
        values.append(operation(*[values[i] for i in taken], **static))
    return values[-1]
