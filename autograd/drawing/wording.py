"""The words of a picture: names, expressions, and the arithmetic of each step.

The same sentences stand in tooltips, in the text, and beside the stepper.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from .description import Description, Vertex, Wire
from .quantity import FULL, number
from .rules import named

__all__ = ["Wording", "bracketed", "clean", "symbol"]

# fmt: off
SYMBOLS = {
    "add": "+", "subtract": "-", "multiply": "×", "*": "×", "divide": "÷", "/": "÷", "negative": "neg",
    "power": "xʸ", "**": "xʸ", "matmul": "@", "sum": "Σ", "sigmoid": "σ", "sqrt": "√", "absolute": "|x|",
    "abs": "|x|", "relu": "ReLU", "square": "x²", "**2": "x²", "**3": "x³", "**-1": "1/x",
    "reciprocal": "1/x", "transpose": "xᵀ", "dot": "Σwx", "maximum": "max", "minimum": "min",
    "getitem": "[ ]",
}
INFIX = {
    "+": "+", "-": "-", "*": "*", "/": "/", "**": "**", "add": "+", "subtract": "-", "multiply": "*",
    "divide": "/", "power": "**", "matmul": "@",
}
# fmt: on


def symbol(op: str) -> str:
    """What stands in the circle of an operation."""
    return SYMBOLS.get(op, op)


def clean(text: str, limit: int = 60) -> str:
    """A label as one line of printable characters: whatever it contains, it stays text."""
    line = "".join([c if c.isprintable() else "⏎" if c == "\n" else "�" for c in str(text)])
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def bracketed(x: str) -> str:
    """A factor or a term as it stands in a formula: in brackets where it has a sign."""
    return f"({x})" if x.startswith("-") or " " in x else x


class Wording:
    """The sentences about one description."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.into = description.into()
        self.out_of = description.out_of()
        self.names = Counter(
            v.name for v in description.vertices if v.uses is None or v.uses[0] == 1
        )

    def label(self, vertex: Vertex) -> str:
        """Its name; a number for one without: ``v3``."""
        if vertex.name:
            times = f" ×{vertex.count}" if vertex.count > 1 else ""
            unique = self.names[vertex.name] == 1 or not vertex.path
            place = "" if unique else ".".join([*map(str, vertex.path), ""])
            return f"{clean(place + vertex.name)}{times}"
        if vertex.kind == "constant" and vertex.value is not None and vertex.value.size <= FULL:
            return vertex.value.text()
        return f"v{vertex.key[1:]}" if vertex.key.startswith("n") else vertex.key

    def expression(self, vertex: Vertex) -> str:
        """How it was computed: ``x + y``, ``exp(x)``."""
        return _written(vertex, [self.label(wire.source) for wire in self.into[vertex]])

    def written(self, vertex: Vertex) -> str:
        """The same for a picture, where what has no name is a dot."""
        wires = self.into[vertex]
        told = [self._shown(wire.source) for wire in wires]
        return _written(vertex, told) if set(told) - {"·"} else symbol(vertex.op) if wires else ""

    def _shown(self, vertex: Vertex) -> str:
        number = vertex.value is not None and vertex.value.shape == ()
        named = vertex.name or (vertex.kind == "constant" and number)
        return self.label(vertex) if named else "·"

    def with_numbers(self, vertex: Vertex) -> str:
        """The same with the numbers put in; empty where they are not all numbers."""
        values = [wire.source.value for wire in self.into[vertex]]
        if not values or any(value is None or not value.is_number for value in values):
            return ""
        return _written(vertex, [bracketed(value.text()) for value in values if value is not None])

    def forward(self, vertex: Vertex) -> str:
        """``q = x + y = (-2) + 5 = 3``"""
        value = "" if vertex.value is None else vertex.value.told()
        if vertex.kind == "module":
            arguments = ", ".join(dict.fromkeys(self.label(w.source) for w in self.into[vertex]))
            return f"{self.label(vertex)}({arguments}) = {value}"
        if not self.into[vertex]:
            outside = " (no grad)" if vertex.kind == "constant" else ""
            use = f" (use {vertex.uses[0]} of {vertex.uses[1]})" if vertex.uses else ""
            return f"{self.label(vertex)} = {value}{outside}{use}"
        parts = [self.label(vertex), self.expression(vertex), self.with_numbers(vertex), value]
        return " = ".join([part for part in parts if part])

    def local(self, wire: Wire) -> str:
        """``∂q/∂x``"""
        return f"∂{self.label(wire.target)}/∂{self.label(wire.source)}"

    def rule(self, wire: Wire, only_names: bool = False) -> str:
        """The rule of this argument with the names of this graph: ``Xᵀ · ∇h``.

        With ``only_names`` vertices without a name keep the rule's own letters.
        """
        target = wire.target
        if not wire.rule:
            return ""
        told = [w.source.name if only_names else self.label(w.source) for w in self.into[target]]
        places = [w.position for w in self.into[target]]
        names = {
            target.letters[i]: clean(name) for i, name in zip(places, told, strict=True) if name
        }
        out = target.name if only_names else self.label(target)
        return named(wire.rule, {**names, **({"out": clean(out)} if out else {})})

    def backward(self, wire: Wire) -> str:
        """``∇x += ∇q · ∂q/∂x = -4 · 1 = -4``; for arrays the rule, in shapes where they tell."""
        if not wire.tracked:
            return f"{self.label(wire.source)} is outside of the graph: no gradient"
        source = f"∇{self.label(wire.source)}"
        share = "-" if wire.share is None else wire.share.told()
        if wire.target.kind == "module":
            return f"{source} += what comes back through {self.label(wire.target)}"
        if wire.partial is None:
            rule = self.rule(wire) or f"∇{self.label(wire.target)} · {self.local(wire)}"
            shapes = f"   {wire.shapes}" if wire.shapes else ""
            return f"{source} += {rule} = {share}{shapes}"
        upstream = wire.target.grad
        chain = f"∇{self.label(wire.target)} · {self.local(wire)}"
        if upstream is None or not upstream.is_number:
            return f"{source} += {chain}, with {self.local(wire)} = {number(wire.partial)}"
        return (
            f"{source} += {chain} = {upstream.told()} · {bracketed(number(wire.partial))} = {share}"
        )

    def summary(self, title: str) -> str:
        """A description of the whole picture in a few sentences."""
        vertices = self.description.vertices
        variables = [v for v in vertices if v.kind == "variable" and v.name]
        parts = [
            f"{title}: {self.description.operations:,} operations, {len(variables)} named variables."
        ]
        parts += [f"{self.forward(v)}." for v in self.description.roots[:3]]
        known = [v for v in variables if v.grad is not None][:12]
        if known:
            told = [f"∇{self.label(v)} = {v.grad.text()}" for v in known if v.grad is not None]
            parts.append(f"Gradients: {', '.join(told)}.")
        return " ".join([*parts, *self.description.notes])

    def accumulation(self, vertex: Vertex) -> str:
        """``∇x = (-4) + (2) = -2`` where more than one wire brings a gradient; else empty."""
        name = f"∇{self.label(vertex)}"
        if vertex.uses is not None and vertex.uses[0] == 1 and vertex.total is not None:
            return f"{name} = sum over {vertex.uses[1]} uses = {vertex.total.told()}"
        return accumulation(name, vertex, self.out_of[vertex])


