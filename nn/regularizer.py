"""Regularizers: terms to add to a loss, and a constraint to apply after a step.

A term is called on a module (or on pairs of names and parameters) and gives a number in the graph::

    loss = nn.functional.cross_entropy(model(x), y) + penalty(model)

Biases, the parameters whose name ends in "bias", are left out unless ``biases=True``: they do not
make a function more complicated.  Weight decay, the same idea inside the step, belongs to the
optimizers.
"""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np

from autograd import Tensor, increment_version

from .module import Module

__all__ = ["L1", "L2", "ElasticNet", "MaxNorm", "WeightElimination"]

Named = Module | Iterable[tuple[str, Tensor]]


def _chosen(named: Named, biases: bool) -> list[Tensor]:
    pairs: Iterable[tuple[str, Tensor]] = (
        named.named_parameters() if isinstance(named, Module) else cast("Any", named)
    )
    return [p for name, p in pairs if biases or not name.endswith("bias")]


def _require_strength(regularizer: str, **strengths: float) -> None:
    for name, strength in strengths.items():
        if not strength >= 0:
            raise ValueError(f"{regularizer}: expected {name} >= 0, got {strength}.")


class _Term:
    """Abstract: a sum over parameters."""

    def __init__(self, *, biases: bool = False) -> None:
        self.biases = biases

    def __call__(self, named: Named) -> Any:
        """The term for the parameters of a module, or for pairs of names and parameters."""
        terms = [self._of(p) for p in _chosen(named, self.biases)]
        if not terms:
            raise ValueError(
                f"{type(self).__name__}: there is no parameter to regularize (biases are left out "
                "unless biases=True)."
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def _of(self, w: Any) -> Any:
        raise NotImplementedError


class L1(_Term):
    """λ Σ |w|, which makes weights exactly 0; the gradient at 0 is 0.

    R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.

    >>> import nn, autograd as ag
    >>> nn.L1(0.5)([("w", ag.Tensor([1.0, -3.0], requires_grad=True))]).item()
    2.0
    """

    def __init__(self, strength: float, *, biases: bool = False) -> None:
        super().__init__(biases=biases)
        _require_strength("L1", strength=strength)
        self.strength = strength

    def _of(self, w: Any) -> Any:
        return self.strength * np.absolute(w).sum()


class L2(_Term):
    """λ Σ w², whose gradient is 2 λ w.

    A. Hoerl and R. Kennard, "Ridge Regression", 1970.
    """

    def __init__(self, strength: float, *, biases: bool = False) -> None:
        super().__init__(biases=biases)
        _require_strength("L2", strength=strength)
        self.strength = strength

    def _of(self, w: Any) -> Any:
        return self.strength * np.square(w).sum()


class ElasticNet(_Term):
    """λ₁ Σ |w| + λ₂ Σ w².

    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", 2005.
    """

    def __init__(self, l1: float, l2: float, *, biases: bool = False) -> None:
        super().__init__(biases=biases)
        _require_strength("ElasticNet", l1=l1, l2=l2)
        self.l1 = l1
        self.l2 = l2

    def _of(self, w: Any) -> Any:
        return self.l1 * np.absolute(w).sum() + self.l2 * np.square(w).sum()


class WeightElimination(_Term):
    """λ Σ (w / w₀)² / (1 + (w / w₀)²): small weights are decayed, large ones (≫ w₀) only counted.

    A. Weigend, D. Rumelhart and B. Huberman, "Generalization by Weight-Elimination with Application
    to Forecasting", 1991.
    """

    def __init__(self, strength: float, scale: float = 1.0, *, biases: bool = False) -> None:
        super().__init__(biases=biases)
        _require_strength("WeightElimination", strength=strength)
        if not scale > 0:
            raise ValueError(f"WeightElimination: expected scale > 0, got {scale}.")
        self.strength = strength
        self.scale = scale

    def _of(self, w: Any) -> Any:
        squares = np.square(w / self.scale)
        return self.strength * (squares / (1 + squares)).sum()


class MaxNorm:
    """‖w‖ ≤ c for the incoming weights of every unit: longer ones are shortened, in place.

    A unit is an index along ``dim`` of a weight (out, in, ...).  Call it on the module after each
    step of the optimizer.

    N. Srebro, J. Rennie and T. Jaakkola, "Maximum-Margin Matrix Factorization", 2005.

    >>> import nn, autograd as ag
    >>> w = ag.Tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    >>> nn.MaxNorm(1.0)([("weight", w)])
    >>> w.data
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """

    def __init__(self, max_norm: float, dim: int = 0, *, biases: bool = False) -> None:
        if not max_norm > 0:
            raise ValueError(f"MaxNorm: expected max_norm > 0, got {max_norm}.")
        self.max_norm = max_norm
        self.dim = dim
        self.biases = biases

    def __call__(self, named: Named) -> None:
        """Shorten the weights of a module, or of pairs of names and parameters."""
        for parameter in _chosen(named, self.biases):
            w = parameter.data
            axes = tuple(i for i in range(w.ndim) if i != self.dim % max(w.ndim, 1))
            norms = np.sqrt(np.square(w).sum(axes, keepdims=True)) if axes else np.absolute(w)
            too_long = norms > self.max_norm
            if too_long.any():
                w *= np.where(too_long, self.max_norm / np.where(too_long, norms, 1), 1)
                increment_version(parameter)
