"""Rows for exponentials, logarithms, angles, hyperbolic functions, and softmax and its kin."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

import autograd as ag
from autograd.ops.softmax import log_softmax, softmax
from autograd.ops.softmax import logsumexp as our_logsumexp
from autograd.ops.transcendental import relu, sigmoid, softplus

from .arithmetic import INF, NAN, ONE, binary, unary
from .case import Case, Fault, Kink

LN2 = np.log(2.0)
ROWS = [((4,),), ((2, 3),), ((3, 2, 4),), ((1, 1),), ((0, 3),), ((3, 0),)]


def _ours(name: str, f: Callable[..., Any], reference: Any, domain: str = "real") -> Case:
    return Case(f"the primitive {name}", f, ONE, domain, reference, (name,))


def _softmax(name: str, f: Callable[..., Any], reference: Any, **options: Any) -> Case:
    text = "".join(f" {k}={v}" for k, v in options.items())
    return Case(
        name + text,
        lambda x: f(x, **options),
        ROWS,
        "real",
        lambda x: reference(x, **options),
        (name,),
    )


CASES = [
    unary("exp"),
    unary("exp2"),
    unary("expm1"),
    unary("log", "positive"),
    unary("log2", "positive"),
    unary("log10", "positive"),
    unary("log1p", "positive"),
    unary("sin"),
    unary("cos"),
    unary("tan", "unit"),
    unary("arcsin", "unit"),
    unary("arccos", "unit"),
    unary("arctan"),
    unary("deg2rad"),
    unary("rad2deg"),
    unary("radians"),
    unary("degrees"),
    unary("sinh"),
    unary("cosh"),
    unary("tanh"),
    unary("arcsinh"),
    unary("arccosh", "above_one"),
    unary("arctanh", "unit"),
    unary("sinc"),
    Case("sinc by its series", lambda x: np.sinc(0.1 * x), ONE, jax=lambda x: jnp.sinc(0.1 * x)),
    binary("hypot", "nonzero", "nonzero"),
    binary("arctan2", "nonzero", "nonzero"),
    binary("logaddexp"),
    binary("logaddexp2"),
    _ours("sigmoid", sigmoid, jax.nn.sigmoid),
    _ours("softplus", softplus, jax.nn.softplus),
    _ours("relu", relu, jax.nn.relu, "distinct"),
    Case(
        "a chain",
        lambda x: np.tanh(np.exp(np.sin(x)) / 3),
        ONE,
        jax=lambda x: jnp.tanh(jnp.exp(jnp.sin(x)) / 3),
    ),
    _softmax("logsumexp", our_logsumexp, logsumexp),
    _softmax("logsumexp", our_logsumexp, logsumexp, axis=0),
    _softmax("logsumexp", our_logsumexp, logsumexp, axis=-1, keepdims=True),
    Case(
        "logsumexp axis=(0, -1)",
        lambda x: our_logsumexp(x, axis=(0, -1)),
        [((2, 3),), ((2, 3, 4),)],
        jax=lambda x: logsumexp(x, axis=(0, -1)),
    ),
    Case("logsumexp of a number", our_logsumexp, [((),)]),
    *[
        _softmax(name, f, reference, axis=axis)
        for name, f, reference in [
            ("softmax", softmax, jax.nn.softmax),
            ("log_softmax", log_softmax, jax.nn.log_softmax),
        ]
        for axis in (-1, 0)
    ],
    Case("softmax axis=(0, 1)", lambda x: softmax(x, axis=(0, 1)), [((2, 3),), ((2, 3, 2),)]),
    Case(
        "log of softmax", lambda x: np.log(softmax(x)), [((4,),), ((2, 3),)], jax=jax.nn.log_softmax
    ),
]


def _first(x: Any) -> Any:
    return log_softmax(x)[..., 0]


KINKS = [
    Kink("log at 0", np.log, (0.0,), (INF,)),
    Kink("log2, log10 at 0", lambda x: np.log2(x) + np.log10(x), (0.0,), (INF,)),
    Kink("log1p at -1", np.log1p, (-1.0,), (INF,)),
    Kink("log below 0", np.log, (-1.0,), (-1.0,)),
    Kink("arcsin at 1", np.arcsin, ([1.0, -1.0],), (INF,)),
    Kink("arccos at 1", np.arccos, ([1.0, -1.0],), (-INF,)),
    Kink("arccosh at 1", np.arccosh, (1.0,), (INF,)),
    Kink("arctanh at 1", np.arctanh, (1.0,), (INF,)),
    Kink("exp at infinity", np.exp, ([-INF, INF, NAN],), ([0.0, INF, NAN],)),
    Kink("tanh, arctan at infinity", lambda x: np.tanh(x) + np.arctan(x), ([-INF, INF],), (0.0,)),
    Kink("arcsinh of huge numbers", np.arcsinh, ([1e30, -1e30],), (1e-30,)),
    Kink("sinc at 0", np.sinc, (0.0,), (0.0,)),
    Kink("sinc near 0", np.sinc, ([1e-8],), (-(np.pi**2) / 3 * 1e-8,)),
    Kink("sinc at whole numbers", np.sinc, ([1.0, 2.0, -1.0],), ([-1.0, 0.5, 1.0],)),
    Kink(
        "sinc at 0, order 2",
        lambda x: ag.grad(lambda y: np.sum(np.sinc(y)))(x),
        (0.0,),
        (-(np.pi**2) / 3,),
    ),
    Kink("hypot(0, 0)", np.hypot, (0.0, 0.0), (0.0, 0.0)),
    Kink("hypot of huge numbers", np.hypot, (3e30, 4e30), (0.6, 0.8)),
    Kink("arctan2(0, 0)", np.arctan2, (0.0, 0.0), (0.0, 0.0)),
    Kink("arctan2(0, -1)", np.arctan2, (0.0, -1.0), (-1.0, 0.0)),
    Kink("arctan2 of huge numbers", np.arctan2, (3e30, 4e30), (0.16e-30, -0.12e-30)),
    Kink("sigmoid of huge numbers", sigmoid, ([1e4, -1e4, INF, -INF],), (0.0,)),
    Kink("softplus of huge numbers", softplus, ([1e4, -1e4, INF, -INF],), ([1.0, 0.0, 1.0, 0.0],)),
    Kink(
        "the primitive relu at 0",
        relu,
        ([0.0, -1.0, 1.0, INF, -INF],),
        ([0.0, 0.0, 1.0, 1.0, 0.0],),
    ),
    Kink(
        "logaddexp at ±1e4",
        np.logaddexp,
        ([1e4, -1e4, 1e4], [-1e4, -1e4, 1e4]),
        ([1.0, 0.5, 0.5], [0.0, 0.5, 0.5]),
    ),
    Kink(
        "logaddexp with -inf",
        np.logaddexp,
        ([-INF, 0.0, -INF], [0.0, -INF, -INF]),
        ([0, 1, 0], [1, 0, 0]),
    ),
    Kink(
        "logaddexp with inf",
        np.logaddexp,
        ([INF, INF, 0.0], [INF, 0.0, INF]),
        ([0.5, 1, 0], [0.5, 0, 1]),
    ),
    Kink("logaddexp(x, x) at inf", lambda x: np.logaddexp(x, x), (INF,), (1.0,)),
    Kink(
        "logaddexp2 with infinities",
        np.logaddexp2,
        ([INF, -INF, 3.0], [INF, 0.0, 3.0]),
        ([0.5, 0, 0.5], [0.5, 1, 0.5]),
    ),
    Kink("logsumexp at ±1e4", our_logsumexp, ([1e4, 1e4, -1e4],), ([0.5, 0.5, 0.0],)),
    Kink("logsumexp with -inf", our_logsumexp, ([0.0, -INF, 0.0],), ([0.5, 0.0, 0.5],)),
    Kink("logsumexp of nothing but -inf", our_logsumexp, ([-INF, -INF],), (0.0,)),
    Kink("logsumexp with inf", our_logsumexp, ([INF, 1.0, INF],), ([0.5, 0.0, 0.5],)),
    Kink(
        "logsumexp by rows",
        lambda x: our_logsumexp(x, axis=1),
        ([[-INF, -INF], [0.0, -INF]],),
        ([[0, 0], [1, 0]],),
    ),
    Kink("softmax at ±1e4", lambda x: softmax(x)[0], ([1e4, 1e4, -1e4],), ([0.25, -0.25, 0.0],)),
    Kink("softmax with -inf", lambda x: softmax(x)[0], ([0.0, -INF, 0.0],), ([0.25, 0.0, -0.25],)),
    Kink("softmax of nothing but -inf", softmax, ([-INF, -INF],), (NAN,)),
    Kink("log_softmax at ±1e4", _first, ([-1e4, 1e4, 1e4],), ([1.0, -0.5, -0.5],)),
    Kink("log_softmax with -inf", _first, ([0.0, -INF, 0.0],), ([0.5, 0.0, -0.5],)),
    Kink("log_softmax of nothing but -inf", log_softmax, ([-INF, -INF],), (NAN,)),
]

FAULTS = [
    Fault(
        "softmax: axis",
        lambda x: softmax(x, axis=2),
        (np.ones((2, 3)),),
        IndexError,
        "softmax.*axis 2.*-2 to 1",
    ),
    Fault(
        "logsumexp: axis",
        lambda x: our_logsumexp(x, axis=1),
        (np.ones(3),),
        IndexError,
        "logsumexp.*axis 1",
    ),
    Fault("i0 has no rule", np.i0, (np.ones(3),), TypeError, "np.i0"),
]
