"""Learning rates that change while a network learns.

A schedule is a function of one number t, the ``step()`` calls so far (epochs or batches, whichever
it is stepped by).  All but :class:`ReduceLROnPlateau` are in closed form: the rate at t does not
depend on the rates before, so a resumed schedule gives the same bits, and ``plot()`` needs no run.
Two schedules of one optimizer do not multiply, the one stepped last counts: put them into a
:class:`SequentialLR`.
"""

import bisect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "warm_up",
]

Settings = list[dict[str, Any]]
"""What a schedule puts into each parameter group."""


class Schedule(ABC):
    """Abstract: the rate of every group as a function of t, starting at t = 0.

    η₀ in the formulas is the group's rate before any schedule touched it, kept in the group as
    ``initial_lr``.  A new schedule sets its first rate at once; ``step()`` goes on to the next t.

    A subclass gives ``lr_at(t, base)``.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: expected an optimizer, got {type(optimizer).__name__}."
            )
        if "lr" not in optimizer.defaults:
            raise ValueError(
                f"{type(self).__name__}: {type(optimizer).__name__} has no learning rate to schedule."
            )
        self.optimizer = optimizer
        self.last_epoch: float = 0
        self._apply()

    @abstractmethod
    def lr_at(self, t: float, base: float) -> float:
        """The rate at t of a group whose initial rate is ``base``."""

    def settings(self, t: float) -> Settings:
        """What each group is set to at t."""
        return [{"lr": self.lr_at(t, base)} for base in self.base_lrs]

    @property
    def base_lrs(self) -> list[float]:
        """The initial rate of each group."""
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        return [group["initial_lr"] for group in self.optimizer.param_groups]

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next t, or to ``epoch``."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._apply()

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """t and the initial rates; the constructor's arguments belong to the program."""
        return {"last_epoch": self.last_epoch, "base_lrs": self.base_lrs}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a ``state_dict()``.

        Raises ``ValueError``, and changes nothing, if it is not one of this kind of schedule.
        """
        self._check_state(state_dict)
        self.last_epoch = state_dict["last_epoch"]
        for group, base in zip(self.optimizer.param_groups, state_dict["base_lrs"], strict=True):
            group["initial_lr"] = base
        self._apply()

    def plot(self, steps: int, ax: Any = None) -> Any:
        """Draw the rates for t = 0 ... ``steps`` with Matplotlib; returns the axes."""
        ax = _new_axes() if ax is None else ax
        curves = [[s["lr"] for s in self.settings(t)] for t in range(steps + 1)]
        ax.plot(curves)
        ax.set(xlabel="step", ylabel="learning rate", title=type(self).__name__)
        return ax

    def _apply(self) -> None:
        groups = self.optimizer.param_groups
        for group, settings in zip(groups, self.settings(self.last_epoch), strict=True):
            group.update(settings)

    def _check_state(self, state_dict: Mapping[str, Any]) -> None:
        expected = self.state_dict()
        if state_dict.keys() != expected.keys():
            raise ValueError(
                f"{type(self).__name__}.load_state_dict: expected {sorted(expected)}, got "
                f"{sorted(state_dict)}. Was it saved by another schedule?"
            )
        for key, value in expected.items():
            if isinstance(value, list) and len(state_dict[key]) != len(value):
                raise ValueError(
                    f"{type(self).__name__}.load_state_dict: expected {key} of {len(value)} groups, "
                    f"got {len(state_dict[key])}."
                )

    def _require(self, name: str, value: float, expected: str, fine: bool) -> None:
        if not fine:
            raise ValueError(
                f"{type(self).__name__}: expected {expected} for {name}, got {value!r}."
            )


class ConstantLR(Schedule):
    """η₀ · ``factor`` for the first ``total_iters`` steps, then η₀.

    >>> from optim.sgd import SGD
    >>> import autograd as ag
    >>> ConstantLR(SGD([ag.Tensor(0.0, requires_grad=True)], lr=0.9), 0.5).get_last_lr()
    [0.45]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self._require("factor", factor, "a number in [0, 1]", 0 <= factor <= 1)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ · factor, or η₀."""
        return base * self.factor if t < self.total_iters else base


class StepLR(Schedule):
    """η₀ · ``gamma`` ^ ⌊t / ``step_size``⌋."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self._require("step_size", step_size, "at least 1", step_size >= 1)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ γ^⌊t/s⌋."""
        return base * math.pow(self.gamma, t // self.step_size)


class MultiStepLR(Schedule):
    """η₀ · ``gamma`` ^ (the number of ``milestones`` <= t)."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ γ^(milestones passed)."""
        return base * self.gamma ** bisect.bisect_right(self.milestones, t)


class ExponentialLR(Schedule):
    """η₀ · ``gamma`` ^ t."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self._require("gamma", gamma, "a number above 0", gamma > 0)
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ γᵗ."""
        return base * math.pow(self.gamma, t)


class LinearLR(Schedule):
    """From η₀ · ``start_factor`` to η₀ · ``end_factor`` on a line of ``total_iters`` steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self._require("start_factor", start_factor, "a number in [0, 1]", 0 <= start_factor <= 1)
        self._require("end_factor", end_factor, "a number in [0, 1]", 0 <= end_factor <= 1)
        self._require("total_iters", total_iters, "at least 1", total_iters >= 1)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ (start + (end - start) min(t / T, 1))."""
        way = min(t / self.total_iters, 1)
        return base * (self.start_factor + (self.end_factor - self.start_factor) * way)


class PolynomialLR(Schedule):
    """η₀ · (1 - t / ``total_iters``) ^ ``power``, then 0."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self._require("total_iters", total_iters, "at least 1", total_iters >= 1)
        self._require("power", power, "a number above 0", power > 0)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ (1 - min(t / T, 1))^power."""
        return base * math.pow(1 - min(t / self.total_iters, 1), self.power)


class CosineAnnealingLR(Schedule):
    """η_min + ½ (η₀ - η_min) (1 + cos(π t / ``T_max``)).

    After T_max it rises again.  I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent
    with warm restarts", 2017.
    """

    def __init__(self, optimizer: Optimizer, T_max: float, eta_min: float = 0.0) -> None:
        self._require("T_max", T_max, "a number above 0", T_max > 0)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """Half a period of the cosine from t = 0 to T_max."""
        return _cosine(base, self.eta_min, t / self.T_max)


class CosineAnnealingWarmRestarts(Schedule):
    """The cosine from η₀ to ``eta_min`` in T₀ steps, and again, each time ``T_mult`` times as long.

    ``step(epoch)`` takes fractions.  I. Loshchilov and F. Hutter, "SGDR: stochastic gradient
    descent with warm restarts", 2017.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0
    ) -> None:
        self._require("T_0", T_0, "at least 1", T_0 >= 1)
        self._require("T_mult", T_mult, "at least 1", T_mult >= 1)
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """The cosine within the run that t falls in."""
        length = self.T_0
        if self.T_mult == 1:
            t %= length
        while t >= length:
            t -= length
            length *= self.T_mult
        return _cosine(base, self.eta_min, t / length)


class OneCycleLR(Schedule):
    """Up to ``max_lr`` in the first ``pct_start`` of the steps, then down to almost nothing.

    From ``max_lr / div_factor`` to ``max_lr`` to that start ``/ final_div_factor``, along a cosine
    or a line (``anneal_strategy`` "cos" or "linear"); with ``three_phase`` down to the start first,
    as fast as it went up.  With ``cycle_momentum`` the momentum (or β₁) goes the other way, from
    ``max_momentum`` to ``base_momentum`` and back.  Give ``total_steps``, or ``epochs`` and
    ``steps_per_epoch``.

    L. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        if total_steps is None:
            total_steps = (epochs or 0) * (steps_per_epoch or 0)
        self._require("total_steps", total_steps, "at least 1", total_steps >= 1)
        self._require("pct_start", pct_start, "a number in [0, 1]", 0 <= pct_start <= 1)
        if anneal_strategy not in _ANNEALING:
            raise ValueError(
                f"OneCycleLR: expected anneal_strategy among {sorted(_ANNEALING)}, got "
                f"{anneal_strategy!r}."
            )
        self.total_steps = total_steps
        self.anneal = _ANNEALING[anneal_strategy]
        self.momentum = (base_momentum, max_momentum) if cycle_momentum else None
        start, end = max_lr / div_factor, max_lr / div_factor / final_div_factor
        up = pct_start * total_steps - 1
        self.lr_points = [(0.0, start), (up, max_lr), (total_steps - 1, end)]
        self.momentum_points = [
            (0.0, max_momentum),
            (up, base_momentum),
            (total_steps - 1, max_momentum),
        ]
        if three_phase:
            self.lr_points.insert(2, (2 * up, start))
            self.momentum_points.insert(2, (2 * up, max_momentum))
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """The rate at t; ``base`` plays no part.  ``ValueError`` after the last step."""
        if t > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {t} of a cycle of {self.total_steps}. Give total_steps the number "
                "of step() calls."
            )
        return self._along(self.lr_points, t)

    def settings(self, t: float) -> Settings:
        """The rate, and the momentum or β₁ where it is cycled."""
        settings = super().settings(t)
        for setting, group in zip(settings, self.optimizer.param_groups, strict=True):
            momentum = self._along(self.momentum_points, t)
            if self.momentum and "betas" in group:
                setting["betas"] = (momentum, *group["betas"][1:])
            elif self.momentum and "momentum" in group:
                setting["momentum"] = momentum
        return settings

    def _along(self, points: list[tuple[float, float]], t: float) -> float:
        for (begin, before), (end, after) in pairwise(points):
            if t <= end:
                return self.anneal(before, after, (t - begin) / (end - begin) if end > begin else 1)
        return points[-1][1]


