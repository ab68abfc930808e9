"""Activation functions: elementwise, but for softmax and maxout.

Kinks: ``relu``, ``relu6`` and ``hardtanh`` have gradient 0 where they bend; ``leaky_relu`` and
``prelu`` have the slope at 0, ``elu`` and ``selu`` the limit from the left.  ``step`` and ``sign``
have gradient 0 everywhere.  The pieces that tie in ``maxout`` share the gradient evenly.
"""

import math
from typing import Any

import numpy as np

from autograd import primitive
from autograd.ops.arithmetic import sign
from autograd.ops.choosing import clip
from autograd.ops.softmax import log_softmax as _log_softmax
from autograd.ops.softmax import softmax as _softmax
from autograd.ops.transcendental import relu, sigmoid, tanh
from autograd.ops.transcendental import softplus as _softplus

__all__ = [
    "elu",
    "gelu",
    "hardtanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "maxout",
    "normal_cdf",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "softmax",
    "softplus",
    "step",
    "tanh",
]


# --- rectifiers -------------------------------------------------------------------------------


@primitive(name="leaky_relu", elementwise=True)
def _leaky_relu(x: Any, *, slope: float) -> Any:
    return np.where(x > 0, x, slope * x)


_leaky_relu.defvjp(
    lambda g, out, x, *, slope: np.where(x > 0, g, g * slope),
    saves="x",
    local="∇out where x > 0, else ∇out · slope",
)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope · x.  The gradient at 0 is the slope.

    A. Maas, A. Hannun and A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
    2013.

    >>> leaky_relu(np.array([-2.0, 3.0]), 0.1)
    array([-0.2,  3. ])
    """
    return _leaky_relu(input, slope=negative_slope)


@primitive(name="prelu", elementwise=True)
def _prelu(x: Any, slope: Any) -> Any:
    return np.where(x > 0, x, slope * x)


_prelu.defvjp(
    lambda g, out, x, slope: np.where(x > 0, g, g * slope),
    lambda g, out, x, slope: np.where(x > 0, 0, g * x),
    saves="x slope",
    local=("∇out where x > 0, else ∇out · slope", "Σ ∇out · x where x ≤ 0"),
)


def prelu(input: Any, weight: Any) -> Any:
    """x where x > 0, else a_c · x, with one learned slope or one for each channel (axis 1).

    ``weight`` has the shape (1) or (C).  The gradient at 0 is the slope.  Raises ``ValueError`` for
    another number of slopes.

    K. He et al., "Delving Deep into Rectifiers", 2015.
    """
    if weight.size == 1:
        return _prelu(input, weight)
    if weight.ndim != 1 or input.ndim < 2 or weight.size != input.shape[1]:
        raise ValueError(
            f"prelu: expected one slope, or one for each channel of an input of shape {input.shape} "
            f"(axis 1), got a weight of shape {weight.shape}."
        )
    return _prelu(input, weight.reshape((-1,) + (1,) * (input.ndim - 2)))


def relu6(input: Any) -> Any:
    """min(max(x, 0), 6); the gradient at 0 and at 6 is 0."""
    return clip(input, 0.0, 6.0)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x held between ``min_val`` and ``max_val``; the gradient at a bound is 0."""
    if not min_val < max_val:
        raise ValueError(f"hardtanh: expected min_val < max_val, got {min_val} and {max_val}.")
    return clip(input, min_val, max_val)


# --- exponential units ------------------------------------------------------------------------


@primitive(name="elu", elementwise=True)
def _elu(x: Any, *, alpha: float, scale: float) -> Any:
    return np.where(x > 0, scale * x, (scale * alpha) * np.expm1(np.minimum(x, 0)))


_elu.defvjp(
    lambda g, out, x, *, alpha, scale: np.where(out > 0, g * scale, g * (out + scale * alpha)),
    saves="out",
    local="∇out · scale where x > 0, else ∇out · (out + scale · α)",
)


