# ruff: noqa: INP001 - run by the container's own Python, no package here
"""The first process of the Graphite container: it writes the configuration, then looks after carbon and the web part.

All that is written lies below /var/lib/graphite. SIGTERM (podman stop) lets carbon write what it has, then ends both; when
one of them ends by itself, the other is ended, too, and so is the container.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(os.environ.get("GRAPHITE_ROOT") or "/var/lib/graphite")
PROGRAM = Path(__file__).with_name("sfcci_graphite.py")
OWN_SCHEMAS = Path("/etc/graphite/storage-schemas.conf")
"""A file that is mounted here stands in the place of GRAPHITE_RETENTIONS."""
STATUS_INPUT = 2
PORTS = {"web": "GRAPHITE_WEB_PORT", "line": "GRAPHITE_LINE_PORT", "pickle": "GRAPHITE_PICKLE_PORT"}
QUERY = "GRAPHITE_QUERY_PORT"
"""The port, on loopback, at which the web part asks carbon for what is not on the disk yet."""

CARBON = """\
[cache]
DATABASE = whisper
STORAGE_DIR = {root}
LOCAL_DATA_DIR = {root}/whisper
WHITELISTS_DIR = {root}/run/lists
CONF_DIR = {root}/run/conf
LOG_DIR = {root}/run
PID_DIR = {root}/run
USER =
LINE_RECEIVER_INTERFACE = {listen}
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = {listen}
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
ENABLE_UDP_LISTENER = False
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = inf
CACHE_WRITE_STRATEGY = sorted
WHISPER_SPARSE_CREATE = True
ENABLE_TAGS = False
CARBON_METRIC_INTERVAL = 0
LOG_UPDATES = False
LOG_CREATES = False
LOG_CACHE_HITS = False
LOG_CACHE_QUEUE_SORTS = False
LOG_LISTENER_CONN_SUCCESS = False
"""
SCHEMAS = """\
[all]
pattern = .*
retentions = {retentions}
"""


class Refused(Exception):  # noqa: N818 - as the tool's own errors are named
    """What the container was given makes no sense, or it cannot write; the message says what to do."""


def main() -> int:
    """Run Graphite until SIGTERM; give the exit status."""
    # Before anything is started: podman stop may come at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    children: list[subprocess.Popen[bytes]] = []
    try:
        prepare(os.environ)
        children = [_started(os.environ, *words) for words in _programs(os.environ)]
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
    values = {**ports, "query": _port(environ, QUERY), "listen": environ.get("GRAPHITE_LISTEN") or "0.0.0.0"}  # noqa: S104 - a container's own network
    texts = {
        "carbon.conf": CARBON.format(root=ROOT, **values),
        "storage-schemas.conf": _schemas(environ),
        "storage-aggregation.conf": Path(__file__).with_name("storage-aggregation.conf").read_text(),
    }
    try:
        for name in ("whisper", "run/conf", "run/lists"):
            (ROOT / name).mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (ROOT / "run/conf" / name).write_text(text)
        for path in (ROOT / "run").glob("*.pid"):
            path.unlink()
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


def _schemas(environ: Mapping[str, str]) -> str:
    """Give storage-schemas.conf: the mounted one, else one rule for all series."""
    if OWN_SCHEMAS.is_file():
        return OWN_SCHEMAS.read_text()
    import whisper

    retentions = environ.get("GRAPHITE_RETENTIONS", "")
    try:
        whisper.validateArchiveList([whisper.parseRetentionDef(one) for one in retentions.split(",")])
    except (ValueError, whisper.InvalidConfiguration) as error:
        raise Refused(
            f"GRAPHITE_RETENTIONS is {retentions!r}: {error}; expected as in 10s:1d,60s:30d,1h:1y"
        ) from None
    return SCHEMAS.format(retentions=retentions)


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


def _programs(environ: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    return (
        ("carbon", str(ROOT / "run/conf/carbon.conf")),
        ("web", environ["GRAPHITE_WEB_PORT"], environ.get("GRAPHITE_LISTEN") or "0.0.0.0"),  # noqa: S104 - as above
    )


def _started(environ: Mapping[str, str], *words: str) -> "subprocess.Popen[bytes]":
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
        "SFCCI_GRAPHITE_QUERY": f"127.0.0.1:{environ[QUERY]}",
    }
    argv = [sys.executable, str(PROGRAM), str(os.getpid()), *words]
    return subprocess.Popen(argv, env=env, cwd=ROOT / "run")


def _first_that_ends(children: "list[subprocess.Popen[bytes]]") -> int:
    """Wait until one of them ends, and give a status that says that this was not asked for."""
    while True:
        pid, status = os.wait()
        for name, child in zip(("carbon", "the web part"), children, strict=True):
            if child.pid == pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                say(f"{name} ended with status {child.returncode}")
                return 1


def _end_all(children: "list[subprocess.Popen[bytes]]") -> None:
    """End them and wait: carbon writes what it has. Who waits too long for this process kills all of it."""
    for child in children:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
    for child in children:
        child.wait()


def _end(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
