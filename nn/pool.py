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

from collections.abc import Iterator
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


def _taps(x: Any, axis: int, kernel: int, stride: int, dilation: int) -> Iterator[Any]:
    """For each tap of the window, the view of its entries along ``axis``."""
    count = Axis(x.shape[axis], kernel, stride, dilation=dilation).windows
    before = (slice(None),) * axis
    for tap in range(kernel):
        start = tap * dilation
        yield x[(*before, slice(start, start + (count - 1) * stride + 1, stride))]


def _winners(x: Any, out: Any, window: dict[str, int]) -> Iterator[Any]:
    """For each tap, where it holds the first maximum of its window.

    What no other tap holds is the last one's, so a nan has a winner, too.
    """
    free = None
    for tap, entries in enumerate(_taps(x, **window), start=1):
        won = np.ones_like(out, dtype=bool) if free is None else free
        if tap < window["kernel"]:
            held = entries == out
            won = held if free is None else held & free
            free = ~won if free is None else free ^ won
        yield won


def _only(g: Any, won: Any, out: Any = None) -> Any:
    """``g`` where it won, else 0, whatever ``g`` is: all of its bits, or none of them.

    As fast as ``g * won``, which makes a nan of an infinity that did not win.
    """
    if g.dtype.itemsize > 8:  # no integers are that long
        return np.multiply(g, won, out=out)
    bits = f"i{g.dtype.itemsize}"
    all_or_none = np.negative(won.view("i1"))  # -1 has all bits set
    kept = np.bitwise_and(g.view(bits), all_or_none, out=None if out is None else out.view(bits))
    return kept.view(g.dtype)


@primitive
def max_pool(x: Any, *, axis: int, kernel: int, stride: int, dilation: int = 1) -> Any:
    """The maximum of each window along ``axis`` (counted from the front)."""
    if kernel == x.shape[axis]:
        return x.max(axis=axis, keepdims=True)
    taps = _taps(x, axis, kernel, stride, dilation)
    out = next(taps)
    out = np.maximum(out, next(taps)) if kernel > 1 else out.copy()
    for entries in taps:
        np.maximum(out, entries, out=out)
    return out


@primitive
def scatter_to_maxima(g: Any, x: Any, best: Any, **window: int) -> Any:
    """The gradient of ``best = max_pool(x)``: zeros like ``x``, with ``g`` at the winners."""
    extent = (window["kernel"] - 1) * window["dilation"] + 1
    overlap = window["stride"] < extent
    covered = (
        window["stride"] == extent == window["kernel"] and x.shape[window["axis"]] % extent == 0
    )
    make = np.empty_like if covered else np.zeros_like
    dx = make(x, dtype=g.dtype, order="C")
    for target, won in zip(_taps(dx, **window), _winners(x, best, window), strict=True):
        if overlap:
            target += _only(g, won)
        else:
            _only(g, won, out=target)
    return dx


@primitive
def gather_from_maxima(c: Any, x: Any, best: Any, **window: int) -> Any:
    """The entries of ``c`` (shaped like ``x``) at the winners (shaped like ``best``)."""
    picked = np.zeros_like(best, dtype=c.dtype, order="C")
    for entries, won in zip(_taps(c, **window), _winners(x, best, window), strict=True):
        np.copyto(picked, entries, where=won)
    return picked


def winning_taps(x: Any, best: Any, **window: int) -> Any:
    """Which tap holds the first maximum of each window: integers shaped like ``best``."""
    taps = np.zeros_like(best, dtype=np.intp, order="C")
    for tap, won in enumerate(_winners(x, best, window)):
        taps += tap * won
    return taps


@primitive
def window_sum(x: Any, *, axis: int, kernel: int, stride: int, scale: Any = None) -> Any:
    """The sum of each window along ``axis``, times ``scale``: a number or an array."""
    if kernel == x.shape[axis]:
        out = x.sum(axis=axis, keepdims=True)
    else:
        taps = _taps(x, axis, kernel, stride, 1)
        out = next(taps)
        out = out + next(taps) if kernel > 1 else out.copy()
        for entries in taps:
            out += entries
    return out if scale is None else np.multiply(out, scale, out=out)


@primitive
def window_spread(
    g: Any, *, size: int, axis: int, kernel: int, stride: int, scale: Any = None
) -> Any:
    """The gradient of ``window_sum``: ``g * scale`` added to every entry of its window."""
    dx = np.zeros_like(g, shape=(*g.shape[:axis], size, *g.shape[axis + 1 :]), order="C")
    share = g if scale is None else np.multiply(g, scale, dtype=g.dtype)
    for target in [dx] if kernel == size else _taps(dx, axis, kernel, stride, 1):
        target += share
    return dx


def _no_derivative(*_: Any, **__: Any) -> None:
    """The winners change only where max pooling has no derivative."""


max_pool.defvjp(lambda g, out, x, **window: scatter_to_maxima(g, x, out, **window))
scatter_to_maxima.defvjp(
    lambda c, out, g, x, best, **window: gather_from_maxima(c, x, best, **window),
    _no_derivative,
    _no_derivative,
    saves=(("x", "best"), (), ()),
)
gather_from_maxima.defvjp(
    lambda g, out, c, x, best, **window: scatter_to_maxima(g, x, best, **window),
    _no_derivative,
    _no_derivative,
    saves=(("x", "best"), (), ()),
)
window_sum.defvjp(
    lambda g, out, x, *, axis, **window: window_spread(g, size=x.shape[axis], axis=axis, **window),
    saves=(),
)
window_spread.defvjp(lambda c, out, g, *, size, **window: window_sum(c, **window), saves=())
