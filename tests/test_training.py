"""The training loop against the loop one would write, and everything that may end it."""

import json
import math
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import autograd as ag
import nn
import nn.__main__
import nn.training
import optim
from nn.data import DataLoader, TensorDataset
from nn.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Run,
    accuracy,
    confusion_matrix,
    evaluate,
    fit,
    mean_error,
    predict,
    top_k,
)

cross_entropy = nn.functional.cross_entropy


def problem(seed: int = 0, count: int = 40) -> TensorDataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 4)).astype(np.float32)
    return TensorDataset(x, (x[:, 0] > x[:, 1]).astype(int) + (x[:, 2] > 0))


def model_of(seed: int = 0, dropout: float = 0.0) -> nn.Module:
    ag.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3)
    )


def training(model: nn.Module, **options: Any) -> History:
    defaults: dict[str, Any] = {
        "loss": cross_entropy,
        "optimizer": optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        "epochs": 3,
        "progress": False,
    }
    loader = options.pop("train", None) or DataLoader(problem(), 16, shuffle=True, rng=1)
    return fit(model, loader, **{**defaults, **options})


def bits(model: nn.Module) -> list[bytes]:
    return [a.tobytes() for a in model.state_dict().values()]


# --- what it does -------------------------------------------------------------------------------


def test_fit_is_the_loop_one_would_write() -> None:
    model = model_of(dropout=0.2)
    history = training(model, validation=DataLoader(problem(1), 7), metrics=[accuracy])

    mine = model_of(dropout=0.2)
    optimizer = optim.SGD(mine.parameters(), lr=0.1, momentum=0.9)
    loader = DataLoader(problem(), 16, shuffle=True, rng=1)
    losses, hits = [], []
    for _ in range(3):
        mine.train()
        total = right = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            out = mine(x)
            loss = cross_entropy(out, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            right += (out.data.argmax(1) == y).sum()
        losses.append(total / 40)
        hits.append(right / 40)
    assert bits(mine) == bits(model)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
    np.testing.assert_allclose(history["accuracy"], hits, rtol=1e-12)
    mine.eval()
    x, y = problem(1).arrays
    assert history["val_loss"][-1] == pytest.approx(cross_entropy(mine(x), y).item(), rel=1e-6)
    assert history["val_accuracy"][-1] == pytest.approx(accuracy(mine(x), y))
    assert history["epoch"] == [1, 2, 3]
    assert history["lr"] == [0.1] * 3
    assert history.stopped == ""


def test_accumulated_batches_are_one_large_batch() -> None:
    small, large = (nn.Linear(4, 3) for _ in range(2))
    large.load_state_dict(small.state_dict())
    data = problem(count=22)
    training(small, train=DataLoader(data, 4), accumulate=3)  # groups of 4+4+4 and 4+4+2
    training(large, train=DataLoader(data, 12))
    for a, b in zip(small.parameters(), large.parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-5, atol=1e-7)


def test_clipping_inside_fit() -> None:
    model = nn.Linear(4, 3)
    before = [p.data.copy() for p in model.parameters()]
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    training(model, optimizer=optimizer, clip_norm=1e-3, epochs=1, train=DataLoader(problem(), 40))
    moved = [p.data - b for p, b in zip(model.parameters(), before, strict=True)]
    assert math.sqrt(sum((m**2).sum() for m in moved)) == pytest.approx(1e-3, rel=1e-2)


def test_schedules_by_epoch_by_step_and_by_validation() -> None:
    for each, expected in (("epoch", [1.0, 0.5, 0.25]), ("step", [0.125, 0.015625, 0.001953125])):
        model = model_of()
        optimizer = optim.SGD(model.parameters(), lr=1.0)
        schedule = optim.ExponentialLR(optimizer, 0.5)
        history = training(model, optimizer=optimizer, schedule=schedule, schedule_each=each)
        assert history["lr"] == expected
    model = model_of()
    optimizer = optim.SGD(model.parameters(), lr=0.0)  # so that nothing improves
    optimizer.param_groups[0]["lr"] = 1e-6
    schedule = optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.9, eps=0.0)
    training(model, optimizer=optimizer, schedule=schedule, validation=DataLoader(problem(1), 40))
    assert schedule.best > 0
    assert optimizer.param_groups[0]["lr"] == 0.25e-6


