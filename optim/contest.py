"""Several optimizers on one surface, from one start: what each does in a ravine or at a saddle.

:func:`race` returns the paths; drawing them is left to whoever asks.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import Tensor

from .adagrad import Adadelta, Adagrad, RMSprop
from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["CONTESTANTS", "race", "ravine", "saddle"]

CONTESTANTS: Mapping[str, Callable[[list[Tensor]], Optimizer]] = {
    "SGD": lambda params: SGD(params, lr=0.015),
    "momentum": lambda params: SGD(params, lr=0.015, momentum=0.9),
    "Nesterov": lambda params: SGD(params, lr=0.015, momentum=0.9, nesterov=True),
    "Adagrad": lambda params: Adagrad(params, lr=0.3),
    "Adadelta": lambda params: Adadelta(params, lr=1.0, eps=1e-3),
    "RMSprop": lambda params: RMSprop(params, lr=0.03, alpha=0.9),
    "Adam": lambda params: Adam(params, lr=0.1),
}
"""Optimizers with rates at which their characters show on :func:`ravine` and :func:`saddle`."""


def ravine(x: Any) -> Any:
    """x₀² / 20 + 50 x₁² / 2: steep across, almost level along; the minimum is at (0, 0)."""
    return x[0] ** 2 / 20 + 25 * x[1] ** 2


def saddle(x: Any) -> Any:
    """x₀² - x₁² + x₁⁴ / 8: level at (0, 0); the minima are at (0, ±2)."""
    return x[0] ** 2 - x[1] ** 2 + x[1] ** 4 / 8


def race(
    surface: Callable[[Any], Any],
    start: Any,
    steps: int = 100,
    contestants: Mapping[str, Callable[[list[Tensor]], Optimizer]] = CONTESTANTS,
) -> dict[str, Any]:
    """The path of each optimizer over ``surface``: arrays of shape (steps + 1, coordinates).

    ``surface`` takes a tensor of coordinates and returns a scalar; ``contestants`` maps a name to a
    function that makes the optimizer of a list of parameters.

    >>> paths = race(ravine, (-4.0, 1.0), steps=60)
    >>> plain, momentum = (abs(paths[name][-1, 0]) for name in ("SGD", "momentum"))
    >>> bool(momentum < plain)  # momentum is faster along the ravine
    True
    """
    return {name: _path(surface, start, steps, make) for name, make in contestants.items()}


def _path(surface: Callable[[Any], Any], start: Any, steps: int, make: Callable[..., Any]) -> Any:
    x = Tensor(np.asarray(start, dtype=float), requires_grad=True)
    optimizer = make([x])
    path = [x.data.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface(x).backward()
        optimizer.step()
        path.append(x.data.copy())
    return np.stack(path)
