"""Adam and its kin: a step along the average gradient, scaled by its average size.

In all of them m is the exponential average of the gradient, v that of its square (or of its size),
and both start at 0, which the factors 1 / (1 - βᵗ) make up for.
"""

from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]

_RANGES = {"lr": "[0, inf)", "betas": "[0, 1)", "eps": "[0, inf)", "weight_decay": "[0, inf)"}


def _averages(x: Any) -> State:
    return {"step": 0, "exp_avg": np.zeros_like(x), "exp_avg_sq": np.zeros_like(x)}


def _decayed(x: Any, g: Any, group: Group) -> Any:
    """The gradient with the weight decay λ: g + λ x, or g and x ← (1 - η λ) x where decoupled."""
    if group["weight_decay"]:
        if not group["decoupled_weight_decay"]:
            return g + group["weight_decay"] * x
        x *= 1 - group["lr"] * group["weight_decay"]
    return g


class Adam(FirstOrder):
    """Adaptive moments::

        g ← g + λ x                         x ← (1 - η λ) x with decoupled_weight_decay
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
        x ← x - η m̂ / (√v̂ + ε)

    ``betas`` is (β₁, β₂).  With ``amsgrad`` the largest v so far takes the place of v in v̂.

    Raises ``ValueError`` for a ``betas`` outside of [0, 1) or another hyper-parameter below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, -100.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()  # the first step has the length lr in every direction
    >>> np.round(x.data, 6)
    array([   0.9, -99.9])

    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015; AMSGrad: S. Reddi, S.
    Kale and S. Kumar, "On the convergence of Adam and beyond", 2018.
    """

    ranges: ClassVar = _RANGES

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The averages m and v, and the largest v for AMSGrad."""
        largest = {"max_exp_avg_sq": np.zeros_like(x)} if group["amsgrad"] else {}
        return {**_averages(x), **largest}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        beta1, beta2 = group["betas"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        state["step"] = t = state["step"] + 1
        g = _decayed(x, g, group)
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * np.square(g)
        if group["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        denominator = np.sqrt(v)
        denominator /= (1 - beta2**t) ** 0.5
        denominator += group["eps"]
        x -= group["lr"] / (1 - beta1**t) * np.divide(m, denominator, out=denominator)


class AdamW(Adam):
    """Adam with decoupled weight decay: x ← (1 - η λ) x, apart from the adaptive step.

    In Adam an L2 penalty is divided by √v̂ like the rest of the gradient, so that large weights decay
    too little; here all decay at the same rate.  Arguments as in :class:`Adam`.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.1)
    >>> (0 * x).sum().backward()
    >>> optimizer.step()
    >>> x.data
    array([ 0.99, 99.  ])

    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", 2019.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )


class Adamax(FirstOrder):
    """Adam in the infinity norm::

        g ← g + λ x
        m ← β₁ m + (1 - β₁) g
        u ← max(β₂ u, |g| + ε)
        x ← x - η / (1 - β₁ᵗ) m / u

    Raises ``ValueError`` as :class:`Adam` does.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adamax([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> np.round(x.data, 6)
    array([0.9])

    D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, section 7.1.
    """

    ranges: ClassVar = _RANGES

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The average m and the norm u."""
        return {"step": 0, "exp_avg": np.zeros_like(x), "exp_inf": np.zeros_like(x)}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        beta1, beta2 = group["betas"]
        m, u = state["exp_avg"], state["exp_inf"]
        state["step"] = t = state["step"] + 1
        if group["weight_decay"]:
            g = g + group["weight_decay"] * x
        m *= beta1
        m += (1 - beta1) * g
        u *= beta2
        np.maximum(u, np.abs(g) + group["eps"], out=u)
        x -= group["lr"] / (1 - beta1**t) * (m / u)


class NAdam(FirstOrder):
    """Adam with Nesterov's look-ahead::

        g ← g + λ x                         x ← (1 - η λ) x with decoupled_weight_decay
        μₜ = β₁ (1 - ½ · 0.96^(t ψ)),  Πₜ = μ₁ μ₂ ... μₜ
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        m̂ = μₜ₊₁ m / (1 - Πₜ₊₁) + (1 - μₜ) g / (1 - Πₜ)
        x ← x - η m̂ / (√(v / (1 - β₂ᵗ)) + ε)

    ψ is ``momentum_decay``.  Raises ``ValueError`` as :class:`Adam` does.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.item() < 1
    True

    T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """

    ranges: ClassVar = {**_RANGES, "momentum_decay": "[0, inf)"}

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The averages m and v, and the product Π of the momenta."""
        return {**_averages(x), "mu_product": 1.0}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        (beta1, beta2), psi = group["betas"], group["momentum_decay"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        state["step"] = t = state["step"] + 1
        g = _decayed(x, g, group)
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
        state["mu_product"] = product = state["mu_product"] * mu
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * np.square(g)
        denominator = np.sqrt(v)
        denominator /= (1 - beta2**t) ** 0.5
        denominator += group["eps"]
        look_ahead = mu_next / (1 - product * mu_next) * m
        look_ahead += (1 - mu) / (1 - product) * g
        x -= group["lr"] * np.divide(look_ahead, denominator, out=denominator)


class RAdam(FirstOrder):
    """Adam that steps without v until v can be trusted (rectified Adam)::

        g ← g + λ x                         x ← (1 - η λ) x with decoupled_weight_decay
        m ← β₁ m + (1 - β₁) g
        v ← β₂ v + (1 - β₂) g²
        m̂ = m / (1 - β₁ᵗ)
        ρ∞ = 2 / (1 - β₂) - 1,  ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
        ρ > 5:  r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ))
                x ← x - η r m̂ √(1 - β₂ᵗ) / (√v + ε)
        else:   x ← x - η m̂

    Raises ``ValueError`` as :class:`Adam` does.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0], requires_grad=True)
    >>> optimizer = RAdam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()  # plain gradient descent at first
    >>> np.round(x.data, 6)
    array([0.8])

    L. Liu et al., "On the variance of the adaptive learning rate and beyond", 2020.
    """

    ranges: ClassVar = _RANGES

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The averages m and v."""
        return _averages(x)

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        beta1, beta2 = group["betas"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        state["step"] = t = state["step"] + 1
        g = _decayed(x, g, group)
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * np.square(g)
        rate = group["lr"] / (1 - beta1**t)
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            rate *= ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
            rate *= (1 - beta2**t) ** 0.5
            x -= rate * (m / (np.sqrt(v) + group["eps"]))
        else:
            x -= rate * m
