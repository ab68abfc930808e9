"""Rows for reading and writing parts of an array: every form of NumPy's index."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault

s_ = np.s_
ROWS, COLUMNS = np.array([2, 0, 2]), np.array([1, 1, 3])
MASK = np.array(
    [[True, False, True, False], [False, False, True, True], [True, True, False, False]]
)

INDICES: dict[str, Any] = {
    "an integer": s_[1],
    "a negative integer": s_[-1],
    "two integers": s_[1, -2],
    "a slice": s_[1:3],
    "a slice with a step": s_[::2, 1::2],
    "a negative step": s_[::-1, ::-2],
    "an empty slice": s_[2:2],
    "an ellipsis": s_[..., 1],
    "a new axis": s_[:, None, 1],
    "nothing": s_[()],
    "everything": s_[...],
    "a list": [2, 0],
    "a list with repetitions": [2, 0, 2, 2],
    "negative positions": [-1, 0, -1],
    "an array of two axes": np.array([[0, 1], [1, 2]]),
    "an array without entries": np.array([], int),
    "a pair of arrays": (ROWS, COLUMNS),
    "a pair of arrays that broadcast": (ROWS[:, None], COLUMNS),
    "an array and a slice": (ROWS, s_[1:]),
    "a slice and an array": (s_[1:], COLUMNS),
    "an array and a new axis": (ROWS, None),
    "an integer and an array": (1, COLUMNS),
    "a mask": MASK,
    "a mask of rows": np.array([True, False, True]),
    "a mask of nothing": np.zeros((3, 4), bool),
    "a mask of columns": (s_[:], np.array([True, False, False, True])),
    "a number of NumPy": np.int64(2),
}
THREE: dict[str, Any] = {
    "arrays on both sides of a slice": (np.array([0, 1, 1]), s_[:], np.array([2, 2, 0])),
    "arrays after a slice": (s_[:], np.array([0, 2]), np.array([1, 3])),
    "an integer between arrays": (np.array([0, 1]), 1, np.array([3, 3])),
    "a mask of two axes, then a slice": (MASK[:2, :3], s_[1:]),
    "an ellipsis between": (np.array([1, 0]), s_[...], 2),
}


def _read(index: Any) -> Callable[..., Any]:
    return lambda x: x[index]


def _written(index: Any) -> Callable[..., Any]:
    def f(x: Any, v: Any) -> Any:
        t = x * 2.0
        t[index] = v
        return t * t

    return f


def _set(index: Any) -> Callable[..., Any]:
    index = jnp.asarray(index) if isinstance(index, list) else index
    return lambda x, v: (x * 2.0).at[index].set(v) ** 2


def _jax_read(index: Any) -> Callable[..., Any]:
    index = np.asarray(index) if isinstance(index, list) else index
    return lambda x: x[index]


# JAX leaves it open which of several writes to one place wins; NumPy says the last one.
_REPEATED = ("a list with repetitions", "negative positions", "an array of two axes")


def _part(index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(np.zeros(shape)[index].shape)


def _twice(x: Any) -> Any:
    """Many reads of one array, whose gradients meet in one buffer."""
    return sum(x[i] * x[-1 - i] for i in range(3)) + x[[0, 0, 1]].sum(0) * x[1]


def _chain_of_writes(x: Any, v: Any) -> Any:
    t = x * x
    t[0] = v * (t[1] * 1.0)
    t[:, 1] = t[:, 0] * 3.0
    t[[0, 0], [2, 2]] = t[1, :2]
    t[2] = t[2] + t[0]
    return t


def _write_into_zeros(v: Any) -> Any:
    t = v.sum() * np.zeros(4)
    t[1:3] = v * v
    t[3] = v[0]
    return t


def _along(indices: Any, axis: int | None) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def f(x: Any) -> Any:
        return np.take_along_axis(x, indices, axis)

    def reference(x: Any) -> Any:
        return jnp.take_along_axis(x, jnp.asarray(indices), axis)

    return f, reference


CASES = [
    *[
        Case(f"getitem {name}", _read(i), [((3, 4),)], jax=_jax_read(i), primitives=("getitem",))
        for name, i in INDICES.items()
    ],
    *[
        Case(f"getitem {name}", _read(i), [((2, 3, 4),)], jax=_jax_read(i), primitives=("getitem",))
        for name, i in THREE.items()
    ],
    *[
        Case(
            f"setitem {name}",
            _written(i),
            [((3, 4), _part(i, (3, 4))), ((3, 4), ())],
            jax=None if name in _REPEATED else _set(i),
            primitives=("setitem",),
        )
        for name, i in INDICES.items()
    ],
    *[
        Case(
            f"setitem {name}",
            _written(i),
            [((2, 3, 4), _part(i, (2, 3, 4)))],
            jax=_set(i),
            primitives=("setitem",),
        )
        for name, i in THREE.items()
    ],
    Case("setitem broadcast over rows", _written(s_[1:]), [((3, 4), (4,)), ((3, 4), (2, 1))]),
    Case("setitem with leading axes of one", _written(s_[1]), [((3, 4), (1, 1, 4))]),
    Case("setitem several times", _chain_of_writes, [((3, 4), (4,))]),
    Case("setitem into zeros", _write_into_zeros, [((2,),)]),
    Case("getitem in a loop", _twice, [((3, 4),), ((3,),)], primitives=("gather",)),
    Case("iteration", lambda x: sum(row * k for k, row in enumerate(x, 1)), [((3, 2),), ((4,),)]),
    Case(
        "take",
        lambda x: np.take(x, [3, 0, 3]),
        [((3, 4),), ((6,),)],
        jax=lambda x: jnp.take(x, np.array([3, 0, 3])),
    ),
    Case(
        "take axis=1",
        lambda x: np.take(x, np.array([[0, 2], [1, 1]]), axis=1),
        [((2, 3),), ((2, 3, 2),)],
        jax=lambda x: jnp.take(x, np.array([[0, 2], [1, 1]]), axis=1),
    ),
    Case(
        "take one, axis=-1", lambda x: x.take(2, axis=-1), [((2, 3),)], jax=lambda x: x.take(2, -1)
    ),
    *[
        Case(f"take_along_axis {name}", *[f], [shapes], jax=reference)
        for name, (f, reference), shapes in [
            ("axis=1", _along(np.array([[0, 2, 2], [1, 0, 1]]), 1), ((2, 3),)),
            ("axis=0", _along(np.array([[1, 0, 1]]), 0), ((2, 3),)),
            ("flat", _along(np.array([5, 0, 5]), None), ((2, 3),)),
            ("indices that broadcast", _along(np.array([[2, 0]]), 1), ((3, 4),)),
            ("an array that broadcasts", _along(np.array([[2, 0], [1, 1]]), 1), ((1, 4),)),
        ]
    ],
    Case(
        "take_along_axis of argsort",
        lambda x: np.take_along_axis(x, np.argsort(x, axis=0), 0),
        [((4, 3),)],
        domain="distinct",
        jax=lambda x: jnp.sort(x, axis=0),
    ),
]

FAULTS = [
    Fault(f"getitem {name}", _read(i), (np.ones((3, 4)),), IndexError, match)
    for name, i, match in [
        ("out of range", 3, "3.*out of bounds"),
        ("negative out of range", -4, "-4.*out of bounds"),
        ("too many", (0, 0, 0), "too many indices"),
        ("float", 1.0, "integers"),
        ("mask of the wrong shape", np.ones((2, 4), bool), "boolean index|mask"),
        ("array out of range", [0, 5], "5.*out of bounds"),
    ]
] + [
    Fault(
        "take axis", lambda x: np.take(x, 0, axis=2), (np.ones((3, 4)),), IndexError, "take: axis 2"
    ),
    Fault(
        "take out of range", lambda x: np.take(x, 9, axis=0), (np.ones((3, 4)),), IndexError, "9"
    ),
    Fault(
        "take_along_axis dimensions",
        lambda x: np.take_along_axis(x, np.array([0]), 0),
        (np.ones((3, 4)),),
        ValueError,
        r"take_along_axis.*\(3, 4\).*\(1,\)",
    ),
    Fault(
        "setitem shape",
        lambda x, v: (x * 1).__setitem__(0, v),
        (np.ones((3, 4)), np.ones(3)),
        ValueError,
        r"\(3,\).*\(4,\)",
    ),
]
