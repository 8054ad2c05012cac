"""`sfcci package bump|live|mask|unmask|manifest`, on a project of its own and an index that is a folder."""

import datetime as dt
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sfcci.cli.package import package
from sfcci.errors import DiskFull, InputError, MissingTool, UsageError
from sfcci.package import revise, tree
from sfcci.package.package_mask import PRE_RELEASE

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

# Ours alone.
[gentoo]
category = "dev-misc"

[[changelog]]
date = 2026-10-01
release = 1
version = "1.0"
changes = ["First package"]
"""
FOLDER = "gentoo/dev-misc/sample"
REGION = '# by hand: upstream forgot it\nRDEPEND+=" dev-python/six[${PYTHON_USEDEP}]"\n# end by hand\n'


@pytest.fixture
def own(configured_project, links, monkeypatch):
    """A rendered project with one library from the index, at 1.0; there are 1.1 and 2.0rc1 as well."""
    monkeypatch.setenv("SFCCI_PROJECT", str(configured_project.project))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(configured_project.cache))
    first = links("1.0")
    links("1.1", requires=("packaging>=24", "oslo.config>=8.0.0rc1"))
    links("2.0.0.0rc1", requires=("packaging>=25",))
    description = configured_project.project / "packaging" / "sample.toml"
    description.write_text(LIBRARY.format(sha256=hashlib.sha256(first.read_bytes()).hexdigest()))
    asked("render")
    return configured_project.project


def asked(*words):
    return CliRunner().invoke(package, words, catch_exceptions=False)


def told(*words):
    return json.loads(asked(*words, "--json").stdout)


def ebuilds(own):
    return sorted(path.name for path in (own / FOLDER).glob("*.ebuild"))


def snapshot(own):
    return {str(p.relative_to(own)): p.read_bytes() for p in sorted(own.rglob("*")) if p.is_file()}


def is_whole():
    """Say whether nothing differs from the descriptions."""
    return "\n0 files differ" in "\n" + asked("check", "--no-scan").stdout


def in_manifest(own):
    return [line.split()[1] for line in (own / FOLDER / "Manifest").read_text().splitlines()]


def test_a_bump_brings_description_spec_ebuild_and_manifest_and_takes_the_old_ebuild_away(own):
    done = asked("bump", "sample", "1.1")
    assert done.exit_code == 0
    assert "sample 1.0 -> 1.1\n" in done.stdout
    assert "changed  run: packaging>=20 -> packaging>=24\n" in done.stdout
    assert "  - " + " " * 4 + ">=dev-python/packaging-20[${PYTHON_USEDEP}]\n" in done.stdout
    assert "  + " + " " * 4 + ">=dev-python/oslo-config-8.0.0_rc1[${PYTHON_USEDEP}]\n" in done.stdout
    assert f"removed {FOLDER}/sample-1.0.ebuild\n" in done.stdout
    assert ebuilds(own) == ["sample-1.1.ebuild"]
    assert in_manifest(own) == ["sample-1.1.tar.gz"]
    assert "Version:        1.1" in (own / "rpm/python-sample.spec").read_text()
    assert is_whole()


def test_the_old_version_is_kept_on_request_and_manifests_have_both(own):
    old = (own / FOLDER / "sample-1.0.ebuild").read_text()
    answer = told("bump", "sample", "1.1", "--keep")
    assert (answer["before"], answer["after"]) == ("1.0", "1.1")
    assert ebuilds(own) == ["sample-1.0.ebuild", "sample-1.1.ebuild"]
    assert (own / FOLDER / "sample-1.0.ebuild").read_text() == old
    assert in_manifest(own) == ["sample-1.0.tar.gz", "sample-1.1.tar.gz"]
    assert (
        '# Ours alone.\n[gentoo]\ncategory = "dev-misc"\n\n[[gentoo.versions]]\nversion = "1.0"\nsha256'
        in (own / "packaging/sample.toml").read_text()
    )
    assert is_whole()


def test_a_pre_release_comes_beside_masked_and_becomes_the_component_later(own):
    asked("bump", "sample", "2.0.0.0rc1", "--beside")
    assert ebuilds(own) == ["sample-1.0.ebuild", "sample-2.0.0_rc1.ebuild"]
    assert "KEYWORDS" not in (own / FOLDER / "sample-2.0.0_rc1.ebuild").read_text()
    mask = (own / "gentoo/profiles/package.mask").read_text()
    assert mask.endswith(f"# {PRE_RELEASE}\n=dev-misc/sample-2.0.0_rc1\n")
    assert 'version = "1.0"' in (own / "packaging/sample.toml").read_text().splitlines()
    assert "Version:        1.0\n" in (own / "rpm/python-sample.spec").read_text()
    assert is_whole()
    with pytest.raises(UsageError, match=r"the overlay has sample 2\.0\.0\.0rc1 already"):
        asked("bump", "sample", "2.0.0.0rc1", "--beside")
    asked("bump", "sample", "2.0.0.0rc1")
    assert ebuilds(own) == ["sample-2.0.0_rc1.ebuild"]
    assert "[[gentoo.versions]]" not in (own / "packaging/sample.toml").read_text()
    assert is_whole()


def test_hand_edits_go_along_to_the_new_version_and_rendering_again_changes_no_byte(own):
    old = own / FOLDER / "sample-1.0.ebuild"
    old.write_text(old.read_text() + REGION)
    asked("bump", "sample", "1.1")
    new = (own / FOLDER / "sample-1.1.ebuild").read_text()
    assert new.endswith(REGION)
    before = snapshot(own)
    assert asked("render").stdout.endswith("0 changed\n")
    assert snapshot(own) == before
    assert [f["message"] for f in told("check", "--no-scan")["findings"]] == ["by hand: upstream forgot it"]


def test_a_hand_edit_that_would_lose_its_place_stops_the_bump_before_anything_is_written(own):
    old = own / FOLDER / "sample-1.0.ebuild"
    function = "# by hand: one\nsrc_test() {\n# end by hand\n"
    old.write_text(old.read_text() + f"gone() {{\n{function}}}\n")
    before = snapshot(own)
    with pytest.raises(InputError, match=r"sample-1\.0\.ebuild:\d+: .*not rendered any more; .*move it"):
        asked("bump", "sample", "1.1")
    assert snapshot(own) == before


def test_patches_that_a_hand_edit_names_lie_in_files_and_belong_there(own):
    old = own / FOLDER / "sample-1.0.ebuild"
    (own / FOLDER / "files").mkdir()
    (own / FOLDER / "files/fix.patch").write_text("--- a\n")
    assert "FileStray" in asked("check", "--no-scan").stdout
    old.write_text(old.read_text() + '# by hand: a fix\nPATCHES=( "${FILESDIR}"/fix.patch )\n# end by hand\n')
    assert is_whole()


def test_a_dry_run_tells_and_writes_nothing(own):
    before = snapshot(own)
    for words in (
        ("bump", "sample", "1.1", "--keep"),
        ("mask", "sample", "1.0", "--reason", "Broken."),
        ("live", "sample", "https://git.example.org/sample"),
    ):
        assert asked(*words, "--dry-run").stdout.endswith("nothing written\n")
        assert snapshot(own) == before
    assert asked("bump", "sample", "--keep", "--beside").exit_code == 2


def test_a_live_ebuild_comes_from_the_address_that_is_given(own):
    with pytest.raises(UsageError, match="the source of sample names no git repository; tell its address"):
        asked("live", "sample")
    asked("live", "sample", "https://git.example.org/sample.git")
    assert ebuilds(own) == ["sample-1.0.ebuild", "sample-9999.ebuild"]
    text = (own / FOLDER / "sample-9999.ebuild").read_text()
    assert 'EGIT_REPO_URI="https://git.example.org/sample.git"\n' in text
    assert "KEYWORDS" not in text
    assert is_whole()
    assert asked("live", "sample").stdout == "nothing to do\n"
    with pytest.raises(UsageError, match=r"'sample\.git' is no git address"):
        asked("live", "sample", "sample.git")


def test_a_mask_says_why_and_can_be_lifted_and_nothing_is_left_of_it(own):
    before = snapshot(own)
    assert (
        "wrote gentoo/profiles/package.mask\n"
        in asked("mask", "sample", "1.0", "--reason", "Loses flows.").stdout
    )
    mask = (own / "gentoo/profiles/package.mask").read_text()
    assert mask.endswith(")\n# Loses flows.\n=dev-misc/sample-1.0\n")
    assert is_whole()
    asked("mask", "sample", "1.0", "--reason", "Loses more.")
    assert "Loses more." in (own / "gentoo/profiles/package.mask").read_text()
    assert "removed gentoo/profiles/package.mask\n" in asked("unmask", "sample", "1.0").stdout
    assert snapshot(own) == before


def test_a_mask_of_somebodys_own_stays_when_ours_goes(own):
    path = own / "gentoo/profiles/package.mask"
    asked("mask", "sample", "1.0", "--reason", "Loses data.")
    theirs = "# by hand: a hole\n>=dev-python/evil-6\n# end by hand\n"
    path.write_text(theirs + path.read_text())
    assert "removed" not in asked("unmask", "sample", "1.0").stdout
    assert path.read_text() == theirs
    asked("bump", "sample", "1.1")
    assert path.read_text() == theirs
    assert is_whole()


def test_of_two_revisions_at_once_the_second_is_refused_and_nothing_is_lost(own, configured_project):
    def prepared(version, reason):
        return revise.prepared_mask(
            configured_project, "sample", version, reason, dt.date(2026, 11, 1), print
        )

    asked("bump", "sample", "1.1", "--keep")
    first, second = prepared("", "Nobody looks after it."), prepared("1.0", "Loses data.")
    ebuild = own / FOLDER / "sample-1.1.ebuild"
    revise.apply(configured_project, first)
    with pytest.raises(UsageError, match="was changed meanwhile; do it again"):
        revise.apply(configured_project, second)
    third = prepared("1.0", "Loses data.")
    ebuild.write_text(ebuild.read_text() + "\n" + REGION)
    with pytest.raises(UsageError, match=r"sample-1\.1\.ebuild was changed meanwhile"):
        revise.apply(configured_project, third)
    assert REGION in ebuild.read_text()


def test_a_region_of_an_ebuild_that_goes_is_in_the_one_that_stays_or_it_does_not_go(own):
    asked("bump", "sample", "1.1", "--beside")
    old, new = (own / FOLDER / f"sample-{version}.ebuild" for version in ("1.0", "1.1"))
    old.write_text(old.read_text() + "\n" + REGION)
    with pytest.raises(InputError, match="a hand-edited region that the new version's ebuild lacks"):
        asked("bump", "sample", "1.1")
    assert REGION in old.read_text()
    new.write_text(new.read_text() + "\n" + REGION)
    asked("bump", "sample", "1.1")
    assert not old.exists()
    assert REGION in new.read_text()


def test_all_versions_are_masked_and_unmasked(own):
    before = snapshot(own)
    asked("mask", "sample", "--reason", "Nobody looks after it.")
    assert (own / "gentoo/profiles/package.mask").read_text().endswith("\ndev-misc/sample\n")
    assert is_whole()
    with pytest.raises(UsageError, match=r"sample 1\.0 is not masked on its own"):
        asked("unmask", "sample", "1.0")
    asked("unmask", "sample")
    assert snapshot(own) == before


@pytest.mark.usefixtures("own")
def test_what_cannot_be_masked_or_unmasked_is_told_with_the_next_step():
    asked("bump", "sample", "2.0.0.0rc1", "--beside")
    for version in ("2.0.0.0rc1", "2.0.0_rc1"):
        with pytest.raises(UsageError, match=r"users unmask it for themselves: =dev-misc/sample-2\.0\.0_rc1"):
            asked("unmask", "sample", version)
    with pytest.raises(UsageError, match=r"the overlay has no sample 3\.0; there is: 1\.0, 2\.0\.0\.0rc1"):
        asked("mask", "sample", "3.0", "--reason", "x")
    with pytest.raises(UsageError, match="a live ebuild has no KEYWORDS"):
        asked("mask", "sample", "9999", "--reason", "x")
    with pytest.raises(UsageError, match="sample as a whole is not masked"):
        asked("unmask", "sample")
    assert asked("mask", "sample", "1.0", "--reason", " ").exit_code == 2
    assert asked("mask", "sample", "1.0").exit_code == 2


def test_manifests_are_made_from_files_that_are_there_and_nobody_is_asked(own, monkeypatch):
    asked("bump", "sample", "1.1", "--keep")
    path = own / FOLDER / "Manifest"
    wanted = path.read_bytes()
    path.unlink()
    monkeypatch.setattr("sfcci.package.index.asking", lambda: pytest.fail("the index was asked"))
    assert asked("manifest").stdout == f"wrote {FOLDER}/Manifest\n1 Manifests with 2 distfiles, 1 changed\n"
    assert path.read_bytes() == wanted
    assert told("manifest", "sample") == {"files": [f"{FOLDER}/Manifest"], "written": []}


@pytest.mark.usefixtures("own")
def test_manifests_take_files_of_a_distdir_that_are_the_pinned_ones(tmp_path):
    for kept in tmp_path.rglob("sample-1.0.tar.gz"):
        if kept.parent.name != "links":
            kept.unlink()
    with pytest.raises(
        MissingTool, match=r"sample-1\.0\.tar\.gz is not in the cache; fetch it: sfcci package"
    ):
        asked("manifest")
    distdir = tmp_path / "links"
    assert asked("manifest", "--distdir", str(distdir)).stdout.endswith("1 distfiles, 0 changed\n")
    (distdir / "sample-1.0.tar.gz").write_bytes(b"other")
    with pytest.raises(
        InputError, match=r"sample-1\.0\.tar\.gz: has SHA-256 \w+; expected \w+, as .*sample.toml"
    ):
        asked("manifest", "--distdir", str(distdir))
    assert (distdir / "sample-1.0.tar.gz").read_bytes() == b"other", "portage would rename it; we only read"


def test_a_full_disk_leaves_the_description_and_the_old_ebuild_and_the_bump_goes_on_later(own, monkeypatch):
    old = own / FOLDER / "sample-1.0.ebuild"
    old.write_text(old.read_text() + REGION)
    description = (own / "packaging/sample.toml").read_text()

    def full(_project, _texts):
        raise DiskFull("cannot write", "no room")

    with monkeypatch.context() as patched:
        patched.setattr(tree, "write_tree", full)
        with pytest.raises(DiskFull):
            asked("bump", "sample", "1.1")
    assert (own / "packaging/sample.toml").read_text() == description
    assert old.read_text().endswith(REGION)
    asked("bump", "sample", "1.1")
    assert (own / FOLDER / "sample-1.1.ebuild").read_text().endswith(REGION)
    assert is_whole()


@pytest.mark.parametrize("stop", range(5))
def test_killed_at_any_write_a_bump_loses_no_hand_edit_and_can_be_done_again(own, stop):
    """kill -9 right before the file number `stop` takes its place."""
    old = own / FOLDER / "sample-1.0.ebuild"
    old.write_text(old.read_text() + REGION)
    script = f"""
