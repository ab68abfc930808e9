"""The other libraries beside ours: each in an environment and a process of its own, taking turns.

A round times hand-written NumPy, chainrule and then each library for a few milliseconds; a ratio is
to the hand-written time of the same round.  Every library gets the same arrays and must give the
same gradients, or the same parameters after a step of training, before it is timed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .measure import timed, turns_for
from .workloads import ALL, digits, mnist
from .workloads.perceptron import initial

SCRIPT = Path(__file__).parent / "peer.py"
ENVIRONMENTS = {
    "torch": "torch",
    "jax": "jax",
    "jax-eager": "jax",
    "autograd": "autograd",
    "mygrad": "mygrad",
}
NAMES = {
    "torch": "PyTorch",
    "jax": "JAX, jit",
    "jax-eager": "JAX, eager",
    "autograd": "HIPS autograd",
    "mygrad": "MyGrad",
}
WORKLOADS = ("chain", "digits", "mnist")


@dataclass(frozen=True)
class Comparison:
    """Seconds of a turn by hand, and every library's ratio to that."""

    workload: str
    hand: float
    ratios: dict[str, float]


def compared(environments: Path, seconds: float) -> list[Comparison]:
    """A comparison for each workload; a library whose environment is missing is left out."""
    return [_compared(name, environments, seconds) for name in WORKLOADS]


def _compared(name: str, environments: Path, seconds: float) -> Comparison:
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        np.savez(arrays, **_arrays(name))
        workload = ALL[name]()
        workload.check()
        processes = {}
        try:
            for library, environment in ENVIRONMENTS.items():
                python = environments / environment / "bin" / "python"
                if python.exists():
                    processes[NAMES[library]] = _started(python, library, name, arrays)
            return _rounds(workload, processes, seconds)
        finally:
            for process in processes.values():
                process.stdin.close()
                process.wait()


def _arrays(name: str) -> dict[str, Any]:
    """What a library is given, and the hand-written result for it."""
    workload = ALL[name]()
    if name == "chain":
        return {"x": np.linspace(-1.0, 1.0, 10), "expected0": workload.hand()[0]}
    module = digits if name == "digits" else mnist
    x, labels = module.data()
    parameters = initial(module.SIZES)
    given = {f"parameters{i}": p for i, p in enumerate(parameters)}
    expected = {f"expected{i}": p for i, p in enumerate(workload.hand())}
    return {"x": x, "labels": labels, **given, **expected}


def _started(python: Path, library: str, name: str, arrays: Path) -> Any:
    command = [str(python), "-P", str(SCRIPT), library, name, str(arrays)]
    pipe = subprocess.PIPE
    process: Any = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=arrays.parent)
    if process.stdout.readline().strip() != "ready":
        sys.exit(f"{library} does not compute what the others do on {name}: see above")
    return process


def _asked(process: Any) -> Callable[[], float]:
    def ask() -> float:
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    return ask


def _rounds(workload: Any, processes: dict[str, Any], seconds: float) -> Comparison:
    turns = turns_for(workload.hand)
    sides: dict[str, Callable[[], float]] = {
        "hand": lambda: timed(workload.hand, turns),
        "chainrule": lambda: timed(workload.ours, turns),
        **{name: _asked(process) for name, process in processes.items()},
    }
    rounds = []
    for _ in range(max(7, round(seconds / 0.05))):
        rounds.append({name: side() for name, side in sides.items()})
    return Comparison(
        workload.name,
        statistics.median(r["hand"] for r in rounds),
        {n: statistics.median(r[n] / r["hand"] for r in rounds) for n in sides if n != "hand"},
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("environments", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    print(
        json.dumps([asdict(c) for c in compared(options.environments.absolute(), options.seconds)])
    )


if __name__ == "__main__":
    main()
