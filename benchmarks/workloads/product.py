"""The Hessian of a 3-layer perceptron's loss times a vector (tanh, 20-32-32-1, 128 rows)."""

from itertools import pairwise

import numpy as np

import autograd as ag

from ..workload import Arrays, Workload

SIZES = [20, 32, 32, 1]


def workload() -> Workload:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((128, SIZES[0]))
    target = rng.standard_normal((128, 1))
    weights = [rng.standard_normal(s) / s[0] ** 0.5 for s in pairwise(SIZES)]
    vectors = [rng.standard_normal(w.shape) for w in weights]

    def hand() -> Arrays:
        """Forward over reverse: each line of the gradient, and its derivative along the vector."""
        (w1, w2, w3), (v1, v2, v3) = weights, vectors
        a1 = np.tanh(x @ w1)
        s1 = 1 - a1 * a1
        r1 = s1 * (x @ v1)
        a2 = np.tanh(a1 @ w2)
        s2 = 1 - a2 * a2
        r2 = s2 * (r1 @ w2 + a1 @ v2)
        scale = 2 / len(x)
        g3 = scale * (a2 @ w3 - target)
        rg3 = scale * (r2 @ w3 + a2 @ v3)
        h3 = r2.T @ g3 + a2.T @ rg3
        d2 = g3 @ w3.T
        g2 = d2 * s2
        rg2 = (rg3 @ w3.T + g3 @ v3.T) * s2 - 2 * d2 * a2 * r2
        h2 = r1.T @ g2 + a1.T @ rg2
        d1 = g2 @ w2.T
        rg1 = (rg2 @ w2.T + g2 @ v2.T) * s1 - 2 * d1 * a1 * r1
        return [x.T @ rg1, h2, h3]

    def loss(parameters: list[ag.Tensor]) -> ag.Tensor:
        w1, w2, w3 = parameters
        error = np.tanh(np.tanh(x @ w1) @ w2) @ w3 - target
        return np.mean(error * error)

    times_vector = ag.hvp(loss)

    def ours() -> Arrays:
        return times_vector(weights, vectors)

    return Workload("Hessian-vector product of a 3-layer MLP", hand, ours, limit=1.6)
