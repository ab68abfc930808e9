"""diagnose finds each planted fault, names it, and finds nothing in a healthy network."""

import gc
import threading

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.cuts import cut_at, cuts
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


# Where a way ends.  The loss is computed of what came from behind the cut and of ``v``.


def ways_end(loss, unreached, *words, **named):
    found = ag.diagnose(loss, named)
    assert found.unreached == tuple(unreached.split())
    assert kinds(found) == ["not reached", *["cut"] * len(words)]
    for finding, word in zip(found.findings[1:], words, strict=True):
        assert word in finding.what
    return found


def test_a_branch_under_no_grad():
    w, v = leaf(np.ones(4), "w"), leaf(np.ones(4), "v")
    with ag.no_grad(), ag.scope("branch"):
        h = w * 2.0
    found = ways_end((h * v).sum(), "w", "no_grad() around multiply [in branch]", w=w, v=v)
    assert "ends the way back, at an argument of multiply" in found.text
    assert "Compute it outside of no_grad() if a gradient is wanted there." in found.text


def test_a_function_under_no_grad():
    @ag.no_grad()
    def features(x):
        return np.tanh(x)

    w, v = leaf(np.ones(4), "w"), leaf(np.ones(4), "v")
    ways_end((features(w) * v).sum(), "w", "no_grad() around tanh", w=w, v=v)


@pytest.mark.parametrize("size", [4, 400])  # of the larger no sum keeps its arguments
@pytest.mark.parametrize("combine", [np.multiply, np.add, lambda h, v: np.stack([h, v, v])])
def test_operations_outside_of_the_graph_hand_the_cut_on(size, combine):
    w, v = leaf(np.ones(size), "w"), leaf(np.ones(size), "v")
    h = (w * 3.0).detach()
    z = np.exp((relu(h) + 1.0).reshape(-1))
    ways_end(combine(z, v).sum(), "w", "detach() of multiply", w=w, v=v)


@pytest.mark.parametrize("join", [np.concatenate, ag.stack, lambda arrays: np.where(True, *arrays)])
def test_a_cut_goes_through_joining(join):
    w, v, data = leaf(np.ones(4), "w"), leaf(np.ones(4), "v"), np.zeros(4)
    joined = join([ag.Tensor(data), np.tanh(w).detach()])
    ways_end((joined * ag.stack([v, v])).sum() if joined.shape != (8,) else
             (joined * np.concatenate([v, v])).sum(), "w", "detach() of tanh", w=w, v=v)  # fmt: skip


def test_a_cut_goes_through_an_operation_of_several_results():
    w, v = leaf(np.ones((2, 2)), "w"), leaf(np.ones(2), "v")
    values, _ = np.linalg.eigh((w * 2.0).detach())
    ways_end((values * v).sum(), "w", "detach() of multiply", w=w, v=v)
    with ag.no_grad():
        values, _ = np.linalg.eigh(w)
    ways_end((values * v).sum(), "w", "no_grad() around eigh", w=w, v=v)


def test_one_number_under_no_grad():
    w, v = leaf(np.ones(4), "w"), leaf(np.ones(4), "v")
    with ag.no_grad():
        scale = np.log(w.sum())
    ways_end((scale * v).sum(), "w", "no_grad() around sum", w=w, v=v)
    ways_end(((w * w).sum().detach() * v).sum(), "w", "detach() of sum", w=w, v=v)


@pytest.mark.parametrize("batch", [4, 40])
def test_an_encoder_under_no_grad(rng, batch):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
            self.shift = nn.Parameter(np.zeros(4, np.float32))
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            with ag.no_grad():
                h = self.encoder(x)
            return self.head(h + self.shift)

    net = Net()
    found = ag.diagnose(np.mean(net(data(rng, batch, 4)) ** 2), net)
    assert found.unreached == tuple(n for n, _ in net.named_parameters() if "encoder" in n)
    assert kinds(found) == ["not reached", "cut"]
    assert all(name in found.findings[0].what for name in found.unreached)
    assert "no_grad() around linear [in model.encoder.2 (Linear)]" in found.findings[1].what
    assert "argument of add" in found.findings[1].what


def test_the_loss_itself_outside_of_the_graph():
    w = leaf(np.ones(4), "w")
    with ag.no_grad():
        loss = (w * w).sum()
    found = ways_end(
        loss, "w", "no_grad() around multiply ends the way back, at the loss itself", w=w
    )
    assert "never used" not in found.text
    ways_end((w * w).sum().detach(), "w", "detach() of sum", w=w)


def test_data_of_a_tensor_where_it_can_be_known():
    w, v = leaf(np.ones((2, 2)), "w"), leaf(np.ones(2), "v")
    h = w * 2.0
    for taken in (h.data, h.data.T, h.data[0], ag.Tensor(h.data), ag.Tensor(h.data) + 1.0):
        ways_end((taken * v).sum(), "w", ".data of multiply", w=w, v=v)
    for taken in (w.data, w.data.T, ag.Tensor(w.data)):
        found = ways_end((taken * v).sum(), "weight", ".data of weight", weight=w, v=v)
        assert "Use the tensor itself" in found.text
    found = ag.diagnose((h.data.copy() * v).sum(), {"w": w, "v": v})
    assert "NumPy computed from .data" in found.text  # all that can be said


