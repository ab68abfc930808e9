"""Convolutional layers: their parameters, and a call of their function in :mod:`nn.functional`."""

import math
from typing import Any

import numpy as np

from .functional.convolution import (
    conv1d,
    conv2d,
    conv_padding,
    conv_transpose1d,
    conv_transpose2d,
    padding_modes,
)
from .functional.unfolding import locally_connected1d, locally_connected2d
from .init import uniform_
from .module import Module
from .parameter import Parameter
from .sizes import require_positive
from .window import axes_of, check_fit, each_axis, pairs

__all__ = [
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "LocallyConnected1d",
    "LocallyConnected2d",
]

Rng = np.random.Generator | None


class _Sliding(Module):
    """Abstract: a layer whose kernels slide over ``_axes`` axes."""

    _axes: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
    ) -> None:
        super().__init__()
        name, axes = type(self).__name__, self._axes
        require_positive(name, in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each_axis(name, "kernel_size", kernel_size, axes, 1)
        self.stride = each_axis(name, "stride", stride, axes, 1)
        self.dilation = each_axis(name, "dilation", dilation, axes, 1)
        around = conv_padding(name, padding, self.kernel_size, self.stride, self.dilation)
        self._around = around
        self.padding: Any = padding if isinstance(padding, str) else _shortest(around)

    def _make_parameters(
        self,
        weight: tuple[int, ...],
        bias: tuple[int, ...] | None,
        fan_in: int,
        dtype: Any,
        rng: Rng,
    ) -> None:
        """Parameters of those shapes, uniform in ±1/√fan_in."""
        bound = 1 / math.sqrt(fan_in)
        self.weight = uniform_(Parameter(np.zeros(weight), dtype=dtype), -bound, bound, rng=rng)
        self.bias = None
        if bias is not None:
            self.bias = uniform_(Parameter(np.zeros(bias), dtype=dtype), -bound, bound, rng=rng)

    def _check_groups(self, groups: int) -> None:
        name = type(self).__name__
        require_positive(name, groups=groups)
        if self.in_channels % groups or self.out_channels % groups:
            raise ValueError(
                f"{name}: {self.in_channels} input and {self.out_channels} output channels do not "
                f"both fall into {groups} groups. Choose groups that divides both."
            )
        self.groups = groups

    def extra_repr(self) -> str:
        """The constructor's arguments that are not the default."""
        said = [f"{self.in_channels}, {self.out_channels}", f"kernel_size={self.kernel_size}"]
        said.append(f"stride={self.stride}")
        for name, default in _DEFAULTS.items():
            value = getattr(self, name, default)
            if value != default and value != (default,) * self._axes:
                said.append(f"{name}={value!r}")
        return ", ".join(said if self.bias is not None else [*said, "bias=False"])


_DEFAULTS = {"padding": 0, "dilation": 1, "output_padding": 0, "groups": 1, "padding_mode": "zeros"}


def _shortest(around: tuple[tuple[int, int], ...]) -> Any:
    """A padding as PyTorch writes it, one number for each axis, if both ends have the same."""
    if any(before != after for before, after in around):
        return around
    return tuple([before for before, _ in around])


class _Conv(_Sliding):
    """Abstract: a convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
        rng: Rng = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation)
        self._check_groups(groups)
        if padding_mode not in padding_modes:
            raise ValueError(
                f"{type(self).__name__}: unknown padding_mode {padding_mode!r}. "
                f"Give one of {', '.join(padding_modes)}."
            )
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self._make_parameters(
            shape, (out_channels,) if bias else None, math.prod(shape[1:]), dtype, rng
        )


class Conv1d(_Conv):
    """y[o] = b[o] + Σ_c x[c] ⋆ w[o, c] along one axis: (batch, in_channels, length) in.

    Parameters and arguments as in :class:`Conv2d`.

    >>> Conv1d(4, 8, kernel_size=3, padding="same")(np.ones((2, 4, 10), np.float32)).shape
    (2, 8, 10)
    """

    _axes = 1

    def forward(self, input: Any) -> Any:
        """The convolution of ``input`` (batch, in_channels, length)."""
        return conv1d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            padding_mode=self.padding_mode,
        )


class Conv2d(_Conv):
    """y[o] = b[o] + Σ_c x[c] ⋆ w[o, c] (cross-correlation): (batch, in_channels, height, width) in.

    ``weight`` (out_channels, in_channels / groups, *kernel_size) and ``bias`` (out_channels) start
    uniform in ±1/√(in_channels / groups · Πkernel_size).  The other arguments are those of
    :func:`nn.functional.conv2d`: ``padding`` as numbers, "valid", "same" or "full";
    ``padding_mode`` "zeros", "reflect", "replicate" or "circular".

    Raises ``ValueError`` for sizes below 1, channels that do not fall into ``groups``, "same" with a
    stride; at the call for an input of other channels, or smaller than the kernel.

    Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998.

    >>> layer = Conv2d(3, 2, kernel_size=3)
    >>> layer
    Conv2d(3, 2, kernel_size=(3, 3), stride=(1, 1))
    >>> layer(np.ones((1, 3, 5, 5), np.float32)).shape
    (1, 2, 3, 3)
    >>> sum(p.size for p in layer.parameters())
    56
    """

    _axes = 2

    def forward(self, input: Any) -> Any:
        """The convolution of ``input`` (batch, in_channels, height, width)."""
        return conv2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            padding_mode=self.padding_mode,
        )


class _ConvTranspose(_Sliding):
    """Abstract: a transposed convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        dtype: Any = None,
        rng: Rng = None,
    ) -> None:
        name = type(self).__name__
        around = pairs(name, padding, self._axes)  # refuses the names of paddings
        super().__init__(in_channels, out_channels, kernel_size, stride, around, dilation)
        self._check_groups(groups)
        self.output_padding = each_axis(name, "output_padding", output_padding, self._axes, 0)
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self._make_parameters(
            shape, (out_channels,) if bias else None, math.prod(shape[1:]), dtype, rng
        )


