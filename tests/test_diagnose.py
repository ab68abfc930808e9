"""diagnose finds each planted fault, names it, and finds nothing in a healthy network."""

import numpy as np
import pytest

import autograd as ag
import nn
from tests import graphs

relu, sigmoid = nn.functional.relu, nn.functional.sigmoid


def leaf(data, name="x"):
    return ag.Tensor(np.asarray(data, float), requires_grad=True, name=name)


def data(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def kinds(diagnosis):
    return [finding.kind for finding in diagnosis.findings]


@pytest.fixture(autouse=True)
def quiet():
    ag.manual_seed(0)
    with np.errstate(all="ignore"):
        yield


def test_nothing_in_a_healthy_network():
    loss, _ = graphs.mlp()
    found = ag.diagnose(loss)
    assert found.ok
    assert "nothing found" in found.text
    assert [layer.name for layer in found.layers] == ["model.0 (Linear)", "model.2 (Linear)"]
    assert found.draw().svg.startswith("<svg")


def test_1_log_of_zero_with_its_scope_and_line(rng):
    x = leaf(np.abs(rng.normal(size=(20, 8))))
    x.data[3, 2] = 0.0
    with ag.record(), ag.scope("head", kind="LogLayer"):
        loss = np.log(x).mean()
    found = ag.diagnose(loss)
    assert kinds(found) == ["inf value"]
    assert "log(x) makes 1 inf in (20, 8) of finite arguments" in found.text
    assert "in head (LogLayer)" in found.text
    assert "test_diagnose.py:" in found.text
    assert "np.log1p" in found.text


def test_2_sqrt_of_zero():
    found = ag.diagnose(np.sqrt(leaf([0.0, 1.0, 4.0])).sum())
    assert kinds(found) == ["inf gradient"]
    assert "sqrt makes ∇x" in found.text


def test_3_zero_times_infinity_under_where():
    x = leaf([0.0, 1.0, 4.0])
    found = ag.diagnose(np.where(x.data > 0, np.log(x), 0.0).sum())
    assert "nan gradient" in kinds(found)
    assert "np.where(c, f(np.where(c, x, 1)), 0)" in found.text


def test_4_overflow_in_exp():
    x = leaf([1.0, 800.0])
    found = ag.diagnose((np.exp(x) / np.exp(x).sum()).sum())
    assert kinds(found) == ["inf value"]
    assert "exp(x)" in found.text
    assert "logsumexp" in found.text


def test_4_overflow_in_an_array_that_was_not_kept(rng):
    x = leaf(rng.normal(size=(30, 30)))
    h = x * 1e200 * 1e200  # 900 entries that no rule needs
    found = ag.diagnose((h + 1.0).sum())
    assert found.findings[0].kind == "inf value"
    assert "multiply" in found.findings[0].what or "*" in found.findings[0].what


def test_5_a_detached_branch(rng):
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    h = model[1](model[0](data(rng, 16, 4))).detach()
    found = ag.diagnose((model[2](h) ** 2).mean(), model)
    assert found.unreached == ("0.weight", "0.bias")
    assert kinds(found) == ["not reached", "cut"]
    assert "detach() of tanh" in found.text


def test_6_a_forgotten_parameter(rng):
    used, forgotten = nn.Linear(4, 1), nn.Linear(4, 1)
    named = {"used": used.weight, "bias": used.bias, "forgotten": forgotten.weight}
    found = ag.diagnose((used(data(rng, 16, 4)) ** 2).mean(), named)
    assert found.unreached == ("forgotten",)
    assert "never used" in found.text


def test_7_an_integer_cast():
    w, v = leaf(np.ones(4), "w"), leaf(np.ones(4), "v")
    found = ag.diagnose(((w * 3.7).astype(int) * v).sum(), [w, v])
    assert found.unreached == ("w",)
    assert "astype(int64) of multiply" in found.text


def test_7_an_integer_cast_used_as_an_index():
    w, table = leaf([0.4, 1.6], "w"), leaf(np.ones((4, 2)), "table")
    found = ag.diagnose(table[(w * 2.0).astype(int)].sum(), {"w": w, "table": table})
    assert found.unreached == ("w",)
    assert "astype" in found.text


def test_8_dead_relus(rng):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    model[0].bias.data[:] = -100.0
    found = ag.diagnose((model(data(rng, 16, 4)) ** 2).mean(), model)
    assert kinds(found) == ["dead units", "no gradient"]
    assert "dead 8/8" in found.text
    assert "in model.1 (ReLU)" in found.text


def test_9_sigmoids_saturated_by_large_weights(rng):
    model = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 1))
    model[0].weight.data[:] *= 100.0
    found = ag.diagnose((model(data(rng, 16, 4)) ** 2).mean(), model)
    assert "saturated units" in kinds(found)
    assert "in model.1 (Sigmoid)" in found.text


