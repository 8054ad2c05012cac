"""Checks of built packages that neither rpmbuild nor rpmlint makes. Pure: what an RPM holds to findings.

Each check is a generator of findings over the binary packages of one build.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from packaging.requirements import Requirement

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package import dialect
from sfcci.package.component import Component, Config
from sfcci.package.headers import Package, RpmFile
from sfcci.package.macros.python3dist import bound_version, python3dist
from sfcci.package.rpm_format import Member

METADATA = re.compile(
    r"/usr/lib(64)?/python(?P<python>3\.\d+)/site-packages/[^/]+\.(dist|egg)-info/(METADATA|PKG-INFO)"
)
SITE = re.compile(r"/usr/lib(64)?/python(?P<python>3\.\d+)/site-packages/")
BYTE_CODE = re.compile(
    r"(?P<folder>.*)/__pycache__/(?P<module>[^/]+)\.cpython-(?P<python>\d+)(\.opt-\d)?\.pyc"
)
ATOM = re.compile(
    r"(?P<name>python(?P<python>3(\.\d+)?)?dist\((?P<project>[^)\[]+)(\[(?P<extras>[^\]]*)\])?\))"
    r"( (?P<operator>[<>=]+) (?P<version>[^\s()]+))?"
)
HINT_GENERATOR = "see its build log: rpm's generator of Python dependencies did not do its work"
HASH_BASED = 1
"""In the flags of byte code (PEP 552): it stands for its source by hash, not by time."""


@dataclass(frozen=True)
class Subject:
    """What one build gave, and what is known of it besides."""

    component: Component
    python: str
    """The target's, as in 3.11."""
    packages: tuple[Package, ...]
    requires: tuple[str, ...] = ()
    """What the source's own metadata requires (PEP 508)."""
    build_paths: tuple[str, ...] = ()
    """Folders of the build machine that nothing installed may name."""
    without: tuple[str, ...] = ()
    """Features that were left out."""

    @property
    def main(self) -> Package | None:
        """The package that bears the component's name."""
        name = dialect.rpm_name(self.component)
        return next((one for one in self.packages if one.header.name == name), None)


def check_packages(built: Subject) -> tuple[Finding, ...]:
    """Give what every check has to say, in the checks' order."""
    return tuple(finding for check in CHECKS for finding in check(built))


def requires_covered(built: Subject) -> Iterator[Finding]:
    """Each requirement of the metadata, with its bounds and its extras, is a Requires of the package that has the metadata.

    rpm's generators leave them out without a word when they fail, and drop extras unless they are told not to.
    """
    for one in built.packages:
        wanted = list(_wanted(built, one))
        there = atoms(one.header.requires)
        for requirement in wanted:
            if lost := _expected(requirement, built.python) - there:
                what = f"its metadata requires {requirement}, the package does not: {', '.join(sorted(map(_spelled, lost)))}"
                yield _error("RequiresMissing", one, what, HINT_GENERATOR)


def requires_told(built: Subject) -> Iterator[Finding]:
    """The main package requires no Python project, and no bound, that its metadata does not tell of: nobody could meet it."""
    if (main := built.main) is None or not (wanted := list(_wanted(built, main))):
        return
    told = {atom for requirement in wanted for atom in _expected(requirement, built.python)}
    told |= atoms(built.component.rpm.requires)
    for atom in sorted(atoms(main.header.requires) - told, key=_spelled):
        what = f"requires {_spelled(atom)}, of which its metadata says nothing"
        yield _error(
            "RequiresUntold", main, what, "let the generator write Python dependencies, or correct the bound"
        )


def provides_itself(built: Subject) -> Iterator[Finding]:
    """A package with metadata provides its project, in its version: else nothing that requires it can be installed."""
    for one in built.packages:
        for headers in _metadata(one, built.python):
            name, version = str(headers["Name"]), str(headers["Version"])
            wanted = f"python{built.python}dist({dialect.normal_name(name)}) = {bound_version(version)}"
            if wanted not in one.header.provides:
                yield _error("ProvidesMissing", one, f"does not provide {wanted}", HINT_GENERATOR)


def metadata_there(built: Subject) -> Iterator[Finding]:
    """The main package has the project's metadata for the target's Python."""
    main = built.main
    if main is None:
        yield Finding(
            "MainMissing", Severity.ERROR, Place(built.component.path), "the build gave no main package"
        )
    elif main.members and not list(_metadata(main, built.python)):
        what = f"has no metadata of a project below /usr/lib/python{built.python}/site-packages"
        yield _error("MetadataMissing", main, what)


