"""The entry of repos.conf that brings an overlay in (portage(5)): text, for a file in /etc/portage/repos.conf/."""

from pathlib import Path

from sfcci.errors import UsageError

PLACE = "/etc/portage/repos.conf"
"""The folder that portage reads entries from."""


def entry(name: str, location: Path, priority: int | None = None) -> str:
    """Give the section of a repository that is there already and that its owner keeps up to date.

    `priority` decides where two repositories have the same version; None leaves it to portage, which asks the overlay
    before its master. Raises UsageError for a location that a line cannot say.
    """
    place = str(location)
    if not location.is_absolute() or place != place.strip() or "\n" in place:
        raise UsageError(
            f"{place!r} cannot stand in repos.conf; expected an absolute path without blanks around it"
        )
    lines = [f"[{name}]", f"location = {_literal(place)}", "auto-sync = no"]
    lines += [f"priority = {priority}"] if priority is not None else []
    return "".join(f"{line}\n" for line in lines)


def _literal(value: str) -> str:
    """A value that stands for itself: portage's reader takes % for the beginning of another key's name."""
    return value.replace("%", "%%")
