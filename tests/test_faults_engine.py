"""FAULTS of the engine by number: each is refused with a type and words that name the way out."""

import copy
import pickle
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag


def leaf(data: Any, **kwargs: Any) -> ag.Tensor:
    return ag.Tensor(np.asarray(data, float), requires_grad=True, **kwargs)


@pytest.fixture
def x() -> ag.Tensor:
    return leaf([1.0, 2.0, 3.0])


# --- the graph ---------------------------------------------------------------------------------


def test_1_backward_twice(x: ag.Tensor) -> None:
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, [2, 4, 6])


@pytest.mark.parametrize("size", [3, 100])
def test_2_backward_twice_where_nothing_was_saved(size: int) -> None:
    x = leaf(np.ones(size))
    y = (x + 1).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, np.ones(size))


def test_3_backward_from_an_array(x: ag.Tensor) -> None:
    with pytest.raises(RuntimeError, match=r"\(3,\).*scalar"):
        (x * 2).backward()


def test_4_backward_from_an_untracked_tensor(x: ag.Tensor) -> None:
    for untracked in (ag.Tensor(1.0), x.detach().sum()):
        with pytest.raises(RuntimeError, match="requires_grad=True"):
            untracked.backward()


@pytest.mark.parametrize(
    "gradient", [np.ones(2), np.ones((3, 1)), np.ones(3, np.float32), np.ones(3, int)]
)
def test_5_a_gradient_that_does_not_fit(x: ag.Tensor, gradient: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"\({gradient.shape[0]}.*{gradient.dtype}.*\(3,\).*float64"
    ):
        (x * 2).backward(gradient)
    assert x.grad is None


def test_6_an_unused_input(x: ag.Tensor) -> None:
    z = leaf(1.0)
    with pytest.raises(RuntimeError, match=r"input 1.*allow_unused"):
        ag.gradients((x * x).sum(), [x, z])
    used, unused = ag.gradients((x * x).sum(), [x, z], allow_unused=True)
    assert unused is None
    np.testing.assert_array_equal(used.data, [2, 4, 6])


@pytest.mark.parametrize("transform", [ag.grad, ag.value_and_grad, ag.elementwise_grad])
@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: x.detach() * 2, lambda x: np.sum(x.data)])
def test_7_a_result_that_does_not_depend_on_the_argument(transform: Any, f: Any) -> None:
    with pytest.warns(UserWarning, match="does not depend on argument 0"):
        result = transform(f)(2.0)
    gradient = result[1] if transform is ag.value_and_grad else result
    np.testing.assert_array_equal(gradient, 0.0)


def test_7_only_the_argument_without_a_part_is_named() -> None:
    with pytest.warns(UserWarning, match="argument 1") as caught:
        gx, gy = ag.grad(lambda x, y: x * x, argnums=(0, 1))(3.0, 4.0)
    assert (gx, gy, len(caught)) == (6.0, 0.0, 1)


def test_8_grad_of_a_computed_tensor(x: ag.Tensor) -> None:
    y = x * 2
    with pytest.warns(UserWarning, match=r"retain_grad\(\)"):
        assert y.grad is None
    y.retain_grad()
    y.sum().backward()
    np.testing.assert_array_equal(y.grad.data, np.ones(3))


def test_9_grad_set_to_what_does_not_fit(x: ag.Tensor) -> None:
    with pytest.raises(ValueError, match=r"\(3,\)"):
        x.grad = ag.Tensor([1.0])
    with pytest.raises(ValueError, match="float32"):
        x.grad = ag.Tensor(np.ones(3, np.float32))
    with pytest.raises(TypeError, match="ndarray"):
        x.grad = np.ones(3)
    assert x.grad is None


def broken(rule: Callable[..., Any]) -> Any:
    made = ag.primitive(lambda x: x * 2.0, name="broken")
    return made.defvjp(rule)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (np.ones(2), r"broken.*argument 0 \(x\).*shape \(2,\).*\(3,\)"),
        (np.ones((3, 3)), r"broken.*shape \(3, 3\).*\(3,\)"),
        ("nonsense", r"broken.*str"),
        ([1.0, 2.0, 3.0], r"broken.*list"),
    ],
)
def test_10_a_rule_that_returns_what_does_not_fit(x: ag.Tensor, returned: Any, words: str) -> None:
    y = broken(lambda g, out, x: returned)(x).sum()
    with pytest.raises(RuntimeError, match=words):
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("returned", [np.ones(2), "nonsense", 3.0])
def test_10_a_hook_that_returns_what_does_not_fit(x: ag.Tensor, returned: Any) -> None:
    y = x * 2
    y.register_hook(lambda g: returned)
    with pytest.raises(RuntimeError, match=r"multiply.*hook.*\(3,\)"):
        y.sum().backward()
    assert x.grad is None


