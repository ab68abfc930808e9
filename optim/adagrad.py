"""Steps scaled by the sizes of past gradients: the sum of squares, or a fading average of them."""

from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(FirstOrder):
    """Adaptive subgradients: every entry's rate falls with the gradients it has seen::

        g ← g + λ x
        s ← s + g²
        x ← x - η / (1 + (t - 1) d) · g / (√s + ε)

    d is ``lr_decay``; s starts at ``initial_accumulator_value``.

    Raises ``ValueError`` for a hyper-parameter below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.data
    array([  0.9, 99.9])

    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", 2011.
    """

    ranges: ClassVar = dict.fromkeys(
        ["lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"], "[0, inf)"
    )

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The sum s."""
        return {"step": 0, "sum": np.full_like(x, group["initial_accumulator_value"])}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        s = state["sum"]
        state["step"] = t = state["step"] + 1
        if group["weight_decay"]:
            g = g + group["weight_decay"] * x
        s += np.square(g)
        rate = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        x -= rate * (g / (np.sqrt(s) + group["eps"]))


class RMSprop(FirstOrder):
    """Adagrad that forgets: a fading average of the squared gradient in place of the sum::

        g ← g + λ x
        s ← α s + (1 - α) g²
        ĝ = g / (√s + ε)                    with centered: m ← α m + (1 - α) g, √(s - m²)
        b ← μ b + ĝ                         with momentum μ, else b is ĝ
        x ← x - η b

    Raises ``ValueError`` for ``alpha`` outside of [0, 1] or another hyper-parameter below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.01)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> np.round(x.data, 6)
    array([  0.9, 99.9])

    T. Tieleman and G. Hinton, "Neural networks for machine learning", lecture 6.5, 2012; centered:
    A. Graves, "Generating sequences with recurrent neural networks", 2013.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "alpha": "[0, 1]",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
        "momentum": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The average s; the buffer b with momentum; the average m with ``centered``."""
        state = {"square_avg": np.zeros_like(x)}
        if group["momentum"]:
            state["momentum_buffer"] = np.zeros_like(x)
        if group["centered"]:
            state["grad_avg"] = np.zeros_like(x)
        return state

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        alpha, s = group["alpha"], state["square_avg"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * x
        s *= alpha
        s += (1 - alpha) * np.square(g)
        if group["centered"]:
            m = state["grad_avg"]
            m *= alpha
            m += (1 - alpha) * g
            s = s - np.square(m)
        g = g / (np.sqrt(s) + group["eps"])
        if group["momentum"]:
            b = state["momentum_buffer"]
            b *= group["momentum"]
            b += g
            g = b
        x -= group["lr"] * g


class Adadelta(FirstOrder):
    """Adagrad that forgets, with steps in the units of x::

        g ← g + λ x
        s ← ρ s + (1 - ρ) g²
        Δ = √(u + ε) / √(s + ε) · g
        u ← ρ u + (1 - ρ) Δ²
        x ← x - η Δ

    Raises ``ValueError`` for ``rho`` outside of [0, 1] or another hyper-parameter below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([x])
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.item() < 1
    True

    M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "rho": "[0, 1]",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The averages s of g² and u of Δ²."""
        return {"square_avg": np.zeros_like(x), "acc_delta": np.zeros_like(x)}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        rho, eps = group["rho"], group["eps"]
        s, u = state["square_avg"], state["acc_delta"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * x
        s *= rho
        s += (1 - rho) * np.square(g)
        delta = np.sqrt(u + eps)
        delta /= np.sqrt(s + eps)
        delta *= g
        u *= rho
        u += (1 - rho) * np.square(delta)
        x -= group["lr"] * delta
