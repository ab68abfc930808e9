"""The primitives, one family a file.  Importing them registers NumPy's functions for tensors."""

from . import arithmetic, choosing, indexing, products, reductions, rounding, shape, transcendental

__all__ = [
    "arithmetic",
    "choosing",
    "indexing",
    "products",
    "reductions",
    "rounding",
    "shape",
    "transcendental",
]
