"""The overlay as pkgcheck sees it, and the command that renders and checks it."""

import dataclasses
import json
import os
import re
import shutil
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import command, settings
from sfcci.cli.package_ebuild import ebuild
from sfcci.errors import InputError, MissingTool, ToolError
from sfcci.finding import Severity
from sfcci.package import overlay, pkgcheck, stand_in
from sfcci.package.catalogue import load_catalogue

REPOSITORY = Path(__file__).parents[2]
PACKAGE = Path("sys-cluster/networking-sfc")
RELEASE = "networking-sfc-23.0.0.ebuild"


def copy_of_gentoo(folder, *packages):
    """Settings of a project with a copy of our overlay, whole or with some packages."""
    shutil.copytree(REPOSITORY / "gentoo", folder / "gentoo")
    for path in folder.glob("gentoo/*/*/metadata.xml"):
        if packages and path.parent.name not in packages:
            shutil.rmtree(path.parent)
    if packages:
        (folder / "gentoo" / "profiles" / "package.mask").unlink(missing_ok=True)
    return dataclasses.replace(settings.load(REPOSITORY), project=folder)


@pytest.fixture
def project(tmp_path):
    """A project with a part of our overlay, and settings for it."""
    return copy_of_gentoo(tmp_path, "networking-sfc", "sfcci")


@pytest.mark.distro
def test_neither_pkgcheck_nor_a_lint_has_an_error_or_a_warning_for_our_overlay(tmp_path):
    report = overlay.scan_overlay(copy_of_gentoo(tmp_path))
    assert [str(f) for f in report.findings if f.severity is not Severity.INFO] == []


@pytest.mark.distro
def test_the_report_says_against_what_was_checked_and_what_gentoo_lacks(project):
    report = overlay.scan_overlay(project)
    if not report.minimal:
        pytest.skip("this machine has ::gentoo")
    assert report.master.startswith("the minimal master of sfcci (stand-ins of 20")
    lacking = {f.what.split()[0]: f for f in report.findings if f.keyword == "NotInGentoo"}
    assert {"dev-python/graphyte", "dev-python/neutron-lib", "sys-cluster/neutron"} <= set(lacking)
    assert set(lacking) <= set(stand_in.absent())
    assert {f.severity for f in report.findings} == {Severity.WARNING}
    place = lacking["sys-cluster/neutron"].place
    line = (project.project / place.path).read_text().splitlines()[place.line - 1]
    assert ">=sys-cluster/neutron-27.0.0_beta1" in line


@pytest.mark.distro
def test_a_version_that_gentoo_cannot_express_is_a_finding_and_the_rest_is_checked(project):
    folder = project.project / "gentoo" / PACKAGE
    shutil.copy(folder / RELEASE, folder / "networking-sfc-23.0.0rc1.ebuild")
    found = [f for f in overlay.scan_overlay(project).findings if f.keyword != "NotInGentoo"]
    assert [f.keyword for f in found] == ["InvalidEbuildName"]
    assert found[0].place.path == f"gentoo/{PACKAGE}/networking-sfc-23.0.0rc1.ebuild"


@pytest.mark.distro
def test_the_check_writes_nothing_into_the_overlay(project):
    before = sorted(project.project.rglob("*"))
    overlay.scan_overlay(project)
    assert sorted(project.project.rglob("*")) == before


