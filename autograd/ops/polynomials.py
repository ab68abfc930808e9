"""Sequences as coefficients: ``convolve``, ``correlate``, ``polyval``, and ``unwrap``.

A convolution multiplies two polynomials; its gradient is a convolution with the other one reversed.
"""

from typing import Any

import numpy as np

from ..primitive import implements, primitive
from .arithmetic import conjugated

__all__ = ["convolve", "correlate", "polyval", "unwrap"]


@primitive(name="convolve")
def _convolve(x: Any, y: Any) -> Any:
    return np.convolve(x, y)


def _unconvolve(g: Any, y: Any, x: Any) -> Any:
    """The entries of ``g`` weighed with ``y`` as they were with those of ``x``."""
    before = y.shape[0] - 1
    return _convolve(g, y[::-1])[before : before + x.shape[0]]


_convolve.defvjp(
    lambda g, out, x, y: _unconvolve(g, y, x),
    lambda g, out, x, y: _unconvolve(g, x, y),
    saves=(("y",), ("x",)),
    local=("∇out ⋆ y", "∇out ⋆ x"),
)


def _cut(full: Any, n: int, m: int, mode: str, name: str) -> Any:
    """The part of a full convolution of ``n`` and ``m`` entries that ``mode`` asks for."""
    longer, shorter = max(n, m), min(n, m)
    # Where the middle is half an entry off, NumPy takes it from the end of the longer one.
    before = shorter // 2 if name == "correlate" and n < m else (shorter - 1) // 2
    if mode == "full":
        return full
    if mode == "same":
        return full[before : before + longer]
    if mode == "valid":
        return full[shorter - 1 : longer]
    raise ValueError(f"{name}: expected mode 'full', 'same' or 'valid', got {mode!r}.")


def _lines(a: Any, v: Any, name: str) -> tuple[Any, Any]:
    a, v = (np.atleast_1d(x) for x in (a, v))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(
            f"{name}: expected two arrays of one axis that are not empty, got {a.shape} and {v.shape}."
        )
    return a, v


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Σ_i a_i v_{k-i}: the coefficients of the product of two polynomials."""
    a, v = _lines(a, v, "convolve")
    return _cut(_convolve(a, v), len(a), len(v), mode, "convolve")


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Σ_i a_{i+k} v̄_i."""
    a, v = _lines(a, v, "correlate")
    return _cut(_convolve(a, conjugated(v[::-1])), len(a), len(v), mode, "correlate")


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The polynomial with coefficients ``p``, highest power first, at ``x`` (W. G. Horner, 1819)."""
    out = np.zeros_like(x)
    for coefficient in p:
        out = out * x + coefficient
    return out


@primitive(name="unwrap")
def _unwrap(x: Any, **options: Any) -> Any:
    return np.unwrap(x, **options)


# Whole periods are added: steps, whose gradient is 0.
_unwrap.defvjp(lambda g, out, x, **options: g, saves=(), local="∇out")


@implements(np.unwrap)
def unwrap(
    p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * 3.141592653589793
) -> Any:
    """Angles without their jumps of whole periods along ``axis``."""
    return _unwrap(p, discont=discont, axis=axis, period=period)
