"""How it is measured: interleaved in one process, medians of the ratios of neighbouring runs.

A shared machine changes its speed by the minute, so a time alone says little; two runs a few
milliseconds apart see the same machine.  Each round times both sides, in alternating order.
"""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from .workload import Workload


@dataclass(frozen=True)
class Measurement:
    """Times are seconds for one turn of the workload, memory is bytes at the peak."""

    name: str
    hand: float
    ours: float
    ratio: float
    limit: float
    hand_peak: int
    ours_peak: int

    @property
    def memory_ratio(self) -> float:
        return self.ours_peak / max(self.hand_peak, 1)


def measured(workload: Workload, seconds: float = 3.0) -> Measurement:
    """Check the workload, then measure it for about so many seconds."""
    workload.check()
    for _ in range(3):
        workload.hand(), workload.ours()
    turns = turns_for(workload.hand)
    hand, ours, ratios = [], [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(ratios) < 5:
        if len(ratios) % 2:
            a, b = timed(workload.hand, turns), timed(workload.ours, turns)
        else:
            b, a = timed(workload.ours, turns), timed(workload.hand, turns)
        hand.append(a)
        ours.append(b)
        ratios.append(b / a)
    return Measurement(
        name=workload.name,
        hand=statistics.median(hand),
        ours=statistics.median(ours),
        ratio=statistics.median(ratios),
        limit=workload.limit,
        hand_peak=peak_memory(workload.hand),
        ours_peak=peak_memory(workload.ours),
    )


def turns_for(work: Callable[[], object]) -> int:
    """How many turns take some milliseconds: long for the clock, short for a shared machine."""
    return max(1, round(0.004 / min(timed(work, 1) for _ in range(3))))


def timed(work: Callable[[], object], turns: int) -> float:
    """Seconds for one of so many turns."""
    start = time.perf_counter()
    for _ in range(turns):
        work()
    return (time.perf_counter() - start) / turns


def peak_memory(work: Callable[[], object]) -> int:
    """The most that one turn holds at once, as tracemalloc sees it (NumPy reports to it)."""
    work()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
