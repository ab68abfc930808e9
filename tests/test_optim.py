"""Every optimizer, 100 steps on two problems, against optax or its formula in plain NumPy.

The problems' gradients are written out by hand here, so that the reference shares no code with the
engine: a badly scaled quadratic, and a network of two layers.
"""

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import optax
import pytest
import scipy.optimize

import autograd as ag
import optim
import optim.first_order
from optim import proximal

Arrays = list[np.ndarray]

# --- the two problems ---------------------------------------------------------------------------

CURVATURE = 10.0 ** np.linspace(-2, 2, 6)
SLOPE = np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.6])
INPUTS = np.random.default_rng(1).normal(size=(7, 3))
TARGETS = np.random.default_rng(2).normal(size=(7, 2))


def quadratic_start() -> Arrays:
    rng = np.random.default_rng(3)
    return [rng.normal(size=6), rng.normal(size=(2, 3))]


def quadratic_gradient(params: Arrays) -> Arrays:
    a, b = params
    return [CURVATURE * a + SLOPE, b + 1.0]


def quadratic_loss(params: list[Any]) -> Any:
    a, b = params
    return (0.5 * CURVATURE * a**2 + SLOPE * a).sum() + (0.5 * b**2 + b).sum()


def network_start() -> Arrays:
    rng = np.random.default_rng(4)
    return [rng.normal(size=s) for s in [(3, 5), (5,), (5, 2), (2,)]]


def network_gradient(params: Arrays) -> Arrays:
    w1, b1, w2, b2 = params
    h = np.tanh(INPUTS @ w1 + b1)
    d = (h @ w2 + b2 - TARGETS) / len(INPUTS)
    e = d @ w2.T * (1 - h**2)
    return [INPUTS.T @ e, e.sum(0), h.T @ d, d.sum(0)]


def network_loss(params: list[Any]) -> Any:
    w1, b1, w2, b2 = params
    h = np.tanh(INPUTS @ w1 + b1)
    return 0.5 * ((h @ w2 + b2 - TARGETS) ** 2).sum() / len(INPUTS)


PROBLEMS = {
    "quadratic": (quadratic_start, quadratic_gradient, quadratic_loss),
    "network": (network_start, network_gradient, network_loss),
}


def run_ours(make: Callable[..., Any], problem: str, steps: int = 100) -> Arrays:
    """The even parameters in one group; the odd ones in another, with half the rate."""
    start, _, loss = PROBLEMS[problem]
    params = [ag.Tensor(p, requires_grad=True) for p in start()]
    optimizer = make([{"params": params[::2]}, {"params": params[1::2]}])
    optimizer.param_groups[1]["lr"] *= 0.5
    for _ in range(steps):
        optimizer.zero_grad()
        loss(params).backward()
        optimizer.step()
    return [p.data for p in params]


# --- references ---------------------------------------------------------------------------------


def run_numpy(rule: Callable[..., Any], problem: str, lr: float, **h: Any) -> Arrays:
    start, gradient, _ = PROBLEMS[problem]
    params = start()
    states: list[dict[str, Any]] = [{} for _ in params]
    for t in range(1, 101):
        grads = gradient(params)
        for i, (x, g, s) in enumerate(zip(params, grads, states, strict=True)):
            params[i] = rule(x, g, s, t, lr / (1 + i % 2), **h)
    return params


def run_optax(make: Callable[[float], Any], problem: str, lr: float) -> Arrays:
    start, gradient, _ = PROBLEMS[problem]
    transforms = [make(lr), make(lr / 2)]
    params = start()
    states = [transforms[i % 2].init(p) for i, p in enumerate(params)]
    updates = [jax.jit(t.update) for t in transforms]
    for _ in range(100):
        for i, g in enumerate(gradient(params)):
            u, states[i] = updates[i % 2](g, states[i], params[i])
            params[i] = params[i] + np.asarray(u)
    return params


def sgd(x, g, s, t, lr, mu, d, decay, sign=1):
    g = sign * g + decay * x
    s["v"] = g if t == 1 else mu * s["v"] + (1 - d) * g
    return x - lr * s["v"]


def amsgrad(x, g, s, t, lr, b1, b2, eps, decay):
    g = g + decay * x
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    s["top"] = np.maximum(s.get("top", 0), s["v"])
    return x - lr * (s["m"] / (1 - b1**t)) / (np.sqrt(s["top"] / (1 - b2**t)) + eps)


