"""The analyzer on a real lab: the articles' commands as they stand, what comes and goes, kill -9, two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci.cli.skydive_client import Client
from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
PATIENCE_S = 60
BIN = Path(sys.executable).parent


def until(true, what="it"):
    """Wait until something is so, and give it."""
    end = time.monotonic() + PATIENCE_S
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found, what
    return found


class World:
    """A state folder with the demonstration's lab, and an analyzer of it that is a process of its own."""

    def __init__(self, folder):
        self.folder, self.state = folder, folder / "state"
        self.environ = {**os.environ, "SFCCI_RUN_STATE": str(self.state), "SFCCI_PROJECT": str(folder)}
        self.process = None
        self.url = self.conf = ""
        self.raise_lab()

    def raise_lab(self):
        self.lab = standing.up(self.state, "demo", load_scenario("demo"), lambda _text: None)

    def serve(self, *words):
        argv = [sys.executable, "-m", "sfcci", "trace", "serve", "--json", "--listen", "127.0.0.1:0", *words]
        with (self.folder / "said").open("a") as said:
            self.process = subprocess.Popen(
                argv, env=self.environ, stdout=subprocess.PIPE, stderr=said, text=True
            )
        self.url = json.loads(self.process.stdout.readline())["url"]
        conf = self.folder / "skydive.conf"
        conf.write_text(f"analyzers:\n  - {self.url.rpartition('/')[2]}\nauth:\n  mybasic:\n    users:\n")
        return conf

    def shell(self, text):
        """Run a line as a shell does."""
        program = (
            f'skydive() {{ "{sys.executable}" -c "from sfcci.cli.skydive import main; main()" "$@"; }}; '
        )
        done = subprocess.run(
            ["bash", "-c", program + text], env=self.environ, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), (text, done.stderr)
        return done.stdout

    def query(self, text):
        return Client((self.url,)).ask("POST", "/api/topology", {"GremlinQuery": text}).json()

    def captures(self):
        return Client((self.url,)).ask("GET", "/api/capture").json().values()

    def end(self, number):
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode

    def request(self):
        assert self.lab.lab.run("source", ["curl", "-s", "http://10.0.0.128/"], timeout_s=30).stdout

    def said(self):
        return (self.folder / "said").read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    made.conf = made.serve()
    yield made
    assert made.end(signal.SIGTERM) == 0
    standing.down(made.state, made.lab)


def test_the_articles_commands_work_as_they_stand(world):
    """The five commands, then what a reader does with the ID that they give."""
    sky = f"skydive --conf {world.conf}"
    bridge = json.loads(
        world.shell(
            f"""{sky} client capture create --gremlin "G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')" """
        )
    )
    taps = json.loads(
        world.shell(f"""{sky} client capture create --gremlin "G.V().Has('Name', Regex('^tap.*'))" """)
    )
    assert (bridge["Count"], taps["Count"]) == (9, 8)
    world.request()
    source = next(port.ip for port in world.lab.lab.topology.ports if port.host == "source")
    flows = json.loads(
        world.shell(
            f"""{sky} client topology query --gremlin "G.Flows().Has('Network','{source}','Transport','80').Limit(1)" """
        )
    )
    found = flows[0]["L3TrackingID"]
    assert flows[0]["Application"] == "TCP"
    nodes = world.query(f"G.Flows().Has('Network','{source}','Transport','80').Nodes()")
    assert {"br-int"} < {node["Metadata"]["Name"] for node in nodes}
    passed = world.query(f"G.Flows().Has('L3TrackingID','{found}').CaptureNode().Dedup()")
    names = {node["Metadata"]["Name"] for node in passed}
    ports = world.lab.lab.topology.ports
    visited = {port.tap for port in ports if port.host in {"source", "dest", "vm3"}}
    assert {"br-int", *visited} <= names
    assert len(names) == 7  # and one of the two functions of the first group
    paths = world.query(f"G.Flows().Has('L3TrackingID','{found}').Limit(1).ChainPath()")
    assert [path["verdict"] for path in paths["paths"]] == ["OK", "OK"]
    hops = [hop["node"] for hop in paths["paths"][0]["hops"]]
    assert (hops[0], hops[-1], hops[1] in {"vm1", "vm2"}, hops[2]) == ("source", "dest", True, "vm3")
    rules = world.query("G.V().Has('Name', 'br-int').Out().Has('Type', 'ofrule', 'Table', 12)")
    assert {"Actions", "Cookie", "Filters", "Priority"} <= rules[0]["Metadata"].keys()


