"""Normalization as layers, and weight normalization.

Names, arguments, parameter shapes and initial values (γ = 1, β = 0) are PyTorch's.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from autograd import get_default_dtype

from . import functional as F
from .module import Module
from .parameter import Buffer, Parameter
from .sizes import require_positive

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "LayerNorm",
    "LocalResponseNorm",
    "remove_weight_norm",
    "weight_norm",
]

M = TypeVar("M", bound=Module)


class _ChannelNorm(Module):
    """Abstract: normalization with a scale and a shift for each channel, and running statistics."""

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Buffer | None
    running_var: Buffer | None
    num_batches_tracked: Buffer | None

    _axes: tuple[int, ...] = ()
    """How many axes an input may have."""

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        dtype: Any,
    ) -> None:
        super().__init__()
        require_positive(type(self).__name__, num_features=num_features)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(np.ones(num_features), dtype=dtype) if affine else None
        self.bias = Parameter(np.zeros(num_features), dtype=dtype) if affine else None
        track = track_running_stats
        self.running_mean = Buffer(np.zeros(num_features, dtype)) if track else None
        self.running_var = Buffer(np.ones(num_features, dtype)) if track else None
        self.num_batches_tracked = Buffer(np.array(0)) if track else None

    def reset_running_stats(self) -> None:
        """Forget the batches seen so far."""
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.data = np.zeros_like(self.running_mean.data)
            self.running_var.data = np.ones_like(self.running_var.data)
            self.num_batches_tracked = Buffer(np.array(0))

    def _require_shape(self, input: Any) -> None:
        if input.ndim not in self._axes or input.shape[1] != self.num_features:
            layouts = {2: "(N, C)", 3: "(N, C, L)", 4: "(N, C, H, W)"}
            raise ValueError(
                f"{type(self).__name__}: expected an input of shape "
                f"{' or '.join(layouts[n] for n in self._axes)} with C = {self.num_features}, got "
                f"{input.shape}."
            )

    def _share_of_new_batch(self) -> float:
        """The momentum; where it is None, the one that makes a plain average of all batches."""
        if self.num_batches_tracked is None:
            return 0.0
        seen = self.num_batches_tracked.item() + 1
        self.num_batches_tracked.data = np.array(seen)
        return 1 / seen if self.momentum is None else self.momentum

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        """``batch_norm``: with the batch's statistics in training, else the running ones."""
        self._require_shape(input)
        training = self.training or self.running_mean is None
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training,
            self._share_of_new_batch() if training else 0.0,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """γ (x - μ_c) / √(σ²_c + ε) + β for each channel of x (N, C) or (N, C, L).

    In training μ and σ² are the batch's, and ``running_mean`` and ``running_var`` move towards them
    by ``momentum``, the weight of the *new* batch (None: a plain average of all batches); after
    ``eval()`` they are the running ones.  Raises ``ValueError`` in training with one value per
    channel.

    >>> import nn
    >>> norm = nn.BatchNorm1d(2)
    >>> norm(np.array([[1.0, 5.0], [3.0, 5.0]])).data.round(3)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> norm.running_mean
    Buffer([0.2, 0.5], dtype=float32)
    """

    _axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """γ (x - μ_c) / √(σ²_c + ε) + β for each channel of x (N, C, H, W); see ``BatchNorm1d``."""

    _axes = (4,)


class _InstanceNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        """``instance_norm``; with running statistics, these after ``eval()``."""
        self._require_shape(input)
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self.momentum or 0.0,  # as in PyTorch, which counts no batches here
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """γ_c (x - μ) / √(σ² + ε) + β_c over the positions of each channel of each sample; (N, C, L)."""

    _axes = (3,)


class InstanceNorm2d(_InstanceNorm):
    """γ_c (x - μ) / √(σ² + ε) + β_c over the positions of each channel of each sample; (N, C, H, W)."""

    _axes = (4,)


