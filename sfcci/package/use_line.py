"""Lines of package.use: an atom and flags, in the long form and in the short one of USE_EXPAND variables.

    www-servers/apache ssl apache2_modules_proxy apache2_mpms_event
    www-servers/apache ssl APACHE2_MODULES: proxy APACHE2_MPMS: event

Words behind `NAME:` are values of NAME, up to the next `NAME:`, so plain flags come first. `-*` takes all flags away, behind
`NAME:` all of NAME's. Text to values and back. Source: portage(5), PMS 3.1.4.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sfcci.errors import Fault, InputError, Place
from sfcci.package.atom import CATEGORY, NAME, VERSION

ALL = "*"
FLAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_@-]*(?:(?<=_)\*)?")
VALUE = re.compile(r"[A-Za-z0-9+_@][A-Za-z0-9+_@-]*(?:(?<=_)\*)?|\*")
GROUP = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
WILD = r"[A-Za-z0-9+_.*-]+"
ATOM = re.compile(
    rf"(?:(?:[<>]=?|~){CATEGORY}/{NAME}-{VERSION}|={CATEGORY}/{NAME}-{VERSION}\*?|{CATEGORY}/{NAME}|{WILD}/{WILD})"
    r"(?::[A-Za-z0-9_][A-Za-z0-9+_./-]*)?(?:::[A-Za-z0-9_][A-Za-z0-9_-]*)?"
)
VERSIONED = re.compile(rf"{CATEGORY}/{NAME}-{VERSION}(?::.*)?")


@dataclass(frozen=True)
class Change:
    """One word: a flag, or a value of the USE_EXPAND variable `group`, on or off. "*" stands for all."""

    value: str
    on: bool = True
    group: str = ""
    """In capitals; "" for a plain flag."""

    @property
    def flag(self) -> str:
        """The flag's whole name, as IUSE has it: apache2_modules_proxy, or apache2_modules_* for all of them."""
        return f"{self.group.lower()}_{self.value}" if self.group else self.value

    def __str__(self) -> str:
        return self.value if self.on else f"-{self.value}"


@dataclass(frozen=True)
class UseLine:
    """A line: what it is about, what it changes (plain flags before those of variables), the comment behind it."""

    atom: str
    changes: tuple[Change, ...]
    comment: str = ""
    """With its "#"; "" for none."""

    def __post_init__(self) -> None:
        """Refuse an order that no text has: a plain flag behind a variable's value would be one of its values."""
        if any(before.group and not after.group for before, after in pairwise(self.changes)):
            raise ValueError(f"{self.atom}: plain flags come before those of variables")

    def __str__(self) -> str:
        words, group = [self.atom], ""
        for change in self.changes:
            if change.group != group:
                words.append(f"{change.group}:")
            group = change.group
            words.append(str(change))
        return " ".join([*words, self.comment] if self.comment else words)


@dataclass(frozen=True)
class Written:
    """A line as it stands in a file: `line` is None where it is a comment, blank, or not to be understood."""

    place: Place
    text: str
    line: UseLine | None = None

    @property
    def atom(self) -> str:
        """What it is about, also where it is misread; "" for a comment or a blank line."""
        words, _comment = _without_comment(self.text)
        return words[0] if words else ""


def parse_line(text: str, place: Place) -> UseLine:
    """Read a line that is neither blank nor a comment. Raises InputError."""
    words, comment = _without_comment(text)
    if not words or words[0].endswith(":"):
        raise InputError(Fault(place, f"{text.strip()!r} names no package", "category/name, then flags"))
    if fault := _atom_fault(words[0], place):
        raise InputError(fault)
    changes = tuple(_changes(words[1:], place))
    if not changes:
        raise InputError(Fault(place, f"{words[0]} has no flag", "flags behind the package, as in: ssl -doc"))
    return UseLine(words[0], changes, comment)


def parse_file(text: str, path: str) -> tuple[list[Written], list[Fault]]:
    """Read a file: all of its lines, and what is wrong with those that portage would drop or misread."""
    written: list[Written] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        place = Place(path, number)
        if not line.strip() or line.lstrip().startswith("#"):
            written.append(Written(place, line))
            continue
        try:
            written.append(Written(place, line, parse_line(line, place)))
        except InputError as error:
            written.append(Written(place, line))
            faults.extend(error.faults)
    return written, faults


