"""Signatures: whose key it is, what rpm takes and refuses, and a repository that a run which fails leaves alone."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import command, settings
from sfcci.cli.package import package
from sfcci.errors import InputError, ToolError, UsageError
from sfcci.package import build, publication, run, signing
from sfcci.package.work import Order
from sfcci.settings import Rpm

from .conftest import make_project

PHRASE = "opensesame-4711"
SIGNED = """\
[sfcci]
name=Packages of Service Function Chaining
baseurl=https://packages.example.org/sfcci/
enabled=1
gpgcheck=1
repo_gpgcheck=1
gpgkey=https://packages.example.org/sfcci/RPM-GPG-KEY-sfcci
"""


def quiet(_text):
    """Say nothing."""


def test_the_repo_file_is_what_dnf_takes():
    assert publication.repo_text("https://packages.example.org/sfcci", signed=True) == SIGNED
    unsigned = SIGNED.replace("check=1", "check=0").rpartition("gpgkey=")[0]
    assert publication.repo_text("https://packages.example.org/sfcci/", signed=False) == unsigned


def test_what_rpmkeys_calls_bad_is_a_finding_with_the_packages_name():
    text = "/a/good-1.rpm: digests signatures OK\n/a/bad 1.rpm: digests SIGNATURES NOT OK\n"
    (found,) = signing.checked_signatures(text)
    assert (found.keyword, str(found.place)) == ("SignatureBad", "bad 1.rpm")
    assert "'digests SIGNATURES NOT OK'" in found.what
    assert found.hint == "sign the repository again: sfcci package repo --sign"


@pytest.fixture(scope="module")
def once(tmp_path_factory, cache_dir):
    """Settings of a project whose sample is built, with a signed repository."""
    folder = tmp_path_factory.mktemp("signing")
    given = {"SFCCI_RUN_STATE": str(folder / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    at = settings.load(make_project(folder / "project"), given)
    run.build_packages(at, quiet, Order(write_specs=True))
    publication.publish(at, quiet, sign=True, baseurl="https://packages.example.org/sfcci")
    return at


@pytest.fixture
def built(once, tmp_path):
    """The same in a state folder of the test's own."""
    shutil.copytree(once.state, tmp_path / "state", symlinks=True)
    return replace(once, state=tmp_path / "state")


@pytest.fixture
def unsigned(built):
    """The packages as they were built."""
    (kept,) = publication.publishable(built.state)
    return kept.rpms


@pytest.fixture
def repository_rpms(built):
    """The signed packages, and the public key."""
    folder = publication.current_repository(built.state)
    return sorted(folder.glob("*.rpm")), (folder / publication.KEY_FILE).read_text()


def content(at):
    """The published repository: path → octets."""
    folder = publication.current_repository(at.state).resolve()
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def environ(at, tmp):
    """The environment for commands on a state folder."""
    tmp.mkdir()
    given = {
        "SFCCI_PROJECT": str(at.project),
        "SFCCI_RUN_STATE": str(at.state),
        "SFCCI_RUN_CACHE": str(at.cache),
        "TMPDIR": str(tmp),
    }
    return {**os.environ, **given}


