"""Copr as a builder: what copr-cli is told, what it prints and how it ends, what a build leaves there.

A program that stands in for copr-cli writes down how it was called, and leaves what a build of Copr leaves.
"""

import json
import sys
from dataclasses import replace

import pytest

from sfcci import command, settings
from sfcci.errors import MissingTool, ToolError, Unreachable, UsageError
from sfcci.package import copr, run
from sfcci.package.profile import HOST, profile
from sfcci.package.turn import Outcome
from sfcci.package.work import Order

STREAM = replace(profile("centos-stream-10"), python=f"{sys.version_info.major}.{sys.version_info.minor}")
"""The RPMs that are left here are for this machine's Python."""
PROJECT = "@sfc/gate"
STAND_IN = """\
#!{python}
import gzip, json, pathlib, shutil, sys
words, told = sys.argv[1:], json.loads(pathlib.Path({told!r}).read_text())
with pathlib.Path({record!r}).open("a") as record:
    print(json.dumps(words), file=record)
answer = told.get(words[0], {{}})
if words[0] == "build" and not answer:
    print("Uploading package " + words[-1], "Build was added to gate:", "  https://copr.example.org/coprs/build/77", sep="\\n")
    print("Created builds: 77")
if words[0] == "download-build":
    results = pathlib.Path(words[words.index("--dest") + 1], words[words.index("--chroot") + 1])
    results.mkdir(parents=True)
    for name in {logs!r}:
        (results / (name + ".gz")).write_bytes(gzip.compress((name + " of Copr\\n").encode())[: told.get("log octets")])
    for rpm in pathlib.Path({rpms!r}).glob("*.rpm"):
        shutil.copy(rpm, results)
print(answer.get("stderr", ""), file=sys.stderr)
sys.exit(answer.get("status", 0))
"""
LOGS = ("builder-live.log", "backend.log", "installed_pkgs.log", "root.log")


@pytest.fixture
def configured(project, tmp_path, cache_dir):
    given = {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    return settings.load(project, {**given, "SFCCI_RPM_COPR": PROJECT})


@pytest.fixture
def copr_here(tmp_path, monkeypatch):
    """A copr-cli on the path; gives the calls that it got. `told`: subcommand → how it ends."""

    def make(rpms, **told):
        program, record, answers = tmp_path / "bin" / "copr-cli", tmp_path / "calls", tmp_path / "told.json"
        program.parent.mkdir(exist_ok=True)
        answers.write_text(json.dumps(told))
        words = {"python": sys.executable, "told": str(answers), "record": str(record)}
        program.write_text(STAND_IN.format(**words, logs=LOGS, rpms=str(rpms)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{command.search_path()}")
        return lambda: [json.loads(line) for line in record.read_text().splitlines()]

    return make


@pytest.fixture
def handed(tmp_path):
    """What is handed over, and where."""
    for name in ("a.src.rpm", "a.spec"):
        (tmp_path / name).write_text(name)
    (tmp_path / "run").mkdir()

    def hand(say=lambda _text: None):
        return copr.rebuild(
            STREAM, PROJECT, tmp_path / "a.src.rpm", tmp_path / "a.spec", tmp_path / "run", say
        )

    return hand


@pytest.mark.distro
def test_packages_built_by_copr_are_checked_and_kept_apart(configured, copr_here):
    (built,) = run.build_packages(configured, lambda _text: None, Order(write_specs=True)).components
    calls = copr_here(built.source_rpm.parent)
    said = []
    order = Order(profile=STREAM, builder="copr")
    report = run.build_packages(configured, said.append, order)
    (one,) = report.components
    assert (one.outcome, one.error, report.exit_status) == (Outcome.BUILT, "", 0)
    build, watch, download = calls()
    assert build[:5] == ["build", "--nowait", "--chroot", build[3], PROJECT]
    assert build[3].startswith("centos-stream-10-")
    assert build[5].endswith("/sample-1.0-2.el10.src.rpm")
    assert watch == ["watch-build", "77"]
    assert download[-3:] == ["--chroot", build[3], "77"]
    assert "waiting for Copr's build https://copr.example.org/coprs/build/77" in said
    assert one.log.read_text() == "builder-live.log of Copr\n"
    assert report.places == (f"built by Copr in {PROJECT}: {build[3]}",)
    (provenance,) = one.source_rpm.parent.glob("*.provenance.json")
    assert '/builders/copr"' in provenance.read_text()
    assert one.source_rpm.parent.is_relative_to(configured.state / "profiles" / "centos-stream-10")


@pytest.mark.distro
def test_a_build_that_fails_at_copr_is_told_with_its_address_and_its_log(configured, copr_here, tmp_path):
    failed = {"status": 4, "stderr": "Build error: Build(s) 77 failed."}
    copr_here(tmp_path / "none", **{"watch-build": failed})
    order = Order(profile=STREAM, builder="copr", write_specs=True)
    (one,) = run.build_packages(configured, lambda _text: None, order).components
    assert one.outcome is Outcome.FAILED
    assert "the build failed: https://copr.example.org/coprs/build/77" in one.findings[0].what
    assert "builder-live.log of Copr" in one.findings[0].what
    assert one.log.read_text() == "builder-live.log of Copr\n"


@pytest.mark.parametrize(
    ("told", "error", "says"),
    [
        ({"build": {"status": 6, "stderr": "Error: Copr configuration error."}}, MissingTool, "log in"),
        ({"build": {"status": 7, "stderr": "Error: Operation requires API authentication."}}, MissingTool, "log in"),
        (
            {"build": {"status": 1, "stderr": "Something went wrong:\nError: Project gate does not exist"}},
            Unreachable,
            "Project gate does not exist; see that the project is there",
        ),
        ({"build": {"status": 0, "stderr": "?"}}, ToolError, "which build"),
        ({"watch-build": {"status": 1, "stderr": "Error: 502"}}, Unreachable, "502"),
        ({}, ToolError, "no whole build"),
        ({"log octets": 30}, Exception, "no whole log"),
    ],
)  # fmt: skip
def test_what_goes_wrong_there_is_one_clear_error(copr_here, handed, tmp_path, told, error, says):
    copr_here(tmp_path / "none", **told)
    with pytest.raises(error, match=says):
        handed()


def test_without_copr_cli_a_chroot_or_a_project_the_remedy_is_told(monkeypatch):
    with pytest.raises(UsageError, match="--profile centos-stream-10"):
        copr.require_copr(HOST, PROJECT)
    with pytest.raises(UsageError, match=r"none is set; set \[rpm\] copr"):
        copr.require_copr(STREAM, "")
    with pytest.raises(UsageError, match="'--help' is none"):
        copr.require_copr(STREAM, "--help")
    monkeypatch.setattr(command, "available", lambda _program: False)
    with pytest.raises(MissingTool, match=r"copr-cli build @sfc/gate SRPM"):
        copr.require_copr(STREAM, PROJECT)
