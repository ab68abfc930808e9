"""A training loop, small enough to be read, and to be replaced by one's own.

Without it the same run is::

    for epoch in range(epochs):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
        schedule.step()

:func:`fit` adds what one wants after the first week: a progress bar, validation, metrics, early
stopping, checkpoints that resume bit for bit, and an end by Ctrl-C that loses nothing.
"""

import importlib
import importlib.util
import math
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

import numpy as np

from autograd import Tensor, no_grad
from optim import Optimizer, Schedule, clip_grad_norm_
from optim.schedule import ReduceLROnPlateau

from . import checkpoint
from .metrics import accuracy, confusion_matrix, mean_error, top_k
from .module import Module

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "Run",
    "accuracy",
    "confusion_matrix",
    "evaluate",
    "fit",
    "mean_error",
    "predict",
    "top_k",
]

Metric = Callable[[Any, Any], float]
Metrics = Sequence[Metric] | Mapping[str, Metric]


class History:
    """What was measured: one row for each epoch, ``{"epoch": 1, "loss": 0.7, "val_loss": ...}``.

    ``stopped`` says why training ended before the last epoch; it is empty if it did not.

    >>> history = History([{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.4}])
    >>> history["loss"]
    [0.7, 0.4]
    """

    def __init__(self, rows: Sequence[Mapping[str, float]] = ()) -> None:
        self.rows: list[dict[str, float]] = [dict(row) for row in rows]
        self.stopped = ""

    def __getitem__(self, name: str) -> list[float]:
        """One column; KeyError if it was never measured."""
        if not any(name in row for row in self.rows):
            raise KeyError(f"{name!r} was not measured; there are {sorted(self.to_dict())}.")
        return [row.get(name, math.nan) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def to_dict(self) -> dict[str, list[float]]:
        """All columns by name."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: self[name] for name in names}

    def plot(self) -> Any:
        """Draw the curves with Matplotlib, what was validated beside it; returns the figure."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError(
                'History.plot() draws with Matplotlib: pip install "chainrule[train]".'
            ) from None
        columns = self.to_dict()
        names = [n for n in columns if n != "epoch" and not n.startswith("val_")]
        figure = Figure(figsize=(4 * len(names), 3), layout="constrained")
        axes = figure.subplots(1, len(names), squeeze=False)[0]
        for ax, name in zip(axes, names, strict=True):
            for column, label in ((name, "training"), (f"val_{name}", "validation")):
                if column in columns:
                    ax.plot(columns["epoch"], columns[column], label=label)
            ax.set(xlabel="epoch", title=name)
            if f"val_{name}" in columns:
                ax.legend()
        return figure

    def __repr__(self) -> str:
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.rows[-1].items()) if self.rows else ""
        return f"History({len(self)} epochs{': ' if last else ''}{last})"


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
        elif run.epoch - self.best_epoch >= self.patience:
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


