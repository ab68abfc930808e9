"""Layers: linear, perceptrons, dropout, embedding, flatten; the worked numbers that need a network."""

import copy
import itertools

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F

# --- worked numbers ---------------------------------------------------------------------------


def test_w3_a_jury_and_nand():
    jury = nn.Perceptron(3)
    jury.weight.copy_([1, 3, 2])
    jury.bias.copy_(-3)  # the threshold
    assert jury(np.array([4, 1, -3])).item() == 0
    nand = nn.Perceptron(2)
    nand.weight.copy_([-2, -2])
    nand.bias.copy_(3)
    outputs = [nand(np.array(x)).item() for x in itertools.product([0, 1], repeat=2)]
    assert outputs == [1, 1, 1, 0]


CORNERS = np.array(list(itertools.product([0, 1], repeat=2)))


@pytest.mark.parametrize("truth", list(itertools.product([0, 1], repeat=4)))
def test_w3_the_perceptron_learns_what_is_separable(truth):
    """All 16 functions of two bits, but for XOR and its opposite."""
    y = np.array(truth)
    unit = nn.Perceptron(2)
    mistakes = unit.fit(CORNERS, y, max_epochs=100)
    separable = truth not in [(0, 1, 1, 0), (1, 0, 0, 1)]
    assert (mistakes[-1] == 0) == separable
    assert (unit(CORNERS).data == y).all() == separable
    assert len(mistakes) <= 100


def test_w3_the_rule_itself():
    unit = nn.Perceptron(2)
    unit.fit(np.array([[2.0, -1.0]]), np.array([-1]), max_epochs=1)
    assert unit.weight.tolist() == [-2, 1]
    assert unit.bias.item() == -1


def test_w3_convergence_is_within_novikoffs_bound(rng):
    direction = np.array([0.6, -0.8, 0.3])
    x = rng.uniform(-1, 1, (200, 2))
    extended = np.c_[x, np.ones(200)]
    margin = extended @ direction / np.linalg.norm(direction)
    keep = np.abs(margin) > 0.05
    bound = (np.linalg.norm(extended[keep], axis=1).max() / np.abs(margin[keep]).min()) ** 2
    mistakes = nn.Perceptron(2).fit(x[keep], margin[keep] > 0)
    assert mistakes[-1] == 0
    assert sum(mistakes) <= bound


def test_a_perceptron_refuses_other_data():
    unit = nn.Perceptron(2)
    with pytest.raises(ValueError, match=r"x of shape \(N, 2\)"):
        unit.fit(np.ones((3, 3)), np.ones(3))
    for labels in ([0, 1, 2], [-1, 0, 1]):
        with pytest.raises(ValueError, match="labels 1 and 0"):
            unit.fit(np.ones((3, 2)), np.array(labels))


def test_w4_one_step_of_backpropagation():
    model = nn.MLP([2, 2, 2], "sigmoid", output_activation="sigmoid", dtype=float)
    model.load_state_dict(
        {
            "0.weight": [[0.15, 0.20], [0.25, 0.30]],
            "0.bias": [0.35, 0.35],
            "2.weight": [[0.40, 0.45], [0.50, 0.55]],
            "2.bias": [0.60, 0.60],
        }
    )
    seen = {}
    for i, layer in enumerate(model):
        layer.register_forward_hook(lambda m, a, out, i=i: seen.update({i: out.data}))
    error = F.mse_loss(model(np.array([0.05, 0.10])), np.array([0.01, 0.99]), reduction="none") / 2
    np.testing.assert_allclose(seen[0][0], 0.3775, atol=5e-9)
    np.testing.assert_allclose(seen[1], [0.593269992, 0.596884378], atol=5e-10)
    np.testing.assert_allclose(seen[2][0], 1.105905967, atol=5e-10)
    np.testing.assert_allclose(seen[3], [0.751365070, 0.772928465], atol=5e-10)
    np.testing.assert_allclose(error.data, [0.274811083, 0.023560026], atol=5e-10)
    total = error.sum()
    np.testing.assert_allclose(total.item(), 0.298371109, atol=5e-10)
    total.backward()
    w = {name: p.data - 0.5 * p.grad.data for name, p in model.named_parameters()}
    np.testing.assert_allclose(
        w["2.weight"].ravel(), [0.35891648, 0.40866619, 0.51130127, 0.56137012], atol=5e-9
    )
    np.testing.assert_allclose(
        w["0.weight"].ravel(), [0.14978072, 0.19956143, 0.24975114, 0.29950229], atol=5e-9
    )