class ConvTranspose1d(_ConvTranspose):
    """The transpose of :class:`Conv1d`; see :class:`ConvTranspose2d`.

    >>> ConvTranspose1d(4, 2, kernel_size=2, stride=2)(np.ones((1, 4, 5), np.float32)).shape
    (1, 2, 10)
    """

    _axes = 1

    def forward(self, input: Any) -> Any:
        """The transposed convolution of ``input`` (batch, in_channels, length)."""
        return conv_transpose1d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )


class ConvTranspose2d(_ConvTranspose):
    """The transpose of :class:`Conv2d` as a linear map, plus a bias: it makes images larger.

    ``weight`` (in_channels, out_channels / groups, *kernel_size) and ``bias`` (out_channels) start
    uniform in ±1/√(out_channels / groups · Πkernel_size).  The other arguments are those of
    :func:`nn.functional.conv_transpose2d`.

    >>> ConvTranspose2d(4, 2, kernel_size=2, stride=2)(np.ones((1, 4, 5, 5), np.float32)).shape
    (1, 2, 10, 10)
    """

    _axes = 2

    def forward(self, input: Any) -> Any:
        """The transposed convolution of ``input`` (batch, in_channels, height, width)."""
        return conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )


class _LocallyConnected(_Sliding):
    """Abstract: a convolution whose weights are not shared between positions."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        bias: bool = True,
        *,
        dtype: Any = None,
        rng: Rng = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation)
        name = type(self).__name__
        self.input_size = each_axis(name, "input_size", input_size, self._axes, 1)
        axes = axes_of(self.input_size, self.kernel_size, self.stride, self._around, self.dilation)
        check_fit(name, axes)
        self.output_size = tuple([axis.windows for axis in axes])
        kernel = (in_channels, *self.kernel_size)
        self._make_parameters(
            (*self.output_size, out_channels, *kernel),
            (out_channels, *self.output_size) if bias else None,
            math.prod(kernel),
            dtype,
            rng,
        )


class LocallyConnected1d(_LocallyConnected):
    """:class:`Conv1d` with a kernel for every position; see :class:`LocallyConnected2d`.

    >>> layer = LocallyConnected1d(4, 2, input_size=10, kernel_size=3)
    >>> layer(np.ones((1, 4, 10), np.float32)).shape
    (1, 2, 8)
    """

    _axes = 1

    def forward(self, input: Any) -> Any:
        """``input`` (batch, in_channels, input_size)."""
        return locally_connected1d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation
        )


class LocallyConnected2d(_LocallyConnected):
    """:class:`Conv2d` with a kernel for every position: for inputs whose parts differ, such as faces.

    ``weight`` (*output size, out_channels, in_channels, *kernel_size) and ``bias`` (out_channels,
    *output size) start uniform in ±1/√(in_channels · Πkernel_size).  Only inputs of ``input_size``
    go through.

    Y. Taigman et al., "DeepFace", 2014.

    >>> layer = LocallyConnected2d(3, 2, input_size=5, kernel_size=3)
    >>> layer(np.ones((1, 3, 5, 5), np.float32)).shape
    (1, 2, 3, 3)
    """

    _axes = 2

    def forward(self, input: Any) -> Any:
        """``input`` (batch, in_channels, *input_size)."""
        return locally_connected2d(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation
        )
