"""Rows for the losses of ``nn.functional``, by their formulas in ``jax.numpy``."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nn.functional as F

from .case import Case, Fault, Kink

PAIRS = [((4,), (4,)), ((3, 5), (3, 5)), ((2, 3, 2), (2, 3, 2))]
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": jnp.mean,
    "sum": jnp.sum,
    "none": lambda x: x,
}


def _reduced(name: str, shapes: Any, domain: Any, f: Any, losses: Any) -> list[Case]:
    """One row for each reduction of the reference ``losses``."""
    return [
        Case(
            f"{name} {r}",
            lambda *args, r=r: f(*args, reduction=r),
            shapes,
            domain,
            lambda *args, reduce=reduce: reduce(losses(*args)),
        )
        for r, reduce in REDUCTIONS.items()
    ]


def _huber(x: Any, y: Any, delta: float) -> Any:
    d = jnp.abs(x - y)
    return jnp.where(d <= delta, d * d / 2, delta * (d - delta / 2))


# --- classes ----------------------------------------------------------------------------------

W = np.array([0.5, 2.0, 1.0])
SCORES = [
    ((5, 3), (5,)),
    ((1, 3), (1,)),
    ((40, 3), (40,)),
    ((2, 3, 4), (2, 4)),
    ((2, 3, 2, 2), (2, 2, 2)),
]
KINDS = ("real", "index:3")


def _channels_last(x: Any) -> Any:
    return jnp.moveaxis(x, 1, -1)


def _picked(x: Any, y: Any) -> Any:
    """-log softmax(x) at the label, for each sample."""
    p = jax.nn.log_softmax(_channels_last(x), -1)
    return -jnp.take_along_axis(p, y[..., None], -1)[..., 0]


def _ignoring(x: Any, y: Any) -> Any:
    counts = y != 1
    return jnp.sum(_picked(x, y) * counts) / jnp.maximum(jnp.sum(counts), 1)


def _smoothed(x: Any, y: Any, w: Any, epsilon: float) -> Any:
    p = jax.nn.log_softmax(_channels_last(x), -1)
    target = jax.nn.one_hot(y, 3) * (1 - epsilon) + epsilon / 3
    return jnp.sum(-jnp.sum(w * target * p, -1)) / jnp.sum(jnp.asarray(w)[y])


def _distribution(x: Any, y: Any) -> Any:
    return -jnp.sum(_channels_last(y) * jax.nn.log_softmax(_channels_last(x), -1), -1)


def _weighted_mean(x: Any, y: Any) -> Any:
    w = jnp.asarray(W)[y]
    return jnp.sum(w * _picked(x, y)) / jnp.sum(w)


CLASSES = [
    *_reduced("cross_entropy", SCORES, KINDS, F.cross_entropy, _picked),
    Case(
        "cross_entropy weighted",
        lambda x, y: F.cross_entropy(x, y, W),
        SCORES,
        KINDS,
        _weighted_mean,
    ),
    Case(
        "cross_entropy weighted sum",
        lambda x, y: F.cross_entropy(x, y, W, reduction="sum"),
        SCORES,
        KINDS,
        lambda x, y: jnp.sum(jnp.asarray(W)[y] * _picked(x, y)),
    ),
    Case(
        "cross_entropy ignore_index",
        lambda x, y: F.cross_entropy(x, y, ignore_index=1),
        SCORES,
        KINDS,
        _ignoring,
    ),
    Case(
        "cross_entropy smoothed",
        lambda x, y: F.cross_entropy(x, y, label_smoothing=0.2),
        SCORES,
        KINDS,
        lambda x, y: _smoothed(x, y, np.ones(3), 0.2),
    ),
    Case(
        "cross_entropy smoothed and weighted",
        lambda x, y: F.cross_entropy(x, y, W, label_smoothing=0.2),
        SCORES,
        KINDS,
        lambda x, y: _smoothed(x, y, W, 0.2),
    ),
    Case(
        "cross_entropy one sample",
        lambda x: F.cross_entropy(x, 2),
        [((3,),), ((5,),), ((70,),)],
        jax=lambda x: -jax.nn.log_softmax(x)[2],
    ),
    *_reduced(
        "cross_entropy probabilities",
        [((4, 3), (4, 3)), ((30, 3), (30, 3)), ((2, 3, 2), (2, 3, 2))],
        ("real", "positive"),
        F.cross_entropy,
        _distribution,
    ),
    Case(
        "cross_entropy probabilities weighted and smoothed",
        lambda x, y: F.cross_entropy(x, y, W, label_smoothing=0.1),
        [((4, 3), (4, 3)), ((1, 3), (1, 3)), ((2, 3, 2), (2, 3, 2))],
        ("real", "positive"),
        lambda x, y: jnp.mean(
            _distribution(x, jnp.moveaxis((_channels_last(y) * 0.9 + 0.1 / 3) * W, -1, 1))
        ),
    ),
    *_reduced(
        "nll_loss",
        SCORES,
        KINDS,
        F.nll_loss,
        lambda x, y: -jnp.take_along_axis(_channels_last(x), y[..., None], -1)[..., 0],
    ),
    *_reduced(
        "multi_margin_loss",
        [((4, 3), (4,)), ((1, 5), (1,)), ((30, 4), (30,))],
        KINDS,
        F.multi_margin_loss,
        lambda x, y: _multi_margin(x, y, 1),
    ),
    Case(
        "multi_margin_loss squared and weighted",
        lambda x, y: F.multi_margin_loss(x, y, 2, 0.5, W),
        [((4, 3), (4,)), ((1, 3), (1,)), ((30, 3), (30,))],
        KINDS,
        lambda x, y: jnp.mean(_multi_margin(x, y, 2, 0.5) * jnp.asarray(W)[y]),
    ),
]


def _multi_margin(x: Any, y: Any, p: int, margin: float = 1.0) -> Any:
    excess = jnp.maximum(margin - jnp.take_along_axis(x, y[:, None], 1) + x, 0) ** p
    return jnp.sum(excess * (1 - jax.nn.one_hot(y, x.shape[1])), 1) / x.shape[1]


# --- pairs and vectors ------------------------------------------------------------------------


def _between_0_and_1(x: Any) -> Any:
    """From the domain unit, (-1, 1)."""
    return x * 0.5 + 0.5


def _bce(p: Any, y: Any, reduction: str) -> Any:
    return F.binary_cross_entropy(_between_0_and_1(p), _between_0_and_1(y), reduction=reduction)


def _bce_reference(p: Any, y: Any) -> Any:
    p, y = _between_0_and_1(p), _between_0_and_1(y)
    return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))


def _logistic(x: Any, y: Any, reduction: str) -> Any:
    return F.binary_cross_entropy_with_logits(x, _between_0_and_1(y), reduction=reduction)


def _logistic_reference(x: Any, y: Any) -> Any:
    y = _between_0_and_1(y)
    return -(y * jax.nn.log_sigmoid(x) + (1 - y) * jax.nn.log_sigmoid(-x))


def _pos_weighted(x: Any, y: Any) -> Any:
    y = _between_0_and_1(y)
    return -(3.0 * y * jax.nn.log_sigmoid(x) + (1 - y) * jax.nn.log_sigmoid(-x))


def _signs(y: Any) -> Any:
    return np.where(y, 1, -1)


def _distance(a: Any, b: Any, p: float = 2.0) -> Any:
    return jnp.sum(jnp.abs(a - b + 1e-6) ** p, -1) ** (1 / p)


def _triplet(a: Any, p: Any, n: Any) -> Any:
    return jax.nn.relu(_distance(a, p) - _distance(a, n) + 1)


def _swapped(a: Any, p: Any, n: Any) -> Any:
    far = jnp.minimum(_distance(a, n), _distance(p, n))
    return jnp.mean(jax.nn.relu(_distance(a, p) - far + 0.5))


def _cosine(a: Any, b: Any, y: Any) -> Any:
    roots = jnp.sqrt((jnp.sum(a * a, -1) + 1e-12) * (jnp.sum(b * b, -1) + 1e-12))
    cosine = jnp.sum(a * b, -1) / roots
    return jnp.where(y, 1 - cosine, jax.nn.relu(cosine - 0.1))


VECTORS = [((4,),) * 3, ((3, 5),) * 3, ((20, 4),) * 3]

CASES = [
    *CLASSES,
    *_reduced("mse_loss", PAIRS, "real", F.mse_loss, lambda x, y: (x - y) ** 2),
    *_reduced("l1_loss", PAIRS, "distinct", F.l1_loss, lambda x, y: jnp.abs(x - y)),
    *_reduced("huber_loss", PAIRS, "real", F.huber_loss, lambda x, y: _huber(x, y, 1.0)),
    Case(
        "huber_loss delta",
        lambda x, y: F.huber_loss(x, y, delta=0.3),
        PAIRS,
        jax=lambda x, y: jnp.mean(_huber(x, y, 0.3)),
    ),
    *_reduced("smooth_l1_loss", PAIRS, "real", F.smooth_l1_loss, lambda x, y: _huber(x, y, 1.0)),
    Case(
        "smooth_l1_loss beta",
        lambda x, y: F.smooth_l1_loss(x, y, beta=0.5),
        PAIRS,
        jax=lambda x, y: jnp.mean(_huber(x, y, 0.5) / 0.5),
    ),
    Case(
        "smooth_l1_loss beta 0",
        lambda x, y: F.smooth_l1_loss(x, y, beta=0.0),
        PAIRS,
        "distinct",
        lambda x, y: jnp.mean(jnp.abs(x - y)),
    ),
    *_reduced("binary_cross_entropy", PAIRS, "unit", _bce, _bce_reference),
    *_reduced(
        "binary_cross_entropy_with_logits", PAIRS, ("real", "unit"), _logistic, _logistic_reference
    ),
    Case(
        "binary_cross_entropy_with_logits pos_weight",
        lambda x, y: F.binary_cross_entropy_with_logits(
            x, _between_0_and_1(y), 2.0, pos_weight=3.0
        ),
        PAIRS,
        ("real", "unit"),
        lambda x, y: 2 * jnp.mean(_pos_weighted(x, y)),
    ),
    *_reduced("kl_div", PAIRS, ("real", "positive"), F.kl_div, lambda x, y: y * (jnp.log(y) - x)),
    Case(
        "kl_div batchmean",
        lambda x, y: F.kl_div(x, y, reduction="batchmean"),
        PAIRS,
        ("real", "positive"),
        lambda x, y: jnp.sum(y * (jnp.log(y) - x)) / len(x),
    ),
    Case(
        "kl_div log_target",
        lambda x, y: F.kl_div(x, y, log_target=True),
        PAIRS,
        jax=lambda x, y: jnp.mean(jnp.exp(y) * (y - x)),
    ),
    *_reduced(
        "hinge_loss",
        PAIRS,
        ("real", "bool"),
        lambda x, y, reduction: F.hinge_loss(x, _signs(y), reduction=reduction),
        lambda x, y: jax.nn.relu(1 - x * jnp.where(y, 1, -1)),
    ),
    *_reduced("triplet_margin_loss", VECTORS, "real", F.triplet_margin_loss, _triplet),
    Case(
        "triplet_margin_loss swap",
        lambda a, p, n: F.triplet_margin_loss(a, p, n, 0.5, swap=True),
        VECTORS,
        jax=_swapped,
    ),
    Case(
        "pairwise_distance 3",
        lambda a, b: F.pairwise_distance(a, b, 3.0),
        PAIRS,
        "distinct",
        lambda a, b: _distance(a, b, 3.0),
        rounding=1e-15,
    ),
    *_reduced(
        "cosine_embedding_loss",
        [((4,), (4,), ()), ((3, 5), (3, 5), (3,)), ((20, 4), (20, 4), (20,))],
        ("real", "real", "bool"),
        lambda a, b, y, reduction: F.cosine_embedding_loss(
            a, b, _signs(y), 0.1, reduction=reduction
        ),
        _cosine,
    ),
]

# --- edges ------------------------------------------------------------------------------------

_HUGE = np.array([[1e4, -1e4, 0.0]])
_MASKED = np.array([[0.0, -np.inf, 0.0]])
_LABEL = np.array([0])

KINKS = [
    Kink("l1_loss at 0", lambda x: F.l1_loss(x, np.zeros(2)), (np.zeros(2),), ([0, 0],)),
    Kink("huber_loss at 0", lambda x: F.huber_loss(x, np.zeros(2)), (np.zeros(2),), ([0, 0],)),
    Kink("hinge_loss at the margin", lambda x: F.hinge_loss(x, np.ones(1)), (np.ones(1),), ([0],)),
    Kink("cross_entropy of ±1e4", lambda x: F.cross_entropy(x, _LABEL), (_HUGE,), ([[0, 0, 0]],)),
    Kink(
        "cross_entropy of ±1e4, wrong",
        lambda x: F.cross_entropy(x, np.array([1])),
        (_HUGE,),
        ([[1, -1, 0]],),
    ),
    Kink(
        "cross_entropy of a mask",
        lambda x: F.cross_entropy(x, _LABEL),
        (_MASKED,),
        ([[-0.5, 0, 0.5]],),
    ),
    Kink(
        "cross_entropy of a mask, probabilities",
        lambda x: F.cross_entropy(x, np.array([[0.5, 0.0, 0.5]], x.dtype)),
        (_MASKED,),
        ([[0, 0, 0]],),
    ),
    Kink(
        "cross_entropy, all ignored",
        lambda x: F.cross_entropy(x, np.array([-100])),
        (np.ones((1, 3)),),
        ([[0, 0, 0]],),
    ),
    Kink(
        "cross_entropy, ignored and infinite",
        lambda x: F.cross_entropy(x, np.array([0, -100])),
        (np.array([[0.0, 0.0], [-np.inf, 0.0]]),),
        ([[-0.5, 0.5], [0, 0]],),
    ),
    Kink(
        "binary_cross_entropy_with_logits of ±1e4",
        lambda x: F.binary_cross_entropy_with_logits(
            x, np.array([1.0, 1.0], x.dtype), reduction="sum"
        ),
        (np.array([1e4, -1e4]),),
        ([0, -1],),
    ),
    Kink(
        "kl_div where the target is 0",
        lambda x: F.kl_div(x, np.array([0.0, 1.0], x.dtype), reduction="sum"),
        (np.array([-np.inf, 0.0]),),
        ([0, -1],),
    ),
]

_X, _Y = np.ones((4, 3)), np.array([0, 1, 2, 0])

FAULTS = [
    Fault(
        "FAULT 45 too large",
        lambda x: F.cross_entropy(x, _Y + 1),
        (_X,),
        IndexError,
        "index 3 .* 3 classes",
    ),
    Fault(
        "FAULT 45 negative",
        lambda x: F.cross_entropy(x, _Y - 1),
        (_X,),
        IndexError,
        "index -1 .* 3 classes",
    ),
    Fault(
        "FAULT 45 float",
        lambda x: F.cross_entropy(x, _Y * 1.0),
        (_X,),
        TypeError,
        "whole numbers .* float64",
    ),
    Fault("FAULT 45 nll_loss", lambda x: F.nll_loss(x, _Y + 1), (_X,), IndexError, "index 3"),
    Fault(
        "FAULT 45 margin", lambda x: F.multi_margin_loss(x, _Y + 1), (_X,), IndexError, "index 3"
    ),
    Fault(
        "FAULT 46 labels",
        lambda x: F.cross_entropy(x, _Y[:3]),
        (_X,),
        ValueError,
        r"\(4,\).*\(3,\)",
    ),
    Fault(
        "FAULT 46 images",
        F.cross_entropy,
        (np.ones((2, 3, 4)), np.ones((2, 5), int)),
        ValueError,
        r"\(2, 4\)",
    ),
    Fault(
        "FAULT 46 mse",
        F.mse_loss,
        (np.ones((4, 1)), np.ones(4)),
        ValueError,
        r"\(4, 1\).*\(4,\).*broadcast",
    ),
    Fault("FAULT 46 l1", F.l1_loss, (np.ones(4), np.ones(3)), ValueError, "batch size"),
    Fault("FAULT 46 huber", F.huber_loss, (np.ones(4), np.ones(1)), ValueError, "broadcast"),
    Fault(
        "FAULT 46 bce",
        F.binary_cross_entropy_with_logits,
        (np.ones((4, 1)), np.ones(4)),
        ValueError,
        "broad",
    ),
    Fault("FAULT 46 kl", F.kl_div, (np.ones((4, 1)), np.ones(4)), ValueError, "broadcast"),
    Fault(
        "FAULT 47",
        F.binary_cross_entropy,
        (np.full(2, 0.5), np.array([0.0, 2.0])),
        ValueError,
        "target in .*2.0",
    ),
    Fault(
        "FAULT 47 scores",
        F.binary_cross_entropy,
        (np.full(2, 3.0), np.ones(2)),
        ValueError,
        "with_logits",
    ),
    Fault(
        "FAULT 47 nan",
        F.binary_cross_entropy,
        (np.full(2, 0.5), np.full(2, np.nan)),
        ValueError,
        "target in",
    ),
    Fault(
        "FAULT 47 logits",
        F.binary_cross_entropy_with_logits,
        (np.ones(2), np.full(2, -1.0)),
        ValueError,
        "-1.0",
    ),
    Fault(
        "FAULT 48",
        lambda x: F.mse_loss(x, x, reduction="avg"),
        (_X,),
        ValueError,
        "mean, sum, none, got 'avg'",
    ),
    Fault(
        "FAULT 48 ce",
        lambda x: F.cross_entropy(x, _Y, reduction="avg"),
        (_X,),
        ValueError,
        "mean, sum, none",
    ),
    Fault("FAULT 48 kl", lambda x: F.kl_div(x, x, reduction="avg"), (_X,), ValueError, "batchmean"),
    Fault(
        "cross_entropy weights",
        lambda x: F.cross_entropy(x, _Y, W[:2]),
        (_X,),
        ValueError,
        "the 3 classes",
    ),
    Fault(
        "cross_entropy smoothing",
        lambda x: F.cross_entropy(x, _Y, label_smoothing=2),
        (_X,),
        ValueError,
        "0, 1",
    ),
    Fault("hinge_loss signs", lambda x: F.hinge_loss(x, x * 0), (_X,), ValueError, "1 and -1"),
    Fault(
        "cosine signs", lambda x: F.cosine_embedding_loss(x, x, _Y), (_X,), ValueError, "1 and -1"
    ),
    Fault(
        "cosine batch",
        lambda x: F.cosine_embedding_loss(x, x, [1, -1]),
        (_X,),
        ValueError,
        r"\(4,\)",
    ),
    Fault("triplet shapes", F.triplet_margin_loss, (_X, _X, np.ones((4, 2))), ValueError, "same"),
    Fault(
        "huber_loss delta", lambda x: F.huber_loss(x, x, delta=0), (_X,), ValueError, "delta > 0"
    ),
    Fault(
        "smooth_l1_loss beta",
        lambda x: F.smooth_l1_loss(x, x, beta=-1),
        (_X,),
        ValueError,
        "beta >= 0",
    ),
    Fault(
        "multi_margin_loss p",
        lambda x: F.multi_margin_loss(x, _Y, 3),
        (_X,),
        ValueError,
        "p of 1 or 2",
    ),
]
