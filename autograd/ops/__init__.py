"""The primitives, one family a file.  Importing them registers NumPy's functions for tensors."""

from . import (
    arithmetic,
    choosing,
    cumulative,
    diagonals,
    indexing,
    joining,
    missing,
    ordering,
    padding,
    products,
    reductions,
    repeating,
    rounding,
    shape,
    softmax,
    transcendental,
)

__all__ = [
    "arithmetic",
    "choosing",
    "cumulative",
    "diagonals",
    "indexing",
    "joining",
    "missing",
    "ordering",
    "padding",
    "products",
    "reductions",
    "repeating",
    "rounding",
    "shape",
    "softmax",
    "transcendental",
]
