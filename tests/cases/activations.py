"""Rows for the activations of ``nn.functional``."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtr

import nn.functional as F
from nn.functional.activation import normal_cdf

from .case import Case, Fault, Kink

SHAPES = [((),), ((7,),), ((3, 5),), ((2, 3, 2, 2),), ((0, 4),)]


def _case(name: str, f: Callable[..., Any], reference: Callable[..., Any]) -> Case:
    return Case(name, f, SHAPES, "nonzero", reference)


def _maxout(x: Any, pieces: int, axis: int) -> Any:
    """Spelt out: piece p of output i is entry i * pieces + p."""
    entries = [jnp.take(x, jnp.arange(p, x.shape[axis], pieces), axis) for p in range(pieces)]
    return jnp.max(jnp.stack(entries), 0)


CASES = [
    _case("relu", F.relu, jax.nn.relu),
    _case("relu6", lambda x: F.relu6(4 * x), lambda x: jax.nn.relu6(4 * x)),
    _case("leaky_relu", F.leaky_relu, jax.nn.leaky_relu),
    _case("leaky_relu 0.3", lambda x: F.leaky_relu(x, 0.3), lambda x: jax.nn.leaky_relu(x, 0.3)),
    _case("elu", F.elu, jax.nn.elu),
    _case("elu 0.5", lambda x: F.elu(x, 0.5), lambda x: jax.nn.elu(x, 0.5)),
    _case("selu", F.selu, jax.nn.selu),
    _case("softplus", F.softplus, jax.nn.softplus),
    _case("softplus beta 3", lambda x: F.softplus(x, 3.0), lambda x: jax.nn.softplus(3 * x) / 3),
    _case("softplus beyond its threshold", lambda x: F.softplus(x, 1.0, -5.0), lambda x: x),
    _case("sigmoid", F.sigmoid, jax.nn.sigmoid),
    _case("log_sigmoid", F.log_sigmoid, jax.nn.log_sigmoid),
    _case("nn tanh", F.tanh, jnp.tanh),
    _case("silu", F.silu, jax.nn.silu),
    _case("gelu", F.gelu, lambda x: jax.nn.gelu(x, approximate=False)),
    _case("gelu tanh", lambda x: F.gelu(x, "tanh"), lambda x: jax.nn.gelu(x, approximate=True)),
    _case("normal_cdf", normal_cdf, jax.scipy.stats.norm.cdf),
    _case("hardtanh", F.hardtanh, jax.nn.hard_tanh),
    _case("hardtanh bounds", lambda x: F.hardtanh(x, -0.5, 1.5), lambda x: jnp.clip(x, -0.5, 1.5)),
    _case("step", F.step, lambda x: jnp.heaviside(x, 0.0)),
    _case("nn sign", F.sign, jnp.sign),
    Case(
        "prelu one slope",
        F.prelu,
        [((4,), (1,)), ((3, 4), (1,)), ((2, 3, 2), (1,))],
        ("nonzero", "real"),
        lambda x, a: jnp.where(x > 0, x, a * x),
    ),
    Case(
        "prelu per channel",
        F.prelu,
        [((3, 4), (4,)), ((2, 3, 2), (3,)), ((2, 3, 2, 2), (3,))],
        ("nonzero", "real"),
        lambda x, a: jnp.where(x > 0, x, a.reshape(-1, *[1] * (x.ndim - 2)) * x),
    ),
    Case(
        "softmax dim",
        lambda x: F.softmax(x, 1),
        [((3, 5),), ((2, 3, 2),), ((1, 1),)],
        jax=lambda x: jax.nn.softmax(x, 1),
    ),
    Case(
        "log_softmax dim",
        lambda x: F.log_softmax(x, 1),
        [((3, 5),), ((2, 3, 2),), ((1, 1),)],
        jax=lambda x: jax.nn.log_softmax(x, 1),
    ),
    Case(
        "maxout",
        lambda x: F.maxout(x, 2),
        [((4,),), ((3, 6),), ((2, 2, 4),)],
        "distinct",
        lambda x: _maxout(x, 2, -1),
    ),
    Case(
        "maxout of channels",
        lambda x: F.maxout(x, 3, 1),
        [((2, 6),), ((2, 3, 2),), ((1, 9, 1, 2),)],
        "distinct",
        lambda x: _maxout(x, 3, 1),
    ),
    Case(
        "gelu far out", lambda x: F.gelu(x * 12), [((5, 5),)], jax=lambda x: 12 * x * ndtr(12 * x)
    ),
]

_AT = np.array([-1.0, 0.0, 1.0, 6.0])

KINKS = [
    Kink("relu at 0", F.relu, (_AT,), ([0, 0, 1, 1],)),
    Kink("relu6 at 0 and 6", F.relu6, (_AT,), ([0, 0, 1, 0],)),
    Kink("hardtanh at its bounds", F.hardtanh, (_AT,), ([0, 1, 0, 0],)),
    Kink("leaky_relu at 0", lambda x: F.leaky_relu(x, 0.25), (_AT,), ([0.25, 0.25, 1, 1],)),
    Kink("prelu at 0", F.prelu, (_AT, np.array([0.25])), ([0.25, 0.25, 1, 1], [-1.0])),
    Kink("elu at 0", lambda x: F.elu(x, 2.0), (np.zeros(3),), ([2, 2, 2],)),
    Kink("step", F.step, (_AT,), ([0, 0, 0, 0],)),
    Kink("maxout of a tie", lambda x: F.maxout(x, 2), (np.ones(4),), ([0.5, 0.5, 0.5, 0.5],)),
    Kink("W20: a saturated sigmoid", F.sigmoid, (np.array([0.0]),), ([0.25],)),
    Kink("softmax of -inf", lambda x: F.softmax(x)[0], (np.array([0.0, -np.inf]),), ([0, 0],)),
    Kink("sigmoid far out", F.sigmoid, (np.array([-1e4, 1e4]),), ([0, 0],)),
    Kink("softplus far out", F.softplus, (np.array([-1e4, 1e4]),), ([0, 1],)),
    Kink("silu far out", F.silu, (np.array([-1e4, 1e4]),), ([0, 1],)),
    Kink("gelu far out", F.gelu, (np.array([-1e4, 1e4]),), ([0, 1],)),
    Kink("gelu tanh far out", lambda x: F.gelu(x, "tanh"), (np.array([-1e2, 1e2]),), ([0, 1],)),
    Kink("elu far out", F.elu, (np.array([-1e4, 1e4]),), ([0, 1],)),
]

_X = np.ones((2, 6))

FAULTS = [
    Fault("gelu mode", lambda x: F.gelu(x, "erf"), (_X,), ValueError, "none, tanh"),
    Fault(
        "hardtanh bounds", lambda x: F.hardtanh(x, 1, -1), (_X,), ValueError, "min_val < max_val"
    ),
    Fault("elu alpha", lambda x: F.elu(x, 0.0), (_X,), ValueError, "alpha > 0"),
    Fault("softplus beta", lambda x: F.softplus(x, 0.0), (_X,), ValueError, "beta > 0"),
    Fault(
        "maxout pieces", lambda x: F.maxout(x, 4), (_X,), ValueError, "divide the axis -1 of size 6"
    ),
    Fault(
        "prelu slopes",
        F.prelu,
        (_X, np.ones(3)),
        ValueError,
        r"\(2, 6\).*got a weight of shape \(3,\)",
    ),
]
