"""Rounding, and taking floating-point numbers apart.

Step functions have gradient 0 everywhere, also where they jump.
"""

from typing import Any

import numpy as np

from ..primitive import binary, implements, primitive, require_real, unary

__all__ = ["angle", "ceil", "floor", "frexp", "ldexp", "modf", "rint", "round", "trunc"]


def _nowhere(g: Any, out: Any, *args: Any, **static: Any) -> None:
    """A gradient of 0 everywhere."""


# fmt: off
floor = unary(np.floor, _nowhere, saves=(), local="0")
ceil  = unary(np.ceil,  _nowhere, saves=(), local="0")
rint  = unary(np.rint,  _nowhere, saves=(), local="0")
trunc = unary(np.trunc, _nowhere, saves=(), local="0")
ldexp = binary(np.ldexp, lambda g, out, x, y: np.ldexp(g, y), None,
               saves=(("y",), ()), local=("∇out · 2^y", ""))
# fmt: on

implements(np.fix)(trunc)


@primitive(name="round")
def _round(x: Any, *, decimals: int) -> Any:
    return np.round(x, decimals)


_round.defvjp(_nowhere, saves=(), local="0")


@implements(np.round, np.around)
def round(a: Any, decimals: int = 0) -> Any:
    """``a`` rounded to so many decimals, halves to even; the gradient is 0."""
    return _round(a, decimals=decimals)


@implements(np.modf)
@primitive
def modf(x: Any) -> Any:
    """The fractional part, with the gradient of ``x``, and the whole part, with none."""
    return np.modf(x)


modf.defvjp(lambda g, out, x: g[0], saves=(), local="∇out of the fraction")


@implements(np.frexp)
@primitive
def frexp(x: Any) -> Any:
    """``(m, e)`` with x = m · 2^e and m between 1/2 and 1; the whole number e has no gradient."""
    return np.frexp(x)


frexp.defvjp(lambda g, out, x: np.ldexp(g[0], -out[1]), saves="out", local="∇m / 2^e")


@primitive(name="angle")
def _angle(x: Any, *, deg: bool) -> Any:
    return np.angle(x, deg)


_angle.defvjp(_nowhere, saves=(), local="0")


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The argument of real numbers: 0, or π where they are negative; the gradient is 0."""
    require_real("angle", z)
    return _angle(z, deg=deg)
