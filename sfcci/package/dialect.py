"""How each distribution spells the same thing: versions, names, dependencies, licences. Pure: text to text.

PEP 440 is the source of versions; RPM and Gentoo (PMS) order the translated ones as Python orders the originals.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sfcci.errors import EXIT_INPUT, SfcciError
from sfcci.package.component import Component

SEMVER_PARTS = 3
LAST_REVISION = "-r9999"
"""A revision that no ebuild of ::gentoo has."""
GENTOO_SUFFIX = {"a": "_alpha", "b": "_beta", "rc": "_rc"}
GENTOO_NAMES = {
    "neutron": "sys-cluster/neutron",
    "psycopg2": "dev-python/psycopg:2",
    "flit-core": "dev-python/flit-core",
}
"""PEP 503 name → package, where dev-python/<name> is not it; with its slot where others hold something else."""
GENTOO_LICENSES = {
    "AGPL-3.0-only": "AGPL-3",
    "AGPL-3.0-or-later": "AGPL-3+",
    "Apache-2.0": "Apache-2.0",
    "BSD-2-Clause": "BSD-2",
    "BSD-3-Clause": "BSD",
    "GPL-2.0-only": "GPL-2",
    "GPL-2.0-or-later": "GPL-2+",
    "GPL-3.0-only": "GPL-3",
    "GPL-3.0-or-later": "GPL-3+",
    "ISC": "ISC",
    "LGPL-2.1-or-later": "LGPL-2.1+",
    "MIT": "MIT",
    "MPL-2.0": "MPL-2.0",
    "NCSA": "UoI-NCSA",
    "ZPL-2.1": "ZPL",
}
"""SPDX identifier → the file in ::gentoo's licenses."""


class Inexpressible(SfcciError):  # noqa: N818 - says what it is
    """Something that a distribution's format has no words for."""

    exit_status = EXIT_INPUT


def normal_name(name: str) -> str:
    """Give a project's name as PEP 503 compares it: oslo.config and Oslo_Config are oslo-config."""
    return canonicalize_name(name)


def requirement_name(requirement: str) -> str:
    """Give the normal name of the project that a PEP 508 requirement asks for."""
    return canonicalize_name(read_requirement(requirement).name)


def is_requirement(text: str) -> bool:
    """Say whether a text is a requirement as in PEP 508."""
    try:
        read_requirement(text)
    except InvalidRequirement:
        return False
    return True


def is_version(text: str) -> bool:
    """Say whether a text is a version as in PEP 440, without blanks around it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return not re.search(r"\s", text)


def sdist_name(name: str, version: str) -> str:
    """Give an sdist's file name as PEP 625 has it: networking_sfc-23.0.0.tar.gz."""
    return f"{canonicalize_name(name).replace('-', '_')}-{version}.tar.gz"


def rpm_text(text: str) -> str:
    """Give a text as a spec has it, in which % begins a macro."""
    return text.replace("%", "%%")


def rpm_version(version: str) -> str:
    """Spell a version for RPM's Version tag: 23.0.0.0rc1 → 23.0.0~rc1, 1.0.dev5 → 1.0~~dev5, 1.0.post1 → 1.0^post1.

    Shape: no epoch (RPM has a tag of its own for it), no local part. Source: rpm-version(7).
    """
    parsed = Version(version)
    return _release(parsed) + _rpm_suffix(parsed)


def gentoo_version(version: str) -> str:
    """Spell a version as PMS 3.2 has it: 23.0.0.0rc1 → 23.0.0_rc1. Raises Inexpressible (epoch, local part, no version)."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        raise Inexpressible(
            f"version {version}: is none of PEP 440, and no other kind is known here"
        ) from None
    if parsed.epoch or parsed.local:
        raise Inexpressible(f"version {version}: Gentoo's versions have no epoch and no local part")
    text = _release(parsed)
    if parsed.pre:
        text += f"{GENTOO_SUFFIX[parsed.pre[0]]}{parsed.pre[1]}"
    if parsed.post is not None:
        text += f"_p{parsed.post}"
    if parsed.dev is not None:
        # 1.0.dev3 comes before 1.0a0.dev3: alpha and then alpha again sorts before alpha and then pre
        first = parsed.pre is None and parsed.post is None
        text += f"_alpha_alpha{parsed.dev}" if first else f"_pre{parsed.dev}"
    return text


def rpm_source_name(component: Component) -> str:
    """Give the source package's name, as RDO does: python-networking-sfc; an application keeps its own."""
    bare = _bare_name(component)
    return bare if component.kind == "application" else f"python-{bare}"


def rpm_name(component: Component, subpackage: str = "") -> str:
    """Give a binary package's name: python3-networking-sfc, python3-networking-sfc-tests."""
    bare = _bare_name(component)
    name = bare if component.kind == "application" else f"python3-{bare}"
    return f"{name}-{subpackage}" if subpackage else name


def rpm_names(component: Component) -> tuple[str, ...]:
    """Give the names of all binary packages, the main one first."""
    main = rpm_name(component)
    docs = (rpm_doc_name(component),) if component.docs else ()
    parts = (rpm_name(component, part.name) for part in component.subpackages)
    return (main, *(f"{main}+{extra}" for extra in component.extras), *parts, *docs)


def rpm_package(name: str, names: Mapping[str, str] | None = None) -> str:
    """Give the RPM package for a project's name, as Fedora and RDO call it; `names` (PEP 503 name → package) goes first."""
    normal = canonicalize_name(name)
    return (names or {}).get(normal) or f"python3-{normal.removeprefix('python-')}"


def rpm_doc_name(component: Component) -> str:
    """Give the documentation's package: python-networking-sfc-doc, for it is of no one Python."""
    part = component.docs.subpackage if component.docs else "doc"
    return f"{rpm_source_name(component)}-{part}"


