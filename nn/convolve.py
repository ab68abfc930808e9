"""Convolution as three bilinear primitives, each of whose derivative rules is one of the others.

With y = x ⋆ w (cross-correlation, as networks use it; true convolution flips the kernel),
<g, x ⋆ w> is linear in g, in x and in w.  Its gradient by each of the three is a primitive here:

==========================  ====================  =================  =================
primitive                   result                rule, 1st argument  rule, 2nd argument
==========================  ====================  =================  =================
``convolve(x, w)``          y, shape of g         ``input_gradient``  ``weight_gradient``
``input_gradient(g, w)``    dx, shape of x        ``convolve``        ``weight_gradient``
``weight_gradient(g, x)``   dw, shape of w        ``convolve``        ``input_gradient``
==========================  ====================  =================  =================

so every order of derivative comes from three forward functions in plain NumPy.  ``input_gradient``
is also the transposed convolution.

**The algorithm** was chosen by measuring (benchmarks/convolution.md).  Unfolding the whole window
(im2col) writes kernel-height times kernel-width copies of the input.  Here only the *width* is
unfolded; its rows lie end to end in memory, so the windows of kernel row i are the same array seen
from i rows further on, and a convolution is one matrix product per kernel row, on views that BLAS
takes as they are::

    y = Σ_i  w[i] (out, width·in)  @  unfolded[:, i·columns : i·columns + rows·columns]

The batch goes through in blocks that stay in the cache, and the unfolded block is made anew in the
backward pass, which is cheaper than keeping it.  Rows of a vertical stride are sorted by their
remainder, which keeps the rows of one kernel row neighbours.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from autograd import primitive

from .window import Axis

__all__ = ["Padding", "Pair", "convolve", "input_gradient", "weight_gradient"]

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]

CACHE = 1 << 20
"""Bytes that the working arrays of one block of samples may fill: half of a core's own cache."""


