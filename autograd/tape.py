"""The two tapes of a formula as lines of text: the forward pass, and the chain rule backward.

For numbers a line ends in arithmetic: ``dq/dx = 1, df/dx = df/dq * dq/dx = -4 * 1 = -4``.  For
arrays, whose local derivative would have the dimensions of both, it shows the rule that takes its
place, with shapes: ``df/dW = outer(df/dq, x): (2, 3) = outer((2,), (3,))``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .expression import Expression, Step, as_text, bracketed
from .tensor import Tensor
from .value import Value

__all__ = ["Tape", "as_numbers"]

MANY = 20
"""Of an array with more entries only the shape is printed."""


class Tape:
    r"""A formula, its values and its derivatives, to be read in both directions.

    >>> from autograd.expression import parse
    >>> tape = Tape(parse("(x + y) * z"), {"x": -2.0, "y": 5.0, "z": -4.0})
    >>> print(*tape.forward(), *tape.backward(), sep="\n")
    x = -2
    y = 5
    z = -4
    q = x + y = -2 + 5 = 3
    f = q * z = 3 * (-4) = -12
    df/df = 1
    f = q * z: df/dq = z = -4
               df/dz = q = 3
    q = x + y: dq/dx = 1, df/dx = df/dq * dq/dx = -4 * 1 = -4
               dq/dy = 1, df/dy = df/dq * dq/dy = -4 * 1 = -4
    """

    def __init__(self, expression: Expression, values: Mapping[str, Any]) -> None:
        self.expression = expression
        self.nodes = expression.evaluate(values)
        self.root = expression.result
        self.operands = _operands(expression)
        self.uses = Counter(name for names in self.operands.values() for name in names)
        self._differentiate()

    def _differentiate(self) -> None:
        root = self.nodes[self.root]
        if isinstance(root, Tensor):
            if root.ndim:
                raise self.expression.error(
                    f"the result has the shape {root.shape}, and what is differentiated is one "
                    "number; take the sum(...) or the mean(...) of it",
                    1,
                )
            for name in self.operands:
                self.nodes[name].retain_grad()
        root.backward()

    def derivative(self, name: str) -> Any:
        """d(result)/d(name), a float or an array."""
        gradient = self.nodes[name].grad
        return gradient.data if isinstance(gradient, Tensor) else gradient

    def forward(self) -> Iterator[str]:
        """One line for each variable and for each operation, with its value."""
        for name in self.expression.variables:
            yield f"{name} = {as_numbers(self.nodes[name].data)}"
        for step in self.expression.steps:
            node = self.nodes[step.name]
            arguments = [self.nodes[a].data if isinstance(a, str) else a for a in step.arguments]
            line = [step.formula]
            if not any(np.ndim(a) for a in arguments):
                line.append(step.operation.written([as_numbers(a) for a in arguments]))
            line.append(as_numbers(node.data))
            yield " = ".join([step.name, *dict.fromkeys(line)])

    def backward(self) -> Iterator[str]:
        """The chain rule from the result to the variables, one line for each edge of the graph."""
        terms: dict[str, list[float]] = defaultdict(list)
        yield f"d{self.root}/d{self.root} = 1"
        for step in reversed(self.expression.steps):
            if step.name in self.operands:
                yield from self._total(step.name, terms)
                indent = f"{step}: "
                for operand in self.operands[step.name]:
                    yield indent + self._edge(step, operand, terms)
                    indent = " " * len(indent)
        for name in self.expression.variables:
            yield from self._total(name, terms)

    def _edge(self, step: Step, operand: str, terms: dict[str, list[float]]) -> str:
        if isinstance(self.nodes[step.name], Value):
            return self._product(step, operand, terms)
        places = [i for i, argument in enumerate(step.arguments) if argument == operand]
        rule = " + ".join([self._rule(step, i) for i in places])
        line = f"d{self.root}/d{operand} {self._equals(operand)} {rule}"
        if self.uses[operand] == 1:
            line += f" = {as_numbers(self.derivative(operand))}"
        return line

    def _product(self, step: Step, operand: str, terms: dict[str, list[float]]) -> str:
        """The local derivative, and what the chain rule makes of it."""
        node, parent = self.nodes[step.name], self.nodes[operand]
        edges = zip(node.parents, node.partials, strict=True)
        local = sum(partial for p, partial in edges if p is parent)
        arrived = self.derivative(step.name)
        terms[operand].append(arrived * local)
        places = [i for i, argument in enumerate(step.arguments) if argument == operand]
        edge = f"d{step.name}/d{operand}"
        formula, value = _sum([_derivative(step, i) for i in places]), as_text(local)
        line = f"{edge} = {value}" if formula == value else f"{edge} = {formula} = {value}"
        if step.name == self.root:
            return line
        return (
            f"{line}, d{self.root}/d{operand} {self._equals(operand)} d{self.root}/d{step.name} * "
            f"{edge} = {as_text(arrived)} * {bracketed(value)} = {as_text(arrived * local)}"
        )

    def _equals(self, operand: str) -> str:
        return "=" if self.uses[operand] == 1 else "+="

    def _total(self, name: str, terms: dict[str, list[float]]) -> Iterator[str]:
        """What is used more than once has the sum over its uses for a derivative."""
        if self.uses[name] > 1:
            summands = _sum([as_text(term) for term in terms[name]]) or "the sum of these"
            value = as_numbers(self.derivative(name))
            yield f"d{self.root}/d{name} = {summands} = {value}"

    def _rule(self, step: Step, i: int) -> str:
        """What an operation on arrays sends to its argument ``i``, and the shapes."""
        out, symbol = self.nodes[step.name], step.operation.symbol
        shapes = [
            np.shape(self.nodes[a].data) if isinstance(a, str) else () for a in step.arguments
        ]
        g = f"d{self.root}/d{step.name}"
        if symbol == "@":
            rule = _matmul_rule(len(shapes[0]), len(shapes[1]))[i]
            in_shapes = _filled(rule, out.shape, shapes, [shape[::-1] for shape in shapes])
            names = [as_text(a) for a in step.arguments]
            return (
                f"{_filled(rule, g, names, [f'{n}.T' for n in names])}: {shapes[i]} = {in_shapes}"
            )
        if symbol == "transpose":
            return f"{g}.T: {shapes[i]}"
        if symbol in ("sum", "mean"):
            count = int(np.prod(shapes[i]))
            return f"{g if symbol == 'sum' else f'{g} / {count}'} in every entry: {shapes[i]}"
        factor = _derivative(step, i)
        whole = " " not in factor or factor[0] + factor[-1] == "()"
        rule = {"1": g, "-1": f"-{g}"}.get(factor, f"{g} * {factor if whole else f'({factor})'}")
        if shapes[i] != out.shape:
            return f"sum of {rule} over the repeated axes: {out.shape} to {shapes[i]}"
        return f"{rule}: {shapes[i]}"


def _operands(expression: Expression) -> dict[str, list[str]]:
    """For each step that depends on a variable, the arguments that do, each once."""
    tracked = set(expression.variables)
    operands = {}
    for step in expression.steps:
        names = [a for a in step.arguments if isinstance(a, str) and a in tracked]
        if names:
            tracked.add(step.name)
            operands[step.name] = list(dict.fromkeys(names))
    return operands


def _derivative(step: Step, i: int) -> str:
    """The derivative of a step with respect to its argument ``i``, as a formula."""
    operation, arguments = step.operation, [bracketed(as_text(a)) for a in step.arguments]
    exponent = step.arguments[-1]
    if operation.symbol == "**" and isinstance(exponent, float) and i == 0:
        power = {0.0: "", 1.0: arguments[0]}.get(
            exponent - 1, f"{arguments[0]}**{bracketed(as_text(exponent - 1))}"
        )
        return f"{as_text(exponent)} * {power}" if power else "1"
    text = operation.derivatives[i if operation.arity else 0]
    return text.format(*arguments, out=step.name, n=len(arguments))


def _matmul_rule(x: int, y: int) -> tuple[str, str]:
    """The rules of x @ y by the number of dimensions."""
    return {
        (1, 1): ("{g} * {y}", "{g} * {x}"),
        (2, 1): ("outer({g}, {y})", "{xT} @ {g}"),
        (1, 2): ("{y} @ {g}", "outer({x}, {g})"),
    }.get((x, y), ("{g} @ {yT}", "{xT} @ {g}"))


def _filled(rule: str, g: Any, xy: Sequence[Any], transposed: Sequence[Any]) -> str:
    return rule.format(g=g, x=xy[0], y=xy[1], xT=transposed[0], yT=transposed[1])


def _sum(texts: Sequence[str]) -> str:
    return " + ".join([*texts[:1], *map(bracketed, texts[1:])])


def as_numbers(data: Any) -> str:
    """A number, or a small array in brackets; of a large one the shape.

    >>> as_numbers(np.array([[1.0, 2.5], [-3.0, 4.0]]))
    '[[1, 2.5], [-3, 4]]'
    """
    if np.ndim(data) == 0:
        return as_text(float(data))
    if np.size(data) > MANY:
        return f"an array of the shape {np.shape(data)}"
    return f"[{', '.join(map(as_numbers, data))}]"
