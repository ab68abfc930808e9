"""Arithmetic: the operators, roots, remainders, the larger and the smaller of two numbers, signs.

A row of a table is a primitive: its NumPy ufunc, one rule for each argument, and what the rules
need as numbers (``saves``).  In every rule ``g`` is the gradient of the result, ``out`` the result,
``x`` and ``y`` the arguments.  Gradients of the broadcast shape are summed to the argument's by the
backward pass.

Kinks: ``abs`` and ``fabs`` have gradient 0 at 0; ``maximum``, ``minimum``, ``fmax`` and ``fmin``
share a tie evenly; ``x ** 0.0`` at 0 has 0, ``x ** y`` at (0, 0) has 0 and 0; ``sqrt`` and
``x ** 0.5`` at 0 have inf.  ``sign`` and ``floor_divide`` have gradient 0 everywhere; ``remainder``
and ``fmod`` have slope 1 in ``x`` also where they jump.  A nan in ``maximum`` or ``minimum`` is the
result, so the gradient goes on to the arguments.

Of a complex z = a + ib with the loss L, the gradient is ∂L/∂a - i ∂L/∂b, so that dL = Re(∇z · dz) as
for real numbers; gradient descent goes along its conjugate.
"""

import math
import operator
from typing import Any

import numpy as np

from ..primitive import binary, implements, require_real, unary
from .choosing import masked

__all__ = [
    "absolute",
    "add",
    "cbrt",
    "conjugate",
    "conjugated",
    "copysign",
    "divide",
    "divmod",
    "fabs",
    "float_power",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "imag",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "positive",
    "power",
    "real",
    "reciprocal",
    "remainder",
    "sign",
    "slope_of_size",
    "sqrt",
    "square",
    "subtract",
]


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · y · x^(y-1); 0 where y is 0, also at x = 0."""
    if isinstance(y, (int, float)):
        return g * (y * x ** (y - 1)) if y else None
    # 0 · 0^(-1) is the one case to keep away from; elsewhere y stays as it is, for the second order.
    return g * y * x ** (y - 1 + ((x == 0) & (y == 0)))


def _float_power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    share = _power_base(g, out, x, y)
    return None if share is None else share.astype(x.dtype)  # the result is in double precision


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · x^y · log x; 0 where x is 0 and y is not negative."""
    if isinstance(x, (int, float)) and x > 0:
        return g * (out * math.log(x))
    return g * (out * np.log(np.where((x == 0) & (y >= 0), 1, x)))


def _won(g: Any, lost: Any, tied: Any) -> Any:
    """The share of ``g`` of an argument: none where it lost, half at a tie, else all."""
    g = masked(g, np.logical_not(lost))
    return np.where(tied, g * 0.5, g) if np.any(tied) else g


def _past_nan(g: Any, share: Any, x: Any, y: Any) -> Any:
    """``share`` but where one of the two is nan: then the number gets all of ``g``, nan nothing."""
    return np.where(np.isnan(x), 0, np.where(np.isnan(y), g, share))


def conjugated(x: Any) -> Any:
    """The conjugates of complex numbers, real ones as they are."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def slope_of_size(x: Any) -> Any:
    """The slope of abs: sign x, of a complex number its conjugate; 0 at 0."""
    return (
        np.conjugate(x) / np.absolute(np.where(x == 0, 1, x)) if x.dtype.kind == "c" else np.sign(x)
    )


def _nowhere(g: Any, out: Any, *args: Any) -> None:
    """A gradient of 0 everywhere: of a step function."""


def _imaginary_slope(g: Any, out: Any, x: Any) -> Any:
    return g * -1j if x.dtype.kind == "c" else None


def _sign_slope(g: Any, out: Any, x: Any) -> None:
    """0; a complex number's direction would turn."""
    require_real("sign", x)


# fmt: off

# --- operators --------------------------------------------------------------------------------
add       = binary(operator.add, lambda g, out, x, y: g,
                                 lambda g, out, x, y: g,
                   saves=(), local=("∇out", "∇out"), name="add")
subtract  = binary(operator.sub, lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g,
                   saves=(), local=("∇out", "-∇out"), name="subtract")
multiply  = binary(operator.mul, lambda g, out, x, y: g * y,
                                 lambda g, out, x, y: g * x,
                   saves=(("y",), ("x",)), local=("∇out · y", "∇out · x"), name="multiply")
divide    = binary(operator.truediv, lambda g, out, x, y: g / y,
                                 lambda g, out, x, y: -g * out / y,
                   saves=(("y",), ("out", "y")), local=("∇out / y", "-∇out · out / y"), name="divide")
