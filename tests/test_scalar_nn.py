"""The scalar MLP: the same numbers as arrays give, and as the program written out in single steps."""

import random

import numpy as np
import pytest

from autograd import Value
from nn.scalar import MLP, Layer, Neuron


def moons(samples, rng):
    """Two half circles, one in the other's gap; labels -1 and 1."""
    angle = rng.uniform(0, np.pi, samples)
    label = np.where(np.arange(samples) % 2, 1, -1)
    x = np.where(label > 0, 1 - np.cos(angle), np.cos(angle))
    y = np.where(label > 0, 0.5 - np.sin(angle), np.sin(angle))
    return np.column_stack([x, y]) + rng.normal(0, 0.05, (samples, 2)), label


def hinge_loss(model, points, labels, alpha=1e-4):
    losses = [(1 - int(y) * model(x)).relu() for x, y in zip(points, labels, strict=True)]
    parameters = model.parameters()
    return sum(losses) * (1 / len(losses)) + alpha * Value.dot(parameters, parameters)


def one_step_at_a_time(model, x):
    """micrograd's forward pass: every product and every sum a node of its own."""
    x = [Value(float(v)) for v in x]
    for layer in model.layers:
        x = [sum((w * v for w, v in zip(n.w, x, strict=True)), n.b) for n in layer.neurons]
        if layer is not model.layers[-1]:
            x = [v.relu() for v in x]
    return x[0]


def as_arrays(model):
    return [
        (np.array([[w.data for w in n.w] for n in layer.neurons]),
         np.array([n.b.data for n in layer.neurons]))
        for layer in model.layers
    ]  # fmt: skip


def test_the_gradients_are_those_of_the_matrices(rng):
    """Backpropagation by hand: dW = dZᵀ X, dX = dZ W, through relu and the hinge."""
    model = MLP(2, [5, 4, 1], rng=random.Random(7))
    points, labels = moons(12, rng)
    loss = hinge_loss(model, points, labels)
    loss.backward()

    weights = as_arrays(model)
    activations = [points]
    for i, (W, b) in enumerate(weights):
        z = activations[-1] @ W.T + b
        activations.append(np.maximum(z, 0) if i < 2 else z)
    margin = 1 - labels[:, None] * activations[-1]
    squares = sum(np.sum(W**2) + np.sum(b**2) for W, b in weights)
    assert loss.data == pytest.approx(np.mean(np.maximum(margin, 0)) + 1e-4 * squares, rel=1e-13)

    g = -labels[:, None] * (margin > 0) / len(labels)
    expected = []
    for i in (2, 1, 0):
        W, b = weights[i]
        both = np.column_stack([g.T @ activations[i] + 2e-4 * W, g.sum(axis=0) + 2e-4 * b])
        expected = [*both.ravel().tolist(), *expected]
        g = (g @ W) * (activations[i] > 0)
    assert [p.grad for p in model.parameters()] == pytest.approx(expected, rel=1e-11, abs=1e-15)


def test_one_node_a_neuron_gives_what_single_steps_give(rng):
    model = MLP(2, [6, 6, 1], rng=random.Random(3))
    points, _ = moons(8, rng)
    results = []
    for forward in (model, lambda x: one_step_at_a_time(model, x)):
        model.zero_grad()
        out = Value.sum(forward(x).tanh() for x in points)
        out.backward()
        results.append([out.data, *[p.grad for p in model.parameters()]])
    assert results[0] == pytest.approx(results[1], rel=1e-12, abs=1e-15)


def test_weights_are_drawn_in_micrograds_order():
    model = MLP(2, [3, 1], rng=random.Random(1337))
    rng = random.Random(1337)
    for layer in model.layers:
        for neuron in layer.neurons:
            assert [w.data for w in neuron.w] == [rng.uniform(-1, 1) for _ in neuron.w]
            assert neuron.b.data == 0.0


def test_without_a_generator_pythons_own_is_used():
    random.seed(5)
    first = [p.data for p in MLP(2, [2]).parameters()]
    random.seed(5)
    assert [p.data for p in MLP(2, [2]).parameters()] == first
    assert [p.data for p in MLP(2, [2], rng=random.Random(6)).parameters()] != first


def test_it_learns_the_two_moons(rng):
    points, labels = moons(60, rng)
    model = MLP(2, [8, 8, 1], rng=random.Random(1337))
    for k in range(100):
        loss = hinge_loss(model, points, labels)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
    assert loss.data < 0.05
    assert all((model(x).data > 0) == (y > 0) for x, y in zip(points, labels, strict=True))


def test_shapes_parameters_and_texts():
    model = MLP(3, [4, 2], rng=random.Random(0))
    out = model([1, 2.0, Value(3)])
    assert [type(v) for v in out] == [Value, Value]
    assert isinstance(MLP(3, [1])([1, 2, 3]), Value)
    assert isinstance(MLP(1, [1, 1])([1]), Value)
    assert len(model.parameters()) == (3 + 1) * 4 + (4 + 1) * 2
    assert repr(model) == (
        "MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3), ReLUNeuron(3), ReLUNeuron(3)], "
        "Layer of [LinearNeuron(4), LinearNeuron(4)]]"
    )
    out[0].backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_a_layer_is_a_scope():
    out = MLP(2, [2, 1], rng=random.Random(0))([1, 2])
    assert out.scope == (("layer 1", "Layer"),)
    assert out.parents[2].scope == (("layer 0", "Layer"),)


@pytest.mark.parametrize(
    "make", [lambda: Neuron(0), lambda: Layer(2, 0), lambda: MLP(2, [3, 0]), lambda: MLP(0, [1])]
)
def test_sizes_below_one_are_refused(make):
    with pytest.raises(ValueError, match="of at least 1, got 0"):
        make()


def test_a_network_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least one layer"):
        MLP(2, [])


def test_a_wrong_number_of_inputs_is_refused():
    with pytest.raises(ValueError, match="got 3 inputs and 2 weights"):
        MLP(2, [3, 1])([1, 2, 3])
