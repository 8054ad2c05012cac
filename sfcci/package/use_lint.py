"""What is wrong with lines of package.use although package managers read them without a word. Pure: answers to findings."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from sfcci.document import did_you_mean
from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package.use_answer import Answer, Version
from sfcci.package.use_line import ALL, Change, UseLine, Written, settled, short_form

ONE_OF = re.compile(r"(?:\^\^|\?\?) \( ([^()]*) \)")
"""Flags of which REQUIRED_USE wants exactly one, or at most one (PMS 8.2)."""
RANKS = {"=": 6, "~": 5, ">": 2, "<": 2}


def lint_lines(lines: Sequence[Written], given: Answer) -> tuple[Finding, ...]:
    """Look at the lines of package.use (those that the answer's versions count) that act on the package."""
    acting = sorted({number for version in given.versions for number in version.lines})
    found: list[Finding] = []
    for number in acting:
        if line := lines[number].line:
            versions = [version for version in given.versions if number in version.lines]
            found += _only_adds(lines, number, given)
            found += _contradictions(lines[number], line)
            found += _wildcards(lines[number], line)
            found += _unknown_flags(lines[number], line, versions)
    found += _order(lines, acting, given)
    return tuple(found)


def unmet(given: Answer) -> Iterator[Finding]:
    """Say which versions' REQUIRED_USE does not hold: an error where it is the version that portage would choose."""
    for version in given.versions:
        if version.unmet:
            chosen = version.cpv == given.visible
            severity = Severity.ERROR if chosen else Severity.WARNING
            what = f"REQUIRED_USE does not hold: {version.unmet}"
            hint = f"emerge refuses it with the flags that are on: {' '.join(_asked(version))}"
            yield Finding("RequiredUseUnmet", severity, Place(str(version)), what, hint)


def _asked(version: Version) -> list[str]:
    """The flags that are on and that the part of REQUIRED_USE which does not hold speaks of."""
    return sorted(version.use & {*version.unmet.replace("?", " ").split()}) or ["none of them"]


def _only_adds(lines: Sequence[Written], number: int, given: Answer) -> Iterator[Finding]:
    """A variable of which one value is wanted, given one more: the profile's own stays on without `-*`."""
    written = lines[number]
    line = written.line
    if line is None:
        return
    before = [one.line for one in lines[: number + 1] if one.line and one.line.atom == line.atom]
    left = settled(change for one in before for change in one.changes)
    for name in sorted(_single(line, given)):
        here = [change for change in left if change.value.startswith(f"{name.lower()}_")]
        if any(not change.on for change in here) or Change(ALL, on=False) in left:
            continue
        words = " ".join(change.value.removeprefix(f"{name.lower()}_") for change in here)
        what = f"{name}: {words} adds to what the profile turns on; one of {name} is wanted"
        hint = f"turn all of them off before: {_short_with_wipe(line, name, given)}"
        yield Finding("UseExpandOnlyAdds", Severity.WARNING, written.place, what, hint)


def _single(line: UseLine, given: Answer) -> set[str]:
    """The variables of which the line turns a value on and only one may be."""
    (short,) = short_form([line], given.use_expand)
    named = {change.group for change in short.changes if change.group and change.on and change.value != ALL}
    crowded = {
        flag
        for version in given.versions
        for flags in ONE_OF.findall(version.required_use)
        if len({*flags.split()} & version.use) > 1
        for flag in flags.split()
    }
    return {
        n
        for n in named
        if n.endswith("_SINGLE_TARGET") or any(f.startswith(f"{n.lower()}_") for f in crowded)
    }


def _short_with_wipe(line: UseLine, name: str, given: Answer) -> str:
    (short,) = short_form([line], given.use_expand)
    before = [change for change in short.changes if change.group < name]
    after = [change for change in short.changes if change.group >= name]
    return str(UseLine(short.atom, (*before, Change(ALL, on=False, group=name), *after)))


def _contradictions(written: Written, line: UseLine) -> Iterator[Finding]:
    """Words of one line that take each other back: pkgcore turns flags off first, whatever the order."""
    for first, second in combinations(line.changes, 2):
        covered = second.flag.endswith(ALL) and not second.on and first.flag.startswith(second.flag[:-1])
        if (first.flag == second.flag and first.on != second.on) or (
            covered and first.on and not first.group
        ):
            later = f"{second.group}: {second}" if second.group else str(second)
            what = f"{first.flag} is said in two ways in one line: portage takes the last word ({later}), pkgcore the one that turns on"
            yield Finding(
                "ContradictoryUse", Severity.WARNING, written.place, what, "leave one of the two out"
            )


def _wildcards(written: Written, line: UseLine) -> Iterator[Finding]:
    for change in line.changes:
        whole = change.flag.endswith(f"_{ALL}") and (change.on or not change.group or change.value != ALL)
        if whole:
            name = change.flag.removesuffix(f"_{ALL}").upper()
            what = f"{'' if change.on else '-'}{change.flag} is read by portage alone: pkgcore drops the line"
            hint = "name the values" if change.on else f"write {name}: -*"
            yield Finding("WildcardUse", Severity.WARNING, written.place, what, hint)


def _unknown_flags(written: Written, line: UseLine, versions: Sequence[Version]) -> Iterator[Finding]:
    """Flags that none of the versions has; a line for many packages may name flags that only some of them have."""
    if ALL in line.atom.partition("/")[2].partition("-")[0] or ALL in line.atom.partition("/")[0]:
        return
    known = {flag for version in versions for flag in version.iuse}
    for change in line.changes:
        if change.value.endswith(ALL) or change.flag in known:
            continue
        if change.group and change.value in known:
            what = f"{change.value} behind {change.group}: is {change.flag}, which the package does not have"
            hint = f"{change.value} is a flag of its own: write it before {change.group}:"
            yield Finding("UseFlagBehindVariable", Severity.WARNING, written.place, what, hint)
        else:
            what = f"{change.flag} is no flag of {versions[0].cpv.rpartition('/')[0]}/{_name(versions)}"
            hint = did_you_mean(change.flag, sorted(known))
            yield Finding("UnknownUse", Severity.WARNING, written.place, what, hint)


def _name(versions: Sequence[Version]) -> str:
    return ", ".join(version.cpv.rpartition("/")[2] for version in versions)


def _order(lines: Sequence[Written], acting: Sequence[int], given: Answer) -> Iterator[Finding]:
    """Of two lines on one flag portage follows the one whose atom says more (of equals the first), pkgcore the later one."""
    for first, second in combinations(acting, 2):
        one, other = lines[first].line, lines[second].line
        if one is None or other is None or one.atom == other.atom or rank(one.atom) < rank(other.atom):
            continue
        if not any({first, second} <= {*version.lines} for version in given.versions):
            continue
        for flag in _opposed(one, other):
            what = f"{flag} is said otherwise at {lines[first].place} for {one.atom}: portage follows that, pkgcore this"
            hint = (
                "write lines for more packages first, and all that is said of the same packages in one line"
            )
            yield Finding("UseOrder", Severity.WARNING, lines[second].place, what, hint)


def _opposed(first: UseLine, second: UseLine) -> list[str]:
    """Flags, or all of a variable, that one of two lines turns on and the other off."""
    pairs = [(one, other) for one in settled(first.changes) for other in settled(second.changes)]
    return [
        other.value
        for one, other in pairs
        if one.on != other.on and (_covers(one, other) or _covers(other, one))
    ]


def _covers(one: Change, other: Change) -> bool:
    return one.value == other.value or (one.value.endswith(ALL) and other.value.startswith(one.value[:-1]))


def rank(atom: str) -> int:
    """Say how specific an atom is for portage: 6 for one version, 1 for a package, 0 and below for wildcards."""
    package, _, rest = atom.partition("::")[0].partition(":")
    name = package.lstrip("<>=~")
    if ALL in name.removesuffix(ALL) or name.endswith(f"/{ALL}"):
        return -1 if rest else -2
    if atom.startswith("=") and package.endswith(ALL):
        return 4
    return max(RANKS.get(atom[0], 1), 3 if rest else 0)
