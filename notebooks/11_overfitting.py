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
# # 11 · Overfitting: penalties, dropout, early stopping
#
# Twelve noisy points of a sine, and a network with far more parameters than points. It can pass
# through every point, and be wrong everywhere else.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn
import nn.functional as F
import optim

rng = np.random.default_rng(5)
x = np.sort(rng.uniform(-3, 3, 12))[:, None].astype(np.float32)
y = (np.sin(x) + 0.3 * rng.standard_normal(x.shape)).astype(np.float32)
x_val = np.linspace(-3, 3, 60, dtype=np.float32)[:, None]
y_val = np.sin(x_val)


def train(penalty=None, dropout=0.0, steps=2500):
    ag.manual_seed(0)
    model = nn.MLP([1, 60, 60, 1], activation="tanh", dropout=dropout)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    best, errors = (np.inf, 0, None), []
    for step in range(steps):
        model.train()
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        if penalty is not None:
            loss = loss + penalty(model)
        loss.backward()
        optimizer.step()
        model.eval()
        with ag.no_grad():
            error = F.mse_loss(model(x_val), y_val).item()
        errors.append(error)
        if error < best[0]:
            best = (error, step, {k: v.copy() for k, v in model.state_dict().items()})
    return model, errors, best


# %%
plain, plain_errors, best = train()
decayed, decayed_errors, _ = train(penalty=nn.L2(0.002))
dropped, dropped_errors, _ = train(dropout=0.2)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
for name, model, errors in [
    ("nothing", plain, plain_errors),
    ("L2 penalty", decayed, decayed_errors),
    ("dropout", dropped, dropped_errors),
]:
    left.plot(x_val, model(x_val).data, label=name)
    right.semilogy(errors, label=name)
left.plot(x, y, "k.", label="data")
right.set_xlabel("step")
right.set_ylabel("error on new points")
left.legend(fontsize=8)
right.legend(fontsize=8)
print("without help, the end is worse than the best step:", plain_errors[-1] > 2 * best[0])
print("with a penalty it ends better than without:       ", decayed_errors[-1] < plain_errors[-1])
print("with dropout, too:                                ", dropped_errors[-1] < plain_errors[-1])

# %% [markdown]
# Early stopping needs no change to the model: keep the weights of the best step and go back to them.

# %%
plain.load_state_dict(best[2])
print("restored:", np.isclose(F.mse_loss(plain(x_val), y_val).item(), best[0], rtol=1e-5))

# %% [markdown]
# ## Dropout, in numbers
#
# A mask of zeros and ones, drawn anew each time; what passes is scaled up, so that nothing has to be
# changed at inference. The gradient passes the same mask.

# %%
ag.manual_seed(1)
h = ag.Tensor(np.ones(10), requires_grad=True)
out = F.dropout(h, p=0.5, training=True)
out.sum().backward()
print("output:  ", out.data)
print("gradient:", h.grad.data)

# %% [markdown]
# ## A penalty in the graph
#
# The gradient of λ Σ w² reaches the weight by its own wire, beside that of the error.

# %%
w, v = ag.Value(1.5, "w"), ag.Value(2.0, "x")
prediction = w * v
cost = (prediction - 1.0) ** 2 + 0.1 * w**2
ag.draw(cost, names={"cost": cost})