def nadam(x, g, s, t, lr, b1, b2, eps, decay, psi, decoupled):
    x, g = (x * (1 - lr * decay), g) if decoupled else (x, g + decay * x)
    mu = [b1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in range(1, t + 2)]
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    m_hat = mu[-1] * s["m"] / (1 - np.prod(mu)) + (1 - mu[-2]) * g / (1 - np.prod(mu[:-1]))
    return x - lr * m_hat / (np.sqrt(s["v"] / (1 - b2**t)) + eps)


def radam(x, g, s, t, lr, b1, b2, eps, decay):
    g = g + decay * x
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    m_hat, last = s["m"] / (1 - b1**t), 2 / (1 - b2) - 1
    rho = last - 2 * t * b2**t / (1 - b2**t)
    if rho <= 5:
        return x - lr * m_hat
    r = np.sqrt((rho - 4) * (rho - 2) * last / ((last - 4) * (last - 2) * rho))
    return x - lr * m_hat * r * np.sqrt(1 - b2**t) / (np.sqrt(s["v"]) + eps)


def rprop(x, g, s, t, lr, shrink, grow, smallest, largest):
    delta = s.get("delta", np.full_like(x, lr))
    turn = g * s.get("g", 0)
    delta = np.where(turn > 0, np.minimum(delta * grow, largest), delta)
    s["delta"] = np.where(turn < 0, np.maximum(delta * shrink, smallest), delta)
    s["g"] = np.where(turn < 0, 0, g)
    return x - np.sign(s["g"]) * s["delta"]


def adagrad(x, g, s, t, lr, lr_decay, decay, start, eps):
    g = g + decay * x
    s["s"] = s.get("s", start) + g * g
    return x - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s["s"]) + eps)


def rmsprop_centered(x, g, s, t, lr, alpha, eps, decay, mu):
    g = g + decay * x
    s["s"] = alpha * s.get("s", 0) + (1 - alpha) * g * g
    s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
    s["b"] = mu * s.get("b", 0) + g / (np.sqrt(s["s"] - s["m"] ** 2) + eps)
    return x - lr * s["b"]


def adagrad_da(x, g, s, t, lr, l1, l2, start):
    s["z"] = s.get("z", 0) + g
    s["s"] = s.get("s", start) + g * g
    z = np.sign(s["z"]) * np.maximum(np.abs(s["z"]) - l1 * t, 0)
    return -lr * z / (np.sqrt(s["s"]) + l2 * t * lr)


def ftrl(x, g, s, t, lr, power, start, l1, l2, shrink):
    before = s.get("s", np.full_like(x, start))
    s["s"] = before + g * g
    s["z"] = s.get("z", 0) + g + 2 * shrink * x - (s["s"] ** -power - before**-power) / lr * x
    quadratic = s["s"] ** -power / lr + 2 * l2
    return np.where(np.abs(s["z"]) > l1, (np.sign(s["z"]) * l1 - s["z"]) / quadratic, 0)


def proximal_sgd(x, g, s, t, lr, l1, l2):
    y = x - lr * g
    return np.sign(y) * np.maximum(np.abs(y) - lr * l1, 0) / (1 + lr * l2)


def proximal_adagrad(x, g, s, t, lr, l1, l2, start):
    s["s"] = s.get("s", start) + g * g
    return proximal_sgd(x, g, s, t, lr / np.sqrt(s["s"]), l1, l2)


def with_decay(decay, make):
    return lambda lr: optax.chain(optax.add_decayed_weights(decay), make(lr))


