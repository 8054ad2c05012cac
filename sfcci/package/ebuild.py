"""Ebuilds: what Gentoo asks of a component, as text, rendered from its description and its source's own metadata.

EAPI 8 with distutils-r1; a release fetches the sdist (pypi.eclass), a live ebuild the repository (git-r3.eclass, no
KEYWORDS). Paths are those of an overlay (PMS 4.3), below `gentoo/` of the project.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.ebuild_dependency import (
    backend,
    build_requirements,
    dependencies,
    python_compat,
    python_minors,
    with_added,
)
from sfcci.package.ebuild_feature import Checks, Flag, Sphinx, checks, flags, sphinx
from sfcci.package.ebuild_install import account_messages, generators, installation
from sfcci.package.manifest import manifest_text
from sfcci.package.sdist import SdistMetadata
from sfcci.package.sdist_known import known_distfile
from sfcci.package.spec import agree
from sfcci.package.spec_feature import check_files
from sfcci.package.template import text_templates

if TYPE_CHECKING:
    from jinja2 import Environment

    from sfcci.package.index import Subject

LIVE = "9999"
"""The version of a live ebuild."""
LONG = 80
"""Characters from which on pkgcheck takes a longdescription for one (RedundantLongDescription)."""
OVERLAY = "gentoo"
"""The overlay's folder in the project."""
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
    flags: tuple[Flag, ...] = ()
    sphinx: Sphinx | None = None
    checks: Checks | None = None
    etc: bool = False
    """What it installs into /usr/etc belongs in /etc."""
    generators: tuple[str, ...] = ()
    """Lines of bash that make configuration files; what they import is asked for when it is built."""
    installation: tuple[str, ...] = ()
    """Lines of bash that install configuration and units; "" is an empty line."""
    systemd: bool = False
    """It has units."""
    messages: tuple[str, ...] = ()
    """What whoever installs it is told, line by line."""
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


def overlay_files(
    component: Component, metadata: SdistMetadata, sdist: Path | None, others: Sequence["Subject"] = ()
) -> dict[str, str]:
    """Give a component's part of the overlay: path in the project → text.

    `sdist` is the file that the release ebuild fetches, checked against its hash; without one there is only the live ebuild. `others` are the
    versions beside the component's own, each with its sdist.
    Raises InputError for what Gentoo has no words for, when description and source contradict each other, and when a source
    lacks a file that the description names.
    """
    released = [(component, metadata, sdist), *((o.component, o.metadata, o.sdist) for o in others)]
    for one, told, _file in released:
        agree(one, told)
        check_files(one, told)
    texts = {f"{package_folder(component)}/metadata.xml": metadata_text(component)}
    try:
        for one, told, file in released:
            if file is not None:
                texts[ebuild_path(component, one.version)] = ebuild_text(release(one, told))
        if component.source.git:
            newest = max((told for _one, told, _file in released), key=lambda told: Version(told.version))
            texts[ebuild_path(component)] = ebuild_text(live(component, newest))
    except dialect.Inexpressible as error:
        raise InputError(Fault(Place(component.path), str(error))) from None
    distfiles = [
        known_distfile(file, one.source.sha256, one.source.sdist)
        for one, _told, file in released
        if file is not None
    ]
    return texts | ({f"{package_folder(component)}/Manifest": manifest_text(distfiles)} if distfiles else {})


def base_files() -> dict[str, str]:
    """Give the overlay's own files, which no component owns: path in the project → text."""
    return {f"{OVERLAY}/{path}": text for path, text in BASE_FILES.items()}


def package_name(component: Component) -> str:
    """Give category/package: sys-cluster/networking-sfc."""
    return f"{component.gentoo.category}/{canonicalize_name(component.name)}"


def package_folder(component: Component) -> str:
    """Give the package's folder in the project: gentoo/sys-cluster/networking-sfc."""
    return f"{OVERLAY}/{package_name(component)}"


def ebuild_path(component: Component, version: str = "") -> str:
    """Give an ebuild's place in the project, for a version (PEP 440), or of the live one. Raises Inexpressible."""
    stem = canonicalize_name(component.name)
    spelled = dialect.gentoo_version(version) if version else LIVE
    return f"{package_folder(component)}/{stem}-{spelled}.ebuild"


def release(component: Component, metadata: SdistMetadata) -> Ebuild:
    """The ebuild of the sdist. A pre-release has no KEYWORDS, so that nobody gets it unasked."""
    name, version, sdist = component.name, component.version, component.source.sdist
    derived = _index_version(dialect.gentoo_version(version)) == version
    return _ebuild(
        component,
        metadata,
        keywords=" ".join(_keywords(component)),
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
    told = component.description
    lines = told.splitlines() if len(" ".join(told.split())) >= LONG else []
    described = sorted(component.gentoo.flags.items())
    remote_ids = _remote_ids(component)
    return template.render(maintainer=MAINTAINER, lines=lines, flags=described, remote_ids=remote_ids)


def _ebuild(component: Component, metadata: SdistMetadata, **given: Any) -> Ebuild:
    """What a release and a live ebuild have in common."""
    names, minors = component.gentoo.names, python_minors(metadata.requires_python)
    return Ebuild(
        years=_years(component),
        backend=backend(metadata.build_backend),
        python_compat=python_compat(metadata.requires_python),
        description=(component.summary or metadata.summary).removesuffix("."),
        homepages=_homepages(component),
        license=dialect.gentoo_license(component.license),
        runtime=dependencies(with_added(metadata.requires, component.gentoo.requires), names, minors),
        build=dependencies(build_requirements(metadata), names, minors),
        flags=flags(component, metadata, minors),
        sphinx=sphinx(component, metadata),
        checks=checks(component, metadata, minors),
        etc=component.gentoo.etc,
        generators=generators(component),
        installation=installation(component),
        systemd=bool(component.services),
        messages=(*component.gentoo.messages, *account_messages(component)),
        **given,
    )


def _keywords(component: Component) -> tuple[str, ...]:
    """Those that the description has for this version alone, else the component's, but none for a pre-release."""
    own = (v.keywords for v in component.gentoo.versions if v.version == component.version)
    if (told := next(own, None)) is not None:
        return told
    return () if Version(component.version).is_prerelease else component.gentoo.keywords


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
        version = version.replace(ours, theirs, 1)
    return version


def _quoted(text: str) -> str:
    r"""Make text stand for itself inside double quotes of bash: \, ", $ and ` lose their meaning."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


@cache
def _templates() -> "Environment":
    return text_templates({"quoted": _quoted, "xml": partial(html.escape, quote=False)})
