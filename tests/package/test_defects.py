"""Seeded defects: each of them is found in a spoilt package by the check that should find it, with ours or with pkgcheck.

The good package and the overlay around it are made here; the master is the minimal one. All lie in one overlay, so that
one scan judges them.
"""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.finding import Severity
from sfcci.package import overlay, stand_in
from sfcci.package.ebuild import base_files

REPOSITORY = Path(__file__).parents[2]
SDIST = b"the octets of an archive\n"
EBUILD = """\
# Copyright 2024-2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=flit
PYPI_PN="sample"
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="Prints one line"
HOMEPAGE="https://sample.example.org"

LICENSE="MIT"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	>=dev-python/packaging-20[${PYTHON_USEDEP}]
	>=dev-python/pbr-4.0.0[${PYTHON_USEDEP}]
"
"""
LIVE = (
    EBUILD.replace("distutils-r1 pypi", "distutils-r1 git-r3")
    .replace('PYPI_PN="sample"\n', "")
    .replace('KEYWORDS="~amd64 ~arm64"\n', "")
    .replace("\n\nLICENSE", '\nEGIT_REPO_URI="https://sample.example.org/sample.git"\n\nLICENSE')
)
METADATA = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE pkgmetadata SYSTEM "https://www.gentoo.org/dtd/metadata.dtd">
<pkgmetadata>
	<maintainer type="person">
		<email>sfcci@sfcci.example.org</email>
		<name>The sfcci developers</name>
	</maintainer>
	<upstream>
		<remote-id type="pypi">sample</remote-id>
	</upstream>
