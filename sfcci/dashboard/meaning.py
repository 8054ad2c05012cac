"""What targets mean: ratios of things that do not belong together, names of other jobs, results that do not exist.

A target can be well formed and lie. These rules know Zuul's names (`metric.name`) and nothing of the servers.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from sfcci.dashboard import target as grammar
from sfcci.dashboard.read_target import ReadTarget
from sfcci.document import did_you_mean
from sfcci.finding import Finding, Severity
from sfcci.gate.job import Result
from sfcci.metric import glob
from sfcci.metric.name import parts_of

RATIOS = ("asPercent", "pct", "divideSeries")
"""Functions of a part and a whole."""
RESULTS = frozenset(Result) | {
    "RETRY", "MERGE_CONFLICT", "MERGE_FAILURE", "CONFIG_ERROR", "ERROR", "DISCONNECT", "NO_HANDLE",
}  # fmt: skip
"""The last part of a counter's name: results that Zuul knows and the gate never gives are among them."""
SCOPE = ("job", "pipeline", "branch", "project", "host", "tenant")
"""Parts of a name that must be the same below and above the line of a ratio, the most telling first."""
_WILD = re.compile(r"[*?{\[]")
_UPPER = re.compile(r"[A-Z][A-Z_]+")
_REMARK = re.compile(r"\s*[(\[].*")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+")


def meanings(reads: Iterable[ReadTarget]) -> Iterator[Finding]:
    """Give what is wrong with the meaning of each target alone."""
    for read in reads:
        jobs = [(path, parts) for path in read.paths if (parts := named_by(path.text))]
        if jobs:
            yield from _misspelt(read, [path for path, _ in jobs])
            for call in read.calls:
                if call.name in RATIOS:
                    yield from _mixed(read, call)
                elif call.name == "alias":
                    yield from _alias(read, call, {parts["job"][0] for _, parts in jobs})


@lru_cache(maxsize=2**14)
def named_by(path: str) -> dict[str, tuple[str, int]]:
    """Give what a path of Zuul's names, part by part, each with its offset in it; {} for any other path."""
    return parts_of(path) or {}


@lru_cache(maxsize=2**14)
def results_of(path: str) -> tuple[tuple[str, int], ...]:
    """Give the results that a path names, each with its offset in it; () for a path that names no job's results."""
    parts = named_by(path)
    if not parts:
        return ()
    job, at = parts["job"]
    begin = at + len(job) + 1
    part = path[begin:].partition(".")[0]
    found, at = [], begin + part.startswith("{")
    for word in part.strip("{}").split(","):
        found.append((word, at))
        at += len(word) + 1
    return tuple(found)


def meant(result: str) -> str:
    """Give the result that was meant by a misspelt one; itself when it is one, or near none."""
    near = did_you_mean(result, sorted(RESULTS)) if _UPPER.fullmatch(result) and result not in RESULTS else ""
    return near.removeprefix("did you mean ").removesuffix("?") or result


def _misspelt(read: ReadTarget, paths: Iterable[grammar.Path]) -> Iterator[Finding]:
    for path in paths:
        for word, at in results_of(path.text):
            if word not in RESULTS and _UPPER.fullmatch(word):
                hint = did_you_mean(word, sorted(RESULTS)) or f"its results are {', '.join(sorted(RESULTS))}"
                what = f"Zuul has no result {word}"
                yield read.finding("MisspeltResult", Severity.ERROR, path.offset + at, what, hint)


def _mixed(read: ReadTarget, call: grammar.Call) -> Iterator[Finding]:
    """Compare the part of a ratio with the whole: every name above must be counted below, too."""
    if len(call.arguments) < 2 or isinstance(call.arguments[1], grammar.Literal):  # noqa: PLR2004 - a part and a whole
        return
    above = [(path, named_by(path.text)) for path in grammar.paths(call.arguments[0])]
    below = [parts for path in grammar.paths(call.arguments[1]) if (parts := named_by(path.text))]
    for path, parts in above:
        if not parts or not below:
            continue
        for field in SCOPE:
            if field not in parts:
                continue
            word, at = parts[field]
            others = list(dict.fromkeys(other[field][0] for other in below if field in other))
            if (
                others
                and word not in others
                and not all(_counted(one, others) for one in glob.alternatives(word))
            ):
                what = f"a ratio of {field} {word} to {field} {' and '.join(others)}"
                hint = "the part and the whole must be of the same runs"
                yield read.finding("MixedRatio", Severity.ERROR, path.offset + at, what, hint)
                return


@lru_cache(maxsize=4096)
def _matches(pattern: str, word: str) -> bool:
    return bool(glob.pattern(pattern).fullmatch(word))


def _counted(word: str, patterns: Iterable[str]) -> bool:
    if grammar.has_variable(word):
        return True
    wild = bool(_WILD.search(word))
    return any(
        word == pattern
        or grammar.has_variable(pattern)
        or pattern == "*"
        or (not wild and _matches(pattern, word))
        for pattern in patterns
    )


def _alias(read: ReadTarget, call: grammar.Call, jobs: set[str]) -> Iterator[Finding]:
    """Compare the name of a line with the job below: it need not be the job's, but must not be another's."""
    name = call.arguments[1] if len(call.arguments) > 1 else None
    if not isinstance(name, grammar.Literal) or name.kind is not grammar.Kind.STRING:
        return
    said = _REMARK.sub("", str(name.value)).strip()
    spelled = {one for job in jobs for one in glob.alternatives(job)}
    if _WORD.fullmatch(said) and not any(_WILD.search(job) or _same_job(said, job) for job in spelled):
        near = [job for job in sorted(spelled) if _related(said, job)]
        if near:
            what = f"the line is named {said}, and shows the job {near[0]}"
            hint = "name the line after its job, or show the job that it is named after"
            yield read.finding("AliasOtherJob", Severity.ERROR, name.offset + 1, what, hint)


def _same_job(said: str, job: str) -> bool:
    """Say whether the name is the job's, a piece of it, or has it as a piece."""
    said, job = (text.lower().replace("_", "-").replace(".", "-") for text in (said, job))
    return said in job or job in said or set(said.split("-")) <= set(job.split("-"))


def _related(said: str, job: str) -> bool:
    """Say whether two names look like jobs of one family: at least half of their words are the same."""
    mine, other = (set(re.split(r"[-_.]", text.lower())) for text in (said, job))
    return 2 * len(mine & other) >= len(mine)
