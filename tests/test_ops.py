"""What the case table can't say of the primitives: memory, dtypes inside rules, no entries at all."""

import functools
import itertools
import math
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn.functional as F
from autograd import backward
from autograd.graph import topological_order
from autograd.node import Spec
from autograd.ops.transcendental import relu
from autograd.primitive import Primitive, Unary, unary
from tests.cases import (
    arithmetic,
    joining,
    numerics,
    ordering,
    reductions,
    repeating,
    samples,
    shape,
    transcendental,
)
from tests.cases.case import Case, Shapes

# --- what a node keeps ------------------------------------------------------------------------

LARGE = {
    "unary": lambda t: np.exp(t),
    "binary": lambda t: t * (t + 1.0),
    "a small result of large arguments": lambda t: (t * 2.0) @ (t + 1.0),
    "another dimension": lambda t: np.sum(t * t, axis=0),
    "three arguments": lambda t: np.where(t.data > 0, t * 2.0, t * 3.0),
    "any number": lambda t: np.concatenate([t * 2.0, t * t, t + 1.0]),
    "several results": lambda t: np.linalg.qr((t * 2.0).reshape(20, 10))[1],
}


@pytest.mark.parametrize("name", LARGE)
def test_backward_lets_go_of_every_large_array(name: str) -> None:
    x = ag.Tensor(np.linspace(-1.0, 1.0, 200) ** 3, requires_grad=True)
    y = LARGE[name](x)
    nodes = [node for node in topological_order([y.node]) if node.parents]
    assert any(large(array) for node in nodes for array in node.saved)
    y.backward(np.ones(y.shape))
    saved = [a for node in nodes for a in node.saved if a is not x.data]
    kept = [a for s in saved for a in (s if isinstance(s, tuple) else (s,))]
    assert not [array.shape for array in kept if large(array)]


def test_what_no_rule_reads_is_freed_at_once() -> None:
    x = ag.Tensor(np.ones(200), requires_grad=True)
    shifted = x * 2.0 + 1.0  # neither rule reads a large array
    at = weakref.ref(shifted.data)
    y = shifted + 3.0
    del shifted
    assert at() is None
    assert y.node.args[0].shape == (200,)


@pytest.mark.parametrize("step", [np.tanh, lambda t: t * t, lambda t: 2.0 / t, np.cumprod])
def test_a_saved_array_is_gone_before_the_next_rule_runs(step: Callable[[Any], Any]) -> None:
    alive: list[bool] = []

    @ag.primitive
    def copied(x: Any) -> Any:
        return x.copy()

    def rule(g: Any, out: Any, x: Any) -> Any:
        alive.append(saved() is not None)
        return g

    copied.defvjp(rule, saves=())
    x = ag.Tensor(np.linspace(1.0, 2.0, 200), requires_grad=True)
    y = step(copied(x))
    kept = [a for a in y.node.saved if isinstance(a, np.ndarray)]
    saved = weakref.ref(kept[-1])
    del kept
    loss = y.sum()
    del y
    assert saved() is not None
    loss.backward()
    assert alive == [False]


def test_a_freed_node_still_tells_what_it_was_called_with() -> None:
    a, weight, b = np.ones((20, 10)), np.full((10, 10), 2.0), np.arange(10.0)
    w = ag.Tensor(weight, requires_grad=True)
    y = F.linear(a, w * 1.0, b)
    y.backward(np.ones(y.shape))
    assert [arg.shape for arg in y.node.args] == [(20, 10), (10, 10), (10,)]
    assert y.node.out.shape == (20, 10)
    assert [arg.__class__ for arg in y.node.args] == [Spec, Spec, np.ndarray]