class _Unfolded:
    """The width-unfolded form of inputs: its shape, where kernel rows begin in it, to and fro.

    A sample of it has the axes (group, kernel column, channel of the group, remainder of the row by
    the stride, row, column of the result).
    """

    def __init__(
        self,
        channels: int,
        size: Pair,
        kernel: Pair,
        stride: Pair,
        padding: Padding,
        dilation: Pair,
        groups: int,
    ) -> None:
        self.rows = Axis(size[0], kernel[0], stride[0], *padding[0], dilation[0])
        self.columns = Axis(size[1], kernel[1], stride[1], *padding[1], dilation[1])
        self.count = height, width = (self.rows.windows, self.columns.windows)
        self.area = height * width
        self.taps = kernel[0]
        self.groups = groups
        self.depth = kernel[1] * (channels // groups)
        self.input = (groups, channels // groups, *size)
        # Row r of the padded input is row r // stride among those of remainder r % stride.
        offsets = [i * dilation[0] for i in range(kernel[0])]
        remainders = sorted({offset % stride[0] for offset in offsets})
        rows = -(-self.rows.padded // stride[0])
        firsts = [
            remainders.index(offset % stride[0]) * rows + offset // stride[0] for offset in offsets
        ]
        starts = [first * width for first in firsts]
        self.under = [(..., slice(start, start + self.area)) for start in starts]
        self.length = len(remainders) * rows * width
        self.shape = (groups, kernel[1], channels // groups, len(remainders), rows, width)
        spans = [
            (j, p, *self.rows.span(remainder, rows), *self.columns.span(j * dilation[1], width))
            for j in range(kernel[1])
            for p, remainder in enumerate(remainders)
        ]
        every = slice(None)
        self.copies = [
            ((every, every, j, every, p, to_rows, to_columns), (every, every, every, rows, columns))
            for j, p, to_rows, rows, to_columns, columns in spans
        ]
        self.is_padded = padding != ((0, 0), (0, 0))
        self.is_input = kernel[1] == 1 and stride == (1, 1) and not self.is_padded

    def by_row(self, w: Any) -> Any:
        """``w`` as one matrix per kernel row and group: (rows, groups, out / groups, depth)."""
        out, channels, height, width = w.shape
        split = w.reshape(self.groups, out // self.groups, channels, height, width)
        by_row = split.transpose(3, 0, 1, 4, 2)
        return by_row.reshape(height, self.groups, out // self.groups, width * channels)

    def blocks(self, x: Any, dtype: Any, extra: int) -> Iterator[tuple[slice, Any]]:
        """The samples of ``x`` (all in input form), block by block, unfolded.

        ``extra`` is the number of further entries a sample needs in the cache.
        """
        if self.is_input:
            yield slice(None), x.reshape(len(x), self.groups, self.depth, self.length)
            return
        size = self.samples(dtype, extra, len(x))
        block = self.new(x, size, dtype)
        flat = self.flat(block)
        for begin in range(0, len(x), size):
            part = slice(begin, begin + size)
            source = x[part]
            if len(source) < size:
                block, flat = block[: len(source)], flat[: len(source)]
            for to, of in self.copies:
                block[to] = source[of]
            yield part, flat

    def samples(self, dtype: Any, extra: int, at_most: int) -> int:
        entries = self.groups * self.depth * self.length + extra
        return max(1, min(at_most, CACHE // int(entries * dtype.itemsize)))

    def new(self, kin: Any, samples: int, dtype: Any) -> Any:
        """A block of samples; its padding is zero, and stays so however often the rest is written."""
        make = np.zeros_like if self.is_padded else np.empty_like
        return make(kin, shape=(samples, *self.shape), dtype=dtype, order="C")

    def flat(self, block: Any) -> Any:
        return block.reshape(len(block), self.groups, self.depth, self.length)


_unfolded = lru_cache(maxsize=256)(_Unfolded)
"""The same one for the same arguments: a network asks again at every step."""


@primitive
def convolve(
    x: Any,
    w: Any,
    bias: Any = None,
    *,
    stride: Pair = (1, 1),
    padding: Padding = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """y[n,o,p,q] = bias[o] + Σ_cij x[n, c, p·stride + i·dilation - before, q... + j...] w[o,c,i,j].

    ``x`` is (samples, channels, height, width), ``w`` (out, channels / groups, height, width).
    """
    n, channels, *size = x.shape
    u = _unfolded(channels, tuple(size), w.shape[2:], stride, padding, dilation, groups)
    dtype = np.result_type(x, w)
    kernel = u.by_row(w)
    out = np.empty_like(x, shape=(n, groups, len(w) // groups, u.area), dtype=dtype, order="C")
    x = x.reshape(n, *u.input)
    for part, block in u.blocks(x, dtype, 2 * len(w) * u.area):
        y = out[part]
        np.matmul(kernel[0], block[u.under[0]], out=y)
        term = np.empty_like(y) if u.taps > 1 else None
        for i in range(1, u.taps):
            y += np.matmul(kernel[i], block[u.under[i]], out=term)
        if bias is not None:
            y += bias.reshape(groups, -1, 1)
    return out.reshape(n, len(w), *u.count)


@primitive
def input_gradient(
    g: Any,
    w: Any,
    *,
    size: Pair,
    stride: Pair = (1, 1),
    padding: Padding = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """The gradient of :func:`convolve` by its input of that ``size``: the transposed convolution.

    One matrix product per kernel row gives the gradient of the unfolded input, which is folded
    back: added up where one entry was copied to several places.
    """
    n, channels = len(g), w.shape[1] * groups
    u = _unfolded(channels, size, w.shape[2:], stride, padding, dilation, groups)
    if stride == (1, 1) and len(w) <= 2 * channels and 5 * u.area >= 4 * size[0] * size[1]:
        return _input_gradient_by_convolution(g, w, size, padding, dilation, groups)
    dtype = np.result_type(g, w)
    kernel = u.by_row(w).swapaxes(2, 3)
    g = g.reshape(n, groups, len(w) // groups, u.area)
    dx = np.empty_like(g, shape=(n, *u.input), dtype=dtype, order="C")
    block = u.new(g, u.samples(dtype, groups * u.depth * u.area, n), dtype)
    for begin in range(0, n, len(block)):
        part = slice(begin, begin + len(block))
        now, done = block[: len(g[part])], dx[part]
        now.fill(0)
        done.fill(0)
        flat, h = u.flat(now), g[part]
        for i in range(u.taps):
            flat[u.under[i]] += np.matmul(kernel[i], h)
        for to, of in u.copies:
            done[of] += now[to]
    return dx.reshape(n, channels, *size)


def _input_gradient_by_convolution(
    g: Any, w: Any, size: Pair, padding: Padding, dilation: Pair, groups: int
) -> Any:
    """At stride 1: the convolution of ``g`` with the flipped kernel, padded to give that ``size``.

    Faster than folding, unless it multiplies on a much larger area or unfolds many more channels.
    """
    out, channels, height, width = w.shape
    split = w[..., ::-1, ::-1].reshape(groups, out // groups, channels, height, width)
    full = [d * (k - 1) for d, k in zip(dilation, (height, width), strict=True)]
    before = [f - p[0] for f, p in zip(full, padding, strict=True)]
    around = tuple(
        (b, to + f - b - now) for b, f, to, now in zip(before, full, size, g.shape[2:], strict=True)
    )
    kernel = split.swapaxes(1, 2).reshape(groups * channels, out // groups, height, width)
    return convolve.forward(g, kernel, padding=around, dilation=dilation, groups=groups)


@primitive
def weight_gradient(
    g: Any,
    x: Any,
    *,
    kernel: Pair,
    stride: Pair = (1, 1),
    padding: Padding = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Any:
    """The gradient of ``convolve`` by its weights, of height and width ``kernel``."""
    n, channels, *size = x.shape
    u = _unfolded(channels, tuple(size), kernel, stride, padding, dilation, groups)
    dtype = np.result_type(g, x)
    out = g.shape[1] // groups
    shape = (u.taps, groups, u.depth, out)
    dw = np.zeros_like(g, shape=shape, dtype=dtype, order="C")
    g = g.reshape(n, groups, out, u.area).swapaxes(2, 3)
    for part, block in u.blocks(x.reshape(n, *u.input), dtype, g.shape[1] * out * u.area):
        h = g[part]
        if u.taps > 1 and out >= 16:
            h = np.ascontiguousarray(h)  # BLAS is slower on a transpose, and here it comes again
        for i in range(u.taps):
            dw[i] += np.matmul(block[u.under[i]], h).sum(axis=0)
    split = dw.reshape(u.taps, groups, kernel[1], channels // groups, out)
    return split.transpose(1, 4, 3, 0, 2).reshape(groups * out, channels // groups, *kernel)


convolve.defvjp(
    lambda g, out, x, w, bias=None, **how: input_gradient(g, w, size=x.shape[2:], **how),
    lambda g, out, x, w, bias=None, **how: weight_gradient(g, x, kernel=w.shape[2:], **how),
    lambda g, out, x, w, bias=None, **how: np.sum(g, axis=(0, 2, 3)),
    saves=(("w",), ("x",), ()),
    local=("∇out * W, transposed", "x * ∇out", "Σ ∇out over batch and positions"),
)
input_gradient.defvjp(
    lambda c, out, g, w, *, size, **how: convolve(c, w, **how),
    lambda c, out, g, w, *, size, **how: weight_gradient(g, c, kernel=w.shape[2:], **how),
    saves=(("w",), ("g",)),
    local=("∇out * W", "∇out * g"),
)
weight_gradient.defvjp(
    lambda c, out, g, x, *, kernel, **how: convolve(x, c, **how),
    lambda c, out, g, x, *, kernel, **how: input_gradient(g, c, size=x.shape[2:], **how),
    saves=(("x",), ("g",)),
    local=("x * ∇out", "g * ∇out, transposed"),
)
