"""A function evaluated once on fresh tracked arguments, and the way back through what it recorded.

Every transform stands on :class:`Recording`.  The arguments that are differentiated become tensors
of this recording alone: a new leaf for a plain array, the identity of a tracked tensor, so that the
graph of an enclosing transform goes on through it.  Gradients are asked for at exactly these fresh
tensors, so nested transforms can't confuse their variables, at any depth and over closures, and no
``.grad`` is touched.

The result is *differentiable*, a tensor with a graph of its own, exactly when the function has
used something tracked from outside, an argument or a tensor it closes over; otherwise it is plain
arrays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from .backward import in_order
from .context import enable_grad, is_grad_enabled
from .graph import creation, next_index
from .node import MANY, ArrayNode
from .primitive import boxed, primitive
from .rows import pull_rows, rows_at_once
from .tensor import Tensor, backward_pass, owned, seed_gradient
from .tree import Rebuild, flatten, paths

__all__ = ["Argnums", "Recording", "basis"]

Argnums = int | tuple[int, ...]

argument = primitive(name="argument")(lambda x: x)
argument.defvjp(lambda g, out, x: g, saves=(), local="∇out")


class Recording:
    """``f(*args, **kwargs)``, recorded with respect to the arguments ``argnums``.

    ``name`` is the transform's, for messages.
    """

    inputs: list[Tensor]
    """The fresh tensors: the leaves of the chosen arguments."""
    rebuild_inputs: Rebuild
    """Puts a value for each input into a container like the chosen argument (or tuple of them)."""
    outputs: list[Tensor]
    """The leaves of the result."""
    rebuild_outputs: Rebuild
    result: Any
    """What the function returned."""
    input_nodes: list[ArrayNode]
    """Those of the inputs before the function saw them: it may assign to one."""
    output_nodes: list[ArrayNode | None]
    """Those of the outputs when the function returned: one may be assigned to later."""
    since: int
    """What was made before is older."""
    order: list[ArrayNode]
    """The nodes of this recording that the outputs were computed from, newest first."""
    outside: list[ArrayNode]
    """Older nodes that the outputs were computed from: arguments and what the function closes over."""
    differentiable: bool

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any] | None = None,
        argnums: Argnums = 0,
    ) -> None:
        self.name = name
        self.argnums = argnums
        self.positions = positions = _positions(name, argnums, len(args))
        chosen = args[argnums] if isinstance(argnums, int) else tuple([args[i] for i in positions])
        leaves, self.rebuild_inputs = flatten(chosen)
        recorded = is_grad_enabled()
        self.since = next_index()
        with enable_grad():
            try:
                self.inputs = [_fresh(leaf, recorded) for leaf in leaves]
            except TypeError as error:
                raise _misplaced(error, leaves, args, positions, name) from None
            self.input_nodes = [cast(ArrayNode, x.node) for x in self.inputs]
            fresh = self.rebuild_inputs(self.inputs)
            called = list(args)
            for i, arg in zip(
                positions, (fresh,) if isinstance(argnums, int) else fresh, strict=True
            ):
                called[i] = arg
            result = f(*called, **(kwargs or {}))
        self.result = result
        results, self.rebuild_outputs = flatten(result)
        self.outputs = [_output(r, name) for r in results]
        self.output_nodes = [y.node for y in self.outputs]
        self.order, self.outside = _nodes_since(self.since, self.output_nodes)
        self.differentiable = recorded and bool(self.outside)

    def scalar(self) -> Tensor:
        """The one output, which has one entry."""
        if len(self.outputs) != 1:
            count = len(self.outputs)
            raise TypeError(
                f"{self.name}: the function returned "
                f"{f'a container of {count} results' if count else 'nothing'}, "
                "expected one number. Return the loss alone, or use jacobian or vjp."
            )
        if self.outputs[0].size != 1:
            raise RuntimeError(
                f"{self.name}: the result has shape {self.outputs[0].shape}, expected a scalar. "
                "Reduce it (np.sum, np.mean), or use elementwise_grad, jacobian or vjp."
            )
        return self.outputs[0]

    def values(self) -> list[Any]:
        """The outputs as the caller gets them: tensors if they have a history to go on with."""
        # Of an untracked tensor: y.data would leave a note that a way ends there (cuts.py).
        return [y if self.differentiable else boxed(y._data, None).data for y in self.outputs]

    def pull(
        self,
        cotangents: Iterable[Any],
        *,
        retain: bool = True,
        outside: Sequence[ArrayNode] = (),
    ) -> list[Any]:
        """Σ cotangentᵀ · ∂output/∂input for each input: None where no output depends on it.

        ``None`` as a cotangent leaves that output out.  The same for nodes ``outside`` comes after
        the inputs' gradients.
        """
        seeds: dict[ArrayNode, Any] = {}
        for output, cotangent in zip(self.outputs, cotangents, strict=True):
            if cotangent is not None:
                g = seed_gradient(output, cotangent, self.name)
                if (node := output.node) is not None:
                    seeds[node] = seeds[node] + g if node in seeds else g
        as_recorded = [y.node for y in self.outputs] == self.output_nodes
        nodes = [*self.input_nodes, *outside]
        arrived = owned(
            backward_pass(
                seeds,
                inputs=nodes,
                order=self.order if as_recorded else _nodes_since(self.since, seeds)[0],
                retain=retain or self.differentiable,
                differentiable=self.differentiable,
            )
        )
        return [self._returned(arrived[node]) if node in arrived else None for node in nodes]

    def rows(self, k: int) -> list[Any]:
        """For each input the gradients of all entries of output ``k``, along a first axis."""
        y = self.outputs[k]
        if y.size == 0:
            return [np.zeros_like(x._data, shape=(0, *x.shape)) for x in self.inputs]
        if self.differentiable or y.node is None:
            return self._row_by_row(k)
        order = in_order([y.node])
        together = rows_at_once(order)
        if together < 2:
            return self._row_by_row(k)
        cotangents = np.stack(list(basis(np.zeros_like(y._data))))
        with np.errstate(all="ignore"):
            blocks = [
                pull_rows(order, cotangents[i : i + together], self.input_nodes)
                for i in range(0, y.size, together)
            ]
        return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]

    def _row_by_row(self, k: int) -> list[Any]:
        """The same by one backward pass for each entry."""
        zeros = [np.zeros_like(y._data) for y in self.outputs]
        rows = [self.filled(self.pull([*zeros[:k], e, *zeros[k + 1 :]])) for e in basis(zeros[k])]
        return [np.stack(parts) for parts in zip(*rows, strict=True)]

    def _returned(self, gradient: Tensor) -> Any:
        # A gradient also has a history where the cotangent had one.
        return gradient if self.differentiable or gradient.requires_grad else gradient.data

    def filled(self, gradients: Sequence[Any]) -> list[Any]:
        """``gradients`` with zeros for None."""
        return [
            np.zeros_like(x._data) if g is None else g
            for x, g in zip(self.inputs, gradients, strict=True)
        ]

    def unused(self, gradients: Sequence[Any]) -> list[int]:
        """The positions of the arguments of which no part has a gradient."""
        reached = self.rebuild_inputs([g is not None for g in gradients])
        parts = (reached,) if isinstance(self.argnums, int) else reached
        found = [flatten(part)[0] for part in parts]
        return [i for i, used in zip(self.positions, found, strict=True) if used and not any(used)]

    def pushforward(self) -> Callable[[Sequence[Any]], list[Any]]:
        """The function v ↦ J v, from tangents of the inputs to tangents of the outputs.

        The pullback u ↦ uᵀJ is linear in u, so its own vector-Jacobian product, at any u, is J v:
        forward mode from reverse rules (J. Townsend, "A new trick for calculating Jacobian vector
        products", 2017).
        """
        transposed = Recording(
            self.name,
            lambda *us: self.filled(self.pull(us)),
            [np.zeros_like(y._data) for y in self.outputs],
            argnums=tuple(range(len(self.outputs))),
        )
        return lambda tangents: transposed.filled(transposed.pull(tangents))


def basis(zeros: Any) -> Iterator[Any]:
    """The arrays like ``zeros`` with a single 1."""
    for i in np.ndindex(zeros.shape):
        e = zeros.copy()
        e[i] = 1
        yield e


def _nodes_since(
    since: int, roots: Iterable[ArrayNode | None]
) -> tuple[list[ArrayNode], list[ArrayNode]]:
    """What ``roots`` were computed from: the nodes made since, newest first, and the nearest older."""
    found = [node for node in dict.fromkeys(roots) if node is not None]
    reached = set(found)
    recorded, older = [], []
    for node in found:  # grows while it is walked
        if node.index < since:
            older.append(node)
            continue
        recorded.append(node)
        for parent in node.x_node if node.y_node is MANY else (node.x_node, node.y_node):
            if parent is not None and parent not in reached:
                reached.add(parent)
                found.append(parent)
    recorded.sort(key=creation, reverse=True)
    return recorded, older


def _positions(name: str, argnums: Argnums, count: int) -> tuple[int, ...]:
    """The positions that ``argnums`` means among ``count`` arguments."""
    asked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for i in asked:
        if not isinstance(i, int):
            raise TypeError(
                f"{name}: argnums={argnums!r} holds {i!r}, which is no position. Give an int or a "
                "tuple of ints."
            )
        if not -count <= i < count:
            raise IndexError(
                f"{name}: argnums={argnums} asks for argument {i}, but the function was "
                f"called with {count} positional arguments."
            )
    positions = tuple([i % count for i in asked])
    if len(set(positions)) < len(positions):
        raise ValueError(f"{name}: argnums={argnums} names an argument twice. Name each once.")
    return positions


def _fresh(leaf: Any, recorded: bool) -> Tensor:
    """A tensor of this recording with the value of ``leaf``."""
    if isinstance(leaf, Tensor):
        if leaf.requires_grad and recorded:
            return argument(leaf)  # type: ignore[no-any-return]
        fresh = leaf.detach()
    else:
        fresh = Tensor(leaf)
    fresh.requires_grad = True
    return fresh


def _misplaced(
    error: Exception,
    leaves: Sequence[Any],
    args: Sequence[Any],
    positions: Sequence[int],
    name: str,
) -> TypeError:
    """``error`` with the place of the first leaf that is to blame."""
    places = [path for i in positions for path in paths(args[i], f"argument {i}")]
    for leaf, place in zip(leaves, places, strict=True):
        try:
            _fresh(leaf, recorded=False)
        except TypeError:
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            return TypeError(
                f"{name}: {place} is {kind}, expected an array of a floating dtype. Write it with a "
                "decimal point, convert it (np.asarray(x, float)), or leave it out of argnums."
            )
    return TypeError(f"{name}: {error}")


def _output(result: Any, name: str) -> Tensor:
    if isinstance(result, Tensor):
        return result
    try:
        return Tensor(result)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: the function returned {type(result).__name__}, expected a number or an array."
        ) from None
