"""Where a way through the graph ends: ``detach()``, ``no_grad()``, ``.data``, whole numbers.

An array that leaves the graph gets a note of how it did.  What is computed from it outside of the
graph takes the note over, so the note is there where the numbers enter a graph again.  ``diagnose``
reads it, to say why a loss does not reach a parameter.

A note is a weak reference: it keeps no array alive and goes with its own.
"""

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["Cut", "arrays_in", "cut_at", "cuts", "hand_on", "note_cut", "own_copy"]

Cut = tuple[str, str, Any]
"""How the way ends, the operation (or the variable) where it does, and the scope of that."""


class _Note(weakref.ref[Any]):
    __slots__ = ("cut",)
    __eq__ = object.__eq__  # a note is itself, whatever its array is equal to
    __hash__ = object.__hash__

    cut: Cut


cuts: set[_Note] = set()
"""All notes.  While there are none, an operation outside of the graph has nothing to hand on."""

_forget = cuts.discard
_references_to = weakref.getweakrefs
_ndarray = np.ndarray


def note_cut(array: Any, cut: Cut) -> Any:
    """Note that the way ends at ``array``.  Returned is the array, for a NumPy scalar one of its own."""
    if array.__class__ is not _ndarray:
        if isinstance(array, tuple):
            for one in array:
                note_cut(one, cut)
            return array
        if isinstance(array, np.generic):  # nothing can refer to it weakly
            array = np.asarray(array)
    for reference in _references_to(array):
        if reference.__class__ is _Note:
            reference.cut = cut
            return array
    try:
        note = _Note(array, _forget)
    except TypeError:
        return array
    note.cut = cut
    cuts.add(note)
    return array


def cut_at(array: Any) -> Cut | None:
    """The cut that ``array`` came through, None if it was in no graph."""
    for reference in _references_to(array):
        if reference.__class__ is _Note:
            return getattr(reference, "cut", None)  # another thread may be about to write it
    return None


def hand_on(sources: Iterable[Any], array: Any) -> Any:
    """``array``, with the note of the first of its ``sources`` that has one."""
    for source in sources:
        if _references_to(source) and (cut := cut_at(source)) is not None:
            return note_cut(array, cut)
    return array


def own_copy(array: Any) -> Any:
    """A copy of ``array`` that has left the graph where ``array`` has."""
    return hand_on((array,), array.copy()) if cuts else array.copy()


def arrays_in(static: Mapping[str, Any]) -> list[Any]:
    """The keyword arguments of an operation, and those in a tuple or list, as an index may be."""
    found = list(static.values())
    for value in found:  # grows meanwhile
        if isinstance(value, (tuple, list)):
            found += value
    return found
