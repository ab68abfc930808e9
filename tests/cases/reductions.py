"""Rows for reductions."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

import autograd as ag

from .arithmetic import NAN
from .case import Case, Fault, Kink, disagreeing

ANY = [((),), ((1,),), ((5,),), ((2, 3),), ((3, 1, 2),), ((0,),), ((2, 0),)]
FULL = [((),), ((1,),), ((5,),), ((2, 3),), ((3, 1, 2),), ((9, 8),)]
ROWS = [((2, 3),), ((1, 4),), ((3, 2, 2),)]
EMPTY = [((0, 3),), ((2, 0, 3),)]
AXES: list[dict[str, Any]] = [
    {"axis": 0},
    {"axis": -1},
    {"axis": 1, "keepdims": True},
    {"axis": (0, 1)},
    {"axis": (-1, 0), "keepdims": True},
    {"keepdims": True},
    {"axis": ()},
]


def reduction(
    name: str, options: dict[str, Any], shapes: Any, domain: str, primitives: tuple[str, ...] = ()
) -> Case:
    f, reference = getattr(np, name), getattr(jnp, name)
    text = "".join(f" {k}={v}" for k, v in options.items())
    return Case(
        name + text,
        lambda x: f(x, **options),
        shapes,
        domain,
        lambda x: reference(x, **options),
        primitives,
    )


_COMPOSED = {"ptp", "nansum", "nanmean", "nanvar", "nanstd", "median", "average"}


def over_axes(name: str, domain: str = "real", whole: Any = FULL, axes: Any = AXES) -> list[Case]:
    primitives = (name,) if name not in _COMPOSED else ()
    return [
        reduction(name, {}, whole, domain, primitives),
        *[reduction(name, options, ROWS, domain, primitives) for options in axes],
    ]


CHOSEN = np.array([[True, False, True], [False, True, True]])
HOLES = np.array([[False, True, False], [False, False, True]])
EXTREMES = [options for options in AXES if options.get("axis") != ()]

CASES = [
    *over_axes("sum", whole=ANY),
    *[
        Case(f"sum of none, axis={axis}", lambda x, axis=axis: np.sum(x, axis=axis), EMPTY)
        for axis in (0, 1, (0, 1))
    ],
    *[
        # More entries than gradients are written out for: these are views.
        Case(
            f"sum of many, axis={axis}",
            lambda x, axis=axis: np.sum(np.broadcast_to(x, (9000, 2)), axis=axis),
            [((2,),), ((1, 2),)],
            jax=lambda x, axis=axis: jnp.sum(jnp.broadcast_to(x, (9000, 2)), axis=axis),
            rounding=1e-12,
        )
        for axis in (None, 0)
    ],
    Case(
        "sum where",
        lambda x: np.sum(x, axis=1, where=CHOSEN),
        [((2, 3),)],
        jax=lambda x: jnp.sum(x, axis=1, where=CHOSEN),
    ),
    Case(
        "sum initial",
        lambda x: np.sum(x, axis=0, initial=2.0),
        ROWS,
        jax=lambda x: jnp.sum(x, axis=0) + 2.0,
    ),
    Case(
        "sum dtype",
        lambda x: np.sum(x, axis=0, dtype=np.float64),
        ROWS,
        jax=lambda x: jnp.sum(x, axis=0),
    ),
    Case("add.reduce", np.add.reduce, ROWS, jax=lambda x: jnp.sum(x, axis=0)),
    *over_axes("mean"),
    Case("mean of empty rows", lambda x: np.mean(x, axis=0), [((2, 0),)]),
    Case(
        "mean where",
        lambda x: np.mean(x, axis=1, where=CHOSEN),
        [((2, 3),)],
        jax=lambda x: jnp.mean(x, axis=1, where=CHOSEN),
    ),
    *over_axes("var"),
    *[
        reduction("var", {"ddof": 1, "axis": axis}, [((3, 4),), ((2, 3),)], "real")
        for axis in (None, 0, 1)
    ],
    *[
        row
        if row.name != "std axis=0"
        else disagreeing(
            row,
            ((1, 4),),
            why="JAX divides 0 by 0. The deviation of one number is 0 whatever it is, so its slope is "
            "0: also the least subgradient of a 2-norm at 0, which it is of the deviations.",
        )
        for row in over_axes("std", "distinct", [((5,),), ((2, 3),), ((3, 1, 2),)], AXES[:2])
    ],
    *[
        reduction("std", {"ddof": 1, "axis": axis}, [((3, 4),), ((2, 3),)], "distinct")
        for axis in (None, (0, 1))
    ],
    *over_axes("prod", whole=ANY),
    *[
        Case(f"prod of none, axis={axis}", lambda x, axis=axis: np.prod(x, axis=axis), EMPTY)
        for axis in (0, 1, (0, 1))
    ],
    Case(
        "prod where",
        lambda x: np.prod(x, axis=1, where=CHOSEN),
        [((2, 3),)],
        jax=lambda x: jnp.prod(x, axis=1, where=CHOSEN),
    ),
    Case(
        "prod with a zero among them",
        lambda x, y: np.prod(np.concatenate([x, 0.0 * y[:1], y]), axis=0),
        [((2,), (3,)), ((1, 2), (2, 2))],
        jax=lambda x, y: jnp.prod(jnp.concatenate([x, 0.0 * y[:1], y]), axis=0),
    ),
    Case("prod initial", lambda x: np.prod(x, axis=0, initial=2.0), ROWS),
    *over_axes("average", axes=AXES[:6]),
    Case(
        "average with weights",
        lambda a, w: np.average(a, weights=w),
        [((2, 3), (2, 3)), ((4,), (4,))],
        ("real", "positive"),
        lambda a, w: jnp.average(a, weights=w),
    ),
    *[
        Case(
            f"average with weights, axis={axis}",
            lambda a, w, axis=axis: np.average(a, axis=axis, weights=w, returned=True),
            [((3, 4), (n,)), ((3, 4), (3, 4))],
            ("real", "positive"),
            lambda a, w, axis=axis: jnp.average(a, axis=axis, weights=w, returned=True),
        )
        for axis, n in ((0, 3), (-1, 4))
    ],
    Case("average returned", lambda a: np.average(a, axis=0, returned=True), ROWS),
    Case(
        "average over two axes",
        lambda a: np.average(a, (2, 0), np.ones((4, 2)) + np.arange(2)),
        [((2, 3, 4),)],
    ),
    # --- without nan
    *over_axes("nansum"),
    *over_axes("nanmean", axes=AXES[:6]),
    *over_axes("nanmax", "distinct", axes=EXTREMES),
    *over_axes("nanmin", "distinct", axes=EXTREMES),
    *[
        Case(
            f"{f.__name__} with holes, axis={axis}",
            lambda x, f=f, axis=axis: f(np.where(HOLES, np.nan, x), axis=axis),
            [((2, 3),)],
            "distinct",
            lambda x, f=f, axis=axis: getattr(jnp, f.__name__)(
                jnp.where(HOLES, jnp.nan, x), axis=axis
            ),
        )
        for f in (
            np.nansum,
            np.nanmean,
            np.nanprod,
            np.nanmax,
            np.nanmin,
            np.nancumsum,
            np.nancumprod,
        )
        for axis in (None, 1)
    ],
    # --- combined
    Case("standardized", lambda x: (x - np.mean(x, 0)) / np.std(x, 0), [((4, 3),)], "distinct"),
    Case(
        "norm by hand",
        lambda x: np.sqrt(np.sum(x * x, axis=-1, keepdims=True)) * x,
        ROWS,
        "nonzero",
    ),
]


def order_two(f: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient of the sum of the gradient of f: exact where zeros are in the way."""
    return lambda x: ag.grad(lambda y: np.sum(f(y)))(x)


