"""Bringing a lab from one topology to another: namespaces, cables, addresses, routes, and the switch's ports.

A port of the switch is made last and carries its cable's mark: one that has its mark is plugged whole. So whatever
was interrupted is found by `plugged`, and what it does not name is taken away and made again.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sfcci import command
from sfcci.datapath import ovs, underlay
from sfcci.datapath.namespace import INSIDE, Keeper
from sfcci.datapath.topology import Change, Host, Plug, Port, Topology

FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")
"""What makes a host a router."""
HOST_SETTINGS: Mapping[str, str] = {
    "net/ipv6/conf/*/disable_ipv6": "1",
    "net/ipv4/conf/*/rp_filter": "0",  # a function receives packets of everybody
    "net/ipv4/conf/*/send_redirects": "0",  # it is on the path on purpose
    "net/ipv4/conf/*/arp_ignore": "1",  # two ports in one network: each answers for its own address
    "net/ipv4/conf/*/arp_announce": "2",
    "net/ipv4/icmp_errors_use_inbound_ifaddr": "1",  # traceroute shows where a packet came in
    "net/ipv4/icmp_ratelimit": "0",  # and shows it every time
    "net/ipv6/icmp/ratelimit": "0",
}
SIXTH: Mapping[str, str] = {
    "disable_ipv6": "0",
    "accept_redirects": "0",
    "accept_dad": "0",  # an address is its port's: it works at once
    "dad_transmits": "0",
    "router_solicitations": "0",
}
"""What an interface with IPv6 needs."""


@dataclass(frozen=True)
class Plugged:
    """What is found in a lab: OpenFlow number and mark of what is plugged, cables without a switch's port, hosts' names."""

    ports: Mapping[Plug, tuple[int, str]]
    loose: tuple[Plug, ...]
    hosts: tuple[str, ...]


def carry_out(keeper: Keeper, change: Change) -> None:
    """Do what the change says; interrupted or failed, `plugged` finds how far it came. Raises ToolError, MissingTool."""
    pull(keeper, [port.plug for port in change.pull], [host.name for host in change.end])
    furnish(keeper, change)
    for node in dict.fromkeys(port.node for port in (*change.plug, *change.switch)):
        new = [port for port in change.plug if port.node == node]
        ovs.set_ports(keeper.at(node), new, [port for port in change.switch if port.node == node])
    set_links(keeper, change.switch)


def set_links(keeper: Keeper, ports: Sequence[Port]) -> None:
    """Set MTU and state of cables that stay plugged. Raises ToolError."""
    for port in ports:
        _batch(keeper, port.host, [f"link set dev {port.name} mtu {port.cable_mtu}"])
    for node in dict.fromkeys(port.node for port in ports):
        there = [port for port in ports if port.node == node]
        mtus = [f"link set dev {port.tap} mtu {port.cable_mtu}" for port in there]
        _batch(keeper.at(node), None, [*mtus, *(_link_state(port) for port in there)])


def pull(keeper: Keeper, plugs: Sequence[Plug], hosts: Sequence[str]) -> None:
    """Take cables away, then hosts with all that runs on them; what is not there is no fault."""
    for node, taps in _by_node(plugs).items():
        ovs.delete_ports(keeper.at(node), taps)
        _batch(keeper.at(node), None, [f"link del dev {tap}" for tap in taps], force=True)
    if hosts:
        keeper.run([sys.executable, "-I", "-S", INSIDE / "end_host.py", *hosts])
        _batch(keeper, None, [f"netns del {host}" for host in hosts], force=True)


def furnish(keeper: Keeper, change: Change) -> None:
    """Make hosts and cables, set the kernel's knobs while the cables are down, then addresses, up, and routes."""
    cables: dict[str, list[str]] = {"": [f"netns add {host.name}" for host in change.make]}
    for port in change.plug:
        peer = f"peer name {port.name} address {port.mac} mtu {port.cable_mtu} netns {port.host}"
        made = f"link add name {port.tap} mtu {port.cable_mtu} type veth {peer}"
        cables.setdefault(port.node, []).extend((made, _link_state(port)))
    plan = _knobs(change)
    for host in (*change.unroute, *change.route, *change.unrule, *change.rule):
        plan.setdefault(host, _nothing())
    for host, given in plan.items():
        given["ip"] = list(_routing(change, host))
    made_of = {node: {**_nothing(), "ip": [_ip(lines)]} for node, lines in cables.items() if lines}
    own = {"": made_of.pop("")} if "" in made_of else {}
    if plans := [one for one in (own, made_of, plan) if one]:
        underlay.network(keeper, *plans)


def _nothing() -> dict[str, Any]:
    return {"settings": {}, "interfaces": [], "ip": []}


def _routing(change: Change, host: str) -> Iterator[dict[str, Any]]:
    """Give what makes a host's addresses, routes and rules the change's; what shall go goes first, missed by nobody."""
    old, old6 = _rules("del", change.unrule.get(host, ()))
    gone = [f"route del {prefix}" for prefix in change.unroute.get(host, ())]
    new, new6 = _rules("add", change.rule.get(host, ()))
    made = host in change.route or any(port.host == host for port in change.plug)
    lines = _addresses(port for port in change.plug if port.host == host) if made else []
    routes = (f"route replace {route}" for route in change.route.get(host, ()))
    if gone or old:
        yield _ip([*gone, *old], force=True)
    if old6:
        yield _ip(old6, force=True, sixth=True)
    if lines := [*lines, *routes, *new]:
        yield _ip(lines)
    if new6:
        yield _ip(new6, sixth=True)


