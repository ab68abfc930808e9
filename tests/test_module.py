"""Module: what belongs to it, names, calling, state, hooks, freezing, errors, the summary."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.context import current_mode, scope_path


class Block(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        self.first = nn.Linear(size, size)
        self.scale = nn.Parameter(np.ones(size))
        self.seen = nn.Buffer(np.zeros(size))
        self.second = nn.Linear(size, 2, bias=False)

    def forward(self, x):
        return self.second(nn.functional.relu(self.first(x)) * self.scale)


@pytest.fixture
def block():
    ag.manual_seed(3)
    return Block()


X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


# --- what belongs to it -----------------------------------------------------------------------


def test_parameters_come_with_their_paths_own_ones_first(block):
    assert [name for name, _ in block.named_parameters()] == [
        "scale",
        "first.weight",
        "first.bias",
        "second.weight",
    ]
    assert [name for name, _ in block.named_buffers()] == ["seen"]
    assert [name for name, _ in block.named_modules()] == ["", "first", "second"]
    assert list(block.children()) == [block.first, block.second]
    assert [n for n, _ in block.named_parameters(prefix="net")][1] == "net.first.weight"
    assert list(block.parameters(recurse=False)) == [block.scale]
    assert list(block.buffers(recurse=False)) == [block.seen]


def test_parameters_come_in_the_order_of_their_names():
    model = nn.Sequential(Block(), nn.ModuleList([Block(), nn.Linear(2, 2)]), nn.ReLU())
    model[0].tied = model[1][0].first
    assert list(model.parameters()) == [p for _, p in model.named_parameters()]


def test_a_shared_parameter_comes_once_and_is_saved_under_both_names():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    assert [n for n, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_shared_module_comes_once():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(list(model.modules())) == 3
    assert len(list(model.parameters())) == 2


def test_an_attribute_set_to_none_or_deleted_no_longer_belongs(block):
    block.scale = None
    del block.first
    assert [name for name, _ in block.named_parameters()] == ["second.weight"]
    assert block.scale is None


def test_parameters_are_float32_unless_told(monkeypatch):
    assert nn.Linear(2, 2).weight.dtype == np.float32
    assert nn.Linear(2, 2, dtype=np.float64).weight.dtype == np.float64
    assert nn.Parameter(np.zeros(2)).dtype == np.float32
    assert nn.Parameter(np.zeros(2, complex)).dtype == complex
    ag.set_default_dtype(np.float64)
    try:
        assert nn.Linear(2, 2).bias.dtype == np.float64
    finally:
        ag.set_default_dtype(np.float32)
    with pytest.raises(TypeError, match="floating dtype, got int64"):
        ag.set_default_dtype(np.int64)


def test_a_parameter_owns_its_data():
    data = np.ones(3, np.float32)
    parameter = nn.Parameter(data)
    parameter.data[0] = 5
    assert data[0] == 1


def test_registration_by_call(block):
    block.add_module("extra", nn.ReLU())
    block.register_parameter("gain", nn.Parameter([1.0]))
    block.register_buffer("count", np.array(3))
    block.register_buffer("scratch", np.zeros(2), persistent=False)
    assert isinstance(block.extra, nn.ReLU)
    assert "gain" in dict(block.named_parameters())
    assert {"seen", "count", "scratch"} == {n for n, _ in block.named_buffers()}
    assert "count" in block.state_dict()
    assert "scratch" not in block.state_dict()


def test_a_buffer_stays_one_when_it_is_assigned_to(block):
    block.seen = block.seen + 1
    assert isinstance(block.seen, nn.Buffer)
    assert block.state_dict()["seen"].tolist() == [1, 1, 1, 1]


def test_get_submodule():
    model = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Tanh()))
    assert model.get_submodule("0.1") is model[0][1]
    assert model.get_submodule("") is model
    with pytest.raises(AttributeError, match="no attribute '7'"):
        model.get_submodule("0.7")
    with pytest.raises(AttributeError, match="expected a module"):
        nn.Linear(2, 2).get_submodule("weight")


def test_apply_reaches_the_children_before_the_parent():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    order = []
    assert model.apply(lambda m: order.append(type(m).__name__)) is model
    assert order == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_train_and_eval_reach_every_module():
    model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert all(m.training for m in model.train().modules())


# --- calling ----------------------------------------------------------------------------------


def test_operations_know_their_module(block):
    scopes = []
    block.second.register_forward_pre_hook(lambda m, a: scopes.append(current_mode().scope))
    out = block(X)
    assert out.node.scope == (("model", "Block"), ("second", "Linear"))
    assert scope_path(scopes[0]) == "model.second (Linear)"
    assert current_mode().scope == ()


def test_modules_in_lists_and_dicts_are_named_after_these():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            layers = nn.ModuleList([nn.Linear(4, 4)])
            layers.append(nn.Linear(4, 3))
            self.layers = layers
            self.heads = nn.ModuleDict({"a": nn.Linear(3, 3)})
            self.layers.append(nn.Linear(3, 3))

        def forward(self, x):
            outputs = [self.layers[0](x)]
            outputs.append(self.layers[1](outputs[-1]))
            outputs.append(self.layers[2](outputs[-1]))
            outputs.append(self.heads["a"](outputs[-1]))
            return outputs

    paths = [scope_path(out.node.scope) for out in Net()(X)]
    assert paths == [
        "model.layers.0 (Linear)",
        "model.layers.1 (Linear)",
        "model.layers.2 (Linear)",
        "model.heads.a (Linear)",
    ]


def test_two_calls_of_one_module_can_be_told_apart():
    layer = nn.Linear(4, 4)
    first, second, third = layer(X), layer(X), layer(X)
    scopes = [out.node.scope for out in (first, second, third)]
    assert scopes[0] == scopes[1] == scopes[2]
    assert len({id(scope[-1]) for scope in scopes}) == 3


def test_the_scope_is_left_after_an_error(block):
    with pytest.raises(ValueError, match="4 features"):
        block(X[:, :3])
    assert current_mode().scope == ()


def test_each_thread_has_its_own_place_in_the_model(block):
    inside, finish = threading.Event(), threading.Event()

    def wait(module, args):
        inside.set()
        finish.wait(10)

    block.first.register_forward_pre_hook(wait)
    thread = threading.Thread(target=block, args=(X,))
    thread.start()
    inside.wait(10)
    here = current_mode().scope
    finish.set()
    thread.join()
    assert here == ()


def test_a_call_works_outside_and_inside_other_modes(block):
    with ag.no_grad():
        assert not block(X).requires_grad
    assert block(X).requires_grad
    with ag.scope("encoder"):
        assert block(X).node.scope[0] == ("encoder", "")


def test_a_model_leaves_no_reference_cycles(block):
    gc.collect()
    gc.disable()
    try:
        loss = block(X).sum()
        loss.backward()
        del loss
        assert gc.collect() == 0
        del block
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- faults -----------------------------------------------------------------------------------


def test_fault_41_names_the_path_of_the_layer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))

        def forward(self, x):
            return self.features(x)

    with pytest.raises(ValueError, match="4 features") as caught:
        Net()(X[:, :3])
    message = str(caught.value)
    assert "got an input of shape (3, 3) [in model.features.2 (Linear)]. Reshape" in message
    assert message.count("[in ") == 1


def test_other_errors_name_the_path_too():
    class Odd(nn.Module):
        def forward(self, x):
            raise KeyError(x)

    class Short(nn.Module):
        def forward(self, x):
            raise TypeError("no end")

    class Two(nn.Module):
        def forward(self, x):
            raise ValueError("one", "two")

    with pytest.raises(KeyError, match=r"^3$"):
        Odd()(3)
    with pytest.raises(TypeError, match=r"^no end \[in model.0 \(Short\)\]$"):
        nn.Sequential(Short())(3)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # its arguments are looked at
        Two()(3)
    assert caught.value.args == ("one", "two")
    with pytest.raises(TypeError, match=r"positional argument.*\[in model \(Block\)\]"):
        Block()()


@pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (-1, 2)])
def test_fault_42_sizes(sizes):
    with pytest.raises(ValueError, match=r"Linear: expected (in|out)_features of at least 1, got"):
        nn.Linear(*sizes)
    with pytest.raises(TypeError, match=r"expected an integer in_features, got 2\.5"):
        nn.Linear(2.5, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Embedding(0, 2),
        lambda: nn.BatchNorm1d(0),
        lambda: nn.LayerNorm((3, 0)),
        lambda: nn.GroupNorm(1, 0),
        lambda: nn.PReLU(0),
        lambda: nn.Maxout(2, 2, 0),
        lambda: nn.LocalResponseNorm(0),
        lambda: nn.Perceptron(0),
        lambda: nn.MLP([3, 0, 2]),
    ],
)
def test_fault_42_every_layer(make):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        make()


def test_fault_49_without_super_init():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)

    class Empty(nn.Module):
        def __init__(self):
            pass

        def forward(self, x):
            return x

    with pytest.raises(RuntimeError, match=r"Forgetful.layer: .* super\(\).__init__\(\)"):
        Forgetful()
    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Empty()(1)


def test_fault_49_without_forward():
    class Shapeless(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Shapeless: there is no forward"):
        Shapeless()(1)
    with pytest.raises(NotImplementedError, match="ModuleList"):
        nn.ModuleList()(1)


@pytest.mark.parametrize("value", [np.zeros((2, 2)), ag.Tensor(np.zeros((2, 2))), 3.0])
def test_fault_49_a_parameter_overwritten(value):
    layer = nn.Linear(2, 2)
    before = layer.weight
    with pytest.raises(TypeError, match=r"Linear\.weight: it is a Parameter"):
        layer.weight = value
    assert layer.weight is before
    with pytest.raises(TypeError, match="it is a Linear"):
        nn.Sequential(layer).__setattr__("0", value)


def test_fault_50_a_misspelt_attribute():
    with pytest.raises(AttributeError, match=r"Linear has no attribute 'wieght'.*'weight'"):
        _ = nn.Linear(2, 2).wieght
    assert not hasattr(nn.Linear(2, 2), "__array__")
    with pytest.raises(AttributeError, match=r"no devices.*astype"):
        nn.Linear(2, 2).to("cpu")


# --- state ------------------------------------------------------------------------------------


def test_state_makes_a_round_trip(block):
    state = block.state_dict()
    other = Block()
    assert other.load_state_dict(state) == ([], [])
    np.testing.assert_array_equal(other(X).data, block(X).data)


def test_a_state_is_a_copy(block):
    state = block.state_dict()
    state["scale"][...] = 7
    assert block.scale.data.max() == 1


def test_loading_converts_and_keeps_the_arrays(block):
    array = block.scale.data
    block.load_state_dict({"scale": [1, 2, 3, 4]}, strict=False)
    assert block.scale.data is array
    assert array.dtype == np.float32
    assert array.tolist() == [1, 2, 3, 4]


def test_loading_is_noticed_by_the_graph(block):
    out = (block.scale * block.scale).sum()
    block.load_state_dict(block.state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_a_bad_state_is_refused_whole(block):
    good = block.state_dict()
    bad = {**good, "scale": good["scale"] + 1, "first.weight": np.zeros((2, 2)), "new": np.zeros(1)}
    del bad["second.weight"]
    bad["seen"] = np.zeros(4, complex)
    with pytest.raises(ValueError, match="load_state_dict") as caught:
        block.load_state_dict(bad)
    for part in (
        "missing: second.weight",
        "unexpected: new",
        r"first.weight: expected shape (4, 4), got (2, 2)",
        "seen: expected float64, got complex128",
    ):
        assert part in str(caught.value)
    for name, array in block.state_dict().items():
        np.testing.assert_array_equal(array, good[name])


def test_strict_false_reports_what_it_passed_over(block):
    found = block.load_state_dict({"scale": np.zeros(4), "new": np.zeros(1)}, strict=False)
    assert found.missing_keys == ["seen", "first.weight", "first.bias", "second.weight"]
    assert found.unexpected_keys == ["new"]
    with pytest.raises(ValueError, match="scale: expected shape"):
        block.load_state_dict({"scale": np.zeros(5)}, strict=False)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent(block, clone):
    with ag.detect_anomaly():
        block(X)
    twin = clone(block)
    np.testing.assert_array_equal(twin(X).data, block(X).data)
    twin.scale.data[...] = 9
    assert block.scale.data.max() == 1
    twin(X).sum().backward()
    assert block.scale.grad is None
    assert twin.scale.grad is not None


def test_astype_converts_parameters_gradients_and_floating_buffers():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    model(X).sum().backward()
    assert model.astype(np.float64) is model
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    assert model[1].running_mean.dtype == np.float64
    assert model[1].num_batches_tracked.dtype == np.int64
    assert model(X.astype(np.float64)).dtype == np.float64
    with pytest.raises(TypeError, match="floating dtype, got int64"):
        model.astype(int)


# --- gradients --------------------------------------------------------------------------------


def test_zero_grad(block):
    block(X).sum().backward()
    block.zero_grad(set_to_none=False)
    assert all((p.grad.data == 0).all() for p in block.parameters())
    block.zero_grad()
    assert all(p.grad is None for p in block.parameters())


def test_freezing_by_pattern(block):
    block.requires_grad_(False, "first.*")
    frozen = [name for name, p in block.named_parameters() if not p.requires_grad]
    assert frozen == ["first.weight", "first.bias"]
    block(X).sum().backward()
    assert block.first.weight.grad is None
    assert block.second.weight.grad is not None
    assert all(p.requires_grad for p in block.requires_grad_().parameters())
    assert not any(p.requires_grad for p in block.requires_grad_(False).parameters())
    assert not block(X).requires_grad
    with pytest.raises(
        ValueError, match=r"no parameter matches 'frist.\*'. There are: scale, first"
    ):
        block.requires_grad_(False, "frist.*")


# --- hooks ------------------------------------------------------------------------------------


def test_forward_hooks_see_and_replace():
    layer = nn.Identity()
    calls = []
    before = layer.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
    after = layer.register_forward_hook(lambda m, args, out: calls.append((args, out)) or out * 2)
    assert layer(1) == 4
    assert calls == [((2,), 2)]
    before.remove()
    assert layer(1) == 2
    after()
    after.remove()  # a second time changes nothing
    assert layer(1) == 1
    with layer.register_forward_hook(lambda m, args, out: 7):
        assert layer(1) == 7
    assert layer(1) == 1


def test_a_backward_hook_sees_the_gradients_of_both_sides():
    layer = nn.Linear(4, 2, dtype=np.float64)
    seen = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = ag.Tensor(X.astype(float), requires_grad=True)
    g = np.arange(6.0).reshape(3, 2)
    layer(x).backward(g)
    (((grad_input,), (grad_output,)),) = seen
    np.testing.assert_array_equal(grad_output.data, g)
    np.testing.assert_allclose(grad_input.data, g @ layer.weight.data)
    np.testing.assert_array_equal(x.grad.data, grad_input.data)


def test_a_backward_hook_replaces_the_gradient_of_the_input():
    layer = nn.Linear(4, 2)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
    x = ag.Tensor(X, requires_grad=True)
    layer(x).sum().backward()
    expected = 10 * np.ones((3, 2)) @ layer.weight.data
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-6)
    assert x.grad.dtype == np.float32


def test_a_backward_hook_of_two_inputs_runs_once_also_at_order_two():
    class Product(nn.Module):
        def forward(self, x, y):
            return x * y

    calls = []
    layer = Product()
    layer.register_full_backward_hook(lambda m, gi, go: calls.append(len(gi)))
    x, y = ag.Tensor([2.0], requires_grad=True), ag.Tensor([3.0], requires_grad=True)
    (gx,) = ag.gradients(layer(x, y).sum(), [x], create_graph=True)
    assert calls == [2]
    assert gx.item() == 3
    gx.backward()
    assert y.grad.item() == 1
    calls.clear()
    layer(x, y).sum().backward()
    assert calls == [2]
    assert (x.grad.item(), y.grad.item()) == (3, 3)


def test_a_backward_hook_without_tracked_input():
    layer = nn.Linear(4, 2)
    seen = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].shape)))
    layer(X).sum().backward()
    assert seen == [((), (3, 2))]


# --- looking ----------------------------------------------------------------------------------


def test_repr_shows_the_tree():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Dropout(0.5)))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): Dropout(p=0.5)\n"
        "  )\n"
        ")"
    )


def test_summary_tells_shapes_parameters_and_memory(block):
    table = block.summary((3, 4))
    lines = str(table).splitlines()
    assert repr(table) == str(table)
    assert lines[2].split() == ["(model)", "Block", "(3,", "2)", "4", "40", "B"]
    assert lines[3].split() == ["first", "Linear", "(3,", "4)", "20", "128", "B"]
    assert lines[-1] == ("32 parameters, 32 of them learned: 128 B; outputs of this batch: 96 B")


def test_summary_changes_nothing():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[2].eval()
    state, random = model.state_dict(), ag.default_generator().bit_generator.state
    model.summary((2, 4))
    assert [m.training for m in model.modules()] == [True, True, True, False]
    assert ag.default_generator().bit_generator.state == random
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    with pytest.raises(ValueError, match="4 features"):
        model.summary((2, 5))
    assert [m.training for m in model.modules()] == [True, True, True, False]
    assert not any(m._hooks.after_forward for m in model.modules())


def test_summary_of_indices():
    lines = str(nn.Sequential(nn.Embedding(5, 3)).summary((2, 7), dtype=int)).splitlines()
    assert "(2, 7, 3)" in lines[2]


# --- containers -------------------------------------------------------------------------------


def test_sequential():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x = model[2](nn.functional.relu(model[0](X)))
    np.testing.assert_array_equal(model(X).data, x.data)
    assert model[-1] is model[2]
    assert len(model) == 3
    assert [type(m).__name__ for m in model] == ["Linear", "ReLU", "Linear"]
    part = model[1:]
    assert isinstance(part, nn.Sequential)
    assert list(part) == [model[1], model[2]]
    model[1] = nn.Tanh()
    assert isinstance(model[1], nn.Tanh)
    with pytest.raises(IndexError, match="index 3 is out of range for 3 modules"):
        _ = model[3]
    with pytest.raises(TypeError, match="expected modules, got function"):
        nn.Sequential(lambda x: x)


def test_sequential_by_name():
    model = nn.Sequential({"fc": nn.Linear(4, 2), "act": nn.ReLU()})
    assert [n for n, _ in model.named_parameters()] == ["fc.weight", "fc.bias"]
    assert isinstance(model.act, nn.ReLU)
    assert model(X).shape == (3, 2)
    for name in ("forward", "a.b", ""):
        with pytest.raises(ValueError, match="can't name a module"):
            nn.Sequential({name: nn.ReLU()})


def test_module_list_and_dict():
    layers = nn.ModuleList([nn.ReLU()]).append(nn.Tanh()).extend([nn.Sigmoid()])
    assert len(layers) == 3
    assert isinstance(layers[1:], nn.ModuleList)
    heads = nn.ModuleDict({"a": nn.ReLU()})
    heads["b"] = nn.Tanh()
    assert "b" in heads
    assert heads.keys() == ["a", "b"]
    assert [name for name, _ in heads.items()] == list(heads)
    assert heads.values() == [heads["a"], heads["b"]]
    del heads["a"]
    assert len(heads) == 1
    with pytest.raises(KeyError, match="no module 'a'; there are b"):
        _ = heads["a"]
    with pytest.raises(ValueError, match="can't name a module"):
        heads["training"] = nn.ReLU()
