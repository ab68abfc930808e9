"""Rows for autograd/ops/linalg.py, determinants.py, decompositions.py and norms.py."""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.ops.determinants import cofactors

from .case import Case, Fault, Kink, Shapes, disagreeing

SQUARE: list[Shapes] = [((3, 3),), ((1, 1),), ((2, 2, 2),), ((0, 0),)]
LARGE: Shapes = ((9, 9),)
ANY: list[Shapes] = [((4, 2),), ((3, 3),), ((2, 3),), ((2, 3, 2),), ((2, 2, 3),)]

_n, _j = np.linalg, jnp.linalg


def _row(
    name: str, f: Any, jax: Any, shapes: Any, domain: Any = "invertible", **options: Any
) -> Case:
    options.setdefault("rounding", 1e-13)
    return Case(name, f, shapes, domain, jax, **options)


def _both(f: Any) -> dict[str, Any]:
    """The same function written once for NumPy and for JAX: ``f(module, linalg)(*arrays)``."""
    return {"f": partial(f, np, _n), "jax": partial(f, jnp, _j)}


SYSTEMS = [
    _row("inv", _n.inv, _j.inv, SQUARE, primitives=("inv",)),
    _row(
        "solve",
        _n.solve,
        _j.solve,
        [
            ((3, 3), (3,)),
            ((3, 3), (3, 2)),
            ((2, 3, 3), (2, 3, 2)),
            ((2, 1, 3, 3), (4, 3, 1)),
            ((1, 3, 3), (2, 3, 3)),
            ((9, 9), (9,)),
            ((9, 9), (9, 9)),
        ],
        ("invertible", "real"),
        primitives=("solve",),
    ),
    _row(
        "solve a stack with one vector",
        _n.solve,
        lambda a, b: (jnp.linalg.inv(a) @ b[:, None])[..., 0],
        [((2, 3, 3), (3,))],
        ("invertible", "real"),
    ),
    _row("pinv", _n.pinv, _j.pinv, ANY, primitives=("pinv",)),
    _row(
        "pinv of rank 2",
        lambda x, y: _n.pinv(x @ y, rtol=1e-5),
        None,
        [((4, 2), (2, 3)), ((3, 2), (2, 3)), ((2, 3, 2), (2, 2, 4))],
    ),
    _row(
        "lstsq of rank 2",
        lambda x, y, b: _n.lstsq(x @ y, b, 1e-5)[0],
        None,
        [((4, 2), (2, 3), (4,)), ((3, 2), (2, 4), (3, 2))],
        ("invertible", "invertible", "real"),
    ),
    _row("pinv rtol", lambda x: _n.pinv(x, rtol=1e-10), _j.pinv, [((4, 2),)]),
    _row("pinv rcond", lambda x: _n.pinv(x, 1e-10), _j.pinv, [((2, 4),)]),
    _row(
        "lstsq solution",
        lambda a, b: _n.lstsq(a, b)[0],
        lambda a, b: _j.pinv(a) @ b,
        [
            ((4, 2), (4,)),
            ((4, 2), (4, 3)),
            ((3, 3), (3,)),
            ((2, 4), (2,)),
            ((2, 4), (2, 3)),
            ((12, 8), (12,)),
        ],
        ("invertible", "real"),
        primitives=("lstsq",),
    ),
    _row(
        "lstsq residuals",
        lambda a, b: _n.lstsq(a, b)[1],
        lambda a, b: jnp.sum((b - a @ (_j.pinv(a) @ b)) ** 2, axis=0, keepdims=b.ndim == 1),
        [((4, 2), (4,)), ((4, 2), (4, 3))],
        ("invertible", "real"),
    ),
    _row(
        "lstsq singular values",
        lambda a, b: _n.lstsq(a, b)[3],
        lambda a, b: _j.svd(a, compute_uv=False),
        [((4, 2), (4,))],
        ("invertible", "real"),
    ),
    _row(
        "lstsq rcond=-1",
        lambda a, b: _n.lstsq(a, b, rcond=-1)[0],
        lambda a, b: _j.pinv(a) @ b,
        [((4, 2), (4,))],
        ("invertible", "real"),
    ),
    *[
        _row(
            f"matrix_power {n}",
            lambda x, n=n: _n.matrix_power(x, n),
            lambda x, n=n: _j.matrix_power(x, n),
            SQUARE,
        )
        for n in (-3, -1, 0, 1, 2, 3, 7, 12)
    ],
    _row(
        "multi_dot",
        lambda *arrays: _n.multi_dot(arrays),
        lambda *arrays: _j.multi_dot(arrays),
        [
            ((2, 3), (3, 4)),
            ((2, 3), (3, 4), (4, 2)),
            ((3,), (3, 4), (4, 2), (2,)),
            ((5, 2), (2, 6), (6, 1), (1, 3)),
            ((3,), (3,)),
        ],
        "real",
    ),
    _row(
        "tensorsolve",
        lambda a, b: _n.tensorsolve(a.reshape(2, 3, 6), b),
        lambda a, b: _j.tensorsolve(a.reshape(2, 3, 6), b),
        [((6, 6), (2, 3))],
        ("invertible", "real"),
    ),
    _row(
        "tensorsolve axes",
        lambda a, b: _n.tensorsolve(a.reshape(2, 3, 2, 3), b, axes=(0,)),
        lambda a, b: _j.tensorsolve(a.reshape(2, 3, 2, 3), b, axes=(0,)),
        [((6, 6), (3, 2))],
        ("invertible", "real"),
    ),
    _row(
        "tensorinv",
        lambda a: _n.tensorinv(a.reshape(2, 3, 6)),
        lambda a: _j.tensorinv(a.reshape(2, 3, 6)),
        [((6, 6),)],
    ),
]