def test_w5_the_gradients_of_a_product(rng):
    w = ag.Tensor(rng.normal(size=(5, 10)), requires_grad=True)
    x = ag.Tensor(rng.normal(size=(10, 3)), requires_grad=True)
    upstream = rng.normal(size=(5, 3))
    (w @ x).backward(upstream)
    np.testing.assert_allclose(w.grad.data, upstream @ x.data.T)
    np.testing.assert_allclose(x.grad.data, w.data.T @ upstream)


def test_w13_the_gradient_check_holds_with_regularization(rng):
    model = nn.MLP([3, 4, 2], "tanh", dtype=float)
    x, y = rng.normal(size=(5, 3)), np.array([0, 1, 0, 1, 1])
    penalty = nn.ElasticNet(0.01, 0.1)
    for name, p in model.named_parameters():
        p.name = name

    def loss(*parameters):
        return F.cross_entropy(model(x), y) + penalty(model)

    assert ag.gradcheck(loss, *model.parameters()).largest_error < 1e-7


def test_w13_the_gradient_check_refuses_dropout(rng):
    model = nn.Sequential(nn.Linear(3, 3, dtype=float), nn.Dropout(0.5))
    with pytest.raises((ValueError, ag.GradcheckError), match=r"[Dd]ropout|two results|random"):
        ag.gradcheck(model, rng.normal(size=(4, 3)))


# --- linear and MLP ---------------------------------------------------------------------------


def test_linear_takes_any_number_of_leading_axes(rng):
    layer = nn.Linear(3, 2, dtype=float)
    x = rng.normal(size=(4, 5, 3))
    np.testing.assert_allclose(layer(x).data, x @ layer.weight.data.T + layer.bias.data)
    assert layer(x[0, 0]).shape == (2,)
    assert nn.Linear(3, 2, bias=False).bias is None
    ag.gradcheck(layer, x, order=2)


def test_linear_promotes_as_numpy_does():
    assert nn.Linear(3, 2)(np.ones((1, 3))).dtype == np.float64
    assert nn.Linear(3, 2)(np.ones((1, 3), np.float32)).dtype == np.float32
    assert F.linear(np.ones((1, 3), "f"), np.ones((2, 3), "f"), np.ones(2)).dtype == np.float64


def test_mlp():
    model = nn.MLP([4, 5, 6, 2], nn.Tanh, dropout=0.1, output_activation="softplus", bias=False)
    kinds = [type(layer).__name__ for layer in model]
    assert kinds == ["Linear", "Tanh", "Dropout", "Linear", "Tanh", "Dropout", "Linear", "Softplus"]
    assert all(layer.bias is None for layer in model if isinstance(layer, nn.Linear))
    assert isinstance(model[:2], nn.Sequential)
    slopes = nn.MLP([2, 2, 2], lambda: nn.LeakyReLU(0.3))
    assert slopes[1].negative_slope == 0.3
    learned = nn.MLP([2, 2, 2, 2], nn.PReLU(init=0.1))
    assert learned[1] is not learned[3]
    assert learned[3].weight.item() == np.float32(0.1)
    with pytest.raises(ValueError, match=r"at least two sizes.*\[3\]"):
        nn.MLP([3])
    with pytest.raises(ValueError, match=r"relu, tanh, .*'rely'"):
        nn.MLP([3, 2, 1], "rely")
    seeded = [nn.MLP([3, 2], rng=np.random.default_rng(1)).state_dict() for _ in range(2)]
    np.testing.assert_array_equal(seeded[0]["0.weight"], seeded[1]["0.weight"])


