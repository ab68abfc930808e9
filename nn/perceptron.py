"""The perceptron with its own rule of learning, and the multilayer perceptron."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np

from autograd import increment_version

from . import activation as activations
from .container import Sequential
from .dropout import Dropout
from .functional.activation import step
from .functional.labels import as_array
from .functional.linear import linear
from .linear import Linear
from .module import Module
from .parameter import Parameter
from .sizes import require_positive

__all__ = ["MLP", "Perceptron"]


class Perceptron(Module):
    """The threshold unit: 1 where w · x + b > 0, else 0, for x (..., in_features): (...).

    It has no useful gradient and learns by its own rule, :meth:`fit`.  ``weight`` (in_features) and
    ``bias`` () start at 0 and do not require a gradient.

    F. Rosenblatt, "The Perceptron: a probabilistic model for information storage and organization in
    the brain", 1958.

    >>> import nn
    >>> nand = nn.Perceptron(2)
    >>> _ = nand.weight.copy_([-2, -2]), nand.bias.copy_(3)
    >>> nand(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))
    Tensor([1., 1., 1., 0.], dtype=float32)
    """

    weight: Parameter
    bias: Parameter

    def __init__(self, in_features: int, *, dtype: Any = None) -> None:
        super().__init__()
        require_positive("Perceptron", in_features=in_features)
        self.in_features = in_features
        self.weight = Parameter(np.zeros(in_features), requires_grad=False, dtype=dtype)
        self.bias = Parameter(0.0, requires_grad=False, dtype=dtype)

    def forward(self, input: Any) -> Any:
        """The unit's output, 0 or 1."""
        scores = linear(self._floating(input), self.weight.reshape((1, -1)))[..., 0]
        return step(scores + self.bias)

    def _floating(self, input: Any) -> Any:
        return input if input.dtype.kind == "f" else input.astype(self.weight.dtype)

    def fit(self, x: Any, y: Any, max_epochs: int = 1000) -> list[int]:
        """Learn by the perceptron's rule; returns the number of mistakes of each epoch.

        Sample by sample, w += y x and b += y where the sign of w · x + b is wrong (or 0).  ``x``:
        (N, in_features); ``y``: (N), 1 for one class and 0 or -1 for the other.  It stops after the
        first epoch without a mistake: for a linearly separable set that comes after at most (R / γ)²
        mistakes (A. Novikoff, 1962), for any other set never, so the last entry is not 0 then.

        Raises ``ValueError`` for shapes that do not fit and for other labels.

        >>> import nn
        >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> nn.Perceptron(2).fit(x, np.array([0, 0, 0, 1]))[-1]  # AND is learned
        0
        >>> nn.Perceptron(2).fit(x, np.array([0, 1, 1, 0]))[-1] > 0  # XOR is not
        True
        """
        x, y = as_array(x), as_array(y)
        if x.ndim != 2 or x.shape[1] != self.in_features or y.shape != x.shape[:1]:
            raise ValueError(
                f"Perceptron.fit: expected x of shape (N, {self.in_features}) and y of shape (N), "
                f"got {x.shape} and {y.shape}."
            )
        if not set(np.unique(y)) <= {-1, 0, 1} or {-1, 0} <= set(np.unique(y)):
            raise ValueError(
                "Perceptron.fit: expected the labels 1 and 0, or 1 and -1, "
                f"got {np.unique(y).tolist()}."
            )
        signs = np.where(y > 0, 1, -1)
        mistakes: list[int] = []
        while len(mistakes) < max_epochs and (not mistakes or mistakes[-1]):
            mistakes.append(sum(self._corrected(a, s) for a, s in zip(x, signs, strict=True)))
        increment_version(self.weight, self.bias)
        return mistakes

    def _corrected(self, x: Any, sign: int) -> int:
        """Learn from one sample; whether there was a mistake."""
        w, b = self.weight.data, self.bias.data
        if sign * (w @ x + b) > 0:
            return 0
        w += sign * x
        b += sign
        return 1

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"in_features={self.in_features}"


Activation = str | Callable[[], Module] | Module

_BY_NAME: dict[str, Callable[[], Module]] = {
    name.lower(): getattr(activations, name)
    for name in ("ReLU", "Tanh", "Sigmoid", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Softplus")
}


class MLP(Sequential):
    """The multilayer perceptron: linear layers of the ``sizes``, with an activation between them.

    ``sizes``: the number of features of the input, of each hidden layer, of the output.
    ``activation``: a class or function that makes one, such as ``nn.Tanh``, its name in lower case
    (``"tanh"``), or a module, which is copied.  ``output_activation``: one for the end; none by
    default, for losses take scores.
    ``dropout``: the probability of dropping after each hidden activation.

    Raises ``ValueError`` for fewer than two sizes, a size below 1 or an unknown name.

    >>> import nn
    >>> nn.MLP([64, 32, 10], activation="tanh")
    MLP(
      (0): Linear(in_features=64, out_features=32, bias=True)
      (1): Tanh()
      (2): Linear(in_features=32, out_features=10, bias=True)
    )
    """

    def __init__(
        self,
        sizes: Sequence[int] = (),
        activation: Activation = "relu",
        *,
        output_activation: Activation | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        dtype: Any = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(
                "MLP: expected at least two sizes, the numbers of features that come in and go out, "
                f"got {list(sizes)}."
            )
        make = _activation(activation)
        for i in range(len(sizes) - 1):
            self.append(Linear(sizes[i], sizes[i + 1], bias, dtype=dtype, rng=rng))
            if i < len(sizes) - 2:
                self.append(make())
                if dropout:
                    self.append(Dropout(dropout, rng=rng))
        if output_activation is not None:
            self.append(_activation(output_activation)())


def _activation(wanted: Activation) -> Callable[[], Module]:
    if isinstance(wanted, Module):
        return partial(deepcopy, wanted)
    if not isinstance(wanted, str):
        return wanted
    if wanted not in _BY_NAME:
        raise ValueError(f"MLP: expected an activation of {', '.join(_BY_NAME)}, got {wanted!r}.")
    return _BY_NAME[wanted]
