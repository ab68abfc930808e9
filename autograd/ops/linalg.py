"""Linear systems: inverse, solve, least squares, powers and chains of matrices.

All take stacks of matrices (any axes before the last two) where NumPy does.  A singular matrix
raises ``numpy.linalg.LinAlgError``, as in NumPy.

The rules are those of M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008, and for pseudo-inverses of G. Golub and V. Pereyra, "The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate",
1973.  Determinants are in ``determinants.py``, decompositions in ``decompositions.py``.
"""

import math
from typing import Any

import numpy as np

from ..backward import unbroadcast
from ..primitive import implements, primitive
from .choosing import where
from .decompositions import svdvals
from .diagonals import diagonal, trace
from .matrices import array_of, identity_like, mT, phrased
from .products import matmul
from .shape import expand_dims, reshape, transpose

__all__ = [
    "inv",
    "lstsq",
    "matrix_power",
    "multi_dot",
    "pinv",
    "solve",
    "tensorinv",
    "tensorsolve",
]


# --- inverse and solve ------------------------------------------------------------------------


@primitive(name="inv")
@phrased("inv", "Use np.linalg.pinv, or add a multiple of the identity.")
def _inv(x: Any) -> Any:
    return np.linalg.inv(x)


_inv.defvjp(lambda g, out, x: -(mT(out) @ g @ mT(out)), saves="out", local="-outᵀ · ∇out · outᵀ")


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """The inverse: d(A⁻¹) = -A⁻¹ dA A⁻¹.  Raises ``LinAlgError`` for a singular matrix.

    >>> import autograd as ag
    >>> a = ag.Tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> np.linalg.inv(a).sum().backward()
    >>> a.grad
    Tensor([[-0.25  , -0.125 ],
            [-0.125 , -0.0625]])
    """
    return _inv(array_of(a))


