"""Reductions that leave nan out: ``nansum`` and its kind.

The entries left out have gradient 0.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .cumulative import cumprod, cumsum
from .ordering import shared
from .reductions import Axis, prod, restore, sum

__all__ = [
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _filled(a: Any, value: float) -> Any:
    """``a`` with ``value`` in place of nan."""
    return np.where(np.isnan(a), value, a)


@implements(np.nansum)
def nansum(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The sum of the numbers over ``axis``; 0 where there are none."""
    return sum(_filled(a, 0), axis, dtype, keepdims=keepdims)


@implements(np.nanprod)
def nanprod(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The product of the numbers over ``axis``; 1 where there are none."""
    return prod(_filled(a, 1), axis, dtype, keepdims=keepdims)


@implements(np.nanmean)
def nanmean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of the numbers over ``axis``; nan where there are none."""
    total = nansum(a, axis, dtype, keepdims=keepdims)
    numbers = np.logical_not(np.isnan(a))
    return total / np.sum(numbers, axis=axis, dtype=total.dtype, keepdims=keepdims)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sums in which nan counts as 0."""
    return cumsum(_filled(a, 0), axis, dtype)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running products in which nan counts as 1."""
    return cumprod(_filled(a, 1), axis, dtype)


@primitive(name="nanmax")
def _nanmax(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return np.nanmax(x, axis=axis, keepdims=keepdims)


@primitive(name="nanmin")
def _nanmin(x: Any, *, axis: Axis, keepdims: bool) -> Any:
    return np.nanmin(x, axis=axis, keepdims=keepdims)


def _extreme_rule(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool) -> Any:
    """``g`` in equal parts over the entries that are the result; none where that is nan."""
    chosen = x == restore(out, x, axis, keepdims)
    return shared(restore(g, x, axis, keepdims), chosen, axis)


_nanmax.defvjp(_extreme_rule, saves=("out", "x"), local="∇out at the largest number")
_nanmin.defvjp(_extreme_rule, saves=("out", "x"), local="∇out at the smallest number")


@implements(np.nanmax)
def nanmax(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The largest number over ``axis``, nan if there is none; ties share the gradient evenly."""
    return _nanmax(a, axis=axis, keepdims=keepdims)


@implements(np.nanmin)
def nanmin(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The smallest number over ``axis``, nan if there is none; ties share the gradient evenly."""
    return _nanmin(a, axis=axis, keepdims=keepdims)


def _squared(x: Any) -> Any:
    return np.real(x * np.conjugate(x)) if x.dtype.kind == "c" else x * x


@implements(np.nanvar)
def nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The variance of the numbers over ``axis``; nan where ``ddof`` leaves none."""
    a = a if dtype is None else a.astype(dtype)
    deviation = _filled(a - nanmean(a, axis, keepdims=True), 0)
    squares = sum(_squared(deviation), axis, keepdims=keepdims)
    numbers = np.sum(np.logical_not(np.isnan(a)), axis=axis, dtype=squares.dtype, keepdims=keepdims)
    return squares / np.where(numbers > ddof, numbers - ddof, np.nan)


@implements(np.nanstd)
def nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The standard deviation of the numbers over ``axis``; where it is 0 the gradient is 0."""
    variance = nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims)
    flat = variance == 0
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, variance)))
