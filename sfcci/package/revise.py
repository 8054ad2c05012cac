"""Descriptions changed, and with them what they render: other versions, live ebuilds, masks.

What is to be written is all known before anything is. The new files come first, then the description, and what they
take the place of goes last: whatever ends this on its way, no hand-edited region is lost and nothing is half written.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import ndiff
from pathlib import Path

from packaging.version import InvalidVersion, Version

from sfcci import document, files
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.package import dialect, edit, index, release, tree
from sfcci.package.bump import RequirementChange, bumped_component, bumped_text, requirement_changes
from sfcci.package.catalogue import CATALOGUE, chosen, load_catalogue, parse_component
from sfcci.package.component import Component, Gentoo, GentooVersion
from sfcci.package.component_schema import GIT_ADDRESS
from sfcci.package.ebuild import LIVE, ebuild_path
from sfcci.package.hand_edited import carried, regions
from sfcci.package.index import Subject, subject
from sfcci.package.new import git_address
from sfcci.package.overlay_render import overlay_tree
from sfcci.package.package_mask import PATH, unmask_line
from sfcci.package.recipe_tree import recipe_part
from sfcci.package.sdist import sdist_metadata
from sfcci.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Revision:
    """A component before and after, its description's new text, and what follows for the rendered files."""

    before: Component
    after: Component
    text: str
    """The description's."""
    texts: Mapping[str, str]
    """Path in the project → what is rendered there."""
    removed: tuple[str, ...] = ()
    """Paths in the project of files that are no more."""
    version: str = ""
    """The version that came, of a bump."""
    requirements: tuple[RequirementChange, ...] = ()
    seen: Mapping[str, str | None] = field(default_factory=dict)
    """Path in the project → what was there when this was prepared; None: nothing."""
    ebuild: tuple[str, ...] = field(default=())
    """Lines of the ebuild that went ("- ...") and came ("+ ...")."""


def prepared_bump(
    settings: Settings,
    name: str,
    version: str,
    day: dt.date,
    say: Say,
    *,
    keep: bool = False,
    beside: bool = False,
) -> Revision:
    """Find what it takes to bring a component to a version ("": the newest); nothing is written.

    The overlay's old version goes; with `keep` it stays beside the new one, with `beside` the new one comes beside it and
    the component stays where it is. Raises UsageError, InputError (no such version, other bytes than told, a source that
    contradicts the description, a hand-edited region that would lose its place), Unreachable.
    """
    component = _component(settings, name)
    if component.source.path:
        raise UsageError(
            f"{name} lies in this project ({component.source.path}): its own pyproject.toml says its version"
        )
    with index.asking() as asked:
        say(f"asking for {name}")
        wanted = release.named(release.releases(component.name, asked), version)
    _refuse_known(component, wanted.version, beside=beside)
    before = subject(component, settings.project, settings.cache, say)
    fetched = release.fetch_release(wanted, settings.cache, say)
    came = Subject(component, sdist_metadata(fetched.path), fetched.path)
    if beside:
        after, text = _beside(
            component, GentooVersion(wanted.version, wanted.sdist, fetched.sha256, masked=day)
        )
        main = before
    else:
        after = bumped_component(component, wanted.version, wanted.sdist, fetched.sha256, day)
        after, text = _moved(component, after, keep=keep)
        main = replace(came, component=after)
    texts, removed = _rendered(settings, component, replace(main, component=after), say)
    old, new = ebuild_path(component, component.version), ebuild_path(component, wanted.version)
    if component.gentoo.overlay:
        goes = not (keep or beside or old == new)
        texts = _with_edits(settings.project, texts, old, new, goes=goes)
        removed += (old,) if goes else ()
    return Revision(
        component,
        after,
        text,
        texts,
        removed,
        wanted.version,
        requirement_changes(component, before.metadata, came.metadata),
        _seen(settings.project, (*texts, *removed)),
        _line_changes(settings.project / old, texts.get(new, "")),
    )


def prepared_live(settings: Settings, name: str, address: str, say: Say) -> Revision:
    """Find what it takes to give a component a live ebuild from a git repository ("": the one that its source names).

    Raises UsageError, InputError, Unreachable.
    """
    component = _component(settings, name)
    main = subject(component, settings.project, settings.cache, say)
    git = address or component.source.git or git_address(main.metadata)
    if not git:
        raise UsageError(f"the source of {name} names no git repository; tell its address")
    if not re.match(GIT_ADDRESS, git):
        raise UsageError(f"{git!r} is no git address; expected one as in https://git.example.org/{name}")
    after = replace(component, source=replace(component.source, git=git))
    text = edit.with_keys(_text(component), "[source]", {"git": git})
    return _revision(settings, component, after, text, say)


