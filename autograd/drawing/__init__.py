"""Pictures of a graph: ``draw``, ``explain`` and ``diagnose``."""

from .diagnosis import Diagnosis, Finding, diagnose
from .drawing import Drawing, draw
from .paths import Explanation, explain

__all__ = ["Diagnosis", "Drawing", "Explanation", "Finding", "diagnose", "draw", "explain"]
