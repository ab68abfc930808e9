"""Layers that are a matrix product."""

import math
from typing import Any

import numpy as np

from .functional.linear import linear
from .init import uniform_
from .module import Module
from .parameter import Parameter
from .sizes import require_positive

__all__ = ["Linear"]


class Linear(Module):
    """y = x Wᵀ + b, for x (..., in_features): (..., out_features).

    ``weight`` (out_features, in_features) and ``bias`` (out_features) start uniform in
    ±1/√in_features.  ``dtype`` is ``autograd.get_default_dtype()`` unless given, ``rng`` the
    generator of the initial values.

    Raises ``ValueError`` for sizes below 1, and at the call for another number of features.

    >>> import nn
    >>> layer = nn.Linear(3, 2)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        require_positive("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features)
        weight = Parameter(np.zeros((out_features, in_features)), dtype=dtype)
        self.weight = uniform_(weight, -bound, bound, rng=rng)
        self.bias = None
        if bias:
            values = Parameter(np.zeros(out_features), dtype=dtype)
            self.bias = uniform_(values, -bound, bound, rng=rng)

    def forward(self, input: Any) -> Any:
        """The affine function of the last axis."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
