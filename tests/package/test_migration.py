"""The data of ownCloud taken over by Nextcloud's pkg_config: the ebuild's own function, run by bash on trees made here."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from sfcci import document
from sfcci.package.recipe_ebuild import recipe_ebuild_text
from sfcci.package.recipe_read import parse_recipe

from .made_distfiles import make_descriptions, make_distfiles

PACKAGE_MANAGER = """\
set -u +o history
BASH_COMPAT=5.0
CATEGORY=www-apps PN=nextcloud PV=13.0.1 P=nextcloud-13.0.1 PF=nextcloud-13.0.1 WORKDIR=/nonexistent ROOT=${3-}
inherit() { :; }
die() { echo "die: $*"; exit 1; }
elog() { echo "elog: $*"; }
einfo() { :; }
ewarn() { echo "ewarn: $*"; }
eerror() { echo "eerror: $*"; }
OWNCLOUD_DIR=$1 NEXTCLOUD_DIR=$2
source "${EBUILD}"
pkg_config
"""
"""What an ebuild's pkg_config finds there (PMS 9.1, 12.3), as much as this one needs."""
CONFIG = """\
<?php
$CONFIG = array (
  'instanceid' => 'oc1',
  'passwordsalt' => 'a\\'b\\\\c',
  'datadirectory' => '{data}',
  'overwrite.cli.url' => 'https://cloud.example.org/owncloud',
  'apps_paths' =>
  array (
    0 =>
    array (
      'path' => '{old}/apps',
      'url' => '/apps',
    ),
  ),
  'logfile' => '{data}/owncloud.log',
  'theme' => '{old}er/not-ours',
  'dbtype' => 'mysql',
  'dbpassword' => 'owncloud-s3cret',
  'maintenance' => true,
);
"""


@pytest.fixture(scope="module")
def ebuild(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nextcloud")
    make_descriptions(folder, make_distfiles(folder / "distfiles"))
    recipe = parse_recipe(document.read(folder / "nextcloud.toml"))
    path = folder / "nextcloud-13.0.1.ebuild"
    path.write_text(recipe_ebuild_text(recipe, recipe.versions[0]))
    return path


def php(path):
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def make_owncloud(root, data=None, root_prefix=""):
    """A tree as ownCloud leaves it; its paths as it sees them, below `root_prefix`."""
    data = data or root / "data"
    for folder in (root / "config", root / "apps" / "files", data / "anna" / "files"):
        folder.mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(
        data=php(str(data).removeprefix(root_prefix)), old=php(str(root).removeprefix(root_prefix))
    )
    (root / "config" / "config.php").write_text(text)
    (root / "config" / "config.php").chmod(0o640)
    (data / ".ocdata").write_text("")
    (data / "owncloud.db").write_bytes(bytes(range(256)))
    (data / "anna" / "files" / "my letter.txt").write_text("Dear all\n")
    (data / "anna" / "files" / "link").symlink_to("my letter.txt")
    return root


def make_nextcloud(root):
    (root / "config").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "data" / ".keep_www-apps_nextcloud-13.0.1").write_text("")
    return root


def state(root):
    """Everything about a tree that writing to it would change."""
    found = {}
    for path in (root, *sorted(root.rglob("*"))):
        told = path.lstat()
        text = (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""  # noqa: PTH115
        )
        found[str(path)] = (
            told.st_mode,
            told.st_ino,
            told.st_nlink,
            told.st_mtime_ns,
            told.st_ctime_ns,
            text,
        )
    return found


