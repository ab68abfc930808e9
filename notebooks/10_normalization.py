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
# # 10 · Normalization
#
# Batch normalization gives every channel mean 0 and variance 1 over the batch, and then lets the
# network choose what it wants instead:
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad y = \gamma\,\hat x + \beta .$$

# %%
import numpy as np

import nn
import nn.functional as F
from nn.data import ArctanScaler, LogScaler, MinMaxScaler, StandardScaler

rng = np.random.default_rng(0)
x = (5 + 3 * rng.standard_normal((64, 4))).astype(np.float32)
layer = nn.BatchNorm1d(4)
y = layer(x)
print("before: mean", np.round(x.mean(0), 2), "std", np.round(x.std(0), 2))
print("after:  mean", np.round(np.abs(y.data.mean(0)), 2), "std", np.round(y.data.std(0), 2))

# %% [markdown]
# At inference a batch may be a single example, so moving averages take the place of its statistics.
# `momentum` is the weight of the *new* batch (some texts use the complement).

# %%
for _ in range(100):
    layer((5 + 3 * rng.standard_normal((64, 4))).astype(np.float32))
print("running mean", np.round(layer.running_mean.data, 1))
print("running var ", np.round(layer.running_var.data, 0))
layer.eval()
print(
    "one example at the mean comes out near 0:",
    np.abs(layer(np.full((1, 4), 5.0, np.float32)).data).max() < 0.1,
)

# %% [markdown]
# ## Data first
#
# Before any network: numbers that come as kilometres and as millimetres should be brought to a common
# scale. Four normal forms, with the conventions of scikit-learn (`fit`, `transform`, inverse):

# %%
column = np.array([[1.0], [2.0], [4.0], [10.0]])
for scaler in (MinMaxScaler(), LogScaler(), ArctanScaler(), StandardScaler()):
    print(f"{type(scaler).__name__:14s}", scaler.fit_transform(column).ravel().round(3))

# %% [markdown]
# ## Its relatives
#
# They differ in which numbers share a mean: batch norm takes all examples of one channel, layer norm
# all features of one example, instance norm one channel of one example, group norm a few channels.

# %%
images = rng.standard_normal((2, 4, 3, 3)).astype(np.float32) + 2
for name, norm, axes in [
    ("batch", nn.BatchNorm2d(4), (0, 2, 3)),
    ("layer", nn.LayerNorm([4, 3, 3]), (1, 2, 3)),
    ("instance", nn.InstanceNorm2d(4), (2, 3)),
]:
    print(
        f"{name:9s} means over axes {axes}: all 0:",
        np.allclose(norm(images).mean(axes), 0, atol=1e-6),
    )

# %% [markdown]
# ## Local response normalization
#
# $b_i = a_i / (k + \alpha \sum_j a_j^2)^\beta$ over the neighbouring channels, with k = 2, n = 5,
# α = 1e-4, β = 0.75: strong neighbours dim each other.

# %%
a = np.zeros((1, 7, 1, 1))
a[0, 3] = 100.0
b = F.local_response_norm(
    a, 5, alpha=5e-4, beta=0.75, k=2.0
)  # PyTorch's alpha is n times the paper's
print(
    "channel 3:",
    np.round(b[0, 3, 0, 0], 4),
    " by the formula:",
    np.round(100 / (2 + 1e-4 * 100**2) ** 0.75, 4),
)
