"""Rows for attention."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nn.functional as F

from .case import Case, Fault, Kink


def _attention(q: Any, k: Any, v: Any, mask: Any = 0.0, scale: Any = None) -> Any:
    """The formula: the weights of all queries, then the averages."""
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    scores = jnp.einsum("...le,...se->...ls", q, k) * scale + mask
    return jnp.einsum("...ls,...sv->...lv", jax.nn.softmax(scores, -1), v)


def _or_the_first(mask: Any) -> Any:
    """``mask``, but every query may look at the first key."""
    return np.logical_or(mask, np.arange(mask.shape[-1]) == 0)


def _hidden(mask: Any) -> Any:
    return jnp.where(_or_the_first(mask), 0.0, -jnp.inf)


PLAIN = [
    ((3, 4), (5, 4), (5, 2)),
    ((2, 3, 4), (2, 5, 4), (2, 5, 2)),
    ((2, 2, 3, 2), (1, 2, 4, 2), (2, 1, 4, 3)),
    ((0, 4), (5, 4), (5, 2)),
    ((3, 4), (0, 4), (0, 2)),
    ((2, 9, 3), (2, 8, 3), (2, 8, 5)),
]
MASKED = [
    ((3, 4), (5, 4), (5, 2), (3, 5)),
    ((3, 4), (5, 4), (5, 2), (5,)),
    ((2, 2, 3, 2), (2, 2, 4, 2), (2, 2, 4, 3), (2, 1, 1, 4)),
    ((1, 3, 2), (2, 4, 2), (1, 4, 3), (2, 3, 1)),
]

CASES = [
    Case(
        "scaled_dot_product_attention",
        F.scaled_dot_product_attention,
        PLAIN,
        jax=_attention,
        primitives=("scaled_dot_product_attention",),
    ),
    Case(
        "scaled_dot_product_attention with a scale",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.3),
        PLAIN[:2],
        jax=lambda q, k, v: _attention(q, k, v, scale=0.3),
    ),
    Case(
        "scaled_dot_product_attention with numbers as a mask",
        F.scaled_dot_product_attention,
        MASKED,
        jax=_attention,
    ),
    Case(
        "scaled_dot_product_attention with a mask",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, _or_the_first(m)),
        MASKED[:3],
        ("real", "real", "real", "bool"),
        lambda q, k, v, m: _attention(q, k, v, _hidden(m)),
    ),
    Case(
        "scaled_dot_product_attention with -inf in the mask",
        lambda q, k, v, m: F.scaled_dot_product_attention(
            q, k, v, np.where(_or_the_first(m), q.dtype.type(0), -np.inf)
        ),
        MASKED[:3],
        ("real", "real", "real", "bool"),
        lambda q, k, v, m: _attention(q, k, v, _hidden(m)),
    ),
    Case(
        "scaled_dot_product_attention causal",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [*PLAIN[:3], ((6, 2), (4, 2), (4, 3))],
        jax=lambda q, k, v: _attention(
            q, k, v, jnp.where(np.tri(q.shape[-2], k.shape[-2], dtype=bool), 0.0, -jnp.inf)
        ),
    ),
]

_Q, _K, _V = np.ones((3, 4)), np.ones((5, 4)), np.ones((5, 2))

KINKS = [
    Kink(
        "attention to a key that is hidden from all",
        lambda k: F.scaled_dot_product_attention(_Q, k, _V, np.arange(5) < 4)[:, 0] * 2.0,
        (_K,),
        (0 * _K,),
    ),
    Kink(
        "attention that sees nothing",
        lambda q: F.scaled_dot_product_attention(q, _K, _V, [[True], [False], [True]]),
        (_Q,),
        ([[0.0] * 4, [np.nan] * 4, [0.0] * 4],),
    ),
]

FAULTS = [
    Fault(
        "attention features",
        F.scaled_dot_product_attention,
        (_Q, np.ones((5, 3)), _V),
        ValueError,
        r"\(..., L, E\).*got the shapes \(3, 4\), \(5, 3\) and \(5, 2\)",
    ),
    Fault(
        "attention keys and values",
        F.scaled_dot_product_attention,
        (_Q, _K, np.ones((4, 2))),
        ValueError,
        "one value for each key",
    ),
    Fault(
        "attention of a vector",
        F.scaled_dot_product_attention,
        (np.ones(4), _K, _V),
        ValueError,
        r"got the shapes \(4,\)",
    ),
    Fault(
        "attention of a number",
        F.scaled_dot_product_attention,
        (np.array(1.0), _K, _V),
        ValueError,
        r"got the shapes \(\)",
    ),
    Fault(
        "attention with two masks",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, np.ones((3, 5), bool), 0.0, True),
        (_Q, _K, _V),
        ValueError,
        "attn_mask and is_causal=True",
    ),
    Fault(
        "attention with a mask of whole numbers",
        F.scaled_dot_product_attention,
        (_Q, _K, _V, np.ones((3, 5), int)),
        TypeError,
        "booleans .* got int64",
    ),
    Fault(
        "attention with another mask",
        F.scaled_dot_product_attention,
        (_Q, _K, _V, np.ones((3, 4))),
        ValueError,
        r"broadcasts to \(3, 5\).* got \(3, 4\)",
    ),
    Fault(
        "attention with a larger mask",
        F.scaled_dot_product_attention,
        (_Q, _K, _V, np.ones((2, 3, 5))),
        ValueError,
        r"broadcasts to \(3, 5\).* got \(2, 3, 5\)",
    ),
    Fault(
        "FAULT 44 attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, dropout_p=1.0),
        (_Q, _K, _V),
        ValueError,
        r"\[0, 1\), got 1.0",
    ),
]
