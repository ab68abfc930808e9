"""Every schedule against its closed form or optax, and how it goes on after a resume."""

import json
import math
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import optax
import pytest

import autograd as ag
import optim

BASES = (0.5, 0.05)
STEPS = 24


def optimizer_of(*bases: float, **hyper: Any) -> optim.Optimizer:
    groups = [{"params": [ag.Tensor([1.0], requires_grad=True)], "lr": b} for b in bases]
    return optim.SGD(groups, **hyper)


def curve(make: Callable[[Any], Any], bases: tuple[float, ...] = BASES) -> np.ndarray:
    """The rates that ``step()`` sets, t = 0 ... STEPS."""
    optimizer = optimizer_of(*bases)
    schedule = make(optimizer)
    rates = [schedule.get_last_lr()]
    for _ in range(STEPS):
        schedule.step()
        rates.append(schedule.get_last_lr())
    return np.array(rates)


def restarts(base: float, t: int) -> float:
    """Runs of 3, 6, 12 ... steps, written as their ends."""
    ends = [0, 3, 9, 21, 45]
    i = max(k for k, end in enumerate(ends) if end <= t)
    way = (t - ends[i]) / (ends[i + 1] - ends[i])
    return 0.01 + (base - 0.01) * 0.5 * (1 + math.cos(math.pi * way))


