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
# # 01 · The chain rule on a graph
#
# A formula is a recipe: small steps, each simple enough to differentiate by heart. Take
#
# $$f = (x + y)\,z \qquad\text{at}\qquad x = -2,\; y = 5,\; z = -4 .$$
#
# It has two steps, $q = x + y$ and $f = q z$. We let the library write them down while it computes.

# %%
import autograd as ag

x, y, z = ag.Value(-2.0, "x"), ag.Value(5.0, "y"), ag.Value(-4.0, "z")
q = x + y
f = q * z
print("q =", q.data, "  f =", f.data)

# %% [markdown]
# Going backward we ask each step one question: *if your result moved by a little, how much would you
# have had to be moved?* The chain rule multiplies the answers along the way:
#
# $$\frac{\partial f}{\partial x} = \frac{\partial f}{\partial q}\,\frac{\partial q}{\partial x}
#   = z \cdot 1 = -4 .$$

# %%
f.backward()
print("df/dx =", x.grad, "  df/dy =", y.grad, "  df/dz =", z.grad)

# %% [markdown]
# The picture has it all: above each wire the value that flows forward, below it the gradient
# ($\nabla$) that flows back. Press *play* where the page is live to see one step at a time.

# %%
ag.draw(f, names={"q": q, "f": f})

# %% [markdown]
# ## When a variable is used twice
#
# Then there are two ways for a change to reach the result, and the gradient is the *sum* over the
# ways. For $g = x\,y + x$ at the same point, $\partial g/\partial x = y + 1 = 6$.

# %%
x, y = ag.Value(-2.0, "x"), ag.Value(5.0, "y")
g = x * y + x
g.backward()
print("dg/dx =", x.grad)
print(ag.explain(g, x, names={"g": g}))

# %%
ag.draw(g, names={"g": g})

# %% [markdown]
# ## Arrays are the same story
#
# A `Tensor` is an array that remembers how it was made. One node of the graph is then a whole array,
# and the local derivative is a small rule instead of a number.

# %%
import numpy as np

t = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True, name="t")
loss = np.sum(np.sin(t) * t)
loss.backward()
print("gradient:  ", np.round(t.grad.data, 4))
print("by hand:   ", np.round(np.cos(t.data) * t.data + np.sin(t.data), 4))

# %%
ag.draw(loss, names={"loss": loss})
