"""Rows for autograd/ops/einsum.py; random subscripts are in tests/test_einsum.py."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Kink, Shapes


def _row(subscripts: str, *shapes: Shapes, **options: Any) -> Case:
    options.setdefault("rounding", 1e-13)
    return Case(
        f"einsum {subscripts}",
        lambda *operands: np.einsum(subscripts, *operands),
        shapes,
        jax=lambda *operands: jnp.einsum(subscripts, *operands),
        **options,
    )


CASES = [
    # --- one operand
    _row("ij", ((2, 3),)),
    _row("ji", ((2, 3),)),
    _row("ij->ji", ((2, 3),), ((0, 2),)),
    _row("ij->", ((2, 3),), ((0, 2),), ((9, 9),)),
    _row("ij->j", ((2, 3),)),
    _row("ii", ((3, 3),), ((0, 0),), ((1, 1),)),
    _row("ii->i", ((3, 3),), ((9, 9),), primitives=("repeated_index", "on_repeated_index")),
    _row("iji->j", ((2, 3, 2),)),
    _row("iij->ij", ((2, 2, 3),)),
    _row("ijij->ji", ((2, 3, 2, 3),)),
    _row("...", ((2, 3),), ((),)),
    _row("...i->i...", ((2, 3, 4),), ((3,),)),
    _row("i...->...", ((2, 3, 4),)),
    _row("...ii->...i", ((2, 3, 3),)),
    # --- two operands
    _row("i,i", ((3,), (3,)), ((0,), (0,)), ((70,), (70,)), primitives=("einsum",)),
    _row("i,j->ij", ((3,), (2,)), ((9,), (10,))),
    _row("i,j->ji", ((3,), (2,))),
    _row("i,i->i", ((3,), (3,))),
    _row("ij,ij->ij", ((2, 3), (2, 3)), ((9, 8), (9, 8))),
    _row("ij,ji->ij", ((2, 3), (3, 2))),
    _row("ij,i->ji", ((2, 3), (2,))),
    _row("ij,jk", ((2, 3), (3, 4)), ((9, 8), (8, 10)), ((2, 0), (0, 3))),
    _row("ij,jk->ki", ((2, 3), (3, 4))),
    _row("ji,jk->ik", ((3, 2), (3, 4))),
    _row("ij,kj->ik", ((2, 3), (4, 3))),
    _row("ij,j", ((2, 3), (3,))),
    _row("j,jk", ((3,), (3, 2))),
    _row("ij,ij", ((2, 3), (2, 3))),
    _row("ij,ji", ((2, 3), (3, 2))),
    _row("ij,jk->", ((2, 3), (3, 4))),
    _row("ij,kl->ijkl", ((2, 3), (2, 2))),
    _row("ij,kl->il", ((2, 3), (2, 4))),
    _row("bij,bjk->bik", ((2, 2, 3), (2, 3, 2)), ((5, 4, 4), (5, 4, 4))),
    _row("bij,bkj->ibk", ((2, 2, 3), (2, 4, 3))),
    _row("bi,bi->b", ((3, 4), (3, 4))),
    _row("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 2, 4))),
    _row("bqhd,bkhd->bhqk", ((2, 3, 2, 4), (2, 2, 2, 4))),
    _row("abcd,cbe->ade", ((2, 3, 2, 2), (2, 3, 3))),
    _row("ii,ij->j", ((3, 3), (3, 2))),
    _row("ij,jj->i", ((2, 3), (3, 3))),
    _row("...ij,...jk->...ik", ((2, 2, 3), (3, 4)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 3), (3, 4))),
    _row("...i,i...->...", ((2, 3), (3, 2)), ((4, 2, 3), (3, 2))),
    _row("...,...", ((2, 1), (3,)), ((), (2, 2))),
    _row("i...,i...->i", ((2,), (2,))),
    Case(
        "einsum ij,ij->ij of size 1",
        lambda a, b: np.einsum("ij,ij->ij", a, b),
        [((1, 3), (2, 1)), ((1, 1), (2, 3)), ((1, 1), (0, 1))],
        jax=np.multiply,
        rounding=1e-13,
    ),
    Case(
        "einsum ij,jk->ik of size 1",
        lambda a, b: np.einsum("ij,jk->ik", a, b),
        [((2, 1), (3, 4)), ((2, 3), (1, 4))],
        jax=lambda a, b: np.sum(a, 1)[:, None] * np.sum(b, 0),
        rounding=1e-13,
    ),
    _row(",ij", ((), (2, 3))),
    # --- three and more
    _row("ij,jk,kl", ((2, 3), (3, 4), (4, 2))),
    _row("ij,jk,kl->li", ((2, 3), (3, 4), (4, 2))),
    _row("i,ij,j", ((3,), (3, 4), (4,)), ((9,), (9, 8), (8,))),
    _row("i,i,i->i", ((3,), (3,), (3,))),
    _row("i,j,k->kji", ((2,), (3,), (2,))),
    _row("bi,bj,ijk->bk", ((2, 3), (2, 2), (3, 2, 4))),
    _row("ab,bc,cd,da", ((2, 3), (3, 2), (2, 3), (3, 2))),
    _row("ij,ij,i->", ((2, 3), (2, 3), (2,))),
    _row("ii,jj,ij->i", ((2, 2), (3, 3), (2, 3))),
    Case(
        "einsum optimize='optimal'",
        lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize="optimal"),
        [((2, 3), (3, 4), (4, 2))],
        jax=lambda a, b, c: a @ b @ c,
        rounding=1e-13,
    ),
    Case(
        "einsum optimize=True",
        lambda a, b, c: np.einsum("ij,jk,kl", a, b, c, optimize=True),
        [((2, 3), (3, 4), (4, 2))],
        jax=lambda a, b, c: a @ b @ c,
        rounding=1e-13,
    ),
    Case(
        "einsum optimize=path",
        lambda a, b, c: np.einsum("ij,jk,kl", a, b, c, optimize=["einsum_path", (1, 2), (0, 1)]),
        [((2, 3), (3, 4), (4, 2))],
        jax=lambda a, b, c: a @ b @ c,
        rounding=1e-13,
    ),
    Case(
        "einsum optimize=path in one step",
        lambda a, b, c: np.einsum("ij,jk,kl", a, b, c, optimize=["einsum_path", (0, 1, 2)]),
        [((2, 3), (3, 4), (4, 2))],
        jax=lambda a, b, c: a @ b @ c,
        rounding=1e-13,
    ),
    Case(
        "einsum with numbered axes",
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
        [((2, 3), (3, 4))],
        jax=lambda a, b: (a @ b).T,
        rounding=1e-13,
    ),
    Case(
        "einsum with numbered axes, implicit result",
        lambda a, b: np.einsum(a, [30, 2], b, [30, 4]),
        [((3, 2), (3, 4))],
        jax=lambda a, b: a.T @ b,
        rounding=1e-13,
    ),
    Case(
        "einsum with numbered axes and an ellipsis",
        lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, 2], [Ellipsis, 2]),
        [((2, 3), (3, 4)), ((2, 2, 3), (3, 4))],
        jax=lambda a, b: a @ b,
        rounding=1e-13,
    ),
    Case(
        "einsum of one tensor with itself",
        lambda a: np.einsum("ij,kj->ik", a, a),
        [((2, 3),), ((9, 8),)],
        jax=lambda a: a @ a.T,
        rounding=1e-13,
    ),
    Case(
        "einsum with a number",
        lambda a: np.einsum(",ij->i", 2.5, a),
        [((2, 3),)],
        jax=lambda a: 2.5 * jnp.sum(a, axis=1),
        rounding=1e-13,
    ),
]

KINKS: list[Kink] = []

_O = np.ones


def _fault(subscripts: str, match: str, *shapes: tuple[int, ...]) -> Fault:
    return Fault(
        f"einsum {subscripts} of {shapes}",
        lambda *operands: np.einsum(subscripts, *operands),
        tuple(_O(shape) for shape in shapes),
        ValueError,
        match,
    )


FAULTS = [
    _fault(
        "ij,jk->ik",
        r"index 'j' of 'ij,jk->ik' has size 3 and size 4.*\(2, 3\), \(4, 4\)",
        (2, 3),
        (4, 4),
    ),
    _fault("ij", r"the term 'ij' .* names 2 axes, its operand has shape \(3,\)", (3,)),
    _fault("i", r"the term 'i' .* names 1 axes, its operand has shape \(2, 3\)", (2, 3)),
    _fault("ij,jk", "2 terms for 1 operands", (2, 3)),
    _fault("ij->k", "has the index 'k', which no operand has", (2, 2)),
    _fault("ij->ii", "has the index 'i' twice", (2, 2)),
    _fault("ii", "size 2 and size 3", (2, 3)),
    _fault("ii->i", "size 1 and size 3", (1, 3)),
    _fault("i$", r"'\$' in the term 'i\$'", (3, 3)),
    _fault("i.", r"'\.' in the term 'i\.'", (3, 3)),
    _fault("......", "is not a subscript", (3, 3)),
    _fault("i->i->i", "is not a subscript", (3,)),
    _fault(
        "...j->j", "'...' of '...j->j' stands for 1 axes, which the result does not have", (2, 3)
    ),
    _fault("...,...", "has size 2 and size 3", (2,), (3,)),
    Fault(
        "einsum with an unknown optimize=",
        lambda a: np.einsum("ij,jk,kl", a, a, a, optimize="fastest"),
        (_O((2, 2)),),
        ValueError,
        "optimize='fastest'.*'greedy', 'optimal'",
    ),
    Fault(
        "einsum with a path through operands that do not exist",
        lambda a: np.einsum("ij,jk,kl", a, a, a, optimize=["einsum_path", (0, 3), (0, 1)]),
        (_O((2, 2)),),
        ValueError,
        r"optimize=\(\(0, 3\), \(0, 1\)\) is not a way",
    ),
    Fault(
        "einsum with numbers out of range",
        lambda a: np.einsum(a, [0, 60]),
        (_O((2, 2)),),
        ValueError,
        "numbers from 0 to 51",
    ),
    Fault(
        "einsum with letters in a list",
        lambda a: np.einsum(a, ["i", "j"]),
        (_O((2, 2)),),
        ValueError,
        "numbers from 0 to 51",
    ),
    Fault(
        "einsum out=",
        lambda a: np.einsum("ij->i", a, out=np.zeros(2)),
        (_O((2, 2)),),
        TypeError,
        "out= is not supported",
    ),
]