@primitive(name="solve")
@phrased("solve", "Use np.linalg.lstsq for a system without exactly one solution.")
def _solve(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def _column(x: Any, b: Any) -> Any:
    """Vectors as matrices of one column, where the right side ``b`` is a vector."""
    return expand_dims(x, -1) if b.ndim == 1 else x


def _solve_a(g: Any, out: Any, a: Any, b: Any) -> Any:
    z = _solve(mT(a), _column(g, b))
    return unbroadcast(-(z @ mT(_column(out, b))), a.shape)


def _solve_b(g: Any, out: Any, a: Any, b: Any) -> Any:
    z = _solve(mT(a), _column(g, b))
    return unbroadcast(z[..., 0] if b.ndim == 1 else z, b.shape)


_solve.defvjp(
    _solve_a,
    _solve_b,
    saves=(("a", "out"), ("a",)),
    local=("-solve(aᵀ, ∇out) · outᵀ", "solve(aᵀ, ∇out)"),
)


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """x with A x = b: one vector ``b`` of shape (n,), or (stacks of) matrices (..., n, k).

    With z = A⁻ᵀ ∇x: ∇b = z and ∇A = -z xᵀ.  Raises ``LinAlgError`` for a singular matrix.

    >>> import autograd as ag
    >>> b = ag.Tensor([2.0, 4.0], requires_grad=True)
    >>> np.linalg.solve([[2.0, 0.0], [0.0, 8.0]], b).sum().backward()
    >>> b.grad
    Tensor([0.5  , 0.125])
    """
    return _solve(array_of(a), array_of(b))


# --- pseudo-inverse and least squares ---------------------------------------------------------


@primitive(name="pinv")
@phrased("pinv", "Expected matrices of finite numbers.")
def _pinv(x: Any, **cutoff: Any) -> Any:
    return np.linalg.pinv(x, **cutoff)


def _pinv_rule(g: Any, p: Any, x: Any, **cutoff: Any) -> Any:
    pT, gT = mT(p), mT(g)
    outside_range = gT - x @ (p @ gT)
    outside_rows = gT - (gT @ p) @ x
    gx = outside_range @ (p @ pT) + (pT @ p) @ outside_rows - pT @ g @ pT
    return gx + _undefined_if_truncated(x, p)


def _undefined_if_truncated(x: Any, p: Any) -> Any:
    """0, or nan where ``p`` leaves out singular values of ``x`` that are more than rounding errors."""
    resolution = float(np.sqrt(np.finfo(x.dtype).eps))
    size = np.sum(np.abs(x), axis=(-2, -1), keepdims=True)
    undefined = np.where(np.abs(x - x @ p @ x) <= resolution * size, 0, np.nan)
    return np.sum(undefined, axis=(-2, -1), keepdims=True)


_pinv.defvjp(_pinv_rule, saves=("out", "x"), local="-outᵀ · ∇out · outᵀ + ...", real=True)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The pseudo-inverse A⁺ of Moore and Penrose; for full column rank (AᵀA)⁻¹Aᵀ.

    dA⁺ = -A⁺ dA A⁺ + A⁺A⁺ᵀ dAᵀ (I - AA⁺) + (I - A⁺A) dAᵀ A⁺ᵀA⁺.  Where the rank is not full, A⁺
    jumps; this is its derivative among the matrices of that rank.  If ``rcond`` or ``rtol`` cuts off
    singular values that are not zero, the gradient is nan: build that inverse with ``svd``.
    ``hermitian=True`` raises ``TypeError``: leave it out.
    """
    if hermitian:
        raise TypeError(
            "pinv: hermitian=True is not supported on tensors. Leave it out: it only says that the "
            "matrix is symmetric, which may save time."
        )
    cutoff = {"rcond": rcond, "rtol": rtol}
    return _pinv(
        array_of(a), **{name: value for name, value in cutoff.items() if value is not None}
    )


@primitive(name="lstsq")
@phrased("lstsq", "Expected one matrix (m, n) and a right side (m,) or (m, k).")
def _lstsq(a: Any, b: Any, *, rcond: Any) -> Any:
    return np.linalg.lstsq(a, b, rcond=rcond)[0]


def _lstsq_a(g: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    g, x, b = _column(g, b), _column(out, b), _column(b, b)
    p = _pinv(a, rcond=_cutoff(a.shape, a.dtype, rcond))
    z = mT(p) @ g
    outside_rows = g - mT(a) @ z
    ga = (b - a @ x) @ mT(p @ z) + (mT(p) @ x) @ mT(outside_rows) - z @ mT(x)
    return ga + _undefined_if_truncated(a, p)


def _lstsq_b(g: Any, out: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    return mT(_pinv(a, rcond=_cutoff(a.shape, a.dtype, rcond))) @ g


_lstsq.defvjp(
    _lstsq_a,
    _lstsq_b,
    saves=(("out", "a", "b"), ("a",)),
    local=("-a⁺ᵀ · ∇out · outᵀ + ...", "a⁺ᵀ · ∇out"),
    real=True,
)


def _cutoff(shape: tuple[int, ...], dtype: Any, rcond: Any) -> float:
    """Singular values below so many times the largest one count as zero."""
    eps = float(np.finfo(dtype).eps)
    if rcond is None:
        return eps * max(shape)
    return eps if rcond == -1 else float(rcond)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """The x that minimizes ‖b - A x‖₂ (the shortest one), the squared residuals, rank, singular values.

    The solution is A⁺ b and has its derivative (see :func:`pinv`), for every rank; residuals are
    given, as in NumPy, where the rank is full and there are more rows than columns.
    """
    a, b = array_of(a), array_of(b)
    x = _lstsq(a, b, rcond=rcond)
    s = svdvals(a)
    rank = int(np.count_nonzero(s > _cutoff(a.shape, s.dtype, rcond) * s[:1]))
    residuals = np.sum(np.square(b - matmul(a, x)), axis=0, keepdims=b.ndim == 1)
    if rank < a.shape[1] or a.shape[0] <= a.shape[1]:
        residuals = residuals[:0]
    return x, residuals, rank, s


# --- products of matrices ---------------------------------------------------------------------


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Aⁿ by repeated squaring; A⁰ is the identity, a negative ``n`` inverts first.

    Raises ``TypeError`` for an ``n`` that is not an integer.
    """
    a = array_of(a)
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"matrix_power: expected an integer exponent, got {n!r}.")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: expected square matrices, got shape {a.shape}.")
    if n == 0:
        identity = identity_like(a)
        return where(identity == identity, identity, a)  # in the graph, with gradient 0
    square, n, result = (inv(a), -n, None) if n < 0 else (a, n, None)
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = square if result is None else matmul(result, square)
        if n:
            square = matmul(square, square)
    return result


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices, multiplied in the order that costs the fewest operations.

    The first and the last may be vectors.  Raises ``ValueError`` for fewer than two arrays, or
    shapes that do not fit.

    The order: T. Cormen, C. Leiserson, R. Rivest and C. Stein, "Introduction to Algorithms",
    chapter 15.2.
    """
    arrays = [array_of(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError(f"multi_dot: expected at least two arrays, got {len(arrays)}.")
    ends, inside = (arrays[0], arrays[-1]), arrays[1:-1]
    if any(a.ndim not in (1, 2) for a in ends) or any(a.ndim != 2 for a in inside):
        raise np.linalg.LinAlgError(
            "multi_dot: expected matrices (the first and the last may be vectors), got shapes "
            f"{', '.join([str(a.shape) for a in arrays])}. Use matmul for stacks."
        )
    first = (1, *ends[0].shape) if ends[0].ndim == 1 else ends[0].shape
    sizes = [*first, *[a.shape[-1] for a in inside], ends[1].shape[1] if ends[1].ndim == 2 else 1]
    return _chain(arrays, _best_splits(sizes), 0, len(arrays) - 1)


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """After which matrix to split the product of matrices i to j, of ``sizes[i] x sizes[i + 1]``."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            choices = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(choices)
    return split


def _chain(arrays: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return arrays[i]
    k = split[i, j]
    return matmul(_chain(arrays, split, i, k), _chain(arrays, split, k + 1, j))


# --- tensor equations -------------------------------------------------------------------------


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with ``tensordot(a, x, x.ndim) = b``: a linear system whose unknown has several axes."""
    a, b = array_of(a), array_of(b)
    if axes is not None:
        moved = [axis % a.ndim for axis in axes]
        a = transpose(a, [axis for axis in range(a.ndim) if axis not in moved] + moved)
    unknown = a.shape[b.ndim :]
    matrix = reshape(a, (b.size, math.prod(unknown)))
    return reshape(solve(matrix, reshape(b, (-1,))), unknown)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of ``a`` as a map from its last axes to its first ``ind``."""
    a = array_of(a)
    rows, columns = a.shape[:ind], a.shape[ind:]
    matrix = reshape(a, (math.prod(rows), math.prod(columns)))
    return reshape(inv(matrix), columns + rows)


# --- the diagonal, in the names of the array API ----------------------------------------------


@implements(np.linalg.diagonal)
def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)
