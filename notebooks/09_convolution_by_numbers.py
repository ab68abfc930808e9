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
# # 09 · Convolution and pooling, by numbers
#
# A convolution slides a small kernel over the image and takes a weighted sum at every place. (What
# networks call convolution does not flip the kernel; mathematicians would say cross-correlation.)

# %%
import numpy as np

import autograd as ag
import nn
import nn.functional as F

image = np.array([[1.0, 2, 1, 0], [0, 2, 1, 2], [1, 2, 1, 2], [1, 2, 1, 1]])
kernel = np.array([[1.0, -1, 1], [0, 1, 0], [1, 1, -1]])
print(F.conv2d(image[None, None], kernel[None, None], padding=1)[0, 0].astype(int))

# %% [markdown]
# ## Padding in one dimension
#
# The kernel 1 1 1 over 1 2 3: only where it fits (*valid*), as long as the input (*same*), or wherever
# it touches (*full*).

# %%
row, ones = np.array([[[1.0, 2, 3]]]), np.ones((1, 1, 3))
for padding in ("valid", "same", "full"):
    print(f"{padding:5s}", F.conv1d(row, ones, padding=padding).ravel().astype(int))

# %% [markdown]
# ## Sizes and counts
#
# $$\text{out} = \Big\lfloor \frac{n + 2p - k}{s} \Big\rfloor + 1$$
#
# For n = 5, k = 3, s = 2, p = 0 that is 2. Two filters 3×3 over three channels have
# (3·3·3 + 1)·2 = 56 parameters. A 32×32 image through two filters 3×3 becomes 30×30×2, and 15×15×2
# after 2×2 pooling with stride 2.

# %%
print(F.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), stride=2).shape[-1])
layer = nn.Conv2d(3, 2, 3)
print(sum(p.size for p in layer.parameters()), "parameters")
maps = nn.Conv2d(1, 2, 3)(np.zeros((1, 1, 32, 32), np.float32))
print(maps.shape, "->", F.max_pool2d(maps, 2).shape)

# %% [markdown]
# ## Pooling

# %%
print(F.max_pool2d(np.arange(1.0, 17).reshape(1, 1, 4, 4), 2).ravel().astype(int))
print(F.max_pool2d(np.arange(1.0, 10).reshape(1, 1, 3, 3), 2, stride=1).ravel().astype(int))
rows = np.array([[1.0, 3, 2, 4], [5, 6, 7, 8], [9, 2, 3, 1], [4, 0, 1, 5]])
print(F.max_pool2d(rows[None, None], 2).ravel().astype(int))

# %% [markdown]
# ## The gradients are convolutions too
#
# The kernel's gradient is the cross-correlation of the input with the output's gradient; the input's
# is the full convolution of the kernel with it; the bias's is their sum.

# %%
x = ag.Tensor(image[None, None], requires_grad=True)
k = ag.Tensor(kernel[None, None], requires_grad=True)
y = F.conv2d(x, k)
g = np.array([[[[1.0, 2], [3, 4]]]])
y.backward(g)
print("dK equals the cross-correlation:", np.allclose(k.grad.data, F.conv2d(image[None, None], g)))
flipped = kernel[None, None, ::-1, ::-1]
full = F.conv2d(g, flipped, padding="full")
print("dX equals the full convolution: ", np.allclose(x.grad.data, full))
