"""Paths: what is told of a packet that went as its chain says, and of those that did not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_world import BACK, MPLS, TCP, THERE, WHOLE, framed, frames, meant, packet, path, seen

from sfcci.chain.compiler import compiled
from sfcci.datapath.lab import switch_ports
from sfcci.trace.chainpath import Role, Verdict, Where
from sfcci.trace.evidence import paths_of
from sfcci.trace.judging import judged
from sfcci.trace.passes import trails


def told(found):
    return found.verdict, found.node, found.where


def test_each_node_is_told_with_its_pair_its_times_and_its_place_on_the_path():
    found = path("demo", *WHOLE)
    assert told(found) == (Verdict.OK, "", None)
    assert found.says == "as PC1 says: PP1, PP3, dest"
    assert [(hop.node, hop.role, hop.group, hop.pair) for hop in found.hops] == [
        ("source", Role.SOURCE, "", ""),
        ("vm1", Role.FUNCTION, "PG1", "PP1"),
        ("vm3", Role.FUNCTION, "PG2", "PP3"),
        ("dest", Role.DESTINATION, "", ""),
    ]
    assert [(hop.delta_ns, hop.inside_ns) for hop in found.hops] == [
        (0, None),
        (1000, 1000),
        (1000, 1000),
        (1000, None),
    ]
    assert (found.chain, found.direction, found.back, found.pairs) == (
        "PC1",
        "forward",
        False,
        ("PP1", "PP3"),
    )
    assert [(step.group, step.nodes, step.visited) for step in found.meant] == [
        ("PG1", ("vm1", "vm2"), "PP1"),
        ("PG2", ("vm3",), "PP3"),
    ]


def test_a_label_that_is_on_no_wire_and_the_choice_are_from_the_tables():
    first, second = path("demo", *WHOLE).hops[1:3]
    assert (first.spi, first.si, first.label, first.on_wire) == (1, 255, 511, False)
    assert (second.spi, second.si, second.label) == (1, 254, 510)
    assert (first.number, first.choices, len(first.buckets)) == (1, 2, 1)
    assert (second.number, second.choices, second.buckets) == (None, 1, ())


def test_a_label_that_is_on_the_wire_is_the_frames_own():
    found = path("mpls", *MPLS)
    assert found.ok
    assert [(hop.label, hop.on_wire) for hop in found.hops[1:3]] == [(511, True), (510, True)]
    assert found.hops[1].given.encap == (("mpls", 511, 255),)


def test_a_function_that_does_not_count_down_is_named_where_the_switch_drops_it():
    found = path("mpls", *MPLS[:2], ("p1out<", {"label": 511}))
    assert told(found) == (Verdict.DROPPED_AT, "vm1", Where.SWITCH)
    assert "gave it back with path 1 index 255, expected path 1 index 254" in found.says


def test_the_place_in_a_service_header_is_told():
    way = (
        "source_port<",
        ("p2in>", {"nsh": (1, 255)}),
        ("p2out<", {"nsh": (1, 254)}),
        ("p3in>", {"nsh": (1, 254)}),
        ("p3out<", {"nsh": (1, 253)}),
        "dest_port>",
    )
    found = path("nsh", *way)
    assert found.ok
    assert [(hop.spi, hop.si, hop.label, hop.on_wire) for hop in found.hops[1:3]] == [
        (1, 255, None, True),
        (1, 254, None, True),
    ]


@pytest.mark.parametrize(
    ("events", "verdict", "node", "where", "says"),
    [
        (WHOLE[:2], Verdict.DROPPED_AT, "vm1", Where.FUNCTION, "PC1 wants it; vm1 (PP1 of PG1) got it and did not give it back"),
        (WHOLE[:3], Verdict.DROPPED_AT, "vm1", Where.SWITCH, "PC1 wants it; the switch got it from vm1 and gave it to nobody; PG2 was next"),
        (WHOLE[:5], Verdict.DROPPED_AT, "vm3", Where.SWITCH, "PC1 wants it; the switch got it from vm3 and gave it to nobody; its destination was next"),
        (WHOLE[:1], Verdict.DROPPED_AT, "source", Where.SWITCH, "PC1 wants it; the switch got it from source and gave it to nobody; PG1 was next"),
        ((WHOLE[0], WHOLE[5]), Verdict.BYPASSED, "vm1 or vm2", None, "PC1 wants it; it goes past PG1 (vm1 or vm2) and PG2 (vm3)"),
        ((*WHOLE[:3], WHOLE[5]), Verdict.BYPASSED, "vm3", None, "PC1 wants it; it goes past PG2 (vm3)"),
        ((WHOLE[0], *WHOLE[3:]), Verdict.BYPASSED, "vm1 or vm2", None, "PC1 wants it; it goes past PG1 (vm1 or vm2)"),
        ((WHOLE[0], *WHOLE[3:5], *WHOLE[1:3], WHOLE[5]), Verdict.WRONG_ORDER, "vm3", None, "PC1 wants it; it visits vm3 (PP3 of PG2) before PG1"),
        ((*WHOLE[:3], "p2in>", "p2out<", *WHOLE[3:]), Verdict.WRONG_ORDER, "vm2", None, "PC1 wants it; it visits PG1 twice"),
        ((*WHOLE[:3], "source_vm_port>"), Verdict.DROPPED_AT, "vm1", Where.SWITCH, "PC1 wants it; it is given to source, who is not meant; PG2 was next"),
    ],
)  # fmt: skip
def test_what_went_wrong_is_told_with_the_node(events, verdict, node, where, says):
    found = path("demo", *events)
    assert (*told(found), found.says) == (verdict, node, where, says)


def test_a_packet_that_no_classifier_takes_is_dropped_before_the_classifier_or_switched():
    found = path("demo", "source_vm_port<", protocol=TCP, ports=(40000, 22))
    assert (*told(found), found.chain) == (Verdict.DROPPED_AT, "source", Where.CLASSIFIER, "")
    assert (
        found.says
        == "no chain wants it; no classifier of the switch takes what source sent, and nobody gets it"
    )
    switched = path("demo", "source_vm_port<", "dest_vm_port>", protocol=TCP, ports=(40000, 22))
    assert (switched.verdict, switched.says) == (Verdict.OK, "no chain wants it; it is switched to dest")
    astray = path("demo", *WHOLE, protocol=TCP, ports=(40000, 22))
    assert told(astray) == (Verdict.WRONG_ORDER, "vm1", None)


def test_a_chain_that_the_switch_knows_nothing_of_drops_before_the_classifier():
    there = meant("demo")
    bare = compiled(there.layout.chains.__class__(), switch_ports(there.topology)).program
    found = path("demo", WHOLE[0], given=replace(there, program=bare))
    assert told(found) == (Verdict.DROPPED_AT, "source", Where.CLASSIFIER)


def test_a_service_graph_is_one_way_through_several_chains():
    way = (
        "source_port<",
        ("p1in>", {"label": 511}),
        ("p1out<", {"label": 510}),
        ("p3in>", {"label": 1023}),
        ("p3out<", {"label": 1022}),
        "dest_port>",
    )
    found = path("graph", *way, protocol=TCP)
    assert (found.says, [step.group for step in found.meant]) == (
        "as PCA and PCC say: PP1, PP3, dest",
        ["PG1", "PG3"],
    )
    assert path("graph", *way).verdict is Verdict.BYPASSED  # UDP: PCB's vm2 was its next


def test_a_copy_stands_where_it_was_made_and_one_that_is_missing_is_told():
    way = ("source_port<", "p1in>", "p1out<", "p2in>", "tap_port>", "p2out<", "dest_port>")
    found = path("taps", *way)
    assert found.ok
    assert [(hop.node, hop.role) for hop in found.hops][2] == ("tap", Role.TAP)
    assert found.hops[2].delta_ns == 2000
    none = path("taps", *(event for event in way if event != "tap_port>"))
    assert (none.verdict, none.node, none.says) == (
        Verdict.BYPASSED,
        "tap",
        "PC1 wants it; PP_tap gets no copy",
    )


def lame(name, *down):
    """The scenario's meaning when these ports have no link."""
    there = meant(name)
    ports = {
        id_: replace(port, up=there.layout.name(id_) not in down) for id_, port in there.layout.ports.items()
    }
    made = compiled(there.layout.chains, ports)
    return replace(there, layout=replace(there.layout, ports=ports, ways=made.ways), program=made.program)


