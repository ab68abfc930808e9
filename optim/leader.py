"""Follow the regularized leader: x is the best answer to all gradients so far, not a step from x.

Both methods keep the sum of the gradients and solve for x in closed form, with an L1 penalty that
counts once per step.  That gives exact zeros, where a step along a subgradient only wanders about 0.
"""

from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State
from .proximal import soft_threshold

__all__ = ["AdagradDA", "Ftrl"]


class AdagradDA(FirstOrder):
    """Adagrad with dual averaging, for sparse linear models::

        z ← z + g
        s ← s + g²
        x = -η sign(z) max(|z| - λ₁ t, 0) / (√s + η λ₂ t)

    s starts at ``initial_gradient_squared_accumulator_value``.  The start of x counts for nothing
    after the first step: for a deep network it is no replacement of :class:`Adagrad`.

    Raises ``ValueError`` for a hyper-parameter below 0, or an accumulator that starts at 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = AdagradDA([x], lr=0.1, l1_regularization_strength=1.0)
    >>> (x * [-3.0, 0.5]).sum().backward()
    >>> optimizer.step()
    >>> np.round(x.data, 4)
    array([0.0663, 0.    ])

    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", 2011, equation (3); L. Xiao, "Dual averaging methods for regularized
    stochastic learning and online optimization", 2010.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "initial_gradient_squared_accumulator_value": "(0, inf)",
        "l1_regularization_strength": "[0, inf)",
        "l2_regularization_strength": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            initial_gradient_squared_accumulator_value=initial_gradient_squared_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The sums z of gradients and s of their squares."""
        start = group["initial_gradient_squared_accumulator_value"]
        return {
            "step": 0,
            "gradient_accumulator": np.zeros_like(x),
            "gradient_squared_accumulator": np.full_like(x, start),
        }

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        lr = group["lr"]
        z, s = state["gradient_accumulator"], state["gradient_squared_accumulator"]
        state["step"] = t = state["step"] + 1
        z += g
        s += np.square(g)
        x[...] = soft_threshold(-z, t * group["l1_regularization_strength"])
        x *= lr
        x /= np.sqrt(s) + lr * t * group["l2_regularization_strength"]


class Ftrl(FirstOrder):
    """FTRL-proximal, for sparse models learned online::

        s' = s + g²
        z ← z + g + 2 λs x - (s'^-p - s^-p) / η · x
        s ← s'
        x = (sign(z) λ₁ - z) / (s^-p / η + 2 λ₂)    where |z| > λ₁, else 0

    p is ``learning_rate_power`` (at most 0), λ₁ and λ₂ are ``l1_`` and
    ``l2_regularization_strength``, λs is ``l2_shrinkage_regularization_strength``, which unlike λ₂
    acts only where there is a gradient.  s starts at ``initial_accumulator_value``.

    Raises ``ValueError`` for ``lr`` or ``initial_accumulator_value`` not above 0,
    ``learning_rate_power`` above 0, and a strength below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([0.0, 0.0], requires_grad=True)
    >>> optimizer = Ftrl([x], lr=0.1, l1_regularization_strength=1.0)
    >>> (x * [-3.0, 0.5]).sum().backward()
    >>> optimizer.step()
    >>> np.round(x.data, 4)
    array([0.0663, 0.    ])

    H. B. McMahan et al., "Ad click prediction: a view from the trenches", 2013, algorithm 1.
    """

    ranges: ClassVar = {
        "lr": "(0, inf)",
        "learning_rate_power": "(-inf, 0]",
        "initial_accumulator_value": "(0, inf)",
        "l1_regularization_strength": "[0, inf)",
        "l2_regularization_strength": "[0, inf)",
        "l2_shrinkage_regularization_strength": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            learning_rate_power=learning_rate_power,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The sums s of squared gradients and z of adjusted gradients."""
        return {
            "accumulator": np.full_like(x, group["initial_accumulator_value"]),
            "linear": np.zeros_like(x),
        }

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        lr, power = group["lr"], -group["learning_rate_power"]
        l1, l2 = group["l1_regularization_strength"], group["l2_regularization_strength"]
        s, z = state["accumulator"], state["linear"]
        before = s**power
        s += np.square(g)
        after = s**power
        z += g
        if group["l2_shrinkage_regularization_strength"]:
            z += 2 * group["l2_shrinkage_regularization_strength"] * x
        z -= (after - before) / lr * x
        x[...] = soft_threshold(-z, l1)
        x /= after / lr + 2 * l2