def sfcci(env, *words):
    """Run sfcci; its answer."""
    argv = [sys.executable, "-m", "sfcci", *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


def living(folder, within_s=5.0):
    """Command lines that still name the folder after a while."""
    end = time.monotonic() + within_s
    while (left := _naming(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _naming(folder):
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if str(folder) in line]


@pytest.mark.distro
def test_a_key_is_made_on_request_and_its_secret_half_is_the_owners_alone(tmp_path, configured_project):
    at = configured_project
    env = environ(at, tmp_path / "tmp")
    made = sfcci(env, "package", "key", "--json")
    told = json.loads(made.stdout)
    folder = signing.key_folder(at)
    assert made.returncode == 0, made.stderr
    assert len(told["fingerprint"]) == 40
    assert told["origin"] == f"of sfcci's own, in {folder}"
    assert (folder / signing.SECRET).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    again = sfcci(env, "package", "key", "--export")
    assert again.stdout == told["public"], "one key, made once"
    assert again.stdout.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    secret = (folder / signing.SECRET).read_text().splitlines()[20]  # behind the public numbers
    for text in (made.stdout, made.stderr, again.stdout, again.stderr):
        assert "PRIVATE" not in text
        assert secret not in text
    assert living(tmp_path / "tmp") == [], "no agent of gpg is left"
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.distro
def test_rpm_accepts_what_was_signed(built, repository_rpms, tmp_path):
    rpms, public = repository_rpms
    assert [path.name for path in rpms] == ["sample-1.0-2.noarch.rpm", "sample-1.0-2.src.rpm"]
    assert signing.signature_findings(public, rpms, tmp_path / "checked") == ()
    database = ["--define", f"_dbpath {tmp_path / 'other'}"]
    (tmp_path / "key.asc").write_text(public)
    subprocess.run(["rpmkeys", *database, "--import", tmp_path / "key.asc"], check=True)
    argv = ["rpmkeys", *database, "--checksig", "-v", *rpms]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    key = publication.published(built.state).key
    lines = [line for line in said.lower().splitlines() if "signature, key id" in line]
    assert len(lines) >= len(rpms)
    assert all(line.endswith(f"{key[-8:].lower()}: ok") for line in lines), said


@pytest.mark.distro
def test_metadata_is_signed_with_the_key_that_lies_beside(built, tmp_path):
    folder = publication.current_repository(built.state)
    (tmp_path / "home").mkdir(mode=0o700)

    def gpg(*words):
        argv = [*build.sandbox(), "gpg", "--homedir", tmp_path / "home", "--batch", *words]
        return subprocess.run(argv, capture_output=True, check=False).returncode

    repomd = folder / "repodata" / "repomd.xml"
    assert gpg("--import", folder / publication.KEY_FILE) == 0
    assert gpg("--verify", f"{repomd}.asc", repomd) == 0
    changed = tmp_path / "repomd.xml"
    changed.write_bytes(repomd.read_bytes() + b"\n")
    assert gpg("--verify", f"{repomd}.asc", changed) != 0


@pytest.mark.distro
def test_tampered_unsigned_and_foreign_packages_are_findings(repository_rpms, unsigned, tmp_path):
    rpms, public = repository_rpms
    octets = bytearray(rpms[0].read_bytes())
    octets[-100] ^= 1
    tampered = tmp_path / "tampered.rpm"
    tampered.write_bytes(octets)
    foreign = Path(shutil.copy(unsigned[0], tmp_path / "foreign.rpm"))
    signing.sign_packages(signing.new_key(tmp_path / "home"), [foreign])
    found = signing.signature_findings(
        public, [rpms[0], tampered, unsigned[1], foreign], tmp_path / "checked"
    )
    assert [(one.keyword, str(one.place)) for one in found] == [
        ("SignatureBad", "tampered.rpm"),
        ("SignatureBad", unsigned[1].name),
        ("SignatureBad", "foreign.rpm"),
    ]


@pytest.mark.distro
def test_the_repository_says_where_its_users_find_it(built):
    folder = publication.current_repository(built.state)
    assert (folder / "sfcci.repo").read_text() == SIGNED
    before = content(built)
    publication.publish(built, quiet)
    assert content(built) == before, "how it was made holds for the next one"
    here = publication.publish(built, quiet, sign=False, baseurl="")
    assert here.repo_file.read_text() == publication.repo_text(folder.as_uri(), signed=False)
    assert not list(folder.rglob("*.asc"))


@pytest.mark.distro
def test_a_key_of_the_users_with_a_passphrase_signs_and_no_program_is_told_the_phrase(
    built, tmp_path, monkeypatch
):
    phrase = tmp_path / "phrase 100%"
    phrase.write_text(f"{PHRASE}\n")
    key_file = key_with_passphrase(tmp_path, phrase)
    started = []
    real = command.run

    def noted(argv, **more):
        started.append((list(map(str, argv)), dict(more.get("env") or {})))
        return real(argv, **more)

    monkeypatch.setattr(command, "run", noted)
    theirs = replace(built, rpm=Rpm(key_file=str(key_file), passphrase_file=str(phrase)))
    before = publication.published(built.state).key
    made = publication.publish(theirs, quiet)
    assert made.key not in {"", before}
    assert any("--addsign" in argv for argv, _env in started)
    assert PHRASE not in repr(started)
    kept = content(built)
    phrase.write_text("wrong\n")
    with pytest.raises(ToolError) as raised:
        publication.publish(theirs, quiet, baseurl="https://other.example.org/")
    assert "wrong" not in str(raised.value)
    assert content(built) == kept


def key_with_passphrase(folder, phrase):
    """A secret key in a file that only the phrase opens."""
    (folder / "given").mkdir(mode=0o700)
    gpg = [*build.sandbox(), "gpg", "--homedir", folder / "given", "--batch", "--pinentry-mode", "loopback"]
    gpg += ["--passphrase-file", phrase]
    made = [*gpg, "--quick-generate-key", "Somebody <somebody@example.org>", "rsa2048", "sign", "never"]
    subprocess.run(made, check=True, capture_output=True)
    argv = [*gpg, "--armor", "--export-secret-keys"]
    text = subprocess.run(argv, check=True, capture_output=True).stdout
    (folder / "theirs.asc").write_bytes(text)
    return folder / "theirs.asc"


@pytest.mark.distro
def test_a_key_that_is_not_there_is_one_sentence(built, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "empty"))
    before = content(built)
    nobody = replace(built, rpm=Rpm(key="nobody@example.org"))
    with pytest.raises(UsageError, match=r"holds no secret key 'nobody@example.org'; list those"):
        publication.publish(nobody, quiet, sign=True)
    lost = replace(built, rpm=Rpm(key_file=str(tmp_path / "lost.asc")))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        publication.publish(lost, quiet, sign=True)
    (tmp_path / "public.asc").write_text((signing.key_folder(built) / signing.PUBLIC).read_text())
    public = replace(built, rpm=Rpm(key_file=str(tmp_path / "public.asc")))
    with pytest.raises(InputError, match="holds no secret key"):
        publication.publish(public, quiet, sign=True)
    (tmp_path / "no key").write_text("no key\n")
    text = replace(built, rpm=Rpm(key_file=str(tmp_path / "no key")))
    with pytest.raises(InputError, match="gpg cannot import it: no valid OpenPGP data found"):
        publication.publish(text, quiet, sign=True)
    (tmp_path / "broken").mkdir(mode=0o700)
    (tmp_path / "broken" / "pubring.kbx").mkdir()
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "broken"))
    with pytest.raises(UsageError, match=r"gpg cannot look for a secret key in .*broken: .*pubring\.kbx"):
        publication.publish(nobody, quiet, sign=True)
    phrase = replace(built, rpm=Rpm(passphrase_file=str(tmp_path / "lost")))
    with pytest.raises(InputError, match="is no file"):
        publication.publish(phrase, quiet, sign=True)
    assert content(built) == before


