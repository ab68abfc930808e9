"""A 3x3 convolution of 32 to 64 channels on 32 images of 16x16, float32, forward and backward.

By hand: the width of a few images at a time is unfolded into a buffer that stays in the cache, and
every kernel row is one matrix product on a view of it; the functions also serve ``lenet.py``.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd as ag
from nn.functional import conv2d

from ..workload import Arrays, Workload

BLOCK = 1 << 20


def unfolded(x: Any, k: int, p: int, height: int, width: int, extra: int) -> Iterator[Any]:
    """Blocks of samples (k * channels, rows * width): column j of the kernel sees x from j on."""
    n, c, h, w = x.shape
    size = max(1, min(n, BLOCK // (x.itemsize * (k * c * (h + 2 * p) * width + extra))))
    buffer = np.zeros((size, k, c, h + 2 * p, width), x.dtype)
    for start in range(0, n, size):
        part = x[start : start + size]
        m = len(part)
        for j in range(k):
            lo, hi = max(0, p - j), min(width, w + p - j)
            buffer[:m, j, :, p : p + h, lo:hi] = part[..., lo + j - p : hi + j - p]
        yield slice(start, start + m), buffer[:m].reshape(m, k * c, -1)


def forward(x: Any, weight: Any, bias: Any, p: int) -> Any:
    o, c, k, _ = weight.shape
    n, height, width = len(x), x.shape[2] + 2 * p - k + 1, x.shape[3] + 2 * p - k + 1
    area = height * width
    rows = np.ascontiguousarray(weight.transpose(2, 0, 3, 1)).reshape(k, o, k * c)
    out = np.empty((n, o, area), x.dtype)
    for part, block in unfolded(x, k, p, height, width, 2 * o * area):
        y = out[part]
        np.matmul(rows[0], block[..., :area], out=y)
        term = np.empty_like(y)
        for i in range(1, k):
            y += np.matmul(rows[i], block[..., i * width : i * width + area], out=term)
        y += bias[:, None]
    return out.reshape(n, o, height, width)


def by_weight(g: Any, x: Any, k: int, p: int) -> Any:
    n, o, height, width = g.shape
    c, area = x.shape[1], height * width
    g = g.reshape(n, o, area).transpose(0, 2, 1)
    total = np.zeros((k, k * c, o), x.dtype)
    for part, block in unfolded(x, k, p, height, width, 2 * o * area):
        h = np.ascontiguousarray(g[part]) if o >= 16 else g[part]
        for i in range(k):
            total[i] += np.matmul(block[..., i * width : i * width + area], h).sum(0)
    return total.reshape(k, k, c, o).transpose(3, 2, 0, 1)


def by_input(g: Any, weight: Any, p: int) -> Any:
    o, c, k, _ = weight.shape
    n, _, height, width = g.shape
    area, h, w = height * width, height - 2 * p + k - 1, width - 2 * p + k - 1
    rows = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(k, k * c, o)
    g = g.reshape(n, o, area)
    dx = np.zeros((n, c, h, w), g.dtype)
    size = max(1, min(n, BLOCK // (g.itemsize * k * c * (area + (h + 2 * p) * width))))
    buffer = np.empty((size, k, c, h + 2 * p, width), g.dtype)
    for start in range(0, n, size):
        part = g[start : start + size]
        block = buffer[: len(part)]
        block.fill(0)
        flat = block.reshape(len(part), k * c, -1)
        for i in range(k):
            flat[..., i * width : i * width + area] += rows[i] @ part
        for j in range(k):
            lo, hi = max(0, p - j), min(width, w + p - j)
            target = dx[start : start + size, :, :, lo + j - p : hi + j - p]
            target += block[:, j, :, p : p + h, lo:hi]
    return dx


def workload() -> Workload:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(32, 32, 16, 16)).astype(np.float32)
    weight = rng.normal(size=(64, 32, 3, 3)).astype(np.float32)
    bias = rng.normal(size=64).astype(np.float32)
    g = rng.normal(size=(32, 64, 14, 14)).astype(np.float32)
    tensors = [ag.Tensor(a, requires_grad=True) for a in (x, weight, bias)]

    def hand() -> Arrays:
        y = forward(x, weight, bias, 0)
        return [y, by_input(g, weight, 0), by_weight(g, x, 3, 0), g.sum((0, 2, 3))]

    def ours() -> Arrays:
        for tensor in tensors:
            tensor.grad = None
        y = conv2d(*tensors)
        y.backward(g)
        return [y.data, *[tensor.grad.data for tensor in tensors]]

    name = "3x3 convolution 32 to 64 channels, 32x32x16x16, forward and backward"
    return Workload(name, hand, ours, limit=1.1, tolerance=1e-4)
