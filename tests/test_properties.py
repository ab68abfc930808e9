"""Laws that hold at every point, tried on points that Hypothesis chooses.

Each test is one law.  Functions are drawn from ``SMOOTH`` or composed of it at random; entries are
multiples of 1/64 in [-2, 2], so that no law fails for want of digits.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd.backward import unbroadcast
from tests.cases import numerical

ENTRIES = st.integers(-128, 128).map(lambda k: k / 64)
SMOOTH: dict[str, Callable[..., Any]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "square": np.square,
    "arcsinh": np.arcsinh,
    "gauss": lambda x: np.exp(-x * x),
    "hill": lambda x: 1 / (1 + x * x),
    "cubic": lambda x: x**3 / 8 - x,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "root": lambda x: np.sqrt(x * x + 1),
}
FUNCTIONS = st.sampled_from(sorted(SMOOTH)).map(SMOOTH.__getitem__)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """A random composition may overflow: then both sides of the law do."""
    with np.errstate(all="ignore"):
        yield


def arrays(shape: Any = None, **sizes: Any) -> st.SearchStrategy[np.ndarray]:
    bounds = {"min_dims": 0, "max_dims": 3, "min_side": 1, "max_side": 4, **sizes}
    return hnp.arrays(
        np.float64, hnp.array_shapes(**bounds) if shape is None else shape, elements=ENTRIES
    )


def like(x: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, x.size]).normal(size=x.shape)


def pull(f: Callable[..., Any], *args: Any) -> Callable[[Any], Any]:
    pullback = ag.vjp(f, *args)[1]
    return pullback if len(args) > 1 else lambda g: pullback(g)[0]


def close(a: Any, b: Any, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(_plain(a), _plain(b), rtol, atol)


def _plain(a: Any) -> Any:
    return a.data if isinstance(a, ag.Tensor) else a


@st.composite
def compositions(draw: Any) -> Callable[..., Any]:
    """A function of one array, made of up to five smooth ones, sums and products."""
    steps = draw(st.lists(st.tuples(FUNCTIONS, st.sampled_from("o+*")), min_size=1, max_size=5))

    def f(x: Any) -> Any:
        y = x
        for g, how in steps:
            y = g(y) if how == "o" else y + g(x) if how == "+" else y * g(x)
        return y

    return f


@st.composite
def broadcastable(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=1)
    )
    return draw(arrays(shapes.input_shapes[0])), draw(arrays(shapes.input_shapes[1]))


# --- the vector-Jacobian product is linear -----------------------------------------------------


@given(compositions(), arrays())
def test_vjp_is_additive_in_g(f: Any, x: np.ndarray) -> None:
    back, g, h = pull(f, x), like(x, 1), like(x, 2)
    close(back(g + h), back(g) + back(h))


@given(compositions(), arrays(), ENTRIES)
def test_vjp_is_homogeneous_in_g(f: Any, x: np.ndarray, a: float) -> None:
    back, g = pull(f, x), like(x)
    close(back(a * g), a * back(g))


@given(compositions(), arrays())
def test_a_zero_cotangent_gives_zero(f: Any, x: np.ndarray) -> None:
    np.testing.assert_array_equal(pull(f, x)(np.zeros_like(x)), np.zeros_like(x))


@given(compositions(), arrays(), ENTRIES)
def test_jvp_is_linear_in_v(f: Any, x: np.ndarray, a: float) -> None:
    v, w = like(x, 1), like(x, 2)
    push = lambda v: ag.jvp(f, (x,), (v,))[1]
    close(push(v + a * w), push(v) + a * push(w))


@given(compositions(), arrays())
def test_forward_and_reverse_mode_are_adjoint(f: Any, x: np.ndarray) -> None:
    u, v = like(x, 1), like(x, 2)
    close(np.sum(u * ag.jvp(f, (x,), (v,))[1]), np.sum(pull(f, x)(u) * v))


@given(compositions(), arrays())
def test_pulling_twice_gives_the_same(f: Any, x: np.ndarray) -> None:
    back, g = pull(f, x), like(x)
    np.testing.assert_array_equal(back(g), back(g))


# --- broadcasting ------------------------------------------------------------------------------


@given(broadcastable())
def test_unbroadcast_is_the_adjoint_of_broadcast(pair: Any) -> None:
    x, y = pair
    g = like(x + y)
    close(np.sum(np.broadcast_to(x, g.shape) * g), np.sum(x * unbroadcast(g, x.shape)))


@given(broadcastable())
def test_unbroadcast_has_the_shape_and_the_total(pair: Any) -> None:
    x, y = pair
    g = like(x + y)
    assert unbroadcast(g, x.shape).shape == x.shape
    close(np.sum(unbroadcast(g, x.shape)), np.sum(g))


@given(arrays())
def test_unbroadcast_of_the_shape_itself_is_nothing(g: np.ndarray) -> None:
    assert unbroadcast(g, g.shape) is g


@given(arrays(min_dims=2), st.data())
def test_unbroadcast_in_two_steps(g: np.ndarray, data: Any) -> None:
    middle = tuple(data.draw(st.sampled_from([1, n])) for n in g.shape)
    last = tuple(1 if n == 1 else data.draw(st.sampled_from([1, n])) for n in middle)
    close(unbroadcast(unbroadcast(g, middle), last), unbroadcast(g, last))


@given(broadcastable(), st.sampled_from([np.add, np.subtract, np.multiply, np.hypot, np.arctan2]))
def test_gradients_have_the_shapes_of_the_arguments(pair: Any, f: Any) -> None:
    x, y = pair
    gx, gy = ag.elementwise_grad(f, (0, 1))(x, y)
    assert (gx.shape, gy.shape) == (x.shape, y.shape)


@given(broadcastable())
def test_broadcast_arguments_are_repeated_ones(pair: Any) -> None:
    x, y = pair
    shape = np.broadcast_shapes(x.shape, y.shape)
    f = lambda x, y: np.sum(np.tanh(x * y) + x)
    whole = ag.grad(f)(np.broadcast_to(x, shape).copy(), np.broadcast_to(y, shape).copy())
    close(ag.grad(f)(x, y), unbroadcast(whole, x.shape))


@given(arrays(), st.integers(1, 4))
def test_the_gradient_of_broadcast_to_counts(x: np.ndarray, n: int) -> None:
    g = ag.grad(lambda x: np.sum(np.broadcast_to(x, (n, *x.shape))))(x)
    np.testing.assert_array_equal(g, np.full(x.shape, float(n)))


# --- ties: shares sum to one -------------------------------------------------------------------

TIED = hnp.arrays(
    np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.sampled_from([0.0, 1.0, 2.0])
)


@given(TIED, st.sampled_from([np.max, np.min, np.amax, np.amin]))
def test_the_shares_of_an_extremum(x: np.ndarray, extremum: Any) -> None:
    g = ag.grad(lambda x: np.sum(extremum(x, axis=-1)))(x)
    close(np.sum(g, axis=-1), np.ones(x.shape[:-1]))
    winners = x == extremum(x, axis=-1, keepdims=True)
    close(g, winners / np.sum(winners, axis=-1, keepdims=True))


@given(TIED, st.sampled_from([np.maximum, np.minimum, np.fmax, np.fmin]))
def test_the_shares_of_two(x: np.ndarray, f: Any) -> None:
    for y in (x, np.ones_like(x)):
        gx, gy = ag.elementwise_grad(f, (0, 1))(x, y)
        close(gx + gy, np.ones_like(x))
        close(gx[x == y], np.full(x.shape, 0.5)[x == y])


@given(arrays(), st.sampled_from([np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp]))
def test_the_larger_of_a_number_and_itself(x: np.ndarray, f: Any) -> None:
    close(ag.elementwise_grad(lambda x: f(x, x))(x), np.ones_like(x))


@given(TIED)
def test_ptp_is_blind_to_a_shift(x: np.ndarray) -> None:
    g = ag.grad(lambda x: np.sum(np.ptp(x, axis=-1)))(x)
    close(np.sum(g, axis=-1), np.zeros(x.shape[:-1]))


@given(arrays(min_dims=1))
def test_sorting_permutes_the_gradient(x: np.ndarray) -> None:
    g = like(x)
    close(np.sort(pull(np.sort, x)(g)), np.sort(g))
    close(np.take_along_axis(pull(np.sort, x)(g), np.argsort(x, kind="stable"), -1), g)


@given(arrays(min_dims=1), st.sampled_from([np.mean, np.median, np.max, np.min]))
def test_averages_follow_a_shift(x: np.ndarray, average: Any) -> None:
    g = ag.grad(lambda x: np.sum(average(x, axis=-1)))(x)
    close(np.sum(g, axis=-1), np.ones(x.shape[:-1]))


@given(arrays(min_dims=1), st.sampled_from([np.var, np.std]))
def test_spreads_are_blind_to_a_shift(x: np.ndarray, spread: Any) -> None:
    g = ag.grad(lambda x: np.sum(spread(x, axis=-1)))(x)
    close(np.sum(g, axis=-1), np.zeros(x.shape[:-1]))


# --- indexing ----------------------------------------------------------------------------------


@given(st.data(), arrays(min_dims=1))
def test_reading_and_spreading_are_adjoint(data: Any, x: np.ndarray) -> None:
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, allow_ellipsis=True))
    g = like(np.asarray(x[index]))
    close(np.sum(x[index] * g), np.sum(x * pull(lambda x: x[index], x)(g)))


@given(st.data(), arrays(min_dims=1))
def test_reading_at_integer_arrays(data: Any, x: np.ndarray) -> None:
    index = data.draw(hnp.integer_array_indices(x.shape))
    g, expected = like(x[index]), np.zeros_like(x)
    np.add.at(expected, index, g)
    close(pull(lambda x: x[index], x)(g), expected)


@given(st.data(), arrays(min_dims=1))
def test_reading_at_a_mask(data: Any, x: np.ndarray) -> None:
    mask = data.draw(hnp.arrays(bool, x.shape))
    close(ag.elementwise_grad(lambda x: x[mask] if mask.any() else np.sum(x * 0))(x), mask * 1.0)


@given(arrays(min_dims=1, max_dims=1), st.lists(st.integers(0, 100), max_size=9))
def test_a_repeated_index_counts(x: np.ndarray, positions: list[int]) -> None:
    index = [p % len(x) for p in positions] or [0]
    g = ag.grad(lambda x: np.sum(x[index]))(x)
    np.testing.assert_array_equal(g, np.bincount(index, minlength=len(x)))


@given(arrays(min_dims=1))
def test_a_loop_over_entries_is_the_array(x: np.ndarray) -> None:
    loop = lambda x: sum(np.sum(x[i] * x[i - 1]) for i in range(len(x)))
    whole = lambda x: np.sum(x * np.roll(x, 1, axis=0))
    close(ag.grad(loop)(x), ag.grad(whole)(x))


@given(st.data(), arrays(min_dims=1))
def test_writing_takes_the_gradient_from_what_was_there(data: Any, x: np.ndarray) -> None:
    index = data.draw(hnp.basic_indices(x.shape))
    v, g = like(np.asarray(x[index]), 1), like(x, 2)

    def f(x: Any, v: Any) -> Any:
        t = x * 1.0
        t[index] = v
        return t

    gx, gv = pull(f, x, v)(g)
    expected = g.copy()
    expected[index] = 0.0
    close(gx, expected)
    close(gv, g[index])


@given(st.data(), arrays(min_dims=1))
def test_what_was_written_is_read(data: Any, x: np.ndarray) -> None:
    index = data.draw(hnp.basic_indices(x.shape))

    def f(v: Any) -> Any:
        t = v * 0.0 + x
        t[index] = np.sin(v[index])
        return np.sum(t[index])

    expected = np.zeros_like(x)
    expected[index] = np.cos(x[index])
    close(ag.grad(f)(x), expected)


@given(st.data(), arrays(min_dims=1, max_dims=2))
def test_take_is_indexing(data: Any, x: np.ndarray) -> None:
    axis = data.draw(st.integers(0, x.ndim - 1))
    index = data.draw(hnp.arrays(int, 3, elements=st.integers(0, x.shape[axis] - 1)))
    f = lambda x: np.take(x, index, axis=axis)
    h = lambda x: x[(slice(None),) * axis + (index,)]
    g = like(h(x))
    close(pull(f, x)(g), pull(h, x)(g))


# --- products ----------------------------------------------------------------------------------


@st.composite
def subscripts(draw: Any) -> tuple[str, list[np.ndarray]]:
    """Two operands over the letters a to d, with any output, repeated indices included."""
    sizes = {c: draw(st.integers(1, 3)) for c in "abcd"}
    operands = [draw(st.text("abcd", min_size=1, max_size=3)) for _ in range(2)]
    letters = sorted(set("".join(operands)))
    out = draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))]
    values = [draw(arrays(tuple(sizes[c] for c in o))) for o in operands]
    return f"{operands[0]},{operands[1]}->{''.join(out)}", values


def looped(text: str, x: Any, y: Any) -> Any:
    """einsum by its definition, a sum over all indices."""
    inputs, out = text.split("->")
    first, second = inputs.split(",")
    size = dict(zip(first, x.shape, strict=True)) | dict(zip(second, y.shape, strict=True))
    result: dict[Any, Any] = {}
    for values in np.ndindex(*size.values()):
        at = dict(zip(size, values, strict=True))
        key = tuple(at[c] for c in out)
        term = x[tuple(at[c] for c in first)] * y[tuple(at[c] for c in second)]
        result[key] = result[key] + term if key in result else term
    return result


@given(subscripts())
def test_einsum_is_its_loop(drawn: Any) -> None:
    text, (x, y) = drawn
    out = np.einsum(text, x, y)
    g = like(np.asarray(out))
    gx, gy = pull(lambda x, y: np.einsum(text, x, y), x, y)(g)
    weighted = lambda x, y: sum(g[k] * term for k, term in looped(text, x, y).items())
    for k, value in looped(text, x, y).items():
        close(out[k], value)
    hx, hy = ag.grad(weighted, (0, 1))(x, y)
    close(gx, hx)
    close(gy, hy)


@given(arrays((3, 2)), arrays((2, 4)))
def test_matmul_is_einsum(x: np.ndarray, y: np.ndarray) -> None:
    g = like(x @ y)
    for a, b in zip(
        pull(np.matmul, x, y)(g), pull(lambda x, y: np.einsum("ij,jk", x, y), x, y)(g), strict=True
    ):
        close(a, b)


@given(arrays((2, 3, 2)), arrays((3, 2, 4)))
def test_tensordot_is_einsum(x: np.ndarray, y: np.ndarray) -> None:
    f = lambda x, y: np.tensordot(x, y, 2)
    h = lambda x, y: np.einsum("aij,ijb->ab", x, y)
    g = like(h(x, y))
    for a, b in zip(pull(f, x, y)(g), pull(h, x, y)(g), strict=True):
        close(a, b)


@given(arrays(min_dims=1, max_dims=1), arrays(min_dims=1, max_dims=1))
def test_outer_is_a_product_of_columns_and_rows(x: np.ndarray, y: np.ndarray) -> None:
    g = like(np.outer(x, y))
    for a, b in zip(
        pull(np.outer, x, y)(g), pull(lambda x, y: x[:, None] * y[None, :], x, y)(g), strict=True
    ):
        close(a, b)


@given(arrays((3, 3)), arrays((3, 3)))
def test_the_gradient_of_a_trace_of_a_product(x: np.ndarray, y: np.ndarray) -> None:
    close(ag.grad(lambda x: np.trace(x @ y))(x), y.T)


@given(arrays((3, 3)))
def test_the_gradient_of_a_determinant_is_the_adjugate(x: np.ndarray) -> None:
    assume(abs(np.linalg.det(x)) > 0.1)
    close(ag.grad(np.linalg.det)(x), np.linalg.det(x) * np.linalg.inv(x).T, 1e-7, 1e-7)


@given(arrays((3, 3)), arrays((3,)))
def test_solve_is_a_product_with_the_inverse(a: np.ndarray, b: np.ndarray) -> None:
    a = a + 4 * np.eye(3)
    assume(np.linalg.cond(a) < 50)
    g = like(b)
    for p, q in zip(
        pull(np.linalg.solve, a, b)(g),
        pull(lambda a, b: np.linalg.inv(a) @ b, a, b)(g),
        strict=True,
    ):
        close(p, q, 1e-7, 1e-7)


# --- shapes ------------------------------------------------------------------------------------


@given(arrays(), st.data())
def test_there_and_back_is_the_identity(x: np.ndarray, data: Any) -> None:
    axes = data.draw(st.permutations(range(x.ndim)))
    f = lambda x: np.transpose(np.transpose(x, axes), np.argsort(axes) if axes else None)
    h = lambda x: np.reshape(np.reshape(x, -1), x.shape)
    g = like(x)
    for there_and_back in (f, h, lambda x: np.flip(np.flip(x))):
        np.testing.assert_array_equal(pull(there_and_back, x)(g), g)


@given(arrays(min_dims=1), st.integers(-5, 5))
def test_rolling_is_undone_by_rolling_back(x: np.ndarray, n: int) -> None:
    g = like(x)
    np.testing.assert_array_equal(pull(lambda x: np.roll(x, n), x)(g), np.roll(g, -n))


@given(st.data(), arrays(min_dims=1))
def test_joining_and_splitting_are_adjoint(data: Any, x: np.ndarray) -> None:
    axis = data.draw(st.integers(0, x.ndim - 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, x.shape[axis]), max_size=3)))
    parts = np.split(x, cuts, axis)
    g = like(x)
    found = ag.vjp(lambda *parts: np.concatenate(parts, axis), *parts)[1](g)
    for a, b in zip(found, np.split(g, cuts, axis), strict=True):
        np.testing.assert_array_equal(a, b)
    back = ag.vjp(lambda x: list(np.split(x, cuts, axis)), x)[1](np.split(g, cuts, axis))[0]
    np.testing.assert_array_equal(back, g)


@given(arrays(), st.integers(1, 4))
def test_stacking_and_taking_apart_are_adjoint(x: np.ndarray, n: int) -> None:
    parts = [x + i for i in range(n)]
    g = like(np.stack(parts))
    for a, b in zip(ag.vjp(lambda *p: np.stack(p), *parts)[1](g), g, strict=True):
        np.testing.assert_array_equal(a, b)


@given(arrays(min_dims=1, max_dims=2), st.integers(0, 3), st.integers(0, 3))
def test_padding_and_cropping_are_adjoint(x: np.ndarray, before: int, after: int) -> None:
    padded = np.pad(x, (before, after))
    g = like(padded)
    inside = tuple(slice(before, before + n) for n in x.shape)
    np.testing.assert_array_equal(pull(lambda x: np.pad(x, (before, after)), x)(g), g[inside])


@given(arrays(min_dims=1), st.integers(1, 3))
def test_copies_add_up(x: np.ndarray, n: int) -> None:
    for copies in (lambda x: np.tile(x, n), lambda x: np.repeat(x, n)):
        np.testing.assert_array_equal(ag.elementwise_grad(copies)(x), np.full(x.shape, float(n)))


@given(arrays(min_dims=2))
def test_sums_of_sums(x: np.ndarray) -> None:
    f = lambda x: np.sum(np.sum(np.sin(x), axis=0))
    close(ag.grad(f)(x), ag.grad(lambda x: np.sum(np.sin(x)))(x))


@given(arrays())
def test_a_mean_is_a_sum_over_n(x: np.ndarray) -> None:
    close(
        ag.grad(lambda x: np.mean(np.sin(x)))(x), ag.grad(lambda x: np.sum(np.sin(x)))(x) / x.size
    )


@given(arrays(min_dims=1, max_dims=1))
def test_the_adjoint_of_a_running_sum_runs_backward(x: np.ndarray) -> None:
    g = like(x)
    close(pull(np.cumsum, x)(g), np.cumsum(g[::-1])[::-1])


@given(arrays(min_dims=1, max_dims=1, min_side=2))
def test_diff_undoes_cumsum(x: np.ndarray) -> None:
    g = like(x[1:])
    close(pull(lambda x: np.diff(np.cumsum(x)), x)(g), np.concatenate([[0.0], g]))


@given(arrays(min_dims=1, max_dims=1))
def test_a_product_by_the_sum_of_logarithms(x: np.ndarray) -> None:
    x = np.exp(x)
    close(ag.grad(np.prod)(x), ag.grad(lambda x: np.exp(np.sum(np.log(x))))(x))


@given(arrays(min_dims=1, max_dims=1, max_side=4))
def test_a_product_with_zeros_by_leaving_one_out(x: np.ndarray) -> None:
    x = np.where(np.abs(x) < 1, 0.0, x)
    close(ag.grad(np.prod)(x), [np.prod(np.delete(x, i)) for i in range(len(x))])


# --- calculus ----------------------------------------------------------------------------------


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_the_product_rule(f: Any, g: Any, x: np.ndarray) -> None:
    d = ag.elementwise_grad
    close(d(lambda x: f(x) * g(x))(x), d(f)(x) * g(x) + f(x) * d(g)(x))


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_the_quotient_rule(f: Any, g: Any, x: np.ndarray) -> None:
    d, h = ag.elementwise_grad, lambda x: g(x) ** 2 + 1
    close(d(lambda x: f(x) / h(x))(x), (d(f)(x) * h(x) - f(x) * d(h)(x)) / h(x) ** 2)


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_the_chain_rule(f: Any, g: Any, x: np.ndarray) -> None:
    d = ag.elementwise_grad
    close(d(lambda x: f(g(x)))(x), d(f)(g(x)) * d(g)(x))


@given(FUNCTIONS, FUNCTIONS, ENTRIES, arrays())
def test_differentiation_is_linear(f: Any, g: Any, a: float, x: np.ndarray) -> None:
    d = ag.elementwise_grad
    close(d(lambda x: f(x) + a * g(x))(x), d(f)(x) + a * d(g)(x))


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_the_second_derivative_of_a_product(f: Any, g: Any, x: np.ndarray) -> None:
    d = ag.elementwise_grad
    expected = d(d(f))(x) * g(x) + 2 * d(f)(x) * d(g)(x) + f(x) * d(d(g))(x)
    close(d(d(lambda x: f(x) * g(x)))(x), expected)


@given(FUNCTIONS, ENTRIES, ENTRIES, arrays())
def test_shifting_and_scaling_the_argument(f: Any, a: float, b: float, x: np.ndarray) -> None:
    d = ag.elementwise_grad
    close(d(lambda x: f(a * x + b))(x), a * d(f)(a * x + b))


@pytest.mark.parametrize(
    ("f", "inverse", "into"),
    [
        (np.exp, np.log, lambda x: x),
        (np.sinh, np.arcsinh, lambda x: x),
        (np.tan, np.arctan, lambda x: x / 2),
        (np.tanh, np.arctanh, lambda x: x),
        (np.expm1, np.log1p, lambda x: x),
        (np.exp2, np.log2, lambda x: x),
        (np.square, np.sqrt, lambda x: np.abs(x) + 0.5),
        (np.sin, np.arcsin, lambda x: x / 2),
        (np.cosh, np.arccosh, lambda x: np.abs(x) + 0.5),
        (np.deg2rad, np.rad2deg, lambda x: x),
    ],
)
@given(x=arrays())
def test_the_slope_of_an_inverse(f: Any, inverse: Any, into: Any, x: np.ndarray) -> None:
    x = into(x)
    close(ag.elementwise_grad(inverse)(f(x)) * ag.elementwise_grad(f)(x), np.ones_like(x), 1e-7)


@given(arrays(min_dims=1), st.sampled_from([1, 2, 3]))
def test_homogeneous_functions(x: np.ndarray, k: int) -> None:
    """Euler: ⟨∇f, x⟩ = k f for f of degree k."""
    assume(np.linalg.norm(x) > 0.1)
    f = lambda x: np.linalg.norm(np.ravel(x)) ** k
    close(np.sum(ag.grad(f)(x) * x), k * f(x))


@given(compositions(), arrays(max_side=2))
def test_mixed_derivatives_commute(f: Any, x: np.ndarray) -> None:
    h = ag.hessian(lambda x: np.sum(f(x)) * np.sum(np.sin(x)))(x).reshape(x.size, x.size)
    close(h, h.T)


@given(compositions(), arrays(max_side=2))
def test_the_remainder_of_taylor_is_of_third_order(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.sum(np.sin(f(x)))
    v, g = like(x), ag.grad(loss)(x)
    hv = ag.hvp(loss)(x, v)

    def remainder(t: float) -> float:
        return abs(loss(x + t * v) - loss(x) - t * np.sum(g * v) - t * t / 2 * np.sum(hv * v))

    assume(np.max(np.abs(g), initial=0) < 50)
    assert remainder(1e-4) <= 1e-3 * remainder(1e-2) * 4 + 1e-9


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=6), ENTRIES, st.integers(1, 4))
def test_polynomials_to_the_fourth_derivative(c: list[int], x: float, order: int) -> None:
    f = lambda x: sum(a * x**k for k, a in enumerate(c)) + 0.0 * x**9
    for _ in range(order):
        f = ag.grad(f)
    expected = np.polynomial.Polynomial(c).deriv(order)(x)
    close(f(x), expected)


def _slope(f: Any, point: Any, direction: Any) -> float:
    """The slope by differences, where two step sizes agree about it."""
    coarse, fine = (numerical.directional(f, point, direction, step)[0] for step in (1e-3, 3e-4))
    assume(abs(coarse - fine) <= 1e-7 * (1 + abs(fine)))
    return float(fine)


@given(compositions(), arrays())
def test_random_compositions_against_differences(f: Any, x: np.ndarray) -> None:
    v = like(x)
    loss = lambda x: np.atleast_1d(np.sum(np.sin(f(x))))
    slope = _slope(loss, [x], [v])
    g = ag.grad(lambda x: np.sum(np.sin(f(x))))(x)
    assume(np.max(np.abs(g), initial=0) < 30)
    close(np.sum(g * v), slope, 1e-5, 1e-6)


# --- graphs ------------------------------------------------------------------------------------


_JOIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (1 + b * b),
    "m": lambda a, b: np.mean(a) * b,
}


@st.composite
def programs(draw: Any) -> Callable[..., Any]:
    """A random directed acyclic graph over two arguments: every step may use any earlier result."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 99), st.integers(0, 99), FUNCTIONS, st.sampled_from("+-*/m")),
            min_size=2,
            max_size=12,
        )
    )

    def f(x: Any, y: Any) -> Any:
        known = [x, y]
        for i, j, g, how in steps:
            a, b = known[i % len(known)], known[j % len(known)]
            a, b = np.tanh(a), g(b)
            made = _JOIN[how](a, b)
            known.append(made)
        return np.sum(known[-1]) + 0.5 * np.sum(known[len(known) // 2])

    return f


@given(programs(), arrays((3,)), arrays((3,)))
def test_random_graphs_against_differences(f: Any, x: np.ndarray, y: np.ndarray) -> None:
    gx, gy = pull(f, x, y)(1.0)
    v, w = like(x, 1), like(y, 2)
    slope = _slope(lambda x, y: np.atleast_1d(f(x, y)), [x, y], [v, w])
    close(np.sum(gx * v) + np.sum(gy * w), slope, 1e-5, 1e-6)


@given(programs(), arrays((3,)), arrays((3,)))
def test_backward_is_grad(f: Any, x: np.ndarray, y: np.ndarray) -> None:
    a, b = (ag.Tensor(v, requires_grad=True) for v in (x, y))
    f(a, b).backward()
    gx, gy = pull(f, x, y)(1.0)
    for t, g in ((a, gx), (b, gy)):
        close(np.zeros(3) if t.grad is None else t.grad, g)


@given(programs(), arrays((3,)), arrays((3,)), st.integers(2, 4))
def test_every_backward_adds_exactly_once_more(
    f: Any, x: np.ndarray, y: np.ndarray, n: int
) -> None:
    a, b = (ag.Tensor(v, requires_grad=True) for v in (x, y))
    loss = f(a, b) + 0.0 * (a + b).sum()
    loss.backward(retain_graph=True)
    once = a.grad.data.copy(), b.grad.data.copy()
    for _ in range(n - 1):
        loss.backward(retain_graph=True)
    close(a.grad, n * once[0])
    close(b.grad, n * once[1])


@given(programs(), programs(), arrays((3,)), arrays((3,)))
def test_losses_may_go_backward_together_or_apart(f: Any, g: Any, x: Any, y: Any) -> None:
    together, apart = ([ag.Tensor(v, requires_grad=True) for v in (x, y)] for _ in range(2))
    keep = lambda a, b: 0.0 * (a + b).sum()
    (f(*together) + g(*together) + keep(*together)).backward()
    (g(*apart) + keep(*apart)).backward()
    f(*apart).backward() if f(*apart).requires_grad else None
    for a, b in zip(together, apart, strict=True):
        close(a.grad, b.grad)


@given(compositions(), arrays(), ENTRIES)
def test_a_hook_scales_what_lies_below(f: Any, x: np.ndarray, a: float) -> None:
    t = ag.Tensor(x, requires_grad=True)
    h = t * 1.0
    h.register_hook(lambda g: g * a)
    np.sum(f(h)).backward()
    close(t.grad, a * ag.grad(lambda x: np.sum(f(x)))(x))


@given(compositions(), arrays())
def test_clone_and_identity_change_nothing(f: Any, x: np.ndarray) -> None:
    g = like(x)
    close(pull(lambda x: f(x.clone()) * 1 + 0, x)(g), pull(f, x)(g))


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_detach_is_a_constant(f: Any, g: Any, x: np.ndarray) -> None:
    close(ag.elementwise_grad(lambda x: f(x) * g(x).detach())(x), ag.elementwise_grad(f)(x) * g(x))


@given(FUNCTIONS, FUNCTIONS, arrays())
def test_no_grad_is_a_constant(f: Any, g: Any, x: np.ndarray) -> None:
    def h(x: Any) -> Any:
        with ag.no_grad():
            constant = g(x)
        return f(x) * constant

    close(ag.elementwise_grad(h)(x), ag.elementwise_grad(f)(x) * g(x))


@given(compositions(), arrays())
def test_a_branch_that_is_not_used_changes_nothing(f: Any, x: np.ndarray) -> None:
    def h(x: Any) -> Any:
        np.tanh(f(x) * 0.1)
        return f(x)

    close(pull(h, x)(like(x)), pull(f, x)(like(x)))


@given(compositions(), compositions(), arrays(max_dims=1))
def test_checkpoint_changes_nothing(f: Any, g: Any, x: np.ndarray) -> None:
    plain = lambda x: np.sum(np.sin(g(f(x)) * x))
    kept = lambda x: np.sum(np.sin(ag.checkpoint(g)(ag.checkpoint(lambda y: f(y) + 0 * x)(x)) * x))
    close(ag.grad(kept)(x), ag.grad(plain)(x))
    close(ag.hvp(kept)(x, like(x)), ag.hvp(plain)(x, like(x)))


@given(compositions(), arrays())
def test_the_layout_of_memory_is_nothing(f: Any, x: np.ndarray) -> None:
    g = like(x)
    expected = pull(f, x)(g)
    for same in (np.asfortranarray(x), np.flip(np.flip(x).copy())):
        close(pull(f, np.asarray(same).reshape(x.shape))(g), expected)


@given(compositions(), arrays())
def test_single_precision_is_less_precise_and_no_more(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.mean(np.tanh(f(x)))
    double, single = ag.grad(loss)(x), ag.grad(loss)(x.astype(np.float32))
    assert single.dtype == np.float32
    assume(np.max(np.abs(f(x)), initial=0) < 50)
    close(single, double, 2e-2, 2e-3)


# --- transforms agree --------------------------------------------------------------------------


@given(compositions(), arrays())
def test_value_and_grad_is_both(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.sum(np.sin(f(x)))
    value, gradient = ag.value_and_grad(loss)(x)
    np.testing.assert_array_equal(value, loss(x))
    np.testing.assert_array_equal(gradient, ag.grad(loss)(x))


@given(compositions(), arrays((2, 2)))
def test_jacobian_has_the_vjps_as_rows(f: Any, x: np.ndarray) -> None:
    j, back = ag.jacobian(lambda x: f(x) @ x)(x), pull(lambda x: f(x) @ x, x)
    for i in np.ndindex(2, 2):
        e = np.zeros((2, 2))
        e[i] = 1
        close(j[i], back(e))


@given(compositions(), arrays((2, 2)))
def test_jacobian_has_the_jvps_as_columns(f: Any, x: np.ndarray) -> None:
    wide = lambda x: np.concatenate([f(x) @ x, np.sin(x)])
    j = ag.jacobian(wide)(x)
    for i in np.ndindex(2, 2):
        e = np.zeros((2, 2))
        e[i] = 1
        close(j[(..., *i)], ag.jvp(wide, (x,), (e,))[1])


@given(compositions(), arrays((3,)))
def test_hessian_is_the_jacobian_of_the_gradient(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.sum(f(x)) * np.sum(x * x)
    close(ag.hessian(loss)(x), ag.jacobian(ag.grad(loss))(x))


@given(compositions(), arrays((3,)))
def test_hvp_is_the_product_with_the_hessian(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.sum(f(x)) * np.sum(x * x)
    close(ag.hvp(loss)(x, like(x)), ag.hessian(loss)(x) @ like(x))


@given(compositions(), arrays((3,)))
def test_the_slope_of_the_gradient_is_the_hvp(f: Any, x: np.ndarray) -> None:
    loss = lambda x: np.sum(f(x)) * np.sum(x * x)
    close(ag.jvp(ag.grad(loss), (x,), (like(x),))[1], ag.hvp(loss)(x, like(x)))


@given(FUNCTIONS, arrays((3,)))
def test_elementwise_grad_is_the_diagonal(f: Any, x: np.ndarray) -> None:
    close(ag.elementwise_grad(f)(x), np.diag(ag.jacobian(f)(x)))


@given(programs(), arrays((3,)), arrays((3,)))
def test_argnums_one_by_one_or_together(f: Any, x: np.ndarray, y: np.ndarray) -> None:
    loss = lambda x, y: f(x, y) + 0.0 * np.sum(x + y)
    both = ag.grad(loss, (0, 1))(x, y)
    close(both[0], ag.grad(loss, 0)(x, y))
    close(both[1], ag.grad(loss, -1)(x, y))
    close(ag.grad(loss, (1, 0))(x, y)[0], both[1])


@given(programs(), arrays((3,)), arrays((3,)))
def test_containers_are_arguments_in_a_row(f: Any, x: np.ndarray, y: np.ndarray) -> None:
    loss = lambda x, y: f(x, y) + 0.0 * np.sum(x + y)
    packed = ag.grad(lambda p: loss(p["a"][0], p["b"]["c"][1]))({"a": [x], "b": {"c": (x, y)}})
    gx, gy = ag.grad(loss, (0, 1))(x, y)
    close(packed["a"][0], gx)
    close(packed["b"]["c"][1], gy)
    close(packed["b"]["c"][0], np.zeros(3))


@given(compositions(), arrays())
def test_gradients_at_a_computed_tensor(f: Any, x: np.ndarray) -> None:
    """∂L/∂x = Jᵀ ∂L/∂h, with the two factors from one graph."""
    t = ag.Tensor(x, requires_grad=True)
    h = np.tanh(t)
    gh, gx = ag.gradients(np.sum(f(h)), [h, t])
    close(gx, gh.data * (1 - np.tanh(x) ** 2))
    assert t.grad is None


@given(compositions(), arrays((3,)))
def test_create_graph_is_nested_grad(f: Any, x: np.ndarray) -> None:
    t = ag.Tensor(x, requires_grad=True)
    loss = lambda x: np.sum(np.sin(f(x))) + 0.0 * np.sum(x**3)
    (g,) = ag.gradients(loss(t), t, create_graph=True)
    (h,) = ag.gradients((g * like(x)).sum(), t)
    close(h, ag.hvp(loss)(x, like(x)))


# --- nesting and closures ----------------------------------------------------------------------


@given(ENTRIES, st.integers(4, 7))
def test_grad_nested_to_depth_four(x: float, n: int) -> None:
    f = lambda x: x**n
    for depth in range(4):
        close(f(x), math.perm(n, depth) * x ** (n - depth))
        f = ag.grad(f)


@given(ENTRIES, ENTRIES, ENTRIES, ENTRIES)
def test_closures_to_depth_four(a: float, b: float, c: float, d: float) -> None:
    """∂/∂a (a ∂/∂b (a b² ∂/∂c (a b c² ∂/∂d (a b c d²)))) by hand: 2⁴ · (4 a³ · 1) at the values."""
    g = ag.grad
    f = lambda a: (
        a
        * g(lambda b: a * b**2 * g(lambda c: a * b * c**2 * g(lambda d: a * b * c * d**2)(d))(c))(b)
    )
    # innermost: 2abcd; then ∂/∂c of 2a²b²c³d is 6a²b²c²d; then ∂/∂b of 6a³b⁴c²d is 24a³b³c²d;
    # then ∂/∂a of 24a⁴b³c²d is 96a³b³c²d.
    close(g(f)(a), 96 * a**3 * b**3 * c**2 * d)


@given(ENTRIES, ENTRIES)
def test_variables_are_not_confused(x: float, y: float) -> None:
    inner = lambda x: ag.grad(lambda y: x * y * y)(y) * x
    close(ag.grad(inner)(x), 4 * x * y)
    close(ag.grad(lambda x: x * ag.grad(lambda y: x + y)(y))(x), 1.0)
    close(ag.grad(lambda x: ag.grad(lambda x: x * x)(x) * x)(x), 4 * x)


@given(FUNCTIONS, FUNCTIONS, ENTRIES)
def test_forward_inside_reverse_and_reverse_inside_forward(f: Any, g: Any, x: float) -> None:
    slope = lambda f: lambda x: ag.jvp(f, (x,), (1.0,))[1]
    h = lambda x: f(g(x)) * x
    second = ag.grad(ag.grad(h))(x)
    for mixed in (ag.grad(slope(h)), slope(ag.grad(h)), slope(slope(h))):
        close(mixed(x), second)


@given(FUNCTIONS, ENTRIES, ENTRIES)
def test_transforms_work_under_no_grad_and_restore_it(f: Any, x: float, y: float) -> None:
    loss = lambda x: f(x) * y + 0.0 * x**2
    with ag.no_grad():
        inside = ag.grad(ag.grad(loss))(x)
        assert not ag.is_grad_enabled()
    close(inside, ag.grad(ag.grad(loss))(x))


@given(FUNCTIONS, arrays((3,)))
def test_a_captured_tensor_gets_its_gradient(f: Any, w: np.ndarray) -> None:
    """The gradient of a gradient with respect to what the function closes over."""
    t = ag.Tensor(w, requires_grad=True)
    ag.grad(lambda x: np.sum(f(x * t)))(np.ones(3)).sum().backward()
    d = ag.elementwise_grad
    close(t.grad, d(lambda w: d(lambda x: f(x * w))(np.ones(3)))(w))


# --- Value and Tensor --------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(["sin", "tanh", "exp", "sigmoid", "softplus"]), max_size=4),
    ENTRIES,
    ENTRIES,
)
def test_value_and_tensor_are_one_mathematics(names: list[str], x: float, y: float) -> None:
    def f(x: Any, y: Any) -> Any:
        z = x * y + x / (y * y + 1) - 2 * y
        for name in names:
            z = getattr(z * 0.25, name)() + x
        return z * z

    a, b = ag.Value(x), ag.Value(y)
    t, u = ag.Tensor(x, requires_grad=True), ag.Tensor(y, requires_grad=True)
    value, tensor = f(a, b), f(t, u)
    value.backward()
    tensor.backward()
    close(value.data, tensor)
    close([a.grad, b.grad], [t.grad.item(), u.grad.item()])
