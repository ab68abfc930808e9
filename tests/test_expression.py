"""The formula language, and `python -m autograd`: what is computed, printed, refused."""

import ast
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, Value
from autograd.__main__ import main
from autograd.expression import (
    FUNCTIONS,
    OPERATORS,
    ExpressionError,
    parse,
    parse_value,
)
from autograd.tape import Tape, as_numbers


def computed(text, **values):
    expression = parse(text)
    made = expression.evaluate(values)
    return made[expression.result], made


# What is computed ------------------------------------------------------------------------------


def test_w1_as_a_program():
    expression = parse("(x + y) * z")
    assert [str(step) for step in expression.steps] == ["q = x + y", "f = q * z"]
    f, made = computed("(x + y) * z", x=-2.0, y=5.0, z=-4.0)
    f.backward()
    assert isinstance(f, Value)
    assert {n: v.data for n, v in made.items()} == {"x": -2, "y": 5, "z": -4, "q": 3, "f": -12}
    assert {n: v.grad for n, v in made.items()} == {"x": -4, "y": -4, "z": 3, "q": -4, "f": 1}
    assert {n: v.name for n, v in made.items()} == {n: n for n in made}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x**2", -9.0),
        ("2**-x", 0.125),
        ("2**x**2", 512.0),
        ("x - 1 - 1", 1.0),
        ("12 / x / 2", 2.0),
        ("2 + 3*x", 11.0),
        ("+x", 3.0),
        ("--x", 3.0),
        ("-(-x)", 3.0),
        ("2 * 3 + x", 9.0),
        ("exp(0) + x", 4.0),
        (" ( x )\n", 3.0),
        ("x", 3.0),
        ("1e2*x + .5", 300.5),
        ("cos(pi) * x", -3.0),
        ("sum(x, 1, x)", 7.0),
        ("mean(x, 1, 2, x)", 2.25),
        ("maximum(x, 4) + minimum(5, x)", 7.0),
        ("x**2 + y", 10.0),
        ("µ + μ + x - 2", 3.0),
    ],
)
def test_arithmetic_is_pythons(text, value):
    names = parse(text).variables
    given_values = {"x": 3.0, "y": 1.0, "μ": 1.0}
    f, _ = computed(text, **{name: given_values[name] for name in names})
    assert f.data == value


numbers = st.floats(0.25, 4).map(lambda x: f"{x:.3g}")
formulas = st.recursive(
    st.sampled_from(["x", "y"]) | numbers,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "/"]), part).map(" ".join),
        part.map("({})".format),
        part.map("-{}".format),
        part.map("sin({})".format),
        part.map("tanh({})".format),
    ),
    max_leaves=12,
)


@given(formulas)
def test_a_random_formula_has_pythons_value_and_the_complex_steps_derivative(text):
    """f'(x) = Im f(x + ih) / h without cancellation (Squire and Trapp, 1998): no graph in it."""
    import cmath

    text = f"x + {text}"
    code = compile(ast.parse(text, mode="eval"), "<formula>", "eval")
    functions = {"sin": cmath.sin, "tanh": cmath.tanh}

    def exact(x, y):
        return eval(code, functions, {"x": x, "y": y})  # noqa: S307, the test's own formula

    x, y = 1.25, -0.75
    try:
        value = exact(x, y)
        slopes = [exact(x + 1e-200j, y).imag / 1e-200, (exact(x, y + 1e-200j) + 0j).imag / 1e-200]
    except (ZeroDivisionError, OverflowError):
        return
    expression = parse(text)
    made = expression.evaluate({"x": x, "y": y})
    f = made[expression.result]
    f.backward()
    assert f.data == pytest.approx(complex(value).real, rel=1e-9, abs=1e-9)
    for name, slope in zip(("x", "y"), slopes, strict=True):
        if name in made:
            assert made[name].grad == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_names_of_results_in_between():
    def names(text):
        return [step.name for step in parse(text).steps]

    assert names("x + y") == ["f"]
    assert names("f + q*r") == ["s", "g"]
    assert names("+".join("abcdefghij")) == [*(f"v{i}" for i in range(1, 9)), "f1"]
    assert names("a + b + c + d + e + g + h") == ["q", "r", "s", "t", "u", "f"]
    assert names("a+b+c+d+e+g+h+i") == ["q", "r", "s", "t", "u", "v", "f"]
    assert names("v1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + f")[:2] == ["v2", "v3"]


