"""The run database on each kind of database. Helpers of these tests are found by name."""

import dataclasses
import sys
from pathlib import Path

import pytest

from sfcci import settings

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def kept(request, new_url, tmp_path):
    """Settings with a new run database; each test runs on every kind of database that can be had here."""
    given = settings.load(tmp_path, {})
    return dataclasses.replace(given, state=tmp_path / "state", database_url=new_url(request.param))
