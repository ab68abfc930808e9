"""Normalization: to mean 0 and variance 1 over some axes, then scaled and shifted.

=====================  =======================================  ==================================
for x (N, C, d...)     statistics are taken over                one for each
=====================  =======================================  ==================================
``batch_norm``         N, d...                                  channel
``instance_norm``      d...                                     sample and channel
``layer_norm``         the last axes (``normalized_shape``)     sample
``group_norm``         the channels of a group, and d...        sample and group
=====================  =======================================  ==================================

The variance is the biased one, and ε stands inside the root.
"""

import math
from typing import Any

import numpy as np

from autograd import primitive
from autograd.backward import unbroadcast

from .kept import Kept, tracked
from .labels import as_array

__all__ = [
    "Moments",
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "standardize",
]


class Moments:
    """What :func:`standardize` found: mean and biased variance, with the axes they are taken over."""

    __slots__ = ("kept", "mean", "var")

    mean: Any
    var: Any

    def __init__(self) -> None:
        self.kept = Kept()

    def __repr__(self) -> str:
        return "moments"


def _centred(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any, Any]:
    """x - mean and its variance over ``axes``; the mean as a sum of two.

    The mean is corrected once by the mean of the differences from it, so that data far from 0 lose
    no digits: a mean of 1e8 in float64, of 1e4 in float32.
    """
    mean = x.sum(axes, keepdims=True)
    count = x.size / max(mean.size, 1)
    mean = mean / count
    out = x - mean
    correction = out.sum(axes, keepdims=True)
    correction /= count
    out -= correction
    var = np.square(out).sum(axes, keepdims=True)
    var /= count
    return out, var, mean, correction


@primitive
def inverse_deviation(x: Any, *, axes: tuple[int, ...], eps: float) -> Any:
    """1 / √(var + eps) over ``axes``."""
    return 1 / np.sqrt(_centred(x, axes)[1] + eps)


inverse_deviation.defvjp(
    lambda g, out, x, *, axes, eps: (
        (g * out**3 * (-out.size / x.size)) * (x - x.mean(axes, keepdims=True))
    ),
    saves="out x",
    local="-∇out · (x - mean) / (n σ³)",
)


@primitive
def standardize(x: Any, *, axes: tuple[int, ...], eps: float, moments: Moments) -> Any:
    """(x - mean) / √(var + eps) over ``axes``, with the mean and the biased variance."""
    out, moments.var, *means = _centred(x, axes)
    moments.mean = sum(means)
    inverse = 1 / np.sqrt(moments.var + eps)
    out *= inverse
    moments.kept.keep(x, inverse)
    return out


def _through(g: Any, normal: Any, inverse: Any, axes: tuple[int, ...]) -> Any:
    """(g - mean g - x̂ mean(g x̂)) / σ: the gradient of x for that of x̂."""
    level = g.sum(axes, keepdims=True)
    count = g.size / max(level.size, 1)
    share = normal * ((g * normal).sum(axes, keepdims=True) / count)
    share += level / count
    share = g - share
    share *= inverse
    return share


def _standardize_rule(
    g: Any, out: Any, x: Any, *, axes: tuple[int, ...], eps: float, moments: Moments
) -> Any:
    kept = moments.kept.take(x)
    inverse = kept[0] if kept else inverse_deviation(x, axes=axes, eps=eps)
    return _through(g, out, inverse, axes)


standardize.defvjp(
    _standardize_rule, saves="out x", local="(∇out - mean ∇out - x̂ · mean(∇out · x̂)) / σ"
)


@primitive(elementwise=True)
def scale_shift(x: Any, scale: Any, shift: Any) -> Any:
    """x · scale + shift."""
    out = x * scale
    out += shift
    return out


scale_shift.defvjp(
    lambda g, out, x, scale, shift: g * scale,
    lambda g, out, x, scale, shift: g * x,
    lambda g, out, x, scale, shift: g,
    saves=(("scale",), ("x",), ()),
    local=("∇out · γ", "Σ ∇out · x̂", "Σ ∇out"),
)


@primitive
def normalize(
    x: Any, scale: Any, shift: Any, *, axes: tuple[int, ...], eps: float, kept: Kept
) -> Any:
    """x̂ · scale + shift with x̂ = (x - mean) / √(var + eps) over ``axes``."""
    normal, var, _, _ = _centred(x, axes)
    var += eps
    inverse = 1 / np.sqrt(var)
    normal *= inverse
    kept.keep(x, normal, inverse)
    out = normal * scale
    out += shift
    return out


