"""Checkpoints: resumed bit for bit, whole at every moment, and refused when they are not."""

import builtins
import json
import os
import pickle
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import autograd as ag
import nn
import optim
from nn import checkpoint
from nn.data import DataLoader, TensorDataset

from . import resumable

ROOT = Path(__file__).parent.parent


def in_a_new_process(*arguments: object) -> Any:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.resumable", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def small(seed: int = 0) -> tuple[nn.Module, optim.Optimizer]:
    """A model and an optimizer after a few steps."""
    ag.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        (model(np.arange(15, dtype=np.float32).reshape(5, 3) + seed) ** 2).sum().backward()
        optimizer.step()
    return model, optimizer


def state_of(*parts: Any) -> str:
    return resumable.digest([p.state_dict() for p in parts])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


# --- resuming (FAULT 64) ------------------------------------------------------------------------


def resumed_and_straight(folder: Path, steps: set[int]) -> tuple[Any, Any]:
    straight = {}
    for name in resumable.OPTIMIZERS:
        (folder / name).mkdir()
        straight[name] = resumable.train(name, resumable.SaveAt(folder / name, steps))
        assert len(list((folder / name).iterdir())) == len(steps)
    resumed = in_a_new_process("resume", folder)
    return resumed, {name: {str(k): d for k in sorted(steps)} for name, d in straight.items()}


def test_fault_64_resume_in_a_new_process_is_bit_identical(tmp_path) -> None:
    """After the first step, in the middle of an epoch, at its last step, and after the last of all."""
    resumed, straight = resumed_and_straight(tmp_path, {1, 23, 35, 50})
    assert resumed == straight


@pytest.mark.nightly
def test_fault_64_resume_after_every_step(tmp_path) -> None:
    resumed, straight = resumed_and_straight(tmp_path, set(range(1, 51)))
    assert resumed == straight


def test_every_optimizer_is_resumed() -> None:
    final = {
        value.__name__
        for value in vars(optim).values()
        if isinstance(value, type) and issubclass(value, optim.Optimizer)
    }
    assert final - set(resumable.OPTIMIZERS) == {"Optimizer", "FirstOrder"}


def test_everything_comes_back(path) -> None:
    model, optimizer = small()
    schedule = optim.StepLR(optimizer, 2)
    schedule.step()
    loader = DataLoader(TensorDataset(np.arange(9)), 2, shuffle=True, rng=3)
    next(iter(loader))
    scalars = {
        "epoch": 7,
        "best": 0.1 + 0.2,
        "name": 'ß"\\\n',
        "nothing": None,
        "lists": [1, [2.5, {"a": True}]],
        "not_finite": [float("inf"), -float("inf")],
        "array": np.arange(6.0).reshape(2, 3).T,
        "zero_d": np.array(3, np.int16),
        "scalar": np.float32(0.5),
    }
    checkpoint.save(
        path, model=model, optimizer=optimizer, schedule=schedule, loader=loader, **scalars
    )
    draws = ag.default_generator().random(4)
    others = small(1)
    again = optim.StepLR(others[1], 2)
    twin = DataLoader(TensorDataset(np.arange(9)), 2, shuffle=True, rng=4)
    got = checkpoint.load(path, model=others[0], optimizer=others[1], schedule=again, loader=twin)
    assert state_of(*others, again, twin) == state_of(model, optimizer, schedule, loader)
    np.testing.assert_equal(got, scalars)
    assert got["zero_d"].shape == ()
    np.testing.assert_array_equal(ag.default_generator().random(4), draws)


def test_a_model_for_use_leaves_the_random_state_alone(path) -> None:
    model, optimizer = small()
    checkpoint.save(path, model=model, optimizer=optimizer)
    ag.manual_seed(5)
    expected = ag.manual_seed(5).random()
    ag.manual_seed(5)
    other, _ = small(1)
    ag.manual_seed(5)
    assert checkpoint.load(path, model=other) == {}
    assert ag.default_generator().random() == expected
    assert state_of(other) == state_of(model)