class LambdaLR(Schedule):
    """η₀ · f(t), with one function for all groups or one for each.

    >>> from optim.sgd import SGD
    >>> import autograd as ag
    >>> optimizer = SGD([ag.Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda t: 1 / (1 + t))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[float], float] | Sequence[Callable[[float], float]],
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        self._require(
            "lr_lambda", len(self.lambdas), f"{groups} functions", len(self.lambdas) == groups
        )
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """η₀ f(t) of the first group's function."""
        return base * self.lambdas[0](t)

    def settings(self, t: float) -> Settings:
        """η₀ f(t) with each group's function."""
        return [{"lr": b * f(t)} for b, f in zip(self.base_lrs, self.lambdas, strict=True)]


class SequentialLR(Schedule):
    """One schedule after another: the i-th starts, with its own t = 0, at ``milestones[i - 1]``.

    All are made for the same optimizer; this one alone is stepped.

    >>> from optim.sgd import SGD
    >>> import autograd as ag
    >>> optimizer = SGD([ag.Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> parts = [LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.1)]
    >>> schedule = SequentialLR(optimizer, parts, milestones=[2])
    >>> [schedule.settings(t)[0]["lr"] for t in range(4)]
    [0.5, 0.75, 1.0, 0.1]
    """

    def __init__(
        self, optimizer: Optimizer, schedules: Sequence[Schedule], milestones: Sequence[int]
    ) -> None:
        if any(s.optimizer is not optimizer or isinstance(s, ReduceLROnPlateau) for s in schedules):
            raise ValueError(
                "SequentialLR: expected schedules of this optimizer that are functions of the step "
                "(ReduceLROnPlateau is one of the validation)."
            )
        if len(milestones) != len(schedules) - 1 or sorted(milestones) != list(milestones):
            raise ValueError(
                f"SequentialLR: expected {len(schedules) - 1} rising milestones for "
                f"{len(schedules)} schedules, got {list(milestones)}."
            )
        self.schedules = list(schedules)
        self.milestones = list(milestones)
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """The rate of the schedule in force at t."""
        schedule, since = self._in_force(t)
        return schedule.lr_at(since, base)

    def settings(self, t: float) -> Settings:
        """What the schedule in force at t sets."""
        schedule, since = self._in_force(t)
        return schedule.settings(since)

    def _in_force(self, t: float) -> tuple[Schedule, float]:
        i = bisect.bisect_right(self.milestones, t)
        return self.schedules[i], t - [0, *self.milestones][i]


