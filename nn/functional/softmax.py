"""Softmax, its logarithm, and their distance to labels.

All subtract the maximum first, so logits of ±1e4 and entries of -inf (a mask) are exact.  A row that
is all -inf has no softmax: nan.
"""

from typing import Any

import numpy as np

from autograd import primitive

__all__ = ["log_softmax", "negative_log_likelihood", "softmax"]


def _shifted(x: Any, axis: int) -> Any:
    return x - x.max(axis, keepdims=True)


@primitive(name="softmax")
def _softmax(x: Any, *, axis: int) -> Any:
    with np.errstate(all="ignore"):  # a row of -inf is nan, as documented
        e = np.exp(_shifted(x, axis))
        e /= e.sum(axis, keepdims=True)
    return e


_softmax.defvjp(
    lambda g, out, x, *, axis: out * (g - (g * out).sum(axis, keepdims=True)),
    saves="out",
    local="out · (∇out - Σ ∇out · out)",
)


@primitive(name="log_softmax")
def _log_softmax(x: Any, *, axis: int) -> Any:
    with np.errstate(all="ignore"):
        shifted = _shifted(x, axis)
        shifted -= np.log(np.exp(shifted).sum(axis, keepdims=True))
    return shifted


_log_softmax.defvjp(
    lambda g, out, x, *, axis: g - np.exp(out) * g.sum(axis, keepdims=True),
    saves="out",
    local="∇out - softmax(x) · Σ ∇out",
)


def softmax(input: Any, dim: int = -1) -> Any:
    """exp(x_i) / Σ_j exp(x_j) along the axis ``dim``.

    >>> softmax(np.array([3.0, 1.0, -3.0])).round(4)
    array([0.8789, 0.1189, 0.0022])
    """
    return _softmax(input, axis=dim)


def log_softmax(input: Any, dim: int = -1) -> Any:
    """x_i - log Σ_j exp(x_j) along the axis ``dim``."""
    return _log_softmax(input, axis=dim)


@primitive(name="softmax_minus_one_hot")
def _residual(x: Any, *, labels: Any) -> Any:
    p = _softmax.forward(x, axis=1)
    p[np.arange(len(labels)), labels] -= 1
    return p


def _residual_rule(g: Any, out: Any, x: Any, *, labels: Any) -> Any:
    p = _softmax(x, axis=1)
    return p * (g - (g * p).sum(1, keepdims=True))


_residual.defvjp(_residual_rule, saves="x")


@primitive(name="cross_entropy")
def negative_log_likelihood(x: Any, *, labels: Any, weights: Any) -> Any:
    """weights_n · -log softmax(x_n)[labels_n], for logits x (N, C) and labels (N) below C: (N).

    The rule is the famous one, p - y: softmax minus one-hot.
    """
    with np.errstate(all="ignore"):
        shifted = _shifted(x, 1)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    return losses if weights is None else losses * weights


def _negative_log_likelihood_rule(g: Any, out: Any, x: Any, *, labels: Any, weights: Any) -> Any:
    if weights is not None:
        g = g * weights
    return np.expand_dims(g, 1) * _residual(x, labels=labels)


negative_log_likelihood.defvjp(
    _negative_log_likelihood_rule, saves="x", local="∇out · (softmax(x) - one-hot)"
)
