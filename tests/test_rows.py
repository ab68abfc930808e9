"""Many cotangents in one pass give what one pass for each would: on every row of the case table."""

import numpy as np
import pytest

import autograd as ag
from autograd import rows
from autograd.graph import topological_order
from autograd.recording import Recording, basis
from tests.cases import samples
from tests.cases.case import Case
from tests.test_cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rows_together_are_the_rows_one_by_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for shapes in case.shapes:
        arrays = samples.draw(case, shapes)
        with np.errstate(all="ignore"):
            argnums = samples.differentiated(case, shapes)
            recording = Recording("rows", case.f, arrays, argnums=argnums)
            for k, y in enumerate(recording.outputs):
                if y.node is None or not 0 < y.size <= 64:
                    continue
                one_by_one = recording._row_by_row(k)
                largest = max(node.out.size for node in topological_order([y.node]))
                for block in (64 * largest, 3 * largest):  # all together, and three at a time
                    monkeypatch.setattr(rows, "BLOCK", block)
                    for together, expected in zip(recording.rows(k), one_by_one, strict=True):
                        np.testing.assert_allclose(together, expected, rtol=1e-10, atol=1e-13)
                        assert together.dtype == expected.dtype


def test_an_elementwise_rule_is_called_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    tanh, calls = ag.Tensor([0.5], requires_grad=True).tanh().node.primitive, []
    rule = tanh.rules[0]
    monkeypatch.setattr(tanh, "rules", (lambda *args: calls.append(1) or rule(*args),))
    x = np.linspace(-1, 1, 10)
    np.testing.assert_allclose(ag.jacobian(np.tanh)(x), np.diag(1 - np.tanh(x) ** 2))
    assert len(calls) == 1


def test_hooks_and_anomalies_see_each_row() -> None:
    seen = []

    def f(x: ag.Tensor) -> ag.Tensor:
        y = x * x
        y.register_hook(lambda g: seen.append(g.shape))
        return np.exp(y)

    ag.jacobian(f)(np.ones(3))
    assert seen == [(3,)] * 3
    with ag.detect_anomaly(), pytest.raises(FloatingPointError, match="sqrt"):
        ag.jacobian(np.sqrt)(np.array([1.0, 0.0]))


def test_no_rows_and_no_columns() -> None:
    assert ag.jacobian(lambda x: x * 2)(np.zeros((0, 3))).shape == (0, 3, 0, 3)
    assert ag.jacobian(lambda x: x[:0])(np.zeros(3)).shape == (0, 3)
    assert ag.jacobian(lambda x: np.sum(x) + np.ones(2))(np.zeros((0,))).shape == (2, 0)


@pytest.mark.parametrize(
    "index",
    [
        (0, slice(None), True),
        (True, slice(None), 1),
        (True, None, ..., 0),
        (1, ..., True),
        (None, True, 1, slice(None)),
        (-1, None, slice(None, None, -2)),
        (..., np.int64(1)),
        (slice(1, None), [0, 2]),
    ],
    ids=str,
)
def test_rows_through_an_index_are_the_rows_one_by_one(index):
    x = np.arange(6.0).reshape(2, 3)
    y = x[index]
    together = ag.jacobian(lambda x: x[index] * 2.0)(x)
    one_by_one = [ag.vjp(lambda x: x[index] * 2.0, x)[1](e) for e in basis(np.zeros_like(y))]
    np.testing.assert_array_equal(together, np.reshape(one_by_one, (*y.shape, *x.shape)))
