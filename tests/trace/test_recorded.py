"""Paths told from flow records are those that the frames themselves tell."""

import pytest
from path_world import BACK, MPLS, TCP, THERE, frames, meant

from sfcci.errors import UsageError
from sfcci.trace.evidence import paths_of
from sfcci.trace.recorded import of_flows
from sfcci.trace.table import FlowTable


def with_macs(name, captured, wire=False):
    """Give frames with the MAC addresses that a routed (or wire) chain gives them."""
    macs = {port.name: bytes.fromhex(port.mac.replace(":", "")) for port in meant(name).topology.ports}
    found = []
    ends = macs[captured[0].interface], macs[captured[-1].interface]
    for one in captured:
        if wire:
            to, by = ends[1], ends[0]
        elif one.direction == "out":
            to, by = macs[one.interface], b"\2" * 6
        else:
            to, by = b"\4" * 6, macs[one.interface]
        found.append(
            one.__class__(one.time_ns, one.interface, one.direction, to + by + one.data[12:], one.length)
        )
    return found


def records(captured):
    tables = {}
    for one in captured:
        table = tables.setdefault(one.interface, FlowTable(one.interface))
        table.add(one.time_ns, one.data, one.length, one.direction == "out")
    return [flow for table in tables.values() for flow in table.flows()]


@pytest.mark.parametrize(
    ("name", "there", "back", "how"),
    [
        ("symmetric", THERE, BACK, {}),
        ("symmetric", THERE[:2], (), {}),
        ("symmetric", (*THERE[:3], THERE[5]), (), {}),
        ("wire", ("source_port<", "p1in>", "p1out<", "p2in>", "p2out<", "dest_port>"), (), {"wire": True}),
        ("mpls", MPLS, (), {"wire": True}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("protocol", [TCP, 17])
def test_records_tell_what_the_frames_tell(name, there, back, how, protocol):
    captured = with_macs(name, frames(name, *there, protocol=protocol), **how)
    if back:
        captured += with_macs(name, frames(name, *back, answer=True, at=20, protocol=protocol), **how)
    told = paths_of(captured, meant(name))
    names = {port.name: port.name for port in meant(name).topology.ports}
    found = of_flows(records(captured), names, meant(name))
    assert [summary(one) for one in found] == [summary(one) for one in told]


def summary(one):
    hops = [
        (hop.node, hop.role, hop.pair, hop.time_ns, hop.delta_ns, hop.inside_ns, hop.label, hop.on_wire)
        for hop in one.hops
    ]
    return one.flow, one.tracking_id, one.direction, one.verdict, one.says, one.where, hops


def test_a_path_wants_every_port():
    captured = frames("symmetric", *THERE)
    ports = [port.tap for port in meant("symmetric").topology.ports]
    with pytest.raises(UsageError, match=f"{ports[-1]} not captured; a path wants every port"):
        of_flows(records(captured), {}, meant("symmetric"), captured=ports[:-1])
