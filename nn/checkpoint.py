"""Checkpoints: one file that holds all of a training run, written whole or not at all.

The format is safetensors: a header in JSON and raw arrays, no code, nothing that is executed on
loading.  The model's arrays stand under their own names, so ``safetensors.torch.load_file`` reads
them in PyTorch, and a file that PyTorch wrote loads here.  Other arrays (an optimizer's averages)
have names with a slash; everything that is no array (rates, steps, random states, the position in
the data) is JSON in the metadata, beside a SHA-256 of all of it.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from autograd import default_generator

from .module import Module

__all__ = ["load", "save"]

CONTENT, DIGEST = "chainrule", "sha256"


def save(
    path: str | os.PathLike[str],
    *,
    model: Module | None = None,
    optimizer: Any = None,
    schedule: Any = None,
    loader: Any = None,
    **scalars: Any,
) -> None:
    """Write a checkpoint of whatever is given; ``scalars`` are numbers, texts, arrays, lists, dicts.

    The random states are saved too: that of ``autograd.default_generator()`` and those of generators
    that modules were given.  The file is written beside ``path``, flushed to the disk and renamed,
    so that at any moment, also after a power cut, ``path`` is the old file or the new one, whole.

    Raises ``TypeError`` for a scalar that is none of those and ``OSError`` if the disk is full;
    ``path`` is then as it was.

    >>> import nn, tempfile
    >>> model = nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/model.safetensors", model=model, epoch=3)
    ...     load(f"{folder}/model.safetensors", model=model)
    {'epoch': 3}
    """
    arrays = {} if model is None else dict(model.state_dict())
    if reserved := [name for name in arrays if "/" in name]:
        raise ValueError(f"checkpoint.save: a slash in the model's names {reserved} is reserved.")
    parts = {"optimizer": optimizer, "schedule": schedule, "loader": loader}
    states = {name: part.state_dict() for name, part in parts.items() if part is not None}
    content = {
        "model": model is not None,
        "states": _without_arrays(states, "states", arrays),
        "random": _without_arrays(_random_states(model), "random", arrays),
        "scalars": _without_arrays(scalars, "scalars", arrays),
    }
    arrays = {name: _plain(a) for name, a in arrays.items()}
    metadata = {"format": "pt", CONTENT: json.dumps(content, separators=(",", ":"))}
    metadata[DIGEST] = _digest(arrays, metadata)
    _write_whole(Path(path), _safetensors().numpy.save(arrays, metadata=metadata))


def load(
    path: str | os.PathLike[str],
    *,
    model: Module | None = None,
    optimizer: Any = None,
    schedule: Any = None,
    loader: Any = None,
) -> dict[str, Any]:
    """Read a checkpoint into the objects given, all or none; returns the scalars.

    What is in the file and not asked for is left alone, so ``load(path, model=model)`` reads the
    model of a whole training run.  With ``optimizer`` or ``loader`` training goes on, so the random
    states are restored as well.

    Raises ``ValueError``, naming ``path``, for a file that is damaged, of another format, or does
    not hold what is asked for; every object is then as it was.
    """
    arrays, content = _read(Path(path))
    targets = {"model": model, "optimizer": optimizer, "schedule": schedule, "loader": loader}
    wanted = {name: target for name, target in targets.items() if target is not None}
    states = {"model": {name: a for name, a in arrays.items() if "/" not in name}}
    if not content["model"]:
        del states["model"]
    states |= _with_arrays(content["states"], arrays)
    if missing := sorted(wanted.keys() - states.keys()):
        raise ValueError(f"{path}: this checkpoint holds {sorted(states)}, but no {missing}.")
    with _all_or_none(path, wanted) as set_state:
        for name, target in wanted.items():
            set_state(target, states[name])
        if content["random"] and (optimizer is not None or loader is not None):
            _set_random_states(model, _with_arrays(content["random"], arrays))
    scalars: dict[str, Any] = _with_arrays(content["scalars"], arrays)
    return scalars


@contextmanager
def _all_or_none(path: Any, targets: Mapping[str, Any]) -> Iterator[Any]:
    """A function that sets a state; whatever it set is undone if the block raises."""
    before: list[tuple[Any, Any]] = []

    def set_state(target: Any, state: Any) -> None:
        earlier = target.state_dict()
        target.load_state_dict(state)
        before.append((target, earlier))

    try:
        yield set_state
    except BaseException as error:
        for target, state in reversed(before):
            target.load_state_dict(state)
        if isinstance(error, (ValueError, TypeError, KeyError)):
            raise ValueError(f"{path}: {error}") from error
        raise


# --- arrays and the rest ------------------------------------------------------------------------


def _without_arrays(value: Any, name: str, arrays: dict[str, Any]) -> Any:
    """``value`` as JSON can hold it; its arrays are put into ``arrays`` under names with a slash."""
    if isinstance(value, Mapping):
        return {str(k): _without_arrays(v, f"{name}/{k}", arrays) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(v, f"{name}/{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"checkpoint.save: {name} is {type(value).__name__}; expected numbers, texts, "
        "arrays, and lists and dicts of them."
    )


def _with_arrays(value: Any, arrays: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(v, arrays) for v in value]
    if isinstance(value, dict):
        if value.keys() == {"array"} and value["array"] in arrays:
            return arrays[value["array"]]
        return {k: _with_arrays(v, arrays) for k, v in value.items()}
    return value


def _plain(array: Any) -> Any:
    """In C order and the machine's byte order: the library writes the bytes as they lie."""
    array = np.asarray(array, order="C")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _digest(arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> str:
    """The SHA-256 of the names, dtypes, shapes, bytes and the rest of the metadata."""
    names = sorted(arrays)
    header = [[name, str(arrays[name].dtype), list(arrays[name].shape)] for name in names]
    others = {k: v for k, v in metadata.items() if k != DIGEST}
    digest = hashlib.sha256(json.dumps([header, others], sort_keys=True).encode())
    for name in names:
        digest.update(arrays[name].reshape(-1).view(np.uint8))
    return digest.hexdigest()


# --- random states ------------------------------------------------------------------------------


def _generators(model: Module | None) -> dict[str, np.random.Generator]:
    """The default generator (under no name) and those that modules were given."""
    found = {"": default_generator()}
    for path, module in model.named_modules() if model is not None else ():
        for name, value in vars(module).items():
            if isinstance(value, np.random.Generator):
                found[f"{path}.{name}"] = value
    return found


def _random_states(model: Module | None) -> dict[str, Any]:
    return {name: g.bit_generator.state for name, g in _generators(model).items()}


def _set_random_states(model: Module | None, states: Mapping[str, Any]) -> None:
    generators = _generators(model)
    if model is not None and generators.keys() != states.keys():
        raise ValueError(
            f"expected random states of the modules {sorted(generators)[1:]}, got {sorted(states)[1:]}."
        )
    kinds = {name: state["bit_generator"] for name, state in states.items()}
    for name, generator in generators.items():
        if type(generator.bit_generator).__name__ != kinds[name]:
            raise ValueError(f"the generator {name!r} was {kinds[name]} when it was saved.")
    for name, generator in generators.items():
        generator.bit_generator.state = states[name]


# --- the file -----------------------------------------------------------------------------------


def _write_whole(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # not on Windows
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # so that the new name, too, survives a power cut
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays and the content of a file, verified."""
    safetensors = _safetensors()
    with open(path, "rb"):  # a file that is missing or locked says so itself
        pass
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        foreign = CONTENT not in metadata and DIGEST not in metadata
        if foreign:
            return arrays, {"model": True, "states": {}, "random": {}, "scalars": {}}
        intact = metadata[DIGEST] == _digest(arrays, metadata)
        content = json.loads(metadata[CONTENT])
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: not a safetensors file, or a damaged one ({error}). Use an earlier checkpoint."
        ) from None
    if not intact:
        raise ValueError(
            f"{path}: the content does not match its SHA-256, so the file was damaged after it was "
            "written. Use an earlier checkpoint."
        )
    return arrays, content


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            'checkpoints are written by safetensors: pip install "chainrule[train]" (or pip install '
            "safetensors)."
        ) from None
    return safetensors
