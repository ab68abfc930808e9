"""Primitives: a forward function in plain NumPy, and one derivative rule per argument.

The whole idea of this package is in one line of a rule table::

    tanh = unary(np.tanh, lambda g, out, x: g * (1 - out * out), saves="out")

The rule gets the gradient ``g`` of the result, the result ``out`` and the arguments, and returns the
gradient of its argument.  It is ordinary NumPy code, so whatever speaks NumPy's protocols can run
it: ndarrays (first order, at raw speed), tensors (every further order, since the gradient is then
itself recorded), CuPy and Dask arrays.

A call on tracked tensors makes an :class:`ArrayNode`: the primitive, the parents' nodes, and of the
arrays only those that the rules of the tracked arguments declare in ``saves``.  For every other
array the node keeps a :class:`Spec`, its shape and dtype.

What does *not* belong here: rules (``ops/``), the backward pass (``backward.py``), ``Tensor``.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import truth
from types import FunctionType
from typing import Any, Self, TypeVar, overload

import numpy as np
from numpy.exceptions import AxisError
from numpy.linalg import LinAlgError

from . import keeping
from .anomaly import OURS, user_line, watch_forward
from .context import Mode, Scope, current_mode
from .cuts import arrays_in, cuts, hand_on, note_cut
from .graph import next_index
from .keeping import Needs, keep_many, keep_one, keep_two
from .node import MANY, ArrayNode, Call, Spec, leaf_node
from .versions import rebound, stale_view

__all__ = [
    "ArrayNode",
    "Binary",
    "Box",
    "Function",
    "OutputGradients",
    "Outputs",
    "Primitive",
    "Spec",
    "Unary",
    "applied_to_two",
    "binary",
    "boxed",
    "implements",
    "leaf_node",
    "numpy_functions",
    "primitive",
    "record_assignment",
    "require_real",
    "unary",
    "wrap_results_in",
]

Rule = Callable[..., Any]
I = TypeVar("I", bound=Callable[..., Any])
_new = object.__new__


class Box:
    """What primitives look for among their arguments: an array and, when it is tracked, a node.

    ``Tensor`` is the one class derived from it; primitives know no more of tensors than this.
    """

    __slots__ = ("__weakref__", "_data", "_node")

    _data: Any
    _node: ArrayNode | None


_tensor_class: type[Box] = Box


def wrap_results_in(tensor_class: type[Box]) -> None:
    """Say which class results are (called once, by ``tensor.py``, the layer above)."""
    global _tensor_class  # noqa: PLW0603  # set once, at import
    _tensor_class = tensor_class


def boxed(data: Any, node: ArrayNode | None) -> Any:
    """A tensor of ``data`` with that node (None: not tracked)."""
    tensor = _new(_tensor_class)
    tensor._data = data
    tensor._node = node
    return tensor


class Primitive:
    """Abstract: a forward function with its rules.  The final classes differ in how they are called.

    ``elementwise`` says that NumPy's broadcasting applies, so the backward pass sums a gradient over
    the axes along which its argument was repeated.
    """

    def __init__(
        self, forward: Callable[..., Any], name: str, names: Sequence[str], *, elementwise: bool
    ) -> None:
        self.forward = forward
        self.__wrapped__ = forward
        self.__doc__ = forward.__doc__
        self.name = name
        self.names = tuple(names)
        self.elementwise = elementwise
        self.local: str | Sequence[str] = ""
        self.rules: Sequence[Rule | None] = ()
        self.real = False
        self.incomplete = True  # there are calls for which some rule is missing
        self.common: Rule | None = None
        self.after_common: Sequence[Rule | None] = ()
        self.trusted = False  # elementwise, and its rules keep shape and dtype: tests/test_ops.py
        self.latest: Call = (self, (), None)  # nearly always that of the next one, too
        self.saves: tuple[frozenset[str], ...] = ()
        self._needs: dict[tuple[bool, ...], Needs] = {}

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.names)})>"

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply the forward function, and record the operation if an argument is tracked."""
        raise NotImplementedError

    def defvjp(
        self,
        *rules: Rule | None,
        saves: Any = None,
        common: Rule | None = None,
        local: str | Sequence[str] = "",
        real: bool = False,
    ) -> Self:
        """Give the derivative rules, one per argument; returns the primitive.

        A rule is called as ``rule(g, out, *arguments, **static)`` and returns the gradient of its
        argument: an array of the argument's shape (``None`` means zeros).  ``None`` instead of a
        rule says that there is no derivative with respect to that argument.

        ``saves`` names what the rules need as numbers, of ``"out"`` and the argument names: one
        collection for all rules (``saves=("out", "x")``) or one per rule (``saves=(("y",), ("x",))``).
        Whatever is not named comes as a :class:`Spec`.  The default saves everything.

        ``common`` is what all rules begin with, to be computed once for all of them: it is called as
        they are, and they get what it returns in place of ``g``.

        ``local`` is the rule as text for drawings, for example ``"∇out · yᵀ"``.  ``real`` says that the
        rules hold for real numbers only: then a call on complex ones is refused where it is tracked.
        """
        if len(rules) > len(self.names):
            raise ValueError(
                f"{self.name}.defvjp: {len(rules)} rules for the {len(self.names)} arguments "
                f"({', '.join(self.names)}). Give one rule per argument, None for no derivative."
            )
        self.rules = (*rules, *[None] * (len(self.names) - len(rules)))
        self.common, self.after_common = common, self.rules
        if common is not None:  # each of ``rules`` can be called by itself
            self.rules = tuple([rule and _composed(common, rule) for rule in self.rules])
        self.trusted = False
        self.real = real
        self.incomplete = real or None in self.rules
        self.saves = self._checked_saves(saves, len(self.names))
        self.local = local
        self._needs.clear()
        return self

    def defvjp_each(self, rule: Rule, saves: Any = None, local: str = "") -> Self:
        """Give one rule for every argument of a primitive that takes any number (``*arrays``).

        It is called as ``rule(i, g, out, *arguments, **static)`` for the ``i``-th argument.
        """
        self.rules = _EveryArgument(rule)
        self.common = None
        self.trusted = self.incomplete = False
        self.saves = self._checked_saves(saves, 1)
        self.local = local
        self._needs.clear()
        return self

    def _checked_saves(self, saves: Any, count: int) -> tuple[frozenset[str], ...]:
        known = {"out", *self.names}
        if saves is None:
            return (frozenset(known),) * count
        per_rule: list[Any] = [saves] * count
        if not isinstance(saves, str) and any(not isinstance(entry, str) for entry in saves):
            per_rule = list(saves)
        chosen = [set(entry.split() if isinstance(entry, str) else entry) for entry in per_rule]
        unknown = set().union(*chosen) - known if chosen else set()
        if unknown or len(chosen) > count:
            raise ValueError(
                f"{self.name}.defvjp: saves={saves!r} names {sorted(unknown) or 'too many rules'}; "
                f"expected names among {sorted(known)}."
            )
        chosen += [set()] * (count - len(chosen))
        return tuple(frozenset(entry) for entry in chosen)

    def needs(self, tracked: tuple[bool, ...]) -> Needs:
        """Whether the rules of the tracked arguments need ``out``, and which arguments they need."""
        found = self._needs.get(tracked)
        if found is None:
            if isinstance(self.rules, _EveryArgument):
                more = len(tracked) - len(self.names)
                wanted, names = self.saves[0], self.names + self.names[-1:] * more
            else:
                if len(tracked) > len(self.names):
                    raise TypeError(
                        f"{self.name}: there are rules for {len(self.names)} arguments, and "
                        f"{len(tracked)} came. Give one rule for any number with defvjp_each."
                    )
                of_tracked = [s for s, t in zip(self.saves, tracked, strict=False) if t]
                wanted, names = frozenset[str]().union(*of_tracked), self.names
            found = "out" in wanted, tuple([names[i] in wanted for i in range(len(tracked))])
            self._needs[tracked] = found
        return found

    def _called_in(self, scope: Scope) -> Call:
        self.latest = call = (self, scope, None)
        return call

    def _check_rules(self, parents: Sequence[ArrayNode | None], args: Sequence[Any]) -> None:
        if self.real:
            require_real(self.name, *args)
        for i, parent in enumerate(parents):
            if parent is not None and (not self.rules or self.rules[i] is None):
                raise TypeError(
                    f"{self.name}: there is no derivative with respect to argument {i} "
                    f"({self.names[min(i, len(self.names) - 1)]!r}), and a tracked tensor came. "
                    "Pass t.detach() if no gradient is wanted."
                )


