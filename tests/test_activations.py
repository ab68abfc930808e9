"""Activations: the worked numbers, the modules, the error function.  Formulas, gradients and kinks
are rows of ``tests/cases/activations.py``."""

import math

import mpmath
import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from nn.functional.activation import normal_cdf


def test_w2_a_neuron():
    weights, inputs = np.array([[0.1, 0.5, 2.5, 3.0]]), np.array([2.0, 3.0, -1.0, 1.0])
    z = F.linear(inputs, weights)
    np.testing.assert_allclose(z, [2.2])
    np.testing.assert_allclose(F.sigmoid(z), [0.9002495], atol=5e-8)


def test_w20_a_saturated_gate():
    x = ag.Tensor([-10.0, 0.0, 10.0], requires_grad=True)
    F.sigmoid(x).sum().backward()
    np.testing.assert_allclose(x.grad.data, [4.5e-5, 0.25, 4.5e-5], rtol=0.01)


MODULES = [
    (nn.ReLU(), F.relu),
    (nn.ReLU6(), F.relu6),
    (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
    (nn.PReLU(5, 0.1, dtype=float), lambda x: F.prelu(x, np.full(5, 0.1))),
    (nn.ELU(0.5), lambda x: F.elu(x, 0.5)),
    (nn.SELU(), F.selu),
    (nn.GELU(), F.gelu),
    (nn.GELU("tanh"), lambda x: F.gelu(x, "tanh")),
    (nn.SiLU(), F.silu),
    (nn.Softplus(2.0, 3.0), lambda x: F.softplus(x, 2.0, 3.0)),
    (nn.Sigmoid(), F.sigmoid),
    (nn.LogSigmoid(), F.log_sigmoid),
    (nn.Tanh(), F.tanh),
    (nn.Hardtanh(-0.5, 2.0), lambda x: F.hardtanh(x, -0.5, 2.0)),
    (nn.Step(), F.step),
    (nn.Sign(), F.sign),
    (nn.Softmax(0), lambda x: F.softmax(x, 0)),
    (nn.LogSoftmax(0), lambda x: F.log_softmax(x, 0)),
]


@pytest.mark.parametrize(("module", "function"), MODULES, ids=lambda v: repr(v)[:20])
def test_a_module_is_a_call_of_its_function(module, function, rng):
    x = rng.normal(size=(4, 5)) * 3
    out = module(ag.Tensor(x, requires_grad=True))
    np.testing.assert_array_equal(out.data, function(x))
    assert type(module).__name__ in repr(module)


@pytest.mark.parametrize("function", [function for _, function in MODULES[:3] + MODULES[4:]])
def test_single_precision_is_within_1e_5_of_double(function, rng):
    x = (rng.normal(size=(50, 5)) * 4).astype(np.float32)
    out = function(x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, function(x.astype(float)), rtol=1e-5, atol=1e-6)


def test_inplace_is_taken_and_changes_nothing():
    x = np.array([-1.0, 1.0])
    for module in (nn.ReLU(inplace=True), nn.LeakyReLU(0.1, inplace=True), nn.SELU(inplace=True)):
        module(ag.Tensor(x))
    assert x.tolist() == [-1, 1]


def test_maxout_is_the_largest_of_its_affine_pieces(rng):
    layer = nn.Maxout(3, 2, pieces=4, dtype=float)
    x = rng.normal(size=(5, 3))
    w, b = layer.linear.weight.data.reshape(2, 4, 3), layer.linear.bias.data.reshape(2, 4)
    expected = (np.einsum("ni,opi->nop", x, w) + b).max(-1)
    np.testing.assert_allclose(layer(x).data, expected)
    ag.gradcheck(layer, x, order=2)


def test_prelu_learns_its_slopes():
    layer = nn.PReLU()
    layer(np.array([[-2.0, 3.0]], np.float32)).sum().backward()
    assert layer.weight.grad.tolist() == [-2]


def test_the_normal_distribution_function_is_right_to_the_last_digits():
    x = np.concatenate([np.linspace(-37, 9, 4001), [-1e-12, 0.0, 1e-12, np.inf, -np.inf]])
    found = normal_cdf(x)
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.erfc(-mpmath.mpf(v) / mpmath.sqrt(2)) / 2) for v in x])
    np.testing.assert_allclose(found, exact, rtol=3e-13, atol=1e-300)
    near = np.abs(x) < 3
    np.testing.assert_allclose(found[near], exact[near], rtol=5e-15)


def test_gelu_against_the_standard_library():
    x = np.linspace(-6, 6, 101)
    exact = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x]
    np.testing.assert_allclose(F.gelu(x), exact, rtol=1e-13, atol=1e-16)


def test_selu_keeps_mean_and_variance(rng):
    x = rng.normal(size=400_000)
    out = F.selu(x)
    assert abs(out.mean()) < 0.01
    assert abs(out.var() - 1) < 0.01
