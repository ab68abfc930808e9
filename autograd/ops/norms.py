"""Norms of vectors and matrices, and the condition number.

At a kink: the 2-norm (and Frobenius norm) of zeros has gradient 0, and no second derivative (nan);
entries that are 0 have gradient 0 in the 1-norm and in every p-norm; ties in the norms of order
±inf, 2 and -2 (equal singular values) share evenly; a singular value of 0 contributes nothing to the
nuclear norm and to order -2.  Huge and tiny entries neither overflow nor vanish: the sums are taken of
scaled entries where that is needed.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .arithmetic import absolute, conjugated, slope_of_size
from .choosing import where
from .decompositions import svdvals
from .linalg import inv
from .matrices import array_of
from .ordering import max as largest
from .ordering import min as smallest
from .reductions import Axis, restore
from .reductions import sum as sum_over
from .shape import expand_dims, moveaxis

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]


# --- vectors ----------------------------------------------------------------------------------


def _unit(x: Any) -> Any:
    """``x`` where it can be a divisor, else 1."""
    return np.where((x > 0) & np.isfinite(x), x, 1)


def _root_of_squares(x: Any, axis: Any) -> Any:
    """√Σx² as it comes, with the axes kept."""
    if isinstance(axis, tuple) and len(axis) != 2:
        return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=True))
    return np.linalg.norm(x, None, axis, True)


@primitive(name="norm")
def _two_norm(x: Any, *, axis: Any, keepdims: bool) -> Any:
    """√Σx², again with entries scaled to 1 where the squares overflow or vanish."""
    with np.errstate(over="ignore", under="ignore"):
        out = _root_of_squares(x, axis)
        info = np.finfo(out.dtype)
        if np.any(np.isinf(out) | (out < np.sqrt(info.tiny) / info.eps)):
            scale = _unit(np.max(np.abs(x), axis=axis, keepdims=True)) if x.size else 1
            out = scale * _root_of_squares(x / scale, axis)
    return out if keepdims else np.squeeze(out, axis)


def _two_norm_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """g · x / out, and 0 where out is 0.  (There the second derivative is nan: it does not exist.)"""
    out = restore(out, x, axis, keepdims)
    return restore(g, x, axis, keepdims) * np.where(out == 0, 0, conjugated(x) / out)


_two_norm.defvjp(_two_norm_rule, saves="out x", local="∇out · x / out")


@primitive(name="p_norm")
def _p_norm(x: Any, *, p: float, axis: Axis, keepdims: bool) -> Any:
    """(Σ|x|ᵖ)^(1/p), of entries scaled to at most 1 (for negative p to at least 1)."""
    size = np.abs(x)
    end = np.max if p > 0 else np.min
    scale = _unit(end(size, axis=axis, keepdims=True)) if x.size else 1
    with np.errstate(divide="ignore", under="ignore"):
        total = np.sum((size / scale) ** p, axis=axis, keepdims=True)
        out = scale * total ** (1 / p)
    return out if keepdims else np.squeeze(out, axis)


def _p_norm_rule(g: Any, out: Any, x: Any, *, p: float, axis: Axis, keepdims: bool) -> Any:
    """g · sign x · (|x| / out)^(p-1), and 0 where x is 0."""
    slope = slope_of_size(x) * (np.abs(x) / restore(out, x, axis, keepdims)) ** (p - 1)
    return restore(g, x, axis, keepdims) * np.where(x == 0, 0, slope)


_p_norm.defvjp(_p_norm_rule, saves="out x", local="∇out · sign x · (|x| / out)^(p-1)")


def _vector(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return _two_norm(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_over(absolute(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return largest(absolute(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return smallest(absolute(x), axis=axis, keepdims=keepdims)
    if isinstance(ord, str) or ord == 0 or ord != ord:
        raise ValueError(
            f"norm: ord={ord!r} is not a norm of vectors with a derivative. Expected inf, -inf or any "
            "other number but 0; entries are counted with np.count_nonzero(t.data)."
        )
    return _p_norm(x, p=float(ord), axis=axis, keepdims=keepdims)


# --- matrices ---------------------------------------------------------------------------------


def _nonzero_singular_values(x: Any) -> Any:
    """Those that are no more than rounding errors of the largest are 0, with gradient 0."""
    s = svdvals(x)
    resolution = max(x.shape[-2:]) * float(np.finfo(s.dtype).eps)
    return where(s > resolution * s[..., :1], s, 0)


def _mean_near(s: Any, end: Any, x: Any) -> Any:
    """The largest or smallest singular value; those equal up to rounding share it evenly."""
    resolution = max(x.shape[-2:]) * float(np.finfo(s.dtype).eps)
    near = absolute(s - end(s, axis=-1, keepdims=True)) <= resolution * s[..., :1]
    count = sum_over(where(near, np.ones_like(s), 0), axis=-1)
    return sum_over(where(near, s, 0), axis=-1) / count


_MATRIX_NORMS: dict[Any, Any] = {
    1: lambda x: largest(sum_over(absolute(x), axis=-2), axis=-1),
    -1: lambda x: smallest(sum_over(absolute(x), axis=-2), axis=-1),
    np.inf: lambda x: largest(sum_over(absolute(x), axis=-1), axis=-1),
    -np.inf: lambda x: smallest(sum_over(absolute(x), axis=-1), axis=-1),
    2: lambda x: _mean_near(_nonzero_singular_values(x), largest, x),
    -2: lambda x: _mean_near(_nonzero_singular_values(x), smallest, x),
    "nuc": lambda x: sum_over(_nonzero_singular_values(x), axis=-1),
}


def _matrix(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == "fro":
        return _two_norm(x, axis=axes, keepdims=keepdims)
    if ord not in _MATRIX_NORMS:
        raise ValueError(
            f"norm: ord={ord!r} is not a norm of matrices. Expected 'fro', 'nuc', inf, -inf, 1, -1, 2 "
            "or -2."
        )
    out = _MATRIX_NORMS[ord](moveaxis(x, axes, (-2, -1)))
    return expand_dims(out, axes) if keepdims else out


# --- NumPy's functions ------------------------------------------------------------------------


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of vectors (one ``axis``) or matrices (two), by default of all entries together.

    ======  ======================================  ============================
    ord     vectors                                 matrices
    ======  ======================================  ============================
    None    √Σx²                                    √Σx²
    'fro'                                           √Σx²
    'nuc'                                           Σ singular values
    inf     max |x|                                 largest row sum of |x|
    -inf    min |x|                                 smallest row sum of |x|
    1       Σ|x|                                    largest column sum of |x|
    -1      (Σ|x|ᵖ)^(1/p) with p = -1               smallest column sum of |x|
    2       √Σx²                                    largest singular value
    -2      (Σ|x|ᵖ)^(1/p) with p = -2               smallest singular value
    p       (Σ|x|ᵖ)^(1/p)
    ======  ======================================  ============================

    Kinks are as the module says.  Raises ``ValueError`` for an order that is none of these (0, the
    number of entries that are not 0, has no derivative), or more than two axes.

    >>> import autograd as ag
    >>> x = ag.Tensor([3.0, 4.0], requires_grad=True)
    >>> np.linalg.norm(x).backward()
    >>> x.grad
    Tensor([0.6, 0.8])
    """
    x = _floating(x)
    if axis is None:
        if ord is None:
            return _two_norm(x, axis=None, keepdims=keepdims)
        axis = tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple([_position(i, x.ndim) for i in axes])
    if len(axes) == 1:
        return _vector(x, ord, axes[0], keepdims)
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(
            f"norm: expected one axis (vectors) or two different ones (matrices), got {axis} for shape "
            f"{x.shape} and ord={ord!r}. Choose axes, or np.linalg.vector_norm for all entries."
        )
    return _matrix(x, ord, axes, keepdims)


def _floating(x: Any) -> Any:
    x = array_of(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def _position(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(
            f"norm: axis {axis} is out of range for {ndim} axes ({-ndim} to {ndim - 1})."
        )
    return axis % ndim


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """:func:`norm` of all entries along the axes, taken as one vector."""
    return _vector(_floating(x), ord, axis, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """:func:`norm` of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number ‖A‖ ‖A⁻¹‖; for the 2-norm the ratio of the outer singular values."""
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))
