"""What a dashboard means as a whole: results that no rate counts, variables, removed panels, whose data it shows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfcci.dashboard import target as grammar
from sfcci.dashboard.meaning import RATIOS, meant, named_by, results_of
from sfcci.dashboard.model import Form, Panel
from sfcci.dashboard.read_target import ReadTarget
from sfcci.dashboard.structure_check import Keys, Structure, label
from sfcci.document import Document, did_you_mean
from sfcci.finding import Finding, Severity
from sfcci.gate.job import BAD, Result

REMOVED = {"graph": "timeseries", "singlestat": "stat", "table-old": "table"}
"""Panel types that newer Grafanas have removed → what shows the same."""
BUILT_IN = {"interval", "timeFilter"}
"""Variables of Grafana's own besides those that begin with two underscores."""
Scope = tuple[str, ...]


def dashboard_meanings(
    document: Document, form: Form, made: Structure, reads: Sequence[ReadTarget]
) -> Iterator[Finding]:
    """Give what is wrong with the meaning of one file's dashboard; `reads` are its targets that parsed."""
    yield from _left_out(reads)
    yield from _removed(document, form, made.panels)
    yield from _undefined(reads, [name for name, _ in made.variables])
    yield from _unused(document, made.variables)
    yield from _without_source(document, made.panels)


def _left_out(reads: Sequence[ReadTarget]) -> Iterator[Finding]:
    """Say which bad results a failure rate leaves out that no other rate of the same job shows."""
    rates = [(read, rate) for read in reads for call in _ratios(read) if (rate := _Rate.of(call))]
    shown: dict[Scope, set[str]] = {}
    for _, rate in rates:
        shown.setdefault(rate.scope, set()).update(rate.part)
    rest: list[tuple[ReadTarget, int]] = []
    for read, rate in rates:
        lost = [str(result) for result in BAD if result not in shown[rate.scope]]
        if Result.FAILURE not in rate.part or Result.SUCCESS in rate.part or not lost:
            continue
        if counted := [result for result in lost if result in rate.whole]:
            what = (
                f"the failure rate counts {' and '.join(counted)} as good: in the whole, and not in the part"
            )
            yield read.finding("BadResultsLeftOut", Severity.ERROR, rate.offset, what, _braces(counted))
        elif Result.TIMED_OUT in lost:
            what = "the failure rate leaves TIMED_OUT out, and no other rate of the job shows it"
            yield read.finding(
                "BadResultsLeftOut", Severity.WARNING, rate.offset, what, _braces(["TIMED_OUT"])
            )
        else:
            rest.append((read, rate.offset))
    if rest:
        read, offset = rest[0]
        lost = [str(one) for one in BAD if one not in (Result.FAILURE, Result.TIMED_OUT)]
        what = f"{_count(len(rest), 'failure rate')} of this file may leave rarer bad results out"
        place = read.place(offset)
        yield Finding("BadResultsLeftOut", Severity.INFO, place, what, f"they are {', '.join(lost)}")


def _braces(lost: Sequence[str]) -> str:
    return f"count them too: {{FAILURE,{','.join(lost)}}}"


class _Rate:
    """A ratio of results: of which runs, results in the part, results that the whole spells out, where it begins."""

    def __init__(self, scope: Scope, part: set[str], whole: set[str], offset: int) -> None:
        self.scope, self.part, self.whole, self.offset = scope, part, whole, offset

    @classmethod
    def of(cls, call: grammar.Call) -> "_Rate | None":
        """Read the ratio; None where the part counts no job's results."""
        above = [path for path in _counted(call.arguments[0]) if named_by(path.text)]
        if not above:
            return None
        parts = named_by(above[0].text)
        part = {meant(word) for path in above for word, _ in results_of(path.text)}
        whole = {word for path in grammar.paths(call.arguments[1]) for word, _ in results_of(path.text)}
        scope = tuple(word for word, _ in parts.values())
        offset = above[0].offset + results_of(above[0].text)[0][1]
        return cls(scope, part, whole, offset)


