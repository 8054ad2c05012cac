"""Zuul's builds read, as its API gives them (api/tenant/T/builds, .../build/UUID, .../buildset/UUID).

Two forms are in use: in the old one a build has the project, branch and change itself, in the one of today they are below
`ref`. In a buildset they are the buildset's. Times are UTC without saying so.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sfcci.document import did_you_mean, key_path
from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cases import LONGEST_S, Origin, is_name, plain
from sfcci.gate.job import BAD, JobResult, Result

MAX_FAULTS = 20
MAX_URL = 2000
OLD_WORDS = {
    "MERGER_FAILURE": Result.MERGE_CONFLICT,
    "MERGE_FAILURE": Result.MERGE_CONFLICT,
    "NO_HANDLE": Result.ERROR,
    "EXCEPTION": Result.ERROR,
    "DISCONNECT": Result.RETRY,
    "LOST": Result.RETRY,
    "UNREACHABLE": Result.RETRY,
}
"""Results of older Zuuls, and what is meant."""
_RESULTS = {str(result): result for result in Result} | OLD_WORDS
_URL, _COMMIT = re.compile(r"https?://[!-~]+"), re.compile("[0-9a-f]{40}")
_REF = ("project", "branch", "change", "patchset", "ref", "newrev")


@dataclass(frozen=True)
class Builds:
    """The runs that a document has, and how many builds were left out, by reason."""

    runs: tuple[JobResult, ...]
    left_out: Mapping[str, int]


class _WrongError(Exception):
    """A value that cannot be: where below the build, what it is, what was expected."""

    def __init__(self, keys: tuple[str | int, ...], found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.keys, self.told = keys, (found, expected, hint)


def read_builds(text: str, path: str, origin: Origin, latest_s: float) -> Builds:
    """Read a document; what a build does not say is as `origin` has it. Raises InputError with all faults and their places."""
    runs: list[JobResult] = []
    left_out: Counter[str] = Counter()
    faults: list[Fault] = []
    for keys, build in _builds(parsed(text, path), path):
        try:
            found = _run(build, origin, latest_s)
        except _WrongError as error:
            what, expected, hint = error.told
            faults.append(Fault(Place(path), f"{key_path([*keys, *error.keys])}: {what}", expected, hint))
            if len(faults) == MAX_FAULTS:
                break
            continue
        if isinstance(found, str):
            left_out[found] += 1
        else:
            runs.append(found)
    if faults:
        raise InputError(*faults)
    return Builds(tuple(runs), left_out)


def parsed(text: str, path: str) -> Any:
    """Give the value of a JSON text. Raises InputError with the place of what is none."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(Fault(Place(path, error.lineno, error.colno), error.msg, "JSON")) from None
    except RecursionError:
        raise InputError(
            Fault(_place(text, path, _deepest(text)), "nested too deeply", "Zuul's builds")
        ) from None
    except ValueError as error:  # a constant that is no JSON, a number of thousands of digits
        found = re.search(r'(?:"(?:[^"\\]|\\.)*"|[^"])*?(NaN|-?Infinity|\d{4300,})', text)
        reason = str(error) if "JSON" in str(error) else "a number of thousands of digits"
        raise InputError(Fault(_place(text, path, found.start(1) if found else 0), reason, "JSON")) from None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _deepest(text: str) -> int:
    """Give where brackets are nested deeper than anything in Zuul's answers."""
    depth = 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        depth += (found[0] in "[{") - (found[0] in "]}")
        if depth > 100:  # noqa: PLR2004 - any number between what is meant and what Python can take
            return found.start()
    return 0


