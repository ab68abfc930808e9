"""The scalar engine: the whole idea of backpropagation on two screens.

A :class:`Value` is a number that remembers how it was computed: the values it came from (its
``parents``) and, for each, the *local partial derivative*, a plain float worked out on the way
forward, when everything it needs is at hand.  ``q = x * y`` remembers ``parents = (x, y)`` and
``partials = (y, x)``, for dq/dx = y and dq/dy = x.

:meth:`Value.backward` then walks from the result to its sources and applies the chain rule once to
each edge: ``df/dx += df/dq * dq/dx``.  That is all.  An operation below is one line, its value and
its partial derivatives standing together; the two graph algorithms are in
:mod:`autograd.graph`, which serves arrays as well.

Where real arithmetic has no answer a ``Value`` does what IEEE 754 and NumPy do (``1 / 0`` is inf,
``exp(1000)`` is inf, the derivative of ``sqrt`` at 0 is inf), except that a real function outside
its domain, ``log(-1)``, is an error that says so.

Reference: R. E. Wengert, "A simple automatic derivative evaluation program", 1964;
D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating
errors", 1986.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from numbers import Real
from operator import mul, truediv
from threading import Lock
from typing import Any, NoReturn, cast

import numpy as np

from .context import Scope, current_mode
from .graph import next_index, sweep, topological_order

__all__ = ["Value"]


class Value:
    """A number that remembers how it was computed, so that it can be differentiated.

    >>> import autograd as ag
    >>> x, y, z = ag.Value(-2.0, "x"), ag.Value(5.0, "y"), ag.Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    ``data`` is the number, ``grad`` the derivative of what ``backward()`` was called on with
    respect to this value, ``name`` a label for pictures.  ``parents`` and ``partials`` are the
    graph: what this value was computed from, and its derivative with respect to each.

    ``int`` and ``float`` may stand on either side of an operator; they become leaves of the graph.
    Comparisons compare ``data``, with values and numbers alike.  Sets and dicts go by identity all
    the same: a value is a *place* in a computation, two of them that are both 1.0 are two keys.
    Nothing leaves the graph in silence: ``float(x)`` raises, ``x.data`` is the way out.

    Code written for micrograd (A. Karpathy, 2020) runs on it, drawings by ``_prev`` and ``_op``
    included.
    """

    __slots__ = ("_op", "data", "grad", "index", "name", "parents", "partials", "scope")
    __array_ufunc__ = None  # NumPy's numbers leave `np.float64(2) * x` to __rmul__

    _op: str
    data: float
    grad: float
    index: int
    name: str
    parents: "tuple[Value, ...]"
    partials: tuple[float, ...]
    scope: Scope

    def __init__(self, data: float, name: str = "") -> None:
        self.data = data if data.__class__ is float else _as_float(data)
        self.grad = 0.0
        self.name = name
        self.parents = ()
        self.partials = ()
        self.index = next_index()
        self.scope = ()
        self._op = ""

    # The chain rule -----------------------------------------------------------------------------

    def backward(self) -> None:
        """Put d(self)/d(v) into ``v.grad`` for every ``v`` that this value was computed from.

        For a leaf, a value that was not computed from others, it is *added* to what is there (set
        ``grad`` to 0 between steps of training); for the others it replaces what is there, so a
        second call adds exactly once more to the leaves and never compounds.

        >>> import autograd as ag
        >>> a = ag.Value(3.0)
        >>> b = a + a
        >>> c = b * b
        >>> c.backward()
        >>> a.grad, b.grad
        (24.0, 12.0)

        All or nothing: if anything is raised on the way, every ``grad`` is as it was.  Raises
        ``RuntimeError`` if this value was computed under ``no_grad()``.
        """
        if self._op and not self.parents:
            raise RuntimeError(
                f"backward: this value ({self._op}, data {self.data:g}) was computed under "
                "no_grad(), so its graph was not recorded. Compute it outside of no_grad()."
            )
        watch = current_mode().anomaly
        computed: dict[Value, float] = {}

        def send(node: Value, g: float, in_flight: dict[Value, float]) -> None:
            computed[node] = g
            for parent, partial in zip(node.parents, node.partials):  # noqa: B905, equal by making
                in_flight[parent] = in_flight.get(parent, 0.0) + g * partial
            if watch:
                _refuse_infinite_partials(node, g)

        leaves = sweep(topological_order([self]), {self: 1.0}, send)
        with _commit:  # two threads that share a leaf must not both read it before either writes
            new = *computed.values(), *[leaf.grad + g for leaf, g in leaves.items()]
            # In C, so that Ctrl-C comes before the first assignment or after the last.
            deque(map(setattr, (*computed, *leaves), repeat("grad"), new), maxlen=0)

    @property
    def _prev(self) -> "set[Value]":
        return set(self.parents)

    # Arithmetic ---------------------------------------------------------------------------------

    def __add__(self, other: "Value | float") -> "Value":
        y = other if isinstance(other, Value) else Value(other)
        return _node(self.data + y.data, "+", (self, y), (1.0, 1.0))

    def __sub__(self, other: "Value | float") -> "Value":
        y = other if isinstance(other, Value) else Value(other)
        return _node(self.data - y.data, "-", (self, y), (1.0, -1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        y = other if isinstance(other, Value) else Value(other)
        return _node(self.data * y.data, "*", (self, y), (y.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        y = other if isinstance(other, Value) else Value(other)
        out = _divide(self.data, y.data)
        return _node(out, "/", (self, y), (_divide(1.0, y.data), -_divide(out, y.data)))

    def __pow__(self, other: "Value | float") -> "Value":
        """x ** y, with x ** 0 = 1; at (0, 0) both derivatives are 0.

        With respect to y it is x ** y * log(x): nan for x < 0, where real powers of other exponents
        don't exist.  Raises ``ValueError`` for a negative x and an exponent that is not an integer.
        """
        if not isinstance(other, Value):
            x, n = self.data, _as_float(other)
            return _node(_power(x, n), f"**{n:g}", (self,), (n and n * _power(x, n - 1),))
        x, n = self.data, other.data
        out = _power(x, n)
        slope = 0.0 if x == 0 <= n else out * _ieee(math.log, np.log, x)
        return _node(out, "**", (self, other), (n and n * _power(x, n - 1), slope))

    def __radd__(self, other: float) -> "Value":
        return Value(other) + self

    def __rsub__(self, other: float) -> "Value":
        return Value(other) - self

    def __rmul__(self, other: float) -> "Value":
        return Value(other) * self

    def __rtruediv__(self, other: float) -> "Value":
        return Value(other) / self

    def __rpow__(self, other: float) -> "Value":
        return Value(other) ** self

    def __neg__(self) -> "Value":
        return _node(-self.data, "neg", (self,), (-1.0,))

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        """|x|; the derivative at 0 is 0."""
        x = self.data
        return _node(abs(x), "abs", (self,), (math.copysign(1.0, x) if x else 0.0,))

    abs = __abs__

    # Many values at once ------------------------------------------------------------------------

    @staticmethod
    def sum(values: "Iterable[Value | float]") -> "Value":
        """x_1 + ... + x_n as one node with n parents; 0 for none.

        >>> import autograd as ag
        >>> ag.Value.sum([ag.Value(1.0), ag.Value(2.0), 3.0]).data
        6.0
        """
        xs = _values(values)
        return _node(sum([x.data for x in xs]), "sum", xs, (1.0,) * len(xs)) if xs else Value(0.0)

    @staticmethod
    def dot(
        weights: "Iterable[Value | float]",
        inputs: "Iterable[Value | float]",
        bias: "Value | float | None" = None,
    ) -> "Value":
        """w_1 x_1 + ... + w_n x_n + b as one node: d/dw_i = x_i, d/dx_i = w_i, d/db = 1.

        A neuron's weighted sum, in one step instead of 2n.  Raises ``ValueError`` when there are
        not as many weights as inputs.

        >>> import autograd as ag
        >>> w = [ag.Value(0.1), ag.Value(0.5), ag.Value(2.5)]
        >>> out = ag.Value.dot(w, [2, 3, -1], bias=3.0).sigmoid()
        >>> round(out.data, 4)
        0.9002
        """
        ws, xs = tuple(weights), tuple(inputs)
        if len(ws) != len(xs):
            raise ValueError(
                f"dot: expected as many inputs as weights, got {len(xs)} inputs and "
                f"{len(ws)} weights."
            )
        parents = _values(ws + xs if bias is None else (*ws, *xs, bias))
        if not parents:
            return Value(0.0)
        n, data = len(ws), [v.data for v in parents]
        w, x, b = data[:n], data[n : 2 * n], data[2 * n :]
        out = sum(map(mul, w, x), b[0] if b else 0.0)
        return _node(out, "dot", parents, (*x, *w, *[1.0] * len(b)))

    # Functions ----------------------------------------------------------------------------------

    def exp(self) -> "Value":
        """e ** x, its own derivative; inf where it overflows."""
        out = _ieee(math.exp, np.exp, self.data)
        return _node(out, "exp", (self,), (out,))

    def expm1(self) -> "Value":
        """e ** x - 1, exact near 0; derivative e ** x."""
        x = self.data
        out, slope = _ieee(math.expm1, np.expm1, x), _ieee(math.exp, np.exp, x)
        return _node(out, "expm1", (self,), (slope,))

    def log(self) -> "Value":
        """The natural logarithm; derivative 1/x.  -inf at 0, with the derivative inf."""
        x = _within("log", "x >= 0", self.data, self.data < 0)
        return _node(_ieee(math.log, np.log, x), "log", (self,), (_divide(1.0, abs(x)),))

    def log1p(self) -> "Value":
        """log(1 + x), exact near 0; derivative 1/(1 + x).  -inf at -1, with the derivative inf."""
        x = _within("log1p", "x >= -1", self.data, self.data < -1)
        return _node(_ieee(math.log1p, np.log1p, x), "log1p", (self,), (_divide(1.0, 1.0 + x),))

    def sqrt(self) -> "Value":
        """The square root; derivative 1/(2 sqrt(x)), which is inf at 0."""
        out = math.sqrt(_within("sqrt", "x >= 0", self.data, self.data < 0))
        return _node(out, "sqrt", (self,), (_divide(0.5, abs(out)),))

    def sin(self) -> "Value":
        """sin(x); derivative cos(x)."""
        x = self.data
        return _node(_ieee(math.sin, np.sin, x), "sin", (self,), (_ieee(math.cos, np.cos, x),))

    def cos(self) -> "Value":
        """cos(x); derivative -sin(x)."""
        x = self.data
        return _node(_ieee(math.cos, np.cos, x), "cos", (self,), (-_ieee(math.sin, np.sin, x),))

    def tan(self) -> "Value":
        """tan(x); derivative 1 + tan(x)²."""
        out = _ieee(math.tan, np.tan, self.data)
        return _node(out, "tan", (self,), (1.0 + out * out,))

    def tanh(self) -> "Value":
        """(e^x - e^-x) / (e^x + e^-x); derivative 1 - tanh(x)²."""
        e = math.exp(-2.0 * abs(self.data))  # 4e/(1 + e)² is 1 - tanh², without the cancellation
        return _node(math.tanh(self.data), "tanh", (self,), (4.0 * e / (1.0 + e) ** 2,))

    def sigmoid(self) -> "Value":
        """σ(x) = 1 / (1 + e^-x); derivative σ(x) (1 - σ(x)) = σ(x) σ(-x)."""
        x = self.data
        return _node(_sigmoid(x), "sigmoid", (self,), (_sigmoid(x) * _sigmoid(-x),))

    def softplus(self) -> "Value":
        """log(1 + e^x), without overflow; derivative σ(x)."""
        x = self.data
        out = max(x, 0.0) + math.log1p(math.exp(-abs(x)))
        return _node(out, "softplus", (self,), (_sigmoid(x),))

    def relu(self) -> "Value":
        """max(x, 0); the derivative at 0 is 0."""
        x = self.data
        return _node(0.0 if x <= 0 else x, "relu", (self,), (1.0 if x > 0 else 0.0,))

    def leaky_relu(self, negative_slope: float = 0.01) -> "Value":
        """x for x > 0, negative_slope · x otherwise; the derivative at 0 is negative_slope."""
        slope = 1.0 if self.data > 0 else _as_float(negative_slope)
        return _node(slope * self.data, "leaky_relu", (self,), (slope,))

    def elu(self, alpha: float = 1.0) -> "Value":
        """x for x > 0, alpha (e^x - 1) otherwise; the derivative at 0 is alpha."""
        x, alpha = self.data, _as_float(alpha)
        if x > 0:
            return _node(x, "elu", (self,), (1.0,))
        return _node(alpha * math.expm1(x), "elu", (self,), (alpha * math.exp(x),))

    def maximum(self, other: "Value | float") -> "Value":
        """The larger of two values; each has the derivative 1/2 where they are equal."""
        y = other if isinstance(other, Value) else Value(other)
        share = _share(self.data, y.data)
        return _node(float(np.maximum(self.data, y.data)), "max", (self, y), (share, 1.0 - share))

    def minimum(self, other: "Value | float") -> "Value":
        """The smaller of two values; each has the derivative 1/2 where they are equal."""
        y = other if isinstance(other, Value) else Value(other)
        share = _share(y.data, self.data)
        return _node(float(np.minimum(self.data, y.data)), "min", (self, y), (share, 1.0 - share))

    # What a number does -------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return self.data == (other.data if isinstance(other, Value) else other)

    __hash__ = object.__hash__  # a node of a graph is itself, whatever its number

    def __lt__(self, other: "Value | float") -> bool:
        return self.data < _data(other)

    def __le__(self, other: "Value | float") -> bool:
        return self.data <= _data(other)

    def __gt__(self, other: "Value | float") -> bool:
        return self.data > _data(other)

    def __ge__(self, other: "Value | float") -> bool:
        return self.data >= _data(other)

    def __bool__(self) -> bool:
        return self.data != 0

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{name})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> NoReturn:
        raise TypeError(
            "a Value can't become a plain number in silence: its derivative would be lost. Use .data "
            "for the number, and Value's methods (x.exp(), not math.exp(x)) to go on computing."
        )

    __int__ = __index__ = __complex__ = __float__

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise TypeError(
            "a Value can't become a NumPy array, which would not know its derivative. Use .data "
            "for the number, or compute with ag.Tensor."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        if self.parents:
            raise RuntimeError(
                f"a computed Value ({self._op}) can't be copied or pickled: the copy would stand "
                "outside of the graph. Copy the leaves and compute it again, or copy .data."
            )
        return Value, (self.data, self.name), (None, {"grad": self.grad})


# The parts -------------------------------------------------------------------------------------

_commit = Lock()
if hasattr(os, "register_at_fork"):  # a thread of the parent may hold it at that moment
    os.register_at_fork(after_in_child=lambda: globals().update(_commit=Lock()))
_new = object.__new__
_ONLY_VALUES = {Value}


def _node(data: float, op: str, parents: tuple[Value, ...], partials: tuple[float, ...]) -> Value:
    """A computed value.  ``partials[i]`` is its derivative with respect to ``parents[i]``."""
    mode = current_mode()
    if mode.anomaly:
        _refuse_infinite(data, op, parents)
    out = _new(Value)
    out.data = data
    out.grad = 0.0
    out.name = ""
    out.parents = parents
    out.partials = partials
    out.index = next_index()
    out.scope = mode.scope
    out._op = op
    if not mode.grad:
        out.parents = out.partials = ()
    return out


def _values(numbers: "Iterable[Value | float]") -> tuple[Value, ...]:
    numbers = tuple(numbers)
    if _ONLY_VALUES.issuperset(map(type, numbers)):  # in C: half the time for a neuron's inputs
        return cast("tuple[Value, ...]", numbers)
    return tuple([v if isinstance(v, Value) else Value(v) for v in numbers])


def _as_float(number: object) -> float:
    if isinstance(number, Real):
        return float(number)
    raise TypeError(
        f"Value: expected a real number, got {type(number).__name__}. "
        "A Value is one number; for arrays there is ag.Tensor, and for the number in a Value .data."
    )


def _data(other: Value | float) -> float:
    return other.data if isinstance(other, Value) else other


def _within(function: str, domain: str, x: float, outside: bool) -> float:
    if outside:
        raise ValueError(
            f"{function}: expected {domain}, got {x!r}. A real {function} does not exist there."
        )
    return x


def _ieee(function: Callable[..., float], numpys: Callable[..., Any], *x: float) -> float:
    """``function(*x)``, and where Python raises, the infinity or NaN that IEEE 754 has for it."""
    try:
        return function(*x)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return float(numpys(*x))


def _divide(x: float, y: float) -> float:
    return _ieee(truediv, np.divide, x, y)


def _power(x: float, n: float) -> float:
    outside = x < 0 and math.isfinite(n) and not n.is_integer()
    return _ieee(math.pow, np.power, _within(f"x ** {n:g}", "x >= 0", x, outside), n)


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))  # never overflows
    return 1.0 / (1.0 + e) if x >= 0 else e / (1.0 + e)


def _share(larger: float, smaller: float) -> float:
    return 0.5 if larger == smaller else float(larger > smaller)


def _refuse_infinite(data: float, op: str, parents: tuple[Value, ...]) -> None:
    if not math.isfinite(data) and all(math.isfinite(p.data) for p in parents):
        raise FloatingPointError(
            f"{op}: finite arguments gave a result that is not finite: {data}, from "
            f"{', '.join(f'{p.data:g}' for p in parents)}."
        )


def _refuse_infinite_partials(node: Value, g: float) -> None:
    if math.isfinite(g) and not all(math.isfinite(g * partial) for partial in node.partials):
        raise FloatingPointError(
            f"{node._op}: the gradient with respect to an argument is not finite, though the one "
            f"that came in is: {g:g} times the local derivatives {node.partials}."
        )