def test_a_freed_node_shows_the_array_that_a_leaf_had() -> None:
    v, w = (ag.Tensor(np.full((2, 2), c), requires_grad=True) for c in (1.0, 10.0))
    product = v @ w
    product.sum().backward()
    w.data = np.full((2, 2), -99.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        backward.shares(product.node, np.ones((2, 2)))
    assert product.node.args[1].max() == 10.0


def large(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.size > 64


# --- rules with a common beginning -------------------------------------------------------------


def _tanh_of_product(calls: list[Any]) -> Any:
    @ag.primitive
    def tanh_of_product(x: Any, y: Any, z: Any = 1.0) -> Any:
        return np.tanh(x * y * z)

    def common(g: Any, out: Any, x: Any, y: Any, z: Any = 1.0) -> Any:
        calls.append(type(out))
        return g * (1 - out * out)

    return tanh_of_product.defvjp(
        lambda g, out, x, y, z=1.0: g * y * z,
        lambda g, out, x, y, z=1.0: g * x * z,
        lambda g, out, x, y, z: g * x * y,
        common=common,
        saves=(("out", "y", "z"), ("out", "x", "z"), ("out", "x", "y")),
    )


@pytest.mark.parametrize("tracked", [(0,), (1,), (0, 1), (0, 1, 2)])
def test_a_common_beginning_is_computed_once(tracked: tuple[int, ...]) -> None:
    calls: list[Any] = []
    f = _tanh_of_product(calls)
    arrays = [np.linspace(-1.0, 1.0, 5), np.linspace(0.3, 0.9, 5), np.linspace(2.0, 1.0, 5)]
    arrays = arrays[: 3 if 2 in tracked else 2]

    def gradients(function: Any) -> list[Any]:
        xs = [ag.Tensor(a, requires_grad=i in tracked) for i, a in enumerate(arrays)]
        function(*xs).sum().backward()
        return [xs[i].grad.data for i in tracked]

    for ours, expected in zip(
        gradients(f), gradients(lambda *xs: np.tanh(math.prod(xs))), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-14)
    assert calls == [np.ndarray]
    ag.gradcheck(f, *arrays, order=2)


def test_a_common_beginning_holds_wherever_rules_are_called() -> None:
    f = _tanh_of_product([])
    x, y = np.linspace(-1.0, 1.0, 4), np.linspace(0.3, 0.9, 4)
    np.testing.assert_allclose(ag.jacobian(f)(x, y), np.diag(y / np.cosh(x * y) ** 2), rtol=1e-12)
    expected = -2 * np.tanh(x * y) * (y / np.cosh(x * y)) ** 2
    hessian = ag.hessian(lambda x: np.sum(f(x, y)))(x)
    np.testing.assert_allclose(hessian, np.diag(expected), atol=1e-14)
    t = ag.Tensor(x[:1], requires_grad=True)
    out = f(t, y[:1])
    (share, _) = backward.shares(out.node, np.ones(1))
    np.testing.assert_allclose(share, y[:1] / np.cosh(x[:1] * y[:1]) ** 2)


# --- what is not taken at its word -------------------------------------------------------------

_WRONG: list[tuple[Callable[[Any, Any], Any], float]] = [
    (lambda g, x: g * np.float64(2) * np.ones(x.shape), 2.0),
    (lambda g, x: g * np.full((4, 1), 0.5), 2.0),
    (lambda g, x: g * (2 + 1j), 2.0),
    (lambda g, x: g.sum(), 100.0),
    (lambda g, x: 2.0, 2.0),
]


@pytest.mark.parametrize(("rule", "expected"), _WRONG)
@pytest.mark.parametrize("before", [lambda t: t, lambda t: t * 1.0])
def test_a_rule_from_elsewhere_is_made_to_fit(
    rule: Callable[[Any, Any], Any], expected: float, before: Callable[[Any], Any]
) -> None:
    mine = unary(lambda x: x * 2, lambda g, out, x: rule(g, x), name="mine")
    x = ag.Tensor(np.ones(100, np.float32), requires_grad=True)
    mine(before(x)).backward(np.ones(100, np.float32))
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad.data, np.full(100, expected))
    wrong = unary(lambda x: x * 2, lambda g, out, x: [1, 2], name="mine")
    with pytest.raises(RuntimeError, match="mine: the derivative rule for argument 0"):
        wrong(before(x)).backward(np.ones(100, np.float32))


@pytest.mark.parametrize("step", [np.exp, lambda t: t * 2.0, lambda t: t @ np.eye(3)])
def test_a_leaf_with_another_array_gets_a_gradient_that_fits_or_none(step: Any) -> None:
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    y = step(x).sum()
    x.data = np.ones(4)
    with pytest.raises(RuntimeError):
        ag.gradients(y, [x], retain_graph=True)
    with pytest.raises(RuntimeError):
        y.backward()
    assert x.grad is None
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    y = (x * 2.0).sum()
    x.data = np.ones(3)
    y.backward()
    assert x.grad.dtype == x.dtype == np.float64


def test_rules_given_anew_have_no_common_beginning() -> None:
    product = ag.primitive(lambda x, y, z: x * y * z, name="product")
    product.defvjp(*[lambda g, out, x, y, z: g] * 3, common=lambda g, *saved: 2 * g)
    product.defvjp_each(lambda i, g, out, *args: g * out / args[i])
    x, y, z = (ag.Tensor(np.full(3, 2.0), requires_grad=True) for _ in range(3))
    product(x, y, z).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0, 4.0]


