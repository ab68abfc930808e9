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
# # 02 · Neurons, perceptrons, gates
#
# A neuron weighs its inputs, adds a bias and squashes the sum:
#
# $$y = \sigma\Big(\sum_i w_i x_i + b\Big), \qquad \sigma(s) = \frac{1}{1 + e^{-s}} .$$

# %%
import numpy as np

import autograd as ag
import nn

inputs = [2.0, 3.0, -1.0, 1.0]  # the last one is the bias's constant 1
weights = [0.1, 0.5, 2.5, 3.0]
xs = [ag.Value(x, f"x{i}") for i, x in enumerate(inputs)]
ws = [ag.Value(w, f"w{i}") for i, w in enumerate(weights)]
s = sum(w * x for w, x in zip(ws, xs, strict=True))
out = s.sigmoid()
print(f"weighted sum {s.data:.1f}, sigmoid {out.data:.7f}")

# %%
ag.draw(out, names={"s": s, "out": out})

# %% [markdown]
# The smallest neuron, $y = \sigma(w x + b)$, with what the step backward does at each place:

# %%
w, x, b = ag.Value(0.5, "w"), ag.Value(2.0, "x"), ag.Value(-0.3, "b")
y = (w * x + b).sigmoid()
ag.draw(y, names={"y": y})

# %% [markdown]
# ## A threshold unit decides
#
# The oldest neuron has a step instead of the sigmoid. A jury whose members give 4, 1 and -3 points,
# and count once, three times and twice: the sum is 1, below the threshold of 3, so the answer is 0.

# %%
jury = nn.Perceptron(3)
jury.weight.copy_([1.0, 3.0, 2.0])
jury.bias.copy_(-3.0)  # the threshold, moved to the other side
print(
    "sum:", np.dot([1, 3, 2], [4, 1, -3]), " answer:", int(jury(np.array([4.0, 1.0, -3.0])).item())
)

# %% [markdown]
# With the weights -2, -2 and the bias 3 such a unit is a NAND gate, and from NAND gates one can build
# every computer.

# %%
gate = nn.Perceptron(2)
gate.weight.copy_([-2.0, -2.0])
gate.bias.copy_(3.0)
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
print("NAND:", gate(corners).data.astype(int))

# %% [markdown]
# ## It can learn, but not everything
#
# Rosenblatt's rule changes the weights only after a mistake: $w \leftarrow w + y\,x$, with the wanted
# sign $y = \pm 1$. It finds weights for every set of points that a line can separate. XOR is not one.

# %%
for name, wanted in [("AND", [0, 0, 0, 1]), ("OR", [0, 1, 1, 1]), ("XOR", [0, 1, 1, 0])]:
    unit = nn.Perceptron(2)
    unit.fit(corners, np.array(wanted))
    right = (unit(corners).data.astype(int) == wanted).all()
    print(f"{name}: {'learned' if right else 'not learned'}")