def test_a_formula_that_is_only_a_name():
    assert (parse("x").steps, parse("x").result) == ((), "x")
    assert list(Tape(parse("x"), {"x": 3.0}).backward()) == ["dx/dx = 1"]


def test_one_array_makes_all_of_it_tensors():
    values = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "x": np.array([5.0, 6.0]), "b": 7.0}
    f, made = computed("sum(tanh(W @ x / 10 + b * 0.1))", **values)
    assert isinstance(f, Tensor)
    assert made["b"].dtype == np.float64
    f.backward()
    t = np.tanh(values["W"] @ values["x"] / 10 + 0.7)
    assert f.item() == pytest.approx(t.sum())
    g = (1 - t**2) / 10
    np.testing.assert_allclose(made["W"].grad.data, np.outer(g, values["x"]), rtol=1e-12)
    np.testing.assert_allclose(made["x"].grad.data, values["W"].T @ g, rtol=1e-12)
    np.testing.assert_allclose(made["b"].grad.data, g.sum(), rtol=1e-12)


def evaluated_at_3(text):
    expression = parse(text)
    return expression.evaluate(dict.fromkeys(expression.variables, 3.0))


# What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("x.real", 1, "an attribute is not part of a formula"),
        ("x + x.__class__", 5, "an attribute"),
        ("2 * foo(x)", 5, "unknown function 'foo'; known are abs, cos, "),
        ("__import__('os').system('ls')", 1, "a call of anything but a known function"),
        ("eval('x')", 1, "unknown function 'eval'"),
        ("(exp)(x)(x)", 1, "a call of anything but"),
        ("exp(x, base=2)", 1, "with keywords"),
        ("exp(*x)", 5, "an unpacking"),
        ("exp()", 1, "exp: expected 1 argument, got 0"),
        ("exp(x, x)", 1, "exp: expected 1 argument, got 2"),
        ("x + maximum(x)", 5, "maximum: expected 2 arguments, got 1"),
        ("x + sum()", 5, "sum: expected at least 1 argument, got 0"),
        ("x + [a for a in x]", 5, "a comprehension"),
        ("x + {1: x}", 5, "a dictionary"),
        ("x[0]", 1, "an index"),
        ("x * 'a'", 5, "a value of type str"),
        ("f'{x}'", 1, "a string"),
        ("x + 2j", 5, "a value of type complex"),
        ("True * x", 1, "True is not"),
        ("x * None", 5, "None is not"),
        ("x * ...", 5, "a value of type ellipsis"),
        ("x if x else x", 1, "a condition"),
        ("x < 1", 1, "a comparison"),
        ("x and x", 1, "and/or"),
        ("lambda: x", 1, "a lambda"),
        ("(y := x)", 2, "an assignment"),
        ("x, x", 1, "a tuple"),
        ("x // 2", 1, "the operator FloorDiv"),
        ("x % 2", 1, "the operator Mod"),
        ("~x", 1, "the operator Invert"),
        ("x + 9**9**9", 5, "this power is too large for a float64"),
        ("x + 10.0**400", 5, "this power is too large"),
        ("x + 1e400", 5, "this number is too large for a float64"),
        ("x + " + "9" * 400, 5, "this number is too large"),
        ("x + " + "-" * 300 + "x", 205, "more than 200 operations inside one another"),
        ("+" * 1_500 + "x", 202, "more than 200 operations inside one another"),
        ("+".join(["x"] * 300), 1, "more than 200 operations inside one another"),
        ("(" * 10_000 + "x" + ")" * 10_000, 2_001, "more than 2000 characters, 20001"),
        ("(" * 300 + "x" + ")" * 300, 201, "too many nested parentheses"),
        ("-" * 10_000 + "x", 2_001, "more than 2000 characters"),
        ("x +", 4, "invalid syntax"),
        ("(x", 1, "was never closed"),
        ("x)", 2, "unmatched"),
        ("x; x", 2, "invalid syntax"),
        ("x = 3", 3, "invalid syntax"),
        ("x \0", 3, "null byte"),
        ("", 1, "nothing here to compute"),
        ("# x", 4, "invalid syntax"),
        ("1 + 2", 1, "no name in it"),
        ("x + log(0 - 1)", 5, "log: expected x >= 0, got -1.0"),
        ("x + x @ x", 5, "@ multiplies vectors and matrices"),
        ("x + transpose(x)", 5, "transpose: expected a matrix, got a number"),
        ("é + é.a", 5, "an attribute"),
    ],
)
def test_what_is_not_arithmetic_is_refused_with_its_place(text, column, reason):
    with pytest.raises(ExpressionError) as caught:
        evaluated_at_3(text)
    assert reason in caught.value.reason
    if reason != "null byte" and not reason.startswith(("invalid syntax", "too many nested")):
        assert caught.value.column == column  # in those Python's parser chose the place