def one_owner(built: Subject) -> Iterator[Finding]:
    """No file is in two packages of one build. Folders may be."""
    owners: dict[str, list[Package]] = {}
    for one in built.packages:
        for file in one.header.files:
            if not file.is_folder and not file.ghost:
                owners.setdefault(file.path, []).append(one)
    for path, those in owners.items():
        if len(those) > 1:
            others = ", ".join(one.header.name for one in those[1:])
            yield _error("FileTwice", those[0], f"{path} is in {others}, too", "exclude it from one of them")


def config_marked(built: Subject) -> Iterator[Finding]:
    """Every file below /etc is %config: else an update overwrites what an administrator wrote."""
    for one, file in _files(built):
        if file.path.startswith("/etc/") and file.is_regular and not file.config:
            yield _error("NotConfig", one, f"{file.path} is not marked %config", "mark it %config(noreplace)")


def config_as_described(built: Subject) -> Iterator[Finding]:
    """Each configuration file of the description is in its package, with its owner, group and mode."""
    for config in built.component.configs:
        name = dialect.rpm_name(built.component, config.subpackage)
        one = next((one for one in built.packages if one.header.name == name), None)
        if one is None or (config.generator and "config" in built.without):
            continue
        file = next((file for file in one.header.files if file.path == config.path), None)
        if file is None:
            yield _error("ConfigMissing", one, f"{config.path} is not in it, though the description says so")
        elif (found := _told(file)) != (wanted := _wanted_config(config)):
            yield _error("ConfigDiffers", one, f"{config.path} is {found}; the description says {wanted}")


def no_build_path(built: Subject) -> Iterator[Finding]:
    """No installed file and no script names a folder of the machine that built it."""
    needles = [path.encode() for path in built.build_paths if path]
    for one in built.packages:
        texts = [(f"the script %{name}", text.encode()) for name, text in one.header.scripts]
        for place, data in (*((m.path, m.data) for m in one.members), *texts):
            if found := next((needle for needle in needles if needle in data), None):
                what = f"{place} names the build's folder {found.decode()}"
                yield _error("BuildPath", one, what, "what it names is on no other machine")


def byte_code_fits(built: Subject) -> Iterator[Finding]:
    """Byte code is the target Python's, beside its source, and is not stale where it is installed."""
    tag = built.python.replace(".", "")
    for one in built.packages:
        sources = {member.path: member for member in one.members}
        for member in one.members:
            if not (found := BYTE_CODE.fullmatch(member.path)):
                continue
            source = sources.get(f"{found['folder']}/{found['module']}.py")
            if found["python"] != tag:
                yield _error("PycForeign", one, f"{member.path} is not Python {built.python}'s")
            elif source is None:
                yield _error("PycAlone", one, f"{member.path} comes without its source")
            elif _stale(member.data, source):
                what = f"{member.path} does not fit its source's time or size: Python would compile it at each start"
                yield _error("PycStale", one, what)


def site_fits(built: Subject) -> Iterator[Finding]:
    """Modules lie where the target's Python looks for them."""
    for one in built.packages:
        others = {found["python"] for file in one.header.files if (found := SITE.match(file.path))}
        for other in sorted(others - {built.python}):
            yield _error(
                "SiteForeign", one, f"has modules for Python {other}; it is built for {built.python}"
            )


def license_there(built: Subject) -> Iterator[Finding]:
    """Each package has a licence file, or requires one of the same build that has (Fedora's licensing guidelines)."""
    having = {one.header.name for one in built.packages if any(file.license for file in one.header.files)}
    for one in built.packages:
        needed = {line.split(" ")[0] for line in one.header.requires if line.endswith(f" = {one.header.evr}")}
        if one.header.name not in having and not needed & having:
            yield _error("LicenseMissing", one, "has no licence file", "mark one with %license")


def services_tended(built: Subject) -> Iterator[Finding]:
    """Each systemd unit of the description is installed, and systemd hears of its coming, going and update."""
    if (main := built.main) is None:
        return
    scripts = dict(main.header.scripts)
    paths = {file.path for file in main.header.files}
    for service in built.component.services:
        if f"/usr/lib/systemd/system/{service.name}" not in paths:
            yield _error("UnitMissing", main, f"the unit {service.name} is not in it")
        if lost := [
            name for name in ("post", "preun", "postun") if service.name not in scripts.get(name, "")
        ]:
            yield _error("UnitUntended", main, f"{service.name} is not named in %{', %'.join(lost)}")


