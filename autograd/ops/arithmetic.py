"""Arithmetic: the operators, rounding, and choosing between two numbers.

A row of a table is a primitive: its NumPy ufunc, one rule for each argument, and what the rules
need as numbers (``saves``).  In every rule ``g`` is the gradient of the result, ``out`` the result,
``x`` and ``y`` the arguments.  Gradients of the broadcast shape are summed to the argument's by the
backward pass.

Kinks: ``abs`` and ``fabs`` have gradient 0 at 0; ``maximum``, ``minimum``, ``fmax`` and ``fmin``
share a tie evenly; ``clip`` has 0 at a bound; ``x ** 0.0`` at 0 has 0, ``x ** y`` at (0, 0) has 0
and 0; ``x ** 0.5`` at 0 has inf.  ``sign``, ``floor`` and their like have gradient 0 everywhere;
``remainder`` and ``fmod`` have slope 1 in ``x`` also where they jump.
"""

from typing import Any

import numpy as np

from ..primitive import binary, implements, primitive, unary

__all__ = [
    "absolute",
    "add",
    "clip",
    "copysign",
    "divide",
    "floor_divide",
    "fmod",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "positive",
    "power",
    "reciprocal",
    "remainder",
    "sign",
    "sqrt",
    "square",
    "subtract",
    "where",
]


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · y · x^(y-1); 0 where y is 0, also at x = 0."""
    if isinstance(y, (int, float)):
        return g * (y * x ** (y - 1)) if y else g * 0.0
    flat = y == 0
    return g * y * x ** (np.where(flat, 1, y) - np.where(flat, 0, 1))


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · x^y · log x; 0 where x is 0 and y is not negative."""
    at_zero = np.where(np.asarray(y) < 0, -np.inf, 0.0) if isinstance(y, (int, float)) else 0.0
    return g * np.where(x == 0, at_zero, out * np.log(np.where(x == 0, 1, x)))


def _if_larger(g: Any, x: Any, y: Any) -> Any:
    """The share of ``g`` that goes to ``x`` where the larger one wins: all, half at a tie, none."""
    return np.where(x > y, g, np.where(x == y, g * 0.5, 0))


# fmt: off

# --- operators --------------------------------------------------------------------------------
add       = binary(np.add,       lambda g, out, x, y: g,
                                 lambda g, out, x, y: g,
                   saves=(), local=("∇out", "∇out"))
subtract  = binary(np.subtract,  lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g,
                   saves=(), local=("∇out", "-∇out"))
multiply  = binary(np.multiply,  lambda g, out, x, y: g * y,
                                 lambda g, out, x, y: g * x,
                   saves=(("y",), ("x",)), local=("∇out · y", "∇out · x"))
divide    = binary(np.divide,    lambda g, out, x, y: g / y,
                                 lambda g, out, x, y: -g * out / y,
                   saves=(("y",), ("out", "y")), local=("∇out / y", "-∇out · out / y"))
power     = binary(np.power,     _power_base, _power_exponent,
                   saves=(("x", "y"), ("out", "x", "y")), local=("∇out · y · x^(y-1)", "∇out · out · log x"))
negative  = unary(np.negative,   lambda g, out, x: -g,              saves=(),    local="-∇out")
positive  = unary(np.positive,   lambda g, out, x: +g,              saves=(),    local="∇out")
absolute  = unary(np.absolute,   lambda g, out, x: g * np.sign(x),  saves="x",   local="∇out · sign x")
fabs      = unary(np.fabs,       lambda g, out, x: g * np.sign(x),  saves="x",   local="∇out · sign x")
square    = unary(np.square,     lambda g, out, x: g * (2 * x),     saves="x",   local="∇out · 2x")
sqrt      = unary(np.sqrt,       lambda g, out, x: g * 0.5 / out,   saves="out", local="∇out / (2 out)")
cbrt      = unary(np.cbrt,       lambda g, out, x: g / (3 * out * out), saves="out", local="∇out / (3 out²)")
reciprocal = unary(np.reciprocal, lambda g, out, x: -g * out * out, saves="out", local="-∇out · out²")

