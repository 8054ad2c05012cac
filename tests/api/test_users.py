"""The private file of users, and the commands that keep it."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from sfcci.api import users
from sfcci.cli.sfc_user import user
from sfcci.errors import InputError, UsageError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "users.json"


def run(*words, stdin=""):
    return CliRunner().invoke(user, words, input=stdin)


def added(path, name, *words, stdin="geheim\n"):
    ran = run("add", name, "--project", "p", "--auth-file", str(path), *words, stdin=stdin)
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_a_user_has_a_hash_in_a_private_file_and_no_password(path):
    assert added(path, "alice") == f"added alice of project p in {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "geheim" not in path.read_text()
    found = users.read(path)["alice"]
    assert (found.project, found.admin, found.token) == ("p", False, "")
    assert users.is_password("geheim", found.password)
    assert not users.is_password("geheim ", found.password)


def test_two_hashes_of_one_password_differ():
    assert users.hashed_password("x") != users.hashed_password("x")


def test_a_token_is_shown_once_and_kept_as_a_hash(path):
    shown = json.loads(added(path, "bot", "--token", "--admin", "--json", stdin=""))
    token = shown.pop("token")
    assert shown == {"name": "bot", "project": "p", "admin": True, "by": "token", "file": str(path)}
    assert token not in path.read_text()
    assert users.read(path)["bot"].token == users.hashed_token(token)


def test_a_token_can_stand_behind_an_option():
    assert all(users.new_token().isalnum() for _ in range(100)), "openstack --os-token -x... is refused"


def test_users_are_replaced_listed_and_removed(path):
    added(path, "alice")
    added(path, "bob", "--admin")
    assert "replaced alice" in added(path, "alice", "--admin")
    listed = json.loads(run("list", "--auth-file", str(path), "--json").output)
    assert [(one["name"], one["admin"], one["by"]) for one in listed] == [
        ("alice", True, "password"),
        ("bob", True, "password"),
    ]
    assert run("remove", "alice", "--auth-file", str(path)).output == f"removed alice from {path}\n"
    assert list(users.read(path)) == ["bob"]
    with pytest.raises(UsageError, match="has no user bop; did you mean bob"):
        users.remove(path, "bop")


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "\x1b[2J"])
def test_a_name_is_printable_and_has_no_colon(path, name):
    ran = run("add", name, "--project", "p", "--auth-file", str(path), stdin="x\n")
    assert isinstance(ran.exception, UsageError)
    assert not path.exists()


@pytest.mark.parametrize("project", ["", "p" * 300])
def test_a_file_that_nobody_could_read_again_is_never_written(path, project):
    added(path, "alice")
    before = path.read_bytes()
    ran = run("add", "bob", "--project", project, "--auth-file", str(path), stdin="x\n")
    assert ran.exit_code != 0
    assert path.read_bytes() == before
    assert run("remove", "alice", "--auth-file", str(path)).exit_code == 0


def test_an_empty_password_is_refused(path):
    ran = run("add", "alice", "--project", "p", "--auth-file", str(path), stdin="\n")
    assert isinstance(ran.exception, UsageError)
    assert not path.exists()


def test_a_file_that_others_may_read_is_refused_with_the_remedy(path):
    added(path, "alice")
    path.chmod(0o640)
    with pytest.raises(InputError, match=rf"others may read it \(mode 0640\).*chmod 600 {path}"):
        users.read(path)


@pytest.mark.parametrize("one", [{"password": "hunter2"}, {"token": "hunter2"}, {"password": ["hunter2"]}])
def test_a_secret_that_stands_there_in_the_clear_is_refused_and_not_shown(path, one):
    path.write_text(json.dumps({"users": {"x": {"project": "p", **one}}}))
    path.chmod(0o600)
    with pytest.raises(InputError, match="is no hash") as refused:
        users.read(path)
    assert "hunter2" not in str(refused.value)


def test_two_who_add_at_once_lose_nobody(path):
    threads = [
        threading.Thread(target=users.add, args=(path, users.User(f"u{number}", "p"))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(users.read(path)) == 8


def test_the_program_takes_the_password_from_standard_input_and_names_the_fault(tmp_path):
    path = tmp_path / "u.json"
    argv = [sys.executable, "-m", "sfcci", "sfc", "user"]

    def program(*words, stdin=""):
        environ = {**os.environ, "SFCCI_RUN_STATE": str(tmp_path)}
        return subprocess.run(
            [*argv, *words], input=stdin, text=True, capture_output=True, env=environ, timeout=60, check=False
        )

    ran = program("add", "alice", "--project", "p", stdin="geheim\n")
    assert (ran.returncode, ran.stdout) == (0, f"added alice of project p in {tmp_path}/api-users.json\n")
    assert program("list", "--json").returncode == 0
    ran = program("list", "--auth-file", str(path))
    assert ran.returncode == 2
    assert (
        ran.stderr
        == f"sfcci: {path}: cannot be read: No such file or directory; make it: sfcci sfc user add\n"
    )
