"""Rows for running sums and products, and for what depends on order."""

import jax.numpy as jnp
import numpy as np

from autograd.ops.cumulative import recurrence

from .arithmetic import INF, NAN
from .case import Case, Fault, Kink
from .reductions import AXES, CHOSEN, EXTREMES, ROWS, order_two, over_axes, reduction

# NumPy 2.1 has them.
_CUMULATIVE = [np.cumulative_sum, np.cumulative_prod] if hasattr(np, "cumulative_sum") else []

CASES = [
    *[reduction("cumsum", {"axis": axis}, ROWS, "real", ("cumsum",)) for axis in (None, 0, 1, -1)],
    *[
        reduction("cumprod", {"axis": axis}, ROWS, "nonzero", ("cumprod",))
        for axis in (None, 0, 1, -1)
    ],
    Case(
        "recurrence",
        recurrence,
        [((4,), (4,)), ((3, 2), (3, 2)), ((1,), (1,)), ((0,), (0,))],
        primitives=("recurrence",),
    ),
    Case(
        "cumprod with a zero among them",
        lambda x, y: np.cumprod(np.concatenate([x, 0.0 * y[:1], y]), axis=0),
        [((2,), (3,)), ((1, 2), (2, 2))],
        jax=lambda x, y: jnp.cumprod(jnp.concatenate([x, 0.0 * y[:1], y]), axis=0),
        primitives=("recurrence",),
    ),
    Case("cumsum of a number", np.cumsum, [((),), ((0,),)]),
    Case("cumprod of none", np.cumprod, [((),), ((0,),), ((1,),)]),
    Case("add.accumulate", np.add.accumulate, ROWS, jax=lambda x: jnp.cumsum(x, axis=0)),
    Case("multiply.accumulate", np.multiply.accumulate, ROWS, "nonzero"),
    *[
        reduction("diff", options, [((5,),), ((4, 3),), ((3, 4, 2),)], "real")
        for options in ({}, {"n": 2}, {"axis": 0})
    ],
    Case("diff n=0", lambda x: np.diff(x, n=0) * 1, [((3,),)]),
    Case("diff of one", np.diff, [((1,),), ((2, 1),), ((0,),)]),
    Case(
        "diff with ends",
        lambda x, y: np.diff(x, prepend=0.0, append=y),
        [((4,), (2,)), ((2, 3), (2, 1))],
        jax=lambda x, y: jnp.diff(x, prepend=0.0, append=y),
    ),
    Case("diff, prepend a number", lambda x: np.diff(x, axis=0, prepend=1.5), ROWS),
    *[
        Case(
            f"{f.__name__}{options}",
            lambda x, f=f, options=options: f(x, **options),
            [((4,),), ((2, 3),)] if options else [((4,),)],
            "nonzero",
        )
        for f in _CUMULATIVE
        for options in ({}, {"axis": 0}, {"axis": -1, "include_initial": True})
    ],
    *over_axes("max", "distinct", axes=EXTREMES),
    *over_axes("min", "distinct", axes=EXTREMES),
    *over_axes("ptp", "distinct", axes=EXTREMES),
    Case("amax, amin", lambda x: np.amax(x, 0) + np.amin(x, 0), ROWS, "distinct"),
    Case("max initial", lambda x: np.max(x, axis=0, initial=0.5), [*ROWS, ((0, 2),)], "distinct"),
    Case(
        "min where", lambda x: np.min(x, axis=1, where=CHOSEN, initial=0.5), [((2, 3),)], "distinct"
    ),
    Case("maximum.reduce", np.maximum.reduce, ROWS, "distinct", lambda x: jnp.max(x, axis=0)),
    *[
        reduction("sort", {"axis": axis}, ROWS, "distinct", ("sort", "unsort"))
        for axis in (None, 0, 1, -1)
    ],
    Case("sort of few", np.sort, [((0,),), ((1,),), ((2, 0),)]),
    *over_axes("median", "distinct", axes=AXES[:6]),
    Case("median of an even number", np.median, [((4,),), ((2, 4),)], "distinct", jnp.median),
]


