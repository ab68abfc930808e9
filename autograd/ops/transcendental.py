"""Exponentials, logarithms, trigonometric and hyperbolic functions, and the stable ones of learning.

Kinks: ``log`` at 0 and ``arcsin`` at 1 have gradient inf; ``hypot(0, 0)`` and ``arctan2(0, 0)`` have
0 and 0; ``sinc`` has 0 at 0; ``logaddexp(x, x)`` at infinity shares 1 evenly, at -infinity it has 0
and 0; ``relu`` has 0 at 0.
"""

from math import factorial
from typing import Any

import numpy as np

from ..primitive import binary, implements, primitive, require_real, unary
from .choosing import masked

LN2 = 0.6931471805599453
LN10 = 2.302585092994046
PI = 3.141592653589793
RAD = PI / 180
SINC_SLOPE = [(-1) ** k * 2 * k / factorial(2 * k + 1) for k in range(9, 0, -1)]
"""d(sin z / z)/dz = z · Σ c_k z^(2k-2), highest power first."""

# fmt: off

# --- exponentials and logarithms --------------------------------------------------------------
exp     = unary(np.exp,     lambda g, out, x: g * out,               saves="out", local="∇out · out")
exp2    = unary(np.exp2,    lambda g, out, x: g * (out * LN2),       saves="out", local="∇out · out · ln 2")
expm1   = unary(np.expm1,   lambda g, out, x: g * (out + 1),         saves="out", local="∇out · (out + 1)")
log     = unary(np.log,     lambda g, out, x: g / x,                 saves="x",   local="∇out / x")
log2    = unary(np.log2,    lambda g, out, x: g / (x * LN2),         saves="x",   local="∇out / (x ln 2)")
log10   = unary(np.log10,   lambda g, out, x: g / (x * LN10),        saves="x",   local="∇out / (x ln 10)")
log1p   = unary(np.log1p,   lambda g, out, x: g / (x + 1),           saves="x",   local="∇out / (x + 1)")

# --- trigonometric ----------------------------------------------------------------------------
sin     = unary(np.sin,     lambda g, out, x: g * np.cos(x),         saves="x",   local="∇out · cos x")
cos     = unary(np.cos,     lambda g, out, x: -g * np.sin(x),        saves="x",   local="-∇out · sin x")
tan     = unary(np.tan,     lambda g, out, x: g * (1 + out * out),   saves="out", local="∇out · (1 + out²)")
arcsin  = unary(np.arcsin,  lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)),  saves="x", local="∇out / √(1 - x²)")
arccos  = unary(np.arccos,  lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)), saves="x", local="-∇out / √(1 - x²)")
arctan  = unary(np.arctan,  lambda g, out, x: g / (1 + x * x),       saves="x",   local="∇out / (1 + x²)")
deg2rad = unary(np.deg2rad, lambda g, out, x: g * RAD,               saves=(),    local="∇out · π / 180")
rad2deg = unary(np.rad2deg, lambda g, out, x: g / RAD,               saves=(),    local="∇out · 180 / π")
radians = unary(np.radians, lambda g, out, x: g * RAD,               saves=(),    local="∇out · π / 180")
degrees = unary(np.degrees, lambda g, out, x: g / RAD,               saves=(),    local="∇out · 180 / π")

# --- hyperbolic -------------------------------------------------------------------------------
sinh    = unary(np.sinh,    lambda g, out, x: g * np.cosh(x),        saves="x",   local="∇out · cosh x")
cosh    = unary(np.cosh,    lambda g, out, x: g * np.sinh(x),        saves="x",   local="∇out · sinh x")
tanh    = unary(np.tanh,    lambda g, out, x: g * (1 - out * out),   saves="out", local="∇out · (1 - out²)")
arcsinh = unary(np.arcsinh, lambda g, out, x: g / np.hypot(1, x),    saves="x",   local="∇out / √(1 + x²)")
arccosh = unary(np.arccosh, lambda g, out, x: g / np.sqrt((x - 1) * (x + 1)), saves="x", local="∇out / √(x² - 1)")
arctanh = unary(np.arctanh, lambda g, out, x: g / ((1 - x) * (1 + x)), saves="x", local="∇out / (1 - x²)")
# fmt: on


