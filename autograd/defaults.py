"""What holds for the whole process until somebody changes it: the parameters' dtype, the random numbers.

Both are used by layers and initializers that are not told otherwise (``dtype=``, ``rng=``).
"""

import functools
from typing import Any

import numpy as np

__all__ = ["default_generator", "get_default_dtype", "manual_seed", "set_default_dtype"]

_default_dtype: Any = np.dtype(np.float32)


@functools.cache
def default_generator() -> "np.random.Generator":
    """The generator that initial weights and dropout draw from unless they are given their own.

    Its exact state is ``default_generator().bit_generator.state``, a dict of numbers that can be
    stored and assigned back.  Made at the first call: ``numpy.random`` takes a while to import.
    """
    return np.random.default_rng()


def manual_seed(seed: int) -> "np.random.Generator":
    """Restart :func:`default_generator` from ``seed``, a non-negative integer; returns it.

    >>> import autograd as ag
    >>> first = ag.manual_seed(0).random()
    >>> ag.manual_seed(0).random() == first
    True
    """
    generator = default_generator()
    generator.bit_generator.state = type(generator.bit_generator)(seed).state
    return generator


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype of parameters that are made without naming one; at the start it is float32.

    Raises ``TypeError`` for a dtype that is not floating.

    >>> import autograd as ag
    >>> ag.set_default_dtype(np.float64)
    >>> ag.get_default_dtype()
    dtype('float64')
    >>> ag.set_default_dtype(np.float32)
    """
    global _default_dtype  # noqa: PLW0603  # one setting for the whole process
    if np.dtype(dtype).kind != "f":
        raise TypeError(
            f"set_default_dtype: expected a floating dtype, got {np.dtype(dtype)}. Parameters are "
            "learned by gradients, so use numpy.float32 or numpy.float64."
        )
    _default_dtype = np.dtype(dtype)


def get_default_dtype() -> Any:
    """The dtype of parameters that are made without naming one."""
    return _default_dtype