def test_lbfgs_in_the_same_loop() -> None:
    model, loader = nn.Linear(4, 3), DataLoader(problem(), 40)
    before = evaluate(model, loader, loss=cross_entropy)["loss"]
    training(model, train=loader, optimizer=optim.LBFGS(model.parameters()), epochs=2)
    assert evaluate(model, loader, loss=cross_entropy)["loss"] < 0.5 * before


def test_several_inputs_and_plain_sequences_of_batches() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter([1.0])

        def forward(self, a: Any, b: Any) -> Any:
            return self.scale * (a + b)

    model = Sum()
    batches = [(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32), np.zeros((2, 1)))] * 3
    training(model, train=batches, loss=lambda o, y: ((o - y) ** 2).mean())
    assert model.scale.item() < 1
    assert predict(model, batches).shape == (6, 1)


def test_the_mode_of_the_model_is_put_back() -> None:
    for mode in (True, False):
        model = model_of().train(mode)
        training(model, validation=DataLoader(problem(1), 40))
        evaluate(model, DataLoader(problem(1), 40), loss=cross_entropy)
        predict(model, DataLoader(problem(1), 40))
        assert model.training is mode
        assert all(m.training is mode for m in model.modules())
    model = model_of().train()
    model[1].eval()  # batch norm frozen for fine-tuning
    evaluate(model, DataLoader(problem(1), 40), loss=cross_entropy)
    training(model)
    assert [m.training for m in model] == [True, False, True, True, True]


def test_evaluate_weighs_batches_by_their_samples() -> None:
    model, data = model_of().eval(), problem(count=25)
    whole = evaluate(model, DataLoader(data, 25), loss=cross_entropy, metrics={"hits": accuracy})
    parts = evaluate(model, DataLoader(data, 7), loss=cross_entropy, metrics={"hits": accuracy})
    assert parts == pytest.approx(whole, rel=1e-6)
    assert whole.keys() == {"loss", "hits"}


def test_metrics() -> None:
    out = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.5, 0.1]])
    target = np.array([1, 1, 2, 2])
    assert accuracy(ag.Tensor(out), target) == 0.5
    assert top_k(out, target, k=1) == 0.5
    assert top_k(out, target, k=2) == 0.75
    assert top_k(out, target, k=3) == 1.0
    with pytest.raises(ValueError, match="k from 1 to 3 classes, got 5"):
        top_k(out, target)
    np.testing.assert_array_equal(confusion_matrix(out, target), [[0, 0, 0], [1, 1, 0], [0, 1, 1]])
    assert mean_error([1.0, -1.0], [0.0, 1.0]) == 1.5
    with pytest.raises(ValueError, match="output's shape"):
        mean_error(np.zeros((2, 1)), np.zeros(2))
    assert fit.__kwdefaults__["metrics"] == ()


def test_history() -> None:
    history = History([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "val_loss": 3.0}])
    assert history["loss"] == [2.0, 1.0]
    np.testing.assert_equal(history["val_loss"], [math.nan, 3.0])
    assert list(history.to_dict()) == ["epoch", "loss", "val_loss"]
    assert repr(history) == "History(2 epochs: epoch=2, loss=1, val_loss=3)"
    assert repr(History()) == "History(0 epochs)"
    with pytest.raises(KeyError, match="not measured; there are"):
        history["accuracy"]
    (axes,) = history.plot()
    assert [line.get_label() for line in axes.lines] == ["training", "validation"]
    plt.close(axes.figure)
    plt.close(History().plot()[0].figure)  # nothing to show, and no reason to raise


def test_the_progress_bar_says_where_it_is(capsys) -> None:
    training(model_of(), progress=True, validation=DataLoader(problem(1), 40))
    shown = capsys.readouterr().err
    assert "9/9" in shown
    training(model_of(), progress=False)
    assert capsys.readouterr().err == ""


def test_without_tqdm_a_sentence_and_no_bar(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="pip install"):
        assert len(training(model_of(), progress=True)) == 3


# --- callbacks ----------------------------------------------------------------------------------