def test_a_capture_reads_interfaces_that_appear_later(world):
    lab = world.lab.lab
    create = """skydive --conf F client capture create --gremlin "G.V().Has('Name', Regex('^later'))" """
    made = json.loads(world.shell(create.replace("F", str(world.conf), 1)))
    assert made["Count"] == 0
    for words in (
        "netns add apart",
        "link add later0 type veth peer name eth0 netns apart",
        "link set later0 up",
        "-n apart link set eth0 address 02:00:00:00:00:09",
        "-n apart link set eth0 up",
    ):
        lab.run("switch", ["ip", *words.split()], timeout_s=30, check=True)
    until(lambda: world.query("G.V().Has('Name', 'later0').Values('Captures')"))
    sent = world.shell(
        f"""skydive client --conf {world.conf} inject-packet --src "G.V().Has('Name', 'eth0', 'MAC', '02:00:00:00:00:09')" """
        "--srcIP 192.0.2.1 --dstIP 192.0.2.2 --dstMAC 02:00:00:00:00:0a --type udp4 --dstPort 7 --count 3 --interval 1"
    )
    which = json.loads(sent)["UUID"]
    until(
        lambda: (
            json.loads(world.shell(f"skydive --conf {world.conf} client injection get {which}"))["State"]
            == "done"
        )
    )
    flows = world.query("G.Flows().Has('Network', '192.0.2.2')")
    assert [flow["Metric"]["ABPackets"] for flow in flows] == [3]
    assert world.query("G.V().Has('Name', 'later0').Flows().Has('Network', '192.0.2.2').Count()") == 1
    lab.run("switch", ["ip", "netns", "del", "apart"], timeout_s=30, check=True)
    until(lambda: not world.query("G.V().Has('Name', 'later0')"))
    assert world.query("G.Flows().Has('Network', '192.0.2.2').Count()") == 1
    world.shell(f"skydive --conf {world.conf} client capture delete {made['UUID']}")


def test_an_alert_fires_when_the_topology_changes(world):
    create = """skydive --conf F client alert create --name down --expression "G.V().Has('Name', 'rare0')" """
    made = json.loads(world.shell(create.replace("F", str(world.conf), 1)))
    world.lab.lab.run(
        "switch",
        ["ip", "link", "add", "rare0", "type", "veth", "peer", "name", "rare1"],
        timeout_s=30,
        check=True,
    )
    until(lambda: "alert down fires" in world.said())
    world.lab.lab.run("switch", ["ip", "link", "del", "rare0"], timeout_s=30, check=True)
    world.shell(f"skydive --conf {world.conf} client alert delete {made['UUID']}")


def test_a_second_analyzer_of_the_place_is_told_and_the_first_goes_on(world):
    words = ["trace", "serve", "--listen", "127.0.0.1:0"]
    second = subprocess.run(
        [sys.executable, "-m", "sfcci", *words],
        env=world.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (second.returncode, "another analyzer of demo runs already" in second.stderr) == (2, True)
    assert world.query("G.V().Has('Type', 'host').Count()") == 1
    assert (world.state / "trace").stat().st_mode & 0o077 == 0  # the history is its owner's


def test_after_kill_9_nothing_is_left_behind_and_captures_and_flows_are_there_again(world):
    world.request()
    dest = "G.Flows().Has('Transport', '80').Count()"
    before = world.query(dest)
    time_of_flow = world.query("G.Flows().Has('Transport', '80').Limit(1).Values('Start')")[0]
    until(lambda: _written(world, time_of_flow))
    assert world.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not _openers(world.lab.lab.keeper.pid), "the program inside ends")
    world.conf = world.serve()
    assert [one["Count"] for one in world.captures()] in ([9, 8], [8, 9])
    assert world.query(dest) == 0
    assert world.query("G.At('-1s', 3600).Flows().Has('Transport', '80').Count()") == before


def _written(world, start_ms):
    """Whether the history has the flow that began then."""
    import sqlite3

    with sqlite3.connect(world.state / "trace" / "demo.sqlite") as database:
        return database.execute("SELECT count(*) FROM flows WHERE start_ms >= ?", (start_ms,)).fetchone()[0]


def _openers(pid):
    """The processes that look into the lab for a tracer."""
    found = subprocess.run(
        ["pgrep", "-f", "trace/inside/opener.py"], capture_output=True, text=True, check=False
    )
    own = Path(f"/proc/{pid}/ns/net").stat().st_ino
    inside = []
    for one in found.stdout.split():
        try:
            inside += [one] if Path(f"/proc/{one}/ns/net").stat().st_ino == own else []
        except OSError:
            continue
    return inside


def test_a_lab_goes_and_comes_back_and_its_captures_go_on(world):
    standing.down(world.state, world.lab)
    until(lambda: not world.query("G.V().Has('Type', 'netns')"))
    world.raise_lab()
    until(lambda: world.query("G.V().Has('Type', 'netns').Count()") == 5)
    until(lambda: {one["Count"] for one in world.captures()} == {8, 9})
    world.request()
    assert world.query("G.Flows().Has('Transport', '80').Count()") > 0


def test_nobody_without_privileges_gets_further_than_being_told_what_to_grant(world):
    words = "from sfcci.cli.main import main; main()"
    argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", words]
    done = subprocess.Popen(
        [*argv, "trace", "serve", "--machine", "--no-history", "--listen", "127.0.0.1:0", "--json"],
        env=world.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.readline()
    done.terminate()
    _, said = done.communicate(timeout=PATIENCE_S)
    assert "CAP_NET_RAW" in said
    assert "Traceback" not in said
