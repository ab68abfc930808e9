"""Decompositions: cholesky, eigh, svd, qr.

**Which triangle.**  ``cholesky`` and ``eigh`` read one triangle of their argument.  The gradient is
that of the function as it is computed: entries of the triangle that is not read have gradient 0,
those of the other one the whole slope.  For a matrix that is symmetric by construction (``x @ x.T``)
the chain rule makes no difference between this and a symmetric gradient.

**Equal eigenvalues or singular values.**  Functions of the *values* alone that treat them alike (sums
of powers, log-determinants, norms) have the right gradient there.  Single *vectors* are not
differentiable, since they can be turned within their common space: where a result changes with that
turn the gradient is nan.  It is also nan for what would be smooth as a whole but can't be told apart
by values and vectors: the gradient of ``V h(w) Vᵀ``, and second derivatives of functions of the values.
What does not involve the vectors of the equal values is not affected.  The same holds for left and
right singular vectors where a singular value is 0.

References: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008; I. Murray, "Differentiation of the Cholesky decomposition", 2016;
J. Townsend, "Differentiating the singular value decomposition", 2016; S. Walter and L. Lehmann,
"Algorithmic differentiation of linear algebra functions with application in optimum experimental
design", 2010 (qr).
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .joining import concatenate
from .matrices import array_of, identity_like, mT, phrased

__all__ = ["cholesky", "eigh", "eigvalsh", "qr", "svd", "svdvals"]


def _halved(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return (np.tril(x) + np.tril(x, -1)) * 0.5


# --- cholesky ---------------------------------------------------------------------------------


@primitive(name="cholesky")
@phrased("cholesky", "Make the matrix symmetric; adding a small multiple of the identity may help.")
def _cholesky(x: Any) -> Any:
    return np.linalg.cholesky(x)


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    """L⁻ᵀ Φ(Lᵀ ∇L) L⁻¹, folded onto the lower triangle."""
    lt = mT(out)
    right = np.linalg.solve(lt, _halved(lt @ g))
    s = np.linalg.solve(lt, mT(right))
    return _halved(s + mT(s))


_cholesky.defvjp(_cholesky_rule, saves="out", local="L⁻ᵀ Φ(Lᵀ ∇L) L⁻¹", real=True)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """L with A = L Lᵀ, lower triangular (with ``upper=True`` its transpose), of the triangle it names.

    Raises ``LinAlgError`` for a matrix that is not positive definite.

    >>> import autograd as ag
    >>> a = ag.Tensor([[4.0, 0.0], [0.0, 9.0]], requires_grad=True)
    >>> np.linalg.cholesky(a).sum().backward()
    >>> a.grad
    Tensor([[0.25      , 0.        ],
            [0.5       , 0.16666667]])
    """
    a = array_of(a)
    return mT(_cholesky(mT(a))) if upper else _cholesky(a)


# --- equal values -----------------------------------------------------------------------------


@primitive(name="over_gap", elementwise=True)
def _over_gap(x: Any, gap: Any, tie: Any, missing: Any) -> Any:
    """x / gap; at a tie 0 where ``x`` is ``missing``, and nan where it is not."""
    at_tie = np.where(missing, np.zeros_like(x), np.nan)
    return np.where(tie, at_tie, x / np.where(tie, 1, gap))


_over_gap.defvjp(
    lambda g, out, x, gap, tie, missing: _over_gap(g, gap, tie, _negligible(g, g)),
    lambda g, out, x, gap, tie, missing: -_over_gap(g * out, gap, tie, out == 0),
    saves=(("gap", "tie"), ("out", "gap", "tie")),
    local="∇out / gap",
)


def _negligible(x: Any, beside: Any) -> Any:
    """Where ``x`` is nothing but rounding errors of the matrix ``beside``."""
    resolution = 100 * float(np.finfo(x.dtype).eps)
    return np.abs(x) <= resolution * np.sum(np.abs(beside), axis=(-2, -1), keepdims=True)


def _pairs(x: Any, largest: Any, combine: Any) -> Any:
    """``combine(xⱼ, xᵢ)`` for all pairs; on the diagonal, which is not used, something that is not 0."""
    unit = np.where(largest == 0, 1, largest)
    return (
        combine(x[..., None, :], x[..., :, None])
        + identity_like(x[..., None, :] * x[..., None]) * unit
    )


# --- eigh -------------------------------------------------------------------------------------


@primitive(name="eigh")
@phrased("eigh", "Expected square symmetric matrices of finite numbers.")
def _eigh(x: Any, *, UPLO: Any) -> Any:
    return np.linalg.eigh(x, UPLO)


def _eigh_rule(g: Any, out: Any, x: Any, *, UPLO: str) -> Any:
    """V (diag ∇w + (Vᵀ∇V - ∇VᵀV) / 2(wⱼ - wᵢ)) Vᵀ, folded onto the triangle that is read."""
    (gw, gv), (w, v) = g, out
    turn = mT(v) @ gv
    largest = np.maximum(np.abs(w[..., :1]), np.abs(w[..., -1:]))[..., None]
    gap = _pairs(w, largest, np.subtract)
    tie = np.abs(gap) <= w.shape[-1] * float(np.finfo(w.dtype).eps) * largest
    inner = _over_gap(turn - mT(turn), gap, tie, _negligible(turn, turn)) * 0.5
    s = ((v * gw[..., None, :]) + v @ inner) @ mT(v)
    lower = 2 * _halved(s)
    return lower if UPLO in "Ll" else mT(lower)


_eigh.defvjp(_eigh_rule, saves="out", local="V (diag ∇w + F ∘ Vᵀ∇V) Vᵀ", real=True)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues w (ascending) and eigenvectors V of a symmetric matrix, A = V diag(w) Vᵀ.

    ∇A = V (diag(∇w) + F ∘ (Vᵀ∇V)) Vᵀ with F[i, j] = 1 / (wⱼ - wᵢ).  Where eigenvalues are equal, see
    the module's text: right for functions of the eigenvalues, nan for single eigenvectors.  ``UPLO``
    names the triangle that is read, and that the gradient is of.

    Raises ``ValueError`` for another ``UPLO``.
    """
    if UPLO not in ("L", "U", "l", "u"):
        raise ValueError(
            f"eigh: UPLO={UPLO!r} is not a triangle. Expected 'L' (lower) or 'U' (upper)."
        )
    return _eigh(array_of(a), UPLO=UPLO)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, ascending: ∇A = V diag(∇w) Vᵀ.

    >>> import autograd as ag
    >>> a = ag.Tensor(np.eye(2), requires_grad=True)  # equal eigenvalues
    >>> np.sum(np.linalg.eigvalsh(a) ** 2).backward()
    >>> a.grad
    Tensor([[2., 0.],
            [0., 2.]])
    """
    return eigh(a, UPLO).eigenvalues


# --- svd --------------------------------------------------------------------------------------


@primitive(name="svd")
@phrased("svd", "Expected matrices of finite numbers.")
def _svd(x: Any, *, full_matrices: bool) -> Any:
    return np.linalg.svd(x, full_matrices=full_matrices)


def _thin(gu: Any, u: Any, k: int) -> tuple[Any, Any, Any]:
    """The first ``k`` vectors, with the gradient that comes to them by staying normal to the others.

    The last is 0, or nan where the result depends on how the others are turned among themselves.
    """
    rest, g_rest = u[..., k:], gu[..., k:]
    u, gu = u[..., :k], gu[..., :k]
    turn = mT(rest) @ g_rest
    undefined = np.where(_negligible(turn - mT(turn), g_rest), 0, np.nan)
    return gu - rest @ (mT(g_rest) @ u), u, np.sum(undefined, axis=(-2, -1), keepdims=True)


def _svd_rule(g: Any, out: Any, x: Any, *, full_matrices: bool) -> Any:
    (gu, gs, gvt), (u, s, vt) = g, out
    gv, v = mT(gvt), mT(vt)
    undefined: Any = 0
    if full_matrices:
        gu, u, u_undefined = _thin(gu, u, s.shape[-1])
        gv, v, v_undefined = _thin(gv, v, s.shape[-1])
        undefined = u_undefined + v_undefined
    u_turn, v_turn = mT(u) @ gu, mT(v) @ gv
    resolution = max(x.shape[-2:]) * float(np.finfo(s.dtype).eps) * s[..., None, :1]
    inner = _svd_inner(u_turn, v_turn, s, resolution) + identity_like(u_turn) * gs[..., None, :]
    gx = u @ inner @ mT(v)
    row = s[..., None, :]
    zero = row <= resolution
    if x.shape[-2] > x.shape[-1]:
        outside = gu - u @ u_turn
        gx = gx + _over_gap(outside, row, zero, _negligible(outside, gu)) @ mT(v)
    if x.shape[-1] > x.shape[-2]:
        outside = gv - v @ v_turn
        gx = gx + u @ mT(_over_gap(outside, row, zero, _negligible(outside, gv)))
    return gx + undefined


def _svd_inner(u_turn: Any, v_turn: Any, s: Any, resolution: Any) -> Any:
    """What the turning of the vectors contributes, in their own basis.

    With the antisymmetric parts P of UᵀU̅ and Q of VᵀV̅, (P sⱼ + sᵢ Q) / (sⱼ² - sᵢ²) is written as
    partial fractions, so that equal values touch only the first and zeros only the second.
    """
    p, q = u_turn - mT(u_turn), v_turn - mT(v_turn)
    difference = _pairs(s, s[..., None, :1], np.subtract)
    total = _pairs(s, s[..., None, :1], np.add)
    unturned = _negligible(u_turn, u_turn) & _negligible(v_turn, v_turn)
    together = _over_gap(p + q, difference, np.abs(difference) <= resolution, unturned)
    apart = _over_gap(p - q, total, total <= resolution, unturned)
    return (together + apart) * 0.5


_svd.defvjp(_svd_rule, saves="out", local="U (diag ∇S + turns of U and V) Vᵀ", real=True)


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, S, Vᵀ with A = U diag(S) Vᵀ, singular values descending; with ``compute_uv=False`` only S.

    For equal or zero singular values see the module's text.  With ``full_matrices=True`` a result may
    depend on the space of the vectors that are added, not on the vectors: else the gradient is nan.
    ``hermitian=True`` raises ``TypeError``: leave it out.

    >>> import autograd as ag
    >>> a = ag.Tensor([[3.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> np.linalg.svd(a, compute_uv=False).sum().backward()
    >>> a.grad
    Tensor([[1., 0.],
            [0., 1.]])
    """
    if hermitian:
        raise TypeError(
            "svd: hermitian=True is not supported on tensors. Leave it out, or use eigh."
        )
    a = array_of(a)
    return _svd(a, full_matrices=full_matrices) if compute_uv else svdvals(a)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """The singular values, descending: ∇A = U diag(∇S) Vᵀ."""
    return _svd(array_of(x), full_matrices=False)[1]


