"""Parameters that a loss does not reach, and where the ways to them may have been cut."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..cuts import Cut, cut_at
from ..graph import topological_order
from ..primitive import ArrayNode, Box
from ..value import Value
from .description import Description
from .findings import Finding, place_of
from .readers import node_of
from .wording import clean

__all__ = ["cut_off", "named_parameters", "unreached_parameters"]


def named_parameters(parameters: Any) -> dict[str, Any]:
    """The parameters by name."""
    if parameters is None:
        return {}
    if hasattr(parameters, "named_parameters"):
        return dict(parameters.named_parameters())
    if isinstance(parameters, Mapping):
        return {str(name): value for name, value in parameters.items()}
    if isinstance(parameters, (Box, Value)):
        parameters = [parameters]
    if not isinstance(parameters, Iterable):
        raise TypeError(
            f"diagnose: expected a module, a dict or several tensors as parameters, got "
            f"{type(parameters).__name__}."
        )
    return {getattr(p, "name", None) or f"parameter {i}": p for i, p in enumerate(parameters)}


def unreached_parameters(root: Any, named: Mapping[str, Any]) -> Iterator[str]:
    """The names of those that ``root`` was not computed from; frozen ones do not count."""
    reached = set() if root is None else set(topological_order([root]))
    for name, parameter in named.items():
        node = node_of(parameter)
        if node is not None and node not in reached:
            yield name


def cut_off(
    root: Any, description: Description, unreached: Sequence[str], asked: bool
) -> Iterator[Finding]:
    """The unreached parameters, and the ends of ways that could have led to them."""
    vertices = {v.index: v for v in description.vertices}
    cuts = [(cut, vertices[index]) for cut, index in _cuts(root)]
    if unreached:
        few = ", ".join(unreached[:6]) + (
            f" and {len(unreached) - 6} more" if len(unreached) > 6 else ""
        )
        yield Finding(
            "not reached", f"the loss does not depend on {few}", "", _why(cuts, description)
        )
    for cut, user in [] if asked and not unreached else cuts:
        yield Finding(
            "cut", f"{cut.how} of {cut.label} ends the way back, at an argument of {user.op}",
            place_of(user), "" if unreached else "Leave it out if a gradient is wanted there.", user.key,
        )  # fmt: skip


def _why(cuts: Sequence[Any], description: Description) -> str:
    if cuts:
        return "The ways that end are named below."
    outside = [
        v
        for v in description.vertices
        if v.kind == "constant" and v.value is not None and v.value.size > 1
    ]
    if not outside:
        return "Nothing from outside enters the graph: these parameters were never used."
    shapes = ", ".join(
        dict.fromkeys(clean(v.name) or v.value.text() for v in outside[:6] if v.value)
    )
    return (
        f"From outside of the graph come {shapes}: data, or what was computed under no_grad() or "
        "from .data. If none of them was computed from these parameters, they were never used."
    )


def _cuts(root: Any) -> Iterator[tuple[Cut, int]]:
    """Every ``detach()`` and cast that the graph's arguments came through, and who uses it."""
    if not isinstance(root, ArrayNode):
        return
    seen: set[int] = set()
    for node in reversed(topological_order([root])):
        for array in _from_outside(node):
            cut = cut_at(array)
            if cut is not None and id(array) not in seen:
                seen.add(id(array))
                yield cut, node.index


def _from_outside(node: ArrayNode) -> Iterator[Any]:
    """The arrays that a node uses and that are not in the graph, those of an index included."""
    yield from [a for a, p in zip(node.args, node.parents, strict=True) if p is None]
    for value in (node.static or {}).values():
        yield from value if isinstance(value, tuple) else (value,)
