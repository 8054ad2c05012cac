"""The run database on each kind of database."""

import dataclasses

import pytest

from sfcci import settings


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def kept(request, new_url, tmp_path):
    """Settings with a new run database; each test runs on every kind of database that can be had here."""
    given = settings.load(tmp_path, {})
    return dataclasses.replace(given, state=tmp_path / "state", database_url=new_url(request.param))
