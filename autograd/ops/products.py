"""Products of arrays: matmul and dot, and their relatives, which are contractions (``einsum.py``).

``matmul`` is a primitive of its own because it is the one that programs spend their time in: its
rules go straight to the matrix product, with transposed views that BLAS reads without a copy.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..backward import unbroadcast
from ..primitive import Binary, binary, implements
from .arithmetic import conjugated, multiply
from .einsum import contract, einsum
from .matrices import array_of
from .shape import reshape
from .subscripts import LETTERS

__all__ = [
    "cross",
    "dot",
    "inner",
    "kron",
    "matmul",
    "matvec",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
    "vecmat",
]


# --- matmul -----------------------------------------------------------------------------------


def _times_matrix(x: Any, y: Any) -> Any:
    """x @ y for a single matrix ``y``: a stack that lies in one piece is one product, not many."""
    if x.ndim > 2 and hasattr(x, "flags") and x.flags.c_contiguous:
        rows = np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return np.reshape(rows @ y, (*x.shape[:-1], y.shape[-1]))
    return x @ y


def _matmul(x: Any, y: Any) -> Any:
    """The matrix product of the last two axes; the others broadcast."""
    try:
        if getattr(x, "ndim", 0) > 2 and getattr(y, "ndim", 0) == 2:
            return _times_matrix(x, y)
        return np.matmul(x, y)
    except ValueError:
        raise ValueError(
            f"matmul: the shapes {np.shape(x)} and {np.shape(y)} do not fit. The last axis of the "
            "first must be as long as the last but one of the second (or the only one of a vector), "
            "and the axes before them must broadcast. Transpose one (x.mT), or multiply by a number "
            "with *."
        ) from None


def _column(x: Any) -> Any:
    return x.reshape((*x.shape, 1))


def _matmul_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    y = array_of(y)
    if y.ndim == 2:
        return _times_matrix(g, y.T)
    if y.ndim == 1:
        return _column(g) * y if x.ndim > 1 else g * y
    if x.ndim == 1:
        return unbroadcast(np.matmul(y, _column(g))[..., 0], x.shape)
    return unbroadcast(np.matmul(g, np.swapaxes(y, -1, -2)), x.shape)


def _matmul_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    x = array_of(x)
    if x.ndim == 2:
        return x.T @ g
    if x.ndim == 1:
        return _column(x) * np.expand_dims(g, -2) if y.ndim > 1 else g * x
    if y.ndim <= 2:  # the whole stack meets one matrix: laid flat, that is a single product
        count = math.prod(x.shape[:-1])
        rows = np.reshape(x, (count, x.shape[-1]))
        return rows.T @ np.reshape(g, (count, *y.shape[1:]))
    return unbroadcast(np.matmul(np.swapaxes(x, -1, -2), g), y.shape)


matmul = Binary(_matmul, "matmul", ["x", "y"], elementwise=False)
matmul.defvjp(_matmul_x, _matmul_y, saves=(("y",), ("x",)), local=("∇out · yᵀ", "xᵀ · ∇out"))
implements(np.matmul, np.linalg.matmul)(matmul)


# --- sums of products over chosen axes --------------------------------------------------------


@lru_cache(maxsize=1024)
def _tensordot_subscripts(x_ndim: int, y_ndim: int, x_axes: Any, y_axes: Any) -> str:
    x = LETTERS[:x_ndim]
    y = list(LETTERS[x_ndim : x_ndim + y_ndim])
    for i, j in zip(x_axes, y_axes, strict=True):
        y[j] = x[i]
    once = [label for label in [*x, *y] if (label in x) != (label in y)]
    return f"{x},{''.join(y)}->{''.join(once)}"


def _axis_tuple(axes: Any, ndim: int) -> tuple[int, ...]:
    axes = axes if isinstance(axes, (list, tuple)) else (axes,)
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise np.exceptions.AxisError(
                f"tensordot: axis {axis} is out of range for an operand with {ndim} axes "
                f"({-ndim} to {ndim - 1})."
            )
    return tuple([int(axis) % ndim for axis in axes])


def _summed_product(name: str, x: Any, y: Any, x_axes: Any, y_axes: Any) -> Any:
    """Σ x · y over pairs of axes; the result has the other axes of ``x``, then those of ``y``."""
    x_axes, y_axes = _axis_tuple(x_axes, x.ndim), _axis_tuple(y_axes, y.ndim)
    if [x.shape[i] for i in x_axes] != [y.shape[j] for j in y_axes]:
        raise ValueError(
            f"{name}: the axes {x_axes} of shape {x.shape} and the axes {y_axes} of shape {y.shape} "
            "differ in number or length. They are multiplied and summed in pairs: choose other axes, "
            "or transpose."
        )
    return contract(x, y, subscripts=_tensordot_subscripts(x.ndim, y.ndim, x_axes, y_axes))


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Σ a · b over pairs of axes: ``axes=(axes of a, axes of b)``, or the last and first ``n``.

    Raises ``ValueError`` for axes that differ in length, ``AxisError`` for one that does not exist.

    >>> np.tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), axes=((1, 2), (1, 0))).shape
    (2, 5)
    """
    a, b = array_of(a), array_of(b)
    if isinstance(axes, (int, np.integer)):
        return _summed_product("tensordot", a, b, [*range(-axes, 0)], [*range(axes)])
    return _summed_product("tensordot", a, b, *axes)


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """Σ over the last axis of ``a`` and the last but one of ``b`` (the only one of a vector).

    Up to two axes that is ``matmul``; with a 0-d operand it is ``multiply``.
    """
    a, b = array_of(a), array_of(b)
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    if b.ndim == 1 or (a.ndim <= 2 and b.ndim == 2):
        return matmul(a, b)
    return _summed_product("dot", a, b, -1, -2)


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Σ over the last axis of both: Σₖ a[..., k] b[..., k]."""
    a, b = array_of(a), array_of(b)
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    return _summed_product("inner", a, b, -1, -1)


def _entries(x: Any) -> Any:
    return reshape(array_of(x), (-1,))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """Σ ā b over all entries of both, read row by row."""
    return _summed_product("vdot", conjugated(_entries(a)), _entries(b), 0, 0)


@implements(np.outer, np.linalg.outer)
def outer(a: Any, b: Any) -> Any:
    """out[i, j] = a[i] b[j], of all entries of both, read row by row."""
    return contract(_entries(a), _entries(b), subscripts="i,j->ij")


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Every entry of ``a`` times the whole of ``b``, in blocks.

    >>> np.kron([1, 10], [1, 2, 3])
    array([ 1,  2,  3, 10, 20, 30])
    """
    a, b = array_of(a), array_of(b)
    ndim = max(a.ndim, b.ndim)
    blocks, entries = LETTERS[:ndim], LETTERS[26 : 26 + ndim]
    interleaved = "".join([i + j for i, j in zip(blocks, entries, strict=True)])
    a = reshape(a, (1,) * (ndim - a.ndim) + a.shape)
    b = reshape(b, (1,) * (ndim - b.ndim) + b.shape)
    out = contract(a, b, subscripts=f"{blocks},{entries}->{interleaved}")
    return reshape(out, tuple([n * m for n, m in zip(a.shape, b.shape, strict=True)]))


