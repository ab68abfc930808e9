"""What every test may rely on: the same numbers in every run, and two sizes of property test."""

import os

import numpy as np
import pytest
from hypothesis import settings

# JAX and Matplotlib read these when they are first imported: float64 and the CPU for the oracle in
# whatever test comes first, and pictures without a screen.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# Each reference is compiled once and called once: compiling quickly is what counts.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

# A failure must come again when the test is run again, so the daily profile draws the same examples
# each time; the nightly one looks for new ones (`make test-nightly`).
settings.register_profile("daily", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2_000)
settings.load_profile("daily")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that gives every test the same numbers, in whatever order the tests run."""
    return np.random.default_rng(20_260)
