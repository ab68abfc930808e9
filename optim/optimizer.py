"""What every optimizer has: parameter groups, hyper-parameters that are checked, and its state.

The mathematics is elsewhere: :mod:`optim.first_order` runs the update rules of the gradient
methods, :mod:`optim.quasi_newton` hands the whole problem to SciPy.
"""

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor, enable_grad

__all__ = ["Group", "Optimizer", "Parameters", "State"]

Group = dict[str, Any]
"""One parameter group: ``"params"`` (a list of tensors) and a value for every hyper-parameter."""

State = dict[str, Any]
"""What an optimizer remembers of one parameter: arrays of its shape, and numbers."""

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]
"""Tensors, or dicts with ``"params"`` and the hyper-parameters that differ from the defaults."""


class Optimizer:
    """Abstract: the parameters to be learned, in groups with hyper-parameters of their own.

    ``params`` are the tensors (``model.parameters()``), or dicts that each make one group::

        SGD(
            [
                {"params": model.features.parameters(), "lr": 1e-3},
                {"params": model.head.parameters()},
            ],
            lr=1e-2,
        )

    ``param_groups`` is the list of those dicts, completed with the defaults: change
    ``optimizer.param_groups[0]["lr"]`` and the next step uses it.  ``state`` maps a parameter to
    what is remembered of it.

    Raises ``TypeError`` for a single tensor, a set, or something that is no floating tensor, and
    ``ValueError`` for no parameters, a computed tensor, a parameter that comes twice, and a
    hyper-parameter outside of its range.
    """

    ranges: ClassVar[Mapping[str, str]] = {"lr": "[0, inf)"}
    """The interval that each numerical hyper-parameter (or each entry of a tuple) has to be in."""

    def __init__(self, params: Parameters, **defaults: Any) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, State] = {}
        self._warned = False
        for group in self._as_groups(params):
            self.add_param_group(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; returns what ``closure`` returned.

        ``closure``, where it is given, computes the loss again: it clears the gradients, calls
        ``backward()`` and returns the loss.
        """
        raise NotImplementedError(f"{type(self).__name__}.step")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero with ``set_to_none=False``."""
        for p in self._parameters():
            p.grad = None if set_to_none else Tensor(np.zeros_like(p.data))

    # --- groups -------------------------------------------------------------------------------

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Learn more parameters: ``{"params": tensors, "lr": 0.1, ...}``.

        >>> import autograd as ag, optim
        >>> w, b = (ag.Tensor([1.0], requires_grad=True) for _ in range(2))
        >>> optimizer = optim.SGD([w], lr=0.1)
        >>> optimizer.add_param_group({"params": [b], "lr": 0.01})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.1, 0.01]
        """
        unknown = group.keys() - self.defaults.keys() - {"params", "name"}
        if unknown or "params" not in group:
            raise ValueError(
                f"{self._name}: expected a group with 'params' and any of {sorted(self.defaults)}, "
                f"got {sorted(group)}."
            )
        params = self._checked_parameters(group["params"])
        given = {key: _as_number(value) for key, value in group.items() if key != "params"}
        complete = {"params": params, **self.defaults, **given}
        self.check(complete)
        self.param_groups.append(complete)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for a hyper-parameter of ``group`` outside of its range."""
        for name, interval in self.ranges.items():
            value = group[name]
            for number in value if isinstance(value, (tuple, list)) else (value,):
                if isinstance(number, bool) or not isinstance(number, Real):
                    raise TypeError(
                        f"{self._name}: expected a number in {interval} for {name}, got {value!r}."
                    )
                if not _inside(float(number), interval):
                    raise ValueError(f"{self._name}: expected {name} in {interval}, got {value!r}.")

    def _as_groups(self, params: Parameters) -> list[Mapping[str, Any]]:
        if isinstance(params, (Tensor, Mapping)):
            raise TypeError(
                f"{self._name}: expected a list of tensors or of groups, got a single "
                f"{type(params).__name__}. Put it in a list: {self._name}([p], ...)."
            )
        given: Any = params  # a module, say, whatever the annotation asks for
        entries = list(given) if isinstance(given, Iterable) else [given]
        if not entries:
            raise ValueError(
                f"{self._name}: there are no parameters. Was parameters() of an empty model given, "
                "of one whose layers are in a plain list (use nn.ModuleList), or a generator that has "
                "already been used?"
            )
        return entries if isinstance(entries[0], Mapping) else [{"params": entries}]

    def _checked_parameters(self, params: Any) -> list[Tensor]:
        if isinstance(params, (set, frozenset)):
            raise TypeError(
                f"{self._name}: a set of parameters has no order that a saved state could keep. "
                "Give a list."
            )
        chosen: list[Tensor] = [params] if isinstance(params, Tensor) else list(params)
        seen = {id(p) for p in self._parameters()}
        for i, p in enumerate(chosen):
            self._check_parameter(i, p)
            if id(p) in seen:
                raise ValueError(
                    f"{self._name}: parameter {i} of the group{_named(p)} is already being learned; "
                    "it would be moved twice in a step. Give it once."
                )
            seen.add(id(p))
        return chosen

    def _check_parameter(self, i: int, p: Any) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"{self._name}: expected tensors, got {type(p).__name__} as parameter {i}. "
                "Give model.parameters(), or autograd.Tensor(..., requires_grad=True)."
            )
        if not p.is_leaf:
            raise ValueError(
                f"{self._name}: parameter {i}{_named(p)} is the result of an operation, and a step "
                "on it would not reach what it was computed from. Give the leaves."
            )
        if p.dtype.kind != "f":
            raise TypeError(
                f"{self._name}: expected floating parameters, got {p.dtype} for parameter {i}"
                f"{_named(p)}. Learn real and imaginary parts separately, and no integers."
            )

    def _parameters(self) -> Iterable[Tensor]:
        return (p for group in self.param_groups for p in group["params"])

    # --- state --------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state and the hyper-parameters, with parameters as numbers.

        ``{"state": {0: {"step": 3, "exp_avg": array, ...}, ...},
        "param_groups": [{"lr": 0.1, ..., "params": [0, 1]}]}``.  Functions among the
        hyper-parameters belong to the program and are left out.
        """
        number = {id(p): i for i, p in enumerate(self._parameters())}
        return {
            "state": {number[id(p)]: copy.deepcopy(s) for p, s in self.state.items() if s},
            "param_groups": [
                {**_saved(group), "params": [number[id(p)] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a ``state_dict()`` of an optimizer over parameters of the same shapes.

        Raises ``ValueError``, and changes nothing, if groups, shapes or hyper-parameters differ.
        """
        groups, states = self._checked_groups(state_dict), self._checked_states(state_dict)
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update(saved)
        self.state = states
        self._forget_plans()

    def _checked_groups(self, state_dict: Mapping[str, Any]) -> list[Group]:
        saved = [dict(group) for group in self._entry(state_dict, "param_groups")]
        sizes = [len(group.pop("params", ())) for group in saved]
        expected = [len(group["params"]) for group in self.param_groups]
        if sizes != expected:
            raise ValueError(
                f"{self._name}.load_state_dict: expected groups of {expected} parameters, got {sizes}."
            )
        for group, values in zip(self.param_groups, saved, strict=True):
            if values.keys() != _saved(group).keys():
                raise ValueError(
                    f"{self._name}.load_state_dict: expected the hyper-parameters "
                    f"{sorted(_saved(group))}, got {sorted(values)}. Was it saved by another optimizer?"
                )
            for key, value in values.items():
                values[key] = tuple(value) if isinstance(value, list) else _as_number(value)
            self.check({**group, **values})
        return saved

    def _checked_states(self, state_dict: Mapping[str, Any]) -> dict[Tensor, State]:
        parameters = list(self._parameters())
        states = {}
        for i, saved in self._entry(state_dict, "state").items():
            if not 0 <= int(i) < len(parameters):
                raise ValueError(
                    f"{self._name}.load_state_dict: a state for parameter {i}, but there are "
                    f"{len(parameters)} parameters."
                )
            p = parameters[int(i)]
            states[p] = {name: self._checked_entry(i, name, v, p) for name, v in saved.items()}
        return states

    def _checked_entry(self, i: Any, name: str, value: Any, p: Tensor) -> Any:
        if not hasattr(value, "shape") or isinstance(value, np.generic):
            return _as_number(value)
        if value.shape != p.shape:
            raise ValueError(
                f"{self._name}.load_state_dict: {name} of parameter {i}{_named(p)} has shape "
                f"{value.shape}, expected the parameter's, {p.shape}."
            )
        return np.array(value, dtype=p.dtype)

    def _entry(self, state_dict: Mapping[str, Any], key: str) -> Any:
        if key not in state_dict:
            raise ValueError(
                f"{self._name}.load_state_dict: expected a dict with 'state' and 'param_groups', as "
                "state_dict() gives it."
            )
        return state_dict[key]

    def _forget_plans(self) -> None:
        """Drop whatever was derived from ``state``."""

    # --- small things -------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _evaluate(self, closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def _warn_of_no_gradient(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self._name}.step: no parameter has a gradient, so nothing moved. Call "
                "loss.backward() first; is the loss computed from these parameters?",
                stacklevel=3,
            )

    def __repr__(self) -> str:
        lines = [
            f"  {i}: {len(group['params'])} parameters, "
            + ", ".join(f"{k}={v!r}" for k, v in group.items() if k != "params")
            for i, group in enumerate(self.param_groups)
        ]
        return "\n".join([f"{self._name}(", *lines, ")"])


def _inside(number: float, interval: str) -> bool:
    """Whether ``number`` lies in an interval written as mathematics does; NaN lies in none.

    >>> _inside(0.0, "[0, 1)"), _inside(1.0, "[0, 1)")
    (True, False)
    """
    low, high = map(float, interval[1:-1].split(","))
    from_low = low <= number if interval[0] == "[" else low < number
    return from_low and (number <= high if interval[-1] == "]" else number < high)


def _as_number(value: Any) -> Any:
    """NumPy's scalars as Python's, which leave the dtype of float32 arrays alone."""
    if isinstance(value, (tuple, list)):
        return tuple(_as_number(v) for v in value)
    return value.item() if isinstance(value, np.generic) else value


def _saved(group: Group) -> Group:
    """The hyper-parameters of ``group`` that are data; the initial rate belongs to a schedule."""
    left_out = {"params", "initial_lr"}
    return {k: v for k, v in group.items() if k not in left_out and not callable(v)}


def _named(p: Tensor) -> str:
    return f" ({p.name})" if p.name else ""
