"""The demonstration as it is shipped: the real client, a real lab, a request that is diverted."""

import json
import os
import re
import subprocess

import pytest

from .shim import on_path

pytestmark = [pytest.mark.openstack, pytest.mark.lab]
LIMIT_S = 600


PROMISED = re.compile(r"Its way: (\S+) \(vm1\) or (\S+) \(vm2\), then (\S+) \(vm3\)")
HOPS = re.compile(r"^ (\d)  (.*)$", re.MULTILINE)
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@pytest.fixture
def own(client, tmp_path):
    """The environment of this test's commands; the lab, which outlives its server, ends with the test."""
    with on_path(client, tmp_path / "bin") as path:
        env = {**os.environ, "PATH": path, "SFC_LAB": "demo", "SFCCI_RUN_STATE": str(tmp_path / "state")}
        yield env
        subprocess.run(["sfcci", "lab", "down", "--name", "demo"], env=env, check=True, capture_output=True)


def test_the_demonstration_ends_in_diverted_requests(client, running_server, own, tmp_path):
    with running_server(tmp_path, "--lab", "demo", datapath=True) as server:
        said = demonstrated(server, own)
        asked = client.quick("port", "list", "-f", "json", OS_AUTH_TYPE="none", OS_ENDPOINT=server.url)
    assert [port["Status"] for port in json.loads(asked.stdout)] == ["ACTIVE"] * 8
    assert "HTTP 200" in said
    vm1, vm2, vm3 = PROMISED.search(said).groups()
    for way in said.split("traceroute to ")[1:]:
        first, second, third = [set(ADDRESS.findall(hop)) for _, hop in HOPS.findall(way)]
        assert (first <= {vm1, vm2}, second) == (True, {vm3}), way
        assert third == set(ADDRESS.findall(way.splitlines()[0])), way


def demonstrated(server, own):
    """What the script says, as `sfcci sfc demo | sh` runs it."""
    script = subprocess.run(["sfcci", "sfc", "demo"], env=own, capture_output=True, check=True).stdout
    ran = subprocess.run(
        ["sh"],
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**own, "OS_ENDPOINT": server.url},
        timeout=LIMIT_S,
        check=False,
    )
    said = ran.stdout.decode()
    assert ran.returncode == 0, said + server.stderr()
    assert said.count("traceroute to ") == 2, said
    return said
