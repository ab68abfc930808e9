"""Loaders and their position, splits, labels as vectors, and scalers beside scikit-learn's."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
import sklearn.base
import sklearn.linear_model
import sklearn.model_selection
import sklearn.pipeline
import sklearn.preprocessing
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from nn.data import (
    ArctanScaler,
    DataLoader,
    Dataset,
    KFold,
    LogScaler,
    MinMaxScaler,
    StandardScaler,
    Subset,
    TensorDataset,
    one_hot,
    random_split,
    stratified_split,
)


def numbered(count: int) -> TensorDataset:
    return TensorDataset(np.arange(count))


def seen(loader: Any) -> list[list[int]]:
    return [batch[0].tolist() for batch in loader]


def order(loader: Any) -> list[int]:
    return [i for batch in seen(loader) for i in batch]


class Samples(Dataset):
    """Samples of any kind, without the short cut of TensorDataset."""

    def __init__(self, *samples: Any) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, i: int) -> Any:
        return self.samples[i]


# --- batches ------------------------------------------------------------------------------------


def test_batches_in_order() -> None:
    loader = DataLoader(numbered(5), batch_size=2)
    assert seen(loader) == seen(loader) == [[0, 1], [2, 3], [4]]
    assert len(loader) == 3
    loader = DataLoader(numbered(5), batch_size=2, drop_last=True)
    assert seen(loader) == [[0, 1], [2, 3]]
    assert len(loader) == 2


def test_shuffle_gives_every_sample_once_in_an_order_of_its_own_each_epoch() -> None:
    loader = DataLoader(numbered(50), batch_size=7, shuffle=True, rng=0)
    epochs = [order(loader) for _ in range(3)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3
    again = DataLoader(numbered(50), batch_size=7, shuffle=True, rng=0)
    assert [order(again) for _ in range(3)] == epochs


def test_without_a_seed_the_order_comes_from_manual_seed() -> None:
    orders = []
    for _ in range(2):
        ag.manual_seed(7)
        orders.append(seen(DataLoader(numbered(20), shuffle=True)))
    assert orders[0] == orders[1]


def test_samples_of_every_kind_become_batches() -> None:
    samples = Samples(
        {"x": np.ones(2), "pair": (1, [2.0, 3.0])}, {"x": np.zeros(2), "pair": (4, [5.0, 6.0])}
    )
    batch = next(iter(DataLoader(samples, batch_size=2)))
    np.testing.assert_array_equal(batch["x"], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(batch["pair"][0], [1, 4])
    np.testing.assert_array_equal(batch["pair"][1][1], [3, 6])
    batch = next(iter(DataLoader([ag.Tensor([1.0]), ag.Tensor([2.0])], batch_size=2)))
    np.testing.assert_array_equal(batch, [[1.0], [2.0]])
    assert next(iter(DataLoader([1, 2], batch_size=2, collate=sum))) == 3


def test_an_array_is_a_data_set_of_its_rows() -> None:
    rows = np.arange(12.0).reshape(4, 3)  # whose own take() would give single entries
    for dataset in (rows, ag.Tensor(rows), list(rows), Subset(rows, [0, 1, 2, 3])):
        (first, _) = DataLoader(dataset, batch_size=2)
        np.testing.assert_array_equal(first, rows[:2])


def test_batches_keep_dtypes() -> None:
    x, y = next(iter(DataLoader(TensorDataset(np.ones((3, 2), np.float32), [0, 1, 2]), 2)))
    assert (x.dtype, y.dtype) == (np.float32, np.int64)


@given(
    st.integers(1, 30),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.integers(0, 40),
    st.sampled_from(["PCG64", "MT19937", "Philox", "SFC64"]),
)
def test_a_resumed_loader_goes_on_batch_for_batch(
    count: int, size: int, shuffle: bool, drop_last: bool, done: int, generator: str
) -> None:
    if drop_last and count < size:
        return

    def make(seed: int) -> DataLoader:
        rng = np.random.Generator(getattr(np.random, generator)(seed))
        return DataLoader(numbered(count), size, shuffle, drop_last=drop_last, rng=rng)

    def forever(loader: DataLoader) -> Any:
        while True:
            yield from loader

    loader = make(1)
    batches = forever(loader)
    for _ in range(done):
        next(batches)
    twin = make(2)
    twin.load_state_dict(loader.state_dict())
    rest = forever(twin)
    for _ in range(2 * len(loader) + 1):
        np.testing.assert_array_equal(next(batches)[0], next(rest)[0])


def test_a_state_saved_between_epochs_starts_the_next_one() -> None:
    loader = DataLoader(numbered(6), 2, shuffle=True, rng=0)
    seen(loader)
    state = json.loads(json.dumps(loader.state_dict()))
    twin = DataLoader(numbered(6), 2, shuffle=True, rng=9)
    twin.load_state_dict(state)
    assert twin.state_dict() == state
    assert seen(twin) == seen(loader)


def test_a_loop_left_early_does_not_shorten_the_next() -> None:
    loader = DataLoader(numbered(6), 2)
    for _ in loader:
        break
    assert len(seen(loader)) == 3


def test_a_state_of_other_data_is_refused() -> None:
    state = DataLoader(numbered(6), 2).state_dict()
    for loader in (DataLoader(numbered(7), 2), DataLoader(numbered(6), 3)):
        with pytest.raises(ValueError, match="the saved loader had"):
            loader.load_state_dict(state)
    with pytest.raises(ValueError, match="expected \\['batch_size'"):
        loader.load_state_dict({"position": 3})


# --- splits -------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 9))
def test_random_split_is_a_partition(count: int, weights: list[int], seed: int) -> None:
    parts = random_split(numbered(count), [w / sum(weights) for w in weights], rng=seed)
    assert sorted(int(part[i][0]) for part in parts for i in range(len(part))) == list(range(count))
    for part, w in zip(parts, weights, strict=True):
        assert abs(len(part) - count * w / sum(weights)) <= 1


@given(st.lists(st.integers(0, 3), min_size=4, max_size=80), st.integers(0, 9))
def test_stratified_split_keeps_the_shares(labels: list[int], seed: int) -> None:
    total = Counter(labels)
    parts = stratified_split(numbered(len(labels)), [0.5, 0.3, 0.2], labels, rng=seed)
    assert sorted(np.concatenate([p.indices for p in parts])) == list(range(len(labels)))
    for part in parts:
        counts = Counter(labels[i] for i in part.indices)
        for label, n in total.items():
            assert abs(counts[label] - n * len(part) / len(labels)) < 2


def test_a_subset_of_a_subset() -> None:
    inner = Subset(numbered(10), [9, 7, 5, 3])
    outer = Subset(inner, [2, 0])
    assert [outer[i][0] for i in range(2)] == [5, 9]
    assert seen(DataLoader(outer, 2)) == [[5, 9]]


@pytest.mark.parametrize(("count", "splits"), [(10, 5), (11, 3), (7, 7)])
def test_kfold_is_scikit_learns(count: int, splits: int) -> None:
    ours = list(KFold(splits).split(count))
    theirs = list(sklearn.model_selection.KFold(splits).split(np.zeros(count)))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
    shuffled = [test for _, test in KFold(splits, shuffle=True, rng=0).split(numbered(count))]
    assert sorted(np.concatenate(shuffled)) == list(range(count))


def test_one_hot() -> None:
    np.testing.assert_array_equal(one_hot([[1, 0]], 3), [[[0, 1, 0], [1, 0, 0]]])
    assert one_hot(ag.Tensor([2]), dtype=np.float64).dtype == np.float64
    assert one_hot(np.zeros((0,), int), 3).shape == (0, 3)
    with pytest.raises(IndexError, match="from 0 to 1, got 0 to 2"):
        one_hot([0, 2], 2)
    with pytest.raises(IndexError, match="got -1"):
        one_hot([-1])
    with pytest.raises(TypeError, match="integer labels, got float64"):
        one_hot([0.0])


# --- scalers ------------------------------------------------------------------------------------

DATA = np.random.default_rng(0).gamma(2.0, 10.0, size=(40, 3)) + 1
LABELS = (DATA[:, 0] > 15).astype(int)
SCALERS = [MinMaxScaler(), MinMaxScaler((-1.0, 2.0)), StandardScaler(), LogScaler(), ArctanScaler()]


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inverse_undoes_transform(scaler, dtype) -> None:
    data = (DATA / (10 if isinstance(scaler, ArctanScaler) else 1)).astype(dtype)
    scaler = sklearn.base.clone(scaler)
    there = scaler.fit(data).transform(data)
    assert there.dtype == dtype
    np.testing.assert_allclose(
        scaler.inverse_transform(there), data, rtol=1e-9 if dtype is np.float64 else 2e-4
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (MinMaxScaler((-1.0, 2.0)), sklearn.preprocessing.MinMaxScaler(feature_range=(-1, 2))),
        (StandardScaler(), sklearn.preprocessing.StandardScaler()),
        (
            StandardScaler(with_mean=False),
            sklearn.preprocessing.StandardScaler(with_mean=False),
        ),
        (StandardScaler(with_std=False), sklearn.preprocessing.StandardScaler(with_std=False)),
    ],
)
def test_scikit_learn_agrees(ours, theirs) -> None:
    data = np.hstack([DATA, np.full((40, 1), 3.3)])  # a constant feature, too
    np.testing.assert_allclose(ours.fit_transform(data), theirs.fit_transform(data), atol=1e-14)
    other = data[:5] * 1.7
    np.testing.assert_allclose(ours.transform(other), theirs.transform(other), atol=1e-13)


def test_w19_normal_forms() -> None:
    x = np.array([[1.0], [4.0], [16.0]])
    np.testing.assert_allclose(MinMaxScaler().fit_transform(x).T, [[0, 0.2, 1]])
    np.testing.assert_allclose(LogScaler().fit_transform(x).T, [[0, 0.5, 1]])
    np.testing.assert_allclose(ArctanScaler().fit_transform(x).T, 2 * np.arctan(x.T) / np.pi)
    np.testing.assert_allclose(
        StandardScaler().fit_transform(x).T, (x.T - 7) / np.sqrt(np.mean((x - 7) ** 2))
    )


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
def test_a_scaler_in_a_scikit_learn_pipeline(scaler) -> None:
    model = sklearn.linear_model.LogisticRegression()
    pipeline = sklearn.pipeline.make_pipeline(sklearn.base.clone(scaler), model)
    assert pipeline.fit(DATA, LABELS).score(DATA, LABELS) > 0.5
    scores = sklearn.model_selection.cross_val_score(pipeline, DATA, LABELS, cv=KFold(4))
    assert scores.shape == (4,)
    assert sklearn.base.clone(pipeline).get_params().keys() == pipeline.get_params().keys()


def test_scalers_refuse_what_they_cannot_use() -> None:
    with pytest.raises(RuntimeError, match="call fit on the training data first"):
        MinMaxScaler().transform(DATA)
    with pytest.raises(ValueError, match=r"reshape\(-1, 1\)"):
        MinMaxScaler().fit([1.0, 2.0])
    with pytest.raises(ValueError, match="the 3 features seen in fit, got 2"):
        StandardScaler().fit(DATA).transform(DATA[:, :2])
    with pytest.raises(ValueError, match="no samples"):
        StandardScaler().fit(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="data above 0, got -1"):
        LogScaler().fit([[-1.0]])
    with pytest.raises(ValueError, match="maximum above 1"):
        LogScaler().fit([[0.5]])
    with pytest.raises(ValueError, match="low < high"):
        MinMaxScaler((1.0, 0.0)).fit(DATA)
    with pytest.raises(ValueError, match="expected any of"):
        StandardScaler().set_params(mean=True)


# --- FAULTS -------------------------------------------------------------------------------------


def test_fault_57_bad_data() -> None:
    with pytest.raises(ValueError, match="the data set is empty"):
        DataLoader(numbered(0))
    with pytest.raises(ValueError, match="batch_size of at least 1, got 0"):
        DataLoader(numbered(3), 0)
    with pytest.raises(ValueError, match="no batch of 5 with drop_last"):
        DataLoader(numbered(3), 5, drop_last=True)
    with pytest.raises(ValueError, match=r"same length, got shapes \[\(3,\), \(2,\)\]"):
        TensorDataset(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="same length"):
        TensorDataset()
    with pytest.raises(ValueError, match="same length"):
        TensorDataset(1.0)
    with pytest.raises(ValueError, match=r"differ in shape, \[\(1,\), \(2,\)\]"):
        next(iter(DataLoader(Samples(np.zeros(1), np.zeros(2)), 2)))
    with pytest.raises(ValueError, match="parts"):
        next(iter(DataLoader(Samples((1, 2), (1, 2, 3)), 2)))


@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.4], [11, -1], [5.5, 4.5], []])
def test_fault_57_split_sizes_that_do_not_add_up(lengths) -> None:
    with pytest.raises(ValueError, match="add up to the 10 samples"):
        random_split(numbered(10), lengths)
    with pytest.raises(ValueError, match="add up to the 10 samples"):
        stratified_split(numbered(10), lengths, np.zeros(10))


def test_fault_57_other_splits() -> None:
    with pytest.raises(ValueError, match="one label for each of 10 samples"):
        stratified_split(numbered(10), [5, 5], np.zeros(9))
    with pytest.raises(ValueError, match="the data set is empty"):
        random_split(numbered(0), [1.0])
    with pytest.raises(ValueError, match="n_splits of at least 2"):
        KFold(1)
    with pytest.raises(ValueError, match="3 samples can't be split into 4"):
        list(KFold(4).split(3))