def migrate(ebuild, old, new, root="", answers=""):
    return subprocess.run(
        ["bash", "-c", PACKAGE_MANAGER, "bash", str(old), str(new), root],
        env={"PATH": os.environ["PATH"], "EBUILD": str(ebuild), "LC_ALL": "C.UTF-8"},
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


NAMES = ("htdocs", "my hosts", "a&b|c", "it's", "back\\slash", "[x]*?", "$HOME `id`", "dot.plus+")


@pytest.mark.parametrize("name", NAMES)
def test_data_is_copied_and_the_configuration_speaks_of_the_new_place(ebuild, tmp_path, name):
    old = make_owncloud(tmp_path / name / "owncloud")
    new = make_nextcloud(tmp_path / name / "nextcloud")
    before = state(old)
    done = migrate(ebuild, old, new)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert state(old) == before
    assert (new / "data" / "anna" / "files" / "my letter.txt").read_text() == "Dear all\n"
    assert (new / "data" / "owncloud.db").read_bytes() == bytes(range(256))
    assert (new / "data" / "anna" / "files" / "link").is_symlink()
    expected = (old / "config" / "config.php").read_text().replace(f"'{php(old)}/", f"'{php(new)}/")
    assert (new / "config" / "config.php").read_text() == expected
    assert (new / "config" / "config.php").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in new.iterdir()) == ["config", "data"]
    assert sorted(path.name for path in (new / "config").iterdir()) == ["config.php"]


def test_data_outside_of_the_application_are_found(ebuild, tmp_path):
    old = make_owncloud(tmp_path / "htdocs" / "owncloud", tmp_path / "srv" / "cloud data")
    new = make_nextcloud(tmp_path / "htdocs" / "nextcloud")
    before = state(tmp_path / "srv")
    assert migrate(ebuild, f"{old}/", f"{new}/").returncode == 0
    assert state(tmp_path / "srv") == before
    text = (new / "config" / "config.php").read_text()
    assert f"'datadirectory' => '{new}/data'," in text
    assert f"'path' => '{new}/apps'," in text
    assert f"'theme' => '{old}er/not-ours'," in text


def test_paths_are_those_below_root(ebuild, tmp_path):
    make_owncloud(tmp_path / "mnt" / "srv" / "owncloud", root_prefix=str(tmp_path / "mnt"))
    new = make_nextcloud(tmp_path / "mnt" / "srv" / "nextcloud")
    done = migrate(ebuild, "/srv/owncloud", "/srv/nextcloud", str(tmp_path / "mnt"))
    assert done.returncode == 0, done.stdout
    assert "'datadirectory' => '/srv/nextcloud/data'," in (new / "config" / "config.php").read_text()


def test_what_still_speaks_of_the_predecessor_is_named_without_its_value(ebuild, tmp_path):
    old, new = make_owncloud(tmp_path / "owncloud"), make_nextcloud(tmp_path / "nextcloud")
    said = migrate(ebuild, old, new).stdout
    assert "ewarn: The setting overwrite.cli.url still speaks of ownCloud: look at it." in said
    assert "password" not in said
    assert "s3cret" not in said


def test_a_second_run_overwrites_nothing(ebuild, tmp_path):
    old, new = make_owncloud(tmp_path / "owncloud"), make_nextcloud(tmp_path / "nextcloud")
    assert migrate(ebuild, old, new).returncode == 0
    (new / "data" / "anna" / "files" / "new.txt").write_text("written since\n")
    before = state(tmp_path)
    done = migrate(ebuild, old, new)
    assert done.returncode == 1
    assert f"die: {new}/config/config.php is there already; nothing is overwritten" in done.stdout
    assert state(tmp_path) == before


def serving(old, _new):
    path = old / "config" / "config.php"
    path.write_text(path.read_text().replace("'maintenance' => true", "'maintenance' => false"))


def full(_old, new):
    (new / "data" / "letter.txt").write_text("mine\n")


def link(old, new):
    shutil.rmtree(new / "data")
    (new / "data").symlink_to(old / "data")


def under_way(_old, new):
    (new / "data.migrating").mkdir()


def no_data(old, _new):
    shutil.rmtree(old / "data")


def no_config(old, _new):
    (old / "config" / "config.php").unlink()


def not_installed(_old, new):
    shutil.rmtree(new)


def double_quotes(old, _new):
    path = old / "config" / "config.php"
    path.write_text(path.read_text().replace(f"'{old}/apps'", f'"{old}/apps"'))


