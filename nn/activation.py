"""Activations as layers.  Each is a call of its function in :mod:`nn.functional`."""

from .functional.activation import relu
from .module import Module

__all__ = ["ReLU"]


class ReLU(Module):
    """max(x, 0); the gradient at 0 is 0."""

    forward = staticmethod(relu)