KINKS = [
    Kink("max at a tie", np.max, ([1.0, 3.0, 3.0],), ([0.0, 0.5, 0.5],)),
    Kink(
        "min at a tie, by rows",
        lambda x: np.min(x, axis=1),
        ([[1.0, 1.0], [0.0, 2.0]],),
        ([[0.5, 0.5], [1.0, 0.0]],),
    ),
    Kink("max of equal infinities", np.max, ([INF, INF, 0.0, -INF],), ([0.5, 0.5, 0.0, 0.0],)),
    Kink("max with a nan: all share", np.max, ([NAN, 1.0],), (0.5,)),
    Kink(
        "max at a tie with initial",
        lambda x: np.max(x, initial=2.0),
        ([1.0, 3.0, 3.0],),
        ([0.0, 0.5, 0.5],),
    ),
    Kink("max below initial", lambda x: np.max(x, initial=5.0), ([1.0, 3.0],), (0.0,)),
    Kink("ptp of a constant", np.ptp, ([2.0, 2.0],), (0.0,)),
    Kink("cumprod with a zero", np.cumprod, ([2.0, 0.0, 3.0],), ([1.0, 8.0, 0.0],)),
    Kink("cumprod with two zeros", np.cumprod, ([2.0, 0.0, 0.0, 5.0],), ([1.0, 2.0, 0.0, 0.0],)),
    Kink(
        "cumprod with a zero, order 2",
        order_two(np.cumprod),
        ([2.0, 0.0, 3.0],),
        ([4.0, 6.0, 2.0],),
    ),
    Kink(
        "cumprod along rows with a zero",
        lambda x: np.cumprod(x, axis=1),
        ([[2.0, 0.0], [3.0, 4.0]],),
        ([[1.0, 2.0], [5.0, 3.0]],),
    ),
    Kink(
        "sort is stable at ties",
        lambda x: np.sort(x) * np.arange(3.0),
        ([1.0, 0.0, 1.0],),
        ([1.0, 0.0, 2.0],),
    ),
    Kink("median at a tie", np.median, ([1.0, 1.0, 1.0],), ([0.0, 1.0, 0.0],)),
    Kink(
        "median with a nan",
        lambda x: np.median(x, axis=1),
        ([[NAN, 1.0, 2.0], [3.0, 1.0, 2.0]],),
        ([[0, 0, 0], [0, 0, 1]],),
    ),
]


FAULTS = [
    Fault(
        "max: axis", lambda x: np.max(x, axis=1), (np.ones(3),), IndexError, "max: axis 1.*-1 to 0"
    ),
    Fault(
        "cumsum: axis", lambda x: np.cumsum(x, axis=1), (np.ones(3),), IndexError, "cumsum: axis 1"
    ),
    Fault("sort: axis", lambda x: np.sort(x, axis=1), (np.ones(3),), IndexError, "axis 1"),
    Fault("max of none", np.max, (np.ones(0),), ValueError, r"max: zero-size .*\(0,\)"),
    Fault(
        "min of no rows",
        lambda x: np.min(x, axis=0),
        (np.ones((0, 2)),),
        ValueError,
        "min: zero-size",
    ),
    Fault(
        "max where without initial",
        lambda x: np.max(x, where=x > 0),
        (np.ones(3),),
        ValueError,
        "initial=",
    ),
    Fault("diff: n", lambda x: np.diff(x, n=-1), (np.ones(3),), ValueError, "diff.*n >= 0"),
    Fault(
        "diff: axis", lambda x: np.diff(x, axis=2), (np.ones((2, 3)),), IndexError, "diff: axis 2"
    ),
    Fault(
        "median: axis", lambda x: np.median(x, axis=1), (np.ones(3),), IndexError, "median: axis 1"
    ),
    Fault("diff of a number", np.diff, (1.0,), ValueError, "diff.*0-d"),
]
