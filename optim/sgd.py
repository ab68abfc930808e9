"""Gradient descent, with momentum and Nesterov's look-ahead."""

from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State

__all__ = ["SGD"]


class SGD(FirstOrder):
    """Gradient descent; stochastic if the gradient is that of a mini-batch.

    With the momentum μ, the dampening d and the weight decay λ::

        g ← g + λ x
        v ← g                      in the first step
        v ← μ v + (1 - d) g        later
        x ← x - η v                x ← x - η (g + μ v)   with nesterov

    Without momentum v is g.  ``maximize`` climbs instead.  A schedule that changes η scales the
    whole velocity, as in PyTorch; texts that write v ← μ v - η g differ while η changes, and agree
    otherwise.

    Raises ``ValueError`` for a negative ``lr``, ``momentum`` or ``weight_decay``, and for
    ``nesterov`` with no momentum or with dampening.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 10.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> x.data
    array([0.46, 4.6 ])

    H. Robbins and S. Monro, "A stochastic approximation method", 1951; B. Polyak, "Some methods of
    speeding up the convergence of iteration methods", 1964; Y. Nesterov, "A method of solving a
    convex programming problem with convergence rate O(1/k²)", 1983, in the form of I. Sutskever et
    al., "On the importance of initialization and momentum in deep learning", 2013.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "momentum": "[0, inf)",
        "dampening": "(-inf, inf)",
        "weight_decay": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def check(self, group: Group) -> None:
        """Refuse Nesterov's look-ahead where there is no velocity to look along."""
        super().check(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum > 0 and dampening 0, got {group['momentum']} and "
                f"{group['dampening']}."
            )

    def initial_state(self, x: Any, group: Group) -> State:
        """The velocity, where there is momentum."""
        return {"step": 0, "momentum_buffer": np.zeros_like(x)} if group["momentum"] else {}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        lr, mu, d = group["lr"], group["momentum"], group["dampening"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * x
        if mu:
            v = state["momentum_buffer"]
            if state["step"] == 0:
                v[...] = g
            else:
                v *= mu
                v += (1 - d) * g if d else g
            state["step"] += 1
            g = g + mu * v if group["nesterov"] else v
        x -= lr * g
