"""`sfcci package list|show|new|bump|render|check`, on a project of its own and an index that is a folder."""

import json

import pytest
from click.testing import CliRunner

from sfcci.cli.package import package
from sfcci.errors import InputError, Unreachable, UsageError
from sfcci.package import tree

LIBRARY = """\
# A sample; why it is packaged stands here.
name = "sample"
version = "1.0"
license = "MIT"
homepage = "https://sample.example.org"
kind = "library"
modules = ["sample"]

[source]
sha256 = "{sha256}"

[gentoo]
overlay = false

[[changelog]]
date = 2026-10-01
release = 1
version = "1.0"
changes = ["First package"]
"""


@pytest.fixture
def own(configured_project, links, monkeypatch):
    """A project with one library from the index, at 1.0; 1.1 asks for other things."""
    import hashlib

    monkeypatch.setenv("SFCCI_PROJECT", str(configured_project.project))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(configured_project.cache))
    first = links("1.0")
    links("1.1", requires=("packaging>=24", "oslo.config>=8"))
    description = configured_project.project / "packaging" / "sample.toml"
    description.write_text(LIBRARY.format(sha256=hashlib.sha256(first.read_bytes()).hexdigest()))
    return configured_project.project


def asked(*words):
    return CliRunner().invoke(package, words, catch_exceptions=False)


def told(*words):
    return json.loads(asked(*words, "--json").stdout)


@pytest.mark.usefixtures("own")
def test_what_is_newer_on_the_index_is_listed():
    (row,) = told("list")
    assert row == {
        "name": "sample",
        "version": "1.0",
        "kind": "library",
        "source": "sample-1.0.tar.gz",
        "pipeline": True,
    }
    (row,) = told("list", "--outdated")
    assert (row["newest"], row["outdated"]) == ("1.1", True)
    assert "1.1" in asked("list", "--outdated").stdout


