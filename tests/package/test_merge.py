"""The merge test: the project's own ebuilds built, merged, put to use, with documentation and (some) tests; then gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli.package_build import build
from sfcci.errors import Unreachable
from sfcci.package import closure, merge
from sfcci.package.ebuild_build import Around, build_ebuild
from sfcci.package.merge import Asked, merge_components

from .own_overlay import PYPROJECT, PYTHON_EBUILD, PYTHON_SOURCES, make_overlay

pytestmark = pytest.mark.distro
REPOSITORY = Path(__file__).parents[2]
DESCRIPTION = """\
name = "said"
license = "MIT"
homepage = "https://sfcci.example.org"
kind = "application"
description = "Says one word."
modules = ["said"]

[source]
path = "."
git = "https://git.example.org/said.git"

[[changelog]]
date = 2026-10-01
release = 1
version = "1.0"
changes = ["new"]
"""
EBUILD = (
    PYTHON_EBUILD.replace("distutils-r1 pypi", "distutils-r1 git-r3")
    .replace('\nLICENSE="MIT"', 'EGIT_REPO_URI="https://git.example.org/said.git"\n\nLICENSE="MIT"')
    .replace('KEYWORDS="~amd64 ~arm64"\n', "")
)


def commit_all(root):
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)


def make_project(root):
    """Make a project that is its own one component, with a live ebuild, in git."""
    made = {**PYTHON_SOURCES, "packaging/said.toml": DESCRIPTION, "LICENSE": "x\n"}
    made["pyproject.toml"] = PYPROJECT + '\n[project.entry-points."said.words"]\nlost = "said.lost:word"\n'
    made["gentoo/dev-python/said/said-9999.ebuild"] = EBUILD
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    make_overlay(root / "gentoo")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    commit_all(root)
    return root


@pytest.fixture
def said(tmp_path, cache_dir, monkeypatch):
    """Settings of a small project; commands are for it."""
    root = make_project(tmp_path / "project")
    monkeypatch.setenv("SFCCI_PROJECT", str(root))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(cache_dir))
    return settings.load()


@pytest.fixture(scope="module")
def own(tmp_path_factory, cache_dir):
    state = tmp_path_factory.mktemp("merge") / "state"
    return settings.load(REPOSITORY, {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": str(state)})


@pytest.fixture(scope="module")
def merged(own):
    """The project's networking-sfc, merged once with its documentation."""
    (report,) = merge_components(own, lambda _text: None, ["networking-sfc"], Asked(use=("doc",)))
    if report.error_status == Unreachable.exit_status and not report.build:
        pytest.skip(report.error)
    return report


def test_networking_sfc_is_built_merged_and_unmerged(merged):
    assert merged.exit_status == 0, [str(one) for one in merged.findings] or merged.error
    assert list(merged.build.phases) == [
        *("clean", "unpack", "prepare", "configure", "compile", "install"),
        *("package", "qmerge", "unmerge"),
    ]
    assert merged.build.binary_package.startswith("networking-sfc-23.0.0")


def test_all_its_modules_and_entry_points_load_but_for_those_that_cannot(merged):
    assert merged.modules > 100
    assert merged.entry_points > 10
    assert merged.excused == 2
    assert any(path.endswith("networking_sfc/services/sfc/plugin.py") for path in merged.build.image)


def test_its_documentation_is_built_for_real(merged):
    assert "usr/share/doc/networking-sfc-23.0.0/html/index.html" in merged.build.image


def test_its_configuration_is_generated_and_installed(merged):
    assert "etc/neutron/conf.d/neutron-server/networking-sfc.conf" in merged.build.image


def test_its_own_tests_run_over_what_was_built(own, tmp_path):
    """748 tests take ten minutes; those of one module stand for them here. `sfcci package build --use test` runs all."""
    name = "networking-sfc-23.0.0.ebuild"
    overlay = make_overlay(tmp_path / "gentoo")
    source = REPOSITORY / "gentoo/sys-cluster/networking-sfc"
    target = overlay / "sys-cluster/networking-sfc"
    target.mkdir(parents=True)
    text = (source / name).read_text()
    assert "-m stestr run ||" in text
    some = "networking_sfc.tests.unit.services.flowclassifier.test_driver_manager"
    (target / name).write_text(text.replace("-m stestr run ||", f"-m stestr run --no-discover {some} ||"))
    (target / "Manifest").write_text((source / "Manifest").read_text())
    one = merge.subject(
        merge.chosen(merge.load_catalogue(own.project / "packaging"), ["networking-sfc"])[0],
        own.project,
        own.cache,
    )
    report = build_ebuild(
        own,
        lambda _text: None,
        target / name,
        use=("test",),
        phases=("clean", "unpack", "prepare", "configure", "compile", "test"),
        distfiles=one.sdist.parent,
        around=Around(
            python_path=lambda python: [closure.build_environment(own, print, python).site_packages]
        ),
    )
    assert report.findings == (), report.log.read_text()[-3000:]
    assert "Passed: 15" in report.log.read_text()


@pytest.mark.usefixtures("said")
def test_the_command_says_what_was_done_and_what_does_not_load():
    done = CliRunner().invoke(build, ["said", "--use", "test"])
    assert done.exit_code == 1
    assert "entry point said.words:lost: ModuleNotFoundError" in done.stdout
    assert "[EntryPointNotLoaded]" in done.stdout
    assert "dev-python/said-9999: failed" in done.stdout
    assert "unpack " in done.stdout
    assert "unmerge " in done.stdout, "it was merged all the same, and taken away"
    assert "loaded: 2 modules, 2 entry points" in done.stdout
    assert "without a network" in done.stdout
    log = Path(done.stdout.partition("log: ")[2].split()[0])
    assert "1 passed" in log.read_text()


@pytest.mark.parametrize(
    ("words", "said_so"),
    [
        (["nothing"], "nothing"),
        (["--version", "1.0"], "name it"),
        (["said", "--version", "7.0"], "has no ebuild of 7.0; there are: 9999"),
        (["said", "--version", "not a version"], "has no ebuild of not a version"),
        (["said", "--use", 'x"'], "is no USE flag"),
    ],
)
@pytest.mark.usefixtures("said")
def test_bad_input_is_a_sentence_and_status_2(words, said_so):
    done = subprocess.run(
        [sys.executable, "-m", "sfcci", "package", "build", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 2, done.stderr
    assert said_so in done.stderr
    assert "Traceback" not in done.stderr


def test_a_live_ebuild_without_a_clone_says_what_to_do(own):
    (report,) = merge_components(own, lambda _text: None, ["networking-sfc"], Asked(version="9999"))
    assert report.error_status == 2
    assert "clone it and name the clone with --git" in report.error


def test_one_component_that_fails_stops_no_other(said):
    other = DESCRIPTION.replace('"said"', '"other"').replace("said.git", "other.git")
    (said.project / "packaging/other.toml").write_text(other)
    first, second = merge_components(said, lambda _text: None, [], Asked(version="7.0"))
    assert [first.component, second.component] == ["other", "said"]
    assert [first.error_status, second.error_status] == [2, 2]
    assert "there are: none; render them with: sfcci package ebuild" in first.error
    assert "there are: 9999" in second.error
