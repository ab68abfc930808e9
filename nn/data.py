"""Data: samples, mini-batches in an order that can be resumed, splits, and labels as vectors."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from autograd import Tensor, default_generator

from .scaling import ArctanScaler, LogScaler, MinMaxScaler, StandardScaler

__all__ = [
    "ArctanScaler",
    "DataLoader",
    "Dataset",
    "KFold",
    "LogScaler",
    "MinMaxScaler",
    "Samples",
    "StandardScaler",
    "Subset",
    "TensorDataset",
    "one_hot",
    "random_split",
    "stratified_split",
]

Rng = np.random.Generator | int | None
"""A generator, the seed of a new one, or None: a new one, seeded by ``autograd.manual_seed``."""


class Samples(Protocol):
    """What a loader needs: samples that are counted and numbered."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> Any: ...


class Dataset(ABC):
    """Abstract: a number of samples.  Any sequence of samples will do in its place.

    A sample is an array, a number, or a tuple or dict of them.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, i):
    ...         return np.array([float(i)]), i * i
    >>> x, y = next(iter(DataLoader(Squares(), batch_size=4)))
    >>> x.shape, y
    ((4, 1), array([0, 1, 4, 9]))
    """

    @abstractmethod
    def __len__(self) -> int:
        """The number of samples."""

    @abstractmethod
    def __getitem__(self, i: int, /) -> Any:
        """Sample ``i``."""


class TensorDataset(Dataset):
    """Arrays (or tensors) of the same length: sample i is the tuple of their rows i.

    Raises ``ValueError`` for no arrays or lengths that differ.

    >>> data = TensorDataset(np.eye(3), [0, 1, 2])
    >>> data[1]
    (array([0., 1., 0.]), np.int64(1))
    """

    def __init__(self, *arrays: Any) -> None:
        self.arrays = tuple(a.data if isinstance(a, Tensor) else np.asarray(a) for a in arrays)
        if not arrays or len({a.shape[:1] for a in self.arrays}) > 1 or not self.arrays[0].ndim:
            raise ValueError(
                "TensorDataset: expected arrays of the same length, got shapes "
                f"{[a.shape for a in self.arrays]}."
            )

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, i: Any) -> tuple[Any, ...]:
        return tuple(a[i] for a in self.arrays)

    def take(self, indices: Any) -> tuple[Any, ...]:
        """The samples ``indices`` as one batch: a tuple of arrays, in one call for each."""
        return tuple(np.take(a, indices, axis=0) for a in self.arrays)


class Subset(Dataset):
    """Some samples of another data set, by their numbers."""

    def __init__(self, dataset: Samples, indices: Any) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, dtype=np.intp)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i: int) -> Any:
        return self.dataset[int(self.indices[i])]

    def take(self, indices: Any) -> Any:
        """The samples ``indices`` of this subset as one batch."""
        return _batch(self.dataset, self.indices[indices], None)