DIAGONALS = [
    _row(
        "linalg.diagonal offset=1",
        lambda x: _n.diagonal(x, offset=1),
        lambda x: jnp.diagonal(x, 1, -2, -1),
        [((2, 3, 4),)],
        "real",
    ),
    _row("linalg.trace", _n.trace, lambda x: jnp.trace(x, 0, -2, -1), [((2, 3, 4),)], "real"),
]

DETERMINANTS = [
    disagreeing(
        _row("det", _n.det, _j.det, [*SQUARE, LARGE], primitives=("det", "cofactors")),
        ((0, 0),),
        why="JAX's gradient reads an entry that is not there; the empty product 1 has none.",
    ),
    _row(
        "cofactors", cofactors, None, [*SQUARE, LARGE], primitives=("cofactors", "cofactor_slope")
    ),
    _row("det of any matrix", _n.det, _j.det, [((3, 3),), ((4, 4),)], "real"),
    _row(
        "det of a singular matrix",
        lambda x, y: np.linalg.det(x @ y),
        None,
        [((3, 2), (2, 3)), ((4, 2), (2, 4)), ((2, 3, 1), (2, 1, 3))],
        "real",
    ),
    _row(
        "slogdet",
        lambda x: np.linalg.slogdet(x)[1],
        lambda x: _j.slogdet(x)[1],
        [*SQUARE, LARGE],
        primitives=("slogdet",),
    ),
    _row("slogdet as a pair", _n.slogdet, _j.slogdet, [((3, 3),)]),
]


def _reconstructed(np: Any, linalg: Any, x: Any, full: bool) -> Any:
    """Functions of singular vectors that no choice of signs or bases changes."""
    u, s, vt = linalg.svd(x, full_matrices=full)
    k = s.shape[-1]
    core = (u[..., :k] * np.exp(s)[..., None, :]) @ vt[..., :k, :]
    left, right = u[..., k:], vt[..., k:, :]
    rest = np.sum(left @ np.swapaxes(left, -1, -2) * np.arange(left.shape[-2]))
    return core, rest + np.sum(np.swapaxes(right, -1, -2) @ right * np.arange(right.shape[-1]))


def _eigen(np: Any, linalg: Any, x: Any, uplo: str) -> Any:
    w, v = linalg.eigh(x, UPLO=uplo)
    return w, v**2, (v * np.sin(w)[..., None, :]) @ np.swapaxes(v, -1, -2)