def _normalize_x(
    g: Any, out: Any, x: Any, scale: Any, shift: Any, *, axes: Any, eps: float, kept: Kept
) -> Any:
    normal, inverse = kept.take(x) or (
        standardize(x, axes=axes, eps=eps, moments=Moments()),
        inverse_deviation(x, axes=axes, eps=eps),
    )
    return _through(g * scale, normal, inverse, axes)


def _normalize_scale(
    g: Any, out: Any, x: Any, scale: Any, shift: Any, *, axes: Any, eps: float, kept: Kept
) -> Any:
    found = kept.take(x)
    normal = found[0] if found else standardize(x, axes=axes, eps=eps, moments=Moments())
    return unbroadcast(g * normal, scale.shape)


normalize.defvjp(
    _normalize_x,
    _normalize_scale,
    lambda g, out, x, scale, shift, **static: unbroadcast(g, shift.shape),
    saves=(("x", "scale"), ("x",), ()),
    local=("(∇x̂ - mean ∇x̂ - x̂ · mean(∇x̂ · x̂)) / σ", "Σ ∇out · x̂", "Σ ∇out"),
)


def _scaled(x: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    """``x`` · weight + bias, either may be None; ``shape`` makes them broadcast."""
    weight = weight if weight is None or weight.shape == shape else weight.reshape(shape)
    bias = bias if bias is None or bias.shape == shape else bias.reshape(shape)
    if weight is None:
        return x if bias is None else x + bias
    return x * weight if bias is None else scale_shift(x, weight, bias)


def _require_channels(caller: str, x: Any, least: int = 2) -> None:
    if x.ndim < least:
        raise ValueError(
            f"{caller}: expected an input of shape (N, C{', ...' if least > 2 else ''}), "
            f"got {x.shape}."
        )


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """γ (x - μ_c) / √(σ²_c + ε) + β for each channel c, for ``input`` x (N, C) or (N, C, d...).

    In ``training``, or without running statistics, μ and σ² are those of the batch; the running
    statistics, arrays or tensors of shape (C), are then moved towards them:
    running ← (1 - momentum) · running + momentum · batch, with the unbiased variance.  ``momentum``
    is the weight of the *new* batch, as PyTorch has it; some texts use the complement.  Otherwise
    μ and σ² are the running statistics.  ``weight`` γ and ``bias`` β have the shape (C).

    Raises ``ValueError`` for another number of channels, and in training with one value per channel.

    S. Ioffe and C. Szegedy, "Batch Normalization", 2015.

    >>> x = np.array([[1.0], [2.0], [3.0]])
    >>> batch_norm(x, training=True).ravel().round(4)
    array([-1.2247,  0.    ,  1.2247])
    """
    _require_channels("batch_norm", input)
    channels = input.shape[1]
    for name, value in (("running_mean", running_mean), ("weight", weight), ("bias", bias)):
        if value is not None and value.shape != (channels,):
            raise ValueError(
                f"batch_norm: the input {input.shape} has {channels} channels (axis 1), "
                f"{name} has the shape {value.shape}; expected ({channels},)."
            )
    shape = (channels,) + (1,) * (input.ndim - 2)
    if not training and running_mean is not None:
        mean = as_array(running_mean).reshape(shape)
        deviation = np.sqrt(as_array(running_var).reshape(shape) + eps)
        return _scaled((input - mean) / deviation, weight, bias, shape)
    count = input.size // max(channels, 1)
    if count <= 1:
        raise ValueError(
            f"batch_norm: an input of shape {input.shape} has {count} value for each channel, whose "
            "variance is 0. Train on larger batches, or call eval() first."
        )
    moments = Moments()
    out = standardize(input, axes=(0, *range(2, input.ndim)), eps=eps, moments=moments)
    if running_mean is not None:
        _move(running_mean, moments.mean, momentum)
        _move(running_var, moments.var * (count / (count - 1)), momentum)
    return _scaled(out, weight, bias, shape)


def _move(running: Any, new: Any, momentum: float) -> None:
    """running ← (1 - momentum) · running + momentum · new, outside of the graph."""
    values = as_array(running)
    moved = (1 - momentum) * values + momentum * new.reshape(values.shape)
    if values is running:
        running[...] = moved
    else:
        running.data = moved.astype(values.dtype)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """γ_c (x - μ) / √(σ² + ε) + β_c over the positions of each channel of each sample.

    For ``input`` x (N, C, d...).  Running statistics, where they are given, move towards the batch's
    averages of μ and of the unbiased σ², and are used without ``use_input_stats``.  ``weight`` γ and
    ``bias`` β have the shape (C).  Raises ``ValueError`` for fewer than two positions.

    D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance Normalization", 2016.
    """
    _require_channels("instance_norm", input, 3)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, eps=eps)
    positions = math.prod(input.shape[2:])
    if positions <= 1:
        raise ValueError(
            f"instance_norm: an input of shape {input.shape} has {positions} position for each "
            "channel, whose variance is 0. Normalize before the positions are pooled."
        )
    moments = Moments()
    out = standardize(input, axes=tuple(range(2, input.ndim)), eps=eps, moments=moments)
    if running_mean is not None:
        _move(running_mean, moments.mean.mean(0), momentum)
        _move(running_var, moments.var.mean(0) * (positions / (positions - 1)), momentum)
    return _scaled(out, weight, bias, (input.shape[1],) + (1,) * (input.ndim - 2))


