"""Bills of materials (CycloneDX 1.6, SPDX 2.3) of one build, made from its RPMs' headers. Pure: the same packages, the same text.

Sources: ECMA-424 (CycloneDX); the SPDX specification 2.3; purl-spec for the names of packages.
"""

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sfcci import __version__
from sfcci.package.checks import ATOM
from sfcci.package.headers import RpmFile, RpmHeader

HOME = "https://sfcci.example.org"
FORMATS = ("cyclonedx", "spdx")
SUFFIX = {"cyclonedx": ".cdx.json", "spdx": ".spdx.json"}
"""Format → the end of its file's name."""
CYCLONEDX_HASHES = {
    "MD5": "MD5",
    "SHA1": "SHA-1",
    "SHA256": "SHA-256",
    "SHA384": "SHA-384",
    "SHA512": "SHA-512",
}
PATCHES = (".patch", ".diff")
PACKAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
Document = dict[str, Any]


@dataclass(frozen=True)
class BuiltRpm:
    """One RPM as a file: its name, its SHA-256 in hex, what it says of itself."""

    file_name: str
    sha256: str
    header: RpmHeader

    @property
    def purl(self) -> str:
        """Its package URL."""
        header = self.header
        epoch = "" if header.epoch is None else f"&epoch={header.epoch}"
        version = quote(f"{header.version}-{header.release}", safe="")
        return f"pkg:rpm/{quote(header.name)}@{version}?arch={header.arch}{epoch}"


