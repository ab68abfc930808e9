"""Initial values of parameters: each function fills a tensor in place and returns it.

``rng`` is a ``numpy.random.Generator``; without one ``autograd.default_generator()`` is used, which
``autograd.manual_seed`` restarts.  The *fan in* of a weight of shape (out, in, *kernel) is the
number of inputs of one unit, in · Πkernel; its *fan out* is out · Πkernel.

=====================  ============================================  ================================
for units with         function                                      standard deviation
=====================  ============================================  ================================
sigmoid, tanh          ``xavier_uniform_``, ``xavier_normal_``       gain · √(2 / (fan in + fan out))
ReLU                   ``kaiming_uniform_``, ``kaiming_normal_``     gain / √fan, with gain √2
SELU, none             ``lecun_uniform_``, ``lecun_normal_``         1 / √fan in
=====================  ============================================  ================================

All zeros, or all one value, leaves every unit of a layer equal to its neighbours for ever: they get
the same gradient.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from autograd import Tensor, default_generator, increment_version

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "fans",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=Tensor)
Rng = np.random.Generator | None

_GAINS: dict[str, Callable[[float], float]] = {
    "linear": lambda _: 1.0,
    "sigmoid": lambda _: 1.0,
    "tanh": lambda _: 5 / 3,
    "relu": lambda _: math.sqrt(2),
    "leaky_relu": lambda slope: math.sqrt(2 / (1 + slope * slope)),
    "selu": lambda _: 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """By how much to widen the weights so that the activation keeps the variance of its input.

    ``param`` is the slope of ``"leaky_relu"``.  The others are linear, sigmoid, tanh, relu, selu.

    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: expected one of {', '.join(_GAINS)}, got {nonlinearity!r}."
        )
    return _GAINS[nonlinearity](param)


def fans(tensor: Any) -> tuple[int, int]:
    """Fan in and fan out of a weight of shape (out, in, *kernel).

    >>> fans(np.zeros((16, 6, 5, 5)))
    (150, 400)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fans: expected a weight of shape (out, in, ...), got shape {tensor.shape}. Initialize "
            "vectors, such as biases, with zeros_, constant_, uniform_ or normal_."
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _fill(tensor: T, values: Any) -> T:
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"nn.init: expected a tensor to fill, got {type(tensor).__name__}. Give a parameter, such "
            "as layer.weight."
        )
    tensor.data[...] = values
    increment_version(tensor)
    return tensor


def zeros_(tensor: T) -> T:
    """Fill with 0."""
    return _fill(tensor, 0)


def ones_(tensor: T) -> T:
    """Fill with 1."""
    return _fill(tensor, 1)


def constant_(tensor: T, val: float) -> T:
    """Fill with ``val``."""
    return _fill(tensor, val)


def eye_(tensor: T) -> T:
    """Fill a matrix with the identity."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected a matrix, got shape {tensor.shape}.")
    return _fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, *, rng: Rng = None) -> T:
    """Fill from U(a, b)."""
    if not a <= b:
        raise ValueError(f"uniform_: expected a <= b, got a = {a}, b = {b}.")
    return _fill(tensor, (rng or default_generator()).uniform(a, b, tensor.shape))


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None) -> T:
    """Fill from N(mean, std²)."""
    if not std >= 0:
        raise ValueError(f"normal_: expected std >= 0, got {std}.")
    return _fill(tensor, (rng or default_generator()).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    *,
    rng: Rng = None,
) -> T:
    """Fill from N(mean, std²) given that the value lies in [a, b]; draws outside are drawn again.

    Raises ``ValueError`` where [a, b] holds less than one draw in a thousand.
    """
    rng = rng or default_generator()
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std) if std > 0 else 0.0
    if not inside > 1e-3:
        raise ValueError(
            f"trunc_normal_: expected std > 0 and bounds around the mean, got mean = {mean}, "
            f"std = {std}, a = {a}, b = {b}."
        )
    values = rng.normal(mean, std, tensor.shape)
    outside = (values < a) | (values > b)
    while count := int(outside.sum()):
        values[outside] = rng.normal(mean, std, count)
        outside = (values < a) | (values > b)
    return _fill(tensor, values)


