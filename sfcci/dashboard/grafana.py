"""Grafana: dashboards brought into folders and read back, all or none; looked at, deleted, pruned (7.5 to 13).

Nothing is overwritten that someone else made, or changed while we looked, unless that is asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from sfcci.dashboard import grafana_datasource
from sfcci.dashboard.grafana_client import CHANGED, Client, Refused
from sfcci.dashboard.grafana_write import Failure, Outcome, Saved, write
from sfcci.dashboard.model import Dashboard, grafyaml_uid
from sfcci.dashboard.plan import (
    GENERAL,
    Action,
    Folder,
    Json,
    Kept,
    Step,
    Wanted,
    folder_uid,
    is_ours,
    kept,
    step,
)
from sfcci.dashboard.render import TAG, datasource_names, grafana_json, legacy_json
from sfcci.dashboard.source import Item, Sources
from sfcci.errors import Place, Unreachable
from sfcci.finding import Finding, Severity
from sfcci.settings import Grafana

NO_ROWS = (12, 0)
"""Since this version Grafana shows no dashboards with rows (its documentation says)."""
PAGE = 1000
Say = Callable[[str], None]
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Options:
    """How to update: data sources by name in the files → title in Grafana; the uid that a dashboard has there."""

    datasources: Mapping[str, str] = field(default_factory=dict)
    legacy: bool = False
    overwrite: bool = False
    keep_going: bool = False
    adopt: bool = False
    uid: Callable[[Dashboard], str] = lambda dashboard: dashboard.uid


@dataclass(frozen=True)
class Pushed:
    """A dashboard as Grafana has it now: its address is `url`, `version` counts its changes."""

    path: str
    title: str
    uid: str
    url: str
    version: int
    action: str


@dataclass(frozen=True)
class PushReport:
    """What a push did: the server with its version, the dashboards that are there now, what went wrong."""

    server: str
    version: str
    pushed: tuple[Pushed, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Plan:
    """All that an update would do."""

    steps: tuple[Step, ...]
    folders: tuple[Folder, ...]
    datasources: tuple[grafana_datasource.Change, ...]
    left: Mapping[str, str]
    """uid of a new dashboard → uid under which grafyaml had put it there."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Entry:
    """A dashboard in Grafana's list."""

    uid: str
    title: str
    folder: str
    ours: bool


def push(dashboards: Sequence[Dashboard], settings: Grafana, say: Say = lambda _text: None) -> PushReport:
    """Push dashboards into the configured folder and read each back; a second push changes nothing.

    What Grafana refuses or keeps otherwise is a finding, and the others go on. Raises Unreachable, UsageError.
    """
    sources = Sources(tuple(Item(one, settings.folder) for one in dashboards))
    with Client(settings) as client:
        client.connect()
        return update(client, sources, settings, Options(keep_going=True), say)


def update(
    client: Client, sources: Sources, settings: Grafana, options: Options, say: Say = lambda _text: None
) -> PushReport:
    """Bring dashboards into Grafana, all or (without `keep_going`) none, and read each back.

    What Grafana refuses is a finding. Raises Unreachable, which tells what stayed written; UsageError;
    KeyboardInterrupt with what was written.
    """
    made = plan(client, sources, settings, options)
    findings = [*made.findings, *map(_foreign, (one for one in made.steps if one.action is Action.FOREIGN))]
    stop = any(one.severity is Severity.ERROR for one in findings) and not options.keep_going
    if stop:
        return PushReport(client.url, client.version, (), tuple(findings))
    stays: list[str] = []
    try:
        steps = _prepared(client, made, stays, say)
        outcome = write(
            client, [one for one in steps if one.writes], options.overwrite, options.keep_going, say
        )
    except Unreachable as error:
        raise Unreachable("\n".join([str(error), *stays])) from None
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt("\n".join([*map(str, error.args), *stays])) from None
    if outcome.rolled_back:
        outcome.told = "; ".join([outcome.told, *stays])
    findings += [_failed(one, outcome) for one in outcome.failures]
    findings += [_differs(*one) for one in outcome.differences]
    if not outcome.failures:
        findings += _adopted(client, made.left, options)
    same = [
        Saved(one, one.kept.url, one.kept.version) for one in steps if one.action is Action.SAME and one.kept
    ]
    kept_ones = [] if outcome.rolled_back else outcome.saved
    order = [one.wanted.uid for one in steps]
    done = sorted([*same, *kept_ones], key=lambda one: order.index(one.step.wanted.uid))
    return PushReport(
        client.url, client.version, tuple(_pushed(client, one) for one in done), tuple(findings)
    )


