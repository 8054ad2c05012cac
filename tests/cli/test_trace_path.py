"""`sfcci trace path` as a user runs it: real requests in a lab, good ones and those that somebody has led astray."""

import json
import sys
import threading

import pytest
from click.testing import CliRunner

from sfcci.cli.trace import trace
from sfcci.errors import InputError, SfcciError, UsageError
from sfcci.trace.sending import PROGRAM

pytestmark = pytest.mark.lab
SPOILT = 300
"""The priority of flows that are nobody's: above all of the chains."""


def run(*words, status=0):
    done = CliRunner().invoke(trace, ["path", *map(str, words)], catch_exceptions=True)
    if isinstance(done.exception, SfcciError):
        raise done.exception
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout


@pytest.fixture
def spoil(lab):
    """Lay flows into the switch by hand; they go when the test ends."""
    laid = []

    def ofctl(*words):
        lab.run("switch", ["ovs-ofctl", "-O", "OpenFlow15", *words], timeout_s=60, check=True)

    def lay(match, actions):
        laid.append(match)
        ofctl("add-flow", "br-int", f"{match},priority={SPOILT},actions={actions}")

    yield lay
    for match in laid:
        ofctl("--strict", "del-flows", "br-int", f"{match},priority={SPOILT}")


def sent(*more, status=0, request=("source", "to", "dest", "udp", "53")):
    return json.loads(run(*request, "--send", "--json", *more, status=status))["paths"]


@pytest.mark.usefixtures("lab")
def test_a_request_and_its_answer_are_shown():
    there, back = sent(request=("source", "to", "dest", "tcp", "80"))
    assert (there["verdict"], there["chain"], there["direction"]) == ("OK", "PC1", "forward")
    nodes = [hop["node"] for hop in there["hops"]]
    assert nodes in (["source", "vm1", "vm3", "dest"], ["source", "vm2", "vm3", "dest"])
    assert [hop["label"] for hop in there["hops"]] == [None, 511, 510, None]
    assert all(hop["inside_ns"] > 0 for hop in there["hops"][1:3])
    assert [one["ttl"] for one in there["passes"]] == [64, 64, 63, 63, 62, 62]
    assert (back["verdict"], back["chain"], back["direction"]) == ("OK", None, "reverse")
    assert back["l3_tracking_id"] == there["l3_tracking_id"]


def test_one_that_somebody_sends_is_waited_for(lab):
    done = threading.Event()

    def send():
        while not done.wait(0.2):
            words = [sys.executable, "-I", "-S", PROGRAM, "icmp", "10.0.0.103", "0", "10.0.0.128", "0"]
            lab.run("source", words, timeout_s=60)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        shown = run("source -> dest icmp", "--wait", 60)
    finally:
        done.set()
        sender.join()
    assert "✓ OK: no chain wants it; it is switched to dest" in shown
    assert "✓ OK: no chain wants it; it is switched to source" in shown


def test_a_function_that_forwards_nothing_is_where_it_is_dropped(lab):
    lab.set_forwarding("vm3", False)
    try:
        (found,) = sent(status=1)
    finally:
        lab.set_forwarding("vm3", True)
    assert (found["verdict"], found["node"], found["where"]) == ("DROPPED-AT", "vm3", "in the function")


def test_a_flow_that_drops_is_found(spoil):
    spoil("table=20,reg0=0x1fe", "drop")
    (found,) = sent(status=1)
    assert (found["verdict"], found["where"]) == ("DROPPED-AT", "in the switch")
    assert found["node"] in ("vm1", "vm2")
    assert f"20. reg0=0x1fe, priority {SPOILT}" in found["told"]


def test_what_is_dropped_before_the_classifier_is_told_so(spoil):
    spoil("table=0,in_port=1,udp", "drop")
    (found,) = sent(status=1)
    assert (found["verdict"], found["node"], found["where"]) == (
        "DROPPED-AT",
        "source",
        "before the classifier",
    )


def test_a_function_that_is_passed_by_is_named(spoil):
    for port in (4, 6):
        spoil(f"table=12,reg0=0x100,in_port={port}", "set_field:0x1fd->reg0,goto_table:20")
    (found,) = sent("--forward", status=1)
    assert (found["verdict"], found["node"]) == ("BYPASSED", "vm3")
    assert f"priority {SPOILT}" in found["told"]
    text = run("source", "to", "dest", "udp", "53", "--send", "--forward", status=1)
    assert "✗ BYPASSED vm3: PC1 wants it; it goes past PG2 (vm3)" in text


def test_functions_in_another_order_are_told(spoil):
    spoil("table=12,reg0=0x100,in_port=1", "set_field:0x1fe->reg0,goto_table:20")
    spoil("table=12,reg0=0x100,in_port=8", "set_field:0x1ff->reg0,goto_table:20")
    for port in (4, 6):
        spoil(f"table=12,reg0=0x100,in_port={port}", "set_field:0x1fd->reg0,goto_table:20")
    (found,) = sent("--forward", status=1)
    assert (found["verdict"], found["node"]) == ("WRONG-ORDER", "vm3")
    assert found["says"] == "PC1 wants it; it visits vm3 (PP3 of PG2) before PG1"


def test_a_capture_has_paths_and_they_go_into_a_file(lab, tmp_path):
    capture = tmp_path / "seen.pcapng"
    words = [sys.executable, "-I", "-S", PROGRAM, "tcp", "10.0.0.103", "0", "10.0.0.128"]
    with lab.capture(capture):
        for port in ("80", "22"):
            lab.run("source", [*words, port], timeout_s=60)
    found = json.loads(run("--pcap", capture, "--lab", "traced", "--json"))["paths"]
    assert [(one["flow"]["dport"], one["chain"]) for one in found if one["direction"] == "forward"] == [
        (80, "PC1"),
        (22, None),
    ]
    run(
        "tcp", "80", "--pcap", capture, "--scenario", "demo", "--format", "html", "-o", tmp_path / "path.html"
    )
    assert "10.0.0.128:80" in (tmp_path / "path.html").read_text()
    assert run("tcp", "443", "--pcap", capture, status=1) == "no such request passed\n"
    with pytest.raises(InputError, match="interfaces source_vm_port"):
        run("--pcap", capture, "--scenario", "one-port")


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sourec", "to", "dest", "--send"), "did you mean source"),
        (("tcp", "80", "--send"), "say FROM with --send"),
        (("source", "to", "192.0.2.1", "--send"), "no port of the lab has the address of TO"),
        (("--lab", "other"), "no lab 'other'; "),
        (("--pcap", "x", "--send"), "--pcap and --send exclude each other"),
        (("--scenario", "demo"), "with --pcap"),
        (("--run", "none"), "none"),
        (("to", "dest", "--analyzer", "127.0.0.1:1"), "names are known in a lab"),
    ],
)
def test_what_cannot_be_asked_is_said(words, says):
    with pytest.raises(UsageError) as error:
        run(*words)
    assert says in str(error.value)


@pytest.mark.usefixtures("lab")
def test_no_request_is_an_exit_status():
    assert run("source", "to", "dest", "tcp", "9", "--wait", "0.1", status=1) == "no such request passed\n"