O = optim
CASES: dict[str, tuple[Callable[..., Any], float, Callable[..., Arrays]]] = {
    "SGD": (O.SGD, 5e-3, partial(run_optax, optax.sgd)),
    "SGD momentum": (
        partial(O.SGD, momentum=0.9),
        2e-3,
        partial(run_optax, lambda lr: optax.sgd(lr, momentum=0.9)),
    ),
    "SGD nesterov, decay": (
        partial(O.SGD, momentum=0.8, nesterov=True, weight_decay=0.1),
        2e-3,
        partial(run_optax, with_decay(0.1, lambda lr: optax.sgd(lr, 0.8, nesterov=True))),
    ),
    "SGD dampening": (
        partial(O.SGD, momentum=0.9, dampening=0.3, weight_decay=0.1),
        2e-3,
        partial(run_numpy, partial(sgd, mu=0.9, d=0.3, decay=0.1)),
    ),
    "SGD maximize": (
        partial(O.SGD, momentum=0.5, maximize=True),
        1e-4,
        partial(run_numpy, partial(sgd, mu=0.5, d=0, decay=0, sign=-1)),
    ),
    "Adam": (O.Adam, 0.05, partial(run_optax, optax.adam)),
    "Adam decay": (
        partial(O.Adam, betas=(0.8, 0.99), weight_decay=0.1),
        0.05,
        partial(run_optax, with_decay(0.1, lambda lr: optax.adam(lr, 0.8, 0.99))),
    ),
    "Adam amsgrad": (
        partial(O.Adam, amsgrad=True, weight_decay=0.1),
        0.05,
        partial(run_numpy, partial(amsgrad, b1=0.9, b2=0.999, eps=1e-8, decay=0.1)),
    ),
    "AdamW": (
        partial(O.AdamW, weight_decay=0.1),
        0.05,
        partial(run_optax, lambda lr: optax.adamw(lr, weight_decay=0.1)),
    ),
    "Adamax": (
        partial(O.Adamax, weight_decay=0.1),
        0.05,
        partial(run_optax, with_decay(0.1, optax.adamax)),
    ),
    "NAdam": (
        partial(O.NAdam, weight_decay=0.1),
        0.02,
        partial(
            run_numpy,
            partial(nadam, b1=0.9, b2=0.999, eps=1e-8, decay=0.1, psi=4e-3, decoupled=False),
        ),
    ),
    "NAdam decoupled": (
        partial(O.NAdam, weight_decay=0.1, decoupled_weight_decay=True),
        0.02,
        partial(
            run_numpy,
            partial(nadam, b1=0.9, b2=0.999, eps=1e-8, decay=0.1, psi=4e-3, decoupled=True),
        ),
    ),
    "RAdam": (
        partial(O.RAdam, weight_decay=0.1),
        0.01,
        partial(run_numpy, partial(radam, b1=0.9, b2=0.999, eps=1e-8, decay=0.1)),
    ),
    "RAdam optax": (  # which has its epsilon elsewhere
        partial(O.RAdam, eps=0.0, weight_decay=0.1),
        0.01,
        partial(run_optax, with_decay(0.1, lambda lr: optax.radam(lr, eps=0.0))),
    ),
    "Lion": (
        partial(O.Lion, weight_decay=0.1),
        0.01,
        partial(run_optax, lambda lr: optax.lion(lr, weight_decay=0.1)),
    ),
    "RMSprop": (
        partial(O.RMSprop, alpha=0.9),
        0.002,
        partial(run_optax, lambda lr: optax.rmsprop(lr, 0.9, eps_in_sqrt=False)),
    ),
    "RMSprop momentum": (
        partial(O.RMSprop, momentum=0.8, weight_decay=0.1),
        0.01,
        partial(
            run_optax,
            with_decay(0.1, lambda lr: optax.rmsprop(lr, 0.99, eps_in_sqrt=False, momentum=0.8)),
        ),
    ),
    "RMSprop centered": (
        partial(O.RMSprop, centered=True, momentum=0.8, weight_decay=0.1),
        0.002,
        partial(run_numpy, partial(rmsprop_centered, alpha=0.99, eps=1e-8, decay=0.1, mu=0.8)),
    ),
    "Adagrad": (
        partial(O.Adagrad, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.2),
        0.1,
        partial(run_numpy, partial(adagrad, lr_decay=0.1, decay=0.1, start=0.2, eps=1e-10)),
    ),
    "Adagrad optax": (
        partial(O.Adagrad, initial_accumulator_value=0.1, eps=0.0),
        0.1,
        partial(run_optax, lambda lr: optax.adagrad(lr, 0.1, eps=0.0)),
    ),
    "Adadelta": (
        partial(O.Adadelta, weight_decay=0.1),
        1.0,
        partial(run_optax, with_decay(0.1, optax.adadelta)),
    ),
    "Rprop": (
        O.Rprop,
        0.01,
        partial(run_numpy, partial(rprop, shrink=0.5, grow=1.2, smallest=1e-6, largest=50.0)),
    ),
    "AdagradDA": (
        partial(O.AdagradDA, l1_regularization_strength=0.05, l2_regularization_strength=0.01),
        0.1,
        partial(run_numpy, partial(adagrad_da, l1=0.05, l2=0.01, start=0.1)),
    ),
    "Ftrl": (
        partial(
            O.Ftrl,
            learning_rate_power=-0.4,
            l1_regularization_strength=0.05,
            l2_regularization_strength=0.1,
            l2_shrinkage_regularization_strength=0.02,
        ),
        0.1,
        partial(run_numpy, partial(ftrl, power=-0.4, start=0.1, l1=0.05, l2=0.1, shrink=0.02)),
    ),
    "ProximalSGD": (
        partial(O.ProximalSGD, l1_regularization_strength=0.2, l2_regularization_strength=0.1),
        5e-3,
        partial(run_numpy, partial(proximal_sgd, l1=0.2, l2=0.1)),
    ),
    "ProximalAdagrad": (
        partial(O.ProximalAdagrad, l1_regularization_strength=0.2, l2_regularization_strength=0.1),
        0.1,
        partial(run_numpy, partial(proximal_adagrad, l1=0.2, l2=0.1, start=0.1)),
    ),
}
FIRST_ORDER = {name: partial(make, lr=lr) for name, (make, lr, _) in CASES.items()}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", CASES)
def test_hundred_steps_agree_with_the_reference(name: str, problem: str) -> None:
    make, lr, reference = CASES[name]
    ours = run_ours(partial(make, lr=lr), problem)
    theirs = reference(problem, lr)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_every_optimizer_has_a_reference() -> None:
    tried = {getattr(make, "func", make) for make, _, _ in CASES.values()}
    final = {
        value
        for value in vars(optim).values()
        if isinstance(value, type) and issubclass(value, optim.FirstOrder)
    }
    assert final - tried == {optim.FirstOrder}


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_float32_stays_float32_and_close(name: str) -> None:
    rng = np.random.default_rng(0)
    results = []
    for dtype in (np.float32, np.float64):
        x = ag.Tensor(rng.normal(size=(3, 4)) * 0 + 0.5, requires_grad=True, dtype=dtype)
        optimizer = FIRST_ORDER[name]([x])
        for _ in range(5):
            optimizer.zero_grad()
            (x * x * np.arange(1, 13, dtype=dtype).reshape(3, 4)).sum().backward()
            optimizer.step()
        assert x.data.dtype == dtype
        arrays = [v for v in optimizer.state[x].values() if hasattr(v, "dtype")]
        assert all(v.dtype == dtype for v in arrays)
        results.append(x.data)
    np.testing.assert_allclose(*results, rtol=1e-3, atol=1e-5)


