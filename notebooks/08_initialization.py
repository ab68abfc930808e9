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
# # 08 · Initialization, and vanishing gradients
#
# A network of ten tanh layers, and five ways to draw its first weights. What leaves a layer should be
# about as large as what went in: too small, and the signal dies; too large, and every tanh saturates.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn

WIDTH, DEPTH = 100, 10


def network(fill, rng):
    model = nn.MLP([WIDTH] * (DEPTH + 1), activation="tanh", output_activation="tanh")
    for name, parameter in model.named_parameters():
        nn.init.zeros_(parameter) if name.endswith("bias") else fill(parameter, rng)
    return model


# For tanh the variance of a weight should be about 1/n; ReLU loses half of the signal, so He et al. draw
# with 2/n. A sparse start connects each unit to only about ten others.
ways = {
    "0.01 · N(0, 1)": lambda w, rng: nn.init.normal_(w, std=0.01, rng=rng),
    "N(0, 1)": lambda w, rng: nn.init.normal_(w, rng=rng),
    "N(0, 1) / √n": lambda w, rng: nn.init.lecun_normal_(w, rng=rng),
    "Xavier": lambda w, rng: nn.init.xavier_normal_(w, rng=rng),
    "sparse": lambda w, rng: nn.init.sparse_(w, sparsity=0.9, std=0.3, rng=rng),
}
x = np.random.default_rng(0).standard_normal((200, WIDTH)).astype(np.float32)
figure, axes = plt.subplots(len(ways), 5, figsize=(11, 7), sharex=True)
for row, (name, fill) in zip(axes, ways.items(), strict=True):
    model = network(fill, np.random.default_rng(1))
    h, spreads = x, []
    for layer in model:
        h = layer(h)
        if isinstance(layer, nn.Tanh):
            spreads.append(h.data)
    for axis, values in zip(row, spreads[::2], strict=True):
        axis.hist(values.ravel(), bins=40, range=(-1, 1))
        axis.set_yticks([])
    row[0].set_ylabel(name, fontsize=8)
    print(
        f"{name:15s} spread after layers 1, 5, 10:", *[f"{spreads[i].std():.2g}" for i in (0, 4, 9)]
    )
figure.suptitle("activations after layers 1, 3, 5, 7, 9")
figure.tight_layout()

# %% [markdown]
# ## All the same is no start at all
#
# If every weight of a layer is the same, every unit gets the same gradient, for ever: the layer has
# the power of a single unit.

# %%
model = nn.MLP([4, 3, 2])
for parameter in model.parameters():
    nn.init.constant_(parameter, 0.5)
nn.functional.cross_entropy(model(x[:8, :4]), np.arange(8) % 2).backward()
gradient = model[0].weight.grad.data
print("rows of the gradient are equal:", bool((gradient == gradient[0]).all()))

# %% [markdown]
# ## Ask `diagnose`
#
# Where do gradients die? With tanh and small weights, thirty layers deep, nothing is left for the
# first layers to learn from.

# %%
ag.manual_seed(0)
deep = nn.MLP([20] * 31 + [1], activation="tanh")
for name, parameter in deep.named_parameters():
    if name.endswith("weight"):
        nn.init.normal_(parameter, std=0.05, rng=np.random.default_rng(2))
with ag.record():
    loss = np.mean(deep(x[:, :20]) ** 2)
report = ag.diagnose(loss)
print("\n".join(str(report).splitlines()[:6]))
