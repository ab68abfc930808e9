"""Rows for the functions of layers with parameters: linear, embedding, normalization."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nn.functional as F
from nn.functional.normalization import Moments, inverse_deviation, standardize

from .case import Case, Fault, Kink

EPS = 1e-5


def _normal(x: Any, axes: Any) -> Any:
    mean = jnp.mean(x, axes, keepdims=True)
    return (x - mean) / jnp.sqrt(jnp.mean((x - mean) ** 2, axes, keepdims=True) + EPS)


def _per_channel(a: Any, x: Any) -> Any:
    return a.reshape(-1, *[1] * (x.ndim - 2))


def _batch_norm(x: Any, w: Any, b: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    return _normal(x, axes) * _per_channel(w, x) + _per_channel(b, x)


def _group_norm(x: Any, w: Any, b: Any) -> Any:
    groups = _normal(x.reshape(len(x), 2, -1), 2).reshape(x.shape)
    return groups * _per_channel(w, x) + _per_channel(b, x)


def _instance_norm(x: Any, w: Any, b: Any) -> Any:
    return _normal(x, tuple(range(2, x.ndim))) * _per_channel(w, x) + _per_channel(b, x)


MEAN, VAR = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.5, 1.0])


def _running(x: Any, w: Any, b: Any) -> Any:
    normal = (x - _per_channel(MEAN, x)) / jnp.sqrt(_per_channel(VAR, x) + EPS)
    return normal * _per_channel(w, x) + _per_channel(b, x)


def _response(x: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    """W16, spelt out: the channels from i - n/2 to i + (n - 1)/2, as far as they are there."""
    channels = []
    for i in range(x.shape[1]):
        window = x[:, max(0, i - size // 2) : i + (size - 1) // 2 + 1]
        channels.append(x[:, i] / (k + alpha / size * jnp.sum(window**2, 1)) ** beta)
    return jnp.stack(channels, 1)


def _in_training(x: Any, w: Any, b: Any) -> Any:
    return F.batch_norm(x, weight=w, bias=b, training=True)


def _evaluated(x: Any, w: Any, b: Any) -> Any:
    return F.batch_norm(x, MEAN.astype(x.dtype), VAR.astype(x.dtype), w, b)


IMAGES = [
    ((4, 3), (3,), (3,)),
    ((2, 3, 5), (3,), (3,)),
    ((2, 3, 2, 2), (3,), (3,)),
    ((20, 3, 2), (3,), (3,)),
]
POSITIONS = [
    *IMAGES[1:3],
    ((4, 3, 7), (3,), (3,)),
]  # two positions would be at a pole of the derivative
GROUPS = [((4, 4), (4,), (4,)), ((2, 4, 5), (4,), (4,)), ((2, 4, 2, 2), (4,), (4,))]

CASES = [
    Case(
        "linear",
        F.linear,
        [
            ((4, 3), (2, 3), (2,)),
            ((3,), (2, 3), (2,)),
            ((2, 4, 3), (5, 3), (5,)),
            ((20, 9), (8, 9), (8,)),
        ],
        jax=lambda x, w, b: x @ w.T + b,
    ),
    Case(
        "linear without bias",
        F.linear,
        [
            ((4, 3), (2, 3)),
            ((3,), (2, 3)),
            ((2, 4, 3), (5, 3)),
            ((0, 3), (2, 3)),
            ((20, 9), (8, 9)),
        ],
        jax=lambda x, w: x @ w.T,
    ),
    *[
        Case(
            f"{name}, {len(biases)} biases",
            getattr(F, name),
            [((3, 2), (3, 4), (4, 2), (4, 4), *biases), ((2,), (4,), (4, 2), (4, 4), *biases)],
            jax=lambda x, h, w, u, *b, f=activation: f(x @ w.T + h @ u.T + sum(b)),
            primitives=(name,),
        )
        for name, activation in [("rnn_tanh_cell", jnp.tanh), ("rnn_relu_cell", jax.nn.relu)]
        for biases in [(), ((4,),), ((4,), (4,))]
    ],
    Case(
        "embedding",
        lambda i, w: F.embedding(i, w),
        [((4,), (5, 3)), ((2, 3), (5, 3)), ((), (5, 1)), ((30,), (5, 20))],
        ("index:5", "real"),
        lambda i, w: w[i],
    ),
    Case(
        "standardize",
        lambda x: standardize(x, axes=(0,), eps=EPS, moments=Moments()),
        [((4,),), ((3, 2),), ((5, 2, 3),), ((70, 2),)],
        jax=lambda x: _normal(x, 0),
    ),
    Case(
        "inverse_deviation",
        lambda x: inverse_deviation(x, axes=(0,), eps=EPS),
        [((4,),), ((3, 2),), ((5, 2, 3),), ((70, 2),)],
        jax=lambda x: 1 / jnp.sqrt(jnp.var(x, 0, keepdims=True) + EPS),
    ),
    Case("batch_norm in training", _in_training, IMAGES, jax=_batch_norm),
    Case(
        "batch_norm without parameters",
        lambda x: F.batch_norm(x, training=True),
        [((4, 3),), ((2, 3, 4),), ((2, 1, 2, 2),)],
        jax=lambda x: _normal(x, (0, *range(2, x.ndim))),
    ),
    Case("batch_norm evaluated", _evaluated, IMAGES, jax=_running),
    Case(
        "layer_norm",
        lambda x, w, b: F.layer_norm(x, w.shape, w, b),
        [
            ((4, 3), (3,), (3,)),
            ((2, 3, 4), (3, 4), (3, 4)),
            ((5,), (5,), (5,)),
            ((30, 4), (4,), (4,)),
        ],
        jax=lambda x, w, b: _normal(x, tuple(range(-w.ndim, 0))) * w + b,
    ),
    Case(
        "layer_norm without bias",
        lambda x, w: F.layer_norm(x, w.shape, w),
        [((4, 3), (3,)), ((2, 3, 4), (3, 4)), ((1, 5), (5,))],
        jax=lambda x, w: _normal(x, tuple(range(-w.ndim, 0))) * w,
    ),
    Case("group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), GROUPS, jax=_group_norm),
    Case(
        "instance_norm",
        lambda x, w, b: F.instance_norm(x, weight=w, bias=b),
        POSITIONS,
        jax=_instance_norm,
    ),
    *[
        Case(
            f"local_response_norm {size}",
            lambda x, size=size: F.local_response_norm(x, size, 0.5, 0.75, 2.0),
            [((2, 7),), ((1, 3, 4),), ((2, 6, 2, 2),)],
            jax=lambda x, size=size: _response(x, size, 0.5, 0.75, 2.0),
        )
        for size in (1, 2, 5)
    ],
]

_LEVEL = np.full((4, 3), 7.0)

KINKS = [
    Kink(
        "batch_norm of a constant",
        lambda x: F.batch_norm(x, training=True),
        (_LEVEL,),
        (0 * _LEVEL,),
    ),
    Kink("layer_norm of a constant", lambda x: F.layer_norm(x, 3), (_LEVEL,), (0 * _LEVEL,)),
    Kink(
        "layer_norm of one feature", lambda x: F.layer_norm(x, 1), (np.ones((2, 1)),), ([[0], [0]],)
    ),
]

_X, _W, _I = np.ones((4, 3)), np.ones((2, 3)), np.array([0, 2])

FAULTS = [
    Fault("FAULT 41", F.linear, (np.ones((4, 5)), _W), ValueError, r"3 features .*\(4, 5\)"),
    Fault("linear of a number", F.linear, (np.array(1.0), _W), ValueError, "3 features"),
    Fault("linear bias", F.linear, (_X, _W, np.ones(3)), ValueError, r"a bias of shape \(2,\)"),
    Fault(
        "rnn_tanh_cell of another batch",
        F.rnn_tanh_cell,
        (np.ones((3, 2)), np.ones((2, 4)), np.ones((4, 2)), np.ones((4, 4))),
        ValueError,
        r"hx \(batch, hidden\).*\(3, 2\), \(2, 4\)",
    ),
    Fault(
        "FAULT 43",
        lambda x: F.batch_norm(x, training=True),
        (np.ones((1, 3)),),
        ValueError,
        "1 value for each",
    ),
    Fault(
        "FAULT 43 instances",
        F.instance_norm,
        (np.ones((2, 3, 1)),),
        ValueError,
        "1 position for each",
    ),
    Fault(
        "batch_norm channels",
        _in_training,
        (_X, np.ones(2), np.ones(2)),
        ValueError,
        r"3 channels .*\(2,\)",
    ),
    Fault(
        "batch_norm axes",
        lambda x: F.batch_norm(x),
        (np.ones(3),),
        ValueError,
        r"\(N, C\), got \(3,\)",
    ),
    Fault(
        "layer_norm shape",
        lambda x: F.layer_norm(x, 4),
        (_X,),
        ValueError,
        r"axes \(4,\), got \(4, 3\)",
    ),
    Fault(
        "group_norm groups",
        lambda x: F.group_norm(x, 2),
        (_X,),
        ValueError,
        "divide the 3 channels, got 2",
    ),
    Fault(
        "FAULT 45 embedding", lambda w: F.embedding(_I, w), (_W,), IndexError, "index 2 .* 2 rows"
    ),
    Fault(
        "FAULT 45 embedding negative",
        lambda w: F.embedding(_I - 1, w),
        (_W,),
        IndexError,
        "index -1",
    ),
    Fault(
        "FAULT 45 embedding float",
        lambda w: F.embedding(_I * 1.0, w),
        (_W,),
        TypeError,
        "whole numbers",
    ),
    Fault("FAULT 44", lambda x: F.dropout(x, 1.0), (_X,), ValueError, r"\[0, 1\), got 1.0"),
    Fault("FAULT 44 negative", lambda x: F.dropout(x, -0.1), (_X,), ValueError, "got -0.1"),
    Fault("FAULT 44 channels", lambda x: F.dropout2d(x, 1.0), (_X,), ValueError, "got 1.0"),
    Fault(
        "dropout2d axes",
        lambda x: F.dropout2d(x),
        (_X,),
        ValueError,
        r"\(N, C, ...\), got \(4, 3\)",
    ),
    Fault(
        "local_response_norm size",
        lambda x: F.local_response_norm(x, 0),
        (_X,),
        ValueError,
        "at least 1",
    ),
]
