"""Releases on an index that is a folder or a page of one, never the network."""

import hashlib

import pytest

from sfcci.errors import InputError, Unreachable
from sfcci.package import index
from sfcci.package.release import Release, fetch_release, is_newer, named, newest, releases


def quiet(_text):
    return None


def known(*versions, yanked=()):
    return [Release("x", version, f"x-{version}.tar.gz", yanked=version in yanked) for version in versions]


def asked(project="sample"):
    with index.asking() as asking:
        return releases(project, asking)


def test_releases_are_given_newest_first(links):
    for version in ("1.9", "1.10", "2.0rc1"):
        links(version)
    assert [one.version for one in asked()] == ["2.0rc1", "1.10", "1.9"]


@pytest.mark.parametrize(
    ("versions", "yanked", "current", "wanted"),
    [
        (("2.0rc1", "1.1", "1.0"), (), "1.0", "1.1"),
        (("2.0rc1", "1.1", "1.0"), (), "2.0b1", "2.0rc1"),
        (("2.0", "2.0rc1", "1.0"), (), "2.0b1", "2.0"),
        (("1.1", "1.0"), ("1.1",), "1.0", "1.0"),
        (("1.0rc1",), (), "", "1.0rc1"),
    ],
)
def test_the_newest_is_a_pre_release_only_for_who_is_past_all_releases(versions, yanked, current, wanted):
    assert newest(known(*versions, yanked=yanked), current).version == wanted


def test_all_may_be_taken_back():
    assert newest(known("1.0", yanked=("1.0",))) is None
    with pytest.raises(InputError, match="no release that is not taken back"):
        named(known("1.0", yanked=("1.0",)), "")
    assert named(known("1.0", yanked=("1.0",)), "1.0").yanked


def test_versions_are_compared_as_python_does():
    assert is_newer(known("1.10")[0], "1.9")
    assert not is_newer(known("23.0.0.0rc1")[0], "23.0.0")
    assert named(known("1.0"), "1.0.0").version == "1.0"


@pytest.mark.parametrize("version", ["3.0", "three"])
def test_a_version_that_is_not_there_is_told_with_those_that_are(version):
    with pytest.raises(InputError, match=rf"x: has no version {version}; expected one of: 2.0, 1.0"):
        named(known("2.0", "1.0"), version)


def test_a_release_is_fetched_with_its_hash_where_its_component_finds_it(links, tmp_path):
    made = links("1.0")
    (release,) = asked()
    fetched = fetch_release(release, tmp_path / "cache", quiet)
    assert fetched.sha256 == hashlib.sha256(made.read_bytes()).hexdigest()
    assert index.kept(tmp_path / "cache", fetched.sha256, "sample-1.0.tar.gz") == fetched.path


def test_other_bytes_than_the_index_tells_are_refused_and_nothing_is_kept(links, tmp_path, monkeypatch):
    made = links("1.0")
    page = tmp_path / "index" / "sample"
    page.mkdir(parents=True)
    (page / "index.html").write_text(f'<a href="{made.as_uri()}#sha256={"0" * 64}">sample</a>')
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    (release,) = asked()
    assert release.sha256 == "0" * 64
    with pytest.raises(InputError, match="the index tells of another; expected 0000"):
        fetch_release(release, tmp_path / "cache", quiet)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("links")
def test_a_project_that_is_nowhere_is_said_to_be():
    with pytest.raises(Unreachable, match="gives nothing-like-it: it has no such project; check the network"):
        asked("nothing-like-it")
