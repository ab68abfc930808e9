"""What a forward pass leaves to its backward pass, beyond the arguments and the result."""

from typing import Any

__all__ = ["Kept", "tracked"]


def tracked(*arguments: Any) -> int:
    """How many of ``arguments`` have a gradient."""
    return sum([getattr(a, "requires_grad", False) for a in arguments])


class Kept:
    """Arrays that derivative rules would have to compute again, kept for the first time they run.

    A primitive takes one as a static argument, made for so many ``uses``: one for each rule that will
    ask.  A rule must do without: a second backward pass finds nothing, nor does one that is itself
    recorded (it has a tensor in place of the array), nor one at other arguments.
    """

    __slots__ = ("_found", "_uses")

    def __init__(self, uses: int = 1) -> None:
        self._uses = uses
        self._found: list[tuple[Any, ...]] = []

    def __repr__(self) -> str:
        return "kept"

    def keep(self, x: Any, *arrays: Any) -> None:
        """Keep ``arrays``, computed from ``x``."""
        self._found = [(x, *arrays)] * self._uses

    def take(self, x: Any) -> tuple[Any, ...] | None:
        """What was kept for ``x``; after the last use it belongs to the caller, who may overwrite it."""
        try:
            found = self._found.pop()  # one call in C: two threads never get the same arrays
        except IndexError:
            return None
        return found[1:] if found[0] is x else None
