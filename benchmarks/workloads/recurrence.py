"""An unrolled recurrence: h ← tanh(x_t Wxᵀ + h Whᵀ + b), 100 steps, width 64, batch 32."""

import numpy as np

import autograd as ag
import nn.functional as F

from ..workload import Arrays, Workload

STEPS, WIDTH, BATCH = 100, 64, 32


def workload() -> Workload:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((STEPS, BATCH, WIDTH)).astype(np.float32)
    wx, wh = (rng.standard_normal((2, WIDTH, WIDTH)) / WIDTH**0.5).astype(np.float32)
    b = np.zeros(WIDTH, np.float32)
    start = np.zeros((BATCH, WIDTH), np.float32)

    def hand() -> Arrays:
        states = [start]
        for x in inputs:
            z = x @ wx
            z += states[-1] @ wh
            z += b
            states.append(np.tanh(z, out=z))
        dwx, dwh, db = np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b)
        g = np.ones_like(start)
        for t in reversed(range(STEPS)):
            h = states[t + 1]
            slope = h * h
            np.subtract(1, slope, out=slope)
            slope *= g
            dwx += inputs[t].T @ slope
            dwh += states[t].T @ slope
            db += slope.sum(axis=0)
            g = slope @ wh.T
        return [dwx, dwh, db]

    leaves = [ag.Tensor(a, requires_grad=True) for a in (wx, wh, b)]

    def ours() -> Arrays:
        a, c, bias = leaves
        w_ih, w_hh = a.T, c.T  # the cell takes (out, in), as PyTorch's does
        h = start
        for x in inputs:
            h = F.rnn_tanh_cell(x, h, w_ih, w_hh, bias)
        h.sum().backward()
        found = [leaf.grad.data for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return found

    name = "unrolled tanh recurrence, 100 steps, width 64, batch 32"
    return Workload(name, hand, ours, limit=1.5, tolerance=1e-4)