# --- remainders: x - n y with a whole number n ------------------------------------------------
remainder = binary(np.remainder, lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g * np.floor_divide(x, y),
                   saves=((), ("x", "y")), local=("∇out", "-∇out · ⌊x / y⌋"))
fmod      = binary(np.fmod,      lambda g, out, x, y: g,
                                 lambda g, out, x, y: -g * np.trunc(x / y),
                   saves=((), ("x", "y")), local=("∇out", "-∇out · trunc(x / y)"))

# --- the larger, the smaller ------------------------------------------------------------------
maximum   = binary(np.maximum,   lambda g, out, x, y: _if_larger(g, x, y),
                                 lambda g, out, x, y: _if_larger(g, y, x),
                   saves=("x", "y"), local=("∇out where x > y", "∇out where y > x"))
minimum   = binary(np.minimum,   lambda g, out, x, y: _if_larger(g, y, x),
                                 lambda g, out, x, y: _if_larger(g, x, y),
                   saves=("x", "y"), local=("∇out where x < y", "∇out where y < x"))
fmax      = binary(np.fmax,      lambda g, out, x, y: np.where(np.isnan(y), g, _if_larger(g, x, y)),
                                 lambda g, out, x, y: np.where(np.isnan(x), g, _if_larger(g, y, x)),
                   saves=("x", "y"), local=("∇out where x > y", "∇out where y > x"))
fmin      = binary(np.fmin,      lambda g, out, x, y: np.where(np.isnan(y), g, _if_larger(g, y, x)),
                                 lambda g, out, x, y: np.where(np.isnan(x), g, _if_larger(g, x, y)),
                   saves=("x", "y"), local=("∇out where x < y", "∇out where y < x"))

# --- signs and steps --------------------------------------------------------------------------
copysign  = binary(np.copysign,  lambda g, out, x, y: g * np.sign(x) * np.copysign(1, y),
                                 lambda g, out, x, y: g * 0,
                   saves=(("x", "y"), ()), local=("∇out · sign x · sign y", "0"))
heaviside = binary(np.heaviside, lambda g, out, x, y: g * 0,
                                 lambda g, out, x, y: g * (x == 0),
                   saves=((), ("x",)), local=("0", "∇out where x = 0"))
floor_divide = binary(np.floor_divide, lambda g, out, x, y: g * 0,
                                       lambda g, out, x, y: g * 0,
                   saves=(), local=("0", "0"))
sign      = unary(np.sign,       lambda g, out, x: g * 0, saves=(), local="0")
floor     = unary(np.floor,      lambda g, out, x: g * 0, saves=(), local="0")
ceil      = unary(np.ceil,       lambda g, out, x: g * 0, saves=(), local="0")
rint      = unary(np.rint,       lambda g, out, x: g * 0, saves=(), local="0")
trunc     = unary(np.trunc,      lambda g, out, x: g * 0, saves=(), local="0")
# fmt: on

implements(np.float_power)(power)


@implements(np.where)
def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, else ``y``; the gradient goes to the one that was chosen.

    The other branch is computed too: where *its* derivative is infinite, 0 · inf gives nan.  Guard
    the argument as well: ``where(x > 0, log(where(x > 0, x, 1)), 0)``.
    """
    return _where(condition, x, y)


@primitive(name="where", elementwise=True)
def _where(condition: Any, x: Any, y: Any) -> Any:
    return np.where(condition, x, y)


_where.defvjp(
    None,
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
    saves=("condition",),
    local=("", "∇out where the condition holds", "∇out where it does not"),
)


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """``a`` held between two bounds; the gradient is 0 at a bound and beyond."""
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    low = -np.inf if low is None else low
    high = np.inf if high is None else high
    return _clip(a, low, high)


@primitive(name="clip", elementwise=True)
def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


_clip.defvjp(
    lambda g, out, x, low, high: np.where((x > low) & (x < high), g, 0),
    lambda g, out, x, low, high: np.where(x <= low, g, 0),
    lambda g, out, x, low, high: np.where((x > low) & (x >= high), g, 0),
    saves=("x", "low", "high"),
    local=("∇out inside the bounds", "∇out below", "∇out above"),
)
