"""Sizes that a constructor is given."""

from operator import index

__all__ = ["require_positive"]


def require_positive(layer: str, **sizes: int) -> None:
    """Raise ``ValueError`` for a size below 1, ``TypeError`` for one that is not an integer."""
    for name, size in sizes.items():
        try:
            number = index(size)
        except TypeError:
            raise TypeError(f"{layer}: expected an integer {name}, got {size!r}.") from None
        if number < 1:
            raise ValueError(f"{layer}: expected {name} of at least 1, got {size}.")
