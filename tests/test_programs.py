"""Random programs with changes in place, views, modes, hooks and failures: right, or an error.

Each program runs twice, step by step: on tensors, and on *dual arrays*, which carry beside their
numbers the derivative of every entry with respect to every entry of the leaves.  A dual array shares
memory exactly where the tensor does, so a write shows through its views in both worlds; what it does
to the derivatives is plain to see there, without any graph.

At the end the gradients must agree, or the engine must have refused the program in words: never a
wrong number.  A program that changes nothing in place may not be refused at all.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag

N = 4
LEAVES = 2


class Dual:
    """Numbers, and their derivatives with respect to all leaf entries along a last axis."""

    def __init__(self, value: Any, slope: Any) -> None:
        self.value = value
        self.slope = slope

    def view(self, index: Any) -> "Dual":
        return Dual(self.value[index], self.slope[index])


def apply(f: Callable[..., Any], partials: list[Callable[..., Any]], *args: Dual) -> Dual:
    """f of dual arrays, by the chain rule."""
    values = [a.value for a in args]
    value = np.asarray(f(*values))
    shape = (*value.shape, N * LEAVES)
    slope = np.zeros(shape)
    for p, a in zip(partials, args, strict=True):
        slope = slope + np.broadcast_to(np.asarray(p(*values))[..., None] * a.slope, shape)
    return Dual(value, slope)


def _radius(x: Any, y: Any) -> Any:
    return np.maximum(np.hypot(x, y), 1e-300)  # at the origin the gradient is 0


UNARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "np.sin": (np.sin, np.cos),
    "np.tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "np.exp": (np.exp, np.exp),
    "np.square": (np.square, lambda x: 2 * x),
    "np.negative": (np.negative, lambda x: -np.ones_like(x)),
}
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "+": (np.add, lambda x, y: np.ones_like(x), lambda x, y: np.ones_like(y)),
    "-": (np.subtract, lambda x, y: np.ones_like(x), lambda x, y: -np.ones_like(y)),
    "*": (np.multiply, lambda x, y: y, lambda x, y: x),
    "np.hypot": (np.hypot, lambda x, y: x / _radius(x, y), lambda x, y: y / _radius(x, y)),
}
VIEWS = {"[::-1]": np.s_[::-1], "[:2]": np.s_[:2], "[2:]": np.s_[2:], "[1]": 1, "[...]": np.s_[...]}
COPIES: dict[str, Any] = {
    "[[0, 0, 1, -1]]": [0, 0, 1, -1],
    "[mask]": np.array([True, False, True, True]),
}


class Failure(Exception):
    """What a rule of the program raises."""


def _fail(g: Any, out: Any, x: Any) -> Any:
    raise Failure


failing = ag.primitive(lambda x: x * 1.0, name="failing").defvjp(_fail)


class Program:
    """One random program, executed as it is drawn."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.text: list[str] = []
        self.tensors: list[ag.Tensor] = []
        self.duals: list[Dual] = []
        self.in_place = False
        self.fails = False
        for i in range(LEAVES):
            value = self.rng.uniform(0.5, 1.5, N)
            slope = np.zeros((N, N * LEAVES))
            slope[:, i * N : (i + 1) * N] = np.eye(N)
            self.add(
                f"Tensor({value}, requires_grad=True)",
                ag.Tensor(value, requires_grad=True),
                Dual(value.copy(), slope),
            )

    def add(self, text: str, tensor: ag.Tensor, dual: Dual) -> None:
        self.text.append(f"v{len(self.tensors)} = {text}")
        np.testing.assert_array_equal(tensor.data, dual.value)
        self.tensors.append(tensor)
        self.duals.append(dual)

    def pick(self, wanted: Callable[[Any], bool] = lambda t: True) -> int:
        fitting = [i for i, t in enumerate(self.tensors) if wanted(t)]
        # The newer a variable, the likelier it is used again.
        weights = np.arange(1, len(fitting) + 1) ** 1.5
        return int(self.rng.choice(fitting, p=weights / weights.sum()))

    def like(self, i: int) -> int:
        shape = self.tensors[i].shape
        return self.pick(lambda t: t.shape in (shape, ()))

    def choose(self, table: Any) -> Any:
        return list(table)[self.rng.integers(len(table))]

    # --- steps --------------------------------------------------------------------------------

    def unary(self) -> None:
        i, name = self.pick(), self.choose(UNARY)
        f, slope = UNARY[name]
        self.add(f"{name}(v{i})", f(self.tensors[i]), apply(f, [slope], self.duals[i]))

    def binary(self) -> None:
        i, name = self.pick(), self.choose(BINARY)
        j = self.like(i)
        f, *slopes = BINARY[name]
        made = f(self.tensors[i], self.tensors[j])
        self.add(f"v{i} {name} v{j}", made, apply(f, slopes, self.duals[i], self.duals[j]))

    def total(self) -> None:
        i = self.pick(lambda t: t.ndim)
        dual = Dual(np.asarray(self.duals[i].value.sum()), self.duals[i].slope.sum(0))
        self.add(f"v{i}.sum()", self.tensors[i].sum(), dual)

    def view(self) -> None:
        i, name = self.pick(lambda t: t.shape == (N,)), self.choose(VIEWS)
        self.add(f"v{i}{name}", self.tensors[i][VIEWS[name]], self.duals[i].view(VIEWS[name]))

    def advanced(self) -> None:
        i, name = self.pick(lambda t: t.shape == (N,)), self.choose(COPIES)
        index = COPIES[name]
        self.add(f"v{i}{name}", self.tensors[i][index], self.duals[i].view(index))

    def clone(self) -> None:
        i = self.pick()
        d = self.duals[i]
        self.add(f"v{i}.clone()", self.tensors[i].clone(), Dual(d.value.copy(), d.slope.copy()))

    def rebind(self) -> None:
        i = self.pick()
        j = self.like(i)
        t = self.tensors[i]
        t += self.tensors[j]
        self.add(f"v{i} += v{j}", t, apply(*_plus, self.duals[i], self.duals[j]))

    def detach(self) -> None:
        i = self.pick()
        d = self.duals[i]
        self.add(f"v{i}.detach()", self.tensors[i].detach(), Dual(d.value, np.zeros_like(d.slope)))

    def unrecorded(self) -> None:
        i, name = self.pick(), self.choose(UNARY)
        f, _ = UNARY[name]
        with ag.no_grad():
            made = f(self.tensors[i])
        value = np.asarray(f(self.duals[i].value))
        self.add(
            f"{name}(v{i}) under no_grad", made, Dual(value, np.zeros((*value.shape, N * LEAVES)))
        )

    def hook(self) -> None:
        i = self.pick()
        made, d = self.tensors[i] * 1.0, self.duals[i]
        factor = float(self.rng.integers(2, 4))
        if made.requires_grad:
            made.register_hook(lambda g: g * factor)
        self.add(
            f"v{i} * 1.0, gradient times {factor}", made, Dual(d.value * 1.0, d.slope * factor)
        )

    def retain(self) -> None:
        i = self.pick()
        if self.tensors[i].requires_grad:
            self.text.append(f"v{i}.retain_grad()")
            self.tensors[i].retain_grad()

    def checkpoint(self) -> None:
        i, name = self.pick(), self.choose(UNARY)
        f, slope = UNARY[name]
        made = ag.checkpoint(lambda x: f(x * x))(self.tensors[i])
        inner = apply(np.square, [lambda x: 2 * x], self.duals[i])
        self.add(f"checkpoint {name}(v{i} * v{i})", made, apply(f, [slope], inner))

    def assign(self) -> None:
        """v[index] = w, recorded."""
        i, name = self.pick(lambda t: t.ndim), self.choose(["[0]", "[-1]", "[:1]", "[[0, 0]]"])
        index = {"[0]": 0, "[-1]": -1, "[:1]": np.s_[:1], "[[0, 0]]": [0, 0]}[name]
        j = (
            self.pick(lambda t: t.shape == ())
            if self.rng.random() < 0.5 and any(t.shape == () for t in self.tensors)
            else -1
        )
        self.text.append(f"v{i}{name} = {f'v{j}' if j >= 0 else 2.0}")
        self.in_place = True
        self.tensors[i][index] = self.tensors[j] if j >= 0 else 2.0
        source = self.duals[j] if j >= 0 else Dual(np.float64(2.0), np.zeros(N * LEAVES))
        value, slope = source.value.copy(), source.slope.copy()
        self.duals[i].value[index] = value
        self.duals[i].slope[index] = slope

    def overwrite(self) -> None:
        """v[0] = 1 outside of the graph: other numbers, the same history."""
        i = self.pick(lambda t: t.ndim)
        self.text.append(f"v{i}[0] = 1.0 under no_grad")
        self.in_place = True
        with ag.no_grad():
            self.tensors[i][0] = 1.0
        self.duals[i].value[0] = 1.0

    def fail(self) -> None:
        i = self.pick()
        if self.tensors[i].requires_grad and self.rng.random() < 0.3:
            d = self.duals[i]
            self.add(
                f"failing(v{i})", failing(self.tensors[i]), Dual(d.value * 1.0, d.slope.copy())
            )
            self.fails = True

    STEPS = (unary, unary, binary, binary, binary, total, view, advanced, clone, rebind, detach,
             unrecorded, hook, retain, checkpoint, assign, assign, overwrite, fail)  # fmt: skip

    # --- the end ------------------------------------------------------------------------------

    def run(self, length: int) -> str:
        """Execute, compare, and say how it ended."""
        try:
            for _ in range(length):
                self.choose(self.STEPS)(self)
            chosen = [self.pick(lambda t: t.requires_grad) for _ in range(3)]
            weights = [self.rng.uniform(0.5, 1.5, self.tensors[i].shape) for i in chosen]
            self.text.append(f"loss of v{chosen}")
            loss = sum(
                ((self.tensors[i] * w).sum() for i, w in zip(chosen, weights, strict=True)), 0.0
            )
            expected = sum(
                np.tensordot(w, self.duals[i].slope, w.ndim)
                for i, w in zip(chosen, weights, strict=True)
            )
            if not np.all(np.isfinite(expected)):
                return "overflowed"
            return self.backward(loss, np.asarray(expected).reshape(LEAVES, N))
        except RuntimeError as error:
            self.refused(error)
            return "refused"

    def refused(self, error: RuntimeError) -> None:
        assert self.in_place, f"refused without a change in place: {error}"
        known = ("changed in place", "assigned to", "no_grad()", "view")
        assert any(words in str(error) for words in known), error

    def backward(self, loss: Any, expected: np.ndarray) -> str:
        leaves = self.tensors[:LEAVES]
        times = int(self.rng.integers(1, 4))
        for k in range(times):
            before = [None if t.grad is None else t.grad.data.copy() for t in leaves]
            try:
                loss.backward(retain_graph=k < times - 1)
            except (Failure, RuntimeError):
                for t, g in zip(leaves, before, strict=True):
                    assert (t.grad is None) == (g is None)
                    if g is not None:
                        np.testing.assert_array_equal(t.grad.data, g)
                if self.fails:
                    return "failed"
                raise
            for t, g in zip(leaves, expected, strict=True):
                found = np.zeros(N) if t.grad is None else t.grad.data
                np.testing.assert_allclose(found, (k + 1) * g, rtol=1e-9, atol=1e-9 * _scale(g))
        return "right"


