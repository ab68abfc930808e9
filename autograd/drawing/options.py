"""The options of ``draw``, checked, and who paints what."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from .bipartite import draw_dezero, draw_micrograd
from .canvas import Canvas
from .circuit import draw_circuit
from .colah import draw_colah
from .compact import GAIN_NOTE, draw_lines, draw_tables
from .description import Description
from .overview import OVERVIEW_NOTE, draw_overview
from .palette import palette
from .scale import Plan

__all__ = ["SHOWN", "Options", "notes_for", "painted"]

Painter = Callable[[Canvas, Description, Collection[str]], None]


STYLES: dict[str, Painter] = {
    "circuit": draw_circuit,
    "micrograd": draw_micrograd,
    "dezero": draw_dezero,
    "colah": draw_colah,
}


REGIMES: dict[str, tuple[Painter, list[str]]] = {
    "table": (draw_tables, []),
    "line": (draw_lines, [GAIN_NOTE]),
    "overview": (draw_overview, [OVERVIEW_NOTE]),
}


SPACING = {
    "circuit": {"nodesep": "0.12", "ranksep": "0.16"},
    "micrograd": {"nodesep": "0.2", "ranksep": "0.3"},
    "dezero": {"nodesep": "0.2", "ranksep": "0.3"},
    "colah": {"nodesep": "0.3", "ranksep": "0.35"},
}


COMPACT = {"nodesep": "0.2", "ranksep": "0.3"}


SHOWN = ("value", "grad")


DIRECTIONS = ("LR", "RL", "TB", "BT")


@dataclass(frozen=True, slots=True)
class Options:
    """How to draw: the arguments of :func:`draw`, checked."""

    show: tuple[str, ...] = SHOWN
    style: str = "circuit"
    depth: int | Literal["auto"] = "auto"
    rankdir: str = "LR"
    theme: str = "auto"

    def __post_init__(self) -> None:
        palette(self.theme)
        _require("style", self.style, tuple(STYLES))
        _require("rankdir", self.rankdir, DIRECTIONS)
        for part in self.show:
            _require("show", part, SHOWN)
        if self.depth != "auto" and not _counts(self.depth):
            raise ValueError(f"draw: depth={self.depth!r}; expected 'auto' or a number from 0.")


def _counts(depth: object) -> bool:
    return isinstance(depth, int) and depth >= 0


def _require(argument: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        names = ", ".join([repr(name) for name in known])
        raise ValueError(f"draw: {argument}={value!r} is unknown; expected one of {names}.")


def painted(plan: Plan, whole: Description, options: Options) -> Canvas:
    """A canvas with the plan on it; the overview is one of the whole."""
    paint, _ = REGIMES.get(plan.regime, (STYLES[options.style], []))
    settings = SPACING[options.style] if plan.regime == "full" else COMPACT
    if plan.description.is_tree:
        settings = {**settings, "ordering": "in"}  # arguments in their order
    canvas = Canvas(palette(options.theme), options.rankdir, **settings)
    paint(canvas, whole if plan.regime == "overview" else plan.description, options.show)
    return canvas


def notes_for(plan: Plan) -> list[str]:
    """The sentences under the picture."""
    _, notes = REGIMES.get(plan.regime, (None, []))
    return [*plan.description.notes, *notes]
