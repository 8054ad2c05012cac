"""What is done with the catalogue: rendered, compared, taken to other versions, added to. Files change whole or not at all."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcci.errors import Fault, InputError, Place, SfcciError, UsageError
from sfcci.finding import Finding
from sfcci.package import index, release, tree
from sfcci.package.catalogue import CATALOGUE, chosen, finished, load_catalogue
from sfcci.package.component import Component
from sfcci.package.ebuild import OVERLAY
from sfcci.package.index import Subject, subject
from sfcci.package.new import description_name, description_text
from sfcci.package.overlay_render import EDITABLE, overlay_tree
from sfcci.package.recipe_tree import recipe_part
from sfcci.package.release import Release
from sfcci.package.sdist import sdist_metadata
from sfcci.settings import Settings

Say = Callable[[str], None]
SPECS = "rpm"
AGAIN = "package render"


@dataclass(frozen=True)
class Available:
    """A component and the newest release of it; `reason` says why that is not known."""

    component: Component
    version: str
    newest: Release | None = None
    reason: str = ""

    @property
    def outdated(self) -> bool:
        """Say whether there is a newer release."""
        return self.newest is not None and release.is_newer(self.newest, self.version)


def subjects(
    settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None
) -> tuple[Subject, ...]:
    """Give the components (those named, else all) with what their sources say. Raises InputError, UsageError, Unreachable."""
    return _subjects(settings, chosen(load_catalogue(settings.project / CATALOGUE, only), only), say)


def rendered(settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None) -> dict[str, str]:
    """Give all that the catalogue renders, specs and overlay: path in the project → text. Raises as `subjects`."""
    recipes = recipe_part(settings, only)
    catalogue = load_catalogue(settings.project / CATALOGUE, only)
    found = _subjects(settings, recipes.components(catalogue), say)
    specs = tree.spec_tree(settings.project, (one for one in found if one.component.rpm.spec))
    return specs | overlay_tree(settings, catalogue, found, say, recipes=recipes)


def check(settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None) -> tuple[Finding, ...]:
    """Compare the project's specs and overlay with what is rendered, and tell of hand-edited regions. Raises as `subjects`."""
    texts = rendered(settings, only, say)
    parts = [(SPECS, {p: t for p, t in texts.items() if p.startswith(f"{SPECS}/")})]
    parts += [(OVERLAY, {p: t for p, t in texts.items() if p.startswith(f"{OVERLAY}/")})]
    drift = [
        f for folder, part in parts for f in tree.drift(settings.project, part, AGAIN, "" if only else folder)
    ]
    editable = [path for path in texts if path.endswith(EDITABLE)]
    return (*drift, *tree.hand_edited(settings.project, editable))


def available(settings: Settings, say: Say) -> tuple[Available, ...]:
    """Ask the index for the newest release of every component that is filled in and comes from there. Raises InputError."""
    found = []
    with index.asking() as asked:
        for component in finished(settings.project / CATALOGUE):
            version = component.version or _own_version(settings, component)
            if component.source.path:
                found.append(Available(component, version))
                continue
            say(f"asking for {component.name}")
            try:
                known = release.releases(component.name, asked)
                found.append(Available(component, version, release.newest(known, version)))
            except SfcciError as error:
                found.append(Available(component, version, reason=str(error)))
    return tuple(found)


def listed(settings: Settings) -> tuple[Available, ...]:
    """Give every component that is filled in with its version, nobody asked. Raises InputError."""
    catalogue = finished(settings.project / CATALOGUE)
    return tuple(Available(one, one.version or _own_version(settings, one)) for one in catalogue)


def new_description(settings: Settings, given: str, version: str, day: dt.date, say: Say) -> tuple[Path, str]:
    """Give the place and text of a new description: `given` is an sdist's path, or a project on the index.

    Raises UsageError (there is one), InputError, Unreachable.
    """
    if given.endswith(".tar.gz"):
        path = Path(given)
        sha256 = _digest(path)
    else:
        with index.asking() as asked:
            say(f"asking for {given}")
            wanted = release.named(release.releases(given, asked), version)
        fetched = release.fetch_release(wanted, settings.cache, say)
        path, sha256 = fetched.path, fetched.sha256
    metadata = sdist_metadata(path)
    target = settings.project / CATALOGUE / description_name(metadata)
    if target.exists():
        raise UsageError(f"{target} is there already; take it to another version with: sfcci package bump")
    return target, description_text(metadata, path.name, sha256, day)


def _subjects(settings: Settings, components: Iterable[Component], say: Say) -> tuple[Subject, ...]:
    return tuple(subject(one, settings.project, settings.cache, say) for one in components)


def _own_version(settings: Settings, component: Component) -> str:
    return subject(component, settings.project, settings.cache).metadata.version


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            Fault(Place(str(path)), error.strerror or str(error), "an sdist (.tar.gz)")
        ) from None
