"""The programs that work on a lab's hosts as long as it is: servers, and service functions."""

import json
import sys
from collections.abc import Iterator, Sequence

from sfcci import command
from sfcci.datapath.namespace import INSIDE, Keeper
from sfcci.datapath.topology import Function, Host, Port, Topology

SERVERS = {"http": "web", "echo": "echo"}
"""Service → the module that gives it."""
ROUTERS = ("router", "translator")
Program = tuple[str, str, list[str]]
"""Host, module and its words."""


def start(keeper: Keeper, topology: Topology, hosts: Sequence[Host]) -> None:
    """Start the programs of these hosts; all of them work when this returns. Raises ToolError."""
    programs = [program for host in hosts for program in _programs(topology, host)]
    if programs:
        keeper.run([sys.executable, "-I", "-S", INSIDE / "programs.py"], stdin=json.dumps(programs))
    for host in hosts:
        _announce(keeper, topology, host)


def function_words(topology: Topology, function: Function, ports: Sequence[Port]) -> list[str]:
    """Give the words of a function's program that works between the first and the last of these ports."""
    words = [function.kind, ports[0].name, ports[-1].name, f"hold={function.hold_ms:g}"]
    words += ["address=swap"] if function.swap else []
    words += [f"map={before}/{behind}" for before, behind in function.maps]
    if function.kind in ROUTERS:
        words += [f"neighbour={word}" for port in topology.ports for word in _neighbours(port)]
    return words


def _programs(topology: Topology, host: Host) -> Iterator[Program]:
    for service, port in host.services.items():
        addresses = [a.partition("/")[0] for own in topology.ports_of(host.name) for a in own.addresses]
        echoes = [f"{address}/{port}" for address in addresses]
        yield host.name, SERVERS[service], echoes if service == "echo" else [str(port), host.name]
    if host.function:
        words = function_words(topology, host.function, topology.ports_of(host.name))
        yield host.name, "service_function", words


def _neighbours(port: Port) -> list[str]:
    return [f"{address.partition('/')[0]}/{port.mac}" for address in port.addresses]


def _announce(keeper: Keeper, topology: Topology, host: Host) -> None:
    """Have all others send what is for a translator's addresses to it: nobody answers for them."""
    if not host.function or not host.function.maps:
        return
    mac = topology.ports_of(host.name)[-1].mac
    for other in topology.hosts:
        ports = [port for port in topology.ports_of(other.name) if port.addresses]
        lines = [
            f"neigh replace {behind} lladdr {mac} dev {port.name} nud permanent\n"
            for port in ports
            for _, behind in host.function.maps
        ]
        if lines and other is not host:
            keeper.run([command.find("ip"), "-b", "-"], host=other.name, stdin="".join(lines))
