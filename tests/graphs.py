"""The worked examples that are drawn: W1, W2, W4 and W21 of the curriculum, and networks.

``python -m tests.graphs docs/pictures`` draws those that the README shows.
"""

import sys
from pathlib import Path

import numpy as np

import autograd as ag
import nn


def w1():
    """f = (x + y) z"""
    x, y, z = ag.Value(-2.0, "x"), ag.Value(5.0, "y"), ag.Value(-4.0, "z")
    q = x + y
    q.name = "q"
    f = q * z
    f.name = "f"
    return f


def w2():
    """A neuron: the sigmoid of a weighted sum."""
    x = [ag.Value(v, f"x{i}") for i, v in enumerate([2.0, 3.0, -1.0, 1.0])]
    w = [ag.Value(v, f"w{i}") for i, v in enumerate([0.1, 0.5, 2.5, 3.0])]
    s = x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3]
    s.name = "s"
    a = s.sigmoid()
    a.name = "a"
    return a


def w4():
    """One pass through two layers of two sigmoid units, with half the squared error."""
    i1, i2 = ag.Value(0.05, "i1"), ag.Value(0.10, "i2")
    numbers = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
    w = [ag.Value(v, f"w{k + 1}") for k, v in enumerate(numbers)]
    b1, b2 = ag.Value(0.35, "b1"), ag.Value(0.60, "b2")
    h1 = _unit("h1", w[0] * i1 + w[1] * i2 + b1)
    h2 = _unit("h2", w[2] * i1 + w[3] * i2 + b1)
    o1 = _unit("o1", w[4] * h1 + w[5] * h2 + b2)
    o2 = _unit("o2", w[6] * h1 + w[7] * h2 + b2)
    error = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    error.name = "E"
    return error


def _unit(name, net):
    out = net.sigmoid()
    out.name = name
    return out


def w21_product():
    """z = x y"""
    z = ag.Value(3.0, "x") * ag.Value(-2.0, "y")
    z.name = "z"
    return z


def w21_logistic():
    """y = σ(w x + b)"""
    w, x, b = ag.Value(1.5, "w"), ag.Value(2.0, "x"), ag.Value(-1.0, "b")
    y = (w * x + b).sigmoid()
    y.name = "y"
    return y


def w21_layer():
    """The sum of H = relu(W X + b)"""
    rng = np.random.default_rng(3)
    W = ag.Tensor(rng.normal(size=(2, 3)).round(1), requires_grad=True, name="W")
    X = rng.normal(size=(3, 4)).round(1)
    b = ag.Tensor([[0.5], [-0.5]], requires_grad=True, name="b")
    H = nn.functional.relu(W @ X + b)
    H.name = "H"
    return H.sum(), {"X": X}


def w21_penalty():
    """The squared error of y = w x with the penalty λ Σ w²"""
    w = ag.Tensor([0.5, -1.0, 2.0], requires_grad=True, name="w")
    x = np.array([1.0, 2.0, 3.0])
    y = w @ x
    y.name = "y"
    J = (y - 1.0) ** 2 + 0.1 * (w * w).sum()
    J.name = "J"
    return J, {"x": x}


def mlp():
    """A classifier of two layers."""
    ag.manual_seed(0)
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x = rng.normal(size=(16, 4)).astype(np.float32)
    loss = nn.functional.cross_entropy(model(x), rng.integers(0, 3, 16))
    loss.name = "loss"
    return loss, {"x": x}


class Block(nn.Module):
    """x + b(relu(a(x)))"""

    def __init__(self, features):
        super().__init__()
        self.a = nn.Linear(features, features)
        self.act = nn.ReLU()
        self.b = nn.Linear(features, features)

    def forward(self, x):
        return x + self.b(self.act(self.a(x)))


def residual(blocks):
    """Four stages of residual blocks: five operations a block."""
    ag.manual_seed(0)
    stages = [nn.Sequential(*[Block(8) for _ in range(blocks // 4)]) for _ in range(4)]
    model = nn.Sequential(*stages)
    x = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    return (model(x) ** 2).mean()


def recurrent(steps, scoped=False):
    """h = tanh(x U + h W + b), unrolled."""
    rng = np.random.default_rng(0)
    W = ag.Tensor(rng.normal(size=(4, 4)) * 0.3, requires_grad=True, name="W")
    U = ag.Tensor(rng.normal(size=(3, 4)), requires_grad=True, name="U")
    b = ag.Tensor(np.zeros(4), requires_grad=True, name="b")
    h = np.zeros((2, 4))
    for _ in range(steps):
        x = rng.normal(size=(2, 3))
        if scoped:
            with ag.scope("cell", kind="Cell"):
                h = np.tanh(x @ U + h @ W + b)
        else:
            h = np.tanh(x @ U + h @ W + b)
    return (h * h).mean()


PICTURES = {
    "w1": (w1, {}),
    "w1-micrograd": (w1, {"style": "micrograd"}),
    "w1-dezero": (w1, {"style": "dezero"}),
    "w1-colah": (w1, {"style": "colah"}),
    "w2": (w2, {}),
    "w4": (w4, {}),
    "w21-product": (w21_product, {}),
    "w21-logistic": (w21_logistic, {}),
    "w21-layer": (w21_layer, {}),
    "w21-penalty": (w21_penalty, {}),
    "mlp": (mlp, {}),
    "residual": (lambda: residual(48), {}),
}


def main(folder):
    """Draw them all into ``folder``."""
    for name, (make, options) in PICTURES.items():
        made = make()
        root, names = made if isinstance(made, tuple) else (made, None)
        ag.draw(root, names=names, **options).save(Path(folder) / f"{name}.svg")


if __name__ == "__main__":
    main(sys.argv[1])
