"""Pooling along one axis; a window of several axes is pooled one axis after the other.

The maximum over a rectangle is the maximum over its rows' maxima, and a sum likewise, so k + k
strided views are compared (or added) instead of k * k, nothing is unfolded and no index is kept.

Both kinds of pooling are linear in what flows through them once the winners are fixed:

- ``max_pool`` picks an entry of each window; ``scatter_to_maxima`` (its gradient) and
  ``gather_from_maxima`` are each other's rules.  The winner is found again by comparing with the
  result, which costs less than writing indices.  Of equal entries the first one wins; pooling the
  last axis first makes it the first in reading order.
- ``window_sum`` and ``window_spread`` are each other's rules.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd import primitive

from .window import Axis

__all__ = [
    "gather_from_maxima",
    "max_pool",
    "scatter_to_maxima",
    "window_spread",
    "window_sum",
    "winning_taps",
]


@lru_cache(maxsize=256)
def _taps(size: int, axis: int, kernel: int, stride: int, dilation: int = 1) -> tuple[Any, ...]:
    """For each tap of the window, the index of its entries along ``axis``, which has that size."""
    count = Axis(size, kernel, stride, dilation=dilation).windows
    before = (slice(None),) * axis
    starts = range(0, kernel * dilation, dilation)
    return tuple([(*before, slice(i, i + (count - 1) * stride + 1, stride)) for i in starts])


def _as_words(a: Any) -> Any:
    """``a`` as integers, one or several to an entry along a new last axis.

    An integer is kept or stopped whole by a product with a mask, and two integers with nothing in
    common are joined or parted by ``^``, whatever number they stand for: nan and infinity too.
    """
    return a[..., None].view(f"i{math.gcd(a.dtype.itemsize, 8)}")


def _as_numbers(words: Any, dtype: Any) -> Any:
    return words.view(dtype)[..., 0]


@primitive
def max_pool(x: Any, *, axis: int, kernel: int, stride: int, dilation: int = 1) -> Any:
    """The maximum of each window along ``axis`` (counted from the front)."""
    if kernel == x.shape[axis]:
        return x.max(axis=axis, keepdims=True)
    first, *taps = _taps(x.shape[axis], axis, kernel, stride, dilation)
    out = np.maximum(x[first], x[taps.pop(0)]) if taps else x[first].copy()
    for tap in taps:
        np.maximum(out, x[tap], out=out)
    return out


@primitive
def scatter_to_maxima(g: Any, x: Any, best: Any, **window: int) -> Any:
    """The gradient of ``best = max_pool(x)``: zeros like ``x``, with ``g`` at the winners.

    The taps are served in turn: a maximum takes what is left of its window's ``g``, and so of equal
    ones the first takes all of it.  The last tap takes what no other did: a nan equals none.
    """
    extent = (window["kernel"] - 1) * window["dilation"] + 1
    overlap = window["stride"] < extent
    covered = (
        window["stride"] == extent == window["kernel"] and x.shape[window["axis"]] % extent == 0
    )
    make = np.empty_like if covered else np.zeros_like
    dx = make(x, dtype=g.dtype, order="C")
    *taps, last = _taps(x.shape[window["axis"]], **window)
    here = _as_words(g)
    for tap in taps:
        # (Of a copy, for NumPy compares neighbours much faster than every second entry.)
        after = here * (x[tap].copy() != best)[..., None]
        if overlap:
            dx[tap] += _as_numbers(here ^ after, g.dtype)
        else:
            np.bitwise_xor(here, after, out=_as_words(dx[tap]))
        here = after
    if overlap:
        dx[last] += _as_numbers(here, g.dtype)
    else:
        dx[last] = _as_numbers(here, g.dtype)
    return dx


@primitive
def gather_from_maxima(c: Any, x: Any, best: Any, **window: int) -> Any:
    """The entries of ``c`` (shaped like ``x``) at the winners (shaped like ``best``)."""
    *taps, last = _taps(x.shape[window["axis"]], **window)
    picked = c[last].copy()
    for tap in reversed(taps):  # so that the first maximum has the last word
        np.copyto(picked, c[tap], where=x[tap] == best)
    return picked


def winning_taps(x: Any, best: Any, **window: int) -> Any:
    """Which tap holds the first maximum of each window: integers shaped like ``best``."""
    *taps, _ = _taps(x.shape[window["axis"]], **window)
    winners = np.full_like(best, len(taps), dtype=np.intp, order="C")
    for i, tap in reversed([*enumerate(taps)]):
        winners[x[tap] == best] = i
    return winners


@primitive
def window_sum(x: Any, *, axis: int, kernel: int, stride: int, scale: Any = None) -> Any:
    """The sum of each window along ``axis``, times ``scale``: a number or an array."""
    if kernel == x.shape[axis]:
        out = x.sum(axis=axis, keepdims=True)
    else:
        first, *taps = _taps(x.shape[axis], axis, kernel, stride)
        out = x[first] + x[taps.pop(0)] if taps else x[first].copy()
        for tap in taps:
            out += x[tap]
    return out if scale is None else np.multiply(out, scale, out=out)


@primitive
def window_spread(
    g: Any, *, size: int, axis: int, kernel: int, stride: int, scale: Any = None
) -> Any:
    """The gradient of ``window_sum``: ``g * scale`` added to every entry of its window."""
    dx = np.zeros_like(g, shape=(*g.shape[:axis], size, *g.shape[axis + 1 :]), order="C")
    share = g if scale is None else np.multiply(g, scale, dtype=g.dtype)
    for tap in (...,) if kernel == size else _taps(size, axis, kernel, stride):
        dx[tap] += share
    return dx


def _no_derivative(*_: Any, **__: Any) -> None:
    """The winners change only where max pooling has no derivative."""


max_pool.defvjp(
    lambda g, out, x, **window: scatter_to_maxima(g, x, out, **window),
    local="∇out at the first maximum of each window",
)
scatter_to_maxima.defvjp(
    lambda c, out, g, x, best, **window: gather_from_maxima(c, x, best, **window),
    _no_derivative,
    _no_derivative,
    saves=(("x", "best"), (), ()),
    local=("∇out at the maxima", "0", "0"),
)
gather_from_maxima.defvjp(
    lambda g, out, c, x, best, **window: scatter_to_maxima(g, x, best, **window),
    _no_derivative,
    _no_derivative,
    saves=(("x", "best"), (), ()),
    local=("∇out at the maxima", "0", "0"),
)
window_sum.defvjp(
    lambda g, out, x, *, axis, **window: window_spread(g, size=x.shape[axis], axis=axis, **window),
    saves=(),
    local="∇out for every entry of its window",
)
window_spread.defvjp(
    lambda c, out, g, *, size, **window: window_sum(c, **window),
    saves=(),
    local="Σ ∇out over each window",
)
