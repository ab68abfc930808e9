"""One other library, in a process of its own: `python -P peer.py LIBRARY WORKLOAD ARRAYS.npz`.

Nothing of chainrule is imported here (HIPS autograd has our import name): the arrays come from a
file, and so does the result that must come out.  For every line on standard input the program runs
for a few milliseconds and the seconds of one turn are printed.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], list[Any]]
STEPS = 100


def chain(tanh: Callable[[Any], Any], y: Any) -> Any:
    for _ in range(STEPS):
        y = tanh(y * 1.01 + 0.1)
    return y


def layers(parameters: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def adam(np: Any, parameters: list[Any], state: dict[str, Any], found: list[Any]) -> list[Any]:
    """Kingma and Ba's Adam for libraries without optimizers."""
    state["t"] = t = state.get("t", 0) + 1
    ms, vs = (state.get(k) or [np.zeros_like(p) for p in parameters] for k in "mv")
    state["m"] = [0.9 * m + 0.1 * g for m, g in zip(ms, found, strict=True)]
    state["v"] = [0.999 * v + 0.001 * g * g for v, g in zip(vs, found, strict=True)]
    rate, root = 1e-3 / (1 - 0.9**t), (1 - 0.999**t) ** 0.5
    return [
        p - rate * m / (np.sqrt(v) / root + 1e-8)
        for p, m, v in zip(parameters, state["m"], state["v"], strict=True)
    ]


def with_torch(workload: str, a: dict[str, Any]) -> Step:
    import torch

    torch.set_num_threads(1)
    if workload == "chain":
        ones = torch.ones(len(a["x"]), dtype=torch.float64)

        def gradient() -> list[Any]:
            x = torch.tensor(a["x"], requires_grad=True)
            chain(torch.tanh, x).backward(ones)
            return [x.grad.numpy()]

        return gradient
    modules: list[Any] = []
    for w, b in layers(a["parameters"]):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(w))
            layer.bias.copy_(torch.tensor(b))
        modules += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    x, labels = torch.tensor(a["x"]), torch.tensor(a["labels"])
    if workload == "digits":
        optimizer: Any = torch.optim.SGD(model.parameters(), lr=0.01)
    else:
        optimizer = torch.optim.Adam(model.parameters())

    learned = [p.detach().numpy() for p in model.parameters()]  # views

    def step() -> list[Any]:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
        return learned

    return step


def _loss(np: Any, parameters: list[Any], x: Any, rows: Any, labels: Any) -> Any:
    *inner, (w, b) = layers(parameters)
    for v, c in inner:
        x = np.maximum(x @ v.T + c, 0)
    z = x @ w.T + b
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[rows, labels])


def _functional(np: Any, grad: Any, compiled: Any, workload: str, a: dict[str, Any]) -> Step:
    """For the libraries whose gradients are functions of functions."""
    if workload == "chain":
        gradient = compiled(grad(lambda x: np.sum(chain(np.tanh, x))))
        x = np.array(a["x"])
        return lambda: [gradient(x)]
    x, labels, rows = np.array(a["x"]), np.array(a["labels"]), np.arange(len(a["x"]))
    slope = grad(lambda parameters: _loss(np, parameters, x, rows, labels))

    def update(parameters: Any, state: Any) -> Any:
        found = slope(parameters)
        if workload == "digits":
            return [p - 0.01 * g for p, g in zip(parameters, found, strict=True)], state
        parameters = adam(np, parameters, state, found)
        return parameters, state

    update = compiled(update)
    now: list[Any] = [[np.array(p) for p in a["parameters"]], {}]

    def step() -> list[Any]:
        now[:] = update(*now)
        return list(now[0])

    return step


def with_autograd(workload: str, a: dict[str, Any]) -> Step:
    import autograd.numpy as anp

    import autograd

    return _functional(anp, autograd.grad, lambda f: f, workload, a)


def with_jax(workload: str, a: dict[str, Any]) -> Step:
    import jax

    jax.config.update("jax_enable_x64", True)
    step = _functional(jax.numpy, jax.grad, jax.jit, workload, a)
    return lambda: jax.block_until_ready(step())


def with_jax_eager(workload: str, a: dict[str, Any]) -> Step:
    import jax

    jax.config.update("jax_enable_x64", True)
    step = _functional(jax.numpy, jax.grad, lambda f: f, workload, a)
    return lambda: jax.block_until_ready(step())


def with_mygrad(workload: str, a: dict[str, Any]) -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    if workload == "chain":

        def gradient() -> list[Any]:
            x = mg.tensor(a["x"])
            chain(mg.tanh, x).backward()
            return [x.grad]

        return gradient
    parameters = [mg.tensor(p) for p in a["parameters"]]
    x, labels = a["x"], a["labels"]
    state: dict[str, Any] = {}

    def step() -> list[Any]:
        *inner, (w, b) = layers(parameters)
        h = x
        for v, c in inner:
            h = relu(mg.matmul(h, v.T) + c)
        softmax_crossentropy(mg.matmul(h, w.T) + b, labels).backward()
        if workload == "digits":
            for p in parameters:
                p.data -= 0.01 * p.grad
        else:
            moved = adam(np, [p.data for p in parameters], state, [p.grad for p in parameters])
            for p, new in zip(parameters, moved, strict=True):
                p.data[...] = new
        return [p.data for p in parameters]

    return step


LIBRARIES = {
    "torch": with_torch,
    "autograd": with_autograd,
    "jax": with_jax,
    "jax-eager": with_jax_eager,
    "mygrad": with_mygrad,
}


def main() -> None:
    library, workload, path = sys.argv[1:]
    with np.load(path) as file:
        arrays: dict[str, Any] = {k: file[k] for k in ("x", "labels") if k in file}
        for kind in ("parameters", "expected"):
            arrays[kind] = [file[k] for k in sorted(file) if k.startswith(kind)]
    step = LIBRARIES[library](workload, arrays)
    for mine, theirs in zip(step(), arrays["expected"], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=1e-6)
    for _ in range(5):
        step()
    turns = max(1, round(0.01 / _timed(step, 3)))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(_timed(step, turns), flush=True)


def _timed(step: Step, turns: int) -> float:
    start = time.perf_counter()
    for _ in range(turns):
        step()
    return (time.perf_counter() - start) / turns


if __name__ == "__main__":
    main()
