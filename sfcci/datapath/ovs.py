"""The lab's own Open vSwitch: ovsdb-server and ovs-vswitchd inside the lab, one bridge, programs applied to it."""

import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from sfcci import command, files
from sfcci.chain.program import Program, changes
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.openflow_client import Switch, connect
from sfcci.datapath.topology import Port
from sfcci.datapath.unixctl import Control
from sfcci.errors import MissingTool
from sfcci.machine import install_hint

BRIDGE = "br-int"
FOLDER = "/run/lab"
DATABASE = f"unix:{FOLDER}/db.sock"
CONTROL = f"{FOLDER}/vswitchd.ctl"
SCHEMAS = (
    Path("/usr/share/openvswitch/vswitch.ovsschema"),
    Path("/usr/local/share/openvswitch/vswitch.ovsschema"),
)
FOLDERS = {"OVS_RUNDIR": FOLDER, "OVS_LOGDIR": FOLDER, "OVS_DBDIR": FOLDER}
PATIENCE_S = 20
"""How long a change waits for ovs-vswitchd, which may be gone."""
ANSWER_S = 5.0
LONGEST_MEMORY_S = 3600
"""Open vSwitch's limit for mac-aging-time: an address that ages out is flooded to every port."""


def kind(keeper: Keeper) -> str:
    """Give the datapath that this lab can have: "netdev" (userspace, needs a tap device) or "dummy" (none)."""
    return "netdev" if not keeper.user and os.access("/dev/net/tun", os.R_OK | os.W_OK) else "dummy"


def start(keeper: Keeper, datapath: str) -> None:
    """Start both daemons; they answer when this returns, and whenever one ends the keeper starts it again.

    Raises MissingTool, ToolError.
    """
    schema = next((path for path in SCHEMAS if path.exists()), None)
    if schema is None:
        raise MissingTool("Open vSwitch is not installed", install_hint("ovs-vsctl"))
    daemon = ("--no-chdir", "--detach", "--pidfile", "--log-file", "-vconsole:off")
    _run(keeper, "ovsdb-tool", "create", f"{FOLDER}/conf.db", schema)
    remote = f"--remote=p{DATABASE}"
    _daemon(keeper, "ovsdb-server", f"{FOLDER}/conf.db", remote, f"--unixctl={FOLDER}/ovsdb.ctl", *daemon)
    _run(keeper, "ovs-vsctl", f"--db={DATABASE}", "--no-wait", "init")
    dummy = ("--enable-dummy",) if datapath == "dummy" else ()
    _daemon(keeper, "ovs-vswitchd", DATABASE, f"--unixctl={CONTROL}", "--disable-system", *dummy, *daemon)


def add_bridge(keeper: Keeper, datapath: str, ports: Iterable[Port]) -> None:
    """Make the bridge with all ports, or put right what of it is not so, in one transaction.

    It forwards nothing until it is told to (fail closed). Raises ToolError.
    """
    words = ["--", "--may-exist", "add-br", BRIDGE, "--", "set", "bridge", BRIDGE]
    words += [
        f"datapath_type={datapath}",
        "fail_mode=secure",
        f"other-config:mac-aging-time={LONGEST_MEMORY_S}",
    ]
    _vsctl(keeper, *words, *(word for port in ports for word in _port(port)))


def set_ports(keeper: Keeper, new: Iterable[Port], changed: Iterable[Port]) -> None:
    """Add ports to the bridge, and set the networks of others, in one transaction. Raises ToolError."""
    words = [word for port in new for word in _port(port)]
    words += [word for port in changed for word in _network(port)]
    _vsctl(keeper, *words)


def delete_ports(keeper: Keeper, taps: Iterable[str]) -> None:
    """Take ports from the bridge; one that is not there is no fault. Raises ToolError."""
    _vsctl(keeper, *(word for tap in taps for word in ("--", "--if-exists", "del-port", BRIDGE, tap)))


def ports(keeper: Keeper) -> dict[str, tuple[int, str]]:
    """Give OpenFlow number and mark of every port of ours, by tap. Raises ToolError."""
    said = _vsctl(keeper, "--format=json", "--columns=name,ofport,external_ids", "list", "interface").stdout
    rows = ((name, number, dict(ids[1])) for name, number, ids in json.loads(said)["data"])
    return {
        name: (number if isinstance(number, int) else 0, ids.get("mark", ""))
        for name, number, ids in rows
        if "iface-id" in ids
    }


