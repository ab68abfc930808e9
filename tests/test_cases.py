"""What is generated from the case table (``cases/``): no rule without a row, no row without checks.

A *check* is a function of a row and one sample of arguments; a *case* is a check at a sample in a
memory layout.  ``test_number_of_cases`` counts them.  Every check runs with ``SMALL = 0``, so that
an array which ``saves`` does not name is really gone when its rule runs.
"""

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import keeping
from autograd.graph import topological_order
from autograd.primitive import Primitive
from autograd.recording import Recording
from autograd.tree import flatten
from tests import cases
from tests.cases import numerical, samples
from tests.cases.case import Case, Fault, Kink, Shapes

_MODULES = [
    import_module(f"tests.cases.{found.name}") for found in pkgutil.iter_modules(cases.__path__)
]


def _rows(kind: str) -> list[Any]:
    return [row for module in _MODULES for row in getattr(module, kind, [])]


CASES: list[Case] = _rows("CASES")
KINKS: list[Kink] = _rows("KINKS")
FAULTS: list[Fault] = _rows("FAULTS")


@pytest.fixture(autouse=True)
def save_only_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SMALL", 0)
    monkeypatch.setattr(keeping, "STRICT", True)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Samples hold domains, but differences and kinks may step on an edge."""
    with np.errstate(all="ignore"):
        yield


# --- a sample: one row at one choice of shapes -------------------------------------------------


class Sample:
    """A row's function at one choice of shapes, with its plain reference derivative."""

    def __init__(self, case: Case, shapes: Shapes) -> None:
        self.case = case
        self.name = f"{case.name} {shapes}"
        self.shapes = shapes
        self.f = samples.function(case, shapes, case.f)
        self.arrays = samples.draw(case, shapes)
        self.argnums = samples.differentiated(case, shapes)

    def record(self, arrays: samples.Arrays) -> Recording:
        return Recording("case", self.f, arrays, argnums=self.argnums)

    def cotangents(self, recording: Recording) -> list[Any]:
        arrays = [y.data for y in recording.outputs]
        random = samples.like(arrays, self.name)
        return [u if a.dtype.kind == "f" else None for a, u in zip(arrays, random, strict=True)]

    def vjp(self, arrays: samples.Arrays) -> list[np.ndarray]:
        """The gradient of ⟨cotangent, f⟩."""
        recording = self.record(arrays)
        return recording.filled(recording.pull(self.cotangents(recording)))

    def chosen(self, arrays: samples.Arrays) -> list[np.ndarray]:
        return [arrays[i] for i in self.argnums]

    def with_chosen(self, chosen: Any) -> list[Any]:
        arrays: list[Any] = list(self.arrays)
        for i, a in zip(self.argnums, chosen, strict=True):
            arrays[i] = a
        return arrays

    def plain(self, *chosen: np.ndarray) -> np.ndarray:
        """All floating results as one vector, computed without any tensor."""
        return _vector(self.f(*self.with_chosen(chosen)))

    @property
    def jacobians(self) -> list[np.ndarray]:
        return _numerical_jacobians(self.case, self.shapes)


def _vector(result: Any) -> np.ndarray:
    leaves = [np.asarray(leaf) for leaf in flatten(result)[0]]
    return np.concatenate([np.ravel(a) for a in leaves if a.dtype.kind == "f"] or [np.zeros(0)])


@cache
def _sample(case: Case, shapes: Shapes) -> Sample:
    return Sample(case, shapes)


@cache
def _numerical_jacobians(case: Case, shapes: Shapes) -> list[np.ndarray]:
    s = _sample(case, shapes)
    chosen = s.chosen(s.arrays)
    return [numerical.jacobian(s.plain, chosen, k) for k in range(len(chosen))]


def _close(actual: Any, expected: Any, what: str, rtol: float = 1e-7, atol: float = 1e-9) -> None:
    expected = np.asarray(expected)
    largest = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    np.testing.assert_allclose(actual, expected, rtol, atol * max(1.0, largest), err_msg=what)


