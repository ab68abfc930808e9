"""Programs that the checkpoint tests start in processes of their own.

``python -m tests.resumable resume FOLDER``: go on from every checkpoint in FOLDER, print the digests.
``python -m tests.resumable kill FOLDER COUNT``: kill COUNT processes while they save to one path.
``python -m tests.resumable full FOLDER``: save where no file may be longer than 20,000 bytes.
"""

import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
import optim
from nn import checkpoint
from nn.data import DataLoader, TensorDataset
from nn.training import Callback, EarlyStopping, Run, accuracy, fit

EPOCHS, STEPS = 10, 50

OPTIMIZERS: dict[str, Any] = {
    "SGD": partial(optim.SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "Adagrad": partial(optim.Adagrad, lr=0.05, lr_decay=0.01),
    "AdagradDA": partial(optim.AdagradDA, lr=0.1, l1_regularization_strength=1e-3),
    "Adadelta": partial(optim.Adadelta),
    "RMSprop": partial(optim.RMSprop, lr=0.01, momentum=0.5, centered=True),
    "Rprop": partial(optim.Rprop, lr=0.01),
    "Adam": partial(optim.Adam, lr=0.01, amsgrad=True, weight_decay=1e-3),
    "AdamW": partial(optim.AdamW, lr=0.01),
    "Adamax": partial(optim.Adamax, lr=0.01),
    "NAdam": partial(optim.NAdam, lr=0.01),
    "RAdam": partial(optim.RAdam, lr=0.01),
    "Lion": partial(optim.Lion, lr=0.001),
    "Ftrl": partial(optim.Ftrl, lr=0.1, l1_regularization_strength=1e-3),
    "ProximalSGD": partial(optim.ProximalSGD, lr=0.1, l1_regularization_strength=1e-3),
    "ProximalAdagrad": partial(optim.ProximalAdagrad, lr=0.1, l1_regularization_strength=1e-3),
    "LBFGS": partial(optim.LBFGS, max_iter=2),
}


class SaveAt(Callback):
    """Save the run after the steps ``steps``."""

    def __init__(self, folder: Path, steps: set[int]) -> None:
        self.folder = folder
        self.steps = steps

    def on_step(self, run: Run) -> None:
        if run.step in self.steps:
            run.save(self.folder / f"{run.step}.safetensors")


def train(name: str, saving: SaveAt, resume: Path | None = None, seed: int = 0) -> str:
    """Fifty steps with batch norm, dropout, shuffling and a schedule; the digest of how it ended."""
    ag.manual_seed(seed)
    data = np.random.default_rng(0)
    x, y = data.normal(size=(40, 6)).astype(np.float32), data.integers(0, 3, 40)
    model = nn.Sequential(
        nn.Linear(6, 12),
        nn.BatchNorm1d(12),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Dropout(0.1, rng=np.random.Generator(np.random.MT19937(seed))),
        nn.Linear(12, 3),
    )
    optimizer = OPTIMIZERS[name](model.parameters())
    loader = DataLoader(TensorDataset(x, y), 8, shuffle=True, rng=seed)
    schedule = None
    if "lr" in optimizer.defaults:
        schedule = optim.CosineAnnealingLR(optimizer, T_max=EPOCHS, eta_min=1e-4)
    history = fit(
        model,
        loader,
        loss=nn.functional.cross_entropy,
        optimizer=optimizer,
        epochs=EPOCHS,
        validation=DataLoader(TensorDataset(x, y), 16),
        metrics=[accuracy],
        schedule=schedule,
        callbacks=[EarlyStopping(patience=99), saving],
        resume=resume,
        progress=False,
    )
    return digest(
        [
            model.state_dict(),
            optimizer.state_dict(),
            history.to_dict(),
            loader.state_dict(),
            schedule and schedule.state_dict(),
            ag.default_generator().bit_generator.state,
            model[4].rng.bit_generator.state,
        ]
    )


def digest(value: Any) -> str:
    def plain(v: Any) -> Any:
        if isinstance(v, np.ndarray):
            return [str(v.dtype), v.shape, v.tobytes().hex()]
        raise TypeError(type(v))

    return hashlib.sha256(json.dumps(value, default=plain, sort_keys=True).encode()).hexdigest()


def resume_all(folder: Path) -> dict[str, dict[str, str]]:
    return {
        f.name: {
            path.stem: train(f.name, SaveAt(f, set()), resume=path, seed=99)
            for path in sorted(f.iterdir())
        }
        for f in sorted(folder.iterdir())
    }


def model_full_of(value: float) -> nn.Module:
    model = nn.Linear(300, 200)
    for p in model.parameters():
        p.data[...] = value
    return model


def kill_while_saving(folder: Path, count: int) -> dict[str, int]:
    """Every child writes files full of one number until it is killed; what is found afterwards.

    A child says when it starts and when it has finished a file; it is killed in its first file or
    in its second, after a random part of the time that a file takes.
    """
    path, rng, model = folder / "model.safetensors", random.Random(0), model_full_of(0.0)
    began = time.perf_counter()
    for _ in range(10):
        checkpoint.save(path, model=model, value=0.0)
    duration = (time.perf_counter() - began) / 10
    found: dict[str, int] = {}
    for child in range(1, count + 1):
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            mine = model_full_of(float(child))
            while True:
                os.write(tell, b".")
                checkpoint.save(path, model=mine, value=float(child))
        for _ in range(rng.randint(1, 2)):
            os.read(told, 1)
        time.sleep(rng.uniform(0, duration))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(told)
        os.close(tell)
        value = checkpoint.load(path, model=model)["value"]
        whole = all((p.data == value).all() for p in model.parameters())
        key = "torn" if not whole else "new" if value == child else "old"
        found[key] = found.get(key, 0) + 1
    return found


def save_on_a_full_disk(folder: Path) -> list[str]:
    path = folder / "model.safetensors"
    small = nn.Linear(2, 2)
    checkpoint.save(path, model=small)
    before = path.read_bytes()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    try:
        checkpoint.save(path, model=model_full_of(1.0))
    except OSError as error:
        same = "same" if path.read_bytes() == before else "changed"
        return [type(error).__name__, same, *sorted(p.name for p in folder.iterdir())]
    return ["no error"]


if __name__ == "__main__":
    command, where, *rest = sys.argv[1:]
    if command == "resume":
        print(json.dumps(resume_all(Path(where))))
    elif command == "kill":
        print(json.dumps(kill_while_saving(Path(where), int(rest[0]))))
    else:
        print(json.dumps(save_on_a_full_disk(Path(where))))
