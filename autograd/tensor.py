"""Tensor: an array that remembers how it was made.

Every method is here, a line or two each: operators and NumPy's array methods call the primitives of
``ops/``.  What a tensor adds to an array is ``requires_grad``, ``grad``, ``backward`` and the
refusal to leave the graph in silence.
"""

import os
import sys
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

import numpy as np

from . import protocol
from .backward import backpropagate
from .context import enable_grad
from .cuts import cut_at, cuts, hand_on, note_cut
from .node import ArrayNode, leaf_node
from .ops import arithmetic, indexing, products, reductions, shape, transcendental
from .primitive import Binary, Box, applied_to_two, boxed, wrap_results_in
from .versions import note_change

__all__ = [
    "Tensor",
    "backward_pass",
    "commit",
    "increment_version",
    "owned",
    "seed_gradient",
    "tensor",
]


class _Function(Protocol):
    """A function, as the type checker shall see it here: it makes tensors."""

    apply: "Callable[..., Tensor]"

    def __call__(self, *args: Any, **kwargs: Any) -> "Tensor": ...


class _OnTensors(Protocol):
    """A module of them."""

    def __getattr__(self, name: str) -> _Function: ...


_arithmetic = cast(_OnTensors, arithmetic)
_products = cast(_OnTensors, products)
_indexing = cast(_OnTensors, indexing)
_reductions = cast(_OnTensors, reductions)
_shape = cast(_OnTensors, shape)
_transcendental = cast(_OnTensors, transcendental)
_numpy = cast(_OnTensors, np)  # comes back to us through the protocol


def _operator(name: str, operation: Binary) -> "Callable[[Tensor, Any], Tensor]":
    """The method that applies ``operation``: a function of its own, not one around another."""
    apply = applied_to_two(operation)
    apply.__name__, apply.__qualname__, apply.__module__ = name, f"Tensor.{name}", __name__
    return apply


_ndarray = np.ndarray


def _untracked(data: Any) -> "Tensor":
    tensor: Tensor = boxed(data, None)
    return tensor


def _as_array(data: Any, dtype: Any) -> Any:
    """What a tensor of ``data`` holds: the array itself if it is one, else a new one."""
    if isinstance(data, Box):
        if data._node is not None:
            raise TypeError(
                "Tensor: the data is itself a tracked tensor. Use it as it is, t.clone() for a copy "
                "in the graph, or t.detach() for one outside of it."
            )
        data = data._data
    if not hasattr(data, "__array_function__") or isinstance(data, np.generic):
        try:
            data = np.asarray(data)
        except ValueError as error:
            raise ValueError(
                f"Tensor: the rows of the data differ in length ({error}). Pad them, or keep one "
                "tensor for each."
            ) from None
    if dtype is not None:
        data = data.astype(dtype, copy=False)
    if data.dtype.kind not in "fciub":
        raise TypeError(
            f"Tensor: expected numbers or booleans, got {data.dtype} ({type(data).__name__}). "
            "Convert the data to numbers first."
        )
    return data


def _independent(array: Any, given: Any) -> Any:
    """``array``, or a copy where it is, or shares memory with, what was ``given``."""
    return array.copy() if array is given or np.may_share_memory(array, given) else array


