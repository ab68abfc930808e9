"""Class indices: what losses and embeddings are told as whole numbers."""

from typing import Any

import numpy as np

from autograd import Tensor

__all__ = ["as_array", "class_indices", "positions", "whole_numbers"]


def as_array(value: Any) -> Any:
    """``value`` without its place in the graph."""
    if isinstance(value, Tensor):
        return value.data
    return value if hasattr(value, "dtype") else np.asarray(value)


def positions(labels: Any) -> Any:
    """0, 1, ... for the rows that ``labels`` stand in, an array of their kind."""
    return np.arange(len(labels), like=labels)


def whole_numbers(caller: str, argument: str, value: Any) -> Any:
    """``value`` as an array of integers, or ``TypeError``."""
    indices = as_array(value)
    if indices.dtype.kind not in "iu":
        raise TypeError(
            f"{caller}: expected whole numbers as {argument}, got {indices.dtype}. Convert them: "
            f"{argument}.astype(int)."
        )
    return indices


def class_indices(
    caller: str, target: Any, shape: tuple[int, ...], ignore_index: int
) -> tuple[Any, Any]:
    """The labels of a batch of scores of ``shape`` (N, C, ...), and which of them count.

    The second is None when all do; a label that does not is 0 in the first.  Raises ``TypeError`` for
    labels that are not integers, ``ValueError`` for another batch, ``IndexError`` for a label that is
    not below C.
    """
    labels = whole_numbers(caller, "target", target)
    if labels.shape != shape[:1] + shape[2:]:
        raise ValueError(
            f"{caller}: expected one class index for each sample, a target of shape "
            f"{shape[:1] + shape[2:]} for an input of shape {shape}, got {labels.shape}."
        )
    classes = shape[1]
    # As an unsigned number a negative index is a huge one, so one comparison finds both faults.
    if labels.size and labels.astype(np.uint64, copy=False).max() >= classes:
        return _some_ignored(caller, labels, classes, ignore_index)
    if 0 <= ignore_index < classes:
        return _some_ignored(caller, labels, classes, ignore_index)
    return (
        labels.copy(),
        None,
    )  # of the graph's own: a loader may fill its array again before backward


def _some_ignored(caller: str, labels: Any, classes: int, ignore_index: int) -> tuple[Any, Any]:
    counts = labels != ignore_index
    wrong = labels[counts & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise IndexError(
            f"{caller}: the class index {wrong[0]} is out of range for {classes} classes, 0 to "
            f"{classes - 1}. (ignore_index is {ignore_index}.)"
        )
    return np.where(counts, labels, 0), counts
