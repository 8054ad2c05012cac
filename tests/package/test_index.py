"""Sdists from the index that pip is set to: here folders, never the network."""

import hashlib
import os
from dataclasses import replace

import pytest

from sfcci.errors import InputError, Unreachable
from sfcci.package.component import Source
from sfcci.package.index import fetch_sdist, pip_settings

from .conftest import PKG_INFO


@pytest.fixture
def pinned(archive, sample, tmp_path, monkeypatch):
    """A component whose sdist lies in the folder `links`, and pip set to it alone."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    file = archive(("sample-1.0/PKG-INFO", PKG_INFO)).rename(tmp_path / "links" / "sample-1.0.tar.gz")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return replace(sample, version="1.0", source=Source(sdist=file.name, sha256=digest))


def test_an_sdist_is_fetched_once_and_then_taken_from_the_cache(pinned, tmp_path):
    said = []
    path = fetch_sdist(pinned, tmp_path / "cache", said.append)
    (tmp_path / "links" / "sample-1.0.tar.gz").unlink()
    assert fetch_sdist(pinned, tmp_path / "cache", said.append) == path
    assert said == ["fetching sample-1.0.tar.gz"]


def test_an_index_of_ones_own_is_asked(pinned, tmp_path, monkeypatch):
    folder = tmp_path / "index" / "sample"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(
        f'<a href="{(tmp_path / "links").as_uri()}/sample-1.0.tar.gz">sample</a>'
    )
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    assert fetch_sdist(pinned, tmp_path / "cache").name == "sample-1.0.tar.gz"


def test_a_wrong_hash_is_refused_and_nothing_is_kept(pinned, tmp_path):
    wrong = replace(pinned, source=replace(pinned.source, sha256="0" * 64))
    with pytest.raises(InputError, match=r"with SHA-256 [0-9a-f]{64}; expected 0{64}"):
        fetch_sdist(wrong, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_cached_file_that_was_changed_is_fetched_again(pinned, tmp_path):
    path = fetch_sdist(pinned, tmp_path / "cache")
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    assert fetch_sdist(pinned, tmp_path / "cache").read_bytes() == whole


def test_what_no_index_has_is_told_with_what_there_is(pinned, tmp_path):
    other = replace(pinned, source=replace(pinned.source, sdist="sample-2.0.tar.gz", sha256="1" * 64))
    with pytest.raises(Unreachable, match=r"gives sample-2.0.tar.gz: it has sample-1.0.tar.gz"):
        fetch_sdist(other, tmp_path / "cache")


def test_an_index_that_does_not_answer_is_told_without_its_password(pinned, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:hidden-word@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(Unreachable) as caught:
        fetch_sdist(pinned, tmp_path / "cache")
    assert "hidden-word" not in str(caught.value)


def test_a_certificate_that_is_not_there_is_told(pinned, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "none.pem"))
    with pytest.raises(Unreachable, match="certificate cannot be used"):
        fetch_sdist(pinned, tmp_path / "cache")


@pytest.mark.usefixtures("pinned")
def test_the_environment_is_stronger_than_pips_files(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\ncert = /from/file\n[install]\nproxy = http://proxy.example.org\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_CERT", "/from/environment")
    told = pip_settings()
    assert (told["cert"], told["proxy"]) == ("/from/environment", "http://proxy.example.org")
