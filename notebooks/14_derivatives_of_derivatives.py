# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · Derivatives of derivatives
#
# `grad` takes a function and gives a function, so it can be applied again. The rules are written in
# NumPy, and a gradient is computed by NumPy: it can be differentiated like anything else.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag

x = np.linspace(-6, 6, 300)
f, curves = np.tanh, []
for order in range(4):
    curves.append(f(x))
    f = ag.elementwise_grad(f)
plt.figure(figsize=(7, 3.5))
for order, curve in enumerate(curves):
    plt.plot(x, curve, label=f"order {order}")
_ = plt.legend()

# %% [markdown]
# ## Newton's method
#
# With the curvature one can jump to where the parabola has its minimum:
# $x \leftarrow x - H^{-1} \nabla f$. On Rosenbrock's valley gradient descent needs thousands of steps.


# %%
def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


gradient, hessian = ag.grad(rosenbrock), ag.hessian(rosenbrock)
point = np.array([-1.2, 1.0])
for step in range(7):
    print(f"step {step}: f = {rosenbrock(point):.2e}")
    point = point - np.linalg.solve(hessian(point), gradient(point))

# %% [markdown]
# ## A Hessian times a vector, without the Hessian
#
# For a million variables the matrix would have 10¹² entries. Its product with one vector costs a few
# gradients.

# %%
n = 100_000
point, v = np.linspace(-1, 1, n), np.ones(n)
product = ag.hvp(rosenbrock)(point, v)
print("entries of the product:", product.shape, " of the Hessian:", n * n)
small = np.linspace(-1, 1, 6)
print(np.allclose(ag.hvp(rosenbrock)(small, np.ones(6)), hessian(small) @ np.ones(6)))

# %% [markdown]
# ## Physics: forces from an energy
#
# A bead slides along the wire $y = -\cos x$. Its Lagrangian, kinetic minus potential energy, is
# $L = \tfrac12 \dot x^2 (1 + \sin^2 x) + \cos x$. The equation of motion comes from its derivatives alone:
#
# $$\ddot x = \frac{\partial_x L - \partial_x \partial_{\dot x} L \; \dot x}{\partial_{\dot x}^2 L} .$$


# %%
def lagrangian(x, speed):
    return 0.5 * speed**2 * (1 + np.sin(x) ** 2) + np.cos(x)


def acceleration(x, speed):
    force = ag.grad(lagrangian, 0)(x, speed)
    momentum = ag.grad(lagrangian, 1)
    mixed, mass = ag.grad(momentum, argnums=(0, 1))(x, speed)
    return (force - mixed * speed) / mass


def flow(state):
    x, speed = state
    return np.array([speed, acceleration(x, speed)])


state, step, xs = np.array([2.0, 0.0]), 0.05, []
for _ in range(200):  # Runge and Kutta's method
    k1 = flow(state)
    k2 = flow(state + step / 2 * k1)
    k3 = flow(state + step / 2 * k2)
    k4 = flow(state + step * k3)
    state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    xs.append(state[0])
plt.figure(figsize=(7, 2.5))
plt.plot(np.arange(200) * step, xs)
plt.ylabel("place of the bead")
x, speed = state
energy = 0.5 * speed**2 * (1 + np.sin(x) ** 2) - np.cos(x)
print(f"energy at the start {-np.cos(2.0):.5f}, at the end {energy:.5f}")

# %% [markdown]
# ## Jacobians, forward and backward
#
# `vjp` goes backward (one pass for each output), `jvp` forward (one for each input).

# %%
polar = lambda p: np.stack([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])
at = np.array([2.0, np.pi / 6])
print(np.round(ag.jacobian(polar)(at), 4))
value, tangent = ag.jvp(polar, (at,), (np.array([1.0, 0.0]),))
print("moving outward:", np.round(tangent, 4))