</pkgmetadata>
"""
MANIFEST = (
    f"DIST sample-1.0.tar.gz {len(SDIST)} BLAKE2B {hashlib.blake2b(SDIST).hexdigest()} "
    f"SHA512 {hashlib.sha512(SDIST).hexdigest()}\n"
)
SYSTEMD = 'src_install() {\n\tdistutils-r1_src_install\n\tsystemd_dounit "${FILESDIR}"/sample.service\n}\n'
RELEASE, MANIFEST_FILE, METADATA_FILE = "{name}-1.0.ebuild", "Manifest", "metadata.xml"


def replaced(old, new, file=RELEASE):
    def spoil(folder):
        path = folder / file.format(name=folder.name)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return spoil


def added(text, file=RELEASE):
    def spoil(folder):
        path = folder / file.format(name=folder.name)
        path.write_text(path.read_text() + text)

    return spoil


def written(file, text):
    def spoil(folder):
        path = folder / file.format(name=folder.name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    return spoil


def without(file):
    return lambda folder: (folder / file).unlink()


def needs(line):
    return replaced("\t>=dev-python/pbr-4.0.0[${PYTHON_USEDEP}]\n", f"\t{line}\n")


def has(line):
    """A line below SLOT."""
    return replaced('KEYWORDS="~amd64 ~arm64"\n', f'KEYWORDS="~amd64 ~arm64"\n{line}\n')


PKGCHECK = {
    "a syntax error of bash": (added("src_test() {\n"), "SourcingError"),
    "a licence that is not there": (replaced('"MIT"', '"MIT-9"'), "UnknownLicense"),
    "no licence": (replaced('LICENSE="MIT"\n', ""), "MissingLicense"),
    "an empty licence": (replaced('"MIT"', '""'), "MissingLicense"),
    "a bound without a version": (needs(">=dev-python/pbr"), "InvalidRdepend"),
    "a bound without a version, to build": (added('BDEPEND=">=dev-python/pbr"\n'), "InvalidBdepend"),
    "a version that is not there": (needs(">=dev-python/pbr-4000[${PYTHON_USEDEP}]"), "NonexistentDeps"),
    "a package that is not there": (needs("dev-python/pbrr[${PYTHON_USEDEP}]"), "NonexistentDeps"),
    "a flag that the dependency has not": (
        needs("dev-python/pbr[fancy,${PYTHON_USEDEP}]"),
        "NonsolvableDepsInStable",
    ),
    "a condition on an unknown flag": (needs("fancy? ( dev-python/pbr[${PYTHON_USEDEP}] )"), "UnstatedIuse"),
    "a flag that nothing describes": (has('IUSE="fancy"'), "UnknownUseFlags"),
    "a described flag that is not there": (
        replaced("\t<upstream>", '\t<use>\n\t\t<flag name="fancy">Fancy</flag>\n\t</use>\n\t<upstream>', METADATA_FILE),
        "UnusedLocalUse",
    ),
    "a live ebuild with keywords": (
        replaced('SLOT="0"', 'SLOT="0"\nKEYWORDS="~amd64"', "{name}-9999.ebuild"),
        "VisibleVcsPkg",
    ),
    "a Manifest with a stray file": (added("DIST stray.tar.gz 1 BLAKE2B aa SHA512 bb\n", MANIFEST_FILE), "UnknownManifest"),
    "no Manifest": (without(MANIFEST_FILE), "MissingManifest"),
    "metadata.xml that is no XML": (replaced("</upstream>", "", METADATA_FILE), "PkgBadlyFormedXml"),
    "a kind of upstream that is unknown": (replaced('"pypi"', '"nowhere"', METADATA_FILE), "PkgInvalidXml"),
    "a banned EAPI": (replaced("EAPI=8", "EAPI=7"), "SourcingError"),
    "no EAPI": (replaced("EAPI=8\n", ""), "SourcingError"),
    "an unquoted path": (added("src_install() {\n\tmkdir ${D}/x || die\n}\n"), "UnquotedVariable"),
    "an eclass that is not there": (replaced("distutils-r1 pypi", "distutils-r1 pypi nosuch"), "SourcingError"),
    "a variable in HOMEPAGE": (replaced("https://sample.", "https://${PN}."), "ReferenceInMetadataVar"),
    "an empty HOMEPAGE": (replaced("https://sample.example.org", ""), "BadHomepage"),
    "only retired Pythons": (replaced("python3_{12..14}", "python3_{8..9}"), "SourcingError"),
    "a description without end": (replaced('DESCRIPTION="', 'DESCRIPTION="' + "long " * 20), "BadDescription"),
    "no description": (replaced('DESCRIPTION="Prints one line"\n', ""), "BadDescription"),
    "no slot": (replaced('SLOT="0"\n', ""), "InvalidSlot"),
    "an unknown build back end": (replaced("PEP517=flit", "PEP517=nosuch"), "SourcingError"),
    "REQUIRED_USE with an unknown flag": (has('REQUIRED_USE="fancy"'), "UnstatedIuse"),
    "REQUIRED_USE that the defaults break": (has('IUSE="debug"\nREQUIRED_USE="debug"'), "RequiredUseDefaults"),
    "REQUIRED_USE that is none": (has('IUSE="debug"\nREQUIRED_USE="|| debug"'), "InvalidRequiredUse"),
    "a flag test that restricts nothing": (has('IUSE="test"'), "MissingTestRestrict"),
    "an unknown architecture": (replaced("~arm64", "~vax"), "UnknownKeywords"),
    "an unknown restriction": (has('RESTRICT="nosuch"'), "UnknownRestrict"),
    "an unknown property": (has('PROPERTIES="nosuch"'), "UnknownProperties"),
    "an unknown mirror": (has('SRC_URI+=" mirror://nosuch/sample-1.0.tar.gz"'), "UnknownMirror"),
    "a protocol that nothing fetches": (has('SRC_URI+=" gopher://x.example.org/sample-1.0.tar.gz"'), "BadProtocol"),
    "a command that the EAPI has not": (added("src_test() {\n\tdohtml index.html\n}\n"), "BannedEapiCommand"),
    "one version twice": (written("{name}-1.0-r0.ebuild", EBUILD), "EqualVersions"),
    "an empty file": (written("files/empty.patch", ""), "EmptyFile"),
    "a folder of the build in global scope": (has('HERE="${D}"'), "VariableScope"),
}  # fmt: skip
"""What is wrong → how to spoil a good package so, and pkgcheck's word for it."""
OURS = {
    "a flag that a phase asks for": (added("src_test() {\n\tuse zebra && die\n}\n"), "UseNotInIuse"),
    "a flag in a substitution": (added('src_test() {\n\tx="$(usex zebra a b)"\n}\n'), "UseNotInIuse"),
    "another file than the Manifest says": (
        replaced(" SHA512 ", " SHA512 0", MANIFEST_FILE),
        "ManifestMismatch",
    ),
    "another size than the Manifest says": (
        replaced(f" {len(SDIST)} ", f" {len(SDIST) + 1} ", MANIFEST_FILE),
        "ManifestMismatch",
    ),
    "a Manifest with one hash of two": (
        written(MANIFEST_FILE, MANIFEST.partition(" SHA512")[0] + "\n"),
        "ManifestInvalid",
    ),
    "a line that no Manifest has": (added("DIST sample 12 monkeys\n", MANIFEST_FILE), "ManifestInvalid"),
    "nobody who looks after it": (
        written(METADATA_FILE, METADATA.replace("maintainer", "upstream", 2)),
        "MaintainerMissing",
    ),
    "no metadata.xml": (without(METADATA_FILE), "MaintainerMissing"),
    "a dependency for any Python": (needs(">=dev-python/pbr-4.0.0"), "PythonUsedepMissing"),
    "no copyright": (replaced("# Copyright 2024-2026 The sfcci developers\n", ""), "CopyrightHeader"),
    "a copyright that ends before it begins": (replaced("2024-2026", "2026-2024"), "CopyrightHeader"),
    "no terms": (replaced("# Distributed under", "# Handed out under"), "CopyrightHeader"),
    "a slot that is not said": (needs("dev-lang/python"), "SlotOperatorMissing"),
    "a unit without its eclass": (added(SYSTEMD), "InheritMissing"),
    "a version that PMS has not": (written("{name}-2.0.0rc1.ebuild", EBUILD), "InvalidEbuildName"),
    "an ebuild of another package": (written("other-1.0.ebuild", EBUILD), "InvalidEbuildName"),
}
"""The same for the lints of our own, which pkgcheck has not."""
REPOSITORY_WIDE = {
    "a mask of a package that is not there": "UnknownProfilePackage",
    "a mask of a version that is not there": "MaskUnused",
    "a category that is declared nowhere": "UnknownCategoryDirs",
    "a mask that is none": "ProfileError",
}
"""What is wrong with the repository → the word for it."""
MASK = "# that are not there\n=dev-python/good-7\ndev-python/nosuch\n>=dev-python/good\n"


