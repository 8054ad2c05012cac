"""A podman for tests with images that are built on the spot: our own Graphite, real, and the stand-in for Grafana.

One store in the cache holds the images for all tests of a machine, made once under a lock; their tags say what they are made
of, so that two trees of sources do not take each other's, and what no test has wanted for a week goes. Above it every session of pytest
has a storage of its own: what its tests start is theirs alone, and is gone when the session ends. A session holds a lock as long
as it lives; what a killed one left running is ended by the next.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
NAME = "localhost/sfcci-test-"
VERSIONS = {"grafana": "12.0.2", "grafana7": "7.5.5"}
WEEK_S = 7 * 86400
STAND_IN = (HERE / "dashboard" / "grafana_stand_in.py", HERE / "podman" / "grafana_in_container.py")
STATSD_FILE = HERE / "podman" / "Containerfile.statsd"
GRAFANA_FILE = HERE / "podman" / "Containerfile.grafana"
FIRST_TIME_S = 1800
"""The first test that wants an image waits for Debian's packages."""
_ports = itertools.count(10_000 + os.getpid() * 37 % 18_000)


def free_ports(count):
    """Ports below those that the kernel gives to anybody who asks for any; each process of tests begins elsewhere."""
    return list(itertools.islice(filter(_is_free, _ports), count))


def _is_free(port):
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


@pytest.fixture(scope="session")
def podman_here(cache_dir):
    """A podman with a storage of its own, and the images of the tests below it."""
    folder = cache_dir / "podman-test"
    _end_what_was_killed(folder / "sessions")
    with _session(folder / "sessions") as own:
        here = _podman(own, folder / "images")
        try:
            yield here
        finally:
            _end(here, own)


@pytest.fixture(scope="session")
def graphite_image(podman_here, cache_dir):
    """Our own Graphite's image, from Debian's packages without a registry."""
    from sfcci.dashboard import graphite_image as image

    copied = re.findall(r"[\w/]+\.py\b", image.CONTAINERFILE.read_text())
    parts = [image.CONTAINERFILE, *(image.CONTEXT / name for name in copied)]
    made = _built(cache_dir, "graphite", parts, _build_graphite)
    assert podman_here.exists("image", made)
    return made


@pytest.fixture(scope="session")
def grafana_image(podman_here, cache_dir, shared):
    """The stand-in for Grafana in a container, as version 12; `grafana_7_image` is the recorded 7.5.5."""
    recording = shared / "data" / "grafana-7.5.5-http.json"

    def build(podman, system, made):
        _build_grafana(podman, system, made, recording)

    made = _built(cache_dir, "grafana", [*STAND_IN, GRAFANA_FILE, recording], build)
    assert podman_here.exists("image", made)
    return made


@pytest.fixture(scope="session")
def grafana_7_image(grafana_image):
    """The one that is built with it."""
    return _named("grafana7", grafana_image.rpartition(":")[2])


@pytest.fixture(scope="session")
def statsd_image(podman_here, cache_dir, statsd_program):
    """A real StatsD 0.9.0 with this machine's Node.js, laid out as the image at the registry is: `node stats.js CONFIG`."""

    def build(podman, system, made):
        modules = statsd_program.parents[1]
        with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
            shutil.copytree(modules, Path(folder, "node_modules"), symlinks=True)
            shutil.copy(Path(shutil.which("node")).resolve(), Path(folder, "node"))
            _build(podman, system, made, STATSD_FILE, folder)

    made = _built(cache_dir, "statsd", [STATSD_FILE, Path(shutil.which("node")).resolve()], build)
    assert podman_here.exists("image", made)
    return made


def _build_graphite(podman, system, made):
    from sfcci.dashboard import graphite_image

    graphite_image.build(podman, base=system, tag=made, network="none")


def _build_grafana(podman, system, made, recording):
    import yaml

    with tempfile.TemporaryDirectory() as folder:
        for path in (*STAND_IN, recording):
            shutil.copy(path, folder)
        shutil.copytree(
            Path(yaml.__file__).parent,
            Path(folder, "yaml"),
            ignore=shutil.ignore_patterns("*.so", "__pycache__"),
        )
        for name, version in VERSIONS.items():
            tag = _named(name, made.rpartition(":")[2])
            _build(podman, system, tag, GRAFANA_FILE, folder, f"--build-arg=VERSION={version}")