def require_real(name: str, *args: Any) -> None:
    """Raise ``TypeError`` for complex arguments of an operation whose rules are for real numbers."""
    for i, arg in enumerate(args):
        if np.dtype(getattr(arg, "dtype", type(arg))).kind == "c":
            raise TypeError(
                f"{name}: argument {i} is complex, and there is a derivative for real numbers only. "
                "Write the operation with np.real and np.imag, or use t.detach()."
            )


def _composed(common: Rule, rule: Rule) -> Rule:
    def whole(g: Any, *saved: Any, **static: Any) -> Any:
        return rule(common(g, *saved, **static), *saved, **static)

    return whole


class _EveryArgument(Sequence[Rule]):
    """The rules of a primitive with any number of arguments: the same one, told the position."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._made: list[Rule] = []

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, i: Any) -> Any:
        while len(self._made) <= i:
            self._made.append(self._at(len(self._made)))
        return self._made[i]

    def _at(self, i: int) -> Rule:
        return partial(self._rule, i)  # a lambda would copy the arguments once more


# Recording.  The three final classes below differ only in how they look at their arguments.  They make
# tensor and node without a further call where there are one or two.  Those that have a fixed number of
# arguments and no static ones are applied by a plain function, which may stand in ``Tensor`` as an
# operator: a call less (benchmarks/README.md).


class Unary(Primitive):
    """A primitive of one array, elementwise."""

    def __init__(self, forward: Callable[..., Any], name: str) -> None:
        super().__init__(forward, name, ["x"], elementwise=True)
        self.apply = _applied_to_one(self)

    def __call__(self, x: Any) -> Any:
        """Apply it to an array, or to a tensor and record that."""
        return self.apply(x)


def _applied_to_one(primitive: Primitive) -> Callable[[Any], Any]:
    """A function that applies ``primitive``, and records that."""

    def apply(x: Any) -> Any:
        if not isinstance(x, Box):
            return primitive.forward(x)
        x_node = x._node
        x = x._data
        out = primitive.forward(x)
        if x_node is None or not (mode := current_mode()).grad:
            return _outside(out, primitive, x_node, (x,)) if x_node or cuts else boxed(out, None)
        node = ArrayNode()
        latest = primitive.latest
        node.call = latest if latest[1] is mode.scope else primitive._called_in(mode.scope)
        node.x_node = x_node
        node.y_node = None
        node.index = next_index()
        if out.size <= keeping.SMALL:  # and so the argument, of the same size
            node.saved = (out, x)
            node.keeps = True
        else:
            keep_one(node, primitive._needs.get(_ONLY) or primitive.needs(_ONLY), out, x)
        if mode.careful or rebound:
            _record_with_care(node, (x,), out, mode)
        tensor = _new(_tensor_class)
        tensor._data = out
        tensor._node = node
        return tensor

    return apply


_NESTED: frozenset[Any] = frozenset({list, tuple})  # become arrays before a rule could see them


class Binary(Primitive):
    """A primitive of two arrays that broadcast."""

    def __init__(
        self, forward: Callable[..., Any], name: str, names: Sequence[str], *, elementwise: bool
    ) -> None:
        super().__init__(forward, name, names, elementwise=elementwise)
        self.apply = applied_to_two(self)

    def __call__(self, x: Any, y: Any) -> Any:
        """Apply it to two arrays, or record that if one is a tracked tensor."""
        return self.apply(x, y)


def applied_to_two(primitive: Primitive) -> Callable[[Any, Any], Any]:  # noqa: C901  # written out
    """A new function that applies ``primitive``, and records that."""

    def apply(x: Any, y: Any) -> Any:  # noqa: C901
        x_node = y_node = None
        if isinstance(x, Box):
            x_node = x._node
            x = x._data
            if y.__class__ is float:
                pass  # there is nothing to open
            elif isinstance(y, Box):
                y_node = y._node
                y = y._data
            elif y.__class__ in _NESTED:
                y = np.asarray(y)
        elif isinstance(y, Box):
            y_node = y._node
            y = y._data
            if x.__class__ in _NESTED:
                x = np.asarray(x)
        else:
            return primitive.forward(x, y)
        try:
            out = primitive.forward(x, y)
        except ValueError as error:
            raise _explained(error, primitive, (x, y)) from None
        if (x_node is None and y_node is None) or not (mode := current_mode()).grad:
            tracked = x_node or y_node
            return (
                _outside(out, primitive, tracked, (x, y)) if tracked or cuts else boxed(out, None)
            )
        node = ArrayNode()
        latest = primitive.latest
        node.call = latest if latest[1] is mode.scope else primitive._called_in(mode.scope)
        node.x_node = x_node
        node.y_node = y_node
        node.index = next_index()
        if out.size <= keeping.SMALL and primitive.elementwise:  # then so are the arguments
            node.saved = (out, x, y)
            node.keeps = True
        else:
            which = _FIRST if y_node is None else _SECOND if x_node is None else _BOTH
            keep_two(node, primitive._needs.get(which) or primitive.needs(which), out, x, y)
        if mode.careful or rebound:
            _record_with_care(node, (x, y), out, mode)
        tensor = _new(_tensor_class)
        tensor._data = out
        tensor._node = node
        return tensor

    return apply


class Function(Primitive):
    """A primitive of any number of arrays; keyword arguments are static."""

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply it to arrays, or record that if one is a tracked tensor."""
        if len(args) != 1:
            return self._of_many(args, static)
        x = args[0]
        if not isinstance(x, Box):
            return self.forward(x, **static)
        x_node = x._node
        x = x._data
        try:
            out = self.forward(x, **static)
        except ValueError as error:
            raise _explained(error, self, (x,)) from None
        if not hasattr(out, "dtype"):
            out = _as_output(out)
        if x_node is None or not (mode := current_mode()).grad:
            return _outside(out, self, x_node, (x,), static)
        if self.incomplete:
            self._check_rules((x_node,), (x,))
        node = ArrayNode()
        node.call = (self, mode.scope, static or None)
        node.x_node = x_node
        node.y_node = None
        node.index = next_index()
        keep_one(node, self._needs.get(_ONLY) or self.needs(_ONLY), out, x)
        if mode.careful or rebound:
            _record_with_care(node, (x,), out, mode)
        return out.unpacked(node) if out.__class__ is Outputs else boxed(out, node)

    def _of_many(self, args: tuple[Any, ...], static: dict[str, Any]) -> Any:
        parents: list[ArrayNode | None] = []
        values = []
        boxes = False
        for arg in args:
            if isinstance(arg, Box):
                boxes = True
                parents.append(arg._node)
                values.append(arg._data)
            else:
                parents.append(None)
                values.append(np.asarray(arg) if arg.__class__ in _NESTED else arg)
        if not boxes:
            return self.forward(*args, **static)
        try:
            out = self.forward(*values, **static)
        except ValueError as error:
            raise _explained(error, self, values) from None
        if not hasattr(out, "dtype"):
            out = _as_output(out)
        tracked = any(parents)
        if not (tracked and (mode := current_mode()).grad):
            return _outside(out, self, tracked, values, static)
        if self.incomplete:
            self._check_rules(parents, values)
        node = _record(self, parents, values, out, mode, static or None)
        return out.unpacked(node) if out.__class__ is Outputs else boxed(out, node)


