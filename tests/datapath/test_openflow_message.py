"""OpenFlow messages: what is encoded is read back as it was, and what a switch understands is what we say in text."""

import struct

import openflow_values as drawn
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openflow_switch import switch

from sfcci.chain.action import Output
from sfcci.chain.openflow import Flow, Group, match
from sfcci.chain.program import Change, Program, Verb, changes, program_of
from sfcci.datapath import openflow_client as client
from sfcci.datapath import openflow_decode as decode
from sfcci.datapath import openflow_encode as encode
from sfcci.datapath.openflow_error import words

__all__ = ["switch"]
BUNDLE_ADD = 16
"""Octets in front of a message in a bundle."""
real = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.generate]
)


@given(drawn.matches())
def test_a_match_is_read_back_as_it_was(matched):
    octets = encode.encode_match(matched)
    assert decode.decode_match(octets) == (matched, len(octets))
    assert len(octets) % 8 == 0


@given(drawn.flows())
def test_what_a_flow_does_is_read_back_as_it_was(flow):
    assert decode.decode_instructions(encode.encode_instructions(flow.actions)) == flow.actions


@given(st.binary(max_size=200))
def test_whatever_comes_instead_of_a_flow_is_read_or_told(octets):
    for reader in (decode.decode_flow, decode.decode_group):
        try:
            reader(octets)
        except (decode.Unread, struct.error):
            continue


def test_two_registers_in_one_are_told_apart():
    octets = struct.pack("!HHHBBIIII", 1, 24, 0x8001, 1, 16, 0x1FF, 2, 0xFFFFFFFF, 2)
    assert decode.decode_match(octets) == (match(reg0=0x1FF, reg1=(2, 2)), 24)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\0\2\0\x0a", "an action was refused: the match lacks what the action needs"),
        (b"\0\6\0\0", "the group was refused: there is one of this number (OpenFlow error 6, 0)"),
        (b"\0\6\0\x63", "refused (OpenFlow error 6, 99)"),
        (b"\xff\xff\0\5\0\0\x23\x20", "a reason of Open vSwitch's own (OpenFlow error of maker 00002320, 5)"),
    ],
)
def test_a_refusal_is_told_in_words(octets, text):
    assert text in words(octets)


@pytest.mark.lab
@real
@given(st.data())
def test_a_switch_gives_back_what_it_was_given(switch, data):
    group = data.draw(drawn.groups())
    made = data.draw(st.lists(drawn.flows(groups=(group.number,)), max_size=6))
    program = program_of(made, [group])
    switch.clear()
    with client.connect(switch.address) as bridge:
        bridge.apply(changes(Program(), program))
        held = bridge.held()
        assert (program_of(held.flows, held.groups), held.unread) == (program, ())
        bridge.apply(changes(program, Program()))
        assert bridge.held() == client.Held((), ())


@pytest.mark.lab
@settings(real, max_examples=10)
@given(st.data())
def test_octets_say_what_the_text_says(switch, data):
    group = data.draw(drawn.groups())
    program = program_of(data.draw(st.lists(drawn.flows(groups=(group.number,)), max_size=6)), [group])
    switch.clear()
    with client.connect(switch.address) as bridge:
        bridge.apply(changes(Program(), program))
        octets = switch.dump()
        switch.clear()
        text = switch.folder / "bundle"
        text.write_text("".join(f"{change}\n" for change in changes(Program(), program)))
        switch.run("ovs-ofctl", "-O", "OpenFlow15", "bundle", switch.address, text)
        # ovs-ofctl leaves the metadata type away, 1 being what there is without one
        assert switch.dump() == sorted(line.replace("nsh(md_type=1)", "nsh") for line in octets)


def test_a_group_is_deleted_by_its_number_alone():
    octets = encode.addition(Change(Verb.GROUP_DELETE, Group(9, ("ip_src",), ())), 5, 0)
    assert octets[BUNDLE_ADD:].hex() == "060f0018000000050002010000000009" + "00000000ffffffff"


def test_a_flow_is_deleted_by_its_key_alone():
    octets = encode.addition(Change(Verb.FLOW_DELETE, Flow(3, 7, match(in_port=1), (Output(2),))), 5, 0)
    assert len(octets) == BUNDLE_ADD + 8 + 40 + 16