def _positive_qr(np: Any, linalg: Any, x: Any) -> Any:
    """With a positive diagonal of R: the sign that LAPACK chooses jumps where an entry is 0."""
    q, r = linalg.qr(x)
    sign = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
    return q * sign[..., None, :], r * sign[..., :, None]


DECOMPOSITIONS = [
    _row("cholesky", _n.cholesky, _j.cholesky, [*SQUARE, LARGE], "spd", primitives=("cholesky",)),
    _row(
        "cholesky upper",
        lambda x: _n.cholesky(x, upper=True),
        lambda x: jnp.swapaxes(_j.cholesky(x), -1, -2),
        [((3, 3),), ((2, 2, 2),)],
        "spd",
    ),
    _row(
        "cholesky reads the lower triangle",
        lambda x: _n.cholesky(x + 5 * np.eye(x.shape[-1])),
        None,
        [((3, 3),)],
        "unit",
    ),
    _row(
        "cholesky upper reads the upper triangle",
        lambda x: _n.cholesky(x + 5 * np.eye(x.shape[-1]), upper=True),
        None,
        [((3, 3),)],
        "unit",
    ),
    *[
        _row(
            f"eigh {uplo}",
            **_both(partial(_eigen, uplo=uplo)),
            shapes=[((3, 3),), ((2, 2, 2),), ((1, 1),), ((0, 0),), LARGE],
            domain="symmetric",
        )
        for uplo in "LU"
    ],
    *[
        _row(
            f"eigh reads one triangle {uplo}",
            partial(_eigen, np, _n, uplo=uplo),
            None,
            [((3, 3),)],
            "distinct",
        )
        for uplo in "LUl"
    ],
    _row("eigvalsh", _n.eigvalsh, _j.eigvalsh, SQUARE, "symmetric", primitives=("eigh",)),
    _row("eigvalsh U", lambda x: _n.eigvalsh(x, "U"), _j.eigvalsh, SQUARE, "symmetric"),
    *[
        _row(
            f"svd full_matrices={full}",
            **_both(partial(_reconstructed, full=full)),
            shapes=[*ANY, ((1, 1),), ((9, 8),), ((8, 9),)],
        )
        for full in (False,)
    ],
    _row(
        "svd full_matrices=True",
        partial(_reconstructed, np, _n, full=True),
        None,
        [*ANY, ((5, 2),), ((2, 5),), ((9, 8),)],
        primitives=("svd", "over_gap"),
    ),
    _row(
        "svd vectors",
        lambda x: tuple(y**2 for y in _n.svd(x, full_matrices=False)),
        lambda x: tuple(y**2 for y in _j.svd(x, full_matrices=False)),
        ANY,
    ),
    _row(
        "svd compute_uv=False",
        lambda x: _n.svd(x, compute_uv=False),
        lambda x: _j.svd(x, compute_uv=False),
        ANY,
    ),
    _row("svdvals", _n.svdvals, lambda x: _j.svd(x, compute_uv=False), ANY),
    _row(
        "qr",
        **_both(_positive_qr),
        shapes=[*ANY, ((1, 1),), ((2, 5),), ((9, 8),), ((8, 9),)],
        primitives=("qr",),
    ),
    _row(
        "qr r",
        lambda x: _n.qr(x, mode="r") ** 2,
        lambda x: _j.qr(x, mode="r") ** 2,
        [((4, 2),), ((2, 3),)],
    ),
    _row(
        "qr complete",
        lambda x: _n.qr(x, "complete")[1] ** 2,
        lambda x: _j.qr(x)[1] ** 2,
        [((3, 3),), ((2, 3),)],
    ),
]


VECTORS: list[Shapes] = [((3,),), ((1,),), ((70,),)]


def _norm(name: str, shapes: Any, domain: str = "distinct", **options: Any) -> Case:
    return _row(
        f"norm {name}",
        lambda x: _n.norm(x, **options),
        lambda x: _j.norm(x, **options),
        shapes,
        domain,
    )


