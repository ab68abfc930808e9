"""Sums of exponentials and the weights in them: ``logsumexp``, ``softmax``, ``log_softmax``.

All three subtract the largest entry first, so entries of ±1e4 are as good as any (P. Blanchard,
D. J. Higham and N. J. Higham, "Accurately computing the log-sum-exp and softmax functions", 2021).
An entry of -inf has no weight and gradient 0.  A row of nothing but -inf has no softmax: it is nan;
its logsumexp is -inf with gradient 0.
"""

from typing import Any

import numpy as np

from ..primitive import primitive
from .reductions import Axis, restore

__all__ = ["log_softmax", "logsumexp", "overwrite_with_softmax", "softmax"]


def _floats(x: Any) -> Any:
    """A list, or an array of whole numbers, in floating point."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def _largest(x: Any, axis: Axis) -> Any:
    """The largest entry, -inf where there is none; asked for only then, since Dask has no ``initial``."""
    if x.size:
        return x.max(axis=axis, keepdims=True)
    return x.max(axis=axis, keepdims=True, initial=-np.inf)


def _lowered(x: Any, axis: Axis) -> Any:
    """``x`` less its largest entry; nan, without a warning, where that is infinite."""
    with np.errstate(invalid="ignore"):
        return x - _largest(x, axis)


def _normalized(low: Any, axis: Axis, into: Any = None) -> Any:
    """exp low / Σ exp low."""
    e = np.exp(low, out=into)
    e /= e.sum(axis=axis, keepdims=True)
    return e


def overwrite_with_softmax(x: Any, axis: Axis) -> Any:
    """Softmax written over ``x``, an array of at least one axis that the caller has made himself."""
    with np.errstate(invalid="ignore"):
        x -= _largest(x, axis)
    return _normalized(x, axis, x)


@primitive(name="softmax")
def _softmax(x: Any, *, axis: Axis) -> Any:
    return _normalized(_lowered(x, axis), axis)


def _softmax_rule(g: Any, out: Any, x: Any, *, axis: Axis) -> Any:
    share = g * out
    return share - out * np.sum(share, axis=axis, keepdims=True)


_softmax.defvjp(_softmax_rule, saves="out", local="out · (∇out - Σ ∇out · out)")


def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp x / Σ exp x over ``axis``: weights that sum to one.

    Shape and dtype are those of ``x``.  An entry of -inf has weight 0 and gradient 0; a row of
    nothing but -inf, or with +inf or nan in it, is nan.

    Raises ``IndexError`` for an axis that ``x`` has not.

    >>> import autograd as ag
    >>> ag.softmax(ag.Tensor([0.0, 0.0, -np.inf]))
    Tensor([0.5, 0.5, 0. ])
    """
    return _softmax(_floats(x), axis=axis)


@primitive(name="log_softmax")
def _log_softmax(x: Any, *, axis: Axis) -> Any:
    low = _lowered(x, axis)
    return low - np.log(np.sum(np.exp(low), axis=axis, keepdims=True))


_log_softmax.defvjp(
    lambda g, out, x, *, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    saves="out",
    local="∇out - exp(out) · Σ ∇out",
)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """log softmax x = x - logsumexp x over ``axis``, exact also where softmax x rounds to 0.

    Shape and dtype are those of ``x``.  An entry of -inf stays -inf and has no weight in the
    gradients of the others; a row of nothing but -inf, or with +inf or nan in it, is nan.

    Raises ``IndexError`` for an axis that ``x`` has not.

    >>> import autograd as ag
    >>> ag.log_softmax(ag.Tensor([0.0, 1e4]))
    Tensor([-10000.,      0.])
    """
    return _log_softmax(_floats(x), axis=axis)


@primitive(name="logsumexp")
def _logsumexp(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    largest = _largest(x, axis)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log 0 = -inf is the value for a row of -inf
        out = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=keepdims))
    return out + (shift if keepdims else np.squeeze(shift, axis=axis))


def _weights(x: Any, out: Any, axis: Axis) -> Any:
    """The weights in the sum; where it is infinite, those of its infinite entries, none for -inf."""
    # Not exp(x - out): the sum is rounded, and what 1e4 loses there a weight would lose as well.
    if np.all(np.isfinite(out)):
        return _softmax(x, axis=axis)
    infinite = x == np.inf
    count = np.sum(infinite, axis=axis, dtype=x.dtype, keepdims=True)
    weights = _softmax(np.where(np.isinf(out), 0, x), axis=axis)
    return np.where(infinite, 1 / count, np.where(np.isinf(out), 0, weights))


def _logsumexp_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    weights = _weights(x, restore(out, x, axis, keepdims), axis)
    return restore(g, x, axis, keepdims) * weights


_logsumexp.defvjp(_logsumexp_rule, saves=("out", "x"), local="∇out · softmax x")


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """log Σ exp x over ``axis`` (all axes by default); -inf for no entries.

    The gradient is softmax x: 0 for an entry of -inf, also where all are; entries of +inf share it
    evenly.  Raises ``IndexError`` for an axis that ``x`` has not.

    >>> import autograd as ag
    >>> float(ag.logsumexp(ag.Tensor([1e4, 1e4])).data - 1e4)  # log 2
    0.69314718...
    """
    return _logsumexp(_floats(x), axis=axis, keepdims=keepdims)
