"""A job's steps, taken in a lab: change the chains, send the traffic, capture at the switch, judge."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import files
from sfcci.chain.model import ChainState
from sfcci.datapath import pcapng
from sfcci.datapath.lab import Lab
from sfcci.errors import SfcciError
from sfcci.gate import checks, traffic
from sfcci.gate.checks import Observation, Request
from sfcci.gate.job import Change, Http, Job, Step
from sfcci.trace.visits import Journey, journeys


class TimeUp(SfcciError):  # noqa: N818 - not an error: it is a result, TIMED_OUT
    """The job's time is up."""


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock at which a job must have ended."""

    seconds: float
    begin_s: float = field(default_factory=time.monotonic)

    def left_s(self) -> float:
        """Give the seconds that are left. Raises TimeUp when there are none."""
        left = self.begin_s + self.seconds - time.monotonic()
        if left <= 0:
            raise TimeUp(f"the job did not end within {self.seconds:g} s")
        return left


def take_steps(
    lab: Lab, job: Job, begin: ChainState, folder: Path, deadline: Deadline, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Take the steps in order and give the reasons of the first one that fails; the evidence lies in `folder`.

    `begin` is what the switch holds when the first step begins. Raises TimeUp, ToolError.
    """
    tables = lab.flows() + lab.groups()
    state = begin
    for number, step in enumerate(job.steps, 1):
        say(f"step {number} of {len(job.steps)}")
        state = changed(state, step.change, begin)
        lab.apply(state)
        capture = folder / f"step{number}.pcapng"
        observed = _observe(lab, step, capture, tables, deadline)
        _keep(folder, number, observed, lab)
        if found := _judge(step, observed):
            prefix = f"step {number}: " if len(job.steps) > 1 else ""
            return tuple(prefix + reason for reason in found)
    return ()


def changed(state: ChainState, change: Change, begin: ChainState) -> ChainState:
    """Give the state that a change leads to. Raises UsageError for a name that the scenario does not have."""
    if change.restore:
        return begin
    for group, attributes in change.groups.items():
        state = state.with_pairs(group, attributes.get("port_pairs", ()))
    for chain, attributes in change.chains.items():
        if "port_pair_groups" in attributes:
            state = state.with_groups(chain, attributes["port_pair_groups"])
        if "flow_classifiers" in attributes:
            state = state.with_classifiers(chain, attributes["flow_classifiers"])
    return state


def _observe(lab: Lab, step: Step, capture: Path, tables: str, deadline: Deadline) -> Observation:
    requests: list[Request] = []
    route: tuple[str, ...] = ()
    with lab.capture(capture):
        for kind in step.traffic:
            if isinstance(kind, Http):
                requests += traffic.send_http(lab, kind, deadline.left_s())
            else:
                route = traffic.trace_route(lab, kind, deadline.left_s())
    ports = lab.topology.ports
    hosts = {
        host.name: frozenset(port.ip for port in lab.topology.ports_of(host.name))
        for host in lab.topology.hosts
    }
    return Observation(
        requests=tuple(requests),
        journeys=journeys(pcapng.read(capture), {port.name: port.host for port in ports}),
        route=route,
        addresses=hosts,
        tables_before=tables,
        tables_after=lab.flows() + lab.groups(),
    )


def _judge(step: Step, observed: Observation) -> tuple[str, ...]:
    return tuple(reason for check in step.checks for reason in checks.reasons(check, observed))


def _keep(folder: Path, number: int, observed: Observation, lab: Lab) -> None:
    """Write what a person needs to follow a verdict beside the capture."""
    files.write_text(folder / f"step{number}.flows", observed.tables_after)
    requests = [
        f"{one.source}:{one.sport} > {one.dest}: {one.status or one.error}" for one in observed.requests
    ]
    ways = [
        f"{journey.begin_s:.6f} {_flow(journey)}: {' > '.join((journey.sender, *journey.hops))}"
        for journey in observed.journeys
    ]
    seen = {"datapath": lab.datapath, "requests": requests, "route": observed.route, "journeys": ways}
    files.write_text(folder / f"step{number}.json", json.dumps(seen, indent=1) + "\n")


def _flow(journey: Journey) -> str:
    flow = journey.flow
    return f"{flow.src}:{flow.sport} > {flow.dst}:{flow.dport} protocol {flow.protocol}"
