"""Clipping against its definition, at sizes where squares overflow, and with bad input."""

import math

import numpy as np
import pytest

import autograd as ag
import nn
import optim


def parameters(*gradients: object, dtype: type = np.float64) -> list[ag.Tensor]:
    made = []
    for g in gradients:
        array = np.asarray(g, dtype)
        p = ag.Tensor(np.zeros_like(array), requires_grad=True)
        p.grad = ag.Tensor(array.copy())
        made.append(p)
    return made


def flat(params: list[ag.Tensor]) -> np.ndarray:
    return np.concatenate([p.grad.data.ravel() for p in params])


@pytest.mark.parametrize("order", [1, 1.5, 2, 3, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clip_grad_norm(order, max_norm, rng) -> None:
    params = parameters(rng.normal(size=(3, 4)), rng.normal(size=5), 2.0)
    before = flat(params)
    expected = np.linalg.norm(before, order)
    got = optim.clip_grad_norm_(params, max_norm, order)
    assert got == pytest.approx(expected, rel=1e-13)
    factor = min(1.0, max_norm / (expected + 1e-6))
    np.testing.assert_allclose(flat(params), before * factor, rtol=1e-13)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e200, np.float64), (1e-200, np.float64), (1e30, np.float32)]
)
def test_norm_where_squares_overflow_or_vanish(scale, dtype) -> None:
    params = parameters([3 * scale], [[4 * scale]], dtype=dtype)
    assert optim.clip_grad_norm_(params, 5.0) == pytest.approx(5 * scale, rel=1e-6)
    if scale > 1:
        np.testing.assert_allclose(flat(params), [3.0, 4.0], rtol=1e-6)
    assert params[0].grad.dtype == dtype


def test_clip_grad_value() -> None:
    params = parameters([3.0, -0.2, -7.0])
    optim.clip_grad_value_(params, 1)
    np.testing.assert_array_equal(flat(params), [1.0, -0.2, -1.0])


def test_clipping_is_in_place_and_takes_a_single_tensor() -> None:
    (p,) = parameters([3.0, 4.0])
    array = p.grad.data
    assert optim.clip_grad_norm_(p, 1.0) == 5.0
    assert p.grad.data is array
    optim.clip_grad_value_(p, 0.1)
    assert p.grad.data is array


def test_parameters_without_gradients_and_empty_ones() -> None:
    assert optim.clip_grad_norm_([], 1.0) == 0.0
    (p,) = parameters(np.zeros((0, 3)))
    q = ag.Tensor([1.0], requires_grad=True)
    assert optim.clip_grad_norm_([p, q], 1.0, 3) == 0.0
    optim.clip_grad_value_([p, q], 1.0)


def test_a_gradient_that_is_part_of_a_graph_notices() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    second = (x.grad * x.grad).sum()
    optim.clip_grad_norm_([x], 1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        second.backward()


def test_fault_54_nan_and_infinity() -> None:
    for bad, text in ((math.nan, "nan"), (math.inf, "inf")):
        params = parameters([bad, 1.0], [2.0])
        with pytest.raises(RuntimeError, match=f"norm of the gradients is {text}"):
            optim.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
        np.testing.assert_array_equal(flat(params), [bad, 1.0, 2.0])
    params = parameters([math.nan, 1.0])
    assert math.isnan(optim.clip_grad_norm_(params, 1.0))
    assert np.isnan(flat(params)).all()
    params = parameters([math.inf, 1.0])
    assert optim.clip_grad_norm_(params, 1.0) == math.inf
    assert flat(params)[1] == 0


@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_bad_limits(bad) -> None:
    params = parameters([1.0])
    with pytest.raises(ValueError, match="max_norm of at least 0"):
        optim.clip_grad_norm_(params, bad)
    with pytest.raises(ValueError, match="clip_value of at least 0"):
        optim.clip_grad_value_(params, bad)
    with pytest.raises(ValueError, match="norm_type above 0"):
        optim.clip_grad_norm_(params, 1.0, bad)


def test_a_module_is_not_its_parameters() -> None:
    for model in (nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 1))):
        with pytest.raises(TypeError, match=r"got (Linear|Sequential).*model\.parameters\(\)"):
            optim.clip_grad_norm_(model, 1.0)
        with pytest.raises(TypeError, match=r"got Linear.*model\.parameters\(\)"):
            optim.SGD(model)
