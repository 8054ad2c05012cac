"""What is wrong with dashboards: every finding of every file, with file, line, column and an excerpt with a caret.

Layers (`rule.Layer`): the document (YAML or JSON), its structure, the grammar and functions of each target, what targets and
dashboards mean; and when they are given, Graphite's names and values, and the jobs that run. Remarks in the files silence
findings (`remark`).
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci import document
from sfcci.dashboard import target as grammar
from sfcci.dashboard.existence import Names, Values, metric_findings, never_happened, patterns
from sfcci.dashboard.function import misuses
from sfcci.dashboard.meaning import RESULTS, meanings
from sfcci.dashboard.meaning_dashboard import dashboard_meanings
from sfcci.dashboard.model import Dashboard, Form
from sfcci.dashboard.read_target import ReadTarget
from sfcci.dashboard.remark import Remark, Silenced, applied, remarks
from sfcci.dashboard.rule import Layer
from sfcci.dashboard.structure import structure
from sfcci.dashboard.structure_check import Structure, label
from sfcci.document import Document
from sfcci.errors import Fault, InputError, UsageError
from sfcci.finding import Finding, Severity
from sfcci.garbage import garbage_waits

if TYPE_CHECKING:
    from sfcci.gate.running import RunningJobs

__all__ = ["RESULTS", "Names", "examine", "load", "never_happened", "validate"]

SUFFIXES = (".yaml", ".yml", ".json")
WIDTH = 96
"""How much of a line an excerpt shows, in characters."""
ALWAYS = frozenset(Layer) - {Layer.METRICS, Layer.JOBS}


@dataclass(frozen=True)
class Examination:
    """What a look at dashboards gave: the files, the dashboards that are whole, the number of targets, the findings."""

    files: tuple[str, ...]
    dashboards: tuple[Dashboard, ...]
    targets: int
    metrics: int
    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...] = ()
    waiting: int = 0
    """How many findings say that a result has not happened yet."""


@dataclass(frozen=True)
class Look:
    """What one file gave by itself; `document` is None for one that cannot be read."""

    document: Document | None
    dashboard: Dashboard | None = None
    targets: int = 0
    reads: tuple[ReadTarget, ...] = ()
    asked: frozenset[str] = frozenset()
    """The metric patterns of its targets."""
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()
    bad_remarks: tuple[Finding, ...] = ()


Looks = dict[Path, Look]


@dataclass
class _State:
    """What gathers while files are looked at."""

    findings: list[Finding]
    documents: dict[str, Document]
    dashboards: list[Dashboard]
    reads: list[ReadTarget]
    asked: set[str]
    looks: dict[str, Look]
    """Those at files that could be read, by path."""
    targets: int = 0


def validate(paths: Iterable[Path], names: Values | None = None) -> tuple[Finding, ...]:
    """Give every finding of the dashboards at `paths` (files or folders). Raises UsageError, Unreachable."""
    return examine(paths, names).findings


def load(paths: Iterable[Path]) -> tuple[Dashboard, ...]:
    """Give the dashboards at `paths`. Raises InputError with every error when one of them is not whole."""
    seen = examine(paths)
    faults = [
        Fault(found.place, found.what, hint=found.hint or found.excerpt)
        for found in seen.findings
        if found.severity is Severity.ERROR
    ]
    if faults:
        raise InputError(*faults)
    return seen.dashboards


@garbage_waits()
def examine(
    paths: Iterable[Path],
    names: Values | None = None,
    jobs: "RunningJobs | None" = None,
    *,
    today: date | None = None,
    looks: Looks | None = None,
) -> Examination:
    """Look at the dashboards at `paths` through every layer. Raises UsageError for a path that leads nowhere.

    Who gives `looks`, empty at first, time and again has only those files looked at whose text has changed meanwhile.
    """
    files = dashboard_files(paths)
    state = _State([], {}, [], [], set(), {})
    for path in files:
        look = _looked(path, looks.get(path) if looks is not None else None)
        if looks is not None:
            looks[path] = look
        _gather(look, state)
    state.findings += _doubles(state.dashboards)
    layers = set(ALWAYS)
    if names is not None:
        state.findings += metric_findings(state.reads, names, time.time())
        layers.add(Layer.METRICS)
    if jobs is not None:
        from sfcci.dashboard.jobs import job_findings

        state.findings += job_findings(state.reads, jobs)
        layers.add(Layer.JOBS)
    counted, silenced = _remarked(state, today or datetime.now(UTC).date(), layers)
    return Examination(
        tuple(str(path) for path in files),
        tuple(state.dashboards),
        state.targets,
        len(state.asked),
        tuple(_excerpted(found, state.documents) for found in _sorted(counted)),
        tuple(silenced),
        sum(found.keyword == "NeverHappened" for found in counted),
    )


def dashboard_files(paths: Iterable[Path], *, below: bool = True) -> tuple[Path, ...]:
    """Give the files to look at: a folder stands for the .yaml, .yml and .json files in it and, where wished, below it."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(_inside(path, below=below))
            if not inside:
                raise UsageError(f"no dashboards in {path}; expected files named *.yaml, *.yml or *.json")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path} does not exist; give files or folders with dashboards")
    return tuple(dict.fromkeys(files))


