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
# # 15 · Your own primitive, your own layer
#
# A primitive is a forward function and one rule per argument, both in plain NumPy. Let us teach the
# library the *swish* function $x\,\sigma(\beta x)$ with a learned $\beta$.

# %%
import numpy as np

import autograd as ag
import nn


def sigma(x):
    return 1 / (1 + np.exp(-x))


@ag.primitive(elementwise=True)
def swish(x, beta):
    return x * sigma(beta * x)


def by_x(g, out, x, beta):
    s = sigma(beta * x)
    return g * (s + beta * x * s * (1 - s))


def by_beta(g, out, x, beta):
    s = sigma(beta * x)
    return g * x * x * s * (1 - s)


swish.defvjp(by_x, by_beta, saves=("x", "beta"), local=("∇out · (s + βx s′)", "∇out · x² s′"))

# %% [markdown]
# `saves` says what the rules need as numbers; everything else is freed early. Because the rules are
# written in functions that tensors understand, the second derivative is there too, and `gradcheck`
# confirms both.

# %%
print(swish(np.array([-1.0, 0.0, 1.0]), 1.0).round(4))
report = ag.gradcheck(lambda x, b: np.sum(swish(x, b)), np.linspace(-2, 2, 5), 1.3, order=2)
print(report.count, "derivatives of order 1 and 2 are right")

# %%
x, beta = (
    ag.Tensor([0.5, -1.0], requires_grad=True, name="x"),
    ag.Tensor(1.0, requires_grad=True, name="β"),
)
out = np.sum(swish(x, beta))
ag.draw(out, names={"out": out})

# %% [markdown]
# ## A layer is its parameters and a call


# %%
class Swish(nn.Module):
    """x σ(βx) with a learned β."""

    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(np.array(1.0))

    def forward(self, x):
        return swish(x, self.beta)


ag.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), Swish(), nn.Linear(4, 1))
print(model)
print([name for name, _ in model.named_parameters()])

# %% [markdown]
# ## Seeing a wrong number where it is made
#
# `detect_anomaly` stops at the first operation that makes a NaN or an infinity, forward or backward,
# and names it.

# %%
with ag.detect_anomaly():
    try:
        np.log(ag.Tensor([1.0, 0.0], requires_grad=True))
    except FloatingPointError as error:
        print(str(error).split(", at ")[0])
