"""Modes: what is recorded, what is checked, and where in the model we are.

A mode is local to its *context* (:mod:`contextvars`): every thread and every asyncio task has its
own, and an exception restores it like anything else under ``with``.

======================  =========================================================================
``no_grad()``           operations are not recorded
``enable_grad()``       they are again
``detect_anomaly()``    the first operation that makes a NaN or an infinity raises and names the
                        line that made it; arrays that the graph needs become read-only
``record()``            every array stays with the graph, so that a large one can be drawn
``scope("encoder")``    names the part of the program that operations belong to
======================  =========================================================================
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import numpy as np

__all__ = [
    "Mode",
    "Scope",
    "current_mode",
    "detect_anomaly",
    "enable_grad",
    "is_grad_enabled",
    "no_grad",
    "record",
    "resume",
    "scope",
    "scope_path",
    "set_mode",
]

Scope = tuple[tuple[str, str], ...]
"""The path of scopes, outermost first: pairs of a name and a kind (``("fc1", "Linear")``)."""

F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """One setting of all modes, not changed but for the path of a scope that is entered again;
    ``outer`` is the one that an exit restores.

    ``careful`` says that recording has more to do than usual, so that an operation asks once.
    """

    __slots__ = ("anomaly", "careful", "errstate", "grad", "outer", "record", "scope")

    def __init__(
        self, grad: bool, anomaly: bool, record: bool, scope: Scope, outer: "Mode | None"
    ) -> None:
        self.grad = grad
        self.anomaly = anomaly
        self.record = record
        self.careful = anomaly or record
        self.scope = scope
        self.outer = outer
        self.errstate: np.errstate | None = None


_DEFAULT = Mode(grad=True, anomaly=False, record=False, scope=(), outer=None)
_mode: ContextVar[Mode] = ContextVar("chainrule_mode", default=_DEFAULT)

current_mode: Callable[[], Mode] = _mode.get
"""The mode in force here.  One C call: every recorded operation asks."""

set_mode: Callable[[Mode], object] = _mode.set
"""Put a mode in force, for who puts the old one back whatever happens: a ``with`` block is safer."""


class _Switch:
    """A ``with`` block and a decorator that changes the mode; subclasses say how."""

    __slots__ = ()

    def _inside(self, outer: Mode) -> Mode:
        raise NotImplementedError

    def __enter__(self) -> None:
        _mode.set(self._inside(_mode.get()))

    def __exit__(self, *exception: object) -> None:
        # The way back is stored in the mode itself, not in this object, so that one object may
        # serve nested blocks and several threads at once.
        left = _mode.get()
        _mode.set(left.outer or _DEFAULT)
        if left.errstate is not None:
            left.errstate.__exit__(None, None, None)

    def __call__(self, function: F) -> F:
        """Run ``function`` inside this mode; a generator only while its own body runs."""
        if inspect.isgeneratorfunction(function):
            return cast(F, self._around_generator(function))
        if inspect.iscoroutinefunction(function):
            return cast(F, self._around_coroutine(function))
        if inspect.isasyncgenfunction(function):
            return cast(F, self._around_async_generator(function))

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(F, inside)

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return inside

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            body = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(next, body)
            while True:
                try:
                    with self:
                        item = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                except GeneratorExit:
                    with self:
                        body.close()
                    raise
                except BaseException as error:  # noqa: BLE001  # the generator decides
                    resume = functools.partial(body.throw, error)
                else:
                    resume = functools.partial(body.send, sent)

        return inside

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def inside(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            body = function(*args, **kwargs)
            resume: Callable[[], Any] = functools.partial(anext, body)
            while True:
                try:
                    with self:
                        item = await resume()
                except StopAsyncIteration:
                    return
                try:
                    sent = yield item
                except GeneratorExit:
                    with self:
                        await body.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  # the generator decides
                    resume = functools.partial(body.athrow, error)
                else:
                    resume = functools.partial(body.asend, sent)

        return inside


class no_grad(_Switch):
    """Inside, operations are not recorded: results do not require a gradient.

    >>> import autograd as ag
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def _inside(self, outer: Mode) -> Mode:
        return Mode(False, outer.anomaly, outer.record, outer.scope, outer)


