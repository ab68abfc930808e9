"""Indexing: reading and writing parts of an array.

The gradient of ``x[index]`` is spread back over ``x`` by :data:`gather`.  A loop that reads many
parts of one array sends many of them; they meet in one buffer (``backward.Indexed``).
"""

from typing import Any

import numpy as np

from ..backward import Indexed
from ..primitive import Box, implements, primitive

__all__ = ["gather", "getitem"]


def _plain(index: Any) -> Any:
    """An index as NumPy knows it: tensors in it become their arrays."""
    if isinstance(index, tuple):
        return tuple([i._data if isinstance(i, Box) else i for i in index])
    return index._data if isinstance(index, Box) else index


def _is_basic(index: Any) -> bool:
    """Whether an index selects every entry at most once: integers, slices, None, Ellipsis."""
    if not isinstance(index, tuple):
        index = (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (slice, int, np.integer)) for i in index)


@primitive
def gather(*gs: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    """An array of ``shape`` that is zero but for ``out[index] += g`` for each pair."""
    total = np.zeros_like(gs[0], shape=shape)
    for g, index in zip(gs, indices, strict=True):
        if _is_basic(index):
            total[index] += g
        else:
            np.add.at(total, index, g)
    return total


gather.defvjp_each(lambda i, g, out, *gs, indices, shape: getitem(g, index=indices[i]), saves=())


@primitive
def getitem(x: Any, *, index: Any) -> Any:
    """``x[index]``."""
    return x[index]


getitem.defvjp(
    lambda g, out, x, *, index: Indexed(g, index, x, gather), saves=(), local="∇out at the index"
)


def index(x: Any, index: Any) -> Any:
    """``x[index]`` on a tensor."""
    return getitem(x, index=_plain(index))
