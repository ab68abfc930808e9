"""einsum against what it is defined as: nested loops over all indices, on random subscripts."""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.ops.einsum import einsum

ELLIPSIS = "αβ"  # what "..." stands for, in the loops


@dataclass
class Call:
    """A call of einsum, as the caller writes it and as the loops read it."""

    subscripts: str
    shapes: list[tuple[int, ...]]
    terms: list[str]
    result: str
    sizes: dict[str, int]


@st.composite
def calls(draw: Any, most: int = 3) -> Call:
    """Any valid call: repeated and summed indices, ellipses, sizes 0 to 3, axes of size 1 that stretch."""
    letters = "ijkZ"
    size = st.sampled_from([0, 1, 2, 2, 3])
    sizes = {label: draw(size) for label in letters + ELLIPSIS}
    if not draw(st.booleans()):  # zeros everywhere would hide most mistakes
        sizes = {label: n or 2 for label, n in sizes.items()}
    written, terms, shapes = [], [], []
    for _ in range(draw(st.integers(1, most))):
        named = draw(st.lists(st.sampled_from(letters), max_size=3))
        at = draw(st.integers(-1, len(named)))  # where the ellipsis stands; -1: nowhere
        extra = ELLIPSIS[draw(st.integers(0, 2)) :] if at >= 0 else ""
        term = "".join(named) if at < 0 else "".join(named[:at]) + extra + "".join(named[at:])
        spelled = "".join(named) if at < 0 else "".join(named[:at]) + "..." + "".join(named[at:])
        stretched = {c for c in term if term.count(c) == 1 and draw(st.integers(0, 5)) == 0}
        written.append(spelled)
        terms.append(term)
        shapes.append(tuple(1 if c in stretched else sizes[c] for c in term))
    everything = "".join(terms)
    for label in set(everything):  # an index that is 1 everywhere has size 1
        axes = [(t, s) for t, s in zip(terms, shapes, strict=True) if label in t]
        if all(s[i] == 1 for t, s in axes for i, c in enumerate(t) if c == label):
            sizes[label] = 1
    extra = "".join(c for c in ELLIPSIS if c in everything)
    if draw(st.booleans()):
        used = [c for c in letters if c in everything]
        named = draw(st.permutations(used))[: draw(st.integers(0, len(used)))]
        result = extra + "".join(named)
        subscripts = ",".join(written) + "->" + ("..." if extra else "") + "".join(named)
    else:
        result = extra + "".join(sorted(c for c in letters if everything.count(c) == 1))
        subscripts = ",".join(written)
    return Call(subscripts, shapes, terms, result, {c: sizes[c] for c in set(everything)})


def loops(call: Call, arrays: list[np.ndarray], u: np.ndarray | None = None) -> Any:
    """The result; with ``u`` the gradients of Σ u · result, one for each operand."""
    out = np.zeros([call.sizes[c] for c in call.result])
    gradients = [np.zeros(a.shape) for a in arrays]
    labels = list(call.sizes)
    for values in product(*[range(call.sizes[c]) for c in labels]):
        at = dict(zip(labels, values, strict=True))
        places = [
            tuple(0 if n == 1 else at[c] for c, n in zip(term, shape, strict=True))
            for term, shape in zip(call.terms, call.shapes, strict=True)
        ]
        factors = [a[place] for a, place in zip(arrays, places, strict=True)]
        where = tuple(at[c] for c in call.result)
        out[where] += prod(factors)
        if u is not None:
            for k, place in enumerate(places):
                gradients[k][place] += u[where] * prod(factors[:k] + factors[k + 1 :])
    return out if u is None else gradients


def numbers(shapes: list[tuple[int, ...]], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape) for shape in shapes]


def close(actual: Any, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-12)


@given(calls())
def test_value_is_that_of_nested_loops(call: Call) -> None:
    arrays = numbers(call.shapes)
    expected = loops(call, arrays)
    close(einsum(call.subscripts, *arrays), expected)
    close(np.einsum(call.subscripts, ag.Tensor(arrays[0]), *arrays[1:]).data, expected)


