"""What a second reading of the engine found: each test failed before its mend."""

import asyncio
import copy
import pickle
import tracemalloc
import weakref
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.backward import Indexed

Array = np.ndarray[Any, Any]


def leaf(data: Any, dtype: Any = float) -> ag.Tensor:
    return ag.Tensor(np.asarray(data, dtype), requires_grad=True)


def numbers(t: ag.Tensor | None) -> Array:
    assert t is not None
    return np.asarray(t.data)


def grad_of(t: ag.Tensor) -> ag.Tensor:
    assert t.grad is not None
    return t.grad


# --- sums of gradients ------------------------------------------------------------------------


def test_arrays_and_tensors_meet_in_one_sum() -> None:
    """Under create_graph the seed is an array, and what passes a product a tensor."""
    x = leaf([1.0, 2.0, 3.0])
    (x * x + (x + x)).backward(np.ones(3), create_graph=True)
    np.testing.assert_allclose(grad_of(x).data, [4.0, 6.0, 8.0])
    (second,) = ag.gradients(grad_of(x), x, np.ones(3))
    np.testing.assert_allclose(numbers(second), [2.0, 2.0, 2.0])


def test_a_whole_use_among_many_entries_is_summed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """n uses of x[i] and one of x make at most one array beside the sum, not n."""
    made = []
    dense = Indexed.dense

    def counted(self: Indexed) -> Any:
        made.append(1)
        return dense(self)

    monkeypatch.setattr(Indexed, "dense", counted)
    x = leaf(np.ones(50))
    total = ag.Tensor(0.0)
    for i in range(50):
        total = total + x[i]
    (total + (x * x).sum()).backward()
    np.testing.assert_array_equal(grad_of(x).data, np.full(50, 3.0))
    assert len(made) <= 1


def test_recorded_entries_are_appended_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """n uses of x[i] under create_graph copy n entries, not n²."""
    copied = []
    add = Indexed.__add__

    def counted(self: Indexed, other: Any) -> Any:
        copied.append(len(other.entries))
        return add(self, other)

    monkeypatch.setattr(Indexed, "__add__", counted)
    x = leaf(np.ones(50))
    total = ag.Tensor(0.0)
    for i in range(50):
        total = total + x[i] * x[i]
    (g,) = ag.gradients(total, x, create_graph=True)
    np.testing.assert_array_equal(numbers(g), np.full(50, 2.0))
    assert sum(copied) == 99


# --- inputs in the middle of a graph ----------------------------------------------------------


@pytest.mark.parametrize("size", [3, 100])
def test_the_graph_beyond_an_input_is_left_alone(size: int) -> None:
    """gradients() up to a boundary, then on from there with what came out."""
    x = leaf(np.linspace(-1, 1, size))
    h: Any = np.tanh(x)
    (g,) = ag.gradients((h * h).sum(), h)
    h.backward(g)
    np.testing.assert_allclose(grad_of(x).data, 2 * h.data * (1 - h.data**2))


def test_an_output_that_is_the_input_frees_nothing() -> None:
    x = leaf(2.0)
    y = x * x
    assert numbers(ag.gradients(y, y)[0]) == 1
    y.backward()
    assert grad_of(x).item() == 4


def test_hooks_of_an_inner_input_are_called() -> None:
    x = leaf([1.0, 2.0])
    h = x * 3.0
    h.register_hook(lambda g: g * 10.0)
    (at_h, at_x) = ag.gradients(h.sum(), [h, x], retain_graph=True)
    (alone,) = ag.gradients(h.sum(), h)
    assert numbers(at_h).tolist() == numbers(alone).tolist() == [10.0, 10.0]
    assert numbers(at_x).tolist() == [30.0, 30.0]


# --- hooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["register_hook", "retain_grad"])
def test_a_freed_graph_stays_freed_whatever_is_asked_of_its_nodes(method: str) -> None:
    x = leaf([2.0])
    h = x * 3.0
    y = h * h
    y.backward()
    h.register_hook(lambda g: g) if method == "register_hook" else h.retain_grad()
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        y.backward()