def prepared_mask(
    settings: Settings, name: str, version: str, reason: str, day: dt.date, say: Say
) -> Revision:
    """Find what it takes to mask a version of a component ("": all), for a reason. Raises UsageError, InputError."""
    component, text = _component(settings, name), ""
    if not version:
        gentoo = replace(component.gentoo, mask=reason, masked=day)
        text = edit.with_keys(_text(component), edit.GENTOO, {"mask": reason, "masked": day})
    else:
        number, entry = _entry(component, version)
        masked = replace(entry, mask=reason, masked=day)
        gentoo = _with_entry(component.gentoo, number, masked)
        text = _text(component)
        if number is None:
            text = edit.with_version(text, masked)
        else:
            text = edit.with_keys(text, edit.VERSIONS, {"mask": reason, "masked": day}, number)
    return _revision(settings, component, replace(component, gentoo=gentoo), text, say)


def prepared_unmask(settings: Settings, name: str, version: str, say: Say) -> Revision:
    """Find what it takes to lift the mask of a version of a component ("": of all). Raises UsageError, InputError."""
    component = _component(settings, name)
    if not version:
        if not component.gentoo.mask:
            raise UsageError(f"{name} as a whole is not masked{_masked_versions(component)}")
        gentoo = replace(component.gentoo, mask="", masked=None)
        text = edit.with_keys(_text(component), edit.GENTOO, {"mask": None, "masked": None})
        return _revision(settings, component, replace(component, gentoo=gentoo), text, say)
    number, entry = _entry(component, version)
    if Version(entry.version).is_prerelease:
        line = unmask_line(component, entry.version)
        raise UsageError(
            f"{version} is a pre-release, which stays masked; users unmask it for themselves: {line}"
        )
    if number is None or not entry.mask:
        raise UsageError(f"{name} {version} is not masked on its own{_masked_versions(component)}")
    bare = replace(entry, mask="", masked=None)
    text = edit.with_keys(_text(component), edit.VERSIONS, {"mask": None, "masked": None}, number)
    kept: GentooVersion | None = bare
    if bare == GentooVersion(bare.version):
        kept, text = None, edit.without_version(_text(component), number)
    gentoo = _with_entry(component.gentoo, number, kept)
    return _revision(settings, component, replace(component, gentoo=gentoo), text, say)


def apply(settings: Settings, revision: Revision) -> tuple[str, ...]:
    """Write what was prepared, unless somebody changed the description or a rendered file meanwhile; give the paths that changed.

    Raises UsageError, MissingTool (disk).
    """
    path = Path(revision.before.path)
    with files.locked(settings.cache / "packaging.lock"):
        if parse_component(document.read(path)) != revision.before:
            raise UsageError(f"{path} was changed meanwhile; do it again")
        now = _seen(settings.project, revision.seen)
        if other := next((name for name in now if now[name] != revision.seen[name]), None):
            raise UsageError(f"{other} was changed meanwhile; do it again")
        written = tree.write_tree(settings.project, revision.texts)
        changed = files.write_text(path, revision.text)
        gone = tuple(name for name in revision.removed if (settings.project / name).exists())
        for name in gone:
            (settings.project / name).unlink(missing_ok=True)
    described = path.relative_to(settings.project) if path.is_relative_to(settings.project) else path
    return (*((str(described),) if changed else ()), *written, *gone)


def _component(settings: Settings, name: str) -> Component:
    (component,) = chosen(load_catalogue(settings.project / CATALOGUE, [name]), [name])
    return component


def _text(component: Component) -> str:
    return document.read_text(Path(component.path))


def _revision(settings: Settings, before: Component, after: Component, text: str, say: Say) -> Revision:
    """A change that only the overlay shows."""
    main = subject(after, settings.project, settings.cache, say)
    texts, removed = _rendered(settings, before, main, say)
    seen = _seen(settings.project, (*texts, *removed))
    return Revision(before, after, edit.edited(text, after), texts, removed, seen=seen)


