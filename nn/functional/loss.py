"""Losses between predictions and targets of one shape, and between vectors.

``reduction`` is "mean", "sum" or "none" everywhere.  Predictions and targets must have the same
shape: a pair that would broadcast, such as (N, 1) and (N), is an error, for its mean would be over
N² differences that nobody meant.

Kinks: ``l1_loss`` has gradient 0 where prediction and target agree; the hinges have 0 at the margin.
"""

from typing import Any

import numpy as np

from autograd import primitive
from autograd.ops.transcendental import log, relu, sigmoid, softplus

from .labels import as_array, class_indices, positions
from .reduction import reduced, require_reduction

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "pairwise_distance",
    "smooth_l1_loss",
    "triplet_margin_loss",
]


def _pair(loss: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target as arrays or tensors of the same shape; whole numbers become floats."""
    target = target if hasattr(target, "dtype") else np.asarray(target)
    if target.dtype.kind in "iub":
        target = target.astype(input.dtype)
    if input.shape != target.shape:
        raise ValueError(
            f"{loss}: the input has shape {input.shape}, the target {target.shape}; expected the same. "
            "They would broadcast or differ in batch size: reshape one of them to the other's shape."
        )
    return input, target


# --- regression -------------------------------------------------------------------------------


@primitive(name="squared_error", elementwise=True)
def _squared_error(x: Any, y: Any) -> Any:
    return np.square(x - y)


_squared_error.defvjp(
    lambda g, out, x, y: g * (2 * (x - y)),
    lambda g, out, x, y: g * (2 * (y - x)),
    saves="x y",
    local=("∇out · 2(x - y)", "∇out · 2(y - x)"),
)


@primitive(name="huber", elementwise=True)
def _huber(x: Any, y: Any, *, delta: float) -> Any:
    """½ d² for |d| ≤ delta, else delta (|d| - ½ delta), with d = x - y."""
    d = np.absolute(x - y)
    inside = np.minimum(d, delta)
    return inside * (d - 0.5 * inside)


def _clipped(d: Any, delta: float) -> Any:
    return np.where(np.absolute(d) <= delta, d, delta * np.sign(d))


_huber.defvjp(
    lambda g, out, x, y, *, delta: g * _clipped(x - y, delta),
    lambda g, out, x, y, *, delta: g * _clipped(y - x, delta),
    saves="x y",
    local=("∇out · clip(x - y, ±δ)", "∇out · clip(y - x, ±δ)"),
    real=True,
)


def mse_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """(input - target)², reduced.

    Raises ``ValueError`` where the shapes differ.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([0.0, 4.0])).item()
    2.5
    """
    require_reduction("mse_loss", reduction)
    return reduced(_squared_error(*_pair("mse_loss", input, target)), reduction)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """|input - target|, reduced.  Raises ``ValueError`` where the shapes differ."""
    require_reduction("l1_loss", reduction)
    input, target = _pair("l1_loss", input, target)
    return reduced(np.absolute(input - target), reduction)


def huber_loss(input: Any, target: Any, *, reduction: str = "mean", delta: float = 1.0) -> Any:
    """½ d² where |d| ≤ delta, else delta (|d| - ½ delta), with d = input - target.

    P. Huber, "Robust Estimation of a Location Parameter", 1964.

    >>> huber_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    require_reduction("huber_loss", reduction)
    if not delta > 0:
        raise ValueError(f"huber_loss: expected delta > 0, got {delta}.")
    return reduced(_huber(*_pair("huber_loss", input, target), delta=delta), reduction)


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """½ d² / beta where |d| < beta, else |d| - ½ beta, with d = input - target; beta = 0 is L1.

    It is ``huber_loss`` with delta = beta, divided by beta.  R. Girshick, "Fast R-CNN", 2015.
    """
    require_reduction("smooth_l1_loss", reduction)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: expected beta >= 0, got {beta}.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    losses = _huber(*_pair("smooth_l1_loss", input, target), delta=beta)
    return reduced(losses / beta, reduction)


# --- probabilities ----------------------------------------------------------------------------


