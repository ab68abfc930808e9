"""``python -m tests.mutation``: plant errors in ``autograd/ops`` and count those that are noticed.

Each mutant runs in a forked child that has NumPy and JAX already: it imports the package with the
mutated source in place of the file, and runs the checks of ``tests/test_cases.py`` (without the JAX
references) on the rows that execute the mutated function, until one fails.
"""

import argparse
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

# Heavy, and the same for every mutant.
import hypothesis  # noqa: F401
import jax.numpy  # noqa: F401
import numpy as np
import pytest  # noqa: F401

from .mutants import Mutant, mutants
from .survivors import reason

OPS = Path(__file__).parents[2] / "autograd" / "ops"
TIMEOUT = 300
"""Seconds for a mutant: a rule may have become a loop without end."""


class _Planted(importlib.abc.SourceLoader, importlib.abc.MetaPathFinder):
    """Imports one module from a text instead of its file."""

    def __init__(self, module: str, source: str) -> None:
        self.name = f"autograd.ops.{module}"
        self.path = str(OPS / f"{module}.py")
        self.source = source

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_filename(self, name: str) -> str:
        return self.path

    def get_data(self, path: Any) -> bytes:
        return self.source.encode()


def _in_child(work: Any, seconds: int = 1800) -> tuple[int, int]:
    """Run ``work`` in a fork; returns the child and the pipe that its answer, as JSON, comes from."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(seconds)
        try:
            result = work()
        except BaseException:  # noqa: BLE001
            result = {"crash": traceback.format_exc()}
        with os.fdopen(write, "w") as out:
            json.dump(result, out)
        os._exit(0)
    os.close(write)
    return child, read


def _collect(child: int, read: int) -> Any:
    """The answer of a child; None if it died or took too long."""
    with os.fdopen(read) as back:
        text = back.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


# --- which rows execute which function ---------------------------------------------------------


def _coverage() -> dict[str, list[int]]:
    """For each function of ``autograd/ops``, as file:line, the rows that call it going backward."""
    from tests import test_cases as t

    _strict()
    found: dict[str, set[int]] = {}
    for i, case in enumerate(t.CASES):
        seen: set[str] = set()

        def notice(frame: Any, event: str, argument: Any, seen: set[str] = seen) -> None:
            code = frame.f_code
            if event == "call" and code.co_filename.startswith(str(OPS)):
                seen.add(f"{Path(code.co_filename).stem}:{code.co_firstlineno}")

        sys.setprofile(notice)
        try:
            s = t._sample(case, t._telling(case))
            for check in (t.first_order, t.forward_mode, t.second_order):
                check(s, s.arrays)
        finally:
            sys.setprofile(None)
        for key in seen:
            found.setdefault(key, set()).add(i)
    return {key: sorted(rows) for key, rows in found.items()}


def _strict() -> None:
    from autograd import keeping

    keeping.SMALL, keeping.STRICT = 0, True
    np.seterr(all="ignore")


# --- one mutant --------------------------------------------------------------------------------


def _judge(mutant: Mutant, rows: list[int]) -> dict[str, str]:
    """Which check notices the mutant, if any."""
    sys.meta_path.insert(0, _Planted(mutant.module, mutant.source))
    try:
        from tests import test_cases as t
    except Exception as error:  # noqa: BLE001
        return {"killed": f"import: {type(error).__name__}"}
    _strict()
    cases = sorted(
        [t.CASES[i] for i in rows], key=lambda c: sum(int(np.prod(s)) for s in t._telling(c))
    )
    for check in [t.first_order, t.forward_mode, t.second_order, *t.IN_ALL_LAYOUTS]:
        for case in cases:
            for shapes in case.shapes:
                s = t._sample(case, shapes)
                for _, arrays in t._layouts(check, s):
                    try:
                        check(s, arrays)
                    except Exception:  # noqa: BLE001
                        return {"killed": f"{check.__name__}: {case.name}"}
    for kink in t.KINKS:
        for dtype in (np.float64, np.float32):
            try:
                t.test_kink(kink, dtype)
            except Exception:  # noqa: BLE001
                return {"killed": f"kink: {kink.name}"}
    return {}


def run(chosen: list[Mutant], jobs: int) -> list[tuple[Mutant, str]]:
    """Each mutant with the check that killed it; empty for a survivor."""
    coverage = _collect(*_in_child(_coverage))
    if not isinstance(coverage, dict) or "crash" in coverage:
        raise SystemExit(f"the checks fail without any mutant:\n{coverage and coverage['crash']}")
    everything = sorted({row for rows in coverage.values() for row in rows})
    unchanged = replace(
        chosen[0], source=(OPS / f"{chosen[0].module}.py").read_text(encoding="utf-8")
    )
    answer = _collect(*_in_child(lambda: _judge(unchanged, everything)))
    if answer != {}:
        raise SystemExit(f"the checks fail without any mutant: {answer}")
    print(f"{len(everything)} rows pass without any mutant, {len(chosen)} mutants", flush=True)
    results: list[tuple[Mutant, str]] = []
    running: list[tuple[Mutant, Any]] = []
    waiting = list(chosen)
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop(0)
            rows = coverage.get(f"{mutant.module}:{mutant.function}", [])
            running.append((mutant, _in_child(lambda m=mutant, r=rows: _judge(m, r), TIMEOUT)))
        mutant, handle = running.pop(0)
        answer = _collect(*handle)
        killed = (
            "hangs or dies"
            if answer is None
            else answer.get("killed", "") or answer.get("crash", "")
        )
        results.append((mutant, killed))
        if not killed:
            why = reason(mutant.module, mutant.what) or "NOT EXPLAINED"
            print(f"survived: {mutant.name}\n    {why}", flush=True)
    return results


def main() -> int:
    """Print the table; the exit status says whether 98 % were noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--module", action="append", help="only this file of autograd/ops")
    parser.add_argument("--sample", type=int, help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    names = options.module or sorted(p.stem for p in OPS.glob("*.py") if p.stem != "__init__")
    chosen = [m for n in names for m in mutants(n, (OPS / f"{n}.py").read_text(encoding="utf-8"))]
    if not chosen:
        parser.error(f"there are no rules in {', '.join(names)}")
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    results = run(chosen, options.jobs)
    planted = Counter(m.module for m, _ in results)
    killed = Counter(m.module for m, by in results if by)
    explained = Counter(m.module for m, by in results if not by and reason(m.module, m.what))
    for name in planted:
        rest = planted[name] - killed[name]
        print(
            f"{name:15s} {planted[name]:5d} planted {killed[name]:5d} killed {rest:4d} survived "
            f"({explained[name]} explained)"
        )
    total, dead = planted.total(), killed.total()
    print(f"{'all':15s} {total:5d} planted {dead:5d} killed: {100 * dead / max(total, 1):.2f} %")
    unexplained = total - dead - explained.total()
    return 0 if dead >= 0.98 * total and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