def _rendered(
    settings: Settings, before: Component, main: Subject, say: Say
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the changed component renders, and the list of masks when nothing is masked any more."""
    catalogue = [
        main.component if one.path == before.path else one
        for one in load_catalogue(settings.project / CATALOGUE, [before.name])
    ]
    specs = tree.spec_tree(settings.project, [main] if main.component.rpm.spec else [])
    if not main.component.gentoo.overlay:
        return specs, ()
    recipes = recipe_part(settings, [main.component.name])
    texts = overlay_tree(settings, catalogue, [main], say, recipes=recipes)
    return specs | texts, () if PATH in texts else (PATH,)


def _refuse_known(component: Component, version: str, *, beside: bool) -> None:
    if version == component.version:
        raise UsageError(f"{component.name} is at {version} already")
    if beside and any(known.version == version for known in component.gentoo.versions):
        raise UsageError(f"the overlay has {component.name} {version} already")


def _beside(component: Component, came: GentooVersion) -> tuple[Component, str]:
    """The component with one version more in the overlay."""
    entry = came if Version(came.version).is_prerelease else replace(came, masked=None)
    after = replace(component, gentoo=_with_entry(component.gentoo, None, entry))
    return after, edit.edited(edit.with_version(_text(component), _told(component, entry)), after)


def _moved(before: Component, after: Component, *, keep: bool) -> tuple[Component, str]:
    """The bumped component with its other versions: without the one that it is now, and with the old one or not."""
    text, listed = _text(before), list(before.gentoo.versions)
    own = next((entry for entry in listed if entry.version == before.version), None)
    for number in reversed(range(len(listed))):
        if listed[number].version in {after.version, before.version}:
            text = edit.without_version(text, number)
            del listed[number]
    left = replace(before.gentoo, versions=tuple(listed))
    text = bumped_text(text, replace(before, gentoo=left), replace(after, gentoo=left))
    if keep:
        old = own or GentooVersion(before.version)
        old = replace(old, sdist=before.source.sdist, sha256=before.source.sha256)
        text, left = edit.with_version(text, _told(before, old)), _with_entry(left, None, old)
    after = replace(after, gentoo=left)
    return after, edit.edited(text, after)


def _told(component: Component, entry: GentooVersion) -> GentooVersion:
    """As it is written down: without a file name that follows from the version."""
    if entry.sdist == dialect.sdist_name(component.name, entry.version):
        return replace(entry, sdist="")
    return entry


def _entry(component: Component, version: str) -> tuple[int | None, GentooVersion]:
    """A version of the overlay with its number in the description, None for the component's own without an entry."""
    spelled = _same(version)
    for number, entry in enumerate(component.gentoo.versions):
        if _same(entry.version) == spelled:
            return number, entry
    if component.version and _same(component.version) == spelled:
        return None, GentooVersion(component.version)
    if version == LIVE:
        raise UsageError("a live ebuild has no KEYWORDS, so nobody gets it unasked")
    known = [component.version, *(entry.version for entry in component.gentoo.versions)]
    there = ", ".join(dict.fromkeys(filter(None, known))) or "only a live ebuild"
    raise UsageError(f"the overlay has no {component.name} {version}; there is: {there}")


def _same(version: str) -> str:
    """One spelling for PEP 440's and Gentoo's: 24.0.0.0rc1 and 24.0.0_rc1."""
    try:
        return dialect.gentoo_version(version)
    except (InvalidVersion, dialect.Inexpressible):
        return version


def _with_entry(gentoo: Gentoo, number: int | None, entry: GentooVersion | None) -> Gentoo:
    """Put an entry in its place, at the end when `number` is None; no entry takes that one away."""
    listed = list(gentoo.versions)
    at = slice(len(listed), None) if number is None else slice(number, number + 1)
    listed[at] = [entry] if entry else []
    return replace(gentoo, versions=tuple(listed))


def _masked_versions(component: Component) -> str:
    masked = [entry.version for entry in component.gentoo.versions if entry.mask]
    return f"; masked are: {', '.join(masked)}" if masked else ""


def _with_edits(project: Path, texts: dict[str, str], old: str, new: str, *, goes: bool) -> dict[str, str]:
    """A new version's ebuild begins with the hand-edited regions of the old one's.

    Raises InputError: one that is there already lacks a region of the old one, which goes.
    """
    if not (project / old).exists() or ((project / new).exists() and not goes):
        return texts
    hint = "move it, or take it out and bump again"
    text = document.read_text(project / old)
    if (project / new).exists():
        lost = [one for one in regions(text, old) if "\n".join(one.lines) not in texts[new]]
        if lost:
            what, there = "a hand-edited region that the new version's ebuild lacks", f"it in {new}, too"
            raise InputError(*(Fault(Place(old, one.number), what, there, hint) for one in lost))
        return texts
    try:
        return texts | {new: carried(text, texts[new], old)}
    except InputError as error:
        raise InputError(*(replace(fault, hint=hint) for fault in error.faults)) from None


def _seen(project: Path, paths: Iterable[str]) -> dict[str, str | None]:
    there = {path: project / path for path in paths}
    return {path: document.read_text(file) if file.exists() else None for path, file in there.items()}


def _line_changes(there: Path, text: str) -> tuple[str, ...]:
    if not there.exists() or not text:
        return ()
    lines = ndiff(document.read_text(there).splitlines(), text.splitlines())
    return tuple(
        line.replace("\t", "    ") for line in lines if line[:2] in {"- ", "+ "} and line[2:].strip()
    )