def test_a_hook_outlives_the_graph_behind_its_tensor() -> None:
    h = leaf([1.0, 2.0]) * 3.0
    h.register_hook(lambda g: g * 10.0)
    first, second = h.sum(), (h * 5.0).sum()
    first.backward()
    (found,) = ag.gradients(second, h)
    assert numbers(found).tolist() == [50.0, 50.0]


def test_what_a_hook_changes_in_place_is_noticed() -> None:
    x, w = leaf([2.0]), leaf([100.0])
    y = x * w
    z = y * 1.0

    def step(g: Any) -> None:
        with ag.no_grad():
            w[...] = 7.0

    z.register_hook(step)
    with pytest.raises(RuntimeError, match=r"multiply: argument 1 .* was changed in place"):
        z.sum().backward()
    assert x.grad is None


def test_a_refused_backward_frees_nothing() -> None:
    shared = np.exp(leaf([1.0]))
    shared.sum().backward()
    u = leaf([3.0])
    d = (u * u * shared).sum()
    with pytest.raises(RuntimeError, match="backward through exp: the graph has been freed"):
        d.backward()
    (found,) = ag.gradients(d, u)
    assert numbers(found) == pytest.approx(6 * np.e)


def test_freed_is_said_before_changed_in_place() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    with ag.no_grad():
        x[...] = 0.0
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        y.backward()


def test_an_unused_output_is_not_kept_by_the_others() -> None:
    u, s, _ = np.linalg.svd(leaf(np.arange(800.0).reshape(40, 20) ** 2))
    at = weakref.ref(u.data)
    u.sum().backward()
    del u
    assert at() is None
    assert s.shape == (20,)


def test_a_node_can_be_copied() -> None:
    node = copy.deepcopy(leaf([1.0]).node)
    assert node.parents == node.args == ()


def test_an_input_that_is_asked_for_twice_gets_two_gradients() -> None:
    x = leaf([1.0, 2.0])
    first, second = ag.gradients((x * x).sum(), [x, x])
    assert first is not None
    first.data[...] = 0.0
    assert numbers(second).tolist() == [2.0, 4.0]


def test_too_few_rules_for_a_star_are_refused_in_words() -> None:
    @ag.primitive
    def f(*xs: Any) -> Any:
        return xs[0] + xs[1]

    f.defvjp(lambda g, out, *xs: g)
    with pytest.raises(
        TypeError, match=r"f: there are rules for 1 arguments, and 2 came.*defvjp_each"
    ):
        f(leaf([1.0]), leaf([2.0]))


def test_explaining_a_freed_checkpoint_is_refused_in_words() -> None:
    x = leaf(np.linspace(0.1, 1.0, 200))
    y = ag.checkpoint(lambda t: np.tanh(t) * t)(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="the graph has been freed"):
        ag.explain(y, x)


def test_each_rule_may_save_the_arguments_that_a_star_collects() -> None:
    @ag.primitive
    def f(x: Any, *rest: Any) -> Any:
        return x + sum(r * r for r in rest)

    f.defvjp_each(lambda i, g, out, x, *rest: g if i == 0 else g * 2 * rest[i - 1], saves=("rest",))
    leaves = [leaf(np.full(100, i)) for i in (1.0, 2.0, 3.0)]
    f(*[t * 1.0 for t in leaves]).sum().backward()
    assert [numbers(t.grad)[0] for t in leaves] == [1.0, 4.0, 6.0]


def test_second_derivatives_of_a_real_number_through_complex_ones() -> None:
    c = 1 + 2j
    hessian = ag.hessian(lambda x: np.sum(np.abs(x * c) ** 3))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(hessian, np.diag([6.0, 12.0]) * abs(c) ** 3)


def test_parts_of_a_complex_number() -> None:
    z = leaf([3.0 + 4.0j], complex)
    (np.real(z) * 2.0 + np.imag(z) * 5.0 + np.abs(z)).sum().backward()
    assert numbers(z.grad)[0] == pytest.approx(2.0 - 5.0j + (3.0 - 4.0j) / 5)


