"""The workloads, one file each: the plain NumPy an expert would write, and the same in chainrule."""

from collections.abc import Callable

from ..workload import Workload
from . import (
    chain,
    convolution,
    digits,
    hessian,
    indexing,
    lenet,
    likelihood,
    mnist,
    product,
    recurrence,
    transformer,
)

ALL: dict[str, Callable[[], Workload]] = {
    "chain": chain.workload,
    "digits": digits.workload,
    "mnist": mnist.workload,
    "lenet": lenet.workload,
    "convolution": convolution.workload,
    "recurrence": recurrence.workload,
    "transformer": transformer.workload,
    "likelihood": likelihood.workload,
    "hvp": product.workload,
    "rosenbrock": hessian.workload,
    "indexing": indexing.workload,
}