def test_arrays_that_are_not_contiguous_or_of_the_other_byte_order(path) -> None:
    strange = {"t": np.arange(12.0).reshape(3, 4).T[::2], "big": np.arange(3, dtype=">f8")}
    checkpoint.save(path, **strange)
    got = checkpoint.load(path)
    np.testing.assert_array_equal(got["t"], strange["t"])
    np.testing.assert_array_equal(got["big"], [0, 1, 2])


def test_the_file_is_plain_safetensors_with_the_models_own_names(path) -> None:
    model, optimizer = small()
    checkpoint.save(path, model=model, optimizer=optimizer)
    arrays = safetensors.numpy.load_file(path)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(arrays[name], array)
    assert all("/" in name for name in arrays.keys() - model.state_dict().keys())
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == "pt"


def test_a_file_of_another_program_loads(path) -> None:
    model, _ = small()
    safetensors.numpy.save_file(model.state_dict(), path, metadata={"format": "pt"})
    other, optimizer = small(1)
    assert checkpoint.load(path, model=other) == {}
    assert state_of(other) == state_of(model)
    with pytest.raises(ValueError, match=r"holds \['model'\], but no \['optimizer'\]"):
        checkpoint.load(path, model=other, optimizer=optimizer)


def test_torch_reads_and_writes_the_same_files(path) -> None:
    torch = pytest.importorskip("torch")
    import safetensors.torch

    model, _ = small()
    checkpoint.save(path, model=model)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 2)
    )
    theirs.load_state_dict(safetensors.torch.load_file(path))
    safetensors.torch.save_file(theirs.state_dict(), path)
    other, _ = small(1)
    checkpoint.load(path, model=other)
    assert state_of(other) == state_of(model)


# --- damage (FAULTS 58, 60 to 62) ---------------------------------------------------------------


def refused(path: Path, match: str | None = None) -> None:
    """``load`` raises ValueError that names the path, and leaves everything as it was."""
    model, optimizer = small(1)
    before = state_of(model, optimizer), ag.default_generator().bit_generator.state
    with pytest.raises(ValueError, match=match) as caught:
        checkpoint.load(path, model=model, optimizer=optimizer)
    assert str(path) in str(caught.value)
    assert (state_of(model, optimizer), ag.default_generator().bit_generator.state) == before


def good_file(path: Path) -> bytes:
    model, optimizer = small()
    checkpoint.save(path, model=model, optimizer=optimizer, epoch=3)
    return path.read_bytes()


def test_fault_58_a_flipped_bit_at_a_thousand_places(path) -> None:
    data = good_file(path)
    model, optimizer = small(1)
    before = state_of(model, optimizer)
    rng = np.random.default_rng(0)
    header = 8 + struct.unpack("<Q", data[:8])[0]
    # Half of them in the header, which is the smaller and the more delicate part.
    places = [*rng.integers(0, header, 500), *rng.integers(header, len(data), 500)]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"run\.safetensors"):
            checkpoint.load(path, model=model, optimizer=optimizer)
    assert state_of(model, optimizer) == before


def test_fault_58_truncated_anywhere(path) -> None:
    data = good_file(path)
    for length in [0, 1, 7, 8, 9, 100, *range(200, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:length])
        refused(path, "damaged")
    path.write_bytes(data + b"\0")
    refused(path, "damaged")


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(64), b"{}", b"PK\x03\x04" + bytes(64), bytes(1000)]
)
def test_fault_58_another_format(path, content) -> None:
    path.write_bytes(content)
    refused(path, "not a safetensors file")


