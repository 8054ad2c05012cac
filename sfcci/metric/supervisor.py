"""The process that keeps the private Graphite running as long as somebody uses it; started by `instance`.

Who uses Graphite holds a shared lock on `users`; the kernel drops it when the user's process ends, however it ends. This
process takes that lock alone as soon as nobody holds it and nothing asks to keep Graphite up, and then ends what it
started. Its children end with it by PR_SET_PDEATHSIG. So kill -9 of anybody leaves nothing running.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from sfcci import command, environment, files
from sfcci.errors import EXIT_TOOL, SfcciError, Unreachable, UsageError
from sfcci.metric.configuration import carbon_files
from sfcci.metric.software import FOLDER
from sfcci.metric.whisper import HEAD, whole

LOOPBACK = "127.0.0.1"
LOOK_AGAIN_S = 0.25
"""How soon it sees that the last user has gone."""
START_TIMEOUT_S = 60.0
POLL_S = 0.02
PORTS = ("web", "line", "pickle", "query")
SCRATCH = "scratch"
"""With a file of that name in it the folder goes with its Graphite, also when its user was killed."""


def main(folder: Path, python: str, wanted: dict[str, int], report: IO[str]) -> None:
    """Keep Graphite in `folder` up while it is used; tell `report` in one line of JSON when it is, or why it is not."""
    signal.signal(signal.SIGTERM, _end)
    environment.hold(Path(python).parents[1])  # it may stay up for months
    # `users` is let go last: who comes while this one ends then finds nothing half gone.
    with contextlib.ExitStack() as nobody_uses, files.locked(folder / "supervisor.lock"):
        try:
            with files.disk_errors(folder), _graphite(folder, python, wanted) as (ports, children):
                state = {"ports": ports, "pid": os.getpid(), "started_at": time.time()}
                files.write_text(folder / "instance.json", json.dumps(state) + "\n")
                _tell(report, {"ready": True})
                nobody_uses.enter_context(_last_user_gone(folder, children))
        except KeyboardInterrupt:
            pass
        except (SfcciError, OSError) as error:
            _tell(report, {"error": str(error), "status": getattr(error, "exit_status", EXIT_TOOL)})
        finally:
            _remove_traces(folder)
            if (folder / SCRATCH).exists():
                files.remove_tree(folder)
                with contextlib.suppress(OSError):
                    folder.parent.rmdir()


def _tell(report: IO[str], message: dict[str, object]) -> None:
    with contextlib.suppress(OSError, ValueError):  # whoever asked has gone, or has had its answer
        report.write(json.dumps(message) + "\n")
        report.close()


@contextlib.contextmanager
def _graphite(
    folder: Path, python: str, wanted: dict[str, int]
) -> Iterator[tuple[dict[str, int], dict[str, command.Process]]]:
    """Give the ports and the two processes once both answer."""
    _remove_traces(folder)  # of one that was killed: its processes are gone, the lock says so
    with contextlib.ExitStack() as stack:
        reserved = {name: stack.enter_context(_reserved(wanted.get(name, 0))) for name in PORTS}
        ports = {name: reservation.getsockname()[1] for name, reservation in reserved.items()}
        _write_configuration(folder, ports)
        _remove_halves(folder / "storage" / "whisper")
        argv = {"carbon": str(folder / "run/conf/carbon.conf"), "web": str(ports["web"])}
        env = _environment(folder, ports)
        children = {
            name: stack.enter_context(_child(folder, python, (name, word), env))
            for name, word in argv.items()
        }
        _wait_until_ready(folder, children, ports)
        for reservation in reserved.values():
            reservation.close()
        yield ports, children


@contextlib.contextmanager
def _reserved(port: int) -> Iterator[socket.socket]:
    """Hold a port of the loopback address (0: any free one) without listening on it.

    With SO_REUSEADDR on both sides a program that we start can still listen there, and nobody is given it by chance.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((LOOPBACK, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {LOOPBACK} cannot be had: {error.strerror}; choose another"
            ) from None
        yield holder


def _write_configuration(folder: Path, ports: dict[str, int]) -> None:
    for name in ("storage/whisper", "storage/lists", "run/conf", "log"):
        with files.disk_errors(folder / name):
            (folder / name).mkdir(parents=True, exist_ok=True)
    texts = carbon_files(folder / "storage", folder / "run", folder / "log", ports)
    for name, text in texts.items():
        files.write_text(folder / "run/conf" / name, text)


def _environment(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """Nothing of the tool's own environment but what a program needs to start: no PYTHONPATH, no DJANGO_... of the user's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "run"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GRAPHITE_ROOT": str(folder),
        "GRAPHITE_STORAGE_DIR": str(folder / "storage"),
        "GRAPHITE_CONF_DIR": str(folder / "run/conf"),
        "SFCCI_GRAPHITE_LOG": str(folder / "log"),
        "SFCCI_GRAPHITE_QUERY": f"{LOOPBACK}:{ports['query']}",
    }


@contextlib.contextmanager
def _child(
    folder: Path, python: str, words: tuple[str, str], env: dict[str, str]
) -> Iterator[command.Process]:
    argv = [python, str(FOLDER / "sfcci_graphite.py"), str(os.getpid()), *words]
    with (
        (folder / "log" / f"{words[0]}.log").open("wb") as log,
        command.start(argv, cwd=folder / "run", env=env, stdout=log, stderr=log) as process,
    ):
        yield process


def _wait_until_ready(folder: Path, children: dict[str, command.Process], ports: dict[str, int]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    for answers, name in ((_listens, "line"), (_listens, "pickle"), (_listens, "query"), (_serves, "web")):
        while not answers(ports[name]):
            _look_after(folder, children)
            if time.monotonic() > deadline:
                raise Unreachable(f"it did not answer within {START_TIMEOUT_S:g} s; see {folder / 'log'}")
            time.sleep(POLL_S)
    _look_after(folder, children)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _serves(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=START_TIMEOUT_S)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _look_after(folder: Path, children: dict[str, command.Process]) -> None:
    """Raise Unreachable, with its last words, when a child has ended."""
    for name, process in children.items():
        if process.poll() is not None:
            log = folder / "log" / f"{name}.log"
            lines = log.read_text(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "no word")
            raise Unreachable(f"its {name} ended with status {process.returncode}: {last}; see {log}")


def _last_user_gone(folder: Path, children: dict[str, command.Process]) -> IO[bytes]:
    """Wait until nobody uses Graphite and nothing asks to keep it; give the lock that makes newcomers wait."""
    while True:
        _look_after(folder, children)
        if not (folder / "keep").exists() and (lock := files.try_lock(folder / "users")):
            return lock
        time.sleep(LOOK_AGAIN_S)


def _remove_halves(storage: Path) -> None:
    """Remove files that carbon was making when it was killed: it could never write into them, and they hold nothing yet."""
    for path in storage.rglob("*.wsp"):
        with path.open("rb") as file:
            made = whole(file.read(HEAD), path.stat().st_size)
        if not made:
            path.unlink()


def _remove_traces(folder: Path) -> None:
    for name in ("instance.json", "keep"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "run", ignore_errors=True)


def _end(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    _folder, _python, _wanted, _handle = sys.argv[1:]
    with os.fdopen(int(_handle), "w") as _report:
        main(Path(_folder), _python, json.loads(_wanted), _report)
