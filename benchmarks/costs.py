"""Ratios of another kind: what the import costs, whether size costs, and the scalars."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag

from .measure import timed

IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


@dataclass(frozen=True)
class Cost:
    """A ratio and what is promised of it."""

    name: str
    ratio: float
    promise: str


def measured(peers: Path | None) -> list[Cost]:
    """All of them; the two-moons network only where micrograd is to be found."""
    costs = [
        Cost("`import autograd` / `import numpy`", import_time(), "at most 1.3"),
        Cost("time per operation, a chain of 1e6 / of 1e3", growth(), "at most 1.3"),
    ]
    speed = moons(peers)
    if speed is not None:
        costs.append(
            Cost("two-moons network on `Value`: micrograd's time / ours", speed, "at least 10")
        )
    return costs


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| cost | ratio | promised |", "| --- | --- | --- |"]
    return "\n".join(
        [*lines, *[f"| {r['name']} | **{r['ratio']:.2f}** | {r['promise']} |" for r in rows]]
    )


def import_time(rounds: int = 15) -> float:
    """Both in fresh interpreters, taking turns; each time includes all that is imported on the way."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def seconds(module: str) -> float:
        command = [sys.executable, "-c", IMPORT.format(module)]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        return float(run.stdout)

    seconds("autograd")  # leaves the bytecode, whatever the environment said
    return statistics.median(seconds("autograd") / seconds("numpy") for _ in range(rounds))


def growth() -> float:
    """Forward and backward through a chain of y * 1.0001, the cyclic collector on."""
    x = np.linspace(-1.0, 1.0, 10)

    def chain(length: int) -> None:
        y = ag.Tensor(x, requires_grad=True)
        for _ in range(length):
            y = y * 1.0001
        y.backward(np.ones(10))

    return growth_of(chain)


def growth_of(chain: Callable[[int], None], rounds: int = 5) -> float:
    """Time per operation in a chain of 1e6, to that in one of 1e3."""
    chain(1000)
    return statistics.median(
        timed(lambda: chain(1_000_000), 1) / 1000 / timed(lambda: chain(1000), 300)
        for _ in range(rounds)
    )


def moons(peers: Path | None) -> float | None:
    """How many times micrograd's speed, for a program written for micrograd."""
    where = [str(p) for p in (peers or Path()).glob("micrograd/lib/*/site-packages")]
    run = f"import sys, runpy; sys.path += {where}; runpy.run_module('benchmarks.moons', run_name='__main__')"
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "moons.json"
        command = [sys.executable, "-c", run, "--rounds", "7", "--json", str(found)]
        subprocess.run(command, capture_output=True, check=False)  # without micrograd it says so
        if not found.exists():
            return None
        return float(json.loads(found.read_text())["MLP of nn.scalar"]["speed"])