def layer_norm(
    input: Any,
    normalized_shape: int | tuple[int, ...],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    """γ (x - μ) / √(σ² + ε) + β over the last axes, whose sizes are ``normalized_shape``.

    ``weight`` γ and ``bias`` β have that shape.  Raises ``ValueError`` where the input does not end
    in it.

    J. Ba, J. Kiros and G. Hinton, "Layer Normalization", 2016.

    >>> layer_norm(np.array([[1.0, 2.0, 3.0]]), 3).round(4)
    array([[-1.2247,  0.    ,  1.2247]])
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"layer_norm: expected an input that ends in the axes {shape}, got {input.shape}."
        )
    axes = tuple(range(-len(shape), 0))
    if weight is not None and bias is not None:
        kept = Kept(tracked(input, weight))
        return normalize(input, weight, bias, axes=axes, eps=eps, kept=kept)
    return _scaled(standardize(input, axes=axes, eps=eps, moments=Moments()), weight, bias, shape)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """γ_c (x - μ) / √(σ² + ε) + β_c over the channels and positions of each group of channels.

    For ``input`` x (N, C, d...).  Raises ``ValueError`` where ``num_groups`` does not divide C.

    Y. Wu and K. He, "Group Normalization", 2018.
    """
    _require_channels("group_norm", input)
    n, channels = input.shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise ValueError(
            f"group_norm: expected num_groups that divide the {channels} channels, got {num_groups}."
        )
    grouped = input.reshape((n, num_groups, -1))
    out = standardize(grouped, axes=(2,), eps=eps, moments=Moments()).reshape(input.shape)
    return _scaled(out, weight, bias, (channels,) + (1,) * (input.ndim - 2))


@primitive(name="window_sum")
def _window_sum(x: Any, *, before: int, after: int) -> Any:
    """Σ of the channels c - before to c + after, for each channel c (axis 1)."""
    out = x.copy()
    channels = x.shape[1]
    for shift in range(1, min(before, channels - 1) + 1):
        out[:, shift:] += x[:, :-shift]
    for shift in range(1, min(after, channels - 1) + 1):
        out[:, :-shift] += x[:, shift:]
    return out


_window_sum.defvjp(
    lambda g, out, x, *, before, after: _window_sum(g, before=after, after=before),
    saves=(),
    local="Σ ∇out over the mirrored window",
)


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """a_i / (k + alpha / size · Σ a_j²)^beta over the ``size`` channels j around i.

    For ``input`` a (N, C, ...).  As in PyTorch alpha is divided by ``size``; the formula of the paper,
    a_i / (k + α Σ a_j²)^β with n = 5, α = 1e-4, is ``local_response_norm(a, 5, alpha=5e-4, k=2)``.

    A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", 2012.
    """
    _require_channels("local_response_norm", input)
    if size < 1:
        raise ValueError(f"local_response_norm: expected a size of at least 1, got {size}.")
    sums = _window_sum(np.square(input), before=size // 2, after=(size - 1) // 2)
    return input * (k + (alpha / size) * sums) ** -beta