def test_10_a_rule_with_the_wrong_number_of_arguments(x: ag.Tensor) -> None:
    y = broken(lambda g: g)(x).sum()
    with pytest.raises((RuntimeError, TypeError), match=r"broken|argument"):
        y.backward()


def test_10_too_many_rules() -> None:
    with pytest.raises(ValueError, match="2 rules for the 1 arguments"):
        ag.primitive(lambda x: x, name="one").defvjp(lambda g, out, x: g, lambda g, out, x: g)


def test_11_a_rule_that_returns_none(x: ag.Tensor) -> None:
    (broken(lambda g, out, x: None)(x) + x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.ones(3))


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_12_an_exception_in_a_rule_changes_no_gradient(x: ag.Tensor, error: Any) -> None:
    def rule(g: Any, out: Any, x: Any) -> Any:
        raise error

    z = leaf(np.ones(3))
    (x * z).sum().backward()
    before = x.grad.data.copy(), z.grad.data.copy()
    y = (broken(rule)(x) * z).sum()
    with pytest.raises(error):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, before[0])
    np.testing.assert_array_equal(z.grad.data, before[1])


def test_13_a_detached_rule_is_found_at_second_order() -> None:
    cube = ag.primitive(lambda x: x**3, name="cube")
    cube.defvjp(lambda g, out, x: g * 3 * (x.detach() if isinstance(x, ag.Tensor) else x) ** 2)
    ag.gradcheck(cube, np.array([1.0, 2.0]))
    with pytest.raises(ag.GradcheckError, match=r"cube.*argument 0 \(x\)") as caught:
        ag.gradcheck(cube, np.array([1.0, 2.0]), order=2)
    assert caught.value.operation == "cube"


# --- changes in place --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__setitem__(0, 5.0),
        lambda x: x.zero_(),
        lambda x: x.copy_(np.zeros(3)),
        lambda x: x[1:].__setitem__(0, 5.0),
        lambda x: x.T.reshape(3, 1).__setitem__((0, 0), 5.0),
    ],
)
def test_14_a_leaf_changed_in_place(x: ag.Tensor, change: Any) -> None:
    with pytest.raises(RuntimeError, match="no_grad"):
        change(x)
    np.testing.assert_array_equal(x.data, [1, 2, 3])
    with ag.no_grad():
        change(x)


@pytest.mark.parametrize("size", [3, 100])
def test_15_a_saved_argument_changed_before_backward(size: int) -> None:
    x, w = leaf(np.ones(size)), ag.Tensor(np.ones(size))
    y = (x * w).sum()
    w[0] = 7.0
    with pytest.raises(RuntimeError, match=r"multiply.*argument 1 \(y\).*version 0.*version 1"):
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("size", [3, 100])
def test_15_a_saved_result_changed_before_backward(size: int) -> None:
    x = leaf(np.ones(size))
    y = np.exp(x)
    z = (y * 1.0).sum()
    with ag.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match=r"exp.*its result.*version 0.*version 1"):
        z.backward()


def test_15_a_change_of_what_no_rule_reads_is_free() -> None:
    x, w = leaf(np.ones(3)), ag.Tensor(np.ones(3))
    y = (x + w).sum()
    w[0] = 7.0
    y.backward()
    np.testing.assert_array_equal(x.grad.data, np.ones(3))


def test_16_a_write_past_the_graph() -> None:
    source = np.ones(3)
    x, aliased = leaf([1.0, 2.0, 3.0]), ag.Tensor(source)
    with ag.detect_anomaly():
        y = (x * aliased).sum()
        for array in (x.data, source, aliased.data):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 9.0
    y.backward()
    source[0] = 9.0