def test_an_address_that_is_none_is_bad_input(tmp_path, monkeypatch, project):
    monkeypatch.setenv("SFCCI_PROJECT", str(project))
    nothing = CliRunner().invoke(package, ["repo", "--profile", "fedora-44"])
    assert "no RPM without errors for Fedora 44" in str(nothing.exception)
    assert "sfcci package rpm --profile fedora-44" in str(nothing.exception)
    answer = CliRunner().invoke(package, ["repo", "--baseurl", "no address"])
    assert isinstance(answer.exception, UsageError)
    assert "base URL 'no address' is none" in str(answer.exception)
    assert not publication.current_repository(tmp_path / "state").exists()


@pytest.mark.distro
def test_a_package_that_was_changed_since_it_was_built_is_never_signed(built, unsigned):
    before = content(built)
    unsigned[1].write_bytes(unsigned[1].read_bytes() + b"x")
    with pytest.raises(InputError, match="was changed since it was built"):
        publication.publish(built, quiet, baseurl="https://other.example.org/")
    assert content(built) == before
    assert not list(built.state.rglob(".new-*"))


@pytest.mark.distro
def test_a_run_that_fails_at_its_last_signature_leaves_the_repository_alone(built, monkeypatch):
    before = content(built)

    def full(_key, _path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signing, "sign_file", full)
    with pytest.raises(Exception, match="full"):
        publication.publish(built, quiet, baseurl="https://other.example.org/")
    assert content(built) == before
    assert not list(built.state.rglob(".new-*"))


@pytest.mark.distro
def test_a_run_that_is_killed_while_it_signs_leaves_the_repository_alone_and_no_agent(built, tmp_path):
    before = content(built)
    env = environ(built, tmp_path / "tmp")
    words = ["package", "repo", "--sign", "--baseurl", "https://other.example.org/"]
    argv = [sys.executable, "-m", "sfcci", *words]
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not list((built.state / "repositories").glob(".new-*/*.src.rpm")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert content(built) == before
    assert living(tmp_path / "tmp") == []
    done = sfcci(env, *words)
    assert done.returncode == 0, done.stderr
    assert "https://other.example.org/" in publication.published(built.state).repo_file.read_text()
    assert not list(built.state.rglob(".new-*"))
    assert list((tmp_path / "tmp").iterdir()) == []