def _inside(folder: Path, *, below: bool) -> Iterator[Path]:
    """Give the files of a folder that are dashboards by their names; hidden ones are not."""
    for file in folder.rglob("*") if below else folder.iterdir():
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in SUFFIXES and not hidden and file.is_file():
            yield file


def _looked(path: Path, before: Look | None) -> Look:
    """Look at one file through the layers that need no other; give what it gave `before` when its text is the same."""
    findings: list[Finding] = []
    found = _document(path, before, findings)
    if before and found is before.document:
        return before
    if found is None:
        return Look(None, findings=tuple(findings))
    made = structure(found)
    findings += made.findings
    reads = tuple(_parsed(found, made, findings))
    findings += meanings(reads)
    form = Form.GRAFANA if found.path.endswith(".json") else Form.GRAFYAML
    findings += dashboard_meanings(found, form, made, reads)
    asked = frozenset(pattern for read in reads for pattern, _ in patterns(read))
    shown = tuple(_excerpted(one, {found.path: found}) for one in findings)
    return Look(found, made.dashboard, len(made.targets), reads, asked, shown, *remarks(found))


def _gather(look: Look, state: _State) -> None:
    state.findings += look.findings
    state.targets += look.targets
    state.reads += look.reads
    state.asked |= look.asked
    state.dashboards += [look.dashboard] if look.dashboard else []
    if look.document:
        state.documents[look.document.path] = look.document
        state.looks[look.document.path] = look


def _document(path: Path, before: Look | None, findings: list[Finding]) -> Document | None:
    duplicates: list[Fault] = []
    try:
        text = document.read_text(path)
        if before and before.document and before.document.text == text:
            return before.document
        found = document.parse(text, str(path), duplicates=duplicates)
    except InputError as error:
        findings += [_of_fault("BadDocument", fault) for fault in error.faults]
        return None
    findings += [_of_fault("DuplicateKey", fault) for fault in duplicates]
    return found


def _of_fault(keyword: str, fault: Fault) -> Finding:
    what = f"{fault.found}; expected {fault.expected}" if fault.expected else fault.found
    return Finding(keyword, Severity.ERROR, fault.place, what, fault.hint)


def _parsed(source: Document, made: Structure, findings: list[Finding]) -> Iterator[ReadTarget]:
    """Parse the targets; a fault or a wrong call becomes a finding at its column."""
    panels = {panel.keys: label(panel) for panel in made.panels}
    for target in made.targets:
        panel = panels.get(target.keys[:-3], "")
        try:
            read = ReadTarget.of(source, target, panel)
        except grammar.TargetError as error:
            said = f"{error.found}; expected {error.expected}" if error.expected else error.found
            what = f"{panel}: {said}" if panel else said
            place = source.character(target.keys, error.offset)
            findings.append(Finding("BadTarget", Severity.ERROR, place, what))
            continue
        findings.extend(
            read.finding(wrong.keyword, wrong.severity, wrong.offset, wrong.what, wrong.hint)
            for wrong in misuses(read.calls)
        )
        yield read


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


def _remarked(state: _State, today: date, layers: set[Layer]) -> tuple[list[Finding], list[Silenced]]:
    """Let each file's remarks silence its findings."""
    of: dict[str, list[Finding]] = {}
    for finding in state.findings:
        of.setdefault(finding.place.path, []).append(finding)
    counted: list[Finding] = []
    silenced: list[Silenced] = []
    for path, look in state.looks.items():
        said, bad = look.remarks, look.bad_remarks
        mine = of.pop(path, [])
        if said:
            mine, silent = applied(mine, said, today, layers)
            silenced += silent
        counted += [*mine, *bad]
    return [*counted, *(one for rest in of.values() for one in rest)], silenced


def _excerpted(finding: Finding, documents: dict[str, Document]) -> Finding:
    """Show the line of a finding with a caret under its column."""
    place = finding.place
    source = documents.get(place.path)
    if finding.excerpt or source is None or place.line is None or place.column is None:
        return finding
    return replace(finding, excerpt=caret(source.line(place.line), place.column - 1))


def caret(text: str, offset: int, width: int = WIDTH) -> str:
    """Show the neighbourhood of a character with a caret under it."""
    begin = max(0, min(offset - width // 2, len(text) - width))
    shown = text[begin : begin + width].replace("\t", " ").rstrip("\r\n")
    cut = len(shown) - len(shown.lstrip())
    return f"{shown[cut:]}\n{' ' * max(0, offset - begin - cut)}^"


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(findings, key=lambda f: (f.place.path, f.place.line or 0, f.place.column or 0, f.keyword))
    )
