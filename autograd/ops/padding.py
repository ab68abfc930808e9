"""``pad``: entries around an array, made up or taken from it.

``edge``, ``reflect``, ``symmetric`` and ``wrap`` copy entries of the array, so their gradient folds
the border back onto the entries it was copied from; folding and padding are each other's gradient.
``linear_ramp``, ``mean``, ``median``, ``maximum`` and ``minimum`` are computed axis by axis with
functions that have a gradient already.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitive import implements, primitive
from .joining import concatenate
from .ordering import max as largest
from .ordering import median
from .ordering import min as smallest
from .reductions import mean
from .shape import broadcast_to

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]

_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": largest,
    "mean": mean,
    "median": median,
    "minimum": smallest,
}
_COPIES = ("edge", "reflect", "symmetric", "wrap")


@implements(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Any:
    """``array`` with ``pad_width`` entries before and after it along each axis.

    All modes of NumPy but a function of one's own, and ``reflect_type="odd"``: these raise
    ``TypeError`` and ``ValueError``.  Constants and end values carry no gradient.
    """
    widths = _widths(pad_width, array.ndim)
    if mode in ("constant", "empty"):
        return _surround(array, widths=widths, values=constant_values)
    empty = [i for i, n in enumerate(array.shape) if n == 0 and any(widths[i])]
    if empty:
        raise ValueError(
            f"pad: axis {empty[0]} of shape {array.shape} has no entry to pad with in mode {mode!r}. "
            "Use mode='constant'."
        )
    if mode in _COPIES:
        if reflect_type != "even":
            raise ValueError(f"pad: expected reflect_type='even' on tensors, got {reflect_type!r}.")
        return _copy_out(array, widths=widths, mode=mode)
    if mode in _STATISTICS:
        return _with_statistics(array, widths, _STATISTICS[mode], stat_length)
    if mode == "linear_ramp":
        return _with_ramps(array, widths, end_values)
    if callable(mode):
        raise TypeError("pad: a function as mode has no gradient. Use np.concatenate on the parts.")
    names = ["constant", "empty", "linear_ramp", *_COPIES, *_STATISTICS]
    raise ValueError(f"pad: unknown mode {mode!r}. Expected one of {', '.join(names)}.")


def _widths(pad_width: Any, ndim: int) -> Widths:
    """A number or a pair for all axes, or a pair for each; also as a dict from axis to either."""
    if isinstance(pad_width, int) and pad_width >= 0:
        return ((pad_width, pad_width),) * ndim
    if isinstance(pad_width, dict):
        given = {normalize_axis_index(i, ndim, "pad"): width for i, width in pad_width.items()}
        return tuple([_widths(given.get(i, 0), 1)[0] for i in range(ndim)])
    try:
        pairs = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width {pad_width!r} does not fit an array of {ndim} axes. Give a number, a "
            "pair (before, after), or one pair for each axis."
        ) from None
    if any(not isinstance(n, int) for pair in pairs for n in pair):
        raise TypeError(f"pad: expected whole numbers as pad_width, got {pad_width!r}.")
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError(
            f"pad: pad_width can't be negative, got {pad_width!r}. Use a slice to cut."
        )
    return tuple([(before, after) for before, after in pairs])


# --- around it --------------------------------------------------------------------------------


@primitive(name="pad")
def _surround(x: Any, *, widths: Widths, values: Any) -> Any:
    return np.pad(x, widths, constant_values=values)


def _inside(g: Any, x: Any, widths: Widths) -> Any:
    """The part of ``g`` that is not border."""
    pairs = zip(widths, x.shape, strict=True)
    return g[tuple([slice(before, before + n) for (before, _), n in pairs])]


_surround.defvjp(
    lambda g, out, x, *, widths, values: _inside(g, x, widths), saves=(), local="∇out inside"
)


# --- copied from it ---------------------------------------------------------------------------


@primitive(name="pad")
def _copy_out(x: Any, *, widths: Widths, mode: str) -> Any:
    return np.pad(x, widths, mode)  # type: ignore[call-overload]  # mode is one of _COPIES


@primitive(name="fold")
def _fold_in(x: Any, *, widths: Widths, mode: str) -> Any:
    """Every entry of the border added to the entry that it is a copy of, axis by axis."""
    for axis, (before, after) in enumerate(widths):
        if before or after:
            n = x.shape[axis] - before - after
            source = np.pad(np.arange(n), (before, after), mode)  # type: ignore[call-overload]  # dto.
            lines = np.moveaxis(x, axis, 0)
            inside = lines[before : before + n].copy()
            for i in (*range(before), *range(before + n, len(lines))):
                inside[source[i]] += lines[i]
            x = np.moveaxis(inside, 0, axis)
    return x


_copy_out.defvjp(
    lambda g, out, x, *, widths, mode: _fold_in(g, widths=widths, mode=mode),
    saves=(),
    local="∇out, the border folded back",
)
_fold_in.defvjp(
    lambda g, out, x, *, widths, mode: _copy_out(g, widths=widths, mode=mode),
    saves=(),
    local="∇out padded",
)


# --- computed from it -------------------------------------------------------------------------


def _part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(*[slice(None)] * axis, slice(start, stop))]


def _repeated(x: Any, axis: int, n: int) -> Any:
    """``x``, one entry long along ``axis``, as long as ``n``."""
    return broadcast_to(x, (*x.shape[:axis], n, *x.shape[axis + 1 :]))


def _with_statistics(
    x: Any, widths: Widths, statistic: Callable[..., Any], stat_length: Any
) -> Any:
    """Borders of the statistic of the ``stat_length`` entries next to them, of all by default."""
    lengths: Any = [(None, None)] * x.ndim
    if stat_length is not None:
        lengths = np.broadcast_to(stat_length, (x.ndim, 2)).tolist()
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, lengths, strict=True)):
        n = x.shape[axis]
        start = _part(x, axis, 0, first)
        stop = _part(x, axis, 0 if last is None else n - min(last, n), None)
        ends = [statistic(end, axis=axis, keepdims=True) for end in (start, stop)]
        borders = [_repeated(end, axis, k) for end, k in zip(ends, (before, after), strict=True)]
        x = concatenate([borders[0], x, borders[1]], axis)
    return x


def _with_ramps(x: Any, widths: Widths, end_values: Any) -> Any:
    """Borders that lead in equal steps from the end value to the edge."""
    values = np.broadcast_to(end_values, (x.ndim, 2)).tolist()
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, values, strict=True)):
        up = _ramp(_part(x, axis, 0, 1), axis, before, first)
        down = _ramp(_part(x, axis, -1, None), axis, after, last)
        x = concatenate([up, x, np.flip(down, axis)], axis)
    return x


def _ramp(edge: Any, axis: int, n: int, end: float) -> Any:
    """``n`` steps from ``end``, included, to ``edge``, excluded."""
    steps = np.ones_like(edge, shape=(n, *[1] * (edge.ndim - axis - 1)))
    steps = (np.cumsum(steps, axis=0) - 1) / max(n, 1)
    return end + (edge - end) * steps
