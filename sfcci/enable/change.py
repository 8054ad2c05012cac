"""What is changed in which file: the option where it counts, which is the last file that sets it, in the order in which they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sfcci.enable.ini import Ini
from sfcci.enable.ini_edit import with_value, with_words, without, without_words
from sfcci.enable.role import Wish, lacking
from sfcci.errors import Place, UsageError
from sfcci.finding import Finding, Severity

Files = tuple[Ini, ...]


@dataclass(frozen=True)
class Read:
    """The files of a service in the order in which it reads them: a later one has its way."""

    files: Files
    main: int
    """Which of them takes what none has."""
    packaged: frozenset[int] = frozenset()
    """Which are a package's own: its next version would undo a change."""

    def where(self, wish: Wish) -> int | None:
        """Give the number of the file whose value counts; None where no file has the option."""
        found = [number for number, ini in enumerate(self.files) if ini.last(wish.section, wish.key)]
        return found[-1] if found else None

    def words(self, wish: Wish) -> tuple[str, ...]:
        """Give the words that count."""
        at = self.where(wish)
        return () if at is None else self.files[at].words(wish.section, wish.key) or ()


def fulfilled(read: Read, wishes: Sequence[Wish]) -> Read:
    """Give the files with every wish fulfilled; those that have what they need stay the very same."""
    for wish in wishes:
        read = _with(read, wish)
    return read


def _with(read: Read, wish: Wish) -> Read:
    has = read.words(wish)
    lost = lacking(wish, has)
    kept = [word for word in has if word not in wish.instead]
    if not lost and len(kept) == len(has):
        return read
    at = read.where(wish)
    target = _target(read, at)
    ini = read.files[target]
    if at == target and len(kept) == len(has):
        ini = with_words(ini, wish.section, wish.key, lost)
    else:  # none has it, or a package's file, or a word gives way: the whole list
        ini = with_value(ini, wish.section, wish.key, (*kept, *lost))
    return replace(read, files=(*read.files[:target], ini, *read.files[target + 1 :]))


def _target(read: Read, at: int | None) -> int:
    """Give the file to edit: the one that counts when it is the user's, else the main one, or the first of the user's behind it.

    Raises UsageError: there is none behind it.
    """
    if at is None:
        return read.main
    if at not in read.packaged:
        return at
    behind = [number for number in range(at + 1, len(read.files)) if number not in read.packaged]
    if not behind:
        raise UsageError(
            f"{read.files[at].path}, which a package brought, is read last, and what it says counts; "
            "have the service read a file of yours behind it"
        )
    return read.main if read.main in behind else behind[0]


def undone(before: Ini, enabled: Ini, now: Ini, wishes: Sequence[Wish]) -> Ini:
    """Give a file without what made `enabled` of `before`; what others changed since stays."""
    for wish in wishes:
        if before.words(wish.section, wish.key) != enabled.words(wish.section, wish.key):
            now = _without(before, enabled, now, wish)
    return now


def _without(before: Ini, enabled: Ini, now: Ini, wish: Wish) -> Ini:
    at = (wish.section, wish.key)
    had, has = before.words(*at), now.words(*at) or ()
    added = [word for word in enabled.words(*at) or () if word not in (had or ())]
    if has != enabled.words(*at):  # somebody has changed the option, too
        return without_words(now, *at, added)
    if had is None:
        return without(now, *at)
    return without_words(now, *at, added) if had and set(had) < set(has) else with_value(now, *at, had)


def remarks(read: Read, role: str) -> tuple[Finding, ...]:
    """Say what else in these files keeps chains from working."""
    if role != "controller":
        return ()
    mechanisms = read.words(Wish("ml2", "mechanism_drivers", ()))
    if not mechanisms or "openvswitch" in mechanisms:
        return ()
    at = read.where(Wish("ml2", "mechanism_drivers", ()))
    path = read.files[at or 0].path
    what = f"[ml2] mechanism_drivers is {','.join(mechanisms)}: chains of the driver ovs need openvswitch"
    hint = "the agents of OVN have no extension sfc; networking-sfc programs neutron-openvswitch-agent only"
    return (Finding("MechanismWithoutChains", Severity.WARNING, Place(path), what, hint),)
