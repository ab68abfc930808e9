"""Diagonals and triangles: ``diagonal``, ``diag``, ``diagflat``, ``trace``, ``tril``, ``triu``.

Reading a diagonal and writing one into zeros are each other's gradient.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .reductions import sum
from .shape import reshape

__all__ = ["diag", "diagflat", "diagonal", "trace", "tril", "triu"]


@primitive(name="diagonal")
def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return np.diagonal(x, offset, axis1, axis2)


@primitive(name="on_diagonal")
def _on_diagonal(x: Any, *, offset: int, axis1: int, axis2: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``x`` on that diagonal."""
    out = np.zeros_like(x, shape=shape)
    i = np.arange(x.shape[-1], like=x)
    rows, columns = i + max(-offset, 0), i + max(offset, 0)
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., rows, columns] = x
    return out


_diagonal.defvjp(
    lambda g, out, x, *, offset, axis1, axis2: _on_diagonal(
        g, offset=offset, axis1=axis1, axis2=axis2, shape=x.shape
    ),
    saves=(),
    local="∇out on the diagonal",
)
_on_diagonal.defvjp(
    lambda g, out, x, *, offset, axis1, axis2, shape: _diagonal(
        g, offset=offset, axis1=axis1, axis2=axis2
    ),
    saves=(),
    local="the diagonal of ∇out",
)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries whose indices along ``axis1`` and ``axis2`` differ by ``offset``, as last axis."""
    return _diagonal(a, offset=offset, axis1=axis1, axis2=axis2)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The ``k``-th diagonal of a matrix; a matrix of zeros with ``v`` there, if it is a row."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag: expected one axis or two, got shape {v.shape}.")
    n = v.shape[0] + abs(k)
    return _on_diagonal(v, offset=k, axis1=0, axis2=1, shape=(n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """A matrix of zeros with all entries of ``v`` on its ``k``-th diagonal."""
    return diag(reshape(v, (-1,)), k)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sum of a diagonal."""
    return sum(diagonal(a, offset, axis1, axis2), -1, dtype)


@primitive(name="tril")
def _tril(x: Any, *, k: int) -> Any:
    return np.tril(x, k)


@primitive(name="triu")
def _triu(x: Any, *, k: int) -> Any:
    return np.triu(x, k)


def _folded(g: Any, x: Any) -> Any:
    """Of a row NumPy makes a square matrix first, by repeating it."""
    return np.sum(g, axis=0) if x.ndim == 1 else g


_tril.defvjp(
    lambda g, out, x, *, k: _folded(np.tril(g, k), x), saves=(), local="∇out below the diagonal"
)
_triu.defvjp(
    lambda g, out, x, *, k: _folded(np.triu(g, k), x), saves=(), local="∇out above the diagonal"
)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """``m`` with zeros above its ``k``-th diagonal."""
    return _tril(m, k=k)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """``m`` with zeros below its ``k``-th diagonal."""
    return _triu(m, k=k)
