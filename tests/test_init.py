"""Initializers: their distributions, their generators, and what W17 says of them."""

import math

import numpy as np
import pytest

import autograd as ag
import nn
from nn import init

SHAPE = (80, 60, 3, 3)
FAN_IN, FAN_OUT = 540, 720

STANDARD_DEVIATIONS = [
    (lambda t, r: init.normal_(t, 0.0, 0.01, rng=r), 0.01, "normal"),
    (lambda t, r: init.uniform_(t, -3.0, 3.0, rng=r), math.sqrt(3), "uniform"),
    (lambda t, r: init.lecun_normal_(t, rng=r), 1 / math.sqrt(FAN_IN), "normal"),
    (lambda t, r: init.lecun_uniform_(t, rng=r), 1 / math.sqrt(FAN_IN), "uniform"),
    (lambda t, r: init.xavier_normal_(t, rng=r), math.sqrt(2 / (FAN_IN + FAN_OUT)), "normal"),
    (
        lambda t, r: init.xavier_uniform_(t, 5 / 3, rng=r),
        5 / 3 * math.sqrt(2 / (FAN_IN + FAN_OUT)),
        "uniform",
    ),
    (lambda t, r: init.kaiming_normal_(t, rng=r), math.sqrt(2 / FAN_IN), "normal"),
    (
        lambda t, r: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu", rng=r),
        math.sqrt(2 / FAN_OUT),
        "normal",
    ),
    (
        lambda t, r: init.kaiming_uniform_(t, a=math.sqrt(5), rng=r),
        math.sqrt(1 / 3 / FAN_IN),
        "uniform",
    ),
]


def _tensor(shape=SHAPE):
    return nn.Parameter(np.zeros(shape), dtype=float)


@pytest.mark.parametrize(("fill", "deviation", "kind"), STANDARD_DEVIATIONS)
def test_distributions(fill, deviation, kind, rng):
    tensor = _tensor()
    assert fill(tensor, rng) is tensor
    w = tensor.data.ravel()
    assert abs(w.mean()) < 5 * deviation / math.sqrt(w.size)
    assert abs(w.std() / deviation - 1) < 0.02
    kurtosis = ((w / deviation) ** 4).mean()
    assert abs(kurtosis - {"normal": 3.0, "uniform": 1.8}[kind]) < 0.15
    if kind == "uniform":
        assert np.abs(w).max() <= math.sqrt(3) * deviation


def test_constants():
    assert (init.zeros_(init.ones_(_tensor((2, 2)))).data == 0).all()
    assert (init.constant_(_tensor((2, 2)), 0.5).data == 0.5).all()
    assert init.eye_(_tensor((2, 3))).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_truncated_normal(rng):
    w = init.trunc_normal_(_tensor(), 1.0, 2.0, -1.0, 3.0, rng=rng).data
    assert w.min() >= -1
    assert w.max() <= 3
    assert abs(w.mean() - 1) < 0.02
    # the standard deviation of N(0, 1) cut at ±1 is 0.539560
    assert abs(w.std() / 2 - 0.539560) < 0.005


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (4, 2, 3)])
def test_orthogonal(shape, rng):
    w = init.orthogonal_(_tensor(shape), 2.0, rng=rng).data.reshape(shape[0], -1)
    product = w @ w.T if shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_is_uniform_over_the_matrices(rng):
    corner = [init.orthogonal_(_tensor((2, 2)), rng=rng).data[0, 0] for _ in range(4000)]
    assert abs(np.mean(corner)) < 0.05  # without the signs it would be about -0.64


def test_sparse_keeps_about_ten_connections(rng):
    w = init.sparse_(_tensor((200, 50)), 1 - 10 / 200, rng=rng).data
    assert ((w != 0).sum(0) == 10).all()
    assert 0.008 < w[w != 0].std() < 0.012


def test_the_same_generator_gives_the_same_numbers():
    def make(seed):
        return init.normal_(_tensor((3, 3)), rng=np.random.default_rng(seed)).data

    np.testing.assert_array_equal(make(1), make(1))
    assert (make(1) != make(2)).any()


