"""Dropout: entries or whole channels set to 0 at random in training."""

from typing import Any

import numpy as np

from autograd import default_generator

__all__ = ["Rng", "dropout", "dropout2d", "require_probability", "survivors"]

Rng = np.random.Generator | None


def require_probability(caller: str, p: float) -> None:
    """Raise ``ValueError`` unless p lies in [0, 1)."""
    if not 0 <= p < 1:
        raise ValueError(
            f"{caller}: expected a probability p of dropping in [0, 1), got {p}. With p = 1 nothing "
            "would be left to learn from."
        )


def survivors(shape: tuple[int, ...], dtype: Any, p: float, rng: Rng) -> Any:
    """1 / (1 - p) where an entry is kept, which it is with the probability 1 - p, else 0."""
    drawn = np.float32 if dtype == np.float32 else np.float64
    kept = (rng or default_generator()).random(shape, dtype=drawn) >= p
    return kept * dtype.type(1 / (1 - p))


def dropout(input: Any, p: float = 0.5, training: bool = True, *, rng: Rng = None) -> Any:
    """x ∘ M / (1 - p), where M keeps each entry with the probability 1 - p; x outside of training.

    The division (inverted dropout) keeps the expected value, so nothing is made up for at inference.
    ``rng`` is a ``numpy.random.Generator``; without one ``autograd.default_generator()``.

    Raises ``ValueError`` for p outside [0, 1).

    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.

    >>> dropout(np.ones(6), 0.5, rng=np.random.default_rng(1))
    array([2., 2., 0., 2., 0., 0.])
    """
    require_probability("dropout", p)
    return input * survivors(input.shape, input.dtype, p, rng) if training and p else input


def dropout2d(input: Any, p: float = 0.5, training: bool = True, *, rng: Rng = None) -> Any:
    """As :func:`dropout`, but whole channels of x (N, C, ...) are dropped or kept.

    J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015.
    """
    require_probability("dropout2d", p)
    if input.ndim < 3:
        raise ValueError(f"dropout2d: expected an input of shape (N, C, ...), got {input.shape}.")
    shape = input.shape[:2] + (1,) * (input.ndim - 2)
    return input * survivors(shape, input.dtype, p, rng) if training and p else input