@pytest.mark.distro
def test_two_checks_at_once_do_not_disturb_each_other(tmp_path):
    (tmp_path / "good").mkdir()
    (tmp_path / "bad").mkdir()
    good, bad = (copy_of_gentoo(tmp_path / name, "networking-sfc", "sfcci") for name in ("good", "bad"))
    spoilt = bad.project / "gentoo" / PACKAGE / RELEASE
    spoilt.write_text(spoilt.read_text().replace("pbr-4.0.0", "pbr-4000"))
    reports = {}

    def check(name, made):
        reports[name] = {f.keyword for f in overlay.scan_overlay(made).findings}

    threads = [threading.Thread(target=check, args=pair) for pair in (("good", good), ("bad", bad))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "NonexistentDeps" in reports["bad"]
    assert "NonexistentDeps" not in reports["good"]


@pytest.mark.distro
def test_a_tree_that_is_given_takes_the_place_of_the_minimal_master(project, tmp_path):
    tree = stand_in.prepare_master(tmp_path)
    shutil.rmtree(tree / "sys-cluster")
    given = dataclasses.replace(project, gentoo=settings.Gentoo(repo=str(tree)))
    report = overlay.scan_overlay(given)
    assert report.master == f"::gentoo at {tree}"
    assert not report.minimal
    assert "NonexistentDeps" in {f.keyword for f in report.findings}
    assert "NotInGentoo" not in {f.keyword for f in report.findings}


@pytest.mark.distro
def test_relative_folders_in_the_settings_work(project, tmp_path, cache_dir, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "environments").symlink_to(cache_dir / "environments")
    stand_in.prepare_master(tmp_path).rename(tmp_path / "tree")
    given = dataclasses.replace(project, cache=Path("cache"), gentoo=settings.Gentoo(repo="tree"))
    assert [f for f in overlay.scan_overlay(given).findings if f.severity is not Severity.INFO] == []


@pytest.mark.distro
def test_pkgcheck_that_breaks_down_is_told_in_its_own_words(project, tmp_path):
    tree = stand_in.prepare_master(tmp_path)
    (tree / "metadata" / "layout.conf").write_text("masters = nosuch\n")
    given = dataclasses.replace(project, gentoo=settings.Gentoo(repo=str(tree)))
    with pytest.raises(ToolError, match="couldn't find repo"):
        overlay.scan_overlay(given)


def test_a_master_that_is_none_is_named(project, tmp_path):
    (tmp_path / "empty").mkdir()
    given = dataclasses.replace(project, gentoo=settings.Gentoo(repo=str(tmp_path / "empty")))
    with pytest.raises(
        InputError, match=r"empty: is no Gentoo repository; expected a folder with profiles/repo_name"
    ):
        overlay.scan_overlay(given)


def test_a_master_that_is_another_repository_is_named(project, tmp_path):
    (tmp_path / "guru" / "profiles").mkdir(parents=True)
    (tmp_path / "guru" / "profiles" / "repo_name").write_text("guru\n")
    given = dataclasses.replace(project, gentoo=settings.Gentoo(repo=str(tmp_path / "guru")))
    with pytest.raises(InputError, match=r"guru: is the repository guru; expected gentoo"):
        overlay.scan_overlay(given)


def test_a_project_without_an_overlay_is_told(tmp_path):
    with pytest.raises(InputError, match="gentoo: is no Gentoo repository"):
        overlay.scan_overlay(dataclasses.replace(settings.load(REPOSITORY), project=tmp_path))


def test_what_cannot_be_read_is_named(project):
    os.mkfifo(project.project / "gentoo" / "pipe")
    with pytest.raises(
        InputError, match=r"gentoo/pipe: .* is a named pipe; expected a file that can be read"
    ):
        overlay.scan_overlay(project)


@pytest.mark.parametrize("program", pkgcheck.PROGRAMS)
def test_a_missing_program_is_named_before_anything_is_made(project, tmp_path, monkeypatch, program):
    def find(name):
        if name == program:
            raise MissingTool(f"{name} is not installed")
        return name

    monkeypatch.setattr(command, "find", find)
    given = dataclasses.replace(project, cache=tmp_path / "cache")
    with pytest.raises(MissingTool, match=f"{program} is not installed"):
        overlay.scan_overlay(given)
    assert not (tmp_path / "cache" / "environments").exists()


def test_a_report_of_pkgcheck_becomes_findings():
    report = (
        "warning\u241fEbuildUnquotedVariable\u241fsys-cluster\u241fx\u241f1.0\u241f\u241f(12, 14)\u241funquoted variable\n ${D}\u241e\n"
        "error\u241fPkgBadlyFormedXml\u241fsys-cluster\u241fx\u241f\u241f\u241f\u241fnot well-formed\u241e\n"
        "style\u241fTrailingEmptyLine\u241fsys-cluster\u241fx\u241f1.0\u241f7\u241f\u241fempty line\u241e\n"
        "error\u241fProfileError\u241f\u241f\u241f\u241f\u241f\u241fbroken\u241e\n"
    )
    assert [str(f) for f in pkgcheck.findings(report)] == [
        "sys-cluster/x/x-1.0.ebuild:12: warning: unquoted variable ${D} [EbuildUnquotedVariable]",
        "sys-cluster/x: error: not well-formed [PkgBadlyFormedXml]",
        "sys-cluster/x/x-1.0.ebuild:7: warning: empty line [TrailingEmptyLine]",
        ".: error: broken [ProfileError]",
    ]


def test_a_report_of_nothing_is_no_finding():
    assert pkgcheck.findings("\n") == ()


def test_each_stand_in_says_what_it_stands_for():
    texts = {s.package: stand_in.ebuild_text(s) for s in stand_in.stand_ins()}
    assert texts["dev-python/oslo-log"].startswith(
        "# Stands for dev-python/oslo-log-8.3.1, which ::gentoo had in 2026-08.\n"
    )
    for package, text in texts.items():
        assert text.startswith("# NOT IN ::gentoo") == (package in stand_in.absent())


def test_a_stand_in_with_a_revision_or_a_slot_is_named_as_in_gentoo():
    known = {one.package: one for one in stand_in.stand_ins()}
    routes, psycopg = known["dev-python/routes"], known["dev-python/psycopg"]
    assert (routes.version, routes.path) == (
        "2.5.1-r2",
        "dev-python/routes/routes-2.5.1-r2.ebuild",
    )
    assert (psycopg.version, psycopg.slot) == ("2.9.13", "2")
    assert all(re.fullmatch(r"[\w+-]+/[\w+-]+", one.package) for one in known.values())
    assert all(re.fullmatch(r"\d[\w.]*(-r\d+)?", one.version) for one in known.values())


def test_the_minimal_master_is_written_once_and_whole(tmp_path):
    first = stand_in.prepare_master(tmp_path)
    written = {str(p.relative_to(first)): p.read_text() for p in first.rglob("*") if p.is_file()}
    texts = stand_in.master_files()
    assert written == texts | stand_in.metadata_files(texts)
    stamp = (first / "profiles").stat().st_mtime_ns
    assert stand_in.prepare_master(tmp_path) == first
    assert (first / "profiles").stat().st_mtime_ns == stamp
    assert list(tmp_path.iterdir()) == [first]


def test_a_half_written_master_is_no_master(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "rename", lambda _self, _target: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        stand_in.prepare_master(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of one component that lies in it, as a folder to call the command in."""
    (tmp_path / "packaging").mkdir()
    shutil.copy(REPOSITORY / "packaging" / "sfcci.toml", tmp_path / "packaging")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    (component,) = load_catalogue(tmp_path / "packaging")
    for name in component.source_files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    monkeypatch.setenv("SFCCI_PROJECT", str(tmp_path))
    return tmp_path


def call(*words):
    return CliRunner().invoke(ebuild, words)


@pytest.mark.distro
def test_the_command_renders_an_overlay_that_passes_and_then_has_nothing_to_do(small):
    first = call()
    assert first.exit_code == 0
    assert "wrote gentoo/sys-cluster/sfcci/sfcci-9999.ebuild\n" in first.output
    assert "checked by pkgcheck against " in first.output
    for path in ("sys-cluster/sfcci/sfcci-9999.ebuild", "metadata/layout.conf"):
        assert (small / "gentoo" / path).read_text() == (REPOSITORY / "gentoo" / path).read_text()
    again = json.loads(call("--json").output)
    assert again["written"] == []
    assert {f["severity"] for f in again["findings"]} <= {"warning"}


@pytest.mark.distro
def test_the_command_tells_drift_and_writes_nothing_when_it_only_checks(small):
    call()
    changed = small / "gentoo/sys-cluster/sfcci/sfcci-9999.ebuild"
    changed.write_text(changed.read_text().replace("EAPI=8", "EAPI=8 "))
    (small / "gentoo/sys-cluster/sfcci/metadata.xml").unlink()
    (small / "gentoo/sys-cluster/sfcci/sfcci-0.1.ebuild").write_text(changed.read_text())
    told = call("--check")
    assert told.exit_code == 1
    assert "sfcci-9999.ebuild:4: error: is not what packaging/ renders [FileDrift]" in told.output
    assert "metadata.xml: error: is not there [FileMissing]" in told.output
    assert "sfcci-0.1.ebuild: error: belongs to no component of packaging/ [FileStray]" in told.output
    assert "EAPI=8 \n" in changed.read_text()


@pytest.mark.usefixtures("small")
def test_the_command_knows_its_components():
    assert "did you mean sfcci?" in str(call("sfci").exception)
