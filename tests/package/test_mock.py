"""mock as a builder, which this machine may lack: its argv, its configuration, what it takes and what it leaves.

A program that stands in for mock writes down how it was called and leaves what a recorded run of mock left; that the source RPM is
enough for it is tried with the real rpmbuild, in the steps in which mock calls it.
"""

import hashlib
import json
import shutil
import sys
from dataclasses import replace

import pytest

from sfcci import command, settings
from sfcci.errors import MissingTool, ToolError, UsageError
from sfcci.package import mock, rpmbuild, run
from sfcci.package.build import enter, inner_environment, make_ready, workspace
from sfcci.package.catalogue import load_catalogue
from sfcci.package.hosts import Hosts
from sfcci.package.profile import HOST, PROFILES, profile
from sfcci.package.turn import Outcome
from sfcci.package.work import NORMAL, Order, prepared_work

from .conftest import skip_without_network

STREAM = profile("centos-stream-10")
LOGS = ("build.log", "hw_info.log", "installed_pkgs.log", "root.log", "state.log")
"""What mock 6 leaves beside the RPMs."""
CONFIG = """\
# CentOS Stream 10 and RDO, for packages that sfcci builds
include('centos-stream-10-x86_64.cfg')
config_opts['root'] = 'sfcci-centos-stream-10-x86_64'
config_opts['rpmbuild_networking'] = False
config_opts['macros']['%_buildhost'] = 'localhost'
config_opts['macros']['%source_date_epoch_from_changelog'] = '1'
config_opts['macros']['%use_source_date_epoch_as_buildtime'] = '1'
config_opts['macros']['%clamp_mtime_to_source_date_epoch'] = '1'
"""
STAND_IN = """\
#!{python}
import json, pathlib, shutil, sys
words = sys.argv[1:]
results = pathlib.Path(words[words.index("--resultdir") + 1])
config = pathlib.Path(words[words.index("--root") + 1])
source = pathlib.Path(words[-1])
pathlib.Path({record!r}).write_text(json.dumps({{"argv": words, "config": config.read_text()}}))
for name in {logs!r}:
    (results / name).write_text(f"{{name}} of mock\\n")
shutil.copy(source, results)
for rpm in pathlib.Path({rpms!r}).glob("*.noarch.rpm"):
    shutil.copy(rpm, results)
sys.exit({status})
"""


def test_the_configuration_of_a_chroot():
    assert mock.chroot_config(STREAM, arch="x86_64") == CONFIG
    with_packages = mock.chroot_config(STREAM, "file:///srv/our's", "x86_64")
    opts = {"macros": {}, "dnf.conf": "[main]\n"}
    included = []
    exec(with_packages, {"config_opts": opts, "include": included.append})  # noqa: S102 - as mock reads it
    assert included == ["centos-stream-10-x86_64.cfg"]
    assert "baseurl=file:///srv/our's\n" in opts["dnf.conf"]
    assert opts["dnf.conf"].startswith("[main]\n")


def test_the_argv(tmp_path):
    argv = mock.mock_argv(
        "/usr/bin/mock", tmp_path / "c.cfg", tmp_path / "a.src.rpm", tmp_path / "out", ("doc",)
    )
    assert argv == [
        "/usr/bin/mock",
        "--root",
        f"{tmp_path}/c.cfg",
        "--resultdir",
        f"{tmp_path}/out",
        "--without",
        "doc",
        "--rebuild",
        f"{tmp_path}/a.src.rpm",
    ]


def test_what_mock_leaves_is_read_back_and_half_of_it_is_refused(tmp_path):
    for name in (*LOGS, "a-1-1.el10.src.rpm", "python3-a-1-1.el10.noarch.rpm", "a-doc-1-1.el10.noarch.rpm"):
        (tmp_path / name).write_text(name)
    built = mock.mock_results(tmp_path, tmp_path / "a.spec", 3.0)
    assert (built.source_rpm.name, built.log.name, built.duration_s) == (
        "a-1-1.el10.src.rpm",
        "build.log",
        3.0,
    )
    assert [path.name for path in built.binary_rpms] == [
        "a-doc-1-1.el10.noarch.rpm",
        "python3-a-1-1.el10.noarch.rpm",
    ]
    (tmp_path / "a-1-1.el10.src.rpm").unlink()
    with pytest.raises(ToolError, match="no whole build"):
        mock.mock_results(tmp_path, tmp_path / "a.spec")


def test_a_machine_without_mock_and_a_profile_without_a_chroot_are_said(monkeypatch):
    monkeypatch.setattr(command, "available", lambda _program: False)
    with pytest.raises(MissingTool, match=r"mock is not installed.*--builder rpmbuild"):
        mock.require_mock(STREAM)
    with pytest.raises(UsageError, match="--profile centos-stream-10"):
        mock.require_mock(HOST)


