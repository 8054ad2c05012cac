"""Bills of materials and provenance: valid by the formats' own validators, true to the packages, the same every time."""

import hashlib
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sfcci import command, environment, settings
from sfcci.cli.package import package
from sfcci.environment import EnvironmentSpec
from sfcci.errors import Unreachable, UsageError
from sfcci.package import provenance, run
from sfcci.package.headers import LICENSE, RpmFile, RpmHeader
from sfcci.package.provenance import Making
from sfcci.package.sbom import FORMATS, Bill, BuiltRpm, needs, sbom_text
from sfcci.package.work import Order

VALIDATORS = EnvironmentSpec(
    "sbom-validators", ("cyclonedx-python-lib[json-validation]==11.12.0", "spdx-tools==0.8.5")
)
CYCLONEDX = """\
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[1:]:
    print(validator.validate_str(open(path).read()) or "valid")
"""
SPDX = """\
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
for path in sys.argv[1:]:
    found = validate_full_spdx_document(parse_file(path))
    print([message.validation_message for message in found] or "valid")
"""


def header(name, **changes):
    given = {
        "summary": "A sample",
        "license": "MIT",
        "url": "https://sample.example.org",
        "build_time": 86400,
    }
    source = "" if changes.get("arch") == "src" else "python-sample-1~rc1-2.src.rpm"
    return RpmHeader(name, None, "1~rc1", "2", **{"arch": "noarch", "source_rpm": source, **given, **changes})


@pytest.fixture
def bill():
    archive = RpmFile("sample-1.0rc1.tar.gz", 0o100644, "root", "root", 7, "ab" * 32)
    spec = RpmFile("python-sample.spec", 0o100644, "root", "root", 7, "cd" * 32)
    patch = RpmFile("fix.patch", 0o100644, "root", "root", 7, "01" * 32)
    source = header("python-sample", arch="src", files=(spec, archive, patch))
    main = header(
        "python3-sample",
        requires=(
            "(python3.11dist(a) >= 1 with python3.11dist(a) < 2)",
            "/usr/bin/python3",
            "openvswitch",
            "python(abi) = 3.11",
        ),
        files=(RpmFile("/usr/lib/LICENSE", 0o100644, "root", "root", 1, "ef" * 32, LICENSE),),
    )
    tests = replace(header("python3-sample-tests"), epoch=1, requires=("python3-sample = 1~rc1-2",))
    rpms = [BuiltRpm(f"{h.nevra}.rpm", f"{number}" * 64, h) for number, h in enumerate((source, main, tests))]
    return Bill(rpms[0], tuple(rpms[1:]), "Sample", "1.0rc1")


def test_what_a_package_requires_is_told_once_by_kind(bill):
    own, others = needs(bill, bill.binaries[0])
    assert own == ()
    assert [(need.name, need.purl) for need in others] == [
        ("a", "pkg:pypi/a"),
        ("/usr/bin/python3", ""),
        ("openvswitch", "pkg:rpm/openvswitch"),
        ("python(abi)", ""),
    ]
    own, others = needs(bill, bill.binaries[1])
    assert ([one.header.name for one in own], others) == (["python3-sample"], ())


