"""Scale and concurrency (FAULTS 73 to 78): each in a process of its own, which prints its figures."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def figures(script: str, *arguments: Any, timeout: float = 600) -> dict[str, Any]:
    """Run a script; its last line is JSON."""
    run = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            PRELUDE + textwrap.dedent(script),
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


PRELUDE = """
import asyncio, gc, json, os, sys, threading
import numpy as np
import autograd as ag

n = int(sys.argv[1]) if len(sys.argv) > 1 else 0

def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def report(**figures):
    print(json.dumps(figures))
"""

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


# --- 73: a long chain --------------------------------------------------------------------------

CHAIN = """
if len(sys.argv) > 2:
    sys.setrecursionlimit(int(sys.argv[2]))
x = ag.Tensor([0.5, 0.25], requires_grad=True)
y = x
for _ in range(n):
    y = y + 1e-6
assert "made by add" in repr(y)
y.sum().backward()
assert x.grad.data.tolist() == [1.0, 1.0]
del y
gc.collect()
v = w = ag.Value(0.5)
for _ in range(n):
    w = w + 1e-6
w.backward()
assert v.grad == 1.0
repr(w)
del w
report(operations=2 * n)
"""


@pytest.mark.parametrize("limit", [1000, 200])
def test_73_a_chain_of_a_hundred_thousand(limit: int) -> None:
    assert figures(CHAIN, 100_000, limit)["operations"] == 200_000


@pytest.mark.nightly
@pytest.mark.parametrize("limit", [1000, 200])
def test_73_a_chain_of_a_million(limit: int) -> None:
    assert figures(CHAIN, 1_000_000, limit)["operations"] == 2_000_000


def test_73_a_long_chain_is_drawn_and_differentiated_again() -> None:
    found = figures(
        """
        x = ag.Tensor(0.5, requires_grad=True)
        y = x
        for _ in range(n):
            y = y * 0.999999
        text = str(ag.draw(y))
        (g,) = ag.gradients(y, x, create_graph=True)
        z = ag.checkpoint(lambda x: x * x)(y)
        z.backward()
        report(text=len(text))
        """,
        20_000,
    )
    assert 0 < found["text"] < 100_000


# --- 74: training leaves nothing behind --------------------------------------------------------

TRAINING = """
rng = np.random.default_rng(0)
data, target = rng.normal(size=(20, 4)), rng.normal(size=(20, 1))
w = ag.Tensor(rng.normal(size=(4, 8)), requires_grad=True)
v = ag.Tensor(rng.normal(size=(8, 1)), requires_grad=True)

def step(i):
    w.grad = v.grad = None
    loss = np.mean((np.tanh(data @ w) @ v - target) ** 2)
    if i % 10 == 0:
        (g,) = ag.gradients(loss, w, create_graph=True)
        loss = loss + 0.01 * (g * g).sum()
    if i % 100 == 0:
        ag.hvp(lambda w: np.sum(np.tanh(data @ w) ** 2))(w.data, w.data)
    loss.backward()
    with ag.no_grad():
        for p in (w, v):
            p[...] = p - 0.01 * p.grad