# --- views -------------------------------------------------------------------------------------

VIEWS: list[Callable[[Any], Any]] = [
    lambda x: np.reshape(x, (3, 4)),
    lambda x: np.ravel(x),
    lambda x: np.expand_dims(x, 1),
    lambda x: np.squeeze(np.expand_dims(x, (0, 2))),
    lambda x: np.atleast_3d(x),
    lambda x: np.transpose(x),
    lambda x: np.swapaxes(x, 0, 1),
    lambda x: np.moveaxis(x, 0, -1),
    lambda x: np.rollaxis(x, 1),
    lambda x: x.T,
    lambda x: x.mT,
    lambda x: np.broadcast_to(x, (5, 2, 6)),
    lambda x: np.broadcast_arrays(x, np.ones((3, 1, 1)))[0],
    lambda x: np.flip(x),
    lambda x: np.rot90(x),
    lambda x: np.diagonal(x),
    lambda x: np.split(x, 2, axis=1)[1],
    lambda x: np.array_split(x, 2)[0],
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_stays_a_view(view: Callable[[Any], Any]) -> None:
    x = ag.Tensor(np.arange(12.0).reshape(2, 6), requires_grad=True)
    assert np.shares_memory(view(x).data, x.data)


def _sent(y: ag.Tensor, g: np.ndarray) -> np.ndarray:
    """What the first rule of the operation that made ``y`` returns for ``g``."""
    node = y.node
    assert node is not None
    return node.primitive.rules[0](g, node.out, *node.args, **(node.static or {}))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: np.reshape(x, (3, 4)),
        lambda x: np.transpose(x),
        lambda x: np.flip(x),
        lambda x: np.rot90(x),
        lambda x: np.expand_dims(x, 0),
        lambda x: np.concatenate([x, x]),
        lambda x: np.stack([x, x]),
        lambda x: np.pad(x, 1),
    ],
)
def test_its_gradient_is_a_view_as_well(view: Callable[[Any], Any]) -> None:
    y = view(ag.Tensor(np.arange(12.0).reshape(2, 6), requires_grad=True))
    g = np.ones_like(y.data)
    assert np.shares_memory(_sent(y, g), g)


def test_the_gradient_of_a_sum_takes_no_memory() -> None:
    x = ag.Tensor(np.ones((1000, 1000)), requires_grad=True)
    y = np.sum(x, axis=0)
    g = _sent(y, np.ones(1000))
    assert g.strides == (0, 8)


# --- dtypes ------------------------------------------------------------------------------------

_MODULES = [arithmetic, transcendental, reductions, ordering, shape, repeating, joining, numerics]
_SINGLE: list[Case] = [case for module in _MODULES for case in module.CASES]


def _in_single_precision(case: Case, shapes: Shapes) -> tuple[Any, ...]:
    return tuple(
        a.astype(np.float32) if a.dtype == np.float64 else a for a in samples.draw(case, shapes)
    )


