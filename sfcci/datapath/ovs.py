"""A lab's own Open vSwitch: ovsdb-server and ovs-vswitchd inside the lab, one bridge, programs applied to it.

A lab with nodes has one on each: `keeper.at(node)` says which is meant.
"""

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
SWITCH, RESTORE = "ovs-vswitchd", "restore"
FOLDER = "/run/lab"
SCHEMAS = (
    Path("/usr/share/openvswitch/vswitch.ovsschema"),
    Path("/usr/local/share/openvswitch/vswitch.ovsschema"),
)
FOLDERS = ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")
QUIET = ("-vdpif:file:err", "-vofproto_dpif_upcall:file:err")
"""What has the datapath forget its decisions makes Open vSwitch complain that they are gone: many lines for each change."""
PATIENCE_S = 20
"""How long a change waits for ovs-vswitchd, which may be gone."""
ANSWER_S = 5.0
LONGEST_MEMORY_S = 3600
"""Open vSwitch's limit for mac-aging-time: an address that ages out is flooded to every port."""


def folder(keeper: Keeper) -> str:
    """Give where the daemons' files are, as the lab sees it."""
    return f"{FOLDER}/nodes/{keeper.node}" if keeper.node else FOLDER


def file(keeper: Keeper, name: str) -> Path:
    """Give a file of the daemons', as this process sees it."""
    return keeper.root / folder(keeper)[1:] / name


def database(keeper: Keeper) -> str:
    """Give where ovsdb-server answers, as the lab sees it."""
    return f"unix:{folder(keeper)}/db.sock"


def control(keeper: Keeper) -> str:
    """Give where ovs-vswitchd answers ovs-appctl, as the lab sees it."""
    return f"{folder(keeper)}/vswitchd.ctl"


def bridge(keeper: Keeper) -> str:
    """Give where the bridge answers ovs-ofctl, as the lab sees it."""
    return f"unix:{folder(keeper)}/{BRIDGE}.mgmt"


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
    at, socket_ = folder(keeper), database(keeper)
    file(keeper, "").mkdir(parents=True, exist_ok=True)
    run(keeper, "ovsdb-tool", "create", f"{at}/conf.db", schema)
    _daemon(
        keeper, "ovsdb-server", f"{at}/conf.db", f"--remote=p{socket_}", f"--unixctl={at}/ovsdb.ctl", *daemon
    )
    run(keeper, "ovs-vsctl", f"--db={socket_}", "--no-wait", "init")
    dummy = ("--enable-dummy",) if datapath == "dummy" else ()
    words = (socket_, f"--unixctl={control(keeper)}", "--disable-system", *dummy, *QUIET, *daemon)
    _daemon(keeper, SWITCH, *words)


def add_bridge(keeper: Keeper, datapath: str, ports: Iterable[Port], more: Iterable[str] = ()) -> None:
    """Make the bridge with all ports, or put right what of it is not so, in one transaction.

    It forwards nothing until it is told to (fail closed). `more`: what else is to be so. Raises ToolError.
    """
    words = ["--", "--may-exist", "add-br", BRIDGE, "--", "set", "bridge", BRIDGE]
    words += [
        f"datapath_type={datapath}",
        "fail_mode=secure",
        f"other-config:mac-aging-time={LONGEST_MEMORY_S}",
    ]
    vsctl(keeper, *words, *more, *(word for port in ports for word in _port(port)))


def set_ports(keeper: Keeper, new: Iterable[Port], changed: Iterable[Port]) -> None:
    """Add ports to the bridge, and set the networks of others, in one transaction. Raises ToolError."""
    words = [word for port in new for word in _port(port)]
    words += [word for port in changed for word in _network(port)]
    vsctl(keeper, *words)


def delete_ports(keeper: Keeper, taps: Iterable[str]) -> None:
    """Take ports from the bridge; one that is not there is no fault. Raises ToolError."""
    vsctl(keeper, *(word for tap in taps for word in ("--", "--if-exists", "del-port", BRIDGE, tap)))


def ports(keeper: Keeper) -> dict[str, tuple[int, str]]:
    """Give OpenFlow number and mark of every port of ours, by tap. Raises ToolError."""
    said = vsctl(keeper, "--format=json", "--columns=name,ofport,external_ids", "list", "interface").stdout
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
    return connect(f"unix:{file(keeper, f'{BRIDGE}.mgmt')}")


