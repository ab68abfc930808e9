"""Dropout as layers."""

from typing import Any

import numpy as np

from .functional.dropout import dropout, dropout2d, require_probability
from .module import Module

__all__ = ["Dropout", "Dropout2d"]


class _Dropout(Module):
    """Abstract: dropout with the probability p of dropping.

    ``rng`` is the generator of the masks; without one ``autograd.default_generator()`` is used, whose
    exact state can be stored.  ``inplace`` is taken so that programs written for PyTorch run.
    """

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, rng: np.random.Generator | None = None
    ) -> None:
        super().__init__()
        require_probability(type(self).__name__, p)
        self.p = p
        self.rng = rng

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """x ∘ M / (1 - p) in training, with M ~ Bernoulli(1 - p) for each entry; x after ``eval()``."""

    def forward(self, input: Any) -> Any:
        """``dropout`` of ``input``."""
        return dropout(input, self.p, self.training, rng=self.rng)


class Dropout2d(_Dropout):
    """As ``Dropout``, but whole channels of x (N, C, H, W) are dropped or kept."""

    def forward(self, input: Any) -> Any:
        """``dropout2d`` of ``input``."""
        return dropout2d(input, self.p, self.training, rng=self.rng)
