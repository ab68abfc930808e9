"""Activations as layers: each is a call of its function in :mod:`nn.functional.activation`.

What is nowhere said of a class is said of its function: formula, gradient at the kinks, source.
"""

from typing import Any

import numpy as np

from .functional import activation as functions
from .linear import Linear
from .module import Module
from .parameter import Parameter
from .sizes import require_positive

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Maxout",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Sign",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]


class _Plain(Module):
    """Abstract: an activation without arguments.

    ``inplace`` is taken so that programs written for PyTorch run; the result is always a new array,
    for the graph may need the old one.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()


class ReLU(_Plain):
    """max(x, 0); the gradient at 0 is 0."""

    forward = staticmethod(functions.relu)


class ReLU6(_Plain):
    """min(max(x, 0), 6)."""

    forward = staticmethod(functions.relu6)


class SELU(_Plain):
    """The self-normalizing ELU."""

    forward = staticmethod(functions.selu)


class SiLU(_Plain):
    """x · σ(x)."""

    forward = staticmethod(functions.silu)


class Sigmoid(_Plain):
    """1 / (1 + exp(-x))."""

    forward = staticmethod(functions.sigmoid)


class LogSigmoid(_Plain):
    """log σ(x)."""

    forward = staticmethod(functions.log_sigmoid)


class Tanh(_Plain):
    """tanh(x)."""

    forward = staticmethod(functions.tanh)


class Step(_Plain):
    """1 where x > 0, else 0; no gradient passes."""

    forward = staticmethod(functions.step)


class Sign(_Plain):
    """-1, 0 or 1; no gradient passes."""

    forward = staticmethod(functions.sign)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope · x."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        """``leaky_relu`` of ``input``."""
        return functions.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope}"


class PReLU(Module):
    """x where x > 0, else a · x, with a learned slope a, one or one for each channel (axis 1).

    ``weight`` (num_parameters) starts at ``init``.
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = None) -> None:
        super().__init__()
        require_positive("PReLU", num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype)

    def forward(self, input: Any) -> Any:
        """``prelu`` of ``input`` with the learned slopes."""
        return functions.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many slopes there are."""
        return f"num_parameters={self.num_parameters}"


class ELU(Module):
    """x where x > 0, else alpha · (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """``elu`` of ``input``."""
        return functions.elu(input, self.alpha)

    def extra_repr(self) -> str:
        """Its alpha."""
        return f"alpha={self.alpha}"


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta, and x itself where beta · x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        """``softplus`` of ``input``."""
        return functions.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Sharpness and threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Hardtanh(Module):
    """x held between ``min_val`` and ``max_val``."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Any) -> Any:
        """``hardtanh`` of ``input``."""
        return functions.hardtanh(input, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """The bounds."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


class GELU(Module):
    """x Φ(x), or its approximation by tanh."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """``gelu`` of ``input``."""
        return functions.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Whether it is exact."""
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """exp(x_i) / Σ_j exp(x_j) along ``dim``, the last axis by default."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """``softmax`` of ``input``."""
        return functions.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """x_i - log Σ_j exp(x_j) along ``dim``, the last axis by default."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """``log_softmax`` of ``input``."""
        return functions.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class Maxout(Module):
    """The largest of ``pieces`` affine functions of x (..., in_features): (..., out_features).

    ``linear.weight`` is (out_features · pieces, in_features): the pieces of one output are
    neighbours.

    >>> import nn
    >>> nn.Maxout(4, 3, pieces=2)(np.ones((5, 4), np.float32)).shape
    (5, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        dtype: Any = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        require_positive("Maxout", out_features=out_features, pieces=pieces)
        self.pieces = pieces
        self.linear = Linear(in_features, out_features * pieces, bias, dtype=dtype, rng=rng)

    def forward(self, input: Any) -> Any:
        """The largest piece for each output."""
        return functions.maxout(self.linear(input), self.pieces)

    def extra_repr(self) -> str:
        """How many pieces an output has."""
        return f"pieces={self.pieces}"
