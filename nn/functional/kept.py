"""What a forward pass leaves to its backward pass, beyond the arguments and the result."""

from typing import Any

__all__ = ["Kept"]


class Kept:
    """Arrays that a derivative rule would have to compute again, kept for the first time it runs.

    A primitive takes one as a static argument.  Its rule must do without: a second backward pass
    finds nothing, nor does one that is itself recorded (it has a tensor in place of the array), nor
    one at other arguments.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[tuple[Any, ...]] = []

    def keep(self, x: Any, *arrays: Any) -> None:
        """Keep ``arrays``, computed from ``x``."""
        self._found[:] = [(x, *arrays)]

    def take(self, x: Any) -> tuple[Any, ...] | None:
        """What was kept for ``x``, once; it belongs to the caller, who may overwrite it."""
        try:
            found = self._found.pop()  # one call in C: two threads never get the same arrays
        except IndexError:
            return None
        return found[1:] if found[0] is x else None