def nameless(old, _new):
    path = old / "config" / "config.php"
    path.write_text(path.read_text().replace("datadirectory", "directory"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (serving, "ownCloud still serves"),
        (full, "data is not empty; nothing is overwritten"),
        (link, "data is a link; nothing is overwritten"),
        (under_way, "another run is under way, or one was interrupted"),
        (no_data, "the datadirectory of ownCloud, is not there"),
        (no_config, "config.php is not there: no ownCloud"),
        (not_installed, "no Nextcloud; install it with webapp-config first"),
        (double_quotes, "in double quotes"),
        (nameless, "names no datadirectory"),
    ],
)
def test_what_could_do_harm_is_refused_before_anything_is_written(ebuild, tmp_path, spoil, told):
    old, new = make_owncloud(tmp_path / "owncloud"), make_nextcloud(tmp_path / "nextcloud")
    spoil(old, new)
    before = state(tmp_path)
    done = migrate(ebuild, old, new)
    assert done.returncode == 1
    assert told in done.stdout, done.stdout
    assert state(tmp_path) == before


def test_a_place_inside_the_predecessor_is_refused(ebuild, tmp_path):
    old = make_owncloud(tmp_path / "owncloud")
    new = make_nextcloud(old / "nextcloud")
    (tmp_path / "elsewhere").symlink_to(old)
    (tmp_path / "linked" / "data").mkdir(parents=True)
    (tmp_path / "linked" / "config").symlink_to(new / "config")
    before = state(tmp_path)
    for path in (new, tmp_path / "elsewhere" / "nextcloud", tmp_path / "linked"):
        assert "Nextcloud wants a folder of its own" in migrate(ebuild, old, path).stdout
    assert "nothing is overwritten" in migrate(ebuild, old, old).stdout
    assert state(tmp_path) == before


def test_places_that_no_variable_tells_are_asked_for(ebuild, tmp_path):
    old, new = (
        make_owncloud(tmp_path / "my hosts" / "owncloud"),
        make_nextcloud(tmp_path / "my hosts" / "nextcloud"),
    )
    done = migrate(ebuild, "", "", answers=f"{old}\n{new}/\n")
    assert done.returncode == 0, done.stdout
    assert (new / "data" / "anna").is_dir()


@pytest.mark.parametrize(("old", "new"), [("", ""), ("owncloud", "/srv/nextcloud"), ("/srv/owncloud", "x")])
def test_places_that_are_not_absolute_are_refused(ebuild, old, new):
    done = migrate(ebuild, old, new)
    assert done.returncode == 1
    assert "die: the folders of ownCloud and Nextcloud must be absolute paths" in done.stdout
    assert "/etc/portage/env/www-apps/nextcloud set OWNCLOUD_DIR and NEXTCLOUD_DIR" in done.stdout


def test_a_disk_without_room_leaves_nothing_behind(ebuild, tmp_path):
    old, new = make_owncloud(tmp_path / "owncloud"), make_nextcloud(tmp_path / "nextcloud")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "cp").write_text('#!/bin/sh\n/bin/cp "$@"\necho "no space left on device" >&2\nexit 1\n')
    (programs / "cp").chmod(0o755)
    before = state(old), state(new)
    done = subprocess.run(
        ["bash", "-c", PACKAGE_MANAGER, "bash", old, new],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "EBUILD": str(ebuild)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "die: the copy failed; nothing is left of it" in done.stdout
    assert state(old) == before[0]
    assert [Path(path).name for path in state(new)] == [Path(path).name for path in before[1]]


def test_a_killed_run_leaves_a_copy_under_its_own_name_and_the_next_one_says_so(ebuild, tmp_path):
    old, new = make_owncloud(tmp_path / "owncloud"), make_nextcloud(tmp_path / "nextcloud")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "cp").write_text('#!/bin/sh\n/bin/cp "$@"\necho copied\nexec sleep 60\n')
    (programs / "cp").chmod(0o755)
    before = state(old)
    with subprocess.Popen(
        ["bash", "-c", PACKAGE_MANAGER, "bash", old, new],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "EBUILD": str(ebuild)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as killed:
        assert killed.stdout.readline() == b"copied\n"
        os.killpg(killed.pid, signal.SIGKILL)
    assert state(old) == before
    assert not (new / "config" / "config.php").exists()
    assert [path.name for path in (new / "data").iterdir()] == [".keep_www-apps_nextcloud-13.0.1"]
    assert "one was interrupted (remove it then)" in migrate(ebuild, old, new).stdout
    shutil.rmtree(new / "data.migrating")
    assert migrate(ebuild, old, new).returncode == 0
    assert (new / "data" / "anna").is_dir()
