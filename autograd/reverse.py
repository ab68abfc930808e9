"""Reverse mode: gradients of tensors, and functions that give the gradients of functions.

All of them are one idea, the vector-Jacobian product: record once, then send a cotangent back.
``grad`` sends 1, ``elementwise_grad`` ones, ``vjp`` what it is given.

Arguments may be nested dicts, lists and tuples of arrays; ``argnums`` says which arguments are
differentiated, an int (the result is a gradient like that argument) or a tuple (a tuple of such).
Functions take and give plain arrays, 0-d arrays for numbers.  Where a tracked tensor is involved,
as in nested transforms, results are tensors and go on being differentiable.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .primitive import ArrayNode
from .recording import Argnums, Recording
from .tensor import Tensor, backward_pass, owned, seed_gradient
from .tree import flatten

__all__ = ["elementwise_grad", "grad", "gradients", "named", "value_and_grad", "vjp"]


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradient of the sum of ``outputs`` with respect to each of ``inputs``, as tensors.

    Unlike ``backward()`` it touches no ``.grad``, and the inputs may be computed tensors.
    ``grad_outputs`` are the cotangents, one for each output (``None``: 1, for a scalar output);
    ``retain_graph`` keeps the graph for another call; ``create_graph`` records the gradients
    themselves, for higher derivatives.

    Raises ``RuntimeError`` for an output or input that is not tracked, and for an input that the
    outputs do not depend on, unless ``allow_unused`` (then its gradient is None).

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> h = x * x
    >>> ag.gradients(np.sum(h * x), [x, h])
    (Tensor([ 3., 12.]), Tensor([1., 2.]))
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = grad_outputs if isinstance(grad_outputs, (list, tuple)) else [grad_outputs] * len(ys)
    if len(given) != len(ys):
        raise ValueError(
            f"gradients: {len(given)} grad_outputs for {len(ys)} outputs. Give one for each."
        )
    seeds: dict[ArrayNode, Any] = {}
    for i, (y, g) in enumerate(zip(ys, given, strict=True)):
        node = _node(y, f"output {i}")
        seed = seed_gradient(y, g, "gradients")
        seeds[node] = seeds[node] + seed if node in seeds else seed
    nodes = [_node(x, f"input {i}") for i, x in enumerate(xs)]
    retain = create_graph if retain_graph is None else retain_graph or create_graph
    arrived = owned(backward_pass(seeds, inputs=nodes, retain=retain, differentiable=create_graph))
    for i, node in enumerate(nodes):
        if node not in arrived and not allow_unused:
            raise RuntimeError(
                f"gradients: input {i}, of shape {xs[i].shape}, was not used to compute the "
                "outputs. Leave it out, or call with allow_unused=True to get None for it."
            )
    returned: set[ArrayNode] = set()
    found = []
    for node in nodes:
        g = arrived.get(node)
        found.append(g.clone() if g is not None and node in returned else g)
        returned.add(node)
    return tuple(found)


def _node(tensor: Tensor, what: str) -> ArrayNode:
    if tensor.node is None:
        raise RuntimeError(
            f"gradients: {what}, of shape {tensor.shape}, is not tracked. Make it, or what it is "
            "computed from, with requires_grad=True."
        )
    return tensor.node


def vjp(
    f: Callable[..., Any], *args: Any, argnums: Argnums | None = None
) -> tuple[Any, Callable[[Any], Any]]:
    """``f(*args)`` and its pullback: g ↦ gᵀ J, the vector-Jacobian product.

    The pullback takes a cotangent like the result and gives the gradients: a tuple with one for
    each argument, or as ``argnums`` says.  It may be called any number of times.

    >>> import autograd as ag
    >>> value, pullback = ag.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> value, pullback(1.0)
    (array(6.), (array(3.), array(2.)))
    """
    recording = Recording(
        "vjp", f, args, argnums=tuple(range(len(args))) if argnums is None else argnums
    )

    def pullback(cotangent: Any) -> Any:
        leaves, _ = flatten(cotangent)
        if len(leaves) != len(recording.outputs):
            raise ValueError(
                f"vjp: the cotangent has {len(leaves)} leaves, the result of the function has "
                f"{len(recording.outputs)}. Give a container like the result."
            )
        return recording.rebuild_inputs(recording.filled(recording.pull(leaves)))

    return recording.rebuild_outputs(recording.values()), pullback


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes the gradient of the scalar function ``f``: x ↦ ∇f(x).

    The gradient has the shape and dtype of the argument.  It can be nested: ``grad(grad(f))`` is
    the second derivative.

    Raises ``RuntimeError`` if the result of ``f`` is not a scalar, ``TypeError`` if an argument is
    not floating; warns and gives zeros if the result does not depend on the argument.

    >>> import autograd as ag
    >>> ag.grad(np.tanh)(0.0)
    array(1.)
    >>> ag.grad(lambda p: p["w"] @ p["w"] + p["b"])({"w": np.array([1.0, 2.0]), "b": 5.0})
    {'w': array([2., 4.]), 'b': array(1.)}
    >>> ag.grad(lambda x: x * ag.grad(lambda y: x * y)(1.0))(3.0)
    array(6.)
    """
    differentiate = value_and_grad(f, argnums)
    return named("grad", f, lambda *args, **kwargs: differentiate(*args, **kwargs)[1])


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Like :func:`grad`, giving the pair of the value and the gradient from one evaluation.

    >>> import autograd as ag
    >>> ag.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """

    def differentiate(*args: Any, **kwargs: Any) -> Any:
        recording = Recording("grad", f, args, kwargs, argnums)
        recording.scalar()
        gradient = _gradient_of_sum(recording)
        return recording.values()[0], gradient

    return named("value_and_grad", f, differentiate)


def elementwise_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The derivative of a function that works entry by entry: Σⱼ ∂fⱼ/∂xᵢ, which is f′(xᵢ) then.

    >>> import autograd as ag
    >>> ag.elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """

    def differentiate(*args: Any, **kwargs: Any) -> Any:
        return _gradient_of_sum(Recording("elementwise_grad", f, args, kwargs, argnums))

    return named("elementwise_grad", f, differentiate)


def _gradient_of_sum(recording: Recording) -> Any:
    """The gradient of the sum of the outputs; a warning where an argument has no part in them."""
    found = recording.pull([np.ones_like(y._data) for y in recording.outputs], retain=False)
    if any(g is None for g in found):
        for i in recording.unused(found):
            warnings.warn(
                f"{recording.name}: the result does not depend on argument {i}, so its gradient is "
                "zero. Was it turned into an array or a number on the way (t.data, t.item())?",
                stacklevel=3,
            )
        found = recording.filled(found)
    return recording.rebuild_inputs(found)


def named(transform: str, f: Callable[..., Any], made: Callable[..., Any]) -> Callable[..., Any]:
    """``made`` under the name and documentation of what it is: ``grad(loss)``."""
    if not callable(f):
        raise TypeError(
            f"{transform}: expected a function, got {type(f).__name__}. What was computed already is "
            "differentiated by backward(), or by gradients(output, inputs)."
        )
    made.__name__ = f"{transform}({getattr(f, '__name__', type(f).__name__)})"
    made.__doc__ = getattr(f, "__doc__", None)
    return made
