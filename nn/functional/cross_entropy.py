"""Cross-entropy: the losses of classifiers.

With p the softmax of the scores and y the wanted probabilities, the gradient is p - y: each rule
below is that line.  -inf scores (a mask) are right as long as no label asks for one of them.
"""

from typing import Any

import numpy as np

from autograd import primitive
from autograd.ops.softmax import log_softmax, softmax

from .kept import Kept
from .labels import as_array, class_indices, positions
from .reduction import reduced, require_reduction

__all__ = ["cross_entropy", "nll_loss"]


class _Reduction:
    """How the losses of a batch become one, and the exponentials: half the work of both passes."""

    __slots__ = ("kept", "name", "scale")

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.scale = 1 / max(count, 1) if name == "mean" else 1.0
        self.kept = Kept()

    def __repr__(self) -> str:
        return self.name


def _exponentials(x: Any) -> tuple[Any, Any, Any]:
    """x less the largest entry of its row, the exponentials of that, and their sums."""
    low = x - x.max(1, keepdims=True)
    e = np.exp(low)
    return low, e, e.sum(1, keepdims=True)


@primitive(name="softmax_minus_one_hot")
def _residual(x: Any, *, labels: Any) -> Any:
    _, p, total = _exponentials(x)
    p /= total
    p[positions(labels), labels] -= 1
    return p


def _residual_rule(g: Any, out: Any, x: Any, *, labels: Any) -> Any:
    p = softmax(x, 1)
    share = g * p
    return share - p * share.sum(1, keepdims=True)


_residual.defvjp(_residual_rule, saves="x", local="p · (∇out - Σ ∇out · p)")


@primitive(name="cross_entropy")
def _to_label(x: Any, *, labels: Any, reduction: _Reduction) -> Any:
    """-log softmax(x_n)[labels_n] for scores x (N, C): (N), or the mean or sum of them."""
    rows = positions(labels)
    with np.errstate(invalid="ignore", divide="ignore"):  # a row of -inf is nan
        low, e, total = _exponentials(x)
        reduction.kept.keep(x, rows, e, total)
        losses = np.log(total[:, 0])
        losses -= low[rows, labels]
        return losses if reduction.name == "none" else losses.sum() * reduction.scale


def _to_label_rule(g: Any, out: Any, x: Any, *, labels: Any, reduction: _Reduction) -> Any:
    share = np.expand_dims(g, 1) if reduction.name == "none" else g * reduction.scale
    kept = reduction.kept.take(x)
    if kept is None:
        return share * _residual(x, labels=labels)
    rows, p, total = kept
    p /= total
    p[rows, labels] -= 1
    return share * p


_to_label.defvjp(_to_label_rule, saves="x", local="∇out · (softmax(x) - one-hot)")


def _weighted(y: Any, values: Any) -> Any:
    """y · values, and 0 where y is 0 though the value is infinite."""
    return np.where(y == 0, 0, y * np.where(y == 0, 0, values))


@primitive(name="cross_entropy")
def _to_distribution(x: Any, y: Any) -> Any:
    """-Σ_c y_nc log softmax(x_n)_c for scores x and non-negative y (N, C)."""
    return -_weighted(y, log_softmax(x, 1)).sum(1)


_to_distribution.defvjp(
    lambda g, out, x, y: np.expand_dims(g, 1) * (softmax(x, 1) * y.sum(1, keepdims=True) - y),
    lambda g, out, x, y: np.expand_dims(g, 1) * -log_softmax(x, 1),
    saves=(("x", "y"), ("x",)),
    local=("∇out · (softmax(x) Σy - y)", "-∇out · log softmax(x)"),
)


@primitive(name="nll_loss")
def _at_label(x: Any, *, labels: Any) -> Any:
    return -x[positions(labels), labels]


@primitive(name="one_hot_rows")
def _rows(g: Any, *, labels: Any, classes: int) -> Any:
    """g_n in the column labels_n of row n, else 0: the adjoint of taking that column."""
    out = np.zeros_like(g, shape=(len(labels), classes))
    out[positions(labels), labels] = g
    return out


