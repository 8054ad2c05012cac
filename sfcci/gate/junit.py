"""JUnit XML of a buildset, as CI systems read it (the Apache Ant JUnit schema's common subset)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sfcci.gate.job import NOT_COUNTED, JobResult, Result


def junit_xml(results: Iterable[JobResult]) -> str:
    """Give one test suite with a test case per run: FAILURE is a failure, other bad results are errors.

    An attempt that was made again (RETRY) is no case of its own.
    """
    judged = (run for run in results if run.result is not Result.RETRY)
    runs = sorted(judged, key=lambda run: (run.started_at, run.run))
    suite = Element("testsuite", _suite_attributes(runs))
    for run in runs:
        _case(suite, run)
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite_attributes(runs: list[JobResult]) -> dict[str, str]:
    begin = datetime.fromtimestamp(runs[0].started_at if runs else 0, UTC)
    counts = {
        kind: sum(_kind(run.result) == kind for run in runs) for kind in ("failure", "error", "skipped")
    }
    return {
        "name": runs[0].pipeline if runs else "gate",
        "tests": str(len(runs)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": f"{sum(run.duration_ms for run in runs) / 1000:.3f}",
        "timestamp": begin.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def _case(suite: Element, run: JobResult) -> None:
    case = SubElement(
        suite,
        "testcase",
        {
            "classname": f"{run.project}.{run.branch}".replace("/", "_"),
            "name": run.job,
            "time": f"{run.duration_ms / 1000:.3f}",
        },
    )
    if kind := _kind(run.result):
        message = _printable(run.reasons[0] if run.reasons else str(run.result))
        SubElement(case, kind, {"message": message, "type": str(run.result)}).text = _printable(
            "\n".join(run.reasons)
        )
    if run.log_dir:
        SubElement(case, "system-out").text = _printable(f"evidence: {run.log_dir}")


def _kind(result: Result) -> str:
    if result is Result.SUCCESS:
        return ""
    if result in NOT_COUNTED:
        return "skipped"
    return "failure" if result is Result.FAILURE else "error"


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold (section 2.2): a program's last words may contain anything."""
    return "".join(
        char
        if char in "\t\n" or " " <= char < "\ud800" or "\ue000" <= char < "\ufffe" or char > "\uffff"
        else "�"
        for char in text
    )