def test_a_hook_does_not_change_the_dtype() -> None:
    x = leaf([1.0, 2.0], np.float32)
    h = x * 2.0
    h.retain_grad()
    for t in (x, h):
        t.register_hook(lambda g: g * np.ones(2))  # float64
    h.sum().backward()
    assert grad_of(h).dtype == grad_of(x).dtype == np.float32
    assert grad_of(x).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("returns", [False, True])
def test_a_hook_that_writes_into_its_gradient_changes_no_other(
    create_graph: bool, returns: bool
) -> None:
    """The rules of ``+`` give both arguments one and the same array."""
    a, b, c = leaf([1.0, 2.0]), leaf([3.0, 4.0]), leaf([5.0, 6.0])

    def hook(g: ag.Tensor) -> ag.Tensor | None:
        g[0] = 0.0
        return g if returns else None

    a.register_hook(hook)
    ((a + b) * c).backward(np.ones(2), create_graph=create_graph)
    assert grad_of(a).tolist() == [0.0, 6.0]
    assert grad_of(b).tolist() == [5.0, 6.0]


# --- what grad holds --------------------------------------------------------------------------


def test_differentiable_gradients_never_share_memory() -> None:
    a, b, c = leaf([1.0, 2.0]), leaf([3.0, 4.0]), leaf([5.0, 6.0])
    seed = leaf([1.0, 1.0])
    ((a + b) * c).backward(seed, create_graph=True)
    (c + 0.0).backward(seed)
    tensors = [grad_of(a), grad_of(b), grad_of(c), seed]
    for i, t in enumerate(tensors):
        assert all(t is not u and not np.shares_memory(t.data, u.data) for u in tensors[:i])
    assert grad_of(a).requires_grad


def test_a_differentiable_gradient_stays_so_under_no_grad() -> None:
    x = leaf([2.0, 3.0])
    first, second = ((x**3).sum() for _ in range(2))
    with ag.no_grad():
        first.backward(create_graph=True)
        second.backward(create_graph=True)
    (g,) = ag.gradients(grad_of(x).sum(), x)
    assert numbers(g).tolist() == [24.0, 36.0]


@pytest.mark.parametrize("replacement", [np.ones((2, 3)), np.ones(3, np.float32)])
def test_a_grad_of_replaced_data_takes_nothing_more(replacement: Array) -> None:
    x, y = leaf(np.ones(3)), leaf(1.0)
    (x.sum() * y).backward()
    x.data = replacement
    with pytest.raises(RuntimeError, match=r"grad of \(3,\) and float64.*grad = None"):
        (x.sum() * y).backward()
    assert grad_of(x).tolist() == [1.0, 1.0, 1.0]
    assert grad_of(y).item() == 3.0


@pytest.mark.parametrize("plain", [True, False])
def test_a_step_never_writes_into_an_assigned_array(plain: bool) -> None:
    p, given = leaf(np.zeros(3)), np.ones(3)
    p.data = given if plain else ag.Tensor(given)
    (p * p).sum().backward()
    optim.SGD([p], lr=0.1).step()
    assert given.tolist() == [1.0, 1.0, 1.0]
    mine = p.data
    p.data += 1.0
    assert p.data is mine