NORMS = [
    _norm("of all", [((3,),), ((2, 3),), ((2, 2, 3),), ((9, 8),), ((),), ((0,),)]),
    _norm("keepdims", [((2, 3),), ((2, 2, 3),)], keepdims=True),
    *[_norm(f"of vectors ord={p}", VECTORS, ord=p) for p in (1, 2, 3, 1.5, 2.5, np.inf, -np.inf)],
    *[_norm(f"of vectors ord={p} axis=0", [((3, 2),)], ord=p, axis=0) for p in (1, 2, 3, np.inf)],
    *[_norm(f"of vectors ord={p}", VECTORS, "nonzero", ord=p) for p in (0.5, -1, -2, -0.5)],
    _norm("axis=1 keepdims", [((2, 3),), ((2, 3, 2),)], axis=1, keepdims=True),
    _norm("ord=3 axis=-1 keepdims", [((2, 3),)], ord=3, axis=-1, keepdims=True),
    *[
        _norm(
            f"of matrices ord={p}",
            [((3, 3),), ((2, 3),), ((4, 2),), ((9, 8),)],
            "invertible",
            ord=p,
        )
        for p in ("fro", "nuc", 2, -2)
    ],
    *[
        _norm(f"of matrices ord={p}", [((3, 3),), ((2, 3),), ((9, 8),)], "distinct", ord=p)
        for p in (1, -1, np.inf, -np.inf)
    ],
    *[
        _norm(
            f"of matrices ord={p} axis=(2, 0) keepdims",
            [((2, 3, 4),)],
            "distinct",
            ord=p,
            axis=(2, 0),
            keepdims=True,
        )
        for p in ("fro", "nuc", 2, 1, -1, np.inf, None)
    ],
    _row("vector_norm", _n.vector_norm, _j.vector_norm, [((2, 3),), ((3,),)], "real"),
    _row(
        "vector_norm axis=(0, 2) ord=3",
        lambda x: _n.vector_norm(x, axis=(0, 2), ord=3),
        lambda x: _j.vector_norm(x, axis=(0, 2), ord=3),
        [((2, 3, 2),)],
        "distinct",
    ),
    _row("matrix_norm", _n.matrix_norm, _j.matrix_norm, [((2, 3),), ((2, 2, 3),)], "real"),
    _row(
        "matrix_norm nuc keepdims",
        lambda x: _n.matrix_norm(x, ord="nuc", keepdims=True),
        lambda x: _j.matrix_norm(x, ord="nuc", keepdims=True),
        [((2, 3),), ((2, 2, 3),)],
    ),
    *[
        _row(
            f"cond {p}",
            lambda x, p=p: _n.cond(x, p),
            lambda x, p=p: _j.cond(x, p),
            [((3, 3),), ((2, 2, 2),)],
        )
        for p in (None, 2, -2, 1, np.inf, "fro")
    ],
]

CASES = [*SYSTEMS, *DIAGONALS, *DETERMINANTS, *DECOMPOSITIONS, *NORMS]

_ONE, _HALF = np.eye(2), np.full((2, 2), 0.5)
_E = np.array([[1.0, 0.0], [0.0, 0.0]])

