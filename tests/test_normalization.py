"""Normalization: the worked numbers, running statistics, far-off means, weight normalization.
Formulas and gradients are rows of ``tests/cases/layers.py``."""

import copy
import pickle

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F


def test_w15_batch_normalization(rng):
    x = rng.normal(2.0, 3.0, (8, 4))
    layer = nn.BatchNorm1d(4, dtype=float)
    layer.weight.data[...] = [1, 2, 3, 4]
    layer.bias.data[...] = [0, 1, 0, 1]
    mean, var = x.mean(0), ((x - x.mean(0)) ** 2).mean(0)  # biased
    expected = (x - mean) / np.sqrt(var + 1e-5) * [1, 2, 3, 4] + [0, 1, 0, 1]
    np.testing.assert_allclose(layer(x).data, expected)
    # momentum is the weight of the new batch; what is kept is the unbiased variance
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * mean)
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * var * 8 / 7)
    layer.eval()
    running = layer.running_mean.data.copy()
    rm, rv = layer.running_mean.data, layer.running_var.data
    expected = (x - rm) / np.sqrt(rv + 1e-5) * [1, 2, 3, 4] + [0, 1, 0, 1]
    np.testing.assert_allclose(layer(x).data, expected)
    np.testing.assert_array_equal(layer.running_mean.data, running)


