"""What is wrong with dashboards: every finding of every file, with file, line and column.

Layers: the document (YAML or JSON), grafyaml's structure, the grammar and the functions of each target, and with a reader
each metric name against Graphite. A result that has not happened yet has no series; that is no error as long as its job is
there (`NeverHappened`), while a name that leads nowhere is (`NoSuchMetric`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Protocol

from sfcci import document
from sfcci.dashboard import target as grammar
from sfcci.dashboard.function import FUNCTIONS
from sfcci.dashboard.model import Dashboard, PanelTarget
from sfcci.dashboard.structure import structure
from sfcci.document import Document, did_you_mean
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.finding import Finding, Severity
from sfcci.gate.job import Result

SUFFIXES = (".yaml", ".yml", ".json")
RESULTS = frozenset(Result) | {"RETRY", "MERGE_CONFLICT", "CONFIG_ERROR"}
"""The last part of a counter's name: results that Zuul knows and the gate never gives are among them."""

_WILD = re.compile(r"[*?{\[]")


class Names(Protocol):
    """Who knows Graphite's metric names (`metric.graphite.GraphiteReader` does)."""

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns; without `leaves_only` branches too."""


@dataclass(frozen=True)
class Examination:
    """What a look at dashboards gave: the files, the dashboards that are whole, the number of targets, the findings."""

    files: tuple[str, ...]
    dashboards: tuple[Dashboard, ...]
    targets: int
    metrics: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Read:
    """A target that parsed, and where it stands."""

    document: Document
    target: PanelTarget
    tree: grammar.Target

    def place(self, offset: int) -> Place:
        return self.document.character(self.target.keys, offset)


def validate(paths: Iterable[Path], names: Names | None = None) -> tuple[Finding, ...]:
    """Give every finding of the dashboards at `paths` (files or folders). Raises UsageError, Unreachable."""
    return examine(paths, names).findings


def load(paths: Iterable[Path]) -> tuple[Dashboard, ...]:
    """Give the dashboards at `paths`. Raises InputError with every error when one of them is not whole."""
    seen = examine(paths)
    faults = [
        Fault(found.place, found.what, hint=found.hint)
        for found in seen.findings
        if found.severity is Severity.ERROR
    ]
    if faults:
        raise InputError(*faults)
    return seen.dashboards


def examine(paths: Iterable[Path], names: Names | None = None) -> Examination:
    """Look at the dashboards at `paths` through every layer. Raises UsageError for a path that leads nowhere."""
    files = dashboard_files(paths)
    findings: list[Finding] = []
    dashboards: list[Dashboard] = []
    read: list[_Read] = []
    count = 0
    for path in files:
        found = _document(path, findings)
        if found is None:
            continue
        made = structure(found)
        findings += made.findings
        count += len(made.targets)
        dashboards += [made.dashboard] if made.dashboard else []
        for target in made.targets:
            read += _parsed(found, target, findings)
    findings += _doubles(dashboards)
    patterns = sorted({pattern for item in read for pattern, _ in _patterns(item)})
    if names is not None:
        findings += _metrics(read, patterns, names)
    return Examination(
        tuple(str(path) for path in files), tuple(dashboards), count, len(patterns), _sorted(findings)
    )


def dashboard_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Give the files to look at: a folder stands for the .yaml, .yml and .json files in it."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
            if not inside:
                raise UsageError(f"no dashboards in {path}; expected files named *.yaml, *.yml or *.json")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path} does not exist; give files or folders with dashboards")
    return tuple(dict.fromkeys(files))


def _document(path: Path, findings: list[Finding]) -> Document | None:
    duplicates: list[Fault] = []
    try:
        found = document.read(path, duplicates=duplicates)
    except InputError as error:
        findings += [_of_fault("BadDocument", fault) for fault in error.faults]
        return None
    findings += [_of_fault("DuplicateKey", fault) for fault in duplicates]
    return found


def _of_fault(keyword: str, fault: Fault) -> Finding:
    what = f"{fault.found}; expected {fault.expected}" if fault.expected else fault.found
    return Finding(keyword, Severity.ERROR, fault.place, what, fault.hint)


def _parsed(source: Document, target: PanelTarget, findings: list[Finding]) -> Iterator[_Read]:
    """Parse a target; a fault or an unknown function becomes a finding at its column."""
    try:
        read = _Read(source, target, grammar.parse_target(target.text))
    except grammar.TargetError as error:
        place = source.character(target.keys, error.offset)
        what = f"{error.found}; expected {error.expected}" if error.expected else error.found
        findings.append(Finding("BadTarget", Severity.ERROR, place, what, caret(target.text, error.offset)))
        return
    for call in grammar.calls(read.tree):
        if call.name not in FUNCTIONS:
            hint = did_you_mean(call.name, sorted(FUNCTIONS))
            what = f"Graphite has no function {call.name}"
            findings.append(Finding("UnknownFunction", Severity.ERROR, read.place(call.offset), what, hint))
    yield read


def caret(text: str, offset: int, width: int = 96) -> str:
    """Show the neighbourhood of a character with a caret under it."""
    begin = max(0, min(offset - width // 2, len(text) - width))
    shown = text[begin : begin + width].replace("\n", " ").replace("\t", " ")
    return f"{shown}\n  {' ' * (offset - begin)}^"


def _doubles(dashboards: Sequence[Dashboard]) -> Iterator[Finding]:
    """Say which dashboards would overwrite each other in Grafana."""
    for kind in ("title", "uid"):
        first: dict[str, Dashboard] = {}
        for dashboard in dashboards:
            name = str(getattr(dashboard, kind))
            other = first.setdefault(name, dashboard)
            if other is not dashboard:
                what = f"has the {kind} {name!r} of {other.path}; Grafana keeps one of them"
                place = dashboard.document.place("dashboard", "title")
                yield Finding("DuplicateDashboard", Severity.ERROR, place, what)


def _patterns(read: _Read) -> Iterator[tuple[str, int]]:
    """Give the metric patterns of a target with their offsets; template variables become wildcards."""
    for path in grammar.paths(read.tree):
        if not path.text.startswith("#"):  # Grafana's reference to another target of the panel, "#A"
            yield grammar.with_variables(path.text, "*"), path.offset


def _metrics(read: Sequence[_Read], patterns: Sequence[str], names: Names) -> Iterator[Finding]:
    """Say which patterns match no series, and why, as far as Graphite's names tell."""
    found = set(names.expand(patterns)) if patterns else set()
    missing = [pattern for pattern in patterns if not _matching(pattern, found)]
    if not missing:
        return
    happened = never_happened(missing, names)
    reasons = _reasons([pattern for pattern in missing if pattern not in happened], names)
    for item in read:
        for pattern, offset in _patterns(item):
            if pattern in happened:
                what = f"has not happened yet: no series for {pattern}"
                yield Finding("NeverHappened", Severity.INFO, item.place(offset), what)
            elif pattern in reasons:
                what, hint = reasons[pattern]
                yield Finding("NoSuchMetric", Severity.ERROR, item.place(offset), what, hint)