class Tensor(Box):
    """An array and, where a gradient is wanted, its place in the graph of operations.

    ``data``: a number, nested list, or array (NumPy, CuPy, Dask).  With ``requires_grad=True`` the
    tensor is a *leaf*: it owns a copy of the data, and ``backward()`` of a result adds the gradient
    to its ``grad``.  Otherwise it shares the array it is given.  The dtype is the one NumPy gives,
    or ``dtype``; ``requires_grad`` needs a floating or complex one, and the gradient at a + ib is
    ∂L/∂a - i ∂L/∂b.
    ``name`` is for drawings.

    Raises ``TypeError`` for data that is not numeric, or not floating with ``requires_grad``, and
    ``ValueError`` for ragged lists.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    Tensor([2., 4., 6.])
    """

    __slots__ = ("_grad", "_name")

    _grad: "Tensor | None"
    _name: str

    def __init__(
        self, data: Any, *, requires_grad: bool = False, dtype: Any = None, name: str | None = None
    ) -> None:
        array = _as_array(data, dtype)
        self._data = array
        self._node = None
        if name is not None:
            self._name = name
        if requires_grad:
            self._data = _independent(array, data)
            self.requires_grad = True

    # --- the array ----------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The array itself, outside of the graph.  Writing to it is not seen by the graph.

        Assigning replaces the array of an untracked tensor; a leaf gets a copy, which it owns.
        """
        data, node = self._data, self._node
        if data.__class__ is not _ndarray and isinstance(data, np.generic):
            data = self._data = np.asarray(data)
        if node is not None and node.call[0] is not None and cut_at(data) is None:
            note_cut(data, (".data", node.primitive.name, node.scope))
        return data

    @data.setter
    def data(self, value: Any) -> None:
        if self._node is not None and self._node.parents:
            raise RuntimeError(
                "Tensor.data: the array of a computed tensor can't be replaced, its history would be "
                "wrong. Assign to a leaf, or make a new Tensor."
            )
        array = _as_array(value, None)
        if self._node is not None:
            _require_inexact(array)
            if array is not self._data:
                array = _independent(array, value)
            note_change(self._data)
            self._node.saved = (array,)
        self._data = array

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def ndim(self) -> int:
        ndim: int = self._data.ndim
        return ndim

    @property
    def size(self) -> int:
        size: int = self._data.size
        return size

    @property
    def dtype(self) -> Any:
        return self._data.dtype

    @property
    def T(self) -> "Tensor":
        """The axes reversed."""
        return _shape.transpose(self)

    @property
    def mT(self) -> "Tensor":
        """The last two axes exchanged."""
        return self.swapaxes(-1, -2)

    @property
    def name(self) -> str | None:
        """The name shown in drawings."""
        return getattr(self, "_name", None)

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        if self._node is not None:
            self._node.remarks().name = name or ""

    def item(self) -> Any:
        """The one entry as a Python number."""
        return self._data.item()

    def numpy(self) -> Any:
        """The array; of a tracked tensor a ``TypeError`` that names ``detach()``."""
        self._refuse_if_tracked("numpy()")
        return self.data

    def tolist(self) -> Any:
        """The entries as nested lists of Python numbers."""
        return self._data.tolist()

    # --- the graph ----------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._node is not None and self._node.parents:
            if not wanted:
                raise RuntimeError(
                    "requires_grad = False: only a leaf can be taken out of the graph. "
                    "Use t.detach() for a tensor outside of it."
                )
            return
        if not wanted:
            self._node = None
        elif self._node is None:
            _require_inexact(self._data)
            self._node = leaf_node(self._data)
            remarks = self._node.remarks()
            remarks.tensor = weakref.ref(self)
            remarks.name = self.name or ""

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Set ``requires_grad``; returns the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user rather than by a recorded operation."""
        return self._node is None or not self._node.parents

    @property
    def node(self) -> ArrayNode | None:
        """The place in the graph, None if the tensor is not tracked."""
        return self._node

    @property
    def grad(self) -> "Tensor | None":
        """What ``backward()`` has added up so far, None before.

        Computed tensors have None (and a warning says so) unless ``retain_grad()`` was called.
        """
        gradient = getattr(self, "_grad", None)
        if gradient is None and self._node is not None and self._node.tensor is None:
            warnings.warn(
                "grad of a tensor that is not a leaf is None: gradients are kept for leaves only. "
                "Call t.retain_grad() before backward() to keep this one.",
                stacklevel=2,
            )
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is None:
            self._grad = None
            return
        if not isinstance(gradient, Tensor):
            raise TypeError(
                f"grad: expected a Tensor or None, got {type(gradient).__name__}. "
                "Wrap it: t.grad = Tensor(array)."
            )
        if gradient.shape != self.shape or gradient.dtype != self.dtype:
            raise ValueError(
                f"grad: expected shape {self.shape} and dtype {self.dtype}, "
                f"got {gradient.shape} and {gradient.dtype}."
            )
        self._grad = gradient

    def backward(
        self, gradient: Any = None, *, retain_graph: bool | None = None, create_graph: bool = False
    ) -> None:
        """Add the gradient of this tensor to ``grad`` of every leaf it depends on.

        ``gradient`` is the gradient of some scalar with respect to this tensor: needed, with its
        shape, unless the tensor has one entry (then 1).  ``retain_graph`` keeps the saved arrays for
        another backward; ``create_graph`` records the gradient itself, for higher derivatives.
        All leaves are updated, or none if anything raises.

        Raises ``RuntimeError`` for a tensor that is not tracked, has more than one entry and no
        ``gradient``, or whose graph was freed, and ``ValueError`` for a ``gradient`` that does not
        fit.
        """
        if self._node is None:
            raise RuntimeError(
                "backward: this tensor is not tracked, so there is nothing to differentiate. Was it "
                "made under no_grad() or by detach()? Make its inputs with requires_grad=True."
            )
        retain = create_graph if retain_graph is None else retain_graph or create_graph
        seed = seed_gradient(self, gradient, "backward")
        commit(backward_pass({self._node: seed}, retain=retain, differentiable=create_graph))

    def retain_grad(self) -> None:
        """Keep the gradient of this computed tensor in ``grad`` as well."""
        if self._node is None:
            raise RuntimeError(
                "retain_grad: this tensor is not tracked. Make it requires_grad=True."
            )
        if self._node.parents:
            self._node.remarks().tensor = weakref.ref(self)

    def register_hook(self, hook: Callable[["Tensor"], Any]) -> Callable[[], None]:
        """Call ``hook(gradient)`` when the gradient of this tensor is complete.

        The hook may change the gradient, which is its own copy, or return a replacement of the same
        shape.  Returned is a function that removes the hook.
        """
        if self._node is None:
            raise RuntimeError(
                "register_hook: this tensor is not tracked. Make it requires_grad=True."
            )
        remarks = self._node.remarks()
        hooks = remarks.hooks = remarks.hooks or []

        def on_array(g: Any) -> Any:
            # A copy, since other arguments of the same operation may get the same array.
            own = g.clone() if isinstance(g, Tensor) else boxed(g.copy(), None)
            result = hook(own)
            if result is None:
                result = own
            return (
                result._data if isinstance(result, Tensor) and not isinstance(g, Tensor) else result
            )

        hooks.append(on_array)

        def remove() -> None:
            if on_array in hooks:
                hooks.remove(on_array)

        return remove

    def detach(self) -> "Tensor":
        """The same array outside of the graph."""
        return _untracked(self._left(self._data, "detach()"))

    def _left(self, array: Any, how: str) -> Any:
        """``array``, made of this tensor outside of the graph, with a note of how that was left."""
        node = self._node
        if node is None:
            return hand_on((self._data,), array) if cuts else array
        made_by = node.primitive.name if node.primitive else node.name or "a leaf"
        return note_cut(array, (how, made_by, node.scope))

    def clone(self) -> "Tensor":
        """A copy in the graph: the gradient passes through."""
        return _shape.copy(self)

    copy = clone

    def astype(self, dtype: Any, copy: bool = True) -> "Tensor":
        """Convert to another dtype.  No gradient flows through one that is not floating."""
        if not copy and self.dtype == np.dtype(dtype):
            return self
        if np.dtype(dtype).kind not in "fc":
            whole = self._data.astype(dtype)
            return _untracked(self._left(whole, f"astype({np.dtype(dtype)})"))
        return _shape.astype(self, dtype=np.dtype(dtype))

    # --- changes in place ---------------------------------------------------------------------

    def copy_(self, source: Any) -> "Tensor":
        """Overwrite the array with ``source``; returns the tensor."""
        self[...] = source
        return self

    def zero_(self) -> "Tensor":
        """Overwrite the array with zeros; returns the tensor."""
        self[...] = 0
        return self

    def __getitem__(self, index: Any) -> "Tensor":
        return _indexing.index(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.assign(self, index, value)

    # --- operators ----------------------------------------------------------------------------

    __add__ = _operator("__add__", arithmetic.add)
    __sub__ = _operator("__sub__", arithmetic.subtract)
    __mul__ = _operator("__mul__", arithmetic.multiply)
    __truediv__ = _operator("__truediv__", arithmetic.divide)
    __pow__ = _operator("__pow__", arithmetic.power)
    __matmul__ = _operator("__matmul__", products.matmul)

    def __radd__(self, other: Any) -> "Tensor":
        return _arithmetic.add.apply(other, self)

    def __rsub__(self, other: Any) -> "Tensor":
        return _arithmetic.subtract.apply(other, self)

    def __rmul__(self, other: Any) -> "Tensor":
        return _arithmetic.multiply.apply(other, self)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return _arithmetic.divide.apply(other, self)

    def __floordiv__(self, other: Any) -> "Tensor":
        return _arithmetic.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> "Tensor":
        return _arithmetic.floor_divide(other, self)

    def __mod__(self, other: Any) -> "Tensor":
        return _arithmetic.remainder(self, other)

    def __rmod__(self, other: Any) -> "Tensor":
        return _arithmetic.remainder(other, self)

    def __rpow__(self, other: Any) -> "Tensor":
        return _arithmetic.power.apply(other, self)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return _products.matmul.apply(other, self)

    def __neg__(self) -> "Tensor":
        return _arithmetic.negative.apply(self)

    def __pos__(self) -> "Tensor":
        return _arithmetic.positive.apply(self)

    def __abs__(self) -> "Tensor":
        return _arithmetic.absolute.apply(self)

    # Comparisons and logic see the plain arrays: they have no gradient.

    def __eq__(self, other: Any) -> "Tensor":  # type: ignore[override]
        return _plain(np.equal, self, other)

    def __ne__(self, other: Any) -> "Tensor":  # type: ignore[override]
        return _plain(np.not_equal, self, other)

    def __lt__(self, other: Any) -> "Tensor":
        return _plain(np.less, self, other)

    def __le__(self, other: Any) -> "Tensor":
        return _plain(np.less_equal, self, other)

    def __gt__(self, other: Any) -> "Tensor":
        return _plain(np.greater, self, other)

    def __ge__(self, other: Any) -> "Tensor":
        return _plain(np.greater_equal, self, other)

    def __and__(self, other: Any) -> "Tensor":
        return _plain(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> "Tensor":
        return _plain(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> "Tensor":
        return _plain(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> "Tensor":
        return _plain(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> "Tensor":
        return _plain(np.bitwise_xor, self, other)

    def __invert__(self) -> "Tensor":
        return _untracked(np.invert(self._data))

    __hash__ = (
        object.__hash__
    )  # by identity, so that tensors can be keys although == compares entries

    # --- NumPy's array methods ----------------------------------------------------------------

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _reductions.sum(self, axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _reductions.mean(self, axis, keepdims=keepdims)

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _numpy.prod(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> "Tensor":
        return _numpy.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> "Tensor":
        return _numpy.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _numpy.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _numpy.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _plain(np.argmax, self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _plain(np.argmin, self, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _plain(np.any, self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, *, keepdims: bool = False) -> "Tensor":
        return _plain(np.all, self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: Any = None) -> "Tensor":
        return _numpy.cumsum(self, axis=axis)

    def cumprod(self, axis: Any = None) -> "Tensor":
        return _numpy.cumprod(self, axis=axis)

    def sort(self, axis: int = -1) -> "Tensor":
        """A sorted copy (NumPy's method sorts in place; a tensor never does)."""
        return _numpy.sort(self, axis=axis)

    def argsort(self, axis: int = -1) -> "Tensor":
        return _plain(np.argsort, self, axis=axis, kind="stable")

    def clip(self, min: Any = None, max: Any = None) -> "Tensor":
        return _numpy.clip(self, min, max)

    def dot(self, other: Any) -> "Tensor":
        return _numpy.dot(self, other)

    def trace(self, offset: int = 0) -> "Tensor":
        return _numpy.trace(self, offset=offset)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Tensor":
        return _numpy.diagonal(self, offset=offset, axis1=axis1, axis2=axis2)

    def take(self, indices: Any, axis: int | None = None) -> "Tensor":
        return _numpy.take(self, indices, axis=axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> "Tensor":
        return _numpy.repeat(self, repeats, axis=axis)

    def reshape(self, *new_shape: Any) -> "Tensor":
        """In another shape: ``t.reshape(2, -1)`` or ``t.reshape((2, -1))``."""
        if len(new_shape) == 1 and not isinstance(new_shape[0], (int, np.integer)):
            new_shape = tuple(new_shape[0])
        return _shape.reshape(self, new_shape)

    def ravel(self) -> "Tensor":
        return _shape.reshape(self, (-1,))

    def flatten(self) -> "Tensor":
        return self.clone().ravel()

    def squeeze(self, axis: Any = None) -> "Tensor":
        return _numpy.squeeze(self, axis=axis)

    def transpose(self, *axes: Any) -> "Tensor":
        """With the axes permuted: ``t.transpose()``, ``t.transpose(1, 0)`` or with a tuple."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], Sequence)):
            axes = tuple(axes[0] or ())
        return _shape.transpose(self, axes or None)

    def swapaxes(self, axis1: int, axis2: int) -> "Tensor":
        return _numpy.swapaxes(self, axis1, axis2)

    def round(self, decimals: int = 0) -> "Tensor":
        return _numpy.round(self, decimals)

    # --- functions that Value has too, so that one program runs on both -----------------------

    def exp(self) -> "Tensor":
        return _transcendental.exp.apply(self)

    def log(self) -> "Tensor":
        return _transcendental.log.apply(self)

    def log1p(self) -> "Tensor":
        return _transcendental.log1p.apply(self)

    def expm1(self) -> "Tensor":
        return _transcendental.expm1.apply(self)

    def sqrt(self) -> "Tensor":
        return _arithmetic.sqrt.apply(self)

    def abs(self) -> "Tensor":
        return _arithmetic.absolute.apply(self)

    def sin(self) -> "Tensor":
        return _transcendental.sin.apply(self)

    def cos(self) -> "Tensor":
        return _transcendental.cos.apply(self)

    def tan(self) -> "Tensor":
        return _transcendental.tan.apply(self)

    def tanh(self) -> "Tensor":
        return _transcendental.tanh.apply(self)

    def sigmoid(self) -> "Tensor":
        return _transcendental.sigmoid.apply(self)

    def relu(self) -> "Tensor":
        return _transcendental.relu.apply(self)

    def softplus(self) -> "Tensor":
        return _transcendental.softplus.apply(self)

    # --- leaving the graph --------------------------------------------------------------------

    def _refuse_if_tracked(self, what: str) -> None:
        if self._node is not None:
            raise TypeError(
                f"{what} of a tracked tensor would leave the graph in silence. To leave it, use "
                "t.data for the array, t.item() for the number, t.detach() for a tensor. To stay in "
                "it, autograd.stack([a, b]) instead of np.array([a, b]) or of filling an array, and "
                "np.sin instead of math.sin."
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self._refuse_if_tracked("np.array() or np.asarray()")
        return np.array(self._data, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        self._refuse_if_tracked("float()")
        return float(self._data)

    def __int__(self) -> int:
        self._refuse_if_tracked("int()")
        return int(self._data)

    def __complex__(self) -> complex:
        self._refuse_if_tracked("complex()")
        return complex(self._data)

    def __index__(self) -> int:
        self._refuse_if_tracked("an index made")
        return int(self._data.__index__())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth value of a tensor of shape {self.shape} is ambiguous: it has "
                f"{self.size} entries. Use t.any() or t.all()."
            )
        return bool(self._data)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor: it has no axis. Use t.item() for its number.")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        if self.ndim == 0:
            raise TypeError(
                "iteration over a 0-d tensor: it has no axis. Use t.item() for its number."
            )
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self._data == (item._data if isinstance(item, Box) else item)))

    __array_ufunc__ = protocol.array_ufunc
    __array_function__ = protocol.array_function

    def __reduce_ex__(self, protocol_version: Any) -> Any:
        self._refuse_copy_of_history()
        return _rebuild, (
            type(self),
            self.data,
            self.requires_grad,
            self.name,
            getattr(self, "_grad", None),
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        self._refuse_copy_of_history()
        gradient = getattr(self, "_grad", None)
        gradient = None if gradient is None else Tensor(gradient.data.copy())
        return _rebuild(type(self), self._data.copy(), self.requires_grad, self.name, gradient)

    def _refuse_copy_of_history(self) -> None:
        if not self.is_leaf:
            raise RuntimeError(
                "copy.deepcopy and pickle work for leaves and detached tensors only; this one has a "
                "history. Use t.detach(), or t.clone() for a copy in the graph."
            )

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = np.array2string(np.asarray(self._data), separator=", ", prefix=f"{kind}(")
        dtype = "" if self.dtype in (np.float64, np.int64, np.bool_) else f", dtype={self.dtype}"
        grad = ""
        if self._node is not None:
            made_by = self._node.primitive
            grad = ", requires_grad=True" if made_by is None else f", made by {made_by.name}"
        return f"{kind}({text}{dtype}{grad})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)


def _plain(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """A NumPy function without derivative, on the plain arrays."""
    values = [a._data if isinstance(a, Box) else a for a in args]
    return _untracked(function(*values, **kwargs))


def _require_inexact(array: Any) -> None:
    if array.dtype.kind not in "fc":
        raise TypeError(
            f"requires_grad: expected a floating or complex dtype, got {array.dtype}. Write the data "
            "with a decimal point, or give dtype=float."
        )


def _rebuild(
    kind: type[Tensor], data: Any, requires_grad: bool, name: str | None, grad: Tensor | None
) -> Tensor:
    made = Tensor.__new__(kind)
    Tensor.__init__(made, data, requires_grad=requires_grad, name=name)
    if grad is not None:
        made._grad = grad
    return made


wrap_results_in(Tensor)
tensor = Tensor

# The C library of Linux returns large arrays to the system when they are freed, and each new one then
# costs page faults, until it has once seen one of almost 32 MiB freed (benchmarks/README.md).
np.empty((31 << 20) + 5000, np.uint8)


# --- from gradients in flight to .grad --------------------------------------------------------


def seed_gradient(output: Tensor, gradient: Any, caller: str) -> Any:
    """The gradient that a backward pass from ``output`` starts with, checked."""
    if output.dtype.kind == "c":
        raise TypeError(
            f"{caller}: the result is complex, and the gradient of a complex number is not defined. "
            "Differentiate np.real(...), np.imag(...) or np.abs(...) of it."
        )
    if gradient is None:
        if output.size != 1:
            raise RuntimeError(
                f"{caller}: the result has shape {output.shape}, expected a scalar. Reduce it "
                "(t.sum(), t.mean()), or give the gradient of the scalar you mean."
            )
        data = output._data
        return data.dtype.type(1) if isinstance(data, np.generic) else np.ones_like(data)
    value = gradient._data if isinstance(gradient, Box) and gradient._node is None else gradient
    if not hasattr(value, "dtype"):
        value = np.asarray(value, dtype=output.dtype)
    if value.shape != output.shape or value.dtype != output.dtype:
        raise ValueError(
            f"{caller}: the gradient has shape {value.shape} and dtype {value.dtype}, expected "
            f"{output.shape} and {output.dtype}, those of the result."
        )
    return value


def backward_pass(seeds: dict[ArrayNode, Any], *, differentiable: bool, **options: Any) -> Any:
    """``backpropagate``, recording where the gradient shall be differentiable.

    Infinite gradients at the edge of a domain are results here (DESIGN: the limit by continuity),
    so NumPy's floating-point warnings are off.
    """
    with np.errstate(all="ignore"):
        if not differentiable:
            return backpropagate(seeds, differentiable=False, **options)
        with enable_grad():
            return backpropagate(seeds, differentiable=True, **options)


_committing = threading.Lock()
_set_grad: Callable[[Tensor, Tensor], None] = vars(Tensor)["_grad"].__set__


def commit(arrived: dict[ArrayNode, Any]) -> None:
    """Add what arrived to ``grad`` of the tensors, all or nothing."""
    with _committing:  # several threads may go backward to the same leaves
        tensors, gradients = [], []
        for node, g in arrived.items():
            call: Any = node.call  # Remarks: it is a leaf, or retains its gradient
            if call.tensor is not None and (tensor := call.tensor()) is not None:
                tensors.append(tensor)
                earlier = getattr(tensor, "_grad", None)
                gradients.append(_own(g) if earlier is None else _sum(earlier, g))
        # One call in C: no exception, not even Ctrl-C, can come between two of the assignments.
        deque(map(_set_grad, tensors, gradients), maxlen=0)


def _sum(earlier: Tensor, g: Any) -> Tensor:
    if earlier.shape != g.shape or earlier.dtype != g.dtype:
        raise RuntimeError(
            f"backward: a leaf of shape {g.shape} and dtype {g.dtype} has a grad of {earlier.shape} and "
            f"{earlier.dtype}: its data was replaced since. Set t.grad = None before backward()."
        )
    if not isinstance(g, Tensor):
        return _untracked((earlier + g)._data)
    with enable_grad():  # what create_graph asks for, also where no_grad() is in force
        return earlier + g


def _references_seen_by_own(g: Any) -> int:
    return sys.getrefcount(g)


def _sole_references() -> int:
    """How many references :func:`_own` sees to an array that only ``arrived`` holds."""
    return next(_references_seen_by_own(g) for _, g in {None: np.zeros(1)}.items())


_SOLE = _sole_references()


def _own(g: Any) -> Tensor:
    """A tensor that shares its memory with nothing: a copy unless nobody else holds ``g``."""
    if g.__class__ is _ndarray:
        if g.base is None and sys.getrefcount(g) <= _SOLE and g.flags.writeable:
            return _untracked(g)
    elif isinstance(g, Tensor):
        if getattr(g._data, "base", None) is None and sys.getrefcount(g) <= _SOLE:
            return g
        with enable_grad():
            return g.clone()
    return _untracked(g.copy() if g.ndim else np.array(g))


def owned(arrived: dict[ArrayNode, Any]) -> dict[ArrayNode, Tensor]:
    """What arrived as tensors, none of which shares its memory with anything else."""
    for node, g in arrived.items():
        arrived[node] = _own(g)
    return arrived


def increment_version(*tensors: Tensor) -> None:
    """Say that the arrays of ``tensors`` were changed in place, outside of the graph.

    Whoever writes to ``t.data`` on purpose, an optimizer for example, calls this, so that a backward
    pass which needs the old numbers raises instead of using the new ones.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> x.data[0] = 5.0
    >>> ag.increment_version(x)
    >>> y.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    RuntimeError: multiply: argument 0 (x), of shape (2,), was changed in place ...
    """
    note_change(*[tensor._data for tensor in tensors])


def _fresh_lock() -> None:
    global _committing  # noqa: PLW0603  # the lock belongs to this process
    _committing = threading.Lock()


if hasattr(os, "register_at_fork"):  # a thread of the parent may hold it at that moment
    os.register_at_fork(after_in_child=_fresh_lock)
