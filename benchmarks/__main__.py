"""`python -m benchmarks`: the table.  Each thread setting is measured in a process of its own."""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import costs
from .measure import Measurement, measured

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", help="workloads, by their short names; all by default")
    parser.add_argument("--threads", choices=["1", "all", "both"], default="both")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each workload")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument(
        "--peers", type=Path, help="a folder of environments with other libraries, to compare with"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps([asdict(m) for m in _measure(options.only, options.seconds)]))
        return
    kept: dict[str, list[dict[str, Any]]] = {}
    for threads in ("1", "all") if options.threads == "both" else (options.threads,):
        found = _in_a_process(threads, options.only, options.seconds)
        print(f"\nBLAS threads: {threads}\n{table(found)}")
        kept[threads] = [asdict(m) for m in found]
    if not options.only:
        kept["costs"] = [asdict(c) for c in costs.measured(options.peers)]
        print("\n" + costs.table(kept["costs"]))
    if options.peers:
        command = ["-m", "benchmarks.peers", str(options.peers), "--seconds", str(options.seconds)]
        kept["peers"] = json.loads(_run(command, "1"))
        print("\nOne BLAS thread, times hand-written NumPy:\n" + _peer_table(kept["peers"]))
    if options.json:
        options.json.write_text(json.dumps(kept, indent=2) + "\n")


def _measure(only: list[str], seconds: float) -> list[Measurement]:
    from .workloads import ALL

    return [measured(ALL[name](), seconds) for name in only or ALL]


def _in_a_process(threads: str, only: list[str], seconds: float) -> list[Measurement]:
    command = ["-m", "benchmarks", "--here", "--seconds", str(seconds), *only]
    return [Measurement(**row) for row in json.loads(_run(command, threads))]


def _run(command: list[str], threads: str) -> str:
    """What Python prints for ``command`` with one BLAS thread or all."""
    environment = dict(os.environ)
    for variable in THREAD_VARIABLES:
        environment.pop(variable, None)
        if threads == "1":
            environment[variable] = "1"
    command = [sys.executable, *command]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _peer_table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["ratios"]))
    lines = [f"| workload | hand | {' | '.join(names)} |", "| --- " * (len(names) + 2) + "|"]
    for row in rows:
        cells = [f"{row['ratios'][n]:.2f}" if n in row["ratios"] else "" for n in names]
        lines.append(f"| {row['workload']} | {_time(row['hand'])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table(rows: list[Measurement]) -> str:
    lines = [
        "| workload | hand | chainrule | ratio | at most | memory: hand | chainrule | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for m in rows:
        lines.append(
            f"| {m.name} | {_time(m.hand)} | {_time(m.ours)} | **{m.ratio:.2f}** | {m.limit:g} "
            f"| {_size(m.hand_peak)} | {_size(m.ours_peak)} | {m.memory_ratio:.2f} |"
        )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _size(count: int) -> str:
    return f"{count / 1e6:.3g} MB" if count >= 1e6 else f"{count / 1e3:.3g} kB"


if __name__ == "__main__":
    main()