def elu(input: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha · (exp(x) - 1).  The gradient at 0 is alpha.

    D. Clevert, T. Unterthiner and S. Hochreiter, "Fast and Accurate Deep Network Learning by
    Exponential Linear Units (ELUs)", 2015.
    """
    if not alpha > 0:
        raise ValueError(f"elu: expected alpha > 0, got {alpha}.")
    return _elu(input, alpha=alpha, scale=1.0)


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def selu(input: Any) -> Any:
    """scale · elu(x, alpha), with the two numbers that keep mean 0 and variance 1.

    G. Klambauer et al., "Self-Normalizing Neural Networks", 2017.

    >>> selu(np.array([1.0])).round(6)
    array([1.050701])
    """
    return _elu(input, alpha=_SELU_ALPHA, scale=_SELU_SCALE)


@primitive(name="softplus", elementwise=True)
def _scaled_softplus(x: Any, *, beta: float, threshold: float) -> Any:
    return np.where(x * beta > threshold, x, _softplus.forward(x * beta) / beta)


_scaled_softplus.defvjp(
    lambda g, out, x, *, beta, threshold: np.where(x * beta > threshold, g, g * sigmoid(x * beta)),
    saves="x",
    local="∇out · σ(β x)",
)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta · x)) / beta, and x itself where beta · x > threshold.

    >>> softplus(np.array([0.0, 1e4])).round(6)
    array([6.93147e-01, 1.00000e+04])
    """
    if not beta > 0:
        raise ValueError(f"softplus: expected beta > 0, got {beta}.")
    return _scaled_softplus(input, beta=beta, threshold=threshold)


def log_sigmoid(input: Any) -> Any:
    """log σ(x) = -softplus(-x), exact far to the left."""
    return -_softplus(-input)


# --- smooth gates -----------------------------------------------------------------------------


def _silu_rule(g: Any, out: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


@primitive(name="silu", elementwise=True)
def silu(input: Any) -> Any:
    """x · σ(x), also called swish.

    S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", 2017.
    """
    return input * sigmoid.forward(input)


silu.defvjp(_silu_rule, saves="input", local="∇out · σ(x) (1 + x (1 - σ(x)))")


# NumPy has no error function.  erfc(z) exp(z²) / t is smooth in t = 2 / (2 + z) on [0, 1]; this is its
# Chebyshev series there, computed with 60 digits, as a polynomial in 2t - 1, highest power first.  The
# substitution is that of W. Press et al., "Numerical Recipes", 3rd ed., section 6.2.
# fmt: off
_ERFC = (
    -1.05903331435718e-09, -1.911173728607894e-09, 1.3216325517632649e-08, 6.52043461440154e-09,
    -6.965842943409138e-08, 3.6000845292079935e-08, 1.7867229479168533e-07, -3.262460935296672e-07,
    -1.3754508233185945e-08, 1.0305699215291105e-06, -1.8150355080541665e-06, -5.776423611511427e-07,
    8.05787586714734e-06, -1.084298532996441e-05, -1.7073781133818914e-05, 7.223418829504806e-05,
    -1.7185831874889752e-05, -0.0003315365766901461, 0.0004186480432791111, 0.0015453060141013286,
    -0.0032395925345820673, -0.010755330944036532, 0.01822111575345904, 0.13973604627801475,
    0.34358034220690514, 0.5107913526210115,
)
# fmt: on


@primitive(elementwise=True)
def normal_cdf(x: Any) -> Any:
    """Φ(x), the probability that a standard normal number is below x."""
    t = 2 / (2 + np.absolute(x) / math.sqrt(2))
    y = 2 * t - 1
    half_erfc = np.full_like(y, _ERFC[0])
    for coefficient in _ERFC[1:]:
        half_erfc *= y
        half_erfc += coefficient
    half_erfc *= np.exp(x * x * -0.5) * (t / 2)
    return np.where(x > 0, 1 - half_erfc, half_erfc)


def _normal_density(x: Any) -> Any:
    return np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


normal_cdf.defvjp(
    lambda g, out, x: g * _normal_density(x), saves="x", local="∇out · exp(-x²/2) / √(2π)"
)


@primitive(name="gelu", elementwise=True)
def _gelu(x: Any) -> Any:
    return x * normal_cdf.forward(x)


_gelu.defvjp(
    lambda g, out, x: g * (normal_cdf(x) + x * _normal_density(x)),
    saves="x",
    local="∇out · (Φ(x) + x φ(x))",
)

_GELU_SCALE = math.sqrt(2 / math.pi)


@primitive(name="gelu_tanh", elementwise=True)
def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(_GELU_SCALE * (x + 0.044715 * x * x * x)))


def _gelu_tanh_rule(g: Any, out: Any, x: Any) -> Any:
    t = np.tanh(_GELU_SCALE * (x + 0.044715 * x * x * x))
    inner = _GELU_SCALE * (1 + (3 * 0.044715) * x * x)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


_gelu_tanh.defvjp(_gelu_tanh_rule, saves="x", local="∇out · gelu′(x)")


def gelu(input: Any, approximate: str = "none") -> Any:
    """x Φ(x), with Φ the standard normal distribution function.

    ``approximate="tanh"`` is ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).

    D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(6)
    array([-0.158655,  0.      ,  0.841345])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: expected approximate of none, tanh, got {approximate!r}.")
    return _gelu(input) if approximate == "none" else _gelu_tanh(input)


# --- threshold units and pieces ---------------------------------------------------------------


def step(input: Any) -> Any:
    """1 where x > 0, else 0: the threshold unit.  The gradient is 0 everywhere.

    W. McCulloch and W. Pitts, "A logical calculus of the ideas immanent in nervous activity", 1943.

    >>> step(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])
    """
    return np.heaviside(input, 0.0)


def softmax(input: Any, dim: int = -1) -> Any:
    """exp(x_i) / Σ_j exp(x_j) along the axis ``dim``; nan for a row that is all -inf.

    >>> softmax(np.array([3.0, 1.0, -3.0])).round(4)
    array([0.8789, 0.1189, 0.0022])
    """
    return _softmax(input, dim)


def log_softmax(input: Any, dim: int = -1) -> Any:
    """x_i - log Σ_j exp(x_j) along the axis ``dim``."""
    return _log_softmax(input, dim)


def maxout(input: Any, pieces: int, dim: int = -1) -> Any:
    """The largest of every ``pieces`` consecutive entries along ``dim``; ties share the gradient.

    Raises ``ValueError`` where ``pieces`` does not divide the axis.

    I. Goodfellow et al., "Maxout Networks", 2013.

    >>> maxout(np.array([1.0, 4.0, 3.0, 2.0]), 2)
    array([4., 3.])
    """
    size = input.shape[dim]
    if pieces < 1 or size % pieces:
        raise ValueError(
            f"maxout: expected pieces that divide the axis {dim} of size {size}, got {pieces}."
        )
    axis = dim % input.ndim
    grouped = input.reshape((*input.shape[:axis], size // pieces, pieces, *input.shape[axis + 1 :]))
    return grouped.max(axis=axis + 1)
