"""Convolution in the sense of networks (cross-correlation) and its transpose.

The sizes: with n entries, padding p on both sides, kernel k, dilation d and stride s,

    out = ⌊(n + 2p - d(k - 1) - 1) / s⌋ + 1

A stride that does not divide leaves the last entries out.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, cast

import numpy as np

from ..convolve import Padding, Pair, convolve, input_gradient
from ..window import Pairs, axes_of, check_fit, each_axis, pairs

__all__ = [
    "conv1d",
    "conv2d",
    "conv_padding",
    "conv_transpose1d",
    "conv_transpose2d",
    "on_plane",
    "padding_modes",
    "through_planes",
]

padding_modes = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""How an input goes on beyond its ends, and what NumPy's ``pad`` calls it."""

_SIZES = "length", "height, width"


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    padding_mode: str = "zeros",
) -> Any:
    """Cross-correlation along one axis; see :func:`conv2d` for the arguments.

    ``input`` (batch, in, length), ``weight`` (out, in / groups, kernel), ``bias`` (out).

    >>> x, w = np.array([[[1.0, 2.0, 3.0]]]), np.ones((1, 1, 3))
    >>> [conv1d(x, w, padding=p).tolist() for p in ("valid", "same", "full")]
    [[[[6.0]]], [[[3.0, 6.0, 5.0]]], [[[1.0, 3.0, 6.0, 5.0, 3.0]]]]
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups, padding_mode)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    padding_mode: str = "zeros",
) -> Any:
    """Cross-correlation, plus ``bias``: out[n, o] = b[o] + Σ_c x[n, c] ⋆ w[o, c].

    ``input`` x (batch, in, height, width), or without the batch; ``weight`` w (out, in / groups,
    kernel height, kernel width); ``bias`` b (out).  True convolution would flip the kernel.

    - ``stride``, ``dilation``: a number, or one for each axis.
    - ``padding``: a number, one for each axis, a pair (before, after) for each axis, or "valid"
      (none), "same" (the output has the input's size; stride 1; an odd rest goes to the end) or
      "full" (every window that meets an entry).
    - ``groups``: input and output channels fall into so many groups, each convolved by itself;
      ``groups=in`` is the depthwise convolution.
    - ``padding_mode``: "zeros", "reflect", "replicate" or "circular".

    Raises ``ValueError`` for a kernel that does not fit, a stride, dilation or groups below 1, a
    negative padding, channels that do not match, "same" with a stride.

    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.

    >>> x = np.array([[[1.0, 2, 1, 0], [0, 2, 1, 2], [1, 2, 1, 2], [1, 2, 1, 1]]])
    >>> w = np.array([[[[1.0, -1, 1], [0, 1, 0], [1, 1, -1]]]])
    >>> conv2d(x, w, padding=1)[0]
    array([[-1.,  3.,  2.,  3.],
           [ 0.,  4.,  3.,  6.],
           [ 2.,  3.,  6.,  3.],
           [ 2.,  2.,  4.,  0.]])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups, padding_mode)


def _conv(
    operation: str,
    axes: int,
    x: Any,
    w: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    padding_mode: str,
) -> Any:
    _check_ranks(operation, axes, x, w)
    _check_channels(operation, x.shape[-axes - 1], w, bias, groups)
    stride = each_axis(operation, "stride", stride, axes, 1)
    dilation = each_axis(operation, "dilation", dilation, axes, 1)
    kernel = each_axis(operation, "kernel_size", w.shape[2:], axes, 1)
    around = conv_padding(operation, padding, kernel, stride, dilation)
    if padding_mode != "zeros":
        x, around = _padded(operation, x, around, padding_mode), ((0, 0),) * axes
    how = _fitting(operation, x.shape[-axes:], kernel, stride, around, dilation)
    arguments = (x, w) if bias is None else (x, w, bias)
    return through_planes(axes, partial(convolve, **how, groups=groups), *arguments)


@lru_cache(maxsize=256)
def _fitting(
    operation: str,
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: Pairs,
    dilation: tuple[int, ...],
) -> dict[str, Any]:
    """These arguments for two axes, once the kernel has been seen to fit."""
    check_fit(operation, axes_of(size, kernel, stride, padding, dilation))
    return on_plane(stride, padding, dilation)


