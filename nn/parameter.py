"""What a module learns and what it remembers: two kinds of tensors that modules find by themselves."""

from typing import Any

import numpy as np

from autograd import Tensor, get_default_dtype

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor to be learned: assigned to an attribute of a module, it is one of its parameters.

    ``data`` is copied, in ``dtype`` or, if that is None, in ``autograd.get_default_dtype()``
    (complex data stays complex).  ``requires_grad=False`` makes a frozen one.

    Raises ``TypeError`` for data that is not numeric.

    >>> Parameter([1, 2])
    Parameter([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = True, *, dtype: Any = None, name: str | None = None
    ) -> None:
        if dtype is None and np.dtype(getattr(data, "dtype", float)).kind != "c":
            dtype = get_default_dtype()
        super().__init__(data, requires_grad=True, dtype=dtype, name=name)
        if not requires_grad:
            self.requires_grad = False


class Buffer(Tensor):
    """State that is not learned: assigned to an attribute, it is saved and loaded with the module.

    It keeps the dtype it is given.  ``persistent=False`` leaves it out of ``state_dict``.
    """

    __slots__ = ("persistent",)

    def __init__(self, data: Any, persistent: bool = True, *, dtype: Any = None) -> None:
        super().__init__(data, dtype=dtype)
        self.persistent = persistent
