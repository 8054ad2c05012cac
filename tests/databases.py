"""A private PostgreSQL for tests, and new databases of each kind."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from sfcci import machine

NUMBERS = itertools.count()
FAST = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def _as_whom():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _program(name):
    return shutil.which(name, path=machine.search_path())


@pytest.fixture(scope="session")
def postgresql():
    """A server on a socket in a folder of its own; gives the folder."""
    whom = _as_whom()
    folder = Path(tempfile.mkdtemp(prefix="sfcci-pg-"))
    if whom:
        os.chown(folder, whom["user"], whom["group"])

    def run(program, *words):
        argv = [_program(program), "-D", folder / "data", *words]
        done = subprocess.run(
            argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **whom
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL cannot be started here: {done.stdout.strip()[-300:]}")

    try:
        run("initdb", "-U", "sfcci", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        run("pg_ctl", "-w", "-l", folder / "log", "-o", f"{FAST} -k {folder}", "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_url(request, tmp_path):
    """Give the URL of a new database of a kind."""

    def make(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/db/{next(NUMBERS)}.sqlite"
        from sqlalchemy import create_engine, text

        folder, name = request.getfixturevalue("postgresql"), f"runs{next(NUMBERS)}"
        engine = create_engine(f"postgresql+psycopg://sfcci@/postgres?host={folder}")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return f"postgresql+psycopg://sfcci@/{name}?host={folder}"

    return make
