"""chainrule's engine: reverse-mode automatic differentiation, define-by-run, on NumPy."""

from typing import TYPE_CHECKING, Any

from .context import detect_anomaly, enable_grad, is_grad_enabled, no_grad, record, scope
from .defaults import default_generator, get_default_dtype, manual_seed, set_default_dtype
from .gradcheck import GradcheckError, gradcheck
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
from .recompute import checkpoint
from .reverse import elementwise_grad, grad, gradients, value_and_grad, vjp
from .tensor import Tensor, increment_version, tensor
from .value import Value

if TYPE_CHECKING:
    from .drawing import diagnose, draw, explain

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


def __getattr__(name: str) -> Any:
    """``draw``, ``explain`` and ``diagnose``, imported when first asked for: they need Graphviz."""
    if name in ("diagnose", "draw", "explain"):
        from . import drawing

        return getattr(drawing, name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
