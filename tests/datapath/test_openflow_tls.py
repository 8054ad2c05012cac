"""OpenFlow over what reaches another machine: TLS with both certificates checked, TCP, IPv6; against the real Open vSwitch."""

import contextlib

import pytest
from node_world import free_port, node_switch
from openflow_switch import wait

from sfcci.chain.action import Output
from sfcci.chain.openflow import Flow, match
from sfcci.chain.program import Program, program_of
from sfcci.datapath.openflow_client import connect
from sfcci.datapath.pki import Pki
from sfcci.datapath.remote import WrongCertificate
from sfcci.errors import Unreachable, UsageError

pytestmark = pytest.mark.lab
FLOWS = 1500
"""More octets than one record of TLS, either way."""


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.controller()
    return made


@pytest.fixture(scope="module")
def places(pki):
    """Where one switch listens: with TLS, and plainly over IPv6."""
    pair = pki.node("node1", "127.0.0.1")
    with node_switch() as switch:
        secure, plain = free_port(), free_port()
        switch.vsctl("set-ssl", pair.key, pair.certificate, pki.authority)
        switch.vsctl(
            *("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=dummy", "fail_mode=secure"),
            *("--", "set-controller", "br-int", f"pssl:{secure}:127.0.0.1", f"ptcp:{plain}:[::1]"),
        )
        found = f"ssl:127.0.0.1:{secure}", f"tcp:[::1]:{plain}"
        for place, tls in zip(found, (pki.tls(("node1",)), None), strict=True):
            wait(lambda place=place, tls=tls: answers(place, tls))
        yield found


def answers(place, tls):
    with contextlib.suppress(Unreachable), connect(place, tls):
        return True
    return False


def test_many_flows_go_there_and_are_read_back(places, pki):
    program = program_of([Flow(20, number, match(reg0=number), (Output(1),)) for number in range(1, FLOWS)])
    for place, tls in zip(places, (pki.tls(("node1", "127.0.0.1")), None), strict=True):
        with connect(place, tls) as switch:
            switch.become(Program(), program)
            assert program_of(switch.held().flows) == program
            switch.become(program, Program())
            assert not switch.held().flows


def test_another_ones_certificate_is_refused(places, pki):
    with pytest.raises(
        WrongCertificate, match=r"shows the certificate of node1, 127\.0\.0\.1; expected one of node2"
    ):
        connect(places[0], pki.tls(("node2",)))


def test_what_speaks_no_tls_is_told(places, pki):
    with pytest.raises(Unreachable):
        connect(places[1].replace("tcp:", "ssl:"), pki.tls(()), limit_s=30)


def test_tls_wants_certificates(places):
    with pytest.raises(UsageError, match="wants a certificate"):
        connect(places[0])
