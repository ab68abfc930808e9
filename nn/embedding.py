"""Embedding: a table of learned vectors."""

from typing import Any

import numpy as np

from . import functional as F
from .init import normal_
from .module import Module
from .parameter import Parameter
from .sizes import require_positive

__all__ = ["Embedding"]


class Embedding(Module):
    """A learned vector for each of ``num_embeddings`` whole numbers: indices (...) to (..., D).

    ``weight`` (num_embeddings, embedding_dim) starts as N(0, 1), the row ``padding_idx`` as zeros,
    which it keeps.

    >>> import nn
    >>> nn.Embedding(10, 3)(np.array([[1, 2], [9, 0]])).shape
    (2, 2, 3)
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        require_positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"Embedding: padding_idx {padding_idx} is out of range for {num_embeddings} rows."
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        weight = Parameter(np.zeros((num_embeddings, embedding_dim)), dtype=dtype)
        self.weight = normal_(weight, rng=rng)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: Any) -> Any:
        """``embedding`` of the indices."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
