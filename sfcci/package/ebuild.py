"""Ebuilds: what Gentoo asks of a component, as text, rendered from its description and its source's own metadata.

EAPI 8 with distutils-r1; a release fetches the sdist (pypi.eclass), a live ebuild the repository (git-r3.eclass, no
KEYWORDS). Paths are those of an overlay (PMS 4.3), below `gentoo/` of the project.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.manifest import manifest_text, read_distfile
from sfcci.package.sdist import SdistMetadata
from sfcci.package.spec import agree
from sfcci.package.template import text_templates

if TYPE_CHECKING:
    from jinja2 import Environment

OVERLAY = "gentoo"
"""The overlay's folder in the project."""
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
COVERED = frozenset({"flit-core", "hatchling", "pbr", "pdm-backend", "poetry-core", "setuptools", "wheel"})
"""Build requirements that distutils-r1.eclass brings in itself."""
REMOTES = {"codeberg.org": "codeberg", "github.com": "github", "gitlab.com": "gitlab"}
"""Host of a repository → its type in metadata.xml (remote-id in metadata.xsd, which does not know opendev)."""
MAINTAINER = {"email": "sfcci@sfcci.example.org", "name": "The sfcci developers"}
BASE_FILES = {
    "metadata/layout.conf": (
        "masters = gentoo\n"
        "thin-manifests = true\n"
        "sign-manifests = false\n"
        "manifest-hashes = BLAKE2B SHA512\n"
        "eapis-banned = 0 1 2 3 4 5 6 7\n"
    ),
    "profiles/eapi": "8\n",
    "profiles/repo_name": "sfcci\n",
}
"""What makes a folder an overlay, whatever is in it: path in it → text."""


@dataclass(frozen=True)
class Ebuild:
    """One ebuild's variables, ready for the template; "" or () leaves a line out."""

    years: str
    backend: str
    python_compat: str
    description: str
    homepages: tuple[str, ...]
    license: str
    runtime: tuple[str, ...]
    """Lines of RDEPEND."""
    build: tuple[str, ...]
    """Lines of BDEPEND."""
    keywords: str = ""
    git: str = ""
    """EGIT_REPO_URI of a live ebuild; "" for a release."""
    pypi_name: str = ""
    """The project's name on the index where it is not the package's."""
    pypi_version: str = ""
    """The index's version where pypi.eclass would not find it from PV."""
    folder: str = ""
    """The sdist's folder, told together with `pypi_version`."""
    old_name: bool = False
    """The sdist's name is from before names were normalized (PEP 625)."""


def overlay_files(component: Component, metadata: SdistMetadata, sdist: Path | None) -> dict[str, str]:
    """Give a component's part of the overlay: path in the project → text.

    `sdist` is the file that the release ebuild fetches; without one there is only the live ebuild.
    Raises InputError for what Gentoo has no words for, and when description and source contradict each other.
    """
    agree(component, metadata)
    package = package_name(component)
    path = f"{OVERLAY}/{package}"
    stem = f"{path}/{package.partition('/')[2]}"
    texts = {f"{path}/metadata.xml": metadata_text(component)}
    try:
        if sdist is not None:
            version = dialect.gentoo_version(component.version)
            texts[f"{stem}-{version}.ebuild"] = ebuild_text(release(component, metadata))
            texts[f"{path}/Manifest"] = manifest_text([read_distfile(sdist, component.source.sdist)])
        if component.source.git:
            texts[f"{stem}-9999.ebuild"] = ebuild_text(live(component, metadata))
    except dialect.Inexpressible as error:
        raise InputError(Fault(Place(component.path), str(error))) from None
    return texts


def base_files() -> dict[str, str]:
    """Give the overlay's own files, which no component owns: path in the project → text."""
    return {f"{OVERLAY}/{path}": text for path, text in BASE_FILES.items()}


def package_name(component: Component) -> str:
    """Give category/package: sys-cluster/networking-sfc."""
    return f"{component.gentoo.category}/{canonicalize_name(component.name)}"


def release(component: Component, metadata: SdistMetadata) -> Ebuild:
    """The ebuild of the sdist. A pre-release has no KEYWORDS, so that nobody gets it unasked."""
    name, version, sdist = component.name, component.version, component.source.sdist
    derived = _index_version(dialect.gentoo_version(version)) == version
    return _ebuild(
        component,
        metadata,
        keywords="" if Version(version).is_prerelease else " ".join(component.gentoo.keywords),
        pypi_name="" if name == canonicalize_name(name) else name,
        pypi_version="" if derived else version,
        folder="" if derived else sdist.removesuffix(".tar.gz"),
        old_name=sdist.startswith(f"{name}-") and not sdist.startswith(f"{_normalized(name)}-"),
    )


def live(component: Component, metadata: SdistMetadata) -> Ebuild:
    """The ebuild of the repository's newest state; its dependencies are the newest that are known."""
    return _ebuild(component, metadata, git=component.source.git)


