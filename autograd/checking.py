"""gradcheck: every derivative of a function against differences, and the search for the culprit.

The derivative that the rules give is compared with one that knows no rule.  For a small function
that is the whole Jacobian, entry by entry; for a large one random combinations of its rows with
random directions and a sample of its columns.  Where they differ, every operation that the function
recorded is checked on its own, at the values that it saw, so that the message can name the one
whose rule is wrong.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .context import no_grad, record
from .differences import STEPS, Slope, kinked, slope
from .graph import topological_order
from .keeping import strict_saving
from .node import ArrayNode, NotSavedError, Spec
from .recording import Recording
from .tensor import Tensor
from .tree import flatten, paths

__all__ = ["GradcheckError", "Report", "gradcheck"]

FULL = 200
"""Up to so many entries, of the arguments and of the result, the Jacobian is compared whole."""

FLOOR = 1e-8
"""Entries smaller than this times the largest of their argument are compared with that instead."""


class Entry(NamedTuple):
    """One compared number."""

    argument: str
    result: str
    analytic: float
    numeric: float

    @property
    def relative_error(self) -> float:
        """|d - d′| / (|d| + |d′|): 0 for equal, 1 for a wrong sign."""
        size = abs(self.analytic) + abs(self.numeric)
        return abs(self.analytic - self.numeric) / size if size else 0.0


@dataclass(frozen=True)
class Report:
    """What was compared: how many numbers, and the worst of them as a table (``print(report)``)."""

    count: int
    worst: tuple[Entry, ...]
    order: int

    @property
    def largest_error(self) -> float:
        """The largest relative error; below 1e-7 is great, above 1e-3 is bad."""
        return max((entry.relative_error for entry in self.worst), default=0.0)

    def __str__(self) -> str:
        return f"order {self.order}: {self.count} derivatives compared\n{_table(self.worst)}"


class GradcheckError(AssertionError):
    """A check that failed.

    ``reason`` is one of ``"rule"`` (a derivative rule is wrong: then ``operation`` and ``argument``
    name it), ``"saves"`` (a rule reads an array that it does not save), ``"kink"`` (the function has
    no derivative there), ``"random"`` (two results for one input), ``"detached"`` (the gradient is
    lost outside of the operations).  ``entry`` is the worst number, ``entries`` the worst few.
    """

    def __init__(
        self,
        message: str,
        reason: str,
        *,
        operation: str | None = None,
        argument: str | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.operation = operation
        self.argument = argument
        self.entries = tuple(entries)

    @property
    def entry(self) -> Entry | None:
        """The worst number."""
        return self.entries[0] if self.entries else None


def gradcheck(
    f: Callable[..., Any], *inputs: Any, order: int = 1, tolerance: float = 1e-5, seed: int = 0
) -> Report:
    """Compare the derivatives of ``f`` at ``inputs`` with differences, up to ``order``.

    Every floating array in ``inputs`` (tensors, arrays and numbers, also inside dicts, lists and
    tuples) is an argument to be differentiated, other values are passed on as they are.  Where ``f``
    or an input is a module (has ``named_parameters``), its parameters are checked too.  A number is
    wrong if |d - d′| / (|d| + |d′|) is above ``tolerance`` at every step size.  ``seed`` draws the
    directions for large functions.

    Returns a :class:`Report`; raises :class:`GradcheckError`, which names the operation that is wrong,
    or says that the point is a kink, that ``f`` is random, or that the graph was left.  ``ValueError``
    for single precision, for dropout, and where there is nothing to check.

    >>> import autograd as ag
    >>> ag.gradcheck(lambda x, y: np.sum(np.tanh(x) * y), np.ones(3), np.arange(3.0), order=2).count
    36
    >>> @ag.primitive
    ... def double(x):
    ...     return 2.0 * x
    >>> _ = double.defvjp(lambda g, out, x: 3.0 * g)
    >>> ag.gradcheck(lambda x: np.sin(double(x)), np.array([1.0, 2.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd.checking.GradcheckError: double: the derivative rule for argument 0 (x) is wrong, ...
    """
    with _subject(f, inputs) as subject:
        _refuse_random(subject)
        _refuse_nothing(subject)
        subjects = [subject]
        for _ in range(order):
            try:
                comparison = _Comparison(subjects[-1], tolerance, seed)
            except NotSavedError as error:
                raise _not_saved(error, _culprit(subjects, tolerance, seed)) from error
            if comparison.failed:
                culprit = _culprit(subjects, tolerance, seed)
                raise _explained(comparison, culprit, len(subjects))
            report = Report(comparison.count, comparison.worst(), len(subjects))
            subjects.append(subjects[-1].gradient(seed))
    return report


# --- what is checked: a function of a list of arrays --------------------------------------------


class _Subject:
    """A function of float64 arrays, with a name for each."""

    def __init__(self, f: Callable[..., Any], values: Sequence[Any], names: Sequence[str]) -> None:
        self.f = f
        self.values = list(values)
        self.names = list(names)

    def record(self) -> Recording:
        return Recording("gradcheck", self.f, self.values, argnums=tuple(range(len(self.values))))

    def vector(self, values: Sequence[Any]) -> Any:
        """All floating results at ``values`` as one vector; nothing is recorded."""
        with no_grad():
            return _vector(self.f(*[Tensor(v) for v in values]))

    def gradient(self, seed: int) -> "_Subject":
        """x ↦ uᵀJ(x) for a random u: what is checked for the next order."""

        def pulled(*xs: Any) -> Any:
            recording = Recording("gradcheck", self.f, xs, argnums=tuple(range(len(xs))))
            return recording.filled(recording.pull(_cotangents(recording, seed)))

        return _Subject(pulled, self.values, self.names)


def _vector(result: Any) -> Any:
    arrays = [
        leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf) for leaf in flatten(result)[0]
    ]
    return np.concatenate([np.ravel(a) for a in arrays if a.dtype.kind == "f"] or [np.zeros(0)])


def _cotangents(recording: Recording, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.5, 1.5, y.shape).astype(y.dtype) if y.dtype.kind == "f" else None
        for y in recording.outputs
    ]


@contextmanager
def _subject(f: Callable[..., Any], inputs: Sequence[Any]) -> Iterator[_Subject]:
    """``f`` as a function of every floating array among its inputs and of every parameter."""
    leaves, rebuild = flatten(tuple(inputs))
    names = [path for i, tree in enumerate(inputs) for path in paths(tree, f"argument {i}")]
    places = [i for i, leaf in enumerate(leaves) if _is_floating(leaf)]
    modules = {
        name: m
        for name, m in [
            ("", f),
            ("", getattr(f, "__self__", None)),
            *zip(names, leaves, strict=True),
        ]
        if hasattr(m, "named_parameters")
    }
    parameters = _parameters(modules)

    def call(*values: Any) -> Any:
        replaced = list(leaves)
        for i, value in zip(places, values, strict=False):
            replaced[i] = value
        with _standing_in(list(parameters), values[len(places) :]):
            return f(*rebuild(replaced))

    arrays = [_array(leaves[i]) for i in places] + [p.data for p in parameters]
    named = [names[i] for i in places] + list(parameters.values())
    subject = _Subject(call, [a.copy() for a in arrays], named)
    for name, array in zip(subject.names, subject.values, strict=True):
        _require_double(name, array)
    for module in modules.values():
        _refuse_dropout(module)
    with ExitStack() as stack:
        for module in modules.values():
            stack.enter_context(_unchanged_buffers(module))
        yield subject


def _parameters(modules: dict[str, Any]) -> dict[Any, str]:
    """Every parameter of the modules once, with its name; of several modules, with whose it is."""
    found: dict[Any, str] = {}
    for of, module in modules.items():
        for name, p in module.named_parameters():
            if getattr(p, "requires_grad", True):
                found.setdefault(p, f"{of}.{name}" if len(modules) > 1 and of else name)
    return found


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, float) or getattr(getattr(leaf, "dtype", None), "kind", "") in (
        "f",
        "c",
    )


def _array(leaf: Any) -> Any:
    return leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf)


@contextmanager
def _standing_in(tensors: Sequence[Any], values: Sequence[Any]) -> Iterator[None]:
    """Let ``tensors`` (the parameters, which the function closes over) be ``values`` for a while."""
    before = [(t._data, t._node) for t in tensors]
    try:
        for t, value in zip(tensors, values, strict=True):
            t._data, t._node = value._data, value._node
        yield
    finally:
        for t, (data, node) in zip(tensors, before, strict=True):
            t._data, t._node = data, node


@contextmanager
def _unchanged_buffers(module: Any) -> Iterator[None]:
    """Moving averages and the like are as before afterwards."""
    before = [(b, b.data.copy()) for _, b in getattr(module, "named_buffers", lambda: ())()]
    try:
        yield
    finally:
        for buffer, array in before:
            buffer.data = array


# --- what can't be checked ---------------------------------------------------------------------


def _require_double(name: str, array: Any) -> None:
    if array.dtype != np.float64:
        raise ValueError(
            f"gradcheck: {name} is {array.dtype}, expected float64: differences of less precise "
            "numbers say too little. Convert it: x.astype(np.float64), module.astype(np.float64)."
        )


def _refuse_dropout(module: Any) -> None:
    for name, part in getattr(module, "named_modules", lambda: ())():
        if "Dropout" in type(part).__name__ and part.training and getattr(part, "p", 1):
            raise ValueError(
                f"gradcheck: {name or 'the module'} is a {type(part).__name__} in training mode: it draws "
                "a new mask for every evaluation, so differences are differences of masks. Call "
                "module.eval(), or set p=0."
            )


def _refuse_random(subject: _Subject) -> None:
    first, second = subject.vector(subject.values), subject.vector(subject.values)
    if first.shape != second.shape or not np.array_equal(first, second, equal_nan=True):
        difference = (
            f"by up to {np.max(np.abs(first - second)):.3g}" if first.shape == second.shape else ""
        )
        raise GradcheckError(
            f"gradcheck: the function gave two results for the same input, which differ {difference}: "
            "it draws random numbers or keeps state. Seed its generator inside, or check without.",
            "random",
        )


def _refuse_nothing(subject: _Subject) -> None:
    if not sum(v.size for v in subject.values):
        raise ValueError(
            "gradcheck: nothing to check, no input is a floating array with an entry. Pass the arrays "
            "to be differentiated as arguments."
        )
    recording = subject.record()
    if not any(y.size for y in recording.outputs if y.dtype.kind == "f"):
        raise ValueError(
            f"gradcheck: nothing to check, the result is {_described(recording)}, without a floating "
            "entry. Return the number that is differentiated."
        )
    if not any(y.requires_grad for y in recording.outputs) and _is_constant(subject):
        raise ValueError(
            "gradcheck: nothing to check, the result does not depend on the inputs. Pass the arrays "
            "that it depends on as arguments."
        )


def _described(recording: Recording) -> str:
    return ", ".join(f"{y.dtype} of shape {y.shape}" for y in recording.outputs) or "None"


def _is_constant(subject: _Subject) -> bool:
    shifted = [v + 1e-3 * (1 + np.abs(v)) for v in subject.values]
    with np.errstate(all="ignore"):
        return np.array_equal(
            subject.vector(subject.values), subject.vector(shifted), equal_nan=True
        )


# --- the comparison ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Direction:
    """A direction of one argument: a unit vector, or a random one (no index)."""

    argument: int
    index: tuple[int, ...] | None
    arrays: list[Any]


class _Comparison:
    """U J V by the rules and by differences: U chooses rows of the Jacobian J, V columns."""

    def __init__(self, subject: _Subject, tolerance: float, seed: int) -> None:
        self.subject = subject
        self.tolerance = tolerance
        self.rng = np.random.default_rng(seed)
        with strict_saving():
            recording = subject.record()
            self.outputs = [y for y in recording.outputs if y.dtype.kind == "f"]
            self.size = sum(y.size for y in self.outputs)
            self.whole = max(self.size, sum(v.size for v in subject.values)) <= FULL
            self.combinations = None if self.whole else self.rng.normal(size=(3, self.size))
            self.analytic = self._pulled(recording)
        self.scales = [np.max(np.abs(a), initial=0.0, where=np.isfinite(a)) for a in self.analytic]
        self.count = 0
        self.entries: list[Entry] = []
        self.wrong: list[Entry] = []
        self.kinks: list[Entry] = []
        for direction in self._directions():
            self._compare(direction)

    @property
    def failed(self) -> bool:
        """Whether anything differs or has no derivative."""
        return bool(self.wrong or self.kinks)

    def worst(self) -> tuple[Entry, ...]:
        """The few worst entries."""
        found = self.wrong or self.kinks or self.entries
        return tuple(sorted(found, key=lambda e: -np.nan_to_num(e.relative_error, nan=2.0))[:5])

    def _pulled(self, recording: Recording) -> list[Any]:
        """U J: for each argument an array of one row per combination of results."""
        rows = np.eye(self.size) if self.combinations is None else self.combinations
        found = [recording.filled(recording.pull(self._split(u, recording))) for u in rows]
        return [
            np.reshape([np.ravel(row[k]) for row in found], (len(found), v.size))
            for k, v in enumerate(self.subject.values)
        ]

    def _split(self, u: Any, recording: Recording) -> list[Any]:
        """The vector ``u`` as a cotangent for each result."""
        parts: list[Any] = []
        start = 0
        for y in recording.outputs:
            if y.dtype.kind != "f":
                parts.append(None)
                continue
            parts.append(u[start : start + y.size].reshape(y.shape).astype(y.dtype))
            start += y.size
        return parts

    def _directions(self) -> Iterator[_Direction]:
        values = self.subject.values
        entries = (
            [(k, i) for k, v in enumerate(values) for i in np.ndindex(v.shape)]
            if self.whole
            else []
        )
        if not self.whole:
            for k in [k for k in range(len(values)) for _ in range(max(1, 8 // len(values)))]:
                arrays = [np.zeros_like(v) for v in values]
                arrays[k] = self.rng.normal(size=arrays[k].shape)
                yield _Direction(k, None, arrays)
            entries = [
                (k, tuple(int(self.rng.integers(n)) for n in v.shape))
                for k, v in enumerate(values)
                for _ in range(min(v.size, max(2, 40 // len(values))))
            ]
        for k, index in entries:
            arrays = [np.zeros_like(v) for v in values]
            arrays[k][index] = 1.0
            yield _Direction(k, index, arrays)

    def _slope(self, direction: _Direction, step: float) -> Slope:
        def along(t: float) -> Any:
            moved = [x + t * v for x, v in zip(self.subject.values, direction.arrays, strict=True)]
            y = self.subject.vector(moved)
            return y if self.combinations is None else self.combinations @ y

        return slope(along, step)

    def _compare(self, direction: _Direction) -> None:
        analytic = self._along(direction)
        scale = self.scales[direction.argument]
        slopes = [self._slope(direction, STEPS[0])]
        differs = self._differs(analytic, slopes[0], scale)
        while np.any(differs) and len(slopes) < len(STEPS):  # closer, past a kink or an edge nearby
            slopes.append(self._slope(direction, STEPS[len(slopes)]))
            differs &= self._differs(analytic, slopes[-1], scale, finer=True)
        kinks = self._kinks(direction, analytic, slopes[0], differs, scale)
        self.count += analytic.size
        for i in range(analytic.size):
            entry = self._entry(direction, i, analytic[i], [s.central[i] for s in slopes])
            group = self.kinks if kinks[i] else self.wrong if differs[i] else self.entries
            group.append(entry)

    def _along(self, direction: _Direction) -> Any:
        """U J v."""
        if direction.index is None:
            return sum(
                a @ np.ravel(v) for a, v in zip(self.analytic, direction.arrays, strict=True)
            )
        at = np.ravel_multi_index(direction.index, direction.arrays[direction.argument].shape)
        return self.analytic[direction.argument][:, at]

    def _differs(self, analytic: Any, numeric: Slope, scale: float, finer: bool = False) -> Any:
        """Where the two numbers differ; at a finer step rounding is only a small excuse."""
        with np.errstate(invalid="ignore"):
            size = np.abs(analytic) + np.abs(numeric.central)
            allowed = np.maximum(self.tolerance * size, FLOOR * scale)
            noise = np.minimum(numeric.noise, allowed) if finer else numeric.noise
            return ~(np.abs(analytic - numeric.central) <= allowed + noise)

    def _kinks(
        self, direction: _Direction, analytic: Any, coarse: Slope, differs: Any, scale: float
    ) -> Any:
        """Where the function has no derivative, whether or not the numbers happen to agree."""
        with np.errstate(invalid="ignore"):
            sides = np.abs(coarse.left) + np.abs(coarse.right)
            suspicious = differs | ~(coarse.jump <= 1e-2 * sides)
        if not np.any(suspicious):
            return suspicious
        kinks = suspicious & kinked(coarse, self._slope(direction, 1e-6), scale)
        # 0 · inf in the rule, where the function has no slope, is nan for the other results too.
        return kinks | (np.any(kinks) & ~np.isfinite(analytic))

    def _entry(self, direction: _Direction, i: int, analytic: Any, slopes: list[Any]) -> Entry:
        """The comparison of one number, with the best of the numerical slopes."""
        numeric = min(slopes, key=lambda s: np.nan_to_num(abs(s - analytic), nan=np.inf))
        where = "[random direction]" if direction.index is None else _subscript(direction.index)
        argument = self.subject.names[direction.argument] + where
        result = "a random combination" if self.combinations is not None else self._result_name(i)
        return Entry(argument, result, float(analytic), float(numeric))

    def _result_name(self, i: int) -> str:
        for k, y in enumerate(self.outputs):
            if i < y.size:
                name = "result" if len(self.outputs) == 1 else f"result {k}"
                return name + _subscript(tuple(int(n) for n in np.unravel_index(i, y.shape)))
            i -= y.size
        return "result"


def _subscript(index: tuple[int, ...]) -> str:
    return str(list(index)) if index else ""


# --- the culprit -------------------------------------------------------------------------------


class _Culprit(NamedTuple):
    """An operation that is wrong on its own, and what is wrong with it."""

    node: ArrayNode
    comparison: _Comparison | None
    order: int


def _explained(comparison: _Comparison, culprit: _Culprit | None, order: int) -> GradcheckError:
    """The error for a comparison that failed, with the operation to blame."""
    if not comparison.wrong or (culprit and culprit.comparison and not culprit.comparison.wrong):
        return _kink(comparison, culprit)
    if culprit is None or culprit.comparison is None:
        return GradcheckError(
            f"gradcheck: the gradient of order {order} is wrong, though every recorded operation is "
            "right on its own: the function leaves the graph on the way (t.data, t.detach(), "
            f"t.item()), or a hook changes the gradient.\n{_table(comparison.worst())}",
            "detached",
            entries=comparison.worst(),
        )
    worst = culprit.comparison.worst()
    argument = worst[0].argument.partition("[")[0]
    second = ", in its derivative (the rule is right to first order)" if culprit.order > 1 else ""
    return GradcheckError(
        f"{culprit.node.label}: the derivative rule for {argument} is wrong{second}, "
        f"by up to {worst[0].relative_error:.1e} relative.\n{_table(worst)}",
        "rule",
        operation=culprit.node.primitive.name,
        argument=argument,
        entries=worst,
    )


def _kink(comparison: _Comparison, culprit: _Culprit | None) -> GradcheckError:
    name = culprit.node.label if culprit else "gradcheck"
    worst = ((culprit and culprit.comparison) or comparison).worst()
    return GradcheckError(
        f"{name}: the function has no derivative at this point: the slopes from the left and from the "
        f"right of {worst[0].argument} differ, or it has no value there. This is a kink, not a wrong "
        f"rule: move the input away from it.\n{_table(worst)}",
        "kink",
        operation=culprit.node.primitive.name if culprit else None,
        argument=worst[0].argument,
        entries=worst,
    )


def _culprit(subjects: list[_Subject], tolerance: float, seed: int) -> _Culprit | None:
    """The first operation, in the order of computation, that fails a check of its own.

    The last of ``subjects`` is the derivative that failed, the first the function itself.
    """
    orders = range(2, len(subjects) + 1)
    for subject, order in [(subjects[-1], 1), *[(subjects[0], order) for order in orders]]:
        for node in _operations(subject):
            alone = _alone(node)
            for _ in range(order - 1):
                alone = alone.gradient(seed)
            try:
                comparison = _Comparison(alone, tolerance, seed)
            except NotSavedError:
                return _Culprit(node, None, order)
            except Exception:  # noqa: BLE001  # what can't run alone is not the culprit
                continue
            if comparison.failed:
                return _Culprit(node, comparison, order)
    return None


def _operations(subject: _Subject) -> list[ArrayNode]:
    """What a subject records, the oldest first, with all arrays."""
    with record():
        recording = subject.record()
    nodes = topological_order([y.node for y in recording.outputs if y.node is not None])
    named = [(node, node.primitive.name if node.parents else "leaf") for node in reversed(nodes)]
    return [node for node, name in named if name not in ("leaf", "argument", "output")]


def _not_saved(error: NotSavedError, culprit: _Culprit | None) -> GradcheckError:
    """The error for a rule that read what it did not save."""
    name = culprit.node.label if culprit else "gradcheck"
    return GradcheckError(
        f"{name}: {error} (Arrays of few entries are there anyway, so it may go well with small "
        "arguments.)",
        "saves",
        operation=culprit.node.primitive.name if culprit else None,
    )


def _alone(node: ArrayNode) -> _Subject:
    """The operation of ``node`` as a function of its tracked arguments, at the values it saw."""
    primitive = node.primitive
    rng = np.random.default_rng(0)
    args = [
        rng.normal(size=a.shape)
        if isinstance(a, Spec)
        else np.array(a)
        if hasattr(a, "dtype")
        else a
        for a in node.args or ()
    ]
    places = [i for i, parent in enumerate(node.parents) if parent is not None]
    names = [f"argument {i} ({primitive.names[min(i, len(primitive.names) - 1)]})" for i in places]

    def call(*values: Any) -> Any:
        given = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
        for i, value in zip(places, values, strict=True):
            given[i] = value
        return primitive(*given, **node.static or {})

    return _Subject(call, [np.asarray(args[i], dtype=np.float64) for i in places], names)


def _table(entries: Sequence[Entry]) -> str:
    """The entries as lines under each other, the worst first."""
    rows = [("d result", "/ d argument", "by rule", "by differences", "relative error")]
    rows += [
        (e.result, e.argument, f"{e.analytic:.9g}", f"{e.numeric:.9g}", f"{e.relative_error:.1e}")
        for e in entries
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows
    )
