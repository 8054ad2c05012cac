"""What the switch costs: flows sent and read back, packets through a chain, a chain until its first diverted packet.

python benchmarks/bench_switch.py [--only flows,traversal,create,lab] [--rounds 5] [--json]

Each figure is a median, next to its limit; where the limit is a ratio, both sides are measured in turns in one run, so
that a busy machine slows both. Run it as root; the exit status says whether all limits hold.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sfcci.chain.action import Goto, Output, SetField
from sfcci.chain.openflow import OUR_COOKIE, Flow, match
from sfcci.chain.port import SwitchPort, mac_number
from sfcci.chain.program import Change, Verb
from sfcci.datapath import openflow_encode as encode
from sfcci.datapath import openflow_message as wire
from sfcci.datapath import standing
from sfcci.datapath.lab import Lab, raised
from sfcci.datapath.openflow_client import Switch, connect
from sfcci.datapath.scenario import Scenario, load_scenario
from sfcci.datapath.stream import running, streaming

FLOWS = 100_000
PACKETS, RATE = 20_000, 8_000.0
TRAVERSALS = 3
"""Of the demo's packets: in at the source, out of the first function, out of the second."""
STRANGER = 0xBE
LAST_TABLE = 250
FIRST_DIVERTED = """
import socket, sys, time
sock = socket.socket(2, 2)
sock.setsockopt(0, 12, 1)  # IP_RECVTTL
sock.bind(("", 9998))
for line in sys.stdin:
    wanted = int(line)
    while True:
        _, notes, _, _ = sock.recvmsg(2048, 64)
        if int.from_bytes(notes[0][2][:4], sys.byteorder) == wanted:
            print(time.monotonic(), flush=True)
            break
"""
"""A receiver: for each TTL on a line, when the first packet that has it is there."""


@dataclass(frozen=True)
class Row:
    """A figure and its limit, None where there is none."""

    name: str
    figure: float
    unit: str
    limit: float | None = None

    @property
    def holds(self) -> bool:
        """Say whether it is within its limit."""
        return self.limit is None or self.figure <= self.limit

    def __str__(self) -> str:
        verdict = (
            "" if self.limit is None else f"  limit {self.limit:g}: {'holds' if self.holds else 'MISSED'}"
        )
        return f"{self.name:74} {self.figure:9.3f} {self.unit}{verdict}"


def timed(step: Callable[[], object]) -> float:
    """Give the seconds that a step takes."""
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def bridge(lab: Lab) -> Switch:
    """Give an OpenFlow connection to a lab's switch."""
    return connect(f"unix:{lab.keeper.root}/run/lab/br-int.mgmt")


def many() -> list[Change]:
    """Give flows as classifiers ask for them, each with an address of its own."""
    return [
        Change(
            Verb.FLOW_ADD,
            Flow(
                LAST_TABLE,
                100,
                match(eth_type=0x800, nw_proto=6, ip_src=number, tcp_dst=80),
                (SetField("reg0", (number & 0xFFF) << 8), Goto(LAST_TABLE + 1)),
                OUR_COOKIE | number,
            ),
        )
        for number in range(FLOWS)
    ]


def encoded_before(switch: Switch, octets: bytes) -> None:
    """Send a bundle that has been made before."""
    switch._out += octets  # noqa: SLF001 - what is below `apply`, without the encoding
    switch.barrier()


def flows(rounds: int) -> Iterator[Row]:
    """100 000 flows: sent as values, sent as octets that were made before, and read back."""
    changes = many()
    gone = [Change(Verb.FLOW_DELETE, change.item) for change in changes]
    control = [wire.bundle_control(xid, 1 << 30, what) for xid, what in ((1, 0), (2, wire.BUNDLE_COMMIT))]
    octets = control[0] + b"".join(encode.additions(changes, 1 << 30, 10)) + control[1]
    apply_s, before_s, held_s, read_s = list[float](), list[float](), list[float](), list[float]()
    with raised(load_scenario("demo")) as lab, bridge(lab) as switch:
        for _ in range(rounds):
            before_s.append(timed(lambda: encoded_before(switch, octets)))
            switch.apply(gone)
            apply_s.append(timed(lambda: switch.apply(changes)))
            begin = time.process_time()
            held_s.append(timed(lambda: switch.held(OUR_COOKIE, 0xFFFF << 48)))
            read_s.append(time.process_time() - begin)
            switch.apply(gone)
    ratios = [a / b for a, b in zip(apply_s, before_s, strict=True)]
    yield Row(f"{FLOWS} flows as octets made before", statistics.median(before_s), "s")
    yield Row(f"{FLOWS} flows as values: encoded and applied", statistics.median(apply_s), "s")
    yield Row("  ratio of the two", statistics.median(ratios), "times", 2)
    yield Row(f"{FLOWS} flows read back as values", statistics.median(held_s), "s", 2)
    yield Row("  our own part of it", statistics.median(read_s), "s CPU")


