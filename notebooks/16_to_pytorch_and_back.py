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
# # 16 · To PyTorch and back
#
# Layers, parameter names and shapes are PyTorch's, and checkpoints are in the safetensors format. So a
# model trained here runs there, and one trained there runs here. PyTorch need not be installed for
# any of what follows.

# %%
import tempfile
from pathlib import Path

import numpy as np

import autograd as ag
import nn
import optim
from nn import checkpoint

ag.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
)
for name, array in model.state_dict().items():
    print(f"{name:24s} {array.shape}")

# %% [markdown]
# ## Saving
#
# One file holds the arrays, the state of the optimizer, and a checksum. It is written beside the old
# one and takes its place at once, so a crash leaves one of the two, whole.

# %%
folder = Path(tempfile.mkdtemp())
optimizer = optim.Adam(model.parameters())
checkpoint.save(folder / "model.safetensors", model=model, optimizer=optimizer, epoch=3)
print((folder / "model.safetensors").stat().st_size > 0)

# %% [markdown]
# The model's arrays have PyTorch's names in the file; what else is there has a prefix. In PyTorch, with the
# same layers:
#
# ```python
# from safetensors.torch import load_file
# state = load_file("model.safetensors")
# torch_model.load_state_dict({name: state[name] for name in torch_model.state_dict()})
# ```

# %%
from safetensors.numpy import load_file

arrays = load_file(folder / "model.safetensors")
print(sorted(arrays)[:4])

# %% [markdown]
# ## Loading
#
# What PyTorch saved is a dictionary of names and arrays. `load_state_dict` takes it; if a name or a
# shape does not fit, the error lists every difference and nothing is changed.

# %%
ag.manual_seed(1)
other = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
)
x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
other.load_state_dict(model.state_dict())
model.eval(), other.eval()
print("same outputs:", np.array_equal(model(x).data, other(x).data))

try:
    other.load_state_dict({"0.weight": np.zeros((4, 1, 5, 5), np.float32)})
except ValueError as error:
    print(str(error).splitlines()[0])

# %% [markdown]
# ## Arrays are shared, not copied
#
# A tensor without gradient shares the array it is given, and `t.data` is the array itself. So are the
# arrays of `torch.from_numpy` and `tensor.numpy()`: data goes across without a copy.

# %%
array = np.zeros(3)
t = ag.Tensor(array)
array[0] = 7.0
print(t)
