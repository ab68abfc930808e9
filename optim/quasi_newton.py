"""L-BFGS: SciPy's, over the parameters of a model or the arguments of a function."""

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from autograd import Tensor, increment_version

from .optimizer import Group, Optimizer, Parameters

__all__ = ["LBFGS", "Minimum", "minimize"]


class LBFGS(Optimizer):
    """The quasi-Newton method with limited memory, by ``scipy.optimize`` (method "L-BFGS-B").

    A step is a whole minimization of at most ``max_iter`` iterations and ``max_eval`` (default
    1.25 ``max_iter``) evaluations.  It ends earlier where no entry of the gradient is larger than
    ``tolerance_grad``, or the loss falls by less than ``tolerance_change`` relative to its size.
    ``history_size`` pairs of steps and gradients approximate the curvature.  There is no rate: the
    line search finds the length.  SciPy computes in float64; the parameters keep their dtype.

    The loss has to be the same function in every evaluation: whole batches, no dropout.  Every step
    starts with an empty history, so there is no state to be saved.

    Raises ``ValueError`` for several groups or a limit out of range, ``TypeError`` for a step
    without ``closure``, and ``FloatingPointError`` for a loss that is not finite at the start.
    After any exception the parameters are as before.

    >>> import autograd as ag
    >>> x = ag.Tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = LBFGS([x], max_iter=100)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> round(optimizer.step(closure).item(), 4)  # the loss before the step
    24.2
    >>> np.round(x.data, 4)
    array([1., 1.])

    D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989;
    R. Byrd, P. Lu, J. Nocedal and C. Zhu, "A limited memory algorithm for bound constrained
    optimization", 1995.
    """

    ranges: ClassVar = {
        "max_iter": "[1, inf)",
        "max_eval": "[1, inf)",
        "tolerance_grad": "[0, inf)",
        "tolerance_change": "[0, inf)",
        "history_size": "[1, inf)",
    }

    def __init__(
        self,
        params: Parameters,
        *,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
    ) -> None:
        super().__init__(
            params,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
        )

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """The only group: the method sees all parameters as one vector."""
        if self.param_groups:
            raise ValueError("LBFGS: expected one parameter group, got another. Put all in one.")
        super().add_param_group(group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimize; returns what the first call of ``closure`` returned.

        ``closure`` computes the loss and calls ``backward()`` on it.
        """
        return self.minimize(closure)[0]

    def minimize(self, closure: Callable[[], Any] | None) -> tuple[Any, Any]:
        """Like ``step``; returns the first result of ``closure`` and SciPy's ``OptimizeResult``."""
        if closure is None:
            raise TypeError(
                "LBFGS.step: expected a closure that computes the loss, calls backward() and returns "
                "it: several evaluations make one step."
            )
        scipy_minimize = _scipy()
        group = self.param_groups[0]
        start = _joined([p.data for p in group["params"]])
        first: list[Any] = []

        def evaluate(point: Any) -> tuple[float, Any]:
            self._move_to(point)
            self.zero_grad()
            loss = self._evaluate(closure)
            first.append(loss) if not first else None
            return float(getattr(loss, "data", loss)), self._gradient()

        try:
            result = scipy_minimize(
                evaluate, start, jac=True, method="L-BFGS-B", options=_options(group)
            )
            if not math.isfinite(result.fun):
                raise FloatingPointError(
                    f"LBFGS.step: the loss is {result.fun}. Start where it is finite; "
                    "autograd.detect_anomaly() finds the operation that is not."
                )
        except BaseException:
            self._move_to(start)
            raise
        self._move_to(result.x)
        return first[0], result

    def _move_to(self, point: Any) -> None:
        params = self.param_groups[0]["params"]
        ends = np.cumsum([p.size for p in params])
        for p, part in zip(params, np.split(point, ends[:-1]), strict=True):
            p.data[...] = part.reshape(p.shape)
        increment_version(*params)

    def _gradient(self) -> Any:
        params = self.param_groups[0]["params"]
        return _joined([np.zeros_like(p.data) if p.grad is None else p.grad.data for p in params])


class Minimum(NamedTuple):
    """What :func:`minimize` found."""

    arguments: tuple[Any, ...]
    value: float
    iterations: int
    converged: bool
    message: str


def minimize(
    f: Callable[..., Any], *arguments: Any, max_iter: int = 1000, **options: Any
) -> Minimum:
    """The arguments for which ``f`` is smallest nearby, by :class:`LBFGS`.

    ``f`` takes tensors and returns a scalar tensor; ``arguments`` are floating arrays (or numbers)
    to start from.  ``options`` are those of :class:`LBFGS`.

    >>> best = minimize(lambda a, b: (a - 3) ** 2 + (a * b - 6) ** 2, 1.0, 1.0)
    >>> [round(float(x), 4) for x in best.arguments], best.converged
    ([3.0, 2.0], True)
    """
    leaves = [Tensor(np.asarray(a), requires_grad=True) for a in arguments]
    optimizer = LBFGS(leaves, max_iter=max_iter, **options)

    def closure() -> Any:
        value = f(*leaves)
        value.backward()
        return value

    _, result = optimizer.minimize(closure)
    found = tuple(leaf.data for leaf in leaves)
    return Minimum(
        found, float(result.fun), int(result.nit), bool(result.success), str(result.message)
    )


def _joined(arrays: list[Any]) -> Any:
    return np.concatenate(arrays, axis=None).astype(np.float64)


def _options(group: Group) -> dict[str, Any]:
    return {
        "maxiter": group["max_iter"],
        "maxfun": group["max_eval"],
        "gtol": group["tolerance_grad"],
        "ftol": group["tolerance_change"],
        "maxcor": group["history_size"],
    }


def _scipy() -> Callable[..., Any]:
    try:
        from scipy.optimize import minimize as scipy_minimize
    except ImportError:
        raise ImportError(
            'L-BFGS is SciPy\'s: pip install "chainrule[train]" (or pip install scipy).'
        ) from None
    found: Callable[..., Any] = scipy_minimize
    return found
