"""Formulas as text, ``"(x + y) * z"``: a small language, its parser, and its evaluation.

The language is arithmetic (``+ - * / ** @``, the minus sign, parentheses), numbers, pi, names, and
the functions in :data:`FUNCTIONS`.  The text goes through Python's own grammar (:mod:`ast`) to a tree,
and of the tree only these are accepted.  Python's ``eval`` has no part in it: whatever else the
grammar knows (attributes, indices, comprehensions, strings, calls of anything else) is refused with
its position.

:func:`parse` makes a *straight-line program*: one named :class:`Step` for each operation, in the
order of computation.  That is the tape which reverse-mode differentiation reads backward.

Reference: R. E. Wengert, "A simple automatic derivative evaluation program", 1964.
"""

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np

from .tensor import Tensor
from .value import Value

__all__ = [
    "FUNCTIONS",
    "Expression",
    "ExpressionError",
    "Operation",
    "Step",
    "as_text",
    "bracketed",
    "parse",
    "parse_value",
]

MAX_LENGTH = 2_000
"""Characters of a formula: enough for what is typed, little enough for Python's parser."""

MAX_VALUE_LENGTH = 100_000
"""Characters of a value."""

MAX_DIMENSIONS = 8
"""Brackets inside brackets in a value."""

MAX_DEPTH = 200
"""Operations inside one another; as many brackets as Python's own parser allows."""


class ExpressionError(ValueError):
    """A text that is not of the language, or can't be computed.

    ``reason`` says why, ``column``, counted from 1, where.
    """

    def __init__(self, reason: str, text: str, column: int) -> None:
        self.reason = reason
        self.column = max(1, min(column, len(text) + 1))
        start = max(0, self.column - 60)  # of a long text, what surrounds the place
        line = "".join(c if c.isprintable() else " " for c in text[start : start + 80])
        super().__init__(
            f"{reason} (column {self.column})\n    {line}\n    {' ' * (self.column - 1 - start)}^"
        )


# The operations of the language ----------------------------------------------------------------


class Operation(NamedTuple):
    """One operation: how it is written, how it is computed, and its derivatives as text.

    ``{0}`` and ``{1}`` stand for the arguments, ``{out}`` for the result.  ``arity`` 0 means any
    number of arguments, with one text for all; no text means that the derivative is a rule on
    arrays, not a factor.
    """

    symbol: str
    arity: int
    compute: Callable[..., Any]
    derivatives: tuple[str, ...]

    def written(self, arguments: Sequence[str]) -> str:
        """The operation applied to these arguments: names, or numbers as text."""
        if self.symbol.isidentifier():
            return f"{self.symbol}({', '.join(arguments)})"
        first, *second = [bracketed(a) for a in arguments]
        if not second:
            return f"-{first}"
        return f"{first if self.symbol == '**' else arguments[0]} {self.symbol} {second[0]}"


def _has_array(arguments: Sequence[Any]) -> bool:
    return any(isinstance(a, Tensor) for a in arguments)


def _lifted(x: Any) -> Any:
    return x if isinstance(x, Value | Tensor) else Value(x)


def _maximum(x: Any, y: Any) -> Any:
    return np.maximum(x, y) if _has_array((x, y)) else _lifted(x).maximum(y)


def _minimum(x: Any, y: Any) -> Any:
    return np.minimum(x, y) if _has_array((x, y)) else _lifted(x).minimum(y)


def _leaky_relu(x: Any) -> Any:
    return np.where(x > 0, x, 0.01 * x) if _has_array([x]) else x.leaky_relu()


def _elu(x: Any) -> Any:
    # The inner `where` keeps the branch that is not taken, and with it the gradient, finite.
    return np.where(x > 0, x, np.expm1(np.where(x > 0, 0.0, x))) if _has_array([x]) else x.elu()


def _sum(*xs: Any) -> Any:
    return _single("sum", xs).sum() if _has_array(xs) else Value.sum(xs)


def _mean(*xs: Any) -> Any:
    if _has_array(xs):
        return _single("mean", xs).mean()
    return Value.dot([1.0 / len(xs)] * len(xs), xs)


