"""Data sources of a Grafana: looked up for the panels, made where a file describes one, never taken from anybody.

What we make carries a mark; a data source without it is someone else's and stays as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sfcci.dashboard.grafana_client import Client, Json
from sfcci.dashboard.model import uid
from sfcci.dashboard.source import Datasource
from sfcci.errors import Place, UsageError
from sfcci.finding import Finding, Severity

NAMED_BY_TITLE = (8, 3)
"""Before this version a panel names its data source by title; since then by type and uid."""
PUT_BY_UID = (9, 0)
"""Before this version a data source is changed by its number."""
MARK = "sfcci"
"""In jsonData, which Grafana keeps as it comes."""


@dataclass(frozen=True)
class Change:
    """A data source that has to be made (`found` is None) or changed."""

    wanted: Datasource
    found: Json | None = None

    @property
    def uid(self) -> str:
        """The uid that it has or gets."""
        return str(self.found["uid"]) if self.found else uid(self.wanted.name)


@dataclass(frozen=True)
class Sources:
    """What panels are given: the file's name → Grafana's reference; what has to be written first; what to say."""

    references: Mapping[str, Any]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]


def look(
    client: Client,
    names: Iterable[str],
    described: Iterable[Datasource],
    mapping: Mapping[str, str],
    default: str,
) -> Sources:
    """Find the data sources that panels name; "" is the files' own default, else `default`, else Grafana's.

    Raises UsageError for one that neither Grafana nor a file has.
    """
    files = {one.name: one for one in described if one.name not in mapping}
    own = [one.name for one in files.values() if one.is_default]
    usual = next((name for one in described if one.is_default and (name := mapping.get(one.name))), "")
    titles = {
        name: mapping.get(name, name) or usual or next(iter(own), default) for name in [*names, *mapping]
    }
    found = {title: _find(client, title) for title in dict.fromkeys([*titles.values(), *files]) if title}
    changes, findings = _changes(files.values(), found)
    coming = {one.wanted.name: one for one in changes}
    references: dict[str, Any] = {}
    for name, title in titles.items():
        if not title:
            continue
        there = found[title]
        if there is None and title not in coming:
            raise UsageError(
                f"Grafana at {client.url} has no data source {title!r}; add it there, or name another: "
                "--datasource NAME=NAME, [grafana] datasource in sfcci.toml"
            )
        kind = there.get("type") if there else coming[title].wanted.kind
        number = there.get("uid") if there else coming[title].uid
        references[name] = {"type": kind, "uid": number} if client.numbers >= NAMED_BY_TITLE else title
    return Sources(references, tuple(changes), tuple(findings))


def _find(client: Client, title: str) -> Json | None:
    return client.find(f"/api/datasources/name/{quote(title, safe='')}")


def _changes(
    described: Iterable[Datasource], found: Mapping[str, Json | None]
) -> tuple[list[Change], list[Finding]]:
    changes, findings = [], []
    for one in described:
        there = found[one.name]
        if there is None:
            changes.append(Change(one))
        elif wrong := _differences(one, there):
            if (there.get("jsonData") or {}).get(MARK):
                changes.append(Change(one, there))
            else:
                what = f"Grafana's data source {one.name!r} is someone else's and stays as it is: {'; '.join(wrong)}"
                hint = f"name the one to use: --datasource {one.name}=NAME"
                findings.append(Finding("DatasourceKept", Severity.WARNING, Place(one.path), what, hint))
    return changes, findings


def _differences(wanted: Datasource, there: Mapping[str, Any]) -> list[str]:
    pairs = {"url": wanted.url, "type": wanted.kind, "access": wanted.access, "database": wanted.database}
    return [
        f"its {key} is {there.get(key)!r}, the file's {value!r}"
        for key, value in pairs.items()
        if str(there.get(key) or "").rstrip("/") != value.rstrip("/")
    ]


def apply(client: Client, change: Change) -> None:
    """Make or change one data source. A new one becomes Grafana's default only where there is none. Raises Unreachable."""
    wanted = change.wanted
    there = change.found or {}
    default = wanted.is_default and not any(one.get("isDefault") for one in client.items("/api/datasources"))
    body = {
        **there,
        "name": wanted.name,
        "type": wanted.kind,
        "url": wanted.url,
        "access": wanted.access,
        "database": wanted.database,
        "uid": change.uid,
        "isDefault": bool(there.get("isDefault")) or default,
        "jsonData": {**(there.get("jsonData") or {}), MARK: True},
    }
    if not change.found:
        client.ask("POST", "/api/datasources", body)
    elif client.numbers >= PUT_BY_UID:
        client.ask("PUT", f"/api/datasources/uid/{quote(change.uid, safe='')}", body)
    else:
        client.ask("PUT", f"/api/datasources/{there['id']}", body)


def remove(client: Client, name: str) -> str:
    """Delete a data source of ours; say why not, "" when it was deleted. Raises Unreachable."""
    there = _find(client, name)
    if there is None:
        return f"there is no data source {name!r}"
    if not (there.get("jsonData") or {}).get(MARK):
        return f"the data source {name!r} is someone else's and stays"
    client.ask("DELETE", f"/api/datasources/name/{quote(name, safe='')}")
    return ""


def titles(client: Client) -> dict[str, str]:
    """Give the title of each data source by its uid; {} where we may not see them. Raises Unreachable."""
    from sfcci.dashboard.grafana_client import Refused

    try:
        return {str(one.get("uid")): str(one.get("name")) for one in client.items("/api/datasources")}
    except Refused:
        return {}