CLOSED_FORMS: dict[str, tuple[Callable[..., Any], Callable[[float, int], float]]] = {
    "Constant": (
        lambda o: optim.ConstantLR(o, 0.2, total_iters=4),
        lambda b, t: b * 0.2 if t < 4 else b,
    ),
    "Step": (lambda o: optim.StepLR(o, 5, gamma=0.3), lambda b, t: b * 0.3 ** (t // 5)),
    "MultiStep": (
        lambda o: optim.MultiStepLR(o, [9, 3, 9], gamma=0.5),
        lambda b, t: b * (1 if t < 3 else 0.5 if t < 9 else 0.125),
    ),
    "Exponential": (lambda o: optim.ExponentialLR(o, 0.9), lambda b, t: b * 0.9**t),
    "Linear": (
        lambda o: optim.LinearLR(o, 0.2, 0.8, total_iters=10),
        lambda b, t: b * (0.2 + 0.06 * min(t, 10)),
    ),
    "Polynomial": (
        lambda o: optim.PolynomialLR(o, 10, power=2),
        lambda b, t: b * (1 - min(t, 10) / 10) ** 2,
    ),
    "Cosine": (
        lambda o: optim.CosineAnnealingLR(o, 10, eta_min=0.01),
        lambda b, t: 0.01 + (b - 0.01) * (1 + math.cos(math.pi * t / 10)) / 2,
    ),
    "Restarts": (
        lambda o: optim.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
        restarts,
    ),
    "Lambda": (
        lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)),
        lambda b, t: b / (1 + t),
    ),
    "Sequential": (
        lambda o: optim.SequentialLR(
            o,
            [optim.ConstantLR(o, 0.1, 99), optim.ExponentialLR(o, 0.5), optim.StepLR(o, 1, 0.9)],
            [4, 10],
        ),
        lambda b, t: b * (0.1 if t < 4 else 0.5 ** (t - 4) if t < 10 else 0.9 ** (t - 10)),
    ),
    "warm-up": (
        lambda o: optim.warm_up(optim.ExponentialLR(o, 0.9), 5),
        lambda b, t: b * (t / 5 if t < 5 else 0.9 ** (t - 5)),
    ),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_form(name: str) -> None:
    make, formula = CLOSED_FORMS[name]
    expected = [[formula(b, t) for b in BASES] for t in range(STEPS + 1)]
    np.testing.assert_allclose(curve(make), expected, rtol=1e-13, atol=1e-16)


OPTAX: dict[str, tuple[Callable[..., Any], Any]] = {
    "Cosine": (
        lambda o: optim.CosineAnnealingLR(o, STEPS, eta_min=0.05),
        optax.cosine_decay_schedule(0.5, STEPS, alpha=0.1),
    ),
    "Exponential": (
        lambda o: optim.ExponentialLR(o, 0.9),
        optax.exponential_decay(0.5, 1, 0.9),
    ),
    "Polynomial": (
        lambda o: optim.PolynomialLR(o, 10, power=3),
        optax.polynomial_schedule(0.5, 0.0, 3, 10),
    ),
    "warm-up, cosine": (
        lambda o: optim.warm_up(optim.CosineAnnealingLR(o, STEPS - 6), 6),
        optax.warmup_cosine_decay_schedule(0.0, 0.5, 6, STEPS),
    ),
    "restarts": (
        lambda o: optim.CosineAnnealingWarmRestarts(o, 8),
        optax.join_schedules([optax.cosine_decay_schedule(0.5, 8)] * 4, [8, 16, 24]),
    ),
}


@pytest.mark.parametrize("name", OPTAX)
def test_optax_agrees(name: str) -> None:
    make, theirs = OPTAX[name]
    expected = [[float(theirs(t))] for t in range(STEPS + 1)]
    np.testing.assert_allclose(curve(make, (0.5,)), expected, rtol=1e-6, atol=1e-8)


def test_one_cycle() -> None:
    """Up in 0.25 · 40 - 1 = 9 steps and down in the other 30, the momentum the other way."""
    optimizer = optimizer_of(1.0, momentum=0.5)
    schedule = optim.OneCycleLR(optimizer, max_lr=2.0, total_steps=40, pct_start=0.25)
    group = optimizer.param_groups[0]
    for t in range(40):
        way, low, high = (t / 9, 0.08, 2.0) if t <= 9 else ((t - 9) / 30, 2.0, 0.08e-4)
        rise = (1 - math.cos(math.pi * way)) / 2
        assert group["lr"] == pytest.approx(low + (high - low) * rise, rel=1e-12)
        swing = rise if t <= 9 else 1 - rise
        assert group["momentum"] == pytest.approx(0.95 - 0.1 * swing, rel=1e-12)
        schedule.step()
    with pytest.raises(ValueError, match="step 41 of a cycle of 40"):
        schedule.step()


def test_one_cycle_of_adam_in_three_phases() -> None:
    x = ag.Tensor([1.0], requires_grad=True)
    optimizer = optim.Adam([x])
    schedule = optim.OneCycleLR(
        optimizer, 1.0, epochs=5, steps_per_epoch=8, anneal_strategy="linear", three_phase=True
    )
    seen = [(s[0]["lr"], s[0]["betas"]) for s in map(schedule.settings, [0, 11, 22, 39])]
    np.testing.assert_allclose([lr for lr, _ in seen], [0.04, 1.0, 0.04, 4e-6])
    np.testing.assert_allclose([b for b, _ in (s[1] for s in seen)], [0.95, 0.85, 0.95, 0.95])
    assert all(b[1] == 0.999 for _, b in seen)


def plateau(values: list[float], **options: Any) -> list[float]:
    optimizer = optimizer_of(1.0)
    schedule = optim.ReduceLROnPlateau(optimizer, factor=0.5, **options)
    rates = []
    for value in values:
        schedule.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_plateau() -> None:
    assert plateau([1, 1, 1, 0.5, 0.5, 0.5], patience=1) == [1, 1, 0.5, 0.5, 0.5, 0.25]
    assert plateau([1, 0.95, 0.9], patience=0, threshold=0.08) == [1, 0.5, 0.5]
    assert plateau([1, 0.95, 0.9], patience=0, threshold=0.1, threshold_mode="abs") == [
        1,
        0.5,
        0.25,
    ]
    assert plateau([1, 2, 2], patience=0, mode="max") == [1, 1, 0.5]
    assert plateau([1, 1, 1, 1, 1], patience=0, cooldown=1) == [1, 0.5, 0.5, 0.25, 0.25]
    assert plateau([1, 1, 1, 1], patience=0, min_lr=0.3) == [1, 0.5, 0.3, 0.3]
    assert plateau([-1, -2, -3], patience=0) == [1, 1, 1]
    assert plateau([math.nan, math.nan], patience=0) == [0.5, 0.25]


RESUMED = {**{name: make for name, (make, _) in CLOSED_FORMS.items()}}
RESUMED["OneCycle"] = lambda o: optim.OneCycleLR(o, 1.0, total_steps=30)


@pytest.mark.parametrize("name", RESUMED)
def test_resume_is_bit_identical(name: str) -> None:
    make = RESUMED[name]
    for k in (0, 1, 7, 13):
        optimizer, twin = optimizer_of(*BASES, momentum=0.9), optimizer_of(0.1, 0.2, momentum=0.9)
        schedule, again = make(optimizer), make(twin)
        for _ in range(k):
            schedule.step()
        twin.load_state_dict(optimizer.state_dict())
        again.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
        for _ in range(10):
            schedule.step()
            again.step()
            assert [g["lr"] for g in twin.param_groups] == [g["lr"] for g in optimizer.param_groups]


def test_resume_of_a_plateau() -> None:
    losses = list(np.random.default_rng(0).normal(size=40).cumsum())
    optimizer, twin = optimizer_of(*BASES), optimizer_of(*BASES)
    schedule, again = (
        optim.ReduceLROnPlateau(o, patience=1, cooldown=1) for o in (optimizer, twin)
    )
    for loss in losses[:17]:
        schedule.step(loss)
    again.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
    for loss in losses[17:]:
        schedule.step(loss)
        again.step(loss)
        assert again.get_last_lr() == schedule.get_last_lr()


def test_a_group_added_later_has_its_own_base() -> None:
    optimizer = optimizer_of(1.0)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    optimizer.add_param_group({"params": [ag.Tensor([0.0], requires_grad=True)], "lr": 8.0})
    schedule.step()
    assert schedule.get_last_lr() == [0.5, 4.0]


def test_fractions_of_epochs() -> None:
    optimizer = optimizer_of(1.0)
    schedule = optim.CosineAnnealingWarmRestarts(optimizer, 4)
    schedule.step(5.0)
    assert schedule.get_last_lr() == [pytest.approx((1 + math.cos(math.pi / 4)) / 2)]


def test_plot_draws_the_curve() -> None:
    optimizer = optimizer_of(*BASES)
    axes = optim.CosineAnnealingLR(optimizer, 10).plot(10)
    np.testing.assert_allclose(axes.lines[1].get_ydata()[[0, 10]], [0.05, 0.0])
    assert optimizer.param_groups[0]["lr"] == 0.5  # drawing moves nothing
    plt.close(axes.figure)


WRONG = [
    (lambda o: optim.StepLR(o, 0), "step_size"),
    (lambda o: optim.ConstantLR(o, 1.5), "factor"),
    (lambda o: optim.LinearLR(o, -0.1), "start_factor"),
    (lambda o: optim.LinearLR(o, total_iters=0), "total_iters"),
    (lambda o: optim.PolynomialLR(o, 0), "total_iters"),
    (lambda o: optim.ExponentialLR(o, 0), "gamma"),
    (lambda o: optim.CosineAnnealingLR(o, 0), "T_max"),
    (lambda o: optim.CosineAnnealingWarmRestarts(o, 0), "T_0"),
    (lambda o: optim.OneCycleLR(o, 1.0), "total_steps"),
    (lambda o: optim.OneCycleLR(o, 1.0, 10, anneal_strategy="sine"), "cos"),
    (lambda o: optim.LambdaLR(o, [math.sqrt] * 3), "2 functions"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)], [3]), "rising milestones"),
    (
        lambda o: optim.SequentialLR(o, [optim.ReduceLROnPlateau(o), optim.StepLR(o, 1)], [3]),
        "functions of the step",
    ),
    (lambda o: optim.ReduceLROnPlateau(o, factor=1.0), "factor"),
    (lambda o: optim.ReduceLROnPlateau(o, mode="least"), "mode"),
    (lambda o: optim.StepLR(optim.LBFGS(o.param_groups[0]["params"]), 1), "no learning rate"),
]


@pytest.mark.parametrize(("make", "named"), WRONG)
def test_wrong_arguments_are_named(make, named) -> None:
    with pytest.raises(ValueError, match=named):
        make(optimizer_of(*BASES))


def test_other_wrong_uses() -> None:
    with pytest.raises(TypeError, match="expected an optimizer"):
        optim.StepLR([], 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the metric"):
        optim.ReduceLROnPlateau(optimizer_of(1.0)).step()
    with pytest.raises(RuntimeError, match="depends on the metric"):
        optim.ReduceLROnPlateau(optimizer_of(1.0)).lr_at(3, 1.0)


def test_a_state_of_another_schedule_is_refused() -> None:
    optimizer = optimizer_of(*BASES)
    schedule = optim.StepLR(optimizer, 2)
    with pytest.raises(ValueError, match="another schedule"):
        schedule.load_state_dict(optim.ReduceLROnPlateau(optimizer).state_dict())
    with pytest.raises(ValueError, match="of 2 groups"):
        schedule.load_state_dict({"last_epoch": 3, "base_lrs": [0.1]})
    assert schedule.last_epoch == 0
