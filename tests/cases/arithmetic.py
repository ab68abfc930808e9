"""Rows for arithmetic, rounding and choosing."""

import operator
from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Kink

ONE = [((),), ((1,),), ((5,),), ((2, 3),), ((0,),), ((2, 0, 3),), ((2, 1, 4),)]
TWO = [
    ((), ()),
    ((4,), (4,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((3, 2), ()),
    ((), (2, 2)),
    ((0,), (1,)),
    ((2, 1, 3), (4, 1)),
]
INF, NAN = np.inf, np.nan


def unary(name: str, domain: str = "real") -> Case:
    return Case(name, getattr(np, name), ONE, domain, getattr(jnp, name), primitives=(name,))


def binary(name: str, *domain: str, primitives: tuple[str, ...] = ()) -> Case:
    f, jax = getattr(np, name), getattr(jnp, name)
    return Case(name, f, TWO, domain or ("real", "real"), jax, primitives=primitives or (name,))


CASES = [
    # --- operators
    binary("add"),
    binary("subtract"),
    binary("multiply"),
    binary("divide", "real", "nonzero"),
    binary("power", "positive", "real"),
    binary("float_power", "positive", "real"),
    Case("operators with numbers", lambda x: (2 - x) / 3 + 4 / x - x * 2**x, ONE, "nonzero"),
    Case(
        "operators with arrays",
        lambda x: np.arange(3.0) * x - x / np.ones((2, 1)),
        [((3,),), ((),)],
    ),
    Case("x ** 2", lambda x: x**2, ONE, jax=lambda x: x**2),
    Case("x ** 3", lambda x: x**3, ONE, jax=lambda x: x**3),
    Case("x ** 1", lambda x: x**1, ONE, jax=lambda x: x**1),
    Case("x ** 0", lambda x: x**0, ONE, jax=lambda x: x**0),
    Case("x ** -2", lambda x: x**-2, ONE, "nonzero", lambda x: x**-2.0),
    Case("x ** 0.5", lambda x: x**0.5, ONE, "positive", lambda x: x**0.5),
    Case("x ** whole numbers", lambda x: x ** np.arange(4), [((4,),), ((2, 1),)], "nonzero"),
    Case("0 ** y at y > 0", lambda y: np.zeros(4) ** y, [((4,),)], "positive"),
    Case("2 ** y", lambda y: 2**y, ONE, jax=lambda y: 2.0**y),
    Case("x ** x", lambda x: x**x, ONE, "positive", lambda x: x**x),
    Case("matrix times itself", lambda x: x * x * x, ONE),
    unary("negative"),
    unary("positive"),
    unary("absolute", "nonzero"),
    unary("fabs", "nonzero"),
    unary("square"),
    unary("sqrt", "positive"),
    unary("cbrt", "nonzero"),
    unary("reciprocal", "nonzero"),
    unary("conjugate"),
    unary("real"),
    unary("imag"),
    # --- remainders
    binary("remainder", "distinct", "above_one"),
    Case(
        "remainder by negatives", lambda x, y: np.remainder(x, -y), TWO, ("distinct", "above_one")
    ),
    binary("fmod", "distinct", "above_one"),
    Case("fmod by negatives", lambda x, y: np.fmod(-x, -y), TWO, ("distinct", "above_one")),
    binary("divmod", "distinct", "above_one", primitives=("floor_divide", "remainder")),
    binary("floor_divide", "distinct", "above_one"),
    # --- the larger, the smaller
    binary("maximum", "distinct", "distinct"),
    binary("minimum", "distinct", "distinct"),
    binary("fmax", "distinct", "distinct"),
    binary("fmin", "distinct", "distinct"),
    Case("maximum with a number", lambda x: np.maximum(x, 0) + np.minimum(0.5, x), ONE, "distinct"),
    # --- signs and steps
    binary("copysign", "nonzero", "nonzero"),
    binary("heaviside", "nonzero", "real"),
    unary("sign", "nonzero"),
    unary("floor", "distinct"),
    unary("ceil", "distinct"),
    unary("rint", "distinct"),
    unary("trunc", "distinct"),
    Case("fix", np.fix, ONE, "distinct", jnp.trunc),
    Case("round", np.round, ONE, "distinct", jnp.round, primitives=("round",)),
    Case("round to one decimal", lambda x: np.around(x, 1), ONE, "distinct"),
    Case("ldexp", lambda x: np.ldexp(x, 3), ONE, jax=lambda x: x * 8, primitives=("ldexp",)),
    Case("modf", np.modf, ONE, "distinct", jnp.modf, primitives=("modf",)),
    Case("modf, the fraction", lambda x: np.modf(x)[0] ** 2, ONE, "distinct"),
    Case("frexp", lambda x: np.frexp(x)[0], ONE, "distinct", lambda x: jnp.frexp(x)[0], ("frexp",)),
    Case("angle", np.angle, ONE, "nonzero", primitives=("angle",)),
    Case("angle in degrees", lambda x: np.angle(x, deg=True), ONE, "nonzero"),
    # --- choosing
    Case(
        "where",
        np.where,
        [
            ((4,), (4,), (4,)),
            ((2, 3), (3,), ()),
            ((3,), (2, 1), (2, 3)),
            ((), (2,), ()),
            ((0,), (1,), (0,)),
        ],
        ("bool", "real", "real"),
        jnp.where,
        ("where",),
    ),
    Case("where of itself", lambda x: np.where(x > 0, x * x, -x), ONE, "nonzero"),
    Case(
        "where, guarded log",
        lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0),
        ONE,
        "nonzero",
    ),
    Case(
        "where of a plain condition", lambda x: np.where(True, x, 0) + np.where([False], 1, x), ONE
    ),
    Case("where of a number", lambda x: np.where(2.5, x, 0) - np.where(0, 1, x * x), ONE),
    Case(
        "where with numbers",
        lambda x: np.where(x > 0, x, 0) + np.where(x > 0, 1.5, x),
        ONE,
        "nonzero",
    ),
    Case(
        "select",
        lambda x, y: np.select([x > 0.5, x > 0, y > 0], [x * y, y * y, x], default=2.0),
        TWO,
        "distinct",
        lambda x, y: jnp.select(
            list(jnp.broadcast_arrays(x > 0.5, x > 0, y > 0)),
            list(jnp.broadcast_arrays(x * y, y * y, x)),
            default=2.0,
        ),
    ),
    Case(
        "clip",
        lambda x: np.clip(x, -0.5, 0.75),
        ONE,
        "distinct",
        lambda x: jnp.clip(x, -0.5, 0.75),
        ("clip",),
    ),
    Case(
        "clip from below",
        lambda x: np.clip(x, 0.0, None),
        ONE,
        "distinct",
        lambda x: jnp.clip(x, 0.0),
    ),
    Case("clip from above", lambda x: np.clip(x, a_min=None, a_max=0.1), ONE, "distinct"),
    Case("clip min max", lambda x: np.clip(x, min=-0.2, max=0.2), ONE, "distinct"),
    Case(
        "clip with tracked bounds",
        np.clip,
        [
            ((4,), (4,), (4,)),
            ((2, 3), (3,), ()),
            ((), (2,), (2,)),
            ((3,), (2, 1), ()),
            ((0,), (), ()),
        ],
        "distinct",
    ),
    Case("nan_to_num", np.nan_to_num, ONE, "real", jnp.nan_to_num, ("nan_to_num",)),
]


def _both_remainders(y: Any) -> Any:
    return np.fmod(1.0, y) + np.remainder(1.0, y)


KINKS = [
    Kink("absolute at 0", np.absolute, ([0.0, -0.0],), (0.0,)),
    Kink("fabs at 0", np.fabs, (0.0,), (0.0,)),
    Kink("absolute at infinity", np.absolute, ([INF, -INF, NAN],), ([1.0, -1.0, NAN],)),
    Kink("sqrt at 0", np.sqrt, (0.0,), (INF,)),
    Kink("cbrt at 0", np.cbrt, (0.0,), (INF,)),
    Kink("reciprocal at 0", np.reciprocal, (0.0,), (-INF,)),
    Kink("x ** 0.5 at 0", lambda x: x**0.5, (0.0,), (INF,)),
    Kink("x ** 0.0 at 0", lambda x: x**0.0, ([0.0, 2.0, INF],), (0.0,)),
    Kink("x ** 1 at 0", lambda x: x**1, (0.0,), (1.0,)),
    Kink("x ** y at (0, 0)", np.power, (0.0, 0.0), (0.0, 0.0)),
    Kink("x ** y at (0, 1)", np.power, (0.0, 1.0), (1.0, 0.0)),
    Kink("x ** y at (0, 2)", np.power, (0.0, 2.0), (0.0, 0.0)),
    Kink("x ** y at (0, -1)", np.power, (0.0, -1.0), (-INF, -INF)),
    Kink("x ** y at (2, 0)", np.power, (2.0, 0.0), (0.0, np.log(2.0))),
    Kink("x ** y at (-2, 3)", lambda x: x ** np.asarray(3.0, x.dtype), (-2.0,), (12.0,)),
    Kink("float_power at (0, 0)", np.float_power, (0.0, 0.0), (0.0, 0.0)),
    Kink("x / y at (1, 0)", np.divide, (1.0, 0.0), (INF, -INF)),
    Kink("maximum(x, x)", lambda x: np.maximum(x, x), ([3.0, 0.0, INF],), (1.0,)),
    Kink("maximum at a tie", np.maximum, ([2.0, INF, -INF], [2.0, INF, -INF]), (0.5, 0.5)),
    Kink("minimum at a tie", np.minimum, ([2.0, INF, -INF], [2.0, INF, -INF]), (0.5, 0.5)),
    Kink("fmax at a tie", np.fmax, (2.0, 2.0), (0.5, 0.5)),
    Kink("fmin at a tie", np.fmin, (2.0, 2.0), (0.5, 0.5)),
    Kink("fmax leaves nan out", np.fmax, ([NAN, 1.0], [1.0, NAN]), ([0.0, 1.0], [1.0, 0.0])),
    Kink("fmin leaves nan out", np.fmin, ([NAN, 1.0], [1.0, NAN]), ([0.0, 1.0], [1.0, 0.0])),
    Kink("maximum with 0 at 0", lambda x: np.maximum(x, 0), (0.0,), (0.5,)),
    Kink(
        "maximum(x, 0) * 0.0 stays finite", lambda x: np.maximum(x, 0) * 0.0, ([1.0, INF],), (0.0,)
    ),
    Kink(
        "sqrt(maximum(x, 0)) below 0",
        lambda x: np.sqrt(np.maximum(x, 0)),
        ([-1.0, 4.0],),
        ([0.0, 0.25],),
    ),
    Kink("remainder at a jump", np.remainder, (4.0, 2.0), (1.0, -2.0)),
    Kink("fmod at a jump", np.fmod, (-4.0, 2.0), (1.0, 2.0)),
    Kink("1 mod 0.1: 9 times, though 1 / 0.1 rounds to 10", _both_remainders, (0.1,), (-18.0,)),
    Kink("copysign at 0", np.copysign, (0.0, -1.0), (0.0, 0.0)),
    Kink("heaviside at 0", np.heaviside, (0.0, 0.5), (0.0, 1.0)),
    Kink("sign at 0", np.sign, ([0.0, -1.0, INF],), (0.0,)),
    Kink("floor, ceil at a jump", lambda x: np.floor(x) + np.ceil(x), ([0.0, 1.0],), (0.0,)),
    Kink(
        "rint, trunc, round at a jump",
        lambda x: np.rint(x) + np.trunc(x) + np.round(x),
        ([0.5, 1.0],),
        (0.0,),
    ),
    Kink("floor under an infinite gradient", lambda x: np.sqrt(np.floor(x)), ([0.5],), (0.0,)),
    Kink(
        "clip at its bounds",
        lambda x: np.clip(x, -1, 1),
        ([-1.0, 1.0, 0.0, -2.0, 2.0],),
        ([0, 0, 1, 0, 0],),
    ),
    Kink("clip at a tracked bound", np.clip, (1.0, 1.0, 2.0), (0.0, 1.0, 0.0)),
    Kink("clip between equal bounds", np.clip, (1.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    Kink(
        "clip between crossed bounds",
        np.clip,
        ([0.0, 3.0], [2.0, 2.0], [1.0, 1.0]),
        (0.0, 0.0, 1.0),
    ),
    Kink("clip of infinities", lambda x: np.clip(x, 0, 1), ([INF, -INF],), (0.0,)),
    Kink(
        "where shows the other branch's infinity",
        lambda x: np.where(x > 0, np.log(x), 0),
        (0.0,),
        (NAN,),
    ),
    Kink(
        "nan_to_num of none",
        lambda x: np.nan_to_num(x, posinf=2.0),
        ([NAN, INF, -INF, 1.0],),
        ([0, 0, 0, 1],),
    ),
]

FAULTS = [
    Fault(
        "less: out is a tracked tensor",
        lambda x: np.less(np.zeros(3), x, x),
        (np.ones(3),),
        TypeError,
        "np.less: out=",
    ),
    Fault("add: shapes", np.add, (np.ones(3), np.ones(4)), ValueError, r"add.*\(3,\).*\(4,\)"),
    Fault(
        "* : shapes",
        operator.mul,
        (np.ones((2, 3)), np.ones(2)),
        ValueError,
        r"multiply.*\(2, ?3\)",
    ),
    Fault("where: shapes", np.where, (np.ones(3) > 0, np.ones(2), np.ones(3)), ValueError, "where"),
    Fault("clip: shapes", np.clip, (np.ones(3), np.zeros(2), np.ones(3)), ValueError, "clip"),
    Fault(
        "add: out", lambda x: np.add(x, 1, out=np.ones(3)), (np.ones(3),), TypeError, "add.*out="
    ),
    Fault(
        "add: where",
        lambda x: np.add(x, 1, where=np.ones(3, bool)),
        (np.ones(3),),
        TypeError,
        "add.*where=",
    ),
    Fault(
        "select: counts",
        lambda x: np.select([x > 0], [x, x]),
        (np.ones(3),),
        ValueError,
        "select: 1 .* 2",
    ),
    Fault("ldexp by a float", np.ldexp, (np.ones(2), np.ones(2)), TypeError, "ldexp"),
    Fault(
        "angle of a complex number", lambda x: np.angle(x * 1j), (np.ones(2),), TypeError, "angle"
    ),
    Fault("nextafter has no rule", np.nextafter, (1.0, 2.0), TypeError, "np.nextafter"),
    Fault(
        "whole numbers to negative powers",
        lambda x: np.arange(3) ** np.array(-1),
        (1.0,),
        ValueError,
        "negative",
    ),
]
