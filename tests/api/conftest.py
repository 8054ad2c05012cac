"""The real server, as a process on a free port of the loopback address."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

PATIENCE_S = 60


class Server:
    """A running server: its address, its process, and a session to ask it with."""

    def __init__(self, url, process, database):
        self.url, self.process, self.database = url, process, database
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy is between us

    def ask(self, method, path, body=None, **more):
        """Send a request and give requests' response; `body` is sent as JSON, or as it is when it is bytes."""
        if isinstance(body, bytes):
            more["data"] = body
        elif body is not None:
            more["json"] = body
        return self.session.request(method, self.url + path, timeout=PATIENCE_S, **more)

    def stop(self, number=signal.SIGTERM):
        """End it by a signal and give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def stderr(self):
        """What it has said so far."""
        return Path(self.process.errors).read_text()


@contextlib.contextmanager
def running(
    folder: Path, *words: str, database: str = "", port: int = 0, datapath: bool = False
) -> Iterator[Server]:
    """Run `sfcci sfc serve` for the block; the database is a file in the folder, when none is named."""
    folder.mkdir(parents=True, exist_ok=True)
    database = database or f"sqlite:///{folder}/api.db"
    errors = folder / "errors.txt"
    argv = [
        sys.executable,
        "-m",
        "sfcci",
        "sfc",
        "serve",
        "--port",
        str(port),
        "--database",
        database,
        "--json",
        *words,
    ]
    if not datapath:
        argv.append("--no-datapath")
    environ = {**os.environ, "SFCCI_RUN_STATE": str(folder / "state")}
    with errors.open("ab") as file:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=file, env=environ, text=True)
    process.errors = errors
    try:
        line = process.stdout.readline()
        assert line, f"the server did not start: {errors.read_text()}"
        server = Server(json.loads(line)["url"], process, database)
        with server.session:
            yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


@pytest.fixture
def api_server(tmp_path):
    """Give `running`, with a folder of the test's own: `with api_server("--verbose") as server: server.ask(...)`."""
    numbers = iter(range(1000))

    def start(*words, **more):
        folder = more.pop("folder", None) or tmp_path / f"server{next(numbers)}"
        return running(folder, *words, **more)

    return start


@pytest.fixture(scope="session")
def running_server():
    """Give `running` itself, for fixtures that live longer than a test."""
    return running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Give one server for the tests of a module, without quotas; its state is in memory."""
    with running(tmp_path_factory.mktemp("server"), "--no-quota", database="sqlite://") as found:
        yield found