_plus = (np.add, [lambda x, y: np.ones_like(x), lambda x, y: np.ones_like(y)])


def _scale(g: np.ndarray) -> float:
    return max(1.0, float(np.max(np.abs(g), initial=0)))


def _run(seeds: range, length: int) -> Counter[str]:
    ends: Counter[str] = Counter()
    for seed in seeds:
        program = Program(seed)
        with np.errstate(all="ignore"):
            try:
                ends[program.run(length)] += 1
            except BaseException as error:
                error.add_note(f"program {seed}:\n  " + "\n  ".join(program.text))
                raise
    return ends


@pytest.mark.parametrize("length", [6, 12, 25])
def test_random_programs(length: int) -> None:
    ends = _run(range(200), length)
    assert ends["right"] >= 30, ends
    assert sum(ends.values()) == 200


@pytest.mark.nightly
@pytest.mark.parametrize("block", range(20))
def test_many_random_programs(block: int) -> None:
    for length in (5, 10, 15, 20, 30):
        _run(range(1000 + 200 * block, 1200 + 200 * block), length)


def test_the_reference_would_notice() -> None:
    """A planted error: the dual world and the engine must disagree."""
    program = Program(0)
    program.duals[0].slope[...] *= 1.001
    program.in_place = True
    with pytest.raises(AssertionError):
        program.backward(program.tensors[0].sum(), program.duals[0].slope.sum(0).reshape(LEAVES, N))