def _single(function: str, arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 1:
        raise ValueError(f"{function}: expected one array or only numbers, not both.")
    return arguments[0]


def _transpose(x: Any) -> Any:
    if not _has_array([x]):
        raise TypeError("transpose: expected a matrix, got a number.")
    return np.transpose(x)


def _matmul(x: Any, y: Any) -> Any:
    if not (isinstance(x, Tensor) and isinstance(y, Tensor) and x.ndim and y.ndim):
        raise TypeError("@ multiplies vectors and matrices; for numbers there is *.")
    return x @ y


# fmt: off
OPERATORS: dict[type[ast.AST], Operation] = {
    ast.Add:     Operation("+",  2, operator.add,     ("1", "1")),
    ast.Sub:     Operation("-",  2, operator.sub,     ("1", "-1")),
    ast.Mult:    Operation("*",  2, operator.mul,     ("{1}", "{0}")),
    ast.Div:     Operation("/",  2, operator.truediv, ("1 / {1}", "-{0} / {1}**2")),
    ast.Pow:     Operation("**", 2, operator.pow,     ("{1} * {0}**({1} - 1)", "{out} * log({0})")),
    ast.MatMult: Operation("@",  2, _matmul,          ()),
    ast.USub:    Operation("-",  1, operator.neg,     ("-1",)),
}
FUNCTIONS: dict[str, Operation] = {operation.symbol: operation for operation in [
    Operation("abs",        1, abs,                      ("sign({0})",)),
    Operation("cos",        1, methodcaller("cos"),      ("-sin({0})",)),
    Operation("elu",        1, _elu,                     ("(1 if {0} > 0 else {out} + 1)",)),
    Operation("exp",        1, methodcaller("exp"),      ("{out}",)),
    Operation("expm1",      1, methodcaller("expm1"),    ("{out} + 1",)),
    Operation("leaky_relu", 1, _leaky_relu,              ("(1 if {0} > 0 else 0.01)",)),
    Operation("log",        1, methodcaller("log"),      ("1 / {0}",)),
    Operation("log1p",      1, methodcaller("log1p"),    ("1 / (1 + {0})",)),
    # At a tie heaviside(0) = 1/2.
    Operation("maximum",    2, _maximum,    ("heaviside({0} - {1})", "heaviside({1} - {0})")),
    Operation("mean",       0, _mean,                    ("1 / {n}",)),
    Operation("minimum",    2, _minimum,    ("heaviside({1} - {0})", "heaviside({0} - {1})")),
    Operation("relu",       1, methodcaller("relu"),     ("({0} > 0)",)),
    Operation("sigmoid",    1, methodcaller("sigmoid"),  ("{out} * (1 - {out})",)),
    Operation("sin",        1, methodcaller("sin"),      ("cos({0})",)),
    Operation("softplus",   1, methodcaller("softplus"), ("sigmoid({0})",)),
    Operation("sqrt",       1, methodcaller("sqrt"),     ("1 / (2 * {out})",)),
    Operation("sum",        0, _sum,                     ("1",)),
    Operation("tan",        1, methodcaller("tan"),      ("1 + {out}**2",)),
    Operation("tanh",       1, methodcaller("tanh"),     ("1 - {out}**2",)),
    Operation("transpose",  1, _transpose,               ()),
]}
# fmt: on


# From text to a program ------------------------------------------------------------------------


class Step(NamedTuple):
    """``name = operation(arguments)``; an argument is an earlier name or a number."""

    name: str
    operation: Operation
    arguments: tuple[str | float, ...]
    column: int

    @property
    def formula(self) -> str:
        """The right-hand side."""
        return self.operation.written([as_text(a) for a in self.arguments])

    def __str__(self) -> str:
        return f"{self.name} = {self.formula}"


def bracketed(text: str) -> str:
    """The text of a factor or a summand: in parentheses where it begins with a minus sign."""
    return f"({text})" if text.startswith("-") else text


def as_text(argument: str | float) -> str:
    """The name, or the number with six digits."""
    return argument if isinstance(argument, str) else f"{argument + 0.0:.6g}"  # no -0


class Expression(NamedTuple):
    """A parsed formula: its variables in order of appearance, its steps, what it is in the end."""

    text: str
    variables: dict[str, int]
    """Each with the column where it first stands."""
    steps: tuple[Step, ...]
    result: str
    """The name of the last step; of the variable itself where there is no step."""

    def evaluate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every variable and every step's result by name: of :class:`Value`, or of :class:`Tensor`
        as soon as one of ``values`` is an array.

        >>> made = parse("(x + y) * z").evaluate({"x": -2.0, "y": 5.0, "z": -4.0})
        >>> made["f"].backward()
        >>> made["q"].data, made["f"].data, made["x"].grad
        (3.0, -12.0, -4.0)
        """
        for name, column in self.variables.items():
            if name not in values:
                raise self.error(f"{name} has no value; give one, {name}=...", column)
        arrays = any(np.ndim(values[name]) for name in self.variables)
        made: dict[str, Any] = {
            name: Tensor(values[name], requires_grad=True, dtype=np.float64, name=name)
            if arrays
            else Value(values[name], name=name)
            for name in self.variables
        }
        for step in self.steps:
            arguments = [made[a] if isinstance(a, str) else a for a in step.arguments]
            if not any(isinstance(a, str) for a in step.arguments):  # numbers only
                arguments[0] = Tensor(arguments[0]) if arrays else Value(arguments[0])
            made[step.name] = self._computed(step, arguments)
            made[step.name].name = step.name
        return made

    def error(self, message: str, column: int) -> ExpressionError:
        """An error that shows the place in this formula."""
        return ExpressionError(message, self.text, column)

    def _computed(self, step: Step, arguments: list[Any]) -> Any:
        try:
            with np.errstate(all="ignore"):  # an infinity shows itself in the result
                out = step.operation.compute(*arguments)
        except (ValueError, TypeError, ArithmeticError) as reason:
            raise self.error(str(reason), step.column) from None
        if step.operation.symbol == "**" and _overflowed(out, arguments):
            raise self.error("this power is too large for a float64", step.column)
        return out


def _overflowed(out: Any, arguments: list[Any]) -> bool:
    numbers = [getattr(a, "data", a) for a in arguments]
    finite = all(np.all(np.isfinite(number)) for number in numbers)
    return finite and bool(np.any(np.isinf(out.data) & (numbers[0] != 0)))


def parse(text: str) -> Expression:
    """The program of a formula.  Raises :class:`ExpressionError` with the place of what it refuses.

    >>> for step in parse("relu(2*x + b)").steps:
    ...     print(step)
    q = 2 * x
    r = q + b
    f = relu(r)
    >>> parse("x.real")
    Traceback (most recent call last):
    ...
    autograd.expression.ExpressionError: an attribute is not part of a formula (column 1)
        x.real
        ^
    """
    text = re.sub(r"\s", " ", text).strip()
    reader = _Reader(text)
    result = reader.read(_tree(text, MAX_LENGTH))
    if not reader.variables:
        raise ExpressionError("there is no name in it to differentiate with respect to", text, 1)
    names = _names(len(reader.steps), reader.variables)

    def named(argument: str | float | _Result) -> str | float:
        return names[argument.number] if isinstance(argument, _Result) else argument

    steps = [
        Step(name, operation, tuple([named(a) for a in arguments]), column)
        for name, (operation, arguments, column) in zip(names, reader.steps, strict=True)
    ]
    return Expression(text, reader.variables, tuple(steps), str(named(result)))


@dataclass(frozen=True)
class _Result:
    """What the step of this number computes, while the steps have no names yet."""

    number: int


class _Reader:
    """Reads a tree into steps, operands before the operation that uses them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables: dict[str, int] = {}
        self.steps: list[tuple[Operation, list[str | float | _Result], int]] = []

    def read(self, node: ast.expr, depth: int = 0) -> str | float | _Result:
        """The name, the number or the step that ``node`` stands for."""
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} operations inside one another", node)
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return self.number(node, number)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return self.read(x, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return self.number(node, -number)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return self.step(node, OPERATORS[ast.USub], [x], depth)
            case ast.BinOp(left=x, op=operator, right=y) if type(operator) in OPERATORS:
                return self.step(node, OPERATORS[type(operator)], [x, y], depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.step(node, self.function(node, name, arguments), arguments, depth)
        raise self.error(f"{_in_english(node)} is not part of a formula", node)

    def step(
        self, node: ast.expr, operation: Operation, operands: list[ast.expr], depth: int
    ) -> _Result:
        arguments = [self.read(operand, depth + 1) for operand in operands]
        self.steps.append((operation, arguments, self.column(node)))
        return _Result(len(self.steps) - 1)

    def number(self, node: ast.expr, number: float) -> float:
        try:
            number = float(number)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.error("this number is too large for a float64", node)
        return number

    def name(self, node: ast.expr, name: str) -> str | float:
        if name == "pi":
            return math.pi
        self.variables.setdefault(name, self.column(node))
        return name

    def function(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Operation:
        if name not in FUNCTIONS:
            raise self.error(f"unknown function {name!r}; known are {', '.join(FUNCTIONS)}", node)
        arity = FUNCTIONS[name].arity
        if len(arguments) != arity if arity else not arguments:
            expected = f"{arity or 'at least 1'} argument{'s' * (arity > 1)}"
            raise self.error(f"{name}: expected {expected}, got {len(arguments)}", node)
        return FUNCTIONS[name]

    def column(self, node: ast.expr) -> int:
        # The tree counts in bytes of UTF-8.
        return len(self.text.encode()[: node.col_offset].decode(errors="ignore")) + 1

    def error(self, message: str, node: ast.expr) -> ExpressionError:
        return ExpressionError(message, self.text, self.column(node))


def _tree(text: str, limit: int) -> ast.expr:
    if len(text) > limit:
        raise ExpressionError(f"more than {limit} characters, {len(text)}", text, limit + 1)
    if not text:
        raise ExpressionError("there is nothing here to compute", text, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strings and literals that are refused anyway
            return ast.parse(text, mode="eval").body
    except SyntaxError as reason:
        raise ExpressionError(reason.msg, text, reason.offset or 1) from None
    except (MemoryError, RecursionError):
        raise ExpressionError("nested too deeply", text, 1) from None
    except ValueError as reason:  # characters that are no text, as a null byte
        raise ExpressionError(str(reason), text, 1) from None


def _in_english(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=None | bool() as value):
            return f"{value}"
        case ast.Constant(value=value):
            return f"a value of type {type(value).__name__}"
        case ast.BinOp(op=operator) | ast.UnaryOp(op=operator):
            return f"the operator {type(operator).__name__}"
        case ast.Call():
            return "a call of anything but a known function, or with keywords,"
    return _ENGLISH.get(type(node), "this")


_ENGLISH: dict[type[ast.expr], str] = {
    ast.Attribute: "an attribute",
    ast.BoolOp: "and/or",
    ast.Compare: "a comparison",
    ast.Dict: "a dictionary",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.IfExp: "a condition",
    ast.JoinedStr: "a string",
    ast.Lambda: "a lambda",
    ast.List: "a list",
    ast.ListComp: "a comprehension",
    ast.NamedExpr: "an assignment",
    ast.Set: "a set",
    ast.SetComp: "a comprehension",
    ast.Starred: "an unpacking",
    ast.Subscript: "an index",
    ast.Tuple: "a tuple",
}


def _names(steps: int, taken: Mapping[str, object]) -> list[str]:
    """q, r, s ... for the results in between, v1, v2 ... if these don't suffice; the last is f."""
    if not steps:
        return []
    between = [letter for letter in "qrstuvw" if letter not in taken]
    if len(between) < steps - 1:
        between = [name for i in range(1, steps + len(taken)) if (name := f"v{i}") not in taken]
    last = next(name for name in chain("fgh", map("f{}".format, count(1))) if name not in taken)
    return [*between[: steps - 1], last]


# Values ----------------------------------------------------------------------------------------


def parse_value(text: str) -> Any:
    """A number, or a vector or matrix in brackets: a float or a float64 array.

    >>> parse_value("-2")
    -2.0
    >>> parse_value("[[1, 2], [3, 4.5]]")
    array([[1. , 2. ],
           [3. , 4.5]])
    >>> parse_value("[[1, 2], [3]]")
    Traceback (most recent call last):
    ...
    autograd.expression.ExpressionError: ragged: here the shape is (1,), at the first entry (2,)
    (column 10)
        [[1, 2], [3]]
                 ^
    """
    text = re.sub(r"\s", " ", text).strip()
    value = _entries(_Reader(text), _tree(text, MAX_VALUE_LENGTH), MAX_DIMENSIONS)
    return value if value.ndim else float(value)


def _entries(reader: _Reader, node: ast.expr, dimensions: int) -> Any:
    match node:
        case ast.List(elts=[_, *_] as rows) if dimensions:
            arrays = [_entries(reader, row, dimensions - 1) for row in rows]
            for row, array in zip(rows, arrays, strict=True):
                if array.shape != arrays[0].shape:
                    raise reader.error(
                        f"ragged: here the shape is {array.shape}, at the first entry "
                        f"{arrays[0].shape}",
                        row,
                    )
            return np.stack(arrays)
        case ast.List(elts=[]):
            raise reader.error("an empty list has no entries to differentiate", node)
        case ast.List():
            raise reader.error(f"more than {MAX_DIMENSIONS} dimensions", node)
        case ast.Constant() | ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=ast.Constant()):
            return np.array(reader.read(node))
    raise reader.error("expected a number, or numbers in brackets", node)