@pytest.fixture
def configured(project, tmp_path, cache_dir):
    state = {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    return settings.load(project, state)


@pytest.fixture
def mock_here(configured, tmp_path, monkeypatch):
    """A mock on the path, with the RPMs of a build by rpmbuild to leave."""
    (built,) = run.build_packages(configured, lambda _text: None, Order(write_specs=True)).components
    kept = shutil.copytree(built.source_rpm.parent, tmp_path / "kept")

    def make(status=0):
        program = tmp_path / "bin" / "mock"
        program.parent.mkdir(exist_ok=True)
        record = str(tmp_path / "record.json")
        program.write_text(
            STAND_IN.format(python=sys.executable, record=record, logs=LOGS, rpms=str(kept), status=status)
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{command.search_path()}")
        return tmp_path / "record.json"

    return make


@pytest.mark.distro
def test_packages_built_by_mock_are_checked_and_kept_apart(configured, mock_here):
    record = mock_here()
    # the RPMs that are left here are for this machine's Python
    stream = replace(STREAM, python=f"{sys.version_info.major}.{sys.version_info.minor}")
    order = Order(profile=stream, builder="mock", write_specs=True)
    report = run.build_packages(configured, lambda _text: None, order)
    (one,) = report.components
    assert (one.outcome, one.error, report.exit_status) == (Outcome.BUILT, "", 0)
    told = json.loads(record.read_text())
    assert told["argv"][-1].endswith("/sample-1.0-2.el10.src.rpm")
    assert told["config"].startswith("# CentOS Stream 10 and RDO")
    assert one.log.read_text() == "build.log of mock\n"
    assert report.places[0].startswith("built by mock: centos-stream-10-")
    (provenance,) = one.source_rpm.parent.glob("*.provenance.json")
    predicate = json.loads(provenance.read_text())["predicate"]
    assert predicate["runDetails"]["builder"]["id"].endswith("/builders/mock")
    packages = hashlib.sha256(b"installed_pkgs.log of mock\n").hexdigest()
    dependencies = predicate["buildDefinition"]["resolvedDependencies"]
    assert {"name": "build environment", "digest": {"sha256": packages}} in dependencies
    assert one.source_rpm.parent.is_relative_to(configured.state / "profiles" / "centos-stream-10")


@pytest.mark.distro
def test_a_build_that_fails_in_mock_is_told_with_its_own_log(configured, mock_here):
    mock_here(status=10)
    order = Order(profile=STREAM, builder="mock", write_specs=True)
    (one,) = run.build_packages(configured, lambda _text: None, order).components
    assert one.outcome is Outcome.FAILED
    assert "status 10 (the build failed)" in one.findings[0].what
    assert "build.log of mock" in one.findings[0].what
    assert one.log.read_text() == "build.log of mock\n"


@pytest.mark.distro
def test_the_source_rpm_alone_is_enough(configured):
    """As for mock and Copr: nothing else of the first build is there."""
    (component,) = load_catalogue(configured.project / "packaging")
    with workspace() as folder:
        hosts = Hosts(configured, folder, lambda _text: None, STREAM)
        work = prepared_work(configured, component, hosts, NORMAL, lambda _text: None)
        host = work.host
        source_rpm, _spec = rpmbuild.build_source_rpm(component, work.spec, work.sources, host)
        assert source_rpm.name == "sample-1.0-2.el10.src.rpm"
        alone = host.folder / "alone"
        alone.mkdir()
        shutil.copy(source_rpm, alone)
        shutil.rmtree(host.folder / "build")
        make_ready(host)
        defined = rpmbuild.definitions(host, alone)
        inside = str(host.inside(alone / source_rpm.name))
        argv = [*enter(host), "rpmbuild", *defined, "--rebuild", inside]
        command.run(argv, timeout_s=120, env=inner_environment(host))
        (made,) = (alone / "RPMS").rglob("*.rpm")
        assert made.name == "sample-1.0-2.el10.noarch.rpm"


def test_profiles_are_known_by_name():
    assert [one.name for one in PROFILES] == ["host", "centos-stream-10", "fedora-44"]
    assert profile("") is HOST
    with pytest.raises(UsageError, match="there are: host, centos-stream-10, fedora-44"):
        profile("fedora")


@pytest.mark.distro
@pytest.mark.parametrize("name", ["centos-stream-10", "fedora-44"])
def test_a_package_for_another_distribution_has_its_name_and_where_it_can_be_its_python(configured, name):
    wanted = profile(name)
    report = run.build_packages(configured, lambda _text: None, Order(profile=wanted, write_specs=True))
    skip_without_network(report)
    (one,) = report.components
    assert one.outcome is Outcome.BUILT
    assert f"-1.0-2{wanted.macros['dist']}.noarch.rpm" in one.binary_rpms[0].name
    warned = [finding for finding in one.findings if finding.keyword == "ProfilePython"]
    built_for = report.places[0].split("Python ")[1].split(";")[0]
    assert bool(warned) == (built_for != wanted.python)
    assert report.exit_status == 0
