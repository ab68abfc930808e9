"""Activation functions."""

from autograd.ops.transcendental import relu

__all__ = ["relu"]