def _place(text: str, path: str, at: int) -> Place:
    return Place(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _builds(data: Any, path: str) -> "list[tuple[tuple[str | int, ...], Any]]":
    """Give the builds of a document with their paths."""
    if isinstance(data, list):
        return [((number,), build) for number, build in enumerate(data)]
    if isinstance(data, dict) and "job_name" in data:
        return [((), data)]
    if isinstance(data, dict) and isinstance(data.get("builds"), list):
        retried = data.get("retry_builds")
        parts = {"builds": data["builds"], "retry_builds": retried if isinstance(retried, list) else []}
        return [
            ((key, number), _of_buildset(build, data))
            for key, builds in parts.items()
            for number, build in enumerate(builds)
        ]
    raise InputError(
        Fault(Place(path), "no builds", "a list of builds, a build or a buildset, as Zuul's API gives them")
    )


def _of_buildset(build: Any, buildset: Mapping[str, Any]) -> Any:
    """Give a build with what its buildset says for all."""
    if not isinstance(build, dict) or "uuid" not in buildset:
        return build
    names = (*_REF, "pipeline")
    known = {name: buildset[name] for name in names if name in buildset}
    return {**known, "buildset": {"uuid": buildset["uuid"]}, **build}


def _run(build: Any, origin: Origin, latest_s: float) -> JobResult | str:
    """Give a build's run, or why it is none."""
    if not isinstance(build, dict):
        raise _WrongError((), _shown(build), "a build")
    began, ended = (_moment(build, name, latest_s) for name in ("start_time", "end_time"))
    job = _name(build, ("job_name",), "")
    if not job:
        raise _WrongError(("job_name",), "is missing", "the job's name")
    if build.get("result") is None and ended is None:
        return "still running"
    result = _result(build)
    times = _times(build, began, ended)
    if times is None:
        return "without a time"
    ref = build["ref"] if isinstance(build.get("ref"), dict) else build
    below = ("ref",) if ref is not build else ()
    told = {name: _name(ref, (*below, name), "") for name in _REF}
    host, project = _project(told["project"], origin)
    buildset = _buildset(build) or origin.buildset
    detail = plain(build["error_detail"]) if isinstance(build.get("error_detail"), str) else ""
    return JobResult(
        run=_name(build, ("uuid",), "") or _named(buildset, job, told, times),
        job=job,
        result=result,
        tenant=origin.tenant,
        pipeline=_name(build, ("pipeline",), origin.pipeline),
        host=host,
        project=project,
        branch=told["branch"] or origin.branch,
        started_at=times[0],
        duration_ms=round(times[1] * 1000),
        buildset=buildset,
        voting=_flag(build, "voting"),
        commit=origin.commit or commit_of(told),
        reasons=(detail,) if detail and result in BAD else (),
        log_dir=_url(build) or origin.log_url,
        change=told["change"] or origin.change,
        patchset=told["patchset"] or origin.patchset,
    )


def commit_of(ref: Mapping[str, str]) -> str:
    """Give what names the commit that a build tested: its id where Zuul tells it, else Gerrit's ref, which stays the same."""
    if ref.get("newrev", "").strip("0"):
        return ref["newrev"]
    if _COMMIT.fullmatch(ref.get("patchset", "")):
        return ref["patchset"]
    return ref["ref"] if ref.get("ref", "").startswith("refs/changes/") else ""


def _project(name: str, origin: Origin) -> tuple[str, str]:
    """Give host and project; a canonical name begins with its host, which has a dot."""
    host, _, rest = name.partition("/")
    if rest and "." in host:
        return host, rest
    return origin.host, name or origin.project


def _result(build: Mapping[str, Any]) -> Result:
    """Give the result; one that ended without any was to be tried again."""
    word = build.get("result")
    if word is None:
        return Result.RETRY
    if not isinstance(word, str) or word not in _RESULTS:
        hint = did_you_mean(str(word)[:60], list(_RESULTS))
        raise _WrongError(("result",), _shown(word), "a result of Zuul", hint)
    return _RESULTS[word]


def _times(build: Mapping[str, Any], began: float | None, ended: float | None) -> tuple[float, float] | None:
    """Give begin and duration in seconds; None when neither begin nor end is told."""
    given = build.get("duration")
    if given is not None and (
        isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= LONGEST_S
    ):
        raise _WrongError(("duration",), _shown(given), f"seconds from 0 to {LONGEST_S}")
    if began is not None and ended is not None:
        if not 0 <= ended - began <= LONGEST_S:
            raise _WrongError(
                ("end_time",), _shown(build["end_time"]), f"at most {LONGEST_S} s after start_time"
            )
        return began, ended - began
    if ended is not None:
        return ended - (given or 0.0), given or 0.0
    return None if began is None else (began, given or 0.0)


def _moment(build: Mapping[str, Any], key: str, latest_s: float) -> float | None:
    text = build.get(key)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        at_s = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise _WrongError((key,), _shown(text), "a time as 2026-11-20T14:30:00") from None
    if not 0 < at_s <= latest_s:
        raise _WrongError((key,), _shown(text), "a time since 1970 that has passed")
    return at_s


def _name(data: Mapping[str, Any], keys: tuple[str, ...], otherwise: str) -> str:
    """Give a name; numbers are names, too (changes), null and "" are none."""
    value = data.get(keys[-1])
    if isinstance(value, str) and value and is_name(value):
        return value
    if value is None or value == "":
        return otherwise
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    raise _WrongError(keys, _shown(value), "a text of at most 255 characters, none of control")


def _buildset(build: Mapping[str, Any]) -> str:
    value = build.get("buildset")
    if isinstance(value, dict):
        return _name(value, ("buildset", "uuid"), "")
    return _name(build, ("buildset",), "")


def _url(build: Mapping[str, Any]) -> str:
    value = build.get("log_url")
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > MAX_URL or not _URL.fullmatch(value):
        raise _WrongError(("log_url",), _shown(value), "an address, https://...")
    return value


def _flag(build: Mapping[str, Any], key: str) -> bool:
    value = build.get(key)
    if value is None:  # Zuul's own, of a build that it did not start
        return True
    if not isinstance(value, bool):
        raise _WrongError((key,), _shown(value), "true or false")
    return value


def _named(buildset: str, job: str, ref: Mapping[str, str], times: tuple[float, float]) -> str:
    """Give an id for a build that has none (Zuul gives none to those that it did not start)."""
    text = "\0".join((buildset, job, *(ref.get(name, "") for name in _REF), *map(str, times)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return "found " + (text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - a line's worth