_at_label.defvjp(
    lambda g, out, x, *, labels: -_rows(g, labels=labels, classes=x.shape[1]),
    saves=(),
    local="-∇out at the label",
)
_rows.defvjp(
    lambda c, out, g, *, labels, classes: -_at_label(c, labels=labels),
    saves=(),
    local="∇out at the label",
)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-Σ_c w_c y_nc log softmax(input_n)_c for each sample n, then reduced.

    ``input``: scores (logits) of shape (N, C) or (N, C, d1, ...), or (C) for one sample.
    ``target``: class indices, of that shape without C, or the probabilities y, of that shape itself.
    ``weight``: w (C), one number a class.  ``ignore_index``: samples with this label count for
    nothing; where all do, the loss is 0.  ``label_smoothing`` ε replaces y by (1 - ε) y + ε / C.
    ``reduction``: "none", "sum", or "mean", which with class indices divides by Σ_n w of the labels.

    Raises ``ValueError`` for shapes that do not fit, a smoothing outside [0, 1], an unknown
    reduction; ``IndexError`` for a label that is not below C; ``TypeError`` for labels that are
    neither integers nor probabilities.

    >>> import autograd as ag
    >>> cross_entropy(ag.Tensor([[3.0, 1.0, -3.0]]), np.array([0])).item()  # -log 0.8789
    0.129108...
    """
    require_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"cross_entropy: expected a label_smoothing in [0, 1], got {label_smoothing}."
        )
    x = input
    if x.ndim != 2:
        x, target = _samples_first("cross_entropy", x, target)
    target = target if hasattr(target, "dtype") else np.asarray(target)
    if weight is not None:
        weight = _class_weights("cross_entropy", weight, x)
    if target.dtype.kind == "f" and target.shape == x.shape:
        losses = _to_distribution(x, _smoothed(target, weight, label_smoothing))
        return _arranged(losses, input, reduction)
    labels, counts = class_indices("cross_entropy", target, x.shape, ignore_index)
    if label_smoothing:
        one_hot = np.zeros_like(as_array(x))
        one_hot[positions(labels), labels] = 1
        losses = _to_distribution(x, _smoothed(one_hot, weight, label_smoothing))
        return _averaged(losses, weight, labels, counts, input, reduction, weighted=True)
    if weight is None and counts is None:
        losses = _to_label(x, labels=labels, reduction=_Reduction(reduction, len(labels)))
        return losses if reduction != "none" else _arranged(losses, input, reduction)
    losses = _to_label(x, labels=labels, reduction=_Reduction("none", len(labels)))
    return _averaged(losses, weight, labels, counts, input, reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """-w_y input[y]: the negative log-likelihood of the labels, for log-probabilities ``input``.

    Shapes, ``weight``, ``ignore_index``, ``reduction`` and errors are those of
    :func:`cross_entropy` with class indices.

    >>> log_p = np.log(np.array([[0.01, 0.99], [0.9, 0.1]]))
    >>> nll_loss(log_p, np.array([0, 0]), reduction="none").round(4)
    array([4.6052, 0.1054])
    """
    require_reduction("nll_loss", reduction)
    x = input
    if x.ndim != 2:
        x, target = _samples_first("nll_loss", x, target)
    if weight is not None:
        weight = _class_weights("nll_loss", weight, x)
    labels, counts = class_indices("nll_loss", target, x.shape, ignore_index)
    return _averaged(_at_label(x, labels=labels), weight, labels, counts, input, reduction)


def _samples_first(caller: str, x: Any, target: Any) -> tuple[Any, Any]:
    """(N, C, d1, ...) as (N · d1 · ..., C), and one sample (C) as a batch of one."""
    target = target if hasattr(target, "dtype") else np.asarray(target)
    if x.ndim == 0:
        raise ValueError(f"{caller}: expected an input of shape (N, C), got a single number.")
    if x.ndim == 1:
        return x[None], target[None]
    if target.shape not in (x.shape, x.shape[:1] + x.shape[2:]):
        raise ValueError(
            f"{caller}: an input of shape {x.shape} needs a target of class indices of shape "
            f"{x.shape[:1] + x.shape[2:]}, or of probabilities of its own, got {target.shape}."
        )
    if target.ndim == x.ndim:
        target = np.moveaxis(target, 1, -1).reshape((-1, x.shape[1]))
    else:
        target = target.reshape((-1,))
    return np.moveaxis(x, 1, -1).reshape((-1, x.shape[1])), target


def _class_weights(caller: str, weight: Any, x: Any) -> Any:
    weight = as_array(weight)
    if weight.shape != x.shape[1:]:
        raise ValueError(
            f"{caller}: expected one weight for each of the {x.shape[1]} classes, got a weight of "
            f"shape {weight.shape}."
        )
    return weight.astype(x.dtype, copy=False)


def _smoothed(y: Any, weight: Any, smoothing: float) -> Any:
    if smoothing:
        y = y * (1 - smoothing) + smoothing / y.shape[1]
    return y if weight is None else y * weight


def _averaged(
    losses: Any,
    weight: Any,
    labels: Any,
    counts: Any,
    input: Any,
    reduction: str,
    weighted: bool = False,
) -> Any:
    """The reduction for class indices; ``weighted`` losses contain the class weights already."""
    if weight is None and counts is None:
        return _arranged(losses, input, reduction)
    share = np.ones_like(labels, dtype=losses.dtype) if weight is None else weight[labels]
    if counts is not None:
        share = share * counts
        losses = np.where(counts, losses, 0)  # not a product: the loss there may be infinite
    total = share.sum()
    if weight is not None and not weighted:
        losses = losses * share
    if reduction == "mean":
        return losses.sum() / (total if total else 1)
    return _arranged(losses, input, reduction)


def _arranged(losses: Any, input: Any, reduction: str) -> Any:
    """The losses reduced, or in the shape of the input without its classes."""
    if reduction == "none" and input.ndim != 2:
        return losses.reshape(input.shape[:1] + input.shape[2:] if input.ndim > 2 else ())
    return reduced(losses, reduction)
