"""A loop that reads an array entry by entry: Σ x[i] over 10,000 entries."""

import numpy as np

import autograd as ag

from ..workload import Arrays, Workload

N = 10_000


def workload() -> Workload:
    x = np.linspace(0.0, 1.0, N)

    def hand() -> Arrays:
        total = 0.0
        for i in range(N):
            total = total + x[i]
        g = np.zeros_like(x)
        for i in reversed(range(N)):
            g[i] += 1.0
        return [np.asarray(total), g]

    def ours() -> Arrays:
        leaf = ag.Tensor(x, requires_grad=True)
        total = 0.0
        for i in range(N):
            total = total + leaf[i]
        total.backward()
        return [total.data, leaf.grad.data]

    return Workload("indexing loop: sum of x[i] over 10,000 entries", hand, ours, limit=4)