# --- the checks --------------------------------------------------------------------------------


def value(s: Sample, arrays: samples.Arrays) -> None:
    """A tracked call gives what the same call on arrays gives, with its dtype."""
    outputs = s.record(arrays).outputs
    expected = flatten(s.f(*arrays))[0]
    for y, e in zip(outputs, expected, strict=True):
        _close(y.data, e, s.name, s.case.rounding, s.case.rounding)
        assert y.dtype == np.asarray(e).dtype, s.name
        assert y.shape == np.shape(e), s.name


def first_order(s: Sample, arrays: samples.Arrays) -> None:
    """uᵀJ for random u against the whole Jacobian by differences."""
    recording = s.record(arrays)
    us = s.cotangents(recording)
    u = np.concatenate([np.ravel(u) for u in us if u is not None] or [np.zeros(0)])
    found = recording.filled(recording.pull(us))
    for k, (g, numeric) in enumerate(zip(found, s.jacobians, strict=True)):
        _close(np.ravel(g), u @ numeric, f"{s.name}: argument {s.argnums[k]}")


def shape_and_dtype(s: Sample, arrays: samples.Arrays) -> None:
    """A gradient has its argument's shape and dtype, whatever the dtypes of the others."""
    for dtypes in ([np.float64], [np.float32], [np.float32, np.float64], [np.float64, np.float32]):
        kinds = [dtypes[k % len(dtypes)] for k in range(len(s.argnums))]
        chosen = [a.astype(d) for a, d in zip(s.chosen(arrays), kinds, strict=True)]
        given = tuple(s.with_chosen(chosen))
        for i, g in zip(s.argnums, s.vjp(given), strict=True):
            assert (g.shape, g.dtype) == (given[i].shape, given[i].dtype), s.name


def single_precision(s: Sample, arrays: samples.Arrays) -> None:
    """float32 gives what float64 gives, to float32's precision."""
    single = tuple(s.with_chosen([a.astype(np.float32) for a in s.chosen(arrays)]))
    double = tuple(s.with_chosen([a.astype(np.float64) for a in s.chosen(single)]))
    for g, expected in zip(s.vjp(single), s.vjp(double), strict=True):
        _close(g, expected, s.name, rtol=2e-3, atol=2e-4)


def nothing_changed(s: Sample, arrays: samples.Arrays) -> None:
    """Neither arguments, results nor cotangents are written to; a second pass gives the same."""
    before = [a.copy() for a in arrays]
    recording = s.record(arrays)
    results = [y.data.copy() for y in recording.outputs]
    us = s.cotangents(recording)
    sent = [None if u is None else u.copy() for u in us]
    first = [g.copy() for g in recording.filled(recording.pull(us))]
    second = recording.filled(recording.pull(us))
    for old, new in [
        *zip(before, arrays, strict=True),
        *zip(results, [y.data for y in recording.outputs], strict=True),
        *[(old, new) for old, new in zip(sent, us, strict=True) if old is not None],
        *zip(first, second, strict=True),
    ]:
        np.testing.assert_array_equal(old, new, err_msg=s.name)


def nothing_shared(s: Sample, arrays: samples.Arrays) -> None:
    """A gradient shares memory with no other gradient, argument, result or cotangent."""
    recording = s.record(arrays)
    us = s.cotangents(recording)
    found = recording.filled(recording.pull(us))
    others = [*arrays, *[y.data for y in recording.outputs], *[u for u in us if u is not None]]
    for k, g in enumerate(found):
        assert g.flags.writeable, s.name
        for other in [*found[:k], *others]:
            assert not np.may_share_memory(g, other) or not np.shares_memory(g, other), s.name


