"""``python -m autograd "(x + y) * z" x=-2 y=5 z=-4``: the chain rule, step by step.

Prints the forward tape (every operation and its value) and the backward tape (every local
derivative and what the chain rule makes of it), and writes a picture of the graph.  ``--check``
compares each derivative with a numerical one.

The exit status is 0 when all went well, 1 when a derivative failed the check, 2 when the input was
refused, 3 when the picture could not be made.
"""

import argparse
import io
import math
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .expression import FUNCTIONS, Expression, ExpressionError, as_text, parse, parse_value
from .tape import Tape

FORMATS = ("svg", "html", "png", "pdf", "dot", "mmd", "txt")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        expression = parse(arguments.expression)
        values = _values(arguments.values, expression)
        tape = Tape(expression, values)
    except ExpressionError as refused:
        print(f"python -m autograd: {refused}", file=sys.stderr)
        return 2
    print("forward", *_indented(tape.forward()), "", sep="\n")
    print("backward", *_indented(tape.backward()), sep="\n")
    failed = arguments.check and not _check(tape, values)
    drawn = arguments.no_picture or _draw(tape, arguments.out)
    return 1 if failed else 0 if drawn else 3


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


# The command line ------------------------------------------------------------------------------


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m autograd",
        description="Differentiate a formula step by step, and draw its graph.",
        epilog=f"Operators: + - * / ** @. Functions: {', '.join(FUNCTIONS)}. Constant: pi.",
        allow_abbrev=False,
    )
    parser.add_argument("expression", help='the formula, for example "(x + y) * z"')
    parser.add_argument(
        "values", nargs="*", metavar="name=value", help='for example x=-2 W="[[1,2],[3,4]]"'
    )
    parser.add_argument("--out", metavar="FILE", help="the picture (default: graph.svg)")
    parser.add_argument("--format", choices=FORMATS, help="its format (default: FILE's ending)")
    parser.add_argument("--check", action="store_true", help="compare with numerical derivatives")
    parser.add_argument("--no-picture", action="store_true", help="only print")
    # A formula may begin with a minus sign; what begins with a space is no option to argparse.
    argv = [f" {a}" if a[:1] == "-" and a[:2] not in ("--", "-h") else a for a in argv]
    arguments = parser.parse_intermixed_args(argv)
    ending = Path(arguments.out or "").suffix[1:]
    if not ending:
        ending = arguments.format or "svg"
        arguments.out = f"{arguments.out or 'graph'}.{ending}"
    if ending not in FORMATS or ending != (arguments.format or ending):
        parser.error(
            f"--out {arguments.out}: expected the ending {arguments.format or ' '.join(FORMATS)}"
        )
    return arguments


def _values(assignments: Sequence[str], expression: Expression) -> dict[str, Any]:
    """The variables' values, from arguments such as ``x=-2``."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads the formula
        if not equals:
            raise ExpressionError("expected name=value", assignment, 1)
        if name in values or name not in expression.variables:
            wrong = "is given twice" if name in values else "is not in the formula"
            raise ExpressionError(
                f"{name} {wrong}; its names: {', '.join(expression.variables)}", assignment, 1
            )
        try:
            values[name] = parse_value(text)
        except ExpressionError as error:
            column = error.column + assignment.index("=") + 1
            raise ExpressionError(error.reason, assignment, column) from None
    return values


def _draw(tape: Tape, path: str) -> bool:
    """Write the picture; False, with a sentence, where that can't be done."""
    try:
        from .drawing import draw

        draw(tape.nodes[tape.root]).save(path)
    except (ImportError, OSError, RuntimeError, ValueError) as reason:
        print(f"\nno picture {path}: {reason}", file=sys.stderr)
        return False
    print(f"\npicture: {path}")
    return True


# The check -------------------------------------------------------------------------------------


def _check(tape: Tape, values: Mapping[str, Any]) -> bool:
    """Print each derivative beside a numerical one; False if one is wrong."""
    print("\ncheck: df/dx beside (f(x + h) - f(x - h)) / 2h")
    good = True
    for name in tape.expression.variables:
        entries = np.ndindex(np.shape(values[name]))
        comparisons = [_comparison(tape, values, name, index) for index in entries]
        worst = max(comparisons, key=lambda comparison: comparison[:2])
        print(f"  d{tape.root}/d{name}: {worst.text}")
        good = good and worst.error <= BAD
    return good


class Comparison(NamedTuple):
    """One derivative beside a numerical one: its relative error, and whether there is a remark."""

    error: float
    remark: bool
    text: str


GREAT, BAD = 1e-7, 1e-3
"""Relative errors below the first are great, above the second bad (CS231n, gradient checks)."""


def _comparison(
    tape: Tape, values: Mapping[str, Any], name: str, index: tuple[int, ...]
) -> Comparison:
    """One entry's derivative, its numerical derivative, and their relative error."""
    exact = float(np.asarray(tape.derivative(name))[index])
    x = float(np.asarray(values[name])[index])
    h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x))
    below, here, above = (
        _result(tape.expression, values, name, index, at) for at in (x - h, x, x + h)
    )
    numerical = (above - below) / (2 * h)
    entry = f"at {list(index)} " if index else ""
    if not math.isfinite(numerical) or not math.isfinite(exact):
        text = f"{entry}{as_text(exact)}, not compared: the function is not finite nearby"
        return Comparison(0.0, True, text)
    size = abs(exact) + abs(numerical)
    noise = 16 * np.finfo(float).eps * max(_largest(tape), abs(above), abs(below)) / h
    if size <= noise:
        text = f"{entry}{as_text(exact)}, numerical 0 within its rounding error, {noise:.0e}"
        return Comparison(0.0, False, text)
    error = abs(exact - numerical) / size
    left, right = (here - below) / h, (above - here) / h
    if error > BAD and abs(right - left) > 1e-3 * size and _between(left, exact, right):
        text = f"{entry}{as_text(exact)}, a kink: {as_text(left)} before, {as_text(right)} after"
        return Comparison(0.0, True, text)
    rounding = abs(exact - numerical) <= noise
    verdict = (
        "great"
        if error < GREAT
        else "within rounding"
        if rounding
        else "good"
        if error <= BAD
        else "BAD"
    )
    text = f"{entry}{as_text(exact)}, numerical {as_text(numerical)}, relative error {error:.1e}"
    return Comparison(0.0 if rounding else error, False, f"{text}, {verdict}")


def _largest(tape: Tape) -> float:
    return max(float(np.max(np.abs(node.data))) for node in tape.nodes.values())


def _between(left: float, exact: float, right: float) -> bool:
    slack = 1e-6 * (abs(left) + abs(right))
    return min(left, right) - slack <= exact <= max(left, right) + slack


def _result(
    expression: Expression,
    values: Mapping[str, Any],
    name: str,
    index: tuple[int, ...],
    x: float,
) -> float:
    """The formula's result with one entry of one variable changed to ``x``; nan outside of it."""
    changed = np.array(values[name], dtype=np.float64)
    changed[index] = x
    value = changed if changed.ndim else float(changed)
    try:
        return float(expression.evaluate({**values, name: value})[expression.result].data)
    except ExpressionError:
        return math.nan


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names may be in any script
    sys.exit(main())
