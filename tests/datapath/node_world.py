"""A node: a real Open vSwitch whose daemons listen where they are told to, with certificates; as any user."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from openflow_switch import PATIENCE_S, SCHEMA, wait

DATABASE_TLS = (
    "--private-key=db:Open_vSwitch,SSL,private_key",
    "--certificate=db:Open_vSwitch,SSL,certificate",
    "--ca-cert=db:Open_vSwitch,SSL,ca_cert",
)
"""As Open vSwitch's own start script has them: what `ovs-vsctl set-ssl` says is what ovsdb-server shows."""


class NodeSwitch:
    """Daemons in a folder of their own. Bridges are those that somebody makes, all with a datapath of no machine."""

    def __init__(self, folder):
        self.folder, self.daemons = folder, []
        folders = dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(folder))
        self.environment = {**os.environ, **folders}
        self.database = f"unix:{folder}/db.sock"
        self.run("ovsdb-tool", "create", folder / "conf.db", SCHEMA)

    def start(self):
        managers = "--remote=db:Open_vSwitch,Open_vSwitch,manager_options"
        remotes = (f"--remote=p{self.database}", managers, *DATABASE_TLS, "--unixctl", self.folder / "a.ctl")
        self._daemon("a.ctl", "ovsdb-server", self.folder / "conf.db", *remotes)
        self.vsctl("--no-wait", "init")
        dummy = ("--disable-system", "--enable-dummy=override", "--unixctl", self.folder / "b.ctl")
        self._daemon("b.ctl", "ovs-vswitchd", self.database, *dummy)
        self.vsctl("set", "open", ".", "external_ids:system-id=test")

    def stop(self):
        while self.daemons:
            daemon = self.daemons.pop()
            daemon.kill()
            daemon.wait()
        for left in ("db.sock", "a.ctl", "b.ctl"):
            (self.folder / left).unlink(missing_ok=True)

    def plug(self, port_id, interface, number):
        words = ("add-port", "br-int", interface, "--", "set", "interface", interface, "type=dummy")
        self.vsctl(*words, f"ofport_request={number}", f"external_ids:iface-id={port_id}")

    def secure(self, pair, authority, manager):
        self.vsctl("set-ssl", pair.key, pair.certificate, authority, "--", "set-manager", manager)

    def vsctl(self, *words):
        return self.run("ovs-vsctl", f"--db={self.database}", *words)

    def get(self, table, record, column):
        return self.vsctl("--if-exists", "get", table, record, column).strip('"')

    def flows(self, bridge="br-int"):
        words = (
            "ovs-ofctl",
            "-O",
            "OpenFlow15",
            "--no-stats",
            "dump-flows",
            f"unix:{self.folder}/{bridge}.mgmt",
        )
        return [line.strip() for line in self.run(*words).splitlines() if "OFPST_" not in line]

    def run(self, *words):
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert not done.returncode, (words, done.stderr)
        return done.stdout.strip()

    def _daemon(self, sign, program, *words):
        quiet = ("--no-chdir", "-vconsole:off", "-vsyslog:off", f"--log-file={self.folder}/{program}.log")
        self.daemons.append(subprocess.Popen([program, *words, *quiet], env=self.environment))
        wait((self.folder / sign).exists)


@contextlib.contextmanager
def node_switch():
    """A switch for the block, running."""
    folder = Path(tempfile.mkdtemp(prefix="n", dir="/tmp"))  # a socket's path has at most 108 octets
    try:
        made = NodeSwitch(folder)
        with contextlib.closing(contextlib.ExitStack()) as stack:
            stack.callback(made.stop)
            made.start()
            yield made
    finally:
        shutil.rmtree(folder)


def free_port():
    """A port that was free just now at every address, below those that the kernel gives to whoever connects."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with (
            contextlib.suppress(OSError),
            socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True),
        ):
            return port
