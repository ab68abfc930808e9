"""How good a batch of predictions is: functions (output, target) → number, averaged over samples.

``output`` has the shape (samples, classes) where there are classes; ``target`` are class indices.
"""

from typing import Any

import numpy as np

from autograd import Tensor

__all__ = ["accuracy", "confusion_matrix", "mean_error", "top_k"]


def accuracy(output: Any, target: Any) -> float:
    """The share of samples whose largest output is that of their class.

    >>> accuracy([[2.0, 1.0], [0.0, 3.0]], [0, 0])
    0.5
    """
    return float(np.mean(_array(output).argmax(axis=-1) == _array(target)))


def top_k(output: Any, target: Any, k: int = 5) -> float:
    """The share of samples whose class is among the ``k`` largest outputs.

    >>> top_k([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], [1, 0], k=2)
    0.5
    """
    output, target = _array(output), _array(target)
    if not 1 <= k <= output.shape[-1]:
        raise ValueError(f"top_k: expected k from 1 to {output.shape[-1]} classes, got {k}.")
    best = np.argpartition(-output, k - 1, axis=-1)[..., :k]
    return float(np.mean((best == target[..., None]).any(axis=-1)))


def mean_error(output: Any, target: Any) -> float:
    """The mean of |output - target|, for regression.

    Raises ``ValueError`` for shapes that differ.

    >>> mean_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    output, target = _array(output), _array(target)
    if output.shape != target.shape:
        raise ValueError(
            f"mean_error: expected a target of the output's shape {output.shape}, got {target.shape}."
        )
    return float(np.mean(np.abs(output - target)))


def confusion_matrix(output: Any, target: Any) -> Any:
    """How often class i (row) was taken for class j (column): counts of shape (classes, classes).

    >>> confusion_matrix([[2.0, 1.0], [0.0, 3.0], [0.0, 1.0]], [0, 0, 1])
    array([[1, 1],
           [0, 1]])
    """
    output, target = _array(output), _array(target)
    classes = output.shape[-1]
    pairs = target.ravel() * classes + output.argmax(axis=-1).ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _array(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else np.asarray(value)
