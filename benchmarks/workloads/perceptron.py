"""A multi-layer perceptron with ReLU and cross-entropy by hand: forward, backward, nothing else."""

from itertools import pairwise
from typing import Any

import numpy as np


def initial(sizes: list[int], seed: int = 0) -> list[Any]:
    """Weights (out, in) and biases (out), alternating, in float32."""
    rng = np.random.default_rng(seed)
    arrays = []
    for n, m in pairwise(sizes):
        arrays.append(rng.uniform(-1, 1, (m, n)).astype(np.float32) / np.float32(n) ** 0.5)
        arrays.append(rng.uniform(-1, 1, m).astype(np.float32) / np.float32(n) ** 0.5)
    return arrays


def gradients(parameters: list[Any], x: Any, labels: Any) -> list[Any]:
    """The gradient of the mean cross-entropy for each parameter."""
    weights, biases = parameters[::2], parameters[1::2]
    activations = [x]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = activations[-1] @ w.T
        z += b
        activations.append(np.maximum(z, 0, out=z))
    logits = activations[-1] @ weights[-1].T
    logits += biases[-1]
    rows = np.arange(len(x))
    logits -= logits.max(axis=1, keepdims=True)
    probabilities = np.exp(logits)
    total = probabilities.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - logits[rows, labels])
    assert loss >= 0
    probabilities /= total
    probabilities[rows, labels] -= 1
    probabilities /= len(x)
    g = probabilities
    found = []
    for i in reversed(range(len(weights))):
        found += [g.sum(axis=0), g.T @ activations[i]]
        if i:
            g = g @ weights[i]
            g *= activations[i] > 0
    return found[::-1]