def test_17_assignment_at_a_repeated_index() -> None:
    v = leaf([1.0, 2.0, 3.0])
    t = ag.Tensor(np.zeros(3)) + 0.0 * v.sum()
    t[[0, 1, 0]] = v
    np.testing.assert_array_equal(t.data, [3, 2, 0])
    (t * ag.Tensor([10.0, 20.0, 30.0])).sum().backward()
    np.testing.assert_array_equal(v.grad.data, [0, 20, 10])


@pytest.mark.parametrize("create_graph", [False, True])
def test_18_gradients_never_share_memory(create_graph: bool) -> None:
    x, y = leaf(np.ones(100)), leaf(np.ones(100))
    gradient = np.ones(100)
    (x + y).backward(gradient, create_graph=create_graph)
    arrays = [x.grad.data, y.grad.data, gradient, x.data, y.data]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)


# --- dtypes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [1, True, [1, 2], "text", ["a"], None, [None], [[1.0], [1.0, 2.0]], np.array([object()])],
)
def test_19_requires_grad_of_what_is_not_floating(data: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"float|numbers|rows"):
        ag.Tensor(data, requires_grad=True)


@pytest.mark.parametrize("data", [1, np.array([1, 2]), True, "text", object()])
def test_19_grad_at_what_is_not_floating(data: Any) -> None:
    with pytest.raises(TypeError, match="argument 0"):
        ag.grad(lambda x: x)(data)


def test_20_a_complex_loss(x: ag.Tensor) -> None:
    z = ag.Tensor(np.array([1.0 + 1.0j]), requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.real"):
        (z * z).sum().backward()


def test_21_single_with_double_precision() -> None:
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    y = leaf(np.ones(3))
    z = x * y
    assert z.dtype == np.float64
    z.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)
    assert (x * 2.0).dtype == np.float32


def test_22_astype_int_ends_the_graph(x: ag.Tensor) -> None:
    assert not x.astype(int).requires_grad
    assert x.astype(np.float32).requires_grad


def test_23_an_integer_to_a_negative_power() -> None:
    with pytest.raises(ValueError, match="negative"):
        ag.Tensor([2, 3]) ** -1


# --- shapes and indices ------------------------------------------------------------------------

A, B = np.ones((2, 3)), np.ones((4, 5))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a, b: a + b, ValueError, r"\(2,\s?3\).*\(4,\s?5\)"),
        (lambda a, b: a @ b, ValueError, r"matmul.*\(2,\s?3\).*\(4,\s?5\)|matmul.*4.*3"),
        (lambda a, b: a.reshape(4, 2), ValueError, r"reshape.*6|reshape.*\(4,\s?2\)"),
        (lambda a, b: a.sum(axis=2), IndexError, r"axis 2.*2|2.*axis"),
        (lambda a, b: np.transpose(a, (0, 0)), ValueError, "transpose|axes|repeated"),
        (lambda a, b: np.concatenate([a, b]), ValueError, "concatenate|dimensions"),
        (lambda a, b: np.stack([a, b]), ValueError, "stack|shape"),
        (lambda a, b: np.split(a, 4), ValueError, "split|equal"),
        (lambda a, b: np.einsum("ij,jk->ik", a, b), ValueError, "einsum"),
        (lambda a, b: np.broadcast_to(a, (2, 4)), ValueError, r"\(2,\s?3\).*\(2,\s?4\)"),
        (lambda a, b: np.expand_dims(a, 5), IndexError, "axis 5"),
        (lambda a, b: np.squeeze(a, 0), ValueError, "squeeze|size"),
        (lambda a, b: np.moveaxis(a, 3, 0), IndexError, "axis 3|axis"),
    ],
)
def test_24_shapes_that_do_not_fit(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call(leaf(A), leaf(B))


def test_25_no_entries() -> None:
    x = leaf(np.zeros((0, 3)))
    assert x.sum().item() == 0
    assert np.prod(x).item() == 1
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert np.isnan(x.mean().item())
    with pytest.raises(ValueError, match="max"):
        np.max(x)
    (np.tanh(x).sum() + np.prod(x)).backward()
    assert x.grad.shape == (0, 3)


def test_26_no_axis() -> None:
    for use in (len, iter, list):
        with pytest.raises(TypeError, match="0-d"):
            use(leaf(1.0))


def test_27_the_truth_of_an_array(x: ag.Tensor) -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x > 0)
    assert leaf(1.0)


