"""Neural networks: modules, functions of tensors, losses, data and training."""

from . import functional, init
from .activation import ReLU
from .container import ModuleDict, ModuleList, Sequential
from .linear import Linear
from .module import Module
from .parameter import Buffer, Parameter

__all__ = [
    "Buffer",
    "Linear",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "functional",
    "init",
]
