"""What ``detect_anomaly()`` does: find the first NaN or infinity, and forbid silent writes.

Nodes are given as arguments and only looked at; nothing here knows how they are made.
"""

import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from .versions import buffer_of

__all__ = ["locked", "unlock", "user_line", "watch_backward", "watch_forward"]

_OURS = {"autograd", "nn", "optim", "numpy"}

locked: dict[int, tuple[Any, int, bool]] = {}
"""Read-only buffers: the array, how many nodes need it, whether it was writable before."""

_locks: "weakref.WeakKeyDictionary[Any, weakref.finalize[Any, Any]]" = weakref.WeakKeyDictionary()


def watch_forward(node: Any, args: tuple[Any, ...], out: Any) -> None:
    """Note where ``node`` was made, make its arrays read-only, and raise if it made a NaN."""
    node.origin = user_line()
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
            f"{getattr(node, 'origin', 'a line outside of detect_anomaly()')}. The derivative does not "
            "exist there: move the argument away from that point."
        )


def user_line() -> str:
    """File and line of the innermost frame that is not this package's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _OURS:
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
        for view in {id(a): a for a in (array, buffer_of(array))}.values():
            if isinstance(view, np.ndarray):
                held, count, writable = locked.get(id(view), (view, 0, view.flags.writeable))
                locked[id(view)] = (held, count + 1, writable)
                view.flags.writeable = False
                mine.append(id(view))
    _locks[node] = weakref.finalize(node, _release, mine)


def _release(keys: list[int]) -> None:
    # A view can only be made writable again after its buffer, which may come later in the list.
    for key in sorted(keys, key=lambda k: locked[k][0].base is not None):
        array, count, writable = locked.pop(key)
        if count > 1:
            locked[key] = (array, count - 1, writable)
        elif writable and (array.base is None or array.base.flags.writeable):
            array.flags.writeable = True


def unlock(node: Any) -> None:
    """Give the arrays of a freed node back their writability."""
    if (release := _locks.pop(node, None)) is not None:
        release()
