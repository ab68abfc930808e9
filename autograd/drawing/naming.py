"""Names given from outside: variables of the program, parameters of a module."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..primitive import Box
from ..value import Value

__all__ = ["Names", "names_of"]

Names = Mapping[int, str]
"""The names of nodes, and of arrays outside of the graph, by identity."""


def names_of(names: Any) -> dict[int, str]:
    """Names by identity, from a dict of variables (``locals()``) or a module with parameters.

    Raises ``TypeError`` for anything else.
    """
    if names is None:
        return {}
    if hasattr(names, "named_parameters"):
        names = dict(names.named_parameters())
    if not isinstance(names, Mapping):
        raise TypeError(
            f"names: expected a dict of variables by name or a module, got {type(names).__name__}. For "
            'example names={"loss": loss}, or names=locals().'
        )
    found: dict[int, str] = {}
    for name, value in names.items():
        if str(name).startswith("_"):
            continue
        if hasattr(value, "named_parameters"):
            for path, parameter in value.named_parameters():
                _name(found, parameter, path)
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                _name(found, item, f"{name}[{i}]")
        else:
            _name(found, value, str(name))
    return found


def _name(found: dict[int, str], value: Any, name: str) -> None:
    if isinstance(value, Box):
        if value._node is not None:
            found.setdefault(id(value._node), name)
        else:
            found.setdefault(id(value._data), name)
    elif isinstance(value, (Value, np.ndarray)):
        found.setdefault(id(value), name)
