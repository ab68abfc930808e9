"""Rows for what slides a window: convolution, its transpose, pooling, unfolding."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nn.functional as F

from .case import Case, Kink


def _conv(
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Callable[..., Any]:
    """Convolution by JAX, for one or two axes."""

    def f(x: Any, w: Any, *bias: Any) -> Any:
        axes = x.ndim - 2
        each = lambda v: (v,) * axes if isinstance(v, int) else tuple(v)
        out = jax.lax.conv_general_dilated(
            x, w, each(stride), [(p, p) for p in each(padding)],
            rhs_dilation=each(dilation), feature_group_count=groups,
        )  # fmt: skip
        return out + bias[0].reshape(-1, *[1] * axes) if bias else out

    return f


def _transposed(
    stride: int = 1, padding: int = 0, dilation: int = 1, extra: int = 0
) -> Callable[..., Any]:
    """The transpose of a convolution, by its definition: the adjoint of the linear map."""

    def f(x: Any, w: Any) -> Any:
        sizes = [
            (n - 1) * stride - 2 * padding + dilation * (k - 1) + extra + 1
            for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
        ]
        image = jnp.zeros((len(x), w.shape[1], *sizes))
        forward = lambda image: _conv(stride, padding, dilation)(image, w)
        return jax.linear_transpose(forward, image)(x)[0]

    return f


def _pooled(
    operation: Any, start: float, k: int, stride: int, padding: int, dilation: int = 1
) -> Any:
    def f(x: Any) -> Any:
        lead, axes = (1, 1), x.ndim - 2
        return jax.lax.reduce_window(
            x, start, operation, (*lead, *[k] * axes), (*lead, *[stride] * axes),
            [(0, 0), (0, 0), *[(padding, padding)] * axes],
            window_dilation=(*lead, *[dilation] * axes),
        )  # fmt: skip

    return f


def _mean(k: int, stride: int, padding: int) -> Any:
    return lambda x: _pooled(jax.lax.add, 0.0, k, stride, padding)(x) / k ** (x.ndim - 2)


def _largest(k: int, stride: int, padding: int = 0, dilation: int = 1) -> Any:
    if dilation > 1:  # JAX has no gradient for it
        return lambda x: np.max(
            np.lib.stride_tricks.sliding_window_view(x, [(k - 1) * dilation + 1] * 2, (2, 3))[
                ..., ::dilation, ::dilation
            ],
            axis=(-1, -2),
        )
    return _pooled(jax.lax.max, -np.inf, k, stride, padding, dilation)


CASES = [
    Case(
        "conv1d",
        F.conv1d,
        [((2, 3, 7), (4, 3, 3), (4,)), ((1, 1, 3), (1, 1, 3), (1,)), ((2, 2, 5), (3, 2, 1), (3,))],
        jax=_conv(),
        primitives=("convolve",),
    ),
    *[
        Case(
            f"conv1d {how}",
            lambda x, w, how=how: F.conv1d(x, w, **how),
            [((2, 4, 9), (2, 4 // how.get("groups", 1), 3))],
            jax=_conv(**how),
        )
        for how in (
            {"stride": 2},
            {"padding": 2},
            {"dilation": 2},
            {"groups": 2},
            {"stride": 3, "padding": 1, "dilation": 2, "groups": 2},
        )
    ],
    Case(
        "conv2d",
        F.conv2d,
        [((2, 3, 4, 5), (4, 3, 2, 3), (4,)), ((1, 2, 3, 3), (2, 2, 3, 3), (2,))],
        jax=_conv(),
    ),
    *[
        Case(
            f"conv2d {how}",
            lambda x, w, how=how: F.conv2d(x, w, **how),
            [((2, 4, 6, 5), (2, 4 // how.get("groups", 1), 3, 2))],
            jax=_conv(**how),
        )
        for how in (
            {"stride": (2, 1)},
            {"padding": (1, 2)},
            {"dilation": (2, 1)},
            {"groups": 2},
            {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
        )
    ],
    Case(
        "conv2d circular",
        lambda x, w: F.conv2d(x, w, padding=1, padding_mode="circular"),
        [((1, 2, 3, 4), (2, 2, 3, 3))],
        jax=lambda x, w: _conv()(jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "wrap"), w),
    ),
    *[
        Case(
            f"conv_transpose1d stride={s} padding={p} dilation={d} output_padding={e}",
            lambda x, w, s=s, p=p, d=d, e=e: F.conv_transpose1d(x, w, None, s, p, e, 1, d),
            [((2, 3, 4), (3, 2, 3))],
            jax=_transposed(s, p, d, e),
        )
        for s, p, d, e in [(1, 0, 1, 0), (2, 1, 1, 0), (3, 1, 2, 2)]
    ],
    Case(
        "conv_transpose2d",
        lambda x, w: F.conv_transpose2d(x, w, None, 2, 1),
        [((1, 2, 3, 2), (2, 3, 3, 3))],
        jax=_transposed(2, 1),
    ),
    Case(
        "conv_transpose2d groups",
        lambda x, w: F.conv_transpose2d(x, w, groups=2),
        [((1, 4, 2, 3), (4, 1, 2, 2))],
    ),
    *[
        Case(
            f"max_pool2d {k} stride={s} padding={p} dilation={d}",
            lambda x, k=k, s=s, p=p, d=d: F.max_pool2d(x, k, s, p, d),
            [((2, 2, 5, 6),), ((1, 1, 4, 4),)],
            domain="distinct",
            jax=_largest(k, s, p, d),
        )
        for k, s, p, d in [(2, 2, 0, 1), (3, 1, 1, 1), (2, 1, 0, 2), (3, 2, 1, 1)]
    ],
    Case(
        "max_pool1d",
        lambda x: F.max_pool1d(x, 2),
        [((2, 3, 6),)],
        domain="distinct",
        jax=_largest(2, 2),
    ),
    Case(
        "adaptive_max_pool2d",
        lambda x: F.adaptive_max_pool2d(x, (2, 3)),
        [((1, 2, 5, 4),)],
        domain="distinct",
    ),
    *[
        Case(
            f"avg_pool2d {k} stride={s} padding={p}",
            lambda x, k=k, s=s, p=p: F.avg_pool2d(x, k, s, p),
            [((2, 2, 5, 6),), ((1, 1, 4, 4),)],
            jax=_mean(k, s, p),
        )
        for k, s, p in [(2, 2, 0), (3, 1, 1), (3, 2, 1)]
    ],
    Case("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2), [((2, 3, 7),)], jax=_mean(3, 2, 0)),
    Case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), [((1, 2, 5, 4),)]),
    Case(
        "unfold",
        lambda x: F.unfold(x, 2, padding=1, stride=2),
        [((2, 3, 4, 5),)],
        jax=lambda x: jax.lax.conv_general_dilated_patches(x, (2, 2), (2, 2), [(1, 1)] * 2).reshape(
            len(x), 4 * x.shape[1], -1
        ),
        primitives=("unfold",),
    ),
    Case("unfold dilation", lambda x: F.unfold(x, (2, 1), (2, 1)), [((1, 2, 4, 3),)]),
    Case(
        "fold",
        lambda x: F.fold(x, (4, 5), 2, padding=1, stride=2),
        [((2, 8, 9),)],
        primitives=("fold",),
    ),
    Case(
        "locally_connected1d",
        lambda x, w: F.locally_connected1d(x, w, stride=2),
        [((2, 2, 5), (2, 3, 2, 3))],
        jax=lambda x, w: jnp.einsum(
            "bilk,loik->bol", jnp.stack([x[..., s : s + 3] for s in (0, 2)], 2), w
        ),
    ),
]

KINKS = [
    Kink(
        "max_pool1d: the first of a tie",
        lambda x: F.max_pool1d(x, 3),
        ([[[2.0, 2.0, 1.0]]],),
        ([[[1.0, 0.0, 0.0]]],),
    ),
    Kink(
        "max_pool2d: the first of a tie",
        lambda x: F.max_pool2d(x, 2),
        ([[[[1.0, 3.0], [3.0, 3.0]]]],),
        ([[[[0.0, 1.0], [0.0, 0.0]]]],),
    ),
]
