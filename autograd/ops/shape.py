"""Shape: the same entries, arranged, joined, split, repeated or padded differently."""

from typing import Any

import numpy as np

from ..primitive import implements, primitive

__all__ = ["broadcast_to", "expand_dims", "reshape", "transpose"]


@primitive(name="reshape")
def _reshape(x: Any, *, shape: Any) -> Any:
    return np.reshape(x, shape)


_reshape.defvjp(lambda g, out, x, *, shape: np.reshape(g, x.shape), saves=(), local="∇out reshaped")


@implements(np.reshape)
def reshape(a: Any, shape: Any) -> Any:
    """``a`` in another shape, row by row."""
    return _reshape(a, shape=shape)


@primitive(name="transpose")
def _transpose(x: Any, *, axes: Any) -> Any:
    return np.transpose(x, axes)


_transpose.defvjp(
    lambda g, out, x, *, axes: np.transpose(g, None if axes is None else np.argsort(axes)),
    saves=(),
    local="∇out transposed back",
)


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """``a`` with its axes permuted; reversed by default."""
    return _transpose(a, axes=None if axes is None else tuple(int(i) % a.ndim for i in axes))


@primitive(name="broadcast_to")
def _broadcast_to(x: Any, *, shape: Any) -> Any:
    return np.broadcast_to(x, shape)


def _broadcast_to_rule(g: Any, out: Any, x: Any, *, shape: Any) -> Any:
    lead = g.ndim - x.ndim
    axes = (*range(lead), *[lead + i for i, n in enumerate(x.shape) if n == 1])
    return np.reshape(np.sum(g, axis=axes), x.shape) if axes else g


_broadcast_to.defvjp(_broadcast_to_rule, saves=(), local="Σ ∇out over the repeated axes")


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any) -> Any:
    """``array`` repeated along new axes and axes of length 1, without copying."""
    return _broadcast_to(array, shape=(shape,) if isinstance(shape, int) else tuple(shape))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: int | tuple[int, ...]) -> Any:
    """``a`` with new axes of length 1 at the positions ``axis`` of the result."""
    return reshape(a, np.expand_dims(np.broadcast_to(0, a.shape), axis).shape)


@implements(np.copy)
@primitive(name="copy")
def copy(a: Any) -> Any:
    """A copy; the gradient passes through."""
    return np.copy(a)


copy.defvjp(lambda g, out, a: g, saves=(), local="∇out")


@primitive(name="astype")
def astype(x: Any, *, dtype: Any) -> Any:
    """The same numbers in another floating dtype."""
    return x.astype(dtype)


# The backward pass casts to the argument's dtype.
astype.defvjp(lambda g, out, x, *, dtype: g, saves=(), local="∇out")