def _normal_cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def _with_std(tensor: T, std: float, uniform: bool, rng: Rng) -> T:
    """Fill with mean 0 and standard deviation ``std``: U(±√3 std) or N(0, std²)."""
    if uniform:
        bound = math.sqrt(3) * std
        return uniform_(tensor, -bound, bound, rng=rng)
    return normal_(tensor, 0, std, rng=rng)


def lecun_uniform_(tensor: T, *, rng: Rng = None) -> T:
    """Uniform with variance 1 / fan in.  Y. LeCun et al., "Efficient BackProp", 1998."""
    return _with_std(tensor, 1 / math.sqrt(fans(tensor)[0]), True, rng)


def lecun_normal_(tensor: T, *, rng: Rng = None) -> T:
    """Normal with variance 1 / fan in.  Y. LeCun et al., "Efficient BackProp", 1998."""
    return _with_std(tensor, 1 / math.sqrt(fans(tensor)[0]), False, rng)


def xavier_uniform_(tensor: T, gain: float = 1.0, *, rng: Rng = None) -> T:
    """Uniform with variance 2 gain² / (fan in + fan out).

    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.
    """
    return _with_std(tensor, gain * math.sqrt(2 / sum(fans(tensor))), True, rng)


def xavier_normal_(tensor: T, gain: float = 1.0, *, rng: Rng = None) -> T:
    """Normal with variance 2 gain² / (fan in + fan out).  Glorot and Bengio, 2010."""
    return _with_std(tensor, gain * math.sqrt(2 / sum(fans(tensor))), False, rng)


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
) -> T:
    """Uniform with variance gain² / fan; for ReLU 2 / fan.

    ``mode`` is "fan_in" (keeps the variance of the activations) or "fan_out" (of the gradients);
    ``a`` is the negative slope of "leaky_relu".

    K. He et al., "Delving Deep into Rectifiers", 2015.
    """
    return _with_std(tensor, _kaiming_std(tensor, a, mode, nonlinearity), True, rng)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Rng = None,
) -> T:
    """Normal with variance gain² / fan; for ReLU 2 / fan.  He et al., 2015.  See the uniform one."""
    return _with_std(tensor, _kaiming_std(tensor, a, mode, nonlinearity), False, rng)


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"kaiming: expected the mode fan_in or fan_out, got {mode!r}.")
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def orthogonal_(tensor: T, gain: float = 1.0, *, rng: Rng = None) -> T:
    """A random (semi-)orthogonal matrix, times ``gain``; more axes count as columns.

    A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2013.

    >>> w = orthogonal_(Tensor(np.zeros((2, 3))), rng=np.random.default_rng(0))
    >>> bool(np.allclose(w.data @ w.data.T, np.eye(2)))
    True
    """
    fans(tensor)  # refuses vectors
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    normal = (rng or default_generator()).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q *= np.sign(np.diag(r))  # then uniform over the orthogonal matrices
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor: T, sparsity: float, std: float = 0.01, *, rng: Rng = None) -> T:
    """N(0, std²), and in every column the fraction ``sparsity`` of the entries set to 0.

    With about ten connections a unit: ``sparsity = 1 - 10 / fan``.  J. Martens, "Deep learning via
    Hessian-free optimization", 2010.
    """
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: expected a matrix, got shape {tensor.shape}.")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: expected a sparsity in [0, 1], got {sparsity}.")
    rng = rng or default_generator()
    rows, columns = tensor.shape
    values = rng.normal(0, std, (rows, columns))
    order = np.argsort(rng.random((rows, columns)), axis=0)
    values[order[: math.ceil(sparsity * rows)], np.arange(columns)] = 0
    return _fill(tensor, values)
