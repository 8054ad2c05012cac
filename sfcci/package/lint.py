"""What rpmlint says of built RPMs: run without filters, so that what ours leave out can be counted."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sfcci import command
from sfcci.errors import Place, ToolError
from sfcci.finding import Finding, Severity
from sfcci.package import dialect
from sfcci.package.build import BuiltPackages, Host, clean_environment, sandbox
from sfcci.package.component import Component

CONFIGURATION = Path(__file__).parent / "rpmlint.toml"
TIMEOUT_S = 120.0
LEVELS = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO}
CRASHED = (1, 2)
"""Exit statuses of a rpmlint that could not run; a package with errors gives 64 or more."""
LINE = re.compile(
    r"^(?P<where>\S+?)(:(?P<line>\d+))?: (?P<level>[EWI]): (?P<keyword>\S+)( (?P<detail>.*?))?\s*$",
    re.MULTILINE,
)
SUMMARY = re.compile(r"\b\d+ packages? and \d+ specfiles? checked; .*")


@dataclass(frozen=True)
class Lint:
    """What rpmlint said, with our filters and without."""

    findings: tuple[Finding, ...]
    """What no filter leaves out, each once, in rpmlint's order."""
    unfiltered: tuple[Finding, ...]

    def __str__(self) -> str:
        """Give the counts: rpmlint: 0 errors (17 filtered, each with its reason; unfiltered: 17 E 9 W)."""
        errors = sum(finding.severity is Severity.ERROR for finding in self.findings)
        levels = Counter(finding.severity for finding in self.unfiltered)
        counts = " ".join(
            f"{levels[severity]} {letter}" for letter, severity in LEVELS.items() if letter != "I"
        )
        left_out = len(self.unfiltered) - len(self.findings)
        return (
            f"rpmlint: {errors} error{'' if errors == 1 else 's'} "
            f"({left_out} filtered, each with its reason; unfiltered: {counts})"
        )


def lint(built: BuiltPackages, host: Host) -> Lint:
    """Run rpmlint over a component's RPMs and spec. Raises MissingTool, ToolError."""
    nothing = host.folder / "rpmlint-without-filters.toml"
    nothing.write_text("")
    done = command.run(
        # rpm expands a spec's macros for rpmlint, as it does when it builds
        [
            *sandbox(),
            command.find("rpmlint"),
            "-c",
            nothing,
            built.source_rpm,
            *built.binary_rpms,
            built.spec,
        ],
        timeout_s=TIMEOUT_S,
        env=clean_environment(host),
        check=False,
    )
    if done.status in CRASHED or not SUMMARY.search(done.stdout):
        raise ToolError(done.failure(), "rpmlint could not check")
    return filtered(done.stdout, filters())


def main_rpm(component: Component, rpms: Iterable[Path]) -> Path:
    """Give the main package's file among a component's binary RPMs."""
    name = dialect.rpm_name(component)
    return next(path for path in rpms if re.fullmatch(rf"{re.escape(name)}-[^-]+-[^-]+\.rpm", path.name))


def filtered(text: str, patterns: Sequence[str]) -> Lint:
    """Give the findings in what rpmlint printed, and those among them that no pattern matches, as rpmlint matches them."""
    lines = list(dict.fromkeys(match.group().strip() for match in LINE.finditer(text)))
    kept = [line for line in lines if not any(re.search(pattern, line) for pattern in patterns)]
    return Lint(_findings(kept), _findings(lines))


def used_filters(text: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Give the patterns that leave out something of what rpmlint printed."""
    lines = [match.group().strip() for match in LINE.finditer(text)]
    return tuple(pattern for pattern in patterns if any(re.search(pattern, line) for line in lines))


@cache
def filters() -> tuple[str, ...]:
    """Give our filters: rpmlint takes the same file as its configuration."""
    return tuple(tomllib.loads(CONFIGURATION.read_text())["Filters"])


def _findings(lines: Sequence[str]) -> tuple[Finding, ...]:
    return tuple(_finding(match) for line in lines if (match := LINE.fullmatch(line)))


def _finding(match: re.Match[str]) -> Finding:
    line = int(match["line"]) if match["line"] else None
    what = f"{match['keyword']} {match['detail'] or ''}".strip()
    return Finding(match["keyword"], LEVELS[match["level"]], Place(match["where"], line), what)