def forward_mode(s: Sample, arrays: samples.Arrays) -> None:
    """J v against the Jacobian by differences; with the same uᵀJ that is ⟨u, J v⟩ = ⟨Jᵀu, v⟩."""
    recording = s.record(arrays)
    vs = samples.like(s.chosen(arrays), s.name + " tangent")
    pushed = recording.pushforward()(vs)
    expected = sum(
        (j @ np.ravel(v) for j, v in zip(s.jacobians, vs, strict=True)),
        np.zeros(0 if not vs else len(s.jacobians[0])),
    )
    _close(_vector(pushed), expected, s.name)
    us = s.cotangents(recording)
    pulled = recording.filled(recording.pull(us))
    left = sum(float(np.sum(u * p)) for u, p in zip(us, pushed, strict=True) if u is not None)
    right = sum(float(np.sum(g * v)) for g, v in zip(pulled, vs, strict=True))
    _close(left, right, s.name, rtol=1e-10, atol=1e-10)


def second_order(s: Sample, arrays: samples.Arrays) -> None:
    """The gradient of a gradient against differences of the gradient."""
    if s.case.order < 2:
        return
    chosen = s.chosen(arrays)

    def gradient(*xs: Any) -> Any:
        inner = Recording("case", s.f, s.with_chosen(xs), argnums=s.argnums)
        return inner.filled(inner.pull(s.cotangents(inner)))

    outer = Recording("case", gradient, chosen, argnums=tuple(range(len(chosen))))
    ws = samples.like(chosen, s.name + " second")
    found = outer.filled(outer.pull(ws))
    w = _vector(ws)
    for k, g in enumerate(found):
        numeric = numerical.jacobian(lambda *xs: _vector(gradient(*xs)), chosen, k)
        _close(
            np.ravel(g), w @ numeric, f"{s.name}: argument {s.argnums[k]}, second order", 1e-6, 1e-8
        )


Check = Callable[[Sample, samples.Arrays], None]
IN_ALL_LAYOUTS: list[Check] = [
    value,
    first_order,
    shape_and_dtype,
    single_precision,
    nothing_changed,
    nothing_shared,
]
IN_ONE_LAYOUT: list[Check] = [forward_mode, second_order]


def _layouts(check: Check, s: Sample, everywhere: bool = False) -> list[tuple[str, samples.Arrays]]:
    found = list(samples.layouts(s.arrays))
    return found if everywhere or check in IN_ALL_LAYOUTS else found[:1]


@pytest.mark.parametrize("check", IN_ALL_LAYOUTS + IN_ONE_LAYOUT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, check: Check) -> None:
    for shapes in case.shapes:
        s = _sample(case, shapes)
        for layout, arrays in _layouts(check, s):
            try:
                check(s, arrays)
            except Exception as error:
                error.add_note(f"at {shapes}, layout {layout}")
                raise


