"""Our own lints of an overlay: what pkgcheck says nothing about, with or without ::gentoo. Pure: texts to findings.

`overlay_lint` reads the overlay and what lies around it. Places are relative to the overlay.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package import eclass_functions
from sfcci.package.atom import Atom, atoms
from sfcci.package.shell import Assignment, Script, parsed

HEADER = re.compile(r"# Copyright (?P<first>\d{4})(?:-(?P<last>\d{4}))? (?!\s)\S.*")
LICENSE_LINE = re.compile(r"# Distributed under the terms of the \S.*")
FLAG_FUNCTIONS = frozenset(
    {"use", "usev", "usex", "use_with", "use_enable", "meson_use", "meson_feature", "cmake_use_find_package"}
)
"""Functions whose first argument is a flag; each of them dies when it is not in IUSE (PMS 12.3.14, 12.3.15)."""
PYTHON_ECLASSES = frozenset({"distutils-r1", "python-r1", "python-single-r1"})
"""Eclasses of packages for chosen Pythons: what they need must be there for the same ones."""
PYTHON_USE = re.compile(r"PYTHON_(SINGLE_)?USEDEP|python_(single_)?target")
DEPENDENCIES = ("BDEPEND", "DEPEND", "IDEPEND", "PDEPEND", "RDEPEND")
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
PREFIXED = re.compile(r"\$\{\w+\[[@*]\]/#/\+?(\w+)\}")
"""An array with something put before each of its words: ${LANGS[@]/#/l10n_}."""


@dataclass(frozen=True)
class Source:
    """An ebuild: its path in the overlay, and its text."""

    path: str
    text: str

    @cached_property
    def script(self) -> Script:
        """What it calls and assigns."""
        return parsed(self.text)

    @property
    def package(self) -> str:
        """category/name."""
        return self.path.rpartition("/")[0]

    @property
    def inherited(self) -> frozenset[str]:
        """The eclasses that it names itself."""
        return inherited(self.script)


@dataclass(frozen=True)
class Surroundings:
    """What an overlay and its master say besides the ebuilds that are judged; what is not known is not there."""

    eclasses: Mapping[str, Script] = field(default_factory=dict)
    """Those that ebuilds inherit, directly or not."""
    slots: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Package → slots of its versions, as in 2 or 0/3.4; what only bash could tell stands as it is written."""
    for_pythons: Mapping[str, bool] = field(default_factory=dict)
    """Package → whether it is there for chosen Pythons."""
    flags: frozenset[str] = frozenset()
    """Flags that every ebuild has (IUSE_IMPLICIT, architectures)."""
    prefixes: tuple[str, ...] = ()
    """How flags of USE_EXPAND begin: python_targets_, l10n_."""

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """Give the names of eclasses with those that they inherit."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += inherited(self.eclasses[name]) if name in self.eclasses else ()
        return frozenset(found)


def inherited(script: Script) -> frozenset[str]:
    """Give the eclasses that a text inherits by name."""
    words = (word.text for call in script.calls if call.name == "inherit" for word in call.words[1:])
    return frozenset(word for word in words if "$" not in word)


def dependencies(
    source: Source, variables: Iterable[str] = DEPENDENCIES
) -> Iterator[tuple[Assignment, Atom]]:
    """Give every dependency that variables of an ebuild name, themselves or through variables that they name.

    Each comes with the assignment that it stands in; blockers are none.
    """
    seen: set[str] = set()
    waiting = list(variables)
    while waiting:
        name = waiting.pop()
        for assignment in source.script.values(name) if name not in seen else ():
            yield from ((assignment, atom) for atom in atoms(assignment.value) if not atom.blocks)
            waiting += [one or other for one, other in VARIABLE.findall(assignment.value)]
        seen.add(name)


def ebuild_findings(source: Source, around: Surroundings) -> Iterator[Finding]:
    """Judge one ebuild by every lint."""
    for lint in LINTS:
        yield from lint(source, around)


def flags_there(source: Source, around: Surroundings) -> Iterator[Finding]:
    """Every flag that a phase asks for is in IUSE."""
    names = around.closure(source.inherited)
    if not names <= around.eclasses.keys():
        return  # what an unknown eclass adds is not known; that it is unknown, pkgcheck says
    known = [*_flags(source, names, around), *around.flags, *(f"{prefix}*" for prefix in around.prefixes)]
    asked = {
        call.words[1].text for call in source.script.calls if call.name == "in_iuse" and len(call.words) > 1
    }
    for call in source.script.calls:
        flag = call.words[1].text.removeprefix("!") if len(call.words) > 1 else ""
        if call.name not in FLAG_FUNCTIONS or not flag or "$" in flag or flag in asked:
            continue
        if not any(fnmatchcase(flag, pattern) for pattern in known):
            what = f"{call.name} asks for the flag {flag}, which is not in IUSE: the phase would die"
            yield _error(
                "UseNotInIuse", source, call.line, what, f'add {flag} to IUSE, or ask "in_iuse" first'
            )


def python_chosen(source: Source, around: Surroundings) -> Iterator[Finding]:
    """What is needed of Python packages is needed for the same Pythons."""
    if not PYTHON_ECLASSES & source.inherited:
        return
    wanted = "PYTHON_SINGLE_USEDEP" if "python-single-r1" in source.inherited else "PYTHON_USEDEP"
    for assignment, atom in dependencies(source):
        ours = around.for_pythons.get(atom.package, atom.package.startswith("dev-python/"))
        if ours and not PYTHON_USE.search(atom.use):
            what = f"{atom.package} is asked for without the Python that it shall be there for"
            hint = f"write {atom.package}[${{{wanted}}}]"
            yield _error("PythonUsedepMissing", source, _line(assignment, atom), what, hint)


def slots_said(source: Source, around: Surroundings) -> Iterator[Finding]:
    """A dependency on a package with several slots says which; one that is built against, that it is to be built again."""
    build, run = (
        {atom.package for _, atom in dependencies(source, [name])} for name in ("DEPEND", "RDEPEND")
    )
    for assignment, atom in dependencies(source):
        slots = around.slots.get(atom.package, frozenset())
        if atom.slot or atom.operator in {"~", "="}:
            continue
        line = _line(assignment, atom)
        main = {slot.partition("/")[0] for slot in slots}
        if len(main) > 1:
            what = f"{atom.package} has the slots {', '.join(sorted(main))}, and none is asked for"
            hint = f"write {atom.package}:SLOT, := for the one that it is built against, :* for any"
            yield _error("SlotOperatorMissing", source, line, what, hint)
        elif any("/" in slot for slot in slots) and atom.package in build & run:
            what = f"{atom.package} is built against and has a sub-slot: what uses it must be built again with it"
            yield _error("SlotOperatorMissing", source, line, what, f"write {atom.package}:=")


def eclasses_inherited(source: Source, around: Surroundings) -> Iterator[Finding]:
    """Functions of eclasses are called only where the eclass, or one that brings it, is inherited."""
    names = around.closure(source.inherited)
    if not names <= around.eclasses.keys():
        return
    defined = source.script.functions.union(*(around.eclasses[name].functions for name in names))
    told: set[str] = set()
    for call in source.script.calls:
        if call.name in defined or (home := eclass_functions.home(call.name)) in {None, *names, *told}:
            continue
        told.add(str(home))
        what = f"{call.name} is a function of {home}.eclass, which is not inherited"
        yield _error("InheritMissing", source, call.line, what, f"write: inherit {home}")


def header_there(source: Source, _around: Surroundings) -> Iterator[Finding]:
    """The first two lines say whose it is and under which licence (GLEP 76)."""
    first, second, *_rest = [*source.text.splitlines(), "", ""]
    match = HEADER.fullmatch(first)
    if not match or (match["last"] and match["last"] <= match["first"]):
        hint = "expected: # Copyright YEAR HOLDER, or # Copyright FIRST-LAST HOLDER"
        yield _error("CopyrightHeader", source, 1, "the first line says not whose it is", hint)
    elif not LICENSE_LINE.fullmatch(second):
        hint = "expected: # Distributed under the terms of the LICENCE"
        yield _error("CopyrightHeader", source, 2, "the second line says not under which licence it is", hint)


Lint = Callable[[Source, Surroundings], Iterator[Finding]]
LINTS: tuple[Lint, ...] = (flags_there, python_chosen, slots_said, eclasses_inherited, header_there)
"""Every lint of an ebuild, in the order in which they are told."""


def maintainer_there(package: str, metadata: str | None) -> Iterator[Finding]:
    """A package's metadata.xml (None: there is no such file) names somebody who looks after it (GLEP 68)."""
    place = Place(f"{package}/metadata.xml")
    hint = 'expected <maintainer type="person"> with an e-mail address'
    if metadata is None:
        yield Finding("MaintainerMissing", Severity.ERROR, place, "is not there: nobody looks after it", hint)
    elif not re.search(r"<maintainer[\s>]", re.sub(r"<!--.*?-->", "", metadata, flags=re.DOTALL)):
        yield Finding("MaintainerMissing", Severity.ERROR, place, "names no maintainer", hint)


def masks_used(mask: str, versions: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
    """Each line of profiles/package.mask masks something: an overlay's masks do nothing to other repositories."""
    for number, line in enumerate(mask.splitlines(), 1):
        for atom in atoms(line.partition("#")[0].strip()):
            there = tuple(versions.get(atom.package, ()))
            if "$" in atom.version or any(atom.matches(atom.package, version) for version in there):
                continue
            found = f"it has {', '.join(sorted(there))}" if there else "the overlay has no such package"
            what = f"masks nothing: {found}"
            place = Place("profiles/package.mask", number)
            yield Finding("MaskUnused", Severity.WARNING, place, what, "remove it, or name what is there")


def _flags(source: Source, eclasses: Iterable[str], around: Surroundings) -> Iterator[str]:
    """IUSE as text tells it, each flag as a pattern.

    What an eclass's function adds counts only where the ebuild calls it; what starts with _ is called by the eclass.
    """
    called = {call.name for call in source.script.calls}
    for assignment in source.script.values("IUSE"):
        yield from (_pattern(word) for word in assignment.value.split())
    for name in eclasses:
        for assignment in around.eclasses[name].values("IUSE"):
            if (
                not assignment.function
                or assignment.function.startswith("_")
                or assignment.function in called
            ):
                yield from (w.lstrip("+-") for w in assignment.value.split() if "$" not in w)


def _pattern(flag: str) -> str:
    """A flag, with * for what only bash could tell: l10n_${lang} is l10n_*."""
    with_prefix = PREFIXED.sub(r"\1*", flag.lstrip("+-"))
    return re.sub(r"\$(\{[^}]*\}|\(.*\)|\w+)", "*", with_prefix)


def _line(assignment: Assignment, atom: Atom) -> int:
    return assignment.line + assignment.value.count("\n", 0, atom.offset)


def _error(keyword: str, source: Source, line: int, what: str, hint: str) -> Finding:
    return Finding(keyword, Severity.ERROR, Place(source.path, line), what, hint)
