"""profiles/package.mask of the overlay: what nobody shall get unasked, and why (PMS 4.4, 5.2.8)."""

import datetime as dt
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.version import Version

from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.ebuild import MAINTAINER, OVERLAY, package_name

PATH = f"{OVERLAY}/profiles/package.mask"
WIDTH = 80
PRE_RELEASE = "Pre-release, for those who test what comes."
"""The reason for which a pre-release is masked when its description has none of its own."""


@dataclass(frozen=True)
class Mask:
    """One entry: an atom, the reason as one paragraph, and the day if it is known."""

    atom: str
    reason: str
    day: dt.date | None = None


def masks(component: Component) -> tuple[Mask, ...]:
    """Give a component's masks: of all its versions, then of single ones, in their order. Raises Inexpressible."""
    gentoo = component.gentoo
    package = package_name(component)
    found = [Mask(package, gentoo.mask, gentoo.masked)] if gentoo.mask else []
    return (*found, *sorted(_of_versions(component, package), key=lambda mask: mask.atom))


def mask_text(entries: Iterable[Mask]) -> str:
    """Give the file's text, entries in the order of their atoms; "" (no file) for none."""
    return "\n".join(map(_entry, sorted(entries, key=lambda mask: mask.atom.lstrip("="))))


def unmask_line(component: Component, version: str) -> str:
    """Give the line for /etc/portage/package.unmask with which a user lifts the mask of a version (PEP 440)."""
    return f"={package_name(component)}-{dialect.gentoo_version(version)}"


def _of_versions(component: Component, package: str) -> Iterator[Mask]:
    told = {version.version: version for version in component.gentoo.versions}
    for version in filter(None, dict.fromkeys((component.version, *told))):
        entry = told.get(version)
        reason = entry.mask if entry else ""
        if not reason and Version(version).is_prerelease:
            reason = PRE_RELEASE
        if reason:
            atom = f"={package}-{dialect.gentoo_version(version)}"
            yield Mask(atom, reason, entry.masked if entry else None)


def _entry(mask: Mask) -> str:
    """The comment above an atom, as ::gentoo writes it: who and when, then why."""
    day = f" ({mask.day.isoformat()})" if mask.day else ""
    who = f"# {MAINTAINER['name']} <{MAINTAINER['email']}>{day}"
    why = textwrap.wrap(mask.reason, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "\n".join([who, *(f"# {line}" for line in why), mask.atom]) + "\n"
