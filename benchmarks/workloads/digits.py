"""A training step of the digits network: 64-32-10, batch 32, float32, SGD, through nn and optim."""

from typing import Any

import numpy as np

import nn
import optim

from ..workload import Arrays, Workload
from .perceptron import gradients, initial

SIZES = [64, 32, 10]
RATE = 0.01


def data() -> tuple[Any, Any]:
    """A batch: pixels and labels."""
    rng = np.random.default_rng(1)
    return rng.random((32, 64), dtype=np.float32), rng.integers(0, 10, 32)


def workload() -> Workload:
    x, labels = data()
    parameters = initial(SIZES)

    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    for parameter, values in zip(model.parameters(), parameters, strict=True):
        parameter.data[...] = values
    learned = [p.data for p in model.parameters()]  # changed in place
    optimizer = optim.SGD(model.parameters(), lr=RATE)

    def hand() -> Arrays:
        for parameter, g in zip(parameters, gradients(parameters, x, labels), strict=True):
            g *= RATE
            parameter -= g
        return parameters

    def ours() -> Arrays:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        return learned

    name = "digits step: MLP 64-32-10, batch 32, float32, SGD, nn and optim"
    return Workload(name, hand, ours, limit=1.8, tolerance=1e-5)
