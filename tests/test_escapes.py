"""Every public callable of NumPy, called with a tracked tensor: recorded, or refused by name.

Each is called with a number of likely arguments.  Whatever returns must be either tracked, with the
gradient that differences give, or not differentiable at all (integers, truth values, text, or
numbers that stay the same when the argument moves a little).  Everything else has to raise.

``docs/numpy-support.md`` is written from this: ``python -m tests.test_escapes``.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.protocol import NOT_DIFFERENTIABLE
from autograd.tree import flatten

PAGE = Path(__file__).parents[1] / "docs" / "numpy-support.md"
MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}

SKIPPED = {
    "test": "runs NumPy's own tests",
    "show_config": "prints",
    "show_runtime": "prints",
    "info": "prints",
    "set_printoptions": "global setting",
    "printoptions": "global setting",
    "seterr": "global setting",
    "seterrcall": "global setting",
    "setbufsize": "global setting",
    "errstate": "global setting",
    "finfo": "asks for a dtype",
    "iinfo": "asks for a dtype",
    "mintypecode": "asks for a dtype",
}

VECTOR = np.array([0.31, -0.74, 1.12])
MATRIX = np.array([[2.3, 0.4, -0.2], [0.4, 1.7, 0.6], [-0.2, 0.6, 2.9]])
NUMBER = np.array(0.62)
UNIT = np.array([0.31, 0.52, 0.74])


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The callables, by the name one would write."""
    for prefix, module in MODULES.items():
        for name in dir(module):
            value = getattr(module, name, None)
            if name.startswith("_") or not callable(value) or name in SKIPPED:
                continue
            if isinstance(value, type) and issubclass(value, (BaseException, np.generic, np.dtype)):
                continue  # float64(t) is float(t): see test_dtypes
            yield f"{prefix}.{name}", value


FUNCTIONS = dict(public())


def _calls(name: str) -> list[tuple[str, Any, Callable[..., Any]]]:
    """Ways to call a function with a tensor ``t``: a description, its array, and the call."""
    v, m, n, u = VECTOR, MATRIX, NUMBER, UNIT
    index, mask, three = np.array([0, 2]), np.array([True, False, True]), [0, 1, 2]
    calls: list[tuple[str, Any, Callable[..., Any]]] = [
        ("vector", v, lambda f, t: f(t)),
        ("between 0 and 1", u, lambda f, t: f(t)),
        ("above 1", v + 3, lambda f, t: f(t)),
        ("matrix", m, lambda f, t: f(t)),
        ("number", n, lambda f, t: f(t)),
        ("stack of matrices", np.stack([m, m + 0.1]), lambda f, t: f(t)),
        ("vector and vector", v, lambda f, t: f(t, v * v + 0.1)),
        ("vector twice", v, lambda f, t: f(t, t * t + 0.1)),
        ("array and vector", v, lambda f, t: f(v * v + 0.1, t)),
        ("matrix twice", m, lambda f, t: f(t, t + 0.1)),
        ("matrix and vector", m, lambda f, t: f(t, v)),
        ("array and right side", v, lambda f, t: f(m, t)),
        ("three vectors", v, lambda f, t: f(t, t * 0.5, t * t)),
        ("three, the first plain", v, lambda f, t: f(u, t, t * 2)),
        ("mask, then two", v, lambda f, t: f(mask, t, t * 2)),
        ("vector and 0", v, lambda f, t: f(t, 0)),
        ("vector and 1", v, lambda f, t: f(t, 1)),
        ("matrix and 0", m, lambda f, t: f(t, 0)),
        ("matrix and 1", m, lambda f, t: f(t, 1)),
        ("matrix and 2", m, lambda f, t: f(t, 2)),
        ("matrix, 0, 1", m, lambda f, t: f(t, 0, 1)),
        ("matrix and shape", m, lambda f, t: f(t, (9,))),
        ("vector and shape", v, lambda f, t: f(t, (2, 3))),
        ("vector and indices", v, lambda f, t: f(t, index)),
        ("vector, indices, axis", v, lambda f, t: f(t, index, 0)),
        ("mask and vector", v, lambda f, t: f(mask, t)),
        ("vector, bounds", v, lambda f, t: f(t, -0.5, 0.9)),
        ("vector, vector, index", v, lambda f, t: f(t, index, t[:2])),
        ("list of vectors", v, lambda f, t: f([t, t * 2])),
        ("list of matrices", m, lambda f, t: f([t, t + 0.5])),
        ("list of conditions, list", v, lambda f, t: f([v > 0, v < 0], [t, t * 2])),
        ("list of indices, list", v, lambda f, t: f(three, [t, t, t])),
        ("shape and vector", v, lambda f, t: f((3,), t)),
        ("shape and number", n, lambda f, t: f((2,), t)),
        ("function and vector", v, lambda f, t: f(np.sum, 0, t)),
        ("function, vector", v, lambda f, t: f(lambda x: x * 2.0, t)),
        ("vector and function", v, lambda f, t: f(t, [v > 0], [lambda x: x * 2.0])),
        ("number to number", n, lambda f, t: f(0.0, t, 4)),
        ("number and number", n, lambda f, t: f(t, 2)),
        ("file and vector", v, lambda f, t: f(io.BytesIO(), t)),
        ("subscripts", m, lambda f, t: f("ij,jk->ik", t, t)),
        ("array, mask, vector", v, lambda f, t: f(np.zeros(3), mask, t)),
        ("array and matrix", m, lambda f, t: f(np.zeros((3, 3)), t)),
    ]
    return calls