@pytest.mark.parametrize(
    "index", [5, -4, 1.0, (0, 0), np.array([True, False]), np.array([0, 7]), np.array([0.5])]
)
def test_28_an_index_that_does_not_fit(x: ag.Tensor, index: Any) -> None:
    with pytest.raises(IndexError):
        x[index]


def test_29_negative_steps(x: ag.Tensor) -> None:
    (x[::-1] * np.array([1.0, 2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [3, 2, 1])


# --- NumPy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leave",
    [
        np.asarray,
        np.array,
        lambda t: np.array([t, t]),
        float,
        int,
        complex,
        lambda t: t.numpy(),
        lambda t: np.zeros(3)[t],
        lambda t: [1, 2, 3][t],
    ],
)
def test_30_nothing_leaves_the_graph_in_silence(leave: Any) -> None:
    with pytest.raises((TypeError, IndexError), match=r"detach|t\.data|integer|index|tracked"):
        leave(leaf(1.0))


def test_30_an_entry_of_an_array() -> None:
    # NumPy itself makes a ValueError of whatever float(t) raises, and keeps the cause.
    with pytest.raises(ValueError, match="setting an array element") as caught:
        np.zeros(1)[0] = leaf(1.0)  # type: ignore[call-overload]
    assert isinstance(caught.value.__cause__, TypeError)
    assert "t.detach()" in str(caught.value.__cause__)
    with pytest.raises(TypeError, match="detach"):
        np.zeros(1)[...] = leaf([1.0])  # type: ignore[call-overload]


def test_31_a_function_without_a_rule(x: ag.Tensor) -> None:
    for name in ("i0", "unique", "histogram", "trim_zeros"):
        with pytest.raises(TypeError, match=rf"np\.{name}"):
            getattr(np, name)(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.add(x, 1, out=np.zeros(3)),
        lambda x: np.exp(x, where=np.array([True, False, True])),
        lambda x: np.add(np.ones(3), 1, out=x),
        lambda x: np.add.at(x, 0, 1),
        lambda x: np.divide.reduce(x),
        lambda x: np.sum(x, out=np.zeros(())),
    ],
)
def test_32_what_can_not_be_recorded(x: ag.Tensor, call: Any) -> None:
    with pytest.raises(TypeError, match=r"out=|where=|derivative|np\."):
        call(x)


@pytest.mark.parametrize(
    ("method", "gradient"),
    [
        (np.add.reduce, [1, 1, 1]),
        (np.multiply.reduce, [6, 3, 2]),
        (lambda x: np.add.accumulate(x).sum(), [3, 2, 1]),
    ],
)
def test_32_ufunc_methods_that_are_other_functions(
    x: ag.Tensor, method: Any, gradient: Any
) -> None:
    method(x).backward()
    np.testing.assert_array_equal(x.grad.data, gradient)


@pytest.mark.parametrize(
    "method", [np.logaddexp.reduce, np.maximum.accumulate, lambda x: np.multiply.outer(x, x)]
)
def test_32_ufunc_methods_without_a_rule(x: ag.Tensor, method: Any) -> None:
    with pytest.raises(TypeError, match=r"np\.\w+\.\w+.*no derivative"):
        method(x)


# --- NaN ---------------------------------------------------------------------------------------


def test_33_the_first_nan_forward(x: ag.Tensor) -> None:
    with (
        ag.detect_anomaly(),
        ag.scope("model"),
        pytest.raises(FloatingPointError, match=r"log \[in model\].*test_faults_engine\.py:\d+"),
    ):
        np.log(x - 2.0)


def test_33_the_first_nan_backward() -> None:
    x = leaf([0.0, 1.0])
    with ag.detect_anomaly():
        y = np.sqrt(x).sum()
        with pytest.raises(FloatingPointError, match=r"sqrt.*argument 0 \(x\).*test_faults_engine"):
            y.backward()
    assert x.grad is None


def test_33_what_is_finite_passes(x: ag.Tensor) -> None:
    """Gradients that are not arrays yet included: those of an index, and of several results."""
    with ag.detect_anomaly():
        y = x[0] * x[1:].sum() + x[[0, 0]].sum()
        _, logarithm = np.linalg.slogdet(x[:, None] * x + np.eye(3))
        (y + logarithm).backward()
    assert np.all(np.isfinite(x.grad.data))