@pytest.mark.parametrize(
    ("text", "place"),
    [("3 * x + foo(x)", "foo(x)"), ("x + " * 100 + "y.a + x" + " + x" * 50, "y.a + x")],
)
def test_the_error_shows_the_place(text, place):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    first, line, caret = str(caught.value).split("\n")
    assert first.endswith(f"(column {text.index(place) + 1})")
    assert line[caret.index("^") :].startswith(place)
    assert len(line) < 100


def test_a_missing_value_and_an_array_for_a_result():
    with pytest.raises(ExpressionError, match=r"y has no value; give one, y=\.\.\. \(column 5\)"):
        computed("x * y", x=1.0)
    with pytest.raises(ExpressionError, match=r"shape \(2,\).* sum\(\.\.\.\)"):
        Tape(parse("2 * x"), {"x": np.ones(2)})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x @ y", "matmul"),
        ("sum(x + y)", "broadcast"),
        ("sum(x, y)", "sum: expected one array or only numbers"),
        ("mean(1, x)", "mean: expected one array or only numbers"),
        ("sum(x @ 2)", "@ multiplies vectors and matrices"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_the_place(text, reason):
    values = {"x": np.ones(2), "y": np.ones(3)}
    with pytest.raises(ExpressionError, match=r"\(column \d+\)") as caught:
        computed(text, **values)
    assert reason in caught.value.reason


pieces = ["x", "y", "(", ")", "+", "-", "**", "*", "/", "@", "exp", "[", "]", ",", "1", "9e9", ".",
          "'", '"', "lambda", ":", "if", "else", "for", "in", " ", "not ", "=", "\\", "#", "{", "}",
          "f'", "\0", "é", "\n", "_", "True", "j", "~", "<", "sum", "pi", "await ", "yield "]  # fmt: skip


@given(st.text(max_size=60) | st.lists(st.sampled_from(pieces), max_size=400).map("".join))
def test_any_text_is_a_formula_or_refused(text):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            expression = parse(text)
            expression.evaluate(dict.fromkeys(expression.variables, 0.5))
        except ExpressionError as refused:
            assert 1 <= refused.column <= len(text) + 1  # noqa: PT017
        try:
            value = parse_value(text)
            assert np.all(np.isfinite(value))
        except ExpressionError as refused:
            assert 1 <= refused.column <= len(text) + 1  # noqa: PT017


def test_python_never_evaluates_the_text(monkeypatch):
    def forbidden(*_):
        raise AssertionError("evaluated")

    monkeypatch.setattr("builtins.eval", forbidden)
    monkeypatch.setattr("builtins.exec", forbidden)
    f, _ = computed("exp(x) + x", x=0.0)
    assert f.data == 1.0


# Values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("-2", -2.0),
        ("+.5e1", 5.0),
        (" [1, -2] ", [1.0, -2.0]),
        ("[[1,2],[3,4],]", [[1.0, 2.0], [3.0, 4.0]]),
        ("[[[1]]]", [[[1.0]]]),
    ],
)
def test_values(text, value):
    parsed = parse_value(text)
    assert np.array_equal(parsed, value)
    assert np.ndim(parsed) == np.ndim(value)
    assert isinstance(parsed, float) or parsed.dtype == np.float64


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("[[1, 2], [3]]", 10, "ragged: here the shape is (1,), at the first entry (2,)"),
        ("[1, [2]]", 5, "ragged"),
        ("[]", 1, "an empty list"),
        ("[[], []]", 2, "an empty list"),
        ("[1, x]", 5, "expected a number"),
        ("1 + 1", 1, "expected a number"),
        ("--1", 1, "expected a number"),
        ("(1, 2)", 1, "expected a number"),
        ("'1'", 1, "a value of type str"),
        ("nan", 1, "expected a number"),
        ("1e999", 1, "too large for a float64"),
        ("[[[[[[[[[1]]]]]]]]]", 9, "more than 8 dimensions"),
        ("[1, 2", 1, "was never closed"),
        ("", 1, "nothing here"),
        ("[" * 5_000, 201, "too many nested"),
        ("1," * 60_000, 100_001, "more than 100000 characters"),
    ],
)
def test_values_that_are_refused(text, column, reason):
    with pytest.raises(ExpressionError) as caught:
        parse_value(text)
    assert reason in caught.value.reason
    if not reason.startswith("too many nested"):
        assert caught.value.column == column