KINKS = [
    Kink(
        "det of a singular matrix",
        _n.det,
        ([[1.0, 2.0], [2.0, 4.0]],),
        ([[4.0, -2.0], [-2.0, 1.0]],),
    ),
    Kink("det of zeros", _n.det, (np.zeros((3, 3)),), (0.0,)),
    Kink("det of rank 2", _n.det, (np.diag([2.0, 3.0, 0.0]),), (np.diag([0.0, 0.0, 6.0]),)),
    Kink("norm of zeros", _n.norm, ([0.0, 0.0, 0.0],), (0.0,)),
    Kink("norm fro of zeros", lambda x: _n.norm(x, "fro"), (np.zeros((2, 2)),), (0.0,)),
    Kink("norm of huge entries", _n.norm, ([3e30, -4e30],), ([0.6, -0.8],)),
    Kink("norm of tiny entries", _n.norm, ([3e-30, 4e-30],), ([0.6, 0.8],)),
    Kink("norm ord=3 of huge entries", lambda x: _n.norm(x, 3), ([2e30, 0.0],), ([1.0, 0.0],)),
    Kink(
        "norm ord=1 with zeros", lambda x: _n.norm(x, 1), ([2.0, 0.0, -1.0],), ([1.0, 0.0, -1.0],)
    ),
    Kink("norm ord=3 of zeros", lambda x: _n.norm(x, 3), ([0.0, 0.0],), (0.0,)),
    Kink("norm ord=1.5 with zeros", lambda x: _n.norm(x, 1.5), ([0.0, -2.0],), ([0.0, -1.0],)),
    Kink("norm ord=0.5 with zeros", lambda x: _n.norm(x, 0.5), ([0.0, 4.0],), ([0.0, 1.0],)),
    Kink("norm ord=-1 with zeros", lambda x: _n.norm(x, -1), ([0.0, 4.0],), ([0.0, 0.0],)),
    Kink(
        "norm ord=inf tie", lambda x: _n.norm(x, np.inf), ([2.0, -2.0, 1.0],), ([0.5, -0.5, 0.0],)
    ),
    Kink(
        "norm ord=-inf tie", lambda x: _n.norm(x, -np.inf), ([2.0, -2.0, 3.0],), ([0.5, -0.5, 0.0],)
    ),
    Kink("norm ord=inf of zeros", lambda x: _n.norm(x, np.inf), ([0.0, 0.0],), (0.0,)),
    Kink("matrix norm 1 tie", lambda x: _n.norm(x, 1), (_ONE,), (_HALF * _ONE,)),
    Kink("matrix norm 2 tie", lambda x: _n.norm(x, 2), (_ONE,), (_HALF * _ONE,)),
    Kink("matrix norm -2 tie", lambda x: _n.norm(x, -2), (_ONE,), (_HALF * _ONE,)),
    Kink("matrix norm nuc tie", lambda x: _n.norm(x, "nuc"), (_ONE,), (_ONE,)),
    Kink("matrix norm 2 of zeros", lambda x: _n.norm(x, 2), (np.zeros((2, 3)),), (0.0,)),
    Kink("matrix norm nuc of rank 1", lambda x: _n.norm(x, "nuc"), (np.ones((2, 2)),), (_HALF,)),
    Kink("matrix norm -2 of rank 1", lambda x: _n.norm(x, -2), (np.ones((2, 2)),), (0.0,)),
    Kink(
        "eigvalsh at equal eigenvalues", lambda x: np.exp(_n.eigvalsh(x)), (_ONE,), (np.e * _ONE,)
    ),
    Kink("eigh at equal eigenvalues", lambda x: _n.eigh(x)[0] ** 3, (2 * _ONE,), (12 * _ONE,)),
    Kink(
        "eigenvector beside equal eigenvalues",
        lambda x: _n.eigh(x)[1][:, 2] ** 2 * np.array([1.0, 2.0, 3.0]),
        (np.diag([1.0, 1.0, 2.0]),),
        (0.0,),
    ),
    Kink("svd at equal singular values", lambda x: _n.svd(x)[1] ** 2, (_ONE,), (2 * _ONE,)),
    Kink("svdvals of zeros", lambda x: _n.svdvals(x) ** 2, (np.zeros((2, 2)),), (0.0,)),
]

_O, _Z = np.ones, np.zeros


def _singular(name: str, f: Any, *at: Any, match: str = "") -> Fault:
    return Fault(
        f"{name} of a singular matrix", f, at, np.linalg.LinAlgError, match or f"{name}: .*ingular"
    )


