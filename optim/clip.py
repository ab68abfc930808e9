"""Gradients cut down to size between ``backward()`` and ``step()``."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor, increment_version

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)); returns the norm before.

    The norm is that of all gradients as one vector, of any order above 0 (``math.inf``: the largest
    entry), computed without overflow.  Changes ``p.grad`` in place.  The direction is kept, which
    :func:`clip_grad_value_` does not do.

    Raises ``ValueError`` for a negative or NaN ``max_norm``, or an order not above 0, and
    ``RuntimeError`` for a norm that is NaN or infinite with ``error_if_nonfinite``; nothing is
    changed then.  Without it a NaN norm makes every gradient NaN and an infinite one makes the
    finite entries 0, as in PyTorch.

    >>> import autograd as ag
    >>> x = ag.Tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> clip_grad_norm_([x], 1.0)
    10.0
    >>> np.round(x.grad.data, 4)
    array([0.6, 0.8])

    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
    2013.
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: expected max_norm of at least 0, got {max_norm}.")
    if not norm_type > 0:
        raise ValueError(
            f"clip_grad_norm_: expected norm_type above 0 (1, 2, math.inf), got {norm_type}."
        )
    gradients = _gradients(parameters)
    norm = _norm([g.data for g in gradients], float(norm_type))
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"clip_grad_norm_: the norm of the gradients is {norm}, so no gradient was changed. "
            "autograd.detect_anomaly() finds the operation that made it."
        )
    factor = float(max_norm) / (norm + 1e-6)
    if not factor >= 1:
        with np.errstate(invalid="ignore"):  # infinity times 0
            for g in gradients:
                g.data[...] *= factor
        increment_version(*gradients)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip every entry of every gradient into [-clip_value, clip_value], in place.

    Raises ``ValueError`` for a negative or NaN ``clip_value``.

    >>> import autograd as ag
    >>> x = ag.Tensor([3.0, 0.1], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> clip_grad_value_([x], 1.0)
    >>> x.grad.data
    array([1. , 0.2])
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: expected clip_value of at least 0, got {clip_value}.")
    gradients = _gradients(parameters)
    for g in gradients:
        np.clip(g.data, -float(clip_value), float(clip_value), out=g.data)
    increment_version(*gradients)


def _gradients(parameters: Any) -> list[Tensor]:
    alone = isinstance(parameters, Tensor) or not isinstance(parameters, Iterable)
    parameters = [parameters] if alone else list(parameters)
    for p in parameters:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"clip_grad: expected tensors, got {type(p).__name__}. Give model.parameters()."
            )
    return [p.grad for p in parameters if p.grad is not None]


def _norm(arrays: list[Any], order: float) -> float:
    """(Σ |a|ᵖ)^(1/p) over all entries of all arrays."""
    arrays = [a for a in arrays if a.size]
    if order == 2:
        with np.errstate(over="ignore"):
            square = sum(float(np.vdot(a, a)) for a in arrays)
        if 1e-30 < square < 1e30:  # far from where float32 squares overflow or vanish
            return math.sqrt(square)
    largest = float(np.max([np.max(np.abs(a)) for a in arrays], initial=0.0))
    if order == math.inf or largest == 0 or not math.isfinite(largest):
        return largest
    total = sum(float(np.sum((np.abs(a).astype(np.float64) / largest) ** order)) for a in arrays)
    norm: float = largest * total ** (1 / order)
    return norm