class DataLoader:
    """Mini-batches of ``dataset``, one epoch for each ``for`` loop.

    A batch is a sample with one axis more in front: a tuple of arrays for a tuple of arrays.
    ``collate`` makes it of a list of samples instead.  With ``shuffle`` every epoch has an order of
    its own, drawn from ``rng``; ``drop_last`` leaves out a last batch that is not full.

    ``state_dict()`` holds the position in the epoch and the generator: a loader of the same data
    that loads it gives the rest of that epoch first, and then the same epochs, batch for batch.
    Samples that are drawn or distorted at random should draw from ``autograd.default_generator()``,
    whose state is part of every checkpoint.

    Raises ``ValueError`` for an empty data set, a ``batch_size`` below 1, and samples that do not
    fit together.

    >>> loader = DataLoader(TensorDataset(np.arange(5)), batch_size=2, shuffle=True, rng=0)
    >>> [len(batch) for (batch,) in loader]
    [2, 2, 1]
    """

    def __init__(
        self,
        dataset: Samples,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate: Callable[[list[Any]], Any] | None = None,
        rng: Rng = None,
    ) -> None:
        if len(dataset) == 0:
            raise ValueError("DataLoader: the data set is empty.")
        if batch_size < 1:
            raise ValueError(f"DataLoader: expected batch_size of at least 1, got {batch_size}.")
        if drop_last and len(dataset) < batch_size:
            raise ValueError(
                f"DataLoader: {len(dataset)} samples make no batch of {batch_size} with drop_last."
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate = collate
        self.rng = _generator(rng) if shuffle else None
        self._position = 0
        self._epoch_start = self._random_state()
        self._resuming = False

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        batches = len(self.dataset) / self.batch_size
        return math.floor(batches) if self.drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[Any]:
        begin = self._position if self._resuming else 0
        self._resuming = False
        self._epoch_start = self._random_state()
        count = len(self.dataset)
        order = np.arange(count) if self.rng is None else self.rng.permutation(count)
        return self._batches(order, begin)

    def _batches(self, order: Any, begin: int) -> Iterator[Any]:
        for i in range(begin, len(self)):
            self._position = i + 1
            part = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield _batch(self.dataset, part, self.collate)
        self._position = 0
        self._epoch_start = self._random_state()

    def state_dict(self) -> dict[str, Any]:
        """The position, the generator before this epoch, and what has to agree when it is loaded."""
        return {**self._fixed(), "position": self._position, "rng": self._epoch_start}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where the loader of ``state_dict`` was.

        Raises ``ValueError``, and changes nothing, if that one had other data or another batch size.
        """
        if state_dict.keys() != self.state_dict().keys():
            raise ValueError(
                f"DataLoader.load_state_dict: expected {sorted(self.state_dict())}, got "
                f"{sorted(state_dict)}."
            )
        for key, value in self._fixed().items():
            if state_dict[key] != value:
                raise ValueError(
                    f"DataLoader.load_state_dict: the saved loader had {key} = {state_dict[key]}, this "
                    f"one has {value}. The order of the samples would not be the same."
                )
        if self.rng is not None:
            self.rng.bit_generator.state = state_dict["rng"]
        self._position = state_dict["position"]
        self._epoch_start = self._random_state()
        self._resuming = True

    def _fixed(self) -> dict[str, Any]:
        return {
            "samples": len(self.dataset),
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
        }

    def _random_state(self) -> Any:
        return None if self.rng is None else self.rng.bit_generator.state


def _batch(dataset: Samples, indices: Any, collate: Callable[[list[Any]], Any] | None) -> Any:
    # (an array has a take() as well, which means something else)
    take = getattr(dataset, "take", None) if isinstance(dataset, Dataset) else None
    if collate is None and take is not None:
        return take(indices)
    samples = [dataset[int(i)] for i in indices]
    return _stacked(samples) if collate is None else collate(samples)


def _stacked(samples: list[Any]) -> Any:
    """Samples of one kind as one batch."""
    first = samples[0]
    if isinstance(first, Mapping):
        return {key: _stacked([s[key] for s in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if len({len(s) for s in samples}) > 1:
            raise ValueError(
                f"DataLoader: the samples of a batch have {sorted({len(s) for s in samples})} parts; "
                "expected the same number in each."
            )
        return tuple(_stacked(list(parts)) for parts in zip(*samples, strict=True))
    arrays = [s.data if isinstance(s, Tensor) else np.asarray(s) for s in samples]
    shapes = sorted({a.shape for a in arrays})
    if len(shapes) > 1:
        raise ValueError(
            f"DataLoader: the samples of a batch differ in shape, {shapes}. Pad them to one length, "
            "or give collate= a function that puts them together."
        )
    return np.stack(arrays)


# --- splits -------------------------------------------------------------------------------------


def random_split(dataset: Samples, lengths: Sequence[float], *, rng: Rng = None) -> list[Subset]:
    """Parts of the given sizes, drawn at random without overlap.

    ``lengths`` are numbers of samples that add up to all, or fractions that add up to 1 (what
    rounding leaves goes to the first parts).  Raises ``ValueError`` otherwise.

    >>> train, test = random_split(TensorDataset(np.arange(10)), [0.8, 0.2], rng=0)
    >>> len(train), len(test)
    (8, 2)
    """
    sizes = _sizes("random_split", lengths, len(dataset))
    return _cut(dataset, _generator(rng).permutation(len(dataset)), sizes)


def stratified_split(
    dataset: Samples, lengths: Sequence[float], labels: Any, *, rng: Rng = None
) -> list[Subset]:
    """As :func:`random_split`, with every class in each part in its share (to one sample).

    ``labels`` is one class for each sample.

    >>> labels = np.array([0] * 8 + [1] * 4)
    >>> parts = stratified_split(TensorDataset(labels), [6, 3, 3], labels, rng=0)
    >>> [np.bincount(labels[part.indices]).tolist() for part in parts]
    [[4, 2], [2, 1], [2, 1]]
    """
    labels = np.asarray(labels)
    if labels.shape != (len(dataset),):
        raise ValueError(
            f"stratified_split: expected one label for each of {len(dataset)} samples, got shape "
            f"{labels.shape}."
        )
    sizes = _sizes("stratified_split", lengths, len(dataset))
    generator = _generator(rng)
    # Spread every class evenly over [0, 1), in random order: then any cut has all in their shares.
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + generator.random()) / len(members)
    parts = _cut(dataset, np.argsort(place, kind="stable"), sizes)
    for part in parts:
        generator.shuffle(part.indices)
    return parts


def _sizes(caller: str, lengths: Sequence[float], total: int) -> list[int]:
    if total == 0:
        raise ValueError(f"{caller}: the data set is empty.")
    sizes = list(lengths)
    if sizes and all(0 <= n <= 1 for n in sizes) and math.isclose(sum(sizes), 1):
        whole = [math.floor(n * total + 1e-9) for n in sizes]
        for i in range(total - sum(whole)):
            whole[i % len(whole)] += 1
        return whole
    if any(n < 0 or n != int(n) for n in sizes) or sum(sizes) != total:
        raise ValueError(
            f"{caller}: expected sizes that add up to the {total} samples, or fractions that add up "
            f"to 1, got {sizes} (sum {sum(sizes)})."
        )
    return [int(n) for n in sizes]


def _cut(dataset: Samples, order: Any, sizes: list[int]) -> list[Subset]:
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]


class KFold:
    """Cross-validation: every sample is in the test part once, in ``n_splits`` splits.

    ``split(X)`` (arrays, a data set, or a number of samples) gives pairs of index arrays, training
    and test.  The folds are scikit-learn's: consecutive, the first ones larger by one sample.

    >>> [test.tolist() for train, test in KFold(2).split(5)]
    [[0, 1, 2], [3, 4]]
    """

    def __init__(self, n_splits: int = 5, *, shuffle: bool = False, rng: Rng = None) -> None:
        if n_splits < 2:
            raise ValueError(f"KFold: expected n_splits of at least 2, got {n_splits}.")
        self.n_splits = n_splits
        self.rng = _generator(rng) if shuffle else None

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Any, Any]]:
        """The pairs (training indices, test indices); ``y`` and ``groups`` are ignored."""
        count = X if isinstance(X, int) else len(X)
        if count < self.n_splits:
            raise ValueError(f"KFold: {count} samples can't be split into {self.n_splits} parts.")
        order = np.arange(count) if self.rng is None else self.rng.permutation(count)
        for fold in np.array_split(order, self.n_splits):
            chosen = np.zeros(count, dtype=bool)
            chosen[fold] = True
            yield np.flatnonzero(~chosen), np.flatnonzero(chosen)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of splits (scikit-learn asks)."""
        return self.n_splits


def one_hot(labels: Any, num_classes: int | None = None, dtype: Any = np.float32) -> Any:
    """Labels 0 ... C - 1 of any shape as rows of zeros with a single one: shape (*labels, C).

    Raises ``TypeError`` for labels that are not integers and ``IndexError`` for one that is negative
    or not below ``num_classes`` (by default the largest label + 1).

    >>> one_hot([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = labels.data if isinstance(labels, Tensor) else np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"one_hot: expected integer labels, got {labels.dtype}. Use labels.astype(int)."
        )
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        raise IndexError(
            f"one_hot: expected labels from 0 to {num_classes - 1}, got {labels.min()} to {labels.max()}."
        )
    return (np.expand_dims(labels, -1) == np.arange(num_classes)).astype(dtype)


def _generator(rng: Rng) -> np.random.Generator:
    if rng is None:
        rng = int(default_generator().integers(2**63))
    return np.random.default_rng(rng)
