"""NumPy's two protocols: what ``np.exp(t)`` and ``np.sum(t, axis=0)`` do with a tensor.

A function that has a derivative here is looked up in ``numpy_functions``, the table that the
primitives registered themselves in.  One that answers a question about shapes, or whose result is
not differentiable anyway (a comparison, ``argmax``), runs on the plain arrays.  Any other raises,
naming itself, as soon as one of its arguments is tracked: nothing leaves the graph in silence.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from .primitive import Box, boxed, numpy_functions

__all__ = ["NOT_DIFFERENTIABLE", "array_function", "array_ufunc"]

_UFUNCS = """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_not
logical_xor isfinite isinf isnan isnat signbit spacing bitwise_and bitwise_or bitwise_xor invert
left_shift right_shift gcd lcm""".split()

_FUNCTIONS = """argmax argmin argsort argpartition argwhere nonzero flatnonzero count_nonzero searchsorted
all any allclose isclose array_equal array_equiv isposinf isneginf isreal iscomplex iscomplexobj isrealobj
shape ndim size zeros_like ones_like empty_like full_like result_type can_cast min_scalar_type common_type
nanargmax nanargmin digitize shares_memory may_share_memory array_repr array_str array2string
lexsort unravel_index ravel_multi_index isin in1d einsum_path""".split()

NOT_DIFFERENTIABLE: frozenset[Any] = frozenset(
    getattr(np, name) for name in _UFUNCS + _FUNCTIONS if hasattr(np, name)
)
"""Functions whose results carry no gradient: they see the plain arrays."""

_METHODS: dict[tuple[Any, str], Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
}
"""Ufunc methods that are another function (whose default axis is all, a ufunc's is 0)."""


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``Tensor.__array_ufunc__``."""
    if method == "__call__" and not kwargs:
        call = numpy_functions.get(ufunc)
        if call is not None:  # a call with a star costs more
            return call(inputs[0]) if len(inputs) == 1 else call(*inputs)
    return _rare_ufunc(ufunc, method, inputs, kwargs)


def _rare_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not any(_tracked_in([inputs, kwargs])) or (
        ufunc in NOT_DIFFERENTIABLE and method == "__call__" and "out" not in kwargs
    ):
        return _on_arrays(getattr(ufunc, method), inputs, kwargs)
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if "out" in kwargs or "where" in kwargs:
        raise TypeError(
            f"{name}: out= and where= can't be recorded on a tracked tensor. Use the result, "
            "np.where(...) to choose, or t.detach() to leave the graph."
        )
    same = _METHODS.get((ufunc, method))
    if same is not None:
        axis = kwargs.pop("axis", inputs[1] if len(inputs) > 1 else 0)
        return array_function(None, same, (), inputs[:1], {"axis": axis, **kwargs})
    if kwargs or method != "__call__":
        raise TypeError(
            f"{name}({', '.join(kwargs)}) has no derivative here on a tracked tensor. "
            "Call the function itself, or t.detach() to leave the graph."
        )
    _refuse(name)


def array_function(
    self: Any, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """``Tensor.__array_function__``."""
    implementation = numpy_functions.get(function)
    if implementation is not None:
        if kwargs and not _keywords(implementation).issuperset(kwargs):
            kwargs = _without_defaults(function, kwargs, _keywords(implementation))
        return implementation(*args, **kwargs)
    if function in NOT_DIFFERENTIABLE or not any(_tracked_in([args, kwargs])):
        return _on_arrays(function, args, kwargs)
    module = function.__module__
    _refuse(f"{'np' if module == 'numpy' else module.replace('numpy', 'np')}.{function.__name__}")


def _without_defaults(
    function: Any, kwargs: dict[str, Any], known: frozenset[str]
) -> dict[str, Any]:
    """The known keyword arguments; of the others only those that say nothing are left out."""
    for name, value in kwargs.items():
        if name not in known and value is not None and value is not np._NoValue:
            raise TypeError(
                f"np.{function.__name__}: the argument {name}= is not supported on tensors. "
                "Leave it out, or use t.data for the plain array."
            )
    return {name: value for name, value in kwargs.items() if name in known}


def _refuse(name: str) -> NoReturn:
    raise TypeError(
        f"{name} has no derivative rule, and one of its arguments is a tracked tensor. Write one "
        "with autograd.primitive, or call it on t.detach() or t.data to leave the graph."
    )


_known_keywords: dict[Any, frozenset[str]] = {}


def _keywords(implementation: Callable[..., Any]) -> frozenset[str]:
    """The keyword arguments that an implementation takes."""
    known = _known_keywords.get(implementation)
    if known is None:
        names = frozenset(inspect.signature(implementation).parameters)
        known = _known_keywords[implementation] = names
    return known


def _tracked_in(value: Any) -> Iterator[bool]:
    """True for every tracked tensor inside nested lists, tuples and dicts."""
    if isinstance(value, Box):
        yield value._node is not None
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tracked_in(item)
    elif isinstance(value, dict):
        yield from _tracked_in(list(value.values()))


def _on_arrays(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a NumPy function on the plain arrays; the arrays it returns become untracked tensors."""
    return _with_tensors(function(*_with_arrays(args), **_with_arrays(kwargs)))


def _with_arrays(value: Any) -> Any:
    if isinstance(value, Box):
        return value._data
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(_with_arrays(item) for item in value)
    if isinstance(value, dict):
        return {key: _with_arrays(item) for key, item in value.items()}
    return value


def _with_tensors(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return boxed(value, None)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_with_tensors(item) for item in value])
    if isinstance(value, (list, tuple)):
        return type(value)(_with_tensors(item) for item in value)
    return value
