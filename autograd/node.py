"""What the graph of arrays is made of: a node for each recorded operation and each leaf.

Nodes, not tensors, make the graph.  A node holds its primitive, its parents and, of the arrays, only
what the derivative rules need; of the others it remembers shape and dtype.  So an array that no rule
needs is freed as soon as the user's program lets go of it.
"""

from typing import Any, NoReturn

from .context import current_mode, scope_path
from .graph import next_index

__all__ = ["ArrayNode", "NotSavedError", "Spec", "leaf_node"]


class NotSavedError(RuntimeError, AttributeError):
    """A derivative rule reads an array that it does not declare in ``saves``."""


class Spec:
    """The shape and dtype of an array that was not saved."""

    __slots__ = ("__weakref__", "dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    def __repr__(self) -> str:
        return f"Spec(shape={self.shape}, dtype={self.dtype})"

    def _not_saved(self, *_: Any, **__: Any) -> NoReturn:
        raise NotSavedError(
            f"a derivative rule uses an array of shape {self.shape} that was not saved: only its "
            "shape and dtype are left. Name it in defvjp(..., saves=...)."
        )

    # Anything numerical a rule might do with it ends in the sentence above.
    __array__ = __array_ufunc__ = __array_function__ = __getitem__ = __len__ = _not_saved
    __float__ = __bool__ = __iter__ = __neg__ = __abs__ = _not_saved
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _not_saved
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _not_saved
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pos__ = __invert__ = _not_saved
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _not_saved
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _not_saved
    __getattr__ = _not_saved  # T, sum, astype ...
    __hash__ = object.__hash__

    def __deepcopy__(self, memo: Any) -> "Spec":
        return self  # it never changes


ABSENT = Spec((), None)
"""Stands for ``y`` in the node of an operation on one argument, and for ``x`` and ``y`` in a leaf."""


class ArrayNode:
    """One recorded operation, or a leaf (``primitive`` is None and there are no parents).

    The node of an operation on one or two arguments holds these (``x``, ``y``) and their nodes
    itself, that of an operation on more holds tuples of them (``x``, ``xs_nodes``): a graph of a
    million operations is then a million objects for Python's cyclic collector, not three.

    Arguments and ``out`` are arrays where they are saved or small, else a :class:`Spec`; ``keeps``
    says that they stay when the graph is freed, and is None once it is.
    ``tensor`` (a weak reference; leaves, and others after ``retain_grad()``), ``name`` and ``origin``
    (the user's line, under ``detect_anomaly`` and ``record``) are set only where there is something to
    say.
    """

    __slots__ = (
        "__weakref__",
        "hooks",
        "index",
        "keeps",
        "name",
        "origin",
        "out",
        "primitive",
        "scope",
        "static",
        "tensor",
        "x",
        "x_node",
        "xs_nodes",
        "y",
        "y_node",
    )

    primitive: Any  # a Primitive, the layer above; None for a leaf
    x: Any
    y: Any
    x_node: "ArrayNode | None"
    y_node: "ArrayNode | None"
    xs_nodes: tuple["ArrayNode | None", ...]
    static: dict[str, Any] | None
    out: Any
    scope: Any
    index: int
    hooks: list[Any] | None
    keeps: bool | None
    name: str
    origin: str
    tensor: Any

    def __repr__(self) -> str:
        what = self.primitive.name if self.primitive else "leaf"
        return f"<node {self.index}: {what} {self.out.shape}>"

    @property
    def parents(self) -> tuple["ArrayNode | None", ...]:
        """The nodes of the arguments; None for one that is not tracked."""
        if self.xs_nodes:
            return self.xs_nodes
        if self.y is ABSENT:
            return () if self.x is ABSENT else (self.x_node,)
        return self.x_node, self.y_node

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments: arrays, numbers, and a :class:`Spec` for what is not kept."""
        if self.xs_nodes:
            return self.x  # type: ignore[no-any-return]  # the tuple of them
        if self.y is ABSENT:
            return () if self.x is ABSENT else (self.x,)
        return self.x, self.y

    def hold(self, args: tuple[Any, ...], out: Any) -> None:
        """Keep all these arrays, also when the graph is freed."""
        if self.xs_nodes:
            self.x = args
        else:
            self.x, self.y = args if len(args) == 2 else (*args, ABSENT)
        self.out = out
        self.keeps = True

    @property
    def label(self) -> str:
        """The operation and its scope, for messages: ``log [in model.fc1 (Linear)]``."""
        name = self.primitive.name if self.primitive else "leaf"
        path = scope_path(self.scope)
        return f"{name} [in {path}]" if path else name


def leaf_node(data: Any) -> ArrayNode:
    """A node without parents: an independent variable."""
    node = ArrayNode()
    node.primitive = None
    node.x = node.y = ABSENT
    node.x_node = node.y_node = node.static = None
    node.xs_nodes = ()
    node.out = data
    node.scope = current_mode().scope
    node.hooks = None
    node.keeps = True
    node.index = next_index()
    return node
