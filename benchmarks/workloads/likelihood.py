"""The log-likelihood of a logistic regression, 1,000,000 rows and 20 columns, and its gradient."""

import numpy as np

import autograd as ag

from ..workload import Arrays, Workload

ROWS, COLUMNS = 1_000_000, 20


def workload() -> Workload:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, COLUMNS))
    sign = np.where(rng.random(ROWS) < 0.5, -1.0, 1.0)  # the classes as -1 and 1
    w = rng.standard_normal(COLUMNS) / 5

    def hand() -> Arrays:
        m = x @ w
        m *= sign
        loss = -np.sum(np.logaddexp(0, -m))
        g = np.exp(-np.logaddexp(0, m, out=m), out=m)  # σ(-m)
        g *= sign
        return [np.asarray(loss), g @ x]

    def ours() -> Arrays:
        leaf = ag.Tensor(w, requires_grad=True)
        likelihood = -np.sum(np.logaddexp(0, -(sign * (x @ leaf))))
        likelihood.backward()
        return [likelihood.data, leaf.grad.data]

    name = "log-likelihood of logistic regression, 1e6 rows × 20 columns"
    return Workload(name, hand, ours, limit=1.1)
