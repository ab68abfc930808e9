"""Rows for autograd/ops/products.py."""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Kink

_MATMUL_SHAPES = [
    ((2, 3), (3, 4)),
    ((9, 8), (8, 10)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((4, 2, 3), (3, 2)),
    ((2, 2, 4, 3), (3, 5)),
    ((4, 2, 3), (3,)),
    ((2, 3), (4, 3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (5, 3, 1)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((2, 0, 3), (3, 4)),
    ((2, 3, 0), (0, 2)),
]


def _row(name: str, f: Any, jax: Any, shapes: Any, **options: Any) -> Case:
    options.setdefault("rounding", 1e-14)
    return Case(name, f, shapes, jax=jax, **options)


def _same(name: str, shapes: Any, *, numpy: Any = None, **options: Any) -> Case:
    """A row whose function has the same name in NumPy and JAX."""
    return _row(name, numpy or getattr(np, name), getattr(jnp, name), shapes, **options)


def _on_both_sides(f: Any, y: Any, x: Any) -> Any:
    return f(x, y), f(y, x)


_VECTORS = [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((30, 3), (30, 3))]

CASES = [
    _row("matmul", np.matmul, jnp.matmul, _MATMUL_SHAPES, primitives=("matmul",)),
    _row("@", lambda x, y: x @ y, jnp.matmul, [((2, 3), (3, 4)), ((3,), (3, 2))], rounding=0.0),
    _row(
        "matrix @ list",
        lambda x: x @ [[1.0, 2.0], [3.0, 4.0]],
        lambda x: x @ jnp.array([[1.0, 2.0], [3.0, 4.0]]),
        [((3, 2),)],
        rounding=0.0,
    ),
    _row(
        "list @ matrix",
        lambda x: np.matmul([1.0, 2.0], x),
        lambda x: jnp.array([1.0, 2.0]) @ x,
        [((2, 3),)],
        rounding=0.0,
    ),
    *[
        _row(
            f"{name} with {other}",
            partial(_on_both_sides, getattr(np, name), other),
            partial(_on_both_sides, getattr(jnp, name), jnp.array(other)),
            [((2,),)],
        )
        for name in ("dot", "inner", "outer", "kron", "vdot")
        for other in ([2.0, 3.0], 2.0)
        if (name, other) != ("vdot", 2.0)
    ],
    _row("linalg.matmul", np.linalg.matmul, jnp.matmul, [((2, 3), (3, 4))]),
    _same(
        "dot",
        [
            ((), ()),
            ((), (3,)),
            ((2, 3), ()),
            ((3,), (3,)),
            ((2, 3), (3, 4)),
            ((2, 3, 4), (4,)),
            ((4,), (4, 2)),
            ((4,), (2, 4, 3)),
            ((2, 3, 4), (4, 2)),
            ((2, 3, 4), (5, 4, 2)),
            ((0, 3), (3, 2)),
        ],
    ),
    _same(
        "inner", [((), (2,)), ((3,), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,)), ((9, 8), (9, 8))]
    ),
    _same("vdot", [((3,), (3,)), ((2, 3), (3, 2)), ((), ()), ((0,), (0,))]),
    _same("outer", [((3,), (2,)), ((2, 3), (2,)), ((), (3,)), ((9,), (10,)), ((0,), (2,))]),
    _row("linalg.outer", np.linalg.outer, jnp.outer, [((3,), (2,))]),
    _same("tensordot", [((2, 3, 4), (3, 4, 2)), ((3, 4), (3, 4)), ((9, 3, 3), (3, 3, 9))]),
    _row(
        "tensordot axes=0",
        lambda a, b: np.tensordot(a, b, axes=0),
        lambda a, b: jnp.tensordot(a, b, axes=0),
        [((2, 3), (4,)), ((), (2,)), ((2,), (3,))],
    ),
    _row(
        "tensordot axes=((1, -1), (0, 1))",
        lambda a, b: np.tensordot(a, b, axes=((1, -1), (0, 1))),
        lambda a, b: jnp.tensordot(a, b, axes=((1, -1), (0, 1))),
        [((2, 3, 4), (3, 4, 5)), ((1, 3, 2), (3, 2, 1)), ((2, 0, 4), (0, 4, 3))],
    ),
    _row(
        "tensordot axes=(-1, 0)",
        lambda a, b: np.linalg.tensordot(a, b, axes=(-1, 0)),
        lambda a, b: jnp.tensordot(a, b, axes=((-1,), (0,))),
        [((2, 3), (3, 4, 2))],
    ),
    _same(
        "kron", [((2,), (3,)), ((2, 3), (4, 2)), ((2,), (3, 2)), ((2, 1, 2), (2, 3)), ((), (3,))]
    ),
    _row("vecdot", np.vecdot, jnp.vecdot, _VECTORS),
    _row(
        "linalg.vecdot axis=0",
        lambda x, y: np.linalg.vecdot(x, y, axis=0),
        lambda x, y: jnp.vecdot(x, y, axis=0),
        [((3,), (3,)), ((3, 2), (3, 2)), ((3, 2), (3, 1))],
    ),
    _row("cross", np.cross, jnp.cross, _VECTORS, rounding=0.0, primitives=("cross",)),
    _row(
        "cross axis=0",
        lambda x, y: np.cross(x, y, axis=0),
        lambda x, y: jnp.cross(x, y, axis=0),
        [((3, 2), (3, 2))],
        rounding=0.0,
    ),
    _row(
        "cross axisa=0 axisb=1 axisc=0",
        lambda x, y: np.cross(x, y, axisa=0, axisb=1, axisc=0),
        lambda x, y: jnp.cross(x, y, axisa=0, axisb=1, axisc=0),
        [((3, 2), (2, 3))],
        rounding=0.0,
    ),
    _row("linalg.cross", np.linalg.cross, jnp.cross, [((2, 3), (2, 3))], rounding=0.0),
]

if hasattr(np, "matvec"):  # NumPy 2.2
    CASES += [
        _row(
            "matvec", np.matvec, jnp.matvec, [((2, 3), (3,)), ((4, 2, 3), (4, 3)), ((2, 3), (5, 3))]
        ),
        _row(
            "vecmat", np.vecmat, jnp.vecmat, [((2,), (2, 3)), ((4, 2), (4, 2, 3)), ((5, 2), (2, 3))]
        ),
    ]

KINKS: list[Kink] = []

_O = np.ones

FAULTS = [
    Fault(
        "matmul of shapes that do not fit",
        np.matmul,
        (_O((2, 3)), _O((2, 3))),
        ValueError,
        r"matmul: the shapes \(2, 3\) and \(2, 3\) do not fit.*Transpose",
    ),
    Fault("matmul with a number", lambda x: x @ 2.0, (_O((2, 3)),), ValueError, r"matmul.*\*"),
    Fault(
        "matmul of stacks that do not broadcast",
        np.matmul,
        (_O((2, 3, 3)), _O((4, 3, 3))),
        ValueError,
        r"\(2, 3, 3\) and \(4, 3, 3\).*broadcast",
    ),
    Fault(
        "dot of shapes that do not fit",
        np.dot,
        (_O((2, 3, 4)), _O((3, 3, 5))),
        ValueError,
        r"dot: the axes \(2,\) of shape \(2, 3, 4\) and the axes \(1,\) of shape \(3, 3, 5\) differ",
    ),
    Fault("inner", np.inner, (_O((2, 3)), _O((2, 4))), ValueError, r"inner: .*\(2, 3\).*\(2, 4\)"),
    Fault("vdot", np.vdot, (_O(3), _O(4)), ValueError, r"vdot: .*\(3,\).*\(4,\)"),
    Fault(
        "tensordot over axes whose product agrees",
        np.tensordot,
        (_O((2, 3)), _O((3, 2))),
        ValueError,
        r"tensordot: the axes \(0, 1\) of shape \(2, 3\)",
    ),
    Fault(
        "tensordot over an axis that does not exist",
        lambda a, b: np.tensordot(a, b, axes=(2, 0)),
        (_O((2, 3)), _O((3, 2))),
        IndexError,
        r"axis 2 is out of range .*2 axes \(-2 to 1\)",
    ),
    Fault("vecdot of a number", np.vecdot, (_O(()), _O(3)), ValueError, "vecdot: .*must exist"),
    Fault("vecdot with a number", np.vecdot, (_O(3), _O(())), ValueError, "vecdot: .*must exist"),
    Fault("vecdot", np.vecdot, (_O((2, 3)), _O((2, 1))), ValueError, "vecdot: .*same length"),
    Fault("cross of plane vectors", np.cross, (_O((4, 2)), _O((4, 2))), ValueError, "3 components"),
    Fault(
        "matmul out=",
        lambda x: np.matmul(x, np.ones((2, 2)), out=np.zeros((2, 2))),
        (_O((2, 2)),),
        TypeError,
        "out=",
    ),
]
