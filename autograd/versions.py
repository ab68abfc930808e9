"""In-place changes: who changed which buffer when, so that no stale array enters a gradient.

A buffer's *version* is the number of sanctioned changes it has seen (``t[i] = v``, ``copy_``,
``zero_``, an optimizer's step).  Nothing is written down when an operation saves an array: a change
is stamped with the creation clock of :mod:`autograd.graph`, so whether a saved array is older than
the node that saved it can be read off the two stamps afterwards.  Recording stays free.

Views share their buffer, so they share its version, as far as NumPy's ``base`` can tell.
"""

import weakref
from collections import deque
from typing import Any

from .graph import next_index

__all__ = ["buffer_of", "note_change", "note_rebinding", "rebound", "stale_view", "versions"]


class _Changes:
    """The changes of one buffer: how many, and when the latest ones were."""

    __slots__ = ("buffer", "count", "latest")

    def __init__(self, buffer: Any) -> None:
        self.buffer = weakref.ref(buffer, _forget(id(buffer)))
        self.count = 0
        self.latest: deque[int] = deque(maxlen=16)


_changes: dict[int, _Changes] = {}

rebound: dict[int, int] = {}
"""Buffers that a recorded assignment has changed, with the creation index of the assignment.

Tensors that are older views of such a buffer show the new numbers but carry the old history."""

last_change = [-1]
"""The stamp of the newest change of all; a node younger than it needs no look at its arrays."""


def buffer_of(array: Any) -> Any:
    """The array that owns the memory ``array`` looks at."""
    while isinstance(base := getattr(array, "base", None), type(array)):
        array = base
    return array


def _forget(key: int) -> Any:
    def callback(_: object) -> None:
        _changes.pop(key, None)
        rebound.pop(key, None)

    return callback


def note_change(*arrays: Any) -> int:
    """Stamp a change of the buffers of ``arrays``; returns the stamp."""
    last_change[0] = stamp = next_index()
    for array in arrays:
        buffer = buffer_of(array)
        entry = _changes.get(id(buffer))
        if entry is None or entry.buffer() is not buffer:
            entry = _changes[id(buffer)] = _Changes(buffer)
        entry.count += 1
        entry.latest.append(stamp)
    return stamp


def note_rebinding(array: Any, index: int) -> None:
    """Say that the assignment recorded as node ``index`` wrote into ``array``'s buffer."""
    rebound[id(buffer_of(array))] = index


def versions(array: Any, index: int) -> tuple[int, int]:
    """The version of ``array``'s buffer when node ``index`` saved it, and its version now."""
    entry = _changes.get(id(buffer_of(array)))
    if entry is None:
        return 0, 0
    since = sum(stamp > index for stamp in entry.latest)
    return entry.count - since, entry.count


def stale_view(array: Any, index: int) -> bool:
    """Whether a recorded assignment changed ``array``'s buffer after node ``index`` was made."""
    return rebound.get(id(buffer_of(array)), -1) > index
