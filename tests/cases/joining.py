"""Rows for joining and splitting."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.ops import joining

from .case import Case, Fault, disagreeing

SAME = [((3,), (3,)), ((2, 3), (2, 3)), ((2, 1, 2), (2, 1, 2)), ((0,), (0,)), ((1, 4), (1, 4))]
ROWS = [((3,), (2,)), ((2, 3), (1, 3)), ((2, 2, 2), (3, 2, 2)), ((0,), (2,)), ((2, 3), (0, 3))]


def _joined(text: str, shapes: Any, *options: Any, **named: Any) -> Case:
    """``np.name([x, y, x], ...)`` against ``jnp.name``."""
    name = text.split()[0]
    f, reference = getattr(np, name), getattr(jnp, name)
    return Case(
        text,
        lambda x, y: f([x, y, x], *options, **named),
        shapes,
        jax=lambda x, y: reference([x, y, x], *options, **named),
    )


def _split(text: str, shapes: Any, *options: Any) -> Case:
    """``np.name(x, ...)`` against ``jnp.name``."""
    name = text.split()[0]
    f, reference = getattr(np, name), getattr(jnp, name)
    return Case(
        text,
        lambda x: tuple(f(x, *options)),
        shapes,
        jax=lambda x: tuple(reference(x, *options)),
        primitives=("getitem",),
    )


CASES = [
    # --- joining
    _joined("concatenate", ROWS),
    _joined("concatenate axis=0", SAME, axis=0),
    _joined(
        "concatenate axis=-1", [((2, 3), (2, 1)), ((2, 2, 1), (2, 2, 3)), ((3,), (1,))], axis=-1
    ),
    _joined("concatenate axis=1", [((2, 3), (2, 0)), ((1, 3), (1, 1))], axis=1),
    _joined("concatenate axis=None", [((2, 3), (4,)), ((), (2,)), ((0,), (1, 1))], axis=None),
    Case(
        "concatenate of one",
        lambda x: np.concatenate([x]),
        [((3,),), ((2, 2),)],
        primitives=("concatenate",),
    ),
    Case(
        "concatenate with plain arrays",
        lambda x: np.concatenate([[1.0], x, np.ones(2)]),
        [((3,),), ((0,),)],
    ),
    Case("concatenate dtype", lambda x, y: np.concatenate([x, y], dtype=np.float64), ROWS),
    Case("concatenate of fifty", lambda x: np.concatenate([x * i for i in range(50)]), [((2,),)]),
    _joined("stack", [*SAME, ((), ())]),
    _joined("stack axis=-1", [*SAME, ((), ())], axis=-1),
    _joined("stack axis=1", SAME, axis=1),
    Case("stack of one", lambda x: np.stack([x]), [((3,),), ((),)], primitives=("stack",)),
    Case("stack with plain arrays", lambda x: np.stack([x, np.ones(3), [1, 2, 3]]), [((3,),)]),
    _joined("vstack", [*SAME, ((2, 3), (3,)), ((), ())]),
    _joined("hstack", [*SAME, ((3,), (2,)), ((2, 3), (2, 1)), ((), ())]),
    _joined("dstack", [*SAME, ((2, 3), (2, 3)), ((), ())]),
    _joined("column_stack", [*SAME, ((2,), (2, 3))]),
    Case("vstack of one", lambda x: np.vstack([x]), [((3,),), ((2, 3),)]),
    Case(
        "append",
        lambda x, y: np.append(x, y),
        [((3,), (2,)), ((2, 2), ()), ((0,), (1,))],
        jax=jnp.append,
    ),
    Case(
        "append axis=0",
        lambda x, y: np.append(x, y, axis=0),
        ROWS,
        jax=lambda x, y: jnp.append(x, y, axis=0),
    ),
    Case(
        "block of a row",
        lambda x, y: np.block([x, y]),
        [((3,), (2,)), ((2, 3), (2, 1)), ((), (2,))],
        jax=lambda x, y: jnp.block([x, y]),
    ),
    Case(
        "block of rows",
        lambda x, y: np.block([[x, y], [y, x]]),
        [((2, 2), (2, 2)), ((3,), (3,)), ((), ())],
        jax=lambda x, y: jnp.block([[x, y], [y, x]]),
    ),
    Case(
        "block with numbers",
        lambda x: np.block([[x, np.ones((2, 1))], [np.zeros(3), 5.0]]),
        [((2, 3),)],
    ),
    Case("block of cubes", lambda x: np.block([[[x, x]], [[2 * x, x]]]), [((2, 1, 2),), ((2,),)]),
    Case("block of one", lambda x: np.block(x * 2), [((3,),), ((),)]),
    # --- splitting
    _split("split 3", [((6,),), ((3, 2),), ((3, 0),)], 3),
    disagreeing(
        _split("split [1, 3]", [((5,),), ((4, 2),), ((2,),)], [1, 3]),
        ((2,),),
        why="JAX refuses a cut beyond the end; to NumPy it is a slice, x[1:3], and x[3:] is empty.",
    ),
    Case("split [-1]", lambda x: tuple(np.split(x, [-1])), [((5,),), ((4, 2),)]),
    _split("split 2 axis=-1", [((4,),), ((3, 2),), ((1, 2, 4),)], 2, -1),
    _split("array_split 3", [((5,),), ((4, 2),), ((2,),), ((0,),)], 3),
    _split("array_split 2 axis=1", [((2, 3),), ((2, 3, 2),)], 2, 1),
    _split("hsplit 2", [((4,),), ((3, 2),), ((2, 4, 2),)], 2),
    _split("vsplit 2", [((4, 1),), ((2, 3),)], 2),
    _split("dsplit 2", [((1, 2, 4),), ((2, 2, 2),)], 2),
    Case(
        "unstack",
        lambda x: joining.unstack(x) if hasattr(x, "data") else tuple(x),
        [((3,),), ((2, 3),)],
    ),
    Case(
        "delete",
        lambda x: np.delete(x, [0, 2]),
        [((4,),), ((2, 3),)],
        jax=lambda x: jnp.delete(x, np.array([0, 2])),
    ),
    Case(
        "delete axis=1",
        lambda x: np.delete(x, 1, axis=1),
        [((2, 3),), ((1, 2),)],
        jax=lambda x: jnp.delete(x, 1, axis=1),
    ),
    Case(
        "delete by slice and mask",
        lambda x: np.delete(np.delete(x, slice(1, 3), 0), [True, False], 0),
        [((4,),), ((4, 2),)],
    ),
    Case(
        "split and join", lambda x: np.concatenate(np.split(x * x, 2)[::-1]), [((4,),), ((2, 3),)]
    ),
]

FAULTS = [
    Fault(
        "concatenate: shapes",
        lambda x, y: np.concatenate([x, y]),
        (np.ones((2, 3)), np.ones((2, 4))),
        ValueError,
        r"concatenate.*\(2, 3\), \(2, 4\)",
    ),
    Fault(
        "concatenate: axes",
        lambda x, y: np.concatenate([x, y]),
        (np.ones((2, 3)), np.ones(3)),
        ValueError,
        r"concatenate.*\(2, 3\), \(3,\)",
    ),
    Fault(
        "concatenate: axis",
        lambda x: np.concatenate([x, x], axis=2),
        (np.ones((2, 3)),),
        IndexError,
        "concatenate: axis 2.*-2 to 1",
    ),
    Fault(
        "concatenate: numbers",
        lambda x: np.concatenate([x, x]),
        (1.0,),
        ValueError,
        "concatenate: zero-dim",
    ),
    Fault(
        "concatenate: nothing", lambda x: joining.concatenate([]), (1.0,), ValueError, "concatenate"
    ),
    Fault(
        "stack: shapes",
        lambda x, y: np.stack([x, y]),
        (np.ones(2), np.ones(3)),
        ValueError,
        r"stack.*\(2,\), \(3,\)",
    ),
    Fault(
        "stack: axis",
        lambda x: np.stack([x, x], axis=3),
        (np.ones((2, 3)),),
        IndexError,
        "stack.*axis 3",
    ),
    Fault(
        "vstack: shapes",
        lambda x, y: np.vstack([x, y]),
        (np.ones(2), np.ones(3)),
        ValueError,
        r"concatenate.*\(1, 2\), \(1, 3\)",
    ),
    Fault(
        "block: empty list",
        lambda x: np.block([[x], []]),
        (np.ones(2),),
        ValueError,
        "block: an empty list",
    ),
    Fault(
        "split: sections",
        lambda x: np.split(x, 3),
        (np.ones((4, 2)),),
        ValueError,
        r"split: 4 .*\(4, 2\).* 3 equal",
    ),
    Fault(
        "split: axis",
        lambda x: np.split(x, 2, axis=1),
        (np.ones(4),),
        IndexError,
        "split.*axis 1.*dimension 1",
    ),
    Fault("split: float", lambda x: np.split(x, 2.0), (np.ones(4),), TypeError, "integer"),
    Fault(
        "array_split: sections",
        lambda x: np.array_split(x, 0),
        (np.ones(4),),
        ValueError,
        "at least 1 section",
    ),
    Fault(
        "hsplit of a number", lambda x: np.hsplit(x, 1), (1.0,), ValueError, "hsplit.*at least 1"
    ),
    Fault(
        "vsplit of a row", lambda x: np.vsplit(x, 2), (np.ones(4),), ValueError, r"vsplit.*\(4,\)"
    ),
    Fault(
        "dsplit of a matrix",
        lambda x: np.dsplit(x, 2),
        (np.ones((2, 2)),),
        ValueError,
        r"dsplit.*\(2, 2\)",
    ),
    Fault("delete: index", lambda x: np.delete(x, 5), (np.ones(3),), IndexError, "index 5"),
    Fault(
        "delete: axis", lambda x: np.delete(x, 0, 1), (np.ones(3),), IndexError, "delete: axis 1"
    ),
    Fault(
        "insert has no rule", lambda x: np.insert(x, 1, 2.0), (np.ones(3),), TypeError, "np.insert"
    ),
]
