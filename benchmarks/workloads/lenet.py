"""A training step of LeNet-5: 1x28x28, 6@5x5 pad 2, 16@5x5, 120-84-10, batch 64, float32, SGD."""

from typing import Any

import numpy as np

import nn
import optim

from ..workload import Arrays, Workload
from .convolution import by_input, by_weight, forward

RATE = np.float32(1e-3)


def pooled(x: Any) -> tuple[Any, Any]:
    """The maxima of pairs in a row, and of pairs of those in a column."""
    pairs = np.maximum(x[..., 0::2], x[..., 1::2])
    return pairs, np.maximum(pairs[:, :, 0::2], pairs[:, :, 1::2])


def by_pooled(g: Any, x: Any, pairs: Any, best: Any) -> Any:
    """To the first of two equal entries."""
    first = pairs[:, :, 0::2] == best
    h = np.empty_like(pairs)
    np.multiply(g, first, out=h[:, :, 0::2])
    np.multiply(g, ~first, out=h[:, :, 1::2])
    first = x[..., 0::2] == pairs
    dx = np.empty_like(x)
    np.multiply(h, first, out=dx[..., 0::2])
    np.multiply(h, ~first, out=dx[..., 1::2])
    return dx


def by_scores(scores: Any, labels: Any) -> Any:
    """The gradient of the mean cross-entropy."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[np.arange(len(labels)), labels] -= 1
    scores /= np.float32(len(labels))
    return scores


def gradients(parameters: list[Any], x: Any, labels: Any) -> list[Any]:
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = parameters
    c1 = forward(x, w1, b1, 2)
    np.maximum(c1, 0, out=c1)
    pairs1, p1 = pooled(c1)
    c2 = forward(p1, w2, b2, 0)
    np.maximum(c2, 0, out=c2)
    pairs2, p2 = pooled(c2)
    flat = p2.reshape(len(x), -1)
    a3 = flat @ w3.T
    a3 += b3
    np.maximum(a3, 0, out=a3)
    a4 = a3 @ w4.T
    a4 += b4
    np.maximum(a4, 0, out=a4)
    scores = a4 @ w5.T
    scores += b5

    g5 = by_scores(scores, labels)
    g4 = g5 @ w5
    g4 *= a4 > 0
    g3 = g4 @ w4
    g3 *= a3 > 0
    g2 = by_pooled((g3 @ w3).reshape(p2.shape), c2, pairs2, p2)
    g2 *= c2 > 0
    g1 = by_pooled(by_input(g2, w2, 0), c1, pairs1, p1)
    g1 *= c1 > 0
    convolutions = [by_weight(g1, x, 5, 2), g1.sum((0, 2, 3))]
    convolutions += [by_weight(g2, p1, 5, 0), g2.sum((0, 2, 3))]
    dense = [(g3.T @ flat, g3.sum(0)), (g4.T @ a3, g4.sum(0)), (g5.T @ a4, g5.sum(0))]
    return [*convolutions, *[g for pair in dense for g in pair]]


def workload() -> Workload:
    rng = np.random.default_rng(4)
    x = rng.random((64, 1, 28, 28), dtype=np.float32)
    labels = rng.integers(0, 10, 64)
    model = nn.Sequential(
        *[nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()],
        nn.Linear(84, 10),
    )
    parameters = [p.data.copy() for p in model.parameters()]
    learned = [p.data for p in model.parameters()]  # changed in place
    optimizer = optim.SGD(model.parameters(), lr=float(RATE))

    def hand() -> Arrays:
        for p, g in zip(parameters, gradients(parameters, x, labels), strict=True):
            p -= RATE * g
        return parameters

    def ours() -> Arrays:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        return learned

    return Workload("LeNet-5 step, batch 64", hand, ours, limit=1.15, tolerance=1e-3)
