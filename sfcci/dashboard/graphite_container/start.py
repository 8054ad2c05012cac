# ruff: noqa: INP001 - run by the container's own Python, no package here
"""The first process of the Graphite container: it writes the configuration, then looks after carbon and the web part.

All that is written lies below /var/lib/graphite. SIGTERM (podman stop) lets carbon write what it has, then ends both; when
one of them ends by itself, the other is ended, too, and so is the container.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from sfcci import command
from sfcci.errors import InputError
from sfcci.metric.configuration import carbon_files
from sfcci.metric.retention import DEFAULT, parse_retentions

ROOT = Path(os.environ.get("GRAPHITE_ROOT") or "/var/lib/graphite")
PROGRAM = Path(__file__).with_name("sfcci_graphite.py")
OWN_SCHEMAS = Path("/etc/graphite/storage-schemas.conf")
"""A file that is mounted here stands in the place of GRAPHITE_RETENTIONS."""
STATUS_INPUT = 2
PORTS = {name: f"GRAPHITE_{name.upper()}_PORT" for name in ("web", "line", "pickle", "query")}
"""The last one is on loopback: there the web part asks carbon for what is not on the disk yet."""


class Refused(Exception):  # noqa: N818 - as the tool's own errors are named
    """What the container was given makes no sense, or it cannot write; the message says what to do."""


def main() -> int:
    """Run Graphite until SIGTERM; give the exit status."""
    # Before anything is started: podman stop may come at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    children: dict[str, command.Process] = {}
    with contextlib.ExitStack() as stack:
        try:
            prepare(os.environ)
            for name, words in _programs(os.environ).items():
                children[name] = stack.enter_context(_started(os.environ, *words))
            return _first_that_ends(children)
        except Refused as error:
            say(str(error))
            return STATUS_INPUT
        except KeyboardInterrupt:
            return 0
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            _end_all(children)


def say(text: str) -> None:
    """Tell the container's log."""
    sys.stderr.write(f"sfcci-graphite: {text}\n")
    sys.stderr.flush()


def prepare(environ: Mapping[str, str]) -> None:
    """Write what carbon reads, and remove what a kill left half made. Raises Refused."""
    ports = {name: _port(environ, variable) for name, variable in PORTS.items()}
    run = ROOT / "run"
    texts = carbon_files(ROOT, run, run, ports)
    heard = f"RECEIVER_INTERFACE = {_listen(environ)}"
    texts["carbon.conf"] = texts["carbon.conf"].replace("RECEIVER_INTERFACE = 127.0.0.1", heard)
    texts["storage-schemas.conf"] = _schemas(environ, texts["storage-schemas.conf"])
    try:
        shutil.rmtree(run, ignore_errors=True)
        for folder in (ROOT / "whisper", ROOT / "lists", run / "conf"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (run / "conf" / name).write_text(text)
        _remove_halves(ROOT / "whisper")
    except OSError as error:
        user = f"{os.getuid()}:{os.getgid()}"
        raise Refused(
            f"{ROOT} cannot be written by user {user}: {error.strerror}; mount a volume that it owns"
        ) from None


def _port(environ: Mapping[str, str], variable: str) -> int:
    text = environ.get(variable, "")
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise Refused(f"{variable} is {text!r}; expected a port from 1 to 65535")
    return int(text)


def _listen(environ: Mapping[str, str]) -> str:
    return environ.get("GRAPHITE_LISTEN") or "0.0.0.0"  # noqa: S104 - a container's own network


def _schemas(environ: Mapping[str, str], default: str) -> str:
    """Give storage-schemas.conf: the mounted one, else the `default` with the retentions that are wanted."""
    if OWN_SCHEMAS.is_file():
        return OWN_SCHEMAS.read_text()
    wanted = environ.get("GRAPHITE_RETENTIONS") or DEFAULT
    try:
        parse_retentions(wanted)
    except InputError as error:
        raise Refused(f"GRAPHITE_RETENTIONS: {error}") from None
    return default.replace(f"retentions = {DEFAULT}\n", f"retentions = {wanted}\n")


def _remove_halves(folder: Path) -> None:
    """Remove series that carbon was making when it was killed: it could never write into them, and they hold nothing."""
    for path in folder.rglob("*.wsp"):
        if not _whole(path):
            say(f"{path} was half made and is removed")
            path.unlink()


def _whole(path: Path) -> bool:
    import whisper

    try:
        last = whisper.info(str(path))["archives"][-1]
    except (whisper.CorruptWhisperFile, IndexError):
        return False
    return bool(path.stat().st_size >= last["offset"] + last["size"])


def _programs(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        "carbon": ("carbon", str(ROOT / "run/conf/carbon.conf")),
        "the web part": ("web", environ[PORTS["web"]], _listen(environ)),
    }


def _started(environ: Mapping[str, str], *words: str) -> contextlib.AbstractContextManager[command.Process]:
    env = {
        "PATH": os.defpath,
        "HOME": str(ROOT / "run"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",  # Debian's Twisted warns of ciphers that nobody uses here
        "GRAPHITE_ROOT": str(ROOT),
        "GRAPHITE_STORAGE_DIR": str(ROOT),
        "GRAPHITE_CONF_DIR": str(ROOT / "run/conf"),
        "SFCCI_GRAPHITE_LOG": str(ROOT / "run"),
        "SFCCI_GRAPHITE_QUERY": f"127.0.0.1:{environ[PORTS['query']]}",
    }
    argv = [sys.executable, str(PROGRAM), str(os.getpid()), *words]
    # What they say is the container's log.
    return command.start(argv, env=env, cwd=ROOT / "run", stdout=None, stderr=None)


def _first_that_ends(children: Mapping[str, command.Process]) -> int:
    """Wait until one of them ends, and give a status that says that this was not asked for."""
    while True:
        pid, status = os.wait()
        for name, child in children.items():
            if child.pid == pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                say(f"{name} ended with status {child.returncode}")
                return 1


def _end_all(children: Mapping[str, command.Process]) -> None:
    """End them and wait: carbon writes what it has. Who waits too long for this process kills all of it."""
    for child in children.values():
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
    for child in children.values():
        child.wait()


def _end(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