def settled(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Give only the changes that count, as plain flags: of two words on one flag the later, nothing that `*` behind it covers."""
    left: dict[str, bool] = {}
    for change in changes:
        flag = change.flag
        if flag.endswith(ALL):
            left = {name: on for name, on in left.items() if not name.startswith(flag[:-1])}
        left.pop(flag, None)
        if change.on or flag == ALL or not (flag.endswith(ALL) and ALL in left):
            left[flag] = change.on
    return tuple(Change(flag, on) for flag, on in left.items())


def long_form(lines: Iterable[UseLine]) -> tuple[UseLine, ...]:
    """Rewrite lines with whole flag names; lines that follow each other and speak of the same are one.

    All of a variable (`-*`) has no long form that every package manager reads: it keeps the short one, on a line before.
    """
    return tuple(line for joined in _joined(lines) for line in _long(joined))


def short_form(lines: Iterable[UseLine], groups: Iterable[str]) -> tuple[UseLine, ...]:
    """Rewrite lines with `NAME:`, in order of names, for the USE_EXPAND variables in `groups`; joined as in `long_form`."""
    names = tuple(groups)
    return tuple(_short(joined, names) for joined in _joined(lines))


@dataclass(frozen=True)
class _Joined:
    """What lines with the same atom say together, settled."""

    atom: str
    changes: tuple[Change, ...]
    comment: str


def _joined(lines: Iterable[UseLine]) -> list[_Joined]:
    found: list[_Joined] = []
    for line in lines:
        last = found[-1] if found else None
        if last and last.atom == line.atom and not (last.comment and line.comment):
            both = settled((*last.changes, *line.changes))
            found[-1] = _Joined(line.atom, both, last.comment or line.comment)
        else:
            found.append(_Joined(line.atom, settled(line.changes), line.comment))
    return found


def _long(joined: _Joined) -> Iterator[UseLine]:
    """What `*` covers comes later in settled changes, so all of those may go in front."""
    whole = [change for change in joined.changes if change.value.endswith(ALL)]
    if all(change.value == ALL for change in whole):
        yield UseLine(joined.atom, joined.changes, joined.comment)
        return
    rest = tuple(change for change in joined.changes if change not in whole)
    first = tuple(_grouped(change, _names_of(whole)) for change in whole)
    yield UseLine(joined.atom, first, "" if rest else joined.comment)
    if rest:
        yield UseLine(joined.atom, rest, joined.comment)


def _short(joined: _Joined, names: Sequence[str]) -> UseLine:
    known = sorted({*names, *_names_of(joined.changes)}, key=lambda name: (-len(name), name))
    grouped = [_grouped(change, known) for change in joined.changes]
    return UseLine(joined.atom, tuple(sorted(grouped, key=lambda change: change.group)), joined.comment)


def _names_of(changes: Iterable[Change]) -> tuple[str, ...]:
    """The variables of which all values are turned on or off."""
    flags = (change.value for change in changes if change.value.endswith(f"_{ALL}"))
    return tuple(flag.removesuffix(f"_{ALL}").upper() for flag in flags)


def _grouped(change: Change, names: Sequence[str]) -> Change:
    """The same change as a value of the first variable that its name begins with, if there is one."""
    for name in names:
        value = change.value.removeprefix(f"{name.lower()}_")
        if value != change.value and VALUE.fullmatch(value):
            return replace(change, value=value, group=name)
    return change


def _without_comment(text: str) -> tuple[list[str], str]:
    """Words, and the comment: from the first word that begins with "#" (inside a word it is none for portage)."""
    found = re.search(r"(?<!\S)#.*", text)
    comment = found[0].rstrip() if found else ""
    return (text[: found.start()] if found else text).split(), comment


def _atom_fault(atom: str, place: Place) -> Fault | None:
    if VERSIONED.fullmatch(atom):
        return Fault(place, f"{atom} has a version and no operator", f"={atom}, or >=, <=, <, >, ~ before it")
    if not ATOM.fullmatch(atom):
        return Fault(
            place, f"{atom!r} is no package", "category/name, with an operator before a version; */* for all"
        )
    return None


def _changes(words: Sequence[str], place: Place) -> Iterator[Change]:
    group = ""
    for word in words:
        name = word.removesuffix(":")
        if name != word:
            if not GROUP.fullmatch(name):
                raise InputError(Fault(place, f"{word!r} is no variable", "a name such as PYTHON_TARGETS:"))
            group = name.upper()
            continue
        yield _change(word, group, place)


def _change(word: str, group: str, place: Place) -> Change:
    value = word.removeprefix("-")
    plain = not group and not (value == ALL and word != value)
    if not (FLAG if plain else VALUE).fullmatch(value):
        expected = "a flag of letters, digits and +_@-, with - before it to turn it off (PMS 3.1.4)"
        hint = "what is on needs no +" if value.startswith("+") else ""
        if word == "\\":
            hint = "portage does not join lines; write one line, or the package again"
        raise InputError(Fault(place, f"{word!r} is no flag", expected, hint))
    return Change(value, on=value == word, group=group)
