"""gradcheck as a product: what it finds, what it names, what it tells apart."""

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])


def planted(name: str, forward: Any, *rules: Any, saves: Any = None) -> Any:
    return ag.primitive(forward, name=name).defvjp(*rules, saves=saves)


def test_a_report_counts_every_pair_and_shows_the_worst() -> None:
    report = ag.gradcheck(lambda x, y: np.tanh(x @ y), X, X.T)
    assert report.count == 4 * 12
    assert report.largest_error < 1e-7
    lines = str(report).splitlines()
    assert lines[0] == "order 1: 48 derivatives compared"
    assert "relative error" in lines[1]
    assert len(lines) == 7


@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_functions_pass_to_any_order(order: int) -> None:
    ag.gradcheck(lambda x: np.sum(np.exp(np.sin(x)) * x), X, order=order)


def test_containers_numbers_and_constants() -> None:
    def f(p: Any, scale: float, axis: int, flag: str) -> Any:
        assert flag == "as it is"
        return np.sum(p["w"][0] * scale, axis=axis) + p["b"]

    assert ag.gradcheck(f, {"w": [X], "b": 1.0}, 2.0, 0, "as it is").count == 3 * (6 + 1 + 1)


def test_inputs_are_left_as_they_were() -> None:
    x, t = X.copy(), ag.Tensor(X, requires_grad=True)
    ag.gradcheck(lambda x, t: np.sum(x * t), x, t)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(t.data, X)
    assert t.grad is None


def test_a_large_function_by_random_directions() -> None:
    x = np.linspace(-1, 1, 5000).reshape(50, 100)
    assert ag.gradcheck(lambda x: np.sin(x) * x, x).count == 3 * (8 + 40)
    wrong = planted("wrong", lambda x: np.sin(x), lambda g, out, x: g * np.cos(x) * 1.001)
    with pytest.raises(ag.GradcheckError, match=r"wrong: .*argument 0 \(x\)"):
        ag.gradcheck(lambda x: wrong(x) * 2, x)


@pytest.mark.parametrize("n", [1, 2, 5, 20, 50])
def test_an_error_of_a_thousandth_in_one_element_is_found(n: int) -> None:
    """100 trials over all n: 20 each."""
    for trial in range(20):
        rng = np.random.default_rng([n, trial])
        factor = np.ones(n)
        factor[rng.integers(n)] += 1e-3 * rng.choice([-1, 1])
        wrong = planted(
            "wrong", np.tanh, lambda g, out, x, by=factor: g * (1 - out * out) * by, saves="out"
        )
        w = rng.normal(size=(3, n))
        with pytest.raises(ag.GradcheckError) as caught:
            ag.gradcheck(lambda x, w=w, f=wrong: np.sum(np.sin(w @ f(x))), rng.normal(size=n))
        assert caught.value.operation == "wrong"
        assert caught.value.entry is not None
        assert caught.value.entry.relative_error == pytest.approx(1e-3 / 2, rel=1e-2)


def test_the_culprit_is_named_among_many() -> None:
    wrong = planted("scaled", lambda x: 2.0 * x, lambda g, out, x: 2.002 * g)

    def f(x: Any) -> Any:
        for _ in range(5):
            x = np.tanh(x) + np.sin(x)
        with ag.scope("block"), ag.scope("3", kind="Linear"):
            x = wrong(x)
        return np.sum(np.exp(x))

    with pytest.raises(ag.GradcheckError) as caught:
        ag.gradcheck(f, X)
    assert str(caught.value).startswith("scaled [in block.3 (Linear)]: the derivative rule for")
    assert caught.value.reason == "rule"


def test_a_rule_that_is_only_used_in_another_rule() -> None:
    inner = planted("inner", np.cos, lambda g, out, x: g * np.sin(x))  # the sign
    outer = planted("outer", np.sin, lambda g, out, x: g * inner(x))
    ag.gradcheck(outer, X)
    with pytest.raises(ag.GradcheckError, match=r"^inner: ") as caught:
        ag.gradcheck(outer, X, order=2)
    assert caught.value.operation == "inner"


def test_what_is_not_saved_is_found_though_small_arrays_are_there() -> None:
    careless = planted("careless", lambda x: x * x, lambda g, out, x: g * 2 * x, saves=())
    ag.grad(lambda x: np.sum(careless(x)))(X)  # goes well
    with pytest.raises(ag.GradcheckError, match=r"careless.*saves=") as caught:
        ag.gradcheck(careless, X)
    assert (caught.value.reason, caught.value.operation) == ("saves", "careless")


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * (x == 0),
        lambda g, out, x: g * (x != 0),
        lambda g, out, x: g * x.T,
        lambda g, out, x: g * (x % 2),
        lambda g, out, x: g * out.sum(),
        lambda g, out, x: g + (0 if x > 0 else 1),
    ],
)
def test_whatever_a_rule_does_with_what_is_not_saved(rule: Any) -> None:
    """A comparison above all: False instead of an error would be a wrong gradient."""
    with pytest.raises(ag.GradcheckError, match=r"careless.*not saved") as caught:
        ag.gradcheck(planted("careless", np.square, rule, saves=()), X)
    assert caught.value.reason == "saves"


def test_the_graph_left_on_the_way() -> None:
    for f in (
        lambda x: x * x.detach(),
        lambda x: x.detach() * 2,
        lambda x: x * float(x.data.sum()),
    ):
        with pytest.raises(ag.GradcheckError, match="leaves the graph") as caught:
            ag.gradcheck(f, X)
        assert caught.value.reason == "detached"