class Losses(Callback):
    """Puts a made-up validation loss into the history, epoch by epoch."""

    def __init__(self, *values: float) -> None:
        self.values = values
        self.weights: list[list[bytes]] = []

    def on_epoch(self, run: Run) -> None:
        run.history.rows[-1]["val_loss"] = self.values[run.epoch - 1]
        self.weights.append(bits(run.model))


def test_early_stopping_restores_the_best_weights() -> None:
    model = model_of()
    made_up = Losses(3.0, 2.0, 2.5, 1.95, 2.4, 2.3, 0.0)
    stopping = EarlyStopping(patience=2, min_delta=0.1)
    history = training(model, epochs=7, callbacks=[made_up, stopping])
    assert len(history) == 4  # 1.95 is no improvement by 0.1
    assert history.stopped == "val_loss has not improved on 2 since epoch 2"
    assert bits(model) == made_up.weights[1]
    assert stopping.best_epoch == 2

    model = model_of()
    made_up = Losses(3.0, 2.0, 2.5, 2.4)
    training(model, epochs=4, callbacks=[made_up, EarlyStopping(patience=2, restore_best=False)])
    assert bits(model) == made_up.weights[3]


def test_a_run_that_had_stopped_early_stays_stopped(tmp_path) -> None:
    path = tmp_path / "run.safetensors"
    results = []
    for resume in (None, path):
        model = model_of()
        optimizer = optim.SGD(model.parameters(), lr=0.0)
        history = training(
            model,
            train=DataLoader(problem(), 40),
            optimizer=optimizer,
            epochs=9,
            callbacks=[EarlyStopping("loss", patience=2), Checkpoint(path)],
            resume=resume,
        )
        results.append((bits(model), history.rows, history.stopped))
    assert results[0] == results[1]
    assert len(results[0][1]) == 3


def test_metrics_may_be_written_with_tensors() -> None:
    history = training(model_of(), metrics={"size": lambda out, y: (out**2).mean()})
    assert history["size"][0] > 0


def test_early_stopping_of_what_grows_and_what_is_not_measured() -> None:
    model = model_of()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    stopping = EarlyStopping("accuracy", patience=1)
    train = DataLoader(problem(), 40)
    history = training(
        model, train=train, optimizer=optimizer, epochs=9, metrics=[accuracy], callbacks=[stopping]
    )
    assert len(history) == 2
    with pytest.raises(ValueError, match="'val_loss' is not measured; there are"):
        training(model_of(), callbacks=[EarlyStopping()])
    with pytest.raises(ValueError, match="patience of at least 1"):
        EarlyStopping(patience=0)


@pytest.mark.parametrize(("every", "every_steps", "saves"), [(1, None, 4), (3, None, 2), (1, 4, 4)])
def test_checkpoint_saves_when_it_is_due(tmp_path, monkeypatch, every, every_steps, saves) -> None:
    count = []
    real = Run.save
    monkeypatch.setattr(Run, "save", lambda run, path: (count.append(run.step), real(run, path)))
    saver = Checkpoint(tmp_path / "run.safetensors", every, every_steps)
    training(model_of(), epochs=4, callbacks=[saver])
    assert len(count) == saves, count
    assert count[-1] == 12  # always after the last epoch
    with pytest.raises(ValueError, match="at least 1"):
        Checkpoint("x", every=0)


# --- Ctrl-C (FAULT 56) and resuming -------------------------------------------------------------


class PressCtrlC(Callback):
    """As a person would, in the middle of the work of step ``step``."""

    def __init__(self, step: int) -> None:
        self.step = step

    def loss(self, run_steps: list[int]) -> Any:
        def measured(output: Any, target: Any) -> Any:
            run_steps.append(0)
            if len(run_steps) == self.step:
                signal.raise_signal(signal.SIGINT)
            return cross_entropy(output, target)

        return measured


def test_fault_56_ctrl_c_keeps_the_history_and_the_best_weights() -> None:
    model = model_of()
    made_up = Losses(3.0, 2.0, 2.5)
    before = signal.getsignal(signal.SIGINT)
    history = training(
        model,
        epochs=9,
        loss=PressCtrlC(11).loss([]),
        callbacks=[made_up, EarlyStopping(patience=5)],
    )
    assert history.stopped == "interrupted"
    assert len(history) == 3  # of 3 steps each; the third step of the fourth epoch was not done
    assert bits(model) == made_up.weights[1]
    assert signal.getsignal(signal.SIGINT) is before
    plt.close(history.plot()[0].figure)


