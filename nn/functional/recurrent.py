"""One step of a recurrent network."""

from typing import Any

import numpy as np

from autograd import primitive
from autograd.ops.transcendental import relu, tanh
from autograd.primitive import Primitive

from .linear import plus

__all__ = ["rnn_relu_cell", "rnn_tanh_cell"]


def _cell_of(name: str, activation: Primitive) -> Any:
    """The cell with that activation as one operation, where its parts would be five.

    The rule of ``activation`` reads its result only.  Shapes that do not fit raise a ``ValueError``
    without words, which :func:`_checked` explains: to look for them afterwards costs nothing where
    they fit.
    """
    slope: Any = activation.rules[0]

    @primitive(name=name)
    def cell(x: Any, h: Any, w_ih: Any, w_hh: Any, bias: Any = None) -> Any:
        out, of_state = x @ w_ih.T, h @ w_hh.T
        if not (out.shape == of_state.shape == h.shape and out.ndim == 2):
            raise ValueError
        out = plus(out, of_state)
        if bias is not None:
            if bias.shape != out.shape[1:]:
                raise ValueError
            out = plus(out, bias)
        return activation.forward(out)

    return cell.defvjp(
        lambda g, out, x, h, w_ih, w_hh, bias=None: g @ w_ih,
        lambda g, out, x, h, w_ih, w_hh, bias=None: g @ w_hh,
        lambda g, out, x, h, w_ih, w_hh, bias=None: g.T @ x,
        lambda g, out, x, h, w_ih, w_hh, bias=None: g.T @ h,
        lambda g, out, x, h, w_ih, w_hh, bias=None: g.sum(0),
        common=lambda g, out, *args: slope(g, out, None),
        saves=(("out", "w_ih"), ("out", "w_hh"), ("out", "x"), ("out", "h"), ("out",)),
        local=("ḡ · W_ih", "ḡ · W_hh", "ḡᵀ · x", "ḡᵀ · h", "Σ ḡ over the batch"),
    )


_tanh_cell = _cell_of("rnn_tanh_cell", tanh)
_relu_cell = _cell_of("rnn_relu_cell", relu)


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh): the next hidden state (J. L. Elman, 1990).

    ``input`` x (batch, in) and ``hx`` h (batch, hidden), or both without the batch; ``w_ih``
    (hidden, in), ``w_hh`` (hidden, hidden), ``b_ih`` and ``b_hh`` (hidden).  The result is like ``hx``.

    Raises ``ValueError`` for shapes that do not fit each other.

    >>> import autograd as ag, numpy as np
    >>> one = ag.Tensor([1.0], requires_grad=True)
    >>> rnn_tanh_cell(one, np.array([0.5]), np.array([[2.0]]), np.array([[-4.0]]))
    Tensor([0.], made by getitem)
    """
    return _checked(_tanh_cell, input, hx, w_ih, w_hh, b_ih, b_hh)


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """:func:`rnn_tanh_cell` with max(·, 0) in place of tanh; the gradient at 0 is 0.

    >>> one = np.array([1.0])
    >>> rnn_relu_cell(one, np.array([0.5]), np.array([[2.0]]), np.array([[-3.0]]), one)
    array([1.5])
    """
    return _checked(_relu_cell, input, hx, w_ih, w_hh, b_ih, b_hh)


def _checked(cell: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    if x.ndim == 1 == h.ndim:
        return _checked(cell, x[np.newaxis], h[np.newaxis], w_ih, w_hh, b_ih, b_hh)[0]
    try:
        if b_ih is not None and b_hh is not None and b_ih.shape != b_hh.shape:
            raise ValueError
        bias = b_hh if b_ih is None else b_ih if b_hh is None else b_ih + b_hh
        return cell(x, h, w_ih, w_hh) if bias is None else cell(x, h, w_ih, w_hh, bias)
    except ValueError:
        _require_shapes(cell.name, x.shape, h.shape, w_ih.shape, w_hh.shape)
        _require_biases(cell.name, [b for b in (b_ih, b_hh) if b is not None], w_hh.shape)
        raise


def _require_biases(name: str, biases: list[Any], w_hh: Any) -> None:
    for bias in biases:
        if bias.shape != w_hh[:1]:
            raise ValueError(
                f"{name}: expected a bias of shape {w_hh[:1]}, one entry for each row of w_hh "
                f"{w_hh}, got {bias.shape}."
            ) from None


def _require_shapes(name: str, x: Any, h: Any, w_ih: Any, w_hh: Any) -> None:
    fits = len(x) == len(h) == len(w_ih) == len(w_hh) == 2 and (
        x[0] == h[0] and x[1] == w_ih[1] and h[1] == w_ih[0] == w_hh[0] == w_hh[1]
    )
    if not fits:
        raise ValueError(
            f"{name}: expected input (batch, in), hx (batch, hidden), w_ih (hidden, in) and w_hh "
            f"(hidden, hidden), got {x}, {h}, {w_ih} and {w_hh}. Transpose a weight that is (in, "
            "hidden); give a single example without a batch as a vector, and hx likewise."
        ) from None
