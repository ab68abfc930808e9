"""100 × tanh(y · 1.01 + 0.1) on 10 numbers: nothing but the price of an operation."""

import numpy as np

import autograd as ag

from ..workload import Arrays, Workload

STEPS = 100


def workload() -> Workload:
    x = np.linspace(-1.0, 1.0, 10)
    ones = np.ones_like(x)

    def hand() -> Arrays:
        saved = []
        y = x
        for _ in range(STEPS):
            y = np.tanh(y * 1.01 + 0.1)
            saved.append(y)
        g = ones
        for y in reversed(saved):
            g = g * (1 - y * y) * 1.01
        return [g]

    def ours() -> Arrays:
        leaf = ag.Tensor(x, requires_grad=True)
        y = leaf
        for _ in range(STEPS):
            y = (y * 1.01 + 0.1).tanh()  # np.tanh(y) is the same by way of NumPy's protocol
        y.backward(ones)
        return [leaf.grad.data]

    return Workload("chain: 100 × tanh(y * 1.01 + 0.1) on 10 numbers", hand, ours, limit=2.2)