def ebuild_text(ebuild: Ebuild) -> str:
    """Give the file's text."""
    return _templates().get_template("gentoo.ebuild.j2").render(e=ebuild)


def metadata_text(component: Component) -> str:
    """Give metadata.xml (GLEP 68)."""
    template = _templates().get_template("gentoo.metadata.xml.j2")
    lines = component.description.splitlines()
    return template.render(maintainer=MAINTAINER, lines=lines, remote_ids=_remote_ids(component))


def python_compat(requires_python: str) -> str:
    """Give PYTHON_COMPAT's words for a Requires-Python: python3_{12..14}. Raises Inexpressible when none is left."""
    minors = _minors(requires_python)
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


def dependencies(
    requirements: Iterable[str], names: Mapping[str, str], minors: tuple[int, ...] = PYTHON_MINORS
) -> tuple[str, ...]:
    """Give lines for RDEPEND or BDEPEND, by package; what only some Pythons need is asked for those alone."""
    lines: set[tuple[str, str]] = set()
    for requirement in requirements:
        wanted = tuple(m for m in minors if dialect.applies(requirement, _python_environment(m)))
        for atom in dialect.gentoo_atoms(requirement, names) if wanted else ():
            bare = dialect.gentoo_package(Requirement(requirement).name, names)
            lines.add((bare, atom if wanted == minors else _conditional(atom, wanted)))
    return tuple(line for _package, line in sorted(lines))


def _ebuild(component: Component, metadata: SdistMetadata, **given: Any) -> Ebuild:
    """What a release and a live ebuild have in common."""
    names, minors = component.gentoo.names, _minors(metadata.requires_python)
    others = (r for r in metadata.build_requires if canonicalize_name(Requirement(r).name) not in COVERED)
    return Ebuild(
        years=_years(component),
        backend=_backend(metadata.build_backend),
        python_compat=python_compat(metadata.requires_python),
        description=(component.summary or metadata.summary).removesuffix("."),
        homepages=_homepages(component),
        license=dialect.gentoo_license(component.license),
        runtime=dependencies(metadata.requires, names, minors),
        build=dependencies(others, names, minors),
        **given,
    )


def _minors(requires_python: str) -> tuple[int, ...]:
    """A bound such as >=3.12.1 or <3.14 speaks of a whole line: its last patch release is asked."""
    allowed = SpecifierSet(requires_python)
    return tuple(minor for minor in PYTHON_MINORS if allowed.contains(f"3.{minor}.99"))


def _python_environment(minor: int) -> dict[str, str]:
    """The markers of a Python on Gentoo (PEP 508)."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"3.{minor}.99",
        "python_version": f"3.{minor}",
        "sys_platform": "linux",
    }


def _conditional(atom: str, minors: tuple[int, ...]) -> str:
    implementations = " ".join(f"python3_{minor}" for minor in minors)
    return f"$(python_gen_cond_dep '{atom}' {implementations})"


def _backend(name: str) -> str:
    if name not in BACKENDS:
        raise dialect.Inexpressible(
            f"build back end {name!r}: no DISTUTILS_USE_PEP517 is known for it; known are {', '.join(BACKENDS)}"
        )
    return BACKENDS[name]


def _years(component: Component) -> str:
    first, last = component.changelog[-1].date.year, component.changelog[0].date.year
    return str(last) if first == last else f"{first}-{last}"


def _homepages(component: Component) -> tuple[str, ...]:
    """The homepage, and the repository where it is a page too."""
    git = component.source.git
    page = git if git.startswith("http") and not git.endswith(".git") else ""
    return tuple(dict.fromkeys(filter(None, (component.homepage, page))))


def _remote_ids(component: Component) -> list[tuple[str, str]]:
    found = []
    if at := re.match(r"https?://([^/]+)/(.+?)(?:\.git)?/?$", component.source.git):
        found += [(REMOTES[at[1]], at[2])] if at[1] in REMOTES else []
    if not component.source.path:
        found.append(("pypi", component.name))
    return sorted(found)


def _normalized(name: str) -> str:
    return canonicalize_name(name).replace("-", "_")


def _index_version(version: str) -> str:
    """Spell a version as pypi.eclass does from PV: 23.0.0_rc1 → 23.0.0rc1."""
    spellings = {"_alpha": "a", "_beta": "b", "_rc": "rc", "_pre": ".dev", "_p": ".post"}
    for ours, theirs in spellings.items():
        version = version.replace(ours, theirs)
    return version


def _quoted(text: str) -> str:
    r"""Make text stand for itself inside double quotes of bash: \, ", $ and ` lose their meaning."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


@cache
def _templates() -> "Environment":
    return text_templates({"quoted": _quoted, "xml": partial(html.escape, quote=False)})
