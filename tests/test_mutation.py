"""The mutator plants what it says, in rules only.  The mutants themselves run in the nightly build:
``python -m tests.mutation``."""

from pathlib import Path

import pytest

from tests.mutation.mutants import mutants

OPS = Path(__file__).parents[1] / "autograd" / "ops"
SOURCE = """
tanh = unary(np.tanh, lambda g, out, x: g * (1 - out * out), saves="out")

def helper(g, x):
    return -np.swapaxes(g, -1, -2) @ x.T

@primitive
def forward(x):
    return x + x

forward.defvjp(lambda g, out, x: helper(g, x), saves="x")

def tolerance(x):
    resolution = 100 * np.finfo(x.dtype).eps
    return np.abs(x) <= resolution

def elsewhere(x):
    return x - 1
"""


def test_every_kind_of_error_is_planted() -> None:
    planted = {m.what for m in mutants("example", SOURCE)}
    assert planted >= {
        "g * (1 - out * out)  →  g * (1 - out * out) * 1.001",
        "1 - out * out  →  1 + out * out",
        "1 - out * out  →  1",
        "1 - out * out  →  out * out - 1",
        "g * (1 - out * out)  →  g",
        "-np.swapaxes(g, -1, -2)  →  np.swapaxes(g, -1, -2)",
        "-np.swapaxes(g, -1, -2) @ x.T  →  x.T @ -np.swapaxes(g, -1, -2)",
        "np.swapaxes(g, -1, -2)  →  np.swapaxes(g, -1, 1)",
        "x.T  →  x",
    }


def test_errors_are_planted_in_rules_only() -> None:
    for mutant in mutants("example", SOURCE):
        changed = [
            i
            for i, (a, b) in enumerate(
                zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True), 1
            )
            if a != b
        ]
        assert changed in ([2], [5], [11]), mutant.what
        assert changed == [mutant.line]


@pytest.mark.parametrize("path", sorted(OPS.glob("*.py")), ids=lambda p: p.stem)
def test_mutants_of_the_library_are_python(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for mutant in mutants(path.stem, source):
        assert compile(mutant.source, str(path), "exec")
        assert mutant.source.count("\n") == source.count("\n")
