"""Roots that dnf fills out of the signed repository: whole or not at all, used again, never somebody else's folder."""

import json

import pytest
from click.testing import CliRunner

from sfcci import command
from sfcci.cli.package_root import install_root
from sfcci.errors import Place, UsageError
from sfcci.finding import Finding, Severity
from sfcci.package import install_test, roots

from .conftest import REPOSITORY

pytestmark = pytest.mark.distro


def silent(_text):
    """Say nothing."""


@pytest.fixture(scope="module")
def filled(built_catalogue, tmp_path_factory):
    """A root of the smallest component; the folder that it lies in, and what fills others out of the same repository."""
    folder, key = tmp_path_factory.mktemp("machines"), tmp_path_factory.mktemp("repository")
    settings = built_catalogue.settings
    with pytest.MonkeyPatch.context() as patch:
        signed = install_test.signed_repository(settings, key, silent, settings.state)
        patch.setattr(roots, "signed_repository", lambda *_: signed)

        def fill(name):
            (root,) = roots.fill_roots(settings, silent, {folder / name: ("graphyte",)})
            return root

        yield folder, fill, fill("one"), signed


def test_dnf_installs_into_a_root_out_of_the_signed_repository(filled):
    folder, _, root, signed = filled
    assert (root.folder, root.findings, root.new) == (folder / "one", (), True)
    assert root.key == signed.key != ""
    (ours,) = (nevra for nevra in root.installed if nevra.startswith("python3-graphyte-"))
    query = ["rpm", "--root", root.folder, "--dbpath", "/var/lib/rpm", "--query", "--all"]
    assert ours in command.run(query, timeout_s=60).stdout.split()
    assert list(root.folder.glob("usr/lib/python3*/site-packages/graphyte.py"))
    assert json.loads((folder / "one.json").read_text())["installed"] == list(root.installed)
    assert not (root.folder / "usr/bin/ls").exists(), "nothing of this machine's stays"


def test_a_root_that_has_the_builds_already_is_left_as_it_is(built_catalogue, filled, monkeypatch):
    folder, _, root, _ = filled
    (folder / "one" / "etc" / "own").write_text("mine\n")
    monkeypatch.setattr(roots, "held_universe", None)
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("SFCCI_RUN_STATE", str(built_catalogue.settings.state))
    done = CliRunner().invoke(install_root, [str(folder / "one"), "graphyte", "--json"])
    told = json.loads(done.stdout)
    assert (told["new"], told["installed"]) == (False, list(root.installed))
    assert (folder / "one" / "etc" / "own").read_text() == "mine\n"


def test_a_root_in_which_a_scriptlet_failed_is_none(filled, monkeypatch):
    folder, fill, _, _ = filled
    failed = Finding(
        "ScriptletFailed", Severity.ERROR, Place("python3-graphyte"), "%post failed, exit status 1"
    )
    with monkeypatch.context() as patch:
        patch.setattr(roots.install_answers, "scriptlet_findings", lambda _text: (failed,))
        for _ in range(2):
            assert fill("two").findings == (failed,)
    assert not (folder / "two").exists()
    assert not (folder / "two.json").exists()


def test_an_older_root_is_replaced_when_the_new_one_is_whole_and_stays_when_dnf_cannot(filled, monkeypatch):
    folder, fill, _, _ = filled
    record = json.loads((folder / "one.json").read_text())
    (folder / "one.json").write_text(json.dumps({**record, "builds": ["graphyte/older"]}))
    (folder / "one" / "etc" / "old").write_text("x")
    with monkeypatch.context() as patch:
        patch.setattr(roots, "_packages", lambda _builds: iter(["nobody-has-this"]))
        root = fill("one")
    assert [finding.keyword for finding in root.findings] == ["NameNotResolved"]
    assert "nobody-has-this" in str(root.findings[0])
    assert (folder / "one" / "etc" / "old").exists()
    root = fill("one")
    assert (root.new, root.findings) == (True, ())
    assert not (folder / "one" / "etc" / "old").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["one", "one.json"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("full", "is not empty, and no root of ours"), ("a b", "letters, digits"), ("x%y", "letters, digits")],
)
def test_a_folder_of_somebody_else_s_or_with_odd_letters_is_refused(tmp_path, name, told):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match=told):
        roots.there(tmp_path / name, ())
    assert (tmp_path / "full" / "thesis.txt").exists()
