"""A window that slides along one axis: how often it fits, and which entries each of its taps meets.

Everything that slides (convolution, pooling, unfolding) takes its sizes from here, and the checks of
what is said about them: sizes, strides, paddings.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Axis", "Pairs", "axes_of", "check_fit", "each_axis", "pairs"]

Pairs = tuple[tuple[int, int], ...]
"""For each axis the padding before and after it."""


class Axis(NamedTuple):
    """One axis of an input of ``size`` entries, under a kernel of ``kernel`` taps.

    ``before`` and ``after`` are the numbers of padding entries at its two ends; a negative number
    crops.  Tap ``t`` of window ``q`` lies on entry ``q * stride + t * dilation - before``.
    """

    size: int
    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        """The entries from a window's first tap to its last: ``dilation * (kernel - 1) + 1``."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        """The entries with the padding."""
        return self.size + self.before + self.after

    @property
    def windows(self) -> int:
        """Their number: ``floor((padded - extent) / stride) + 1``."""
        return (self.padded - self.extent) // self.stride + 1

    def span(self, offset: int, count: int) -> tuple[slice, slice]:
        """Of positions ``q * stride + offset - before``, q < count, those inside: q's and entries.

        >>> Axis(size=5, kernel=3, stride=2, before=1, after=1).span(offset=0, count=3)
        (slice(1, 3, None), slice(1, 4, 2))
        """
        start = offset - self.before
        first = max(0, -(start // self.stride))
        end = max(first, min(count, (self.size - 1 - start) // self.stride + 1))
        source = first * self.stride + start
        stop = max(source, source + (end - first - 1) * self.stride + 1)
        return slice(first, end), slice(source, stop, self.stride)


def axes_of(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int],
) -> list[Axis]:
    """The :class:`Axis` of each axis of which these are the sizes, kernels, ..."""
    return [
        Axis(n, k, s, *p, d)
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]


def each_axis(operation: str, argument: str, value: Any, axes: int, least: int) -> tuple[int, ...]:
    """``value``, a whole number or one for each axis, as a tuple.

    Raises ``TypeError`` for anything else, ``ValueError`` for another length or a number below
    ``least``; both name the ``operation`` and the ``argument``.

    >>> each_axis("conv2d", "stride", 2, axes=2, least=1)
    (2, 2)
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) == axes and {*map(type, values)} == {int} and min(values) >= least:
        return values  # as nearly always, and every call of a layer asks
    for number in values:
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise TypeError(
                f"{operation}: {argument} must be a whole number or a tuple of {axes}, "
                f"got {value!r}. Give {argument}={least}, for example."
            )
    if len(values) == 1:
        values *= axes
    if len(values) != axes:
        raise ValueError(
            f"{operation}: {argument} must have one entry for each of the {axes} axes, got "
            f"{value!r}. Give one number for all, or {axes}."
        )
    if any(number < least for number in values):
        raise ValueError(
            f"{operation}: {argument} must be at least {least}, got {value!r}. "
            f"Give {argument}={least} or more."
        )
    return tuple([int(number) for number in values])


def pairs(operation: str, value: Any, axes: int) -> Pairs:
    """A padding: a number for all axes, one for each, or a pair (before, after) for each.

    >>> pairs("conv2d", (1, (0, 2)), axes=2)
    ((1, 1), (0, 2))
    """
    if isinstance(value, (tuple, list)) and not {tuple, list}.isdisjoint(map(type, value)):
        if len(value) != axes:
            raise ValueError(
                f"{operation}: padding must have one entry for each of the {axes} axes, got "
                f"{value!r}. Give a pair (before, after) for each axis."
            )
        found = [each_axis(operation, "padding", p, 2, 0) for p in value]
    else:
        found = [(p, p) for p in each_axis(operation, "padding", value, axes, 0)]
    return tuple([(before, after) for before, after in found])


def check_fit(operation: str, axes: Sequence[Axis]) -> None:
    """Raise ``ValueError`` unless every axis has room for at least one window."""
    if all(axis.extent <= axis.padded for axis in axes):
        return
    kernel = tuple(axis.kernel for axis in axes)
    extent = tuple(axis.extent for axis in axes)
    padded = tuple(axis.padded for axis in axes)
    dilated = "" if kernel == extent else f", {extent} with its dilation,"
    missing = max(axis.extent - axis.padded for axis in axes)
    raise ValueError(
        f"{operation}: the kernel {kernel}{dilated} does not fit the padded input {padded}. "
        f"Use padding >= {max(axis.before for axis in axes) + -(-missing // 2)}, or a smaller "
        f"{'dilation or ' if dilated else ''}kernel_size."
    )