def test_packages_files_and_what_they_require_are_in_a_cyclonedx_document(bill):
    document = json.loads(sbom_text(bill, "cyclonedx"))
    main = document["components"][0]
    assert main["purl"] == "pkg:rpm/python3-sample@1~rc1-2?arch=noarch"
    assert document["components"][1]["purl"].endswith("?arch=noarch&epoch=1")
    assert main["components"][0]["name"] == "/usr/lib/LICENSE"
    assert main["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "ef" * 32}]
    pedigree = document["metadata"]["component"]["pedigree"]
    assert pedigree["patches"] == [{"type": "unofficial", "diff": {"url": "fix.patch"}}]
    (ancestor,) = pedigree["ancestors"]
    assert (ancestor["purl"], ancestor["hashes"][0]["content"]) == ("pkg:pypi/sample@1.0rc1", "ab" * 32)
    refs = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert refs[document["components"][1]["bom-ref"]] == [main["bom-ref"]]
    assert document["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"


def test_identifiers_of_an_spdx_document_are_apart(bill):
    document = json.loads(sbom_text(bill, "spdx"))
    ids = [one["SPDXID"] for one in document["packages"]]
    assert len(ids) == len(set(ids))
    known = {*ids, "SPDXRef-DOCUMENT"}
    for relation in document["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known


def test_a_document_is_another_when_a_package_is(bill):
    changed = replace(bill, source=replace(bill.source, sha256="9" * 64))
    for format_ in FORMATS:
        assert sbom_text(bill, format_) == sbom_text(bill, format_)
        assert sbom_text(bill, format_) != sbom_text(changed, format_)


def test_provenance_names_what_it_was_made_of(bill):
    making = Making(
        "sample",
        "sample-1.0rc1.tar.gz",
        "ab" * 32,
        "rpm/python-sample.spec",
        "Name: python-sample\n",
        "flit_core==3\n",
        {"macros.python": "%a b\n"},
        {"profile": "host", "python": "3.11"},
        "rpmbuild",
        {"place": "without a network", "rpm": "4.18"},
        ("doc",),
        "f" * 64,
        {"fix.patch": "01" * 32},
    )
    told = provenance.statement(bill, making)
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert [one["name"] for one in told["subject"]] == [
        "python-sample-1~rc1-2.src.rpm",
        "python3-sample-1~rc1-2.noarch.rpm",
        "python3-sample-tests-1:1~rc1-2.noarch.rpm",
    ]
    definition = told["predicate"]["buildDefinition"]
    digests = {one["name"]: one["digest"]["sha256"] for one in definition["resolvedDependencies"]}
    assert digests["sample-1.0rc1.tar.gz"] == "ab" * 32
    assert digests["rpm/python-sample.spec"] == hashlib.sha256(b"Name: python-sample\n").hexdigest()
    assert set(digests) >= {"build environment", "macros/macros.python"}
    assert digests["fix.patch"] == "01" * 32
    assert definition["externalParameters"]["without"] == ["doc"]


@pytest.fixture(scope="module")
def validators(cache_dir):
    try:
        return environment.ensure(VALIDATORS, cache_dir)
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.mark.distro
@pytest.mark.parametrize(("format_", "code"), [("cyclonedx", CYCLONEDX), ("spdx", SPDX)])
def test_a_document_with_patches_and_odd_names_is_valid(bill, validators, tmp_path, format_, code):
    (tmp_path / f"bill.{format_}.json").write_text(sbom_text(bill, format_))
    done = command.run([validators.python, "-Ic", code, tmp_path / f"bill.{format_}.json"], timeout_s=120)
    assert done.stdout == "valid\n"


@pytest.mark.distro
@pytest.mark.parametrize(("suffix", "code"), [(".cdx.json", CYCLONEDX), (".spdx.json", SPDX)])
def test_the_formats_own_validators_accept_every_document(built_catalogue, validators, suffix, code):
    documents = sorted((built_catalogue.settings.state / "packages").glob(f"*/current/*{suffix}"))
    assert len(documents) == len(built_catalogue.report.components)
    done = command.run([validators.python, "-Ic", code, *documents], timeout_s=120)
    assert done.stdout.splitlines() == ["valid"] * len(documents)


@pytest.mark.distro
def test_documents_beside_the_packages_are_true_and_the_same_when_built_again(
    project, tmp_path, cache_dir, monkeypatch
):
    files = []
    for name in ("one", "other"):
        state = {"SFCCI_RUN_STATE": str(tmp_path / name), "SFCCI_RUN_CACHE": str(cache_dir)}
        (report,) = run.build_packages(
            settings.load(project, state), lambda _text: None, Order(write_specs=True)
        ).components
        files.append({path.name: path.read_bytes() for path in report.source_rpm.parent.glob("*.json")})
        del files[-1]["report.json"]
    assert sorted(files[0]) == [
        "sample-1.0-2.cdx.json",
        "sample-1.0-2.provenance.json",
        "sample-1.0-2.spdx.json",
    ]
    assert files[0] == files[1]
    statement = json.loads(files[0]["sample-1.0-2.provenance.json"])
    for subject in statement["subject"]:
        built = (report.source_rpm.parent / subject["name"]).read_bytes()
        assert hashlib.sha256(built).hexdigest() == subject["digest"]["sha256"]
    monkeypatch.setenv("SFCCI_PROJECT", str(project))
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "one"))
    said = CliRunner().invoke(package, ["sbom", "sample"], catch_exceptions=False)
    assert said.output.encode() == files[0]["sample-1.0-2.cdx.json"]
    out = tmp_path / "out.json"
    CliRunner().invoke(
        package, ["sbom", "sample", "--format", "spdx", "--output", str(out)], catch_exceptions=False
    )
    assert out.read_bytes() == files[0]["sample-1.0-2.spdx.json"]


def test_a_component_that_was_not_built_has_no_bill(project, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(project))
    with pytest.raises(UsageError, match="build it with: sfcci package rpm sample"):
        CliRunner().invoke(package, ["sbom", "sample"], catch_exceptions=False)
