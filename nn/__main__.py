"""``python -m nn digits``: train a network on real handwritten digits.

The data are the 1,797 scanned digits of 8 x 8 pixels that ship inside scikit-learn (E. Alpaydin and
C. Kaynak, "Optical recognition of handwritten digits", 1998).  A fifth is held out as the test set
and looked at once, at the end; a tenth of the rest decides when to stop.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import nn
import optim
from autograd import manual_seed
from nn import checkpoint
from nn.data import DataLoader, TensorDataset, stratified_split
from nn.training import (
    Checkpoint,
    EarlyStopping,
    accuracy,
    confusion_matrix,
    evaluate,
    fit,
    predict,
)

Rates = dict[str, tuple[Callable[..., optim.Optimizer], float]]

OPTIMIZERS: Rates = {
    "sgd": (lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9, nesterov=True), 0.05),
    "adagrad": (optim.Adagrad, 0.02),
    "adadelta": (optim.Adadelta, 1.0),
    "rmsprop": (optim.RMSprop, 1e-3),
    "rprop": (optim.Rprop, 1e-3),
    "adam": (optim.Adam, 2e-3),
    "adamw": (lambda p, lr: optim.AdamW(p, lr=lr, weight_decay=0.05), 2e-3),
    "adamax": (optim.Adamax, 4e-3),
    "nadam": (optim.NAdam, 2e-3),
    "radam": (optim.RAdam, 4e-3),
    "lion": (optim.Lion, 2e-4),
    "proximalsgd": (optim.ProximalSGD, 0.1),
    "proximaladagrad": (optim.ProximalAdagrad, 0.05),
}
"""By name: how to make the optimizer, and a rate that suits the digits.

AdagradDA and Ftrl are not among them: they forget the random start, so all neurons of a layer would
stay the same."""


def mlp() -> nn.Module:
    """64-512-256-10, with ReLU and dropout."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 512),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(256, 10),
    )


def cnn() -> nn.Module:
    """Two convolutions with batch norm, pooling, and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(32 * 4 * 4, 10),
    )


MODELS = {"mlp": (mlp, 50), "cnn": (cnn, 40)}
"""By name: how to make the model, and for how many epochs it is trained."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _options(arguments)
    manual_seed(options.seed)
    train, validation, test = _digits(options.seed, options.batch_size)
    make_model, epochs = MODELS[options.model]
    model = make_model()
    make_optimizer, rate = OPTIMIZERS[options.optimizer]
    optimizer = make_optimizer(model.parameters(), lr=options.lr or rate)
    epochs = options.epochs or epochs
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{options.model}-run.safetensors"
    if options.resume and not path.exists():
        sys.exit(f"There is no {path} to resume. Leave out --resume.")

    parameters = sum(p.size for p in model.parameters())
    print(
        f"digits: {len(train.dataset)} to train, {len(validation.dataset)} to validate, "
        f"{len(test.dataset)} to test\n{options.model}: {parameters:,} parameters, "
        f"{options.optimizer}, seed {options.seed}"
    )
    stopping = EarlyStopping("val_loss", patience=20)
    began = time.perf_counter()
    with _one_thread(), _sentences_only():
        history = fit(
            model,
            train,
            loss=partial(nn.functional.cross_entropy, label_smoothing=0.1),
            optimizer=optimizer,
            epochs=epochs,
            validation=validation,
            metrics=[accuracy],
            schedule=optim.CosineAnnealingLR(optimizer, T_max=epochs),
            callbacks=[stopping, Checkpoint(path, every=5)],
            resume=path if options.resume else None,
            progress=not options.quiet,
        )
    seconds = time.perf_counter() - began
    _report(model, test, history, stopping, seconds)
    _write(folder, options.model, model, history)
    return 130 if history.stopped == "interrupted" else 0


def _report(model: nn.Module, test: Any, history: Any, stopping: Any, seconds: float) -> None:
    if history.stopped:
        print(f"stopped after {len(history)} epochs: {history.stopped}")
    measured = evaluate(model, test, loss=nn.functional.cross_entropy, metrics=[accuracy])
    counts = confusion_matrix(predict(model, test), np.concatenate([y for _, y in test]))
    errors = [(counts[i, j], i, j) for i, j in np.argwhere(counts) if i != j]
    worst = ", ".join(f"{i} for {j} ({n})" for n, i, j in sorted(errors, reverse=True)[:4])
    print(
        f"{seconds:.1f} s, best epoch {stopping.best_epoch}; "
        f"test accuracy: {100 * measured['accuracy']:.2f} %"
        + (f"\nmost often mistaken: {worst}" if worst else "")
    )


def _write(folder: Path, name: str, model: nn.Module, history: Any) -> None:
    checkpoint.save(folder / f"{name}.safetensors", model=model)
    (folder / f"{name}.json").write_text(json.dumps(history.to_dict()))
    history.plot()[0].figure.savefig(folder / f"{name}.png", dpi=150)
    print(
        f"in {folder}: {name}.safetensors (the best weights), {name}-run.safetensors (for --resume), "
        f"{name}.png (the curves), {name}.json"
    )


def _digits(seed: int, batch_size: int) -> tuple[DataLoader, DataLoader, DataLoader]:
    """The three parts, classes in equal shares, pixels in [0, 1], as images (1, 8, 8)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        sys.exit('The digits come with scikit-learn: pip install "chainrule[train]".')
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    dataset = TensorDataset(images, labels)
    rest, test = stratified_split(dataset, [0.8, 0.2], labels, rng=seed)
    train, validation = stratified_split(rest, [0.9, 0.1], labels[rest.indices], rng=seed)
    return (
        DataLoader(train, batch_size, shuffle=True, rng=seed),
        DataLoader(validation, 512),
        DataLoader(test, 512),
    )


def _one_thread() -> Any:
    """In matrix products this small a second thread waits longer than it works."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    return threadpool_limits(1)


@contextmanager
def _sentences_only() -> Iterator[None]:
    """A checkpoint that does not fit the options ends the program with the sentence that says so."""
    try:
        yield
    except ValueError as error:
        sys.exit(str(error))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nn", description="Train a network.")
    commands = parser.add_subparsers(dest="command", required=True)
    digits = commands.add_parser(
        "digits",
        help="on the real handwritten digits inside scikit-learn",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    digits.add_argument("--model", choices=MODELS, default="mlp")
    digits.add_argument("--optimizer", choices=OPTIMIZERS, default="adamw")
    digits.add_argument("--lr", type=float, help="the rate; one that suits the optimizer if absent")
    digits.add_argument("--epochs", type=int, help="at most; enough for the model if absent")
    digits.add_argument("--batch-size", type=int, default=32)
    digits.add_argument("--seed", type=int, default=0)
    digits.add_argument("--out", default="out/digits", help="the folder for what it writes")
    digits.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    digits.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
