"""Job files: YAML text → jobs, every fault of every file at once."""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.document import Document, did_you_mean
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.gate import job as values
from sfcci.gate.job import Change, Check, Job, Step, Traffic
from sfcci.gate.refusal import refusals, scenario_word

NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
SOME_NAMES = {**NAMES, "minItems": 1, "description": "a list of one name or more"}
HOPS = {
    "type": "array",
    "minItems": 1,
    "items": SOME_NAMES,
    "description": "a list of hops, each a list of hosts: [[vm1, vm2], [vm3]]",
}
BETWEEN = {"from": {"type": "string"}, "to": {"type": "string"}}


def _object(properties: Mapping[str, Any], *required: str, description: str = "") -> dict[str, Any]:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        "required": list(required),
    }
    return {**schema, "description": description} if description else schema


TRAFFIC = _object(
    {
        "http": _object(
            {**BETWEEN, "requests": {"type": "integer", "minimum": 1, "maximum": 100_000}}, "from", "to"
        ),
        "traceroute": _object(BETWEEN, "from", "to"),
    },
    description="one kind of traffic: http or traceroute",
)
CHECK_WITH_WORDS = _object(
    {
        "visits": HOPS,
        "hops": HOPS,
        "quiet": SOME_NAMES,
        "shares": _object(
            {
                "among": SOME_NAMES,
                "at_least": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 1,
                    "description": "a share above 0, at most 1",
                },
            },
            "among",
            "at_least",
        ),
    },
)
CHECK = {
    "type": ["string", "object"],
    "description": "answered, flows_as_at_start, or one of visits, hops, quiet, shares with its value",
    "if": {"type": "object"},
    "then": {**CHECK_WITH_WORDS, "minProperties": 1, "maxProperties": 1},
    "else": {"enum": ["answered", "flows_as_at_start"]},
}
CHANGE = {
    "type": ["string", "object"],
    "if": {"type": "object"},
    "then": _object(
        {
            "port_chains": {
                "type": "object",
                "additionalProperties": _object({"port_pair_groups": SOME_NAMES, "flow_classifiers": NAMES}),
            },
            "port_pair_groups": {"type": "object", "additionalProperties": _object({"port_pairs": NAMES})},
        },
    ),
    "else": {"enum": ["restore"]},
}
STEP = _object(
    {
        "change": CHANGE,
        "traffic": {"type": "array", "items": {**TRAFFIC, "minProperties": 1, "maxProperties": 1}},
        "checks": {"type": "array", "minItems": 1, "items": CHECK},
    },
    "checks",
)
JOB = _object(
    {
        "name": {
            "type": "string",
            "pattern": r"^[a-z0-9][a-z0-9.-]*$",
            "description": "small letters, digits, - and .",
        },
        "description": {"type": "string"},
        "pipeline": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minLength": 1,
            "minItems": 1,
            "description": "a pipeline or a list of them",
        },
        "voting": {"type": "boolean"},
        "timeout": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 86_400,
            "description": "seconds, at most a day",
        },
        "attempts": {
            "type": "integer",
            "minimum": 1,
            "maximum": 10,
            "description": "how often it is tried, 1 to 10",
        },
        "scenario": {"type": "string", "minLength": 1},
        "steps": {"type": "array", "minItems": 1, "items": STEP},
        "install": {"type": "string", "minLength": 1},
        "command": SOME_NAMES,
    },
    "name",
    "pipeline",
    "timeout",
)
SCHEMA: dict[str, Any] = _object({"jobs": {"type": "array", "minItems": 1, "items": JOB}}, "jobs")


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
    """Give the jobs that were named, or all of the pipeline. Raises UsageError for a name or pipeline without a job."""
    known = {job.name: job for job in jobs}
    for name in names:
        if name not in known:
            raise UsageError(
                f"no job is named {name!r}; {did_you_mean(name, list(known)) or 'see: sfcci gate list'}"
            )
    picked = tuple(known[name] for name in names) or tuple(job for job in jobs if pipeline in job.pipelines)
    if not picked:
        pipelines = ", ".join(sorted({name for job in jobs for name in job.pipelines}))
        raise UsageError(f"no job runs in the pipeline {pipeline!r}; there are: {pipelines}")
    return picked


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
        steps=tuple(_step(step) for step in table.get("steps", ())),
        install=table.get("install", ""),
        command=tuple(table.get("command", ())),
        attempts=table.get("attempts", Job.attempts),
        place=found.place("jobs", number),
    )


def _step(table: Mapping[str, Any]) -> Step:
    return Step(
        change=_change(table.get("change", {})),
        traffic=tuple(_traffic(item) for item in table.get("traffic", ())),
        checks=tuple(_check(item) for item in table["checks"]),
    )


def _change(value: str | Mapping[str, Any]) -> Change:
    if isinstance(value, str):
        return Change(restore=True)
    chains, groups = (
        {
            name: {key: tuple(members) for key, members in attributes.items()}
            for name, attributes in value.get(kind, {}).items()
        }
        for kind in ("port_chains", "port_pair_groups")
    )
    return Change(chains, groups)


def _traffic(table: Mapping[str, Any]) -> Traffic:
    ((kind, words),) = table.items()
    if kind == "http":
        return values.Http(words["from"], words["to"], words.get("requests", 20))
    return values.Traceroute(words["from"], words["to"])


def _hops(value: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(hop) for hop in value)


CHECKS: dict[str, Callable[[Any], Check]] = {
    "answered": lambda _value: values.Answered(),
    "flows_as_at_start": lambda _value: values.FlowsAsAtStart(),
    "visits": lambda value: values.Visits(_hops(value)),
    "hops": lambda value: values.Hops(_hops(value)),
    "quiet": lambda value: values.Quiet(tuple(value)),
    "shares": lambda value: values.Shares(tuple(value["among"]), float(value["at_least"])),
}
"""Word of a job file → check."""


def _check(value: str | Mapping[str, Any]) -> Check:
    word, argument = (value, None) if isinstance(value, str) else next(iter(value.items()))
    return CHECKS[word](argument)
