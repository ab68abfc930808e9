"""Attention: a loop over queries and keys, masks, dropout, what is tracked and what is kept.
Formulas, gradients and refused calls are rows of ``tests/cases/attention.py``."""

import gc
import itertools
import math
import tracemalloc

import jax
import numpy as np
import pytest

import autograd as ag
import nn.functional as F


def by_loops(q, k, v, allowed):
    """One query after the other, in the words of the definition."""
    out = np.zeros((len(q), v.shape[1]))
    for i, query in enumerate(q):
        weights = {
            j: math.exp(np.dot(query, key) / math.sqrt(q.shape[1]))
            for j, key in enumerate(k)
            if allowed[i, j]
        }
        total = sum(weights.values())
        out[i] = sum(w / total * v[j] for j, w in weights.items()) if weights else np.nan
    return out


@pytest.fixture
def qkv(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(6, 3)), rng.normal(size=(6, 2))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_the_loop(qkv, dtype, rng):
    allowed = rng.random((4, 6)) < 0.5
    allowed[:, 2] = True
    causal = np.tri(4, 6, dtype=bool)
    given = [a.astype(dtype) for a in qkv]
    for mask, seen in [(None, causal | True), (allowed, allowed)]:
        found = F.scaled_dot_product_attention(*given, mask)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, by_loops(*qkv, seen), rtol=1e-5, atol=1e-6)
    found = F.scaled_dot_product_attention(*given, is_causal=True)
    np.testing.assert_allclose(found, by_loops(*qkv, causal), rtol=1e-5, atol=1e-6)


def test_one_mask_in_booleans_in_numbers_and_in_a_list(qkv):
    allowed = np.array([[True, False] * 3, [True] * 6, [False] * 5 + [True], [True] * 6])
    expected = F.scaled_dot_product_attention(*qkv, allowed)
    for mask in (np.where(allowed, 0.0, -np.inf), allowed.tolist(), ag.Tensor(allowed)):
        found = F.scaled_dot_product_attention(*qkv, mask)
        np.testing.assert_array_equal(getattr(found, "data", found), expected)


def test_a_query_that_sees_nothing_is_nan_and_the_others_are_not(qkv):
    allowed = np.ones((4, 6), bool)
    allowed[1] = False
    q, k, v = (ag.Tensor(a, requires_grad=True) for a in qkv)
    out = F.scaled_dot_product_attention(q, k, v, allowed)
    np.testing.assert_allclose(out.data, by_loops(*qkv, allowed))
    out[[0, 2, 3]].sum().backward()
    assert np.isnan(q.grad.data[1]).all()
    assert np.isfinite(q.grad.data[[0, 2, 3]]).all()


