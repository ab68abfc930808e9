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

    __slots__ = ("dtype", "shape")

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


class ArrayNode:
    """One recorded operation, or a leaf (``primitive`` is None and there are no parents).

    ``args`` and ``out`` hold arrays where they are saved or small, else a :class:`Spec`; ``keeps``
    says that they stay when the graph is ``freed``.  ``tensor`` (a weak reference; leaves, and others
    after ``retain_grad()``), ``name`` and ``origin`` (the user's line, under ``detect_anomaly``) are
    set only where there is something to say.
    """

    __slots__ = (
        "__weakref__",
        "args",
        "freed",
        "hooks",
        "index",
        "keeps",
        "name",
        "origin",
        "out",
        "parents",
        "primitive",
        "scope",
        "static",
        "tensor",
    )

    primitive: Any  # a Primitive, the layer above; None for a leaf
    parents: tuple["ArrayNode | None", ...]
    args: tuple[Any, ...]
    static: dict[str, Any] | None
    out: Any
    scope: Any
    index: int
    hooks: list[Any] | None
    keeps: bool
    freed: bool
    name: str
    origin: str
    tensor: Any

    def __repr__(self) -> str:
        what = self.primitive.name if self.primitive else "leaf"
        return f"<node {self.index}: {what} {self.out.shape}>"

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
    node.parents = node.args = ()
    node.static = None
    node.out = data
    node.scope = current_mode().scope
    node.hooks = None
    node.keeps = True
    node.freed = False
    node.index = next_index()
    return node
