"""Losses: the worked numbers, the modules, and numerical safety.  Formulas, gradients and faults are
rows of ``tests/cases/losses.py``."""

import inspect

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F

# --- worked numbers ---------------------------------------------------------------------------


def test_w6_softmax_with_cross_entropy():
    z = ag.Tensor([[3.0, 1.0, -3.0]], requires_grad=True)
    p = F.softmax(z)
    np.testing.assert_allclose(p.data[0], [0.8789, 0.1189, 0.0022], atol=5e-5)
    F.cross_entropy(z, np.array([1])).backward()
    np.testing.assert_allclose(z.grad.data, p.data - [[0, 1, 0]], rtol=1e-12)


def test_w6_the_slides_use_base_ten():
    log_p = np.log([[0.01, 0.99], [0.9, 0.1]])
    nats = F.nll_loss(log_p, np.array([0, 0]), reduction="none")
    np.testing.assert_allclose(nats, [4.6052, 0.1054], atol=5e-5)
    np.testing.assert_allclose(nats / np.log(10), [2, 0.0457], atol=1e-4)


def test_w7_cross_entropy_has_no_factor_of_the_sigmoid(rng):
    x, y = rng.normal(size=(20, 3)), rng.integers(0, 2, (20, 1)).astype(float)
    w = ag.Tensor(rng.normal(size=(1, 3)), requires_grad=True)
    z = F.linear(x, w)
    s = F.sigmoid(z).data
    F.binary_cross_entropy_with_logits(z, y).backward()
    np.testing.assert_allclose(w.grad.data, ((s - y) * x).mean(0, keepdims=True), rtol=1e-12)
    w.grad = None
    F.binary_cross_entropy(F.sigmoid(F.linear(x, w)), y).backward()
    np.testing.assert_allclose(w.grad.data, ((s - y) * x).mean(0, keepdims=True), rtol=1e-9)
    w.grad = None
    (F.mse_loss(F.sigmoid(F.linear(x, w)), y) / 2).backward()
    with_factor = ((s - y) * s * (1 - s) * x).mean(0, keepdims=True)
    np.testing.assert_allclose(w.grad.data, with_factor, rtol=1e-12)


def test_w7_a_saturated_wrong_unit_learns_at_once_from_cross_entropy_only():
    z = ag.Tensor([10.0], requires_grad=True)
    F.binary_cross_entropy_with_logits(z, np.zeros(1)).backward()
    assert z.grad.item() > 0.9999
    z.grad = None
    F.mse_loss(F.sigmoid(z), np.zeros(1)).backward()
    assert z.grad.item() < 1e-4