def warm_up(schedule: Schedule, steps: int, start_factor: float = 0.0) -> SequentialLR:
    """``schedule`` after a linear rise from η₀ · ``start_factor`` to η₀ in ``steps`` steps.

    >>> from optim.sgd import SGD
    >>> import autograd as ag
    >>> optimizer = SGD([ag.Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> schedule = warm_up(CosineAnnealingLR(optimizer, T_max=2), steps=2)
    >>> [round(schedule.settings(t)[0]["lr"], 3) for t in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]

    P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017.
    """
    optimizer = schedule.optimizer
    rise = LinearLR(optimizer, start_factor, total_iters=steps)
    return SequentialLR(optimizer, [rise, schedule], [steps])


class ReduceLROnPlateau(Schedule):
    """η ← η · ``factor`` when a metric has not improved for more than ``patience`` steps.

    ``step(metric)`` takes the metric, a loss (``mode`` "min") or an accuracy ("max").  Better means
    by more than ``threshold``, relative ("rel") or absolute ("abs"); after a reduction ``cooldown``
    steps do not count.  No rate falls below ``min_lr``, and none changes by less than ``eps``.

    >>> from optim.sgd import SGD
    >>> import autograd as ag
    >>> optimizer = SGD([ag.Tensor(0.0, requires_grad=True)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in [1.0, 0.5, 0.5, 0.5]:
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self._require("factor", factor, "a number in [0, 1)", 0 <= factor < 1)
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau: expected mode 'min' or 'max' and threshold_mode 'rel' or 'abs', "
                f"got {mode!r} and {threshold_mode!r}."
            )
        self.sign = 1 if mode == "min" else -1
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.relative = threshold_mode == "rel"
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self.best = math.inf * self.sign
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        super().__init__(optimizer)

    def lr_at(self, t: float, base: float) -> float:
        """Not a function of t: a ``RuntimeError``."""
        raise RuntimeError("ReduceLROnPlateau: the rate depends on the metric, not on the step.")

    def settings(self, t: float) -> Settings:
        """The rates as they are."""
        return [{"lr": lr} for lr in self.get_last_lr()]

    def step(self, metric: float | None = None) -> None:
        """Look at the metric, and reduce the rates if it is time."""
        if metric is None:
            raise TypeError("ReduceLROnPlateau.step: expected the metric, schedule.step(loss).")
        self.last_epoch += 1
        if self._is_better(float(metric)):
            self.best = float(metric)
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _is_better(self, metric: float) -> bool:
        if math.isinf(self.best):
            return self.sign * metric < self.sign * self.best
        margin = self.threshold * (abs(self.best) if self.relative else 1)
        return self.sign * metric < self.sign * self.best - margin

    def _reduce(self) -> None:
        for group in self.optimizer.param_groups:
            lower = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower

    def state_dict(self) -> dict[str, Any]:
        """The best metric, the counters, and the rates."""
        return {
            **super().state_dict(),
            "lr": self.get_last_lr(),
            "best": self.best,
            "num_bad_epochs": self.num_bad_epochs,
            "cooldown_counter": self.cooldown_counter,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a ``state_dict()``."""
        super().load_state_dict(state_dict)
        self.best = state_dict["best"]
        self.num_bad_epochs = state_dict["num_bad_epochs"]
        self.cooldown_counter = state_dict["cooldown_counter"]
        for group, lr in zip(self.optimizer.param_groups, state_dict["lr"], strict=True):
            group["lr"] = lr


def _cosine(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


def _line(start: float, end: float, way: float) -> float:
    return start + (end - start) * way


_ANNEALING = {"cos": _cosine, "linear": _line}


def _new_axes() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            'plot() draws with Matplotlib: pip install "chainrule[notebook]".'
        ) from None
    return pyplot.subplots()[1]