def test_34_singular_matrices() -> None:
    singular = leaf(np.ones((2, 2)))
    for call in (np.linalg.inv, np.linalg.cholesky, lambda a: np.linalg.solve(a, np.ones(2))):
        with pytest.raises(np.linalg.LinAlgError):
            call(singular - 2 * np.eye(2) if call is np.linalg.cholesky else singular)


# --- gradcheck ---------------------------------------------------------------------------------


def test_68_single_precision() -> None:
    with pytest.raises(ValueError, match="float64"):
        ag.gradcheck(np.sin, np.ones(3, np.float32))


def test_69_two_results_for_one_input(rng: np.random.Generator) -> None:
    with pytest.raises(ag.GradcheckError, match="two results for the same input") as caught:
        ag.gradcheck(lambda x: x * rng.normal(), np.ones(3))
    assert caught.value.reason == "random"


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (np.sin, ()),
        (np.sin, (3,)),
        (np.sin, (np.ones(3, int),)),
        (np.sin, (np.zeros((0, 2)),)),
        (np.argmax, (np.ones(3),)),
        (lambda x: x[:0], (np.ones(3),)),
        (lambda x: 3.0, (np.ones(3),)),
        (lambda x: None, (np.ones(3),)),
    ],
)
def test_70_nothing_to_check(f: Any, inputs: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"nothing to check|argument"):
        ag.gradcheck(f, *inputs)


@pytest.mark.parametrize("at", [0.0, 1e-9, -1e-8])
def test_71_a_kink(at: float) -> None:
    with pytest.raises(ag.GradcheckError, match=r"absolute.*kink, not a wrong rule") as caught:
        ag.gradcheck(lambda x: np.sum(np.abs(np.tanh(x))), np.array([1.0, at]))
    assert (caught.value.reason, caught.value.operation) == ("kink", "absolute")


def test_72_a_wrong_rule() -> None:
    wrong = ag.primitive(lambda x, y: x * y, name="product")
    wrong.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x * np.array([1, 1, 1.01]))
    with (
        ag.scope("encoder"),
        pytest.raises(
            ag.GradcheckError, match=r"product \[in encoder\].*argument 1 \(y\)"
        ) as caught,
    ):
        ag.gradcheck(
            lambda x, y: np.sum(np.tanh(wrong(np.sin(x), y))), np.ones(3), np.arange(1.0, 4)
        )
    error = caught.value
    assert (error.operation, error.argument) == ("product", "argument 1 (y)")
    assert error.entry.argument == "argument 1 (y)[2]"
    assert error.entry.relative_error == pytest.approx(0.01 / 2.01, rel=1e-3)


# --- copies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_77_copies(x: ag.Tensor, duplicate: Any) -> None:
    (x * x).sum().backward()
    twin = duplicate(x)
    np.testing.assert_array_equal(twin.data, x.data)
    np.testing.assert_array_equal(twin.grad.data, x.grad.data)
    assert twin.requires_grad
    assert not np.shares_memory(twin.data, x.data)
    assert not duplicate(x.detach()).requires_grad
    with pytest.raises(RuntimeError, match="detach"):
        duplicate(x * 2)


def test_79_the_expression_command_refuses_everything_else() -> None:
    from autograd.expression import parse

    for text in (
        "x.__class__",
        "__import__('os')",
        "[i for i in x]",
        "'text'",
        "lambda: 0",
        "x if x else y",
        "9 ** 9 ** 9",
        "open(x)",
        "x = 1",
        "f'{x}'",
        "x[y]",
        "x(1)",
    ):
        with pytest.raises((ValueError, TypeError, SyntaxError)):
            parse(text)


def test_modes_are_restored_after_an_exception() -> None:
    for mode in (ag.no_grad, ag.enable_grad, ag.detect_anomaly, ag.record):
        with pytest.raises(ZeroDivisionError), mode():
            1 / 0
        assert ag.is_grad_enabled()


def test_recursion_limit_is_not_touched() -> None:
    assert sys.getrecursionlimit() <= 100_000
    assert threading.active_count() < 50
