"""Pooling against a direct loop, JAX, numerical differentiation and the worked numbers."""

import itertools
import math

import numpy as np
import pytest

import autograd as ag
from nn import functional as F
from nn.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)


def windows(n, kernel, stride, padding, dilation, ceil_mode):
    """The positions of each window along an axis, by the definition; padding ones included."""
    extent = dilation * (kernel - 1)
    begins = list(range(-padding, n + padding - extent, stride))
    left_out = begins[-1] + extent < n + padding - 1
    if ceil_mode and left_out and begins[-1] + stride < n:
        begins.append(begins[-1] + stride)
    return [[begin + tap * dilation for tap in range(kernel)] for begin in begins]


def ceil_count(n, kernel, stride, padding, dilation, ceil_mode):
    """PyTorch's formula for the number of windows."""
    free = (n + 2 * padding - dilation * (kernel - 1) - 1) / stride
    count = (math.ceil(free) if ceil_mode else math.floor(free)) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= n + padding else count


def pooled(x, how, summary):
    """``summary`` of the entries of each window (a list of (row, column) and of whether inside)."""
    height, width = x.shape[-2:]
    rows, columns = windows(height, *how[0]), windows(width, *how[1])
    out = np.zeros((*x.shape[:-2], len(rows), len(columns)))
    for p, q in np.ndindex(len(rows), len(columns)):
        out[..., p, q] = summary(x, rows[p], columns[q])
    return out


def largest(x, rows, columns):
    rows = [r for r in rows if 0 <= r < x.shape[-2]]
    columns = [c for c in columns if 0 <= c < x.shape[-1]]
    return x[..., rows, :][..., columns].max((-1, -2))


def total(x, rows, columns):
    rows = [r for r in rows if 0 <= r < x.shape[-2]]
    columns = [c for c in columns if 0 <= c < x.shape[-1]]
    return x[..., rows, :][..., columns].sum((-1, -2))


def mean(padding, include):
    edges = padding if include else (0, 0)

    def of(x, *window):
        counts = [
            sum(-edge <= i < n + edge for i in positions)
            for positions, n, edge in zip(window, x.shape[-2:], edges, strict=True)
        ]
        return total(x, *window) / math.prod(counts)

    return of


GRID = [
    (size, kernel, stride, padding, dilation, ceil_mode)
    for size, kernel, stride, padding, dilation, ceil_mode in itertools.product(
        [(6, 6), (7, 5), (9, 8)],
        [(2, 2), (3, 2), (1, 3)],
        [None, (1, 1), (2, 3)],
        [(0, 0), (1, 0), (1, 1)],
        [(1, 1), (2, 1)],
        [False, True],
    )
    if all(2 * p <= k for p, k in zip(padding, kernel, strict=True))
]


def each(kernel, stride, padding, dilation, ceil_mode):
    stride = kernel if stride is None else stride
    return [(*a, ceil_mode) for a in zip(kernel, stride, padding, dilation, strict=True)]


def test_maximum_and_where_it_lies_on_the_grid(rng):
    for size, *how in GRID:
        x = rng.integers(0, 5, (2, 3, *size)).astype(float)  # with ties
        expected = pooled(x, each(*how), largest)
        case = f"{size=} {how}"
        y, where = F.max_pool2d(x, *how, return_indices=True)
        assert y.shape[-2:] == tuple(
            ceil_count(n, *a) for n, a in zip(size, each(*how), strict=True)
        ), case
        np.testing.assert_array_equal(y, expected, err_msg=case)
        picked = np.take_along_axis(x.reshape(2, 3, -1), where.reshape(2, 3, -1), axis=2)
        np.testing.assert_array_equal(picked.reshape(y.shape), y, err_msg=case)
        # The gradient goes where the index says, and that is the first of equal entries.
        t = ag.Tensor(x, requires_grad=True)
        g = rng.normal(size=y.shape)
        F.max_pool2d(t, *how).backward(g)
        dx = np.zeros((6, x[0, 0].size))
        for i, plane in enumerate(where.reshape(6, -1)):
            np.add.at(dx[i], plane, g.reshape(6, -1)[i])
        np.testing.assert_allclose(t.grad.data, dx.reshape(x.shape), atol=1e-12, err_msg=case)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), (2, 2)), ((3, 2), (1, 3))])
