"""Our own results read back: what `sfcci gate run --results`, and `--json` of `gate run` and `gate runs`, write down.

Runs keep their ids and their series, so results that come twice, or back to where they were made, change nothing. `log_dir` stays
as it is, too: whether a folder is one of ours is asked by who looks into it (`folder.evidence_folder`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from sfcci import document
from sfcci.errors import Fault, InputError
from sfcci.gate.cases import LONGEST_S, MAX_NAME, Origin, is_name, plain
from sfcci.gate.job import JobResult, Result
from sfcci.gate.zuul_builds import MAX_FAULTS, MAX_URL, parsed

MAX_REASONS = 1000
_TEXT = {"type": "string", "maxLength": MAX_NAME}
_NAME = {**_TEXT, "minLength": 1}
_NAMES = ("run", "job", "tenant", "pipeline", "host", "project", "branch")
_MAYBE = ("buildset", "commit", "change", "patchset")
SCHEMA: dict[str, Any] = {
    "type": "array",
    "description": "a list of runs, as sfcci gate run --results writes them",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": [*_NAMES, "result", "started_at", "duration_ms"],
        "properties": {
            **dict.fromkeys(_NAMES, _NAME),
            **dict.fromkeys(_MAYBE, _TEXT),
            "result": {"enum": [str(result) for result in Result], "description": "a result of Zuul"},
            "started_at": {"type": "number", "exclusiveMinimum": 0},
            "ended_at": {"type": "number", "description": "begin and duration say the same"},
            "duration_ms": {"type": "integer", "minimum": 0, "maximum": LONGEST_S * 1000},
            "voting": {"type": "boolean"},
            "reasons": {"type": "array", "maxItems": MAX_REASONS, "items": {"type": "string"}},
            "log_dir": {"type": "string", "maxLength": MAX_URL},
        },
    },
}
_BEGIN = re.compile(rb'\[\s*\{\s*"run"\s*:')


def begins_results(begin: bytes) -> bool:
    """Say whether a file that begins so holds our own results."""
    return bool(_BEGIN.match(begin))


def results_document(results: Iterable[JobResult]) -> list[dict[str, Any]]:
    """Give runs as the JSON value that `read_results` reads; the run's id stands first."""
    return [asdict(result) for result in results]


def read_results(text: str, path: str, origin: Origin, latest_s: float) -> tuple[JobResult, ...]:
    """Read runs; where `origin` names a place for logs it is each run's. Raises InputError with the faults and their places."""
    found = document.Document(path, text, parsed(text, path))
    faults = document.check(found, SCHEMA) or list(_faults(found, latest_s))
    if faults:
        raise InputError(*faults[:MAX_FAULTS])
    return tuple(_run(told, origin) for told in found.data)


def _faults(found: document.Document, latest_s: float) -> Iterator[Fault]:
    """Give what the schema cannot say: names that name nothing, runs that have not ended yet, runs that are there twice."""
    seen: set[str] = set()
    for number, told in enumerate(found.data):
        for key in (*_NAMES, *_MAYBE):
            if told.get(key) and not is_name(told[key]):
                yield found.fault((number, key), "has a character of control", "a name")
        if not told["started_at"] * 1000 + told["duration_ms"] <= latest_s * 1000:
            yield found.fault((number, "started_at"), "ends in the future", "a run that has ended")
        if told["run"] in seen:
            yield found.fault((number, "run"), "is there twice", "an id of its own")
        seen.add(told["run"])


def _run(told: Mapping[str, Any], origin: Origin) -> JobResult:
    values = {key: value for key, value in told.items() if key != "ended_at"}
    log_dir = told.get("log_dir", "")
    return JobResult(
        **{
            **values,
            "result": Result(told["result"]),
            "reasons": tuple(one if one.isprintable() else plain(one) for one in told.get("reasons", ())),
            "log_dir": origin.log_url or (log_dir if log_dir.isprintable() else ""),
        }
    )