def straight(ports: dict[str, SwitchPort], way: list[tuple[str, str]]) -> list[Change]:
    """Give flows that know nothing but the port: each port's packets to the next one."""
    return [
        Change(
            Verb.FLOW_ADD,
            Flow(
                0,
                60_000,
                match(in_port=ports[here].number),
                (SetField("eth_dst", mac_number(ports[there].mac)), Output(ports[there].number)),
                STRANGER,
            ),
        )
        for here, there in way
    ]


def switch_cpu_s(lab: Lab) -> float:
    """Give the processor time that ovs-vswitchd has used, of all its threads."""
    words = ["sh", "-c", "cat /proc/$(cat /run/lab/ovs-vswitchd.pid)/task/*/schedstat"]
    said = lab.run("switch", words, timeout_s=30, check=True).stdout
    return sum(int(line.split()[0]) for line in said.splitlines()) / 1e9


def per_traversal_us(lab: Lab) -> float:
    """Give what ovs-vswitchd needs for a packet to cross it once, of many through the demo's two functions."""
    before = switch_cpu_s(lab)
    with streaming(lab, "source", "dest", ["10.0.0.128/9999"], rate=RATE, count=PACKETS) as stream:
        pass
    used = switch_cpu_s(lab) - before
    flowing = stream.flowing["10.0.0.128/9999"]
    passed = sum(count for ttl, count in flowing.ttls.items() if ttl == 62)  # noqa: PLR2004 - two routers
    if passed < PACKETS * 0.95:
        sys.exit(f"only {passed} of {PACKETS} packets passed both functions: {flowing}")
    return used / passed / TRAVERSALS * 1e6


def traversal(rounds: int) -> Iterator[Row]:
    """A chain's packets against those of flows that know nothing but the port."""
    scenario = load_scenario("demo")
    ours, theirs = list[float](), list[float]()
    with raised(scenario) as lab, bridge(lab) as switch:
        ids = {port.name: port.id for port in scenario.topology.ports}
        way = [("source_vm_port", "p1in"), ("p1out", "p3in"), ("p3out", "dest_vm_port")]
        fixed = straight(lab.ports, [(ids[a], ids[b]) for a, b in way])
        per_traversal_us(lab)
        for _ in range(rounds):
            ours.append(per_traversal_us(lab))
            switch.apply(fixed)
            theirs.append(per_traversal_us(lab))
            switch.apply([Change(Verb.FLOW_DELETE, change.item) for change in fixed])
    yield Row("ovs-vswitchd, in_port to output, per traversal", statistics.median(theirs), "us CPU")
    yield Row("ovs-vswitchd, a chain of two groups, per traversal", statistics.median(ours), "us CPU")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    yield Row("  ratio of the two", statistics.median(ratios), "times", 1.1)


def ten_hosts() -> Scenario:
    """Give ten hosts of two ports each, without chains."""
    hosts = "".join(f"  h{n}: {{forwards: true}}\n" for n in range(10))
    ports = "".join(f"  h{n}p{p}: {{host: h{n}, ip: 10.0.{p}.{n + 1}}}\n" for n in range(10) for p in (0, 1))
    text = f"name: ten\nnetwork: 10.0.0.0/16\nhosts:\n{hosts}ports:\n{ports}"
    with tempfile.TemporaryDirectory(prefix="sfcci-bench-") as folder:
        path = Path(folder) / "ten.yaml"
        path.write_text(text)
        return load_scenario(str(path))


