"""Losses: how far predictions are from what they should be."""

from typing import Any

import numpy as np

from autograd import Tensor

from .reduction import reduced, require_reduction
from .softmax import negative_log_likelihood

__all__ = ["cross_entropy"]


def cross_entropy(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """-log softmax(input)[target], for logits ``input`` (N, C) and class indices ``target`` (N)."""
    require_reduction("cross_entropy", reduction)
    labels = target.data if isinstance(target, Tensor) else np.asarray(target)
    return reduced(negative_log_likelihood(input, labels=labels, weights=None), reduction)