@pytest.mark.usefixtures("own")
def test_an_index_that_cannot_be_asked_is_said_and_the_list_is_still_there(monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    done = asked("list", "--outdated")
    assert done.exit_code == 3
    assert "not known" in done.stdout
    assert "check the network and pip's index" in done.stderr
    assert told("list", "--outdated")[0]["newest"] is None


@pytest.mark.usefixtures("own")
def test_a_component_is_shown_with_its_names_and_its_requirements_in_other_words():
    known = told("show", "sample")
    assert known["rpm"]["packages"] == ["python3-sample"]
    assert known["requirements"] == [
        {
            "requirement": "packaging>=20",
            "rpm": "python3dist(packaging) >= 20",
            "rpm_package": "python3-packaging",
            "gentoo": [">=dev-python/packaging-20"],
            "why": "",
        }
    ]
    assert "python3dist(packaging) >= 20" in asked("show", "sample").stdout


def test_a_bump_changes_the_description_in_place_and_tells_what_is_required_now(own):
    path = own / "packaging" / "sample.toml"
    before = path.read_text()
    dry = asked("bump", "sample", "1.1", "--dry-run")
    assert path.read_text() == before
    assert "changed  run: packaging>=20 -> packaging>=24\n" in dry.stdout
    done = told("bump", "sample")
    assert (done["before"], done["after"], done["written"]) == ("1.0", "1.1", True)
    assert [(c["kind"], c["project"]) for c in done["requirements"]] == [
        ("added", "oslo-config"),
        ("changed", "packaging"),
    ]
    text = path.read_text()
    assert text.startswith("# A sample; why it is packaged stands here.\n")
    assert 'version = "1.1"\nchanges = ["Version 1.1"]' in text
    assert asked("render").exit_code == 0
    assert "Version:        1.1" in (own / "rpm" / "python-sample.spec").read_text()
    with pytest.raises(UsageError, match=r"sample is at 1\.1 already"):
        asked("bump", "sample", "1.1")


def test_a_release_that_the_description_does_not_fit_is_refused_and_nothing_is_written(own, links):
    path = own / "packaging" / "sample.toml"
    links("2.0")
    path.write_text(
        path.read_text() + '\n[tests]\nrunner = "pytest"\nrequirements = "test-requirements.txt"\n'
    )
    before = path.read_text()
    with pytest.raises(InputError, match=r"the source has no test-requirements\.txt"):
        asked("bump", "sample", "2.0")
    assert path.read_text() == before
    assert [p.name for p in path.parent.iterdir()] == ["sample.toml"]


def test_a_description_that_changed_meanwhile_is_not_overwritten(own):
    import datetime as dt

    from sfcci import settings
    from sfcci.package import revise

    configured = settings.load(own)
    prepared = revise.prepared_bump(configured, "sample", "1.1", dt.date(2026, 11, 21), lambda _text: None)
    path = own / "packaging" / "sample.toml"
    path.write_text(path.read_text().replace('"library"', '"application"'))
    with pytest.raises(UsageError, match="was changed meanwhile"):
        revise.apply(configured, prepared)
    assert '"application"' in path.read_text()


def test_a_new_description_is_begun_filled_in_and_rendered(own):
    (own / "packaging" / "sample.toml").unlink()
    done = asked("new", "sample", "--version", "1.1")
    assert done.exit_code == 1
    path = own / "packaging" / "sample.toml"
    for field, value in (
        ("homepage", '"https://sample.example.org"'),
        ("kind", '"library"'),
        ("modules", '["sample"]'),
    ):
        assert f"fill in: {field} = " in done.stdout
        lines = [
            f"{field} = {value}" if line.startswith(field) else line for line in path.read_text().splitlines()
        ]
        with pytest.raises(InputError, match="is not filled in"):
            asked("render")
        path.write_text("\n".join(lines) + "\n")
    assert asked("render").exit_code == 0
    with pytest.raises(
        UsageError, match="is there already; take it to another version with: sfcci package bump"
    ):
        asked("new", "sample")


@pytest.mark.usefixtures("own")
def test_an_sdist_of_ones_own_begins_a_description(archive):
    from .conftest import PKG_INFO

    text = PKG_INFO.replace("sample", "other", 1).replace("Name: sample", "Name: other")
    path = archive(("other-1.0/PKG-INFO", text), name="other-1.0.tar.gz")
    done = asked("new", str(path), "--dry-run")
    assert 'name = "other"' in done.stdout
    with pytest.raises(InputError, match=r"nowhere\.tar\.gz: No such file"):
        asked("new", "nowhere.tar.gz")


def test_drift_and_what_is_edited_by_hand_are_told_and_rendering_keeps_it(own):
    asked("render")
    first, second = asked("check", "--no-scan").output.splitlines()
    assert first == "0 files differ; 0 regions are edited by hand"
    assert second.startswith("overlay: 0 errors, 0 warnings; judged by our own lints alone against ")
    spec = own / "rpm" / "python-sample.spec"
    line = "BuildArch:      noarch\n"
    spec.write_text(
        spec.read_text().replace(line, f"{line}# by hand: it crashes\nPatch0: x.patch\n# end by hand\n")
    )
    kept = spec.read_text()
    assert asked("check", "--no-scan").exit_code == 0
    assert told("check", "--no-scan")["findings"][0]["message"] == "by hand: it crashes"
    spec.write_text(kept.replace("MIT", "BSD"))
    (own / "rpm" / "stray.spec").touch()
    assert [f["keyword"] for f in told("check", "--no-scan")["findings"]] == [
        "FileDrift",
        "FileStray",
        "HandEdited",
    ]
    asked("render")
    assert spec.read_text() == kept


def test_a_patch_that_a_region_names_belongs_to_the_spec(own):
    asked("render")
    spec = own / "rpm" / "python-sample.spec"
    line = "BuildArch:      noarch\n"
    region = "# by hand: it crashes\nPatch0:         fix.patch\n# end by hand\n"
    spec.write_text(spec.read_text().replace(line, line + region))
    (own / "rpm" / "fix.patch").touch()
    assert asked("check", "--no-scan").exit_code == 0
    assert tree.beside(own, {"rpm/python-sample.spec": spec.read_text()}) == (own / "rpm" / "fix.patch",)
    (own / "rpm" / "fix.patch").unlink()
    with pytest.raises(InputError, match=r"rpm/python-sample.spec: fix.patch does not lie beside it"):
        tree.beside(own, {"rpm/python-sample.spec": spec.read_text()})


def test_a_spec_that_is_no_text_is_not_rendered_over(own):
    asked("render")
    spec = own / "rpm" / "python-sample.spec"
    spec.write_bytes(b"\xff" + spec.read_bytes())
    with pytest.raises(InputError, match="byte 0 is not UTF-8"):
        asked("render")
    assert spec.read_bytes().startswith(b"\xff")


def test_a_hostile_or_wrong_sdist_changes_nothing(own, tmp_path):
    asked("render")
    spec = own / "rpm" / "python-sample.spec"
    before = spec.read_text()
    for path in tmp_path.rglob("sample-1.0.tar.gz*"):
        path.unlink()
    (tmp_path / "links" / "sample-1.0.tar.gz").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"the package index gives sample-1\.0\.tar\.gz with SHA-256"):
        asked("render")
    (tmp_path / "links" / "sample-1.0.tar.gz").unlink()
    with pytest.raises(Unreachable, match=r"it has sample-1\.1\.tar\.gz"):
        asked("render")
    assert spec.read_text() == before
    left = [path for path in own.rglob("*") if path.is_file()]
    assert {path.suffix for path in left} <= {".spec", ".toml", ".conf", ""}, left


