"""What the linear algebra shares: stacks of matrices, their transposes, the identity, the errors."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["array_of", "identity_like", "mT", "phrased"]


def array_of(x: Any) -> Any:
    """``x``, or the array that a list or a number stands for."""
    return x if hasattr(x, "ndim") else np.asarray(x)


def mT(x: Any) -> Any:
    """``x`` with its last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def identity_like(x: Any) -> Any:
    """A stack of identity matrices, made from its kin ``x``.

    >>> identity_like(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    return np.tril(np.triu(np.ones_like(x)))


def phrased(name: str, advice: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let NumPy's errors in a forward function name the operation, the shapes and the way out.

    The type stays: ``numpy.linalg.LinAlgError`` for a matrix that is singular or not positive
    definite.
    """

    def decorate(forward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(forward)
        def inner(*arrays: Any, **static: Any) -> Any:
            try:
                return forward(*arrays, **static)
            except ValueError as error:  # LinAlgError is one
                shapes = " and ".join([str(np.shape(a)) for a in arrays])
                raise type(error)(
                    f"{name}: {str(error).rstrip('.')} (shape {shapes}). {advice}"
                ) from None

        return inner

    return decorate