def _as_output(out: Any) -> Any:
    """What a forward function returned that is not an array."""
    return Outputs.of(out) if isinstance(out, tuple) else np.asarray(out)


def _outside(
    out: Any, primitive: Primitive, tracked: Any, args: Sequence[Any], static: Any = None
) -> Any:
    """What an operation that is not recorded returns; a note says so where a way ends there."""
    if tracked:
        out = note_cut(out, ("no_grad()", primitive.name, current_mode().scope))
    elif cuts:
        out = hand_on((*args, *arrays_in(static)) if static else args, out)
    if out.__class__ is Outputs:
        return out.unpacked(None)
    tensor = _new(_tensor_class)
    tensor._data = out
    tensor._node = None
    return tensor


def _explained(error: ValueError, primitive: Primitive, args: Sequence[Any]) -> ValueError:
    """NumPy's error with the name of the operation and the shapes that it was given."""
    kind, message = type(error), str(error).strip()
    if message.startswith(primitive.name) or kind not in (ValueError, AxisError, LinAlgError):
        return error
    shapes = ", ".join([str(getattr(a, "shape", a)) for a in args])
    way_out = ""
    if kind is AxisError and hasattr(args[0], "ndim"):
        way_out = f" Its axes go from {-args[0].ndim} to {args[0].ndim - 1}."
    elif "broadcast" in message:
        way_out = (
            " Shapes are aligned from the last axis; two sizes must be equal, or one of them 1."
        )
    return kind(f"{primitive.name}: {message}, given {shapes}.{way_out}")


