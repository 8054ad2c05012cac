"""A real Open vSwitch without a datapath of the machine's: packets go in and out by words, as any user."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from sfcci.datapath.unixctl import Control

PATIENCE_S = 60
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


class Switch:
    """The daemons in a folder of their own, and one bridge."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {
            **os.environ,
            "OVS_RUNDIR": str(folder),
            "OVS_LOGDIR": str(folder),
            "OVS_DBDIR": str(folder),
        }
        self.daemons = []
        self.database = f"unix:{folder}/db.sock"
        self.address = f"unix:{folder}/br0.mgmt"

    def run(self, *words):
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert not done.returncode, (words, done.stderr)
        return done.stdout.strip()

    def start(self):
        self.run("ovsdb-tool", "create", self.folder / "conf.db", SCHEMA)
        self._daemon(
            "db.sock",
            "ovsdb-server",
            self.folder / "conf.db",
            f"--remote=p{self.database}",
            "--unixctl",
            self.folder / "a.ctl",
        )
        self.vsctl("--no-wait", "init")
        self.start_again()
        self.vsctl(
            "add-br",
            "br0",
            "--",
            "set",
            "bridge",
            "br0",
            "datapath_type=dummy",
            "fail_mode=secure",
            "protocols=OpenFlow15",
        )

    def start_again(self):
        """Start the one that forwards."""
        (self.folder / "b.ctl").unlink(missing_ok=True)
        dummy = ("--disable-system", "--enable-dummy=override", "--unixctl", self.folder / "b.ctl")
        self._daemon("b.ctl", "ovs-vswitchd", self.database, *dummy)

    def kill(self):
        """End the one that forwards, with all that it holds."""
        daemon = self.daemons.pop()
        daemon.kill()
        daemon.wait()

    def _daemon(self, sign, program, *words):
        kept = (
            "--no-chdir",
            f"--log-file={self.folder}/{program}.log",
            "-vconsole:off",
            f"--pidfile={self.folder}/{program}.pid",
        )
        self.daemons.append(subprocess.Popen([program, *words, *kept], env=self.environment))
        wait((self.folder / sign).exists)

    def vsctl(self, *words):
        return self.run("ovs-vsctl", f"--db={self.database}", *words)

    def add_port(self, name, number):
        pcap = f"options:tx_pcap={self.folder}/{name}.pcap"
        self.vsctl(
            "add-port",
            "br0",
            name,
            "--",
            "set",
            "interface",
            name,
            "type=dummy",
            f"ofport_request={number}",
            pcap,
        )

    def control(self, *words):
        with Control(self.folder / "b.ctl") as control:
            return control.ask(*words).strip()

    def receive(self, name, frame):
        self.control("netdev-dummy/receive", name, frame.hex())

    def sent(self, name):
        """Frames that the switch sent out of a port, in order."""
        data = (self.folder / f"{name}.pcap").read_bytes()
        at, frames = 24, []
        while at + 16 <= len(data):
            length = int.from_bytes(data[at + 8 : at + 12], "little")
            frames.append(data[at + 16 : at + 16 + length])
            at += 16 + length
        return frames

    def dump(self):
        """Flows and groups, as ovs-ofctl tells them."""
        ofctl = ("ovs-ofctl", "-O", "OpenFlow15")
        flows = self.run(*ofctl, "--no-stats", "dump-flows", self.address)
        groups = self.run(*ofctl, "dump-groups", self.address)
        return sorted(
            line.strip() for line in [*flows.splitlines(), *groups.splitlines()] if "OFPST_" not in line
        )

    def clear(self):
        for what in ("del-flows", "del-groups"):
            self.run("ovs-ofctl", "-O", "OpenFlow15", what, self.address)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()


def wait(happened):
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(scope="module")
def switch():
    folder = Path(tempfile.mkdtemp(prefix="of", dir="/tmp"))  # a socket's path has at most 108 octets
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        made = Switch(folder)
        stack.callback(made.stop)
        made.start()
        yield made
