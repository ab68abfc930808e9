"""Recurrent cells: a loop over units, PyTorch's numbers, names and initial values.
Formulas, gradients and refused calls are rows of ``tests/cases/layers.py``."""

import math

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F

NAMES = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]


def by_units(x, h, w_ih, w_hh, b_ih, b_hh, activation):
    """One unit of one example after the other."""
    out = np.zeros_like(h)
    for n, i in np.ndindex(h.shape):
        total = b_ih[i] + b_hh[i]
        total += sum(x[n, j] * w_ih[i, j] for j in range(x.shape[1]))
        total += sum(h[n, j] * w_hh[i, j] for j in range(h.shape[1]))
        out[n, i] = activation(total)
    return out


@pytest.mark.parametrize(
    ("cell", "activation"),
    [(F.rnn_tanh_cell, math.tanh), (F.rnn_relu_cell, lambda z: max(z, 0.0))],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_the_loop(cell, activation, dtype, rng):
    shapes = [(3, 2), (3, 4), (4, 2), (4, 4), (4,), (4,)]
    arrays = [rng.normal(size=s).astype(dtype) for s in shapes]
    before = [a.copy() for a in arrays]
    expected = by_units(*[a.astype(float) for a in arrays], activation)
    out = cell(*arrays)
    assert out.dtype == dtype
    np.testing.assert_allclose(out, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    np.testing.assert_allclose(cell(*[a[0] for a in arrays[:2]], *arrays[2:]), out[0], rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


def test_a_cell_is_its_function(rng):
    cell = nn.RNNCell(2, 4, nonlinearity="relu", dtype=float)
    x, h = rng.normal(size=(3, 2)), rng.normal(size=(3, 4))
    assert [n for n, _ in cell.named_parameters()] == NAMES
    np.testing.assert_array_equal(cell(x, h).data, F.rnn_relu_cell(x, h, *cell.parameters()).data)
    np.testing.assert_array_equal(cell(x).data, cell(x, np.zeros((3, 4))).data)
    assert cell(x[0]).shape == (4,)
    assert nn.RNNCell(2, 4, bias=False).bias_hh is None
    assert "2" in repr(cell)
    assert "nonlinearity='relu'" in repr(cell)


def test_initial_values_are_uniform_in_one_over_the_root_of_the_hidden_size(rng):
    cell = nn.RNNCell(50, 100, rng=rng)
    for parameter in cell.parameters():
        assert np.max(np.abs(parameter.data)) <= 0.1
        assert np.std(parameter.data) == pytest.approx(0.1 / 3**0.5, rel=0.15)
    assert cell.weight_ih.dtype == np.float32


def test_gradients_through_several_steps(rng):
    cell = nn.RNNCell(2, 3, dtype=float)
    xs = rng.normal(size=(4, 2, 2))

    def last(*parameters):
        h = np.zeros((2, 3))
        for x in xs:
            h = F.rnn_tanh_cell(x, h, *parameters)
        return h

    ag.gradcheck(last, *[p.data for p in cell.parameters()], order=2)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_the_numbers_of_pytorch(nonlinearity, rng):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.RNNCell(3, 5, nonlinearity=nonlinearity)
    ours = nn.RNNCell(3, 5, nonlinearity=nonlinearity)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    x, h = rng.normal(size=(2, 4, 3)).astype("f"), None
    state = None
    for step in x:
        h, state = ours(step, h), theirs(torch.tensor(step), state)
    h.sum().backward()
    state.sum().backward()
    np.testing.assert_allclose(h.data, state.detach().numpy(), rtol=1e-5, atol=1e-6)
    for name, parameter in theirs.named_parameters():
        grad = getattr(ours, name).grad.data
        np.testing.assert_allclose(grad, parameter.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_what_is_refused(rng):
    with pytest.raises(ValueError, match=r"RNNCell: expected the nonlinearity .*'sigmoid'"):
        nn.RNNCell(2, 3, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match="hidden_size of at least 1"):
        nn.RNNCell(2, 0)
    cell = nn.RNNCell(2, 3)
    for x, h in [((4, 3), (4, 3)), ((4, 2), (1, 3)), ((4, 2), (4, 2)), ((2,), (4, 3))]:
        with pytest.raises(
            ValueError, match=r"rnn_tanh_cell: expected input \(batch, in\).*RNNCell"
        ):
            cell(np.zeros(x, "f"), np.zeros(h, "f"))
    with pytest.raises(ValueError, match=r"expected a bias of shape \(3,\).*got \(2,\)"):
        F.rnn_tanh_cell(
            np.zeros((1, 2)), np.zeros((1, 3)), np.zeros((3, 2)), np.zeros((3, 3)), np.zeros(2)
        )


@pytest.mark.parametrize("cell", [F.rnn_tanh_cell, F.rnn_relu_cell])
@pytest.mark.parametrize(("b_ih", "b_hh"), [((1,), (2,)), ((2,), (1,)), ((1,), (1,)), ((), (2,))])
def test_two_biases_that_only_broadcast_are_refused(cell, b_ih, b_hh):
    x, h, w_ih, w_hh = np.ones((4, 3)), np.ones((4, 2)), np.ones((2, 3)), np.ones((2, 2))
    with pytest.raises(ValueError, match=r"_cell: expected a bias of shape \(2,\)"):
        cell(x, h, w_ih, w_hh, np.ones(b_ih), np.ones(b_hh))


def test_a_cell_of_whole_numbers():
    x, h, w_ih, w_hh = (np.ones(s, int) for s in ((4, 3), (4, 2), (2, 3), (2, 2)))
    np.testing.assert_allclose(F.rnn_tanh_cell(x, h, w_ih, w_hh), np.tanh(np.full((4, 2), 5.0)))
    np.testing.assert_array_equal(F.rnn_relu_cell(x, h, w_ih, w_hh), np.full((4, 2), 5))