def gentoo_name_fault(name: str) -> str:
    """Say why a project's name cannot be a package's; "" when it can. PMS 3.1.2: it does not end as a version does."""
    normal = canonicalize_name(name)
    if found := re.search(r"-\d+[a-z]?(-r\d+)?$", normal):
        return f"{normal} is no package's name in Gentoo: {found[0]} would be its version"
    return ""


def gentoo_package(name: str, names: Mapping[str, str] | None = None) -> str:
    """Give category/package for a project's name; `names` (PEP 503 name → package, perhaps with a slot) goes first."""
    return _gentoo_name(name, names).partition(":")[0]


def gentoo_atoms(
    requirement: str, names: Mapping[str, str] | None = None, use: str = "[${PYTHON_USEDEP}]"
) -> tuple[str, ...]:
    """Give the atoms for a PEP 508 requirement, in a fixed order; `use` follows each package that is no blocker.

    `!=` becomes a blocker, `~=` a glob and a bound, `==x.*` a glob (PMS 8.3). The marker is not asked. Raises Inexpressible.
    """
    parsed = read_requirement(requirement)
    specifiers = sorted(parsed.specifier, key=lambda s: (s.operator, s.version))
    try:
        package, colon, slot = _gentoo_name(parsed.name, names).partition(":")
        after = f"{colon}{slot}{use}"
        atoms = [atom for s in specifiers for atom in _gentoo_bound(s, package, after)]
    except Inexpressible as error:
        raise Inexpressible(f"requirement {requirement!r}: {error}") from None
    return tuple(atoms) or (package + after,)


def gentoo_license(spdx: str) -> str:
    """Give LICENSE for an SPDX expression (AND, OR). Raises Inexpressible for a licence that is not known."""
    words = spdx.replace("(", " ( ").replace(")", " ) ").split()
    unknown = [w for w in words if w not in {"AND", "OR", "(", ")"} and w not in GENTOO_LICENSES]
    if unknown or "(" in words or {"AND", "OR"} <= set(words):
        raise Inexpressible(f"license {spdx!r}: no name in Gentoo is known for {', '.join(unknown) or 'it'}")
    licences = [GENTOO_LICENSES[w] for w in words if w not in {"AND", "OR"}]
    return f"|| ( {' '.join(licences)} )" if "OR" in words else " ".join(licences)


def applies(requirement: str, environment: Mapping[str, str] | None = None, extra: str = "") -> bool:
    """Say whether a requirement's marker holds (for `extra`, "" for none) in `environment`, else in this interpreter's."""
    marker = read_requirement(requirement).marker
    return marker is None or marker.evaluate({**(environment or {}), "extra": extra})


def applies_to_some(requirement: str, minors: Iterable[int]) -> bool:
    """Say whether a requirement's marker holds for one of these Pythons (3.N) on Linux."""
    return any(applies(requirement, python_environment(minor)) for minor in minors)


def python_environment(minor: int) -> dict[str, str]:
    """Give the markers of a Python on Linux (PEP 508)."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"3.{minor}.99",
        "python_version": f"3.{minor}",
        "sys_platform": "linux",
    }


@cache
def read_requirement(requirement: str) -> Requirement:
    """A requirement to read, never to change: each is asked for many times."""
    return Requirement(requirement)


def _gentoo_name(name: str, names: Mapping[str, str] | None) -> str:
    normal = canonicalize_name(name)
    known = (names or {}).get(normal) or GENTOO_NAMES.get(normal)
    if not known and (fault := gentoo_name_fault(normal)):
        raise Inexpressible(f"{fault}; name the package in [gentoo.names]")
    return known or f"dev-python/{normal}"


def _bare_name(component: Component) -> str:
    return canonicalize_name(component.name).removeprefix("python-")


def _release(version: Version) -> str:
    """The numbers. A pre-release 23.0.0.0rc1 belongs to 23.0.0: RPM and PMS would sort 23.0.0.0 above it."""
    numbers = list(version.release)
    while (
        not version.is_postrelease
        and version.is_prerelease
        and len(numbers) > SEMVER_PARTS
        and not numbers[-1]
    ):
        numbers.pop()
    return ".".join(str(number) for number in numbers)


def _rpm_suffix(version: Version) -> str:
    text = "~" + "".join(str(part) for part in version.pre) if version.pre else ""
    if version.post is not None:
        text += f"^post{version.post}"
    if version.dev is not None:
        # 1.0.dev5 comes before 1.0a1: two tildes sort before one
        text += f"~dev{version.dev}" if text else f"~~dev{version.dev}"
    return text


def _gentoo_bound(specifier: Specifier, package: str, use: str) -> list[str]:
    operator, version = specifier.operator, specifier.version
    if version.endswith(".*"):
        prefix = gentoo_version(version.removesuffix(".*"))
        return [f"={package}-{prefix}*{use}" if operator == "==" else f"!={package}-{prefix}*"]
    spelled = gentoo_version(version)
    if operator == "~=":
        # PEP 440 has it so; below the next release, as some write it, are the pre-releases of that one
        parts = ".".join(map(str, Version(version).release[:-1]))
        return [f"={package}-{parts}*{use}", f">={package}-{spelled}{use}"]
    if operator in {"==", "==="}:
        return [f"~{package}-{spelled}{use}"]
    if operator == "!=":
        return [f"!~{package}-{spelled}"]
    # upstream's 1.0 is 1.0-r1 and 1.0-r2 as well: what is beyond it, and what goes up to it, is told by a last revision
    revision = LAST_REVISION if operator in {">", "<="} else ""
    return [f"{operator}{package}-{spelled}{revision}{use}"]
