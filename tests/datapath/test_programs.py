"""The programs of a lab's hosts: they work when the lab is up, and say why where they cannot."""

import sys
import time
from dataclasses import replace

import pytest
from plane_world import NOW, World
from scenario_traffic import GOOD, answers

from sfcci import document
from sfcci.chain.state import State
from sfcci.datapath import programs, standing
from sfcci.datapath.lab import raised
from sfcci.datapath.plug import carry_out
from sfcci.datapath.scenario import SCHEMA, load_scenario, parse_scenario
from sfcci.datapath.topology import change
from sfcci.errors import ToolError

pytestmark = pytest.mark.lab
TEXT = """\
name: echoes
network: 10.0.0.0/24
network6: fd00::/64
hosts:
  asker: {}
  twice: {services: {echo: 7, http: 80}}
ports:
  a: {host: asker, ip: 10.0.0.1}
  e1: {host: twice, ip: 10.0.0.11}
  e2: {host: twice, ip: 10.0.0.12}
"""
ASKER = """
import socket, sys
for address in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_connection((address, 7), timeout=60) as tcp:
        tcp.sendall(b"tcp" * 1000)
        data = b""
        while len(data) < 3000:
            data += tcp.recv(4096)
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(60)
        udp.connect((address, 7))  # so that an answer from elsewhere is none
        udp.send(b"udp")
        print(address, len(data), udp.recv(100).decode())
"""


@pytest.fixture(scope="module")
def lab():
    with raised(parse_scenario(document.parse(TEXT, "echoes.yaml", SCHEMA))) as up:
        yield up


def test_an_echo_server_answers_from_the_address_that_was_asked(lab):
    addresses = ["10.0.0.11", "10.0.0.12", "fd00::11", "fd00::12"]
    done = lab.run("asker", [sys.executable, "-I", "-S", "-c", ASKER, *addresses], timeout_s=120, check=True)
    assert done.stdout.splitlines() == [f"{address} 3000 udp" for address in addresses]


def test_a_program_that_cannot_begin_says_why(lab):
    with pytest.raises(ToolError, match=r"echo 10.0.0.11/7 .* on twice: .*Address already in use"):
        programs.start(lab.keeper, lab.topology, [lab.topology.host("twice")])
    done = lab.run("asker", [sys.executable, "-I", "-S", "-c", ASKER, "10.0.0.11"], timeout_s=120)
    assert done.stdout == "10.0.0.11 3000 udp\n"


def test_functions_go_on_when_the_api_takes_their_lab_over_and_when_its_server_starts_anew(tmp_path):
    up = standing.up(tmp_path, "mapping", load_scenario("mapping"), lambda _: None)
    state = State()
    try:
        for _ in range(2):
            taken = World(tmp_path, "mapping")
            state = taken.plane.adopted(state, NOW)
            taken.follow(state)
            taken.comes("ACTIVE")
            assert answers(up.lab, "10.0.0.2", 1500) == GOOD
            host = standing.one(tmp_path).lab.topology.host("vm1")
            assert (host.forwards, host.function) == (False, up.lab.topology.host("vm1").function)
            taken.close(down=False)
    finally:
        standing.down(tmp_path, up)


def test_a_function_goes_on_when_its_cable_was_pulled_and_plugged():
    with raised(load_scenario("one-port")) as lab:
        port = lab.topology.port("p1")
        without = replace(lab.topology, ports=tuple(one for one in lab.topology.ports if one != port))
        carry_out(lab.keeper, change(lab.topology, without))
        carry_out(lab.keeper, change(without, lab.topology))
        end = time.monotonic() + 60
        while (came := answers(lab, "10.0.0.2", 1500)) != GOOD:
            assert time.monotonic() < end, came
