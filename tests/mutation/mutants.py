"""The mutants of a module: its source with one error planted in a derivative rule.

What belongs to a rule is found in the syntax tree: the functions given to ``unary``, ``binary``,
``defvjp`` and ``defvjp_each``, and every function of the module that these use.
"""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants"]

Function = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True)
class Mutant:
    """One planted error."""

    module: str
    line: int
    """Where it is planted."""
    function: int
    """The line where the function begins that it is planted in."""
    what: str
    """The code before and after."""
    source: str

    @property
    def name(self) -> str:
        return f"{self.module}.py:{self.line}  {self.what}"


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of ``source``, the text of ``autograd/ops/<module>.py``."""
    tree = ast.parse(source)
    for function in _rule_functions(tree):
        for node, replacement in _errors(function):
            before, after = ast.unparse(node), ast.unparse(replacement)
            mutated = _replaced(source, node, after)
            first = function.lineno
            if isinstance(function, ast.FunctionDef) and function.decorator_list:
                first = function.decorator_list[0].lineno
            yield Mutant(module, node.lineno, first, f"{before}  →  {after}", mutated)


# --- what is a rule ----------------------------------------------------------------------------

_TABLES = {"unary": 1, "binary": 1, "defvjp": 0, "defvjp_each": 0}
"""Calls that take rules, and how many arguments before them are not rules."""


def _rule_functions(tree: ast.Module) -> list[Function]:
    """The functions of rules, each once; what stands inside another is part of it."""
    defined = _defined(tree)
    queue = [function for rule in _rules(tree) for function in _functions_in(rule, defined)]
    found: list[Function] = []
    for function in queue:  # grows while it is walked
        if function not in found:
            found.append(function)
            queue += [f for f in _functions_in(function, defined) if not _is_primitive(f)]
    inside = {id(n) for f in found for n in ast.walk(f) if n is not f}
    return [f for f in found if id(f) not in inside]


def _defined(tree: ast.Module) -> dict[str, Function]:
    """The functions of the module by name, lambdas with a name included."""
    named: dict[str, Function] = {
        n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)
    }
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            named |= {t.id: statement.value for t in statement.targets if isinstance(t, ast.Name)}
    return named


def _rules(tree: ast.Module) -> Iterator[ast.expr]:
    """The arguments that are rules."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            f = call.func
            name = (
                f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else ""
            )
            if name in _TABLES:
                yield from call.args[_TABLES[name] :]


def _functions_in(node: ast.AST, defined: dict[str, Function]) -> list[Function]:
    """The lambdas in ``node``, and the functions that it names."""
    return [
        n if isinstance(n, ast.Lambda) else defined[n.id]
        for n in ast.walk(node)
        if isinstance(n, ast.Lambda) or (isinstance(n, ast.Name) and n.id in defined)
    ]


def _is_primitive(function: Function) -> bool:
    """A primitive's forward function is not part of a rule that calls it."""
    decorators = getattr(function, "decorator_list", [])
    return any("primitive" in ast.unparse(d) or "implements" in ast.unparse(d) for d in decorators)


# --- the errors --------------------------------------------------------------------------------