def conv_padding(
    operation: str,
    padding: Any,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Pairs:
    """The ``padding`` of a convolution as numbers: a pair (before, after) for each axis."""
    if not isinstance(padding, str):
        return pairs(operation, padding, len(kernel))
    if padding not in ("valid", "same", "full"):
        raise ValueError(
            f"{operation}: unknown padding {padding!r}. "
            "Give numbers, or one of 'valid', 'same', 'full'."
        )
    whole = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if padding == "valid":
        return ((0, 0),) * len(whole)
    if padding == "full":
        return tuple([(w, w) for w in whole])
    if any(s != 1 for s in stride):
        raise ValueError(
            f"{operation}: padding='same' needs stride 1, got stride {tuple(stride)}. "
            "Give the padding as numbers."
        )
    return tuple([(w // 2, w - w // 2) for w in whole])


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of :func:`conv1d`; see :func:`conv_transpose2d`.

    ``input`` (batch, in, length), ``weight`` (in, out / groups, kernel), ``bias`` (out).

    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]]), stride=2)
    array([[[  1.,  10., 102.,  20., 200.]]])
    """
    return _transpose(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of :func:`conv2d` as a linear map of its input, plus ``bias``.

    Every entry of ``input`` (batch, in, height, width) adds its multiple of the kernel ``weight``
    (in, out / groups, height, width) to the output; ``padding`` crops what ``conv2d`` would have
    padded, and ``output_padding`` adds rows and columns at the end, to choose among the sizes that
    ``conv2d`` with that stride maps to the input's:

        out = (n - 1) s - 2p + d(k - 1) + output_padding + 1

    Raises ``ValueError`` as :func:`conv2d` does, for an ``output_padding`` that is not smaller than
    the stride or the dilation, and where nothing would be left.

    M. Zeiler et al., "Deconvolutional networks", 2010.

    >>> conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    return _transpose(
        "conv_transpose2d",
        2,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def _transpose(
    operation: str,
    axes: int,
    x: Any,
    w: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    _check_ranks(operation, axes, x, w)
    _check_transpose_channels(operation, x.shape[-axes - 1], w, bias, groups)
    stride = each_axis(operation, "stride", stride, axes, 1)
    dilation = each_axis(operation, "dilation", dilation, axes, 1)
    extra = each_axis(operation, "output_padding", output_padding, axes, 0)
    kernel = each_axis(operation, "kernel_size", w.shape[2:], axes, 1)
    around = pairs(operation, padding, axes)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"{operation}: output_padding must be smaller than the stride or the dilation, got "
            f"output_padding {extra}, stride {stride}, dilation {dilation}. "
            "Use a smaller output_padding."
        )
    size = tuple(
        [
            (n - 1) * s - sum(p) + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(
                x.shape[-axes:], stride, around, dilation, kernel, extra, strict=True
            )
        ]
    )
    if any(n < 1 for n in size):
        raise ValueError(
            f"{operation}: nothing is left of the output, its size would be {size}. "
            "Use a smaller padding."
        )
    # The extra entries lie beyond the last window: to the convolution they are padding less.
    around = tuple([(p[0], p[1] - e) for p, e in zip(around, extra, strict=True)])
    how = on_plane(stride=stride, padding=around, dilation=dilation)
    whole = cast(Pair, size if axes == 2 else (1, *size))
    out = through_planes(
        axes, lambda x, w: input_gradient(x, w, size=whole, **how, groups=groups), x, w
    )
    return out if bias is None else out + bias.reshape((-1, *[1] * axes))


def on_plane(stride: tuple[int, ...], padding: Pairs, dilation: tuple[int, ...]) -> dict[str, Any]:
    """Those arguments for two axes: one axis is the width of a plane of height 1."""
    if len(stride) == 1:
        stride, padding, dilation = (1, *stride), ((0, 0), *padding), (1, *dilation)
    return {"stride": stride, "padding": cast(Padding, padding), "dilation": dilation}


def through_planes(axes: int, function: Any, x: Any, *others: Any) -> Any:
    """``function(x, *others)`` with a batch axis and with two axes after the channels."""
    batched = x.ndim == axes + 2
    if batched and axes == 2:
        return function(x, *others)
    if not batched:
        x = x.reshape((1, *x.shape))
    if axes == 1:
        x = _as_plane(x)
        others = tuple([_as_plane(a) if a.ndim == 3 else a for a in others])
    out = function(x, *others)
    shape = out.shape if batched else out.shape[1:]
    if axes == 1:
        shape = (*shape[:-2], shape[-1])
    return out if shape == out.shape else out.reshape(shape)


def _as_plane(x: Any) -> Any:
    return x.reshape((*x.shape[:-1], 1, x.shape[-1]))


def _padded(operation: str, x: Any, around: Pairs, mode: str) -> Any:
    if mode not in padding_modes:
        raise ValueError(
            f"{operation}: unknown padding_mode {mode!r}. Give one of {', '.join(padding_modes)}."
        )
    if not any(any(p) for p in around):
        return x
    before = ((0, 0),) * (x.ndim - len(around))
    return np.pad(x, (*before, *around), mode=padding_modes[mode])  # type: ignore[call-overload]  # the mode is a variable


def _check_ranks(operation: str, axes: int, x: Any, w: Any) -> None:
    sizes = _SIZES[axes - 1]
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(
            f"{operation}: expected an input of {axes + 2} axes (batch, channels, {sizes}), or "
            f"{axes + 1} without the batch, got shape {x.shape}. Reshape the input."
        )
    if w.ndim != axes + 2:
        raise ValueError(
            f"{operation}: expected a weight of {axes + 2} axes, got shape {w.shape}. "
            f"Its axes are the two kinds of channels and the kernel's {sizes}."
        )


def _check_channels(operation: str, channels: int, w: Any, bias: Any, groups: int) -> None:
    out, inside = w.shape[:2]
    (groups,) = each_axis(operation, "groups", groups, 1, 1)
    if out % groups:
        raise ValueError(
            f"{operation}: {out} output channels do not fall into {groups} groups. "
            "Choose groups that divides both kinds of channels."
        )
    if channels != inside * groups:
        raise ValueError(
            f"{operation}: expected {inside * groups} input channels, as the weight {w.shape} with "
            f"groups={groups} has, got {channels}. The axes of the input are (batch, channels, ...)."
        )
    _check_bias(operation, out, bias)


def _check_transpose_channels(
    operation: str, channels: int, w: Any, bias: Any, groups: int
) -> None:
    (groups,) = each_axis(operation, "groups", groups, 1, 1)
    if channels != w.shape[0]:
        raise ValueError(
            f"{operation}: expected {w.shape[0]} input channels, as the weight {w.shape} has, got "
            f"{channels}. The axes of the input are (batch, channels, ...)."
        )
    if channels % groups:
        raise ValueError(
            f"{operation}: {channels} input channels do not fall into {groups} groups. "
            "Choose groups that divides both kinds of channels."
        )
    _check_bias(operation, w.shape[1] * groups, bias)


def _check_bias(operation: str, out: int, bias: Any) -> None:
    if bias is not None and bias.shape != (out,):
        raise ValueError(
            f"{operation}: expected a bias of shape ({out},), one entry for each output channel, "
            f"got {bias.shape}."
        )