# --- how the rules are run ----------------------------------------------------------------------


def mixed_parameters() -> list[ag.Tensor]:
    rng = np.random.default_rng(5)
    shapes = [(), (3,), (2, 3), (40, 50), (1,), (0, 3), (7, 1, 2)]
    return [ag.Tensor(rng.normal(size=s), requires_grad=True) for s in shapes]


def steps_with_gaps(optimizer: Any, params: list[ag.Tensor], seed: int = 6) -> None:
    """Twelve steps; now and then some parameters have no gradient."""
    rng = np.random.default_rng(seed)
    for i in range(12):
        for j, p in enumerate(params):
            g = rng.normal(size=p.shape)
            p.grad = None if i in (3, 4, 8) and j % 3 == 1 else ag.Tensor(np.asarray(g))
        optimizer.step()


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_joined_and_cut_give_the_bits_of_one_by_one(name, monkeypatch) -> None:
    results = []
    for small, block in [(0, 10**9), (64, 16), (10**9, 7), (1024, 10**9)]:
        monkeypatch.setattr(optim.first_order, "SMALL", small)
        monkeypatch.setattr(optim.first_order, "BLOCK", block)
        params = mixed_parameters()
        optimizer = FIRST_ORDER[name](params)
        steps_with_gaps(optimizer, params)
        results.append([p.data.tobytes() for p in params])
    assert results[0] == results[1] == results[2] == results[3]


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_a_state_dict_carries_everything_over(name: str) -> None:
    params = mixed_parameters()
    optimizer = FIRST_ORDER[name](params)
    steps_with_gaps(optimizer, params)
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved)
    others = [ag.Tensor(p.data, requires_grad=True) for p in params]
    twin = FIRST_ORDER[name](others)
    steps_with_gaps(twin, others, seed=8)  # it has a state of its own, to be forgotten
    for p, q in zip(params, others, strict=True):
        q.data[...] = p.data
    twin.load_state_dict(saved)
    steps_with_gaps(optimizer, params, seed=7)
    steps_with_gaps(twin, others, seed=7)
    for p, q in zip(params, others, strict=True):
        assert p.data.tobytes() == q.data.tobytes()
    for i, state in kept["state"].items():  # a copy, so the steps since then did not reach it
        for key, value in state.items():
            np.testing.assert_array_equal(saved["state"][i][key], value)
    json.dumps(saved["param_groups"])


