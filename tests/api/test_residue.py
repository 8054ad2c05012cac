"""What is left in the switch of chains that were made and deleted, of refused requests, and of what others put there."""

import time

import pytest

from sfcci.datapath import standing

from .every_kind import GROUPS, PAIRS, Kinds
from .world import filled

pytestmark = pytest.mark.lab
PATIENCE_S = 60
CHAINS = 100


class Switch:
    """A server with its lab, and what the lab's switch holds."""

    def __init__(self, server, state):
        self.server, self.state = server, state

    @property
    def lab(self):
        return standing.one(self.state).lab

    def ask(self, method, path, body=None):
        answer = self.server.ask(method, path, body)
        return answer.status_code, answer.json() if answer.content else None

    def held(self):
        return self.lab.flows().splitlines(), self.lab.groups().splitlines()

    def statuses(self):
        listed = self.ask("GET", "/v2.0/sfc/port_chains")[1]["port_chains"]
        return {chain["name"]: (chain["status"], chain["status_reason"]) for chain in listed}

    def until(self, is_so):
        end = time.monotonic() + PATIENCE_S
        while not (found := is_so()):
            assert time.monotonic() < end, self.statuses()
            time.sleep(0.05)
        return found

    def ports_are_up(self):
        listed = self.ask("GET", "/v2.0/ports")[1]["ports"]
        return {port["status"] for port in listed} == {"ACTIVE"}


@pytest.fixture(scope="module")
def switch(running_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("residue")
    with running_server(folder, "--no-quota", datapath=True) as server:
        made = Switch(server, folder / "state")
        yield made
    for there in standing.labs(folder / "state"):
        standing.down(folder / "state", there)


@pytest.fixture(scope="module")
def kinds(switch):
    made = Kinds(switch.ask)
    made.ports()
    switch.until(switch.ports_are_up)
    return made


def test_a_hundred_chains_of_every_kind_leave_nothing_behind(switch, kinds):
    before = switch.held()
    kinds.groups()
    made = [kinds.chain(number) for number in range(CHAINS)]
    switch.until(lambda: {status for status, _ in switch.statuses().values()} == {"ACTIVE"})
    flows, groups = switch.held()
    assert len(flows) > CHAINS
    assert groups
    gone = [*(one for some in made for one in some), *(("port_pair_group", name) for name in GROUPS)]
    for member, name in (*gone, *(("port_pair", name) for name in PAIRS)):
        kinds.delete(member, name)
    switch.until(lambda: switch.held() == before)


REFUSED = (  # method, path, what is asked
    ("POST", "sfc/port_chains", {"port_chain": {"chain_id": 4096, "port_pair_groups": ["{one}"]}}),
    (
        "POST",
        "sfc/port_chains",
        {"port_chain": {"port_pair_groups": ["{several}"], "flow_classifiers": ["{classifier-0-0}"]}},
    ),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{mpls}", "{nsh}"]}}),
    ("PUT", "sfc/port_chains/{chain-0}", {"port_chain": {"port_pair_groups": []}}),
    ("PUT", "sfc/port_chains/{chain-0}", {"port_chain": {"flow_classifiers": ["{one}"]}}),
    ("PUT", "sfc/port_pair_groups/{one}", {"port_pair_group": {"port_pairs": ["{u2}"]}}),
    ("DELETE", "sfc/port_pair_groups/{one}", None),
    ("DELETE", "sfc/port_pairs/{u1}", None),
    ("DELETE", "sfc/flow_classifiers/{classifier-0-0}", None),
    ("DELETE", "ports/{port-u1in}", None),
)


def test_a_refused_request_leaves_the_switch_as_it_was(switch, kinds):
    kinds.groups()
    kinds.chain(0)
    switch.until(lambda: switch.statuses()["chain-0"][0] == "ACTIVE")
    before = switch.held()
    wanted = filled([list(request) for request in REFUSED], kinds.ids)
    answers = [switch.ask(method, f"/v2.0/{path}", body)[0] for method, path, body in wanted]
    assert set(answers) <= {400, 404, 409}, answers
    kinds.chain(2)  # what was asked before is done when this is
    switch.until(lambda: switch.statuses()["chain-2"][0] == "ACTIVE")
    flows, groups = switch.held()
    assert set(before[0]) <= set(flows)
    assert set(before[1]) <= set(groups)
    for member, name in (("port_chain", "chain-2"), ("flow_classifier", "classifier-2-0")):
        kinds.delete(member, name)
    switch.until(lambda: switch.held() == before)
