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
# # 03 · Backpropagation, by hand and by machine
#
# Two inputs, two hidden units, two outputs, sigmoids everywhere, and the error
# $E = \sum \tfrac12 (\text{target} - \text{out})^2$. First with the pencil, then with the machine: the
# numbers must be the same.

# %%
import numpy as np

import autograd as ag
import nn

x = np.array([0.05, 0.10])
target = np.array([0.01, 0.99])
W1 = ag.Tensor([[0.15, 0.20], [0.25, 0.30]], requires_grad=True, name="W1")
W2 = ag.Tensor([[0.40, 0.45], [0.50, 0.55]], requires_grad=True, name="W2")
b1, b2 = 0.35, 0.60

net_h = W1 @ x + b1
out_h = net_h.sigmoid()
net_o = W2 @ out_h + b2
out_o = net_o.sigmoid()
E = np.sum(0.5 * (target - out_o) ** 2)

print("net_h1 ", f"{net_h.data[0]:.4f}")
print("out_h  ", np.round(out_h.data, 9))
print("net_o1 ", f"{net_o.data[0]:.9f}")
print("out_o  ", np.round(out_o.data, 9))
print("E      ", f"{E.item():.9f}")

# %% [markdown]
# ## By hand
#
# The derivative of the error at an output is $-(t - o)$, the sigmoid's slope is $o(1-o)$; their
# product $\delta_o$ is what flows on. It reaches the hidden units through the same weights, backward:
# $\delta_h = (W_2^\top \delta_o) \circ h (1 - h)$.

# %%
h, o = out_h.data, out_o.data
delta_o = -(target - o) * o * (1 - o)
delta_h = (W2.data.T @ delta_o) * h * (1 - h)
by_hand_W2, by_hand_W1 = np.outer(delta_o, h), np.outer(delta_h, x)

# %% [markdown]
# ## By machine

# %%
E.backward()
print("W1 as by hand:", np.allclose(W1.grad.data, by_hand_W1, rtol=1e-14, atol=0))
print("W2 as by hand:", np.allclose(W2.grad.data, by_hand_W2, rtol=1e-14, atol=0))

# %% [markdown]
# One step downhill at the rate 0.5:

# %%
with ag.no_grad():
    new_W1 = W1 - 0.5 * W1.grad
    new_W2 = W2 - 0.5 * W2.grad
print("w1..w4 =", np.round(new_W1.data.ravel(), 8))
print("w5..w8 =", np.round(new_W2.data.ravel(), 8))

# %%
ag.draw(E, names=locals(), rankdir="TB")

# %% [markdown]
# ## Dimensions leave no choice
#
# For a product $D = W X$ with shapes (5, 3) = (5, 10)(10, 3), the gradients of $W$ and $X$ must have
# their shapes, and only one arrangement of the factors fits: $dW = dD\,X^\top$ and $dX = W^\top dD$.

# %%
rng = np.random.default_rng(0)
W = ag.Tensor(rng.standard_normal((5, 10)), requires_grad=True)
X = ag.Tensor(rng.standard_normal((10, 3)), requires_grad=True)
dD = rng.standard_normal((5, 3))
D = W @ X
D.backward(dD)
print("dW:", W.grad.shape, np.allclose(W.grad.data, dD @ X.data.T))
print("dX:", X.grad.shape, np.allclose(X.grad.data, W.data.T @ dD))

# %% [markdown]
# A layer, $H = \mathrm{relu}(W X + b)$, drawn with the rule of each step:

# %%
W = ag.Tensor([[1.0, -1.0], [0.5, 2.0]], requires_grad=True, name="W")
b = ag.Tensor([[0.5], [-1.0]], requires_grad=True, name="b")
X = np.array([[1.0, 2.0], [3.0, -1.0]])
H = nn.functional.relu(W @ X + b)
ag.draw(H.sum(), names={"H": H, "X": X})
