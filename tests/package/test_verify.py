"""Building again: the same octets from other folders at other times, and the first difference where they are not."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli.package import package
from sfcci.gate.history import History
from sfcci.package import build, run, tree, verify
from sfcci.package.difference import first_difference
from sfcci.package.payload import unpacked
from sfcci.package.work import Order

from .made_rpm import rpm_bytes

FILE = 0o100644


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"Buildtime": 5}, {"Buildtime": 6}, "(header): the tag Buildtime is '5' and '6'"),
        ({"Summary": "a"}, {"Summary": "a", "Url": "b"}, "the tag Url is '(not there)' and 'b'"),
        (
            {"Spec": "topdir /tmp/one", "Payloaddigest": ["ab"]},
            {"Spec": "topdir /tmp/two", "Payloaddigest": ["cd"]},
            "the tag Spec is 'topdir /tmp/one' and 'topdir /tmp/two'",
        ),
        (
            {"members": {"/usr/a": (FILE, 5, b"same"), "/usr/b": (FILE, 5, b"one")}},
            {"members": {"/usr/a": (FILE, 5, b"same"), "/usr/b": (FILE, 5, b"oNe")}},
            "(payload): /usr/b differs at its octet 1",
        ),
        ({"members": {"/usr/a": (FILE, 5, b"")}}, {"members": {}}, "/usr/a is in one of them only"),
        (
            {"members": {"/usr/a": (FILE, 5, b"")}},
            {"members": {"/usr/a": (FILE, 6, b"")}},
            "/usr/a differs in its mode or time",
        ),
    ],
)
def test_the_first_difference_is_told_with_its_place(one, other, told):
    texts = [rpm_bytes(**one), rpm_bytes(**other)]
    said = first_difference(*texts, "made.rpm", unpacked)
    assert told in said
    at = int(said.split()[1])
    assert texts[0][:at] == texts[1][:at]
    assert texts[0][at : at + 1] != texts[1][at : at + 1]


def test_what_is_equal_has_no_difference():
    assert first_difference(rpm_bytes(), rpm_bytes(), "made.rpm", unpacked) == ""


def test_an_rpm_that_only_one_build_gave_is_told(tmp_path):
    (tmp_path / "a.rpm").write_bytes(rpm_bytes())
    (found,) = verify.comparison({"a.rpm": tmp_path / "a.rpm"}, {})
    assert (found.keyword, found.what) == ("NotReproducible", "only one of the two builds gave it")


@pytest.fixture
def configured(project, tmp_path, cache_dir, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(project))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(cache_dir))
    return settings.load(
        project, {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    )


@pytest.mark.distro
def test_two_builds_from_two_folders_are_the_same_octet_by_octet(configured):
    said = []
    report = verify.verify(configured, said.append)
    (one,) = report.components
    assert (one.findings, one.error, report.exit_status) == ((), "", 0)
    assert set(one.sha256) == {"sample-1.0-2.src.rpm", "sample-1.0-2.noarch.rpm"}
    assert one.against == "a build right before it"
    assert not (configured.state / "packages").exists(), "nothing is kept"


@pytest.mark.distro
def test_a_build_that_is_kept_is_the_first_of_the_two(configured):
    run.build_packages(configured, lambda _text: None, Order(write_specs=True))
    answer = CliRunner().invoke(package, ["verify", "--json"], catch_exceptions=False)
    (one,) = json.loads(answer.stdout)["components"]
    assert answer.exit_code == 0
    assert one["against"] == "the build that is kept"
    with History(settings.load()) as history:
        (result,) = history.results()
    assert (result.job, str(result.result), result.pipeline) == (
        "package-reproducible-sample",
        "SUCCESS",
        "package",
    )


@pytest.mark.distro
def test_a_build_that_asks_for_the_time_is_told_with_the_file(configured, monkeypatch):
    rendered = tree.spec_tree
    line = "%install\n%pyproject_install\n"
    written = f'{line}echo "# $(date +%%s%%N)" >>%{{buildroot}}%{{python3_sitelib}}/sample/tool.py\n'

    def with_the_time(*words):
        return {path: text.replace(line, written) for path, text in rendered(*words).items()}

    monkeypatch.setattr(tree, "spec_tree", with_the_time)
    report = verify.verify(configured, lambda _text: None)
    assert report.exit_status == 1
    (binary,) = report.components[0].findings
    assert (binary.keyword, binary.place.path) == ("NotReproducible", "sample-1.0-2.noarch.rpm")
    assert "sample/tool.py differs at its octet " in binary.what
    assert set(report.components[0].sha256) == {"sample-1.0-2.src.rpm"}


@pytest.mark.distro
def test_without_a_root_of_its_own_both_builds_have_the_same_folder(configured, monkeypatch):
    monkeypatch.setattr(build, "_obstacle", lambda _host: "the kernel refuses it")
    report = verify.verify(configured, lambda _text: None)
    assert report.components[0].findings == ()
    assert len(report.components[0].sha256) == 2
    assert "no root of its own: the kernel refuses it" in report.places[0]


@pytest.mark.distro
def test_without_a_root_of_its_own_the_folder_goes_into_the_source_rpm(configured, monkeypatch, tmp_path):
    """Why there is one."""
    monkeypatch.setattr(build, "_obstacle", lambda _host: "the kernel refuses it")
    files = []
    for name in ("one", "other"):
        at = replace(configured, state=tmp_path / name)
        (report,) = run.build_packages(at, lambda _text: None, Order(write_specs=True)).components
        files.append({path.name: path for path in (report.source_rpm, *report.binary_rpms)})
    found = verify.comparison(*files)
    assert found
    assert "the tag Spec is" in next(f.what for f in found if f.place.path.endswith(".src.rpm"))


@pytest.mark.distro
def test_documentation_and_generated_configuration_are_built_again_as_they_were(built_catalogue):
    report = verify.verify(built_catalogue.settings, lambda _text: None, only=["networking-sfc"])
    (one,) = report.components
    assert (one.findings, one.error, one.against) == ((), "", "the build that is kept")
    assert len(one.sha256) == 4


def test_a_component_that_cannot_be_read_stops_no_other(configured):
    shutil.rmtree(configured.project / "code")
    report = verify.verify(configured, lambda _text: None)
    assert report.components[0].error_status == 2
    assert "pyproject.toml" in report.components[0].error
