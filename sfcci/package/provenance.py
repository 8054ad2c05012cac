"""How packages came to be: an in-toto statement with SLSA's provenance, from which anybody can build them again. Pure.

Sources: in-toto attestation framework, Statement v1; SLSA provenance v1. It carries no time of day: the same build, the same text.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sfcci import __version__
from sfcci.package.sbom import HOME, Bill

SUFFIX = ".provenance.json"
"""The end of its file's name."""


@dataclass(frozen=True)
class Making:
    """What a build was made with."""

    component: str
    archive: str
    """The sdist's file name."""
    archive_sha256: str
    spec_path: str
    """The spec's place in the project."""
    spec: str
    requirements: str
    """The build environment's requirements, a line each, with the hashes that the lock has."""
    macros: Mapping[str, str]
    """RPM macros that were ours: file → text; none where the host has the distribution's own."""
    target: Mapping[str, str]
    """What the target was: profile, Python."""
    builder: str
    """"rpmbuild", "mock" or "copr"."""
    isolation: Mapping[str, str]
    """Where it was built, and with which rpm."""
    without: tuple[str, ...]
    fingerprint: str
    patches: Mapping[str, str] = field(default_factory=dict)
    """Patches and further sources: file → SHA-256."""


def provenance_text(bill: Bill, making: Making) -> str:
    """Give the statement as JSON."""
    return json.dumps(statement(bill, making), indent=2, ensure_ascii=False) + "\n"


def statement(bill: Bill, making: Making) -> dict[str, Any]:
    """Give the statement: its subjects are the RPMs, unsigned."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": rpm.file_name, "digest": {"sha256": rpm.sha256}} for rpm in (bill.source, *bill.binaries)
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{HOME}/build-types/rpm/v1",
                "externalParameters": {
                    "component": making.component,
                    "version": bill.version,
                    "without": list(making.without),
                    **making.target,
                },
                "internalParameters": dict(making.isolation),
                "resolvedDependencies": _dependencies(bill, making),
            },
            "runDetails": {
                "builder": {"id": f"{HOME}/builders/{making.builder}", "version": {"sfcci": __version__}},
                "metadata": {"invocationId": making.fingerprint},
            },
        },
    }


def _dependencies(bill: Bill, making: Making) -> list[dict[str, Any]]:
    texts = {making.spec_path: making.spec, "build environment": making.requirements}
    macros = {f"macros/{name}": text for name, text in sorted(making.macros.items())}
    return [
        {"name": making.archive, "uri": bill.purl, "digest": {"sha256": making.archive_sha256}},
        *({"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(making.patches.items())),
        *({"name": name, "digest": {"sha256": _sha256(text)}} for name, text in {**texts, **macros}.items()),
    ]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
