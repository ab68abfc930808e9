"""Repeating entries, and turning them round: ``tile``, ``repeat``, ``roll``, ``flip``, ``rot90``."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitive import implements, primitive
from .shape import reshape

__all__ = ["flip", "fliplr", "flipud", "repeat", "roll", "rot90", "tile"]


def _counts(x: Any, reps: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The repeats and the shape of ``x``, both with as many axes as the result has."""
    reps = tuple(reps) if np.iterable(reps) else (reps,)
    ndim = max(len(reps), x.ndim)
    return (1,) * (ndim - len(reps)) + reps, (1,) * (ndim - x.ndim) + x.shape


@primitive(name="tile")
def _tile(x: Any, *, reps: Any) -> Any:
    return np.tile(x, reps)


def _tile_rule(g: Any, out: Any, x: Any, *, reps: Any) -> Any:
    counts, shape = _counts(x, reps)
    interleaved = [n for pair in zip(counts, shape, strict=True) for n in pair]
    total = np.sum(np.reshape(g, interleaved), axis=tuple(range(0, 2 * len(shape), 2)))
    return np.reshape(total, x.shape)


_tile.defvjp(_tile_rule, saves=(), local="Σ ∇out over the copies")


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """``A`` laid beside itself ``reps`` times along each axis."""
    return _tile(A, reps=reps)


@primitive(name="repeat")
def _repeat(x: Any, *, repeats: int, axis: int) -> Any:
    return np.repeat(x, repeats, axis=axis)


def _repeat_rule(g: Any, out: Any, x: Any, *, repeats: int, axis: int) -> Any:
    axis %= x.ndim
    split = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return np.sum(np.reshape(g, split), axis=axis + 1)


_repeat.defvjp(_repeat_rule, saves=(), local="Σ ∇out over the copies")


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every entry ``repeats`` times in a row, along ``axis`` or, without one, all in a row.

    ``repeats`` may give a number for each entry of the axis.
    """
    if axis is None:
        a, axis = reshape(a, (-1,)), 0
    if np.size(repeats) == 1:
        return _repeat(a, repeats=int(np.reshape(repeats, ())), axis=axis)
    n = a.shape[normalize_axis_index(axis, a.ndim, "repeat")]
    return np.take(a, np.repeat(np.arange(n), repeats), axis=axis)


@primitive(name="roll")
def _roll(x: Any, *, shift: Any, axis: Any) -> Any:
    return np.roll(x, shift, axis)


_roll.defvjp(
    lambda g, out, x, *, shift, axis: np.roll(g, np.negative(shift), axis),
    saves=(),
    local="∇out rolled back",
)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """``a`` moved on by ``shift`` along ``axis``; what leaves at the end comes in at the start."""
    return _roll(a, shift=shift, axis=axis)


@primitive(name="flip")
def _flip(x: Any, *, axis: Any) -> Any:
    return np.flip(x, axis)


_flip.defvjp(lambda g, out, x, *, axis: np.flip(g, axis), saves=(), local="∇out flipped back")


@implements(np.flip)
def flip(m: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """``m`` back to front along ``axis``, all axes by default."""
    return _flip(m, axis=axis)


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """``m`` with its rows in the opposite order."""
    return _flip(m, axis=0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """``m`` with its columns in the opposite order."""
    return _flip(m, axis=1)


@primitive(name="rot90")
def _rot90(x: Any, *, k: int, axes: tuple[int, int]) -> Any:
    return np.rot90(x, k, axes)


_rot90.defvjp(
    lambda g, out, x, *, k, axes: np.rot90(g, -k, axes), saves=(), local="∇out turned back"
)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """``m`` turned by ``k`` right angles, from the first of ``axes`` towards the second."""
    return _rot90(m, k=k, axes=axes)
