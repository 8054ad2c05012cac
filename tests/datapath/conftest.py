"""Helpers of these tests are found by name; what several of them look at."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The demonstration in a lab that a plane keeps, its chain ACTIVE."""
    from plane_world import demonstration  # where Open vSwitch is: other tests need none of it

    made = demonstration(tmp_path_factory.mktemp("plane"))
    yield made
    made.close()