class enable_grad(_Switch):
    """Inside, operations are recorded, also within :class:`no_grad`."""

    __slots__ = ()

    def _inside(self, outer: Mode) -> Mode:
        return Mode(True, outer.anomaly, outer.record, outer.scope, outer)


class resume(_Switch):
    """Inside, all modes are what they were when ``mode`` was in force."""

    __slots__ = ("_mode",)

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def _inside(self, outer: Mode) -> Mode:
        mode = self._mode
        return Mode(mode.grad, mode.anomaly, mode.record, mode.scope, outer)


class detect_anomaly(_Switch):
    """Inside, the first operation that makes a NaN or an infinity raises ``FloatingPointError``.

    Forward: an operation with finite inputs and a result that is not.  Backward: one with a finite
    incoming gradient and an outgoing one that is not.  The message names the operation, its scope
    and the line of the user's code that made it.  Arrays that the graph needs are read-only
    meanwhile, so that a write through NumPy raises ``ValueError`` where it happens.

    >>> import autograd as ag
    >>> x = ag.Tensor(0.0, requires_grad=True)
    >>> with ag.detect_anomaly():
    ...     np.log(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FloatingPointError: log: finite arguments gave a result that is not finite, ...
    """

    __slots__ = ()

    def _inside(self, outer: Mode) -> Mode:
        mode = Mode(outer.grad, True, outer.record, outer.scope, outer)
        mode.errstate = np.errstate(all="ignore")  # the error below says more than NumPy's warning
        mode.errstate.__enter__()
        return mode


class record(_Switch):
    """Inside, every array stays with the graph, before and after ``backward()``, for drawing."""

    __slots__ = ()

    def _inside(self, outer: Mode) -> Mode:
        return Mode(outer.grad, outer.anomaly, True, outer.scope, outer)


class scope(_Switch):
    """Operations inside belong to the part of the program called ``name``.

    ``kind`` says what that part is, for example the class of a layer.  Drawings make a cluster of
    it and error messages name it.

    >>> import autograd as ag
    >>> with ag.scope("encoder"), ag.scope("0", kind="Linear"):
    ...     scope_path(current_mode().scope)
    'encoder.0 (Linear)'
    """

    __slots__ = ("_entry", "_latest")

    def __init__(self, name: str, kind: str = "") -> None:
        self._entry = (name, kind)
        self._latest: Mode | None = None

    def __enter__(self) -> None:
        _mode.set(self.inside(_mode.get()))

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), self._entry  # a copy or a pickle starts afresh

    def inside(self, outer: Mode) -> Mode:
        """The mode inside of the block, out of the mode ``outer``.

        Every call of a layer comes here, nearly always out of the same mode as the last time: then the
        mode of that time serves again, with a new path.
        """
        # A new pair each time, so that two calls can be told apart.
        path = (*outer.scope, (*self._entry,))
        mode = self._latest
        if mode is None or mode.outer is not outer:
            mode = self._latest = Mode(outer.grad, outer.anomaly, outer.record, path, outer)
        mode.scope = path
        return mode


def scope_path(path: Scope) -> str:
    """The scope as text, the kind of the innermost part in parentheses; empty outside of any."""
    if not path:
        return ""
    kind = path[-1][1]
    return ".".join(name for name, _ in path) + (f" ({kind})" if kind else "")


def is_grad_enabled() -> bool:
    """Whether operations on tracked tensors are recorded here.

    >>> import autograd as ag
    >>> with ag.no_grad():
    ...     ag.is_grad_enabled()
    False
    """
    return current_mode().grad
