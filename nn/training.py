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

from .callbacks import INTERRUPTED, Callback, Checkpoint, EarlyStopping, Run
from .data import Dataset
from .history import History, Means
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

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Any, Any], float]
Metrics = Sequence[Metric] | Mapping[str, Metric]


def fit(
    model: Module,
    train: Any,
    *,
    loss: Loss,
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

    Raises ``TypeError`` for arrays instead of batches and for a loss, metric or optimizer that is
    none, ``ValueError`` for ``epochs``, ``accumulate`` below 1 or an empty ``train``, and, with
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
    _check_kinds(loss, optimizer, metrics)
    run = Run(model, optimizer, train, schedule, callbacks, epochs)
    if resume is not None:
        run.load(resume)
    teacher = _Teacher(run, loss, _named(metrics), clip_norm, error_if_nonfinite)
    with _modes_put_back(model):
        try:
            for callback in callbacks:
                callback.on_start(run)
            with _interruptible(run), _bar(progress, run, epochs, accumulate) as show:
                model.train()
                while run.epoch < epochs and not run.stop:
                    if _train_one_epoch(run, teacher, accumulate, schedule_each, show):
                        _end_epoch(run, teacher, validation, schedule_each)
        except KeyboardInterrupt:
            run.stop = INTERRUPTED
        finally:
            run.history.stopped = run.stop
            for callback in callbacks:
                callback.on_end(run)
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
        means = evaluate(run.model, validation, loss=teacher.loss, metrics=teacher.metrics)
        row |= {f"val_{name}": value for name, value in means.items()}
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
    """What is done with a group of batches: the loss, its gradient, the step."""

    def __init__(
        self,
        run: Run,
        loss: Loss,
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

        def closure() -> float:
            self.run.optimizer.zero_grad()
            seen.clear()
            total = sum(_samples(batch) for batch in batches)
            for batch in batches:
                loss, values = _measured(self.run.model, batch, self.loss, self.metrics)
                seen.append((values, _samples(batch)))
                share = _samples(batch) / total
                (loss if share == 1 else loss * share).backward()
            self._look_at_gradients([values["loss"] for values, _ in seen])
            return sum(values["loss"] * samples / total for values, samples in seen)

        self.run.optimizer.step(closure)
        for values, samples in seen:
            self.run.means.add(values, samples)
        self.run.step += 1

    def _look_at_gradients(self, losses: list[float]) -> None:
        if self.error_if_nonfinite:
            bad = [f"the loss is {loss}" for loss in losses if not math.isfinite(loss)]
            bad += [
                f"the gradient of {name} is not finite"
                for name, p in self.run.model.named_parameters()
                if p.grad is not None and not np.isfinite(p.grad.data).all()
            ]
            if bad:
                raise FloatingPointError(
                    f"fit: {bad[0]} in epoch {self.run.epoch + 1}, step {self.run.step + 1}. No "
                    "parameter was changed; autograd.detect_anomaly() finds the operation."
                )
        if self.clip_norm is not None:
            clip_grad_norm_(self.run.model.parameters(), self.clip_norm)


def evaluate(model: Module, batches: Any, *, loss: Loss, metrics: Metrics = ()) -> dict[str, float]:
    """The mean loss and metrics over ``batches``: ``{"loss": ..., "accuracy": ...}``.

    The model is put into use (no dropout, running statistics) meanwhile.  Raises ``ValueError`` if
    there are no batches.
    """
    _refuse_arrays("evaluate", batches)
    means, named = Means(), _named(metrics)
    with _in_use(model), no_grad():
        for batch in batches:
            means.add(_measured(model, batch, loss, named)[1], _samples(batch))
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
    _refuse_arrays("predict", batches)
    with _in_use(model), no_grad():
        outputs = [model(*(b[:-1] if isinstance(b, (tuple, list)) else (b,))) for b in batches]
    return np.concatenate([o.data if isinstance(o, Tensor) else o for o in outputs])


# --- small things -------------------------------------------------------------------------------


def _measured(
    model: Module, batch: Any, loss: Loss, metrics: Mapping[str, Metric]
) -> tuple[Any, dict[str, float]]:
    """The loss of a batch, and the numbers that go into the history."""
    *inputs, target = batch
    output = model(*inputs)
    value = loss(output, target)
    plain = output.detach() if isinstance(output, Tensor) else output
    measured = {name: float(metric(plain, target)) for name, metric in metrics.items()}
    return value, {"loss": float(value.item()), **measured}


def _check(train: Any, epochs: int, accumulate: int, schedule_each: str) -> None:
    _refuse_arrays("fit", train)
    if epochs < 1 or accumulate < 1:
        raise ValueError(
            f"fit: expected epochs and accumulate of at least 1, got {epochs} and {accumulate}."
        )
    if len(train) == 0:
        raise ValueError("fit: there are no batches to train on.")
    if schedule_each not in ("epoch", "step"):
        raise ValueError(f"fit: expected schedule_each 'epoch' or 'step', got {schedule_each!r}.")


def _check_kinds(loss: Any, optimizer: Any, metrics: Metrics) -> None:
    functions = [("loss", loss), *[("metric", m) for m in _named(metrics).values()]]
    for what, f in functions:
        if isinstance(f, type) or not callable(f):
            raise TypeError(
                f"fit: expected a function (output, target) as {what}, got {f!r}. For example "
                "nn.functional.cross_entropy, or nn.CrossEntropyLoss() with its parentheses."
            )
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"fit: expected an optimizer as optimizer, got {optimizer!r}. For example "
            "optim.Adam(model.parameters())."
        )


def _refuse_arrays(name: str, batches: Any) -> None:
    """A data set is not its batches: an array would give its rows one by one, in silence."""
    parts = batches if isinstance(batches, tuple) else (batches,)
    if isinstance(batches, Dataset) or any(hasattr(part, "shape") for part in parts):
        raise TypeError(
            f"{name}: expected batches, got {type(batches).__name__} of samples. Make batches of them: "
            "nn.data.DataLoader(nn.data.TensorDataset(x, y), batch_size=32)."
        )


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
    with _modes_put_back(model):
        model.eval()
        yield


@contextmanager
def _modes_put_back(model: Module) -> Iterator[None]:
    """Afterwards every module is in the mode it was in: one may have been frozen in use."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


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
