"""What files ask of a Grafana: dashboards with the folder of each, and data sources.

A file that lies in PATH itself goes to the usual folder, one in a sub-folder of PATH to the folder of that name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.validate import dashboard_files, examine
from sfcci.errors import Fault, InputError, UsageError
from sfcci.finding import Finding, Severity

_DATASOURCE = re.compile(r"\bdatasource[\"']?\s*:")
"""Without it a file describes no data source and need not be read once more."""
DOUBLE = "DuplicateDashboard"
"""Two dashboards that would overwrite each other: no choice between them is right."""


@dataclass(frozen=True)
class Datasource:
    """A data source as a file describes it, with grafyaml's defaults."""

    path: str
    name: str
    kind: str
    url: str
    access: str
    is_default: bool
    database: str = ""


@dataclass(frozen=True)
class Item:
    """A dashboard and the title of the folder that it goes to."""

    dashboard: Dashboard
    folder: str


@dataclass(frozen=True)
class Sources:
    """All that a command's paths hold; `findings` is what the checks had to say and does not stop a push."""

    items: tuple[Item, ...]
    datasources: tuple[Datasource, ...] = ()
    findings: tuple[Finding, ...] = ()


def load(paths: Iterable[Path], folder: str, *, checked: bool = True) -> Sources:
    """Read dashboards and data sources. Raises UsageError; InputError with every error.

    Without `checked` only what cannot be pushed at all is an error: a target that Graphite misreads is a finding.
    """
    folders = placed(paths, folder)
    seen = examine(folders)
    errors = [one for one in seen.findings if one.severity is Severity.ERROR]
    whole = {one.path for one in seen.dashboards}
    stopping = [one for one in errors if checked or one.place.path not in whole or one.keyword == DOUBLE]
    if stopping:
        raise InputError(*(Fault(one.place, one.what, hint=one.hint) for one in stopping))
    items = tuple(Item(one, folders[Path(one.path)]) for one in seen.dashboards)
    return Sources(items, tuple(datasources(folders)), tuple(errors))


def placed(paths: Iterable[Path], folder: str) -> dict[Path, str]:
    """Give the files to read, each with its folder's title. Raises UsageError for a path that leads nowhere."""
    found: dict[Path, str] = {}
    for path in paths:
        for file in dashboard_files([path]):
            below = file.parent.relative_to(path).as_posix() if path.is_dir() else "."
            found.setdefault(file, folder if below == "." else below)
    return found


def datasources(files: Iterable[Path]) -> Iterable[Datasource]:
    """Give the data sources of the files, which `structure` has found well formed; one name, one data source."""
    found: dict[str, Datasource] = {}
    for file in files:
        if file.suffix == ".json" or not _DATASOURCE.search(file.read_text()):
            continue
        data = document.read(file, duplicates=[]).data
        if isinstance(data, dict) and isinstance(data.get("datasource"), dict):
            made = _datasource(str(file), data["datasource"])
            if other := found.get(made.name):
                raise UsageError(f"{file} describes the data source {made.name!r}, and so does {other.path}")
            found[made.name] = made
    return found.values()


def _datasource(path: str, data: Mapping[str, Any]) -> Datasource:
    return Datasource(
        path,
        str(data["name"]),
        str(data.get("type", "graphite")),
        str(data["url"]),
        str(data.get("access", "direct")),
        bool(data.get("isDefault", False)),
        str(data.get("database", "")),
    )
