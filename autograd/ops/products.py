"""Products of arrays: matmul, dot, einsum and their relatives."""

from typing import Any

import numpy as np

from ..primitive import implements, primitive

__all__ = ["matmul"]


@primitive(name="matmul")
def matmul(x: Any, y: Any) -> Any:
    """The matrix product of the last two axes; the others broadcast."""
    return np.matmul(x, y)


def _fold(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the stacking axes along which an operand of ``shape`` was repeated."""
    lead = g.ndim - len(shape)
    axes = (*range(lead), *[lead + i for i, n in enumerate(shape[:-2]) if n == 1 < g.shape[lead + i]])
    return np.reshape(np.sum(g, axis=axes), shape) if axes else g


def _matmul_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return g @ y.T
    if y.ndim == 1:
        return _fold(np.expand_dims(g, -1) * y if x.ndim > 1 else g * y, x.shape)
    if x.ndim == 1:
        return _fold(np.matmul(y, np.expand_dims(g, -1))[..., 0], (1, *x.shape)).reshape(x.shape)
    return _fold(np.matmul(g, np.swapaxes(y, -1, -2)), x.shape)


def _matmul_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return x.T @ g
    if x.ndim == 1:
        return _fold(np.expand_dims(x, -1) * np.expand_dims(g, -2) if y.ndim > 1 else g * x, y.shape)
    if y.ndim == 1:
        columns = np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1))[..., 0]
        return np.sum(columns, axis=tuple(range(columns.ndim - 1)))
    return _fold(np.matmul(np.swapaxes(x, -1, -2), g), y.shape)


matmul.defvjp(_matmul_x, _matmul_y, saves=(("y",), ("x",)), local=("∇out · yᵀ", "xᵀ · ∇out"))
implements(np.matmul)(matmul)
