"""chainrule's engine: reverse-mode automatic differentiation, define-by-run, on NumPy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .context import detect_anomaly, enable_grad, is_grad_enabled, no_grad, record, scope
from .defaults import default_generator, get_default_dtype, manual_seed, set_default_dtype
from .jacobians import hessian, hvp, jacobian, jvp
from .ops.joining import (
    append,
    array_split,
    block,
    column_stack,
    concatenate,
    dstack,
    hstack,
    split,
    stack,
    vstack,
)
from .ops.softmax import log_softmax, logsumexp, softmax
from .ops.transcendental import relu, sigmoid, softplus
from .primitive import primitive
from .reverse import elementwise_grad, grad, gradients, value_and_grad, vjp
from .tensor import Tensor, increment_version, tensor
from .value import Value

if TYPE_CHECKING:
    from .checking import GradcheckError, gradcheck
    from .drawing import diagnose, draw, explain
    from .recompute import checkpoint

__all__ = [
    "GradcheckError",
    "Tensor",
    "Value",
    "append",
    "array_split",
    "block",
    "checkpoint",
    "column_stack",
    "concatenate",
    "default_generator",
    "detect_anomaly",
    "diagnose",
    "draw",
    "dstack",
    "elementwise_grad",
    "enable_grad",
    "explain",
    "get_default_dtype",
    "grad",
    "gradcheck",
    "gradients",
    "hessian",
    "hstack",
    "hvp",
    "increment_version",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "log_softmax",
    "logsumexp",
    "manual_seed",
    "no_grad",
    "primitive",
    "record",
    "relu",
    "scope",
    "set_default_dtype",
    "sigmoid",
    "softmax",
    "softplus",
    "split",
    "stack",
    "tensor",
    "value_and_grad",
    "vjp",
    "vstack",
]


_LATER = {
    "GradcheckError": ".checking",
    "checkpoint": ".recompute",
    "diagnose": ".drawing",
    "draw": ".drawing",
    "explain": ".drawing",
    "gradcheck": ".checking",
}
"""Where names are that are imported when first asked for: not every program needs them, and drawing
needs Graphviz."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
