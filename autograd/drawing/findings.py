"""What ``diagnose`` reports: findings, and where in the program they are."""

from typing import NamedTuple

from .description import Vertex

__all__ = ["Finding", "place_of"]


class Finding(NamedTuple):
    """One thing that is wrong: what, where (operation, scope and line), and what to do."""

    kind: str
    what: str
    where: str = ""
    advice: str = ""
    key: str = ""

    def __str__(self) -> str:
        place = f" [{self.where}]" if self.where else ""
        advice = f"\n      {self.advice}" if self.advice else ""
        return f"{self.kind}: {self.what}{place}{advice}"


def place_of(vertex: Vertex) -> str:
    """Scope and line."""
    path = ".".join([str(call) for call in vertex.path])
    kind = f" ({vertex.path[-1].kind})" if vertex.path and vertex.path[-1].kind else ""
    return ", ".join(filter(None, [f"in {path}{kind}" if path else "", vertex.origin]))
