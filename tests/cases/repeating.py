"""Rows for repeating, diagonals and padding."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.ops.padding import pad

from .case import Case, Shapes
from .shape import ANY, CUBES, LINES, MATRICES, fault, named


def _pads() -> list[Case]:
    widths: dict[str, Any] = {
        "by 1": 1,
        "by (2, 0)": (2, 0),
        "by (1, 2), (0, 1)": ((1, 2), (0, 1)),
    }
    modes: list[tuple[str, dict[str, Any]]] = [
        ("constant", {}),
        ("constant", {"constant_values": 2.5}),
        ("edge", {}),
        ("reflect", {}),
        ("symmetric", {}),
        ("wrap", {}),
        ("linear_ramp", {}),
        ("linear_ramp", {"end_values": (1.0, -2.0)}),
        ("mean", {}),
        ("mean", {"stat_length": 2}),
        ("maximum", {}),
        ("minimum", {"stat_length": (1, 2)}),
        ("median", {}),
    ]
    rows = []
    for mode, options in modes:
        for text, width in widths.items():
            shapes: list[Shapes] = [((4,),), ((3, 4),), ((2, 3, 3),)]
            if width == ((1, 2), (0, 1)):
                shapes = [((3, 3),)]
            elif mode == "median":  # of an odd number: no two means that are equal
                shapes = [((3,),), ((3, 5),)]
            in_jax = mode != "linear_ramp"  # which steps otherwise than NumPy, by one rounding
            rows.append(
                Case(
                    " ".join(["pad", mode, *[f"{k}={v}" for k, v in options.items()], text]),
                    lambda x, w=width, m=mode, o=options: np.pad(x, w, m, **o),
                    shapes,
                    "distinct" if mode in ("maximum", "minimum", "median") else "real",
                    (lambda x, w=width, m=mode, o=options: jnp.pad(x, w, m, **o))
                    if in_jax
                    else None,
                    ("pad",) if mode == "constant" else (),
                )
            )
    return rows


CASES = [
    named("tile 2", ANY, "tile", 2),
    named("tile (2, 1, 3)", ANY, "", (2, 1, 3)),
    named("tile (0,)", LINES, "", (0,)),
    named("tile ()", ANY, "", ()),
    named("repeat 2", ANY, "repeat", 2),
    named("repeat 3 axis=0", LINES, "", 3, axis=0),
    named("repeat 2 axis=-1", LINES, "repeat", 2, axis=-1),
    named("repeat 0", LINES, "", 0),
    Case(
        "repeat by counts",
        lambda x: np.repeat(x, [2, 0, 1], axis=-1),
        [((3,),), ((2, 3),)],
        jax=lambda x: jnp.repeat(x, np.array([2, 0, 1]), axis=-1, total_repeat_length=3),
    ),
    Case(
        "repeat by counts, no axis",
        lambda x: np.repeat(x, np.array([2, 1, 1, 3])),
        [((4,),), ((2, 2),)],
    ),
    named("diagonal", MATRICES, "diagonal"),
    named("diagonal 1", MATRICES, "", 1),
    named("diagonal -2", MATRICES, "", -2),
    named("diagonal 1 0 2", CUBES, "", 1, 0, 2),
    named("diagonal -1 -1 0", CUBES, "", -1, -1, 0),
    named("diag", [((3,),), ((1,),), ((0,),), ((3, 3),), ((2, 3),)], ""),
    named("diag of a row 2", [((3,),), ((1,),), ((0,),)], "on_diagonal", 2),
    named("diag 1", [((3,),), ((3, 3),), ((2, 4),)], "", 1),
    named("diag -1", [((3,),), ((3, 3),), ((4, 2),)], "", -1),
    named("diagflat", [((3,),), ((2, 2),), ((),), ((0,),)], ""),
    named("diagflat -1", [((3,),), ((2, 2),)], "", -1),
    named("trace", MATRICES, ""),
    named("trace 1", MATRICES, "", 1),
    named("trace -1 0 2", CUBES, "", -1, 0, 2),
    *[named(f"{name} {k}", MATRICES, name, k) for name in ("tril", "triu") for k in (0, 1, -1)],
    Case("tril, triu of a row", lambda x: np.tril(x) + 2 * np.triu(x), [((3,),), ((1,),)]),
    *_pads(),
    Case("pad empty", lambda x: np.pad(x, 1, "empty")[1:-1], [((3,),)]),
    Case("pad of none", lambda x: np.pad(x, 2), [((0,),), ((2, 0),)]),
    Case("pad by a dict", lambda x: pad(x, {-1: (1, 2)}), [((3,),), ((2, 3),)]),
    Case("pad by 0", lambda x: np.pad(x, 0), [((3,),), ((2, 3),)]),
    Case(
        "pad reflect by more than there is",
        lambda x: np.pad(x, (5, 4), "reflect"),
        [((3,),)],
        primitives=("fold",),
    ),
    Case("pad wrap by more than there is", lambda x: np.pad(x, (5, 4), "wrap"), [((3,),)]),
    Case("pad edge of one", lambda x: np.pad(x, 2, "edge"), [((1,),), ((1, 2),)]),
]


FAULTS = [
    fault("tile: negative", lambda x: np.tile(x, -1), 3, ValueError, "tile.*negative"),
    fault("repeat: negative", lambda x: np.repeat(x, -1), 3, ValueError, "repeat.*negative"),
    fault("repeat: counts", lambda x: np.repeat(x, [1, 2]), 3, ValueError, "broadcast"),
    fault(
        "repeat by counts: axis",
        lambda x: np.repeat(x, [1, 2, 3], axis=1),
        3,
        IndexError,
        "repeat: axis 1",
    ),
    fault("pad: axis", lambda x: np.pad(x, {1: 2}), 3, IndexError, "pad: axis 1"),
    fault("repeat: axis", lambda x: np.repeat(x, 2, axis=1), 3, IndexError, "repeat.*axis 1"),
    fault("diagonal of a row", np.diagonal, 3, ValueError, "diagonal.*at least two"),
    fault("diag of a cube", np.diag, (1, 1, 1), ValueError, r"diag.*\(1, 1, 1\)"),
    fault("pad: negative", lambda x: np.pad(x, -1), 3, ValueError, "pad.*negative"),
    fault("pad: float", lambda x: np.pad(x, 1.5), 3, TypeError, "pad.*whole numbers"),
    fault(
        "pad: widths",
        lambda x: np.pad(x, ((1, 1), (1, 1), (1, 1))),
        (2, 3),
        ValueError,
        "pad.*2 axes",
    ),
    fault(
        "pad: mode",
        lambda x: np.pad(x, 1, "mirror"),
        3,
        ValueError,
        "pad: unknown mode 'mirror'.*reflect",
    ),
    fault("pad: a function", lambda x: np.pad(x, 1, lambda *a: None), 3, TypeError, "pad"),
    fault(
        "pad: odd",
        lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
        3,
        ValueError,
        "pad.*'odd'",
    ),
    fault("pad reflect of none", lambda x: np.pad(x, 1, "reflect"), 0, ValueError, "pad: axis 0"),
]