def _port(port: Port) -> list[str]:
    words = ["--", "--may-exist", "add-port", BRIDGE, port.tap, "--", "set", "interface", port.tap]
    words += [f"ofport_request={port.number}", f"external_ids:iface-id={port.id}"]
    return [*words, f"external_ids:mark={port.mark}", *_network(port)]


def _network(port: Port) -> list[str]:
    if port.network:
        return ["--", "set", "port", port.tap, f"tag={port.network}"]
    return ["--", "clear", "port", port.tap, "tag"]


def switch(keeper: Keeper) -> Switch:
    """Give a connection to the bridge. Raises Unreachable."""
    return connect(f"unix:{keeper.root}{FOLDER}/{BRIDGE}.mgmt")


def remember(keeper: Keeper, program: Program) -> None:
    """Leave the program in the lab, whose keeper gives it to a switch that it has started again. Raises MissingTool, DiskFull.

    For labs that nobody serves: who follows a switch puts it right himself, and has nothing left behind (`forget`).
    """
    text = "".join(f"{change}\n" for change in changes(Program(), program))
    files.write_text(keeper.root / FOLDER[1:] / "program", text, mode=0o600)
    words = ("-O", "OpenFlow15", "bundle", _bridge(), f"{FOLDER}/program")
    _leave(keeper, "restore", _words("ovs-ofctl", words))


def forget(keeper: Keeper) -> None:
    """Leave no program in the lab: a switch that is started again waits, closed, for one who follows it."""
    for name in ("restore", "program"):
        (keeper.root / FOLDER[1:] / name).unlink(missing_ok=True)


def restarts(keeper: Keeper) -> tuple[tuple[float, str], ...]:
    """Give when (seconds since the epoch) which daemon was started again."""
    try:
        text = (keeper.root / FOLDER[1:] / "restarts").read_text()
    except OSError:
        return ()
    lines = (line.split() for line in text.splitlines())
    return tuple((float(when), name) for when, name in lines)


def silent(keeper: Keeper) -> tuple[str, ...]:
    """Give the daemons that do not answer at their sockets."""
    sockets = {"ovsdb-server": "db.sock", "ovs-vswitchd": "vswitchd.ctl"}
    return tuple(name for name, file in sockets.items() if not _answers(keeper.root / FOLDER[1:] / file))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ANSWER_S)
        return sock.connect_ex(str(path)) == 0


def dump(keeper: Keeper, what: str) -> str:
    """Give "flows" or "groups" as the switch has them, without counters, one per line, sorted."""
    words = ["--no-stats", "dump-flows"] if what == "flows" else ["dump-groups"]
    text = _run(keeper, "ovs-ofctl", "-O", "OpenFlow15", *words, _bridge()).stdout
    lines = [line.strip() for line in text.splitlines() if "OFPST_" not in line]
    return "".join(f"{line}\n" for line in sorted(lines))


def settle(keeper: Keeper) -> None:
    """Have the datapath forget its cached decisions: the next packet meets the new flows."""
    with Control(keeper.root / CONTROL[1:]) as daemon:
        daemon.ask("revalidator/purge")


def trace(keeper: Keeper, flow: str) -> str:
    """Give what the switch would do with a packet (ofproto/trace), as text."""
    return _run(keeper, "ovs-appctl", "-t", CONTROL, "ofproto/trace", BRIDGE, flow).stdout


def _vsctl(keeper: Keeper, *words: str) -> command.Completed:
    return _run(keeper, "ovs-vsctl", f"--db={DATABASE}", f"--timeout={PATIENCE_S}", *words)


def _bridge() -> str:
    return f"unix:{FOLDER}/{BRIDGE}.mgmt"


def _daemon(keeper: Keeper, program: str, *words: str) -> None:
    """Start a daemon, then leave its words where the keeper finds them."""
    _run(keeper, program, *words)
    _leave(keeper, f"{program}.start", _words(program, words))


def _leave(keeper: Keeper, name: str, words: Iterable[str | Path]) -> None:
    """Write words for the keeper into the lab's folder, NUL between them. Raises ToolError when the lab has ended."""
    files.write_text(keeper.root / FOLDER[1:] / name, "\0".join(map(str, words)), mode=0o600)


def _run(keeper: Keeper, program: str, *words: str | Path, stdin: str | None = None) -> command.Completed:
    return keeper.run(_words(program, words), stdin=stdin)


def _words(program: str, words: Iterable[str | Path]) -> list[str | Path]:
    folders = (f"{key}={value}" for key, value in FOLDERS.items())
    return [command.find("env"), *folders, command.find(program), *words]
