"""The universe: what the locked closure would be as RPMs of a distribution, for tests of installation that leave nothing out.

One spec gives a package for each project of the closure, one for each extra that the closure can satisfy, and a stand-in for the
distribution's Python. Names and dependencies are those that Fedora's generators give. Pure: projects in, text out.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.macros.python3dist import bound_version, python3dist

PYTHON_PROVIDES = (
    ("python(abi) = {python}", "the interpreter that the modules are compiled for"),
    ("python3-devel = {python}", "what a package needs to be built for it"),
    ("pyproject-rpm-macros = 1", "the macros that it is built with"),
    ("/usr/bin/python3", "the program"),
)
"""What the stand-in for the distribution's Python provides, and what that is."""


CLAIMED = (
    "/bin/sh",
    "/usr/bin/sh",
    "/bin/bash",
    "/usr/bin/bash",
    "/usr/bin/env",
    "systemd",
    "systemd-rpm-macros",
    "shadow-utils",
)
"""What every distribution of the kind has, claimed in an installation test; scriptlets find the host's own."""


@dataclass(frozen=True)
class Project:
    """One installed project of the closure (core metadata, and what it put below the environment)."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    """PEP 508, markers and all."""
    extras: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Absolute, as in the root that it is installed into."""
    also: tuple[str, ...] = ()
    """PEP 503 names of projects that it stands for: the same modules by another name."""


@dataclass(frozen=True)
class Universe:
    """The closure's projects for one minor version of Python, in order of PEP 503 names."""

    projects: tuple[Project, ...]
    python: str
    """As in 3.11."""

    @cached_property
    def package_names(self) -> Mapping[str, str]:
        """Project's name → its RPM's: python3-oslo-config. "python-" in front goes, as in Fedora, where no other project is in the way."""
        normal = {project.name: canonicalize_name(project.name) for project in self.projects}
        short = {name: text.removeprefix("python-") for name, text in normal.items()}
        taken = Counter(short.values())
        return {
            name: f"python3-{short[name] if taken[short[name]] == 1 else normal[name]}" for name in normal
        }

    @cached_property
    def there(self) -> frozenset[str]:
        """PEP 503 names that a requirement can mean here."""
        return frozenset(canonicalize_name(name) for one in self.projects for name in (one.name, *one.also))

    def satisfiable(self, project: Project) -> tuple[str, ...]:
        """Give the project's extras whose requirements are all here, sorted: only these can be installed."""
        named = {
            extra: {dialect.requirement_name(r) for r in self.required(project, extra)}
            for extra in project.extras
        }
        return tuple(sorted(extra for extra, names in named.items() if names <= self.there))

    def required(self, project: Project, extra: str = "") -> tuple[str, ...]:
        """Give the requirements whose markers hold for this Python; with an extra, those that it alone adds."""
        markers = {"python_version": self.python, "python_full_version": f"{self.python}.0"}
        without = [r for r in project.requires if dialect.applies(r, markers)]
        if not extra:
            return tuple(without)
        asked = [Requirement(r).marker for r in project.requires]
        pairs = zip(project.requires, asked, strict=True)
        return tuple(
            r for r, m in pairs if m and r not in without and m.evaluate({**markers, "extra": extra})
        )


def universe_spec(universe: Universe, contents: Mapping[str, Sequence[str]], install: str) -> str:
    """Give the whole spec. `contents`: project's name → the paths that make up its package (`shares`); `install`: the step that lays them."""
    blocks = [
        _HEAD.format(python=universe.python, provides=_python_provides(universe.python), install=install)
    ]
    for project in universe.projects:
        name = universe.package_names[project.name]
        paths = "".join(f"{_quoted(path)}\n" for path in contents[project.name])
        blocks.append(_package(universe, project, name) + f"%files -n {name}\n{paths}")
        blocks += [_extra(universe, project, extra) for extra in universe.satisfiable(project)]
    return "\n".join(blocks)


def own_claims(component: Component, packages: Collection[str]) -> tuple[str, ...]:
    """Give what a description requires of the distribution by name, sorted, but for `packages`: those are ours.

    With it go the users and groups that its files belong to, in the words of RPM 4.19.
    """
    named = (*component.rpm.requires, *(line for part in component.subpackages for line in part.requires))
    claims = {_claim(line) for line in named if line.split()[0] not in packages}
    claims |= {f"user({one.owner})" for one in component.configs if one.owner != "root"}
    claims |= {f"group({one.group})" for one in component.configs if one.group != "root"}
    return tuple(sorted(claims))


def stand_in_spec(claims: Iterable[str]) -> str:
    """Give the spec of the package that claims what only a whole distribution has."""
    return _STAND_IN.format(provides="\n".join(f"Provides: {claim}" for claim in claims))


def common_folders(python: str) -> frozenset[str]:
    """Give the folders that are no project's, even where one alone has files there."""
    library = f"/usr/lib/python{python}"
    return frozenset(
        {"/usr", "/usr/bin", "/usr/etc", "/usr/lib", "/usr/share", library, f"{library}/site-packages"}
    )