def test_an_open_chain_without_a_live_function_lets_pass_and_a_closed_one_drops():
    dead = lame("failopen", "p1in", "p2in")
    opened = path("failopen", "source_port<", "dest_port>", given=dead, protocol=TCP)
    assert (opened.verdict, opened.says) == (Verdict.OK, "as PC_open says: dest")
    closed = path("failopen", "source_port<", given=dead)
    assert told(closed) == (Verdict.DROPPED_AT, "source", Where.SWITCH)
    assert closed.says.endswith("PG2 has no live port pair, and PC_closed is closed")
    past = path("failopen", "source_port<", "dest_port>", given=dead)
    assert (past.verdict, "yet it was not dropped" in past.says) == (Verdict.BYPASSED, True)


def both(*back):
    captured = [*frames("symmetric", *THERE), *frames("symmetric", *back, answer=True, at=10)]
    return paths_of(captured, meant("symmetric"))


def test_the_answer_of_a_symmetric_chain_is_judged_by_the_way_back():
    there, back = both(*BACK)
    assert (there.direction, back.direction, back.back, back.ok) == ("forward", "reverse", True, True)
    assert back.says == "as PC1 (the way back) says: PP3, PP1, source"
    assert there.tracking_id == back.tracking_id
    assert [hop.label for hop in back.hops[1:3]] == [511, 510]


