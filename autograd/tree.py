"""Nested containers of arrays: taken apart into a list of leaves, and put together again.

A dict, list, tuple or named tuple is a branch, ``None`` is a branch without leaves, and everything
else is a leaf.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["flatten", "paths"]

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of ``tree``, and the function that puts others in their places.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": (3.0,)})
    >>> leaves
    [1.0, 2.0, 3.0]
    >>> rebuild(["x", "y", "z"])
    {'w': ['x', 'y'], 'b': ('z',)}
    """
    if tree is None:
        return [], lambda leaves: None
    if not isinstance(tree, (dict, list, tuple)):
        return [tree], lambda leaves: leaves[0]
    children = [flatten(child) for child in (tree.values() if isinstance(tree, dict) else tree)]

    def rebuild(leaves: Sequence[Any]) -> Any:
        parts, start = [], 0
        for child, rebuild_child in children:
            parts.append(rebuild_child(leaves[start : start + len(child)]))
            start += len(child)
        return _branch(tree, parts)

    return [leaf for child, _ in children for leaf in child], rebuild


def _branch(like: Any, parts: list[Any]) -> Any:
    """A container like ``like`` that holds ``parts``."""
    if isinstance(like, dict):
        filled = copy.copy(like)  # keeps its class, and the order of its keys
        filled.update(zip(like, parts, strict=True))
        return filled
    return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)


def paths(tree: Any, at: str = "") -> list[str]:
    """Where each leaf stands, as one would write it.

    >>> paths({"w": [1.0, 2.0], "b": 3.0}, "params")
    ["params['w'][0]", "params['w'][1]", "params['b']"]
    """
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [path for key, child in tree.items() for path in paths(child, f"{at}[{key!r}]")]
    if isinstance(tree, (list, tuple)):
        return [path for i, child in enumerate(tree) for path in paths(child, f"{at}[{i}]")]
    return [at]