class Means:
    """Averages over the samples seen so far in an epoch."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.count = 0

    def add(self, values: Mapping[str, float], samples: int) -> None:
        """The means of a batch."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * samples
        self.count += samples

    def result(self, prefix: str = "") -> dict[str, float]:
        """The means so far."""
        return {prefix + name: total / self.count for name, total in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        """Sums and count."""
        return {"sums": dict(self.sums), "count": self.count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state_dict()``."""
        self.sums, self.count = dict(state["sums"]), state["count"]


INTERRUPTED = "interrupted"


def fit(
    model: Module,
    train: Any,
    *,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    validation: Any = None,
    metrics: Metrics = (),
    schedule: Schedule | None = None,
    schedule_each: Literal["epoch", "step"] = "epoch",
    callbacks: Sequence[Callback] = (),
    accumulate: int = 1,
    clip_norm: float | None = None,
    error_if_nonfinite: bool = False,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` on ``train`` for ``epochs`` epochs; returns what was measured.

    ``train`` and ``validation`` give batches, tuples of inputs and, last, the target (a
    ``DataLoader``); ``loss(output, target)`` is a scalar tensor, the mean over the batch.
    ``metrics`` are functions (output, target) → number, in a list or by name.

    The gradients of ``accumulate`` batches make one step, as of one larger batch, and are clipped
    to ``clip_norm``.  ``schedule`` is stepped after each epoch, or after each step
    (``schedule_each``); ``ReduceLROnPlateau`` gets the validation loss, or the training loss without
    validation.  ``resume`` is the path that a ``Checkpoint`` wrote: the run goes on from there, bit
    for bit as if it had not stopped.  ``optimizer`` may be ``LBFGS``.

    Ctrl-C ends the training after the step at hand: ``Checkpoint`` saves, early stopping gives back
    the best weights, the history is returned, and its ``stopped`` says so.  A second Ctrl-C does not
    wait for the step.

    Raises ``ValueError`` for ``epochs``, ``accumulate`` below 1 or an empty ``train``, and, with
    ``error_if_nonfinite``, ``FloatingPointError`` for a loss or a gradient that is NaN or infinite,
    before a parameter is touched.

    >>> import nn, optim
    >>> from nn.data import DataLoader, TensorDataset
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Linear(1, 1)
    >>> history = fit(
    ...     model,
    ...     DataLoader(TensorDataset(x, 3 * x + 1), batch_size=16, shuffle=True),
    ...     loss=nn.functional.mse_loss,
    ...     optimizer=optim.SGD(model.parameters(), lr=0.3),
    ...     epochs=30,
    ...     progress=False,
    ... )
    >>> history["loss"][-1] < 1e-3
    True
    """
    _check(train, epochs, accumulate, schedule_each)
    run = Run(model, optimizer, train, schedule, callbacks, epochs)
    if resume is not None:
        run.load(resume)
    teacher = _Teacher(run, loss, _named(metrics), clip_norm, error_if_nonfinite)
    was_training = model.training
    try:
        with _interruptible(run), _bar(progress, run, epochs, accumulate) as show:
            while run.epoch < epochs and not run.stop:
                model.train()
                if _train_one_epoch(run, teacher, accumulate, schedule_each, show):
                    _end_epoch(run, teacher, validation, schedule_each)
    except KeyboardInterrupt:
        run.stop = INTERRUPTED
    finally:
        run.history.stopped = run.stop
        for callback in callbacks:
            callback.on_end(run)
        model.train(was_training)
    return run.history


def _train_one_epoch(
    run: Run, teacher: "_Teacher", accumulate: int, schedule_each: str, show: Callable[[Run], None]
) -> bool:
    """The rest of the epoch, step by step; False if the run was stopped on the way."""
    for batches in _groups(run, accumulate):
        teacher.step(batches)
        if run.schedule is not None and schedule_each == "step":
            _step_schedule(run.schedule, run.means.result())
        show(run)
        run.obey()
        for callback in run.callbacks:
            callback.on_step(run)
        if run.stop:
            return False
    return True


def _end_epoch(run: Run, teacher: "_Teacher", validation: Any, schedule_each: str) -> None:
    """The row in the history, the schedule, the callbacks."""
    row = {"epoch": run.epoch + 1, **run.means.result()}
    if validation is not None:
        row |= teacher.evaluate(validation).result("val_")
    if "lr" in run.optimizer.param_groups[0]:
        row["lr"] = run.optimizer.param_groups[0]["lr"]
    run.history.rows.append(row)
    run.epoch += 1
    run.batch = 0
    run.means = Means()
    run.obey()
    if run.schedule is not None and schedule_each == "epoch":
        _step_schedule(run.schedule, row)
    for callback in run.callbacks:
        callback.on_epoch(run)


class _Teacher:
    """What is done with a batch: the loss, its gradient, the step, the measurements."""

    def __init__(
        self,
        run: Run,
        loss: Callable[[Any, Any], Any],
        metrics: Mapping[str, Metric],
        clip_norm: float | None,
        error_if_nonfinite: bool,
    ) -> None:
        self.run = run
        self.loss = loss
        self.metrics = metrics
        self.clip_norm = clip_norm
        self.error_if_nonfinite = error_if_nonfinite

    def step(self, batches: list[Any]) -> None:
        """One step of the optimizer on the mean loss over all samples of ``batches``."""
        seen: list[tuple[dict[str, float], int]] = []

        def closure() -> Any:
            self.run.optimizer.zero_grad()
            seen.clear()
            total = sum(_samples(batch) for batch in batches)
            for batch in batches:
                loss, values = self._measured(batch)
                seen.append((values, _samples(batch)))
                share = _samples(batch) / total
                (loss if share == 1 else loss * share).backward()
            self._check_gradients(seen)
            return sum(values["loss"] * samples / total for values, samples in seen)

        self.run.optimizer.step(closure)
        for values, samples in seen:
            self.run.means.add(values, samples)
        self.run.step += 1

    def evaluate(self, batches: Any) -> Means:
        """Loss and metrics over ``batches``, with the model in use rather than in training."""
        means = Means()
        with _in_use(self.run.model), no_grad():
            for batch in batches:
                means.add(self._measured(batch)[1], _samples(batch))
        return means

    def _measured(self, batch: Any) -> tuple[Any, dict[str, float]]:
        *inputs, target = batch
        output = self.run.model(*inputs)
        loss = self.loss(output, target)
        values = {name: float(metric(output, target)) for name, metric in self.metrics.items()}
        return loss, {"loss": float(loss.item()), **values}

    def _check_gradients(self, seen: list[tuple[dict[str, float], int]]) -> None:
        parameters = dict(self.run.model.named_parameters())
        if self.error_if_nonfinite:
            where = f"in epoch {self.run.epoch + 1}, step {self.run.step + 1}"
            advice = "No parameter was changed; autograd.detect_anomaly() finds the operation."
            for values, _ in seen:
                if not math.isfinite(values["loss"]):
                    raise FloatingPointError(f"fit: the loss is {values['loss']} {where}. {advice}")
            for name, p in parameters.items():
                if p.grad is not None and not np.isfinite(p.grad.data).all():
                    raise FloatingPointError(
                        f"fit: the gradient of {name} is not finite {where}. {advice}"
                    )
        if self.clip_norm is not None:
            clip_grad_norm_(parameters.values(), self.clip_norm)


def evaluate(
    model: Module, batches: Any, *, loss: Callable[[Any, Any], Any], metrics: Metrics = ()
) -> dict[str, float]:
    """The mean loss and metrics over ``batches``: ``{"loss": ..., "accuracy": ...}``.

    The model is put into use (no dropout, running statistics) meanwhile.  Raises ``ValueError`` if
    there are no batches.
    """
    run = Run(model, None, batches, None, ())  # type: ignore[arg-type]  # nothing is optimized
    means = _Teacher(run, loss, _named(metrics), None, False).evaluate(batches)
    if means.count == 0:
        raise ValueError("evaluate: there are no batches.")
    return means.result()


def predict(model: Module, batches: Any) -> Any:
    """The model's outputs for all ``batches`` (tuples of inputs and a target, or arrays), as one array.

    >>> import nn
    >>> predict(nn.Identity(), [(np.ones((2, 1)), None), (np.zeros((1, 1)), None)])
    array([[1.],
           [1.],
           [0.]])
    """
    with _in_use(model), no_grad():
        outputs = [model(*(b[:-1] if isinstance(b, (tuple, list)) else (b,))) for b in batches]
    return np.concatenate([o.data if isinstance(o, Tensor) else o for o in outputs])


# --- small things -------------------------------------------------------------------------------


def _check(train: Any, epochs: int, accumulate: int, schedule_each: str) -> None:
    if epochs < 1 or accumulate < 1:
        raise ValueError(
            f"fit: expected epochs and accumulate of at least 1, got {epochs} and {accumulate}."
        )
    if len(train) == 0:
        raise ValueError("fit: there are no batches to train on.")
    if schedule_each not in ("epoch", "step"):
        raise ValueError(f"fit: expected schedule_each 'epoch' or 'step', got {schedule_each!r}.")


def _named(metrics: Metrics) -> dict[str, Metric]:
    if isinstance(metrics, Mapping):
        return dict(metrics)
    return {getattr(m, "__name__", type(m).__name__): m for m in metrics}


def _samples(batch: Any) -> int:
    return len(batch[-1])


def _groups(run: Run, count: int) -> Iterator[list[Any]]:
    """The rest of the epoch's batches, ``count`` at a time.

    Never asks the loader for one more than there is: it would think the epoch over before the last
    step is done, and a checkpoint after that step would say so.
    """
    rest = iter(run.loader)
    if run.batch and not hasattr(run.loader, "load_state_dict"):
        deque(islice(rest, run.batch), maxlen=0)  # a plain sequence starts again from its beginning
    while group := list(islice(rest, min(count, len(run.loader) - run.batch))):
        run.batch += len(group)
        yield group
    deque(rest, maxlen=0)


def _step_schedule(schedule: Schedule, measured: Mapping[str, float]) -> None:
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.step(measured.get("val_loss", measured["loss"]))
    else:
        schedule.step()


@contextmanager
def _in_use(model: Module) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop after this step; the second one raises as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return
    before = signal.getsignal(signal.SIGINT)

    def ask_to_stop(number: int, frame: Any) -> None:
        run.interrupted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(wanted: bool, run: Run, epochs: int, accumulate: int) -> Iterator[Callable[[Run], None]]:
    """A function that moves the progress bar to where the run is."""
    tqdm = _tqdm() if wanted else None
    if tqdm is None:
        yield lambda run: None
        return
    steps = math.ceil(len(run.loader) / accumulate)
    with tqdm(total=epochs * steps, initial=run.step, unit="step", dynamic_ncols=True) as bar:

        def show(run: Run) -> None:
            if bar.update(run.step - bar.n):  # whether it was drawn: text is made as often as read
                last = run.history.rows[-1] if run.history.rows else {}
                shown = {**run.means.result(), **{k: v for k, v in last.items() if k[:4] == "val_"}}
                bar.set_description(f"epoch {run.epoch + 1}/{epochs}", refresh=False)
                bar.set_postfix({k: f"{v:.4f}" for k, v in shown.items()}, refresh=False)

        yield show


def _tqdm() -> Any:
    # In a notebook the bar is a widget, where there are widgets.
    name = "tqdm.auto" if importlib.util.find_spec("ipywidgets") else "tqdm"
    try:
        return importlib.import_module(name).tqdm
    except ImportError:
        warnings.warn(
            'fit shows no progress bar without tqdm: pip install "chainrule[train]", or give '
            "progress=False.",
            stacklevel=5,
        )
        return None