def _ratios(read: ReadTarget) -> Iterator[grammar.Call]:
    for call in read.calls:
        if call.name in RATIOS and len(call.arguments) > 1:
            yield call


def _counted(node: grammar.Target) -> Iterator[grammar.Path]:
    """Give the paths that are counted: what fallbackSeries puts in the place of nothing is not."""
    if isinstance(node, grammar.Path):
        yield node
    elif isinstance(node, grammar.Call):
        for argument in node.arguments[:1] if node.name == "fallbackSeries" else node.arguments:
            yield from _counted(argument)


def _removed(document: Document, form: Form, panels: Sequence[Panel]) -> Iterator[Finding]:
    """Say once a file that its panels are of removed types: a warning where Grafana gets them as they stand."""
    old = [panel for panel in panels if panel.kind in REMOVED]
    if not old:
        return
    kinds = sorted({panel.kind for panel in old})
    place = document.place(*old[0].keys, "type")
    what = f"{len(old)} of {_count(len(panels), 'panel')} are of types that newer Grafanas have removed: {', '.join(kinds)}"
    if form is Form.GRAFYAML:
        hint = "`sfcci dashboard update` writes timeseries and stat for them"
        yield Finding("RemovedPanelType", Severity.INFO, place, what, hint)
    else:
        hint = "; ".join(f"{kind} is {REMOVED[kind]} today" for kind in kinds)
        yield Finding("RemovedPanelType", Severity.WARNING, place, what, hint)


def _undefined(reads: Sequence[ReadTarget], names: Sequence[str]) -> Iterator[Finding]:
    for read in reads:
        if "$" not in read.target.text and "[[" not in read.target.text:
            continue
        own = {name for call in grammar.calls(read.tree) if call.name == "template" for name, _ in call.named}
        for path in (node for node in grammar.walk(read.tree) if not isinstance(node, grammar.Call)):
            for name, at in grammar.variables(path.text):
                known = name in own or name in names or name in BUILT_IN
                if not known and not name.startswith("__") and not name.isdecimal():
                    hint = did_you_mean(name, names) or "define it under templating"
                    what = f"the variable {name} is defined nowhere"
                    yield read.finding("UndefinedVariable", Severity.ERROR, path.offset + at, what, hint)


def _unused(document: Document, variables: Sequence[tuple[str, Keys]]) -> Iterator[Finding]:
    if not variables:
        return
    used = {name for name, _ in grammar.variables(document.text)}
    for name, keys in variables:
        if name not in used and not re.search(
            rf"""repeat["']?\s*:\s*["']?{re.escape(name)}\b""", document.text
        ):
            what = f"the variable {name} is used nowhere"
            yield Finding("UnusedVariable", Severity.WARNING, document.place(*keys), what)


def _without_source(document: Document, panels: Sequence[Panel]) -> Iterator[Finding]:
    """Say which panels name no data source: a warning where others of the file do, else once and in passing."""
    asking = [panel for panel in panels if panel.targets]
    without = [panel for panel in asking if not _source(_at(document.data, panel.keys), panel)]
    if not without:
        return
    place = document.place(*without[0].keys)
    if len(without) == len(asking):
        what = "no panel names a data source: whatever is Grafana's default is asked"
        yield Finding("NoDataSource", Severity.INFO, place, what)
        return
    for panel in without:
        what = f"{label(panel)}: names no data source, and others of this dashboard do"
        place = document.place(*panel.keys)
        yield Finding("NoDataSource", Severity.WARNING, place, what, "Grafana's default is asked")


def _source(panel: Mapping[str, Any], known: Panel) -> bool:
    """Say whether a panel, or each of its targets, names a data source."""
    targets = [one for one in panel.get("targets") or [] if isinstance(one, dict)]
    return bool(panel.get("datasource")) or all(
        one.get("datasource") for one in targets[: len(known.targets)]
    )


def _at(data: Any, keys: Keys) -> Any:
    for key in keys:
        data = data[key]
    return data


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
