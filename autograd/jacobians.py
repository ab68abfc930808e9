"""Jacobians and Hessians: whole, and as products with a vector.

============  ==================  ============================================================
``jvp``       J v                 forward mode: two backward passes, whatever the size of J
``jacobian``  J                   a pass for all rows together, or one for each column if these are fewer
``hvp``       ∇²f(x) v            one differentiable gradient and one pass through it
``hessian``   ∇²f(x)              one differentiable gradient and a pass with n cotangents through it
============  ==================  ============================================================

References: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994; J. Townsend, "A new
trick for calculating Jacobian vector products", 2017.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .recording import Argnums, Recording, basis
from .reverse import grad, named
from .tensor import Tensor
from .tree import flatten

__all__ = ["hessian", "hvp", "jacobian", "jvp"]


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any] | Any,
    *,
    argnums: Argnums | None = None,
) -> tuple[Any, Any]:
    """``f(*primals)`` and its directional derivative J · tangents, the Jacobian-vector product.

    ``tangents`` holds one tangent like each argument; with ``argnums`` a tangent of that argument,
    or a tuple of them, the others being constant.

    >>> import autograd as ag
    >>> ag.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (array(6.), array(23.))
    >>> ag.jvp(lambda x, y: x * y, (2.0, 3.0), 1.0, argnums=0)
    (array(6.), array(3.))
    """
    if not isinstance(primals, (list, tuple)):
        raise TypeError(
            f"jvp: primals is {type(primals).__name__}, expected a tuple of the arguments. "
            "Write jvp(f, (x,), (v,))."
        )
    chosen = tuple(range(len(primals))) if argnums is None else argnums
    recording = Recording("jvp", f, primals, argnums=chosen)
    tangent = recording.pushforward()(_tangents(recording, tangents))
    return recording.rebuild_outputs(recording.values()), recording.rebuild_outputs(tangent)


def _tangents(recording: Recording, tangents: Any) -> list[Any]:
    """The leaves of ``tangents``, which must be like the inputs."""
    leaves = flatten(tangents)[0]
    if len(leaves) != len(recording.inputs):
        raise ValueError(
            f"{recording.name}: {len(leaves)} tangents for {len(recording.inputs)} arrays. "
            "Give one for each argument, in containers like theirs."
        )
    for v, x in zip(leaves, recording.inputs, strict=True):
        if np.shape(v) != x.shape:
            raise ValueError(
                f"{recording.name}: a tangent of shape {np.shape(v)}, expected {x.shape}, that of its "
                "argument."
            )
    return [
        v if hasattr(v, "dtype") else np.asarray(v, dtype=x.dtype)
        for v, x in zip(leaves, recording.inputs, strict=True)
    ]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes all first derivatives: J[i, j] = ∂f(x)ᵢ / ∂xⱼ.

    Its shape is that of the result followed by that of the argument; for containers, a container
    like the result of containers like the argument.

    >>> import autograd as ag
    >>> ag.jacobian(lambda x: x**2)(np.array([1.0, 2.0, 3.0]))
    array([[2., 0., 0.],
           [0., 4., 0.],
           [0., 0., 6.]])
    """

    def differentiate(*args: Any, **kwargs: Any) -> Any:
        recording = Recording("jacobian", f, args, kwargs, argnums)
        blocks = _jacobian(recording)
        return recording.rebuild_outputs([recording.rebuild_inputs(row) for row in blocks])

    return named("jacobian", f, differentiate)


def _jacobian(recording: Recording) -> list[list[Any]]:
    """A block for each pair of an output and an input."""
    inputs, outputs = recording.inputs, recording.outputs
    if sum(x.size for x in inputs) < sum(y.size for y in outputs):
        push = recording.pushforward()
        columns = [_products(push, inputs, k) for k in range(len(inputs))]
        return [
            [_joined([c[i] for c in columns[k]], x, y) for k, x in enumerate(inputs)]
            for i, y in enumerate(outputs)
        ]

    return [
        [
            rows.reshape((*y.shape, *x.shape))
            for rows, x in zip(recording.rows(i), inputs, strict=True)
        ]
        for i, y in enumerate(outputs)
    ]


def _products(
    multiply: Callable[[list[Any]], list[Any]], tensors: Sequence[Tensor], k: int
) -> list[list[Any]]:
    """``multiply`` of every basis vector of the ``k``-th of ``tensors``, zeros in the others."""
    zeros = [np.zeros_like(t._data) for t in tensors]
    return [multiply([*zeros[:k], e, *zeros[k + 1 :]]) for e in basis(zeros[k])]


def _joined(columns: list[Any], x: Tensor, y: Tensor) -> Any:
    """The Jacobian of ``y`` by ``x`` from its columns."""
    shape = (*y.shape, *x.shape)
    return (
        np.stack(columns, axis=-1).reshape(shape)
        if columns
        else np.zeros_like(x._data, shape=shape)
    )


def hvp(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function (x, v) ↦ ∇²f(x) v, the product of the Hessian with a vector.

    The vector comes after the arguments of ``f`` and is like the argument (for a tuple of
    ``argnums``, a tuple).  It costs a few evaluations of ``f``, however many variables there are.

    >>> import autograd as ag
    >>> ag.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """

    def differentiate(*args: Any, **kwargs: Any) -> Any:
        *point, vector = args
        recording = Recording("hvp", grad(f, argnums), point, kwargs, argnums)
        products = recording.pull(_tangents(recording, vector))  # the Hessian is symmetric
        return recording.rebuild_inputs(recording.filled(products))

    return named("hvp", f, differentiate)


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes all second derivatives: H[i, j] = ∂²f(x) / ∂xᵢ∂xⱼ.

    The shape is that of the argument twice.  ``f`` is evaluated once, its gradient is recorded
    once, and n cotangents go through that together.

    >>> import autograd as ag
    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return named("hessian", f, jacobian(grad(f, argnums), argnums))
