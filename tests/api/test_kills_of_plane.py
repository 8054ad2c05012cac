"""kill -9 of the server while packets go and chains change: the next one finishes, and no packet goes past a function.

SFCCI_KILLS=100 for a long run; the moments come from the number of each kill.
"""

import os
import random
import signal
import threading
import time

import pytest
import requests

from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario
from sfcci.datapath.stream import streaming

pytestmark = pytest.mark.lab
KILLS = int(os.environ.get("SFCCI_KILLS", "4"))
PATIENCE_S = 60
TARGET = "10.0.0.128/9999"
THROUGH_BOTH = 62
"""What is left of a packet's 64 hops behind two functions that route."""
DAEMONS = ("ovs-vswitchd", "ovsdb-server")


class Asker:
    """One who changes the chain's order and the members of its group again and again, until the server is gone."""

    def __init__(self, server, ids):
        self.server, self.ids, self.turn = server, ids, 0

    def ask_on(self):
        try:
            while True:
                self.step()
        except requests.RequestException:
            return

    def step(self):
        self.turn += 1
        groups = [self.ids["PG1"], self.ids["PG2"]]
        pairs = [self.ids["PP1"], self.ids["PP2"]]
        if self.turn % 2:
            body = {"port_chain": {"port_pair_groups": groups[:: (-1) ** (self.turn // 2)]}}
            self.server.ask("PUT", f"/v2.0/sfc/port_chains/{self.ids['PC1']}", body)
        else:
            body = {"port_pair_group": {"port_pairs": pairs[: 1 + self.turn // 2 % 2]}}
            self.server.ask("PUT", f"/v2.0/sfc/port_pair_groups/{self.ids['PG1']}", body)


def ids_of(server):
    collections = ("port_pairs", "port_pair_groups", "port_chains")
    return {
        one["name"]: one["id"]
        for name in collections
        for one in server.ask("GET", f"/v2.0/sfc/{name}").json()[name]
    }


def active(server, ids):
    """Wait until the chain is as it was asked for last."""
    path = f"/v2.0/sfc/port_chains/{ids['PC1']}"
    token = str(time.monotonic_ns())
    server.ask("PUT", path, {"port_chain": {"description": token}})
    end = time.monotonic() + PATIENCE_S
    while (chain := server.ask("GET", path).json()["port_chain"])["status"] != "ACTIVE":
        assert time.monotonic() < end, chain["status_reason"]
        time.sleep(0.02)


def settled(lab):
    """What the switch holds when nothing goes on there: a chain is ACTIVE before the last of its old flows are gone."""
    end, before = time.monotonic() + PATIENCE_S, ""
    while (flows := lab.flows()) != before and time.monotonic() < end:
        before = flows
        time.sleep(2)
    return flows


@pytest.mark.timeout(120 + 30 * KILLS)
def test_no_packet_goes_past_a_function_when_server_and_switch_are_killed_at_random_moments(
    api_server, tmp_path
):
    folder = tmp_path / "server"
    up = standing.up(folder / "state", "demo", load_scenario("demo"), lambda _: None)
    try:
        with streaming(up.lab, "source", "dest", [TARGET], rate=500) as stream:
            for kill in range(KILLS):
                dice = random.Random(kill)  # noqa: S311 - repeatable on purpose
                with api_server("--lab", "demo", folder=folder, datapath=True) as server:
                    asker = Asker(server, ids_of(server))
                    active(server, asker.ids)
                    thread = threading.Thread(target=asker.ask_on)
                    thread.start()
                    time.sleep(dice.random() * 0.5)
                    if kill % 2:
                        pid = (up.lab.keeper.root / f"run/lab/{dice.choice(DAEMONS)}.pid").read_text().strip()
                        up.lab.run("switch", ["sh", "-c", f"kill -9 {pid}"], timeout_s=PATIENCE_S)
                        time.sleep(dice.random() * 0.3)
                    server.process.send_signal(signal.SIGKILL)
                    server.process.wait()
                    thread.join()
            with api_server("--lab", "demo", folder=folder, datapath=True) as server:
                ids = ids_of(server)
                pairs = {"port_pairs": [ids["PP1"], ids["PP2"]]}
                server.ask("PUT", f"/v2.0/sfc/port_pair_groups/{ids['PG1']}", {"port_pair_group": pairs})
                active(server, ids)
                flows = settled(up.lab)
        flowing = stream.flowing[TARGET]
        told = (
            f"{KILLS} kills, {flowing.sent} packets, {flowing.lost} lost, by hops left {dict(flowing.ttls)}"
        )
        print(told)  # noqa: T201 - of a long run one wants to know
        assert set(flowing.ttls) == {THROUGH_BOTH}
        assert (flowing.duplicated, up.lab.flows()) == (0, flows)
        with streaming(up.lab, "source", "dest", [TARGET], rate=500, count=50) as stream:
            pass
        assert (stream.flowing[TARGET].lost, set(stream.flowing[TARGET].ttls)) == (0, {THROUGH_BOTH})
    finally:
        standing.down(folder / "state", up)