# --- assignment -------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [..., ()])
def test_assignment_to_a_result_without_axes(index: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        y[index] = x**3
        return y * y

    for x in (2.0, np.float32(2.0)):
        assert ag.grad(f)(x) == 6 * 32
        assert ag.grad(ag.grad(f))(x) == 30 * 16


def test_a_tracked_value_in_an_untracked_view_is_refused() -> None:
    """``t[0][1] = v``: t would show v's number, and be untracked."""
    t, v = ag.Tensor(np.zeros((2, 3))), leaf(2.0)
    for part in (t[0], t[:1, 1:], next(iter(t))):
        with pytest.raises(RuntimeError, match="untracked view"):
            part[0] = v
    assert not t.data.any()
    rows = ag.Tensor(np.arange(6.0).reshape(2, 3))  # a view of an array that nobody holds
    for whole in (t, rows):
        whole[0, 1] = v
        (np.sum(whole) * 3.0).backward()
    assert grad_of(v).item() == 6.0


@pytest.mark.parametrize("kind", [np.asarray, ag.Tensor])
def test_an_index_may_be_changed_before_backward(kind: Any) -> None:
    x, index = leaf(np.arange(5.0)), kind(np.array([0, 1]))
    mask = kind(np.array([False, False, True, False, False]))
    rows = kind(np.array([3]))
    u = x * 1.0
    u[rows] = 0.0
    y: Any = np.sum(x[index]) + np.sum(x[mask]) + np.sum(np.take(x, index)) + u.sum()
    for changed in (index, mask, rows):
        changed[:] = 1
    y.backward()
    assert grad_of(x).tolist() == [3.0, 3.0, 2.0, 0.0, 1.0]


@pytest.mark.parametrize("kind", [np.asarray, ag.Tensor])
@pytest.mark.parametrize("loss", [nn.functional.cross_entropy, nn.functional.nll_loss])
def test_labels_may_be_changed_before_backward(loss: Any, kind: Any) -> None:
    scores, labels = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 3
    expected = ag.grad(loss)(scores, labels)
    x, buffer = leaf(scores), kind(labels.copy())
    result = loss(x, buffer)
    buffer[:] = 0
    result.backward()
    np.testing.assert_allclose(grad_of(x).data, expected)


def test_a_leaf_is_not_changed_through_one_of_several_results() -> None:
    @ag.primitive
    def halves(x: Any) -> Any:
        return x[:2], x[2:]

    halves.defvjp(lambda g, out, x: np.concatenate(g), saves=())
    x = leaf(np.arange(4.0))
    first, _ = halves(x)
    with pytest.raises(RuntimeError, match="leaf that requires a gradient"):
        first[0] = 50.0
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]
    second = halves(x * 1.0)[1]
    second[0] = 50.0
    second.sum().backward()
    assert grad_of(x).tolist() == [0.0, 0.0, 0.0, 1.0]


# --- detect_anomaly ---------------------------------------------------------------------------


def test_a_view_becomes_writable_again_with_its_buffer() -> None:
    t = leaf(np.ones(100)).clone()
    with ag.detect_anomaly():
        view = t.reshape(10, 10)
        y, z = view * view, t * t
    array = view.data
    del y, view
    assert not array.flags.writeable  # z needs the numbers
    del z
    assert array.flags.writeable
    assert t.data.flags.writeable


# --- dtypes and modes -------------------------------------------------------------------------


@pytest.mark.parametrize("call", [lambda x: np.quantile(x, 0.3), lambda x: np.percentile(x, 30)])
def test_single_precision_stays_in_quantiles(call: Any) -> None:
    x = leaf([1.0, 2.0, 4.0], np.float32)
    assert call(x).dtype == call(x.data).dtype == np.float32


def test_a_mode_around_an_async_generator_holds_in_its_body() -> None:
    seen: list[tuple[Any, bool]] = []

    @ag.no_grad()
    async def numbers() -> AsyncGenerator[int, int]:
        try:
            sent = yield 1
            seen.append((sent, ag.is_grad_enabled()))
            yield 2
        except KeyError:
            seen.append(("thrown", ag.is_grad_enabled()))
            yield 3
        finally:
            seen.append(("closed", ag.is_grad_enabled()))

    async def use() -> None:
        body = numbers()
        assert await anext(body) == 1
        assert ag.is_grad_enabled()
        assert await body.asend(7) == 2
        assert await body.athrow(KeyError()) == 3
        assert ag.is_grad_enabled()
        await body.aclose()
        assert [i async for i in numbers()] == [1, 2]

    asyncio.run(use())
    ends = [("closed", False), (None, False), ("closed", False)]
    assert seen == [(7, False), ("thrown", False), *ends]
    assert ag.is_grad_enabled()


