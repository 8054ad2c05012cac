"""The entry of repos.conf: text that portage reads as it is meant."""

import configparser
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import UsageError
from sfcci.package import repos_conf

REPOSITORY = Path(__file__).parents[2]


def sfcci(*words, cwd=REPOSITORY):
    return subprocess.run(
        [sys.executable, "-m", "sfcci", "gentoo", "repos-conf", *words],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
    )


def test_an_entry_says_name_and_place_and_that_portage_leaves_it_alone():
    assert repos_conf.entry("sfcci", Path("/var/db/repos/sfcci")) == (
        "[sfcci]\nlocation = /var/db/repos/sfcci\nauto-sync = no\n"
    )


def test_a_priority_is_said_only_where_it_is_asked_for():
    assert repos_conf.entry("sfcci", Path("/srv/sfcci"), 0).endswith("auto-sync = no\npriority = 0\n")


@given(st.text(alphabet="abcZ09 ._%-+#;=[]$äß", min_size=1).map(lambda name: f"/srv/x{name}x"))
def test_portages_reader_gives_the_place_back(place):
    parser = configparser.ConfigParser(strict=False)  # what portage reads with
    parser.read_string(repos_conf.entry("sfcci", Path(place)))
    assert parser["sfcci"]["location"] == str(Path(place))


@pytest.mark.parametrize("place", ["gentoo", "/srv/a\nb", "/srv/a "])
def test_a_place_that_a_line_cannot_say_is_refused(place):
    with pytest.raises(UsageError, match=r"cannot stand in repos\.conf; expected an absolute path"):
        repos_conf.entry("sfcci", Path(place))


def test_the_command_prints_this_projects_overlay():
    done = sfcci()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"[sfcci]\nlocation = {REPOSITORY}/gentoo\nauto-sync = no\n"


def test_the_command_prints_json():
    told = json.loads(sfcci("--priority", "50", "--json").stdout)
    assert told["location"] == f"{REPOSITORY}/gentoo"
    assert told["text"] == repos_conf.entry("sfcci", REPOSITORY / "gentoo", 50)


def test_a_project_without_an_overlay_is_told(tmp_path):
    (tmp_path / "sfcci.toml").touch()
    done = sfcci(cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is no Gentoo repository" in done.stderr
