"""Traffic of a step: sent inside the lab's hosts, its answers read as values."""

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from ipaddress import ip_interface
from pathlib import Path

from sfcci.datapath.lab import Lab
from sfcci.datapath.stream import running, streaming
from sfcci.errors import SfcciError, ToolError, UsageError
from sfcci.gate.checks import Request, Streamed
from sfcci.gate.job import Flows, Http, Stream, Traceroute, Traffic
from sfcci.trace.packet import ICMP, ICMPV6, TCP, UDP

HTTP_SERVICE = "http"
TRACEROUTE_HOP = re.compile(r"^\s*\d+\s+(\S+)", re.MULTILINE)
MAX_HOPS = 8
PROTOCOLS = {"http": TCP, "tcp": TCP, "udp": UDP}


class Void(SfcciError):  # noqa: N818 - not an error: what was seen says nothing
    """The machine lost packets that no chain touched: the run does not count."""


def send(lab: Lab, traffic: Http | Flows, timeout_s: float) -> tuple[Request, ...]:
    """Send the flows from inside the source host and give what became of each. Raises ToolError, UsageError."""
    if isinstance(traffic, Http):
        port = lab.topology.host(traffic.dest).services.get(HTTP_SERVICE, 80)
        return _probe(
            lab, Flows(traffic.source, traffic.dest, ("http",), traffic.requests, (port,)), timeout_s
        )
    return _probe(lab, traffic, timeout_s)


def _probe(lab: Lab, flows: Flows, timeout_s: float) -> tuple[Request, ...]:
    source, dest = ends(lab, flows.source, flows.dest, flows.ip)
    probe = Path(str(resources.files("sfcci.gate"))) / "probe.py"
    ports = ",".join(map(str, flows.ports))
    words = [dest, ",".join(flows.over), flows.flows, ports, flows.source_port, flows.length]
    argv = [sys.executable, "-I", "-S", probe, *words]
    done = lab.run(flows.source, [str(word) for word in argv], timeout_s=timeout_s)
    if done.status != 0:
        raise ToolError(done.failure())
    icmp = ICMPV6 if ":" in dest else ICMP
    return tuple(
        Request(
            flows.source,
            flows.dest,
            source,
            dest,
            answer["port"],
            answer["to"],
            answer["answered"],
            answer["error"],
            PROTOCOLS.get(answer["kind"], icmp),
        )
        for answer in json.loads(done.stdout)
    )


@contextlib.contextmanager
def answering(lab: Lab, traffic: Sequence[Traffic]) -> Iterator[None]:
    """Have the hosts that flows go to give back what they get while the block runs. Raises ToolError, UsageError."""
    wanted: dict[str, dict[str, None]] = {}
    for kind in traffic:
        if isinstance(kind, Flows) and set(kind.over) & {"tcp", "udp"}:
            _, address = ends(lab, kind.source, kind.dest, kind.ip)
            wanted.setdefault(kind.dest, {}).update({f"{address}/{port}": None for port in kind.ports})
    with contextlib.ExitStack() as stack:
        for host, words in wanted.items():
            stack.enter_context(running(lab, host, "echo.py", *words, ready=True))
        yield


@contextlib.contextmanager
def flowing(lab: Lab, traffic: Sequence[Traffic]) -> Iterator[list[Streamed]]:
    """Have the streams flow while the block runs; the list is full when it has ended. Raises Void, ToolError."""
    found: list[Streamed] = []
    streams = [kind for kind in traffic if isinstance(kind, Stream)]
    with contextlib.ExitStack() as stack:
        running_ = []
        for kind in streams:
            source, dest = ends(lab, kind.source, kind.dest, kind.ip)
            targets = f"{dest}/{kind.port}", f"{dest}/{kind.control}"
            flow = streaming(lab, kind.source, kind.dest, targets, rate=kind.rate)
            running_.append((kind, source, dest, targets, stack.enter_context(flow)))
        yield found
    for kind, source, dest, (target, control), stream in running_:
        ports = kind.port, kind.control
        told = Streamed(kind.dest, source, dest, *ports, stream.flowing[target], stream.flowing[control])
        found.append(told)
        if told.control.lost or told.control.refused or told.flowing.refused:
            lost = told.control.lost + told.control.refused
            raise Void(
                f"the control stream lost {lost} of {told.control.sent} packets: this run does not count"
            )


def ends(lab: Lab, source: str, dest: str, ip: int) -> tuple[str, str]:
    """Give the addresses that packets from one host to another carry. Raises UsageError when one has none."""
    return _address(lab, source, ip, last=True), _address(lab, dest, ip, last=False)


def _address(lab: Lab, host: str, ip: int, *, last: bool) -> str:
    """Give a host's address: of its first port, or of its last, by which its packets leave."""
    found = [
        str(address.ip)
        for port in lab.topology.ports_of(host)
        for address in map(ip_interface, port.addresses)
        if address.version == ip
    ]
    if not found:
        raise UsageError(f"{host} has no IPv{ip} address")
    return found[-1 if last else 0]


def trace_route(lab: Lab, traffic: Traceroute, timeout_s: float) -> tuple[str, ...]:
    """Give the addresses that `traceroute -n` shows, hop by hop; "*" where none answered. Raises ToolError."""
    dest = lab.topology.ports_of(traffic.dest)[0]
    argv = ["traceroute", "-n", "-q", "1", "-w", "1", "-m", str(MAX_HOPS), dest.ip]
    done = lab.run(traffic.source, argv, timeout_s=timeout_s)
    if done.status != 0:
        raise ToolError(done.failure())
    return tuple(TRACEROUTE_HOP.findall(done.stdout))
