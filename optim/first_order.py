"""The loop that every gradient method's update rule runs in.

A rule is plain NumPy over one array ``x`` and its gradient ``g``, written as in its paper.  How it
is called decides what it costs, and that is the same for all of them, so it stands here once:

* *Small parameters are joined.*  On an array of a hundred numbers a NumPy call costs more than its
  arithmetic.  The small parameters of a group are copied into one flat array, updated there in one
  call, and copied back; their state lies in flat arrays all the time.
* *Large parameters are cut.*  A formula of ten operations over a megabyte goes ten times through
  main memory.  Over blocks that fit the cache it goes once, and temporaries cost nothing.

Parameters stay their own arrays: whoever holds ``p.data`` sees the step, and whoever replaces it
or converts its dtype need not tell the optimizer.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import starmap
from operator import is_
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor, increment_version

from .optimizer import Group, Optimizer, State

__all__ = ["FirstOrder"]

SMALL = 1024
"""Parameters of at most so many entries are joined.

Measured with Adam over 100 parameters of 64 entries each: 1.4 µs a parameter, 6.6 one by one, 5.3
for the formula written out in NumPy.  From about 2,000 entries copying costs more than it saves."""

BLOCK = 65_536
"""Larger arrays are updated in parts of about so many entries.

Measured with Adam over a million float32 numbers: 1.9 ms, 3.4 for the formula in one piece."""


class FirstOrder(Optimizer):
    """Abstract: an optimizer that is an update rule for one array.

    A subclass gives two functions.  ``initial_state(x, group)`` returns what is to be remembered of
    the parameter ``x`` (arrays of its shape, and numbers); ``update(x, g, state, group)`` changes
    ``x`` and ``state`` in place, never ``g``.

    >>> import autograd as ag
    >>> class SignDescent(FirstOrder):
    ...     def initial_state(self, x, group):
    ...         return {}
    ...
    ...     def update(self, x, g, state, group):
    ...         x -= group["lr"] * np.sign(g)
    >>> x = ag.Tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = SignDescent([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.data
    array([ 2.5, -3.5])
    """

    elementwise: ClassVar[bool] = True
    """Whether every entry is updated on its own, so that parameters may be joined and cut."""

    def __init__(self, params: Any, **defaults: Any) -> None:
        self._plans: dict[int, _Plan] = {}
        super().__init__(params, **defaults)

    def initial_state(self, x: Any, group: Group) -> State:
        """What is remembered of a parameter before its first step."""
        raise NotImplementedError(f"{type(self).__name__}.initial_state")

    def update(self, x: Any, g: Any, state: State, group: Group) -> None:
        """Move ``x`` along the gradient ``g``."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; returns what ``closure`` returned.

        Parameters without a gradient are left alone; if none has one, a warning says so, once.
        Raises ``ValueError``, and changes nothing, if a gradient does not fit its parameter, and if
        an array is read-only because a graph under ``detect_anomaly()`` still needs it.
        """
        result = self._evaluate(closure)
        found = [self._with_gradient(group) for group in self.param_groups]
        plans = [self._plan(i, *arrays[:2]) for i, arrays in enumerate(found)]
        moved: list[Tensor] = []
        for group, plan, (params, xs, gs) in zip(self.param_groups, plans, found, strict=True):
            for part in plan.parts:
                part.run(self._run, xs, gs, group)
            moved += params
        if not moved:
            self._warn_of_no_gradient()
        increment_version(*moved)
        return result

    def _with_gradient(self, group: Group) -> tuple[list[Tensor], list[Any], list[Any]]:
        """The parameters that have a gradient, their arrays, and the gradients' arrays."""
        params, xs, gs = [], [], []
        for p in group["params"]:
            if (grad := p.grad) is not None:
                x, g = p.data, grad.data
                if x.shape != g.shape or not x.flags.writeable:
                    raise ValueError(self._refusal(p, g))
                params.append(p)
                xs.append(x)
                gs.append(g)
        return params, xs, gs

    def _refusal(self, p: Tensor, g: Any) -> str:
        what = f"{self._name}.step: a parameter of shape {p.shape}" + (
            f" ({p.name})" if p.name else ""
        )
        if p.shape != g.shape:
            return (
                f"{what} has a gradient of shape {g.shape}. Call zero_grad() after replacing data."
            )
        return (
            f"{what} is read-only: a graph made under detect_anomaly() still needs it. Let go of the "
            "graph first (no retain_graph)."
        )

    def _plan(self, i: int, params: list[Tensor], xs: list[Any]) -> "_Plan":
        """How the parameters of group ``i`` are joined: as in the last step if nothing changed."""
        group = self.param_groups[i]
        switches = tuple(map(bool, group.values()))
        plan = self._plans.get(i)
        if plan is None or not plan.fits(xs, switches):
            states = [self._state_of(p, x, group) for p, x in zip(params, xs, strict=True)]
            plan = self._plans[i] = _Plan(xs, states, switches, self.elementwise)
            self.state.update(zip(params, states, strict=True))
        return plan

    def _state_of(self, p: Tensor, x: Any, group: Group) -> State:
        """The state of ``p``, made or completed where a switch (momentum, say) was turned on."""
        state = {**self.initial_state(x, group), **self.state.get(p, {})}
        for name, value in state.items():
            if hasattr(value, "shape"):
                if value.shape != x.shape:
                    raise ValueError(
                        f"{self._name}.step: the parameter has shape {x.shape} now, but its {name} has "
                        f"{value.shape}. Make a new optimizer after a change of shape."
                    )
                state[name] = value.astype(x.dtype, copy=False)
        return state

    def _forget_plans(self) -> None:
        self._plans.clear()

    def _run(self, x: Any, g: Any, state: State, group: Group) -> None:
        """``update`` of the whole array, or of one block after another."""
        if x.size <= BLOCK or not self.elementwise:
            self.update(x, -g if group.get("maximize") else g, state, group)
            return
        rows = max(1, BLOCK * len(x) // x.size)
        for begin in range(0, len(x), rows):
            block = slice(begin, begin + rows)
            part = {k: v[block] if hasattr(v, "shape") else v for k, v in state.items()}
            self.update(x[block], -g[block] if group.get("maximize") else g[block], part, group)
        state.update((k, v) for k, v in part.items() if not hasattr(v, "shape"))


class _Plan:
    """How the arrays ``xs`` of a group are put together for the update rule."""

    def __init__(
        self, xs: list[Any], states: list[State], switches: tuple[bool, ...], elementwise: bool
    ) -> None:
        self.xs = xs
        self.switches = switches
        together: defaultdict[Any, list[int]] = defaultdict(list)
        for i, (x, state) in enumerate(zip(xs, states, strict=True)):
            numbers = [v for v in state.values() if not hasattr(v, "shape")]
            alone = not elementwise or x.size > SMALL
            together[i if alone else (x.dtype, *numbers)].append(i)
        self.parts = [
            _Alone(who[0], states[who[0]])
            if len(who) == 1 and xs[who[0]].ndim  # NumPy turns 0-d results into scalars
            else _Joined(who, xs, states)
            for who in together.values()
        ]

    def fits(self, xs: list[Any], switches: tuple[bool, ...]) -> bool:
        """Whether the same arrays came again, and no hyper-parameter was switched on or off."""
        return len(xs) == len(self.xs) and all(map(is_, xs, self.xs)) and switches == self.switches


class _Alone:
    """One parameter, updated where it lies."""

    def __init__(self, i: int, state: State) -> None:
        self.i = i
        self.state = state

    def run(self, rule: Callable[..., None], xs: list[Any], gs: list[Any], group: Group) -> None:
        rule(xs[self.i], gs[self.i], self.state, group)


class _Joined:
    """Small parameters of one dtype, updated as one flat array.

    The arrays in their ``states`` become views of flat ones, so both show the same numbers.
    """

    def __init__(self, who: Sequence[int], xs: list[Any], states: list[State]) -> None:
        self.who = who
        self.states = [states[i] for i in who]
        shapes = [xs[i].shape for i in who]
        self.x, self.x_views = _flat(xs[who[0]], shapes)
        self.g, self.g_views = _flat(self.x, shapes)
        self.state: State = {}
        self.numbers: list[str] = []
        for name, first in self.states[0].items():
            if not hasattr(first, "shape"):
                self.state[name] = first
                self.numbers.append(name)
                continue
            self.state[name], views = _flat(self.x, shapes)
            for state, view in zip(self.states, views, strict=True):
                view[...] = state[name]
                state[name] = view

    def run(self, rule: Callable[..., None], xs: list[Any], gs: list[Any], group: Group) -> None:
        for i, x_view, g_view in zip(self.who, self.x_views, self.g_views, strict=True):
            x_view[...] = xs[i]
            g_view[...] = gs[i]
        rule(self.x, self.g, self.state, group)
        for i, x_view in zip(self.who, self.x_views, strict=True):
            xs[i][...] = x_view
        for name in self.numbers:
            for state in self.states:
                state[name] = self.state[name]


def _flat(like: Any, shapes: list[tuple[int, ...]]) -> tuple[Any, list[Any]]:
    """One new flat array, and views of its parts in the given shapes."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    flat = np.empty_like(like, shape=int(ends[-1]))
    pieces = zip(np.split(flat, ends[:-1]), shapes, strict=True)
    return flat, list(starmap(np.reshape, pieces))
