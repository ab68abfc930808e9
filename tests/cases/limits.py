"""Rows for what the other files leave out: large arrays, and points without any answer.

Some rules take another way for more than a thousand entries.  And some functions have no derivative
because what they choose is arbitrary, such as the eigenvectors of equal eigenvalues: there the
gradient is nan, so that nothing wrong can be learned from it.
"""

import jax
import jax.numpy as jnp
import numpy as np

from autograd.ops.transcendental import relu

from .case import Case, Kink

MANY = [((1030,),)]
NAN, INF = np.nan, np.inf
W = np.array([[1.0, 2.0], [3.0, 5.0]])
W3 = np.arange(1.0, 10.0).reshape(3, 3) ** 2


def _beyond(n: int) -> tuple[np.ndarray, np.ndarray]:
    """n entries of which the first is outside of the domain of log, and log's gradient guarded."""
    x = np.full(n, 2.0)
    x[0] = 0.0
    return x, np.where(x > 0, 0.5, NAN)


CASES = [
    Case("relu of many", relu, MANY, "distinct", jax.nn.relu, order=1),
    Case(
        "clip of many",
        lambda x: np.clip(x, -0.5, 0.7),
        MANY,
        "distinct",
        lambda x: jnp.clip(x, -0.5, 0.7),
        order=1,
    ),
    Case("max of many", np.max, MANY, "distinct", jnp.max, order=1),
    Case(
        "where of many",
        lambda x: np.where(x > 0, x * x, x),
        MANY,
        "distinct",
        lambda x: jnp.where(x > 0, x * x, x),
        order=1,
    ),
    Case(
        "multiply a row of many",
        lambda x, y: x * y,
        [((2, 1030), (1030,))],
        jax=jnp.multiply,
        order=1,
    ),
]

# Along axis 0: no zero, one, two; the product of the others then is exact.
ZEROS = np.array([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]])

CASES += [
    Case(
        "prod with zeros, axis=0",
        lambda x: np.prod(x * ZEROS, axis=0),
        [((3, 4),)],
        jax=lambda x: jnp.prod(x * ZEROS, axis=0),
    ),
    Case(
        "prod with zeros, axis=1",
        lambda x: np.prod(x * ZEROS, axis=1),
        [((3, 4),)],
        jax=lambda x: jnp.prod(x * ZEROS, axis=1),
    ),
    Case(
        "broadcast_to a leading one",
        lambda x: np.broadcast_to(x, (1, 3, 4)),
        [((1, 4),), ((3, 1),)],
    ),
    Case("prod with a zero", lambda x: np.prod(x * ZEROS[:, 1]), [((3,),)]),
    Case(
        "cumprod with zeros, axis=1",
        lambda x: np.cumprod(x * ZEROS, axis=1),
        [((3, 4),)],
        jax=lambda x: jnp.cumprod(x * ZEROS, axis=1),
    ),
    Case(
        "broadcast_to along new and old axes",
        lambda x: np.broadcast_to(x, (2, 3, 4)) * np.arange(24.0).reshape(2, 3, 4),
        [((3, 1),), ((1, 4),), ((1, 1, 4),), ((1,),), ((),)],
    ),
]

KINKS = [
    *[
        Kink(
            f"infinity times a mask of {n}",
            lambda x: np.where(x > 0, np.log(x), 0.0),
            (_beyond(n)[0],),
            (_beyond(n)[1],),
        )
        for n in (3, 1030)
    ],
    *[
        Kink(
            f"relu of {n} with an infinity behind",
            lambda x: relu(1 / x),
            (np.full(n, -0.5),),
            (np.zeros(n),),
        )
        for n in (3, 1030)
    ],
    Kink(
        "eigenvectors of equal eigenvalues",
        lambda x: np.linalg.eigh(x)[1] * W,
        (np.eye(2),),
        ([[NAN, 0.0], [NAN, NAN]],),
    ),
    Kink(
        "pinv that cuts off what is not zero",
        lambda x: np.linalg.pinv(x, rcond=0.5),
        (np.diag([1.0, 0.1]),),
        (np.full((2, 2), NAN),),
    ),
    Kink(
        "pinv of lower rank",
        lambda x: np.linalg.pinv(x) * W,
        (np.diag([2.0, 0.0]),),
        ([[-0.25, 0.75], [0.5, 0.0]],),
    ),
    Kink(
        "lstsq that cuts off what is not zero",
        lambda x: np.linalg.lstsq(x, np.ones(2), rcond=0.5)[0],
        (np.diag([1.0, 0.1]),),
        (np.full((2, 2), NAN),),
    ),
    Kink(
        "singular vectors of equal singular values",
        lambda x: np.linalg.svd(x)[0] * W,
        (np.eye(2),),
        (np.full((2, 2), NAN),),
    ),
    *[
        Kink(
            f"singular vectors beyond the rank: {side}",
            lambda x, which=which: np.linalg.svd(x)[which] * W3,
            (x,),
            (np.full(x.shape, NAN),),
        )
        for side, which, x in [
            ("left", 0, np.array([[1.0], [2.0], [3.0]])),
            ("right", 2, np.array([[1.0, 2.0, 3.0]])),
        ]
    ],
]
