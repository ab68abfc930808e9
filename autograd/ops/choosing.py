"""Choosing between values: ``where``, ``select``, ``clip``, ``nan_to_num``.

The gradient goes to the value that was chosen.  The other branch is computed too: where *its*
derivative is infinite, 0 · inf makes nan, so guard its argument as well::

    np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0)

Kinks: ``clip`` has gradient 0 at a bound, which gets all of it if it is a tensor itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Binary, Box, binary, implements, primitive

__all__ = ["clip", "masked", "nan_to_num", "select", "where"]


_BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}
"""For each floating dtype the integer of its size."""


def _masked(x: Any, mask: Any) -> Any:
    """``x`` where the mask (of booleans) holds, else 0, also in place of nan and infinities.

    The gradient of whatever lets some entries through and stops others.
    """
    bits = _BITS.get(x.dtype)
    if bits is not None and mask.__class__ is x.__class__:
        # Where is up to ten times slower on a mask that the processor can't foretell, and a product
        # of numbers would make nan of an infinity: so every bit is kept, or none.
        kept = mask.astype(bits)
        kept = np.multiply(kept, x.view(bits), out=kept if mask.shape == x.shape else None)
        return kept.view(x.dtype)
    return np.where(mask, x, 0)


masked: Binary = binary(
    _masked,
    lambda g, out, x, mask: masked(g, mask),
    None,
    saves=(("y",), ()),
    name="masked",
    local=("∇out where the mask holds", ""),
)


def _truth(condition: Any) -> Any:
    """A condition as booleans, outside of the graph: it has no gradient, as no comparison has."""
    if isinstance(condition, Box):
        condition = condition._data
    dtype = getattr(condition, "dtype", None)
    if dtype == np.bool_:
        return condition
    return np.asarray(condition, np.bool_) if dtype is None else condition.astype(np.bool_)


@primitive(name="where", elementwise=True)
def _where(condition: Any, x: Any, y: Any) -> Any:
    return np.where(condition, x, y)


_where.defvjp(
    None,
    lambda g, out, condition, x, y: masked(g, condition),
    lambda g, out, condition, x, y: masked(g, np.logical_not(condition)),
    saves=("condition",),
    local=("", "∇out where the condition holds", "∇out where it does not"),
)


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """``x`` where the condition holds, else ``y``; without both, the indices where it holds."""
    if x is None and y is None:
        return np.nonzero(condition)
    return _where(_truth(condition), x, y)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For every entry the choice whose condition holds first, else ``default``."""
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select: {len(condlist)} conditions for {len(choicelist)} choices. Give one each."
        )
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = where(condition, choice, out)
    return out


def _below(x: Any, low: Any) -> Any:
    return False if low is None else x <= low


def _above(x: Any, high: Any) -> Any:
    return False if high is None else x >= high


def _crossed(low: Any, high: Any) -> Any:
    """Where the bounds are the wrong way round: NumPy then takes the upper one."""
    return False if low is None or high is None else low > high


@primitive(name="clip", elementwise=True)
def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


_clip.defvjp(
    lambda g, out, x, low, high: masked(
        g, np.logical_not(np.logical_or(_below(x, low), _above(x, high)))
    ),
    lambda g, out, x, low, high: masked(
        g, np.logical_and(_below(x, low), np.logical_not(_crossed(low, high)))
    ),
    lambda g, out, x, low, high: masked(
        g,
        np.logical_or(
            np.logical_and(_above(x, high), np.logical_not(_below(x, low))), _crossed(low, high)
        ),
    ),
    saves=("x", "low", "high"),
    local=("∇out inside the bounds", "∇out below", "∇out above"),
)


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """``a`` held between two bounds, None for no bound; the gradient is 0 at a bound and beyond."""
    return _clip(a, a_min if min is None else min, a_max if max is None else max)


@primitive(name="nan_to_num")
def _nan_to_num(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


_nan_to_num.defvjp(
    lambda g, out, x, *, nan, posinf, neginf: masked(g, np.isfinite(x)),
    saves="x",
    local="∇out where x is finite",
)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Any:
    """Numbers for nan and the infinities (the largest there are by default), with gradient 0."""
    return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
