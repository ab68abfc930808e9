"""Recurrent cells: one step of a network that remembers."""

import math
from typing import Any

import numpy as np

from .functional.recurrent import rnn_relu_cell, rnn_tanh_cell
from .init import uniform_
from .module import Module
from .parameter import Parameter
from .sizes import require_positive

__all__ = ["RNNCell"]

_CELLS = {"tanh": rnn_tanh_cell, "relu": rnn_relu_cell}


class RNNCell(Module):
    """h' = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh): one step; a loop over steps is the network.

    ``weight_ih`` (hidden_size, input_size), ``weight_hh`` (hidden_size, hidden_size), ``bias_ih`` and
    ``bias_hh`` (hidden_size) start uniform in ±1/√hidden_size.  ``nonlinearity`` is ``"tanh"`` or
    ``"relu"``; ``dtype`` is ``autograd.get_default_dtype()`` unless given, ``rng`` the generator of
    the initial values.

    Raises ``ValueError`` for sizes below 1 and for another nonlinearity, and at the call for shapes
    that do not fit.  Source: J. L. Elman, "Finding structure in time", 1990.

    >>> import nn
    >>> cell = nn.RNNCell(3, 4)
    >>> h = None
    >>> for x in np.ones((5, 2, 3), np.float32):  # five steps of two sequences
    ...     h = cell(x, h)
    >>> h.shape
    (2, 4)
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        dtype: Any = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        require_positive("RNNCell", input_size=input_size, hidden_size=hidden_size)
        if nonlinearity not in _CELLS:
            raise ValueError(
                f"RNNCell: expected the nonlinearity 'tanh' or 'relu', got {nonlinearity!r}."
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.nonlinearity = nonlinearity
        bound = 1 / math.sqrt(hidden_size)

        def initial(*shape: int) -> Parameter:
            return uniform_(Parameter(np.zeros(shape), dtype=dtype), -bound, bound, rng=rng)

        self.weight_ih = initial(hidden_size, input_size)
        self.weight_hh = initial(hidden_size, hidden_size)
        self.bias_ih = initial(hidden_size) if bias else None
        self.bias_hh = initial(hidden_size) if bias else None

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The next hidden state; ``hx`` is zeros unless given."""
        if hx is None:
            hx = np.zeros_like(input, shape=(*input.shape[:-1], self.hidden_size))
        cell = _CELLS[self.nonlinearity]
        return cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        text = f"input_size={self.input_size}, hidden_size={self.hidden_size}"
        text += f", bias={self.bias_ih is not None}"
        return (
            text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity!r}"
        )
