"""What a run of portage says, as values: phases and their seconds, why one failed, what was installed. Pure: text in, values out."""

import re
from collections.abc import Iterable, Mapping

from sfcci.errors import Place
from sfcci.finding import Finding, Severity

FUNCTIONS: Mapping[str, str] = {
    "pretend": "pkg_pretend",
    "setup": "pkg_setup",
    "unpack": "src_unpack",
    "prepare": "src_prepare",
    "configure": "src_configure",
    "compile": "src_compile",
    "test": "src_test",
    "install": "src_install",
    "preinst": "pkg_preinst",
    "postinst": "pkg_postinst",
    "prerm": "pkg_prerm",
    "postrm": "pkg_postrm",
    "config": "pkg_config",
}
"""Phase, as ebuild(1) calls it → its function in an ebuild (PMS 9.1)."""
LOG_LINES = 12
_QUALITY = re.compile(r"^ \* QA Notice: (?P<what>.+)$", re.MULTILINE)
_DIED = re.compile(
    r"^ \* ERROR: (?P<who>\S+) failed(?: \((?P<phase>\w+) phase\))?:\n(?P<why>(?: \*   .*\n)+)", re.MULTILINE
)
_FETCH = re.compile(r"^!!! Couldn't download '(?P<name>[^']+)'", re.MULTILINE)
_REQUIRED_USE = re.compile(r"REQUIRED_USE flag constraints are unsatisfied:\n(?P<what>.+)")
_NOISE = re.compile(
    r"^(?: \* (?:If you need support|The complete build log|The ebuild environment|Working directory|S:)|!!! "
    r"|>>> (?:It appears that|Remove '|Checking |WORKDIR is)|Task was destroyed|task: <|openpty failed)"
)
"""What portage says at each start, or when it is ended in the middle: it tells nothing of the ebuild."""


def phase_seconds(marks: str) -> dict[str, float]:
    """Give phase → seconds, in their order; one that began and did not end has none yet.

    `marks` are lines: seconds, "begin" or "end", the phase's function.
    """
    phases = {function: phase for phase, function in FUNCTIONS.items()}
    begun: dict[str, float] = {}
    spent: dict[str, float] = {}
    for line in marks.splitlines():
        at, what, function = line.split()
        phase = phases.get(function, function)
        if what == "begin":
            begun[phase] = float(at)
        elif phase in begun:
            spent[phase] = spent.get(phase, 0.0) + float(at) - begun.pop(phase)
    return spent


def first_begin(marks: str) -> float | None:
    """Give when the first phase began, in seconds of the epoch; None when none did."""
    return float(marks.split(" ", 1)[0]) if marks.strip() else None


def quality_notices(log: str, path: str) -> tuple[Finding, ...]:
    """Give what portage itself finds wrong with an image: its QA notices, each once."""
    texts = dict.fromkeys(found["what"].strip() for found in _QUALITY.finditer(log))
    return tuple(Finding("QaNotice", Severity.WARNING, Place(path), text) for text in texts)


def unfinished(marks: str) -> str:
    """Give the phase that began last and did not end; "" for none."""
    phases = {function: phase for phase, function in FUNCTIONS.items()}
    last = marks.splitlines()[-1].split() if marks.strip() else []
    return phases.get(last[2], last[2]) if last[1:2] == ["begin"] else ""


def failure(log: str, phase: str, path: str) -> Finding:
    """Give why `phase` failed, in the log's own words, as a finding at the ebuild."""
    if found := _FETCH.search(log):
        what = f"{found['name']} is not among the distfiles, and there is no network to fetch it from"
        return _finding("DistfileMissing", path, what, "put the file there that the Manifest names")
    if found := _REQUIRED_USE.search(log):
        what = f"USE flags that do not go together: {found['what'].strip()}"
        return _finding("RequiredUseUnmet", path, what, "choose other flags with --use")
    hint = "\n".join(last_lines(log))
    if found := _DIED.search(log):
        why = "; ".join(line.removeprefix(" *   ").strip() for line in found["why"].splitlines())
        return _finding("PhaseFailed", path, f"{found['phase'] or phase} failed: {why}", hint)
    return _finding("PhaseFailed", path, f"{phase} failed", hint)


def timed_out(log: str, phase: str, path: str, limit_s: float) -> Finding:
    """Tell of a phase that did not end within its time."""
    hint = "\n".join(last_lines(log))
    return _finding("PhaseTimedOut", path, f"{phase} did not end within {limit_s:g} s", hint)


def last_lines(log: str) -> tuple[str, ...]:
    """Give the last lines before portage's own words on a failure, without colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    end = plain.find(" * ERROR: ")
    lines = [line.rstrip() for line in (plain if end < 0 else plain[:end]).splitlines()]
    return tuple(line for line in lines if line.strip() and not _NOISE.match(line))[-LOG_LINES:]


def contents(text: str, prefix: str) -> tuple[str, ...]:
    """Give the files and links that CONTENTS of an installed package names, relative to the prefix, sorted.

    Source: portage(5), /var/db/pkg: `obj PATH MD5 TIME`, `sym PATH -> TARGET TIME`, `dir PATH`.
    """
    found = []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "obj":
            found.append(rest.rsplit(" ", 2)[0])
        elif kind == "sym":
            found.append(rest.partition(" -> ")[0])
    return tuple(sorted(path.removeprefix(prefix).removeprefix("/") for path in found))


def left_behind(paths: Iterable[str], path: str) -> tuple[Finding, ...]:
    """Tell of installed files that are still there after the package went; what lies in etc is the administrator's."""
    lost = sorted(one for one in paths if not one.startswith("etc/"))
    return tuple(_finding("LeftBehind", path, f"/{one} is still there after unmerge", "") for one in lost)


def _finding(keyword: str, path: str, what: str, hint: str) -> Finding:
    return Finding(keyword, Severity.ERROR, Place(path), what, hint)
