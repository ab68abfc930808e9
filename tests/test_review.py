"""What a second reading of the engine found: each test failed before its mend."""

from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.backward import Indexed

Array = np.ndarray[Any, Any]


def leaf(data: Any, dtype: Any = float) -> ag.Tensor:
    return ag.Tensor(np.asarray(data, dtype), requires_grad=True)


def numbers(t: ag.Tensor | None) -> Array:
    assert t is not None
    return np.asarray(t.data)


def grad_of(t: ag.Tensor) -> ag.Tensor:
    assert t.grad is not None
    return t.grad


# --- sums of gradients ------------------------------------------------------------------------


def test_arrays_and_tensors_meet_in_one_sum() -> None:
    """Under create_graph the seed is an array, and what passes a product a tensor."""
    x = leaf([1.0, 2.0, 3.0])
    (x * x + (x + x)).backward(np.ones(3), create_graph=True)
    np.testing.assert_allclose(grad_of(x).data, [4.0, 6.0, 8.0])
    (second,) = ag.gradients(grad_of(x), x, np.ones(3))
    np.testing.assert_allclose(numbers(second), [2.0, 2.0, 2.0])


def test_a_whole_use_among_many_entries_is_summed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """n uses of x[i] and one of x make one array of x's shape, not n."""
    made = []
    dense = Indexed.dense
    monkeypatch.setattr(Indexed, "dense", lambda self: made.append(1) or dense(self))
    x = leaf(np.ones(50))
    total = ag.Tensor(0.0)
    for i in range(50):
        total = total + x[i]
    (total + (x * x).sum()).backward()
    np.testing.assert_array_equal(grad_of(x).data, np.full(50, 3.0))
    assert len(made) == 1


# --- inputs in the middle of a graph ----------------------------------------------------------


@pytest.mark.parametrize("size", [3, 100])
def test_the_graph_beyond_an_input_is_left_alone(size: int) -> None:
    """gradients() up to a boundary, then on from there with what came out."""
    x = leaf(np.linspace(-1, 1, size))
    h: Any = np.tanh(x)
    (g,) = ag.gradients((h * h).sum(), h)
    h.backward(g)
    np.testing.assert_allclose(grad_of(x).data, 2 * h.data * (1 - h.data**2))


def test_an_output_that_is_the_input_frees_nothing() -> None:
    x = leaf(2.0)
    y = x * x
    assert numbers(ag.gradients(y, y)[0]) == 1
    y.backward()
    assert grad_of(x).item() == 4


def test_hooks_of_an_inner_input_are_called() -> None:
    x = leaf([1.0, 2.0])
    h = x * 3.0
    h.register_hook(lambda g: g * 10.0)
    (at_h, at_x) = ag.gradients(h.sum(), [h, x], retain_graph=True)
    (alone,) = ag.gradients(h.sum(), h)
    assert numbers(at_h).tolist() == numbers(alone).tolist() == [10.0, 10.0]
    assert numbers(at_x).tolist() == [30.0, 30.0]


# --- hooks ------------------------------------------------------------------------------------


def test_a_hook_does_not_change_the_dtype() -> None:
    x = leaf([1.0, 2.0], np.float32)
    h = x * 2.0
    h.retain_grad()
    for t in (x, h):
        t.register_hook(lambda g: g * np.ones(2))  # float64
    h.sum().backward()
    assert grad_of(h).dtype == grad_of(x).dtype == np.float32
    assert grad_of(x).tolist() == [2.0, 2.0]
