"""A value or a gradient as a picture shows it: the numbers of a small one, statistics of a large one.

A picture is a snapshot: what is read here is copied or summed up at once, so that neither a later
step of an optimizer changes the picture nor the picture keeps a large array alive.
"""

import math
from typing import Any

import numpy as np

from ..primitive import Spec

__all__ = ["FULL", "Quantity", "number"]

FULL = 6
"""Arrays of at most so many entries are written in full."""

KEPT = 64
"""Of arrays of at most so many entries the numbers are kept, for tooltips and the text."""


def number(x: float, digits: int = 4) -> str:
    """A number in few characters: ``-12``, ``0.9002``, ``4.54e-05``, ``nan``.

    >>> number(-12.0), number(0.90024951), number(4.5395807e-05), number(1234567.0)
    ('-12', '0.9002', '4.54e-05', '1.235e+06')
    """
    if isinstance(x, complex):
        return f"{number(x.real, digits)}{'+' if x.imag >= 0 else ''}{number(x.imag, digits)}j"
    if not math.isfinite(x):
        return str(float(x))
    if x == int(x) and abs(x) < 10**6:
        return str(int(x))
    return f"{x:.{digits}g}"


class Quantity:
    """What is known of an array: ``data`` (None of a large or freed one), shape and statistics.

    The statistics are those of the finite entries; ``rms`` is the root of their mean square.
    """

    data: Any = None
    shape: tuple[int, ...] = ()
    dtype: Any = np.dtype(np.float64)
    known = True
    nans = infs = zeros = 0
    mean = std = min = max = rms = 0.0

    def __init__(self, value: Any) -> None:
        if value.__class__ is float:  # most of the largest graphs
            self.data = value
            self._of_number(value)
            return
        self.shape = tuple(getattr(value, "shape", None) or ())
        self.dtype = getattr(value, "dtype", np.dtype(np.float64))
        self.known = not isinstance(value, Spec)
        if self.known:
            self._of_array(np.asarray(value.get() if hasattr(value, "get") else value))

    def _of_number(self, x: float) -> None:
        if math.isfinite(x):
            self.mean = self.min = self.max = x
            self.rms = abs(x)
            self.zeros = int(x == 0)
        elif math.isnan(x):
            self.nans = 1
        else:
            self.infs = 1

    def _of_array(self, array: Any) -> None:
        if array.size <= KEPT:
            self.data = array.copy()
        if array.size == 1 and array.dtype.kind != "c":
            return self._of_number(float(array.reshape(())))
        magnitude = np.abs(array) if array.dtype.kind == "c" else array
        finite = np.isfinite(magnitude)
        self.nans = int(np.isnan(magnitude).sum())
        self.infs = array.size - int(finite.sum()) - self.nans
        self.zeros = int((array == 0).sum())
        entries = magnitude[finite].astype(np.float64)
        if entries.size:
            self.mean, self.std = float(entries.mean()), float(entries.std())
            self.min, self.max = float(entries.min()), float(entries.max())
            with np.errstate(over="ignore", under="ignore"):
                self.rms = float(np.sqrt(np.mean(entries * entries)))

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    @property
    def finite(self) -> bool:
        """Whether no entry is nan or infinite, as far as is known."""
        return not (self.nans or self.infs)

    @property
    def is_number(self) -> bool:
        """Whether it is one real number whose value is known."""
        return self.data is not None and self.shape == ()

    def item(self) -> float:
        """The number of a quantity that is one."""
        return float(self.data)

    def text(self) -> str:
        """In one line: the numbers if they are few, else the shape."""
        if self.data is None or self.size > FULL:
            return f"({', '.join(map(str, self.shape))}{',' * (len(self.shape) == 1)})"
        return _entries(self.data, 3 if self.size > 1 else 4)

    def statistics(self) -> str:
        """The second line of a large array: mean ± standard deviation, and the range."""
        if not self.known or self.size <= FULL:
            return ""
        if self.min == self.max:
            return f"all {number(self.min)}" if self.finite else ""
        return (
            f"{number(self.mean, 2)} ± {number(self.std, 2)} "
            f"in [{number(self.min, 2)}, {number(self.max, 2)}]"
        )

    def told(self) -> str:
        """In a sentence: more digits, or the shape with its statistics."""
        if self.data is not None and self.size <= FULL:
            return _entries(self.data, 6)
        known = " ".join(filter(None, [self.trouble(), self.statistics()]))
        return f"{self.text()} {known if self.known else '(not kept)'}".rstrip()

    def trouble(self) -> str:
        """What is wrong with it: ``2 nan``, ``1 inf``; empty for finite numbers."""
        if self.size == 1:
            return "nan" if self.nans else "inf" if self.infs else ""
        found = [f"{self.nans} nan"] * bool(self.nans) + [f"{self.infs} inf"] * bool(self.infs)
        return ", ".join(found)


def _entries(array: Any, digits: int) -> str:
    if np.ndim(array) == 0:
        x = array if isinstance(array, float) else array.item()
        return str(x) if isinstance(x, bool) else number(x, digits)
    return f"[{', '.join([_entries(row, digits) for row in array])}]"
