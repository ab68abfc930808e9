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
# # 13 · A convolutional network on real digits
#
# 1,797 scanned digits of 8×8 pixels, collected in 1998. Fifteen lines make a network that reads them.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import autograd as ag
import nn
import nn.functional as F
import optim
from nn.data import DataLoader, TensorDataset
from nn.training import accuracy, confusion_matrix, evaluate, fit, predict

data = load_digits()
images = (data.images[:, None] / 16).astype(np.float32)
labels = data.target
order = np.random.default_rng(0).permutation(len(labels))
test, training = order[:360], order[360:]

figure, axes = plt.subplots(1, 10, figsize=(9, 1.2))
for axis, i in zip(axes, training, strict=False):
    axis.imshow(images[i, 0], cmap="gray_r")
    axis.set_axis_off()
    axis.set_title(labels[i], fontsize=8)

# %%
ag.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 4 * 4, 10),
)
print(model.summary((1, 1, 8, 8)))

# %% [markdown]
# The loop one writes oneself would be four lines; `fit` adds a progress bar, validation and a history.

# %%
train_set = DataLoader(
    TensorDataset(images[training], labels[training]), batch_size=32, shuffle=True
)
test_set = DataLoader(TensorDataset(images[test], labels[test]), batch_size=360)
optimizer = optim.Adam(model.parameters(), lr=3e-3)
history = fit(
    model,
    train_set,
    loss=F.cross_entropy,
    optimizer=optimizer,
    epochs=6,
    validation=test_set,
    metrics=[accuracy],
    progress=False,
)
measured = evaluate(model, test_set, loss=F.cross_entropy, metrics=[accuracy])
print("more than 97 % right on digits it has never seen:", measured["accuracy"] > 0.97)

# %%
counts = confusion_matrix(predict(model, test_set), labels[test])
plt.figure(figsize=(4, 4))
plt.imshow(np.log1p(counts), cmap="Blues")
plt.xlabel("said")
plt.ylabel("is")
_ = plt.xticks(range(10)), plt.yticks(range(10))

# %% [markdown]
# ## What the first layer looks for

# %%
figure, axes = plt.subplots(1, 8, figsize=(8, 1.2))
for axis, filter_ in zip(axes, model[0].weight.data, strict=True):
    axis.imshow(filter_[0], cmap="RdBu", vmin=-0.8, vmax=0.8)
    axis.set_axis_off()

# %% [markdown]
# ## Freeze and thaw
#
# For fine-tuning, the first layers stay as they are and only the last one learns.

# %%
model.requires_grad_(False)
model[6].requires_grad_(True)
model.zero_grad()
F.cross_entropy(model(images[:8]), labels[:8]).backward()
print([name for name, p in model.named_parameters() if p.grad is not None])