def test_an_mlp_learns_xor():
    model = nn.MLP([2, 8, 1], "tanh", dtype=float, rng=np.random.default_rng(0))
    x, y = CORNERS.astype(float), np.array([[0.0], [1], [1], [0]])
    for _ in range(500):
        model.zero_grad()
        F.binary_cross_entropy_with_logits(model(x), y).backward()
        for p in model.parameters():
            p.data -= 1.0 * p.grad.data
    assert ((model(x).data > 0) == y).all()


# --- dropout ----------------------------------------------------------------------------------


def test_w14_the_mask_of_the_forward_pass_is_that_of_the_gradient():
    x = ag.Tensor(np.full((50, 40), 2.0), requires_grad=True)
    out = nn.Dropout(0.25, rng=np.random.default_rng(0))(x)
    kept = out.data != 0
    assert 0.7 < kept.mean() < 0.8
    np.testing.assert_allclose(out.data[kept], 2 / 0.75)  # inverted dropout
    g = np.arange(2000.0).reshape(50, 40)
    out.backward(g)
    np.testing.assert_allclose(x.grad.data, g * kept / 0.75)


def test_w14_nothing_is_masked_in_use():
    x = np.ones((3, 3))
    layer = nn.Dropout(0.5).eval()
    assert layer(x) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout2d(np.ones((1, 1, 1)), 0.5, training=False).item() == 1


def test_dropout2d_drops_whole_channels():
    out = nn.Dropout2d(0.5, rng=np.random.default_rng(0))(np.ones((40, 10, 3, 3), np.float32))
    assert out.dtype == np.float32
    per_channel = out.reshape(400, 9)
    assert (per_channel == per_channel[:, :1]).all()
    assert 0.4 < (per_channel[:, 0] == 0).mean() < 0.6


def test_dropout_goes_on_exactly_where_its_state_was_kept():
    layer, x = nn.Dropout(0.5), np.ones(20)
    ag.manual_seed(1)
    layer(x)
    state = copy.deepcopy(ag.default_generator().bit_generator.state)
    expected = [layer(x) for _ in range(3)]
    ag.default_generator().bit_generator.state = state
    for e in expected:
        np.testing.assert_array_equal(layer(x), e)


@pytest.mark.parametrize("p", [1.0, -0.1, 1.5, np.nan])
def test_fault_44(p):
    for layer in (nn.Dropout, nn.Dropout2d):
        with pytest.raises(ValueError, match=r"Dropout.*\[0, 1\)"):
            layer(p)


# --- embedding and shape ----------------------------------------------------------------------


def test_a_row_gets_the_sum_of_its_uses():
    layer = nn.Embedding(4, 2, dtype=float)
    out = layer(np.array([[1, 3], [1, 1]]))
    np.testing.assert_array_equal(out.data[0, 1], layer.weight.data[3])
    out.backward(np.ones((2, 2, 2)))
    assert layer.weight.grad.tolist() == [[0, 0], [3, 3], [0, 0], [1, 1]]


def test_the_padding_row_stays_zero():
    layer = nn.Embedding(4, 2, padding_idx=-1)
    assert layer.padding_idx == 3
    assert (layer.weight.data[3] == 0).all()
    layer(np.array([3, 0, 3])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    assert layer(ag.Tensor([3])).tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="padding_idx 4 is out of range"):
        nn.Embedding(4, 2, padding_idx=4)


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 4], IndexError, r"the index 4 is out of range for 4 rows.*\[in model \(Embedding\)\]"),
        ([-1], IndexError, "the index -1 is out of range for 4 rows"),
        ([1.0], TypeError, "whole numbers"),
    ],
)
def test_fault_45(indices, error, message):
    with pytest.raises(error, match=message):
        nn.Embedding(4, 2)(np.array(indices))


