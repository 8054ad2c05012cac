import struct

from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace.dns import read_message
from sfcci.trace.flow_json import as_json
from sfcci.trace.table import FlowTable

from .frames import ALICE, BOB, NS, ethernet, ipv4, udp

QUESTION = b"\3www\7example\0" + struct.pack("!HH", 1, 1)
ANSWER = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 1])
ASKED = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + QUESTION
ANSWERED = struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + QUESTION + ANSWER


def test_an_answer_is_read():
    assert read_message(ANSWERED) == {
        "ID": 7,
        "QR": True,
        "RD": True,
        "RA": True,
        "op_code": "Query",
        "response_code": "No Error",
        "q_d_count": 1,
        "a_n_count": 1,
        "questions": [{"name": "www.example", "type": "A", "class": "IN"}],
        "answers": [
            {
                "name": "www.example",
                "type": "A",
                "class": "IN",
                "TTL": 60,
                "data_length": 4,
                "IP": "192.0.2.1",
            }
        ],
    }


def test_a_flow_has_its_last_message_on_request():
    table = FlowTable(dns=True)
    table.add(NS, ethernet(ipv4(udp(payload=ASKED), protocol=17)), 80)
    back = ipv4(udp(53, 4000, ANSWERED), "10.0.0.8", "10.0.0.3", 17)
    table.add(NS + 1, ethernet(back, BOB, ALICE), 96)
    (flow,) = map(as_json, table.flows())
    assert (flow["DNS"]["QR"], flow["DNS"]["timestamp"]["nanos"]) == (True, 1)
    assert flow["LayersPath"] == "Ethernet/IPv4/UDP/DNS"


def test_names_that_go_in_circles_and_messages_that_end_early_are_no_messages():
    circle = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\xc0\x0c" + bytes(4)
    assert read_message(circle) is None
    assert {read_message(ANSWERED[:cut]) is None for cut in range(len(ANSWERED))} == {True}


@given(st.binary(max_size=120), st.integers(0, 60))
def test_any_octets_are_a_message_or_none(octets, keep):
    read_message(ANSWERED[:keep] + octets)
