"""Statistics of samples: ``quantile``, ``percentile``, ``cov``, ``corrcoef``.

Quantiles follow ``sort``: the gradient goes to the two entries that the quantile lies between.
"""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..primitive import implements
from .arithmetic import conjugated
from .diagonals import diag
from .joining import concatenate
from .ordering import one_axis_last, sort
from .reductions import Axis, kept_shape, mean
from .shape import atleast_2d, squeeze

__all__ = ["corrcoef", "cov", "percentile", "quantile"]


@implements(np.quantile)
def quantile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The value below which the share ``q`` (0 to 1) of the entries lies, interpolated linearly.

    The axes of ``q``, which carries no gradient, come first in the result.  nan if one entry is.

    Raises ``ValueError`` for ``q`` outside of [0, 1], and for a ``method`` other than linear.
    """
    if method != "linear":
        raise ValueError(f"quantile: expected method='linear' on tensors, got {method!r}.")
    q = np.asarray(q, a.dtype if isinstance(q, (int, float)) and a.dtype.kind == "f" else None)
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError(
            f"quantile: expected q between 0 and 1, got {q}. (percentile takes 0 to 100.)"
        )
    axes = tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim, "quantile")
    line = np.moveaxis(sort(one_axis_last(a, axes)), -1, 0)
    out = _between(line, (len(line) - 1) * q)
    if np.any(np.isnan(line[-1])):
        out = np.where(np.isnan(line[-1]), np.nan, out)
    return np.reshape(out, q.shape + kept_shape(a.shape, axes)) if keepdims else out


def _between(line: Any, position: Any) -> Any:
    """The values at fractional positions of the first axis."""
    whole = np.floor(position)
    below = whole.astype(int)
    t = np.reshape(position - whole, position.shape + (1,) * (line.ndim - 1))
    low, high = line[below], line[np.minimum(below + 1, len(line) - 1)]
    # From the nearer end, as NumPy does it, so that an end is met exactly.
    return np.where(t < 0.5, low + (high - low) * t, high - (high - low) * (1 - t))


@implements(np.percentile)
def percentile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """:func:`quantile` with ``q`` in percent."""
    q = q / 100 if isinstance(q, (int, float)) else np.true_divide(q, 100)
    return quantile(a, q, axis, method=method, keepdims=keepdims)


def _variables(m: Any, rowvar: bool) -> Any:
    """One row for each variable."""
    rows = atleast_2d(m)
    return rows if rowvar or m.ndim == 1 else rows.T


@implements(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    """The covariance matrix of the variables in the rows of ``m`` (and ``y``), Σ (x-x̄)(y-ȳ) / (n-1)."""
    rows = _variables(m, rowvar)
    if y is not None:
        rows = concatenate([rows, _variables(y if hasattr(y, "ndim") else np.asarray(y), rowvar)])
    free = rows.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    if free <= 0:
        raise ValueError(
            f"cov: {rows.shape[1]} observations leave {free} degrees of freedom, at least 1 is needed."
        )
    centered = rows - mean(rows, 1, keepdims=True)
    return squeeze(np.matmul(centered, conjugated(centered.T)) * (1 / free))


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The correlations of the variables in the rows of ``x`` (and ``y``); nan for a constant one."""
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(diag(c))
    return np.clip(c / deviation[:, None] / deviation[None, :], -1, 1)
