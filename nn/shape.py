"""Layers that only rearrange, or do nothing."""

import math
from typing import Any

from .module import Module

__all__ = ["Flatten", "Identity"]


class Flatten(Module):
    """The axes ``start_dim`` to ``end_dim`` as one; by default all but the batch's.

    >>> import nn, numpy as np
    >>> nn.Flatten()(np.zeros((8, 6, 5, 5))).shape
    (8, 150)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Any) -> Any:
        """``input`` in its new shape."""
        axes = input.ndim
        if not (-axes <= self.start_dim < axes and -axes <= self.end_dim < axes):
            raise IndexError(
                f"Flatten: the axes {self.start_dim} to {self.end_dim} are out of range for an input "
                f"of shape {input.shape}."
            )
        start, end = self.start_dim % axes, self.end_dim % axes
        shape = input.shape
        return input.reshape((*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """What comes in; a place to put a layer later."""

    def forward(self, input: Any) -> Any:
        """``input`` itself."""
        return input
