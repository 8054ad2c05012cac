"""Results as workflow commands of GitHub Actions: shown at the job's declaration in the change under review."""

from collections.abc import Iterable
from pathlib import PurePath

from sfcci.gate.job import Job, JobResult, Result
from sfcci.gate.outcome import KEPT


def annotations(results: Iterable[JobResult], jobs: Iterable[Job], root: PurePath) -> tuple[str, ...]:
    """Give one line for each result that is not good: an error where the job votes, else a warning.

    A job that is declared below `root` (the work tree) is named by file and line. Source: GitHub's documentation,
    "Workflow commands for GitHub Actions".
    """
    declared = {job.name: job for job in jobs}
    return tuple(
        _annotation(result, declared.get(result.job), root) for result in results if result.result in KEPT
    )


def _annotation(result: JobResult, job: Job | None, root: PurePath) -> str:
    level = "error" if result.voting and result.result is not Result.RETRY else "warning"
    properties = _place(job, root) | {"title": f"{result.job}: {result.result}"}
    told = list(result.reasons) or [f"the job ended with {result.result}"]
    if result.log_dir:
        told.append(f"evidence: sfcci gate show {result.run}")
    words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = _data("\n".join(told))
    return f"::{level} {words}::{message}"


def _place(job: Job | None, root: PurePath) -> dict[str, str]:
    if job is None or job.place is None or not PurePath(job.place.path).is_relative_to(root):
        return {}
    file = str(PurePath(job.place.path).relative_to(root))
    return {"file": file} | ({"line": str(job.place.line)} if job.place.line else {})


def _data(text: str) -> str:
    """Escape what would end a command, or be read as an escape."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property, which a colon or a comma would end, too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