def test_w16_local_response_normalization(rng):
    a = rng.normal(size=(2, 9, 3, 3)) * 30
    n, alpha, beta, k = 5, 1e-4, 0.75, 2.0
    expected = np.empty_like(a)
    for i in range(9):
        window = a[:, max(0, i - n // 2) : min(8, i + n // 2) + 1]
        expected[:, i] = a[:, i] / (k + alpha * (window**2).sum(1)) ** beta
    # PyTorch's alpha is divided by the size, the paper's is not
    layer = nn.LocalResponseNorm(n, alpha=n * alpha, beta=beta, k=k)
    np.testing.assert_allclose(layer(a), expected, rtol=1e-12)


def test_momentum_none_is_a_plain_average(rng):
    layer = nn.BatchNorm2d(3, momentum=None, dtype=float)
    batches = rng.normal(size=(4, 5, 3, 2, 2))
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(layer.running_mean.data, batches.mean((0, 1, 3, 4)))
    assert layer.num_batches_tracked.item() == 4
    layer.reset_running_stats()
    assert layer.num_batches_tracked.item() == 0
    assert layer.running_mean.tolist() == [0, 0, 0]


def test_without_running_statistics_the_batch_counts_also_in_use(rng):
    layer = nn.BatchNorm1d(3, track_running_stats=False, affine=False)
    x = rng.normal(size=(6, 3))
    training = layer(x)
    np.testing.assert_array_equal(layer.eval()(x), training)
    assert layer.state_dict() == {}


def test_names_and_shapes_of_the_state():
    assert {k: v.shape for k, v in nn.BatchNorm2d(3).state_dict().items()} == {
        "weight": (3,),
        "bias": (3,),
        "running_mean": (3,),
        "running_var": (3,),
        "num_batches_tracked": (),
    }
    assert list(nn.InstanceNorm2d(3).state_dict()) == []
    assert {k: v.shape for k, v in nn.LayerNorm((3, 4)).state_dict().items()} == {
        "weight": (3, 4),
        "bias": (3, 4),
    }


def test_running_statistics_stay_out_of_the_graph(rng):
    layer = nn.BatchNorm1d(3)
    x = ag.Tensor(rng.normal(size=(6, 3)).astype(np.float32), requires_grad=True)
    layer(x).sum().backward()
    assert not layer.running_mean.requires_grad
    assert layer.running_mean.dtype == np.float32


@pytest.mark.parametrize(("dtype", "level"), [(np.float64, 1e8), (np.float32, 1e4)])
@pytest.mark.parametrize("shape", [(256, 4), (16, 4, 5, 5)])
def test_a_mean_far_from_zero_costs_no_digits(dtype, level, shape, rng):
    x = (rng.normal(size=shape) + level).astype(dtype)
    wide = x.astype(np.longdouble)
    axes = (0, *range(2, x.ndim))
    deviation = wide - wide.mean(axes, keepdims=True)
    exact = deviation / np.sqrt((deviation**2).mean(axes, keepdims=True) + 1e-5)
    out = F.batch_norm(x, training=True)
    assert out.dtype == dtype
    np.testing.assert_allclose(out, exact.astype(float), atol=20 * np.finfo(dtype).eps, rtol=1e-5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.batch_norm(x, training=True),
        lambda x: F.layer_norm(x, x.shape[1:]),
        lambda x: F.group_norm(x, 2),
        F.instance_norm,
        lambda x: F.local_response_norm(x, 3),
    ],
)
def test_single_precision_is_within_1e_5_of_double(f, rng):
    x = rng.normal(size=(5, 4, 3, 3)).astype(np.float32)
    out = f(x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, f(x.astype(float)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_modules_by_differences(order, rng):
    image = rng.normal(size=(3, 4, 2, 2))
    for layer in (
        nn.BatchNorm2d(4, track_running_stats=False, dtype=float),
        nn.InstanceNorm2d(4, affine=True, dtype=float),
        nn.GroupNorm(2, 4, dtype=float),
        nn.LayerNorm((2, 2), dtype=float),
        nn.LocalResponseNorm(3),
    ):
        ag.gradcheck(layer, image, order=order)


def test_instance_norm_with_running_statistics(rng):
    layer = nn.InstanceNorm1d(2, track_running_stats=True, dtype=float)
    x = rng.normal(size=(3, 2, 5))
    layer(x)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean((0, 2)))
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * x.var(2, ddof=1).mean(0))
    layer.eval()
    mean, var = layer.running_mean.data[:, None], layer.running_var.data[:, None]
    np.testing.assert_allclose(layer(x), (x - mean) / np.sqrt(var + 1e-5))


# --- faults -----------------------------------------------------------------------------------


def test_fault_43_names_the_way_out():
    layer = nn.Sequential(nn.BatchNorm1d(3))
    with pytest.raises(
        ValueError, match=r"1 value for each channel.*\[in model.0 \(BatchNorm1d\)\]"
    ):
        layer(np.ones((1, 3)))
    before = layer.state_dict()
    assert before["0.running_mean"].tolist() == [0, 0, 0]
    layer.eval()(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.BatchNorm1d(3), (4, 2), r"\(N, C\) or \(N, C, L\) with C = 3, got \(4, 2\)"),
        (nn.BatchNorm2d(3), (4, 3), r"\(N, C, H, W\) with C = 3, got \(4, 3\)"),
        (nn.InstanceNorm1d(3), (4, 3), r"\(N, C, L\)"),
        (nn.GroupNorm(1, 3), (4, 2), r"\(N, 3, ...\), got \(4, 2\)"),
        (nn.LayerNorm(3), (4, 2), r"axes \(3,\), got \(4, 2\)"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_other_shapes_are_refused(layer, shape, expected):
    with pytest.raises(ValueError, match=expected):
        layer(np.ones(shape))


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match="divide the 4 channels, got 3"):
        nn.GroupNorm(3, 4)


# --- weight normalization ---------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_separates_length_and_direction(dim, rng):
    layer = nn.Linear(3, 4, dtype=float)
    x, before = rng.normal(size=(5, 3)), layer.weight.data.copy()
    out = layer(x).data
    assert nn.weight_norm(layer, dim=dim) is layer
    np.testing.assert_allclose(layer(x).data, out)
    assert layer.weight_g.shape == {0: (4, 1), 1: (1, 3), None: ()}[dim]
    layer.weight_v.data[...] *= 3  # a longer direction changes nothing
    np.testing.assert_allclose(layer.weight.data, before)
    layer.weight_g.data[...] *= 2
    np.testing.assert_allclose(layer.weight.data, 2 * before)
    ag.gradcheck(layer, x, order=2)
    nn.remove_weight_norm(layer)
    np.testing.assert_allclose(layer.weight.data, 2 * before)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.requires_grad


def test_a_normalized_layer_is_trained_copied_and_saved():
    layer = nn.weight_norm(nn.Linear(3, 2))
    x = np.ones((4, 3), np.float32)
    layer(x).sum().backward()
    assert layer.weight_g.grad is not None
    assert layer.weight_v.grad is not None
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin(x).data, layer(x).data)
    other = nn.weight_norm(nn.Linear(3, 2))
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(other(x).data, layer(x).data)


def test_weight_norm_needs_a_parameter():
    with pytest.raises(ValueError, match="Linear has no parameter 'wieght'"):
        nn.weight_norm(nn.Linear(2, 2), "wieght")
    with pytest.raises(ValueError, match=r"Linear\.weight is not normalized"):
        nn.remove_weight_norm(nn.Linear(2, 2))