class LayerNorm(Module):
    """γ (x - μ) / √(σ² + ε) + β over the last axes, whose sizes are ``normalized_shape``.

    >>> import nn
    >>> nn.LayerNorm(3)(np.array([[1.0, 2.0, 3.0]])).data.round(3)
    array([[-1.225,  0.   ,  1.225]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape: tuple[int, ...] = (
            (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        )
        require_positive("LayerNorm", **{f"normalized_shape[{i}]": n for i, n in enumerate(shape)})
        self.normalized_shape = shape
        self.eps = eps
        self.weight = Parameter(np.ones(shape), dtype=dtype) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape), dtype=dtype) if elementwise_affine and bias else None

    def forward(self, input: Any) -> Any:
        """``layer_norm`` of ``input``."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        affine = self.weight is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"


class GroupNorm(Module):
    """γ_c (x - μ) / √(σ² + ε) + β_c over each of ``num_groups`` groups of channels of a sample.

    Raises ``ValueError`` where ``num_groups`` does not divide ``num_channels``.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        require_positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: expected num_groups that divide the {num_channels} channels, "
                f"got {num_groups}."
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.weight = Parameter(np.ones(num_channels), dtype=dtype) if affine else None
        self.bias = Parameter(np.zeros(num_channels), dtype=dtype) if affine else None

    def forward(self, input: Any) -> Any:
        """``group_norm`` of ``input``."""
        if input.ndim < 2 or input.shape[1] != self.num_channels:
            raise ValueError(
                f"GroupNorm: expected an input of shape (N, {self.num_channels}, ...), "
                f"got {input.shape}."
            )
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={affine}"


class LocalResponseNorm(Module):
    """a_i / (k + alpha / size · Σ a_j²)^beta over the ``size`` channels j around i.

    The paper's formula has no division by the size: see :func:`nn.functional.local_response_norm`.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        require_positive("LocalResponseNorm", size=size)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Any:
        """``local_response_norm`` of ``input``."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _lengths(v: Any, dim: int | None) -> Any:
    """The norm of each slice of ``v`` along ``dim``, with the axes kept; of all of it for None."""
    axes = tuple(i for i in range(v.ndim) if dim is None or i != dim % v.ndim)
    return np.sqrt((v * v).sum(axes, keepdims=True))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Let the parameter ``name`` be g v / ‖v‖, with length g and direction v learned apart.

    The module gets the parameters ``name_g`` and ``name_v`` in its place, and ``module.name`` is
    computed whenever it is read.  There is one length for each index along ``dim`` (one unit), or a
    single one for None.  Returns the module.

    T. Salimans and D. Kingma, "Weight Normalization", 2016.

    >>> import nn
    >>> layer = weight_norm(nn.Linear(3, 2))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    parameter = vars(module).get(name)
    if not isinstance(parameter, Parameter):
        raise ValueError(f"weight_norm: {type(module).__name__} has no parameter {name!r}.")
    data = parameter.data
    lengths = _lengths(data, dim) if dim is not None else _lengths(data, None).reshape(())
    delattr(module, name)
    setattr(module, f"{name}_g", Parameter(lengths, parameter.requires_grad, dtype=data.dtype))
    setattr(module, f"{name}_v", Parameter(data, parameter.requires_grad, dtype=data.dtype))
    module._computed[name] = partial(_from_length_and_direction, name=name, dim=dim)
    return module


def _from_length_and_direction(module: Module, *, name: str, dim: int | None) -> Any:
    g, v = getattr(module, f"{name}_g"), getattr(module, f"{name}_v")
    return v * (g / _lengths(v, dim))


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make ``name`` a plain parameter again, of the value it has; returns the module."""
    computed: Callable[[Any], Any] | None = module._computed.pop(name, None)
    if computed is None:
        raise ValueError(f"remove_weight_norm: {type(module).__name__}.{name} is not normalized.")
    value = computed(module)
    frozen = not value.requires_grad
    delattr(module, f"{name}_g")
    delattr(module, f"{name}_v")
    setattr(module, name, Parameter(value.data, not frozen, dtype=value.dtype))
    return module