def test_the_unit_of_the_projects_own_service_starts_a_command_that_there_is():
    import shlex
    from pathlib import Path

    from sfcci.cli.preview import preview
    from sfcci.cli.preview_serve import serve

    unit = Path(__file__).parents[2] / "packaging" / "sfcci" / "sfcci-preview.service"
    (start,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    program, group, name, *words = shlex.split(start.removeprefix("ExecStart="))
    assert (program, group, name) == ("/usr/bin/sfcci", preview.name, serve.name)
    assert serve.make_context("serve", words).params["port"] == 8790


@pytest.fixture
def begun(own):
    """Beside the sample, a description that somebody has begun."""
    text = LIBRARY.replace('"sample"', '"half"', 1).replace('"MIT"', '"FILL IN: an SPDX licence expression"')
    (own / "packaging" / "half.toml").write_text(text.replace('["sample"]', '["FILL IN: the modules"]'))
    return own


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--outdated"),
        ("show", "sample"),
        ("render", "sample"),
        ("check", "sample", "--no-scan"),
        ("rpm", "--spec-only", "sample"),
        ("manifest", "sample"),
        ("bump", "sample", "1.1"),
    ],
    ids=" ".join,
)
def test_a_description_that_is_not_filled_in_is_told_and_stops_no_work_on_another(begun, words):
    if words[0] == "check":
        asked("render", "sample")
    done = asked(*words)
    assert done.exit_code == 0, done.output
    assert done.stderr == (
        f"warning: {begun}/packaging/half.toml is left out until it is filled in: license (line 4), modules[0] (line 7)\n"
    )
    assert "half" not in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("render",),
        ("check",),
        ("rpm", "--spec-only"),
        ("manifest",),
        ("verify",),
        ("show", "half"),
        ("render", "half"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("begun")
def test_a_description_that_is_not_filled_in_is_refused_where_it_is_meant_too(words):
    with pytest.raises(InputError) as caught:
        asked(*words)
    (licence, _modules) = caught.value.faults
    assert str(licence).endswith(
        "half.toml:4:1: license: is not filled in; expected an SPDX licence expression"
    )
