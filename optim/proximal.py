"""Proximal gradient descent: a step down the smooth part of a loss, then the rest solved exactly.

For a loss f(x) + h(x), where h has a kink or forbids part of the space, a step is

    x ← prox(x - η ∇f(x), η),    prox(y, η) = argmin_x h(x) + |x - y|² / (2 η)

A proximal operator here is a callable ``operator(y, step)`` that returns the new array; ``step`` is
η, a number or (Adagrad) an array of one rate for every entry.

N. Parikh and S. Boyd, "Proximal algorithms", 2014, is the source of the operators.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State

__all__ = [
    "L1",
    "L2",
    "Box",
    "ElasticNet",
    "GroupLasso",
    "ProximalAdagrad",
    "ProximalSGD",
    "Simplex",
    "soft_threshold",
]

Operator = Callable[[Any, Any], Any]


def soft_threshold(y: Any, threshold: Any) -> Any:
    """sign(y) max(|y| - threshold, 0): everything moves towards 0, and the small becomes 0.

    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
    array([ 2.,  0., -1.])
    """
    return y - np.clip(y, -threshold, threshold)


@dataclass(frozen=True)
class L1:
    """h(x) = λ Σ |x|: the soft threshold at η λ.

    >>> L1(1.0)(np.array([3.0, -0.5]), 0.5)
    array([2.5, 0. ])
    """

    strength: float

    def __call__(self, y: Any, step: Any) -> Any:
        """The minimum of λ Σ |x| + |x - y|² / (2 step)."""
        return soft_threshold(y, step * self.strength)


@dataclass(frozen=True)
class L2:
    """h(x) = λ/2 Σ x²: division by 1 + η λ.

    >>> L2(1.0)(np.array([3.0, -0.5]), 1.0)
    array([ 1.5 , -0.25])
    """

    strength: float

    def __call__(self, y: Any, step: Any) -> Any:
        """The minimum of λ/2 Σ x² + |x - y|² / (2 step)."""
        return y / (1 + step * self.strength)


@dataclass(frozen=True)
class ElasticNet:
    """h(x) = λ₁ Σ |x| + λ₂/2 Σ x²: the soft threshold, then the division.

    >>> ElasticNet(1.0, 1.0)(np.array([3.0, -0.5]), 1.0)
    array([1., 0.])
    """

    l1: float
    l2: float

    def __call__(self, y: Any, step: Any) -> Any:
        """The minimum of λ₁ Σ |x| + λ₂/2 Σ x² + |x - y|² / (2 step)."""
        return soft_threshold(y, step * self.l1) / (1 + step * self.l2)


@dataclass(frozen=True)
class GroupLasso:
    """h(x) = λ Σ |x_group|₂: a group is shortened as a whole, or becomes 0 as a whole.

    The entries along ``axis`` make a group: with ``axis=0``, the columns of a matrix.  For a weight
    of shape (out_features, in_features) that switches off whole inputs.  The rate has to be one
    number, so this operator is not for :class:`ProximalAdagrad`.

    >>> GroupLasso(1.0)(np.array([[3.0, 0.1], [4.0, 0.1]]), 1.0)
    array([[2.4, 0. ],
           [3.2, 0. ]])
    """

    strength: float
    axis: int | tuple[int, ...] = 0

    def __call__(self, y: Any, step: Any) -> Any:
        """The minimum of λ Σ |x_group|₂ + |x - y|² / (2 step)."""
        _require_one_rate("GroupLasso", step)
        norm = np.sqrt(np.sum(np.square(y), axis=self.axis, keepdims=True))
        threshold = step * self.strength
        kept = norm > threshold
        return y * np.where(kept, 1 - threshold / np.where(kept, norm, 1), 0).astype(y.dtype)


@dataclass(frozen=True)
class Box:
    """h(x) = 0 inside [low, high], infinite outside: clipping.

    >>> Box(0.0, 1.0)(np.array([3.0, 0.5, -1.0]), 0.1)
    array([1. , 0.5, 0. ])
    """

    low: float
    high: float

    def __call__(self, y: Any, step: Any) -> Any:
        """The nearest point of the box."""
        return np.clip(y, self.low, self.high)


@dataclass(frozen=True)
class Simplex:
    """h(x) = 0 where x >= 0 and Σ x = ``total`` along ``axis``, infinite elsewhere.

    For weights that are probabilities.  Like :class:`GroupLasso` it needs one rate for all entries.

    >>> Simplex()(np.array([0.9, 0.5, -1.0]), 0.1)
    array([0.7, 0.3, 0. ])

    J. Duchi et al., "Efficient projections onto the l1-ball for learning in high dimensions", 2008.
    """

    total: float = 1.0
    axis: int = -1

    def __call__(self, y: Any, step: Any) -> Any:
        """The nearest point of the simplex: max(y - θ, 0) with θ such that the sum is right."""
        _require_one_rate("Simplex", step)
        falling = -np.sort(-y, axis=self.axis)
        count = np.expand_dims(np.arange(1, y.shape[self.axis] + 1, dtype=y.dtype), -1)
        count = np.moveaxis(count.reshape(-1, *[1] * (y.ndim - 1)), 0, self.axis)
        theta = (np.cumsum(falling, axis=self.axis) - self.total) / count
        last = np.sum(falling > theta, axis=self.axis, keepdims=True) - 1
        return np.maximum(y - np.take_along_axis(theta, last, axis=self.axis), 0)


def _require_one_rate(operator: str, step: Any) -> None:
    if np.ndim(step):
        raise ValueError(
            f"{operator}: expected one rate for the whole parameter, got one for each entry, which has "
            "no closed form. Use ProximalSGD."
        )


_RANGES = {
    "lr": "(0, inf)",
    "l1_regularization_strength": "[0, inf)",
    "l2_regularization_strength": "[0, inf)",
}


class _Proximal(FirstOrder):
    """What the two have in common: the choice of the operator."""

    # Group lasso and simplex look at a parameter as a whole.
    elementwise = False

    def check(self, group: Group) -> None:
        """Refuse a ``prox`` that can't be called, or that would hide the two strengths."""
        super().check(group)
        prox = group["prox"]
        if prox is not None and not callable(prox):
            raise TypeError(
                f"{self._name}: expected an operator such as optim.proximal.L1(0.01) for prox, got "
                f"{prox!r}."
            )
        if prox is not None and (
            group["l1_regularization_strength"] or group["l2_regularization_strength"]
        ):
            raise ValueError(
                f"{self._name}: prox and the regularization strengths exclude each other. "
                "Use prox=optim.proximal.ElasticNet(l1, l2) or the strengths."
            )

    def prox(self, y: Any, step: Any, group: Group) -> Any:
        """The operator of ``group`` at ``y``."""
        operator: Operator = group["prox"] or ElasticNet(
            group["l1_regularization_strength"], group["l2_regularization_strength"]
        )
        return operator(y, step)


