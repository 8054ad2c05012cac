"""Remarks: YAML comments that silence findings, each with its reason.

    # sfcci: ignore[AliasOtherJob] because the job was renamed in all branches but this
    # sfcci: snooze[NoSuchMetric] until 2026-12-31 because the job starts with the next release
    # sfcci: ignore-file[RemovedPanelType, NoDataSource] because this Grafana is old
    # sfcci: snooze-file[NoSuchMetric] until 2026-12-31 because ...

A remark at the end of a line, or alone on the line above it, covers that line and everything indented deeper below it: above
a target the target, above `- title: ...` the whole panel, above a row the row. Nothing is silenced without keywords and a
reason; a remark that silences nothing is a finding (as long as its rules ran), and a snooze that is over counts no more.
"""

import bisect
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sfcci.dashboard.rule import RULES, Layer
from sfcci.document import Document, did_you_mean
from sfcci.errors import Place
from sfcci.finding import Finding, Severity

MAX_REMARKS = 500
"""So many in one file are nobody's."""
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
    lines = _content(document.text)
    for found in _COMMENT.finditer(document.text):
        if document.is_text(found.start()) or not _is_ours(found["said"]):
            continue
        place = document.position(found.start())
        if len(good) + len(bad) == MAX_REMARKS:
            bad.append(_bad(place, f"more than {MAX_REMARKS} remarks in one file", "use ignore-file"))
            break
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


def _remark(text: str, place: Place, lines: Sequence[tuple[int, int]]) -> Remark | Finding:
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
    first, last = (1, sys.maxsize) if found["file"] else _extent(place.line or 1, lines)
    return Remark(place, keywords, found["reason"].strip(), first, last, until)


def _content(text: str) -> list[tuple[int, int]]:
    """Give number (from 1) and indentation of the lines that are neither empty nor comments."""
    stripped = ((number, line, line.lstrip()) for number, line in enumerate(text.split("\n"), 1))
    return [(number, len(line) - len(rest)) for number, line, rest in stripped if rest and rest[0] != "#"]


def _extent(line: int, lines: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Give the lines that a remark covers: its own or the next with content, and what is indented deeper below."""
    begin = bisect.bisect_left(lines, (line, 0))
    if begin == len(lines):
        return line, line
    first, depth = lines[begin]
    end = next((n for n in range(begin + 1, len(lines)) if lines[n][1] <= depth), len(lines))
    return first, lines[end - 1][0]


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _bad(place: Place, what: str, hint: str) -> Finding:
    return Finding("BadRemark", Severity.ERROR, place, what, hint)