@pytest.mark.nightly
@pytest.mark.parametrize("check", IN_ONE_LAYOUT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_in_every_layout(case: Case, check: Check) -> None:
    for shapes in case.shapes:
        s = _sample(case, shapes)
        for _, arrays in _layouts(check, s, everywhere=True)[1:]:
            check(s, arrays)


def test_number_of_cases() -> None:
    count = sum(
        len(_layouts(check, _sample(case, shapes)))
        for case in CASES
        for shapes in case.shapes
        for check in IN_ALL_LAYOUTS + IN_ONE_LAYOUT
    )
    assert count >= 20_000


# --- against an independent reference ----------------------------------------------------------


def _against_reference(case: Case, shapes: Shapes) -> None:
    s = _sample(case, shapes)
    reference = samples.function(case, shapes, case.jax)  # type: ignore[arg-type]
    recording = s.record(s.arrays)
    us = s.cotangents(recording)
    found = recording.filled(recording.pull(us))
    chosen = s.chosen(s.arrays)
    try:
        values, expected = _with_jax(reference, s, chosen, us)
    except _NotJax:
        values, expected = flatten(reference(*s.arrays))[0], None
    for y, v in zip(recording.outputs, values, strict=True):
        _close(y.data, v, f"{s.name}: value", 1e-10, 1e-11)
    for k, g in enumerate(expected or []):
        _close(found[k], g, f"{s.name}: gradient of argument {s.argnums[k]}", 1e-8, 1e-9)


class _NotJax(Exception):
    """The reference is written in NumPy: it has a value, and no gradient."""


def _with_jax(
    reference: Any, s: Sample, chosen: list[np.ndarray], us: list[Any]
) -> tuple[Any, Any]:
    """Value and gradient of a reference in one compiled call."""
    import jax

    def of_chosen(*xs: Any) -> Any:
        return flatten(reference(*s.with_chosen(xs)))[0]

    def both(xs: Any, us: Any) -> Any:
        values, pullback = jax.vjp(of_chosen, *xs)
        zero = [
            np.zeros(v.shape, v.dtype if v.dtype.kind == "f" else jax.dtypes.float0) for v in values
        ]
        return values, pullback([z if u is None else u for u, z in zip(us, zero, strict=True)])

    try:
        return jax.jit(both)(chosen, us)  # type: ignore[no-any-return]
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        raise _NotJax from error


def _telling(case: Case) -> Shapes:
    """The sample with the most entries."""
    return max(case.shapes, key=lambda shapes: sum(int(np.prod(s)) for s in shapes))


_WITH_REFERENCE = [case for case in CASES if case.jax is not None]


@pytest.mark.parametrize("case", _WITH_REFERENCE, ids=lambda case: case.name)
def test_reference(case: Case) -> None:
    _against_reference(case, _telling(case))


@pytest.mark.nightly
@pytest.mark.parametrize("case", _WITH_REFERENCE, ids=lambda case: case.name)
def test_reference_at_every_sample(case: Case) -> None:
    for shapes in case.shapes:
        if shapes not in case.disagrees:
            _against_reference(case, shapes)


@pytest.mark.nightly
@pytest.mark.parametrize("case", [c for c in CASES if c.disagrees], ids=lambda case: case.name)
def test_reference_still_disagrees(case: Case) -> None:
    assert case.why
    for shapes in case.disagrees:
        with pytest.raises((AssertionError, IndexError, ValueError)):
            _against_reference(case, shapes)


# --- complex numbers ---------------------------------------------------------------------------


def _through_complex_numbers(s: Sample) -> Callable[..., Any]:
    """Σ |f(c x + d) - e|, a real function of the real arguments x."""
    rng = np.random.default_rng(0)
    d = [0.1 * (rng.standard_normal((*x.shape, 2)) @ [1, 1j]) for x in s.chosen(s.arrays)]

    def loss(*xs: Any) -> Any:
        turned = [x * (0.8 + 0.6j) + shift for x, shift in zip(xs, d, strict=True)]
        results = flatten(s.f(*s.with_chosen(turned)))[0]
        return sum([np.sum(np.abs(y - (0.3 - 0.2j))) for y in results], 0.0)

    return loss


@pytest.mark.filterwarnings("ignore")  # NumPy's, where complex numbers make no sense
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_real_numbers_through_complex_ones(case: Case) -> None:
    """The gradient is right, or refused in words, wherever NumPy takes complex numbers."""
    s = _sample(case, _telling(case))
    loss, xs = _through_complex_numbers(s), s.chosen(s.arrays)
    try:
        if not np.isfinite(loss(*xs)):
            return
    except (TypeError, ValueError, AttributeError):  # NumPy, or the row, takes real numbers only
        return
    try:
        found = ag.grad(loss, argnums=tuple(range(len(xs))))(*xs)
    except TypeError as error:
        if "complex" in str(error) or "not supported" in str(error):
            return
        raise
    for k, g in enumerate(found):
        expected = numerical.jacobian(lambda *at: np.ravel(loss(*at)), xs, k, step=1e-5)
        _close(np.ravel(g), expected[0], f"argument {k}", 1e-4, 1e-5)


# --- kinks and faults --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.name)
def test_kink(kink: Kink, dtype: Any) -> None:
    at = [np.asarray(x, dtype) for x in kink.at]
    recording = Recording("kink", kink.f, at, argnums=tuple(range(len(at))))
    ones = [np.ones_like(y.data) for y in recording.outputs]
    found = recording.filled(recording.pull(ones))
    for x, g, expected in zip(at, found, kink.gradient, strict=True):
        promised = np.broadcast_to(np.asarray(expected, dtype), x.shape)
        np.testing.assert_allclose(g, promised, rtol=1e-12 if dtype is np.float64 else 1e-5)


def _tracked(value: Any) -> Any:
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return ag.Tensor(value, requires_grad=True)
    return value


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault) -> None:
    with pytest.raises(fault.error, match=fault.match):
        fault.f(*[_tracked(value) for value in fault.at])


