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
# # 05 · Losses, and why cross-entropy learns faster
#
# One sigmoid neuron shall output 0. It starts badly wrong: weight and bias are 2, so it says 0.98.
# Once it learns with the squared error, once with the cross-entropy:
#
# $$\frac{\partial}{\partial w}\tfrac12(\sigma(z) - y)^2 = (\sigma(z) - y)\,\sigma'(z)\,x,
#   \qquad
#   \frac{\partial}{\partial w}\,\mathrm{CE} = (\sigma(z) - y)\,x .$$
#
# The factor $\sigma'$ is tiny exactly where the neuron is most wrong. Cross-entropy cancels it.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn.functional as F


def learn(loss, steps=150, rate=0.15):
    w = ag.Tensor(2.0, requires_grad=True)
    b = ag.Tensor(2.0, requires_grad=True)
    outputs = []
    for _ in range(steps):
        z = w * 1.0 + b
        outputs.append(F.sigmoid(z).item())
        for parameter, g in zip((w, b), ag.gradients(loss(z), [w, b]), strict=True):
            with ag.no_grad():
                parameter.copy_(parameter - rate * g)
    return outputs


target = np.array(0.0)
squared = learn(lambda z: 0.5 * (F.sigmoid(z) - target) ** 2)
entropy = learn(lambda z: F.binary_cross_entropy_with_logits(z, target))
plt.figure(figsize=(6, 3.5))
plt.plot(squared, label="squared error")
plt.plot(entropy, label="cross-entropy")
plt.xlabel("step")
plt.ylabel("output (wanted: 0)")
plt.legend()
print(f"after 50 steps: squared error {squared[50]:.3f}, cross-entropy {entropy[50]:.3f}")

# %% [markdown]
# The gradients at the start, side by side:

# %%
z = np.array(4.0)
print(f"squared error  {ag.grad(lambda z: 0.5 * F.sigmoid(z) ** 2)(z):.4f}")
print(f"cross-entropy  {ag.grad(lambda z: F.binary_cross_entropy_with_logits(z, target))(z):.4f}")

# %% [markdown]
# ## Other losses, at a glance
#
# Squared error punishes an outlier by its square, absolute error by its size; Huber's loss changes
# from one to the other.

# %%
error = np.linspace(-3, 3, 301)
zero = np.zeros_like(error)
plt.figure(figsize=(6, 3.5))
for name, loss in [("MSE", F.mse_loss), ("L1", F.l1_loss), ("Huber", F.huber_loss)]:
    plt.plot(error, loss(error, zero, reduction="none"), label=name)
plt.ylim(0, 4)
plt.xlabel("error")
_ = plt.legend()