@pytest.mark.parametrize("case", _SINGLE, ids=lambda case: case.name)
def test_a_rule_stays_in_single_precision(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine would cast its result, but the work would have been done in double precision."""
    fitted = backward.fitted

    def checked(share: Any, node: Any, i: int, parent: Any, g: Any) -> Any:
        single = getattr(g, "dtype", None) == np.float32 and parent.out.dtype == np.float32
        if single and getattr(share, "dtype", None) is not None:
            assert share.dtype == np.float32, f"rule {i} of {node.primitive.name}"
        return fitted(share, node, i, parent, g)

    monkeypatch.setattr(backward, "fitted", checked)
    for shapes in case.shapes:
        arrays = _in_single_precision(case, shapes)
        argnums = samples.differentiated(case, shapes)
        xs = [ag.Tensor(a, requires_grad=i in argnums) for i, a in enumerate(arrays)]
        with np.errstate(all="ignore"):
            ys = case.f(*xs)
            ys = [y for y in (ys if isinstance(ys, (tuple, list)) else [ys]) if y.requires_grad]
            ag.gradients(
                ys, [xs[i] for i in argnums], [np.ones_like(y.data) for y in ys], allow_unused=True
            )


_ELEMENTWISE = sorted(
    {
        p
        for name, module in sys.modules.items()
        if name.startswith(("autograd.ops", "nn.functional"))
        for p in vars(module).values()
        if isinstance(p, Primitive) and p.trusted and p.name != "cross"  # takes no number
    },
    key=lambda p: p.name,
)
_DTYPES = (np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128)


@pytest.mark.parametrize("dtype", _DTYPES)
@pytest.mark.parametrize("p", _ELEMENTWISE, ids=lambda p: p.name)
def test_an_elementwise_rule_returns_the_shape_and_dtype_of_its_argument(
    p: Primitive, dtype: Any
) -> None:
    """The sweep relies on it, where there is one argument or the other is a number."""
    for size, y in itertools.product((0, 1, 5, 100), (0.5, -2.0, 0.0, 2, 0)):
        x = np.linspace(0.2, 0.8, size).astype(dtype)
        args = (x,) if isinstance(p, Unary) else (x, y)
        with np.errstate(all="ignore"):
            try:
                out = p(ag.Tensor(x, requires_grad=True), *args[1:]).data
                rule = p.rules[0]
                share = rule(np.ones_like(out), out, *args) if rule is not None else None
            except TypeError:  # complex numbers, or a number that is not whole, are refused
                assert x.dtype.kind == "c" or isinstance(y, float)
                continue
        if share is not None:
            assert (share.shape, share.dtype) == (x.shape, x.dtype), (y, share)


def test_numbers_leave_single_precision_alone() -> None:
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    y = np.sum(
        2.0**x / 3 + np.where(x > 0, x, 0.5) - np.clip(x, 0.0, None) ** 0.5, dtype=np.float32
    )
    assert y.dtype == np.float32
    y.backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32


def test_a_gradient_comes_back_through_astype_in_its_own_dtype() -> None:
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    np.sum(x.astype(np.float64) * 1.5).backward()
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad.data, np.float32(1.5))


# --- no entries --------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [np.mean, np.var, np.std, np.median, np.nanmean])
def test_the_mean_of_no_entries_is_nan(of: Callable[[Any], Any]) -> None:
    x = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    with pytest.warns(RuntimeWarning):
        y = of(x)
    assert np.isnan(y.item())
    y.backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_sums_and_products_of_no_entries() -> None:
    x = ag.Tensor(np.zeros((2, 0)), requires_grad=True)
    assert np.sum(x).item() == 0
    assert np.prod(x).item() == 1
    assert ag.Tensor(np.zeros(0)).sum().item() == 0
    np.testing.assert_array_equal(np.prod(x, axis=1).data, [1.0, 1.0])
    (np.sum(x) + np.prod(x) + np.sum(np.cumprod(x))).backward()
    assert x.grad is not None
    assert x.grad.shape == (2, 0)


# --- large arrays take another way -------------------------------------------------------------

CHOOSING: list[Callable[[Any], Any]] = [
    relu,
    lambda x: np.maximum(x, 0.0),
    lambda x: np.minimum(0.5, x),
    lambda x: np.clip(x, -0.5, 0.5),
    lambda x: np.where(x > 0, x * x, -x),
    lambda x: np.max(np.reshape(x, (-1, 2)), axis=1),
]


def _gradient(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    leaf = ag.Tensor(x, requires_grad=True)
    y = np.sqrt(f(leaf))  # infinite, or nan, where f is 0, or negative
    with np.errstate(invalid="ignore"):
        y.backward(np.ones_like(y.data))
    assert leaf.grad is not None
    return np.asarray(leaf.grad.data)


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")
@pytest.mark.parametrize("f", CHOOSING)
def test_a_large_array_has_the_gradient_of_its_parts(f: Callable[[Any], Any]) -> None:
    x = np.round(np.random.default_rng(3).normal(size=4000), 1)  # with ties and zeros
    parts = [_gradient(f, part) for part in np.split(x, 40)]
    np.testing.assert_array_equal(_gradient(f, x), np.concatenate(parts))


@pytest.mark.parametrize("n", [3, 3000])
def test_what_was_not_chosen_gets_nothing_even_of_infinity(n: int) -> None:
    np.testing.assert_array_equal(_gradient(relu, np.full(n, -1.0)), 0.0)


# --- ties ---------------------------------------------------------------------------------------


def test_sorting_keeps_ties_in_their_order() -> None:
    x = ag.Tensor(np.tile([1.0, 0.0], 50), requires_grad=True)
    expected = np.argsort(x.data, kind="stable")
    np.testing.assert_array_equal(np.argsort(x).data, expected)
    np.testing.assert_array_equal(x.argsort().data, expected)
    np.sum(np.sort(x, kind="quicksort") * np.arange(100.0)).backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data[expected], np.arange(100.0))


# --- orders beyond the table -------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.prod, lambda x: np.cumprod(x)[-1]], ids=["prod", "cumprod"])
def test_a_product_of_zeros_is_exact_at_order_three(f: Callable[[Any], Any]) -> None:
    first = lambda x: ag.grad(f)(x)[0]
    second = lambda x: ag.grad(first)(x)[1]
    np.testing.assert_array_equal(ag.grad(second)(np.zeros(3)), [0.0, 0.0, 1.0])


def test_sinc_at_zero_is_exact_at_order_four() -> None:
    derivative: Callable[[Any], Any] = np.sinc
    for _ in range(4):
        derivative = ag.grad(derivative)
    np.testing.assert_allclose(derivative(0.0), np.pi**4 / 5, rtol=1e-14)


# --- the names of a primitive's arguments ------------------------------------------------------


def twin(*arrays: Any, axis: int = 0) -> Any:
    return arrays[0]


@functools.wraps(twin)
def around(*args: Any, **kwargs: Any) -> Any:
    return twin(*args, **kwargs)


class Scaled:
    """Something else that can be called, and has a method."""

    def __call__(self, x: Any, *, by: float = 2.0) -> Any:
        return x * by

    def plus(self, x: Any, y: Any) -> Any:
        return x + y


@pytest.mark.parametrize(
    ("forward", "names"),
    [
        (lambda x, y=1.0: x, "x y"),
        (lambda x, /, y, *, axis=0: x, "x y"),
        (lambda x, *rest, axis=0, **more: x, "x rest"),
        (lambda *, axis=0, **more: axis, ""),
        (twin, "arrays"),
        (around, "arrays"),
        (functools.partial(twin, axis=1), "arrays"),
        (Scaled(), "x"),
        (Scaled().plus, "x y"),
        (math.copysign, "x y"),
    ],
)
def test_the_arguments_of_a_primitive_are_the_positional_ones(forward: Any, names: str) -> None:
    assert list(ag.primitive(forward).names) == names.split()