def test_numbers_as_text():
    assert as_numbers(-0.0) == "0"
    assert as_numbers(1 / 3) == "0.333333"
    assert as_numbers(np.array([[1.0, -2.5]])) == "[[1, -2.5]]"
    assert as_numbers(np.zeros((5, 5))) == "an array of the shape (5, 5)"


# The tapes -------------------------------------------------------------------------------------


def printed(capsys, *argv):
    status = main([*argv, "--no-picture"])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("operation", [*OPERATORS.values(), *FUNCTIONS.values()])
def test_a_derivative_says_in_words_what_it_is_in_numbers(operation):
    names = {name: getattr(np, name) for name in ("exp", "log", "sin", "cos", "sign")}
    names |= {
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "heaviside": lambda x: np.heaviside(x, 0.5),
    }
    for x, y in [(0.7, 1.3), (1.3, 0.7), (0.4, 0.4)]:
        values = {"x": x, "y": y, "z": 5.0}
        arguments = "xyz"[: operation.arity or 3]
        nodes = [Value(values[name]) for name in arguments]
        if operation.derivatives:
            out = operation.compute(*nodes)
            out.backward()
            for i, node in enumerate(nodes):
                text = operation.derivatives[i if operation.arity else 0]
                text = text.format(*arguments, out="out", n=len(nodes))
                slope = eval(text, names, values | {"out": out.data})  # noqa: S307, a table's text
                assert node.grad == pytest.approx(float(slope), rel=1e-14)


POINTS = np.array([-1.5, -0.5, 0.0, 0.5, 1.5])


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if FUNCTIONS[name].arity])
def test_an_array_gives_what_numbers_give_kinks_included(name):
    if name == "transpose":
        return
    points = POINTS[POINTS > 0] if name in ("log", "sqrt") else POINTS
    points = points[points > -1] if name == "log1p" else points
    values = {"x": points, "y": points[::-1].copy()}
    text = f"{name}({', '.join('xy'[: FUNCTIONS[name].arity])})"
    names = parse(text).variables
    arrays = parse(f"sum({text})").evaluate({n: values[n] for n in names})
    arrays["f"].backward()
    for i in range(len(points)):
        f, made = computed(text, **{n: float(values[n][i]) for n in names})
        f.backward()
        assert arrays["q"].data[i] == pytest.approx(f.data, rel=1e-14)
        for n in names:
            assert arrays[n].grad.data[i] == pytest.approx(made[n].grad, rel=1e-13, abs=1e-300)


