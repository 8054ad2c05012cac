"""Rings: a test whose ring cannot run on this machine is skipped and says why."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from sfcci import command, machine

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("SFCCI_SHARED", REPOSITORY.parent / "shared"))

# The same examples each time, so that a run says something of the change and not of chance; no limit of time, which speaks of
# the machine. `pytest --hypothesis-profile=explore` looks for new ones, as more of the same do not.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("same")


_spec = importlib.util.spec_from_file_location("podman_images", Path(__file__).with_name("podman_images.py"))
_images = sys.modules["podman_images"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_images)
podman_here, graphite_image = _images.podman_here, _images.graphite_image
grafana_image, grafana_7_image = _images.grafana_image, _images.grafana_7_image
statsd_image = _images.statsd_image
_spec = importlib.util.spec_from_file_location("databases", Path(__file__).with_name("databases.py"))
_databases = sys.modules["databases"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_databases)
postgresql, new_url = _databases.postgresql, _databases.new_url
_spec = importlib.util.spec_from_file_location(
    "built_packages", Path(__file__).with_name("built_packages.py")
)
_built = sys.modules["built_packages"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_built)
built_for_pipeline = _built.built_for_pipeline


def _needs(*programs: str) -> str:
    lost = [program for program in programs if not shutil.which(program, path=machine.search_path())]
    hint = machine.install_command(tool for tool in machine.TOOLS if tool.probe in lost)
    return f"{', '.join(lost)} not installed; {hint}" if lost else ""


def _lab() -> str:
    if lost := _needs("ovs-vsctl", "ip", "nsenter"):
        return lost
    probes = [
        subprocess.run(
            ["unshare", *way, "--net", "--mount", "--pid", "--fork", "true"],
            capture_output=True,
            text=True,
            check=False,
        )
        for way in command.unshare_ways()
    ]
    if all(probe.returncode for probe in probes):
        return f"no network namespaces here: {probes[0].stderr.strip()}"
    return ""


RINGS: dict[str, Callable[[], str]] = {
    "distro": lambda: _needs("rpmbuild", "rpmlint", "createrepo_c", "zstd", "gpg", "rpmsign", "dnf"),
    "lab": _lab,
    "graphite": lambda: "",
    "podman": lambda: _needs("podman"),
    "browser": lambda: _needs("chromium"),
    "openstack": lambda: "",
    "postgresql": lambda: _needs("initdb", "pg_ctl"),
}
"""Ring → why it cannot run here; "" when it can."""


@cache
def _obstacle(ring: str) -> str:
    return RINGS[ring]()


LONGEST = (
    *("test_merge.py", "test_headers.py", "test_pipeline.py", "test_jobs_of_kinds.py", "test_articles.py"),
    *(
        "test_ebuild_build.py",
        "test_install_test.py",
        "test_install_root.py",
        "test_gate.py",
        "test_merge_faults.py",
    ),
    *(
        "test_verify.py",
        "test_install_faults.py",
        "test_tutorial.py",
        "test_ci_itself.py",
        "test_graphite_image.py",
    ),
    *(
        "test_browser_export.py",
        "test_run.py",
        "test_runner.py",
        "test_pod_podman.py",
        "test_build_faults.py",
    ),
    *("test_faults.py", "test_tempest.py", "test_tripleo.py", "test_fabric.py", "test_hitless.py"),
    *(
        "test_recorded_commands.py",
        "test_mutations.py",
        "test_history_faults.py",
        "test_mock.py",
        "test_browser_preview.py",
    ),
)
"""The files that take longest by themselves, in that order: begun first, so that none of them is waited for at the end."""


def pytest_collection_modifyitems(items):
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))
    for item in items:
        if "podman_here" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(_images.FIRST_TIME_S))


def pytest_runtest_setup(item):
    for ring in RINGS:
        if item.get_closest_marker(ring) and (why := _obstacle(ring)):
            pytest.skip(f"ring {ring}: {why}")


@pytest.fixture(scope="session")
def shared():
    """The folder with recordings and cases; tests that read it skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def cache_dir():
    """The cache of environments, shared by the tests of one machine; SFCCI_RUN_CACHE names another."""
    from sfcci import settings

    return settings.load(REPOSITORY).cache


@pytest.fixture(scope="session")
def statsd_program(cache_dir):
    """A real StatsD 0.9.0, fetched once by npm; a machine without Node.js, or without a registry, skips."""
    from sfcci import files

    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("ring graphite: node and npm are not installed (apt-get install nodejs npm)")
    folder = cache_dir / "environments" / "statsd-0.9.0"
    with files.locked(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            argv = ["npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"]
            made = subprocess.run(
                [*argv, "--prefix", folder, "statsd@0.9.0"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if made.returncode:
                pytest.skip(
                    f"ring graphite: npm cannot fetch StatsD: {made.stderr.strip().splitlines()[-1:]}"
                )
            (folder / "complete").touch()
    return folder / "node_modules" / "statsd" / "stats.js"


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    """Every test has a state folder of its own."""
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signed itself: a folder with cert.pem and key.pem."""
    folder = tmp_path_factory.mktemp("tls")
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    out = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    try:
        subprocess.run([*words, *names, *out], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed; apt-get install openssl")
    return folder


@pytest.fixture
def on_small_disk(tmp_path):
    """Run Python code with a disk of that size: its first word is the disk, the others are given; gives its output."""
    from sfcci import command

    def ran(size, code, *words):
        disk, script = tmp_path / "disk", tmp_path / "on_small_disk.py"
        disk.mkdir()
        script.write_text(code)
        words = " ".join(str(word) for word in (sys.executable, script, disk, *words))
        program = f"mount -t tmpfs -o size={size} none {disk} || exit 77; exec {words}"
        for way in command.unshare_ways() if shutil.which("unshare") else ():
            argv = ["unshare", *way, "--mount", "sh", "-c", program]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode != 77:
                break
        else:
            pytest.skip("no file system can be mounted here")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ran
