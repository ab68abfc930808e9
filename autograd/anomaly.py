"""What ``detect_anomaly()`` does: find the first NaN or infinity, and forbid silent writes.

Nodes are given as arguments and only looked at; nothing here knows how they are made.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .versions import buffer_of

__all__ = ["OURS", "locked", "unlock", "user_line", "watch_backward", "watch_forward"]

OURS = {"autograd", "nn", "optim", "numpy"}
"""Packages whose code is not the user's."""


class _Lock:
    """A buffer that is read-only for now: how many nodes need it, and what was writable before."""

    __slots__ = ("buffer", "count", "writable")

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer
        self.count = 0
        self.writable: list[Any] = []  # the buffer itself comes before its views

    def close(self, array: Any) -> None:
        """Make ``array``, the buffer or a view of it, read-only."""
        if array.flags.writeable:
            self.writable.append(array)
            array.flags.writeable = False


locked: dict[int, _Lock] = {}
"""The locks by the id of their buffer."""


def watch_forward(node: Any, args: Sequence[Any], out: Any) -> None:
    """Note where ``node`` was made, make its arrays read-only, and raise if it made a NaN."""
    node.remarks().origin = user_line()
    arrays = [a for a in (*args, *(out if isinstance(out, tuple) else (out,))) if _is_float(a)]
    results = arrays[-(len(out) if isinstance(out, tuple) else 1) :]
    if any(not _finite(o) for o in results) and all(_finite(a) for a in args if _is_float(a)):
        raise FloatingPointError(
            f"{node.label}: finite arguments gave a result that is not finite, {_summary(results)}, "
            f"at {node.origin}. Look at the arguments there, or clip them into the domain."
        )
    _lock(node, arrays)


def watch_backward(node: Any, argument: int, g: Any, parent_g: Any) -> None:
    """Raise if a rule of ``node`` turned a finite gradient into one that is not."""
    if _finite(g) and not _finite(parent_g):
        name = node.primitive.names[min(argument, len(node.primitive.names) - 1)]
        raise FloatingPointError(
            f"{node.label}: the gradient with respect to argument {argument} ({name}) is not finite, "
            f"{_summary([parent_g])}, though the one that came in is; the operation was made at "
            f"{node.origin or 'a line outside of detect_anomaly()'}. The derivative does not "
            "exist there: move the argument away from that point."
        )


def user_line() -> str:
    """File and line of the innermost frame that is not this package's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in OURS:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_float(value: Any) -> bool:
    return np.dtype(getattr(value, "dtype", np.dtype(object))).kind in "fc"


def _arrays(value: Any) -> Iterator[Any]:
    """The plain arrays in a result or gradient: one, one per output, or those of ``x[index]``."""
    value = getattr(value, "_data", value)
    if isinstance(value, tuple):
        for part in value:
            yield from _arrays(part)
    elif hasattr(value, "entries"):
        for part, _ in value.entries:
            yield from _arrays(part)
    elif _is_float(value):
        yield value


def _finite(value: Any) -> bool:
    return all(np.all(np.isfinite(array)) for array in _arrays(value))


def _summary(values: list[Any]) -> str:
    array = next(a for value in values for a in _arrays(value) if not _finite(a))
    bad = ~np.isfinite(array)
    first = tuple(int(i) for i in np.argwhere(bad)[0]) if np.ndim(array) else ()
    return f"{np.sum(bad)} of {np.size(array)} entries, the first at {first}: {array[first]}"


def _lock(node: Any, arrays: list[Any]) -> None:
    mine = []
    for array in arrays:
        if isinstance(array, np.ndarray):
            buffer = buffer_of(array)
            lock = locked.setdefault(id(buffer), _Lock(buffer))
            lock.count += 1
            lock.close(buffer)
            lock.close(array)
            mine.append(id(buffer))
    node.remarks().locks = _Locks(mine)


class _Locks:
    """The locks that one node has on buffers; they are given back when it is freed, or not there."""

    __slots__ = ("keys",)

    def __init__(self, keys: list[int]) -> None:
        self.keys = keys

    def release(self) -> None:
        keys, self.keys = self.keys, []
        for key in keys:
            lock = locked[key]
            lock.count -= 1
            if lock.count == 0:
                del locked[key]
                for array in lock.writable:
                    array.flags.writeable = True

    __del__ = release


def unlock(node: Any) -> None:
    """Give the arrays of a freed node back their writability."""
    if (locks := getattr(node.call, "locks", None)) is not None:
        locks.release()
