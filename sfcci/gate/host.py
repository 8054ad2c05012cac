"""Hosts of a lab that die and come back: their cables lose the carrier, as a machine's do that is gone."""

import time

from sfcci.datapath import ovs
from sfcci.datapath.lab import Lab
from sfcci.datapath.topology import Port
from sfcci.errors import ProgramFailure, ToolError

NOTICED_S = 60.0
LOOK_S = 0.01


def set_host(lab: Lab, host: str, *, up: bool) -> None:
    """Have a host be up or not; the switch has noticed when this returns, and who applies a state knows it.

    Raises UsageError, ToolError.
    """
    lab.topology.host(host)
    ports = lab.topology.ports_of(host)
    lines = [f"link set dev {port.name} {'up' if up else 'down'}" for port in ports]
    if up:  # the kernel has taken away what hangs on a link
        lines += [line for port in ports for line in _addresses(port)]
        lines += [f"route replace {route}" for route in lab.topology.routes(host)]
    lab.run(host, ["ip", "-b", "-"], stdin="\n".join(lines) + "\n", timeout_s=30, check=True)
    _noticed(lab, ports, "up" if up else "down")
    (lab.silent.difference_update if up else lab.silent.update)(port.id for port in ports)
    lab.settle()


def _addresses(port: Port) -> list[str]:
    return [
        f"addr replace {address} dev {port.name} noprefixroute{' nodad' if ':' in address else ''}"
        for address in port.addresses
    ]


def _noticed(lab: Lab, ports: tuple[Port, ...], state: str) -> None:
    """Wait until the switch knows the ports' state. Raises ToolError."""
    end = time.monotonic() + NOTICED_S
    words = [word for port in ports for word in ("--", "get", "interface", port.tap, "link_state")]
    switch = lab.keeper.at(ports[0].node)  # those of one host are on one node
    while True:
        said = ovs.vsctl(switch, *words).stdout.split()
        if said == [state] * len(ports):
            return
        if time.monotonic() > end:
            lines = (f"the switch did not notice that {ports[0].host} is {state}",)
            raise ToolError(ProgramFailure(("ovs-vsctl", *words), 0, lines))
        time.sleep(LOOK_S)