def _floats(result: Any) -> list[Any]:
    """The floating numbers in what a call returned."""
    leaves = flatten(result)[0] if not isinstance(result, set) else []
    return [
        np.asarray(leaf.data if isinstance(leaf, ag.Tensor) else leaf)
        for leaf in leaves
        if isinstance(leaf, (float, complex))
        or getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")
    ]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


class Outcome:
    """How the calls of one function ended."""

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.recorded: list[str] = []
        self.constant: list[str] = []
        self.refused: list[str] = []
        self.wrong: list[str] = []

    @property
    def status(self) -> str:
        if self.recorded:
            return "gradient"
        if self.allowed:
            return "no gradient"
        if any("tracked tensor" in words or "derivative" in words for words in self.refused):
            return "refused"
        return "no gradient" if self.constant else "not of arrays"


@cache
def outcome(name: str) -> Outcome:
    """Call a function in every way."""
    f, found = FUNCTIONS[name], Outcome(FUNCTIONS[name] in NOT_DIFFERENTIABLE)
    for what, array, call in _calls(name):
        tensor = ag.Tensor(array.copy(), requires_grad=True)
        with _quietly():
            try:
                result = call(f, tensor)
            except Exception as error:  # noqa: BLE001  # whatever NumPy raises
                found.refused.append(str(error))
                continue
            if isinstance(result, (np.nditer, np.flatiter)) or callable(result):
                result = None  # an object that has not read anything yet
            _judge(found, what, array, lambda t, call=call: call(f, t), result)
    return found


def _judge(found: Outcome, what: str, array: Any, call: Callable[..., Any], result: Any) -> None:
    leaves = flatten(result)[0]
    if any(isinstance(leaf, ag.Tensor) and leaf.requires_grad for leaf in leaves):
        try:
            ag.gradcheck(lambda t: _differentiable(call(t)), array)
            found.recorded.append(what)
        except ag.GradcheckError as error:
            # nan says that there is no derivative, as pinv does where it cuts off singular values
            if error.reason == "kink" or all(np.isnan(e.analytic) for e in error.entries):
                found.recorded.append(what)
            else:
                found.wrong.append(f"{what}: {error}")
        except (ValueError, TypeError) as error:
            if "complex" not in str(error) and "nothing to check" not in str(error):
                found.wrong.append(f"{what}: {error}")
    elif _moves(call, array, result):
        found.wrong.append(f"{what}: the result depends on the tensor, and is not tracked")
    else:
        found.constant.append(what)


def _differentiable(result: Any) -> Any:
    """The real, floating results."""
    return [
        part
        for leaf in flatten(result)[0]
        if getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")
        for part in ([np.real(leaf), np.imag(leaf)] if leaf.dtype.kind == "c" else [leaf])
    ]


