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
# # 04 · Activations and saturation
#
# What comes between two layers decides how well gradients pass. Here are the usual functions with
# their slopes, drawn with the same code: `elementwise_grad` turns any of them into its derivative.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn.functional as F

s = np.linspace(-4, 4, 401)
functions = {
    "sigmoid": F.sigmoid,
    "tanh": np.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "softplus": F.softplus,
    "GELU": F.gelu,
    "SiLU": F.silu,
}
figure, axes = plt.subplots(2, 4, figsize=(11, 4.5), sharex=True, sharey=True)
for axis, (name, f) in zip(axes.flat, functions.items(), strict=True):
    axis.plot(s, f(s), label="value")
    axis.plot(s, ag.elementwise_grad(f)(s), "--", label="slope")
    axis.set_title(name)
    axis.set_ylim(-1.5, 3)
axes[0, 0].legend()
figure.tight_layout()

# %% [markdown]
# ## A neuron's saturation
#
# Far from zero the sigmoid is flat: its gate lets almost nothing through.
# $\sigma'(s) = \sigma(s)\,(1 - \sigma(s))$ is at most ¼, and 4.5e-5 at ±10.

# %%
for at in (-10.0, 0.0, 10.0):
    print(f"s = {at:5.1f}   gradient {ag.grad(F.sigmoid)(at):.2g}")

# %% [markdown]
# ## The slopes at the corners
#
# At a kink there is no derivative. The choice here is written in each docstring: 0 for ReLU and abs,
# the slope itself for leaky ReLU, and a tie between two numbers shares 1 evenly.

# %%
print("ReLU at 0:        ", ag.grad(F.relu)(0.0))
print("leaky ReLU at 0:  ", ag.grad(lambda x: F.leaky_relu(x, 0.01))(0.0))
print("max(x, y), x = y: ", *ag.grad(np.maximum, argnums=(0, 1))(1.0, 1.0))