def test_10_vanishing_through_30_tanh_layers(rng):
    layers = [layer for _ in range(30) for layer in (nn.Linear(16, 16), nn.Tanh())]
    model = nn.Sequential(*layers)
    found = ag.diagnose((model(data(rng, 16, 16)) ** 2).mean(), model)
    assert kinds(found) == ["vanishing gradient"]
    assert "to 1" in found.text or "at model.0 (Linear)" in found.text
    assert len(found.layers) == 30
    assert all(layer.gain is None or layer.gain < 1.2 for layer in found.layers)


def test_11_exploding_through_30_linear_layers(rng):
    model = nn.Sequential(*[nn.Linear(16, 16) for _ in range(30)])
    for parameter in model.parameters():
        parameter.data[...] *= 5.0
    found = ag.diagnose((model(data(rng, 16, 16)) ** 2).mean(), model)
    assert kinds(found) == ["exploding gradient"]


def test_12_nan_in_the_input(rng):
    x = data(rng, 16, 4)
    x[2, 3] = np.nan
    model = nn.Linear(4, 1)
    found = ag.diagnose((model(x) ** 2).mean(), model, names={"x": x})
    assert kinds(found) == ["nan input"]
    assert "1 nan in (16, 4)" in found.text


def test_a_function_is_run_inside_of_record():
    x = leaf([0.0, 1.0])
    assert "test_diagnose.py:" in ag.diagnose(lambda: np.log(x).sum()).text


def test_infinite_masks_are_no_fault():
    scores = leaf([[1.0, 2.0, 3.0]])
    masked = scores + np.array([0.0, 0.0, -np.inf])
    weights = np.exp(masked - masked.data.max())
    assert ag.diagnose((weights / weights.sum()).max()).ok


def test_values():
    x = ag.Value(0.0, "x")
    found = ag.diagnose(x.log())
    assert kinds(found) == ["inf value"]
    assert "log(x) makes -inf" in found.text
    assert ag.diagnose(graphs.w1()).ok


def test_it_looks_only():
    x = leaf([1.0, 2.0])
    loss = (x * x).sum()
    ag.diagnose(loss, [x])
    assert x.grad is None
    loss.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_html_and_the_surroundings():
    x = leaf([0.0, 1.0], "<b>x</b>")
    found = ag.diagnose(np.log(x).sum())
    assert "<b>x" not in found._repr_html_()
    assert "log" in found.draw().text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.diagnose(3.0), TypeError, "a Value or a Tensor"),
        (lambda: ag.diagnose(leaf([1.0, 2.0]) * 2.0), ValueError, "one number"),
        (lambda: ag.diagnose(graphs.w1(), 3), TypeError, "module, a dict or several"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_freed_graph_is_refused_instead_of_found_healthy(rng):
    model = nn.Sequential(*[layer for _ in range(3) for layer in (nn.Linear(20, 20), nn.Sigmoid())])
    loss = np.mean(model(data(rng, 8, 20)) ** 2)
    loss.backward()
    with pytest.raises(
        RuntimeError, match=r"diagnose: backward.*before backward.*retain_graph=True"
    ):
        ag.diagnose(loss)
    small = leaf([0.5, 1.0])
    loss = (small * small).sum()
    loss.backward()
    assert ag.diagnose(loss).ok  # small arrays stay
