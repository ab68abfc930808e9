"""A multilayer perceptron made of single numbers: every weight is an :class:`autograd.Value`.

Three classes, one inside the other: a :class:`Neuron` is a weighted sum and an activation, a
:class:`Layer` is neurons side by side, an :class:`MLP` is layers one after another.  It is for
learning and for watching (draw a neuron with ``autograd.draw``); networks for work are made of
arrays and stand in :mod:`nn.perceptron`.

The constructors and the order of the random draws are those of micrograd (A. Karpathy, 2020), so a
program written for its ``nn`` gives the same numbers here.
"""

import random
from collections.abc import Iterable, Sequence

from autograd import Value, scope

__all__ = ["MLP", "Layer", "Neuron"]

Scalar = Value | float


class _Module:
    """What the three have in common."""

    def parameters(self) -> list[Value]:
        """The values to be learned."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0, before the next ``backward()`` adds to it."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(_Module):
    """relu(w · x + b), or only w · x + b with ``nonlin=False``.

    Weights are drawn from U(-1, 1), the bias is 0.  ``rng`` is a seeded ``random.Random``; without
    one Python's own generator is used (``random.seed``).

    >>> neuron = Neuron(3)
    >>> for w, data in zip(neuron.w, [0.1, 0.5, 2.5]):
    ...     w.data = data
    >>> neuron.b.data = 3.0
    >>> round(neuron([2, 3, -1]).data, 6)
    2.2
    """

    def __init__(
        self, in_features: int, nonlin: bool = True, *, rng: random.Random | None = None
    ) -> None:
        uniform = random.uniform if rng is None else rng.uniform
        _require_positive("Neuron", "in_features", in_features)
        self.w = [Value(uniform(-1, 1), name=f"w{i}") for i in range(in_features)]
        self.b = Value(0.0, name="b")
        self.nonlin = nonlin

    def __call__(self, x: Iterable[Scalar]) -> Value:
        """The neuron's output for the inputs ``x``, ``in_features`` values or numbers."""
        z = Value.dot(self.w, x, self.b)
        return z.relu() if self.nonlin else z

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(_Module):
    """``out_features`` neurons that see the same inputs; a layer of one gives its only output.

    >>> Layer(2, 3, nonlin=False)
    Layer of [LinearNeuron(2), LinearNeuron(2), LinearNeuron(2)]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        nonlin: bool = True,
        *,
        rng: random.Random | None = None,
    ) -> None:
        _require_positive("Layer", "out_features", out_features)
        self.neurons = [Neuron(in_features, nonlin, rng=rng) for _ in range(out_features)]

    def __call__(self, x: Iterable[Scalar]) -> list[Value] | Value:
        """Every neuron's output for the inputs ``x``."""
        x = list(x)
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Those of the neurons, one after another."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(_Module):
    """Layers of the sizes ``out_features``, with ReLU in all but the last.

    >>> model = MLP(2, [16, 16, 1], rng=random.Random(1337))
    >>> len(model.parameters())
    337
    >>> score = model([1.0, -2.0])
    >>> loss = (1 - score).relu()  # hinge loss for the label 1
    >>> model.zero_grad()
    >>> loss.backward()
    >>> for p in model.parameters():  # one step of gradient descent
    ...     p.data -= 0.01 * p.grad
    """

    def __init__(
        self, in_features: int, out_features: Sequence[int], *, rng: random.Random | None = None
    ) -> None:
        if not out_features:
            raise ValueError("MLP: expected the size of at least one layer, got no out_features.")
        sizes = [in_features, *out_features]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i + 2 < len(sizes), rng=rng)
            for i in range(len(out_features))
        ]

    def __call__(self, x: Iterable[Scalar]) -> list[Value] | Value:
        """The last layer's output for the inputs ``x``."""
        out: list[Value] | Value = [v if isinstance(v, Value) else Value(v) for v in x]
        for i, layer in enumerate(self.layers):
            with scope(f"layer {i}", "Layer"):  # a cluster in drawings
                out = layer([out] if isinstance(out, Value) else out)
        return out

    def parameters(self) -> list[Value]:
        """Those of the layers, one after another."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _require_positive(layer: str, argument: str, size: int) -> None:
    if size < 1:
        raise ValueError(f"{layer}: expected {argument} of at least 1, got {size}.")