def _errors(function: Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    """A piece of the function, and what is put in its place."""
    for result in _results(function):
        yield result, ast.BinOp(result, ast.Mult(), ast.Constant(1.001))
    for node in _expressions(function):
        for kind in (_sign, _terms, _operands, _unbroadcast, _axis):
            for replacement in kind(node):
                yield node, replacement


def _results(function: Function) -> list[ast.expr]:
    """What the function returns."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    return [value for value in returns if not _is_no_gradient(value)]


def _is_no_gradient(value: ast.expr) -> bool:
    """Whether an expression is plainly a truth value, a constant or several values."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in ("all", "any", "isinstance")
    if isinstance(value, ast.IfExp):
        return any(_is_no_gradient(part) for part in (value.body, value.orelse))
    return isinstance(value, (ast.Tuple, ast.Constant, ast.Compare, ast.BoolOp))


_TOLERANCE = re.compile(r"finfo|resolution|\beps\b")
"""What is compared with rounding errors is no derivative: any number of that order will do."""


def _expressions(function: Function) -> Iterator[ast.expr]:
    """The expressions of the body: not annotations, defaults or the docstring."""
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    for statement in body:
        if isinstance(statement, ast.Raise) or _TOLERANCE.search(ast.unparse(statement)):
            continue
        skipped = {
            id(inner)
            for n in ast.walk(statement)
            if isinstance(n, (ast.Raise, ast.AnnAssign, ast.FunctionDef, ast.JoinedStr))
            for part in _quiet_parts(n)
            for inner in ast.walk(part)
        }
        yield from (
            n for n in ast.walk(statement) if isinstance(n, ast.expr) and id(n) not in skipped
        )


def _quiet_parts(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.AnnAssign):
        return [node.annotation]
    if isinstance(node, ast.FunctionDef):
        return [node.args, *([node.returns] if node.returns else [])]
    return [node]


def _sign(node: ast.expr) -> Iterator[ast.expr]:
    """Change a sign."""
    match node:
        case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.BinOp(_, ast.Add() | ast.Sub()) if _numeric(node):
            yield _with(node, op=ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    """Drop a term or a factor."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Mult(), right) if _numeric(node):
            yield left
            yield right
        case ast.BinOp(left, ast.Sub()) if _numeric(node):
            yield left


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    """Swap the operands of what does not commute."""
    match node:
        case ast.BinOp(left, ast.Sub() | ast.Div() | ast.MatMult() | ast.Pow(), right):
            if _numeric(node):
                yield _with(node, left=right, right=left)
        case ast.Call(f, [*first, x, y]) if ast.unparse(f) in ("np.matmul", "np.where"):
            yield _with(node, args=[*first, y, x])


def _unbroadcast(node: ast.expr) -> Iterator[ast.expr]:
    """Drop an adjoint of broadcasting, or a call that only arranges."""
    match node:
        case ast.Call(f, [x, *_]) if ast.unparse(f) in _ARRANGING:
            yield x


_ARRANGING = ("unbroadcast", "_fold", "restore", "np.broadcast_to", "np.conj", "np.transpose")
_BY_AXIS = ("np.swapaxes", "np.expand_dims", "np.moveaxis", "np.squeeze")


def _axis(node: ast.expr) -> Iterator[ast.expr]:
    """Another axis."""
    match node:
        case ast.Call(f, args, keywords):
            for i, keyword in enumerate(keywords):
                axis = _whole(keyword.value)
                if keyword.arg in ("axis", "axis1", "axis2") and axis is not None:
                    other = ast.keyword(keyword.arg, ast.Constant(-1 - axis))
                    yield _with(node, keywords=[*keywords[:i], other, *keywords[i + 1 :]])
            axis = _whole(args[-1]) if len(args) > 1 else None
            if ast.unparse(f) in _BY_AXIS and axis is not None:
                yield _with(node, args=[*args[:-1], ast.Constant(-1 - axis)])
        case ast.Attribute(value, "T" | "mT"):
            yield value


def _whole(node: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numeric(node: ast.BinOp) -> bool:
    """Whether both sides may be arrays: neither a text nor a tuple."""
    return not any(
        isinstance(n, (ast.Tuple, ast.List, ast.JoinedStr))
        or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in (node.left, node.right)
    )


def _with(node: ast.expr, **parts: object) -> ast.expr:
    changed = copy.copy(node)
    for name, value in parts.items():
        setattr(changed, name, value)
    return changed


def _replaced(source: str, node: ast.expr, text: str) -> str:
    """``source`` with the code of ``node`` replaced, and every other line where it was."""
    lines, code = source.splitlines(keepends=True), source.encode()
    start = _offset(lines, node.lineno, node.col_offset)
    end = _offset(lines, node.end_lineno or node.lineno, node.end_col_offset or 0)
    lost = b"\n" * code[start:end].count(b"\n")
    return (code[:start] + b"(" + text.encode() + lost + b")" + code[end:]).decode()


def _offset(lines: list[str], line: int, column: int) -> int:
    return sum(len(text.encode()) for text in lines[: line - 1]) + column
