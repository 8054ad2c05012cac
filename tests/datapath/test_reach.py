"""A lab's hosts reached by what knows nothing of labs: a browser by a forwarded port, the real ssh by its configuration."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import command
from sfcci.cli.lab import lab
from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
needs_ssh = pytest.mark.skipif(
    not (command.available("ssh") and command.available("sshd")), reason="ssh and sshd are not installed"
)
PATIENCE_S = 60
SCENARIO = """\
name: reach
network: 192.0.2.0/24
hosts:
  source: {}
  mid: {forwards: true}
  dest: {services: {http: 80, echo: 7}}
ports:
  source_port: {host: source, ip: 192.0.2.1}
  mid_in: {host: mid, ip: 192.0.2.2}
  mid_out: {host: mid, ip: 192.0.2.3}
  dest_port: {host: dest, ip: 192.0.2.4}
port_pairs:
  PP1: {ingress: mid_in, egress: mid_out}
port_pair_groups:
  PG1: {port_pairs: [PP1]}
flow_classifiers:
  FC1: {ethertype: IPv4, protocol: tcp, logical_source_port: source_port}
port_chains:
  PC1: {port_pair_groups: [PG1], flow_classifiers: [FC1]}
"""


def words(*arguments):
    return [sys.executable, "-m", "sfcci", "lab", *map(str, arguments)]


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state folder with the lab "reach" up."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "reach.yaml").write_text(SCENARIO)
    standing.up(folder, "reach", load_scenario(folder / "reach.yaml"), lambda _text: None)
    yield folder
    for one in standing.labs(folder):
        standing.down(folder, one)


@contextlib.contextmanager
def forwarding(state, *arguments):
    """Run `lab forward`; give it with the address where it listens."""
    env = {**os.environ, "SFCCI_RUN_STATE": str(state)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        words("forward", "--json", *arguments), env=env, stdout=pipe, stderr=pipe, text=True
    )
    try:
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            text += line
        address, _, port = json.loads(text)["listen"].rpartition(":")
        yield process, (address.strip("[]"), int(port))
    finally:
        process.kill()
        process.communicate()


def asked(place, path="/"):
    """Ask for a page; give what was answered, head and all."""
    with socket.create_connection(place, timeout=PATIENCE_S) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return b"".join(iter(lambda: sock.recv(65536), b""))


def on(state, host, *program):
    """Give what a program on a host says."""
    return standing.one(state).lab.run(host, program, timeout_s=PATIENCE_S).stdout


def gone(state, program):
    """Wait until no program of the lab has these words in its command line."""
    deadline = time.monotonic() + PATIENCE_S
    while program in (left := on(state, "switch", "ps", "-A", "-o", "args")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return True


def test_a_browser_here_gets_pages_from_a_lab_s_host_over_many_connections_at_once(state):
    with forwarding(state, "dest", 80) as (process, place):
        assert place[0] == "127.0.0.1"
        assert asked(place).endswith(b"This is dest.\n")
        with ThreadPoolExecutor(30) as pool:
            sizes = {len(answer) for answer in pool.map(lambda _: asked(place, "/bytes/300000"), range(60))}
        assert len(sizes) == 1
        assert sizes.pop() > 300_000
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert "Traceback" not in (process.stderr.read() if not process.stderr.closed else "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, timeout=PATIENCE_S)
    assert gone(state, "inside/door.py")


def received(state):
    """Give how many packets came in at the function's first port."""
    (line,) = (line for line in on(state, "mid", "cat", "/proc/net/dev").splitlines() if "mid_in:" in line)
    return int(line.split()[2])


def test_from_a_host_connections_pass_its_chains(state):
    before = received(state)
    with forwarding(state, "dest", 80, "--from", "source", "--listen", "[::1]:0") as (_, place):
        assert place[0] == "::1"
        assert asked(place).endswith(b"This is dest.\n")
    assert received(state) >= before + 4, "SYN, ACK, request, FIN"


def test_a_side_that_is_done_sending_still_hears_the_other(state):
    with (
        forwarding(state, "dest", 7, "--from", "source") as (_, place),
        socket.create_connection(place, timeout=PATIENCE_S) as sock,
    ):
        sock.sendall(b"x" * 1000)
        sock.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: sock.recv(65536), b""))
    assert heard in (b"x" * 1000, b""), heard[:80]


