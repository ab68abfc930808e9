"""The parsers of input, fed with rubbish: no crash, no hang, only the documented exceptions.

Inputs are made of the pieces that the parser knows, in any order, and of valid ones that are damaged
at random; nightly there are 100,000 for each parser.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.expression import FUNCTIONS, ExpressionError, parse, parse_value
from nn import checkpoint

resource = pytest.importorskip("resource", reason="looks at the memory of the process")

COUNTS = [1_000, pytest.param(100_000, marks=pytest.mark.nightly)]
SLOW = 2.0
"""Seconds for one input, on a machine that is busy with other tests too."""


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def timed(call: Callable[[], Any], what: Any) -> None:
    start = time.perf_counter()
    call()
    assert time.perf_counter() - start < SLOW, what


# --- formulas ----------------------------------------------------------------------------------

PIECES = [
    *"xyzabW()()()+-*/@,.[]{}:;='\"\\!#%&|~^<>?_ \t\n\0é∂λ",
    *"0123456789",
    *["**", "//", "1e308", "1e-9", "0x1F", "1_000", "1j", "True", "None", "pi", "99999999999999"],
    *["__import__", "lambda", "if", "else", "for", "in", "not", ":=", "f'", "x.y", "...", "and"],
    *FUNCTIONS,
]
FORMULAS = [
    "(x + y) * z",
    "relu(2*x + b)",
    "sigmoid(w0*x0 + w1*x1 + w2)",
    "sum(W @ x) ** 2",
    "-x ** -y / (1 + exp(-(a - 3.5)))",
    "max(x, y, z) + mean(a, b)",
]


def damaged(rng: np.random.Generator, text: str) -> str:
    """A few pieces inserted, removed or repeated."""
    for _ in range(rng.integers(1, 5)):
        at, to = sorted(rng.integers(0, len(text) + 1, 2))
        new = PIECES[rng.integers(len(PIECES))]
        match rng.integers(4):
            case 0:
                text = text[:at] + new + text[at:]
            case 1:
                text = text[:at] + text[to:]
            case 2:
                text = text[:at] + new + text[to:]
            case 3:
                text = text[:to] + text[at:to] * int(rng.integers(1, 4)) + text[to:]
    return text


def formula(rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        return "".join(PIECES[i] for i in rng.integers(len(PIECES), size=rng.integers(0, 25)))
    return damaged(rng, FORMULAS[rng.integers(len(FORMULAS))])


@pytest.mark.parametrize("count", COUNTS)
def test_formulas(count: int, rng: np.random.Generator) -> None:
    accepted = 0
    for _ in range(count):
        text = formula(rng)

        def read(text: str = text) -> int:
            try:
                program = parse(text)
                values = {name: 0.5 + 0.1 * i for i, name in enumerate(program.variables)}
                result = program.evaluate(values)[program.result]
                result.backward()
            except ExpressionError as error:
                return 0 if 1 <= error.column <= len(text) + 1 else -count
            return 1

        start = time.perf_counter()
        accepted += read()
        assert time.perf_counter() - start < SLOW, text
    assert accepted > count // 20


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "x" + ")" * 5000,
        "-" * 5000 + "x",
        "x" + " + x" * 100_000,
        "x" * 1_000_000,
        "2 ** 2 ** 2 ** 2 ** 2 ** 2 ** x",
        "9 ** 99999999 * x",
        "x ** 1e308 ** 1e308",
        "1" * 100_000 + " * x",
        "exp(" * 150 + "x" + ")" * 150,
        "\0x",
        "x\ud800",
    ],
)
def test_formulas_that_ask_for_too_much(text: str) -> None:
    def read() -> None:
        try:
            program = parse(text)
            program.evaluate(dict.fromkeys(program.variables, 0.5))
        except ExpressionError:
            pass

    timed(read, text[:50])


@pytest.mark.parametrize("count", COUNTS)
def test_values(count: int, rng: np.random.Generator) -> None:
    pieces = [
        *"[[[]]],,,  --..",
        *"0123456789",
        "1e5",
        "nan",
        "inf",
        "x",
        "(",
        ")",
        "'",
        "None",
        "1j",
    ]
    for _ in range(count):
        text = "".join(pieces[i] for i in rng.integers(len(pieces), size=rng.integers(0, 20)))
        try:
            value = parse_value(text)
        except ExpressionError:
            continue
        assert np.asarray(value).dtype.kind in "fi", text


# --- einsum ------------------------------------------------------------------------------------


def subscripts(rng: np.random.Generator) -> str:
    letters = "".join(rng.choice(list("iiijjkab.-> ,AZ1"), size=rng.integers(0, 9)))
    if rng.random() < 0.3:
        return letters
    parts = ["".join(rng.choice(list("ijk"), size=rng.integers(0, 4))) for _ in range(2)]
    parts = [p[:1] + "..." + p[1:] if rng.random() < 0.25 else p for p in parts]
    out = "".join(rng.choice(list("ijk"), size=rng.integers(0, 3), replace=rng.random() < 0.1))
    out = "..." + out if rng.random() < 0.25 else out
    return ",".join(parts) + (f"->{out}" if rng.random() < 0.8 else "")


@pytest.mark.parametrize("count", COUNTS)
def test_einsum_subscripts(count: int, rng: np.random.Generator) -> None:
    """What NumPy computes we compute alike, and differentiate; what it refuses we refuse."""
    accepted = 0
    for k in range(count):
        text = subscripts(rng)
        x = rng.normal(size=rng.integers(1, 4, size=rng.integers(0, 4)))
        y = rng.normal(size=rng.integers(1, 4, size=rng.integers(0, 4)))
        if rng.random() < 0.7:  # sizes that belong together
            size = dict(zip("ijk", rng.integers(1, 4, 3), strict=True))
            sides = [
                re.sub(r"[^ijk]", "", side) for side in (text.split("->")[0] + ",").split(",")[:2]
            ]
            x, y = (
                rng.normal(size=[size[c] for c in s if c in size]) for s in (*sides, "", "")[:2]
            )
        operands = (x, y) if "," in text else (x,)
        try:
            expected = np.einsum(text, *operands)
        except (ValueError, TypeError, IndexError):
            expected = None
        tensors = [ag.Tensor(o, requires_grad=True) for o in operands]
        try:
            found = np.einsum(text, *tensors)
        except (ValueError, TypeError, IndexError):
            assert expected is None, text
            continue
        assert expected is not None, text
        accepted += 1
        np.testing.assert_allclose(found.data, expected, rtol=1e-9, atol=1e-12, err_msg=text)
        if k % 10 == 0:
            np.sum(found * found).backward()
            for t in tensors:
                assert t.grad is None or t.grad.shape == t.shape
    assert accepted > count // 10


# --- indices -----------------------------------------------------------------------------------


def index(rng: np.random.Generator, deep: bool = True) -> Any:
    n = lambda: int(rng.integers(-5, 5))
    match rng.integers(12 if deep else 10):
        case 0 | 1:
            return n()
        case 2 | 3:
            bound = lambda: None if rng.random() < 0.3 else n()
            step = n()
            return slice(bound(), bound(), step if step or rng.random() < 0.1 else None)
        case 4:
            return Ellipsis
        case 5:
            return None
        case 6:
            return rng.integers(-4, 4, size=rng.integers(0, 4)).tolist()
        case 7:
            return rng.integers(-3, 3, size=rng.integers(0, 3, size=2))
        case 8:
            return rng.random(rng.integers(1, 5, size=rng.integers(0, 3))) < 0.5
        case 9:
            odd = [1.0, "a", np.int64(1), np.array(1.5), True, (), {}, 10**30, np.array(2)]
            return odd[rng.integers(len(odd))]
        case _:
            return tuple(index(rng, False) for _ in range(rng.integers(0, 4)))


@pytest.mark.parametrize("count", COUNTS)
def test_index_expressions(count: int, rng: np.random.Generator) -> None:
    """Reading and writing: the same entries as NumPy, or an error where NumPy has one."""
    accepted = 0
    for _ in range(count):
        x = rng.normal(size=rng.integers(1, 4, size=rng.integers(0, 4)))
        i = index(rng)
        refused: tuple[type[Exception], ...] = (IndexError, TypeError, ValueError, OverflowError)
        try:
            expected = np.array(x[i])
        except refused:
            expected = None
        t = ag.Tensor(x, requires_grad=True)
        try:
            found = t[i]
        except refused:
            assert expected is None, (x.shape, i)
            continue
        assert expected is not None, (x.shape, i)
        np.testing.assert_array_equal(found.data, expected)
        accepted += 1
        g = rng.normal(size=expected.shape)
        (gx,) = ag.gradients(found, t, g)
        counted = np.zeros_like(x)
        np.add.at(counted, i, g)
        np.testing.assert_allclose(gx.data, counted, rtol=1e-12, atol=1e-12, err_msg=repr(i))
        written, plain = t * 1.0, x.copy()
        written[i] = g
        plain[i] = g
        np.testing.assert_array_equal(written.data, plain)
    assert accepted > count // 10


# --- checkpoint files --------------------------------------------------------------------------


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


@pytest.mark.parametrize("count", COUNTS)
def test_checkpoint_files(count: int, rng: np.random.Generator, tmp_path: Path) -> None:
    """A damaged file is refused with its path, and the model stays as it was."""
    path = tmp_path / "model.safetensors"
    checkpoint.save(path, model=model(), epoch=3, note="text")
    whole = path.read_bytes()
    target = model()
    before = [p.data.copy() for p in target.parameters()]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(count):
        data = bytearray(whole)
        match rng.integers(6):
            case 0:
                data = data[: rng.integers(len(data))]
            case 1:
                data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
            case 2:
                data[:8] = int(rng.integers(0, 2**62)).to_bytes(8, "little")
            case 3:
                at, to = sorted(rng.integers(0, len(data), 2))
                data[at:to] = rng.bytes(int(rng.integers(0, 50)))
            case 4:
                data = bytearray(rng.bytes(int(rng.integers(0, 200))))
            case 5:
                digits = list(re.finditer(rb"\d+", bytes(data[8:600])))
                m = digits[rng.integers(len(digits))]
                data[8 + m.start() : 8 + m.end()] = str(rng.integers(-9, 10**18)).encode()
        if bytes(data) == whole:
            continue
        path.write_bytes(bytes(data))
        with pytest.raises(ValueError, match=re.escape(str(path))):
            checkpoint.load(path, model=target)
    for p, array in zip(target.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, array)
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000
    )  # kilobytes on Linux