def shares(files: Mapping[str, Iterable[str]], common: Collection[str] = ()) -> dict[str, list[str]]:
    """Give, per owner, the fewest paths that make up just its files: a folder where all below it is one owner's.

    A file that two owners have goes to each; the folders in `common` are nobody's.
    """
    owners: dict[str, set[str]] = {folder: {"", "/"} for folder in common}
    listed = {owner: tuple(paths) for owner, paths in files.items()}
    for owner, paths in listed.items():
        for path in paths:
            for one in _with_parents(path):
                owners.setdefault(one, set()).add(owner)
    return {owner: sorted({_highest(path, owners) for path in paths}) for owner, paths in listed.items()}


def dependencies(requirement: str, prefix: str) -> tuple[str, ...]:
    """Give the RPM dependencies for a PEP 508 requirement: one per extra that it asks for, which brings the project itself."""
    parsed = Requirement(requirement)
    parsed.marker = None
    found = []
    for extra in sorted(parsed.extras) or [""]:
        parsed.extras = {canonicalize_name(extra)} if extra else set()
        found.append(python3dist(str(parsed), prefix))
    return tuple(found)


_BOUND = 3
"""Words of a requirement with a bound: name, operator, version."""
_HEAD = """\
Name: sfcci-universe
Version: 1
Release: 1
Summary: The locked closure of the components' requirements, for tests of installation
License: Various
BuildArch: noarch
%description
%{{summary}}.

{install}
%package -n python3
Version: {python}
Summary: Stands for the distribution's Python {python}; the tests run the host's
{provides}
%description -n python3
%{{summary}}.
%files -n python3
"""
_PACKAGE = """\
%package -n {name}
Version: {version}
Summary: {summary}
AutoReqProv: no
{dependencies}
%description -n {name}
%{{summary}}.
"""


_STAND_IN = """\
Name: sfcci-stand-in
Version: 1
Release: 1
Summary: Stands for what the distribution has; nothing of it is here
License: Apache-2.0
BuildArch: noarch
{provides}
%description
%{{summary}}.
%files
"""


def _claim(requirement: str) -> str:
    """Give what meets a requirement in RPM's words: the bound itself as the version."""
    words = requirement.split()
    return f"{words[0]} = {words[2]}" if len(words) == _BOUND and words[1] in {"=", ">="} else words[0]


def _python_provides(python: str) -> str:
    return "\n".join(f"Provides: {capability.format(python=python)}" for capability, _what in PYTHON_PROVIDES)


def _package(universe: Universe, project: Project, name: str) -> str:
    prefix = f"python{universe.python}dist"
    names = [canonicalize_name(one) for one in (project.name, *project.also)]
    lines = [
        *(line for one in names for line in _provides(one, project.version, universe.python)),
        f"Requires: python(abi) = {universe.python}",
        *(f"Requires: {one}" for r in universe.required(project) for one in dependencies(r, prefix)),
    ]
    summary = f"{project.name}, as the closure has it"
    return _filled(name, project, summary, lines)


def _extra(universe: Universe, project: Project, extra: str) -> str:
    """An extra as Fedora has it: a package without files that requires the project and what the extra adds."""
    main, normal = universe.package_names[project.name], canonicalize_name(extra)
    prefix = f"python{universe.python}dist"
    added = [one for r in universe.required(project, extra) for one in dependencies(r, prefix)]
    lines = [
        *_provides(f"{canonicalize_name(project.name)}[{normal}]", project.version, universe.python),
        f"Requires: {main} = {dialect.rpm_version(project.version)}-1",
        *(f"Requires: {one}" for one in added),
    ]
    name = f"{main}+{normal}"
    return _filled(name, project, f"{project.name} with its extra {extra}", lines) + f"%files -n {name}\n"


def _filled(name: str, project: Project, summary: str, lines: Iterable[str]) -> str:
    version = dialect.rpm_version(project.version)
    listed = "\n".join(dict.fromkeys(lines))
    return _PACKAGE.format(name=name, version=version, summary=summary, dependencies=listed)


def _provides(name: str, version: str, python: str) -> tuple[str, ...]:
    spelled = bound_version(version)
    return tuple(f"Provides: {start}({name}) = {spelled}" for start in ("python3dist", f"python{python}dist"))


def _with_parents(path: str) -> Iterator[str]:
    """The path and every folder above it but the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _highest(path: str, owners: Mapping[str, set[str]]) -> str:
    """The highest folder on the way to `path` that is its owner's alone, else the path itself."""
    alone = [one for one in _with_parents(path) if len(owners[one]) == 1]
    return alone[-1] if alone else path


def _quoted(path: str) -> str:
    """A path as %files takes it: no blank, glob or macro in it is read as one."""
    escaped = re.sub(r"([\\\[\]{}*?])", r"\\\1", path)
    return '"' + escaped.replace("%", "%%") + '"'