def remember(keeper: Keeper, program: Program) -> None:
    """Leave the program in the lab, whose keeper gives it to a switch that it has started again. Raises MissingTool, DiskFull.

    For labs that nobody serves: who follows a switch puts it right himself, and has nothing left behind (`forget`).
    """
    text = "".join(f"{change}\n" for change in changes(Program(), program))
    files.write_text(file(keeper, "program"), text, mode=0o600)
    leave(
        keeper,
        RESTORE,
        "ovs-ofctl",
        "-O",
        "OpenFlow15",
        "bundle",
        bridge(keeper),
        f"{folder(keeper)}/program",
    )


def forget(keeper: Keeper) -> None:
    """Leave no program in the lab: a switch that is started again waits, closed, for one who follows it."""
    for name in (RESTORE, "program"):
        file(keeper, name).unlink(missing_ok=True)


def restarts(keeper: Keeper) -> tuple[tuple[float, str], ...]:
    """Give when (seconds since the epoch) which daemon was started again."""
    try:
        text = file(keeper, "restarts").read_text()
    except OSError:
        return ()
    lines = (line.split() for line in text.splitlines())
    return tuple((float(when), name) for when, name in lines)


def silent(keeper: Keeper) -> tuple[str, ...]:
    """Give the daemons that do not answer at their sockets."""
    sockets = {"ovsdb-server": "db.sock", SWITCH: "vswitchd.ctl"}
    return tuple(name for name, sock in sockets.items() if not _answers(file(keeper, sock)))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ANSWER_S)
        return sock.connect_ex(str(path)) == 0


def dump(keeper: Keeper, what: str) -> str:
    """Give "flows" or "groups" as the switch has them, without counters, one per line, sorted."""
    words = ["--no-stats", "dump-flows"] if what == "flows" else ["dump-groups"]
    text = run(keeper, "ovs-ofctl", "-O", "OpenFlow15", *words, bridge(keeper)).stdout
    lines = [line.strip() for line in text.splitlines() if "OFPST_" not in line]
    return "".join(f"{line}\n" for line in sorted(lines))


def settle(keeper: Keeper) -> None:
    """Have the datapath forget its cached decisions: the next packet meets the new flows."""
    with Control(file(keeper, "vswitchd.ctl")) as daemon:
        daemon.ask("revalidator/purge")


def trace(keeper: Keeper, flow: str) -> str:
    """Give what the switch would do with a packet (ofproto/trace), as text."""
    return run(keeper, "ovs-appctl", "-t", control(keeper), "ofproto/trace", BRIDGE, flow).stdout


def vsctl(keeper: Keeper, *words: str) -> command.Completed:
    """Run ovs-vsctl at the database. Raises MissingTool, ToolError."""
    return run(keeper, "ovs-vsctl", f"--db={database(keeper)}", f"--timeout={PATIENCE_S}", *words)


def _daemon(keeper: Keeper, program: str, *words: str) -> None:
    """Start a daemon, then leave its words where the keeper finds them."""
    run(keeper, program, *words)
    leave(keeper, f"{program}.start", program, *words)


def leave(keeper: Keeper, name: str, program: str, *words: str | Path) -> None:
    """Write a program's words for the keeper into the folder, NUL between them. Raises ToolError when the lab has ended."""
    there = [command.find("nsenter"), f"--net=/run/netns/{keeper.node}", "--"] if keeper.node else []
    text = "\0".join(map(str, [*there, *_words(keeper, program, words)]))
    files.write_text(file(keeper, name), text, mode=0o600)


def run(keeper: Keeper, program: str, *words: str | Path, stdin: str | None = None) -> command.Completed:
    """Run a program of Open vSwitch's beside the daemons. Raises MissingTool, ToolError."""
    return keeper.run(_words(keeper, program, words), stdin=stdin)


def _words(keeper: Keeper, program: str, words: Iterable[str | Path]) -> list[str | Path]:
    folders = (f"{key}={folder(keeper)}" for key in FOLDERS)
    return [command.find("env"), *folders, command.find(program), *words]
