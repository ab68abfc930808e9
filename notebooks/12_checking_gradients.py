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
# # 12 · Checking gradients
#
# A derivative can be measured: move the input a little, and see how the result moves,
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}, \qquad
#   \text{relative error} = \frac{|d - d'|}{|d| + |d'|} .$$
#
# Below 1e-7 is great; above 1e-3 somebody made a mistake.

# %%
import numpy as np

import autograd as ag
import nn
import nn.functional as F

x = 0.7
d = ag.grad(lambda x: np.exp(x) * np.sin(x))(x)
for h in (1e-1, 1e-3, 1e-5):
    f = lambda x: np.exp(x) * np.sin(x)
    measured = (f(x + h) - f(x - h)) / (2 * h)
    error = abs(d - measured) / (abs(d) + abs(measured))
    print(f"h = {h:g}: relative error {error:.0e}")

# %% [markdown]
# `gradcheck` does that for every entry, to second order if you ask, and is content here:

# %%
report = ag.gradcheck(
    lambda x, y: np.sum(np.tanh(x) / (1 + y**2)), np.ones(3), np.arange(3.0), order=2
)
print(report.count, "derivatives checked")

# %% [markdown]
# ## Now somebody makes a mistake
#
# A primitive of our own, whose rule forgot a factor. The check names the *operation*, not just the
# function that happens to use it.


# %%
@ag.primitive
def cube(x):
    return x**3


cube.defvjp(lambda g, out, x: g * 2.99 * x**2)

try:
    ag.gradcheck(lambda x: np.sum(np.sin(cube(x)) + x), np.array([0.5, 1.0, 1.5]))
except ag.GradcheckError as error:
    print("\n".join(str(error).splitlines()[:4]))

# %%
cube.defvjp(lambda g, out, x: g * 3 * x**2)
print(ag.gradcheck(lambda x: np.sum(np.sin(cube(x)) + x), np.array([0.5, 1.0, 1.5])).count, "right")

# %% [markdown]
# ## A whole network, with its penalty
#
# Modules are checked with all of their parameters, in double precision. Dropout draws new numbers at
# every call, so a network with dropout is refused until it is in `eval()` mode.

# %%
ag.manual_seed(0)
model = nn.MLP([3, 4, 2], activation="tanh").astype(np.float64)
inputs, labels = np.random.default_rng(0).standard_normal((5, 3)), np.arange(5) % 2
penalty = nn.L2(0.01)
report = ag.gradcheck(
    lambda model, x: F.cross_entropy(model(x), labels) + penalty(model), model, inputs
)
print(report.count, "derivatives checked")

try:
    ag.gradcheck(nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).astype(np.float64), inputs)
except ValueError as error:
    print(str(error).splitlines()[0][:100], "...")
