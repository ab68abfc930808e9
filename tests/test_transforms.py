"""The transforms: what they take and give, what they cost, and what they refuse."""

import random
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.primitive import ArrayNode

Point = namedtuple("Point", "x y")
X = np.array([0.3, -1.2, 0.7])


class Counting:
    """A function that counts its evaluations."""

    def __init__(self, f: Any) -> None:
        self.f = f
        self.calls = 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)


# --- what comes out ----------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.5, np.float64(0.5), np.array(0.5), ag.Tensor(0.5)])
def test_a_gradient_is_a_plain_array(x: Any) -> None:
    g = ag.grad(np.sin)(x)
    assert type(g) is np.ndarray
    assert (g.shape, g.dtype) == ((), np.float64)
    assert g == np.cos(0.5)


def test_a_gradient_belongs_to_the_caller() -> None:
    x, y = X.copy(), X.copy()
    gx, gy = ag.grad(lambda x, y: np.sum(x + y), (0, 1))(x, y)
    gx[0] = 9.0
    np.testing.assert_array_equal(gy, np.ones(3))
    value, back = ag.vjp(lambda x: x, x)
    value[0] = 9.0
    g = np.ones(3)
    back(g)[0][0] = 9.0
    np.testing.assert_array_equal(g, np.ones(3))


def test_grad_leaves_the_grad_of_tensors_alone() -> None:
    t = ag.Tensor(X, requires_grad=True)
    g = ag.grad(lambda x: np.sum(x * x))(t)
    assert t.grad is None
    assert isinstance(g, ag.Tensor)  # the argument is tracked, so the gradient is too
    g.sum().backward()
    np.testing.assert_array_equal(t.grad.data, np.full(3, 2.0))


def test_under_no_grad_results_are_plain() -> None:
    t = ag.Tensor(X, requires_grad=True)
    with ag.no_grad():
        g = ag.grad(lambda x: np.sum(x * t))(X)
    assert type(g) is np.ndarray


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_a_gradient_has_the_dtype_of_its_argument(dtype: Any) -> None:
    assert ag.grad(lambda x: np.sum(x * 2.0))(X.astype(dtype)).dtype == dtype


def test_containers_of_every_kind() -> None:
    p = OrderedDict(a=[X, (2.0, None)], b=Point(X, {"c": np.float32(1.0)}))
    g = ag.grad(lambda p: np.sum(p["a"][0] * p["a"][1][0]) + np.sum(p["b"].x ** 2) * p["b"].y["c"])(
        p
    )
    assert type(g) is OrderedDict
    assert type(g["b"]) is Point
    assert g["a"][1][1] is None
    np.testing.assert_array_equal(g["a"][0], np.full(3, 2.0))
    np.testing.assert_allclose(g["b"].x, 2 * X)
    assert g["b"].y["c"].dtype == np.float32


def test_names_and_documentation_are_those_of_the_function() -> None:
    def loss(x: Any) -> Any:
        """How bad it is."""

    assert ag.grad(loss).__name__ == "grad(loss)"
    assert ag.hessian(loss).__doc__ == "How bad it is."


def test_keyword_arguments_are_passed_on() -> None:
    assert ag.grad(lambda x, *, n: x**n)(2.0, n=3) == 12.0
    assert ag.hessian(lambda x, *, n: x**n)(2.0, n=3) == 12.0
    assert ag.hvp(lambda x, *, n: x**n)(2.0, 1.0, n=3) == 12.0


# --- Jacobians ---------------------------------------------------------------------------------


