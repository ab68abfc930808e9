"""Derivatives by differences: what a gradient is compared with.

One direction at a time: t ↦ y(t) = f(x + t v), a vector, near t = 0.  The five-point formula

    y′(0) ≈ (8 (y(h) - y(-h)) - (y(2h) - y(-2h))) / 12h

is wrong by h⁴ y⁽⁵⁾(0) / 30, so in float64 a step of 1e-3 gives about twelve digits.

Reference: B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids",
1988.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["STEPS", "Slope", "kinked", "slope"]

STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
"""Tried in turn, where a larger one crosses a kink or the edge of the domain."""


class Slope(NamedTuple):
    """The derivative of each entry of a vector along one direction."""

    central: Any
    """By the five-point formula."""
    left: Any
    """From the left alone: (y(0) - y(-h)) / h."""
    right: Any
    """From the right alone: (y(h) - y(0)) / h."""
    noise: Any
    """What rounding may have made of ``central``."""

    @property
    def jump(self) -> Any:
        """How far the slope from the right is from that from the left: h y″(0) in a smooth point."""
        return np.abs(self.right - self.left)


def kinked(coarse: Slope, fine: Slope, scale: float) -> Any:
    """Where the function has a kink or no value: a jump of slope that does not shrink with the step.

    ``scale`` is the size of slope that matters.
    """
    with np.errstate(invalid="ignore"):
        stays = fine.jump > 0.1 * coarse.jump
        sides = np.abs(fine.left) + np.abs(fine.right)
        counts = fine.jump > np.maximum(1e-3 * sides, 1e-4 * scale)
        return (stays & counts & (fine.jump > 10 * fine.noise)) | ~np.isfinite(fine.jump)


def slope(y: Callable[[float], Any], step: float) -> Slope:
    """The derivative of ``y`` at 0.

    >>> slope(lambda t: np.array([np.exp(t), np.abs(t)]), 1e-3).central.round(10)
    array([1., 0.])
    """
    with np.errstate(all="ignore"):
        far_left, left, here, right, far_right = [y(k * step) for k in (-2, -1, 0, 1, 2)]
        central = (8 * (right - left) - (far_right - far_left)) / (12 * step)
        size = np.maximum(np.abs(left), np.abs(right))
        noise = 8 * np.finfo(np.float64).eps * size / step + 1e-12
        return Slope(central, (here - left) / step, (right - here) / step, noise)