KINKS = [
    Kink("std of a constant", np.std, ([2.0, 2.0, 2.0],), (0.0,)),
    Kink("std of a constant that rounds", np.std, ([0.1] * 10,), (0.0,)),
    Kink("std of one", np.std, ([3.0],), (0.0,)),
    Kink(
        "std by rows",
        lambda x: np.std(x, axis=1),
        ([[1.0, 3.0], [0.1, 0.1]],),
        ([[-0.5, 0.5], [0.0, 0.0]],),
    ),
    Kink("var of a constant", np.var, ([2.0, 2.0],), (0.0,)),
    Kink("prod with one zero", np.prod, ([2.0, 0.0, 3.0],), ([0.0, 6.0, 0.0],)),
    Kink("prod with two zeros", np.prod, ([2.0, 0.0, 0.0],), (0.0,)),
    Kink(
        "prod with zeros, by rows",
        lambda x: np.prod(x, axis=1),
        ([[2.0, 0.0], [3.0, 4.0]],),
        ([[0.0, 2.0], [4.0, 3.0]],),
    ),
    Kink(
        "prod over two axes with a zero",
        lambda x: np.prod(x, axis=(0, 2)),
        (np.arange(8.0).reshape(2, 2, 2),),
        ([[[20.0, 0], [3 * 42, 2 * 42]], [[0, 0], [2 * 3 * 7, 2 * 3 * 6]]],),
    ),
    Kink("prod that underflows", np.prod, ([0.0, 1e-30, 1e30],), ([1.0, 0.0, 0.0],)),
    Kink("prod with zeros, order 2", order_two(np.prod), ([2.0, 0.0, 3.0],), ([3.0, 5.0, 2.0],)),
    Kink(
        "prod with two zeros, order 2", order_two(np.prod), ([2.0, 0.0, 0.0],), ([0.0, 2.0, 2.0],)
    ),
    Kink("sum of none", np.sum, (np.zeros((0, 3)),), (0.0,)),
    Kink("nansum", np.nansum, ([NAN, 1.0],), ([0.0, 1.0],)),
    Kink("nanmean", np.nanmean, ([NAN, 1.0, 3.0],), ([0.0, 0.5, 0.5],)),
    Kink("nanmax at a tie", np.nanmax, ([NAN, 1.0, 1.0],), ([0.0, 0.5, 0.5],)),
    Kink("nanmin", np.nanmin, ([NAN, 1.0, 2.0],), ([0.0, 1.0, 0.0],)),
]

