"""How much of a graph is drawn: everything of a small one, less of each node the more there are.

======================  =========================================================================
up to 60 vertices       everything, in the chosen style
up to 400               a small table for each operation; details on hover
up to 1,500             one line each, wires coloured by gain
beyond                  a table with a line for each part of the program
======================  =========================================================================

The count is taken after folding.  ``depth="auto"`` folds as little as lets everything be shown, and
where nothing does, as little as is drawn at all.
"""

from typing import Literal, NamedTuple

from .description import Description
from .folding import deepest, fold
from .sharing import absorb_leaves, share_out
from .siblings import fold_equal

__all__ = ["FULL_SIZE", "Plan", "Regime", "coarser", "planned"]

FULL_SIZE = 60
TABLE_SIZE = 400
LINE_SIZE = 1_500

Regime = Literal["full", "table", "line", "overview"]


class Plan(NamedTuple):
    """A description as it is to be drawn, how, and how deep its scopes are unfolded."""

    description: Description
    regime: Regime
    depth: int


def planned(description: Description, depth: int | Literal["auto"]) -> Plan:
    """The plan for ``depth``, or for the best one."""
    if not deepest(description) and description.operations > LINE_SIZE:
        return Plan(description, "overview", 0)
    if depth != "auto":
        folded = _at(description, depth)
        return Plan(folded, _regime(folded), depth)
    plans = [Plan(d := _at(description, i), _regime(d), i) for i in _depths(description)]
    for wanted in ("full", "table", "line"):
        for plan in plans:
            if plan.regime == wanted:
                return plan
    return plans[0]


def coarser(description: Description, plan: Plan) -> Plan | None:
    """The next plan that draws less, for when a layout takes too long; None if there is none."""
    for depth in range(plan.depth - 1, -1, -1):
        folded = _at(description, depth)
        if len(folded.vertices) < len(plan.description.vertices):
            return Plan(folded, _regime(folded), depth)
    return None if plan.regime == "overview" else plan._replace(regime="overview")


def _depths(description: Description) -> range:
    return range(deepest(description), -1, -1)


def _at(description: Description, depth: int) -> Description:
    if depth >= deepest(description):
        return share_out(description)
    return fold_equal(fold(share_out(description), depth))


def _regime(description: Description) -> Regime:
    if len(description.vertices) <= FULL_SIZE:
        return "full"
    operations = len(absorb_leaves(description)[0].vertices)
    return (
        "table" if operations <= TABLE_SIZE else "line" if operations <= LINE_SIZE else "overview"
    )