@primitive(name="binary_cross_entropy", elementwise=True)
def _bce(p: Any, y: Any) -> Any:
    with np.errstate(divide="ignore"):
        return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log1p(-p), -100))


_bce.defvjp(
    lambda g, out, p, y: g * (p - y) / np.maximum(p * (1 - p), 1e-12),
    lambda g, out, p, y: g * (np.maximum(np.log1p(-p), -100) - np.maximum(log(p), -100)),
    saves=(("p", "y"), ("p",)),
    local=("∇out · (p - y) / (p (1 - p))", "∇out · log((1 - p) / p)"),
)


@primitive(name="binary_cross_entropy_with_logits", elementwise=True)
def _logistic(x: Any, y: Any) -> Any:
    return softplus.forward(x) - x * y


_logistic.defvjp(
    lambda g, out, x, y: g * (sigmoid(x) - y),
    lambda g, out, x, y: g * -x,
    saves=(("x", "y"), ("x",)),
    local=("∇out · (σ(x) - y)", "-∇out · x"),
)


def _require_probabilities(loss: str, argument: str, value: Any) -> None:
    value = as_array(value)
    if value.size and not (value.min() >= 0 and value.max() <= 1):
        raise ValueError(
            f"{loss}: expected {argument} in [0, 1], got values from {value.min()} to {value.max()}."
            + (" Scores go into binary_cross_entropy_with_logits." if argument == "input" else "")
        )


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """-w (y log p + (1 - y) log(1 - p)), for probabilities p ``input`` and y ``target``.

    The logarithms are held above -100, and p (1 - p) in the gradient above 1e-12, so p = 0 or 1 gives
    large numbers instead of infinite ones.  ``weight`` broadcasts.

    Raises ``ValueError`` where the shapes differ, or p or y lies outside [0, 1].

    >>> binary_cross_entropy(np.array([0.9]), np.array([1.0])).round(4).item()
    0.1054
    """
    require_reduction("binary_cross_entropy", reduction)
    input, target = _pair("binary_cross_entropy", input, target)
    _require_probabilities("binary_cross_entropy", "target", target)
    _require_probabilities("binary_cross_entropy", "input", input)
    losses = _bce(input, target)
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Binary cross-entropy of σ(x), for scores x ``input``: log(1 + exp(x)) - x y.

    The gradient is σ(x) - y: no factor σ′, so a wrong and saturated unit learns at once.
    ``pos_weight`` multiplies the part of the positive targets; both weights broadcast.

    Raises ``ValueError`` where the shapes differ, or y lies outside [0, 1].

    >>> binary_cross_entropy_with_logits(
    ...     np.array([1e4, 0.0]), np.array([1.0, 0.5]), reduction="none"
    ... )
    array([0.        , 0.69314718])
    """
    name = "binary_cross_entropy_with_logits"
    require_reduction(name, reduction)
    input, target = _pair(name, input, target)
    _require_probabilities(name, "target", target)
    if pos_weight is None:
        losses = _logistic(input, target)
    else:
        losses = target * pos_weight * softplus(-input) + (1 - target) * softplus(input)
    return reduced(losses if weight is None else losses * weight, reduction)


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """y (log y - input), for log-probabilities ``input`` and probabilities y ``target``.

    0 where y is 0.  With ``log_target`` the target is log y.  Besides mean (over all entries), sum
    and none there is "batchmean", the sum divided by the batch size: the divergence itself.

    S. Kullback and R. Leibler, "On Information and Sufficiency", 1951.
    """
    require_reduction("kl_div", reduction, "batchmean")
    input, target = _pair("kl_div", input, target)
    if log_target:
        losses = np.exp(target) * (target - input)
    else:
        positive = as_array(target) > 0
        log_ratio = np.log(np.where(positive, target, 1)) - np.where(positive, input, 0)
        losses = np.where(positive, target, 0) * log_ratio
    if reduction == "batchmean":
        return losses.sum() / max(input.shape[0] if input.ndim else 1, 1)
    return reduced(losses, reduction)


# --- margins ----------------------------------------------------------------------------------


def _require_signs(loss: str, target: Any) -> None:
    if not np.all(np.absolute(as_array(target)) == 1):
        raise ValueError(
            f"{loss}: expected targets of 1 and -1, got others. For 0 and 1: 2 * y - 1."
        )


def hinge_loss(input: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean") -> Any:
    """max(0, margin - y x), for scores x ``input`` and y = ±1 ``target``.

    C. Cortes and V. Vapnik, "Support-vector networks", 1995.

    >>> hinge_loss(np.array([2.0, 0.5, -1.0]), np.array([1, 1, 1]), reduction="none")
    array([0. , 0.5, 2. ])
    """
    require_reduction("hinge_loss", reduction)
    input, target = _pair("hinge_loss", input, target)
    _require_signs("hinge_loss", target)
    return reduced(relu(margin - input * target), reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    *,
    reduction: str = "mean",
) -> Any:
    """Σ_{c ≠ y} max(0, margin - x_y + x_c)^p / C, times w_y: the hinge of many classes.

    ``input``: scores x (N, C), or (C) for one sample; ``target``: labels y; ``weight``: w (C);
    ``p``: 1 or 2.

    J. Weston and C. Watkins, "Support Vector Machines for Multi-Class Pattern Recognition", 1999.
    """
    require_reduction("multi_margin_loss", reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: expected p of 1 or 2, got {p}.")
    x = input[None] if input.ndim == 1 else input
    if x.ndim != 2:
        raise ValueError(f"multi_margin_loss: expected scores (N, C), got shape {input.shape}.")
    target = as_array(target)
    labels, _ = class_indices(
        "multi_margin_loss", target[None] if input.ndim == 1 else target, x.shape, -100
    )
    rows = positions(labels)
    excess = relu(margin - np.expand_dims(x[rows, labels], 1) + x)
    others = np.ones_like(as_array(x))
    others[rows, labels] = 0
    losses = ((excess if p == 1 else np.square(excess)) * others).sum(1) / x.shape[1]
    if weight is not None:
        losses = losses * as_array(weight).astype(x.dtype)[labels]
    return reduced(losses[0] if input.ndim == 1 and reduction == "none" else losses, reduction)


# --- vectors ----------------------------------------------------------------------------------


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6) -> Any:
    """‖x1 - x2 + eps‖_p along the last axis: (..., D) to (...).

    ``eps`` keeps the derivative away from the norm's kink.
    """
    return np.linalg.norm(x1 - x2 + eps, ord=p, axis=-1)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Any:
    """max(0, d(a, p) - d(a, n) + margin), with d the :func:`pairwise_distance`; all of shape (N, D).

    ``swap`` takes d(p, n) for d(a, n) where it is the smaller one.

    F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet", 2015; swap: V. Balntas et al., "Learning
    local feature descriptors with triplets and shallow convolutional neural networks", 2016.
    """
    require_reduction("triplet_margin_loss", reduction)
    anchor, positive = _pair("triplet_margin_loss", anchor, positive)
    anchor, negative = _pair("triplet_margin_loss", anchor, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = np.minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(relu(near - far + margin), reduction)


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Any:
    """1 - cos(x1, x2) where y is 1, max(0, cos(x1, x2) - margin) where it is -1.

    ``input1`` and ``input2``: (N, D), or (D) for one pair; ``target``: y (N), or a number.
    """
    require_reduction("cosine_embedding_loss", reduction)
    input1, input2 = _pair("cosine_embedding_loss", input1, input2)
    target = as_array(target)
    _require_signs("cosine_embedding_loss", target)
    if target.shape != input1.shape[:-1]:
        raise ValueError(
            f"cosine_embedding_loss: inputs of shape {input1.shape} need a target of shape "
            f"{input1.shape[:-1]}, one sign for each pair; got {target.shape}."
        )
    # The small number under each root is PyTorch's, so that the values agree.
    squares1 = (input1 * input1).sum(-1) + 1e-12
    squares2 = (input2 * input2).sum(-1) + 1e-12
    cosine = (input1 * input2).sum(-1) / np.sqrt(squares1 * squares2)
    return reduced(np.where(target == 1, 1 - cosine, relu(cosine - margin)), reduction)
