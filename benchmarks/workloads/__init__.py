"""The workloads, one file each: the plain NumPy an expert would write, and the same in chainrule."""

from collections.abc import Callable

from ..workload import Workload
from . import chain, digits, hessian, indexing, likelihood, mnist, product, recurrence, transformer

ALL: dict[str, Callable[[], Workload]] = {
    "chain": chain.workload,
    "digits": digits.workload,
    "mnist": mnist.workload,
    "recurrence": recurrence.workload,
    "transformer": transformer.workload,
    "likelihood": likelihood.workload,
    "hvp": product.workload,
    "rosenbrock": hessian.workload,
    "indexing": indexing.workload,
}