def _rules(verb: str, rules: Iterable[str]) -> tuple[list[str], list[str]]:
    """Give the `ip` lines of IPv4's rules and of IPv6's: a rule without an address does not say its version."""
    fourth: list[str] = []
    sixth: list[str] = []
    for rule in rules:
        (sixth if rule.startswith("-6 ") else fourth).append(f"rule {verb} {rule.removeprefix('-6 ')}")
    return fourth, sixth


def plugged(keeper: Keeper, nodes: Sequence[str] = ()) -> Plugged:
    """Look what is there, at the lab's own switch or at its nodes'. Raises ToolError, MissingTool."""
    ip = command.find("ip")
    ports: dict[Plug, tuple[int, str]] = {}
    cables: list[Plug] = []
    for node in nodes or ("",):
        there = keeper.at(node)
        ports |= {(node, tap): known for tap, known in ovs.ports(there).items()}
        links = json.loads(there.run([ip, "-j", "link", "show", "type", "veth"]).stdout or "[]")
        cables += [(node, link["ifname"]) for link in links if link["ifname"] != underlay.UPLINK]
    hosts = json.loads(keeper.run([ip, "-j", "netns", "list"]).stdout or "[]")
    loose = (*(plug for plug in cables if plug not in ports), *(plug for plug in ports if plug not in cables))
    return Plugged(
        {plug: known for plug, known in ports.items() if plug in cables},
        tuple(dict.fromkeys(loose)),
        tuple(host["name"] for host in hosts if host["name"] not in nodes),
    )


def found(
    wanted: Topology, there: Plugged, before: Topology
) -> tuple[Topology, tuple[Plug, ...], tuple[str, ...]]:
    """Give what of `wanted` is there whole; and the cables and hosts of all else, which are to be pulled.

    What only the switch or the kernel knows (networks, rules, forwarding) counts as not there: it is set again. Of
    gateways those of `before` may still be there.
    """
    gateways = {port.id: port.gateways for port in before.ports}
    kept = [
        replace(
            port,
            number=there.ports[port.plug][0],
            gateways=gateways.get(port.id, ()),
            network=-1,
            onward="",
        )
        for port in wanted.ports
        if port.plug in there.ports and there.ports[port.plug][1] == port.mark
    ]
    hosts = [replace(host, forwards=not host.forwards) for host in wanted.hosts if host.name in there.hosts]
    whole = {port.plug for port in kept}
    names = {host.name for host in hosts}
    pulled = (*there.loose, *(plug for plug in there.ports if plug not in whole))
    return (
        replace(wanted, hosts=tuple(hosts), ports=tuple(kept)),
        pulled,
        tuple(h for h in there.hosts if h not in names),
    )


def _by_node(plugs: Iterable[Plug]) -> dict[str, list[str]]:
    taps: dict[str, list[str]] = {}
    for node, tap in plugs:
        taps.setdefault(node, []).append(tap)
    return taps


def _knobs(change: Change) -> dict[str, Any]:
    """The kernel's settings by host: all of a new host's, those of new cables, and whether it routes."""
    plan: dict[str, Any] = {host.name: _settings(host, HOST_SETTINGS) for host in change.make}
    for host in change.forward:
        plan[host.name] = _settings(host, {})
    for port in change.plug:
        given = plan.setdefault(port.host, _nothing())
        given["interfaces"].append(port.name)
        own = {key.replace("*", port.name): value for key, value in HOST_SETTINGS.items() if "*" in key}
        sixth = any(":" in address for address in port.addresses)
        ours = SIXTH if sixth else {"disable_ipv6": "1"}
        given["settings"] |= own | {f"net/ipv6/conf/{port.name}/{key}": value for key, value in ours.items()}
    return plan


def _settings(host: Host, settings: Mapping[str, str]) -> dict[str, Any]:
    forwards = dict.fromkeys(FORWARDING, "1" if host.forwards else "0")
    return {**_nothing(), "settings": {**settings, **forwards}}


def _link_state(port: Port) -> str:
    return f"link set dev {port.tap} {'up' if port.up else 'down'}"


def _addresses(ports: Iterable[Port]) -> list[str]:
    """Give the `ip` lines of new cables; the routes come by themselves, so that one port alone leads to a network."""
    lines = ["link set dev lo up"]
    for port in ports:
        for address in port.addresses:
            sure = " nodad" if ":" in address else ""
            lines.append(f"addr add {address} dev {port.name} noprefixroute{sure}")
        lines.append(f"link set dev {port.name} up")
    return lines


def _ip(lines: Sequence[str], *, force: bool = False, sixth: bool = False) -> dict[str, Any]:
    """Give a run of `ip`, of IPv6 if `sixth`; `force`: a line that fails hinders no other, and is no error."""
    words = [str(command.find("ip")), *(["-6"] if sixth else []), *(["-force"] if force else []), "-b", "-"]
    return {"argv": words, "lines": "\n".join(lines) + "\n", "force": force}


def _batch(keeper: Keeper, host: str | None, lines: Sequence[str], *, force: bool = False) -> None:
    """Run `ip` lines as one program; `force`: one that fails hinders no other, and is no error."""
    if lines:
        run = _ip(lines, force=force)
        keeper.run(run["argv"], host=host, stdin=run["lines"], check=not force)
