"""Remarks: YAML comments that silence findings, each with its reason.

    # sfcci: ignore[AliasOtherJob] because the job was renamed in all branches but this
    # sfcci: snooze[NoSuchMetric] until 2026-12-31 because the job starts with the next release
    # sfcci: ignore-file[RemovedPanelType, NoDataSource] because this Grafana is old
    # sfcci: snooze-file[NoSuchMetric] until 2026-12-31 because ...

A remark at the end of a line, or alone on the line above it, covers that line and everything indented deeper below it: above
a target the target, above `- title: ...` the whole panel, above a row the row. Nothing is silenced without keywords and a
reason; a remark that silences nothing is a finding (as long as its rules ran), and a snooze that is over counts no more.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sfcci.dashboard.rule import RULES, Layer
from sfcci.document import Document, did_you_mean
from sfcci.errors import Place
from sfcci.finding import Finding, Severity

VERBS = ("ignore", "snooze", "ignore-file", "snooze-file")
EXAMPLE = "# sfcci: ignore[KEYWORD] because REASON, or snooze[KEYWORD] until YYYY-MM-DD because REASON"
_COMMENT = re.compile(r"(?:^|(?<=\s))#[ \t]*sfcci:[ \t]*(?P<said>[^\r\n]*)", re.MULTILINE)
_SAID = re.compile(
    r"(?P<verb>ignore|snooze)(?P<file>-file)?[ \t]*\[(?P<keywords>[^\]]*)\]"
    r"(?:[ \t]+until[ \t]+(?P<until>\S+))?(?:[ \t]+because[ \t]+(?P<reason>\S.*))?[ \t]*"
)


@dataclass(frozen=True)
class Remark:
    """One remark that is well formed: lines `first` to `last` (from 1, both included), silent up to and with `until`."""

    place: Place
    keywords: tuple[str, ...]
    reason: str
    first: int
    last: int
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding lies in the remark's lines and has one of its keywords."""
        line = finding.place.line or 1
        return finding.keyword in self.keywords and self.first <= line <= self.last


@dataclass(frozen=True)
class Silenced:
    """A finding that a remark silences."""

    finding: Finding
    remark: Remark


def remarks(document: Document) -> tuple[tuple[Remark, ...], tuple[Finding, ...]]:
    """Read the remarks of a YAML document; those that cannot be understood come as findings."""
    if "sfcci:" not in document.text or not document.path.endswith((".yaml", ".yml")):
        return (), ()
    good: list[Remark] = []
    bad: list[Finding] = []
    lines = document.text.splitlines()
    for found in _COMMENT.finditer(document.text):
        if document.is_text(found.start()) or not _is_ours(found["said"]):
            continue
        number = document.text.count("\n", 0, found.start())
        column = found.start() - document.text.rfind("\n", 0, found.start())
        place = Place(document.path, number + 1, column)
        read = _remark(found["said"], place, lines)
        if isinstance(read, Remark):
            good.append(read)
        else:
            bad.append(read)
    return tuple(good), tuple(bad)


def applied(
    findings: Sequence[Finding], said: Sequence[Remark], today: date, layers: Collection[Layer]
) -> tuple[list[Finding], list[Silenced]]:
    """Give the findings of a file that count, those about its remarks among them, and those that are silenced.

    `layers` are those that ran: of the others nobody knows whether a remark is of use.
    """
    counted: list[Finding] = []
    silenced: list[Silenced] = []
    used: set[tuple[Place, str]] = set()
    for finding in findings:
        mine = [remark for remark in said if remark.covers(finding)]
        used |= {(remark.place, finding.keyword) for remark in mine}
        awake = [one for one in mine if one.until is not None and one.until < today]
        if silent := next((one for one in mine if one not in awake), None):
            silenced.append(Silenced(finding, silent))
        elif awake:
            over = f"the snooze of line {awake[0].place.line} ended on {awake[0].until}"
            counted.append(replace(finding, hint="; ".join(filter(None, (finding.hint, over)))))
        else:
            counted.append(finding)
    counted += _unused(said, used, layers)
    return counted, silenced


def _unused(
    said: Sequence[Remark], used: Collection[tuple[Place, str]], layers: Collection[Layer]
) -> Iterator[Finding]:
    for remark in said:
        for keyword in remark.keywords:
            if (remark.place, keyword) not in used and RULES[keyword].layer in layers:
                what = f"this remark silences no {keyword}"
                yield Finding("UnusedRemark", Severity.WARNING, remark.place, what, "take it out")


def _is_ours(text: str) -> bool:
    """Say whether a comment is, or was meant to be, a remark: others that begin alike belong to generated dashboards."""
    word = text.partition("[")[0].split(maxsplit=1)[:1]
    return bool(word and (word[0] in VERBS or did_you_mean(word[0], VERBS)))


def _remark(text: str, place: Place, lines: Sequence[str]) -> Remark | Finding:
    found = _SAID.fullmatch(text)
    if not found:
        return _bad(place, f"cannot read {text.strip()!r}", f"write {EXAMPLE}")
    keywords = tuple(word.strip() for word in found["keywords"].split(",") if word.strip())
    if wrong := [word for word in keywords if word not in RULES or RULES[word].layer is Layer.REMARKS]:
        hint = did_you_mean(wrong[0], list(RULES)) or "`sfcci dashboard validate --rules` lists them"
        return _bad(place, f"there is no rule {wrong[0]}", hint)
    if not keywords or not found["reason"]:
        what = "a remark without a keyword" if not keywords else "a remark without a reason"
        return _bad(place, what, f"write {EXAMPLE}")
    until = _date(found["until"])
    if (found["verb"] == "snooze") is not (until is not None):
        what = "a snooze needs a date, an ignore has none"
        return _bad(place, what, f"write {EXAMPLE}")
    first, last = (1, len(lines)) if found["file"] else _extent(place, lines)
    return Remark(place, keywords, found["reason"].strip(), first, last, until)


def _extent(place: Place, lines: Sequence[str]) -> tuple[int, int]:
    """Give the lines that a remark covers: its own or the next with content, and what is indented deeper below."""
    first = (place.line or 1) - 1
    while first < len(lines) - 1 and _is_empty(lines[first]):
        first += 1
    depth = _depth(lines[first])
    last = first
    for number in range(first + 1, len(lines)):
        if not _is_empty(lines[number]):
            if _depth(lines[number]) <= depth:
                break
            last = number
    return first + 1, last + 1


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _bad(place: Place, what: str, hint: str) -> Finding:
    return Finding("BadRemark", Severity.ERROR, place, what, hint)
