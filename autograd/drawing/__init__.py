"""Pictures of a graph: ``draw``, ``explain`` and ``diagnose``."""

from .diagnosis import Diagnosis, diagnose
from .drawing import Drawing, draw
from .findings import Finding
from .layout import LayoutError
from .paths import Explanation, explain

__all__ = [
    "Diagnosis",
    "Drawing",
    "Explanation",
    "Finding",
    "LayoutError",
    "diagnose",
    "draw",
    "explain",
]
