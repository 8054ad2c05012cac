"""The plugged ports as the planner wants them, with the links that they have now; those that stay are the very same."""

from collections.abc import Mapping
from typing import Final

from sfcci.chain.port import Ports, SwitchPort
from sfcci.datapath.topology import Port, Topology

NOTHING: Final = Topology()


class LivePorts:
    """What was last given is kept, so that little is new where little has changed."""

    def __init__(self) -> None:
        self._topology = NOTHING
        self._found: dict[str, SwitchPort] = {}

    def of(self, topology: Topology, links: Mapping[str, bool]) -> Ports:
        """Give the ports by id; `links`: port id → whether it carries traffic. The same mapping if nothing differs."""
        if topology is self._topology:
            differ = {id_: up for id_, up in links.items() if self._found[id_].up != up}
            if differ:
                again = [port for port in topology.ports if port.id in differ]
                self._found = {**self._found, **{port.id: self._one(topology, port, links) for port in again}}
        else:
            found = {port.id: self._one(topology, port, links) for port in topology.ports}
            old = self._found
            same = len(found) == len(old) and all(old.get(id_) is port for id_, port in found.items())
            self._found = old if same else found
        self._topology = topology
        return self._found

    def _one(self, topology: Topology, port: Port, links: Mapping[str, bool]) -> SwitchPort:
        made = switch_port(topology, port, links[port.id])
        old = self._found.get(port.id)
        return old if old == made else made


def switch_port(topology: Topology, port: Port, up: bool) -> SwitchPort:
    """Give a port as the compiler wants it; a host's addresses belong to all its ports."""
    addresses = tuple(address for one in topology.ports_of(port.host) for address in one.plain)
    return SwitchPort(port.number, port.mac, addresses, max(port.network, 0), port.plain, up)
