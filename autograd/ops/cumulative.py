"""Running sums and products, and differences of neighbours.

``cumprod`` is exact with zeros, at every order: its gradient is a linear recurrence, and that
recurrence is a primitive whose gradient is again one.
"""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitive import implements, primitive

__all__ = [
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "ediff1d",
    "recurrence",
]


def _from_the_end(x: Any, axis: int) -> Any:
    """For every entry the sum of it and all behind it."""
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis)


@primitive(name="cumsum")
def _cumsum(x: Any, *, axis: int) -> Any:
    return np.cumsum(x, axis=axis)


_cumsum.defvjp(
    lambda g, out, x, *, axis: _from_the_end(g, axis), saves=(), local="Σ ∇out from here to the end"
)


def _line(a: Any, axis: int | None, dtype: Any) -> tuple[Any, int]:
    """The array and the axis to run along: without one, all entries in a row."""
    if dtype is not None:
        a = a.astype(dtype)
    return (np.reshape(a, (-1,)), 0) if axis is None else (a, axis)


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums along ``axis``, or over all entries in a row."""
    line, axis = _line(a, axis, dtype)
    return _cumsum(line, axis=axis)


@primitive
def recurrence(b: Any, a: Any) -> Any:
    """y_k = b_k + a_k · y_{k-1} along the first axis, from y_0 = b_0."""
    y = b.copy()
    for k in range(1, len(y)):
        y[k] += a[k] * y[k - 1]
    return y


def _adjoint(g: Any, a: Any) -> Any:
    """h_k = g_k + a_{k+1} · h_{k+1}: the recurrence run backward."""
    return recurrence(g[::-1], np.roll(a[::-1], 1, axis=0))[::-1]


def _shifted(y: Any, first: Any) -> Any:
    """``y`` moved on by one along the first axis, led by ``first``."""
    return np.concatenate([first, y[:-1]])


recurrence.defvjp(
    lambda g, out, b, a: _adjoint(g, a),
    lambda g, out, b, a: _adjoint(g, a) * _shifted(out, np.zeros_like(out[:1])),
    saves=(("a",), ("a", "out")),
    local=("h_k = ∇out_k + a_{k+1} h_{k+1}", "h_k · out_{k-1}"),
)


@primitive(name="cumprod")
def _cumprod(x: Any, *, axis: int) -> Any:
    return np.cumprod(x, axis=axis)


def _cumprod_rule(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    if np.all(np.isfinite(out) & (out != 0)):
        return _from_the_end(g * out, axis) / x
    g, out, x = (np.moveaxis(value, axis, 0) for value in (g, out, x))
    return np.moveaxis(_shifted(out, np.ones_like(out[:1])) * _adjoint(g, x), 0, axis)


_cumprod.defvjp(
    _cumprod_rule, saves=("out", "x"), local="Σ_{k ≥ here} ∇out_k · Π of the others up to k"
)


@implements(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products along ``axis``, or over all entries in a row; exact with zeros."""
    line, axis = _line(a, axis, dtype)
    return _cumprod(line, axis=axis)


def _with_start(line: Any, axis: int, start: float) -> Any:
    """``line`` led by the result for no entries."""
    shape = [1 if i == axis % line.ndim else n for i, n in enumerate(line.shape)]
    return np.concatenate([np.full_like(line, start, shape=shape), line], axis=axis)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """:func:`cumsum` along the only axis or a given one, led by a 0 with ``include_initial``."""
    axis = _only_axis(x, axis, "cumulative_sum")
    out = cumsum(x, axis, dtype)
    return _with_start(out, axis, 0) if include_initial else out


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """:func:`cumprod` along the only axis or a given one, led by a 1 with ``include_initial``."""
    axis = _only_axis(x, axis, "cumulative_prod")
    out = cumprod(x, axis, dtype)
    return _with_start(out, axis, 1) if include_initial else out


def _only_axis(x: Any, axis: int | None, name: str) -> int:
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name}: give the axis of an array of shape {x.shape}.")
    return axis or 0


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    implements(np.cumulative_sum)(cumulative_sum)
    implements(np.cumulative_prod)(cumulative_prod)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along ``axis``, taken ``n`` times."""
    if n < 0:
        raise ValueError(f"diff: expected n >= 0, got n={n}.")
    if a.ndim == 0:
        raise ValueError("diff: expected at least one axis, got a 0-d array.")
    axis = normalize_axis_index(axis, a.ndim, "diff")
    if n and not (prepend is None and append is None):
        ends = [_as_end(prepend, a, axis), a, _as_end(append, a, axis)]
        a = np.concatenate([part for part in ends if part is not None], axis=axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        a = a[(*lead, slice(1, None))] - a[(*lead, slice(None, -1))]
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of all entries in a row, between ``to_begin`` and ``to_end``."""
    parts = [to_begin, diff(np.reshape(ary, (-1,))), to_end]
    return np.concatenate([np.ravel(part) for part in parts if part is not None])


def _as_end(value: Any, a: Any, axis: int) -> Any:
    """A number is as wide as ``a`` and one long along the axis; an array fits by itself."""
    if value is None or np.ndim(value):
        return value
    return np.broadcast_to(value, [1 if i == axis else n for i, n in enumerate(a.shape)])
