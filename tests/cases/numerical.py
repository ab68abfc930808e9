"""Derivatives by differences: the reference that knows no rule."""

from collections.abc import Callable, Sequence

import numpy as np

STEP = 1e-3


def directional(
    f: Callable[..., np.ndarray],
    arrays: Sequence[np.ndarray],
    direction: Sequence[np.ndarray],
    step: float = STEP,
) -> np.ndarray:
    """d/dt f(x + t v) at 0 by the five-point formula: the error is of the order of step⁴."""

    def at(t: float) -> np.ndarray:
        return f(*[a + t * v for a, v in zip(arrays, direction, strict=True)])

    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)


def jacobian(
    f: Callable[..., np.ndarray], arrays: Sequence[np.ndarray], position: int, step: float = STEP
) -> np.ndarray:
    """∂f/∂x for the argument at ``position``, column by column: shape (size of f, size of x)."""
    zeros = [np.zeros_like(a) for a in arrays]
    columns = []
    for i in np.ndindex(arrays[position].shape):
        zeros[position][i] = 1.0
        columns.append(directional(f, arrays, zeros, step))
        zeros[position][i] = 0.0
    if not columns:
        return np.zeros((f(*arrays).size, 0))
    return np.stack(columns, axis=1)
