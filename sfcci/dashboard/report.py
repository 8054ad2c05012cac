"""Reports of an examination: text, JSON, SARIF 2.1.0, JUnit XML, GitHub's annotations.

Each is a pure function from what was found to the text of the report. Sources of the forms: OASIS' SARIF 2.1.0, the JUnit
XML that Jenkins and GitLab read, GitHub's documentation of workflow commands.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from sfcci import __version__
from sfcci.dashboard.rule import RULES
from sfcci.dashboard.validate import Examination
from sfcci.finding import Finding, Severity

_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def text(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give the report for people: a finding and its excerpt after the other, and one line of sums at the end.

    `asked` is the Graphite that was asked, `failure` why it could not be.
    """
    return "".join(f"{found}\n" for found in seen.findings) + summary(seen, asked, failure) + "\n"


def as_json(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give everything as one JSON document."""
    return json.dumps(
        {
            "files": seen.files,
            "dashboards": [{"title": one.title, "uid": one.uid, "path": one.path} for one in seen.dashboards],
            "targets": seen.targets,
            "metrics": seen.metrics,
            "graphite": asked or None,
            "error": failure or None,
            "findings": [one.as_json() for one in seen.findings],
            "silenced": [
                {**one.finding.as_json(), "reason": one.remark.reason, "until": one.remark.until}
                for one in seen.silenced
            ],
        },
        indent=2,
        default=str,
    )


def sarif(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give a SARIF log of one run; silenced findings are in it with their justification."""
    driver = {"name": "sfcci", "version": __version__, "rules": [_sarif_rule(key) for key in RULES]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(failure)],
        "properties": {"graphite": asked} if asked else {},
        "results": [
            *(_sarif_result(one) for one in seen.findings),
            *(_sarif_silenced(one.finding, one.remark.reason) for one in seen.silenced),
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def junit(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give JUnit's XML: a test case for each file, its errors as one failure, the rest as its output."""
    suites = ET.Element("testsuites")
    errors = {one.place.path for one in seen.findings if one.severity is Severity.ERROR}
    paths = [*seen.files, *(["Graphite"] if failure else [])]
    suite = ET.SubElement(suites, "testsuite", name="sfcci dashboard validate", tests=str(len(paths)))
    suite.set("failures", str(len(errors)))
    suite.set("errors", str(int(bool(failure))))
    for path in seen.files:
        case = ET.SubElement(suite, "testcase", name=path, classname="sfcci.dashboard")
        mine = [one for one in seen.findings if one.place.path == path]
        if path in errors:
            bad = [one for one in mine if one.severity is Severity.ERROR]
            told = ET.SubElement(case, "failure", message=_count(len(bad), "error"), type=bad[0].keyword)
            told.text = "\n".join(map(str, bad))
        if rest := [one for one in mine if one.severity is not Severity.ERROR]:
            ET.SubElement(case, "system-out").text = "\n".join(map(str, rest))
    if failure:
        case = ET.SubElement(suite, "testcase", name=asked or "Graphite", classname="sfcci.dashboard")
        ET.SubElement(case, "error", message=failure, type="Unreachable")
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode")


def github(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give GitHub's workflow commands, one line a finding, and the sums."""
    lines = [_github_line(one) for one in seen.findings]
    if failure:
        lines.append(f"::error title=sfcci::{_escaped(failure)}")
    return "\n".join([*lines, summary(seen, asked)])


FORMATS: Mapping[str, Callable[[Examination, str, str], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "github": github,
}


def summary(seen: Examination, asked: str = "", failure: str = "") -> str:
    """Give the sums of an examination in one line; `failure` is told elsewhere."""
    of = {severity: sum(one.severity is severity for one in seen.findings) for severity in Severity}
    counts = [_count(of[Severity.ERROR], "error")]
    counts += [_count(of[Severity.WARNING], "warning")] if of[Severity.WARNING] else []
    files = f"{_count(len(seen.files), 'file')}, {_count(seen.targets, 'target')}"
    parts = [f"{files}: {', '.join(counts)}"]
    if asked:
        parts.append(f"{_count(seen.metrics, 'metric pattern')} asked of {asked}")
    else:
        why = "Graphite could not be asked" if failure else "no Graphite: --graphite URL"
        parts.append(f"metric names not checked ({why})")
    if seen.waiting:
        parts.append(f"{seen.waiting} of results that have not happened yet (--verbose lists them)")
    if seen.silenced:
        parts.append(f"{len(seen.silenced)} silenced by remarks")
    return "; ".join(parts)


def _sarif_rule(keyword: str) -> dict[str, Any]:
    return {"id": keyword, "shortDescription": {"text": RULES[keyword].what}}


def _sarif_result(found: Finding) -> dict[str, Any]:
    message = f"{found.what}; {found.hint}" if found.hint else found.what
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(found.place.path)}}
    if found.place.line:
        location["region"] = {"startLine": found.place.line}
        if found.place.column:
            location["region"]["startColumn"] = found.place.column
    return {
        "ruleId": found.keyword,
        "level": _SARIF_LEVELS[found.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }


def _sarif_silenced(found: Finding, reason: str) -> dict[str, Any]:
    return {**_sarif_result(found), "suppressions": [{"kind": "inSource", "justification": reason}]}


def _invocation(failure: str) -> dict[str, Any]:
    told = {"toolExecutionNotifications": [{"level": "error", "message": {"text": failure}}]}
    return {"executionSuccessful": not failure, **(told if failure else {})}


def _uri(path: str) -> str:
    from urllib.parse import quote

    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _github_line(found: Finding) -> str:
    place = found.place
    where = {"file": place.path, "line": place.line, "col": place.column, "title": found.keyword}
    given = ",".join(
        f"{key}={_escaped(str(value), ':,')}" for key, value in where.items() if value is not None
    )
    message = f"{found.what}; {found.hint}" if found.hint else found.what
    return f"::{_GITHUB_LEVELS[found.severity]} {given}::{_escaped(message)}"


def _escaped(value: str, more: str = "") -> str:
    """Escape as GitHub's runner reads it: percent signs, line ends; in properties colons and commas, too."""
    for character in "%\r\n" + more:
        value = value.replace(character, f"%{ord(character):02X}")
    return value


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