def plan(client: Client, sources: Sources, settings: Grafana, options: Options) -> Plan:
    """Find out what an update would do; asks only. Raises Unreachable, UsageError."""
    folders = {title: _folder(client, title) for title in dict.fromkeys(one.folder for one in sources.items)}
    names = dict.fromkeys(name for one in sources.items for name in datasource_names(one.dashboard))
    found = grafana_datasource.look(
        client, names, sources.datasources, options.datasources, settings.datasource
    )
    wanted = [_wanted(one, folders[one.folder], found.references, options) for one in sources.items]
    there = client.each(lambda one: _kept(client, one.uid), wanted)
    steps = tuple(
        step(one, now, overwrite=options.overwrite, known=(grafyaml_uid(one.title),))
        for one, now in zip(wanted, there, strict=True)
    )
    left = _left(client, steps)
    findings = [*found.findings, *_told_left(client, steps, {} if options.adopt else left)]
    if options.legacy and client.numbers >= NO_ROWS:
        what = f"Grafana {client.version} shows no rows; leave --legacy out"
        findings += [Finding("LegacyRows", Severity.WARNING, Place(one.path), what) for one in wanted]
    return Plan(steps, tuple(folders.values()), found.changes, left, tuple(findings))


def _wanted(item: Item, folder: Folder, references: Mapping[str, Any], options: Options) -> Wanted:
    dashboard = item.dashboard
    made = (legacy_json if options.legacy else grafana_json)(dashboard, references)
    name = options.uid(dashboard)
    return Wanted(dashboard.path, dashboard.title, name, folder, {**made, "uid": name})


def _kept(client: Client, uid: str) -> Kept | None:
    found = client.find(f"/api/dashboards/uid/{quote(uid, safe='')}")
    return None if found is None else kept(found)


def _left(client: Client, steps: Iterable[Step]) -> dict[str, str]:
    """Find the dashboards that grafyaml made of the same files: its uid comes from the title."""
    new = [one.wanted for one in steps if one.action is Action.CREATE]
    asked = [(one, grafyaml_uid(one.title)) for one in new if grafyaml_uid(one.title) != one.uid]
    there = client.each(lambda pair: _kept(client, pair[1]), asked)
    return {
        one.uid: old
        for (one, old), found in zip(asked, there, strict=True)
        if found is not None and found.title == one.title
    }


def _told_left(client: Client, steps: Iterable[Step], left: Mapping[str, str]) -> Iterable[Finding]:
    for one in steps:
        if old := left.get(one.wanted.uid):
            what = f"grafyaml's copy of it is at {client.url}/d/{old}; links to it go on showing that one"
            yield Finding(
                "GrafyamlCopy", Severity.WARNING, Place(one.wanted.path), what, "--adopt deletes it"
            )


def _adopted(client: Client, left: Mapping[str, str], options: Options) -> Iterable[Finding]:
    for old in left.values() if options.adopt else ():
        remove(client, old)
        yield Finding("GrafyamlCopy", Severity.INFO, Place(client.url), f"grafyaml's copy {old} was deleted")


def _prepared(client: Client, made: Plan, stays: list[str], say: Say) -> list[Step]:
    """Make the folders and data sources that are missing, and say in `stays` which; a roll-back leaves them.

    (With a folder Grafana deletes all that is in it, and somebody may have put something there.)
    """
    folders = {}
    for folder in made.folders:
        make = partial(_made_folder, client, folder)
        folders[folder.title] = _noted(stays, f"folder {folder.title!r}", make) if folder.missing else folder
    for change in made.datasources:
        say(f"data source {change.wanted.name}")
        apply = partial(grafana_datasource.apply, client, change)
        _noted(stays, f"data source {change.wanted.name!r}", apply)
    return [_placed(one, folders) for one in made.steps]


