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
# # 06 · Softmax
#
# Softmax turns scores into probabilities, $p_i = e^{z_i} / \sum_j e^{z_j}$. With the cross-entropy
# behind it the gradient is as simple as could be: $\partial L / \partial z = p - y$.

# %%
import numpy as np

import autograd as ag
import nn.functional as F

scores = np.array([3.0, 1.0, -3.0])
p = F.softmax(scores, dim=-1)
print("softmax(3, 1, -3) =", np.round(p, 4))

# %%
label = np.array(0)
gradient = ag.grad(lambda z: F.cross_entropy(z, label))(scores)
print("dL/dz =", np.round(gradient, 4))
print("p - y =", np.round(p - np.eye(3)[0], 4))

# %% [markdown]
# How surprised is a model that gave the right class the probability $q$? By $-\log q$: in nats, to the
# base $e$; with base 10 the numbers are smaller by the factor 2.3.

# %%
for q in (0.01, 0.9):
    print(f"q = {q}: {-np.log(q):.4f} nats, {-np.log10(q):.4f} to base 10")

# %% [markdown]
# ## Large scores
#
# $e^{10000}$ is infinite in floating point, yet softmax of (10000, 0) is simply (1, 0). The functions
# subtract the largest score first; a masked score of $-\infty$ gets the probability 0 and the
# gradient 0.

# %%
print("softmax:    ", F.softmax(np.array([1e4, 0.0]), dim=-1))
masked = np.array([1.0, 2.0, -np.inf])
print("masked:     ", np.round(F.softmax(masked, dim=-1), 4))
print("its gradient", np.round(ag.grad(lambda z: F.cross_entropy(z, label))(masked), 4))