def test_fault_56_an_interrupt_from_inside_ends_it_as_well() -> None:
    def loss(output: Any, target: Any) -> Any:
        if len(made_up.weights) == 2:
            raise KeyboardInterrupt
        return cross_entropy(output, target)

    model, made_up = model_of(), Losses(2.0, 3.0)
    history = training(model, epochs=9, loss=loss, callbacks=[made_up, EarlyStopping()])
    assert history.stopped == "interrupted"
    assert len(history) == 2
    assert bits(model) == made_up.weights[0]


def test_a_second_ctrl_c_does_not_wait() -> None:
    seen = []

    def loss(output: Any, target: Any) -> Any:
        seen.append(0)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            seen.append("not reached")
        return cross_entropy(output, target)

    assert training(model_of(), loss=loss).stopped == "interrupted"
    assert len(seen) == 2


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("step", range(1, 13))
def test_ctrl_c_and_resume_is_as_if_nothing_had_happened(tmp_path, step, accumulate) -> None:
    path = tmp_path / "run.safetensors"

    def run(loss: Any = cross_entropy, resume: Path | None = None) -> tuple[nn.Module, History]:
        model = model_of(dropout=0.3)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        history = training(
            model,
            optimizer=optimizer,
            schedule=optim.CosineAnnealingLR(optimizer, 4),
            epochs=4,
            validation=DataLoader(problem(1), 40),
            accumulate=accumulate,
            callbacks=[EarlyStopping(), Checkpoint(path, every=99)],
            loss=loss,
            resume=resume,
        )
        return model, history

    straight, expected = run()
    _, history = run(loss=PressCtrlC(step).loss([]))
    assert history.stopped == "interrupted"
    resumed, history = run(resume=path)
    assert bits(resumed) == bits(straight)
    assert history.rows == expected.rows
    assert history.stopped == ""


def test_batches_in_a_plain_list_resume_as_well(tmp_path) -> None:
    batches = list(DataLoader(problem(), 8))
    results = []
    for step in (None, 7):
        model = model_of()
        optimizer = optim.Adam(model.parameters())
        options = {"optimizer": optimizer, "train": batches, "accumulate": 2, "epochs": 3}
        options["callbacks"] = [Checkpoint(tmp_path / "run.safetensors", every=99)]
        if step:
            training(model, loss=PressCtrlC(step).loss([]), **options)
            options["resume"] = tmp_path / "run.safetensors"
        training(model, **options)
        results.append(bits(model))
    assert results[0] == results[1]


def test_fit_in_a_thread_leaves_signals_alone() -> None:
    results: list[History] = []
    thread = threading.Thread(target=lambda: results.append(training(model_of())))
    thread.start()
    thread.join()
    assert len(results[0]) == 3


def test_resuming_what_is_no_run_is_refused(tmp_path) -> None:
    path = tmp_path / "model.safetensors"
    model = model_of()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(problem(), 16)
    nn.checkpoint.save(path, model=model, optimizer=optimizer, loader=loader)
    with pytest.raises(ValueError, match="was not written by fit"):
        training(model, optimizer=optimizer, train=loader, resume=path)
    training(model, optimizer=optimizer, train=loader, callbacks=[Checkpoint(path)])
    with pytest.raises(ValueError, match="expected the 1 callbacks"):
        training(model, optimizer=optimizer, train=loader, resume=path)


# --- other faults -------------------------------------------------------------------------------


def test_fault_54_nan_stops_before_a_parameter_is_touched() -> None:
    model = nn.Linear(4, 3)
    before = bits(model)
    with pytest.raises(FloatingPointError, match="the loss is nan in epoch 1, step 1"):
        training(model, loss=lambda o, y: cross_entropy(o, y) * math.nan, error_if_nonfinite=True)
    assert bits(model) == before

    def infinite_slope(output: Any, target: Any) -> Any:
        return ((output * 0) ** 0.5).sum()

    with pytest.raises(FloatingPointError, match="the gradient of weight is not finite"):
        training(model, loss=infinite_slope, error_if_nonfinite=True)
    assert bits(model) == before