@dataclass(frozen=True)
class Bill:
    """What a bill of materials tells of: the RPMs of one build, and the project that they are made of."""

    source: BuiltRpm
    binaries: tuple[BuiltRpm, ...]
    project: str
    """The project's name, as PyPI has it."""
    version: str
    """PEP 440."""

    @property
    def name(self) -> str:
        """NAME-VERSION-RELEASE of the source package."""
        header = self.source.header
        return f"{header.name}-{header.version}-{header.release}"

    @property
    def created(self) -> str:
        """The moment that the packages themselves name as that of their build (ISO 8601, UTC)."""
        return dt.datetime.fromtimestamp(self.source.header.build_time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def purl(self) -> str:
        """The project's package URL."""
        return f"pkg:pypi/{self.project.lower()}@{quote(self.version, safe='')}"

    @property
    def archives(self) -> tuple[RpmFile, ...]:
        """What the source package holds besides its spec and patches: the project's sdist."""
        apart = (".spec", *PATCHES)
        return tuple(file for file in self.source.header.files if not file.path.endswith(apart))

    @property
    def patches(self) -> tuple[RpmFile, ...]:
        """The patches in the source package."""
        return tuple(file for file in self.source.header.files if file.path.endswith(PATCHES))

    def identity(self) -> uuid.UUID:
        """An identifier that changes with any octet of the packages, and with the tool."""
        rpms = (self.source, *self.binaries)
        return uuid.uuid5(uuid.NAMESPACE_URL, " ".join([HOME, __version__, *(rpm.sha256 for rpm in rpms)]))


@dataclass(frozen=True)
class Need:
    """Something that a package requires and that is not of its build."""

    text: str
    """As rpm has it: python3.11dist(neutron) >= 27~b1."""
    name: str
    purl: str
    """"" for what is no package: a file, a capability."""


def sbom_text(bill: Bill, format_: str) -> str:
    """Give the document in one of `FORMATS`, as JSON."""
    document = cyclonedx(bill) if format_ == "cyclonedx" else spdx(bill)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def needs(bill: Bill, rpm: BuiltRpm) -> tuple[tuple[BuiltRpm, ...], tuple[Need, ...]]:
    """Give what an RPM requires: packages of the same build, and everything else, each name once."""
    siblings = {one.header.name: one for one in bill.binaries}
    own: dict[str, BuiltRpm] = {}
    others: dict[str, Need] = {}
    for text in rpm.header.requires:
        if sibling := siblings.get(text.split(" ")[0]):
            own[sibling.header.name] = sibling
            continue
        for need in _needs(text):
            others.setdefault(need.name, need)
    return tuple(own.values()), tuple(others.values())


def cyclonedx(bill: Bill) -> Document:
    """Give a CycloneDX 1.6 document: the source package, what is built from it with its files, what that requires."""
    required = {need.name: need for rpm in bill.binaries for need in needs(bill, rpm)[1]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{bill.identity()}",
        "version": 1,
        "metadata": {
            "timestamp": bill.created,
            "tools": {"components": [{"type": "application", "name": "sfcci", "version": __version__}]},
            "component": {
                **_cyclonedx_rpm(bill.source, "application"),
                "pedigree": _pedigree(bill),
            },
        },
        "components": [
            *(
                _cyclonedx_rpm(rpm, "library") | {"components": list(_cyclonedx_files(rpm))}
                for rpm in bill.binaries
            ),
            *(_cyclonedx_need(need) for _, need in sorted(required.items())),
        ],
        "dependencies": [
            {"ref": bill.source.purl, "dependsOn": [rpm.purl for rpm in bill.binaries]},
            *({"ref": rpm.purl, "dependsOn": _depends(bill, rpm)} for rpm in bill.binaries),
        ],
    }


def spdx(bill: Bill) -> Document:
    """Give an SPDX 2.3 document: the packages and how they hang together. Files are in the RPMs' own headers."""
    required = {need.name: need for rpm in bill.binaries for need in needs(bill, rpm)[1]}
    described = [bill.source, *bill.binaries]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": f"{HOME}/spdx/{quote(bill.name)}-{bill.identity()}",
        "creationInfo": {"created": bill.created, "creators": [f"Tool: sfcci-{__version__}"]},
        "packages": [
            *(_spdx_rpm(rpm) for rpm in described),
            *(_spdx_source(bill, file) for file in (*bill.archives, *bill.patches)),
            *(_spdx_need(need) for _, need in sorted(required.items())),
        ],
        "relationships": [
            *(_relation("SPDXRef-DOCUMENT", "DESCRIBES", _spdx_id(rpm.file_name)) for rpm in described),
            *(
                _relation(_spdx_id(rpm.file_name), "GENERATED_FROM", _spdx_id(bill.source.file_name))
                for rpm in bill.binaries
            ),
            *(
                _relation(_spdx_id(bill.source.file_name), "CONTAINS", _spdx_id(file.path))
                for file in (*bill.archives, *bill.patches)
            ),
            *_spdx_dependencies(bill),
        ],
    }


def _needs(text: str) -> Iterator[Need]:
    """What one Requires names: projects out of a rich one, too."""
    projects = {match["project"] for match in ATOM.finditer(text)}
    for project in sorted(projects):
        yield Need(text, project, f"pkg:pypi/{project}")
    if not projects:
        name = text.split(" ", maxsplit=1)[0]
        yield Need(text, name, f"pkg:rpm/{quote(name)}" if PACKAGE_NAME.fullmatch(name) else "")


def _depends(bill: Bill, rpm: BuiltRpm) -> list[str]:
    own, others = needs(bill, rpm)
    return sorted([*(one.purl for one in own), *(_cyclonedx_ref(need) for need in others)])


def _pedigree(bill: Bill) -> Document:
    """What the source package is made of: the project's sdist, and patches."""
    patches = [{"type": "unofficial", "diff": {"url": file.path}} for file in bill.patches]
    return {"ancestors": list(_ancestors(bill)), **({"patches": patches} if patches else {})}


def _ancestors(bill: Bill) -> Iterator[Document]:
    for file in bill.archives:
        yield {
            "type": "library",
            "name": bill.project,
            "version": bill.version,
            "purl": bill.purl,
            "hashes": _cyclonedx_hashes(file, bill.source.header),
            "properties": [{"name": "sfcci:file", "value": file.path}],
        }


