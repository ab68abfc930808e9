"""What pytest finds when chainrule is installed: the fixture ``gradcheck``."""

from collections.abc import Callable
from typing import Any

import pytest

from .checking import gradcheck as _gradcheck

__all__ = ["gradcheck"]


@pytest.fixture
def gradcheck() -> Callable[..., Any]:
    """``autograd.gradcheck``: ``def test_loss(gradcheck): gradcheck(loss, x, order=2)``."""
    return _gradcheck