def test_jacobian_of_containers() -> None:
    def f(p: Any) -> Any:
        return {"sum": p["x"] + p["y"], "product": (p["x"] * p["y"],)}

    j = ag.jacobian(f)({"x": X, "y": 2.0})
    np.testing.assert_array_equal(j["sum"]["x"], np.eye(3))
    np.testing.assert_array_equal(j["sum"]["y"], np.ones(3))
    np.testing.assert_array_equal(j["product"][0]["x"], 2 * np.eye(3))
    np.testing.assert_array_equal(j["product"][0]["y"], X)


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (0,)])
@pytest.mark.parametrize("out", [(), (1,), (4, 2), (0,)])
def test_shapes_of_jacobians(shape: Any, out: Any) -> None:
    j = ag.jacobian(lambda x: np.sum(x) * np.ones(out))(np.ones(shape))
    np.testing.assert_array_equal(j, np.ones(out + shape))


def test_a_hessian_evaluates_the_function_once() -> None:
    f = Counting(lambda x: np.sum(np.sin(x) * x))
    h = ag.hessian(f)(X)
    assert f.calls == 1
    np.testing.assert_allclose(h, np.diag(2 * np.cos(X) - X * np.sin(X)))


def test_a_jacobian_evaluates_the_function_once() -> None:
    for f in (Counting(lambda x: np.sum(x) * np.ones(9)), Counting(lambda x: x * np.sum(x))):
        ag.jacobian(f)(X)
        assert f.calls == 1


def test_hessian_over_several_arguments() -> None:
    h = ag.hessian(lambda x, y: np.sum(x * x) * y, (0, 1))(X, 2.0)
    np.testing.assert_allclose(h[0][0], 4 * np.eye(3))
    np.testing.assert_allclose(h[0][1], 2 * X)
    np.testing.assert_allclose(h[1][0], 2 * X)
    np.testing.assert_allclose(h[1][1], 0)


