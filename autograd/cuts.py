"""Where a way through the graph ends on purpose: ``detach()`` and conversion to whole numbers.

Nothing is kept alive by what is noted here: it goes with the array.  ``diagnose`` reads it, to say
why a loss does not reach a parameter.
"""

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Cut", "cut_at", "note_cut", "own_copy"]


class Cut(NamedTuple):
    """How the way ends, and the operation (with its scope) whose result was taken out."""

    how: str
    label: str
    scope: Any


_cuts: dict[int, tuple[Any, Cut]] = {}


def note_cut(array: Any, node: Any, how: str) -> None:
    """Remember that ``array`` left the graph at ``node``."""
    if node is not None and hasattr(array, "__array_function__"):
        _remember(array, Cut(how, node.label, node.scope))


def own_copy(array: Any) -> Any:
    """A copy of ``array`` that has left the graph where ``array`` has."""
    copy = array.copy()
    if (cut := cut_at(array)) is not None:
        _remember(copy, cut)
    return copy


def _remember(array: Any, cut: Cut) -> None:
    try:
        reference = weakref.ref(array, _forget(id(array)))
    except TypeError:  # a NumPy scalar
        return
    _cuts[id(array)] = reference, cut


def _forget(key: int) -> Callable[[Any], None]:
    def callback(_: Any) -> None:
        _cuts.pop(key, None)

    return callback


def cut_at(array: Any) -> Cut | None:
    """How ``array`` left a graph, None if it never was in one."""
    found = _cuts.get(id(array))
    return found[1] if found is not None and found[0]() is array else None