@given(calls())
def test_gradient_is_that_of_nested_loops(call: Call) -> None:
    arrays = numbers(call.shapes)
    tensors = [ag.Tensor(a, requires_grad=True) for a in arrays]
    out = np.einsum(call.subscripts, *tensors)
    (u,) = numbers([out.shape], seed=1)
    out.backward(u)
    for t, expected in zip(tensors, loops(call, arrays, u), strict=True):
        close(t.grad.data, expected)


@given(calls(most=2))
def test_second_order_is_that_of_nested_loops(call: Call) -> None:
    """einsum is linear in each operand: the gradient's gradient exchanges operand and direction."""
    arrays = numbers(call.shapes)
    tensors = [ag.Tensor(a, requires_grad=True) for a in arrays]
    out = np.einsum(call.subscripts, *tensors)
    (u,) = numbers([out.shape], seed=1)
    out.backward(u, create_graph=True)
    direction = numbers(call.shapes, seed=2)
    along = np.sum(tensors[0].grad * direction[0])
    for t in tensors:
        t.grad = None
    if along.requires_grad:
        along.backward()
    expected = loops(call, [direction[0], *arrays[1:]], u)
    for t, e in zip(tensors[1:], expected[1:], strict=True):
        close(np.zeros(t.shape) if t.grad is None else t.grad.data, e)
    assert tensors[0].grad is None or not tensors[0].grad.data.any()


@given(calls())
def test_numbered_form_says_the_same(call: Call) -> None:
    numbers_of = {"i": 30, "j": 31, "k": 40, "Z": 3}

    def numbered(term: str) -> list[Any]:
        term = term.replace("...", ".")
        return [Ellipsis if c == "." else numbers_of[c] for c in term]

    terms, arrow, result = call.subscripts.partition("->")
    arrays = numbers(call.shapes)
    mixed: list[Any] = []
    for array, term in zip(arrays, terms.split(","), strict=True):
        mixed += [array, numbered(term)]
    if arrow:
        mixed.append(numbered(result))
    close(einsum(*mixed), einsum(call.subscripts, *arrays))


@given(st.text(alphabet="ijk.,->$ 1", max_size=12), st.lists(st.integers(0, 3), max_size=3))
def test_any_subscripts_give_numpys_result_or_a_value_error(
    subscripts: str, ndims: list[int]
) -> None:
    arrays = [np.ones((2,) * n) for n in ndims]
    try:
        expected = np.einsum(subscripts, *arrays)
    except (ValueError, TypeError):
        with pytest.raises(ValueError, match="einsum: "):
            einsum(subscripts, *arrays)
    else:
        close(einsum(subscripts, *arrays), expected)


def test_float32_stays_float32() -> None:
    a = ag.Tensor(np.ones((3, 3), np.float32), requires_grad=True)
    out = np.einsum("ij,jk,kk->i", a, a, a)
    out.backward(np.ones(3, np.float32))
    assert out.dtype == a.grad.dtype == np.float32


def test_a_product_of_matrices_reads_its_operands_where_they_are() -> None:
    """Transposed operands go to the matrix product as views: nothing is copied."""
    seen: list[Any] = []

    class Spy(np.ndarray):
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
            seen.extend(inputs)
            return getattr(ufunc, method)(*[np.asarray(x) for x in inputs], **kwargs)

    a, b = np.ones((4, 5)), np.ones((4, 6))
    einsum("ji,jk->ik", a.view(Spy), b.view(Spy))
    assert [np.shares_memory(x, y) for x, y in zip(seen, (a, b), strict=True)] == [True, True]


def test_three_operands_are_contracted_in_a_cheap_order() -> None:
    a, b, c = (ag.Tensor(np.ones(s), requires_grad=True) for s in [(9, 9), (9, 9), (9,)])
    out = np.einsum("ij,jk,k->i", a, b, c)
    assert out.node.parents[1].out.shape == (9,)  # b @ c first
