"""What an ebuild depends on: Python implementations, and requirements (PEP 508) as lines of dependencies (PMS 8)."""

from collections.abc import Iterable, Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sfcci.package import dialect
from sfcci.package.sdist import SdistMetadata

PYTHON_MINORS = (12, 13, 14)
"""Python 3.x as ::gentoo builds for, oldest first (python-utils-r1.eclass)."""
BACKENDS = {
    "flit_core.buildapi": "flit",
    "hatchling.build": "hatchling",
    "pbr.build": "pbr",
    "pdm.backend": "pdm-backend",
    "poetry.core.masonry.api": "poetry",
    "setuptools.build_meta": "setuptools",
    "setuptools.build_meta:__legacy__": "setuptools",
}
"""Build back end of PEP 517 → DISTUTILS_USE_PEP517 (distutils-r1.eclass)."""
COVERED = {
    "flit": ("flit-core",),
    "hatchling": ("hatchling",),
    "pbr": ("pbr", "setuptools", "wheel"),
    "pdm-backend": ("pdm-backend",),
    "poetry": ("poetry-core",),
    "setuptools": ("setuptools", "wheel"),
}
"""DISTUTILS_USE_PEP517 → build requirements that distutils-r1.eclass brings in for it, or that come with those."""


def backend(name: str) -> str:
    """Give DISTUTILS_USE_PEP517 for a back end. Raises Inexpressible for one that is not known."""
    if name not in BACKENDS:
        raise dialect.Inexpressible(
            f"build back end {name!r}: no DISTUTILS_USE_PEP517 is known for it; known are {', '.join(BACKENDS)}"
        )
    return BACKENDS[name]


def python_compat(requires_python: str) -> str:
    """Give PYTHON_COMPAT's words for a Requires-Python: python3_{12..14}. Raises Inexpressible when none is left."""
    minors = python_minors(requires_python)
    if not minors:
        raise dialect.Inexpressible(
            f"Requires-Python {requires_python}: ::gentoo builds for 3.{PYTHON_MINORS[0]} to 3.{PYTHON_MINORS[-1]}"
        )
    first, last = minors[0], minors[-1]
    if first == last:
        return f"python3_{first}"
    span = minors == tuple(range(first, last + 1))
    inner = f"{first}..{last}" if span else ",".join(str(minor) for minor in minors)
    return f"python3_{{{inner}}}"


def python_minors(requires_python: str) -> tuple[int, ...]:
    """Give the Pythons that a Requires-Python allows. A bound as >=3.12.1 speaks of a whole line: its last patch is asked."""
    allowed = SpecifierSet(requires_python)
    return tuple(minor for minor in PYTHON_MINORS if allowed.contains(f"3.{minor}.99"))


def dependencies(
    requirements: Iterable[str],
    names: Mapping[str, str],
    minors: tuple[int, ...] = PYTHON_MINORS,
    extra: str = "",
) -> tuple[str, ...]:
    """Give lines for RDEPEND or BDEPEND, by package; what only some Pythons need is asked for those alone.

    With `extra`, those that this extra adds.
    """
    lines: set[tuple[str, str]] = set()
    for requirement in requirements:
        wanted = _wanted(requirement, minors, extra)
        for atom in dialect.gentoo_atoms(requirement, names) if wanted else ():
            bare = dialect.gentoo_package(dialect.requirement_name(requirement), names)
            lines.add((bare, atom if wanted == minors else _conditional(atom, wanted)))
    return tuple(line for _package, line in sorted(lines))


def with_added(requires: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    """Give a source's requirements and those that Gentoo adds; a lower bound gives way to the added one of its project."""
    higher = {dialect.requirement_name(r): bound for r in added if (bound := _lower_bound(r))}
    if not higher:
        return (*requires, *added)
    left = (r for r in requires if not _is_below(r, higher.get(dialect.requirement_name(r))))
    return (*left, *added)


def build_requirements(metadata: SdistMetadata) -> tuple[str, ...]:
    """Give the build requirements (PEP 508) that distutils-r1.eclass does not bring in itself.

    An sdist that pbr made with setup.py says so by a file of pbr's, and nowhere else.
    """
    covered = COVERED[backend(metadata.build_backend)]
    stated = [r for r in metadata.build_requires if dialect.requirement_name(r) not in covered]
    by_pbr = any(name.endswith(".egg-info/pbr.json") for name in metadata.files)
    if by_pbr and "pbr" not in (*covered, *map(dialect.requirement_name, stated)):
        stated += [r for r in metadata.requires if dialect.requirement_name(r) == "pbr"] or ["pbr"]
    return tuple(stated)


def _lower_bound(requirement: str) -> Version | None:
    """The bound of a requirement that is one lower bound and nothing else."""
    parsed = dialect.read_requirement(requirement)
    (only, *more) = [*parsed.specifier] or [None]
    if more or only is None or only.operator != ">=" or parsed.marker:
        return None
    return Version(only.version)


def _is_below(requirement: str, bound: Version | None) -> bool:
    lower = _lower_bound(requirement) if bound else None
    return lower is not None and bound is not None and lower <= bound


def _wanted(requirement: str, minors: tuple[int, ...], extra: str) -> tuple[int, ...]:
    """The Pythons that need it: always, or only for the extra."""
    always = tuple(m for m in minors if dialect.applies(requirement, dialect.python_environment(m)))
    if not extra:
        return always
    with_it = (m for m in minors if dialect.applies(requirement, dialect.python_environment(m), extra))
    return tuple(m for m in with_it if m not in always)


def _conditional(atom: str, minors: tuple[int, ...]) -> str:
    implementations = " ".join(f"python3_{minor}" for minor in minors)
    return f"$(python_gen_cond_dep '{atom}' {implementations})"
