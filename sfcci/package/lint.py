"""Checks of built RPMs: what rpmlint says, and what it does not see."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sfcci import command
from sfcci.errors import Place, ToolError
from sfcci.finding import Finding, Severity
from sfcci.package import dialect
from sfcci.package.build import BuiltPackages, Host, clean_environment
from sfcci.package.component import Component
from sfcci.package.sdist import SdistMetadata

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
PYTHON_DEPENDENCY = re.compile(r"python[0-9.]+dist\((?P<name>[^)\[]+)(\[[^\]]*\])?\)")


def rpmlint_findings(built: BuiltPackages, host: Host) -> tuple[Finding, ...]:
    """Run rpmlint over a component's RPMs and spec with our configuration. Raises MissingTool, ToolError."""
    rpms = (built.source_rpm, *built.binary_rpms)
    done = command.run(
        ["rpmlint", "-c", CONFIGURATION, *rpms, built.spec],
        timeout_s=TIMEOUT_S,
        env=clean_environment(host),
        check=False,
    )
    if done.status in CRASHED or not SUMMARY.search(done.stdout):
        raise ToolError(done.failure(), "rpmlint could not check")
    return rpmlint_answers(done.stdout)


def rpmlint_answers(text: str) -> tuple[Finding, ...]:
    """Give the findings in what rpmlint printed, in its order, each once."""
    found = []
    for match in LINE.finditer(text):
        line = int(match["line"]) if match["line"] else None
        what = f"{match['keyword']} {match['detail'] or ''}".strip()
        found.append(Finding(match["keyword"], LEVELS[match["level"]], Place(match["where"], line), what))
    return tuple(dict.fromkeys(found))


def requires_findings(
    component: Component, metadata: SdistMetadata, built: BuiltPackages, host: Host
) -> tuple[Finding, ...]:
    """Compare the main RPM's Requires with the source's own: rpm's generators leave them out without a word when they fail."""
    main = main_rpm(component, built.binary_rpms)
    done = command.run(["rpm", "-qp", "--requires", main], timeout_s=TIMEOUT_S, env=clean_environment(host))
    environment = {"python_version": host.python_version, "python_full_version": f"{host.python_version}.0"}
    wanted = [r for r in metadata.requires if dialect.applies(r, environment)]
    return missing_requires(main.name, wanted, done.stdout.splitlines())


def missing_requires(name: str, wanted: Iterable[str], requires: Sequence[str]) -> tuple[Finding, ...]:
    """Give a finding for each PEP 508 requirement that no Requires of the package `name` stands for (PEP 503 names)."""
    there = {match["name"] for line in requires for match in PYTHON_DEPENDENCY.finditer(line)}
    return tuple(
        Finding(
            "RequiresMissing",
            Severity.ERROR,
            Place(name),
            f"its metadata requires {requirement}, the package does not",
            "see its build log: rpm's generator of Python dependencies did not do its work",
        )
        for requirement in wanted
        if dialect.requirement_name(requirement) not in there
    )


def main_rpm(component: Component, rpms: Iterable[Path]) -> Path:
    """Give the main package's file among a component's binary RPMs."""
    name = dialect.rpm_name(component)
    return next(path for path in rpms if re.fullmatch(rf"{re.escape(name)}-[^-]+-[^-]+\.rpm", path.name))