def lab(rounds: int) -> Iterator[Row]:
    """Ten hosts with twenty ports raised, and ended."""
    scenario = ten_hosts()
    up_s, down_s = list[float](), list[float]()
    for _ in range(rounds):
        context = raised(scenario)
        up_s.append(timed(context.__enter__))
        down_s.append(timed(lambda: context.__exit__(None, None, None)))  # noqa: B023 - called at once
    yield Row("a lab of 10 hosts and 20 ports raised", statistics.median(up_s), "s", 0.5)
    yield Row("  and ended", statistics.median(down_s), "s")


class Api:
    """`sfcci sfc serve` over a demo lab of its own."""

    def __init__(self, folder: Path) -> None:
        self.environ = {**os.environ, "SFCCI_RUN_STATE": str(folder / "state")}
        self.name = f"bench-{os.getpid()}"
        self.sfcci("lab", "up", "demo", "--name", self.name)
        words = ["sfc", "serve", "--port", "0", "--json", "--lab", self.name]
        words += ["--database", f"sqlite:///{folder}/api.db"]
        argv = [sys.executable, "-m", "sfcci", *words]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=self.environ)
        assert self.process.stdout  # noqa: S101 - it is a pipe
        address = json.loads(self.process.stdout.readline())["url"].removeprefix("http://")
        self.connection = http.client.HTTPConnection(address)

    def sfcci(self, *words: str) -> None:
        """Run the tool."""
        subprocess.run(
            [sys.executable, "-m", "sfcci", *words], env=self.environ, check=True, stdout=subprocess.DEVNULL
        )

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the answer's JSON."""
        self.connection.request(method, f"/v2.0/sfc/{path}", json.dumps(body) if body else None)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= http.client.BAD_REQUEST:
            sys.exit(f"{method} {path}: {response.status} {content.decode()}")
        return json.loads(content) if content else None

    def close(self) -> None:
        """End server and lab."""
        self.process.terminate()
        self.process.wait()
        self.sfcci("lab", "down", "--name", self.name)


@contextmanager
def served() -> Iterator[tuple[Api, Lab]]:
    """Give a server and its lab."""
    with tempfile.TemporaryDirectory(prefix="sfcci-bench-") as name:
        api = Api(Path(name))
        try:
            yield api, standing.one(Path(name) / "state", api.name).lab
        finally:
            api.close()


def create(rounds: int) -> Iterator[Row]:
    """A chain asked for over HTTP until the first packet that has gone through it, and the answer of the API."""
    answer_ms, diverted_ms = list[float](), list[float]()
    sender = ("stream_sender.py", "1000", "0", "64", "10.0.0.128/9998")
    with served() as (api, demo), receiving(demo) as first, running(demo, "source", *sender, ready=True):
        for _ in range(rounds * 2):
            (chain,) = api.ask("GET", "port_chains")["port_chains"]
            kept = {key: chain[key] for key in ("name", "port_pair_groups", "flow_classifiers")}
            first(62)
            api.ask("DELETE", f"port_chains/{chain['id']}")
            first(64)
            time.sleep(0.5)  # the next one finds the switch at rest
            begin = time.monotonic()
            api.ask("POST", "port_chains", {"port_chain": kept})
            answer_ms.append((time.monotonic() - begin) * 1000)
            diverted_ms.append((first(62) - begin) * 1000)
    yield Row("a chain asked for until its answer", statistics.median(answer_ms), "ms")
    yield Row("  until its first diverted packet", statistics.median(diverted_ms), "ms", 50)
    yield Row("  the worst", max(diverted_ms), "ms")


@contextmanager
def receiving(demo: Lab) -> Iterator[Callable[[int], float]]:
    """Give what waits for the first packet that has a TTL, and tells when it came."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with demo.start("dest", [sys.executable, "-I", "-S", "-c", FIRST_DIVERTED], **pipes) as process:

        def first(ttl: int) -> float:
            process.stdin.write(f"{ttl}\n".encode())
            process.stdin.flush()
            return float(process.stdout.readline())

        yield first


MEASURES: dict[str, Callable[[int], Iterator[Row]]] = {
    "flows": flows,
    "traversal": traversal,
    "create": create,
    "lab": lab,
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default=",".join(MEASURES), help=", ".join(MEASURES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"$ python benchmarks/bench_switch.py    (load at the beginning {load:.1f})", file=sys.stderr)
    rows = []
    for name in given.only.split(","):
        for row in MEASURES[name](given.rounds):
            rows.append(row)
            print(row, file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.json:
        print(json.dumps([asdict(row) | {"holds": row.holds} for row in rows]))
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
