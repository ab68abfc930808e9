"""Unfolding: every window of an input written out, and folding, its transpose.

For what needs the windows themselves, such as kernels that are not shared.  Convolution does without
(see ``convolve.py``).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import primitive

from .convolve import Padding, Pair
from .window import axes_of

__all__ = ["fold", "unfold"]


def _taps(
    windows: Any, x: Any, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Iterator[tuple[Any, Any]]:
    """For each tap of the kernel, its entries in all ``windows`` and the entries of ``x`` there."""
    rows, columns = axes_of(x.shape[2:], kernel, stride, padding, dilation)
    for i in range(kernel[0]):
        to_rows, from_rows = rows.span(i * dilation[0], rows.windows)
        for j in range(kernel[1]):
            to_columns, from_columns = columns.span(j * dilation[1], columns.windows)
            yield windows[:, :, i, j, to_rows, to_columns], x[:, :, from_rows, from_columns]


@primitive
def unfold(x: Any, *, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Any:
    """The windows of ``x`` (batch, channels, height, width).

    The axes of the result: batch, channels, kernel height and width, rows and columns of windows.
    """
    count = [axis.windows for axis in axes_of(x.shape[2:], kernel, stride, padding, dilation)]
    windows = np.zeros_like(x, shape=(*x.shape[:2], *kernel, *count), order="C")
    for target, source in _taps(windows, x, kernel, stride, padding, dilation):
        target[...] = source
    return windows


@primitive
def fold(
    windows: Any, *, size: Pair, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Any:
    """The transpose of :func:`unfold`: windows added up to an array of that ``size``."""
    x = np.zeros_like(windows, shape=(*windows.shape[:2], *size), order="C")
    for source, target in _taps(windows, x, kernel, stride, padding, dilation):
        target += source
    return x


unfold.defvjp(
    lambda g, out, x, **how: fold(g, size=x.shape[2:], **how),
    saves=(),
    local="Σ ∇out over the windows of each entry",
)
fold.defvjp(
    lambda c, out, windows, *, size, **how: unfold(c, **how), saves=(), local="the windows of ∇out"
)
