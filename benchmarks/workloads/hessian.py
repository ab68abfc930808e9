"""The Hessian of Rosenbrock's function in 50 dimensions."""

import numpy as np

import autograd as ag

from ..workload import Arrays, Workload

N = 50


def rosenbrock(x: ag.Tensor) -> ag.Tensor:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def workload() -> Workload:
    x = np.linspace(-1.0, 1.5, N)

    def hand() -> Arrays:
        """N products of the Hessian with basis vectors, as reverse mode by hand would do it.

        (The closed form of the tridiagonal matrix is not what is compared: it would be a formula
        for this one function, not a way to differentiate.)
        """
        a, b = x[:-1], x[1:]
        u = b - a * a
        rows = np.empty((N, N))
        for i in range(N):
            v = np.zeros(N)
            v[i] = 1
            va, vb = v[:-1], v[1:]
            ru = vb - 2 * a * va
            g = 200 * ru
            rows[i, 1:] = g
            rows[i, 0] = 0
            rows[i, :-1] += -2 * (va * (200 * u) + a * g) + 2 * va
        return [rows]

    hessian = ag.hessian(rosenbrock)

    def ours() -> Arrays:
        return [hessian(x)]

    return Workload("Hessian of Rosenbrock in 50 dimensions", hand, ours, limit=3)
