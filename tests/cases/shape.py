"""Rows for the shape functions."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Shapes

ANY: list[Shapes] = [((),), ((1,),), ((6,),), ((2, 3),), ((2, 1, 3),), ((0,),), ((0, 2),)]
LINES: list[Shapes] = [((1,),), ((5,),), ((2, 3),), ((2, 0),), ((3, 1, 2),)]
MATRICES: list[Shapes] = [((2, 3),), ((3, 2),), ((1, 1),), ((2, 3, 4),), ((0, 3),)]
CUBES: list[Shapes] = [((2, 3, 4),), ((1, 2, 1),), ((2, 0, 3),)]


def named(text: str, shapes: Any, primitive: str, *options: Any, **named: Any) -> Case:
    """``np.name(x, ...)`` against ``jnp.name(x, ...)``."""
    name = text.split()[0]
    f, reference = getattr(np, name), getattr(jnp, name)
    return Case(
        text,
        lambda x: f(x, *options, **named),
        shapes,
        jax=lambda x: reference(x, *options, **named),
        primitives=(primitive,) if primitive else (),
    )


CASES = [
    # --- other shapes
    Case(
        "reshape",
        lambda x: np.reshape(x, (2, -1)),
        [((6,),), ((2, 3),), ((4, 1, 2),)],
        jax=lambda x: jnp.reshape(x, (2, -1)),
        primitives=("reshape",),
    ),
    Case("reshape to (3, 0)", lambda x: np.reshape(x, (3, 0)), [((0,),), ((2, 0),)]),
    Case("reshape to ()", lambda x: np.reshape(x, ()), [((),), ((1,),), ((1, 1),)]),
    Case("reshape to a number", lambda x: np.reshape(x, 6), [((6,),), ((2, 3),)]),
    Case(
        "reshape column by column",
        lambda x: np.reshape(x, (3, -1), order="F"),
        [((6,),), ((2, 3),), ((2, 3, 2),)],
        jax=lambda x: jnp.reshape(x, (3, -1), order="F"),
    ),
    Case("reshape shape=", lambda x: x.reshape((3, 2)) + x.reshape(3, 2), [((6,),), ((2, 3),)]),
    named("ravel", ANY, "reshape"),
    Case(
        "ravel column by column",
        lambda x: np.ravel(x, order="F"),
        ANY,
        jax=lambda x: jnp.ravel(x, order="F"),
    ),
    Case("flatten", lambda x: x.flatten() * 2, ANY, primitives=("copy",)),
    named("expand_dims 0", ANY, "reshape", 0),
    named("expand_dims -1", ANY, "", -1),
    named("expand_dims (0, -1)", ANY, "", (0, -1)),
    named("expand_dims (1, 2)", LINES, "", (1, 2)),
    named("squeeze", [((1,),), ((2, 1, 3),), ((),), ((1, 0),)], ""),
    named("squeeze 1", [((2, 1, 3),), ((3, 1),)], "", 1),
    named("squeeze (0, -1)", [((1, 2, 1),), ((1, 1),)], "", (0, -1)),
    named("atleast_1d", ANY, ""),
    named("atleast_2d", ANY, ""),
    named("atleast_3d", ANY, ""),
    Case("atleast_2d of several", lambda x, y: np.atleast_2d(x, y), [((), (3,)), ((2, 3), (1,))]),
    Case("atleast_3d of a list", lambda x: np.atleast_3d(x, [1.0, 2.0])[0], ANY),
    # --- other orders of the axes
    named("transpose", ANY, "transpose"),
    named("transpose (1, 2, 0)", CUBES, "transpose", (1, 2, 0)),
    named("transpose (-1, 0, 1)", CUBES, "", (-1, 0, 1)),
    Case("T", lambda x: x.T * np.arange(2.0), [((2, 3),), ((2,),)]),
    Case("mT", lambda x: x.mT + 1, MATRICES, jax=lambda x: x.mT + 1),
    named("matrix_transpose", MATRICES, ""),
    named("swapaxes 0 -1", LINES, "", 0, -1),
    named("swapaxes 1 2", CUBES, "", 1, 2),
    named("moveaxis 0 -1", LINES, "", 0, -1),
    named("moveaxis (0, 1) (-1, 0)", CUBES, "", (0, 1), (-1, 0)),
    named("rollaxis 2", CUBES, "", 2),
    named("rollaxis 0 3", CUBES, "", 0, 3),
    named("rollaxis -1 1", CUBES, "", -1, 1),
    # --- repeated
    named(
        "broadcast_to (2, 3)",
        [((3,),), ((2, 1),), ((),), ((2, 3),), ((1, 1),)],
        "broadcast_to",
        (2, 3),
    ),
    named("broadcast_to 3", [((3,),), ((1,),), ((),)], "", 3),
    named("broadcast_to (2, 0)", [((0,),), ((1,),), ((),), ((2, 1),)], "", (2, 0)),
    Case(
        "broadcast_arrays",
        lambda x, y: tuple(np.broadcast_arrays(x, y)),
        [((2, 1), (3,)), ((), (2,)), ((2,), (2,))],
        jax=lambda x, y: tuple(jnp.broadcast_arrays(x, y)),
    ),
    # --- the other way round
    named("flip", ANY, "flip"),
    named("flip 0", LINES, "flip", 0),
    named("flip (0, -1)", MATRICES, "", (0, -1)),
    named("flipud", LINES, ""),
    named("fliplr", MATRICES, ""),
    named("rot90", MATRICES, "rot90"),
    named("rot90 -1", MATRICES, "", -1),
    named("rot90 2", MATRICES, "", 2),
    named("rot90 3 (1, 2)", CUBES, "", 3, (1, 2)),
    named("roll 1", ANY, "roll", 1),
    named("roll -2 0", LINES, "roll", -2, 0),
    named("roll (1, -1) (0, 1)", MATRICES, "", (1, -1), (0, 1)),
    named("roll 5 (0, 1)", MATRICES, "", 5, (0, 1)),
    # --- copies
    named("copy", ANY, "copy"),
    Case("clone", lambda x: x.copy() * 2, ANY, primitives=("copy",)),
    Case(
        "full_like",
        np.full_like,
        [((2, 3), ()), ((3,), (3,)), ((2, 2), (2,)), ((0,), ()), ((), ())],
        jax=jnp.full_like,
        primitives=("broadcast_to",),
    ),
    Case("astype", lambda x: x.astype(np.float64) * x, ANY),
]


def fault(
    name: str, f: Callable[..., Any], shape: Any, error: type[Exception], match: str
) -> Fault:
    return Fault(name, f, (np.ones(shape),), error, match)


FAULTS = [
    fault(
        "reshape: size",
        lambda x: np.reshape(x, (4,)),
        (2, 3),
        ValueError,
        r"reshape.*size 6.*\(4,\)",
    ),
    fault(
        "reshape: two unknown",
        lambda x: x.reshape(-1, -1),
        (2, 3),
        ValueError,
        "reshape: can only specify one unknown",
    ),
    fault(
        "reshape: order", lambda x: np.reshape(x, 6, order="A"), (2, 3), ValueError, "reshape.*'A'"
    ),
    fault(
        "transpose: axes",
        lambda x: np.transpose(x, (0, 0)),
        (2, 3),
        ValueError,
        "transpose.*repeated",
    ),
    fault(
        "transpose: count", lambda x: x.transpose(0, 1, 2), (2, 3), ValueError, "transpose.*match"
    ),
    fault(
        "transpose: range",
        lambda x: x.transpose(0, 2),
        (2, 3),
        IndexError,
        "transpose.*axis 2.*-2 to 1",
    ),
    fault(
        "swapaxes",
        lambda x: np.swapaxes(x, 0, 2),
        (2, 3),
        IndexError,
        "swapaxes.*axis 2.*dimension 2",
    ),
    fault(
        "moveaxis",
        lambda x: np.moveaxis(x, 0, 2),
        (2, 3),
        IndexError,
        "moveaxis.*axis 2.*dimension 2",
    ),
    fault(
        "moveaxis: counts",
        lambda x: np.moveaxis(x, (0, 1), 0),
        (2, 3),
        ValueError,
        "moveaxis: 2 axes .* 1 ",
    ),
    fault(
        "expand_dims",
        lambda x: np.expand_dims(x, 4),
        (2, 3),
        IndexError,
        "expand_dims.*axis 4.*dimension 3",
    ),
    fault(
        "expand_dims: repeated",
        lambda x: np.expand_dims(x, (0, 0)),
        (2, 3),
        ValueError,
        "repeated.*expand_dims",
    ),
    fault(
        "squeeze",
        lambda x: np.squeeze(x, 0),
        (2, 3),
        ValueError,
        r"squeeze: axis 0 of shape \(2, 3\)",
    ),
    fault("squeeze: range", lambda x: np.squeeze(x, 2), (2, 3), IndexError, "squeeze.*axis 2"),
    fault(
        "broadcast_to",
        lambda x: np.broadcast_to(x, (2, 4)),
        (2, 3),
        ValueError,
        r"broadcast_to.*\(2,3\).*\(2,4\)",
    ),
    Fault(
        "broadcast_arrays",
        np.broadcast_arrays,
        (np.ones(2), np.ones(3)),
        ValueError,
        r"broadcast_arrays.*\(2,\).*\(3,\)",
    ),
    fault("flip: axis", lambda x: np.flip(x, 2), (2, 3), IndexError, "flip.*axis 2.*-2 to 1"),
    fault("fliplr of a row", np.fliplr, 3, IndexError, "flip.*axis 1"),
    fault("rot90 of a row", np.rot90, 3, ValueError, "rot90"),
    fault("roll: axis", lambda x: np.roll(x, 1, 2), (2, 3), IndexError, "roll.*axis 2"),
    fault("trim_zeros has no rule", np.trim_zeros, 3, TypeError, "np.trim_zeros"),
]
