"""What may happen while a network learns: stop early, save, or anything one writes oneself.

A callback sees the :class:`Run` after every step, after every epoch and at the end.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from optim import Optimizer, Schedule

from . import checkpoint
from .history import History, Means
from .module import Module

__all__ = ["INTERRUPTED", "Callback", "Checkpoint", "EarlyStopping", "Run"]

INTERRUPTED = "interrupted"
"""What ``Run.stop`` says after Ctrl-C."""


class Run:
    """One call of :func:`fit`, as callbacks see it.

    ``epoch`` counts the finished epochs of ``epochs``, ``batch`` the batches of this one, ``step`` the
    optimizer's steps; a callback that sets ``stop`` to a reason ends the training after this step.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loader: Any,
        schedule: Schedule | None,
        callbacks: Sequence["Callback"],
        epochs: int = 0,
    ) -> None:
        self.epochs = epochs
        self.model = model
        self.optimizer = optimizer
        self.loader = loader
        self.schedule = schedule
        self.callbacks = list(callbacks)
        self.history = History()
        self.epoch = 0
        self.batch = 0
        self.step = 0
        self.stop = ""
        self.interrupted = False
        self.means = Means()

    def obey(self) -> None:
        """Stop if Ctrl-C was pressed.  Asked before the callbacks, so that all see the same answer."""
        if self.interrupted:
            self.stop = INTERRUPTED

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it as a checkpoint that ``fit(..., resume=path)`` goes on from."""
        training = {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "history": self.history.rows,
            "means": self.means.state_dict(),
            "callbacks": [c.state_dict() for c in self.callbacks],
        }
        checkpoint.save(path, **self._parts(), training=training)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on where the run that wrote ``path`` was."""
        saved = checkpoint.load(path, **self._parts())
        if "training" not in saved:
            raise ValueError(
                f"{path}: this checkpoint was not written by fit; it can't be resumed."
            )
        training = saved["training"]
        if len(training["callbacks"]) != len(self.callbacks):
            raise ValueError(
                f"{path}: expected the {len(training['callbacks'])} callbacks of the saved run, got "
                f"{len(self.callbacks)}."
            )
        self.epoch = training["epoch"]
        self.batch = training["batch"]
        self.step = training["step"]
        self.history.rows = training["history"]
        self.means.load_state_dict(training["means"])
        for callback, state in zip(self.callbacks, training["callbacks"], strict=True):
            callback.load_state_dict(state)

    def _parts(self) -> dict[str, Any]:
        loader = self.loader if hasattr(self.loader, "state_dict") else None
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "loader": loader,
        }


class Callback:
    """What may happen besides learning; each method does nothing unless a subclass says so.

    >>> class Announce(Callback):
    ...     def on_epoch(self, run):
    ...         print(f"epoch {run.epoch}: {run.history.rows[-1]['loss']:.3f}")
    """

    def on_start(self, run: Run) -> None:
        """Before the first step, also of a resumed run."""

    def on_step(self, run: Run) -> None:
        """After every step of the optimizer."""

    def on_epoch(self, run: Run) -> None:
        """After every epoch, its row in the history and the schedule's step."""

    def on_end(self, run: Run) -> None:
        """At the end, whatever ended it: also after Ctrl-C or an exception."""

    def state_dict(self) -> dict[str, Any]:
        """What has to be known to go on after a resume."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what ``state_dict()`` gave."""


class EarlyStopping(Callback):
    """Stop when ``monitor`` has not improved for ``patience`` epochs; keep the best weights.

    Better is smaller for a name with "loss" or "error" in it and larger otherwise (or as ``mode``
    says, "min" or "max"), by more than ``min_delta``.  At the end, also after Ctrl-C, the model gets
    the weights and buffers of its best epoch back, unless ``restore_best`` is False.

    L. Prechelt, "Early stopping - but when?", 1998.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: Literal["auto", "min", "max"] = "auto",
        restore_best: bool = True,
    ) -> None:
        if patience < 1 or min_delta < 0 or mode not in ("auto", "min", "max"):
            raise ValueError(
                "EarlyStopping: expected patience of at least 1, min_delta of at least 0 and mode "
                f"'auto', 'min' or 'max', got {patience}, {min_delta} and {mode!r}."
            )
        falls = mode == "min" or (mode == "auto" and ("loss" in monitor or "error" in monitor))
        self.sign = 1 if falls else -1
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.restore_best = restore_best
        self.best: float | None = None
        self.best_epoch = 0
        self.weights: dict[str, Any] | None = None

    def on_start(self, run: Run) -> None:
        """A run that had stopped before it was resumed stays stopped."""
        if self.best is not None:
            self._stop_if_it_is_time(run)

    def on_epoch(self, run: Run) -> None:
        """Compare the epoch with the best one."""
        row = run.history.rows[-1]
        if self.monitor not in row:
            raise ValueError(
                f"EarlyStopping: {self.monitor!r} is not measured; there are {sorted(row)}. Give "
                "fit(validation=...), or monitor one of those."
            )
        value = self.sign * row[self.monitor]
        if self.best is None or value < self.sign * self.best - self.min_delta:
            self.best, self.best_epoch = row[self.monitor], run.epoch
            self.weights = run.model.state_dict() if self.restore_best else None
        self._stop_if_it_is_time(run)

    def _stop_if_it_is_time(self, run: Run) -> None:
        if run.epoch - self.best_epoch >= self.patience:
            run.stop = (
                f"{self.monitor} has not improved on {self.best:.4g} since epoch {self.best_epoch}"
            )

    def on_end(self, run: Run) -> None:
        """Give the model its best weights back."""
        if self.weights is not None:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """The best value, its epoch and its weights."""
        return {"best": self.best, "best_epoch": self.best_epoch, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the best of the run so far."""
        self.best = state["best"]
        self.best_epoch = state["best_epoch"]
        self.weights = state["weights"]


class Checkpoint(Callback):
    """Save the whole run to ``path`` after every ``every`` epochs, or ``every_steps`` steps.

    Ctrl-C saves too, in the middle of the epoch, so that ``fit(..., resume=path)`` goes on with the
    next batch.  Put it after other callbacks: it saves their states as they are at that moment.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = 1, every_steps: int | None = None
    ) -> None:
        if every < 1 or (every_steps is not None and every_steps < 1):
            raise ValueError(
                f"Checkpoint: expected every and every_steps of at least 1, got {every} and "
                f"{every_steps}."
            )
        self.path = path
        self.every = every
        self.every_steps = every_steps

    def on_step(self, run: Run) -> None:
        """Save after every ``every_steps`` steps, and when Ctrl-C was pressed."""
        if run.stop == INTERRUPTED or (self.every_steps and run.step % self.every_steps == 0):
            run.save(self.path)

    def on_epoch(self, run: Run) -> None:
        """Save after every ``every`` epochs, and after the last one."""
        if run.stop or run.epoch == run.epochs or self._is_due(run.epoch):
            run.save(self.path)

    def _is_due(self, epoch: int) -> bool:
        return self.every_steps is None and epoch % self.every == 0