def test_looking_at_data_does_not_hide_a_detach():
    w, v = leaf(np.ones(4), "w"), leaf(np.ones(4), "v")
    h = w * 2.0
    for look_first in (True, False):
        _ = look_first and h.data
        taken = h.detach()
        _ = h.data
        ways_end((taken * v).sum(), "w", "detach() of multiply", w=w, v=v)


def test_whole_numbers_through_further_operations():
    w, v, table = leaf([0.4, 1.6], "w"), leaf(np.ones(2), "v"), leaf(np.ones((4, 2)), "table")
    whole = (w * 2.0).astype(int)
    ways_end((ag.Tensor(np.eye(4))[whole][:, :2] * v).sum(), "w", "astype(int64)", w=w, v=v)
    ways_end(table[whole % 3].sum(), "w", "astype(int64)", w=w, table=table)
    ways_end(((w * 2.0).detach().astype(int) * v).sum(), "w", "detach()", w=w, v=v)


def test_values_under_no_grad():
    x, y = ag.Value(2.0, "x"), ag.Value(3.0, "y")
    with ag.no_grad():
        h = x * 2.0
    ways_end(h * y, "x", "no_grad() around * ends the way back, at an argument of *", x=x, y=y)
    ways_end(h, "x y", "no_grad() around * ends the way back, at the loss itself", x=x, y=y)


def test_one_cut_is_told_once(rng):
    cell, v = nn.Linear(4, 4), leaf(np.ones(4), "v")
    total = 0.0
    for x in data(rng, 5, 4):
        with ag.no_grad():
            h = np.tanh(cell(x))
        total = total + (h * v).sum() + (h * v).sum()
    named = {"v": v, **dict(cell.named_parameters())}
    found = ways_end(total, "weight bias", "argument of multiply and of 9 more", **named)
    assert found.draw().text


def test_a_trained_model_has_no_cuts(rng):
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    x = data(rng, 16, 4)
    for method in (optim.SGD, optim.Adam):
        optimizer = method(model.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            np.mean(model(x) ** 2).backward()
            optimizer.step()
    w = leaf(np.ones((4, 1)), "w")
    np.mean((x @ w) ** 2).backward()
    with ag.no_grad():
        w[...] = w - 0.1 * w.grad
        w.data = w - 0.1 * w.grad
    assert ag.diagnose(np.mean(model(x) ** 2) + np.mean((x @ w) ** 2)).ok
    assert ag.diagnose(np.mean(model.eval()(x) ** 2)).ok
    value, gradient = ag.value_and_grad(lambda x: (x * x).sum())(np.ones(3))
    assert ag.diagnose((w * (value + gradient[0])).sum() + w.sum() * value).ok


# Notes ------------------------------------------------------------------------------------------


def test_notes_go_with_their_arrays(rng):
    gc.collect()
    before = set(cuts)
    model, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), data(rng, 16, 4)
    gc.collect()
    gc.disable()
    try:
        with ag.no_grad():
            out = model(x)
            assert set(cuts) - before
            del out
            assert set(cuts) == before
            for _ in range(100):
                np.linalg.eigh(np.mean(model(x)) * np.eye(2))
        h = np.tanh(model(x))
        for _ in range(100):
            h.detach(), h.data, h.detach().astype(int)
        assert len(set(cuts) - before) == 1
        loss = (h.detach() * h).sum()
        del h, loss
        assert set(cuts) == before
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_stands_for_an_array_keeps_the_note_and_not_the_array():
    v = leaf(np.ones(400), "v")
    h = (v * 2.0).detach()
    loss = (h + v).sum()
    alive = len(cuts)
    del h
    assert len(cuts) < alive
    assert "detach() of multiply" in ag.diagnose(loss).text


def test_an_operation_that_gives_back_its_argument():
    same = ag.primitive(lambda x: x, name="same").defvjp(lambda g, out, x: g)
    w = leaf(np.ones(4), "w")
    before = len(cuts)
    with ag.no_grad():
        for _ in range(10):
            same(same(w))
    assert len(cuts) == before + 1
    assert cut_at(w.data)[:2] == ("no_grad()", "same")
    assert ag.diagnose((w * w).sum(), [w]).ok


def test_notes_of_several_threads(rng):
    model, x, v = nn.Linear(4, 4), data(rng, 8, 4), leaf(np.ones(4), "v")
    wrong, start = [], threading.Barrier(4)
    shared = np.tanh(v)

    def work(k):
        start.wait()
        for _ in range(50):
            with ag.scope(f"thread{k}"):
                if k % 2:
                    with ag.no_grad():
                        h = relu(model(x)) + shared
                else:
                    h = np.tanh(model(x)).detach() + shared.detach()
                if f"thread{k}" not in ag.diagnose((h * v).sum(), model).text:
                    wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


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