def test_flatten():
    x = ag.Tensor(np.arange(24.0).reshape(2, 3, 4, 1), requires_grad=True)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 1)
    assert nn.Flatten(2)(np.zeros((2, 3, 0))).shape == (2, 3, 0)
    nn.Flatten()(x).sum().backward()
    assert x.grad.shape == x.shape
    with pytest.raises(IndexError, match=r"axes 1 to -1 are out of range .*\(3,\)"):
        nn.Flatten()(np.zeros(3))
    assert nn.Identity()(x) is x


# --- regularizers -----------------------------------------------------------------------------


def _model():
    model = nn.Sequential(nn.Linear(3, 2, dtype=float))
    model[0].weight.data[...] = [[1.0, -2.0, 0.0], [3.0, 0.5, -1.0]]
    model[0].bias.data[...] = [10.0, 20.0]
    return model


W = np.array([1.0, -2.0, 0.0, 3.0, 0.5, -1.0])

TERMS = [
    (nn.L1(0.1), lambda w: 0.1 * np.abs(w).sum(), lambda w: 0.1 * np.sign(w)),
    (nn.L2(0.1), lambda w: 0.1 * (w**2).sum(), lambda w: 0.2 * w),
    (
        nn.ElasticNet(0.1, 0.2),
        lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum(),
        lambda w: 0.1 * np.sign(w) + 0.4 * w,
    ),
    (
        nn.WeightElimination(0.1, 2.0),
        lambda w: 0.1 * ((w / 2) ** 2 / (1 + (w / 2) ** 2)).sum(),
        lambda w: 0.1 * (w / 2) / (1 + (w / 2) ** 2) ** 2,
    ),
]


@pytest.mark.parametrize(("term", "value", "gradient"), TERMS, ids=lambda v: type(v).__name__)
def test_terms(term, value, gradient):
    model = _model()
    total = term(model)
    np.testing.assert_allclose(total.item(), value(W))
    total.backward()
    np.testing.assert_allclose(model[0].weight.grad.data.ravel(), gradient(W))
    assert model[0].bias.grad is None


def test_biases_are_regularized_on_request_only():
    model = _model()
    with_biases = nn.L2(1.0, biases=True)(model)
    assert with_biases.item() == (W**2).sum() + 500
    assert nn.L1(1.0)([("w", model[0].bias)]).item() == 30
    with pytest.raises(ValueError, match="no parameter to regularize"):
        nn.L1(1.0)([("bias", model[0].bias)])


def test_the_penalty_of_w21():
    w = ag.Tensor([3.0], requires_grad=True)
    loss = (w * 2.0).sum() + nn.L2(0.1)([("w", w)])
    loss.backward()
    np.testing.assert_allclose(w.grad.data, [2 + 2 * 0.1 * 3])


def test_max_norm_shortens_the_weights_of_long_units():
    model = nn.Sequential(nn.Linear(2, 3, dtype=float))
    model[0].weight.data[...] = [[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]
    model[0].bias.data[...] = 100
    nn.MaxNorm(2.0)(model)
    np.testing.assert_allclose(model[0].weight.data, [[1.2, 1.6], [0.3, 0.4], [0, 0]])
    assert (model[0].bias.data == 100).all()
    nn.MaxNorm(1.0, dim=1)(model)
    np.testing.assert_allclose(np.linalg.norm(model[0].weight.data, axis=0), [1, 1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.L1(-1),
        lambda: nn.L2(np.nan),
        lambda: nn.ElasticNet(0.1, -1),
        lambda: nn.WeightElimination(0.1, 0),
        lambda: nn.MaxNorm(0),
    ],
)
def test_strengths_out_of_range(make):
    with pytest.raises(ValueError, match=r"expected .* >"):
        make()