def test_gradients_are_not_written_to_and_arrays_stay_where_they_are() -> None:
    for name, make in FIRST_ORDER.items():
        params = mixed_parameters()
        arrays = [p.data for p in params]
        optimizer = make(params)
        rng = np.random.default_rng(0)
        gradients = [rng.normal(size=p.shape) for p in params]
        before = [g.copy() for g in map(np.asarray, gradients)]
        for p, g in zip(params, gradients, strict=True):
            p.grad = ag.Tensor(np.asarray(g))
        optimizer.step()
        assert all(p.data is a for p, a in zip(params, arrays, strict=True)), name
        for p, b in zip(params, before, strict=True):
            np.testing.assert_array_equal(p.grad.data, b)


def test_data_may_be_replaced_and_converted_after_construction() -> None:
    params = [ag.Tensor(np.ones(3), requires_grad=True) for _ in range(3)]
    optimizer = optim.Adam(params, lr=0.1)
    for p in params:
        p.grad = ag.Tensor(np.ones(3))
    optimizer.step()
    for p in params:
        p.data = p.data.astype(np.float32)
        p.grad = ag.Tensor(np.ones(3, np.float32))
    optimizer.step()
    assert {p.data.dtype for p in params} == {np.dtype(np.float32)}
    assert optimizer.state[params[0]]["exp_avg"].dtype == np.float32
    np.testing.assert_allclose(params[0].data, 0.8, rtol=1e-6)
    before = params[0].data.copy()
    params[0].data = np.ones(4, np.float32)
    params[0].grad = ag.Tensor(np.ones(4, np.float32))
    with pytest.raises(ValueError, match=r"shape \(4,\) now, but its exp_avg has"):
        optimizer.step()
    np.testing.assert_array_equal(params[1].data, before)


def test_data_that_is_not_contiguous() -> None:
    x = ag.Tensor(np.zeros((60, 50)), requires_grad=True)
    x.data = np.zeros((50, 60)).T
    x.grad = ag.Tensor(np.ones((50, 60)).T)
    optim.SGD([x], lr=1.0).step()
    np.testing.assert_array_equal(x.data, -1)


def test_a_switch_may_be_turned_on_later() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)
    x.grad = ag.Tensor([1.0, 1.0])
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    np.testing.assert_allclose(x.data, np.array([1.0, 2.0]) - 0.1 - 0.1 - 0.15)