# --- numerical safety -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_ten_thousand(dtype):
    x = ag.Tensor(np.array([[1e4, 1e4 - 1, -1e4], [-1e4, 1e4, 0]], dtype), requires_grad=True)
    losses = F.cross_entropy(x, np.array([0, 0]), reduction="none")
    np.testing.assert_allclose(losses.data, [np.log1p(np.exp(-1)), 2e4], rtol=1e-6)
    losses.sum().backward()
    p = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(x.grad.data, [[p - 1, 1 - p, 0], [-1, 1, 0]], rtol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": np.ones(3)}])
def test_an_all_ignored_batch_gives_zero(reduction, options):
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    loss = F.cross_entropy(x, np.array([-100, -100]), reduction=reduction, **options)
    loss.backward()
    assert loss.item() == 0
    assert (x.grad.data == 0).all()
    assert F.nll_loss(x, np.array([7, 7]), ignore_index=7).item() == 0


def test_an_ignored_sample_may_have_an_infinite_loss():
    x = np.array([[0.0, 0.0], [-np.inf, 0.0]])
    assert F.cross_entropy(x, np.array([0, -100])) == np.log(2)
    smoothed = F.cross_entropy(x, np.array([0, -100]), label_smoothing=0.1)
    np.testing.assert_allclose(smoothed, np.log(2))


def test_a_row_that_is_all_minus_infinity_is_nan_without_a_warning():
    x = np.full((1, 3), -np.inf)
    assert np.isnan(F.softmax(x)).all()
    assert np.isnan(F.cross_entropy(x, np.array([0])))


def test_a_masked_class_has_probability_zero():
    x = np.array([[1.0, -np.inf, 1.0]])
    np.testing.assert_allclose(F.cross_entropy(x, np.array([0])), np.log(2))
    assert F.cross_entropy(x, np.array([1])) == np.inf
    y = np.array([[0.5, 0.0, 0.5]])
    np.testing.assert_allclose(F.cross_entropy(x, y), np.log(2))


def test_a_batch_of_one_and_a_single_sample():
    x = np.array([0.5, -1.0, 2.0])
    one = F.cross_entropy(x[None], np.array([2]))
    assert F.cross_entropy(x, np.array(2)) == one
    assert F.cross_entropy(x, np.array(2), reduction="none").shape == ()
    assert F.multi_margin_loss(x, np.array(2)).shape == ()


def test_binary_cross_entropy_is_finite_at_the_ends():
    p = ag.Tensor([0.0, 1.0, 0.0], requires_grad=True)
    losses = F.binary_cross_entropy(p, np.array([1.0, 0.0, 0.0]), reduction="none")
    assert losses.tolist() == [100, 100, 0]
    losses.sum().backward()
    assert p.grad.tolist() == [-1e12, 1e12, 0]


def test_a_second_backward_pass_finds_the_same_gradient():
    x = ag.Tensor(np.array([[0.5, -1.0, 2.0]]), requires_grad=True)
    loss = F.cross_entropy(x, np.array([1]))
    loss.backward(retain_graph=True)
    first = x.grad.data.copy()
    for _ in range(2):
        x.grad = None
        loss.backward(retain_graph=True)
        np.testing.assert_array_equal(x.grad.data, first)


def test_what_is_kept_for_the_backward_pass_goes_with_it():
    x = ag.Tensor(np.zeros((500, 100)), requires_grad=True)
    loss = F.cross_entropy(x, np.zeros(500, int))
    reduction = loss.node.static["reduction"]
    assert reduction.kept.take(x.data.copy()) is None  # another array
    loss.backward()
    assert reduction.kept.take(x.data) is None
    np.testing.assert_allclose(x.grad.data[0, :2], [-0.99 / 500, 0.01 / 500])


# --- arguments --------------------------------------------------------------------------------


def test_targets_may_be_lists_tensors_and_any_integers():
    x = np.array([[1.0, 2.0], [0.5, 0.0]])
    expected = F.cross_entropy(x, np.array([1, 0]))
    for target in (
        [1, 0],
        ag.Tensor([1, 0]),
        np.array([1, 0], np.uint8),
        np.array([1, 0], np.int32),
    ):
        assert F.cross_entropy(x, target) == expected
    assert F.mse_loss(x, x.tolist()) == 0


def test_ignore_index_may_be_a_class():
    x = np.array([[1.0, 2.0], [0.5, 0.0]])
    assert F.cross_entropy(x, [1, 0], ignore_index=0) == F.cross_entropy(x[:1], [1])


def test_the_target_may_have_a_gradient():
    x, y = ag.Tensor(np.zeros((1, 2))), ag.Tensor([[0.25, 0.75]], requires_grad=True)
    F.cross_entropy(x, y).backward()
    np.testing.assert_allclose(y.grad.data, np.log([[2, 2]]))


MODULES = [
    (
        nn.CrossEntropyLoss,
        F.cross_entropy,
        {"weight": np.array([1.0, 2.0]), "label_smoothing": 0.1},
    ),
    (nn.NLLLoss, F.nll_loss, {"ignore_index": 1}),
    (nn.BCELoss, F.binary_cross_entropy, {"weight": np.array([1.0, 2.0])}),
    (nn.BCEWithLogitsLoss, F.binary_cross_entropy_with_logits, {"pos_weight": np.array(2.0)}),
    (nn.MSELoss, F.mse_loss, {}),
    (nn.L1Loss, F.l1_loss, {}),
    (nn.SmoothL1Loss, F.smooth_l1_loss, {"beta": 0.3}),
    (nn.HuberLoss, F.huber_loss, {"delta": 0.3}),
    (nn.KLDivLoss, F.kl_div, {"log_target": True}),
    (nn.HingeLoss, F.hinge_loss, {"margin": 0.5}),
    (nn.MultiMarginLoss, F.multi_margin_loss, {"p": 2, "margin": 0.3}),
    (nn.TripletMarginLoss, F.triplet_margin_loss, {"margin": 0.3, "p": 3.0, "swap": True}),
    (nn.CosineEmbeddingLoss, F.cosine_embedding_loss, {"margin": 0.3}),
]


def _arguments(function, rng):
    x = rng.normal(size=(6, 2))
    names = {
        "target": {
            F.cross_entropy: rng.integers(0, 2, 6),
            F.nll_loss: rng.integers(0, 2, 6),
            F.multi_margin_loss: rng.integers(0, 2, 6),
            F.hinge_loss: rng.choice([-1, 1], (6, 2)),
            F.cosine_embedding_loss: rng.choice([-1, 1], 6),
        }.get(function, rng.uniform(size=(6, 2))),
        "input": rng.uniform(size=(6, 2)) if function is F.binary_cross_entropy else x,
    }
    wanted = [n for n, p in inspect.signature(function).parameters.items() if p.default is p.empty]
    return [names.get(name, rng.normal(size=(6, 2))) for name in wanted]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("module", "function", "options"), MODULES, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_module_is_a_call_of_its_function(module, function, options, reduction, rng):
    arguments = _arguments(function, rng)
    expected = function(*arguments, reduction=reduction, **options)
    result = module(reduction=reduction, **options)(*arguments)
    result = result.data if isinstance(result, ag.Tensor) else result
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("module", "function", "options"), MODULES, ids=lambda v: getattr(v, "__name__", "")
)
def test_single_precision_is_within_1e_5_of_double(module, function, options, rng):
    arguments = _arguments(function, rng)
    single = [a.astype(np.float32) if a.dtype == float else a for a in arguments]
    double = [a.astype(np.float64) if a.dtype == np.float32 else a for a in single]
    result = function(*single)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, function(*double), rtol=1e-5)


def test_fault_48_at_construction():
    for module, _, _ in MODULES:
        with pytest.raises(ValueError, match=r"mean, sum, none.*got 'average'"):
            module(reduction="average")
    assert nn.KLDivLoss(reduction="batchmean").reduction == "batchmean"


def test_a_loss_is_not_called_a_model_in_errors():
    with pytest.raises(ValueError, match=r"\[in loss \(MSELoss\)\]"):
        nn.MSELoss()(np.ones(3), np.ones((3, 1)))


def test_class_weights_are_saved():
    assert list(nn.CrossEntropyLoss(weight=np.ones(3)).state_dict()) == ["weight"]
    assert nn.CrossEntropyLoss().state_dict() == {}
