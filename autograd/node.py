"""What the graph of arrays is made of: a node for each recorded operation and each leaf.

Nodes, not tensors, make the graph.  A node holds its primitive, its parents and, of the arrays, only
what the derivative rules need; of the others it remembers shape and dtype.  So an array that no rule
needs is freed as soon as the user's program lets go of it.
"""

from typing import Any, NoReturn

from .context import Scope, current_mode, scope_path
from .graph import next_index

__all__ = ["GONE", "MANY", "ArrayNode", "Call", "NotSavedError", "Remarks", "Spec", "leaf_node"]


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


Call = tuple[Any, Scope, dict[str, Any] | None]
"""What operations of one primitive in one place have in common: the primitive (None for a leaf), the
path of the scope, and the arguments that are not arrays."""


class Remarks(Call):
    """The call of one node of which there is more to say; the class says that there is nothing.

    ``hooks``, the user's ``name`` for the result, the line of ``origin`` (under ``detect_anomaly`` and
    ``record``), the ``locks`` on its arrays (``detect_anomaly`` again), and a weak reference to the
    ``tensor`` that gets a ``grad`` (a leaf's, and after ``retain_grad()``).
    """

    hooks: list[Any] | None = None
    name = ""
    origin = ""
    locks: Any = None
    tensor: Any = None


class ArrayNode:
    """One recorded operation, or a leaf (``primitive`` is None and there are no parents).

    ``saved`` is what the rules are called with after the gradient: the result, then the arguments.
    They are arrays where a rule needs them or they are small, else a :class:`Spec`; ``keeps`` says that
    they stay when the graph is freed, and is None once it is.  The nodes of one or two arguments are
    ``x_node`` and ``y_node``; of more, ``x_node`` is a tuple of them and ``y_node`` is ``MANY``.

    A graph of a million operations is a million nodes for Python's cyclic collector, which walks over
    them again and again while it grows: six slots let it do so in two thirds of the time of ten.
    (It drops the tuples of arrays at first sight.)
    """

    __slots__ = ("call", "index", "keeps", "saved", "x_node", "y_node")

    call: Call
    index: int
    keeps: bool | None
    saved: tuple[Any, ...]
    x_node: Any  # an ArrayNode, None where the argument is not tracked, or a tuple of such
    y_node: "ArrayNode | None"

    def __repr__(self) -> str:
        what = self.primitive.name if self.primitive else "leaf"
        return f"<node {self.index}: {what} {self.out.shape}>"

    @property
    def parents(self) -> tuple["ArrayNode | None", ...]:
        """The nodes of the arguments; None for one that is not tracked."""
        if self.y_node is MANY:
            return self.x_node  # type: ignore[no-any-return]  # the tuple of them
        if len(self.saved) == 3:
            return self.x_node, self.y_node
        return (self.x_node,) if len(self.saved) == 2 else ()

    @property
    def out(self) -> Any:
        """The result, or its :class:`Spec`."""
        return self.saved[0]

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments: arrays, numbers, and a :class:`Spec` for what is not kept.

        Of a freed node those that were computed are what their own nodes have of them.
        """
        if self.keeps is not None:
            return self.saved[1:]
        pairs = zip(self.saved[1:], self.parents, strict=True)
        return tuple([p.out if p and a is GONE else a for a, p in pairs])

    @property
    def primitive(self) -> Any:
        """What was applied; None for a leaf."""
        return self.call[0]

    @property
    def static(self) -> dict[str, Any] | None:
        """The arguments that are not arrays."""
        return self.call[2]

    @property
    def scope(self) -> Scope:
        """Where the operation was made, outermost first."""
        return self.call[1]

    def remarks(self) -> Remarks:
        """What there is to say of this node alone, to be added to."""
        if not isinstance(self.call, Remarks):
            self.call = Remarks(self.call)
        return self.call

    hooks = property(lambda self: getattr(self.call, "hooks", None))
    name = property(lambda self: getattr(self.call, "name", ""))
    origin = property(lambda self: getattr(self.call, "origin", ""))
    tensor = property(lambda self: getattr(self.call, "tensor", None))

    @property
    def label(self) -> str:
        """The operation and its scope, for messages: ``log [in model.fc1 (Linear)]``."""
        name = self.primitive.name if self.primitive else "leaf"
        path = scope_path(self.scope)
        return f"{name} [in {path}]" if path else name


GONE = Spec((), None)
"""Stands in a freed node for an argument that was computed: its own node tells of it."""

MANY = ArrayNode()
"""Stands for ``y_node`` in the node of an operation on three arguments or more."""


def leaf_node(data: Any) -> ArrayNode:
    """A node without parents: an independent variable."""
    node = ArrayNode()
    node.call = Remarks((None, current_mode().scope, None))
    node.x_node = node.y_node = None
    node.saved = (data,)
    node.keeps = True
    node.index = next_index()
    return node