_ONLY, _FIRST, _SECOND, _BOTH = (True,), (True, False), (False, True), (True, True)


def _record(
    primitive: Primitive,
    parents: Sequence[ArrayNode | None],
    args: Sequence[Any],
    out: Any,
    mode: Mode,
    static: dict[str, Any] | None,
) -> ArrayNode:
    """A node for an operation on any number of arguments."""
    node = ArrayNode()
    node.call = (primitive, mode.scope, static)
    node.index = next_index()
    tracked = tuple(map(truth, parents))
    needs = primitive._needs.get(tracked) or primitive.needs(tracked)
    if len(args) == 1:
        (node.x_node,), node.y_node = parents, None
        keep_one(node, needs, out, *args)
    elif len(args) == 2:
        node.x_node, node.y_node = parents
        keep_two(node, needs, out, *args)
    else:
        node.x_node, node.y_node = tuple(parents), MANY
        keep_many(node, needs, out, args)
    if mode.careful or rebound:
        _record_with_care(node, args, out, mode)
    return node


def record_assignment(
    primitive: Primitive,
    parents: tuple[ArrayNode | None, ...],
    args: Sequence[Any],
    out: Any,
    static: dict[str, Any],
) -> ArrayNode:
    """A node for an operation that has already happened, in place."""
    return _record(primitive, parents, args, out, current_mode(), static)