power     = binary(operator.pow, _power_base, _power_exponent,
                   saves=(("x", "y"), ("out", "x", "y")), local=("∇out · y · x^(y-1)", "∇out · out · log x"),
                   name="power")
float_power = binary(np.float_power, _float_power_base, _power_exponent,
                   saves=(("x", "y"), ("out", "x", "y")), local=("∇out · y · x^(y-1)", "∇out · out · log x"))
negative  = unary(np.negative,   lambda g, out, x: -g,              saves=(),    local="-∇out")
positive  = unary(np.positive,   lambda g, out, x: +g,              saves=(),    local="∇out")
absolute  = unary(np.absolute,   lambda g, out, x: g * slope_of_size(x), saves="x", local="∇out · sign x")
fabs      = unary(np.fabs,       lambda g, out, x: g * np.sign(x),  saves="x",   local="∇out · sign x")
square    = unary(np.square,     lambda g, out, x: g * (2 * x),     saves="x",   local="∇out · 2x")
sqrt      = unary(np.sqrt,       lambda g, out, x: g * 0.5 / out,   saves="out", local="∇out / (2 out)")
cbrt      = unary(np.cbrt,       lambda g, out, x: g / (3 * out * out), saves="out", local="∇out / (3 out²)")
conjugate = unary(np.conjugate,  lambda g, out, x: np.conjugate(g), saves=(),    local="∇out conjugated")
real      = unary(np.real,       lambda g, out, x: g.astype(x.dtype), saves=(),     local="∇out")
imag      = unary(np.imag,       _imaginary_slope,                  saves=(),    local="-i ∇out")
reciprocal = unary(np.reciprocal, lambda g, out, x: -g * out * out, saves="out", local="-∇out · out²")

# --- remainders: x - n y with a whole number n ------------------------------------------------
remainder = binary(np.remainder, lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g * np.floor_divide(x, y),
                   saves=((), ("x", "y")), local=("∇out", "-∇out · ⌊x / y⌋"))
fmod      = binary(np.fmod,      lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g * np.rint((x - out) / y),
                   saves=((), ("out", "x", "y")), local=("∇out", "-∇out · trunc(x / y)"))

# --- the larger, the smaller ------------------------------------------------------------------
maximum   = binary(np.maximum,   lambda g, out, x, y: _won(g, x < y, x == y),
                                 lambda g, out, x, y: _won(g, y < x, x == y),
                   saves=("x", "y"), local=("∇out where x > y", "∇out where y > x"))
minimum   = binary(np.minimum,   lambda g, out, x, y: _won(g, x > y, x == y),
                                 lambda g, out, x, y: _won(g, y > x, x == y),
                   saves=("x", "y"), local=("∇out where x < y", "∇out where y < x"))
fmax      = binary(np.fmax,      lambda g, out, x, y: _past_nan(g, _won(g, x < y, x == y), x, y),
                                 lambda g, out, x, y: _past_nan(g, _won(g, y < x, x == y), y, x),
                   saves=("x", "y"), local=("∇out where x > y", "∇out where y > x"))
fmin      = binary(np.fmin,      lambda g, out, x, y: _past_nan(g, _won(g, x > y, x == y), x, y),
                                 lambda g, out, x, y: _past_nan(g, _won(g, y > x, x == y), y, x),
                   saves=("x", "y"), local=("∇out where x < y", "∇out where y < x"))

# --- signs ------------------------------------------------------------------------------------
copysign  = binary(np.copysign,  lambda g, out, x, y: g * np.sign(x) * np.sign(out),
                                 _nowhere,
                   saves=(("out", "x"), ()), local=("∇out · sign x · sign y", "0"))
heaviside = binary(np.heaviside, _nowhere,
                                 lambda g, out, x, y: g * (x == 0),
                   saves=((), ("x",)), local=("0", "∇out where x = 0"))
floor_divide = binary(np.floor_divide, _nowhere, _nowhere, saves=(), local=("0", "0"))
sign      = unary(np.sign,       _sign_slope,                        saves=(),    local="0")
# fmt: on

implements(np.real)(real)
implements(np.imag)(imag)

# Between two numbers the operator is ten times as fast as the ufunc, and its power has shorter ways
# for the exponents 2, 1, 1/2 and -1.
for _ufunc, _operation in (
    (np.add, add),
    (np.subtract, subtract),
    (np.multiply, multiply),
    (np.divide, divide),
    (np.power, power),
):
    implements(_ufunc)(_operation)


@implements(np.divmod)
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """``(floor_divide(x, y), remainder(x, y))``."""
    return floor_divide(x, y), remainder(x, y)
