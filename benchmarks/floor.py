"""How low a limit can be: the least engine in Python, on two of the workloads.

Define-by-run takes an object for each result, a note of how it was made, and a rule that is called
on the way back.  The engine below does that and nothing else: no modes, names, hooks or dtypes, no
checks, no broadcasting, no freed arrays, no second derivative.  What it costs, every engine costs
that is written in Python; a limit below is out of reach without C.

``python -m benchmarks.floor`` prints its ratios to hand-written NumPy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import costs
from .measure import measured
from .workload import Arrays, Workload
from .workloads import chain, indexing

Rule = Callable[["Node"], None]


class Node:
    """A result, its gradient, and the operation that made it."""

    __slots__ = ("data", "grad", "rule", "x", "y")

    def __init__(self, data: Any, rule: Rule, x: Any, y: Any) -> None:
        self.data = data
        self.grad: Any = 0.0
        self.rule = rule
        self.x = x
        self.y = y
        tape.append(self)

    def __getitem__(self, i: int) -> "Node":
        return Node(self.data[i], entry_rule, self, i)

    def __add__(self, other: Any) -> "Node":
        if other.__class__ is Node:
            return Node(self.data + other.data, add_rule, self, other)
        return Node(self.data + other, same_rule, self, other)

    def __mul__(self, factor: float) -> "Node":
        return Node(self.data * factor, multiply_rule, self, factor)

    def tanh(self) -> "Node":
        return Node(np.tanh(self.data), tanh_rule, self, None)


tape: list[Node] = []


def leaf(data: Any) -> Node:
    tape.clear()
    return Node(data, lambda node: None, None, None)


def entry_rule(node: Node) -> None:
    node.x.grad[node.y] += node.grad


def add_rule(node: Node) -> None:
    node.x.grad = node.x.grad + node.grad
    node.y.grad = node.y.grad + node.grad


def same_rule(node: Node) -> None:
    node.x.grad = node.x.grad + node.grad


def multiply_rule(node: Node) -> None:
    node.x.grad = node.x.grad + node.grad * node.y


def tanh_rule(node: Node) -> None:
    node.x.grad = node.x.grad + node.grad * (1 - node.data * node.data)


def backward() -> None:
    for node in reversed(tape):
        node.rule(node)


def step_by_step() -> Workload:
    """The chain of tanh(y · 1.01 + 0.1)."""
    whole = chain.workload()

    def least() -> Arrays:
        y = x = leaf(np.linspace(-1.0, 1.0, 10))
        for _ in range(chain.STEPS):
            y = (y * 1.01 + 0.1).tanh()
        y.grad = np.ones(10)
        backward()
        return [x.grad]

    return Workload(whole.name, whole.hand, least, whole.limit)


def entry_by_entry() -> Workload:
    """The loop over x[i]."""
    whole = indexing.workload()

    def least() -> Arrays:
        x = leaf(np.linspace(0.0, 1.0, indexing.N))
        x.grad = np.zeros(indexing.N)
        total = x[0]
        for i in range(1, indexing.N):
            total = total + x[i]
        total.grad = 1.0
        backward()
        return [np.asarray(total.data), x.grad]

    return Workload(whole.name, whole.hand, least, whole.limit)


def growth() -> float:
    """What ``costs.growth`` measures: time per operation in a chain of 1e6, to that in one of 1e3."""

    def chain(length: int) -> None:
        y = leaf(np.linspace(-1.0, 1.0, 10))
        for _ in range(length):
            y = y * 1.0001
        y.grad = np.ones(10)
        backward()
        tape.clear()

    return costs.growth_of(chain)


def main(seconds: float = 2.0) -> None:
    print("| workload | least / hand | at most | memory: least / hand | at most |")
    print("| --- | --- | --- | --- | --- |")
    for work in (step_by_step(), entry_by_entry()):
        row = measured(work, seconds)
        print(f"| {row.name} | {row.ratio:.2f} | {row.limit:g} | {row.memory_ratio:.1f} | 1.25 |")
    print(f"\nTime per operation, a chain of 1e6 / of 1e3: {growth():.2f}, at most 1.3.")


if __name__ == "__main__":
    main()