def _record_with_care(node: ArrayNode, args: Sequence[Any], out: Any, mode: Mode) -> None:
    """The rarer duties of recording: stale views, keeping everything, anomaly detection."""
    primitive = node.primitive
    for i, (parent, arg) in enumerate(zip(node.parents, args, strict=True)):
        if parent is not None and parent.parents and rebound and stale_view(arg, parent.index):
            raise RuntimeError(
                f"{primitive.name}: argument {i} is a view of a tensor that was assigned to "
                "(t[...] = v) after the view was taken: it shows the new numbers but has the old "
                "history. Take the view again after the assignment, or copy it before (view.clone())."
            )
    if mode.record:
        node.saved, node.keeps = (out, *args), True
        node.remarks().origin = user_line()
    if mode.anomaly:
        watch_forward(node, args, out)


class Outputs(tuple[Any, ...]):
    """The arrays of a primitive that returns several, as one ``out``."""

    shape: Any = None
    dtype: Any = None
    size: Any = sys.maxsize
    names: Any = None

    @classmethod
    def of(cls, out: tuple[Any, ...]) -> "Outputs":
        """Remembers the class of a named tuple, so that the caller gets one back."""
        outputs = cls(o if hasattr(o, "dtype") else np.asarray(o) for o in out)
        outputs.names = type(out) if hasattr(out, "_fields") else None
        return outputs

    def unpacked(self, node: ArrayNode | None) -> Any:
        """A tensor for each array; each has a node that picks it from the common one."""
        picks = [None if node is None else _picked(node, i, o) for i, o in enumerate(self)]
        tensors = [boxed(o, pick) for o, pick in zip(self, picks, strict=True)]
        return self.names(*tensors) if self.names else tuple(tensors)


class OutputGradients(tuple[Any, ...]):
    """The gradients of several outputs, on their way: None for one that has none so far."""

    __slots__ = ()

    def __add__(self, other: Any) -> "OutputGradients":
        pairs = zip(self, other, strict=True)
        return OutputGradients([b if a is None else a if b is None else a + b for a, b in pairs])

    def completed(self, out: Sequence[Any]) -> tuple[Any, ...]:
        """With zeros for None."""
        kin = next(g for g in self if g is not None)
        return tuple(
            [
                np.zeros_like(kin, shape=o.shape, dtype=o.dtype) if g is None else g
                for g, o in zip(self, out, strict=True)
            ]
        )


def _pick_rule(g: Any, out: Any, whole: Any, *, index: int, count: int) -> OutputGradients:
    gradients: list[Any] = [None] * count
    gradients[index] = g
    return OutputGradients(gradients)


_pick = Function(
    lambda whole, *, index, count: whole[index], "output", ["whole"], elementwise=False
)
_pick.defvjp(_pick_rule, saves=(), local="∇out, for this one of the outputs")


