"""`sfcci package check`: differences, lints and pkgcheck in one answer; Manifests against files, without touching them."""

import hashlib
import json
import shutil

import pytest
from click.testing import CliRunner

from sfcci import command
from sfcci.cli.package import package
from sfcci.errors import InputError, MissingTool
from sfcci.package import stand_in
from sfcci.package.overlay_lint import lint_overlay

from .conftest import DESCRIPTION, WELL_FILES, make_project

SDIST = b"octets\n"
LINE = f"DIST x-1.tar.gz {len(SDIST)} BLAKE2B {hashlib.blake2b(SDIST).hexdigest()} SHA512 {hashlib.sha512(SDIST).hexdigest()}\n"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of one component that lies in it, rendered, as a folder to call the command in."""
    project = make_project(tmp_path / "project")
    for name, text in WELL_FILES.items():
        (project / "code" / name).write_text(text)
    description = DESCRIPTION.replace("[source]", '[source]\ngit = "https://sample.example.org/sample.git"')
    (project / "packaging" / "sample.toml").write_text(description)
    monkeypatch.setenv("SFCCI_PROJECT", str(project))
    assert asked("render").exit_code == 0
    return project


def asked(*words):
    return CliRunner().invoke(package, words, catch_exceptions=False)


def told(*words):
    return json.loads(asked("check", "--json", *words).stdout)


def spoil(project, text="src_test() {\n\tuse zebra\n}\n"):
    """Add a function to the live ebuild; give its path in the project."""
    (path,) = project.glob("gentoo/*/sample/sample-9999.ebuild")
    path.write_text(path.read_text() + text)
    return str(path.relative_to(project))


def test_without_a_scan_nothing_is_started(small, monkeypatch):
    monkeypatch.setattr(command, "run", None)
    done = asked("check", "--no-scan")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "0 files differ; 0 regions are edited by hand",
        f"overlay: 0 errors, 0 warnings; judged by our own lints alone against {told('--no-scan')['master']}",
    ]
    assert small.is_dir()


def test_differences_and_lints_come_together(small):
    path = spoil(small)
    done = asked("check", "--no-scan")
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[0].startswith(f"{path}:")
    assert lines[0].endswith(": error: is not what packaging/ renders [FileDrift]")
    assert "1 files differ; 0 regions are edited by hand" in lines
    assert (
        f"{path}:{len((small / path).read_text().splitlines()) - 1}: error: use asks for the flag zebra"
        in done.output
    )
    assert lines[-1].startswith("overlay: 1 errors, 0 warnings; judged by our own lints alone")


def test_findings_of_other_packages_are_left_out_when_one_is_named(small):
    spoil(small)
    shutil.copytree(next(small.glob("gentoo/*/sample")), small / "gentoo" / "dev-python" / "other")
    keywords = {f["keyword"] for f in told("--no-scan", "sample")["findings"]}
    assert keywords == {"FileDrift", "UseNotInIuse"}
    assert "InvalidEbuildName" in {f["keyword"] for f in told("--no-scan")["findings"]}


def test_warnings_count_when_that_is_asked(small):
    (small / "gentoo" / "profiles" / "package.mask").write_text("# why\ndev-python/nothing\n")
    report = told("--no-scan", "sample")
    assert [(f["keyword"], f["severity"]) for f in report["findings"]] == [("MaskUnused", "warning")]
    assert asked("check", "--no-scan", "sample").exit_code == 0
    assert asked("check", "--no-scan", "sample", "--strict").exit_code == 1


def test_what_was_found_is_told_before_a_missing_program_ends_the_check(small, monkeypatch):
    path = spoil(small)

    def find(name):
        raise MissingTool(f"{name} is not installed", "apt-get install it")

    monkeypatch.setattr(command, "find", find)
    done = CliRunner().invoke(package, ["check"])
    assert isinstance(done.exception, MissingTool)
    assert f"{path}:" in done.output


def test_a_project_without_an_overlay_is_told_what_is_missing(small):
    shutil.rmtree(small / "gentoo")
    report = told()
    assert report["master"] is None
    assert {f["keyword"] for f in report["findings"]} == {"FileMissing"}


def test_a_master_that_is_none_is_named(small, tmp_path):
    with pytest.raises(InputError, match="is no Gentoo repository"):
        asked("check", "--no-scan", "--gentoo-repo", str(tmp_path))
    assert small.is_dir()


@pytest.mark.distro
@pytest.mark.usefixtures("small")
def test_a_scan_says_that_pkgcheck_judged():
    report = told()
    assert report["scanned"] is True
    assert {f["severity"] for f in report["findings"]} <= {"warning"}
    assert report["minimal"] is not ("gentoo at" in report["master"])


@pytest.fixture
def fetched(tmp_path):
    """Judge a Manifest with a distfile: give what is found, and what lies in the folder afterwards."""

    def judge(manifest, data=SDIST, folder="distfiles"):
        package_folder = tmp_path / "overlay" / "dev-python" / "x"
        package_folder.mkdir(parents=True)
        (package_folder / "x-1.ebuild").write_text("")
        (package_folder / "Manifest").write_text(manifest)
        place = tmp_path / folder
        place.mkdir(parents=True)
        if data is not None:
            (place / "x-1.tar.gz").write_bytes(data)
        found = lint_overlay(
            tmp_path / "overlay", stand_in.prepare_master(tmp_path / "master"), [tmp_path / "distfiles"]
        )
        assert [path.name for path in place.iterdir()] == ["x-1.tar.gz"] * (data is not None)
        return [(f.keyword, f.what) for f in found if f.keyword.startswith("Manifest")]

    return judge


@pytest.mark.parametrize("folder", ["distfiles", "distfiles/0123456789abcdef"])
def test_a_manifest_that_is_true_is_no_finding(fetched, folder):
    assert fetched(LINE + "\n", folder=folder) == []


def test_a_file_of_another_size_is_told_and_stays_where_it_is(fetched):
    what = f"x-1.tar.gz has 3 bytes, and the Manifest says {len(SDIST)}"
    assert fetched(LINE, b"abc") == [("ManifestMismatch", what)]


def test_a_file_with_other_octets_is_told_and_stays_where_it_is(fetched):
    ((keyword, what),) = fetched(LINE, SDIST.upper())
    assert keyword == "ManifestMismatch"
    assert what.startswith("x-1.tar.gz has BLAKE2B ")


def test_a_file_that_is_not_there_is_not_judged_and_that_is_said(fetched):
    assert fetched(LINE, None) == [
        ("ManifestUnproven", "1 files that Manifests name were not hashed: they are not on this machine")
    ]


@pytest.mark.parametrize(
    "line",
    [
        "DIST x-1.tar.gz\n",
        LINE.replace("DIST", "EBUILD"),
        LINE.replace("x-1", "../x-1"),
        LINE.partition(" SHA512")[0] + "\n",
    ],
)
def test_a_line_that_is_none_is_told(fetched, line):
    assert [keyword for keyword, _what in fetched(line)] == ["ManifestInvalid"]