def accumulation(name: str, vertex: Vertex, wires: Sequence[Wire]) -> str:
    """The sum of what the wires bring back to ``vertex``."""
    shares = [wire.share for wire in wires if wire.tracked]
    if len(shares) < 2 or vertex.grad is None:
        return ""
    total = vertex.grad.text()
    if any(share is None or share.size > FULL for share in shares) or len(shares) > 8:
        return f"{name} = sum of {len(shares)} = {total}"
    return f"{name} = {_sum(share.text() for share in shares if share is not None)} = {total}"


def _sum(terms: Iterable[str]) -> str:
    return " + ".join([f"({term})" for term in terms])


def _written(vertex: Vertex, arguments: Sequence[str]) -> str:
    op = vertex.op
    if op in INFIX and len(arguments) == 2:
        return f"{arguments[0]} {INFIX[op]} {arguments[1]}"
    if op.startswith("**"):
        return f"{arguments[0]}{op}"
    if op.startswith("[") or op == "getitem":
        return f"{arguments[0]}{op if op.startswith('[') else f'[{vertex.detail}]'}"
    if op in ("neg", "negative"):
        return f"-{arguments[0]}"
    inside = ", ".join(arguments) if len(arguments) <= 8 else f"{arguments[0]}, ... {arguments[-1]}"
    detail = f", {vertex.detail}" if vertex.detail else ""
    return f"{op}({inside}{detail})"
