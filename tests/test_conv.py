"""Convolutions against a direct loop, JAX, numerical differentiation and the worked numbers."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest

import autograd as ag
import nn.convolve
from nn import functional as F
from nn.conv import (
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    LocallyConnected1d,
    LocallyConnected2d,
)

NONE = ((0, 0), (0, 0))


def correlate(x, w, stride=(1, 1), padding=NONE, dilation=(1, 1), groups=1):
    """The definition: one window after the other."""
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    rows = range(0, x.shape[2] - extent[0] + 1, stride[0])
    columns = range(0, x.shape[3] - extent[1] + 1, stride[1])
    out = np.zeros((len(x), len(w), len(rows), len(columns)))
    channels, each = w.shape[1], len(w) // groups
    for (p, row), (q, column) in itertools.product(enumerate(rows), enumerate(columns)):
        window = x[
            :,
            :,
            row : row + extent[0] : dilation[0],
            column : column + extent[1] : dilation[1],
        ]
        for group in range(groups):
            part = slice(group * each, (group + 1) * each)
            mine = window[:, group * channels : (group + 1) * channels]
            out[:, part, p, q] = np.einsum("ncij,ocij->no", mine, w[part])
    return out


GRID = [
    (size, kernel, stride, padding, dilation, groups)
    for size, kernel, stride, padding, dilation, groups in itertools.product(
        [(6, 6), (7, 9), (5, 1)],
        [(1, 1), (3, 3), (2, 1), (1, 4)],
        [(1, 1), (2, 2), (3, 1)],
        [NONE, ((1, 1), (1, 1)), ((0, 2), (4, 3))],
        [(1, 1), (2, 3)],
        [1, 2, 4],
    )
    if all(
        n + sum(p) >= d * (k - 1) + 1
        for n, k, p, d in zip(size, kernel, padding, dilation, strict=True)
    )
]


def arrays(rng, size, kernel, groups, out=8):
    return rng.normal(size=(3, 4, *size)), rng.normal(size=(out, 4 // groups, *kernel))


@pytest.mark.parametrize("cache", [1, 1 << 20], ids=["sample by sample", "all in one block"])
def test_values_and_both_gradients_on_the_grid(rng, monkeypatch, cache):
    # The map is bilinear: <g, x * w> must equal <dx, x> and <dw, w> for *every* x and w, so one
    # random direction of each checks the whole gradient against the loop.
    monkeypatch.setattr(nn.convolve, "CACHE", cache)
    for size, kernel, stride, padding, dilation, groups in GRID:
        x, w = arrays(rng, size, kernel, groups)
        how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        expected = correlate(x, w, **how)
        case = f"{size=} {kernel=} {how}"
        tx, tw = ag.Tensor(x, requires_grad=True), ag.Tensor(w, requires_grad=True)
        y = F.conv2d(tx, tw, **how)
        np.testing.assert_allclose(y.data, expected, atol=1e-12, err_msg=case)
        g, v, u = (rng.normal(size=a.shape) for a in (expected, x, w))
        y.backward(g)
        for got, moved in (
            ((tx.grad.data * v).sum(), correlate(v, w, **how)),
            ((tw.grad.data * u).sum(), correlate(x, u, **how)),
        ):
            assert got == pytest.approx((g * moved).sum(), rel=1e-10, abs=1e-10), case


@pytest.mark.parametrize(("channels", "out"), [(2, 8), (8, 2), (1, 16), (5, 5)])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_the_input_gradient_whichever_way_it_is_computed(rng, channels, out, padding):
    x, v = rng.normal(size=(2, 2, channels, 6, 7))
    w = rng.normal(size=(out, channels, 3, 3))
    around = ((padding, padding),) * 2
    g = rng.normal(size=correlate(x, w, padding=around).shape)
    dx = nn.convolve.input_gradient(g, w, size=(6, 7), padding=around)
    expected = (g * correlate(v, w, padding=around)).sum()
    assert (dx * v).sum() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("kernel", "padding"), [((1, 1), NONE), ((2, 3), ((1, 0), (2, 2)))])
def test_orders_one_and_two(rng, kernel, padding, stride, dilation, groups):
    x, w, b = (
        rng.normal(size=(2, 2, 4, 3)),
        rng.normal(size=(2, 2 // groups, *kernel)),
        rng.normal(size=2),
    )

    def f(x, w, b):
        return F.conv2d(x, w, b, stride, padding, dilation, groups)

    assert ag.gradcheck(f, x, w, b, order=2)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 1, "valid", "full"])
@pytest.mark.parametrize("groups", [1, 2])
def test_jax_gets_the_same(rng, stride, padding, groups):
    import jax

    x, w = rng.normal(size=(2, 4, 9, 8)), rng.normal(size=(6, 4 // groups, 3, 2))
    p = {"valid": [(0, 0)] * 2, "full": [(4, 4), (2, 2)]}.get(padding, [(padding, padding)] * 2)

    def theirs(x, w):
        return jax.lax.conv_general_dilated(
            x, w, (stride, stride), p, rhs_dilation=(2, 2), feature_group_count=groups
        )

    def ours(x, w):
        return F.conv2d(x, w, stride=stride, padding=padding, dilation=2, groups=groups)

    np.testing.assert_allclose(ours(x, w), theirs(x, w), atol=1e-12)
    expected = jax.grad(lambda x, w: (theirs(x, w) ** 2).sum(), (0, 1))(x, w)
    got = ag.grad(lambda x, w: (ours(x, w) ** 2).sum(), (0, 1))(x, w)
    for mine, yours in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-10)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize(
    ("stride", "padding"),
    [(1, 0), (3, 0), (1, 2), (3, 2), (1, ((1, 3),)), (3, ((1, 3),)), (1, "same"), (1, "full")],
)
@pytest.mark.parametrize(("length", "kernel"), [(9, 3), (12, 4), (7, 1)])
def test_one_axis_is_a_plane_of_height_one(rng, length, kernel, stride, padding, dilation, groups):
    x, w, b = (
        rng.normal(size=(2, 4, length)),
        rng.normal(size=(6, 4 // groups, kernel)),
        rng.normal(size=6),
    )
    around = nn.functional.convolution.conv_padding("", padding, (kernel,), (stride,), (dilation,))
    expected = correlate(
        x[:, :, None], w[:, :, None], (1, stride), ((0, 0), *around), (1, dilation), groups
    )
    y = F.conv1d(x, w, b, stride, padding, dilation, groups)
    np.testing.assert_allclose(y, expected[:, :, 0] + b[:, None], atol=1e-12)
    assert ag.gradcheck(
        lambda x, w: F.conv1d(x, w, None, stride, padding, dilation, groups), x[:1], w[:2]
    )


def scattered(x, w, stride, padding, output_padding, dilation, groups):
    """The transposed convolution by its definition: each entry adds its multiple of the kernel."""
    each, ours = w.shape[1], len(w) // groups
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    whole = [
        (n - 1) * s + e + o
        for n, s, e, o in zip(x.shape[2:], stride, extent, output_padding, strict=True)
    ]
    out = np.zeros((len(x), each * groups, *whole))
    for n, c, p, q in np.ndindex(*x.shape):
        group = c // ours
        target = out[n, group * each : (group + 1) * each]
        target = target[:, p * stride[0] :, q * stride[1] :]
        target = target[:, : extent[0] : dilation[0], : extent[1] : dilation[1]]
        target += x[n, c, p, q] * w[c]
    return out[:, :, padding[0] : whole[0] - padding[0], padding[1] : whole[1] - padding[1]]


TRANSPOSED = [
    case
    for case in itertools.product(
        [(3, 4), (1, 5), (4, 4)],  # size
        [(1, 1), (3, 3), (2, 4)],  # kernel
        [(1, 1), (2, 2), (1, 3)],  # stride
        [(0, 0), (1, 0), (1, 1)],  # padding
        [(0, 0), (1, 1), (0, 2)],  # output_padding
        [(1, 1), (2, 1)],  # dilation
        [1, 2],  # groups
    )
    if all(o < max(s, d) for o, s, d in zip(case[4], case[2], case[5], strict=True))
    and all(
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1 >= 1
        for n, k, s, p, o, d in zip(*case[:6], strict=True)
    )
]


def test_transposed_convolution_on_its_grid(rng):
    for size, kernel, stride, padding, output_padding, dilation, groups in TRANSPOSED:
        x, w = rng.normal(size=(2, 4, *size)), rng.normal(size=(4, 3, *kernel))
        b = rng.normal(size=3 * groups)
        expected = scattered(x, w, stride, padding, output_padding, dilation, groups)
        got = F.conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation)
        np.testing.assert_allclose(
            got,
            expected + b[:, None, None],
            atol=1e-12,
            err_msg=f"{size} {kernel} {stride} {padding} {output_padding} {dilation} {groups}",
        )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "dilation"),
    [(1, 0, 0, 1), (2, 1, 1, 1), (3, 2, 2, 2), (1, 1, 1, 2)],
)
def test_transposed_convolution_to_order_two(
    rng, stride, padding, output_padding, dilation, groups
):
    x, w, b = (
        rng.normal(size=(2, 2, 3)),
        rng.normal(size=(2, 2, 3)),
        rng.normal(size=2 * groups),
    )

    def f(x, w, b):
        return F.conv_transpose1d(x, w, b, stride, padding, output_padding, groups, dilation)

    assert ag.gradcheck(f, x, w, b, order=2)
    plane = [a[..., None, :] for a in (x, w)]
    two = F.conv_transpose2d(
        *plane, b, (1, stride), (0, padding), (0, output_padding), groups, (1, dilation)
    )
    np.testing.assert_allclose(f(x, w, b), two[:, :, 0], atol=1e-12)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (0, 2), ((1, 0), (2, 1)), "same", "full"])
def test_padding_modes_go_on_beyond_the_ends(rng, mode, padding):
    x, w = rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(1, 2, 2, 3))
    around = nn.functional.convolution.conv_padding("", padding, (2, 3), (1, 1), (1, 1))
    kind = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    expected = correlate(np.pad(x, ((0, 0), (0, 0), *around), mode=kind), w)
    np.testing.assert_allclose(
        F.conv2d(x, w, padding=padding, padding_mode=mode), expected, atol=1e-12
    )
    assert ag.gradcheck(
        lambda x, w: F.conv2d(x, w, padding=padding, padding_mode=mode), x, w, order=2
    )


@pytest.mark.parametrize(
    ("shape", "kernel", "how"),
    [
        ((4, 3, 12, 12), (16, 3, 3, 3), {"padding": 1}),
        ((4, 16, 9, 11), (8, 16, 5, 5), {"padding": 2, "stride": 2}),
        ((3, 8, 10, 10), (8, 1, 3, 3), {"groups": 8, "dilation": 2}),
    ],
)
def test_float32_is_float64_to_single_precision(rng, shape, kernel, how):
    x, w, b = rng.normal(size=shape), rng.normal(size=kernel), rng.normal(size=kernel[0])
    results = {}
    for dtype in (np.float32, np.float64):
        inputs = [ag.Tensor(a.astype(dtype), requires_grad=True) for a in (x, w, b)]
        y = F.conv2d(*inputs, **how)
        y.backward(np.ones(y.shape, dtype))
        results[dtype] = [y.data, *[t.grad.data for t in inputs]]
        assert all(a.dtype == dtype for a in results[dtype])
    for single, double in zip(*results.values(), strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=1e-5 * np.abs(double).max())


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_result_has_the_common_dtype_of_input_and_weight(dtype):
    x = np.ones((1, 1, 3, 3), dtype)
    assert F.conv2d(x, np.ones((1, 1, 2, 2), np.float32)).dtype == np.float32
    assert F.conv2d(x, np.ones((1, 1, 2, 2))).dtype == np.float64


def test_any_memory_layout(rng):
    x, w = rng.normal(size=(2, 6, 5, 4)), rng.normal(size=(3, 3, 2, 4))
    expected = correlate(x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2))
    got = F.conv2d(x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_an_empty_batch_has_an_empty_result_and_no_gradient_for_the_weight():
    x = ag.Tensor(np.zeros((0, 2, 5, 5)), requires_grad=True)
    w = ag.Tensor(np.ones((3, 2, 3, 3)), requires_grad=True)
    y = F.conv2d(x, w, stride=2)
    y.backward(np.zeros(y.shape))
    assert y.shape == (0, 3, 2, 2)
    assert x.grad.shape == x.shape
    assert not w.grad.data.any()


def test_the_gradient_of_an_input_that_needs_none_is_not_computed(rng, monkeypatch):
    def never(*_, **__):
        pytest.fail("computed a gradient that nobody asked for")

    monkeypatch.setattr(nn.convolve, "input_gradient", never)
    w = ag.Tensor(rng.normal(size=(3, 2, 3, 3)), requires_grad=True)
    F.conv2d(rng.normal(size=(2, 2, 5, 5)), w).sum().backward()
    assert w.grad is not None
    monkeypatch.undo()
    monkeypatch.setattr(nn.convolve, "weight_gradient", never)
    x = ag.Tensor(rng.normal(size=(2, 2, 5, 5)), requires_grad=True)
    F.conv2d(x, w.detach()).sum().backward()
    assert x.grad is not None


def test_the_unfolded_copy_is_not_kept(rng):
    x = ag.Tensor(rng.normal(size=(4, 8, 32, 32)), requires_grad=True)
    w = ag.Tensor(rng.normal(size=(2, 8, 7, 7)), requires_grad=True)
    tracemalloc.start()
    y = F.conv2d(x, w, padding=3)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < y.data.nbytes + 50_000
    assert peak < y.data.nbytes + 7 * x.data.nbytes  # the window unfolded whole would be 49 times


def test_without_a_batch(rng):
    x, w = rng.normal(size=(2, 5, 5)), rng.normal(size=(3, 2, 2, 2))
    np.testing.assert_array_equal(F.conv2d(x, w), F.conv2d(x[None], w)[0])
    np.testing.assert_array_equal(
        F.conv_transpose2d(x, w[:2, :1]), F.conv_transpose2d(x[None], w[:2, :1])[0]
    )
    np.testing.assert_array_equal(
        F.conv1d(x[:, 0], w[:, :, 0]), F.conv1d(x[None, :, 0], w[:, :, 0])[0]
    )


# Unfolding and kernels that are not shared.

WINDOWS = list(
    itertools.product(
        [(5, 4), (6, 6), (3, 7)], [1, (3, 2)], [1, 2], [0, ((1, 0), (2, 1))], [1, (1, 2)]
    )
)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation"), WINDOWS)
def test_unfold_times_a_kernel_is_the_convolution(rng, size, kernel, stride, padding, dilation):
    x = rng.normal(size=(2, 3, *size))
    k = (kernel, kernel) if isinstance(kernel, int) else kernel
    w = rng.normal(size=(4, 3, *k))
    around = nn.window.pairs("", padding, 2)
    d = nn.window.each_axis("", "", dilation, 2, 1)
    expected = correlate(x, w, (stride, stride), around, d)
    columns = F.unfold(x, kernel, dilation, padding, stride)
    np.testing.assert_allclose(
        (w.reshape(4, -1) @ columns).reshape(expected.shape), expected, atol=1e-12
    )
    # fold is its transpose: <fold(c), x> = <c, unfold(x)>
    c = rng.normal(size=columns.shape)
    back = F.fold(c, size, kernel, dilation, padding, stride)
    assert (back * x).sum() == pytest.approx((c * columns).sum())


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation"), WINDOWS[::5])
def test_unfold_and_fold_to_order_two(rng, size, kernel, stride, padding, dilation):
    x = rng.normal(size=(1, 1, *size))

    def there(x):
        return F.unfold(x, kernel, dilation, padding, stride) ** 2

    def back(c):
        return F.fold(c, size, kernel, dilation, padding, stride) ** 2

    assert ag.gradcheck(there, x, order=2)
    assert ag.gradcheck(back, rng.normal(size=there(x).shape), order=2)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "dilation"), WINDOWS)
def test_unshared_kernels_that_are_all_equal_convolve(rng, size, kernel, stride, padding, dilation):
    layer = LocallyConnected2d(
        3, 4, size, kernel, stride, padding, dilation, dtype=np.float64, rng=rng
    )
    x, w = rng.normal(size=(2, 3, *size)), layer.weight.data
    shared = np.broadcast_to(w[0, 0], w.shape).copy()
    expected = F.conv2d(x, w[0, 0], None, stride, padding, dilation)
    got = F.locally_connected2d(x, shared, None, stride, padding, dilation)
    np.testing.assert_allclose(got, expected, atol=1e-12)
    # and position by position with kernels of their own
    y = layer(x).data
    for p, q in np.ndindex(*layer.output_size):
        each = F.conv2d(x, w[p, q], None, stride, padding, dilation)[:, :, p, q]
        np.testing.assert_allclose(y[:, :, p, q], each + layer.bias.data[:, p, q], atol=1e-12)


def test_unshared_kernels_to_order_two(rng):
    x, w, b = rng.normal(size=(2, 2, 4)), rng.normal(size=(2, 3, 2, 3)), rng.normal(size=(3, 2))
    assert ag.gradcheck(F.locally_connected1d, x, w, b, order=2)
    layer = LocallyConnected1d(2, 3, 4, 3, rng=rng)
    assert layer.weight.shape == w.shape
    assert layer.bias.shape == b.shape
    assert layer(x).shape == (2, 3, 2)
    assert layer(x[0]).shape == (3, 2)


# The worked numbers.


def test_w8_two_dimensional_convolution():
    x = np.array([[1, 2, 1, 0], [0, 2, 1, 2], [1, 2, 1, 2], [1, 2, 1, 1]], float)
    k = np.array([[1, -1, 1], [0, 1, 0], [1, 1, -1]], float)
    y = F.conv2d(x[None, None], k[None, None], padding=1, stride=1)
    assert y[0, 0].tolist() == [[-1, 3, 2, 3], [0, 4, 3, 6], [2, 3, 6, 3], [2, 2, 4, 0]]


def test_w9_padding_modes_and_the_flip():
    x, k = np.array([[[1.0, 2, 3]]]), np.ones((1, 1, 3))
    found = {p: F.conv1d(x, k, padding=p).ravel().tolist() for p in ("valid", "same", "full")}
    assert found == {"valid": [6], "same": [3, 6, 5], "full": [1, 3, 6, 5, 3]}
    assert F.conv1d(x, k[..., :2], padding="same").ravel().tolist() == [3, 5, 3]
    k = np.array([[[1.0, 2, 5]]])  # a network does not flip the kernel, convolution does
    assert F.conv1d(x, k, padding="full").ravel().tolist() == [5, 12, 20, 8, 3]
    flipped = F.conv1d(x, k[..., ::-1], padding="full").ravel()
    assert flipped.tolist() == np.convolve(x.ravel(), k.ravel()).tolist()


def test_w10_sizes_and_counts():
    assert F.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), stride=2).shape[-1] == 2
    assert sum(p.size for p in Conv2d(3, 2, 3).parameters()) == 56
    image = Conv2d(1, 2, 3)(np.ones((1, 1, 32, 32), np.float32))
    assert image.shape[1:] == (2, 30, 30)
    assert F.max_pool2d(image, 2, 2).shape[1:] == (2, 15, 15)


def test_w12_gradients_of_a_convolution(rng):
    x, k = rng.normal(size=(1, 1, 5, 5)), rng.normal(size=(1, 1, 3, 3))
    tx, tk, tb = (ag.Tensor(a, requires_grad=True) for a in (x, k, np.zeros(1)))
    y = F.conv2d(tx, tk, tb)
    dy = rng.normal(size=y.shape)
    y.backward(dy)
    np.testing.assert_allclose(tk.grad.data, correlate(x, dy), atol=1e-12)
    full = ((2, 2), (2, 2))
    np.testing.assert_allclose(
        tx.grad.data, correlate(dy, k[:, :, ::-1, ::-1], padding=full), atol=1e-12
    )
    np.testing.assert_allclose(tb.grad.data, [dy.sum()], atol=1e-12)


# Layers.


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (Conv1d(4, 6, 3, groups=2), {"weight": (6, 2, 3), "bias": (6,)}),
        (Conv2d(4, 6, (3, 5)), {"weight": (6, 4, 3, 5), "bias": (6,)}),
        (Conv2d(4, 6, 1, bias=False), {"weight": (6, 4, 1, 1)}),
        (ConvTranspose1d(4, 6, 3, groups=2), {"weight": (4, 3, 3), "bias": (6,)}),
        (ConvTranspose2d(4, 6, (3, 5)), {"weight": (4, 6, 3, 5), "bias": (6,)}),
    ],
)
def test_parameters_have_pytorchs_names_layouts_and_distribution(layer, shapes):
    assert {name: p.shape for name, p in layer.named_parameters()} == shapes
    bound = 1 / math.sqrt(math.prod(shapes["weight"][1:]))
    for p in layer.parameters():
        assert p.dtype == np.float32
        assert np.abs(p.data).max() <= bound
    layer.load_state_dict({name: np.ones(shape) for name, shape in shapes.items()})
    assert (layer.weight.data == 1).all()


@pytest.mark.parametrize("layer", [Conv2d, ConvTranspose2d])
def test_initial_weights_are_uniform(layer):
    weight = layer(32, 32, 3, rng=np.random.default_rng(0)).weight.data
    bound = 1 / math.sqrt(32 * 9)
    assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    assert weight.mean() == pytest.approx(0, abs=bound / 50)
    again = layer(32, 32, 3, rng=np.random.default_rng(0)).weight.data
    np.testing.assert_array_equal(weight, again)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_is_its_function_of_its_parameters(rng, dtype):
    x = rng.normal(size=(2, 4, 7, 6)).astype(dtype)
    layer = Conv2d(4, 6, 3, 2, 1, 2, 2, padding_mode="circular", dtype=dtype, rng=rng)
    expected = F.conv2d(x, layer.weight, layer.bias, 2, 1, 2, 2, padding_mode="circular")
    np.testing.assert_array_equal(layer(x).data, expected.data)
    assert layer(x).dtype == dtype
    back = ConvTranspose2d(6, 4, 3, 2, 1, 1, 2, dilation=2, dtype=dtype, rng=rng)
    y = layer(x)
    expected = F.conv_transpose2d(y, back.weight, back.bias, 2, 1, 1, 2, 2)
    np.testing.assert_array_equal(back(y).data, expected.data)
    assert back(y).dtype == dtype
    line = Conv1d(4, 2, 3, padding="same", dtype=dtype)(x[..., 0])
    assert ConvTranspose1d(2, 4, 3, padding=1, dtype=dtype)(line).shape == x[..., 0].shape


def test_what_a_layer_prints():
    assert repr(Conv2d(1, 6, 5, padding=2)) == (
        "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))"
    )
    assert repr(Conv1d(2, 4, 3, 2, "valid", 2, 2, False, "circular")) == (
        "Conv1d(2, 4, kernel_size=(3,), stride=(2,), padding='valid', dilation=(2,), groups=2, "
        "padding_mode='circular', bias=False)"
    )
    assert repr(ConvTranspose2d(2, 4, 3, 2, 1, 1)) == (
        "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "output_padding=(1, 1))"
    )


# Faults.

X = np.ones((1, 2, 4, 4))
W = np.ones((2, 2, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: F.conv2d(X, np.ones((1, 2, 5, 5))),
            r"conv2d: the kernel \(5, 5\) does not fit the padded input \(4, 4\)\. Use padding >= 1",
        ),
        (
            lambda: F.conv2d(X, W, dilation=3, padding=1),
            r"\(3, 3\), \(7, 7\) with its dilation, does not fit the padded input \(6, 6\)\. Use .*>= 2",
        ),
        (lambda: F.conv1d(X[0], np.ones((1, 4, 5))), r"conv1d: the kernel \(5,\) does not fit"),
        (lambda: LocallyConnected2d(1, 1, 2, 3), r"LocallyConnected2d: the kernel \(3, 3\)"),
        (lambda: F.unfold(X, 5), r"unfold: the kernel \(5, 5\)"),
    ],
)
def test_fault_35_a_kernel_larger_than_the_padded_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.conv2d(X, W, stride=0), "conv2d: stride must be at least 1, got 0"),
        (lambda: F.conv2d(X, W, dilation=(1, -1)), "conv2d: dilation must be at least 1"),
        (lambda: F.conv2d(X, W, padding=-1), "conv2d: padding must be at least 0, got -1"),
        (lambda: F.conv2d(X, W, padding=((0, 0), (0, -1))), "padding must be at least 0"),
        (lambda: F.conv2d(X, W, stride=(1, 1, 1)), "stride must have one entry for each of the 2"),
        (lambda: F.conv2d(X, W, padding=((1, 1),)), "padding must have one entry for each"),
        (lambda: F.conv2d(X, np.ones((2, 2, 0, 3))), "kernel_size must be at least 1"),
        (lambda: Conv2d(1, 1, 0), "Conv2d: kernel_size must be at least 1, got 0"),
        (lambda: Conv2d(1, 1, 3, stride=0), "Conv2d: stride must be at least 1, got 0"),
        (lambda: Conv1d(1, 1, 3, dilation=0), "Conv1d: dilation must be at least 1, got 0"),
        (lambda: Conv2d(1, 1, 3, padding=-1), "Conv2d: padding must be at least 0, got -1"),
        (lambda: Conv2d(0, 1, 3), "Conv2d: expected in_channels of at least 1, got 0"),
        (lambda: ConvTranspose2d(1, 1, 3, output_padding=-1), "output_padding must be at least 0"),
        (lambda: F.conv_transpose2d(X, W, output_padding=1), "output_padding must be smaller than"),
        (lambda: F.conv_transpose2d(X, W, padding=3), "nothing is left of the output"),
    ],
)
def test_fault_36_sizes_strides_and_paddings_out_of_range(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("stride", [1.5, "2", None, True, (1, 2.0)])
def test_a_stride_that_is_not_a_whole_number(stride):
    with pytest.raises(TypeError, match="conv2d: stride must be a whole number or a tuple of 2"):
        F.conv2d(X, W, stride=stride)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: F.conv2d(X, np.ones((2, 3, 3, 3))),
            r"conv2d: expected 3 input channels, as the weight \(2, 3, 3, 3\) with groups=1 has, got 2",
        ),
        (
            lambda: F.conv2d(X, np.ones((3, 1, 3, 3)), groups=2),
            "conv2d: 3 output channels do not fall into 2 groups",
        ),
        (lambda: F.conv2d(X, W, groups=0), "conv2d: groups must be at least 1, got 0"),
        (lambda: F.conv2d(X, W, np.ones(3)), r"conv2d: expected a bias of shape \(2,\)"),
        (lambda: F.conv2d(X[0, 0], W), "conv2d: expected an input of 4 axes"),
        (lambda: F.conv2d(X, W[0]), "conv2d: expected a weight of 4 axes"),
        (lambda: Conv2d(3, 4, 3, groups=2), "Conv2d: 3 input and 4 output channels do not both"),
        (lambda: Conv2d(4, 3, 3, groups=2), "Conv2d: 4 input and 3 output channels do not both"),
        (lambda: F.conv_transpose2d(X, np.ones((3, 1, 3, 3))), "expected 3 input channels"),
        (lambda: F.conv_transpose2d(X, W, groups=3), "2 input channels do not fall into 3 groups"),
        (lambda: F.conv_transpose2d(X, W, np.ones(3)), r"expected a bias of shape \(2,\)"),
        (
            lambda: F.locally_connected2d(X, np.ones((2, 2, 1, 3, 3, 3))),
            "locally_connected2d: expected 3 input channels",
        ),
        (
            lambda: LocallyConnected2d(2, 1, 5, 3)(X),
            r"weight \(3, 3, 1, 2, 3, 3\) is for \(3, 3\) positions, the input \(1, 2, 4, 4\) has",
        ),
        (lambda: F.locally_connected2d(X, W), "expected an input of 4 axes"),
        (
            lambda: F.fold(np.ones((1, 5, 4)), 3, 2),
            r"fold: expected an input \(batch, channels \* 4",
        ),
    ],
)
def test_fault_37_channels_and_groups_that_do_not_match(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call", [lambda: F.conv2d(X, W, stride=2, padding="same"), lambda: Conv2d(1, 1, 3, 2, "same")]
)
def test_fault_38_same_with_a_stride(call):
    with pytest.raises(ValueError, match=r"padding='same' needs stride 1, got stride \(2, 2\)"):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.conv2d(X, W, padding="half"), "unknown padding 'half'.*'valid', 'same', 'full'"),
        (
            lambda: F.conv2d(X, W, padding=1, padding_mode="mirror"),
            "unknown padding_mode 'mirror'. Give one of zeros, reflect, replicate, circular",
        ),
        (lambda: Conv2d(1, 1, 3, padding_mode="x"), "Conv2d: unknown padding_mode 'x'"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_fault_40_a_stride_that_does_not_divide_rounds_down(rng):
    x, w = rng.normal(size=(1, 1, 6, 6)), rng.normal(size=(1, 1, 3, 3))
    y = F.conv2d(x, w, stride=2)
    assert y.shape == (1, 1, 2, 2)
    np.testing.assert_array_equal(y, F.conv2d(x[..., :5, :5], w, stride=2))
    tx = ag.Tensor(x, requires_grad=True)
    F.conv2d(tx, w, stride=2).sum().backward()
    assert not tx.grad.data[..., 5].any()
    assert not tx.grad.data[..., 5, :].any()


def test_an_error_inside_a_model_names_the_layer():
    layer = Conv2d(2, 1, 5)
    with pytest.raises(ValueError, match=r"does not fit.*\[in model \(Conv2d\)\]\. Use padding"):
        layer(X)