def _build(podman, system, name, file, folder, *words):
    plain = ("--force-rm", "--pull=never", "--network=none", f"--build-arg=BASE={system}")
    podman.run("build", *plain, *words, f"--file={file}", f"--tag={name}", folder, timeout_s=FIRST_TIME_S)


def _built(cache_dir, name, parts, build):
    """Have an image in the store of the cache and give its name; `parts` are the files that it is made of."""
    from sfcci import files
    from sfcci.dashboard import graphite_image
    from sfcci.errors import MissingTool, Unreachable

    folder = cache_dir / "podman-test"
    content = hashlib.sha256(graphite_image._system_key().encode())
    for path in sorted(path for path in parts if path.is_file()):
        content.update(path.name.encode() + path.read_bytes())
    key = content.hexdigest()[:12]
    made, marker = _named(name, key), folder / f"{name}-{key}.complete"
    with files.locked(folder / "images.lock"):
        if marker.exists():
            marker.touch()
            return made
        podman = _podman(folder, None)
        try:
            system = graphite_image.system_image(podman, cache_dir)
            build(podman, system, made)
            _remove_old(podman, folder)
        except (MissingTool, Unreachable) as error:
            pytest.skip(f"ring podman: {error}")
        finally:
            _unmount(folder / "images")
        files.write_text(marker, made)
    return made


def _named(name, key):
    return f"{NAME}{name}:{key}"


def _remove_old(podman, folder):
    """Remove images that no test has wanted for long; those of killed builds go with them."""
    for marker in folder.glob("*-*.complete"):
        if marker.stat().st_mtime < time.time() - WEEK_S:
            name, _, key = marker.stem.rpartition("-")
            names = VERSIONS if name == "grafana" else [name]
            podman.run("rmi", *(_named(one, key) for one in names), check=False)
            marker.unlink()


@contextlib.contextmanager
def _session(folder):
    """Give a folder of this session's own, locked as long as this process lives."""
    from sfcci import files

    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder / "sessions.lock"):  # nobody takes a folder for a dead one's before it is locked
        own = Path(tempfile.mkdtemp(dir=folder, prefix="s"))
        lock = files.try_lock(own / "lock")
    with lock:
        yield own


def _end_what_was_killed(folder):
    from sfcci import files

    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder / "sessions.lock"):
        for own in folder.glob("s*/"):
            if lock := files.try_lock(own / "lock"):
                with lock:
                    _end(_podman(own, folder.parent / "images", probed=False), own)


def _podman(own, store, *, probed=True):
    """A podman whose storage is in the folder `own`, with the images of `store` below it."""
    from sfcci import files, settings
    from sfcci.dashboard import podman
    from sfcci.errors import MissingTool

    graphroot = own / ("storage" if store else "images")
    below = f'[storage.options]\nadditionalimagestores = ["{store}"]\n' if store else ""
    if store:
        store.mkdir(parents=True, exist_ok=True)
    text = f'[storage]\ndriver = "overlay"\ngraphroot = "{graphroot}"\nrunroot = "{_run_root(own)}"\n{below}'
    files.write_text(own / "storage.conf", text)
    # Not in containers.conf: podman's own process that cleans up after a container is told of a storage, but not of that.
    environ = {**os.environ, "CONTAINERS_STORAGE_CONF": str(own / "storage.conf")}
    if not probed:
        return podman.Podman((), os.geteuid() != 0, environ, shutil.which("podman"))
    given = dataclasses.replace(settings.load(REPOSITORY, {}), state=own / "state")
    try:
        return podman.probe(given, environ=environ)
    except MissingTool as error:
        pytest.skip(f"ring podman: {error}")


def _run_root(own):
    """What lives as long as the storage: podman wants a path of 50 characters at most."""
    above = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(above, f"sfcci-{hashlib.sha256(bytes(own)).hexdigest()[:8]}")


def _end(podman, own):
    """End and remove all that is in a session's storage, and the storage."""
    from sfcci import files

    ends = (
        "kill --all",
        "pod rm --all --force --time=0",
        "rm --all --force --time=0",
        "volume rm --all --force",
    )
    for words in ends:  # what runs while its pod is removed holds podman up
        podman.run(*words.split(), check=False)
    _unmount(own / "storage")
    for folder in (_run_root(own), own):
        files.remove_tree(folder)
        if folder.exists() and podman.rootless:
            podman.run("unshare", "rm", "-rf", folder, check=False)


def _unmount(storage):
    if os.geteuid() == 0:
        subprocess.run(["umount", "--lazy", storage / "overlay"], capture_output=True, check=False)
