"""The two-moons network on single numbers, against micrograd: `python -m benchmarks.moons`.

One step of training of the 2-16-16-1 perceptron of micrograd's demonstration: 20 points, hinge loss
and an L2 penalty, forward and backward.  It wants micrograd beside chainrule (`pip install
micrograd`; its import name clashes with nothing).

| row | the program |
| --- | --- |
| MLP of nn.scalar | written for micrograd; `Value` and `MLP` are imported from here instead |
| and the loss by Value.dot | the same, the sums of the loss by `Value.sum` and `Value.dot` |
| every operation a node | the same, and the neurons too add and multiply one number at a time |

All start from the same weights and must give the same loss and the same gradients.  A round times
every program in turn for about a third of a second, after a collection of the garbage that the one
before has left (micrograd's graphs are cycles) and one step to warm up; a ratio is micrograd's time
over ours in that round, and the table shows the median of the rounds.
"""

import argparse
import gc
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value
from nn.scalar import MLP

LIMIT = 10.0
SIZES = [16, 16, 1]
ALPHA = 1e-4
Program = Callable[[], tuple[Any, list[Any]]]


def moons(samples: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles with noise, and labels -1 and 1."""
    rng = np.random.default_rng(1337)
    angle = np.linspace(0, np.pi, samples // 2)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    points = np.concatenate([upper, lower]) + rng.normal(0, 0.1, (2 * len(angle), 2))
    return points, np.repeat([-1, 1], len(angle))


class Plain:
    """`nn.scalar.MLP`'s weights, every product and every sum an operation of its own."""

    def __init__(self, model: MLP) -> None:
        self.layers = [(layer.neurons, layer.neurons[0].nonlin) for layer in model.layers]
        self.parameters = model.parameters
        self.zero_grad = model.zero_grad

    def __call__(self, x: Sequence[Value]) -> Value:
        for neurons, nonlin in self.layers:
            z = [sum((w * v for w, v in zip(n.w, x, strict=True)), n.b) for n in neurons]
            x = [v.relu() for v in z] if nonlin else z
        return x[0]


def step(model: Any, value: Any) -> tuple[Any, list[Any]]:
    """Forward and backward, in the operations that micrograd has."""
    points, labels = moons()
    inputs = [[value(v) for v in point] for point in points]
    scores = [model(x) for x in inputs]
    losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    return loss, model.parameters()


def step_with_sums(model: Any) -> tuple[Any, list[Any]]:
    """The same; each sum is one operation."""
    points, labels = moons()
    scores = [model(x) for x in points.tolist()]
    losses = [(1 - label * score).relu() for label, score in zip(labels, scores, strict=True)]
    parameters = model.parameters()
    loss = Value.sum(losses) / len(losses) + ALPHA * Value.dot(parameters, parameters)
    model.zero_grad()
    loss.backward()
    return loss, parameters


def programs() -> dict[str, Program]:
    """The programs by name, micrograd's first."""
    try:
        from micrograd import engine, nn
    except ImportError:
        raise SystemExit(
            "benchmarks.moons compares with micrograd: pip install micrograd"
        ) from None
    theirs, ours = nn.MLP(2, SIZES), MLP(2, SIZES, rng=random.Random(1337))
    for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
        p.data = q.data
    return {
        "micrograd": lambda: step(theirs, engine.Value),
        "MLP of nn.scalar": lambda: step(ours, Value),
        "and the loss by Value.dot": lambda: step_with_sums(ours),
        "every operation a node": lambda: step(Plain(ours), Value),
    }


def check(all_programs: dict[str, Program]) -> None:
    """Raise if the losses or the gradients differ."""
    results = {}
    for name, program in all_programs.items():
        loss, parameters = program()
        results[name] = np.array([loss.data, *[p.grad for p in parameters]])
    for result in results.values():
        np.testing.assert_allclose(result, results["micrograd"], rtol=1e-11, atol=1e-14)


def measured(all_programs: dict[str, Program], rounds: int) -> dict[str, list[float]]:
    """Seconds for one step, of every program in every round."""
    names = list(all_programs)
    steps = {name: max(1, round(0.3 / _timed(all_programs[name], 2))) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for i in range(rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            seconds[name].append(_timed(all_programs[name], steps[name]))
    return seconds


def _timed(program: Program, steps: int) -> float:
    gc.collect()
    program()
    start = time.perf_counter()
    for _ in range(steps):
        program()
    return (time.perf_counter() - start) / steps


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moons")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--no-collector",
        action="store_true",
        help="stop Python's cyclic collector, which costs micrograd more than chainrule",
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    all_programs = programs()
    check(all_programs)
    if options.no_collector:
        gc.disable()
    seconds = measured(all_programs, options.rounds)
    print("| program | ms a step | times micrograd's speed | at least |\n| --- | --- | --- | --- |")
    figures = {}
    for name, times in seconds.items():
        ratio = statistics.median(
            [them / us for them, us in zip(seconds["micrograd"], times, strict=True)]
        )
        milliseconds = statistics.median(times) * 1e3
        figures[name] = {"milliseconds": milliseconds, "speed": ratio}
        limit = f"{LIMIT:g}" if "nn.scalar" in name else ""
        print(f"| {name} | {milliseconds:.2f} | {ratio:.1f} | {limit} |")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