def test_manual_seed_restarts_what_layers_draw_from():
    ag.manual_seed(5)
    first = [nn.Linear(3, 3).weight.data, nn.Embedding(4, 2).weight.data]
    ag.manual_seed(5)
    again = [nn.Linear(3, 3).weight.data, nn.Embedding(4, 2).weight.data]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_linear_starts_as_in_pytorch(rng):
    layer = nn.Linear(400, 300, rng=rng)
    for w in (layer.weight.data, layer.bias.data):
        assert np.abs(w).max() <= 1 / 20
        assert abs(w.std() * 20 * math.sqrt(3) - 1) < 0.1


def test_a_change_is_seen_by_the_graph():
    w = _tensor((2, 2))
    out = (w * w).sum()
    init.ones_(w)
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_gains():
    assert init.calculate_gain("linear") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 1.0) == 1
    assert init.calculate_gain("selu") == 0.75


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: init.calculate_gain("relux"), "linear, sigmoid, tanh.*'relux'"),
        (lambda t: init.kaiming_normal_(t, mode="fan"), "fan_in or fan_out, got 'fan'"),
        (lambda t: init.xavier_normal_(nn.Parameter(np.zeros(3))), r"got shape \(3,\)"),
        (lambda t: init.orthogonal_(nn.Parameter(np.zeros(3))), r"got shape \(3,\)"),
        (lambda t: init.eye_(nn.Parameter(np.zeros(3))), r"got shape \(3,\)"),
        (lambda t: init.sparse_(nn.Parameter(np.zeros(3)), 0.5), r"got shape \(3,\)"),
        (lambda t: init.sparse_(t, 1.5), "got 1.5"),
        (lambda t: init.normal_(t, 0, -1), "got -1"),
        (lambda t: init.uniform_(t, 1, 0), "a <= b"),
        (lambda t: init.trunc_normal_(t, 0, 1, 5, 6), "bounds around the mean"),
        (lambda t: init.trunc_normal_(t, 0, 0), "std > 0"),
    ],
)
def test_faults(call, message):
    with pytest.raises(ValueError, match=message):
        call(_tensor((4, 4)))


def test_an_array_is_not_filled():
    for fill in (init.zeros_, init.normal_, init.xavier_uniform_, init.orthogonal_):
        with pytest.raises(TypeError, match=r"expected a tensor.*got ndarray"):
            fill(np.ones((2, 2)))


# --- W17 --------------------------------------------------------------------------------------


def _trained(fill, steps=20):
    """The weights of a small network after some steps of gradient descent."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    model = nn.MLP([4, 6, 5, 3], "tanh", dtype=float)
    for _, p in model.named_parameters():
        fill(p)
    for _ in range(steps):
        model.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad.data
    return model


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_w17_units_that_start_equal_stay_equal(value):
    model = _trained(lambda p: init.constant_(p, value))
    for layer in (model[0], model[2]):
        w = layer.weight.data
        np.testing.assert_allclose(w, np.broadcast_to(w[0], w.shape), rtol=1e-12)
    if value:
        assert np.abs(model[0].weight.data - value).max() > 1e-3  # learning did go on


def test_w17_random_weights_break_the_symmetry():
    rng = np.random.default_rng(1)
    model = _trained(lambda p: init.normal_(p, std=0.1, rng=rng))
    w = model[0].weight.data
    assert np.abs(w - w[0]).max() > 0.01


def _activation_deviations(fill, activation, depth=10, width=300):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, width))
    deviations = []
    for _ in range(depth):
        layer = nn.Linear(width, width, bias=False, dtype=float)
        fill(layer.weight, rng)
        x = activation(layer(x)).data
        deviations.append(x.std())
    return deviations


def test_w17_small_weights_let_the_signal_die_xavier_keeps_it():
    tanh = nn.functional.tanh
    small = _activation_deviations(lambda w, r: init.normal_(w, std=0.01, rng=r), tanh)
    large = _activation_deviations(lambda w, r: init.normal_(w, std=1.0, rng=r), tanh)
    xavier = _activation_deviations(lambda w, r: init.xavier_normal_(w, rng=r), tanh)
    assert small[-1] < 1e-6
    assert large[-1] > 0.9  # saturated
    assert 0.2 < xavier[-1] < 0.7


def test_w17_relu_needs_twice_the_variance():
    relu = nn.functional.relu
    xavier = _activation_deviations(lambda w, r: init.xavier_normal_(w, rng=r), relu)
    he = _activation_deviations(lambda w, r: init.kaiming_normal_(w, rng=r), relu)
    assert xavier[-1] < xavier[0] / 10
    assert 0.5 < he[-1] / he[0] < 2
