"""Job files: YAML text → jobs, every fault of every file at once."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.document import Document, did_you_mean
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.gate import job as values
from sfcci.gate.change import declared
from sfcci.gate.job import Check, Job, Step, Traffic
from sfcci.gate.job_schema import PROTOCOLS, SCHEMA
from sfcci.gate.multinode import variants
from sfcci.gate.refusal import refusals, scenario_word

ENDS = {"from": "source", "to": "dest"}
TRAFFIC: Mapping[str, Callable[..., Traffic]] = {
    "http": values.Http,
    "traceroute": values.Traceroute,
    "stream": values.Stream,
}


def load_jobs(folder: str = "") -> tuple[Job, ...]:
    """Give the jobs of every *.yaml file in `folder` ("": those that come with sfcci), in file and document order.

    Raises InputError with the faults of all files; job names are unique over all of them.
    """
    jobs: list[Job] = []
    faults: list[Fault] = []
    for path in _files(folder):
        try:
            found = document.read(path, SCHEMA)
            jobs += parse_jobs(found)
        except InputError as error:
            faults += error.faults
            continue
        faults += _repeated(found, jobs)
    if faults:
        raise InputError(*faults)
    return tuple(jobs)


def parse_jobs(found: Document) -> tuple[Job, ...]:
    """Give the jobs of one document that its schema has agreed to. Raises InputError for what the schema cannot say."""
    faults = [
        fault
        for number, table in enumerate(found.data["jobs"])
        for fault in _job_faults(found, number, table)
    ]
    faults += refusals(found)
    if faults:
        raise InputError(*faults)
    return tuple(_job(found, number, table) for number, table in enumerate(found.data["jobs"]))


def chosen(jobs: tuple[Job, ...], names: tuple[str, ...], pipeline: str) -> tuple[Job, ...]:
    """Give the jobs that were named, or all of the pipeline. Raises UsageError for a name or pipeline without a job.

    A name may be a glob, which stands for its jobs in their order; each job is given once. One that ends with
    "-multinode" stands for jobs over several nodes, declared so or not.
    """
    known = {job.name: job for job in (*jobs, *(one for name in names for one in variants(jobs, name)))}
    named = dict.fromkeys(word for name in names for word in _meant(name, list(known)))
    picked = tuple(known[name] for name in named) or tuple(job for job in jobs if pipeline in job.pipelines)
    if not picked:
        pipelines = ", ".join(sorted({name for job in jobs for name in job.pipelines}))
        raise UsageError(f"no job runs in the pipeline {pipeline!r}; there are: {pipelines}")
    return picked


def _meant(name: str, known: list[str]) -> list[str]:
    if found := [word for word in known if fnmatchcase(word, name)]:
        return found
    raise UsageError(f"no job is named {name!r}; {did_you_mean(name, known) or 'see: sfcci gate list'}")


def _files(folder: str) -> list[Path]:
    if not folder:
        return sorted(Path(str(resources.files("sfcci.gate"))).glob("jobs/*.yaml"))
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise InputError(
            Fault(
                Place(folder),
                "holds no job file",
                "a folder with *.yaml files",
                "see [gate] jobs in sfcci.toml",
            )
        )
    return files


def _repeated(found: Document, jobs: list[Job]) -> list[Fault]:
    names = [job.name for job in jobs]
    return [
        found.fault(
            ("jobs", number, "name"), f"the job {table['name']!r} is declared twice", "a name of its own"
        )
        for number, table in enumerate(found.data["jobs"])
        if names.count(table["name"]) > 1
    ]


def _job_faults(found: Document, number: int, table: Mapping[str, Any]) -> list[Fault]:
    at = ("jobs", number)
    kinds = ("scenario" in table, "install" in table)
    if all(kinds) or not any(kinds):
        return [found.fault(at, "has both or neither", "either scenario and steps, or install and command")]
    if kinds[1] and (spread := [word for word in ("nodes", "encapsulation") if word in table]):
        return [found.fault((*at, spread[0]), "the job raises no lab", "a job with a scenario and steps")]
    if "encapsulation" in table and "nodes" not in table:
        return [found.fault((*at, "encapsulation"), "the job is on one node", "nodes beside encapsulation")]
    partner = "steps" if kinds[0] else "command"
    if partner not in table:
        return [
            found.fault(
                at, f"{partner} is missing", f"{partner} beside {'scenario' if kinds[0] else 'install'}"
            )
        ]
    return []


def _job(found: Document, number: int, table: Mapping[str, Any]) -> Job:
    pipeline = table["pipeline"]
    return Job(
        name=table["name"],
        pipelines=(pipeline,) if isinstance(pipeline, str) else tuple(pipeline),
        timeout_s=float(table["timeout"]),
        description=table.get("description", ""),
        voting=table.get("voting", True),
        scenario=scenario_word(table.get("scenario", ""), found.path),
        nodes=table.get("nodes", 0),
        encapsulation=table.get("encapsulation", ""),
        steps=tuple(_step(step) for step in table.get("steps", ())),
        install=table.get("install", ""),
        command=tuple(table.get("command", ())),
        attempts=table.get("attempts", Job.attempts),
        place=found.place("jobs", number),
    )


def _step(table: Mapping[str, Any]) -> Step:
    given = table.get("change", [])
    return Step(
        changes=tuple(map(declared, given if isinstance(given, list) else [given])),
        traffic=tuple(_traffic(item) for item in table.get("traffic", ())),
        checks=tuple(_check(item) for item in table["checks"]),
    )


def _traffic(table: Mapping[str, Any]) -> Traffic:
    ((kind, words),) = table.items()
    given = {ENDS.get(key, key): value for key, value in words.items()}
    if kind in PROTOCOLS:
        port = given.pop("port", values.Flows.ports[0])
        given["ports"] = tuple(port) if isinstance(port, list) else (port,)
        return values.Flows(**given, over=PROTOCOLS[kind])
    return TRAFFIC[kind](**given)


def _hops(value: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(hop) for hop in value)


def _shares(value: Mapping[str, Any]) -> Check:
    among = value["among"]
    if isinstance(among, dict):
        weights = tuple((host, float(weight)) for host, weight in among.items())
        return values.Weights(weights, float(value["within"]))
    return values.Shares(tuple(among), float(value["at_least"]))


CHECKS: dict[str, Callable[[Any], Check]] = {
    "answered": lambda _value: values.Answered(),
    "dropped": lambda _value: values.Dropped(),
    "both_ways": lambda _value: values.BothWays(),
    "flows_as_at_start": lambda _value: values.FlowsAsAtStart(),
    "base_flows": lambda _value: values.BaseFlows(),
    "visits": lambda value: values.Visits(_hops(value)),
    "hops": lambda value: values.Hops(_hops(value)),
    "quiet": lambda value: values.Quiet(tuple(value)),
    "shares": _shares,
    "one_of": lambda value: values.OneOf(tuple(value)),
    "moved_at_most": lambda value: values.MovedAtMost(float(value)),
    "copies": lambda value: values.Copies(tuple(value)),
    "encapsulation": lambda value: values.Encapsulation(**value),
    "lost": values.Lost,
    "ways": lambda value: values.Ways(tuple(map(_hops, value))),
}
"""Word of a job file → check."""


def _check(value: str | Mapping[str, Any]) -> Check:
    word, argument = (value, None) if isinstance(value, str) else next(iter(value.items()))
    return CHECKS[word](argument)
