"""Rows for statistics, grids and polynomials."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Kink, Shapes, disagreeing
from .reductions import ROWS, over_axes, reduction

LINES: list[Shapes] = [((2,),), ((5,),), ((4, 3),), ((3, 4, 2),)]
PAIRS: list[Shapes] = [
    ((4,), (4,)),
    ((5,), (2,)),
    ((2,), (5,)),
    ((1,), (3,)),
    ((4,), (1,)),
    ((6,), (3,)),
]
X = np.array([-1.3, 0.1, 0.4, 1.7, 2.9, 3.2, 4.4])
XP = np.array([0.0, 1.0, 2.5, 4.0])


def _convolution(name: str, mode: str) -> Case:
    f, reference = getattr(np, name), getattr(jnp, name)
    return Case(
        f"{name} {mode}",
        lambda a, v: f(a, v, mode),
        PAIRS,
        jax=lambda a, v: reference(a, v, mode),
        primitives=("convolve",),
    )


CASES = [
    # --- statistics
    *[
        Case(
            f"quantile {q} axis={axis}",
            lambda x, q=q, axis=axis: np.quantile(x, q, axis=axis),
            [((5,),), ((4, 3),), ((1, 2),)] if axis != 1 else [((4, 3),), ((3, 2, 2),)],
            "distinct",
            lambda x, q=q, axis=axis: jnp.quantile(x, jnp.array(q), axis=axis),
        )
        for q in (0.3, 1.0, [0.0, 0.25, 0.8])
        for axis in (None, 0, 1)
    ],
    Case(
        "quantile keepdims",
        lambda x: np.quantile(x, 0.4, axis=(0, 1), keepdims=True),
        ROWS,
        "distinct",
    ),
    Case(
        "percentile",
        lambda x: np.percentile(x, [10, 62.5], axis=-1),
        ROWS,
        "distinct",
        lambda x: jnp.percentile(x, jnp.array([10, 62.5]), axis=-1),
    ),
    Case("cov", np.cov, [((5,),), ((3, 4),), ((1, 3),)], jax=jnp.cov),
    Case("cov of two", np.cov, [((4,), (4,)), ((2, 3), (3,)), ((2, 3), (1, 3))], jax=jnp.cov),
    Case(
        "cov of columns",
        lambda x: np.cov(x, rowvar=False, ddof=0),
        [((4, 2),), ((5,),)],
        jax=lambda x: jnp.cov(x, rowvar=False, ddof=0),
    ),
    Case(
        "cov bias", lambda x: np.cov(x, bias=True), [((2, 3),)], jax=lambda x: jnp.cov(x, bias=True)
    ),
    Case(
        "corrcoef",
        lambda x: np.corrcoef(x) * (1 - np.eye(len(x))),
        [((3, 5),), ((2, 4),)],
        jax=lambda x: jnp.corrcoef(x) * (1 - np.eye(len(x))),
    ),
    *over_axes(
        "nanvar", "distinct", axes=[{"axis": 0, "ddof": 0}, {"axis": (0, 1), "keepdims": True}]
    ),
    *over_axes("nanstd", "distinct", [((5,),), ((2, 3),)], [{"axis": 1, "ddof": 1}]),
    *[
        Case(
            f"{f.__name__} with holes",
            lambda x, f=f: f(
                np.where(np.array([[False, True], [True, False], [False, False]]), np.nan, x),
                axis=0,
            ),
            [((3, 2),)],
            "distinct",
        )
        for f in (np.nanvar, np.nanstd)
    ],
    *[
        Case(
            f"partition {kth} axis={axis}",
            lambda x, k=kth, axis=axis: np.partition(x, k, axis=axis),
            [((4,),), ((3, 3),)],
            "distinct",
            primitives=("partition",),
        )
        for kth, axis in ((1, -1), ([0, 2], 0), (2, None))
    ],
    # --- grids
    *[
        Case(
            " ".join(["linspace", *[f"{k}={v}" for k, v in options.items()]]),
            lambda a, b, o=options: np.linspace(a, b, 5, **o),
            [((), ()), ((2,), (2,)), ((2, 1), (3,))],
            jax=lambda a, b, o=options: jnp.linspace(a, b, 5, **o),
        )
        for options in ({}, {"endpoint": False}, {"axis": -1}, {"retstep": True})
    ],
    Case(
        "linspace of one and of none",
        lambda a, b: (np.linspace(a, b, 1), np.linspace(a, b, 0)),
        [((), ()), ((2,), ())],
    ),
    Case(
        "linspace to a number",
        lambda a: np.linspace(a, 2.0, 3) + np.linspace(0, a, 3),
        [((),), ((2,),)],
    ),
    *[
        disagreeing(
            Case(
                " ".join(["meshgrid", *[f"{k}={v}" for k, v in options.items()]]),
                lambda a, b, o=options: np.meshgrid(a, b, **o),
                [((2,), (3,)), ((), (2,)), ((1,), (0,))],
                jax=lambda a, b, o=options: jnp.meshgrid(a, b, **o),
            ),
            ((), (2,)),
            why="JAX refuses a number; to NumPy it is an axis of one point.",
        )
        for options in ({}, {"indexing": "ij"}, {"sparse": True})
    ],
    Case("meshgrid of views", lambda a, b: np.meshgrid(a, b, copy=False), [((2,), (3,))]),
    Case("meshgrid of three", lambda a, b, c: np.meshgrid(a, b, c), [((2,), (1,), (3,))]),
    Case(
        "interp",
        lambda x: np.interp(x, XP, XP**2),
        [((5,),), ((2, 3),), ((),)],
        jax=lambda x: jnp.interp(x, XP, XP**2),
    ),
    Case(
        "interp of values",
        lambda fp: np.interp(X, XP, fp),
        [((4,),)],
        jax=lambda fp: jnp.interp(X, XP, fp),
    ),
    Case(
        "interp of all",
        lambda x, fp: np.interp(x, np.cumsum(fp * fp + 1), fp),
        [((5,), (4,)), ((2, 2), (3,))],
        jax=lambda x, fp: jnp.interp(x, jnp.cumsum(fp * fp + 1), fp),
    ),
    Case(
        "interp with ends",
        lambda x, fp: np.interp(x, XP, fp, left=-1.0, right=2.0),
        [((5,), (4,))],
        "distinct",
        lambda x, fp: jnp.interp(x, XP, fp, left=-1.0, right=2.0),
    ),
    Case("gradient", lambda x: np.gradient(x), [((2,),), ((5,),), ((4, 3),)], jax=jnp.gradient),
    Case(
        "gradient axis=0",
        lambda x: np.gradient(x, 0.5, axis=0),
        LINES,
        jax=lambda x: jnp.gradient(x, 0.5, axis=0),
    ),
    Case(
        "gradient with spacings",
        lambda x: np.gradient(x, 2.0, 0.5),
        [((3, 4),)],
        jax=lambda x: jnp.gradient(x, 2.0, 0.5),
    ),
    Case("gradient at coordinates", lambda x: np.gradient(x, XP, axis=-1), [((4,),), ((2, 4),)]),
    *[
        reduction("trapezoid", options, [((5,),), ((4, 3),), ((1, 1),)], "real")
        for options in ({}, {"dx": 0.5}, {"axis": 0})
    ],
    Case(
        "trapezoid at points",
        np.trapezoid,
        [((4,), (4,)), ((2, 3), (3,)), ((2, 3), (2, 3))],
        jax=jnp.trapezoid,
    ),
    # --- sequences
    *[
        _convolution(name, mode)
        for name in ("convolve", "correlate")
        for mode in ("full", "same", "valid")
    ],
    Case(
        "polyval",
        np.polyval,
        [((3,), ()), ((4,), (2,)), ((1,), (2, 2)), ((0,), (2,))],
        jax=jnp.polyval,
    ),
    Case(
        "unwrap",
        lambda x: np.unwrap(5 * x),
        [((5,),), ((2, 4),)],
        "distinct",
        lambda x: jnp.unwrap(5 * x),
        ("unwrap",),
    ),
    Case(
        "ediff1d",
        lambda x, y: np.ediff1d(x, to_end=y, to_begin=0.5),
        [((4,), (2,)), ((2, 2), ())],
        jax=lambda x, y: jnp.ediff1d(x, to_end=y, to_begin=jnp.asarray(0.5)),
    ),
]
KINKS = [
    Kink(
        "quantile at a tie", lambda x: np.quantile(x, 0.5), ([1.0, 1.0, 1.0],), ([0.0, 1.0, 0.0],)
    ),
    Kink(
        "quantile of 0 and 1",
        lambda x: np.quantile(x, [0.0, 1.0]),
        ([3.0, 1.0, 2.0],),
        ([1.0, 1.0, 0.0],),
    ),
    Kink(
        "interp at its points",
        lambda x: np.interp(x, XP, XP**2),
        ([0.0, 1.0, 4.0, 5.0],),
        ([1.0, 3.5, 0.0, 0.0],),
    ),
    Kink("nanstd of a constant", np.nanstd, ([2.0, np.nan, 2.0],), (0.0,)),
]


def _fault(name: str, f: Any, shape: Any, error: type[Exception], match: str) -> Fault:
    return Fault(name, f, (np.ones(shape),), error, match)


FAULTS = [
    _fault(
        "quantile: q", lambda x: np.quantile(x, 1.5), 3, ValueError, "quantile.*between 0 and 1"
    ),
    _fault(
        "quantile: method",
        lambda x: np.quantile(x, 0.5, method="lower"),
        3,
        ValueError,
        "quantile.*'lower'",
    ),
    _fault(
        "quantile: axis", lambda x: np.quantile(x, 0.5, axis=1), 3, IndexError, "quantile: axis 1"
    ),
    _fault(
        "cov of one observation", lambda x: np.cov(x), (2, 1), ValueError, "cov: 1 observations"
    ),
    _fault("partition: kth", lambda x: np.partition(x, 5), 3, ValueError, "partition: kth"),
    _fault(
        "meshgrid: indexing",
        lambda x: np.meshgrid(x, x, indexing="yx"),
        3,
        ValueError,
        "meshgrid.*'yx'",
    ),
    _fault(
        "interp: one point",
        lambda x: np.interp(x, [1.0], [2.0]),
        3,
        ValueError,
        "interp.*two points",
    ),
    _fault(
        "interp: lengths", lambda x: np.interp(x, XP, x), 3, ValueError, r"interp.*\(4,\).*\(3,\)"
    ),
    _fault("gradient of one", lambda x: np.gradient(x), 1, ValueError, "gradient.*two points"),
    _fault(
        "gradient: spacings",
        lambda x: np.gradient(x, 1.0, 2.0),
        3,
        TypeError,
        "gradient: 2 spacings",
    ),
    _fault("convolve of none", lambda x: np.convolve(x, [1.0]), 0, ValueError, "convolve.*empty"),
    _fault(
        "convolve: mode", lambda x: np.convolve(x, x, "half"), 3, ValueError, "convolve.*'half'"
    ),
    _fault(
        "trapezoid: axis", lambda x: np.trapezoid(x, axis=1), 3, IndexError, "trapezoid: axis 1"
    ),
]