def test_of_equal_entries_the_first_in_reading_order_wins(kernel, stride, ceil_mode):
    x = np.ones((1, 1, 6, 7))
    _, where = F.max_pool2d(x, kernel, stride, ceil_mode=ceil_mode, return_indices=True)
    rows, columns = np.divmod(where[0, 0], 7)
    np.testing.assert_array_equal(rows[:, 0], np.arange(len(rows)) * stride[0])
    np.testing.assert_array_equal(columns[0], np.arange(columns.shape[1]) * stride[1])
    t = ag.Tensor([[[3.0, 5.0], [5.0, 5.0]]], requires_grad=True)
    F.max_pool2d(t, 2).backward(np.ones((1, 1, 1)))
    assert t.grad.data.tolist() == [[[0, 1], [0, 0]]]


@pytest.mark.parametrize("include", [True, False])
def test_means_and_their_gradients_on_the_grid(rng, include):
    for size, kernel, stride, padding, dilation, ceil_mode in GRID:
        if dilation != (1, 1):
            continue
        how = each(kernel, stride, padding, dilation, ceil_mode)
        x, v = rng.normal(size=(2, 2, 3, *size))
        expected = pooled(x, how, mean(padding, include))
        t = ag.Tensor(x, requires_grad=True)
        y = F.avg_pool2d(t, kernel, stride, padding, ceil_mode, include)
        case = f"{size=} {how}"
        np.testing.assert_allclose(y.data, expected, atol=1e-12, err_msg=case)
        g = rng.normal(size=y.shape)
        y.backward(g)
        moved = (g * pooled(v, how, mean(padding, include))).sum()
        assert (t.grad.data * v).sum() == pytest.approx(moved, rel=1e-10, abs=1e-10), case
        half = F.avg_pool2d(x, kernel, stride, padding, ceil_mode, include, divisor_override=2)
        np.testing.assert_allclose(half, pooled(x, how, total) / 2, atol=1e-12, err_msg=case)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1)])
def test_jax_gets_the_same(rng, kernel, stride, padding):
    import jax

    x = rng.permutation(2 * 3 * 7 * 8).reshape(2, 3, 7, 8) / 10

    def reduced(x, start, combine):
        around = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
        return jax.lax.reduce_window(
            x, start, combine, (1, 1, kernel, kernel), (1, 1, stride, stride), around
        )

    for ours, theirs in (
        (F.max_pool2d, lambda x: reduced(x, -np.inf, jax.lax.max)),
        (F.avg_pool2d, lambda x: reduced(x, 0.0, jax.lax.add) / kernel**2),
    ):
        np.testing.assert_allclose(ours(x, kernel, stride, padding), theirs(x), atol=1e-12)
        expected = jax.grad(lambda x, f=theirs: (f(x) ** 2).sum())(x)
        got = ag.grad(lambda x, f=ours: (f(x, kernel, stride, padding) ** 2).sum())(x)
        np.testing.assert_allclose(got, expected, atol=1e-10)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (2, 1, 1), (1, 2, 0)]
)
def test_orders_one_and_two(rng, kernel, stride, padding, ceil_mode, dilation):
    x = rng.permutation(5 * 6).reshape(1, 1, 5, 6) / 7.0  # no ties, no kink within a step

    def largest(x):
        return F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode) ** 3

    def average(x):
        return F.avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad=False) ** 3

    assert ag.gradcheck(largest, x, order=2)
    assert ag.gradcheck(average, x, order=2)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("length", "kernel", "stride"), [(8, 2, None), (9, 3, 2), (5, 2, 3)])
