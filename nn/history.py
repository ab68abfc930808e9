"""What training measured: averages over an epoch, and one row for each epoch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["History", "Means"]


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

    def plot(self) -> list[Any]:
        """Draw the curves with Matplotlib, what was validated beside it; returns the axes."""
        try:
            from matplotlib import pyplot
        except ImportError:
            raise ImportError(
                'History.plot() draws with Matplotlib: pip install "chainrule[train]".'
            ) from None
        columns = self.to_dict()
        names = [n for n in columns if n != "epoch" and not n.startswith("val_")]
        size = (4 * max(1, len(names)), 3)
        axes = pyplot.subplots(1, max(1, len(names)), figsize=size, squeeze=False, layout="tight")[
            1
        ]
        for ax, name in zip(axes[0], names, strict=False):
            for column, label in ((name, "training"), (f"val_{name}", "validation")):
                if column in columns:
                    ax.plot(columns["epoch"], columns[column], label=label)
            ax.set(xlabel="epoch", title=name)
            if f"val_{name}" in columns:
                ax.legend()
        return list(axes[0])

    def __repr__(self) -> str:
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.rows[-1].items()) if self.rows else ""
        return f"History({len(self)} epochs{': ' if last else ''}{last})"


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

    def result(self) -> dict[str, float]:
        """The means so far."""
        return {name: total / self.count for name, total in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        """Sums and count."""
        return {"sums": dict(self.sums), "count": self.count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state_dict()``."""
        self.sums, self.count = dict(state["sums"]), state["count"]