FAULTS = [
    Fault(
        "sum: axis",
        lambda x: np.sum(x, axis=2),
        (np.ones((2, 3)),),
        IndexError,
        r"sum: axis 2.*\(2, 3\).*-2 to 1",
    ),
    Fault(
        "mean: axis",
        lambda x: x.mean(axis=-3),
        (np.ones((2, 3)),),
        IndexError,
        "mean: axis -3.*-2 to 1",
    ),
    Fault(
        "prod: axis",
        lambda x: np.prod(x, axis=1),
        (np.ones(3),),
        IndexError,
        "prod: axis 1.*-1 to 0",
    ),
    Fault("std: axis", lambda x: np.std(x, axis=1), (np.ones(3),), IndexError, "std: axis 1"),
    Fault(
        "sum: repeated axis",
        lambda x: np.sum(x, axis=(0, 0)),
        (np.ones((2, 3)),),
        ValueError,
        "sum.*duplicate",
    ),
    Fault("mean of none warns", np.mean, (np.ones(0),), RuntimeWarning, "empty slice"),
    Fault(
        "average: weights",
        lambda x: np.average(x, weights=[1, 2]),
        (np.ones((2, 3)),),
        TypeError,
        r"average.*\(2,\).*\(2, 3\)",
    ),
    Fault(
        "average: weights along an axis",
        lambda x: np.average(x, 1, [1, 2]),
        (np.ones((2, 3)),),
        ValueError,
        r"average.*\(3,\).*\(2,\)",
    ),
    Fault(
        "average: weights of sum 0",
        lambda x: np.average(x, weights=[1, -1]),
        (np.ones(2),),
        ZeroDivisionError,
        "average",
    ),
    Fault(
        "sum: out", lambda x: np.sum(x, out=np.zeros(())), (np.ones(2),), TypeError, "np.sum.*out="
    ),
    Fault(
        "nanquantile has no rule",
        lambda x: np.nanquantile(x, 0.5),
        (np.ones(3),),
        TypeError,
        "np.nanquantile",
    ),
]
