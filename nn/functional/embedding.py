"""Embedding: rows of a table, chosen by whole numbers."""

from typing import Any

import numpy as np

from .labels import whole_numbers

__all__ = ["embedding"]


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """The row ``weight[i]`` for each index i: ``input`` (...) and ``weight`` (rows, D) give (..., D).

    A row's gradient is the sum over its uses; the row ``padding_idx`` gets none.

    Raises ``IndexError`` for an index that is negative or not below the number of rows, ``TypeError``
    for one that is not a whole number.

    >>> embedding(np.array([2, 0]), np.array([[1.0], [2.0], [3.0]]))
    array([[3.],
           [1.]])
    """
    indices = whole_numbers("embedding", "input", input)
    rows = weight.shape[0]
    # As an unsigned number a negative index is a huge one.
    if indices.size and indices.astype(np.uint64, copy=False).max() >= rows:
        wrong = indices[(indices < 0) | (indices >= rows)]
        raise IndexError(
            f"embedding: the index {wrong[0]} is out of range for {rows} rows, 0 to {rows - 1}."
        )
    out = weight[indices]
    if padding_idx is None:
        return out
    fixed = out.detach() if hasattr(out, "detach") else out
    return np.where(np.expand_dims(indices == padding_idx, -1), fixed, out)
