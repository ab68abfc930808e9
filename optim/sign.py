"""Methods that look at the sign of the gradient, not at its size."""

from typing import Any, ClassVar

import numpy as np

from .first_order import FirstOrder
from .optimizer import Group, Parameters, State

__all__ = ["Lion", "Rprop"]


class Rprop(FirstOrder):
    """Resilient backpropagation: a step length for every entry, grown while its sign lasts::

        g · g_before > 0:  Δ ← min(η⁺ Δ, Δmax)
        g · g_before < 0:  Δ ← max(η⁻ Δ, Δmin),  g ← 0
        x ← x - sign(g) Δ

    ``etas`` is (η⁻, η⁺), ``step_sizes`` is (Δmin, Δmax), and Δ starts at ``lr``.  For whole batches:
    with mini-batches the signs are too noisy.

    Raises ``ValueError`` unless 0 < η⁻ < 1 < η⁺ and 0 <= Δmin <= Δmax.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Rprop([x], lr=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> np.round(x.data, 6)
    array([  0.78, 99.78])

    M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm", 1993.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "etas": "(0, inf)",
        "step_sizes": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, etas=tuple(etas), step_sizes=tuple(step_sizes), maximize=maximize
        )

    def check(self, group: Group) -> None:
        """Refuse factors on the wrong side of 1 and bounds in the wrong order."""
        super().check(group)
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]
        if not shrink < 1 < grow:
            raise ValueError(f"Rprop: expected etas (below 1, above 1), got {group['etas']}.")
        if smallest > largest:
            raise ValueError(
                f"Rprop: expected step_sizes (smallest, largest), got {group['step_sizes']}."
            )

    def initial_state(self, x: Any, group: Group) -> State:
        """The gradient before, and the step lengths Δ."""
        return {"prev": np.zeros_like(x), "step_size": np.full_like(x, group["lr"])}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        shrink, grow = group["etas"]
        before, delta = state["prev"], state["step_size"]
        turn = np.sign(g) * np.sign(before)  # the product of the gradients might underflow
        delta *= np.where(turn > 0, grow, np.where(turn < 0, shrink, 1)).astype(x.dtype)
        np.clip(delta, *group["step_sizes"], out=delta)
        before[...] = g
        before[turn < 0] = 0
        x -= np.sign(before) * delta


class Lion(FirstOrder):
    """The sign of a look-ahead at the average gradient::

        x ← (1 - η λ) x
        x ← x - η sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g

    Every step has the same length, so ``lr`` is about a tenth of Adam's.

    Raises ``ValueError`` for ``betas`` outside of [0, 1) or another hyper-parameter below 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 100.0], requires_grad=True)
    >>> optimizer = Lion([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.data
    array([  0.9, 99.9])

    X. Chen et al., "Symbolic discovery of optimization algorithms", 2023.
    """

    ranges: ClassVar = {
        "lr": "[0, inf)",
        "betas": "[0, 1)",
        "weight_decay": "[0, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, betas=tuple(betas), weight_decay=weight_decay, maximize=maximize
        )

    def initial_state(self, x: Any, group: Group) -> State:
        """The average m."""
        return {"exp_avg": np.zeros_like(x)}

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """One step."""
        lr, (beta1, beta2), m = group["lr"], group["betas"], state["exp_avg"]
        if group["weight_decay"]:
            x *= 1 - lr * group["weight_decay"]
        x -= lr * np.sign(beta1 * m + (1 - beta1) * g)
        m *= beta2
        m += (1 - beta2) * g
