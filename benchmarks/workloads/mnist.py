"""A training step of MNIST's size: 784-256-128-10, batch 128, float32, Adam."""

from typing import Any

import numpy as np

import nn
import optim

from ..workload import Arrays, Workload
from .perceptron import gradients, initial

SIZES = [784, 256, 128, 10]


def data() -> tuple[Any, Any]:
    """A batch: pixels and labels."""
    rng = np.random.default_rng(1)
    return rng.random((128, 784), dtype=np.float32), rng.integers(0, 10, 128)


class Adam:
    """Adam by hand, in place, with one buffer for the step."""

    def __init__(self, parameters: list[Any]) -> None:
        self.parameters = parameters
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.buffers = [np.empty_like(p) for p in parameters]
        self.t = 0

    def step(self, found: list[Any]) -> None:
        self.t += 1
        rate = 1e-3 / (1 - 0.9**self.t)
        root = (1 - 0.999**self.t) ** 0.5
        groups = zip(self.parameters, found, self.m, self.v, self.buffers, strict=True)
        for p, g, m, v, step in groups:
            np.multiply(g, g, out=step)
            step *= 1 - 0.999
            v *= 0.999
            v += step
            m *= 0.9
            g *= 1 - 0.9
            m += g
            np.sqrt(v, out=step)
            step /= root
            step += 1e-8
            np.divide(m, step, out=step)
            step *= rate
            p -= step


def workload() -> Workload:
    x, labels = data()
    parameters = initial(SIZES)
    by_hand = Adam(parameters)

    model = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    for parameter, values in zip(model.parameters(), parameters, strict=True):
        parameter.data[...] = values
    learned = [p.data for p in model.parameters()]  # changed in place
    optimizer = optim.Adam(model.parameters())

    def hand() -> Arrays:
        by_hand.step(gradients(parameters, x, labels))
        return parameters

    def ours() -> Arrays:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        return learned

    name = "MNIST-size step: MLP 784-256-128-10, batch 128, Adam"
    return Workload(name, hand, ours, limit=1.15, tolerance=2e-3)
