"""The windows of an input as columns, and kernels that are not shared between positions."""

import math
from collections.abc import Sequence
from typing import Any

from ..unfold import fold as fold_windows
from ..unfold import unfold as unfold_windows
from ..window import axes_of, check_fit, each_axis, pairs
from .convolution import conv_padding, on_plane, through_planes

__all__ = ["fold", "locally_connected1d", "locally_connected2d", "unfold"]


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """The windows of ``input`` (batch, channels, height, width) as columns.

    The result has the shape (batch, channels * Πkernel_size, number of windows); :func:`fold` is
    its transpose.

    >>> import numpy as np
    >>> unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2)[0]
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.],
           [3., 4., 6., 7.],
           [4., 5., 7., 8.]])
    """
    how = _windows("unfold", input.shape, kernel_size, stride, padding, dilation)
    windows = unfold_windows(input, **how)
    batch, channels, height, width = windows.shape[:4]
    return windows.reshape((batch, channels * height * width, -1))


def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """The transpose of :func:`unfold`: adds columns up where their windows lie.

    ``input`` (batch, channels * Πkernel_size, number of windows) gives (batch, channels,
    *output_size).

    >>> import numpy as np
    >>> fold(np.ones((1, 4, 4)), 3, 2)[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    size = each_axis("fold", "output_size", output_size, 2, 1)
    how = _windows("fold", size, kernel_size, stride, padding, dilation)
    kernel = how["kernel"]
    axes = axes_of(size, kernel, how["stride"], how["padding"], how["dilation"])
    count = (axes[0].windows, axes[1].windows)
    taps = kernel[0] * kernel[1]
    if input.ndim != 3 or input.shape[1] % taps or input.shape[2] != count[0] * count[1]:
        raise ValueError(
            f"fold: expected an input (batch, channels * {taps}, {count[0] * count[1]}) for the "
            f"kernel {kernel} and the output {size}, got shape {input.shape}. "
            "Give the arguments that unfold was given."
        )
    windows = input.reshape((len(input), input.shape[1] // taps, *kernel, *count))
    return fold_windows(windows, size=size, **how)


def _windows(
    operation: str,
    shape: Sequence[int],
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
) -> dict[str, Any]:
    how: dict[str, Any] = {
        "kernel": each_axis(operation, "kernel_size", kernel_size, 2, 1),
        "stride": each_axis(operation, "stride", stride, 2, 1),
        "padding": pairs(operation, padding, 2),
        "dilation": each_axis(operation, "dilation", dilation, 2, 1),
    }
    check_fit(operation, axes_of(shape[-2:], *how.values()))
    return how


def locally_connected1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> Any:
    """:func:`conv1d` with a kernel of its own at every position; see :func:`locally_connected2d`.

    ``input`` (batch, in, length), ``weight`` (out length, out, in, kernel), ``bias`` (out, out
    length).

    >>> import numpy as np
    >>> x, w = np.array([[[1.0, 2.0, 3.0]]]), np.array([[[[1.0, 1.0]]], [[[1.0, -1.0]]]])
    >>> locally_connected1d(x, w)
    array([[[ 3., -1.]]])
    """
    return _locally_connected(
        "locally_connected1d", 1, input, weight, bias, stride, padding, dilation
    )


def locally_connected2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> Any:
    """:func:`conv2d` with a kernel of its own at every position: its weights are not shared.

    ``input`` (batch, in, height, width), ``weight`` (out height, out width, out, in, kernel height,
    kernel width), ``bias`` (out, out height, out width).

    Raises ``ValueError`` where the weight is not for this number of positions.

    Y. LeCun, "Generalization and network design strategies", 1989.
    """
    return _locally_connected(
        "locally_connected2d", 2, input, weight, bias, stride, padding, dilation
    )


def _locally_connected(
    operation: str, axes: int, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    if w.ndim != 2 * axes + 2 or x.ndim not in (axes + 1, axes + 2):
        raise ValueError(
            f"{operation}: expected an input of {axes + 2} axes (batch, in, ...)"
            f" and a weight of {2 * axes + 2}, got shapes {x.shape} and {w.shape}."
        )
    if x.shape[-axes - 1] != w.shape[axes + 1]:
        raise ValueError(
            f"{operation}: expected {w.shape[axes + 1]} input channels, as the weight {w.shape} "
            f"has, got an input of shape {x.shape}. Make the layer with in_channels of that number."
        )
    stride = each_axis(operation, "stride", stride, axes, 1)
    dilation = each_axis(operation, "dilation", dilation, axes, 1)
    kernel = tuple(w.shape[axes + 2 :])
    around = conv_padding(operation, padding, kernel, stride, dilation)
    windows = axes_of(x.shape[-axes:], kernel, stride, around, dilation)
    check_fit(operation, windows)
    count = tuple([axis.windows for axis in windows])
    if count != w.shape[:axes]:
        raise ValueError(
            f"{operation}: the weight {w.shape} is for {w.shape[:axes]} positions, the input "
            f"{x.shape} has {count}. Inputs of one size only go through unshared kernels."
        )
    how = on_plane(stride=stride, padding=around, dilation=dilation)
    how["kernel"] = kernel if axes == 2 else (1, *kernel)
    positions, out = math.prod(count), w.shape[axes]

    def each_position(x: Any) -> Any:
        columns = unfold_windows(x, **how).reshape((len(x), -1, positions))
        products = columns.transpose((2, 0, 1)) @ w.reshape((positions, out, -1)).swapaxes(1, 2)
        plane = count if axes == 2 else (1, *count)
        return products.transpose((1, 2, 0)).reshape((len(x), out, *plane))

    result = through_planes(axes, each_position, x)
    return result if bias is None else result + bias