def _picked(node: ArrayNode, index: int, out: Any) -> ArrayNode | None:
    if np.dtype(out.dtype).kind not in "fc":
        return None
    static = {"index": index, "count": len(node.out)}
    pick = _record(_pick, (node,), (Spec((), None),), out, current_mode(), static)
    pick.saved = (pick.out, Spec((), None))  # not the other outputs, which may be large
    return pick


# Making primitives.

P = TypeVar("P", bound=Primitive)

numpy_functions: dict[Any, Callable[..., Any]] = {}
"""For each NumPy function and ufunc that has a derivative here, what runs it on tensors."""


def implements(*functions: Any) -> Callable[[I], I]:
    """Register the decorated function (or primitive) as the implementation of ``functions``.

    It takes NumPy's arguments under NumPy's names; those that it does not take are refused by
    ``protocol.py`` in its name.
    """

    def register(implementation: I) -> I:
        apply = (
            implementation.apply if isinstance(implementation, (Unary, Binary)) else implementation
        )
        for function in functions:
            numpy_functions[function] = apply
        return implementation

    return register


def _array_parameters(forward: Callable[..., Any]) -> list[str]:
    """The names of the arguments that are arrays: the positional ones."""
    if isinstance(forward, FunctionType) and not vars(forward):  # not wrapped: its code says it all
        code = forward.__code__
        names = code.co_varnames
        starred = code.co_argcount + code.co_kwonlyargcount
        ending = names[starred : starred + 1] if code.co_flags & inspect.CO_VARARGS else ()
        return [*names[: code.co_argcount], *ending]
    kinds = inspect.Parameter
    positional = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD, kinds.VAR_POSITIONAL)
    parameters = inspect.signature(forward).parameters.values()
    return [p.name for p in parameters if p.kind in positional]


def unary(
    forward: Callable[..., Any], rule: Rule, *, saves: Any = (), name: str = "", local: str = ""
) -> Unary:
    """An elementwise primitive of one argument ``x``."""
    made = Unary(forward, name or forward.__name__)
    made.defvjp(rule, saves=saves, local=local)
    return _registered(made)


def _registered(made: P) -> P:
    made.trusted = str(getattr(made.rules[0], "__module__", "")).partition(".")[0] in OURS
    return implements(made.forward)(made) if isinstance(made.forward, np.ufunc) else made


def binary(
    forward: Callable[..., Any],
    x_rule: Rule | None,
    y_rule: Rule | None,
    *,
    saves: Any = (),
    name: str = "",
    local: Iterable[str] = (),
) -> Binary:
    """An elementwise primitive of two arguments ``x`` and ``y`` that broadcast."""
    made = Binary(forward, name or forward.__name__, ["x", "y"], elementwise=True)
    made.defvjp(x_rule, y_rule, saves=saves, local=tuple(local))
    return _registered(made)


@overload
def primitive(
    forward: Callable[..., Any], *, name: str | None = None, elementwise: bool = False
) -> Function: ...
@overload
def primitive(
    forward: None = None, *, name: str | None = None, elementwise: bool = False
) -> Callable[[Callable[..., Any]], Function]: ...
def primitive(
    forward: Callable[..., Any] | None = None, *, name: str | None = None, elementwise: bool = False
) -> Any:
    """Make a differentiable operation of ``forward``, a function in plain NumPy.

    Positional arguments are arrays (tensors, ndarrays, numbers), keyword-only arguments are static.
    Several results come back as a tuple.  Give the rules with :meth:`Primitive.defvjp`.  Called
    without any tensor, it is ``forward`` itself.

    With ``elementwise=True`` the rules may return gradients of the broadcast shape; they are summed
    to the argument's.  Otherwise a gradient of the wrong shape is an error that names the rule.

    Written in NumPy functions and operators, a rule holds for every order of derivative:

    >>> import autograd as ag
    >>> @ag.primitive
    ... def cube(x, *, scale=1.0):
    ...     return scale * x**3
    >>> _ = cube.defvjp(lambda g, out, x, *, scale=1.0: g * (3 * scale) * x**2, saves=("x",))
    >>> ag.grad(cube)(2.0)
    array(12.)
    >>> ag.grad(ag.grad(cube))(2.0)
    array(12.)
    """

    def made(forward: Callable[..., Any]) -> Function:
        known_as = name or str(getattr(forward, "__name__", "primitive"))
        return Function(forward, known_as, _array_parameters(forward), elementwise=elementwise)

    return made if forward is None else made(forward)
