"""Linear algebra where it is delicate: singular matrices, equal values, huge entries, costs."""

import math
from collections.abc import Callable
from itertools import pairwise, permutations, product
from typing import Any

import numpy as np
import pytest

import autograd as ag

LinAlgError = np.linalg.LinAlgError


def gradient(f: Callable[[Any], Any], at: Any) -> Any:
    x = ag.Tensor(at, requires_grad=True)
    f(x).backward()
    return x.grad.data


def slope_of_gradient(f: Callable[[Any], Any], at: Any, direction: Any) -> Any:
    """The Hessian of ``f`` times a direction."""
    x = ag.Tensor(at, requires_grad=True)
    f(x).backward(create_graph=True)
    along = np.sum(x.grad * np.asarray(direction))
    x.grad = None
    along.backward()
    return x.grad.data


def leibniz(x: Any) -> Any:
    """det as its definition, the sum over permutations: a polynomial, differentiable everywhere."""
    n = x.shape[-1]
    total: Any = 0.0
    for order in permutations(range(n)):
        inversions = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        total = total + (-1.0) ** inversions * math.prod([x[i, order[i]] for i in range(n)])
    return total


SINGULAR = {
    "rank 2": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "rank 1": np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]]),
    "rank 0": np.zeros((3, 3)),
    "rank 3 of 4": np.diag([2.0, -3.0, 0.0, 5.0])[[1, 0, 3, 2]],
    "rank 2 of 4": np.diag([2.0, -3.0, 0.0, 0.0]),
    "nearly singular": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0 + 1e-9]]),
    "equal singular values": np.array([[0.0, 2.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 0.0, -2.0]]),
}


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_det_has_its_gradient_and_hessian_at_every_matrix(x: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(
        gradient(np.linalg.det, x), gradient(leibniz, x), rtol=1e-12, atol=1e-13
    )
    for _ in range(3):
        v = rng.normal(size=x.shape)
        np.testing.assert_allclose(
            slope_of_gradient(np.linalg.det, x, v),
            slope_of_gradient(leibniz, x, v),
            rtol=1e-11,
            atol=1e-12,
        )


def third_order(f: Callable[[Any], Any], at: np.ndarray, v: np.ndarray, w: np.ndarray) -> Any:
    x = ag.Tensor(at, requires_grad=True)
    f(x).backward(create_graph=True)
    along = np.sum(x.grad * v)
    x.grad = None
    along.backward(create_graph=True)
    along = np.sum(x.grad * w)
    x.grad = None
    along.backward()
    return x.grad.data


def test_third_derivative_of_det_is_right_or_refused() -> None:
    rng = np.random.default_rng(1)
    x, v, w = rng.normal(size=(3, 3, 3))
    np.testing.assert_allclose(
        third_order(np.linalg.det, x, v, w), third_order(leibniz, x, v, w), rtol=1e-9
    )
    with pytest.raises(LinAlgError, match="inv: Singular matrix"):
        third_order(np.linalg.det, np.zeros((3, 3)), v, w)
    for name in ("rank 2", "nearly singular"):  # LU finds a tiny pivot, not a zero
        with pytest.raises(LinAlgError, match=r"(?i)singular"):
            third_order(np.linalg.det, SINGULAR[name], v, w)


# --- equal eigenvalues and singular values -----------------------------------------------------


def spectral(h: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: np.sum(h(np.linalg.eigvalsh(x)))


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_functions_of_the_eigenvalues_are_differentiable_where_they_are_equal(scale: float) -> None:
    rng = np.random.default_rng(2)
    q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    w = scale * np.array([1.0, 1.0, 1.0, 3.0])
    x = (q * w) @ q.T
    expected = (q * 3 * w**2) @ q.T  # of the sum of w³: 3 A², folded onto the triangle that is read
    folded = np.tril(expected) + np.tril(expected, -1)
    found = gradient(spectral(lambda w: w**3), (x + x.T) / 2)
    np.testing.assert_allclose(found, folded, rtol=1e-10, atol=1e-13 * scale**2)


def test_what_depends_on_the_vectors_of_equal_eigenvalues_is_nan_not_a_number() -> None:
    weights = np.array([[1.0, 2.0], [2.0, 5.0]])

    def of_vectors(x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return np.sum(weights * ((v * w) @ v.T))  # smooth as a whole, but eigh can't tell

    with np.errstate(all="ignore"):
        for size in (1.0, 1e-30, 1e30):
            assert np.isnan(gradient(lambda x, size=size: size * of_vectors(x), np.eye(2))).any()
        assert np.isnan(slope_of_gradient(spectral(np.square), np.eye(2), weights)).any()
        at = np.linalg.eigh(np.eye(2))[1]
        distance = lambda x: np.sum((np.linalg.eigh(x)[1] - at) ** 2 * weights)
        assert not gradient(distance, np.eye(2)).any()  # its gradient is 0 there, its slope unknown
        assert np.isnan(slope_of_gradient(distance, np.eye(2), weights)).any()
    apart = np.diag([1.0, 1.5])
    np.testing.assert_allclose(gradient(of_vectors, apart), [[1.0, 0.0], [4.0, 5.0]], atol=1e-14)


def test_a_result_that_no_turn_changes_is_not_disturbed_by_rounding() -> None:
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    x = (q * [1.0, 1.0, 2.0]) @ q.T

    def trace(x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return 1e8 * np.trace((v * w) @ v.T)

    np.testing.assert_allclose(gradient(trace, (x + x.T) / 2), 1e8 * np.eye(3), atol=1e-5)


def test_vectors_beside_equal_eigenvalues_are_not_affected() -> None:
    """The projector onto the largest eigenvalue's vector, of a matrix with a triple zero."""

    def leading(x: Any) -> Any:
        v = np.linalg.eigh(x)[1][:, -1]
        return np.sum(np.outer(v, v) * np.arange(16.0).reshape(4, 4))

    u = np.array([[1.0], [2.0], [-1.0], [0.5]])
    x = u @ u.T
    step = np.zeros((4, 4))
    step[3, 1] = 1e-6
    numeric = (leading(x + step) - leading(x - step)) / 2e-6
    np.testing.assert_allclose(gradient(leading, x)[3, 1], numeric, rtol=1e-8)


def test_singular_vectors_of_equal_values_are_nan_and_values_are_not() -> None:
    x = np.diag([2.0, 2.0, 1.0])
    with np.errstate(all="ignore"):
        weights = np.arange(1.0, 4.0)
        assert np.isnan(gradient(lambda x: np.linalg.svd(x)[0][:, 0] @ weights, x)).any()
        rank_one = np.diag([1.0, 0.0, 0.0])
        assert np.isnan(gradient(lambda x: np.linalg.svd(x)[2][1] @ weights, rank_one)).any()
    np.testing.assert_allclose(gradient(lambda x: np.linalg.svd(x)[1][2], x), np.diag([0, 0, 1.0]))
    np.testing.assert_allclose(
        gradient(lambda x: np.sum(np.linalg.svdvals(x) ** 2), x), 2 * x, atol=1e-14
    )


def test_added_vectors_of_a_full_svd_count_as_a_space_only() -> None:
    x = np.random.default_rng(3).normal(size=(4, 2))
    with np.errstate(all="ignore"):
        assert np.isnan(gradient(lambda x: np.linalg.svd(x)[0][0, 3], x)).any()
    rest = lambda x: np.sum(np.linalg.norm(np.linalg.svd(x)[0][:, 2:], axis=1) * np.arange(4))
    assert np.isfinite(gradient(rest, x)).all()


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_what_counts_as_equal_depends_on_the_size_of_the_matrix(scale: float) -> None:
    x = np.random.default_rng(4).normal(size=(4, 3))
    h = x.T @ x

    def left(x: Any) -> Any:
        return np.sum(
            np.linalg.svd(x, full_matrices=False)[0] ** 2 * np.arange(12.0).reshape(4, 3) ** 2
        )

    def eigen(x: Any) -> Any:
        return np.sum(np.linalg.eigh(x)[1] ** 2 * np.arange(9.0).reshape(3, 3) ** 2)

    for f, at in ((left, x), (eigen, h)):
        np.testing.assert_allclose(gradient(f, scale * at) * scale, gradient(f, at), rtol=1e-9)


# --- sizes of numbers --------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e200, 1e-160, 1e-200, 3e-308, 1e308, 1.0])
@pytest.mark.parametrize("order", [None, 3, 1.5, -1, -3])
def test_norms_neither_overflow_nor_vanish(scale: float, order: float | None) -> None:
    unit = np.array([0.75, -1.0])
    x = unit * scale
    found = np.linalg.norm(ag.Tensor(x), order).item()
    np.testing.assert_allclose(found, np.linalg.norm(unit, order) * scale, rtol=1e-14)
    expected = gradient(lambda x: np.linalg.norm(x, order), unit)
    np.testing.assert_allclose(
        gradient(lambda x: np.linalg.norm(x, order), x), expected, rtol=1e-14
    )


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize("order", ["nuc", 2, -2])
def test_norms_by_singular_values_at_every_scale(order: Any, scale: float) -> None:
    q = np.linalg.qr(np.random.default_rng(6).normal(size=(3, 3)))[0]
    norm = lambda x: np.linalg.norm(x, order)
    for x in (q, q * [3.0, 2.0, 1.0], q[:, :1] * [1.0, 2.0, 3.0]):  # a tie, none, rank 1
        found = norm(ag.Tensor(scale * x)).item()
        np.testing.assert_allclose(found, norm(scale * x), rtol=1e-14, atol=1e-15 * scale)
        expected = {"nuc": q, 2: q / 3, -2: q / 3}[order] if x is q else gradient(norm, x)
        np.testing.assert_allclose(gradient(norm, scale * x), expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("order", [None, 3, -1])
def test_norms_of_infinite_entries(order: float | None) -> None:
    x = ag.Tensor([1.0, np.inf])
    np.testing.assert_array_equal(np.linalg.norm(x, order).data, np.linalg.norm(x.data, order))


def test_norm_scales_each_vector_by_itself() -> None:
    x = np.array([[3e200, 4e200], [3.0, 4.0], [0.0, 0.0], [3e-200, 4e-200]])
    found = np.linalg.norm(ag.Tensor(x), axis=1).data
    np.testing.assert_allclose(found, [5e200, 5.0, 0.0, 5e-200], rtol=1e-15)
    np.testing.assert_allclose(
        gradient(lambda x: np.sum(np.linalg.norm(x, axis=1)), x),
        [[0.6, 0.8], [0.6, 0.8], [0.0, 0.0], [0.6, 0.8]],
    )


@pytest.mark.parametrize("order", [None, 3, 1.5])
def test_the_second_derivative_of_a_norm_at_zero_is_nan_not_a_number(order: float | None) -> None:
    """Of ‖x‖² it would be 2, but the chain rule has 0 · inf on its way there."""
    square = lambda x: np.linalg.norm(x, order) ** 2
    np.testing.assert_array_equal(gradient(square, np.zeros(3)), np.zeros(3))
    assert np.isnan(slope_of_gradient(square, np.zeros(3), np.ones(3))).all()


def test_the_second_derivative_of_a_norm_with_zero_entries() -> None:
    x, v = np.array([0.0, 2.0, -1.0]), np.array([1.0, 0.5, 2.0])
    for order in (3, 2.5, None):
        f = lambda x, order=order: np.linalg.norm(x, order)
        step = 1e-4 * v * (x != 0)  # along the zero entry the slope of |x|^1.5 is no power series
        numeric = (gradient(f, x + step) - gradient(f, x - step)) / 2e-4
        found = slope_of_gradient(f, x, v * (x != 0))
        np.testing.assert_allclose(found, numeric, rtol=1e-7, atol=1e-12)
    assert np.isnan(slope_of_gradient(lambda x: np.linalg.norm(x, 1.5), x, v)[0])  # infinite there


@pytest.mark.parametrize("order", [None, 1, 3, -1, np.inf, -np.inf])
def test_norms_of_whole_numbers_are_floating(order: float | None) -> None:
    x = np.array([3, -4, 1])
    found = np.linalg.norm(ag.Tensor(x), order).data
    np.testing.assert_allclose(found, np.linalg.norm(x, order), rtol=1e-15)
    assert found.dtype == np.float64


# --- rank --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rcond", [None, -1, 1e-10, 0.5])
def test_lstsq_counts_the_rank_as_numpy_does(rcond: float | None) -> None:
    b = np.ones(3)
    for small, scale in product((3e-16, 1e-11, 0.3, 0.7), (1e-20, 1.0, 1e20)):
        a = scale * np.array([[1.0, 0.0], [0.0, small], [0.0, 0.0]])
        _, residuals, rank, values = np.linalg.lstsq(ag.Tensor(a), b, rcond)
        expected = np.linalg.lstsq(a, b, rcond)
        assert rank == expected[2]
        assert residuals.shape == expected[1].shape
        np.testing.assert_allclose(values.data, expected[3], rtol=1e-15)


def test_singular_values_that_are_cut_off_though_not_zero_give_nan_not_a_number() -> None:
    a, b = np.array([[2.0, 0.0], [0.0, 1.0], [0.5, 0.0]]), np.ones(3)
    assert np.isnan(gradient(lambda x: np.sum(np.linalg.pinv(x, 0.9)), a)).all()
    assert np.isnan(gradient(lambda x: np.sum(np.linalg.lstsq(x, b, 0.9)[0]), a)).all()
    assert np.isfinite(gradient(lambda x: np.sum(np.linalg.pinv(x, 0.1)), a)).all()


# --- costs -------------------------------------------------------------------------------------


def test_multi_dot_multiplies_in_the_cheapest_order() -> None:
    column, row = ag.Tensor(np.ones((50, 1)), requires_grad=True), np.ones((1, 50))
    out = np.linalg.multi_dot([column, row, column])
    assert out.node.parents[0] is column.node  # column @ (row @ column)


def cheapest(sizes: list[int]) -> int:
    """The fewest multiplications for a chain of matrices sizes[i] x sizes[i + 1]: every order is tried."""
    if len(sizes) <= 2:
        return 0
    return min(
        sizes[k - 1] * sizes[k] * sizes[k + 1] + cheapest(sizes[:k] + sizes[k + 1 :])
        for k in range(1, len(sizes) - 1)
    )


def test_multi_dot_costs_what_the_best_order_costs() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        sizes = [int(n) for n in rng.integers(1, 8, size=rng.integers(4, 7))]
        arrays = [ag.Tensor(np.ones(shape), requires_grad=True) for shape in pairwise(sizes)]
        waiting, cost = [np.linalg.multi_dot(arrays).node], 0
        while waiting:
            node = waiting.pop()
            if node.parents:
                x, y = node.parents
                cost += x.out.shape[0] * x.out.shape[1] * y.out.shape[1]
                waiting += [x, y]
        assert cost == cheapest(sizes)


def test_matrix_power_needs_few_products() -> None:
    x = ag.Tensor(np.eye(2), requires_grad=True)
    node, count = np.linalg.matrix_power(x, 1024).node, 0
    while node.parents:
        node, count = node.parents[0], count + 1
    assert count == 10