gc.disable()
for i in range(n // 10):
    step(i)
before = resident()
for i in range(n):
    step(i)
report(growth=resident() - before, garbage=gc.collect())
"""


@linux
def test_74_memory_is_flat_over_training_with_the_collector_off() -> None:
    found = figures(TRAINING, 5_000)
    assert found["growth"] < 1 << 20, found
    assert found["garbage"] < 50, found


@linux
@pytest.mark.nightly
def test_74_memory_is_flat_over_a_hundred_thousand_steps() -> None:
    found = figures(TRAINING, 100_000)
    assert found["growth"] < 1 << 20, found
    assert found["garbage"] < 50, found


@pytest.mark.parametrize(
    "what",
    [
        "y = np.tanh(x @ x).sum()",
        "np.tanh(x @ x).sum().backward()",
        "np.tanh(x @ x).sum().backward(create_graph=True)",
        "(g,) = ag.gradients(np.tanh(x @ x).sum(), x, create_graph=True); (g * g).sum().backward()",
        "ag.hessian(lambda x: np.sum(np.tanh(x @ x)))(x.data)",
        "ag.jvp(lambda x: np.tanh(x @ x), (x.data,), (x.data,))",
        "ag.checkpoint(lambda x: np.tanh(x @ x))(x).sum().backward()",
        "y = x * 1; y.register_hook(lambda g: g * 2); y.retain_grad(); y.sum().backward()",
        "y = x * 1; y[0] = 2.0; y.sum().backward()",
        "a, b = np.linalg.slogdet(x + 9 * np.eye(3)); b.backward()",
        "ag.gradcheck(np.sin, x.data)",
        "v = ag.Value(2.0); (v * v + v.exp()).backward()",
    ],
)
def test_no_reference_cycles(what: str) -> None:
    script = f"""
def run(x):
    {what}

x = ag.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
run(x); x.grad = None
gc.collect()
gc.disable()
for _ in range(20):
    run(x)
    x.grad = None
report(garbage=gc.collect())
"""
    assert figures(script)["garbage"] == 0


# --- 75: threads, tasks, generators ------------------------------------------------------------

THREADS = """
sys.setswitchinterval(1e-6)
wrong, started = [], threading.Barrier(8)

def work(k):
    started.wait()
    x = 0.1 + 0.1 * k
    for i in range(n):
        f = lambda x: x * ag.grad(lambda y: x * y**2)(x) + k
        if not np.isclose(ag.grad(f)(x), 6 * x * x) or not np.isclose(f(x), 2 * x**3 + k):
            wrong.append((k, i))
        with ag.no_grad():
            t = ag.Tensor(x, requires_grad=True) * 2
            if t.requires_grad or ag.is_grad_enabled():
                wrong.append((k, i, "no_grad"))
        if not ag.is_grad_enabled():
            wrong.append((k, i, "mode"))

threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
for t in threads: t.start()
for t in threads: t.join()
report(wrong=len(wrong))
"""


def test_75_eight_threads_with_nested_gradients() -> None:
    assert figures(THREADS, 150)["wrong"] == 0


@pytest.mark.nightly
def test_75_eight_threads_with_ten_thousand_nested_gradients() -> None:
    assert figures(THREADS, 10_000, timeout=3600)["wrong"] == 0


def test_modes_belong_to_their_task() -> None:
    script = """
    seen = []

    async def off(turns):
        with ag.no_grad():
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.append(("off", ag.is_grad_enabled()))

    async def on(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
            seen.append(("on", ag.is_grad_enabled()))

    @ag.no_grad()
    async def decorated(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
            seen.append(("off", ag.is_grad_enabled()))

    async def main():
        await asyncio.gather(off(50), on(50), decorated(50), on(50))

    asyncio.run(main())
    report(wrong=sum((name == "on") != enabled for name, enabled in seen), seen=len(seen))
    """
    assert figures(script) == {"wrong": 0, "seen": 200}


def test_modes_of_generators_hold_while_their_body_runs() -> None:
    script = """
    wrong = []

    @ag.no_grad()
    def numbers():
        for i in range(5):
            wrong.append(ag.is_grad_enabled())
            try:
                yield i
            except KeyError:
                wrong.append(ag.is_grad_enabled())

    a, b = numbers(), numbers()
    for i, j in zip(a, b):
        wrong.append(not ag.is_grad_enabled())
    c = numbers()
    next(c)
    c.throw(KeyError)
    wrong.append(not ag.is_grad_enabled())
    c.close()
    wrong.append(not ag.is_grad_enabled())
    report(wrong=sum(wrong))
    """
    assert figures(script)["wrong"] == 0


# --- 76: shared leaves -------------------------------------------------------------------------

SHARED = """
sys.setswitchinterval(1e-6)
x = ag.Tensor(np.zeros(3), requires_grad=True)
y = ag.Tensor(np.ones(3), requires_grad=True)

def work(k):
    for _ in range(n):
        (x * float(k) + y * x).sum().backward()

threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
for t in threads: t.start()
for t in threads: t.join()
report(x=x.grad.data.tolist(), y=y.grad.data.tolist())
"""


@pytest.mark.parametrize("n", [200, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_76_sums_over_shared_leaves_are_exact(n: int) -> None:
    total = float(n * (sum(range(8)) + 8))
    assert figures(SHARED, n) == {"x": [total] * 3, "y": [0.0] * 3}


def test_76_one_retained_graph_from_many_threads() -> None:
    script = """
    sys.setswitchinterval(1e-6)
    x = ag.Tensor(np.arange(3.0), requires_grad=True)
    h = ag.checkpoint(lambda x: np.tanh(x) * x)(x)
    loss = (h * h + np.sin(x)).sum()
    loss.backward(retain_graph=True)
    once = x.grad.data.copy()
    x.grad = None
    threads = [
        threading.Thread(target=lambda: [loss.backward(retain_graph=True) for _ in range(n)])
        for _ in range(4)
    ]
    for t in threads: t.start()
    for t in threads: t.join()
    report(error=float(np.max(np.abs(x.grad.data / (4 * n) - once))))
    """
    assert figures(script, 100)["error"] < 1e-12


# --- 78: fork ----------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_78_a_child_goes_on_computing() -> None:
    script = """
    import signal, warnings
    warnings.simplefilter("ignore")
    stop = threading.Event()
    x = ag.Tensor(np.ones(3), requires_grad=True)

    def busy():
        while not stop.is_set():
            (x * x).sum().backward()

    thread = threading.Thread(target=busy)
    thread.start()
    codes = []
    for _ in range(20):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            y = ag.Tensor(np.ones(3), requires_grad=True)
            (y * y).sum().backward()
            right = y.grad.data.tolist() == [2.0] * 3 and ag.grad(ag.grad(np.sin))(0.0) == 0
            os._exit(0 if right else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    thread.join()
    report(codes=codes)
    """
    assert figures(script)["codes"] == [0] * 20
