"""Pictures of a graph: ``draw``, ``explain`` and ``diagnose``."""

from .drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
