"""Determinants: det and slogdet.

det is a polynomial in the entries, so it has every derivative at every matrix.  Its gradient is the
matrix of cofactors, and the usual formula for it, det(A) A⁻ᵀ, is no use at a singular matrix.  Here
it is taken from the singular value decomposition A = U S Vᵀ, where it is exact: there the cofactors
are those of the diagonal matrix S, products of all singular values but one (P. Stewart, "On the
adjugate matrix", 1998), and their slope has products of all but two.

Reference for the regular case: M. Giles, "Collected matrix derivative results for forward and
reverse mode algorithmic differentiation", 2008.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .linalg import inv
from .matrices import array_of, identity_like, mT, phrased

__all__ = ["cofactors", "det", "slogdet"]


def _products_before(s: Any) -> Any:
    """s₀ ⋯ sᵢ₋₁ for every i, along the last axis."""
    return np.cumprod(np.concatenate([np.ones_like(s[..., :1]), s[..., :-1]], axis=-1), axis=-1)


def _products_after(s: Any) -> Any:
    """sᵢ₊₁ ⋯ sₙ₋₁ for every i, along the last axis."""
    return np.flip(_products_before(np.flip(s, -1)), -1)


def _without_two(s: Any) -> Any:
    """The products of all entries of ``s`` but the i-th and the k-th; 0 for i = k."""
    later = np.triu(np.ones_like(s[..., None] * s[..., None, :]), 1)
    between = _products_before(np.where(later == 1, s[..., None, :], 1))
    upper = _products_before(s)[..., None] * between * _products_after(s)[..., None, :] * later
    return upper + mT(upper)


def _rotations(x: Any) -> tuple[Any, Any, Any]:
    """x = U S Vᵀ with det(U) det(V) = 1, so that the cofactors of ``x`` are those of S, turned alike.

    The price is that the last singular value has the sign of det(x).
    """
    u, s, vt = np.linalg.svd(x)
    sign = np.rint(np.linalg.det(u) * np.linalg.det(vt))[..., None]
    u[..., -1:] *= sign[..., None]
    s[..., -1:] *= sign
    return u, s, vt


@primitive(name="cofactors")
def cofactors(x: Any) -> Any:
    """The gradient of det: det(A) A⁻ᵀ where A is regular, the transposed adjugate everywhere."""
    u, s, vt = _rotations(x)
    return (u * (_products_before(s) * _products_after(s))[..., None, :]) @ vt


@primitive(name="cofactor_slope")
def _slope(x: Any, h: Any) -> Any:
    """The derivative of the cofactors of ``x`` in the direction ``h``: det's second derivative."""
    u, s, vt = _rotations(x)
    turned = mT(u) @ h @ mT(vt)
    pairs = _without_two(s)
    on_diagonal = pairs @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
    return u @ (identity_like(pairs) * on_diagonal - pairs * mT(turned)) @ vt


def _third(x: Any, h: Any, g: Any) -> Any:
    """det's third derivative in the directions ``h`` and ``g``, by the inverse."""
    n = inv(x)
    _refuse_nearly_singular(x, n)
    nh, ng = n @ h, n @ g
    h_trace, g_trace, both = _trace(nh), _trace(ng), _trace(ng @ nh)
    inner = (h_trace * g_trace - both) * n - h_trace * (ng @ n) - g_trace * (nh @ n)
    return det(x)[..., None, None] * mT(inner + ng @ nh @ n + nh @ ng @ n)


def _refuse_nearly_singular(x: Any, inverse: Any) -> None:
    """The third derivative loses the square of the condition number: at most half the digits."""
    condition = np.linalg.matrix_norm(x) * np.linalg.matrix_norm(inverse)
    if np.any(condition > float(np.finfo(x.dtype).eps) ** -0.25):
        raise np.linalg.LinAlgError(
            "det: its third derivative is computed from the inverse, and a matrix is too near to a "
            "singular one for that. Move it away, or write det out for small matrices."
        )


def _trace(x: Any) -> Any:
    return np.sum(x * identity_like(x), axis=(-2, -1), keepdims=True)


@primitive(name="det")
@phrased("det", "Expected square matrices of finite numbers.")
def _det(x: Any) -> Any:
    return np.linalg.det(x)


_det.defvjp(
    lambda g, out, x: np.expand_dims(g, (-1, -2)) * cofactors(x),
    saves="x",
    local="∇out · adj(x)ᵀ",
    real=True,
)
cofactors.defvjp(lambda g, out, x: _slope(x, g), saves="x", local="slope of the cofactors")
_slope.defvjp(
    lambda g, out, x, h: _third(x, h, g),
    lambda g, out, x, h: _slope(x, g),
    saves=(("x", "h"), ("x",)),
    local=("slope of the slope", "slope of the cofactors"),
)


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant: ∇A = ∇out · adj(A)ᵀ.

    Exact at singular matrices, in the second order too.  Derivatives of the third order and higher go
    through A⁻¹ and raise ``LinAlgError`` at matrices that are singular or nearly so.

    >>> import autograd as ag
    >>> a = ag.Tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)  # singular
    >>> np.linalg.det(a).backward()
    >>> np.round(a.grad, 12)
    Tensor([[ 4., -2.],
            [-2.,  1.]])
    """
    return _det(array_of(a))


@primitive(name="slogdet")
@phrased("slogdet", "Expected square matrices of finite numbers.")
def _slogdet(x: Any) -> Any:
    return np.linalg.slogdet(x)


_slogdet.defvjp(
    lambda g, out, x: np.expand_dims(g[1], (-1, -2)) * mT(inv(x)),
    saves="x",
    local="∇logabsdet · x⁻ᵀ",
    real=True,
)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """The sign of the determinant and the logarithm of its absolute value: ∇A = ∇logabsdet · A⁻ᵀ.

    The gradient of a singular matrix, where the logarithm is -inf, raises ``LinAlgError``.
    """
    return _slogdet(array_of(a))
