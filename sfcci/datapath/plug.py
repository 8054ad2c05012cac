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
from sfcci.datapath import ovs
from sfcci.datapath.namespace import INSIDE, Keeper
from sfcci.datapath.topology import Change, Host, Port, Topology

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
START_S = 30.0
"""How long making a lab's network may take, beside a second for each host."""


@dataclass(frozen=True)
class Plugged:
    """What is found in a lab: OpenFlow number and mark by tap, taps without a switch's port, hosts' names."""

    ports: Mapping[str, tuple[int, str]]
    loose: tuple[str, ...]
    hosts: tuple[str, ...]


def carry_out(keeper: Keeper, change: Change) -> None:
    """Do what the change says; interrupted or failed, `plugged` finds how far it came. Raises ToolError, MissingTool."""
    pull(keeper, [port.tap for port in change.pull], [host.name for host in change.end])
    furnish(keeper, change)
    if change.plug or change.switch:
        ovs.set_ports(keeper, change.plug, change.switch)
    set_links(keeper, change.switch)


def set_links(keeper: Keeper, ports: Sequence[Port]) -> None:
    """Set MTU and state of cables that stay plugged. Raises ToolError."""
    for port in ports:
        _batch(keeper, port.host, [f"link set dev {port.name} mtu {port.cable_mtu}"])
    mtus = [f"link set dev {port.tap} mtu {port.cable_mtu}" for port in ports]
    _batch(keeper, None, [*mtus, *(_link_state(port) for port in ports)])


def pull(keeper: Keeper, taps: Sequence[str], hosts: Sequence[str]) -> None:
    """Take cables away, then hosts with all that runs on them; what is not there is no fault."""
    if taps:
        ovs.delete_ports(keeper, taps)
        _batch(keeper, None, [f"link del dev {tap}" for tap in taps], force=True)
    if hosts:
        keeper.run([sys.executable, "-I", "-S", INSIDE / "end_host.py", *hosts])
        _batch(keeper, None, [f"netns del {host}" for host in hosts], force=True)


def furnish(keeper: Keeper, change: Change) -> None:
    """Make hosts and cables, set the kernel's knobs while the cables are down, then addresses, up, and routes."""
    lines = [f"netns add {host.name}" for host in change.make]
    for port in change.plug:
        peer = f"peer name {port.name} address {port.mac} mtu {port.cable_mtu} netns {port.host}"
        lines += [f"link add name {port.tap} mtu {port.cable_mtu} type veth {peer}", _link_state(port)]
    plan = _knobs(change)
    for host in (*change.unroute, *change.route, *change.unrule, *change.rule):
        plan.setdefault(host, _nothing())
    for host, given in plan.items():
        given["ip"] = list(_routing(change, host))
    if lines:
        plan[""] = {**_nothing(), "ip": [_ip(lines)]}
    if plan:
        words = [sys.executable, "-I", "-S", str(INSIDE / "network.py")]
        keeper.run(words, stdin=json.dumps(plan), timeout_s=START_S + len(plan))


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


def plugged(keeper: Keeper) -> Plugged:
    """Look what is there. Raises ToolError, MissingTool."""
    ip = command.find("ip")
    links = json.loads(keeper.run([ip, "-j", "link", "show", "type", "veth"]).stdout or "[]")
    hosts = json.loads(keeper.run([ip, "-j", "netns", "list"]).stdout or "[]")
    ports = ovs.ports(keeper)
    taps = [link["ifname"] for link in links]
    return Plugged(
        {tap: found for tap, found in ports.items() if tap in taps},
        tuple(
            dict.fromkeys((*(tap for tap in taps if tap not in ports), *(t for t in ports if t not in taps)))
        ),
        tuple(host["name"] for host in hosts),
    )


def found(wanted: Topology, there: Plugged) -> tuple[Topology, tuple[str, ...], tuple[str, ...]]:
    """Give what of `wanted` is there whole; and the taps and hosts of all else, which are to be pulled.

    What only the switch or the kernel knows (networks, routes, rules, forwarding) counts as not there: it is set again.
    """
    kept = [
        replace(port, number=there.ports[port.tap][0], network=-1, onward="")
        for port in wanted.ports
        if port.tap in there.ports and there.ports[port.tap][1] == port.mark
    ]
    hosts = [replace(host, forwards=not host.forwards) for host in wanted.hosts if host.name in there.hosts]
    taps = {port.tap for port in kept}
    names = {host.name for host in hosts}
    pulled = (*there.loose, *(tap for tap in there.ports if tap not in taps))
    return Topology(tuple(hosts), tuple(kept)), pulled, tuple(h for h in there.hosts if h not in names)


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
