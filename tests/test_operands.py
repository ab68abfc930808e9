"""A number, a list and an array of one value are the same operand, on either side of every function
of two arguments: the same value, the same gradients to order 2, and float32 stays float32."""

import pkgutil
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import autograd as ag
import autograd.ops
from autograd.primitive import Binary

X = np.array([0.6, 0.9, 1.2, 1.9])

BINARIES = {
    primitive.name: primitive
    for found in pkgutil.iter_modules(autograd.ops.__path__)
    for primitive in vars(import_module(f"autograd.ops.{found.name}")).values()
    if isinstance(primitive, Binary) and primitive.name not in ("cross", "masked", "matmul")
}
NUMBERS = [
    1.5,
    2,
    np.float64(1.5),
    np.float32(1.5),
    np.int64(2),
    np.array(1.5),
    [1.5] * 4,
    (2,) * 4,
]
SIDES = {
    "right": lambda f, c: lambda x: f(x, c),
    "left": lambda f, c: lambda x: f(c, x),
}


def _derivatives(f: Any) -> tuple[Any, Any]:
    first = ag.elementwise_grad(f)
    return first(X), ag.elementwise_grad(lambda x: first(x) + 0 * x**2)(X)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("name", sorted(BINARIES))
def test_a_number_is_an_array_of_it(name: str, number: Any, side: str) -> None:
    f = BINARIES[name]
    try:
        expected = f(X, np.full(4, float(np.max(number))))
    except TypeError:
        pytest.skip("takes whole numbers")
    if name in ("ldexp",) and np.asarray(number).dtype.kind == "f":
        pytest.skip("takes whole numbers")
    whole = np.full(4, np.max(number), dtype=np.asarray(number).dtype)
    one, many = SIDES[side](f, number), SIDES[side](f, whole)
    np.testing.assert_array_equal(one(X), many(X))
    assert np.shape(expected) == (4,)
    for a, b in zip(_derivatives(one), _derivatives(many), strict=True):
        np.testing.assert_allclose(
            a, b, rtol=1e-6 if whole.dtype == np.float32 else 1e-12, atol=1e-12
        )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("number", [1.5, 2])
@pytest.mark.parametrize("name", sorted(BINARIES))
def test_single_precision_stays(name: str, number: Any, side: str) -> None:
    f = SIDES[side](BINARIES[name], number)
    x = X.astype(np.float32)
    try:
        plain = f(x)
    except TypeError:
        pytest.skip("takes whole numbers")
    t = ag.Tensor(x, requires_grad=True)
    y = f(t)
    assert y.dtype == plain.dtype
    (g,) = ag.gradients(y, t, np.ones_like(y.data), create_graph=True)
    assert g.dtype == np.float32
    assert (g * g).dtype == np.float32


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", sorted(BINARIES))
def test_a_tracked_number_gets_the_sum(name: str, side: str) -> None:
    """The gradient of a 0-d operand is the sum over what it was repeated along."""
    f = BINARIES[name]
    if name == "ldexp":
        pytest.skip("takes whole numbers")
    both = (lambda c: f(X, c)) if side == "left" else (lambda c: f(c, X))
    repeated = ag.elementwise_grad(lambda c: both(c))(np.full(4, 1.5))
    np.testing.assert_allclose(ag.elementwise_grad(both)(1.5), repeated.sum(), rtol=1e-12)