@pytest.mark.parametrize(
    ("f", "x", "operation"),
    [
        (np.abs, [1.0, 0.0], "absolute"),
        (lambda x: np.maximum(x, 1.0), [1.0, 2.0], "maximum"),
        (lambda x: np.max(x), [2.0, 2.0, 1.0], "max"),
        (lambda x: np.clip(x, 0, 1), [0.5, 1.0], "clip"),
        (np.sqrt, [0.0, 1.0], "sqrt"),
        (lambda x: np.floor(x) + x, [2.0, 0.5], "floor"),
    ],
)
def test_kinks_and_edges_are_not_wrong_rules(f: Any, x: Any, operation: str) -> None:
    with pytest.raises(ag.GradcheckError, match="kink") as caught:
        ag.gradcheck(f, np.array(x))
    assert (caught.value.reason, caught.value.operation) == ("kink", operation)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.square, [0.0, 1.0]),
        (lambda x: x**3, [0.0]),
        (lambda x: np.abs(x), [1e-5, -1e-4]),
        (np.log, [1e-5, 1e-3]),
        (np.sqrt, [1e-6]),
        (lambda x: np.exp(30 * x), [0.1, 1.0]),
        (lambda x: np.tanh(200 * x), [0.001]),
        (lambda x: 1e12 * x, [1.0]),
        (lambda x: 1e-9 * np.sin(x), [1.0]),
        (lambda x: x * 1e-3 + 5, [1e6]),
        (np.floor, [0.5]),
        (lambda x: np.sin(x) * 0, [0.5]),
        (lambda x: np.sum(x) - np.sum(x), [0.5, 2.0]),
    ],
)
def test_points_that_are_not_kinks(f: Any, x: Any) -> None:
    ag.gradcheck(f, np.array(x))


def test_a_wrong_sign_and_a_dropped_term() -> None:
    for rule in (lambda g, out, x: -g * np.cos(x), lambda g, out, x: g * 0):
        with pytest.raises(ag.GradcheckError, match=r"argument 0 \(x\) is wrong") as caught:
            ag.gradcheck(planted("sine", np.sin, rule), X)
        assert caught.value.entry.relative_error == 1.0


# --- modules -----------------------------------------------------------------------------------


def model(*more: Any) -> nn.Module:
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), *more, nn.Linear(4, 2)).astype(np.float64)


def test_a_module_with_its_parameters() -> None:
    net = model()
    before = [p.data.copy() for p in net.parameters()]
    report = ag.gradcheck(net, X, order=2)
    assert report.count == (6 + 12 + 4 + 8 + 2) ** 2
    for p, array in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, array)
        assert p.grad is None
        assert p.is_leaf


def test_a_loss_of_a_module() -> None:
    net = model()

    def loss(net: nn.Module, x: Any) -> Any:
        penalty = sum((p * p).sum() for p in net.parameters())
        return np.mean((net(x) - 1.0) ** 2) + 0.01 * penalty

    assert ag.gradcheck(loss, net, X).count == 6 + 12 + 4 + 8 + 2


def test_several_modules_with_the_same_names() -> None:
    """None of their parameters may be left out, a shared one is checked once."""
    one, two = model(), model()
    two[0].bias = one[0].bias

    def loss(nets: Any, x: Any) -> Any:
        return np.mean((nets[0](x) - nets[1](x)) ** 2)

    assert ag.gradcheck(loss, [one, two], X).count == 6 + 2 * (12 + 4 + 8 + 2) - 4
    double = planted("double", lambda x: x * 2.0, lambda g, out, x: g)
    with pytest.raises(ag.GradcheckError, match="double"):
        ag.gradcheck(lambda nets, x: np.sum(double(nets[1][0].bias)), [one, two], X)


def test_a_method_of_a_module() -> None:
    assert ag.gradcheck(model().forward, X).count == (6 + 12 + 4 + 8 + 2) * 4


def test_a_wrong_layer_is_named_by_its_path() -> None:
    wrong = planted("wrong", lambda x: x * 2.0, lambda g, out, x: g)

    class Double(nn.Module):
        def forward(self, x: Any) -> Any:
            return wrong(x)

    with pytest.raises(ag.GradcheckError, match=r"wrong \[in .*2 \(Double\)\]"):
        ag.gradcheck(model(Double()), X)


def test_single_precision_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.weight is float32.*astype"):
        ag.gradcheck(nn.Sequential(nn.Linear(3, 4)), X)


def test_dropout_is_refused_with_the_reason() -> None:
    net = model(nn.Dropout(0.5))
    with pytest.raises(ValueError, match=r"2 is a Dropout.*mask.*eval\(\)"):
        ag.gradcheck(net, X)
    ag.gradcheck(net.eval(), X)


def test_batch_normalization_keeps_its_averages() -> None:
    net = model(nn.BatchNorm1d(4))
    before = [b.data.copy() for _, b in net.named_buffers()]
    ag.gradcheck(net, np.random.default_rng(0).normal(size=(5, 3)))
    for (_, b), array in zip(net.named_buffers(), before, strict=True):
        np.testing.assert_array_equal(b.data, array)


# --- the fixture -------------------------------------------------------------------------------


def test_the_fixture_in_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_rule.py").write_text(
        "import numpy as np\n"
        "def test_right(gradcheck):\n    gradcheck(np.tanh, np.ones(3), order=2)\n"
        "def test_wrong(gradcheck):\n    gradcheck(np.abs, np.zeros(3))\n"
    )
    root = Path(__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "autograd.pytest_plugin", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert "1 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert "GradcheckError: absolute: the function has no derivative" in run.stdout


def test_the_page_of_documentation_runs() -> None:
    page = Path(__file__).parents[1] / "docs" / "gradcheck.md"
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert tried > 15
    assert failed == 0
