"""Rows of real functions that go through complex numbers on the way."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .case import Case, Fault, Shapes

ONE: list[Shapes] = [((),), ((5,),), ((2, 3),), ((0, 2),)]
TURN = 0.8 + 0.6j


def _z(x: Any) -> Any:
    """Complex numbers, none of them 0 or real."""
    return x * TURN + (0.3 - 0.5j)


def _row(name: str, f: Any, shapes: Any = ONE, **options: Any) -> Case:
    """``f(numpy, z)``, the same for NumPy and for JAX."""
    return Case(
        f"{name} of complex numbers",
        lambda *xs: f(np, *map(_z, xs)),
        shapes,
        jax=lambda *xs: f(jnp, *map(_z, xs)),
        **options,
    )


VECTOR: list[Shapes] = [((4,),), ((9,),)]
PAIR: list[Shapes] = [((4,), (4,)), ((9,), (9,))]

CASES = [
    _row("real", lambda m, z: m.real(z * z), primitives=("real",)),
    _row("imag", lambda m, z: m.imag(z * z), primitives=("imag",)),
    _row("conjugate", lambda m, z: m.imag(m.conjugate(z) * z * z)),
    _row("absolute", lambda m, z: m.abs(z)),
    _row("power", lambda m, z: m.real(z**2.5 + 2**z)),
    _row("quotient", lambda m, z: m.imag(1 / z + z / (z + 1))),
    _row("exp and log", lambda m, z: m.real(m.exp(z) * m.log(z))),
    _row("sum", lambda m, z: m.abs(m.sum(z, axis=0)), [((5,),), ((2, 3),)]),
    _row("product", lambda m, z: m.imag(m.prod(z)), [((3,),), ((2, 2),)]),
    _row("2-norm", lambda m, z: m.linalg.norm(z, axis=-1), [((4,),), ((2, 3),)]),
    _row("3-norm", lambda m, z: m.linalg.norm(z, 3, axis=-1), [((4,),), ((2, 3),)], rounding=1e-14),
    _row("Frobenius norm", lambda m, z: m.linalg.norm(z), [((2, 3),)]),
    _row("var", lambda m, z: m.var(z, axis=-1), [((4,),), ((2, 3),)]),
    _row("std", lambda m, z: m.std(z, axis=-1), [((4,),), ((2, 3),)]),
    _row("nanvar", lambda m, z: m.nanvar(z), [((4,),)]),
    _row("cov", lambda m, z: m.imag(m.cov(z)), [((2, 4),)]),
    _row("vdot", lambda m, a, b: m.real(m.vdot(a, b * b)), PAIR),
    _row("vecdot", lambda m, a, b: m.imag(m.linalg.vecdot(a, b * b)), PAIR),
    _row("correlate", lambda m, a, b: m.imag(m.correlate(a, b * b)), PAIR),
    _row("matmul", lambda m, a, b: m.imag(a @ b), [((2, 3), (3, 2)), ((3,), (3,))]),
    _row("solve", lambda m, a, b: m.abs(m.linalg.solve(a + 4 * m.eye(3), b)), [((3, 3), (3,))]),
]

FAULTS = [
    Fault(
        f"{name} of complex numbers",
        lambda x, f=f: f(_z(x)),
        (at,),
        TypeError,
        f"{name}: argument 0",
    )
    for name, f, at in [
        ("eigh", lambda z: np.linalg.eigh(z)[0], np.eye(2)),
        ("svd", lambda z: np.linalg.svd(z)[1], np.eye(2)),
        ("qr", lambda z: np.linalg.qr(z)[1], np.eye(2)),
        ("det", np.linalg.det, np.eye(2)),
        ("slogdet", lambda z: np.linalg.slogdet(z)[1], np.eye(2)),
        ("pinv", np.linalg.pinv, np.eye(2)),
    ]
]