def test_a_missing_file_says_so(path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoint.load(path)
    with pytest.raises(FileNotFoundError):
        checkpoint.save(path.parent / "no" / "folder", epoch=1)


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def test_fault_60_no_pickle(path, monkeypatch) -> None:
    monkeypatch.chdir(path.parent)
    path.write_bytes(pickle.dumps({"weight": Evil()}))
    refused(path)
    with pytest.raises(TypeError, match="scalars/thing is Evil; expected numbers, texts"):
        checkpoint.save(path, thing=Evil())
    assert not Path("evil").exists()


def test_fault_61_a_key_is_never_a_path(path, monkeypatch) -> None:
    monkeypatch.chdir(path.parent)
    names = ["../evil", "/tmp/evil", "evil", "a/../../evil", "nul\0byte"]
    safetensors.numpy.save_file({name: np.zeros(2) for name in names}, path)
    refused(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_fault_62_a_header_that_claims_too_much(path) -> None:
    huge = json.dumps(
        {"weight": {"dtype": "F32", "shape": [10**15], "data_offsets": [0, 4 * 10**15]}}
    ).encode()
    for content in [
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**12) + b"{}",
        struct.pack("<Q", len(huge)) + huge,
    ]:
        path.write_bytes(content)
        began = time.perf_counter()
        refused(path, "damaged")
        assert time.perf_counter() - began < 5


# --- what does not fit (FAULT 59) ---------------------------------------------------------------


def test_fault_59_another_model(path) -> None:
    model, _ = small()
    checkpoint.save(path, model=model)
    other = nn.Sequential(
        nn.Linear(3, 5), nn.Identity(), nn.Identity(), nn.Linear(4, 2, bias=False)
    )
    before = state_of(other)
    with pytest.raises(ValueError, match="Nothing was loaded") as caught:
        checkpoint.load(path, model=other)
    for text in (str(path), "0.weight", "0.bias", "1.running_mean", "3.bias", "(4, 3)", "(5, 3)"):
        assert text in str(caught.value)
    assert state_of(other) == before


def test_fault_59_all_or_none(path) -> None:
    """The model fits, the optimizer or the loader does not: the model is as it was."""
    model, optimizer = small()
    loader = DataLoader(TensorDataset(np.arange(9)), 2)
    checkpoint.save(path, model=model, optimizer=optimizer, loader=loader)
    other, adam = small(1)
    sgd = optim.SGD(other.parameters(), lr=0.1)
    smaller = DataLoader(TensorDataset(np.arange(8)), 2)
    before = state_of(other, adam, sgd, smaller), ag.default_generator().bit_generator.state
    with pytest.raises(ValueError, match="another optimizer"):
        checkpoint.load(path, model=other, optimizer=sgd)
    with pytest.raises(ValueError, match="samples = 9"):
        checkpoint.load(path, model=other, optimizer=adam, loader=smaller)
    with pytest.raises(ValueError, match=r"but no \['schedule'\]"):
        checkpoint.load(path, model=other, schedule=optim.StepLR(sgd, 1))
    dropout = nn.Sequential(*[other[i] for i in range(2)], nn.Dropout(rng=np.random.default_rng()))
    dropout.append(other[3])
    with pytest.raises(ValueError, match=r"random states of the modules \['2.rng'\], got \[\]"):
        checkpoint.load(path, model=dropout, optimizer=adam)
    after = state_of(other, adam, sgd, smaller), ag.default_generator().bit_generator.state
    assert after == before


# --- at every moment whole (FAULT 63) -----------------------------------------------------------


def test_fault_63_two_hundred_kills(tmp_path) -> None:
    found = in_a_new_process("kill", tmp_path, 200)
    assert sum(found.values()) == 200
    assert "torn" not in found
    assert found["old"] > 0  # killed in the first file of a child ...
    assert found["new"] > 20  # ... and in the second


def test_fault_63_a_full_disk(tmp_path) -> None:
    assert in_a_new_process("full", tmp_path) == ["OSError", "same", "model.safetensors"]


@pytest.mark.parametrize("moment", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_fault_63_interrupted_at_each_call(path, monkeypatch, moment, error) -> None:
    before = good_file(path)

    def fail(*_: object, **__: object) -> Any:
        raise error

    if moment == "write":
        real = builtins.open

        class Half:
            """Writes half of what it is given."""

            def __init__(self, *args: Any) -> None:
                self.file = real(*args)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                self.file.close()

            def write(self, data: bytes) -> None:
                self.file.write(data[: len(data) // 2])
                raise error

        monkeypatch.setattr(builtins, "open", Half)
    else:
        monkeypatch.setattr(builtins if moment == "open" else os, moment, fail)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        checkpoint.save(path, epoch=4)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_saved_file_has_the_usual_permissions(path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"")
    checkpoint.save(path, epoch=1)
    assert path.stat().st_mode == other.stat().st_mode