def test_w1_is_printed_line_by_line(capsys):
    status, out, err = printed(capsys, "(x + y) * z", "x=-2", "y=5", "z=-4")
    assert (status, err) == (0, "")
    assert out == (
        "forward\n"
        "  x = -2\n"
        "  y = 5\n"
        "  z = -4\n"
        "  q = x + y = -2 + 5 = 3\n"
        "  f = q * z = 3 * (-4) = -12\n"
        "\n"
        "backward\n"
        "  df/df = 1\n"
        "  f = q * z: df/dq = z = -4\n"
        "             df/dz = q = 3\n"
        "  q = x + y: dq/dx = 1, df/dx = df/dq * dq/dx = -4 * 1 = -4\n"
        "             dq/dy = 1, df/dy = df/dq * dq/dy = -4 * 1 = -4\n"
    )


def test_what_is_used_twice_gets_a_sum():
    tape = Tape(parse("x*x - 3*x"), {"x": 2.0})
    assert list(tape.backward()) == [
        "df/df = 1",
        "f = q - r: df/dq = 1",
        "           df/dr = -1",
        "r = 3 * x: dr/dx = 3, df/dx += df/dr * dr/dx = -1 * 3 = -3",
        "q = x * x: dq/dx = x + x = 4, df/dx += df/dq * dq/dx = 1 * 4 = 4",
        "df/dx = -3 + 4 = 1",
    ]


def test_a_step_of_constants_is_only_in_the_forward_tape():
    tape = Tape(parse("(2 * 3) ** x / (-2)"), {"x": 1.0})
    assert list(tape.forward()) == [
        "x = 1",
        "q = 2 * 3 = 6",
        "r = q ** x = 6 ** 1 = 6",
        "f = r / (-2) = 6 / (-2) = -3",
    ]
    assert list(tape.backward()) == [
        "df/df = 1",
        "f = r / (-2): df/dr = 1 / (-2) = -0.5",
        "r = q ** x: dr/dx = r * log(q) = 10.7506, df/dx = df/dr * dr/dx = -0.5 * 10.7506 = -5.37528",
    ]


@pytest.mark.parametrize(
    ("exponent", "formula"),
    [("2", "2 * x = 6"), ("3", "3 * x**2 = 27"), ("1", "1"), ("-1", "-1 * x**(-2) = -0.111111")],
)
def test_the_power_rule_reads_as_it_is_taught(exponent, formula):
    assert list(Tape(parse(f"x**{exponent}"), {"x": 3.0}).backward())[1].endswith(
        f"df/dx = {formula}"
    )


def test_arrays_show_rules_and_shapes():
    values = {"W": parse_value("[[1,2],[3,4],[5,6]]"), "x": parse_value("[1,-1]"), "b": 1.0}
    assert list(Tape(parse("sum((W @ x + b)**2)"), values).backward()) == [
        "df/df = 1",
        "f = sum(s): df/ds = df/df in every entry: (3,) = [1, 1, 1]",
        "s = r ** 2: df/dr = df/ds * (2 * r): (3,) = [0, 0, 0]",
        "r = q + b: df/dq = df/dr: (3,) = [0, 0, 0]",
        "           df/db = sum of df/dr over the repeated axes: (3,) to () = 0",
        "q = W @ x: df/dW = outer(df/dq, x): (3, 2) = outer((3,), (2,)) = [[0, 0], [0, 0], [0, 0]]",
        "           df/dx = W.T @ df/dq: (2,) = (2, 3) @ (3,) = [0, 0]",
    ]