def test_a_step_makes_graphs_that_need_the_old_numbers_refuse() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    optim.SGD([x], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_a_closure_is_called_and_its_result_returned() -> None:
    x = ag.Tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with ag.no_grad():
        assert optimizer.step(closure).item() == 4.0
    np.testing.assert_allclose(x.data, [1.6])


def test_zero_grad() -> None:
    x = ag.Tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([x])
    (x * x).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(x.grad.data, [0.0])
    optimizer.zero_grad()
    assert x.grad is None


def test_groups_added_later_learn_at_their_rate() -> None:
    x, y = (ag.Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([x], lr=0.1)
    optimizer.add_param_group({"params": y, "lr": 0.5, "name": "head"})
    (x + y).sum().backward()
    optimizer.step()
    assert (x.item(), y.item()) == (0.9, 0.5)
    assert "name='head'" in repr(optimizer)


def test_numpy_scalars_as_rates_do_not_promote_float32() -> None:
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    optimizer = optim.SGD([{"params": [x], "lr": np.float64(0.1)}])
    assert type(optimizer.param_groups[0]["lr"]) is float


# --- FAULTS -------------------------------------------------------------------------------------


def leaf(*shape: int) -> ag.Tensor:
    return ag.Tensor(np.ones(shape), requires_grad=True)


def test_fault_51_what_is_given_as_parameters() -> None:
    x = leaf(2)
    with pytest.raises(ValueError, match="no parameters"):
        optim.SGD([])
    with pytest.raises(TypeError, match="single Tensor"):
        optim.SGD(x)
    with pytest.raises(ValueError, match="result of an operation"):
        optim.SGD([x * 2])
    with pytest.raises(ValueError, match="already being learned"):
        optim.SGD([x, x])
    with pytest.raises(ValueError, match="already being learned"):
        optim.SGD([{"params": [x]}, {"params": [x]}])
    with pytest.raises(TypeError, match="expected tensors, got ndarray"):
        optim.SGD([np.ones(2)])
    with pytest.raises(TypeError, match="a set"):
        optim.SGD([{"params": {x}}])
    with pytest.raises(TypeError, match="floating parameters, got int64"):
        optim.SGD([ag.Tensor([1, 2])])
    with pytest.raises(ValueError, match="expected a group with 'params'"):
        optim.SGD([{"params": [x], "learning_rate": 0.1}])


BAD = [
    (optim.SGD, {"lr": -1}),
    (optim.SGD, {"lr": float("nan")}),
    (optim.SGD, {"lr": float("inf")}),
    (optim.SGD, {"momentum": -0.1}),
    (optim.SGD, {"weight_decay": -0.1}),
    (optim.SGD, {"nesterov": True}),
    (optim.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    (optim.Adam, {"betas": (0.9, 1.0)}),
    (optim.Adam, {"betas": (-0.1, 0.9)}),
    (optim.Adam, {"eps": -1e-8}),
    (optim.AdamW, {"weight_decay": -1}),
    (optim.NAdam, {"momentum_decay": -1}),
    (optim.RMSprop, {"alpha": 1.1}),
    (optim.Adadelta, {"rho": -0.1}),
    (optim.Adagrad, {"lr_decay": -1}),
    (optim.Rprop, {"etas": (1.2, 0.5)}),
    (optim.Rprop, {"step_sizes": (2.0, 1.0)}),
    (optim.Ftrl, {"learning_rate_power": 0.5}),
    (optim.Ftrl, {"lr": 0}),
    (optim.AdagradDA, {"initial_gradient_squared_accumulator_value": 0.0}),
    (optim.ProximalSGD, {"l1_regularization_strength": -1}),
    (optim.ProximalSGD, {"prox": proximal.L1(1.0), "l1_regularization_strength": 1.0}),
    (optim.LBFGS, {"max_iter": 0}),
]


@pytest.mark.parametrize(("kind", "hyper"), BAD)
def test_fault_52_hyper_parameters_out_of_range(kind, hyper) -> None:
    with pytest.raises(ValueError, match=kind.__name__):
        kind([leaf(2)], **hyper)


def test_fault_52_hyper_parameters_that_are_no_numbers() -> None:
    for lr in ("0.1", None, True, leaf(1)):
        with pytest.raises(TypeError, match=r"expected a number in \[0, inf\) for lr"):
            optim.SGD([leaf(2)], lr=lr)
    with pytest.raises(TypeError, match="expected an operator"):
        optim.ProximalSGD([leaf(2)], prox=0.1)


def test_fault_53_a_step_without_gradients_warns_once() -> None:
    optimizer = optim.Adam([leaf(2)])
    with pytest.warns(UserWarning, match="no parameter has a gradient"):
        optimizer.step()
    optimizer.step()


def test_fault_54_clipping_refuses_nan() -> None:
    x = leaf(2)
    x.grad = ag.Tensor([np.nan, 1.0])
    with pytest.raises(RuntimeError, match="norm of the gradients is nan"):
        optim.clip_grad_norm_([x], 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(x.grad.data, [np.nan, 1.0])


def changed(state_dict, change):
    state_dict = copy.deepcopy(state_dict)
    change(state_dict)
    return state_dict


def test_fault_55_a_state_dict_of_something_else() -> None:
    params = [leaf(2), leaf(3)]
    optimizer = optim.Adam(params)
    steps_with_gaps(optimizer, params)
    good = optimizer.state_dict()
    before = copy.deepcopy(good)
    changes = {
        "groups of": lambda s: s["param_groups"].append({"params": []}),
        "got \\[1\\]": lambda s: s["param_groups"][0].update(params=[0]),
        "exp_avg of parameter 1 has shape \\(2,\\)": lambda s: s["state"][1].update(
            exp_avg=np.ones(2)
        ),
        "hyper-parameters": lambda s: s["param_groups"][0].update(momentum=0.9),
        "expected lr in": lambda s: s["param_groups"][0].update(lr=-1),
        "state for parameter 7": lambda s: s["state"].update({7: {}}),
        "expected a dict": lambda s: s.pop("state"),
    }
    for message, change in changes.items():
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_dict(changed(good, change))
        np.testing.assert_equal(optimizer.state_dict(), before)
    with pytest.raises(ValueError, match="another optimizer"):
        optim.SGD(params).load_state_dict(good)


def test_a_refused_step_changes_nothing() -> None:
    params = [leaf(2), leaf(3), leaf(3)]
    optimizer = optim.Adam([{"params": params[:2]}, {"params": params[2:]}])
    steps_with_gaps(optimizer, params)
    before = copy.deepcopy(optimizer.state_dict()), [p.data.copy() for p in params]
    params[2].data = np.ones((2, 2))  # its gradient is of shape (3,)
    with pytest.raises(ValueError, match=r"shape \(2, 2\) has a gradient of shape \(3,\)"):
        optimizer.step()
    np.testing.assert_equal(optimizer.state_dict(), before[0])
    np.testing.assert_equal([p.data for p in params[:2]], before[1][:2])


def test_a_read_only_parameter_is_refused() -> None:
    x, y = leaf(2), leaf(2)
    optimizer = optim.SGD([x, y], lr=0.1)
    with ag.detect_anomaly():
        loss = (y * y * y).sum()
        loss.backward(retain_graph=True)
        x.grad = ag.Tensor(np.ones(2))
        with pytest.raises(ValueError, match="read-only"):
            optimizer.step()
    np.testing.assert_array_equal(x.data, 1)


# --- proximal operators -------------------------------------------------------------------------

Y = np.array([[1.5, -0.3, 0.2], [-2.0, 0.05, 0.7]])
PENALTIES = {
    "L1": (proximal.L1(0.4), lambda x: 0.4 * np.abs(x).sum()),
    "L2": (proximal.L2(0.4), lambda x: 0.2 * (x**2).sum()),
    "ElasticNet": (
        proximal.ElasticNet(0.4, 0.3),
        lambda x: 0.4 * np.abs(x).sum() + 0.15 * (x**2).sum(),
    ),
    "GroupLasso": (
        proximal.GroupLasso(0.4),
        lambda x: 0.4 * np.sqrt((x**2).sum(axis=0)).sum(),
    ),
    "GroupLasso rows": (
        proximal.GroupLasso(1.1, axis=1),
        lambda x: 1.1 * np.sqrt((x**2).sum(axis=1)).sum(),
    ),
    "Box": (proximal.Box(-0.5, 1.0), lambda x: 0 if x.min() >= -0.5 and x.max() <= 1 else np.inf),
    "Simplex": (
        proximal.Simplex(),
        lambda x: 0 if x.min() >= 0 and np.allclose(x.sum(-1), 1, atol=1e-12) else np.inf,
    ),
    "Simplex columns": (
        proximal.Simplex(2.0, axis=0),
        lambda x: 0 if x.min() >= 0 and np.allclose(x.sum(0), 2, atol=1e-12) else np.inf,
    ),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_proximal_operator_minimizes_its_objective(name: str, rng) -> None:
    operator, penalty = PENALTIES[name]
    step = 0.7

    def objective(x):
        return penalty(x) + ((x - Y) ** 2).sum() / (2 * step)

    best = operator(Y.copy(), step)
    assert np.isfinite(objective(best))
    for scale in (1e-1, 1e-3, 1e-5):
        for _ in range(200):
            other = best + scale * rng.normal(size=Y.shape) * (rng.random(Y.shape) < 0.5)
            if "Box" in name:
                other = np.clip(other, -0.5, 1)
            if "Simplex" in name:
                axis, total = operator.axis, operator.total
                other = np.abs(other)
                other *= total / other.sum(axis=axis, keepdims=True)
            assert objective(other) >= objective(best) - 1e-12


@pytest.mark.parametrize("total", [0.1, 1.0, 5.0])
def test_the_projection_on_the_simplex_lowers_all_that_stay_by_the_same(total, rng) -> None:
    for scale in (0.01, 1.0, 100.0):
        y = scale * rng.normal(size=(50, 7))
        x = proximal.Simplex(total)(y, 0.3)
        np.testing.assert_allclose(x.sum(axis=1), total, rtol=1e-12)
        lowered = np.where(x > 0, y - x, -np.inf).max(axis=1, keepdims=True)
        np.testing.assert_allclose(x, np.maximum(y - lowered, 0), atol=1e-12 * scale)


def test_operators_that_need_one_rate_say_so() -> None:
    x = leaf(3)
    x.grad = ag.Tensor(np.ones(3))
    with pytest.raises(ValueError, match="Use ProximalSGD"):
        optim.ProximalAdagrad([x], prox=proximal.Simplex()).step()


def test_lasso_finds_the_sparse_solution() -> None:
    """Against the optimality conditions of the lasso: |Aᵀ(Ax - b)| <= λ, equal where x is not 0."""
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(30, 8)), rng.normal(size=30)
    x = ag.Tensor(np.zeros(8), requires_grad=True)
    lam = 4.0
    optimizer = optim.ProximalSGD(
        [x], lr=1 / np.linalg.norm(A, 2) ** 2, l1_regularization_strength=lam
    )
    for _ in range(2000):
        optimizer.zero_grad()
        (0.5 * ((A @ x - b) ** 2).sum()).backward()
        optimizer.step()
    slope = A.T @ (A @ x.data - b)
    used = x.data != 0
    assert 0 < used.sum() < 8
    np.testing.assert_allclose(slope[used], -lam * np.sign(x.data[used]), atol=1e-8)
    assert np.all(np.abs(slope[~used]) <= lam)


# --- L-BFGS -------------------------------------------------------------------------------------


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def test_lbfgs_is_scipys() -> None:
    start = np.array([-1.2, 1.0, 0.7, -0.3])
    x = ag.Tensor(start, requires_grad=True)
    optimizer = optim.LBFGS([x], max_iter=15, history_size=7)

    def closure():
        loss = rosenbrock(x)
        loss.backward()
        return loss

    optimizer.step(closure)
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen,
        start,
        jac=scipy.optimize.rosen_der,
        method="L-BFGS-B",
        options={"maxiter": 15, "maxcor": 7, "ftol": 1e-9, "gtol": 1e-7, "maxfun": 18},
    )
    np.testing.assert_allclose(x.data, theirs.x, rtol=1e-7)


def test_lbfgs_over_a_model_in_float32() -> None:
    params = [ag.Tensor(p, requires_grad=True, dtype=np.float32) for p in network_start()]
    optimizer = optim.LBFGS(params, max_iter=200)

    def closure():
        optimizer.zero_grad()
        loss = network_loss(params)
        loss.backward()
        return loss

    before = optimizer.step(closure).item()
    assert network_loss(params).item() < 0.2 * before
    assert {p.data.dtype for p in params} == {np.dtype(np.float32)}


def test_lbfgs_leaves_parameters_as_they_were_after_an_exception() -> None:
    x = ag.Tensor([-1.2, 1.0], requires_grad=True)
    calls = []

    def closure():
        calls.append(0)
        if len(calls) == 4:
            raise KeyboardInterrupt
        loss = rosenbrock(x)
        loss.backward()
        return loss

    with pytest.raises(KeyboardInterrupt):
        optim.LBFGS([x]).step(closure)
    np.testing.assert_array_equal(x.data, [-1.2, 1.0])


def test_lbfgs_refuses_what_it_cannot_do() -> None:
    x, y = leaf(2), leaf(2)
    with pytest.raises(ValueError, match="one parameter group"):
        optim.LBFGS([{"params": [x]}, {"params": [y]}])
    with pytest.raises(TypeError, match="expected a closure"):
        optim.LBFGS([x]).step()

    def nan():
        loss = (x * np.nan).sum()
        loss.backward()
        return loss

    with pytest.raises(FloatingPointError, match="the loss is nan"):
        optim.LBFGS([x]).step(nan)
    np.testing.assert_array_equal(x.data, 1)


def test_minimize_over_arguments() -> None:
    found = optim.minimize(lambda a, b: (a**2).sum() + (b - 2) ** 2, np.ones((2, 2)), 0.0)
    np.testing.assert_allclose(found.arguments[0], 0, atol=1e-6)
    np.testing.assert_allclose(found.arguments[1], 2, atol=1e-6)
    assert found.converged
    assert found.value < 1e-10


# --- the race (W18) -----------------------------------------------------------------------------


def test_w18_race_over_a_ravine_and_a_saddle() -> None:
    paths = optim.race(optim.ravine, (-4.0, 1.0), steps=120)
    assert {path.shape for path in paths.values()} == {(121, 2)}
    assert all(np.isfinite(path).all() for path in paths.values())
    ends = {name: optim.ravine(path[-1]) for name, path in paths.items()}
    assert ends["momentum"] < ends["SGD"]  # the slow direction
    assert ends["Nesterov"] < ends["SGD"]

    paths = optim.race(optim.saddle, (1.0, 1e-3), steps=120)
    off = {name: abs(path[60, 1]) for name, path in paths.items()}
    assert off["SGD"] < 0.1  # still near the saddle, while the others are on their way down
    assert min(off[name] for name in ("Adam", "RMSprop", "Adagrad")) > 1


def test_w18_momentum_and_adagrad_by_their_formulas() -> None:
    """v = μ v - η dx, x += v: the same path as ours while η is constant."""
    x, v, cache = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    y = x.copy()
    momentum = ag.Tensor(x, requires_grad=True)
    adagrad_ = ag.Tensor(y, requires_grad=True)
    optimizers = [
        optim.SGD([momentum], lr=0.1, momentum=0.9),
        optim.Adagrad([adagrad_], lr=0.1, eps=1e-7),
    ]
    for _ in range(20):
        v = 0.9 * v - 0.1 * 2 * x
        x = x + v
        cache = cache + (2 * y) ** 2
        y = y - 0.1 * 2 * y / (np.sqrt(cache) + 1e-7)
        for t, o in zip((momentum, adagrad_), optimizers, strict=True):
            o.zero_grad()
            (t * t).sum().backward()
            o.step()
    np.testing.assert_allclose(momentum.data, x, rtol=1e-12)
    np.testing.assert_allclose(adagrad_.data, y, rtol=1e-12)
