"""chainrule's engine: reverse-mode automatic differentiation, define-by-run, on NumPy."""

from .context import detect_anomaly, enable_grad, is_grad_enabled, no_grad, record, scope
from .defaults import default_generator, get_default_dtype, manual_seed, set_default_dtype
from .jacobians import hessian, hvp, jacobian, jvp
from .primitive import primitive
from .recompute import checkpoint
from .reverse import elementwise_grad, grad, gradients, value_and_grad, vjp
from .tensor import Tensor, increment_version, tensor
from .value import Value

__all__ = [
    "Tensor",
    "Value",
    "checkpoint",
    "default_generator",
    "detect_anomaly",
    "elementwise_grad",
    "enable_grad",
    "get_default_dtype",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "increment_version",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "manual_seed",
    "no_grad",
    "primitive",
    "record",
    "scope",
    "set_default_dtype",
    "tensor",
    "value_and_grad",
    "vjp",
]