def folder_name(seed):
    return "seed-" + "-".join("".join(char if char.isalnum() else " " for char in seed.lower()).split())


def write_package(folder):
    folder.mkdir(parents=True)
    texts = {f"{folder.name}-1.0.ebuild": EBUILD, f"{folder.name}-9999.ebuild": LIVE, MANIFEST_FILE: MANIFEST}
    for name, text in {**texts, METADATA_FILE: METADATA}.items():
        (folder / name).write_text(text)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What is found in an overlay with one spoilt package per defect, and a good one."""
    folder = tmp_path_factory.mktemp("defects")
    root = folder / "gentoo"
    for path, text in base_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (root / "profiles" / "package.mask").write_text(MASK)
    write_package(root / "no-category" / "good")
    write_package(root / "dev-python" / "good")
    for seed, (spoil, _keyword) in {**PKGCHECK, **OURS}.items():
        package = root / "dev-python" / folder_name(seed)
        write_package(package)
        spoil(package)
    (folder / "distfiles").mkdir()
    (folder / "distfiles" / "sample-1.0.tar.gz").write_bytes(SDIST)
    own = settings.load(REPOSITORY)
    master = stand_in.prepare_master(folder / "master")
    given = dataclasses.replace(own, project=folder, gentoo=settings.Gentoo(repo=str(master)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlay, "SYSTEM_DISTFILES", folder / "distfiles")
        return overlay.scan_overlay(given)


@pytest.fixture(scope="module")
def found(report):
    """Package's folder ("" for the repository) → the keywords of what is found there, but remarks."""
    told = {}
    for finding in report.findings:
        if finding.severity is not Severity.INFO:
            parts = Path(finding.place.path).parts
            name = parts[2] if len(parts) > 2 and parts[1] == "dev-python" else ""
            told.setdefault(name, set()).add(finding.keyword)
    return told


pytestmark = pytest.mark.distro


@pytest.mark.parametrize("seed", PKGCHECK)
def test_pkgcheck_finds(found, seed):
    assert PKGCHECK[seed][1] in found[folder_name(seed)]


@pytest.mark.parametrize("seed", OURS)
def test_our_own_lints_find(report, seed):
    (finding,) = {
        f.keyword: f
        for f in report.findings
        if f.keyword == OURS[seed][1] and folder_name(seed) in f.place.path
    }.values()
    assert finding.severity is Severity.ERROR
    assert finding.hint


@pytest.mark.parametrize("seed", REPOSITORY_WIDE)
def test_faults_of_the_repository_are_found(found, seed):
    assert REPOSITORY_WIDE[seed] in found[""]


def test_a_good_package_beside_spoilt_ones_stays_good(found):
    assert found.get("good", set()) == set()


def test_there_are_as_many_defects_as_we_say():
    assert len({**PKGCHECK, **OURS, **REPOSITORY_WIDE}) >= 49


def test_a_finding_of_pkgcheck_knows_the_line(report):
    finding = next(f for f in report.findings if f.keyword == "UnquotedVariable")
    assert finding.place.line == len(EBUILD.splitlines()) + 2


def test_a_finding_of_ours_tells_place_reason_and_what_to_do(report):
    (finding,) = (f for f in report.findings if f.keyword == "SlotOperatorMissing")
    name = folder_name("a slot that is not said")
    line = EBUILD.splitlines().index("\t>=dev-python/pbr-4.0.0[${PYTHON_USEDEP}]") + 1
    assert str(finding.place) == f"gentoo/dev-python/{name}/{name}-1.0.ebuild:{line}"
    assert finding.what == "dev-lang/python has the slots 3.12, 3.13, 3.14, and none is asked for"
    assert finding.hint == "write dev-lang/python:SLOT, := for the one that it is built against, :* for any"
