"""One run, asked for by its id, the beginning of it, or `last`: its result, its attempts, what is left of its evidence."""

from dataclasses import dataclass
from pathlib import Path

from sfcci import files
from sfcci.document import did_you_mean
from sfcci.errors import UsageError
from sfcci.gate.evidence import EvidenceFile, listed
from sfcci.gate.folder import LOCK, evidence_folder, read_result
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.query import Query, series_key
from sfcci.settings import Settings

LAST = "last"
LAST_BAD = "last-bad"
MANY = 10
SEARCHED = 500
"""So many of the newest runs are looked through for what was perhaps meant."""
NEAR_S = 86_400
"""Attempts at a job end within a day of each other."""


@dataclass(frozen=True)
class Shown:
    """A run with all that is known of it."""

    result: JobResult
    attempts: tuple[JobResult, ...]
    """Every attempt at the same job in the same buildset, this one among them, oldest first."""
    folder: Path | None
    """Where its evidence lies; None when none is here."""
    files: tuple[EvidenceFile, ...]
    without: str
    """Why there are no files; "" when there are some."""


def show(history: History, settings: Settings, word: str) -> Shown:
    """Give the run that `word` names. Raises UsageError: none, several, or one that goes on."""
    result = find(history, settings, word)
    folder = evidence_folder(settings, result)
    there = listed(folder) if folder else ()
    without = "" if there else _without(result, settings)
    return Shown(result, attempts(history, result), folder, there, without)


def find(history: History, settings: Settings, word: str) -> JobResult:
    """Give the result of the run that `word` names: `last`, `last-bad`, an id, or the beginning of one. Raises UsageError."""
    if word in (LAST, LAST_BAD):
        wanted = BAD if word == LAST_BAD else ()
        newest = next(history.select(Query(results=wanted, limit=1, newest_first=True)), None)
        if newest is None:
            raise UsageError(
                f"no {'bad ' if wanted else ''}run is recorded; run the jobs with: sfcci gate run"
            )
        return newest
    ids = history.beginning_with(word, MANY) if word else ()
    if len(ids) > 1 and word not in ids:
        more = " ..." if len(ids) == MANY else ""
        raise UsageError(f"several runs begin with {word}: {', '.join(ids)}{more}")
    found = history.run(word if word in ids else ids[0]) if ids else None
    if found is None:
        raise UsageError(_unknown(history, settings, word))
    return found


def _unknown(history: History, settings: Settings, word: str) -> str:
    going_on = [path for path in (settings.state / "runs").glob("*/") if word and path.name.startswith(word)]
    for path in going_on:
        if (held := files.try_lock(path / LOCK)) is None:
            begun = read_result(path)
            return f"run {path.name}{f' of {begun.job}' if begun else ''} goes on; there is no result yet"
        held.close()
    newest = tuple(history.select(Query(limit=SEARCHED, newest_first=True)))
    if of_job := next((one.run for one in newest if one.job == word), ""):
        return f"{word} is a job; its last run: sfcci gate show {of_job}"
    hint = did_you_mean(word, [one.run for one in newest]) or "the last one: sfcci gate show last"
    return f"no run {word!r} is recorded; {hint}"


def attempts(history: History, result: JobResult) -> tuple[JobResult, ...]:
    """Give every attempt at a run's job in its buildset, the run among them, oldest first; found by their time."""
    if not result.buildset:
        return (result,)
    begin_s, end_s = result.ended_at - NEAR_S, result.ended_at + NEAR_S
    near = history.select(Query(series=(series_key(result),), since_s=begin_s, until_s=end_s))
    same = tuple(one for one in near if one.buildset == result.buildset)
    return same if result in same else (result,)


def _without(result: JobResult, settings: Settings) -> str:
    gate = settings.gate
    if "://" in result.log_dir:
        return f"its logs are at {result.log_dir}"
    if result.log_dir and not Path(result.log_dir).is_absolute():
        return f"its logs are named {result.log_dir}, which is no folder of this machine"
    if result.log_dir:
        kept = f"evidence is kept for {gate.keep_evidence}, at most {gate.keep_evidence_size} of it ([gate] keep_evidence)"
        looked = f"evidence is looked for in {settings.state / 'runs'}"
        return f"its folder {result.log_dir} is not there any more, or was another machine's or state's; {looked}; {kept}"
    if result.result is Result.SUCCESS:
        return "a good run keeps none"
    return f"a run that ended as {result.result} keeps none"