class ProximalSGD(_Proximal):
    """Proximal gradient descent (forward-backward splitting, ISTA)::

        x ← prox(x - η g, η)

    With the two strengths h(x) = λ₁ Σ |x| + λ₂/2 Σ x²; ``prox`` takes any other operator of this
    module (or a function of your own).

    Raises ``ValueError`` for ``lr`` not above 0, a strength below 0, or both ways at once.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 0.05], requires_grad=True)
    >>> optimizer = ProximalSGD([x], lr=0.1, l1_regularization_strength=1.0)
    >>> (0 * x).sum().backward()
    >>> optimizer.step()
    >>> x.data
    array([0.9, 0. ])

    J. Duchi and Y. Singer, "Efficient online and batch learning using forward backward splitting",
    2009; A. Beck and M. Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009.
    """

    ranges: ClassVar = _RANGES

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        *,
        prox: Operator | None = None,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            prox=prox,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """Nothing."""
        return {}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        lr = group["lr"]
        x[...] = self.prox(x - lr * g, lr, group)


class ProximalAdagrad(_Proximal):
    """The proximal step with Adagrad's rate for every entry::

        s ← s + g²
        η = lr / √s
        x ← prox(x - η g, η)

    s starts at ``initial_accumulator_value``; strengths and ``prox`` as in :class:`ProximalSGD`,
    but the operator has to work entry by entry (L1, L2, elastic net, box).

    Raises ``ValueError`` for ``lr`` or ``initial_accumulator_value`` not above 0, a strength below
    0, or both ways at once.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 0.05], requires_grad=True)
    >>> optimizer = ProximalAdagrad([x], lr=0.1, l1_regularization_strength=1.0)
    >>> (0 * x).sum().backward()
    >>> optimizer.step()
    >>> np.round(x.data, 4)
    array([0.6838, 0.    ])

    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", 2011, equation (4).
    """

    ranges: ClassVar = {**_RANGES, "initial_accumulator_value": "(0, inf)"}

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        *,
        prox: Operator | None = None,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            prox=prox,
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The sum s."""
        return {"accumulator": np.full_like(x, group["initial_accumulator_value"])}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        s = state["accumulator"]
        s += np.square(g)
        rate = group["lr"] / np.sqrt(s)
        x[...] = self.prox(x - rate * g, rate, group)