# --- stacks of vectors ------------------------------------------------------------------------


def _agree(name: str, x: Any, y: Any, x_axis: int, y_axis: int) -> None:
    """einsum would stretch an axis of size 1; these products do not."""
    if x.ndim < -x_axis or y.ndim < -y_axis or x.shape[x_axis] != y.shape[y_axis]:
        raise ValueError(
            f"{name}: axis {x_axis} of shape {x.shape} and axis {y_axis} of shape {y.shape} are "
            "multiplied and summed; they must exist and have the same length."
        )


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """Σ x̄1 · x2 over one axis, for stacks of vectors that broadcast."""
    x1, x2 = conjugated(array_of(x1)), array_of(x2)
    if axis != -1:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    _agree("vecdot", x1, x2, -1, -1)
    return einsum("...i,...i->...", x1, x2)


def matvec(x1: Any, x2: Any) -> Any:
    """A stack of matrices times a stack of vectors."""
    x1, x2 = array_of(x1), array_of(x2)
    _agree("matvec", x1, x2, -1, -1)
    return einsum("...ij,...j->...i", x1, x2)


def vecmat(x1: Any, x2: Any) -> Any:
    """A stack of row vectors, conjugated, times a stack of matrices."""
    x1, x2 = conjugated(array_of(x1)), array_of(x2)
    _agree("vecmat", x1, x2, -1, -2)
    return einsum("...i,...ij->...j", x1, x2)


for _name, _function in {"vecdot": vecdot, "matvec": matvec, "vecmat": vecmat}.items():
    if hasattr(np, _name):  # ufuncs since NumPy 2.0 and 2.2
        implements(getattr(np, _name))(_function)


# --- the vector product -----------------------------------------------------------------------


def _cross(x: Any, y: Any) -> Any:
    if x.shape[-1:] != (3,) or y.shape[-1:] != (3,):
        raise ValueError(
            f"cross: expected vectors of 3 components, got shapes {x.shape} and {y.shape} (the vectors "
            "along the last axis). Choose the axis, or give plane vectors a third component 0."
        )
    return np.cross(x, y)


_cross_product: Binary = binary(
    _cross,
    lambda g, out, x, y: _cross_product(y, g),
    lambda g, out, x, y: _cross_product(g, x),
    saves=(("y",), ("x",)),
    name="cross",
    local=("y × ∇out", "∇out × x"),
)


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector product of vectors with three components, in stacks that broadcast.

    Raises ``ValueError`` for another number of components.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(array_of(a), axisa, -1), np.moveaxis(array_of(b), axisb, -1)
    return np.moveaxis(_cross_product(a, b), -1, axisc)


@implements(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, axis: int = -1) -> Any:
    return cross(x1, x2, axis=axis)