def _sinc_slope(x: Any) -> Any:
    """d sinc / dx = (cos πx - sinc x) / x; near 0, where that cancels, by its Taylor series."""
    near = np.absolute(x) < 0.2
    z, far = PI * np.where(near, x, 0), np.where(near, 1, x)
    series = 0.0
    for coefficient in SINC_SLOPE:
        series = series * (z * z) + coefficient
    return np.where(near, PI * z * series, (np.cos(PI * far) - np.sinc(far)) / far)


@primitive(name="sinc", elementwise=True)
def sinc(x: Any) -> Any:
    """sin(πx) / (πx), and 1 at 0, where the gradient is 0."""
    return np.sinc(x)


sinc.defvjp(lambda g, out, x: g * _sinc_slope(x), saves="x", local="∇out · (cos πx - out) / x")
implements(np.sinc)(sinc)


def _over(x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0."""
    return x / np.where((x == 0) & (y == 0), 1, y)


def _angle_share(x: Any, y: Any) -> Any:
    """x / (x² + y²), scaled first so that nothing overflows, and 0 at the origin."""
    r = np.hypot(x, y)
    return _over(_over(x, r), r)


def _sigmoid(x: Any) -> Any:
    """The logistic function, 1 / (1 + exp(-x)): 0 and 1, with gradient 0, for large numbers."""
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 that is wanted
        if getattr(x, "ndim", 0) == 0 or x.dtype.kind != "f":
            return 1 / (1 + np.exp(-x))
        out = np.negative(x)  # of large arrays the memory counts more than the arithmetic
        np.exp(out, out=out)
        out += 1
        return np.divide(1, out, out=out)


sigmoid = unary(
    _sigmoid,
    lambda g, out, x: g * (out * (1 - out)),
    saves="out",
    name="sigmoid",
    local="∇out · out (1 - out)",
)


def _lead(x: Any, y: Any) -> Any:
    """x - y, whose sigmoid is the weight of ``x`` in a sum of two exponentials.

    A tie at infinity is one of equals; -inf has no weight in any sum.
    """
    lead = x - y
    tied = (x == y) & np.isinf(x)
    return np.where(tied, np.minimum(x, 0), lead) if np.any(tied) else lead


# fmt: off
hypot      = binary(np.hypot,      lambda g, out, x, y: g * _over(x, out),
                                   lambda g, out, x, y: g * _over(y, out),
                    saves=(("out", "x"), ("out", "y")), local=("∇out · x / out", "∇out · y / out"))
arctan2    = binary(np.arctan2,    lambda g, out, x, y: g * _angle_share(y, x),
                                   lambda g, out, x, y: -g * _angle_share(x, y),
                    saves=("x", "y"), local=("∇out · y / (x² + y²)", "-∇out · x / (x² + y²)"))
logaddexp  = binary(np.logaddexp,  lambda g, out, x, y: g * sigmoid(_lead(x, y)),
                                   lambda g, out, x, y: g * sigmoid(_lead(y, x)),
                    saves=("x", "y"), local=("∇out · exp(x - out)", "∇out · exp(y - out)"))
logaddexp2 = binary(np.logaddexp2, lambda g, out, x, y: g * sigmoid(_lead(x, y) * LN2),
                                   lambda g, out, x, y: g * sigmoid(_lead(y, x) * LN2),
                    saves=("x", "y"), local=("∇out · 2^(x - out)", "∇out · 2^(y - out)"))
# fmt: on


def _softplus(x: Any) -> Any:
    """log(1 + exp x), without overflow."""
    require_real("softplus", x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.absolute(x)))


def _relu(x: Any) -> Any:
    """max(x, 0), with gradient 0 at 0."""
    return np.maximum(x, 0)


# fmt: off
softplus = unary(_softplus, lambda g, out, x: g * sigmoid(x),        saves="x",   name="softplus",
                 local="∇out · σ(x)")
relu     = unary(_relu,     lambda g, out, x: masked(g, out > 0),    saves="out", name="relu",
                 local="∇out where x > 0")
# fmt: on
