"""What every test may rely on: the same numbers in every run, and two sizes of property test."""

import numpy as np
import pytest
from hypothesis import settings

# A failure must come again when the test is run again, so the daily profile draws the same examples
# each time; the nightly one looks for new ones (`make test-nightly`).
settings.register_profile("daily", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2_000)
settings.load_profile("daily")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that gives every test the same numbers, in whatever order the tests run."""
    return np.random.default_rng(20_260)
