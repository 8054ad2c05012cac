"""`openstack sfc ...` against the server: what a maintainer of chains types all day, and what is printed."""

import json
import re

import pytest

from .fixture import SFC
from .likeness import UUID

pytestmark = pytest.mark.openstack


class Shell:
    """The client with the server's address; ids in what it prints are `<id>`."""

    def __init__(self, client, server):
        self._client, self._where = client, {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": server.url}
        self._url = server.url

    def run(self, text):
        ran = self._client.quick(*text.split(), **self._where)
        assert ran.status == 0, ran
        return ran.stdout

    def values(self, text):
        return json.loads(re.sub(UUID, "<id>", self.run(f"{text} -f json")))

    def refused(self, text):
        """What the client says when it ends with 1, without the address."""
        ran = self._client.quick(*text.split(), **self._where)
        assert (ran.status, ran.stdout) == (1, ""), ran
        return re.sub(UUID, "<id>", ran.stderr).replace(self._url, "")


@pytest.fixture
def shell(client, server, http):
    """A chain PC1 of one group, and a second group; a test finds nothing of another's."""
    network = http.made("networks", name="private")["id"]
    http.made("subnets", network_id=network, cidr="10.0.0.0/24", ip_version=4)
    for port, device in (("p1", "vm1"), ("p2", "vm2"), ("source", "source")):
        http.made("ports", network_id=network, name=port, device_id=device, **{"binding:host_id": "node1"})
    shell = Shell(client, server)
    make_chain(shell)
    yield shell
    for path in (*(f"sfc/{name}" for name in SFC), "ports", "networks"):
        for row in http.listed(path):
            assert http.ask("DELETE", f"/v2.0/{path}/{row['id']}").status == 204


def make_chain(shell):
    for number in (1, 2):
        shell.run(f"sfc port pair create --ingress p{number} --egress p{number} PP{number}")
        shell.run(f"sfc port pair group create --port-pair PP{number} PG{number}")
    match = "--protocol tcp --destination-port 80:80 --source-ip-prefix 10.0.0.0/24"
    shell.run(f"sfc flow classifier create {match} --logical-source-port source FC1")
    shell.run("sfc port chain create --port-pair-group PG1 --flow-classifier FC1 PC1")


def test_a_chain_is_made_shown_and_changed(shell):
    expected = {
        "ID": "<id>",
        "Name": "PC1",
        "Project": "fake_project_id",
        "Description": "",
        "Port Pair Groups": ["<id>"],
        "Flow Classifiers": ["<id>"],
        "Chain Parameters": {"correlation": "mpls", "symmetric": False},
    }
    assert shell.values("sfc port chain show PC1") == expected
    shell.run("sfc port chain set --no-flow-classifier --port-pair-group PG2 --description web PC1")
    changed = {"Flow Classifiers": [], "Port Pair Groups": ["<id>", "<id>"], "Description": "web"}
    assert shell.values("sfc port chain show PC1") == {**expected, **changed}
    shell.run("sfc port chain unset --port-pair-group PG1 PC1")
    assert shell.values("sfc port chain show PC1") == {**expected, **changed, "Port Pair Groups": ["<id>"]}


def test_what_is_in_use_is_not_deleted_and_the_client_says_why(shell):
    for verb, name, kind in (
        ("port pair group", "PG1", "Port Pair Group"),
        ("port pair", "PP1", "Port Pair"),
        ("flow classifier", "FC1", "Flow Classifier"),
    ):
        assert f"{kind} <id> in use." in shell.refused(f"sfc {verb} delete {name}")
    assert "it is used by port pair PP1 (<id>)" in shell.refused("port delete p1")


def test_a_value_that_the_api_refuses_is_told_in_its_words(shell):
    for text, why in (
        (
            "flow classifier create --protocol gre --logical-source-port source X",
            "does not support protocol gre",
        ),
        ("flow classifier create --l7-parameters a=b --logical-source-port source X", "Unknown key"),
        ("port pair create --ingress p1 --egress p2 X", "not in the same host"),
        ("port pair group create --port-pair PP1 X", "Port Pair <id> in use."),
        ("port chain create --port-pair-group PG1 X", "in use by Port Chain <id>."),
    ):
        assert why in shell.refused(f"sfc {text}"), text