def _matching(pattern: str, names: AbstractSet[str]) -> list[str]:
    """Give the names that match a pattern; one without wildcards is looked up."""
    if not _WILD.search(pattern):
        return [pattern] if pattern in names else []
    matches = grammar.pattern(pattern).fullmatch
    return [name for name in names if matches(name)]


def never_happened(missing: Iterable[str], names: Names) -> set[str]:
    """Give the patterns that name results which have no series, of jobs that have other results."""
    wider = {pattern: wide for pattern in missing if (wide := _with_any_result(pattern))}
    found = set(names.expand(sorted(set(wider.values())))) if wider else set()
    return {
        pattern
        for pattern, wide in wider.items()
        if any(RESULTS.intersection(name.split(".")) for name in _matching(wide, found))
    }


def _reasons(missing: Sequence[str], names: Names) -> dict[str, tuple[str, str]]:
    """Say of each pattern from which part on there is nothing, and which name is near; three requests for all."""
    if not missing:
        return {}
    prefixes = {pattern: list(accumulate(pattern.split("."), "{}.{}".format)) for pattern in missing}
    asked = sorted({prefix for some in prefixes.values() for prefix in some})
    known = set(names.expand(asked, leaves_only=False))
    depths = {
        pattern: next((n for n, prefix in enumerate(some) if not _matching(prefix, known)), len(some) - 1)
        for pattern, some in prefixes.items()
    }
    above = {pattern: ".".join([*pattern.split(".")[:depth], "*"]) for pattern, depth in depths.items()}
    inside = set(names.expand(sorted(set(above.values())), leaves_only=False))
    reasons = {}
    for pattern, depth in depths.items():
        part = pattern.split(".")[depth]
        siblings = sorted({name.rpartition(".")[2] for name in _matching(above[pattern], inside)})
        what = f"no metric matches {pattern}: there is nothing from {part!r} on (part {depth + 1})"
        reasons[pattern] = (what, did_you_mean(part, siblings))
    return reasons


def _with_any_result(pattern: str) -> str:
    """Replace the part that names results by a wildcard; "" when none does."""
    parts = pattern.split(".")
    for index, part in enumerate(parts):
        if RESULTS.issuperset(grammar.alternatives(part)):
            return ".".join([*parts[:index], "*", *parts[index + 1 :]])
    return ""


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.place.path, f.place.line or 0, f.place.column or 0)))
