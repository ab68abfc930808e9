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
# # 07 · Gradient descent, and the optimizers' race
#
# All optimizers know the same: the slope under their feet. They differ in what they remember.
# Momentum keeps a velocity, $v \leftarrow \mu v - \eta\,\nabla$, $x \leftarrow x + v$; AdaGrad counts
# how steep it has been, $c \leftarrow c + \nabla^2$, $x \leftarrow x - \eta\,\nabla / (\sqrt c + \varepsilon)$.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import optim

# %% [markdown]
# ## One step of each, in numbers

# %%
for name, make in [
    ("SGD", lambda p: optim.SGD(p, lr=0.1)),
    ("momentum", lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
    ("Adagrad", lambda p: optim.Adagrad(p, lr=0.1)),
    ("Adam", lambda p: optim.Adam(p, lr=0.1)),
]:
    x = ag.Tensor([1.0, -2.0], requires_grad=True)
    optimizer = make([x])
    for _ in range(2):
        optimizer.zero_grad()
        np.sum(x * x).backward()
        optimizer.step()
    print(f"{name:9s} after two steps: {np.round(x.data, 4)}")

# %% [markdown]
# ## The race through a ravine
#
# Steep walls, an almost level floor: plain gradient descent must take small steps because of the
# walls and then hardly moves along the floor.


# %%
def draw(surface, start, title, steps, reach):
    grid = np.meshgrid(*[np.linspace(-r, r, 120) for r in reach])
    heights = surface(np.stack(grid))
    plt.figure(figsize=(7, 3.6))
    plt.contour(*grid, heights, levels=25, linewidths=0.5, colors="0.7")
    paths = optim.race(surface, start, steps=steps)
    for name, path in paths.items():
        plt.plot(*np.clip(path, -9, 9).T, ".-", markersize=2, linewidth=1, label=name)
    plt.xlim(-reach[0], reach[0])
    plt.ylim(-reach[1], reach[1])
    plt.title(title)
    plt.legend(fontsize=7)
    return {name: float(surface(path[-1])) for name, path in paths.items()}


ends = draw(optim.ravine, (-4.0, 1.0), "a ravine", 60, (5, 1.5))
for name, height in sorted(ends.items(), key=lambda item: item[1]):
    print(f"{name:9s} ends at height {height:.3f}")

# %% [markdown]
# ## And away from a saddle
#
# At (0, 0) the slope is zero, but it is no minimum. Who starts almost on the ridge has to leave it.

# %%
ends = draw(optim.saddle, (-1.5, 0.01), "a saddle", 60, (2, 2.5))
print("left the ridge:", ", ".join(sorted(name for name, h in ends.items() if h < -0.5)))
