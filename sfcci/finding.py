"""Findings: what a check has to say. A check that ran and found something is an answer, not an error."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sfcci.errors import EXIT_FINDINGS, EXIT_OK, Place


class Severity(StrEnum):
    """How much a finding weighs: an error decides the exit status, the others inform."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One result of a check: `keyword` names the check (CamelCase, as pkgcheck does), `what` is a sentence.

    `excerpt` shows the source at the place, a caret below it.
    """

    keyword: str
    severity: Severity
    place: Place
    what: str
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.severity}: {self.what} [{self.keyword}]"
        below = [*self.hint.splitlines(), *self.excerpt.splitlines()]
        return "\n".join([text, *(f"  {line}" for line in below)])

    def as_json(self) -> dict[str, object]:
        """Give the finding as JSON-ready values; absent places stay null."""
        return {
            "keyword": self.keyword,
            "severity": str(self.severity),
            "path": self.place.path,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.what,
            "hint": self.hint,
            "excerpt": self.excerpt,
        }


def exit_status(findings: Iterable[Finding]) -> int:
    """0 when nothing is an error, else 1."""
    return EXIT_FINDINGS if any(f.severity is Severity.ERROR for f in findings) else EXIT_OK
