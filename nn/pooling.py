"""Pooling layers: their arguments, and a call of their function in :mod:`nn.functional`."""

from typing import Any

from .functional.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from .module import Module
from .window import each_axis

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "MaxPool1d",
    "MaxPool2d",
]


class _MaxPool(Module):
    """Abstract: the maximum of each window."""

    _axes: int

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        _check(self, kernel_size=kernel_size, stride=stride, dilation=dilation)
        each_axis(type(self).__name__, "padding", padding, self._axes, 0)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _arguments(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil_mode": self.ceil_mode,
            "return_indices": self.return_indices,
        }

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The maximum of each window of (batch, channels, length); see :class:`MaxPool2d`."""

    _axes = 1

    def forward(self, input: Any) -> Any:
        """The maxima."""
        return max_pool1d(input, **self._arguments())


class MaxPool2d(_MaxPool):
    """The maximum of each window of (batch, channels, height, width).

    The arguments are those of :func:`nn.functional.max_pool2d`; the stride is the kernel's size
    unless it is given.

    >>> import numpy as np
    >>> MaxPool2d(2)(np.arange(1.0, 17).reshape(1, 1, 4, 4))[0, 0]
    array([[ 6.,  8.],
           [14., 16.]])
    """

    _axes = 2

    def forward(self, input: Any) -> Any:
        """The maxima, and their positions where ``return_indices`` asks for them."""
        return max_pool2d(input, **self._arguments())


class _AvgPool(Module):
    """Abstract: the mean of each window."""

    _axes: int

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        _check(self, kernel_size=kernel_size, stride=stride)
        each_axis(type(self).__name__, "padding", padding, self._axes, 0)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def _arguments(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "ceil_mode": self.ceil_mode,
            "count_include_pad": self.count_include_pad,
        }

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """The mean of each window of (batch, channels, length); see :class:`AvgPool2d`."""

    _axes = 1

    def forward(self, input: Any) -> Any:
        """The means."""
        return avg_pool1d(input, **self._arguments())


class AvgPool2d(_AvgPool):
    """The mean of each window of (batch, channels, height, width).

    The arguments are those of :func:`nn.functional.avg_pool2d`; the stride is the kernel's size
    unless it is given.

    >>> import numpy as np
    >>> AvgPool2d(2)(np.arange(1.0, 17).reshape(1, 1, 4, 4))[0, 0]
    array([[ 3.5,  5.5],
           [11.5, 13.5]])
    """

    _axes = 2

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        """The means."""
        return avg_pool2d(input, **self._arguments(), divisor_override=self.divisor_override)


class _AdaptivePool(Module):
    """Abstract: so many windows that cover the input, whatever its size."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of ``output_size`` windows that cover (batch, channels, length)."""

    def forward(self, input: Any) -> Any:
        """The means."""
        return adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of ``output_size`` windows that cover (batch, channels, height, width).

    ``AdaptiveAvgPool2d(1)`` is global average pooling.

    >>> import numpy as np
    >>> AdaptiveAvgPool2d(1)(np.arange(1.0, 17).reshape(1, 1, 4, 4))
    array([[[[8.5]]]])
    """

    def forward(self, input: Any) -> Any:
        """The means."""
        return adaptive_avg_pool2d(input, self.output_size)


class _AdaptiveMaxPool(_AdaptivePool):
    """Abstract: those windows' maxima."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of ``output_size`` windows that cover (batch, channels, length)."""

    def forward(self, input: Any) -> Any:
        """The maxima."""
        return adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of ``output_size`` windows that cover (batch, channels, height, width).

    >>> import numpy as np
    >>> AdaptiveMaxPool2d((1, 2))(np.arange(1.0, 17).reshape(1, 1, 4, 4))
    array([[[[14., 16.]]]])
    """

    def forward(self, input: Any) -> Any:
        """The maxima, and their positions where ``return_indices`` asks for them."""
        return adaptive_max_pool2d(input, self.output_size, self.return_indices)


def _check(layer: Any, **arguments: Any) -> None:
    for name, value in arguments.items():
        each_axis(type(layer).__name__, name, value, layer._axes, 1)