def test_scores_of_ten_thousand(qkv):
    q, k, v = qkv
    out = F.scaled_dot_product_attention(q * 1e4, k, v)
    np.testing.assert_allclose(out, v[(q @ k.T).argmax(1)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dropout_takes_out_weights_and_keeps_the_average(qkv, dtype):
    q, k, v = (a.astype(dtype) for a in qkv)
    v = np.eye(6, dtype=dtype)  # so that the result shows the weights
    weights = F.scaled_dot_product_attention(q, k, v)
    rng = np.random.default_rng(3)
    found = [F.scaled_dot_product_attention(q, k, v, dropout_p=0.25, rng=rng) for _ in range(3000)]
    assert found[0].dtype == dtype
    share = np.array(found) / weights
    np.testing.assert_allclose(share, np.where(share > 0, 4 / 3, 0), rtol=1e-5)
    assert 0.24 < np.mean(share == 0) < 0.26
    np.testing.assert_allclose(np.mean(found, 0), weights, atol=0.03)


def test_dropout_draws_from_the_default_generator(qkv):
    ag.manual_seed(5)
    first = F.scaled_dot_product_attention(*qkv, dropout_p=0.5)
    ag.manual_seed(5)
    np.testing.assert_array_equal(F.scaled_dot_product_attention(*qkv, dropout_p=0.5), first)


SUBSETS = [s for n in (1, 2, 3, 4) for s in itertools.combinations(range(4), n)]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("chosen", SUBSETS)
def test_gradients_of_any_of_the_arguments(qkv, chosen, dropout, rng):
    """Rules share what they compute, so each choice of tracked arguments is a way of its own."""
    arrays = [*qkv, rng.normal(size=(4, 6))]

    def f(*given):
        arguments = list(arrays)
        for i, a in zip(chosen, given, strict=True):
            arguments[i] = a
        drawn = np.random.default_rng(1)
        return F.scaled_dot_product_attention(*arguments, dropout, rng=drawn)

    ag.gradcheck(f, *[arrays[i] for i in chosen], order=2)


def test_a_pass_that_leaves_out_an_argument_and_a_second_one(qkv):
    q, k, v = (ag.Tensor(a, requires_grad=True) for a in qkv)
    expected = ag.gradients((F.scaled_dot_product_attention(q, k, v) ** 2).sum(), [q, k, v])
    loss = (F.scaled_dot_product_attention(q, k, v) ** 2).sum()
    for asked in ([0], [1, 2], [0, 1, 2]):
        found = ag.gradients(loss, [(q, k, v)[i] for i in asked], retain_graph=True)
        for i, g in zip(asked, found, strict=True):
            np.testing.assert_allclose(g.data, expected[i].data, rtol=1e-12)


def test_second_derivatives_where_the_first_pass_has_plain_numbers(qkv):
    """The seed, the queries and the values are arrays, the keys a tensor: nothing kept may be used."""
    q, k, v = qkv

    def gradient(key):
        key = ag.Tensor(key, requires_grad=True)
        out = F.scaled_dot_product_attention(q, key, v)
        (g,) = ag.gradients(out, [key], np.ones_like(out.data), create_graph=True)
        return g, key

    g, key = gradient(k)
    (found,) = ag.gradients((g * g).sum(), [key])
    expected, eps = np.zeros_like(k), 1e-5
    for i in np.ndindex(k.shape):
        step = np.zeros_like(k)
        step[i] = eps
        ends = [(gradient(k + s)[0].data ** 2).sum() for s in (step, -step)]
        expected[i] = (ends[0] - ends[1]) / (2 * eps)
    np.testing.assert_allclose(found.data, expected, rtol=1e-6, atol=1e-8)


def test_after_the_backward_pass_no_weights_are_left():
    rng = np.random.default_rng(0)
    q, k, v = (ag.Tensor(rng.normal(size=(400, 4)), requires_grad=True) for _ in range(3))
    tracemalloc.start()
    try:
        loss = F.scaled_dot_product_attention(q, k, v).sum()
        with_graph, _ = tracemalloc.get_traced_memory()
        loss.backward()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert with_graph > 400 * 400 * 8
    assert after < 400 * 400  # the loss is still there, and its graph
    gc.collect()
    create = F.scaled_dot_product_attention(q, k, v).sum()
    (g,) = ag.gradients(create, [q], create_graph=True)
    del create, g, loss
    assert gc.collect() == 0


def test_gradients_in_single_precision_are_within_1e_5(rng):
    arrays = [rng.normal(size=s) for s in ((2, 9, 8), (2, 12, 8), (2, 12, 5))]
    single = [a.astype(np.float32) for a in arrays]

    def loss(q, k, v):
        return np.sum(F.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2)

    everything = (0, 1, 2)
    double = ag.grad(loss, everything)(*[a.astype(float) for a in single])
    for found, expected in zip(ag.grad(loss, everything)(*single), double, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_jacobian_and_hessian_are_those_of_jax(qkv):
    def formula(q, k, v):
        return jax.nn.softmax(q @ k.T / np.sqrt(3.0), -1) @ v

    everything = (0, 1, 2)
    attention = F.scaled_dot_product_attention
    expected = jax.jacobian(formula, everything)(*qkv)
    second = jax.hessian(lambda *a: (formula(*a) ** 3).sum(), everything)(*qkv)
    for found, e in zip(ag.jacobian(attention, everything)(*qkv), expected, strict=True):
        np.testing.assert_allclose(found, e, rtol=1e-9, atol=1e-12)
    hessian = ag.hessian(lambda *a: np.sum(attention(*a) ** 3), everything)(*qkv)
    for row, expected_row in zip(hessian, second, strict=True):
        for found, e in zip(row, expected_row, strict=True):
            np.testing.assert_allclose(found, e, rtol=1e-8, atol=1e-10)
