"""All that is known of a component, for `sfcci package show`: told by its description, read from its source, followed by rule."""

from dataclasses import asdict, dataclass
from typing import Any

from packaging.requirements import Requirement

from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.ebuild import LIVE, package_name
from sfcci.package.macros.python3dist import python3dist
from sfcci.package.package_mask import masks
from sfcci.package.sdist import SdistMetadata


@dataclass(frozen=True)
class Translation:
    """One requirement of the source and what the distributions call it. "" where there is nothing to say."""

    requirement: str
    """PEP 508, as the source has it."""
    rpm: str
    """The dependency that rpm's generators make of it."""
    rpm_package: str
    """The package's name by Fedora's and RDO's rule."""
    gentoo: tuple[str, ...]
    """Atoms; none where Gentoo has no words for it."""
    why: str = ""
    """Why Gentoo has none."""


def translations(component: Component, metadata: SdistMetadata) -> tuple[Translation, ...]:
    """Give every requirement of the source (those of its extras too) in the distributions' words, in its order."""
    return tuple(_translation(component, requirement) for requirement in metadata.requires)


def portrait(component: Component, metadata: SdistMetadata) -> dict[str, Any]:
    """Give what is known as JSON-ready values."""
    return {
        "name": component.name,
        "version": metadata.version,
        "description": component.path,
        "told": told(component),
        "read": read(metadata),
        "rpm": {
            "version": dialect.rpm_version(metadata.version),
            "source": dialect.rpm_source_name(component),
            "packages": dialect.rpm_names(component),
            "provides": component.rpm.provides,
            "requires": component.rpm.requires,
            "recommends": component.rpm.recommends,
        },
        "gentoo": _gentoo(component, metadata)
        if component.gentoo.overlay
        else {"package": "", "version": ""},
        "requirements": [asdict(one) for one in translations(component, metadata)],
    }


def told(component: Component) -> dict[str, Any]:
    """Give what the description says, without what it leaves at its default."""
    return {
        "license": component.license,
        "kind": component.kind,
        "homepage": component.homepage,
        "source": {key: value for key, value in asdict(component.source).items() if value},
        "modules": component.modules,
        "pipeline": component.pipeline,
        "features": component.features,
        "subpackages": [part.name for part in component.subpackages],
        "extras": component.extras,
        "configs": [config.path for config in component.configs],
        "services": [service.name for service in component.services],
        "exceptions": [f"{e.module or e.entry_point}: {e.reason}" for e in component.exceptions],
    }


def read(metadata: SdistMetadata) -> dict[str, Any]:
    """Give what the source says of itself."""
    return {
        "summary": metadata.summary,
        "license": metadata.license or metadata.license_words,
        "requires_python": metadata.requires_python,
        "build_backend": metadata.build_backend,
        "build_requires": metadata.build_requires,
        "programs": metadata.scripts,
        "extras": metadata.extras,
        "license_files": metadata.license_files,
        "requirement_files": sorted(metadata.requirement_files),
    }


def _translation(component: Component, requirement: str) -> Translation:
    bare = Requirement(requirement)
    name = bare.name
    bare.marker = None
    package = dialect.rpm_package(name, component.rpm.names)
    try:
        atoms, why = dialect.gentoo_atoms(str(bare), component.gentoo.names, ""), ""
    except dialect.Inexpressible as error:
        atoms, why = (), str(error)
    return Translation(requirement, python3dist(str(bare)), package, atoms, why)


def _gentoo(component: Component, metadata: SdistMetadata) -> dict[str, Any]:
    """Its package, its ebuilds, what masks them, and the flags that its description tells."""
    told = component.gentoo
    others = [_gentoo_version(one.version) for one in told.versions if one.version != component.version]
    release = [] if component.source.path else [_gentoo_version(metadata.version)]
    flags = {*told.flags, *(["doc"] if component.docs else []), *(["test"] if component.tests else [])}
    return {
        "package": package_name(component),
        "version": _gentoo_version(metadata.version),
        "ebuilds": [*release, *others, *([LIVE] if component.source.git else [])],
        "flags": sorted(flags),
        "masked": _masked(component),
        "requires": told.requires,
        "messages": told.messages,
    }


def _masked(component: Component) -> dict[str, str]:
    try:
        return {mask.atom: mask.reason for mask in masks(component)}
    except dialect.Inexpressible:
        return {}


def _gentoo_version(version: str) -> str:
    try:
        return dialect.gentoo_version(version)
    except dialect.Inexpressible:
        return ""