def test_the_shapes_of_every_kind_of_product():
    matrix, vector = np.ones((2, 3)), np.ones(3)
    expected = {
        "sum(A @ transpose(A))": ["df/dr @ q.T: (2, 3) = (2, 2) @ (2, 3)"],
        "v @ v": ["df/dv = df/df * v: (3,) = () * (3,) + df/df * v: (3,) = () * (3,) = [2, 2, 2]"],
        "v @ w": ["df/dv = df/df * w: (3,) = () * (3,) = [2, 2, 2]", "df/dw = df/df * v: "],
        "sum(v * w * 2)": ["df/dv = df/dq * w: (3,)", "df/dw = df/dq * v: (3,)"],
        "sum(A @ v)": ["outer(df/dq, v): (2, 3)", "A.T @ df/dq: (3,) = (3, 2) @ (2,)"],
        "sum(v @ transpose(A))": ["q @ df/dr: (3,) = (3, 2) @ (2,)", "outer(v, df/dr): (3, 2)"],
    }
    for text, rules in expected.items():
        values = {
            name: {"A": matrix, "v": vector, "w": 2 * vector}[name]
            for name in parse(text).variables
        }
        lines = "\n".join(Tape(parse(text), values).backward())
        for rule in rules:
            assert rule in lines, lines


# The check -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_passes_the_check(capsys, name, shape):
    if name == "transpose" and not shape:
        return
    arguments = ", ".join("xy"[: FUNCTIONS[name].arity or 1])
    text = f"{name}({arguments})"
    values = ["x=[0.7,0.2,1.9]", "y=[1.3,0.9,1.1]"] if shape else ["x=0.7", "y=1.3"]
    values = values[: len(parse(text).variables)]
    status, out, _ = printed(
        capsys, f"sum({text} + 0.5 * ({' + '.join(parse(text).variables)}))", *values, "--check"
    )
    assert status == 0
    assert out.count(", great") == len(values), out


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_every_operator_passes_the_check(capsys, symbol):
    for values in (["x=0.7", "y=1.3"], ["x=[0.7,0.2]", "y=1.3"], ["x=0.7", "y=[[1.3],[2]]"]):
        status, out, _ = printed(capsys, f"sum(x {symbol} y)", *values, "--check")
        assert (status, out.count(", great")) == (0, 2), out


@pytest.fixture
def planted(monkeypatch):
    """A function of the language whose local derivative is changed by ``fault``."""

    def plant(name, fault):
        operation = FUNCTIONS[name]

        def wrong(x):
            out = operation.compute(x)
            out.partials = (fault(out.partials[0]),)
            return out

        monkeypatch.setitem(FUNCTIONS, name, operation._replace(compute=wrong))

    return plant


def test_a_wrong_derivative_fails_the_check(capsys, planted):
    planted("sin", lambda partial: partial * 1.01)
    status, out, _ = printed(capsys, "y * sin(x)", "x=1", "y=2", "--check")
    assert status == 1
    assert "df/dx: 1.09141, numerical 1.0806, relative error 5.0e-03, BAD" in out
    assert "df/dy: 0.841471, numerical 0.841471, relative error" in out
    assert printed(capsys, "x", "x=1", "--check")[0] == 0


def test_the_check_tells_great_from_good(capsys, planted):
    planted("sin", lambda partial: partial * (1 + 2e-6))
    status, out, _ = printed(capsys, "sin(x)", "x=1", "--check")
    assert status == 0
    assert "relative error 1.0e-06, good" in out


@pytest.mark.parametrize(("slope", "status"), [(0.0, 0), (0.5, 0), (1.0, 0), (1.5, 1), (-0.5, 1)])
def test_at_a_kink_any_slope_between_the_two_sides_will_do(capsys, planted, slope, status):
    planted("relu", lambda partial: slope)
    assert printed(capsys, "relu(x)", "x=0", "--check")[0] == status


