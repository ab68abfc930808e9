"""Pooling: each window of an input as one number, its maximum or its mean.

The sizes, with n entries, padding p on both sides, kernel k, dilation d and stride s:

    out = ⌊(n + 2p - d(k - 1) - 1) / s⌋ + 1

With ``ceil_mode`` the quotient is rounded up, and a window may reach beyond the end; one that would
begin there is left out.  The stride is the kernel's size unless it is given.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor

from ..pool import gather_from_maxima, max_pool, window_sum, winning_taps
from ..window import Axis, axes_of, check_fit, each_axis

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of ``input`` (batch, channels, length); see :func:`max_pool2d`."""
    axes = _axes("max_pool1d", input, 1, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(input, axes, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of ``input`` (batch, channels, height, width), or without batch.

    Its gradient goes to the window's maximum; of equal entries to the first, row by row.  Padding
    entries never win.  ``return_indices=True`` also returns where each maximum lies, as an integer
    array of positions in the flattened plane.

    Raises ``ValueError`` for a window that does not fit, a size below 1, or a padding of more than
    half the kernel.

    >>> import numpy as np
    >>> max_pool2d(np.arange(1.0, 17).reshape(1, 4, 4), kernel_size=2)
    array([[[ 6.,  8.],
            [14., 16.]]])
    """
    axes = _axes("max_pool2d", input, 2, kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool(input, axes, return_indices)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window of ``input`` (batch, channels, length); see :func:`avg_pool2d`."""
    axes = _axes("avg_pool1d", input, 1, kernel_size, stride, padding, 1, ceil_mode)
    return _avg_pool(
        input, axes, each_axis("avg_pool1d", "padding", padding, 1, 0), count_include_pad
    )


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of ``input`` (batch, channels, height, width), or without batch.

    The divisor is the number of entries in the window, padding included unless
    ``count_include_pad=False``, or ``divisor_override``.  Raises as :func:`max_pool2d` does.

    >>> import numpy as np
    >>> avg_pool2d(np.arange(1.0, 17).reshape(1, 4, 4), kernel_size=2)
    array([[[ 3.5,  5.5],
            [11.5, 13.5]]])
    """
    axes = _axes("avg_pool2d", input, 2, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override is not None:
        (divisor_override,) = each_axis("avg_pool2d", "divisor_override", divisor_override, 1, 1)
    around = each_axis("avg_pool2d", "padding", padding, 2, 0)
    return _avg_pool(input, axes, around, count_include_pad, divisor_override)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` windows that cover the input; see :func:`adaptive_avg_pool2d`."""
    return _adaptive_max("adaptive_max_pool1d", input, 1, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` windows that cover the input; see :func:`adaptive_avg_pool2d`.

    >>> import numpy as np
    >>> adaptive_max_pool2d(np.arange(12.0).reshape(1, 3, 4), (2, 1))
    array([[[ 7.],
            [11.]]])
    """
    return _adaptive_max("adaptive_max_pool2d", input, 2, output_size, return_indices)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` windows that cover the input; see :func:`adaptive_avg_pool2d`."""
    return _adaptive_avg("adaptive_avg_pool1d", input, 1, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` windows that cover ``input`` (batch, channels, height, width).

    Window i of m goes from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉; ``output_size`` is a number or one for
    each axis, None for the input's.  ``output_size=1`` is global average pooling (M. Lin et al.,
    "Network in network", 2014).

    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(12.0).reshape(1, 3, 4), (2, 1))
    array([[[3.5],
            [7.5]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", input, 2, output_size)


def _axes(
    operation: str,
    x: Any,
    axes: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> tuple[Axis, ...]:
    """The axes of ``x`` that are pooled; what lies after the end includes what ceil_mode needs."""
    _check_rank(operation, x, axes)
    kernel = each_axis(operation, "kernel_size", kernel_size, axes, 1)
    stride = kernel if stride is None else each_axis(operation, "stride", stride, axes, 1)
    around = each_axis(operation, "padding", padding, axes, 0)
    dilation = each_axis(operation, "dilation", dilation, axes, 1)
    return _fitting(operation, x.shape[-axes:], kernel, stride, around, dilation, bool(ceil_mode))


@lru_cache(maxsize=256)
def _fitting(
    operation: str,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    around: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> tuple[Axis, ...]:
    """Those axes, once the kernel has been seen to fit."""
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        raise ValueError(
            f"{operation}: padding {around} is more than half of the kernel {kernel}, so a window "
            "could hold padding only. Use a smaller padding or a larger kernel_size."
        )
    axes = axes_of(size, kernel, stride, tuple([(p, p) for p in around]), dilation)
    check_fit(operation, axes)
    return tuple([_reaching_beyond(axis) for axis in axes] if ceil_mode else axes)


def _check_rank(operation: str, x: Any, axes: int) -> None:
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(
            f"{operation}: expected an input of {axes + 2} axes, batch and channels first, or "
            f"{axes + 1} without the batch, got shape {x.shape}. Reshape the input."
        )


def _reaching_beyond(axis: Axis) -> Axis:
    """With one window more at the end, if the windows leave entries out that it would hold."""
    begin = axis.windows * axis.stride
    beyond = begin + axis.extent - axis.padded
    if beyond >= axis.stride or begin >= axis.size + axis.before:
        return axis
    return axis._replace(after=axis.after + beyond)


def _with_padding(x: Any, axes: Sequence[Axis], value: float) -> Any:
    around = [(axis.before, axis.after) for axis in axes]
    if not any(map(any, around)):
        return x
    return np.pad(x, [(0, 0)] * (x.ndim - len(axes)) + around, constant_values=value)


def _window(x: Any, axes: Sequence[Axis], i: int) -> dict[str, int]:
    """Pooling along the ``i``-th of the axes, as arguments of the primitives."""
    axis = axes[i]
    return {"axis": x.ndim - len(axes) + i, "kernel": axis.kernel, "stride": axis.stride}


def _max_pool(x: Any, axes: Sequence[Axis], return_indices: bool) -> Any:
    out = _with_padding(x, axes, -math.inf)
    for i in reversed(range(len(axes))):
        out = max_pool(out, **_window(x, axes, i), dilation=axes[i].dilation)
    return (out, _where_maxima(x, axes)) if return_indices else out


def _where_maxima(x: Any, axes: Sequence[Axis]) -> Any:
    """The positions, in the plane that is flattened, of the maxima: one axis after the other."""
    x = x.data if isinstance(x, Tensor) else x
    best = _with_padding(x, axes, -math.inf)
    where: Any = None
    for i in reversed(range(len(axes))):
        axis = axes[i]
        window = {**_window(x, axes, i), "dilation": axis.dilation}
        entries, best = best, max_pool(best, **window)
        start = np.arange(axis.windows) * axis.stride - axis.before
        taps = winning_taps(entries, best, **window)
        position = start.reshape((-1, *[1] * (len(axes) - 1 - i))) + taps * axis.dilation
        step = math.prod(a.size for a in axes[i + 1 :])
        before = 0 if where is None else gather_from_maxima(where, entries, best, **window)
        where = position * step + before
    return where


def _avg_pool(
    x: Any,
    axes: Sequence[Axis],
    padding: tuple[int, ...],
    count_include_pad: bool,
    divisor: int | None = None,
) -> Any:
    if divisor is not None:
        return _scaled_sum(x, axes, 1 / divisor)
    counted = padding if count_include_pad else (0,) * len(axes)
    counts = np.ones(())
    for axis, p in zip(axes, counted, strict=True):
        counts = np.multiply.outer(counts, _entries(axis, p))
    if (counts == counts.flat[0]).all():
        return _scaled_sum(x, axes, 1 / float(counts.flat[0]))
    return _scaled_sum(x, axes, (1 / counts).astype(x.dtype))


def _entries(axis: Axis, counted: int) -> Any:
    """How many entries each window holds, ``counted`` of the padding at either end among them."""
    start = np.arange(axis.windows) * axis.stride - axis.before
    end = np.minimum(start + axis.kernel, axis.size + counted)
    return end - np.maximum(start, -counted)


def _scaled_sum(x: Any, axes: Sequence[Axis], scale: Any = None) -> Any:
    x = _with_padding(x, axes, 0.0)
    for i in reversed(range(len(axes))):
        x = window_sum(x, **_window(x, axes, i), scale=scale if i == 0 else None)
    return x


class _Cover(NamedTuple):
    """``windows`` windows of equal size over an axis of ``size``, overlapping where they must.

    ``index`` (windows, widest window) are their entries, the last repeated in narrower ones;
    ``inside`` says which are not repetitions.
    """

    axis: Axis
    index: Any
    inside: Any

    @classmethod
    def of(cls, size: int, windows: int) -> "_Cover":
        start = np.arange(windows) * size // windows
        end = -(-np.arange(1, windows + 1) * size // windows)
        widest = int((end - start).max())
        index = start[:, None] + np.arange(widest)
        inside = index < end[:, None]
        return cls(
            Axis(windows * widest, widest, widest), np.minimum(index, end[:, None] - 1), inside
        )

    @property
    def plain(self) -> bool:
        """Whether the windows just divide the axis."""
        return bool(self.inside.all()) and self.index.size == self.index[-1, -1] + 1


def _covers(operation: str, x: Any, axes: int, output_size: Any) -> list[_Cover]:
    _check_rank(operation, x, axes)
    sizes = x.shape[-axes:]
    if 0 in sizes:
        raise ValueError(f"{operation}: there is nothing to pool in an input of shape {x.shape}.")
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * axes
    wanted = [n if m is None else m for n, m in zip(sizes, output_size, strict=False)]
    wanted += list(output_size[axes:])
    windows = each_axis(operation, "output_size", wanted, axes, 1)
    return [_Cover.of(n, m) for n, m in zip(sizes, windows, strict=True)]


def _laid_out(x: Any, covers: list[_Cover]) -> Any:
    """``x`` with the windows of the covers beside each other, so that they do not overlap."""
    for i, cover in enumerate(covers):
        if not cover.plain:
            x = x[(*[slice(None)] * (x.ndim - len(covers) + i), cover.index.ravel())]
    return x


def _adaptive_max(operation: str, x: Any, axes: int, output_size: Any, return_indices: bool) -> Any:
    covers = _covers(operation, x, axes, output_size)
    sizes = x.shape[-axes:]
    tiles = [cover.axis for cover in covers]
    x = _laid_out(x, covers)
    if not return_indices:
        return _max_pool(x, tiles, False)
    out, where = _max_pool(x, tiles, True)
    tile_positions = np.unravel_index(where, x.shape[-axes:])
    positions = [c.index.ravel()[p] for c, p in zip(covers, tile_positions, strict=True)]
    return out, np.ravel_multi_index(positions, sizes)


def _adaptive_avg(operation: str, x: Any, axes: int, output_size: Any) -> Any:
    covers = _covers(operation, x, axes, output_size)
    tiles = [cover.axis for cover in covers]
    if all(cover.plain for cover in covers):
        return _scaled_sum(x, tiles, 1 / math.prod(tile.kernel for tile in tiles))
    share = np.ones(())
    for cover in covers:
        weights = cover.inside / cover.inside.sum(axis=1, keepdims=True)
        share = np.multiply.outer(share, weights.ravel())
    return _scaled_sum(_laid_out(x, covers) * share.astype(x.dtype), tiles)
