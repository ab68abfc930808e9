"""A cost that doubles is seen: ratios to hand-written NumPy, with a wide margin.

The promises and the exact figures are in ``benchmarks/``; here each workload runs for a moment, and
fails at about twice the ratio that it has.  Both sides take turns, so a loaded machine slows both;
the best of three measurements counts.
"""

import pytest

from benchmarks.costs import import_time
from benchmarks.measure import measured
from benchmarks.workloads import ALL

AT_MOST = {
    "chain": 5.5,
    "digits": 7.0,
    "recurrence": 4.0,
    "transformer": 2.5,
    "convolution": 2.2,
    "hvp": 6.0,
    "rosenbrock": 6.0,
    "indexing": 60.0,
}


@pytest.mark.parametrize("name", AT_MOST)
def test_no_cost_has_doubled(name: str) -> None:
    workload, ratio = ALL[name](), float("inf")
    for _ in range(3):
        ratio = min(ratio, measured(workload, seconds=0.3).ratio)
        if ratio <= AT_MOST[name]:
            return
    pytest.fail(f"{workload.name}: {ratio:.1f} times hand-written NumPy, at most {AT_MOST[name]}")


def test_importing_costs_no_multiple_of_importing_numpy() -> None:
    assert min(import_time(rounds=5) for _ in range(3)) < 2.0