import os, signal
from pathlib import Path
from sfcci import files
real, left = files.write_text, [{stop}]
def counted(path, text, *more, **named):
    if "packaging" in str(path) or "gentoo" in str(path) or "/rpm/" in str(path):
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return real(path, text, *more, **named)
files.write_text = counted
from sfcci.package import index
def settings():
    given = {{k: v for k, v in os.environ.items() if k.startswith("PIP_")}}
    return {{k[4:].lower().replace("_", "-"): v for k, v in given.items()}}
index.pip_settings = settings
from sfcci.cli.package import package
package(["bump", "sample", "1.1"])
"""
    killed = subprocess.run(
        [sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=False
    )
    assert killed.returncode in {-signal.SIGKILL, 0}, killed.stderr
    texts = [path.read_text() for path in (own / FOLDER).glob("*.ebuild")]
    assert any(text.endswith(REGION) for text in texts)
    if 'version = "1.1"' not in (own / "packaging/sample.toml").read_text().splitlines():
        asked("bump", "sample", "1.1")
    asked("render")
    assert (own / FOLDER / "sample-1.1.ebuild").read_text().endswith(REGION)
    assert is_whole() or "belongs to no component" in asked("check", "--no-scan").stdout
    assert [path.name for path in own.rglob(".*") if path.name != ".lock"] == []