def test_the_check_knows_kinks_edges_and_zeros(capsys):
    for text, values, report in [
        ("relu(x)", ["x=0"], "df/dx: 0, a kink: 0 before, 1 after"),
        ("sum(relu(x))", ["x=[1,0]"], "df/dx: at [1] 0, a kink: 0 before, 1 after"),
        ("sqrt(x)", ["x=0"], "df/dx: inf, not compared: the function is not finite nearby"),
        ("log(x)", ["x=0"], "df/dx: inf, not compared"),
        ("(x - 1)**2", ["x=1"], "df/dx: 0, numerical 0 within its rounding error"),
        ("x**2", ["x=1e6"], "great"),
        ("1 - x**2", ["x=-1e6"], "great"),
        ("x * 1e-12", ["x=1"], "df/dx: 1e-12, numerical 0 within its rounding error"),
        ("x**2", ["x=1e-3"], "great"),
    ]:
        status, out, _ = printed(capsys, text, *values, "--check")
        assert status == 0
        assert report in out


# The command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["x + y", "x=1"], "y has no value"),
        (["x", "x=1", "z=2"], "z is not in the formula; its names: x"),
        (["x", "x=1", "x=2"], "x is given twice"),
        (["x", "1"], "expected name=value"),
        (["x", "x=[1,[2]]"], "x=[1,[2]]\n         ^"),
        (["x.a", "x=1"], "an attribute is not part of a formula (column 1)"),
        (["2*x", "x=[1,2]"], "take the sum(...)"),
    ],
)
def test_refused_input_is_status_2_and_one_message(capsys, argv, message):
    status, out, err = printed(capsys, *argv)
    assert (status, out) == (2, "")
    assert err.startswith("python -m autograd: ")
    assert message in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required: expression"),
        (["x", "x=1", "--chek"], "unrecognized arguments: --chek"),
        (["x", "x=1", "--format", "bmp"], "invalid choice: 'bmp'"),
        (["x", "x=1", "--out", "f.bmp"], "expected the ending svg html"),
        (["x", "x=1", "--out", "f.svg", "--format", "png"], "expected the ending png"),
    ],
)
def test_wrong_options_are_explained(capsys, argv, message):
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert message in capsys.readouterr().err


def test_a_formula_may_begin_with_a_minus_and_options_stand_anywhere(capsys):
    status, out, _ = printed(capsys, "--check", "-x*y", "x=-2", "--check", "y=-3")
    assert status == 0
    assert "q = -x = -(-2) = 2" in out
    assert "df/dx: 3" in out


@pytest.mark.parametrize("reason", [ImportError("pip install it"), OSError("disk full")])
def test_without_a_picture_the_tapes_are_still_there(capsys, monkeypatch, tmp_path, reason):
    def refuse(_):
        raise reason

    monkeypatch.setattr("autograd.drawing.draw", refuse)
    status = main(["2*x", "x=1", "--out", str(tmp_path / "f.svg")])
    captured = capsys.readouterr()
    assert status == 3
    assert "df/dx = 2" in captured.out
    assert str(reason) in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["svg", "dot", "html", "txt", "mmd"])
def test_the_picture_is_written(capsys, tmp_path, ending):
    path = tmp_path / f"f.{ending}"
    assert main(["(x + y) * z", "x=-2", "y=5", "z=-4", "--out", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"\npicture: {path}\n")
    text = path.read_text()
    assert "-12" in text.replace("−", "-")
    for name in "xyzqf":
        assert name in text


def test_the_format_names_the_file(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["2*x", "x=1", "--format", "dot"]) == 0
    assert main(["2*x", "x=1", "--out", "g", "--format", "txt"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.txt", "graph.dot"]
    capsys.readouterr()


def test_as_a_program():
    command = [sys.executable, "-m", "autograd", "π * x", "π=3", "x=2", "--no-picture"]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": "."}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert rb"df/d\u03c0 = x = 2" in done.stdout
    refused = subprocess.run([*command[:3], "x."], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_values_beyond_the_range_are_shown_as_they_are(capsys):
    status, out, _ = printed(capsys, "1 / x", "x=0")
    assert status == 0
    assert "f = 1 / x = 1 / 0 = inf" in out
    assert math.isinf(computed("1/x", x=0.0)[0].data)
