"""Where packages are built: a root that is thrown away, without homes and network; and what is said where there is none."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import command, environment
from sfcci.package import build, inside_build
from sfcci.package.build import BUILD_ENVIRONMENT, enter, found_host, inner_environment, workspace
from sfcci.package.profile import profile

pytestmark = pytest.mark.distro


@pytest.fixture(scope="module")
def host(cache_dir):
    with workspace() as folder:
        found = found_host(folder / "host", environment.ensure(BUILD_ENVIRONMENT, cache_dir))
        if found.obstacle:
            pytest.skip(f"no throw-away root here: {found.obstacle}")
        yield found


def inside(host, *words):
    done = command.run([*enter(host), *words], timeout_s=30, env=inner_environment(host), check=False)
    return done.stdout + done.stderr


def test_what_is_written_there_is_gone_with_the_build(host):
    places = ["/usr/sfcci-was-here", "/etc/sfcci-was-here", "/opt/sfcci-was-here", "/var/sfcci-was-here"]
    assert inside(host, "touch", *places, "/builddir/sfcci-was-here") == ""
    assert not any(Path(place).exists() for place in [*places, "/builddir"])
    assert inside(host, "ls", *places).count("No such file") == len(places)


def test_the_python_that_makes_the_root_need_not_be_in_it(host):
    bare = replace(host, layers=())
    assert inside(bare, "echo", "here") == "here\n"


def test_the_environment_is_there_and_cannot_be_changed(host):
    python = host.inside(host.programs) / "python"
    written = f"{host.environment.site_packages}/sfcci_was_here"
    assert "flit_core" in inside(host, str(python), "-c", "import flit_core; print(flit_core.__name__)")
    inside(host, "touch", written)
    assert not Path(written).exists()


def test_homes_are_empty_but_for_the_environment(host):
    listed = inside(
        host,
        "find",
        "/root",
        "/home",
        "-type",
        "f",
        "-not",
        "-path",
        "*/environments/*",
        "-not",
        "-path",
        f"{sys.base_prefix}/*",
    )
    assert listed == ""


def test_secrets_devices_and_powers_of_the_machine_are_not_there(host):
    assert inside(host, "cat", "/etc/shadow") == ""
    assert set(inside(host, "ls", "/dev").split()) == {
        "fd",
        "full",
        "null",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
    }
    refused = inside(host, "mount", "-t", "tmpfs", "tmpfs", "/builddir")
    assert "permission denied" in refused or "not permitted" in refused
    refused = inside(host, "tee", "/proc/sys/kernel/domainname")
    assert "Read-only file system" in refused, "root needs no capability to write it"
    powers = inside(host, "grep", "^CapEff", "/proc/self/status").split()[1]
    assert int(powers, 16) <= 0xFF


def test_the_run_folder_is_what_goes_in_and_out(host):
    assert inside(host, "touch", str(host.inside(host.folder / "result"))) == ""
    assert (host.folder / "result").exists()
    assert host.inside(host.folder / "build") == Path("/builddir/run/build")


def test_only_the_loopback_is_there_and_it_is_up(host):
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())\n"
        "print(socket.if_nameindex())\n"
        "try: socket.create_connection(('192.0.2.1', 9), timeout=2)\n"
        "except OSError as error: print(error)\n"
    )
    said = inside(host, "/usr/bin/env", "python3", "-Sc", code)
    assert said.startswith("[(1, 'lo')]")
    assert "Network is unreachable" in said


def test_a_program_that_is_killed_leaves_no_mount(host):
    before = Path("/proc/self/mounts").read_text().count("overlay")
    with command.start([*enter(host), "sleep", "60"]) as process:
        process.kill()
    assert Path("/proc/self/mounts").read_text().count("overlay") == before
    assert not any((host.folder / "stage").iterdir())


def test_an_ordinary_user_has_such_a_root_too():
    """As far as the kernel lets ordinary users make namespaces."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root, to become somebody else")
    with workspace() as folder:
        folder.chmod(0o755)
        script = folder / "inside_build.py"
        shutil.copy(inside_build.__file__, script)
        for name in ("stage", "run", "layer"):
            (folder / name).mkdir()
            os.chown(folder / name, 65534, 65534)
        words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        unshare = ["unshare", *command.OWN_USER, "--net", "--pid", "--fork", "--mount-proc"]
        if subprocess.run([*words, *unshare, "true"], capture_output=True, check=False).returncode:
            pytest.skip("ordinary users may make no namespaces here")
        program = [
            "/usr/bin/python3",
            "-I",
            "-S",
            "-B",
            str(script),
            str(folder / "stage"),
            str(folder / "run"),
        ]
        shell = ["sh", "-c", "touch /usr/was-here /builddir/run/out && echo written; ls /root"]
        done = subprocess.run(
            [*words, *unshare, *program, f'["{folder}/layer"]', *shell],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        assert (done.stdout, done.stderr) == ("written\n", "")
        assert (folder / "run" / "out").exists()
        assert not Path("/usr/was-here").exists()


def test_where_the_kernel_refuses_the_build_goes_on_and_it_is_said(cache_dir, monkeypatch):
    monkeypatch.setattr(build, "sandbox", lambda: ("false",))
    with workspace() as folder:
        made = environment.ensure(BUILD_ENVIRONMENT, cache_dir)
        host = found_host(folder / "host", made)
        assert host.obstacle == "the kernel refuses it"
        assert host.place == folder / "host" / "work"
        assert host.inside(host.home) == host.home
        monkeypatch.setattr(build, "sandbox", tuple)
        assert "with this machine's network" in str(host)
        host = found_host(folder / "other", made, profile("centos-stream-10"))
        assert str(host).startswith("for CentOS Stream 10 and RDO, Python ")
        assert "no root of its own: the kernel allows no namespaces" in str(host)
