"""Normal forms of data: learned from the training set, applied to everything, and undone.

The conventions are scikit-learn's: samples are rows, ``fit`` returns the scaler, what it learned
ends in an underscore, and a scaler can stand in a scikit-learn pipeline (and theirs here).
"""

import inspect
from typing import Any, TypeVar

import numpy as np

__all__ = ["ArctanScaler", "LogScaler", "MinMaxScaler", "StandardScaler"]

S = TypeVar("S", bound="_Scaler")


class _Scaler:
    """Abstract: what scikit-learn asks of a transformer.

    A subclass gives ``_fit``, ``_transform`` and ``_inverse`` over arrays of shape (samples,
    features).
    """

    n_features_in_: int

    def fit(self: S, X: Any, y: Any = None) -> S:
        """Learn from the rows of ``X``; ``y`` is ignored."""
        X = self._checked(X)
        if len(X) == 0:
            raise ValueError(f"{type(self).__name__}.fit: there are no samples to learn from.")
        self._fit(X)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        """The normal form of ``X``."""
        return self._transform(self._checked_as_fitted("transform", X))

    def inverse_transform(self, X: Any) -> Any:
        """The data that ``X`` is the normal form of."""
        return self._inverse(self._checked_as_fitted("inverse_transform", X))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """``fit(X).transform(X)``."""
        return self.fit(X, y).transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self: S, **params: Any) -> S:
        """Change the constructor's arguments; returns the scaler."""
        unknown = params.keys() - self.get_params().keys()
        if unknown:
            raise ValueError(
                f"{type(self).__name__}.set_params: expected any of {sorted(self.get_params())}, got "
                f"{sorted(unknown)}."
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __repr__(self) -> str:
        params = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"{type(self).__name__}({params})"

    def _fit(self, X: Any) -> None:
        raise NotImplementedError

    def _transform(self, X: Any) -> Any:
        raise NotImplementedError

    def _inverse(self, X: Any) -> Any:
        raise NotImplementedError

    def _checked(self, X: Any) -> Any:
        X = np.asarray(X)
        if X.dtype.kind in "iub":
            X = X.astype(np.float64)
        if X.ndim != 2 or X.dtype.kind != "f":
            raise ValueError(
                f"{type(self).__name__}: expected numbers of shape (samples, features), got "
                f"{X.dtype} of shape {X.shape}. Use X.reshape(-1, 1) for a single feature."
            )
        return X

    def _checked_as_fitted(self, what: str, X: Any) -> Any:
        if not self.__sklearn_is_fitted__():
            raise RuntimeError(
                f"{type(self).__name__}.{what}: call fit on the training data first."
            )
        X = self._checked(X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"{type(self).__name__}.{what}: expected the {self.n_features_in_} features seen in "
                f"fit, got {X.shape[1]}."
            )
        return X


class MinMaxScaler(_Scaler):
    """x ↦ low + (high - low) (x - min) / (max - min), feature by feature.

    A feature that is constant in the training data becomes low.

    >>> MinMaxScaler().fit_transform([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    array([[0. , 0. ],
           [1. , 0. ],
           [0.5, 0. ]])
    """

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0)) -> None:
        self.feature_range = feature_range

    def _fit(self, X: Any) -> None:
        low, high = self.feature_range
        if not low < high:
            raise ValueError(
                f"MinMaxScaler: expected feature_range (low, high) with low < high, got "
                f"{self.feature_range}."
            )
        self.data_min_ = X.min(axis=0)
        self.data_max_ = X.max(axis=0)
        self.scale_ = (high - low) / _without_zeros(self.data_max_ - self.data_min_)
        self.min_ = low - self.data_min_ * self.scale_

    def _transform(self, X: Any) -> Any:
        return X * self.scale_.astype(X.dtype) + self.min_.astype(X.dtype)

    def _inverse(self, X: Any) -> Any:
        return (X - self.min_.astype(X.dtype)) / self.scale_.astype(X.dtype)


class StandardScaler(_Scaler):
    """x ↦ (x - mean) / std, feature by feature (the z-score; std divides by n).

    A feature that is constant in the training data becomes 0.

    >>> StandardScaler().fit_transform([[1.0], [3.0]])
    array([[-1.],
           [ 1.]])
    """

    def __init__(self, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def _fit(self, X: Any) -> None:
        mean, var = X.mean(axis=0, dtype=np.float64), X.var(axis=0, dtype=np.float64)
        # The variance of a constant feature is rounding, not spread.
        var[X.min(axis=0) == X.max(axis=0)] = 0
        self.mean_ = mean if self.with_mean else np.zeros_like(mean)
        self.var_ = var
        self.scale_ = _without_zeros(np.sqrt(var)) if self.with_std else np.ones_like(mean)

    def _transform(self, X: Any) -> Any:
        return (X - self.mean_.astype(X.dtype)) / self.scale_.astype(X.dtype)

    def _inverse(self, X: Any) -> Any:
        return X * self.scale_.astype(X.dtype) + self.mean_.astype(X.dtype)


class LogScaler(_Scaler):
    """x ↦ log(x) / log(max), feature by feature: [1, max] becomes [0, 1].

    Raises ``ValueError`` for data not above 0, and for a feature whose maximum is at most 1.

    >>> LogScaler().fit_transform([[1.0], [10.0], [100.0]])
    array([[0. ],
           [0.5],
           [1. ]])
    """

    def _fit(self, X: Any) -> None:
        self._require_positive(X)
        self.data_max_ = X.max(axis=0)
        if np.any(self.data_max_ <= 1):
            raise ValueError(
                f"LogScaler: expected a maximum above 1 in every feature, got {self.data_max_}: "
                "log(max) is what it divides by. Change the unit of the data."
            )

    def _transform(self, X: Any) -> Any:
        self._require_positive(X)
        return np.log(X) / np.log(self.data_max_).astype(X.dtype)

    def _inverse(self, X: Any) -> Any:
        return np.exp(X * np.log(self.data_max_).astype(X.dtype))

    def _require_positive(self, X: Any) -> None:
        if np.any(X <= 0):
            raise ValueError(
                f"LogScaler: expected data above 0, got {X.min()}. Shift it, or use ArctanScaler."
            )


class ArctanScaler(_Scaler):
    """x ↦ 2 arctan(x) / π: all numbers become (-1, 1), the positive ones (0, 1).

    >>> ArctanScaler().fit_transform([[-1.0], [0.0], [1.0]])
    array([[-0.5],
           [ 0. ],
           [ 0.5]])
    """

    def _fit(self, X: Any) -> None:
        pass

    def _transform(self, X: Any) -> Any:
        return np.arctan(X) * (2 / np.pi)

    def _inverse(self, X: Any) -> Any:
        return np.tan(X * (np.pi / 2))


def _without_zeros(scale: Any) -> Any:
    return np.where(scale == 0, 1, scale).astype(scale.dtype)
