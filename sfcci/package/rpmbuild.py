"""Packages built: source archives by their back ends, source and binary RPMs by rpmbuild, failures told from its log."""

import datetime as dt
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from sfcci import command, files
from sfcci.errors import ProgramFailure, ToolError
from sfcci.package.build import (
    SHORT_TIMEOUT_S,
    BuiltPackages,
    Host,
    clean_environment,
    enter,
    inner_environment,
    make_ready,
    refuse_full_disk,
)
from sfcci.package.component import Component
from sfcci.package.dialect import rpm_source_name

BUILD_TIMEOUT_S = 900.0
TESTS_TIMEOUT_S = 7200.0
"""Of a build that runs the sdist's own tests."""
LOG_LINES = 12
BAD_LOG = re.compile(
    r"^(Traceback \(most recent call last\)|ModuleNotFoundError|.*: No module named ).*", re.MULTILINE
)


CHECKS = re.compile(r"^Executing\(%check\):.*?^\+ RPM_EC=", re.MULTILINE | re.DOTALL)


def source_archive(component: Component, back_end: str, project: Path, host: Host) -> Path:
    """Build the sdist of a component that lies in this project, with its own PEP 517 back end; give its path."""
    out = host.folder / "sdist" / component.name
    out.mkdir(parents=True)
    code = "import importlib, sys; print(importlib.import_module(sys.argv[1]).build_sdist(sys.argv[2]))"
    done = command.run(
        [host.environment.python, "-sBPc", code, back_end, out],
        timeout_s=SHORT_TIMEOUT_S,
        cwd=project / component.source.path,
        env={**clean_environment(host), "SOURCE_DATE_EPOCH": str(changelog_epoch(component))},
    )
    return out / done.stdout.strip().splitlines()[-1]


def feature_options(without: Sequence[str], wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Give rpmbuild's words for features that are left out, and for those that are asked for (%bcond)."""
    words = [*(("--without", name) for name in without), *(("--with", name) for name in wanted)]
    return tuple(word for pair in words for word in pair)


def build_rpms(
    component: Component, spec: str, sources: Sequence[Path], host: Host, options: Sequence[str] = ()
) -> BuiltPackages:
    """Build source and binary RPMs of `spec` from its archive and patches; `options` as `feature_options` gives them.

    Raises ToolError (it failed), MissingTool (disk full).
    """
    written, duration_s = _rpmbuild("-ba", component, spec, sources, host, options)
    top = written.parent.parent
    (source_rpm,) = (top / "SRPMS").glob("*.src.rpm")
    binary_rpms = tuple(sorted((top / "RPMS").rglob("*.rpm")))
    return BuiltPackages(written, source_rpm, binary_rpms, build_log(component, host), duration_s)


def build_source_rpm(
    component: Component, spec: str, sources: Sequence[Path], host: Host
) -> tuple[Path, Path]:
    """Build the source RPM alone; give it and the spec. Errors as `build_rpms`."""
    written, _ = _rpmbuild("-bs", component, spec, sources, host, ())
    (source_rpm,) = (written.parent.parent / "SRPMS").glob("*.src.rpm")
    return source_rpm, written


def _rpmbuild(
    stages: str, component: Component, spec: str, sources: Sequence[Path], host: Host, options: Sequence[str]
) -> tuple[Path, float]:
    """Run rpmbuild; give the spec in the build's folder, and how long it took in seconds."""
    make_ready(host)
    log = build_log(component, host)
    written = _laid_out(component, spec, sources, log.parent)
    argv = [*definitions(host, log.parent), *options, stages, str(host.inside(written))]
    done = command.run(
        [*enter(host), command.find("rpmbuild"), *argv],
        timeout_s=TESTS_TIMEOUT_S if "--with" in options else BUILD_TIMEOUT_S,
        env=inner_environment(host),
        cwd=log.parent,
        log=log,
        check=False,
    )
    judge(
        command.Completed(("rpmbuild", *argv), done.status, "", "", done.duration_s), log, "--with" in options
    )
    return written, done.duration_s


def build_log(component: Component, host: Host) -> Path:
    """Give the place of a component's build log, in the folder of its build."""
    return host.folder / "build" / component.name / "build.log"


def changelog_epoch(component: Component) -> int:
    """Give SOURCE_DATE_EPOCH as rpm takes it from the changelog: noon UTC of the newest day."""
    noon = dt.datetime.combine(component.changelog[0].date, dt.time(12), dt.UTC)
    return int(noon.timestamp())


def definitions(host: Host, top: Path) -> list[str]:
    """Options of rpmbuild: folders of this build, the target, and ours on a host without macros.

    What is worked on lies in the place that is thrown away; what goes in and comes out in the run's folder.
    """
    kept = host.inside(top)
    macros: dict[str, str | Path] = {
        "_topdir": host.place,
        "_tmppath": host.place / "tmp",
        "_sourcedir": kept / "SOURCES",
        "_specdir": kept / "SPECS",
        "_rpmdir": kept / "RPMS",
        "_srcrpmdir": kept / "SRPMS",
        **host.profile.macros,
    }
    own = {
        "_dbpath": host.inside(host.database),
        "__python3": host.inside(host.programs) / "python",
        "python3_version": host.python_version,
        "__sfcci_macros": host.inside(host.folder / "macros"),
    }
    defined = {**macros, **(own if host.own_macros else {})}
    return [word for key, value in defined.items() for word in ("--define", f"{key} {value}")]


def judge(done: command.Completed, log: Path, tested: bool = False) -> None:
    """Raise what a failed build means. A traceback is a failure though rpmbuild says 0: its generators swallow it.

    `tested`: the sdist's own tests were asked for; what they print is not looked at.
    """
    text = log.read_text(errors="replace")
    refuse_full_disk(text)
    if done.status != 0:
        raise ToolError(ProgramFailure(done.argv, done.status, _telling(text)))
    if tested:  # what tests print on purpose is theirs; their status is rpmbuild's
        text = CHECKS.sub("", text)
    if found := BAD_LOG.search(text):
        at = text[found.start() :].splitlines()
        raise ToolError(
            ProgramFailure(done.argv, done.status, tuple(at[:LOG_LINES])), "a program in it failed"
        )


def _laid_out(component: Component, spec: str, sources: Sequence[Path], top: Path) -> Path:
    """Lay spec and sources where rpmbuild takes them; give the spec."""
    with files.disk_errors(top):
        for name in ("SOURCES", "SPECS"):
            (top / name).mkdir(parents=True)
        for source in sources:
            shutil.copy(source, top / "SOURCES" / source.name)
        written = top / "SPECS" / f"{rpm_source_name(component)}.spec"
        written.write_text(spec)
    return written


def _telling(text: str) -> tuple[str, ...]:
    """The lines of a log that tell why: the errors and what stands right before the first."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("+ ", "warning: "))]
    first = next((n for n, line in enumerate(lines) if line.startswith("error:")), len(lines))
    return tuple(lines[max(0, first - LOG_LINES + 4) : first + 4])
