"""Functions that are a matrix product."""

from typing import Any

from autograd import primitive

__all__ = ["linear", "plus"]


def plus(out: Any, more: Any) -> Any:
    """``out`` + ``more``, written over ``out`` where the dtype allows that."""
    if out.dtype != more.dtype:
        return out + more
    out += more
    return out


@primitive(name="linear")
def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return plus(x @ weight.T, bias)


def _by_weight(g: Any, x: Any) -> Any:
    if x.ndim == 2:
        return g.T @ x
    return g.reshape((-1, g.shape[-1])).T @ x.reshape((-1, x.shape[-1]))


_affine.defvjp(
    lambda g, out, x, weight, bias: g @ weight,
    lambda g, out, x, weight, bias: _by_weight(g, x),
    lambda g, out, x, weight, bias: g.sum(0 if g.ndim == 2 else tuple(range(g.ndim - 1))),
    saves=(("weight",), ("x",), ()),
    local=("∇out · W", "∇outᵀ · x", "Σ ∇out over the batch"),
)


@primitive(name="linear")
def _product(x: Any, weight: Any) -> Any:
    return x @ weight.T


_product.defvjp(
    lambda g, out, x, weight: g @ weight,
    lambda g, out, x, weight: _by_weight(g, x),
    saves=(("weight",), ("x",)),
    local=("∇out · W", "∇outᵀ · x"),
)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b, for ``input`` x (..., in), ``weight`` W (out, in), ``bias`` b (out): (..., out).

    Raises ``ValueError`` where the last axis of ``input`` is not that of ``weight``.

    >>> import autograd as ag, numpy as np
    >>> linear(ag.Tensor([2.0, 3.0, -1.0]), np.array([[0.1, 0.5, 2.5]]), np.array([3.0]))
    Tensor([2.2])
    """
    try:
        return _product(input, weight) if bias is None else _affine(input, weight, bias)
    except ValueError as error:
        raise _explained(input, weight, bias) or error from None


def _explained(x: Any, weight: Any, bias: Any) -> ValueError | None:
    if x.ndim < 1 or x.shape[-1] != weight.shape[-1]:
        return ValueError(
            f"linear: expected {weight.shape[-1]} features along the last axis, as the weight "
            f"{weight.shape} has, got an input of shape {x.shape}. Reshape the input (nn.Flatten for "
            "images), or make the layer with in_features of that number."
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        return ValueError(
            f"linear: expected a bias of shape {weight.shape[:1]}, one entry for each row of the "
            f"weight, got {bias.shape}."
        )
    return None