CHECKS = (
    metadata_there,
    requires_covered,
    requires_told,
    provides_itself,
    one_owner,
    config_marked,
    config_as_described,
    no_build_path,
    byte_code_fits,
    site_fits,
    license_there,
    services_tended,
)
"""Every check of our own, in the order in which they are told."""

Atom = tuple[str, frozenset[str], str, str]
"""Project (PEP 503), extras, operator, version; the last two "" where there is no bound."""


def atoms(dependencies: Iterable[str]) -> set[Atom]:
    """Give the Python projects, extras and bounds that dependencies name, out of rich ones, too; of which Python is not asked."""
    found: set[Atom] = set()
    for match in ATOM.finditer("\n".join(dependencies)):
        extras = frozenset(dialect.normal_name(one) for one in (match["extras"] or "").split(",") if one)
        project = dialect.normal_name(match["project"])
        found.add((project, extras, match["operator"] or "", match["version"] or ""))
    return found


def _expected(requirement: str, python: str) -> set[Atom]:
    """What a generator writes for a requirement: its bounds; for each extra the project's package of that extra."""
    parsed = Requirement(requirement)
    spelled = atoms([python3dist(str(parsed), f"python{python}dist")])
    extras = {extra for _, of_one, _, _ in spelled for extra in of_one}
    return {
        (project, wanted, operator, version)
        for project, _, operator, version in spelled
        for wanted in ([frozenset(), *(frozenset({extra}) for extra in extras)])
    }


def _spelled(atom: Atom) -> str:
    project, extras, operator, version = atom
    inside = f"[{','.join(sorted(extras))}]" if extras else ""
    return f"{project}{inside} {operator} {version}".strip()


def _wanted(built: Subject, one: Package) -> Iterator[str]:
    """Requirements that hold for a package: those of its metadata, of an extra's package those of the extra."""
    main = built.main
    name, _, extra = one.header.name.partition("+")
    told = {
        r: None for headers in _metadata(one, built.python) for r in headers.get_all("Requires-Dist") or ()
    }
    if main is not None and one is main:
        told |= dict.fromkeys(built.requires)
    elif main is not None and extra and name == main.header.name:
        told = {
            r: None
            for headers in _metadata(main, built.python)
            for r in headers.get_all("Requires-Dist") or ()
        }
    for requirement in told:
        if _holds(requirement, built.python, extra):
            yield requirement.partition(";")[0].strip()


def _holds(requirement: str, python: str, extra: str) -> bool:
    marker = Requirement(requirement).marker
    target = {"python_version": python, "python_full_version": f"{python}.0"}
    if marker is None:
        return not extra
    if extra:
        return marker.evaluate({**target, "extra": extra}) and not marker.evaluate({**target, "extra": ""})
    return marker.evaluate({**target, "extra": ""})


def _metadata(one: Package, python: str) -> Iterator[Message]:
    for member in one.members:
        if (found := METADATA.fullmatch(member.path)) and found["python"] == python:
            yield HeaderParser().parsestr(member.data.decode(errors="replace"))


def _files(built: Subject) -> Iterator[tuple[Package, RpmFile]]:
    return ((one, file) for one in built.packages for file in one.header.files)


def _told(file: RpmFile) -> str:
    kind = "%config(noreplace)" if file.noreplace else "%config" if file.config else "no %config"
    return f"{file.user}:{file.group} {file.mode & 0o7777:04o} {kind}"


def _wanted_config(config: Config) -> str:
    kind = "%config(noreplace)" if config.noreplace else "%config"
    return f"{config.owner}:{config.group} {int(config.mode, 8):04o} {kind}"


def _stale(code: bytes, source: Member) -> bool:
    """Whether Python would compile the source again (PEP 552)."""
    if int.from_bytes(code[4:8], "little") & HASH_BASED:
        return False
    mtime, size = int.from_bytes(code[8:12], "little"), int.from_bytes(code[12:16], "little")
    return mtime != source.mtime & 0xFFFFFFFF or size != len(source.data) & 0xFFFFFFFF


def _error(keyword: str, one: Package, what: str, hint: str = "") -> Finding:
    return Finding(keyword, Severity.ERROR, Place(one.header.nevra), what, hint)