def test_nobody_listens_there_is_told_and_the_forward_goes_on(state):
    with forwarding(state, "dest", 81) as (process, place):
        for _ in range(2):
            with socket.create_connection(place, timeout=PATIENCE_S) as sock, contextlib.suppress(OSError):
                assert sock.recv(1) == b""
        assert process.stderr.readline() == "dest → port 81: Connection refused\n"
        assert process.poll() is None


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        (("nobody", "80"), 2, "no host 'nobody'"),
        (("dest", "0"), 2, "0 is not in the range"),
        (("dest", "80", "--listen", "localhost:x"), 2, "is no address and port"),
        (("dest", "80", "--listen", "192.0.2.77:0"), 3, "cannot listen at 192.0.2.77:0"),
        (("dest", "80", "--name", "other"), 2, "no lab 'other'"),
    ],
)
def test_what_cannot_be_forwarded_is_told(state, monkeypatch, given, status, told):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(state))
    done = CliRunner().invoke(lab, ["forward", *given])
    said, ended = f"{done.exception}{done.output}", getattr(done.exception, "exit_status", done.exit_code)
    assert (ended, told in said) == (status, True), said


@pytest.fixture(scope="module")
def ssh(state):
    """Run the real ssh with the lab's configuration and nothing of this user's."""
    path = state / "ssh config"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFCCI_RUN_STATE", str(state))
        done = CliRunner().invoke(lab, ["ssh-config", "--write", str(path)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def run(*arguments, **options):
        return subprocess.run(
            ["ssh", "-F", path, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            **options,
        )

    run.path = path
    return run


@needs_ssh
def test_the_real_ssh_is_on_the_host_and_answers_with_its_status(ssh):
    done = ssh("source", "ip -o link show source_port; exit 7", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (7, "")
    assert "source_port@" in done.stdout
    assert ssh("dest.reach", "cat", input="round\n").stdout == "round\n"


@needs_ssh
def test_a_file_goes_over_by_scp(ssh, tmp_path):
    (tmp_path / "here").write_bytes(os.urandom(100_000))
    there = tmp_path / "there"
    words = ["scp", "-q", "-F", ssh.path, tmp_path / "here", f"mid:{there}"]
    subprocess.run(words, check=True, timeout=PATIENCE_S, capture_output=True)
    assert there.read_bytes() == (tmp_path / "here").read_bytes()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@needs_ssh
def test_tunnels_lead_from_the_host(ssh):
    """`ssh -L` and `ssh -D` (SOCKS 5, RFC 1928), over one connection."""
    local, socks = free_port(), free_port()
    words = ["ssh", "-F", ssh.path, "-o", "ExitOnForwardFailure=yes", "-L", f"{local}:192.0.2.4:80"]
    with command.start(
        [*words, "-D", str(socks), "source", "echo ready; cat"], stdin=-1, stdout=-1, stderr=-1
    ) as tunnel:
        assert tunnel.stdout.readline() == b"ready\n", tunnel.stderr.read()
        assert asked(("127.0.0.1", local)).endswith(b"This is dest.\n")
        with socket.create_connection(("127.0.0.1", socks), timeout=PATIENCE_S) as sock:
            sock.sendall(b"\x05\x01\x00")
            assert sock.recv(2) == b"\x05\x00"
            sock.sendall(b"\x05\x01\x00\x01" + socket.inet_aton("192.0.2.4") + (80).to_bytes(2))
            assert sock.recv(10)[1] == 0
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b"".join(iter(lambda: sock.recv(4096), b"")).endswith(b"This is dest.\n")


@needs_ssh
def test_nobody_without_the_lab_s_key_comes_in_and_the_server_proves_who_it_is(state, ssh, tmp_path):
    folder = standing.keys_folder(state, "reach")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}["key"] == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    other = ssh.path.read_text().replace(f'"{folder}/key"', f'"{tmp_path}/other"')
    (tmp_path / "config").write_text(other)
    refused = subprocess.run(
        ["ssh", "-F", tmp_path / "config", "source", "true"], capture_output=True, text=True, check=False
    )
    assert "Permission denied (publickey)" in refused.stderr
    public = (tmp_path / "other.pub").read_text()
    (tmp_path / "known").write_text(f"sfcci-lab-reach {public}")
    stranger = ssh("-o", f"UserKnownHostsFile={tmp_path}/known", "source", "true")
    assert "Host key verification failed" in stranger.stderr


@needs_ssh
def test_no_connection_leaves_a_process_and_an_end_of_the_lab_takes_keys_and_forwards(state, ssh):
    assert gone(state, "sshd")
    assert gone(state, "inside/door.py"), "the forwards of the tests above were killed (SIGKILL)"
    with forwarding(state, "dest", 80) as (process, place):
        assert asked(place)
        standing.down(state, standing.one(state))
        assert process.wait(PATIENCE_S) == 3
        assert "lab reach has ended" in process.stderr.read()
    assert not standing.keys_folder(state, "reach").exists()
    assert not list(Path(state).rglob("*key*"))
    assert "no lab reach is up" in ssh("source", "true").stderr
