"""Checkpointing: memory for time, by computing a part of the program again in the backward pass."""

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np

from .context import current_mode, enable_grad, is_grad_enabled, no_grad, resume
from .defaults import default_generator
from .node import ArrayNode
from .primitive import Box, OutputGradients, Outputs, Spec, boxed, primitive
from .recording import Recording
from .tensor import Tensor
from .tree import flatten

__all__ = ["checkpoint"]

F = TypeVar("F", bound=Callable[..., Any])


def checkpoint(f: F) -> F:
    """``f``, keeping only its arguments for the backward pass and computing the rest again there.

    What it computes in between is dropped, so a chain of n checkpointed parts needs the memory of n
    arguments and *one* part, for one more evaluation of each.  Gradients reach the arguments (also
    inside containers) and the tensors that ``f`` closes over, such as a layer's parameters, to any
    order.  The second evaluation runs in the modes and with the random state of the first: Python's
    and NumPy's global generators and ``autograd.default_generator``.

    ``f`` must compute the same again: a ``RuntimeError`` tells if the shapes of its results or the
    tensors that it uses have changed.  Side effects of ``f`` happen twice.

    >>> import autograd as ag
    >>> w = ag.Tensor(3.0, requires_grad=True)
    >>> x = ag.Tensor(2.0, requires_grad=True)
    >>> block = ag.checkpoint(lambda x: np.tanh(w * x) ** 2)
    >>> y = block(x)
    >>> y.backward()
    >>> bool(np.isclose(w.grad.item(), 2 * np.tanh(6) / np.cosh(6) ** 2 * 2))
    True

    Reference: T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear memory
    cost", 2016.
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _Segment(f, args, kwargs).run() if is_grad_enabled() else f(*args, **kwargs)

    return cast(F, call)


@primitive(name="checkpoint arguments")
def _pack(*arrays: Any) -> Any:
    """All that a segment depends on, as one node, since its gradients are computed together."""
    return arrays


_pack.defvjp_each(lambda i, g, out, *arrays: g[i])  # saved, so that a change in place is noticed


@primitive(name="checkpoint")
def _segment(packed: Any, *, segment: "_Segment") -> Any:
    return segment.results()


_segment.defvjp(
    lambda g, out, packed, *, segment: segment.gradients(g, packed),
    saves="packed",
    local="computed again",
)


class _Segment:
    """One call of a checkpointed function: how to repeat it."""

    def __init__(self, f: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self.f = f
        self.leaves, self.rebuild = flatten((args, kwargs))
        self.places = [i for i, leaf in enumerate(self.leaves) if _is_tracked(leaf)]
        self.tensors = [self.leaves[i] for i in self.places]
        for i in self.places:
            self.leaves[i] = None  # kept by the node, which the backward pass frees
        self.mode = current_mode()
        self.random = _random_state()
        self.first: Recording | None = self._record([t.data for t in self.tensors])
        self.closed_over = self.first.outside
        self.shapes = [y.shape for y in self.first.outputs]

    def __repr__(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)

    def _record(self, arguments: Sequence[Any]) -> Recording:
        """Evaluate the function at ``arguments`` for its tracked tensors."""

        def f(*tensors: Any) -> Any:
            leaves = list(self.leaves)
            for i, tensor in zip(self.places, tensors, strict=True):
                leaves[i] = tensor
            args, kwargs = self.rebuild(leaves)
            return self.f(*args, **kwargs)

        return Recording("checkpoint", f, arguments, argnums=tuple(range(len(arguments))))

    def run(self) -> Any:
        """The results, computed once and recorded as one operation."""
        first, tensors = cast(Recording, self.first), self.tensors
        if not first.outputs or not (tensors or self.closed_over):
            return first.result
        self.tensors = []
        packed = _pack(*tensors, *[boxed(_stand_in(node), node) for node in self.closed_over])
        arguments = packed[0].node.parents[0]
        made = _segment(boxed(Outputs([p.data for p in packed]), arguments), segment=self)
        self.first = None
        return first.rebuild_outputs(made if isinstance(made, tuple) else [made])

    def results(self) -> Any:
        """The arrays of the first evaluation."""
        arrays = tuple([y.data for y in cast(Recording, self.first).outputs])
        return arrays if len(arrays) > 1 else arrays[0]

    def gradients(self, g: Any, packed: Any) -> OutputGradients:
        """The gradients of everything in ``packed``, by evaluating again and going backward there."""
        differentiable = isinstance(packed, Box)
        given = packed._data.unpacked(packed._node) if differentiable else packed
        with (
            resume(self.mode),
            _random(self.random),
            enable_grad() if differentiable else no_grad(),
        ):
            again = self._record(given[: len(self.places)])
        self._check(again)
        sent = g if isinstance(g, tuple) else [g]
        cotangents = [
            u if y.requires_grad else None for u, y in zip(sent, again.outputs, strict=True)
        ]
        found = again.pull(cotangents, retain=False, outside=self.closed_over)
        count = len(self.places)
        return OutputGradients([*again.filled(found[:count]), *found[count:]])

    def _check(self, again: Recording) -> None:
        """Raise if the second evaluation was not like the first."""
        own = {parent for node in again.input_nodes for parent in node.parents}
        shapes = [y.shape for y in again.outputs]
        if shapes != self.shapes or not set(again.outside) - own <= set(self.closed_over):
            raise RuntimeError(
                f"checkpoint: computed again, the function gave results of shapes {shapes}, the first "
                f"time {self.shapes}, or it used other tensors. It must do the same both times: give "
                "what changes as an argument."
            )


def _is_tracked(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def _stand_in(node: ArrayNode) -> Any:
    """The array of a tensor that is closed over; where it is not kept, one that needs no memory."""
    if isinstance(node.out, Spec):
        return np.broadcast_to(np.zeros((), node.out.dtype), node.out.shape)
    return node.out


def _random_state() -> tuple[Any, Any, Any]:
    """The state of the generators that belong to nobody in particular."""
    return (
        default_generator().bit_generator.state,
        np.random.get_state(),  # noqa: NPY002  # layers of others may draw from it
        random.getstate(),
    )


@contextmanager
def _random(state: tuple[Any, Any, Any]) -> Iterator[None]:
    """Random numbers as they were, for a while."""
    now = _random_state()
    _set_random(state)
    try:
        yield
    finally:
        _set_random(now)


def _set_random(state: tuple[Any, Any, Any]) -> None:
    default_generator().bit_generator.state = state[0]
    np.random.set_state(state[1])  # noqa: NPY002
    random.setstate(state[2])
