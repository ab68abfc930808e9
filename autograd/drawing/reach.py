"""Parameters that a loss does not reach, and where the ways to them may have been cut."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..context import scope_path
from ..cuts import Cut, arrays_in, cut_at
from ..graph import topological_order
from ..primitive import Box
from ..value import Value
from ..versions import buffer_of
from .description import Description, Vertex
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


def unreached_parameters(root: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    """Those that ``root`` was not computed from; frozen ones do not count."""
    reached = set() if root is None else set(topological_order([root]))
    nodes = {name: node_of(parameter) for name, parameter in named.items()}
    return {n: named[n] for n, node in nodes.items() if node is not None and node not in reached}


def cut_off(
    loss: Any, description: Description, unreached: Mapping[str, Any], asked: bool
) -> Iterator[Finding]:
    """The unreached parameters, and the ends of ways that could have led to them."""
    ends = _ends(loss, description, unreached)
    if unreached:
        names = list(unreached)
        few = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        why = "The ways that end are named below." if ends else _why(description)
        yield Finding("not reached", f"the loss does not depend on {few}", "", why)
    for cut, users in [] if asked and not unreached else ends.items():
        what = f"{_told(cut)} ends the way back, at {_told_users(users)}"
        advice = f"{_WAYS_OUT.get(cut[0], 'Leave it out')} if a gradient is wanted there."
        place, key = (place_of(users[0]), users[0].key) if users else ("", "")
        yield Finding("cut", what, place, advice, key)


_WAYS_OUT = {
    "no_grad()": "Compute it outside of no_grad()",
    ".data": "Use the tensor itself",
}


def _why(description: Description) -> str:
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
        f"From outside of the graph come {shapes}: data, or what NumPy computed from .data. If none "
        "of them was computed from these parameters, they were never used."
    )


def _ends(
    loss: Any, description: Description, unreached: Mapping[str, Any]
) -> dict[Cut, list[Vertex]]:
    """Every end of a way, with the operations that use what came from behind it."""
    root = node_of(loss)
    if root is None:
        return {} if (cut := cut_at(loss._data)) is None else {cut: []}
    ends: dict[Cut, list[Vertex]] = {}
    vertices = {v.index: v for v in description.vertices}
    own = {id(buffer_of(p._data)): name for name, p in unreached.items() if isinstance(p, Box)}
    for node in reversed(topological_order([root])):
        for cut in _cuts_of(node, own):
            users, user = ends.setdefault(cut, []), vertices[node.index]
            if node.parents and users[-1:] != [user]:
                users.append(user)
    return ends


def _told(cut: Cut) -> str:
    how, made_by, scope = cut
    path = scope_path(scope)
    return f"{how} {'around' if how == 'no_grad()' else 'of'} {made_by}{f' [in {path}]' if path else ''}"


def _told_users(users: Sequence[Vertex]) -> str:
    if not users:
        return "the loss itself"
    more = f" and of {len(users) - 1} more" if len(users) > 1 else ""
    return f"an argument of {users[0].op}{more}"


def _cuts_of(node: Any, own: Mapping[int, str]) -> Iterator[Cut]:
    """Where the arguments of ``node`` that are not in the graph come from, as far as that is known.

    ``own`` names the arrays of parameters: who takes them by ``.data`` leaves no note.
    """
    if isinstance(node, Value):
        for value in node.parents or [node]:
            if value._op and not value.parents:
                yield "no_grad()", value._op, value.scope
        return
    arguments = [a for a, p in zip(node.args, node.parents, strict=True) if p is None]
    for array in [*arguments, *arrays_in(node.static or {})]:
        if not hasattr(array, "dtype"):
            continue
        buffer = buffer_of(array)
        if cut := cut_at(array) or cut_at(buffer):
            yield cut
        elif node.parents and id(buffer) in own:
            yield ".data", own[id(buffer)], ()