# --- what was fast but not right --------------------------------------------------------------


def test_a_result_that_is_assigned_to_still_leads_back() -> None:
    """The pullback goes the way that the result has come by then, not the one it was recorded with."""
    x = leaf([1.0, 2.0])
    value, pullback = ag.vjp(lambda x: x * 3.0, x)
    value[0] = 5.0
    (gradient,) = pullback(np.ones(2))
    np.testing.assert_array_equal(numbers(gradient), [0.0, 3.0])


def test_a_function_may_assign_to_its_argument() -> None:
    """The gradient is that of the argument as it came, also where it is itself a result."""

    def f(x: Any) -> Any:
        x[0] = 7.0
        return np.sum(x * x)

    np.testing.assert_array_equal(numbers(ag.grad(f)(leaf([1.0, 2.0]) * 1.0)), [0.0, 4.0])
    value, pullback = ag.vjp(lambda x: x, leaf([1.0, 2.0]) * 1.0)
    value[0] = 5.0
    (gradient,) = pullback(np.ones(2))
    np.testing.assert_array_equal(numbers(gradient), [0.0, 1.0])


@pytest.mark.parametrize("f", [np.multiply, np.add, np.maximum, lambda x, y: np.where(x > 2, x, y)])
def test_a_named_tuple_is_an_operand_like_any_other(f: Any) -> None:
    class Pair(NamedTuple):
        x: float
        y: float

    x = leaf(np.ones((100, 2)))
    f(x, Pair(100.0, 2.0)).sum().backward()
    expected = leaf(np.ones((100, 2)))
    f(expected, np.array([100.0, 2.0])).sum().backward()
    np.testing.assert_array_equal(numbers(x.grad), numbers(expected.grad))


def test_a_gradient_is_not_kept_beside_what_a_hook_made_of_it() -> None:
    leaves = [leaf(np.ones(50_000)) for _ in range(10)]
    for w in leaves:
        w.register_hook(lambda g: None)
    loss = sum(np.sum(w * 2.0) for w in leaves)
    tracemalloc.start()
    try:
        loss.backward()
        peak = tracemalloc.get_traced_memory()[1] / leaves[0].data.nbytes
    finally:
        tracemalloc.stop()
    assert peak < 14


def test_methods_are_pickled_by_their_names() -> None:
    t = ag.Tensor([1.0, -2.0])
    for name in ("exp", "abs", "__add__", "__matmul__"):
        assert pickle.loads(pickle.dumps(getattr(ag.Tensor, name))) is getattr(ag.Tensor, name)
        assert pickle.loads(pickle.dumps(getattr(t, name))).__name__ == name


# --- arrays of other libraries ----------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.tanh(x @ x.T) ** 2),
        lambda x: np.sum(ag.softmax(x, -1) ** 2) + np.sum(ag.log_softmax(x, 0)[0]),
        lambda x: np.sum(ag.logsumexp(x, -1)),
        lambda x: np.sum(x.clone() * np.transpose(x.T)),
        lambda x: np.sum(ag.grad(lambda y: np.sum(np.sin(y) * x))(x) ** 2),
    ],
)
def test_rules_run_on_dask_arrays(f: Any) -> None:
    dask = pytest.importorskip("dask.array")
    x = np.random.default_rng(0).normal(size=(12, 10))
    lazy = dask.from_array(x, chunks=(5, 5))
    g = ag.grad(f)(lazy)
    assert isinstance(g, dask.Array)
    np.testing.assert_allclose(g.compute(), ag.grad(f)(x))


def test_jacobians_of_dask_arrays() -> None:
    dask = pytest.importorskip("dask.array")
    x = np.linspace(-1, 1, 6)
    jacobian = ag.jacobian(np.sin)(dask.from_array(x, chunks=4))
    np.testing.assert_allclose(np.asarray(jacobian), np.diag(np.cos(x)))
