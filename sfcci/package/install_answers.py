"""What the programs of an installation test say, as findings. Pure: text in, findings out."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package.component import LoadException

NOT_LOADED = ("ModuleNotImported", "EntryPointNotLoaded")
_LACKS = re.compile(r"nothing provides (?P<what>.+?) needed by (?P<who>\S+)")
_NO_MATCH = re.compile(
    r"^(?:Error: )?(?:Unable to find a match|No match for argument): (?P<what>.+)$", re.MULTILINE
)
_UNSIGNED = re.compile(r"^Package (?P<who>\S+) is not signed$", re.MULTILINE)
_CHANGED = re.compile(r'^Package "(?P<who>[^"]+)" from .*has incorrect checksum$', re.MULTILINE)
_GPG = re.compile(
    r"^(?!Importing GPG key)(?:Error: )?(?P<why>.*(?:GPG check FAILED|GPG key|[Pp]ublic key|repomd\.xml GPG).*)$",
    re.MULTILINE,
)
_CONFLICT = re.compile(r"^\s*file (?P<what>/\S+) .*conflicts (?:with|between).*$", re.MULTILINE)
_RAN = re.compile(r"^\s*Running scriptlet\s*: (?P<who>\S+)", re.MULTILINE)
_SCRIPT_FAILED = re.compile(
    r"^.*?(?P<script>%\w+)\((?P<who>[^)]+)\) scriptlet failed, (?P<why>.+)$", re.MULTILINE
)
_VERIFIED = re.compile(
    r"^(?P<marks>[.?SM5DLUGTP]{8,9}|missing)\s+(?:(?P<kind>[acdglr]) )?(?P<path>/.*)$", re.MULTILINE
)
_UNMET = re.compile(r"^Unsatisfied dependencies for (?P<who>\S+):(?P<below>(?:\n\t.*)+|.*)", re.MULTILINE)
_CLOSURE = re.compile(
    r"^package: (?P<who>\S+) from \S+\n\s+unresolved deps[^\n]*:\n(?P<deps>(?:\s{4,}.+\n?)+)", re.MULTILINE
)
_MARKS = {
    "S": "size",
    "M": "mode",
    "5": "digest",
    "D": "device",
    "L": "link",
    "U": "owner",
    "G": "group",
    "T": "time",
    "P": "capabilities",
}


@dataclass(frozen=True)
class Probed:
    """What an import test of one package gave: name → error, "" when there was none."""

    package: str
    modules: Mapping[str, str]
    entry_points: Mapping[str, str]
    """GROUP:NAME → error."""
    outside: tuple[str, ...] = ()
    """Files of modules that came from elsewhere."""


def transaction_findings(text: str, keyword: str) -> tuple[Finding, ...]:
    """Give what stopped dnf, in its output; `keyword` names the check where nothing more exact can be said."""
    found = [
        *(
            _finding("DependencyMissing", m["who"], f"nothing provides {m['what']}")
            for m in _LACKS.finditer(text)
        ),
        *(
            _finding("NameNotResolved", m["what"], "no package answers to this name")
            for m in _NO_MATCH.finditer(text)
        ),
        *(
            _finding("SignatureBad", m["who"], "is not signed, and the repository says that it is")
            for m in _UNSIGNED.finditer(text)
        ),
        *(
            _finding("PackageChanged", m["who"], "is not what the repository's metadata says (checksum)")
            for m in _CHANGED.finditer(text)
        ),
        *(_finding("FileConflict", m["what"], m[0].strip()) for m in _CONFLICT.finditer(text)),
    ]
    if not found:
        found = [_finding("SignatureBad", "repository", m["why"].strip()) for m in _GPG.finditer(text)]
    if not found:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        found = [_finding(keyword, "dnf", "; ".join(lines[-6:]) or "failed without a word")]
    return tuple(dict.fromkeys(found))


def scriptlets_run(text: str) -> tuple[str, ...]:
    """Give the packages whose scriptlets dnf ran, in their order, each once."""
    return tuple(dict.fromkeys(m["who"] for m in _RAN.finditer(text)))


def scriptlet_findings(text: str) -> tuple[Finding, ...]:
    """Give the scriptlets that failed: rpm only warns of most, and the installation goes on."""
    found = (
        _finding("ScriptletFailed", m["who"], f"{m['script']} failed, {m['why']}")
        for m in _SCRIPT_FAILED.finditer(text)
    )
    return tuple(dict.fromkeys(found))


def verify_findings(text: str) -> tuple[Finding, ...]:
    """Give what `rpm -V` says is not as it was packaged."""
    changed = (_finding("FileChanged", m["path"], _verified(m["marks"])) for m in _VERIFIED.finditer(text))
    unmet = (
        _finding("DependencyMissing", m["who"], f"installed without {' '.join(m['below'].split())}")
        for m in _UNMET.finditer(text)
    )
    return (*changed, *unmet)


def repository_findings(text: str) -> tuple[Finding, ...]:
    """Give what a failed `dnf repoclosure` could not resolve."""
    found = tuple(
        _finding("RepositoryNotClosed", m["who"], f"nothing in the repositories provides {line.strip()}")
        for m in _CLOSURE.finditer(text)
        for line in m["deps"].splitlines()
    )
    return found or transaction_findings(text, "RepositoryNotClosed")


def import_findings(probed: Iterable[Probed], exceptions: Sequence[LoadException]) -> tuple[Finding, ...]:
    """Give modules and entry points that do not load and are no exception, and exceptions that are none any more."""
    listed = tuple(probed)
    found: list[Finding] = []
    used: set[LoadException] = set()
    for one in listed:
        for name, error in (*one.modules.items(), *one.entry_points.items()):
            kind = "module" if name in one.modules else "entry point"
            excused = [e for e in exceptions if _excuses(e, name, kind)]
            if error:
                used.update(excused)
                found += [] if excused else [_not_loaded(one.package, kind, name, error)]
        found += [
            _finding("ImportedFromOutside", one.package, f"loads {path}, which no package brought")
            for path in one.outside
        ]
    return (*found, *(_not_needed(one) for one in exceptions if one not in used))


def module_names(paths: Iterable[str], site: str) -> tuple[str, ...]:
    """Give the modules among installed paths below the folder `site`, sorted; a file whose name is no identifier is none."""
    names = set()
    for path in paths:
        inner = path.removeprefix(f"{site}/")
        if inner != path and inner.endswith(".py"):
            parts = inner.removesuffix(".py").removesuffix("/__init__").split("/")
            names |= {".".join(parts)} if all(part.isidentifier() for part in parts) else set()
    return tuple(sorted(names))


def distributions(paths: Iterable[str], site: str) -> tuple[str, ...]:
    """Give the names of the metadata folders among installed paths below `site`, sorted."""
    inner = {path.removeprefix(f"{site}/").partition("/")[0] for path in paths if path.startswith(f"{site}/")}
    return tuple(sorted(name for name in inner if name.endswith(".dist-info")))


def _excuses(exception: LoadException, name: str, kind: str) -> bool:
    pattern = exception.module if kind == "module" else exception.entry_point
    return bool(pattern) and fnmatch.fnmatchcase(name, pattern)


def _not_loaded(package: str, kind: str, name: str, error: str) -> Finding:
    keyword = NOT_LOADED[kind != "module"]
    hint = "package what it needs, or list it under [[exceptions]] with the reason"
    return _finding(keyword, package, f"{kind} {name}: {error}", hint)


def _not_needed(one: LoadException) -> Finding:
    what = f"module {one.module}" if one.module else f"entry point {one.entry_point}"
    hint = "take it out of [[exceptions]]"
    return _finding(
        "ExceptionNotNeeded",
        "description",
        f"{what} loads, or is there no more: {one.reason!r} does not hold",
        hint,
    )


def _verified(marks: str) -> str:
    if marks == "missing":
        return "is missing"
    return f"{', '.join(_MARKS[mark] for mark in marks if mark in _MARKS) or 'something'} changed ({marks})"


def _finding(keyword: str, where: str, what: str, hint: str = "") -> Finding:
    return Finding(keyword, Severity.ERROR, Place(where), what, hint)
