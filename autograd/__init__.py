"""chainrule's engine: reverse-mode automatic differentiation, define-by-run, on NumPy."""

from .context import detect_anomaly, enable_grad, is_grad_enabled, no_grad, record, scope
from .primitive import primitive
from .tensor import Tensor, increment_version, tensor

__all__ = [
    "Tensor",
    "detect_anomaly",
    "enable_grad",
    "increment_version",
    "is_grad_enabled",
    "no_grad",
    "primitive",
    "record",
    "scope",
    "tensor",
]