FAULTS = [
    _singular("inv", _n.inv, _O((2, 2))),
    _singular("solve", _n.solve, _O((2, 2)), _O(2)),
    _singular("tensorinv", _n.tensorinv, _Z((2, 1, 2)), match="inv: .*ingular"),
    _singular("matrix_power", lambda x: _n.matrix_power(x, -1), _O((2, 2)), match="inv: .*ingular"),
    _singular(
        "slogdet, backward",
        lambda x: _n.slogdet(x)[1].backward(),
        _Z((2, 2)),
        match="inv: .*ingular",
    ),
    _singular("qr, backward", lambda x: _n.qr(x)[1].sum().backward(), _Z((2, 2)), match="ingular"),
    Fault(
        "cholesky of a matrix that is not positive definite",
        _n.cholesky,
        (-np.eye(2),),
        np.linalg.LinAlgError,
        r"cholesky: Matrix is not positive definite \(shape \(2, 2\)\)\. Make",
    ),
    *[
        Fault(
            f"{f.__name__} of a matrix that is not square",
            f,
            (_O((2, 3)),),
            np.linalg.LinAlgError,
            rf"{f.__name__}: .*square \(shape \(2, 3\)\)",
        )
        for f in (_n.inv, _n.det, _n.slogdet, _n.cholesky, _n.eigh)
    ],
    *[
        Fault(
            f"{f.__name__} of a vector",
            f,
            (_O(3),),
            np.linalg.LinAlgError,
            rf"{f.__name__}: .*1-dimensional.*\(3,\)",
        )
        for f in (_n.inv, _n.det, _n.eigh, _n.svd)
    ],
    Fault(
        "eigh UPLO", lambda x: _n.eigh(x, "X"), (_O((2, 2)),), ValueError, "'X' is not a triangle"
    ),
    Fault(
        "solve of sizes that differ",
        _n.solve,
        (np.eye(2), _O(3)),
        ValueError,
        r"solve: .*\(2, 2\) and \(3,\)",
    ),
    Fault(
        "svd hermitian",
        lambda x: _n.svd(x, hermitian=True),
        (_O((2, 2)),),
        TypeError,
        "Leave it out",
    ),
    Fault(
        "pinv hermitian",
        lambda x: _n.pinv(x, hermitian=True),
        (_O((2, 2)),),
        TypeError,
        "Leave it out",
    ),
    Fault(
        "qr complete", lambda x: _n.qr(x, "complete"), (_O((3, 2)),), ValueError, "'reduced' or 'r'"
    ),
    Fault("norm ord=0", lambda x: _n.norm(x, 0), (_O(3),), ValueError, "ord=0 .*count_nonzero"),
    Fault(
        "norm ord='nuc' of a vector",
        lambda x: _n.norm(x, "nuc"),
        (_O(3),),
        ValueError,
        "ord='nuc' .*vectors",
    ),
    Fault(
        "norm ord=3 of a matrix",
        lambda x: _n.norm(x, 3),
        (_O((2, 2)),),
        ValueError,
        "ord=3 .*matrices",
    ),
    Fault(
        "norm ord=1 of three axes",
        lambda x: _n.norm(x, 1),
        (_O((2, 2, 2)),),
        ValueError,
        "one axis",
    ),
    Fault(
        "norm of the same axis twice",
        lambda x: _n.norm(x, axis=(0, -2)),
        (_O((2, 2)),),
        ValueError,
        "two different",
    ),
    Fault(
        "norm axis",
        lambda x: _n.norm(x, axis=2),
        (_O((2, 2)),),
        IndexError,
        r"axis 2 .*\(-2 to 1\)",
    ),
    Fault(
        "matrix_power of a fraction",
        lambda x: _n.matrix_power(x, 0.5),
        (_O((2, 2)),),
        TypeError,
        "integer exponent",
    ),
    Fault(
        "matrix_power, not square",
        lambda x: _n.matrix_power(x, 2),
        (_O((2, 3)),),
        np.linalg.LinAlgError,
        r"square.*\(2, 3\)",
    ),
    Fault(
        "multi_dot of one",
        lambda x: _n.multi_dot([x]),
        (_O((2, 2)),),
        ValueError,
        "at least two arrays, got 1",
    ),
    Fault(
        "multi_dot of a stack",
        lambda x: _n.multi_dot([x, x]),
        (_O((2, 2, 2)),),
        np.linalg.LinAlgError,
        "Use matmul for stacks",
    ),
    Fault("lstsq of a stack", _n.lstsq, (_O((2, 2, 2)), _O(2)), np.linalg.LinAlgError, "lstsq: "),
]