def _noted(stays: list[str], what: str, work: Callable[[], _Result]) -> _Result:
    """Write something, and note that; until Grafana has answered, only that it may be so."""
    stays.append(f"the {what} may be written")
    try:
        result = work()
    except Refused:
        stays.pop()
        raise
    stays[-1] = f"the {what} was written and stays"
    return result


def _placed(one: Step, folders: Mapping[str, Folder]) -> Step:
    return replace(one, wanted=replace(one.wanted, folder=folders[one.wanted.folder.title]))


def _folder(client: Client, title: str) -> Folder:
    """Give the folder of that title, whoever made it; one with `missing` where there is none."""
    if not title or title == GENERAL:
        return Folder()
    found = client.find(f"/api/folders/{folder_uid(title)}")
    if found is None:
        found = next(
            (one for one in client.items(f"/api/folders?limit={PAGE}") if one.get("title") == title), None
        )
    return Folder(title, folder_uid(title), missing=True) if found is None else _folder_of(title, found)


def _folder_of(title: str, found: Json) -> Folder:
    number = found.get("id")
    return Folder(title, str(found.get("uid") or ""), number if isinstance(number, int) else 0)


def _made_folder(client: Client, folder: Folder) -> Folder:
    body = {"uid": folder.uid, "title": folder.title}
    return _folder_of(folder.title, client.mapping("POST", "/api/folders", body))


def listing(client: Client, *, ours: bool = False) -> list[Entry]:
    """Give the dashboards of Grafana (those with our tag), by folder and title. Raises Unreachable."""
    found: list[Json] = []
    query = f"/api/search?type=dash-db&limit={PAGE}" + (f"&tag={TAG}" if ours else "")
    for page in range(1, 1000):
        some = client.items(f"{query}&page={page}")
        found += some
        if len(some) < PAGE:
            break
    entries = {
        str(one.get("uid")): Entry(
            str(one.get("uid")),
            str(one.get("title")),
            str(one.get("folderTitle") or GENERAL),
            is_ours(one.get("tags")),
        )
        for one in found
    }
    return sorted(
        (one for one in entries.values() if one.ours or not ours),
        key=lambda one: (one.folder, one.title, one.uid),
    )


def fetch(client: Client, uid: str) -> Kept | None:
    """Give the dashboard of that uid; None where there is none. Raises Unreachable."""
    return _kept(client, uid)


def remove(client: Client, uid: str) -> bool:
    """Delete a dashboard and see that it is gone; False when there was none. Raises Unreachable."""
    path = f"/api/dashboards/uid/{quote(uid, safe='')}"
    try:
        client.ask("DELETE", path)
    except Refused as error:
        if error.status != 404:  # noqa: PLR2004 - HTTP's "not found"
            raise
        return False
    if client.find(path) is not None:
        raise Unreachable(f"Grafana at {client.url} says that it deleted {uid} and still has it; see its log")
    return True


def _pushed(client: Client, one: Saved) -> Pushed:
    parts = urlsplit(client.url)  # Grafana puts the sub-path in front when it knows it
    base = f"{parts.scheme}://{parts.netloc}" if parts.path and one.url.startswith(parts.path) else client.url
    wanted = one.step.wanted
    return Pushed(wanted.path, wanted.title, wanted.uid, base + one.url, one.version, str(one.step.action))


def _foreign(one: Step) -> Finding:
    title = one.kept.title if one.kept else ""
    what = f"Grafana has a dashboard {title!r} under the uid {one.wanted.uid!r} that does not carry the tag {TAG!r}"
    return Finding(
        "ForeignDashboard",
        Severity.ERROR,
        Place(one.wanted.path),
        what,
        "rename the file, or give --overwrite",
    )


def _failed(one: Failure, outcome: Outcome) -> Finding:
    place = Place(one.step.wanted.path)
    told = f"; {outcome.told}" if outcome.told else ""
    if isinstance(one.error, Refused) and one.error.status == CHANGED:
        what = (
            f"somebody else changed it meanwhile, or has one of this title in the folder: {one.error}{told}"
        )
        return Finding(
            "Changed", Severity.ERROR, place, what, "see `sfcci dashboard diff`, or give --overwrite"
        )
    return Finding("GrafanaRefused", Severity.ERROR, place, f"{one.error}{told}")


def _differs(one: Step, what: str) -> Finding:
    return Finding("GrafanaDiffers", Severity.ERROR, Place(one.wanted.path), what)
