"""A table of a model: its layers, the shapes that come out of them, parameters and memory."""

from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, no_grad

__all__ = ["Summary", "summarize"]

_HEAD = ("layer", "kind", "output shape", "parameters", "memory")


class Summary(str):
    """A table as text; shown as it is, in a terminal and in a notebook."""

    __slots__ = ()

    __repr__ = str.__str__


class _Row(NamedTuple):
    path: str
    kind: str
    shapes: list[tuple[int, ...]]
    parameters: int
    parameter_bytes: int
    output_bytes: int


def summarize(model: Any, input_shape: tuple[int, ...], dtype: Any) -> Summary:
    """Run ``model`` once, as in use, on zeros of ``input_shape`` and tell what its layers did."""
    first = next(model.parameters(), None)
    dtype = dtype or (np.float32 if first is None else first.dtype)
    outputs: dict[int, list[Any]] = {}
    with ExitStack() as undo:
        for module in model.modules():
            undo.callback(vars(module).__setitem__, "training", module.training)
            undo.enter_context(module.register_forward_hook(_remember(outputs)))
        undo.enter_context(no_grad())
        model.eval()
        model(Tensor(np.zeros(input_shape, dtype)))
    return Summary(_table([_row(path, module, outputs) for path, module in _layers(model)], model))


def _remember(outputs: dict[int, list[Any]]) -> Any:
    def hook(module: Any, args: Any, output: Any) -> None:
        found = output if isinstance(output, tuple) else (output,)
        outputs[id(module)] = [o for o in found if hasattr(o, "shape")]

    return hook


def _layers(model: Any) -> list[tuple[str, Any]]:
    """The modules that contain no other, or own parameters beside those they contain."""
    return [
        (path, module)
        for path, module in model.named_modules()
        if not any(module.children()) or _own(module)
    ]


def _own(module: Any) -> list[Any]:
    return list(module.parameters(recurse=False))


def _row(path: str, module: Any, outputs: dict[int, list[Any]]) -> _Row:
    own, out = _own(module), outputs.get(id(module), [])
    return _Row(
        path or "(model)",
        type(module).__name__,
        [o.shape for o in out],
        sum(p.size for p in own),
        sum(p.data.nbytes for p in own),
        sum(np.dtype(o.dtype).itemsize * o.size for o in out),
    )


def _table(rows: list[_Row], model: Any) -> str:
    lines = [_HEAD] + [
        (
            row.path,
            row.kind,
            ", ".join(map(str, row.shapes)) or "not called",
            f"{row.parameters:,}",
            _size(row.parameter_bytes + row.output_bytes),
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    text = [
        "  ".join(
            _aligned(cell, width, i)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    parameters = list(model.parameters())
    learned = sum(p.size for p in parameters if p.requires_grad)
    text.append(
        f"{sum(p.size for p in parameters):,} parameters, {learned:,} of them learned: "
        f"{_size(sum(p.data.nbytes for p in parameters))}; "
        f"outputs of this batch: {_size(sum(row.output_bytes for row in rows))}"
    )
    return "\n".join(line.rstrip() for line in text)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 3 else cell.rjust(width)


def _size(count: float) -> str:
    """A number of bytes in binary units.

    >>> _size(2_500)
    '2.4 KiB'
    """
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count} B"
        count /= 1024
    return f"{count:.1f} GiB"