def test_linear_functions_have_no_curvature_and_no_warning() -> None:
    np.testing.assert_array_equal(ag.hessian(np.sum)(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(ag.hvp(np.sum)(X, X), np.zeros(3))
    np.testing.assert_array_equal(ag.jvp(lambda x: np.ones(2), (X,), (X,))[1], np.zeros(2))


def test_scipy_calls_the_transforms_directly() -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    for options in (
        {"method": "BFGS"},
        {"method": "Newton-CG", "hessp": ag.hvp(rosenbrock)},
        {"method": "trust-exact", "hess": ag.hessian(rosenbrock)},
    ):
        found = optimize.minimize(rosenbrock, np.zeros(4), jac=ag.grad(rosenbrock), **options)
        np.testing.assert_allclose(found.x, np.ones(4), atol=1e-3)


# --- what is refused ---------------------------------------------------------------------------


def test_a_result_that_is_not_a_scalar() -> None:
    with pytest.raises(RuntimeError, match=r"grad: the result has shape \(3,\).*jacobian"):
        ag.grad(np.sin)(X)
    with pytest.raises(TypeError, match="container of 2 results"):
        ag.grad(lambda x: (x, x))(1.0)
    with pytest.raises(TypeError, match="returned str"):
        ag.grad(lambda x: "nonsense")(1.0)
    with pytest.raises(TypeError, match="returned nothing"):
        ag.grad(lambda x: None)(1.0)


@pytest.mark.parametrize("transform", [ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian, ag.hvp])
def test_what_is_not_a_function(transform: Any) -> None:
    t = ag.Tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match=r"expected a function, got Tensor.*backward\(\)"):
        transform((t * t).sum())


def test_argnums_that_do_not_fit() -> None:
    with pytest.raises(IndexError, match=r"argument 2.*called with 1"):
        ag.grad(np.sin, 2)(1.0)
    with pytest.raises(TypeError, match=r"argnums='y'.*position"):
        ag.grad(np.multiply, "y")(1.0, 2.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        ag.grad(np.multiply, (0, -2))(1.0, 2.0)


def test_an_argument_inside_a_container_is_named() -> None:
    with pytest.raises(TypeError, match=r"argument 0\['w'\]\[1\] is int.*decimal point"):
        ag.grad(lambda p: p["w"][0])({"w": [1.0, 2]})


@pytest.mark.parametrize(
    ("cotangent", "words"),
    [
        (np.ones(2), r"\(2,\).*\(3,\)"),
        (np.ones(3, np.float32), "float32.*float64"),
        ((X, X), "2 leaves"),
    ],
)
def test_a_cotangent_that_does_not_fit(cotangent: Any, words: str) -> None:
    _, back = ag.vjp(np.sin, X)
    with pytest.raises(ValueError, match=words):
        back(cotangent)


def test_tangents_that_do_not_fit() -> None:
    with pytest.raises(TypeError, match=r"jvp\(f, \(x,\), \(v,\)\)"):
        ag.jvp(np.sin, X, X)
    with pytest.raises(ValueError, match="2 tangents for 1"):
        ag.jvp(np.sin, (X,), (X, X))
    with pytest.raises(ValueError, match=r"jvp: a tangent of shape \(2,\).*\(3,\)"):
        ag.jvp(np.sin, (X,), (np.ones(2),))
    with pytest.raises(ValueError, match=r"hvp: a tangent of shape \(2,\).*\(3,\)"):
        ag.hvp(lambda x: np.sum(x**3))(X, np.ones(2))


def test_an_untracked_input_of_gradients() -> None:
    t = ag.Tensor(X, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"input 0.*\(3,\).*not tracked"):
        ag.gradients((t * t).sum(), ag.Tensor(X))
    with pytest.raises(RuntimeError, match=r"output 0.*not tracked"):
        ag.gradients(ag.Tensor(1.0), t)
    with pytest.raises(ValueError, match="2 grad_outputs for 1"):
        ag.gradients(t * t, t, [X, X])


def test_gradients_of_several_outputs() -> None:
    t = ag.Tensor(X, requires_grad=True)
    h = t * 2
    (g,) = ag.gradients([h, t * t, h], t, [X, np.ones(3), X])
    np.testing.assert_allclose(g.data, 4 * X + 2 * X)


def test_an_exception_leaves_the_mode() -> None:
    def f(x: Any) -> Any:
        raise ZeroDivisionError

    with ag.no_grad():
        with pytest.raises(ZeroDivisionError):
            ag.grad(f)(1.0)
        assert not ag.is_grad_enabled()


# --- cost of nesting ---------------------------------------------------------------------------


def test_an_inner_gradient_does_not_walk_the_outer_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop of n inner gradients inside an outer one costs O(n), not O(n²)."""
    import sys

    walked: list[int] = []
    recording = sys.modules["autograd.recording"]
    nodes_since = recording._nodes_since

    def counted(*args: Any) -> tuple[list[ArrayNode], list[ArrayNode]]:
        recorded, older = nodes_since(*args)
        walked.append(len(recorded) + len(older))
        return recorded, older

    def uncalled(*args: Any) -> None:
        raise AssertionError("a pass looks for its nodes again")

    monkeypatch.setattr(recording, "_nodes_since", counted)
    monkeypatch.setattr(recording, "in_order", uncalled)
    monkeypatch.setattr(sys.modules["autograd.backward"], "in_order", uncalled)

    def f(x: Any) -> Any:
        for _ in range(50):
            x = x * ag.grad(lambda y, x=x: x * np.sin(y))(0.5)
            x = np.sin(x * np.sum(ag.jacobian(lambda y, x=x: x * y)(np.ones(2))))
        return x

    ag.grad(f)(0.9)
    assert max(walked[:-1]) < 10
    assert len(walked) == 101


# --- checkpoint --------------------------------------------------------------------------------


def block(w: ag.Tensor) -> Any:
    return lambda x: np.tanh(np.tanh(x @ w) @ w)


@pytest.fixture
def w(rng: np.random.Generator) -> ag.Tensor:
    return ag.Tensor(rng.normal(size=(3, 3)), requires_grad=True)


def test_checkpoint_gives_the_same_gradients(w: ag.Tensor) -> None:
    results = []
    for wrap in (lambda f: f, ag.checkpoint):
        w.grad = None
        x = ag.Tensor(np.eye(3), requires_grad=True)
        scaled = w * 2.0  # closed over, and itself computed from what is closed over
        f = wrap(
            lambda x, *, by, scaled=scaled: {"a": np.tanh(x @ w) @ scaled * by["k"], "b": [x * 2]}
        )
        out = f(x, by={"k": w.sum()})
        (out["a"].sum() + (out["b"][0] ** 2).sum()).backward()
        results.append((out["a"].data, x.grad.data, w.grad.data))
    for plain, kept in zip(*results, strict=True):
        np.testing.assert_allclose(kept, plain, rtol=1e-12)


def test_checkpoint_evaluates_once_more(w: ag.Tensor) -> None:
    f = Counting(block(w))
    y = ag.checkpoint(f)(ag.Tensor(np.eye(3), requires_grad=True)).sum()
    assert f.calls == 1
    y.backward()
    assert f.calls == 2


def test_checkpoint_keeps_nothing_in_between(w: ag.Tensor) -> None:
    def kept(wrap: Any) -> int:
        x = ag.Tensor(np.ones((400, 3)), requires_grad=True)
        y = x
        for _ in range(5):
            y = wrap(block(w))(y)
        from autograd.graph import topological_order

        nodes = topological_order([y.node])
        arrays = {id(a): a for n in nodes for a in n.args or () if isinstance(a, np.ndarray)}
        return sum(a.nbytes for a in arrays.values())

    assert kept(ag.checkpoint) < 0.6 * kept(lambda f: f)


def test_checkpoint_draws_the_same_random_numbers(w: ag.Tensor) -> None:
    def noisy(x: Any) -> Any:
        noise = ag.default_generator().normal(size=3) + random.random()
        return x * noise + x * np.random.random(3)  # noqa: NPY002

    x = ag.Tensor(X, requires_grad=True)
    ag.manual_seed(1)
    y = ag.checkpoint(noisy)(x)
    following = ag.default_generator().normal()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data * X, y.data)
    ag.manual_seed(1)
    ag.default_generator().normal(size=3)
    assert ag.default_generator().normal() == following  # the second evaluation left no trace


def test_checkpoint_restores_the_modes(w: ag.Tensor) -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(ag.is_grad_enabled())
        return np.tanh(x)

    x = ag.Tensor(X, requires_grad=True)
    with ag.scope("outer"):
        y = ag.checkpoint(f)(x).sum()
    with ag.no_grad():
        y.backward()
        assert not ag.is_grad_enabled()
        assert not ag.checkpoint(f)(x).requires_grad
    assert seen == [True, True, False]


def test_checkpoint_of_something_that_changes(w: ag.Tensor) -> None:
    sizes = iter([3, 2])
    x = ag.Tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda x: x[: next(sizes)] * 1.0)(x).sum()
    with pytest.raises(RuntimeError, match="checkpoint: computed again"):
        y.backward()
    assert x.grad is None


def test_checkpoint_notices_an_argument_that_was_changed(w: ag.Tensor) -> None:
    x = ag.Tensor(X, requires_grad=True)
    y = ag.checkpoint(np.tanh)(x).sum()
    with ag.no_grad():
        x[0] = 5.0
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_checkpoint_notices_a_parameter_that_was_changed(w: ag.Tensor) -> None:
    y = ag.checkpoint(block(w))(np.eye(3)).sum()
    with ag.no_grad():
        w[0] = 5.0
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_checkpoint_without_anything_tracked() -> None:
    assert type(ag.checkpoint(np.tanh)(X)) is np.ndarray
    assert not ag.checkpoint(np.tanh)(ag.Tensor(X)).requires_grad
    assert ag.checkpoint(lambda: None)() is None


def test_checkpoint_twice_backward_and_freed(w: ag.Tensor) -> None:
    x = ag.Tensor(X, requires_grad=True)
    y = ag.checkpoint(np.sin)(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.cos(X))
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()