def test_callbacks_run_at_the_end_also_after_an_exception() -> None:
    ended = []

    class End(Callback):
        def on_end(self, run: Run) -> None:
            ended.append(run.step)

        def on_step(self, run: Run) -> None:
            if run.step == 2:
                raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        training(model_of(), callbacks=[End()])
    assert ended == [2]


def test_bad_arguments_of_fit() -> None:
    for bad in ({"epochs": 0}, {"accumulate": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            training(model_of(), **bad)
    with pytest.raises(ValueError, match="no batches to train on"):
        fit(model_of(), [], loss=cross_entropy, optimizer=None, epochs=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'epoch' or 'step'"):
        training(model_of(), schedule_each="batch")
    with pytest.raises(ValueError, match="there are no batches"):
        evaluate(model_of(), [], loss=cross_entropy)
    for bad in (
        {"loss": "cross_entropy"},
        {"loss": nn.CrossEntropyLoss},
        {"metrics": ["accuracy"]},
        {"optimizer": "adam"},
    ):
        with pytest.raises(TypeError, match=r"fit: expected .* as (loss|metric|optimizer), got"):
            training(model_of(), **bad)


def test_arrays_are_not_batches() -> None:
    x, y = np.ones((4, 3), np.float32), np.zeros(4, int)
    optimizer = optim.SGD(nn.Linear(3, 2).parameters())
    for data in (x, (x, y), nn.data.TensorDataset(x, y), ag.Tensor(x)):
        for use in (
            lambda data: fit(
                nn.Linear(3, 2), data, loss=cross_entropy, optimizer=optimizer, epochs=1
            ),
            lambda data: evaluate(nn.Linear(3, 2), data, loss=cross_entropy),
            lambda data: predict(nn.Linear(3, 2), data),
        ):
            with pytest.raises(TypeError, match=r"expected batches, got .*DataLoader"):
                use(data)


# --- the command --------------------------------------------------------------------------------


def digits(*arguments: object) -> int:
    try:
        return nn.__main__.main(["digits", "--quiet", *map(str, arguments)])
    finally:
        plt.close("all")


def test_digits_trains_resumes_and_writes(tmp_path, capsys) -> None:
    assert digits("--out", tmp_path / "a", "--epochs", 6) == 0
    straight = capsys.readouterr().out
    assert float(straight.split("test accuracy: ")[1].split()[0]) > 90
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        "mlp.safetensors",
        "mlp-run.safetensors",
        "mlp.png",
        "mlp.json",
    }
    assert len(json.loads((tmp_path / "a" / "mlp.json").read_text())["val_loss"]) == 6
    digits("--out", tmp_path / "a", "--epochs", 6, "--resume")
    again = capsys.readouterr().out
    assert again.split("test accuracy")[1] == straight.split("test accuracy")[1]
    with pytest.raises(SystemExit, match=r"There is no .* to resume"):
        digits("--out", tmp_path / "b", "--resume")
    with pytest.raises(SystemExit, match="another optimizer"):
        digits("--out", tmp_path / "a", "--epochs", 6, "--resume", "--optimizer", "sgd")


DAILY = {"sgd", "rprop", "proximaladagrad"}


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(o, marks=() if o in DAILY else pytest.mark.nightly)
        for o in nn.__main__.OPTIMIZERS
    ],
)
def test_digits_with_every_optimizer(tmp_path, capsys, optimizer) -> None:
    digits("--out", tmp_path, "--epochs", 3, "--optimizer", optimizer)
    assert float(capsys.readouterr().out.split("test accuracy: ")[1].split()[0]) > 50


@pytest.mark.nightly
@pytest.mark.parametrize(("model", "least"), [("mlp", 97.0), ("cnn", 98.5)])
@pytest.mark.parametrize("seed", range(5))
def test_digits_reaches_its_accuracy(tmp_path, capsys, model, least, seed) -> None:
    digits("--out", tmp_path, "--model", model, "--seed", seed)
    assert float(capsys.readouterr().out.split("test accuracy: ")[1].split()[0]) >= least


def test_the_command_in_a_process_of_its_own(tmp_path) -> None:
    command = [sys.executable, "-W", "error", "-m", "nn", "digits", "--epochs", "2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--model", "cnn"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr
    assert "test accuracy" in done.stdout
    assert "step/s" in done.stderr