# --- the table itself --------------------------------------------------------------------------


def test_names_are_unique() -> None:
    for rows in (CASES, KINKS, FAULTS):
        names = [row.name for row in rows]
        assert len(names) == len(set(names)), {n for n in names if names.count(n) > 1}


TESTED_ELSEWHERE = {
    "checkpoint": "tests/test_transforms.py",
    "checkpoint arguments": "tests/test_transforms.py",
    "hook": "tests/test_module.py",
}


def _primitives() -> set[Primitive]:
    """Every primitive in the modules of ``autograd`` and ``nn``."""
    names = [
        found.name
        for package in (ag, nn)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not found.name.endswith(("__main__", "pytest_plugin"))
    ]
    made = {v for n in names for v in vars(import_module(n)).values() if isinstance(v, Primitive)}
    return {p for p in made if p.name not in TESTED_ELSEWHERE}


def _recorded(case: Case) -> set[Primitive]:
    """The primitives that a row records: its call, its gradient, its pullback as a function of the
    cotangent, and its pushforward as a function of the tangent."""
    s = _sample(case, _telling(case))
    called = s.record(s.arrays)
    us = [u for u in s.cotangents(called) if u is not None]

    def gradient(*xs: Any) -> Any:
        inner = Recording("case", s.f, s.with_chosen(xs), argnums=s.argnums)
        return inner.filled(inner.pull(s.cotangents(inner)))

    def pullback(*us: Any) -> Any:
        given = iter(us)
        sent = [next(given) if y.dtype.kind == "f" else None for y in called.outputs]
        return called.filled(called.pull(sent))

    chosen = s.chosen(s.arrays)
    push, vs = called.pushforward(), samples.like(chosen, s.name)
    recordings = [
        called,
        Recording("case", pullback, us, argnums=tuple(range(len(us)))),
        Recording("case", lambda *vs: push(vs), vs, argnums=tuple(range(len(vs)))),
    ]
    if case.order > 1:
        recordings.append(Recording("case", gradient, chosen, argnums=tuple(range(len(chosen)))))
    roots = [y.node for recording in recordings for y in recording.outputs if y.node is not None]
    return {node.primitive for node in topological_order(roots) if node.primitive is not None}


def test_every_primitive_has_a_row() -> None:
    covered = set().union(*[_recorded(case) for case in CASES])
    missing = sorted(p.name for p in _primitives() - covered)
    assert not missing, f"primitives without a row in tests/cases: {missing}"


def test_every_primitive_has_a_name_and_the_text_of_its_rules() -> None:
    for p in _primitives():
        assert not p.name.startswith("_"), p.name
        texts = [p.local] * len(p.names) if isinstance(p.local, str) else p.local
        for text, rule, _ in zip(texts, p.rules, p.names, strict=False):
            assert text or rule is None, p.name


@pytest.mark.parametrize("case", [c for c in CASES if c.primitives], ids=lambda case: case.name)
def test_row_covers_what_it_says(case: Case) -> None:
    missing = set(case.primitives) - {p.name for p in _recorded(case)}
    assert not missing, f"{case.name} does not record {sorted(missing)}"