def test_one_axis_is_a_plane_of_height_one(rng, length, kernel, stride, padding, ceil_mode):
    x = rng.normal(size=(2, 3, length))
    s = kernel if stride is None else stride
    plane = {"kernel_size": (1, kernel), "stride": (1, s), "padding": (0, padding)}
    y, where = F.max_pool1d(x, kernel, stride, padding, 1, ceil_mode, True)
    two, there = F.max_pool2d(x[:, :, None], **plane, ceil_mode=ceil_mode, return_indices=True)
    np.testing.assert_array_equal(y, two[:, :, 0])
    np.testing.assert_array_equal(where, there[:, :, 0])
    for include in (True, False):
        np.testing.assert_allclose(
            F.avg_pool1d(x, kernel, stride, padding, ceil_mode, include),
            F.avg_pool2d(x[:, :, None], **plane, ceil_mode=ceil_mode, count_include_pad=include)[
                :, :, 0
            ],
        )
    assert ag.gradcheck(lambda x: F.max_pool1d(x, kernel, stride, padding) ** 2, x[:1], order=2)
    assert ag.gradcheck(lambda x: F.avg_pool1d(x, kernel, stride, padding) ** 2, x[:1], order=2)


@pytest.mark.parametrize("size", [(6, 6), (7, 5), (3, 8)])
@pytest.mark.parametrize("output", [1, 3, (2, 5), (None, 4), (7, 9)])
def test_adaptive_windows_cover_the_input(rng, size, output):
    x = rng.permutation(2 * 3 * size[0] * size[1]).reshape(2, 3, *size) / 10
    pair = output if isinstance(output, tuple) else (output, output)
    wanted = [n if m is None else m for n, m in zip(size, pair, strict=True)]
    expected = {np.max: np.zeros((2, 3, *wanted)), np.mean: np.zeros((2, 3, *wanted))}
    for p, q in np.ndindex(*wanted):
        part = x
        for axis, (i, n, m) in enumerate(zip((p, q), size, wanted, strict=True)):
            part = np.take(part, range(i * n // m, -(-(i + 1) * n // m)), axis=axis - 2)
        for summary, out in expected.items():
            out[:, :, p, q] = summary(part, (-1, -2))
    y, where = F.adaptive_max_pool2d(x, output, return_indices=True)
    np.testing.assert_array_equal(y, expected[np.max])
    np.testing.assert_array_equal(F.adaptive_max_pool2d(x, output), y)
    picked = np.take_along_axis(x.reshape(2, 3, -1), where.reshape(2, 3, -1), axis=2)
    np.testing.assert_array_equal(picked.reshape(y.shape), y)
    np.testing.assert_allclose(F.adaptive_avg_pool2d(x, output), expected[np.mean], atol=1e-12)
    assert ag.gradcheck(lambda x: F.adaptive_max_pool2d(x, output) ** 2, x[:1, :1], order=2)
    assert ag.gradcheck(lambda x: F.adaptive_avg_pool2d(x, output) ** 2, x[:1, :1], order=2)


def test_adaptive_pooling_along_one_axis(rng):
    x = rng.normal(size=(2, 3, 7))
    for one, two in (
        (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d),
        (F.adaptive_max_pool1d, F.adaptive_max_pool2d),
    ):
        np.testing.assert_allclose(one(x, 3), two(x[:, :, None], (1, 3))[:, :, 0])


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
        lambda x: F.adaptive_max_pool2d(x, 1),
    ],
)
def test_float32_stays_float32_and_is_float64_to_single_precision(rng, pool):
    x = rng.normal(size=(2, 3, 8, 7))
    results = []
    for dtype in (np.float32, np.float64):
        t = ag.Tensor(x.astype(dtype), requires_grad=True)
        y = pool(t)
        y.backward(np.ones(y.shape, dtype))
        assert y.dtype == t.grad.dtype == dtype
        results.append((y.data, t.grad.data))
    for single, double in zip(*results, strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)


