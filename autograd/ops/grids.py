"""Functions given by their values on a grid: ``linspace``, ``meshgrid``, ``interp``, ``gradient``,
``trapezoid``.

All of them are compositions.  Between two pieces ``interp`` has the slope of the piece to the right,
and 0 from the last point on.
"""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..primitive import Box, implements, require_real
from .joining import concatenate
from .shape import broadcast_arrays, moveaxis, reshape

__all__ = ["gradient", "interp", "linspace", "meshgrid", "trapezoid"]


def _plain(x: Any) -> Any:
    """The numbers, for questions that have no gradient."""
    return x._data if isinstance(x, Box) else np.asarray(x)


def _along(axis: int, start: int | None, stop: int | None) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, slice(start, stop))


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """``num`` numbers in equal steps from ``start`` to ``stop``, along a new axis."""
    delta = stop * 1.0 - start * 1.0
    pieces = num - 1 if endpoint else num
    step = delta / pieces if pieces > 0 else delta * np.nan
    k = np.arange(num).astype(delta.dtype).reshape((-1,) + (1,) * delta.ndim)
    out = (k * step if pieces > 0 else k * delta) + start
    if endpoint and num > 1:
        out = concatenate([out[:-1], np.broadcast_to(stop, (1, *delta.shape))])
    out = moveaxis(out if dtype is None else out.astype(dtype), 0, axis)
    return (out, step) if retstep else out


@implements(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Coordinates of the points of a grid, from those along each axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij', got {indexing!r}.")
    axes = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        axes[:2] = [1, 0]
    lines = [
        reshape(x, [-1 if i == axis else 1 for i in range(len(xi))])
        for x, axis in zip(xi, axes, strict=True)
    ]
    grids = tuple(lines) if sparse else broadcast_arrays(*lines)
    return tuple([np.copy(grid) for grid in grids]) if copy else grids


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """The piecewise linear function through the points (``xp``, ``fp``) at ``x``.

    ``xp`` ascends.  Outside, ``left`` and ``right``, by default the first and the last of ``fp``.

    Raises ``ValueError`` for fewer than two points.
    """
    require_real("interp", x)
    points = _plain(xp)
    if points.ndim != 1 or len(points) < 2 or np.shape(fp) != points.shape:
        raise ValueError(
            f"interp: expected xp and fp with one axis and at least two points, got shapes "
            f"{points.shape} and {np.shape(fp)}."
        )
    at = _plain(x)
    j = np.clip(np.searchsorted(points, at, side="right") - 1, 0, len(points) - 2)
    x0, x1, f0, f1 = np.take(xp, j), np.take(xp, j + 1), np.take(fp, j), np.take(fp, j + 1)
    out = (f1 - f0) / (x1 - x0) * (x - x0) + f0
    out = np.where(at < points[0], fp[0] if left is None else left, out)
    last = np.where(at > points[-1], fp[-1] if right is None else right, fp[-1])
    return np.where(at >= points[-1], last, out)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None) -> Any:
    """Central differences along each axis, one-sided at its ends; a tuple for several axes.

    ``varargs``: one distance for all axes, or for each axis a distance or the coordinates.

    Raises ``ValueError`` for fewer than two points along an axis.
    """
    axes = tuple(range(f.ndim)) if axis is None else normalize_axis_tuple(axis, f.ndim, "gradient")
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"gradient: {len(spacings)} spacings for {len(axes)} axes. Give one for each."
        )
    slopes = [_slope(f, h, i) for i, h in zip(axes, spacings, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Any, spacing: Any, axis: int) -> Any:
    if f.shape[axis] < 2:
        raise ValueError(f"gradient: axis {axis} of shape {f.shape} has fewer than two points.")
    if np.ndim(spacing) == 0:
        first = last = spacing
        inner = (f[_along(axis, 2, None)] - f[_along(axis, None, -2)]) / (2.0 * spacing)
    else:
        h = np.diff(spacing)
        first, last = h[0], h[-1]
        h = reshape(h, [-1 if i == axis else 1 for i in range(f.ndim)])
        inner = _uneven(f, h[_along(axis, None, -1)], h[_along(axis, 1, None)], axis)
    start = (f[_along(axis, 1, 2)] - f[_along(axis, 0, 1)]) / first
    stop = (f[_along(axis, -1, None)] - f[_along(axis, -2, -1)]) / last
    return concatenate([start, inner, stop], axis)


def _uneven(f: Any, before: Any, after: Any, axis: int) -> Any:
    """The slope of the parabola through three neighbours, at the one in the middle."""
    a = -after / (before * (before + after))
    b = (after - before) / (before * after)
    c = before / (after * (before + after))
    return a * f[_along(axis, None, -2)] + b * f[_along(axis, 1, -1)] + c * f[_along(axis, 2, None)]


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral of ``y`` along ``axis`` by the trapezoidal rule, at points ``x`` or ``dx`` apart."""
    axis = normalize_axis_index(axis, y.ndim, "trapezoid")
    width: Any = dx
    if x is not None and np.ndim(x) == 1:
        width = np.reshape(np.diff(x), [-1 if i == axis else 1 for i in range(y.ndim)])
    elif x is not None:
        width = np.diff(x, axis=axis)
    middle = y[_along(axis, 1, None)] + y[_along(axis, None, -1)]
    return np.sum(width * middle / 2.0, axis=axis)