def _cyclonedx_rpm(rpm: BuiltRpm, kind: str) -> Document:
    header = rpm.header
    return {
        "type": kind,
        "bom-ref": rpm.purl,
        "name": header.name,
        "version": header.evr,
        "description": header.summary,
        "hashes": [{"alg": "SHA-256", "content": rpm.sha256}],
        "licenses": [{"expression": header.license}],
        "purl": rpm.purl,
        "externalReferences": [{"type": "website", "url": header.url}],
        "properties": [{"name": "sfcci:file", "value": rpm.file_name}],
    }


def _cyclonedx_files(rpm: BuiltRpm) -> Iterator[Document]:
    for file in rpm.header.files:
        if file.is_regular and file.digest:
            yield {
                "type": "file",
                "bom-ref": f"{rpm.purl}#{quote(file.path.lstrip('/'))}",
                "name": file.path,
                "hashes": _cyclonedx_hashes(file, rpm.header),
            }


def _cyclonedx_hashes(file: RpmFile, header: RpmHeader) -> list[Document]:
    return [{"alg": CYCLONEDX_HASHES[header.digest_algorithm], "content": file.digest}]


def _cyclonedx_need(need: Need) -> Document:
    return {
        "type": "library",
        "bom-ref": _cyclonedx_ref(need),
        "name": need.name,
        **({"purl": need.purl} if need.purl else {}),
        "properties": [{"name": "sfcci:requires", "value": need.text}],
    }


def _cyclonedx_ref(need: Need) -> str:
    return need.purl or f"requires:{need.name}"


def _spdx_rpm(rpm: BuiltRpm) -> Document:
    header = rpm.header
    return {
        **_spdx_package(rpm.file_name, header.name, rpm.purl, header.license),
        "versionInfo": header.evr,
        "packageFileName": rpm.file_name,
        "homepage": header.url,
        "summary": header.summary,
        "checksums": [{"algorithm": "SHA256", "checksumValue": rpm.sha256}],
    }


def _spdx_source(bill: Bill, file: RpmFile) -> Document:
    """The project's sdist, or a patch."""
    algorithm, licence = bill.source.header.digest_algorithm, bill.source.header.license
    if file in bill.archives:
        told = {**_spdx_package(file.path, bill.project, bill.purl, licence), "versionInfo": bill.version}
    else:
        told = _spdx_package(file.path, file.path, "")
    return {
        **told,
        "packageFileName": file.path,
        "checksums": [{"algorithm": algorithm, "checksumValue": file.digest}],
    }


def _spdx_need(need: Need) -> Document:
    return {
        **_spdx_package(f"requires {need.name}", need.name, need.purl),
        "comment": f"Requires: {need.text}",
    }


def _spdx_package(key: str, name: str, purl: str, licence: str = "NOASSERTION") -> Document:
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    return {
        "SPDXID": _spdx_id(key),
        "name": name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        **({"externalRefs": [reference]} if purl else {}),
    }


def _spdx_dependencies(bill: Bill) -> Iterator[Document]:
    for rpm in bill.binaries:
        own, others = needs(bill, rpm)
        targets: Sequence[str] = [
            *(one.file_name for one in own),
            *(f"requires {need.name}" for need in others),
        ]
        yield from (
            _relation(_spdx_id(rpm.file_name), "DEPENDS_ON", _spdx_id(target)) for target in sorted(targets)
        )


def _spdx_id(key: str) -> str:
    """An identifier of letters, digits, "." and "-"; a hash keeps apart what these letters cannot."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", key)
    mark = "" if plain == key else f"-{uuid.uuid5(uuid.NAMESPACE_URL, key).hex[:8]}"
    return f"SPDXRef-{plain}{mark}"


def _relation(one: str, kind: str, other: str) -> Document:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