# --- qr ---------------------------------------------------------------------------------------


@primitive(name="qr")
@phrased("qr", "Expected matrices.")
def _qr(x: Any) -> Any:
    return np.linalg.qr(x)


def _qr_rule(g: Any, out: Any, x: Any) -> Any:
    """(∇Q + Q sym(R∇Rᵀ - ∇QᵀQ)) R⁻ᵀ, where sym copies the lower triangle to the upper one."""
    (gq, gr), (q, r) = g, out
    m = r @ mT(gr) - mT(gq) @ q
    left = gq + q @ (np.tril(m) + mT(np.tril(m, -1)))
    return mT(np.linalg.solve(r, mT(left)))


_qr.defvjp(_qr_rule, saves="out", local="(∇Q + Q sym(R∇Rᵀ - ∇QᵀQ)) R⁻ᵀ", real=True)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and R upper triangular, A = QR; with ``mode="r"`` only R.

    The first columns (as many as there are rows, at most) must be independent: else the gradient
    raises ``LinAlgError``.  Raises ``ValueError`` for the modes ``"complete"``, where the added columns
    are arbitrary, and ``"raw"``.
    """
    a = array_of(a)
    if mode not in ("reduced", "r") and not (mode == "complete" and a.shape[-2] <= a.shape[-1]):
        raise ValueError(
            f"qr: mode={mode!r} has no derivative for the shape {a.shape}. Use 'reduced' or 'r'."
        )
    rows = a.shape[-2]
    if a.shape[-1] <= rows:
        out = _qr(a)
        return out.R if mode == "r" else out
    out = _qr(a[..., :rows])
    r = concatenate([out.R, mT(out.Q) @ a[..., rows:]], axis=-1)
    return r if mode == "r" else type(out)(out.Q, r)
