"""Traffic of a step: sent inside the lab's hosts, its answers read as values."""

import json
import re
import sys
from importlib import resources
from pathlib import Path

from sfcci.datapath.lab import Lab
from sfcci.errors import ToolError
from sfcci.gate.checks import Request
from sfcci.gate.job import Http, Traceroute

HTTP_SERVICE = "http"
TRACEROUTE_HOP = re.compile(r"^\s*\d+\s+(\S+)", re.MULTILINE)
MAX_HOPS = 8


def send_http(lab: Lab, traffic: Http, timeout_s: float) -> tuple[Request, ...]:
    """Send the requests from inside the source host and give what became of each. Raises ToolError."""
    source, dest = lab.topology.ports_of(traffic.source)[-1], lab.topology.ports_of(traffic.dest)[0]
    port = lab.topology.host(traffic.dest).services.get(HTTP_SERVICE, 80)
    probe = Path(str(resources.files("sfcci.gate"))) / "probe.py"
    argv = [sys.executable, "-I", "-S", probe, dest.ip, port, traffic.requests]
    done = lab.run(traffic.source, [str(word) for word in argv], timeout_s=timeout_s)
    if done.status != 0:
        raise ToolError(done.failure())
    return tuple(
        Request(
            traffic.source,
            traffic.dest,
            source.ip,
            dest.ip,
            answer["port"],
            answer["status"],
            answer["error"],
        )
        for answer in json.loads(done.stdout)
    )


def trace_route(lab: Lab, traffic: Traceroute, timeout_s: float) -> tuple[str, ...]:
    """Give the addresses that `traceroute -n` shows, hop by hop; "*" where none answered. Raises ToolError."""
    dest = lab.topology.ports_of(traffic.dest)[0]
    argv = ["traceroute", "-n", "-q", "1", "-w", "1", "-m", str(MAX_HOPS), dest.ip]
    done = lab.run(traffic.source, argv, timeout_s=timeout_s)
    if done.status != 0:
        raise ToolError(done.failure())
    return tuple(TRACEROUTE_HOP.findall(done.stdout))