def _moves(call: Callable[..., Any], array: Any, result: Any) -> bool:
    """Whether the floating numbers in the result change with the argument."""
    try:
        shift = 1e-4 * np.random.default_rng(0).normal(size=array.shape)
        other = call(ag.Tensor(array + shift, requires_grad=True))
    except Exception:  # noqa: BLE001
        return False
    before, after = _floats(result), _floats(other)
    return any(
        a.shape == b.shape and not np.array_equal(a, b, equal_nan=True)
        for a, b in zip(before, after, strict=False)
    )


UNSEEN = {"np.empty", "np.empty_like", "np.ndarray", "np.spacing"}
"""Their numbers are whatever was in memory; spacing is a step function that steps anywhere."""


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - UNSEEN))
def test_nothing_escapes(name: str) -> None:
    found = outcome(name)
    assert not found.wrong, found.wrong
    assert found.recorded or found.constant or found.refused


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - UNSEEN))
def test_a_refusal_names_what_was_refused(name: str) -> None:
    """By the function's own name where NumPy asks us; else by what NumPy tried with the tensor."""
    found = outcome(name)
    if found.status == "refused" and name.startswith("np."):
        tried = ("np.asarray()", "float()", "int()", "complex()", "an index", name)
        assert any(words in e for e in found.refused for words in tried), found.refused


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.complex128, np.bool_])
def test_dtypes(kind: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"tracked|sequence"):
        kind(ag.Tensor(1.0, requires_grad=True))


def test_the_functions_that_are_promised_have_a_gradient() -> None:
    promised = """add subtract multiply divide remainder fmod power float_power negative positive
    absolute fabs sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan
    arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot deg2rad rad2deg maximum
    minimum fmax fmin logaddexp logaddexp2 heaviside copysign clip where sinc nan_to_num select matmul
    dot vdot inner outer tensordot einsum kron cross trace diag diagonal tril triu sum mean prod var
    std max min amax amin ptp cumsum cumprod diff nansum nanmean nanmax nanmin average median sort
    reshape ravel transpose swapaxes moveaxis expand_dims squeeze broadcast_to broadcast_arrays
    concatenate stack vstack hstack dstack column_stack split array_split tile repeat flip roll rot90
    pad atleast_1d atleast_2d atleast_3d take take_along_axis""".split()
    linalg = (
        "norm det slogdet inv pinv solve cholesky eigh eigvalsh svd qr matrix_power lstsq multi_dot"
    )
    names = [f"np.{n}" for n in promised] + [f"np.linalg.{n}" for n in linalg.split()]
    missing = [n for n in names if not outcome(n).recorded]
    # These need arguments that are not among those tried; their rows are in tests/cases.
    assert set(missing) <= {"np.take_along_axis", "np.pad", "np.moveaxis"}, missing


# --- the page ----------------------------------------------------------------------------------


def page() -> str:
    """The list for the documentation."""
    version = ".".join(np.__version__.split(".")[:2])
    by_status: dict[str, list[str]] = {}
    for name in sorted(set(FUNCTIONS) - UNSEEN):
        by_status.setdefault(outcome(name).status, []).append(f"`{name}`")
    head = (
        "Written by `python -m tests.test_escapes` from a test that calls every public function of "
        f"`numpy`, `numpy.linalg` and `numpy.fft` (NumPy {version}) with a tracked tensor, and "
        "compares every gradient with differences."
    )
    constant = (
        "Questions about shapes, comparisons, positions, text: the result carries no gradient, or "
        "does not depend on the numbers."
    )
    refused = (
        "A `TypeError` (from NumPy another, where the arguments do not fit it) instead of a result "
        "that has silently left the graph. `t.detach()` or `t.data` leaves it on purpose; "
        "`autograd.primitive` adds a rule."
    )
    parts = ["# NumPy functions on tensors", head]
    for title, text, status in [
        ("With a gradient", "", "gradient"),
        ("Allowed, without a gradient", constant, "no gradient"),
        ("Refused on a tracked tensor", refused, "refused"),
    ]:
        parts += [f"## {title}", *([text] if text else []), ", ".join(by_status[status]) + "."]
    return "\n\n".join(parts) + "\n"


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if f"(NumPy {'.'.join(np.__version__.split('.')[:2])})" not in text:
        pytest.skip("the page was written with another NumPy")
    assert text == page(), "run python -m tests.test_escapes"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
