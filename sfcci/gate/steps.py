"""A job's steps, taken in a lab: change the chains, send the traffic, capture at the switch, judge."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sfcci import files
from sfcci.chain.model import found as resource
from sfcci.datapath import pcapng, plug
from sfcci.datapath.lab import Lab
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import change as lab_change
from sfcci.errors import SfcciError
from sfcci.gate import checks, paths, traffic
from sfcci.gate.change import changed
from sfcci.gate.checks import Observation, Request, Way
from sfcci.gate.host import set_host
from sfcci.gate.job import Change, Flows, Http, Job, Step, Stream, Traceroute, Whole
from sfcci.gate.paths import StepTaken
from sfcci.trace.packet import FiveTuple
from sfcci.trace.visits import Journey, journeys

AFTER_S = 0.25
"""So long a stream goes on behind each change: what a change does to packets, it has done by then."""


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


@dataclass
class Course:
    """How far a job has come: the scenario that the switch is at, what held at the start, who is down."""

    lab: Lab
    folder: Path
    deadline: Deadline
    begin: Scenario
    scenario: Scenario
    tables: str
    base: str = ""
    down: set[str] = field(default_factory=set)
    earlier: Mapping[FiveTuple, Way] = field(default_factory=dict)

    def make(self, change: Change) -> None:
        """Make a change, of the hosts first. Raises UsageError, InputError, ToolError."""
        hosts = dict.fromkeys(self.down, True) if change.whole is Whole.RESTORE else change.hosts
        for host, up in hosts.items():
            set_host(self.lab, host, up=up)
            (self.down.discard if up else self.down.add)(host)
        new = changed(self.scenario, change, self.begin)
        if new.topology != self.lab.topology:
            plug.carry_out(self.lab.keeper, lab_change(self.lab.topology, new.topology))
        self.scenario = self.lab.scenario = new
        self.lab.apply(new.chains)


def take_steps(
    lab: Lab,
    job: Job,
    begin: Scenario,
    folder: Path,
    deadline: Deadline,
    say: Callable[[str], None],
    base: str = "",
) -> tuple[str, ...]:
    """Take the steps in order and give the reasons of the first one that fails; the evidence lies in `folder`.

    `begin` is what the switch holds when the first step begins, `base` are its tables without any chain. Raises TimeUp,
    Void (the machine lost packets), ToolError.
    """
    course = Course(lab, folder, deadline, begin, begin, _tables(lab), base)
    taken: list[StepTaken] = []
    for number, step in enumerate(job.steps, 1):
        say(f"step {number} of {len(job.steps)}")
        capture = folder / f"step{number}.pcapng"
        observed = _observe(course, step, capture)
        _keep(folder, number, observed, lab)
        course.earlier = observed.ways
        taken.append(StepTaken(number, capture, course.scenario, observed, _moves(step)))
        if found := _judge(step, observed):
            say("following packets")
            prefix = f"step {number}: " if len(job.steps) > 1 else ""
            return tuple(prefix + reason for reason in (*found, *paths.keep(taken, lab, folder)))
    return ()


def _moves(step: Step) -> bool:
    """Say whether chains change while the step's packets are under way."""
    return bool(step.changes) and any(isinstance(kind, Stream) for kind in step.traffic)


def _tables(lab: Lab) -> str:
    return lab.flows() + lab.groups()


def _observe(course: Course, step: Step, capture: Path) -> Observation:
    """Make the step's changes, under its streams when it has some, and send the rest of its traffic."""
    lab = course.lab
    streams = any(isinstance(kind, Stream) for kind in step.traffic)
    if not streams:
        for change in step.changes:
            course.make(change)
    with lab.capture(capture), traffic.flowing(lab, step.traffic) as streamed:
        for change in step.changes if streams else ():
            course.make(change)
            time.sleep(AFTER_S)
        requests, route = _sent(course, step)
    return Observation(
        requests=requests,
        journeys=_journeys(course, capture),
        route=route,
        addresses=_addresses(lab),
        streams=tuple(streamed),
        earlier=course.earlier,
        tables_before=course.tables,
        tables_base=course.base,
        tables_after=_tables(lab),
    )


def _sent(course: Course, step: Step) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    requests: list[Request] = []
    route: tuple[str, ...] = ()
    with traffic.answering(course.lab, step.traffic):
        for kind in step.traffic:
            if isinstance(kind, Http | Flows):
                requests += traffic.send(course.lab, kind, course.deadline.left_s())
            elif isinstance(kind, Traceroute):
                route = traffic.trace_route(course.lab, kind, course.deadline.left_s())
    return tuple(requests), route


def _journeys(course: Course, capture: Path) -> tuple[Journey, ...]:
    ports, chains = course.lab.topology.ports, course.scenario.chains
    hosts = {port.id: port.host for port in ports}
    pairs = [
        resource(chains.port_pairs, pair)
        for g in chains.port_pair_groups
        if g.tap_enabled
        for pair in g.port_pairs
    ]
    return journeys(
        pcapng.read(capture),
        {port.name: port.host for port in ports},
        taps={hosts[pair.ingress] for pair in pairs},
        aliases=dict(_aliases(course.lab)),
    )


def _aliases(lab: Lab) -> Iterator[tuple[str, str]]:
    """Give which address the lab's translators make of which."""
    for host in lab.topology.hosts:
        for old, new in host.function.maps if host.function else ():
            yield new, old


def _addresses(lab: Lab) -> dict[str, frozenset[str]]:
    return {
        host.name: frozenset(port.ip for port in lab.topology.ports_of(host.name))
        for host in lab.topology.hosts
    }


def _judge(step: Step, observed: Observation) -> tuple[str, ...]:
    return tuple(reason for check in step.checks for reason in checks.reasons(check, observed))


def _keep(folder: Path, number: int, observed: Observation, lab: Lab) -> None:
    """Write what a person needs to follow a verdict beside the capture."""
    files.write_text(folder / f"step{number}.flows", observed.tables_after)
    requests = [_told(one) for one in observed.requests]
    ways = [
        f"{journey.begin_s:.6f} {_flow(journey)}: {' > '.join((journey.sender, *journey.hops))}"
        for journey in observed.journeys
    ]
    seen: dict[str, Any] = {
        "datapath": lab.datapath,
        "requests": requests,
        "route": observed.route,
        "journeys": ways,
    }
    if observed.streams:
        seen["streams"] = [asdict(stream) for stream in observed.streams]
    files.write_text(folder / f"step{number}.json", json.dumps(seen, indent=1) + "\n")


def _told(one: Request) -> str:
    ends = f"{one.source}:{one.sport} > {one.dest}:{one.dport}"
    return f"{checks.NAMES[one.protocol]} {ends}: {'answered' if one.answered else one.error}"


def _flow(journey: Journey) -> str:
    flow = journey.flow
    return f"{flow.src}:{flow.sport} > {flow.dst}:{flow.dport} protocol {flow.protocol}"
