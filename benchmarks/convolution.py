"""`python -m benchmarks.convolution`: algorithms for a convolution, interleaved, milliseconds.

What was tried, and what it gave, stands in convolution.md.  All take an input (n, c, h, w) that is
padded already, and a kernel (o, c, k, k); stride 1.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from nn.convolve import convolve, input_gradient, weight_gradient

BLOCK = 4
CASES = {
    "3x3, 32 to 64, 32 x 16x16": ((32, 32, 16, 16), (64, 32, 3, 3)),
    "3x3, 64 to 64, 8 x 58x58": ((8, 64, 58, 58), (64, 64, 3, 3)),
    "5x5, 1 to 6, 64 x 32x32": ((64, 1, 32, 32), (6, 1, 5, 5)),
    "5x5, 6 to 16, 64 x 14x14": ((64, 6, 14, 14), (16, 6, 5, 5)),
    "1x1, 64 to 128, 32 x 14x14": ((32, 64, 14, 14), (128, 64, 1, 1)),
}


def straight(x: Any, w: Any) -> Any:
    """All windows copied out at once, one matrix product per sample."""
    o, k = len(w), w.shape[2]
    windows = sliding_window_view(x, (k, k), axis=(2, 3))
    n, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, height * width)
    return (w.reshape(o, -1) @ columns).reshape(n, o, height, width)


def straight_gradients(g: Any, x: Any, w: Any) -> tuple[Any, Any]:
    """The same way: the input's gradient is a full convolution with the flipped kernel."""
    n, o, k = len(g), len(w), w.shape[2]
    windows = sliding_window_view(x, (k, k), axis=(2, 3))
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, g.shape[2] * g.shape[3])
    dw = (g.reshape(n, o, -1) @ columns.transpose(0, 2, 1)).sum(0).reshape(w.shape)
    around = ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1))
    flipped = np.ascontiguousarray(w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
    return straight(np.pad(g, around), flipped), dw


def whole_windows(x: Any, w: Any) -> Any:
    """The same, a few samples at a time into one buffer that stays in the cache."""
    (n, c, h, wide), (o, _, k, _) = x.shape, w.shape
    height, width = h - k + 1, wide - k + 1
    out = np.empty((n, o, height * width), x.dtype)
    buffer = np.empty((BLOCK, c, k, k, height, width), x.dtype)
    for i in range(0, n, BLOCK):
        windows = sliding_window_view(x[i : i + BLOCK], (k, k), axis=(2, 3))
        block = buffer[: len(windows)]
        block[...] = windows.transpose(0, 1, 4, 5, 2, 3)
        np.matmul(
            w.reshape(o, -1), block.reshape(len(block), -1, height * width), out=out[i : i + BLOCK]
        )
    return out.reshape(n, o, height, width)


def flat_rows(x: Any, w: Any) -> Any:
    """Windows of the flattened plane: long runs to copy, but k - 1 columns too many to multiply."""
    (n, c, h, wide), (o, _, k, _) = x.shape, w.shape
    height, width = h - k + 1, wide - k + 1
    run = (height - 1) * wide + width
    out = np.empty((n, o, height, width), x.dtype)
    buffer = np.empty((BLOCK, c, k, k, run), x.dtype)
    products = np.empty((BLOCK, o, height * wide), x.dtype)
    s = x.strides
    for i in range(0, n, BLOCK):
        part = x[i : i + BLOCK]
        block, product = buffer[: len(part)], products[: len(part)]
        block[...] = as_strided(part, block.shape, (s[0], s[1], s[2], s[3], s[3]))
        np.matmul(w.reshape(o, -1), block.reshape(len(part), -1, run), out=product[..., :run])
        out[i : i + BLOCK] = product.reshape(len(part), o, height, wide)[..., :width]
    return out


def offsets(x: Any, w: Any) -> Any:
    """Nothing unfolded: one product per kernel entry on the plane shifted by it, added up."""
    (n, c, h, wide), (o, _, k, _) = x.shape, w.shape
    height, width = h - k + 1, wide - k + 1
    run = (height - 1) * wide + width
    out = np.empty((n, o, height, width), x.dtype)
    sums = np.empty((BLOCK, o, height * wide), x.dtype)
    flat, by_entry = x.reshape(n, c, -1), np.ascontiguousarray(w.transpose(2, 3, 0, 1))
    for i in range(0, n, BLOCK):
        part = flat[i : i + BLOCK]
        total = sums[: len(part)]
        total.fill(0)
        for p, q in np.ndindex(k, k):
            start = p * wide + q
            total[..., :run] += by_entry[p, q] @ part[..., start : start + run]
        out[i : i + BLOCK] = total.reshape(len(part), o, height, wide)[..., :width]
    return out


def ours(x: Any, w: Any) -> Any:
    """Width unfolded in blocks, one product per kernel row on views."""
    return convolve(x, w)


def our_gradients(g: Any, x: Any, w: Any) -> tuple[Any, Any]:
    size, kernel = x.shape[2:], w.shape[2:]
    return input_gradient(g, w, size=size), weight_gradient(g, x, kernel=kernel)


def timed(works: list[Callable[[], Any]], rounds: int = 15) -> list[float]:
    """Lower quartiles, in milliseconds of this process's time, of rounds that do all in turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, found in zip(works, times, strict=True):
            start = time.process_time()
            work()
            found.append(time.process_time() - start)
    return [sorted(found)[rounds // 4] * 1e3 for found in times]


def main() -> None:
    forward = [straight, whole_windows, flat_rows, offsets, ours]
    backward = [straight_gradients, our_gradients]
    names = [*[f.__name__ for f in forward], *[f.__name__ for f in backward], "straight / ours"]
    print(f"| case | dtype | {' | '.join(names)} |\n{'| --- ' * (len(names) + 2)}|")
    rng = np.random.default_rng(0)
    for case, (x_shape, w_shape) in CASES.items():
        for dtype in (np.float32, np.float64):
            x, w = (rng.normal(size=s).astype(dtype) for s in (x_shape, w_shape))
            y = straight(x, w)
            g = rng.normal(size=y.shape).astype(dtype)
            for f in forward[1:]:
                np.testing.assert_allclose(f(x, w), y, atol=1e-3 * np.abs(y).max())
            works = [partial(f, x, w) for f in forward] + [partial(f, g, x, w) for f in backward]
            t = timed(works)
            ratio = (t[0] + t[5]) / (t[4] + t[6])
            figures = " | ".join(f"{ms:.2f}" for ms in t)
            print(f"| {case} | {np.dtype(dtype).name} | {figures} | **{ratio:.2f}** |")


if __name__ == "__main__":
    main()
