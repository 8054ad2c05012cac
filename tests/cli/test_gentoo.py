"""`sfcci gentoo use|repos-conf` as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.gentoo import gentoo
from sfcci.errors import InputError, Unreachable, UsageError
from sfcci.package import stand_in

REPOSITORY = Path(__file__).parents[2]
LINE = "sys-cluster/tool doc PYTHON_TARGETS: python3_12"
EBUILD = """\
EAPI=8
DESCRIPTION="A tool"
HOMEPAGE="https://tool.example.org"
LICENSE="MIT"
SLOT="0"
KEYWORDS="{keywords}"
IUSE="doc python_targets_python3_12 python_targets_python3_13"
REQUIRED_USE="|| ( python_targets_python3_12 python_targets_python3_13 )"
"""


@pytest.fixture
def project(tmp_path, cache_dir, monkeypatch):
    """A project with an overlay that has one tool, and a configuration that speaks of it."""
    overlay = tmp_path / "project" / "gentoo"
    for name, text in {
        "profiles/repo_name": "own\n",
        "profiles/eapi": "8\n",
        "profiles/categories": "sys-cluster\n",
        "profiles/package.mask": "# A Developer <developer@example.org> (2026-01-02)\n# Not yet.\n=sys-cluster/tool-2_rc1\ndev-python/pbr\n",
        "metadata/layout.conf": "masters = gentoo\nthin-manifests = true\n",
        "sys-cluster/tool/tool-1.ebuild": EBUILD.format(keywords="amd64"),
        "sys-cluster/tool/tool-2_rc1.ebuild": EBUILD.format(keywords=""),
    }.items():
        (overlay / name).parent.mkdir(parents=True, exist_ok=True)
        (overlay / name).write_text(text)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "package.use").write_text(f"{LINE}\n")
    monkeypatch.setenv("SFCCI_PROJECT", str(tmp_path / "project"))
    (cache_dir / "environments").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "environments").symlink_to(cache_dir / "environments")
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SFCCI_GENTOO_REPO", str(stand_in.prepare_master(tmp_path / "master")))
    return tmp_path


def run(*words):
    done = CliRunner().invoke(gentoo, [str(word) for word in words])
    if isinstance(done.exception, Unreachable):
        pytest.skip(str(done.exception))
    return done


def test_the_entry_of_repos_conf_names_the_overlay_where_it_is(project):
    place = project / "project" / "gentoo"
    assert run("repos-conf").output == f"[own]\nlocation = {place}\nauto-sync = no\n"
    answer = json.loads(run("repos-conf", "--priority", "7", "--json").output)
    assert answer["file"] == "/etc/portage/repos.conf/own.conf"
    assert "priority = 7" in answer["text"]


def test_without_an_overlay_there_is_no_entry(project):
    (project / "project" / "gentoo" / "profiles" / "repo_name").unlink()
    assert isinstance(run("repos-conf").exception, InputError)


@pytest.mark.distro
def test_flags_masks_and_required_use_are_printed_with_their_reasons(project):
    done = run("use", "tool", "--config", project / "config")
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert done.exit_code == 0, done.output
    assert lines[:6] == [
        "sys-cluster/tool-1::own (slot 0)",
        "on doc",
        "PYTHON_TARGETS: python3_12 python3_13",
        "REQUIRED_USE holds",
        f"package.use {project}/config/package.use:1: {LINE}",
        "sys-cluster/tool-2_rc1::own (slot 0)",
    ]
    assert f"masked package.mask ({project}/project/gentoo/profiles/package.mask)" in lines
    assert "| Not yet." in lines
    assert "lift it in package.unmask: =sys-cluster/tool-2_rc1" in lines
    assert "lift it in package.accept_keywords: =sys-cluster/tool-2_rc1 **" in lines
    assert "emerge would choose sys-cluster/tool-1" in lines


@pytest.mark.distro
def test_lines_are_printed_in_the_form_that_is_asked_for(project):
    long = run("use", "tool", "--config", project / "config", "--long")
    assert long.stdout == "sys-cluster/tool doc python_targets_python3_12\n"
    assert "there is no make.profile" in long.stderr
    (project / "config" / "package.use").write_text(long.stdout)
    assert run("use", "tool", "--config", project / "config", "--short").stdout == f"{LINE}\n"
    (project / "config" / "package.use").write_text("")
    none = run("use", "tool", "--config", project / "config", "--short")
    assert none.stdout == ""
    assert "no line of package.use acts on tool" in none.stderr


@pytest.mark.distro
@pytest.mark.usefixtures("project")
def test_json_has_the_answers_of_both_and_the_status_says_that_emerge_would_refuse():
    line = "sys-cluster/tool -* PYTHON_TARGETS: -*"
    done = run("use", "=sys-cluster/tool-1", "--try", line, "--short", "--json")
    answer = json.loads(done.output)
    (version,) = answer["versions"]
    assert done.exit_code == 1
    assert (version["on"], version["pkgcore_on"]) == ([], [])
    assert version["unmet"].startswith("|| (")
    assert version["lines"] == [{"place": "--try:1", "text": line}]
    assert answer["rewritten"] == ["sys-cluster/tool -*"]
    assert [(found["keyword"], found["severity"]) for found in answer["findings"]] == [
        ("RequiredUseUnmet", "error")
    ]


@pytest.mark.distro
@pytest.mark.usefixtures("project")
def test_an_overlay_masks_only_what_is_its_own():
    answer = json.loads(run("use", "dev-python/pbr", "--json").output)
    (version,) = answer["versions"]
    assert (version["repository"], [mask["kind"] for mask in version["masks"]]) == ("gentoo", ["KEYWORDS"])
    assert answer["findings"] == [], "pkgcore says the same"


@pytest.mark.distro
def test_a_name_that_is_nowhere_names_the_repositories_that_were_asked(project):
    done = run("use", "sys-cluster/tol")
    assert isinstance(done.exception, UsageError)
    assert f"::own at {project}/project/gentoo; did you mean sys-cluster/tool" in str(done.exception)


@pytest.mark.distro
@pytest.mark.parametrize("text", ['USE="doc\n', "$(touch it)\n", "source /nonexistent\n"])
def test_a_make_conf_that_cannot_be_read_is_one_sentence(project, text):
    (project / "config" / "make.conf").write_text(text)
    done = run("use", "tool", "--config", project / "config")
    assert isinstance(done.exception, InputError), done.output
    assert "cannot read the configuration: " in str(done.exception)
    assert len(str(done.exception).splitlines()) == 1


@pytest.mark.distro
def test_two_at_once_and_one_that_is_killed_leave_nothing_behind(project):
    argv = [sys.executable, "-m", "sfcci", "gentoo", "use", "tool", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def start():
        return subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    assert run("use", "tool").exit_code == 0
    killed = start()
    prefix = project / "cache" / "gentoo-use" / "prefix"
    end = time.monotonic() + 60
    while not (prefix / "request.json").exists() and time.monotonic() < end and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    both = [start(), start()]
    answers = [json.loads(one.communicate(timeout=60)[0]) for one in both]
    assert answers[0] == answers[1]
    assert [one.returncode for one in both] == [0, 0]
    assert not prefix.exists()
