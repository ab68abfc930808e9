"""A block like a transformer's: layer norm, attention with 4 heads on 64 × 128, layer norm, MLP."""

from typing import Any

import numpy as np

import autograd as ag
import nn.functional as F

from ..workload import Arrays, Workload

LENGTH, WIDTH, HEADS, HIDDEN = 64, 128, 4, 512
HEAD = WIDTH // HEADS
EPS = 1e-5


def _norm(x: Any, scale: Any, shift: Any) -> tuple[Any, Any]:
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + EPS)
    centred *= inverse
    out = centred * scale
    out += shift
    return out, (centred, inverse)


def _norm_back(g: Any, scale: Any, saved: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    centred, inverse = saved
    d_scale, d_shift = np.sum(g * centred, axis=0), g.sum(axis=0)
    g = g * scale
    g -= g.mean(axis=-1, keepdims=True) + centred * np.mean(g * centred, axis=-1, keepdims=True)
    g *= inverse
    return g, d_scale, d_shift


def workload() -> Workload:
    rng = np.random.default_rng(0)

    def matrix(*shape: int) -> Any:
        return (rng.standard_normal(shape) / shape[1] ** 0.5).astype(np.float32)

    x = rng.standard_normal((LENGTH, WIDTH)).astype(np.float32)
    ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    parameters = [
        ones.copy(),
        zeros.copy(),
        matrix(3 * WIDTH, WIDTH),
        matrix(WIDTH, WIDTH),
        ones.copy(),
        zeros.copy(),
        matrix(HIDDEN, WIDTH),
        np.zeros(HIDDEN, np.float32),
        matrix(WIDTH, HIDDEN),
        zeros.copy(),
    ]
    scale = np.float32(HEAD**-0.5)

    def heads(qkv: Any) -> Any:
        """Queries, keys and values, each (heads, length, features): views."""
        return qkv.reshape(LENGTH, 3, HEADS, HEAD).transpose(1, 2, 0, 3)

    def hand() -> Arrays:
        g1, b1, w_qkv, w_out, g2, b2, w_up, c_up, w_down, c_down = parameters
        n1, saved1 = _norm(x, g1, b1)
        q, k, v = heads(n1 @ w_qkv.T)
        weights = k @ q.swapaxes(1, 2)  # keys first: the largest of columns is found faster
        weights *= scale
        weights -= weights.max(axis=-2, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=-2, keepdims=True)
        mixed = (weights.swapaxes(1, 2) @ v).swapaxes(0, 1).reshape(LENGTH, WIDTH)
        y = mixed @ w_out.T
        y += x
        n2, saved2 = _norm(y, g2, b2)
        up = n2 @ w_up.T
        up += c_up
        np.maximum(up, 0, out=up)
        out = up @ w_down.T
        out += c_down
        out += y
        loss = out.sum()

        g = np.ones((LENGTH, WIDTH), np.float32)
        d_c_down, d_w_down = g.sum(axis=0), g.T @ up
        d_up = g @ w_down
        d_up *= up > 0
        d_c_up, d_w_up = d_up.sum(axis=0), d_up.T @ n2
        d_y, d_g2, d_b2 = _norm_back(d_up @ w_up, g2, saved2)
        d_y += g
        d_w_out = d_y.T @ mixed
        d_mixed = (d_y @ w_out).reshape(LENGTH, HEADS, HEAD).swapaxes(0, 1)
        d_weights = v @ d_mixed.swapaxes(1, 2)
        d_weights -= np.sum(d_weights * weights, axis=-2, keepdims=True)
        d_weights *= weights
        d_weights *= scale
        d_qkv = np.empty((LENGTH, 3 * WIDTH), np.float32)
        d_q, d_k, d_v = heads(d_qkv)
        np.matmul(d_weights.swapaxes(1, 2), k, out=d_q)
        np.matmul(d_weights, q, out=d_k)
        np.matmul(weights, d_mixed, out=d_v)
        d_w_qkv = d_qkv.T @ n1
        _, d_g1, d_b1 = _norm_back(d_qkv @ w_qkv, g1, saved1)
        gradients = [d_g1, d_b1, d_w_qkv, d_w_out, d_g2, d_b2, d_w_up, d_c_up, d_w_down, d_c_down]
        return [np.asarray(loss), *gradients]

    leaves = [ag.Tensor(p, requires_grad=True) for p in parameters]

    def ours() -> Arrays:
        g1, b1, w_qkv, w_out, g2, b2, w_up, c_up, w_down, c_down = leaves
        q, k, v = heads(F.linear(F.layer_norm(x, (WIDTH,), g1, b1, eps=EPS), w_qkv))
        mixed = F.scaled_dot_product_attention(q, k, v).swapaxes(0, 1).reshape(LENGTH, WIDTH)
        y = x + F.linear(mixed, w_out)
        up = F.relu(F.linear(F.layer_norm(y, (WIDTH,), g2, b2, eps=EPS), w_up, c_up))
        loss = (y + F.linear(up, w_down, c_down)).sum()
        loss.backward()
        found = [leaf.grad.data for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return [loss.data, *found]

    name = "transformer-like block: layer norm, attention 4 heads on 64 × 128, MLP"
    return Workload(name, hand, ours, limit=1.25, tolerance=1e-3)