def test_an_answer_that_meets_other_instances_is_wrong():
    _, back = both("dest_port<", "p4out>", "p4in<", *BACK[3:])
    assert (back.verdict, back.says) == (
        Verdict.WRONG_ORDER,
        "PC1 (the way back) wants it; it visits PP4, PP1, the packet that it answers PP1, PP3",
    )


def test_a_translators_packets_are_one_way_and_its_answers_are_the_chains():
    behind = framed(packet("10.0.0.101", "10.0.0.2"))
    there = [
        *frames("mapping", "source_port<", "p1in>"),
        *seen(2, behind, "p1out<", "p2in>", "p2out<", "dest_port>"),
    ]
    answer = framed(packet("10.0.0.2", "10.0.0.101", ports=(53, 40000)))
    again = framed(packet("10.0.0.2", "10.0.0.1", ports=(53, 40000)))
    back = [
        *seen(10, answer, "dest_port<", "p2out>", "p2in<", "p1out>"),
        *seen(14, again, "p1in<", "source_port>"),
    ]
    found = paths_of([*there, *back], meant("mapping"))
    assert [(one.direction, one.says) for one in found] == [
        ("forward", "as PC1 says: PP1, PP2, dest"),
        ("reverse", "as PC1 (the way back) says: PP2, PP1, source"),
    ]


def test_of_many_packets_the_first_that_went_wrong_is_shown_and_they_are_counted():
    captured = [
        *frames("demo", *WHOLE, number=1),
        *frames("demo", *WHOLE[:2], number=2, at=20),
        *frames("demo", *WHOLE, number=3, at=40),
        *frames("demo", *WHOLE[:2], number=4, at=60),
        *frames("demo", *WHOLE[:2], number=5, at=80),
    ]
    (found,) = paths_of(captured, meant("demo"))
    assert (found.verdict, found.packets, found.alike, found.first) == (Verdict.DROPPED_AT, 5, 3, 2)


def test_each_request_has_its_path_the_oldest_first():
    seen = [*frames("demo", *WHOLE, ports=(40001, 53), at=50), *frames("demo", *WHOLE, ports=(40000, 53))]
    assert [found.flow.sport for found in paths_of(seen, meant("demo"))] == [40000, 40001]


PLACES = ("source_vm_port", "dest_vm_port", "p1in", "p1out", "p2in", "p2out", "p3in", "p3out")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from("<>"), st.integers(60, 64)), max_size=12))
def test_whatever_is_seen_has_a_verdict_and_every_frame_is_told_once(events):
    seen = frames("demo", *((where + way, {"ttl": ttl}) for where, way, ttl in events))
    there = meant("demo")
    for trail in trails(seen, there.nodes, taps=there.taps):
        one = judged(trail, there)
        assert sum(bool(hop.given) + bool(hop.returned) for hop in one.hops) == len(trail.passes)
        assert (one.verdict is Verdict.DROPPED_AT) == (one.where is not None)
        if one.ok and one.chain:
            assert one.pairs in (("PP1", "PP3"), ("PP2", "PP3"))
