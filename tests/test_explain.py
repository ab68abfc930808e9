"""explain: the sum over the paths is the gradient, exactly, however many paths there are."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from tests import graphs


def test_w1():
    f = graphs.w1()
    x = f.parents[0].parents[0]
    found = ag.explain(f, x)
    assert found.total == -4.0
    assert found.terms[0].path == ("f", "q", "x")
    assert found.terms[0].locals == (-4.0, 1.0)
    assert str(found) == ("df/dx: the sum over 1 path\n  f → q → x:  (-4) · 1 = -4\n  sum = -4")


def test_two_paths_of_a_square():
    x = ag.Value(3.0, "x")
    found = ag.explain(x * x, x)
    assert found.count == 2
    assert [term.product for term in found.terms] == [3.0, 3.0]
    assert found.total == 6.0


def test_w4_one_weight_by_hand():
    """∂E/∂w1 goes through o1 and o2: 0.0008771 · 0.05 / 0.1 in the source's numbers."""
    E = graphs.w4()
    drawing = ag.draw(E)
    assert "w1" in drawing.text
    w1 = _named(E, "w1")
    found = ag.explain(E, w1)
    E.backward()
    assert found.count == 2
    assert found.total == pytest.approx(w1.grad, rel=1e-12)
    assert sum(term.product for term in found.terms) == pytest.approx(0.000438568, rel=1e-5)
    assert math.prod(found.terms[0].locals) == pytest.approx(found.terms[0].product)


def _named(root, name):
    todo = [root]
    for value in todo:
        if value.name == name:
            return value
        todo += value.parents
    raise AssertionError(name)


def test_more_paths_than_are_listed_are_summed_exactly():
    y = x = ag.Value(1.0, "x")
    for _ in range(40):
        y = y * 0.5 + y * 0.25
    found = ag.explain(y, x)
    assert found.count == 2**40
    assert len(found.terms) == 64
    assert found.terms[0].product == 0.5**40  # the largest first
    products = [abs(term.product) for term in found.terms]
    assert products == sorted(products, reverse=True)
    assert found.total == pytest.approx(0.75**40, rel=1e-12)
    assert found.rest == pytest.approx(found.total - sum(products), rel=1e-12)
    assert "1,099,511,627,712 more paths, summed" in found.text


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from("+*-")),
        min_size=1,
        max_size=12,
    )
)
def test_the_sum_is_the_gradient(steps):
    """Against a direct enumeration of the paths."""
    values = [ag.Value(1.5, "x")]
    for i, j, op in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(a + b if op == "+" else a * b if op == "*" else a - b)
    f, x = values[-1], values[0]
    with np.errstate(all="ignore"):
        products = list(_paths(f, x))
    if not products or len(products) > 3_000:
        return
    found = ag.explain(f, x)
    assert found.count == len(products)
    assert found.total == pytest.approx(math.fsum(products), rel=1e-9, abs=1e-9)
    assert len(found.terms) == min(64, len(products))


def _paths(f, x, product=1.0):
    if f is x:
        yield product
        return
    for parent, partial in zip(f.parents, f.partials, strict=True):
        yield from _paths(parent, x, product * partial)


def test_an_interior_value_and_itself():
    f = graphs.w1()
    q = f.parents[0]
    assert ag.explain(f, q).total == -4.0
    assert ag.explain(f, f).total == 1.0


@pytest.fixture
def network(rng):
    W = ag.Tensor(rng.normal(size=(3, 2)), requires_grad=True, name="W")
    h = np.tanh(rng.normal(size=(5, 3)) @ W)
    loss = (h * h).sum() + (W * W).sum()
    loss.name = "L"
    return loss, W


def test_arrays_by_entry(network):
    loss, W = network
    by_index, by_entry = ag.explain(loss, W[0, 1]), ag.explain(loss, W, entry=(0, 1))
    loss.backward()
    exact = W.grad.data[0, 1]
    assert by_index.total == pytest.approx(exact)
    assert by_entry.total == pytest.approx(exact)
    assert sum(term.product for term in by_entry.terms) == pytest.approx(exact)
    assert by_index.title == "dL/dW[0, 1]"
    assert "its size by" in by_index.text


def test_arrays_by_size(network):
    loss, W = network
    found = ag.explain(loss, W)
    loss.backward()
    assert found.total == pytest.approx(np.linalg.norm(W.grad.data))
    for term in found.terms:
        assert math.prod(term.locals) == pytest.approx(term.product)
    assert "the size of the sum" in found.text


def test_a_path_is_drawn_lit(network):
    drawing = ag.explain(*network).draw()
    assert drawing.dot.source.count('penwidth="2.2"') or drawing.dot.source.count("penwidth=2.2")
    f = graphs.w1()
    lit = ag.explain(f, f.parents[0].parents[0]).draw().dot.source
    wires = re.findall(r"id=\"?(w[\w.]+)[io]\"? .*penwidth=2.2", lit)
    assert set(wires) == {"wn3.0", "wn4.0"}


def test_html_is_a_table_without_markup_from_names():
    x = ag.Value(2.0, "<b>x</b>")
    html = ag.explain(x * 3.0, x)._repr_html_()
    assert html.startswith("<table>")
    assert "<b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.explain(graphs.w1(), ag.Value(1.0)), "no path"),
        (lambda: ag.explain(ag.Tensor([1.0], requires_grad=True) * 2.0, _sum()[1]), "no path"),
        (lambda: ag.explain(*_twice()), "not one real number"),
        (lambda: ag.explain(*_sum(), entry=7), "not one entry"),
        (lambda: ag.explain(ag.Tensor(1.0), ag.Tensor(1.0)), "outside of any graph"),
    ],
)  # fmt: skip
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def _twice():
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    return x * 2.0, x


def _sum():
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    return (x * x).sum(), x


def test_a_rule_that_is_not_linear_is_found():
    @ag.primitive
    def odd(x):
        return x * 1.0

    odd.defvjp(lambda g, out, x: np.abs(g), saves=())
    x = ag.Tensor(2.0, requires_grad=True)
    y = odd(x)
    with pytest.raises(RuntimeError, match="not linear"):
        ag.explain(y * 3.0 - y * 5.0, x)


def test_paths_through_an_operation_with_several_results():
    x = ag.Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True, name="x")
    q, r = np.linalg.qr(x)
    y = np.sum(r * r * r) + np.sum(q)
    (exact,) = ag.gradients(y, x, retain_graph=True)
    assert "qr" in ag.explain(y, x).text
    found = ag.explain(y, x, entry=(0, 1))
    assert found.total == pytest.approx(exact.data[0, 1])
    assert sum(term.product for term in found.terms) == pytest.approx(exact.data[0, 1])
