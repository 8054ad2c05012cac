"""Portage in a prefix of its own: what it resolves, what it takes from a user's configuration, what it cannot reach."""

import os
import socket
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.errors import InputError
from sfcci.package import build, portage_prefix, stand_in

from .own_overlay import BODY, HEAD, add_ebuild, make_overlay

pytestmark = pytest.mark.distro


@pytest.fixture(scope="module")
def place(tmp_path_factory, cache_dir):
    """An overlay with app-misc/word, a configuration, and settings for both."""
    root = tmp_path_factory.mktemp("prefix")
    overlay = make_overlay(root / "overlay")
    for version in ("1.0", "2.0"):
        add_ebuild(overlay, root / "distfiles", f"app-misc/word-{version}", HEAD + BODY, {"README": "x"})
    needs = 'RDEPEND="\n\t>=app-misc/word-1.0[extra]\n\t>=app-misc/nowhere-3\n"\n'
    add_ebuild(
        overlay,
        root / "distfiles",
        "app-misc/needs-1",
        HEAD.replace("word", "needs") + needs,
        {"README": "x"},
    )
    config = root / "config"
    (config / "package.use").mkdir(parents=True)
    (config / "package.use" / "word").write_text("app-misc/word extra\n")
    (config / "package.mask").write_text("# Too loud.\n>=app-misc/word-2.0\n")
    (config / "make.conf").write_text('USE="loud"\n')
    at = settings.load(root, {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": str(root / "state")})
    return root, at


@pytest.fixture(scope="module")
def prefix(place, cache_dir):
    root, at = place
    master = stand_in.prepare_master(cache_dir / "portage")
    with portage_prefix.prepared(at, lambda _text: None, overlay=root / "overlay", master=master) as made:
        yield made


@pytest.fixture(scope="module")
def configured(place, cache_dir):
    root, at = place
    master = stand_in.prepare_master(cache_dir / "portage")
    with portage_prefix.prepared(
        at, lambda _text: None, overlay=root / "overlay", master=master, config=root / "config"
    ) as made:
        yield made


def test_emerge_resolves_what_is_there(prefix):
    done = prefix.run(["emerge", "--pretend", "--verbose", "app-misc/word"])
    assert done.status == 0, done.stdout + done.stderr
    assert 'app-misc/word-2.0::sfcci  USE="-extra -loud"' in done.stdout


def test_emerge_names_what_is_missing(prefix):
    done = prefix.run(["emerge", "--pretend", "app-misc/needs"])
    assert done.status == 1
    assert 'no ebuilds to satisfy ">=app-misc/nowhere-3"' in done.stdout + done.stderr


def test_a_users_flags_masks_and_make_conf_count(configured):
    done = configured.run(["emerge", "--pretend", "--verbose", "app-misc/word"])
    assert 'app-misc/word-1.0::sfcci  USE="extra loud"' in done.stdout
    done = configured.run(["emerge", "--pretend", "=app-misc/word-2.0"])
    assert "# Too loud." in done.stdout + done.stderr


def test_without_a_root_of_its_own_paths_are_the_same_inside(prefix):
    from dataclasses import replace

    bare = replace(prefix, obstacle="told so")
    assert bare.inside(bare.path) == bare.path
    assert "no root of its own: told so" in str(bare)
    assert prefix.inside(Path("/usr/share")) == Path("/usr/share")


def test_nothing_of_the_callers_environment_is_seen(prefix, monkeypatch):
    monkeypatch.setenv("PORTAGE_RSYNC_OPTS", "of the caller")
    monkeypatch.setenv("GRAFANA_TOKEN", "secret")
    assert "secret" not in prefix.run(["env"]).stdout
    assert "of the caller" not in prefix.run(["env"]).stdout


@pytest.mark.skipif(not build.sandbox(), reason="no namespaces here")
def test_what_runs_there_reaches_no_network_and_changes_no_file_of_the_machine(prefix, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        assert "ConnectionRefusedError" in prefix.run(["python3", "-c", code]).stderr
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert "unreachable" in prefix.run(["python3", "-c", code]).stderr
    prefix.run(["sh", "-c", f"echo x > /etc/sfcci-was-here; echo x > {tmp_path}/here; rm -f /etc/hostname"])
    assert not Path("/etc/sfcci-was-here").exists()
    assert not (tmp_path / "here").exists()
    assert Path("/etc/hostname").exists() == os.path.exists("/etc/hostname")  # noqa: PTH110


def test_the_overlay_is_copied(place, prefix):
    root, _at = place
    inside = prefix.inside(prefix.folder / "overlay")
    assert f"location = {inside}" in (prefix.path / "etc/portage/repos.conf").read_text()
    assert prefix.run(["rm", "-r", inside / "app-misc/needs"]).status == 0
    assert (root / "overlay/app-misc/needs").is_dir()


def test_stand_ins_count_as_installed(place, cache_dir):
    root, at = place
    master = stand_in.prepare_master(cache_dir / "portage")
    with portage_prefix.prepared(
        at, lambda _text: None, overlay=root / "overlay", master=master, installed=["app-misc/nowhere-3.1:2"]
    ) as made:
        done = made.run(["portageq", "match", made.inside(made.path), "app-misc/nowhere"])
        folder = made.folder
    assert done.stdout.split() == ["app-misc/nowhere-3.1"], done.stderr
    assert not folder.exists()


def test_a_folder_that_is_no_repository_is_refused(place, tmp_path):
    _root, at = place
    with (
        pytest.raises(InputError, match="is no Gentoo repository"),
        portage_prefix.prepared(at, lambda _text: None, overlay=tmp_path, master=tmp_path),
    ):
        pass


@pytest.mark.skipif(not build.sandbox(), reason="no namespaces here")
def test_without_a_root_of_its_own_there_is_a_loopback_and_no_other_network(prefix):
    from dataclasses import replace

    bare = replace(prefix, obstacle="told so")
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 2)"
    assert bare.run(["python3", "-c", code]).status == 0
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert "unreachable" in bare.run(["python3", "-c", code]).stderr