def test_without_a_batch_and_in_any_memory_layout(rng):
    x = rng.normal(size=(2, 6, 6, 3)).transpose(0, 3, 1, 2)
    for pool in (F.max_pool2d, F.avg_pool2d, F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
        np.testing.assert_allclose(pool(x, 2)[1], pool(np.ascontiguousarray(x[1]), 2))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_only_the_winner_gets_the_gradient(rng, dtype, stride):
    x = ag.Tensor(np.arange(9).reshape(1, 3, 3).astype(dtype), requires_grad=True)
    y = F.max_pool2d(x, 2, stride)
    g = np.arange(1, y.size + 1).reshape(y.shape).astype(dtype)
    if dtype is not np.longdouble:
        g[0, 0, 0] = np.inf
    y.backward(g)
    assert x.grad.dtype == dtype
    assert x.grad.data[np.arange(9).reshape(1, 3, 3) < 4].tolist() == [0, 0, 0, 0]
    assert x.grad.data[0, 1, 1] == g[0, 0, 0]
    assert x.grad.data.sum() == g.sum()


def test_a_nan_is_passed_on():
    x = np.arange(16.0).reshape(1, 4, 4)
    x[0, 0, 0] = np.nan
    assert np.isnan(F.max_pool2d(x, 2)).sum() == 1
    assert np.isnan(F.avg_pool2d(x, 2)).sum() == 1
    assert np.isnan(F.adaptive_avg_pool2d(x, 3)).sum() == 1


# The worked numbers.


def test_w11_pooling():
    x = np.arange(1.0, 17).reshape(1, 4, 4)
    assert F.max_pool2d(x, 2, 2).ravel().tolist() == [6, 8, 14, 16]
    x = np.arange(1.0, 10).reshape(1, 3, 3)
    assert F.max_pool2d(x, 2, 1).ravel().tolist() == [5, 6, 8, 9]
    x = np.array([[[1.0, 3, 2, 4], [5, 6, 7, 8], [9, 2, 3, 1], [4, 0, 1, 5]]])
    assert F.max_pool2d(x, 2).ravel().tolist() == [6, 8, 9, 5]


def test_w11_a_shift_by_one_pixel_barely_moves_the_maximum_map(rng):
    image = np.kron(rng.normal(size=(1, 8, 8)), np.ones((1, 4, 4)))  # smooth, as images are
    shifted = np.roll(image, -1, axis=-1)
    same = (F.max_pool2d(image, 2) == F.max_pool2d(shifted, 2)).mean()
    pixels = (image == shifted).mean()
    assert same >= 0.5
    assert pixels == pytest.approx(0.75, abs=0.01)


# Layers.


@pytest.mark.parametrize(
    ("layer", "function", "arguments"),
    [
        (MaxPool1d, F.max_pool1d, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
        (MaxPool2d, F.max_pool2d, {"kernel_size": (3, 2), "dilation": 2}),
        (AvgPool1d, F.avg_pool1d, {"kernel_size": 3, "padding": 1, "count_include_pad": False}),
        (AvgPool2d, F.avg_pool2d, {"kernel_size": 2, "stride": 1, "divisor_override": 3}),
        (AdaptiveAvgPool1d, F.adaptive_avg_pool1d, {"output_size": 4}),
        (AdaptiveAvgPool2d, F.adaptive_avg_pool2d, {"output_size": (4, None)}),
        (AdaptiveMaxPool1d, F.adaptive_max_pool1d, {"output_size": 1}),
        (AdaptiveMaxPool2d, F.adaptive_max_pool2d, {"output_size": 2}),
    ],
)
def test_a_layer_is_its_function(rng, layer, function, arguments):
    x = rng.normal(size=(2, 3, 9, 8) if layer.__name__.endswith("2d") else (2, 3, 9))
    np.testing.assert_array_equal(layer(**arguments)(x), function(x, **arguments))
    assert list(layer(**arguments).parameters()) == []


def test_layers_return_indices_and_print_their_arguments(rng):
    x = rng.normal(size=(2, 3, 8, 8))
    for layer, function in (
        (MaxPool2d(2, return_indices=True), lambda x: F.max_pool2d(x, 2, return_indices=True)),
        (AdaptiveMaxPool2d(3, True), lambda x: F.adaptive_max_pool2d(x, 3, True)),
    ):
        for got, expected in zip(layer(x), function(x), strict=True):
            np.testing.assert_array_equal(got, expected)
    assert repr(MaxPool2d(2)) == (
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
    )
    assert repr(AvgPool2d(3, 2)) == "AvgPool2d(kernel_size=3, stride=2, padding=0)"
    assert repr(AdaptiveAvgPool2d((1, 2))) == "AdaptiveAvgPool2d(output_size=(1, 2))"


# Faults.

X = np.ones((1, 2, 4, 4))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.max_pool2d(X, 5), ValueError, r"max_pool2d: the kernel \(5, 5\) does not fit"),
        (
            lambda: F.max_pool2d(X, 3, dilation=2),
            ValueError,
            r"\(5, 5\) with its dilation, does not fit the padded input \(4, 4\)",
        ),
        (lambda: F.avg_pool1d(X[0], 5), ValueError, r"avg_pool1d: the kernel \(5,\) does not fit"),
        (lambda: F.max_pool2d(X, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: F.max_pool2d(X, 2, 0), ValueError, "stride must be at least 1, got 0"),
        (lambda: F.max_pool2d(X, 2, dilation=0), ValueError, "dilation must be at least 1, got 0"),
        (lambda: F.avg_pool2d(X, 2, padding=-1), ValueError, "padding must be at least 0, got -1"),
        (lambda: F.avg_pool2d(X, 2, divisor_override=0), ValueError, "divisor_override must be"),
        (lambda: F.avg_pool2d(X, 1.5), TypeError, "kernel_size must be a whole number"),
        (lambda: F.max_pool2d(X[0, 0], 2), ValueError, "max_pool2d: expected an input of 4 axes"),
        (lambda: F.adaptive_avg_pool2d(X, 0), ValueError, "output_size must be at least 1, got"),
        (
            lambda: F.adaptive_avg_pool2d(X, (1, 2, 3)),
            ValueError,
            "output_size must have one entry",
        ),
        (lambda: F.adaptive_max_pool2d(X[:, :, :0], 1), ValueError, "nothing to pool"),
        (lambda: F.adaptive_max_pool2d(X[0, 0], 1), ValueError, "expected an input of 4 axes"),
        (lambda: MaxPool2d(0), ValueError, "MaxPool2d: kernel_size must be at least 1, got 0"),
        (lambda: AvgPool1d(2, 0), ValueError, "AvgPool1d: stride must be at least 1, got 0"),
        (lambda: MaxPool1d(2, padding=-1), ValueError, "MaxPool1d: padding must be at least 0"),
    ],
)
def test_faults_35_and_36_windows_that_do_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.max_pool2d(X, 2, padding=(0, 2)),
        lambda: F.avg_pool2d(X, 3, padding=2),
        lambda: F.max_pool1d(X[0], 2, padding=2),
        lambda: MaxPool2d(2, padding=2)(X),
    ],
)
def test_fault_39_padding_over_half_the_kernel(call):
    with pytest.raises(ValueError, match=r"is more than half of the kernel.*smaller padding"):
        call()


def test_fault_40_a_stride_that_does_not_divide_rounds_down(rng):
    x = rng.normal(size=(1, 1, 5, 5))
    np.testing.assert_array_equal(F.max_pool2d(x, 2), F.max_pool2d(x[..., :4, :4], 2))
    np.testing.assert_array_equal(F.avg_pool2d(x, 2), F.avg_pool2d(x[..., :4, :4], 2))
