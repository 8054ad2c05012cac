"""What a source says of itself, and archives that no honest author makes."""

import gzip
import tarfile

import pytest
from packaging.requirements import Requirement

from sfcci.errors import InputError
from sfcci.package import sdist_archive
from sfcci.package.manifest import read_distfile
from sfcci.package.sdist import egg_requires, project_metadata, requirement_lines, sdist_metadata
from sfcci.package.sdist_known import known_distfile, known_metadata

from .conftest import PKG_INFO


def odd(name, kind, link="", size=0):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, size
    return member


def test_metadata_is_read_from_the_archive(archive):
    path = archive(
        ("sample-1.0/PKG-INFO", PKG_INFO),
        ("sample-1.0/README.rst", "text"),
        ("sample-1.0/pyproject.toml", '[build-system]\nrequires = ["pbr>=6"]\nbuild-backend = "pbr.build"\n'),
        (
            "sample-1.0/test-requirements.txt",
            "# comment\n-r other.txt\nstestr>=2 # Apache\n\nx; python_version>'3'\n",
        ),
        ("sample-1.0/sample.egg-info/entry_points.txt", "[console_scripts]\nsay = sample:main\n"),
        ("sample-1.0/deep/PKG-INFO", "Name: other\n"),
        odd("sample-1.0/link", tarfile.SYMTYPE, "README.rst"),
    )
    told = sdist_metadata(path)
    assert (told.name, told.version, told.summary, told.license) == (
        "sample",
        "1.0",
        "Prints one line.",
        "MIT",
    )
    assert told.requires == ("packaging>=20",)
    assert (told.build_requires, told.build_backend) == (("pbr>=6",), "pbr.build")
    assert (told.readme, told.scripts, told.license_files) == ("README.rst", ("say",), ("LICENSE",))
    assert told.requirement_files == {"test-requirements.txt": ("stestr>=2", "x; python_version>'3'")}


def test_a_project_folder_says_the_same_of_itself(project):
    told = project_metadata(project / "code")
    assert (told.name, told.version, told.scripts, told.license_files) == (
        "sample",
        "1.0",
        ("sample",),
        ("LICENSE",),
    )
    assert len(told.requires) == 3


def test_a_project_that_leaves_its_version_open_is_refused(project):
    path = project / "code" / "pyproject.toml"
    path.write_text(path.read_text().replace('version = "1.0"', 'dynamic = ["version"]'))
    with pytest.raises(InputError, match="leaves name, version or dependencies open"):
        project_metadata(project / "code")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("sample-1.0/../../etc/passwd", "x")], "lies outside"),
        ([("/etc/passwd", "x")], "lies outside"),
        ([odd("sample-1.0/out", tarfile.SYMTYPE, "../../etc")], "links out of the archive"),
        ([odd("sample-1.0/out", tarfile.SYMTYPE, "/etc/passwd")], "links out of the archive"),
        ([odd("sample-1.0/out", tarfile.LNKTYPE, "../etc/passwd")], "links out of the archive"),
        ([odd("sample-1.0/null", tarfile.CHRTYPE)], "is a device or a pipe"),
        ([odd("sample-1.0/pipe", tarfile.FIFOTYPE)], "is a device or a pipe"),
        ([("other-1.0/x", "x")], "more than one folder"),
    ],
)
def test_a_hostile_archive_is_refused_before_anything_is_unpacked(archive, members, why):
    with pytest.raises(InputError, match=why) as caught:
        sdist_metadata(archive(("sample-1.0/PKG-INFO", PKG_INFO), *members))
    assert len(caught.value.faults) == 1


def test_a_bomb_is_refused(archive, monkeypatch):
    monkeypatch.setattr(sdist_archive, "MAX_UNPACKED_BYTES", 2**20)
    big = odd("sample-1.0/big", tarfile.REGTYPE, size=2**20 + 1)
    with pytest.raises(InputError, match="unpacks to too much"):
        sdist_metadata(archive(("sample-1.0/PKG-INFO", PKG_INFO), big))


@pytest.mark.parametrize("keep", [0, 10, 60, 150])
def test_a_truncated_archive_is_refused(archive, keep):
    path = archive(("sample-1.0/PKG-INFO", PKG_INFO), ("sample-1.0/x", "x" * 50_000))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="is no whole archive"):
        sdist_metadata(path)


def test_an_archive_that_is_none_is_refused(tmp_path):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(b"no tar"))
    with pytest.raises(InputError, match="is no whole archive"):
        sdist_metadata(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "without a name or version"),
        (PKG_INFO.replace("1.0", "one", 1).replace("Version: 1.0", "Version: one"), "not valid"),
        (PKG_INFO.replace("packaging>=20", "packaging>>20"), "not valid"),
    ],
)
def test_metadata_that_later_steps_could_not_use_is_refused(archive, text, why):
    with pytest.raises(InputError, match=why):
        sdist_metadata(archive(("sample-1.0/PKG-INFO", text)))


def test_an_archive_without_metadata_is_refused(archive):
    with pytest.raises(InputError, match="has no PKG-INFO"):
        sdist_metadata(archive(("sample-1.0/README", "x")))


OLD = """Metadata-Version: 1.1
Name: sample
Version: 1.0
License: UNKNOWN
"""
REQUIRES = """b>=2
a[x]>=1

[:python_version < "3"]
old

[fast]
speedups; sys_platform != "win32"

[fast:python_version >= "3"]
new
"""


def test_what_old_metadata_leaves_out_is_read_from_what_the_same_build_wrote(archive):
    path = archive(
        ("sample-1.0/PKG-INFO", OLD),
        ("sample-1.0/LICENSE.txt", "x"),
        ("sample-1.0/sample.egg-info/requires.txt", REQUIRES),
        ("sample-1.0/sample.egg-info/top_level.txt", "sample\n_sample\n"),
    )
    told = sdist_metadata(path)
    assert told.requires == egg_requires(REQUIRES)
    assert (told.license_words, told.license_files) == ("", ("LICENSE.txt",))
    assert told.modules == ("_sample", "sample")
    assert "sample.egg-info/requires.txt" in told.files


def test_sections_of_old_requirements_become_markers():
    assert egg_requires(REQUIRES) == (
        "b>=2",
        "a[x]>=1",
        'old; (python_version < "3")',
        'speedups; (sys_platform != "win32") and extra == "fast"',
        'new; (python_version >= "3") and extra == "fast"',
    )
    assert [str(Requirement(line)) for line in egg_requires(REQUIRES)]


def test_new_metadata_without_requirements_has_none(archive):
    text = PKG_INFO.replace("Requires-Dist: packaging>=20\n", "")
    path = archive(("sample-1.0/PKG-INFO", text), ("sample-1.0/sample.egg-info/requires.txt", "b>=2"))
    assert sdist_metadata(path).requires == ()


@pytest.mark.parametrize(
    ("folder", "pyproject", "why"),
    [
        ("sample-2.0", "", "PKG-INFO speaks of sample 1.0, its folder of sample 2.0"),
        ("other-1.0", "", "PKG-INFO speaks of sample 1.0, its folder of other 1.0"),
        ("sample-1.0", '[project]\nname = "other"\n', r"pyproject.toml of other 1.0"),
        ("sample-1.0", '[project]\nname = "sample"\nversion = "1.1"\n', r"pyproject.toml of sample 1.1"),
    ],
)
def test_metadata_that_lies_is_refused(archive, folder, pyproject, why):
    with pytest.raises(InputError, match=why):
        sdist_metadata(archive((f"{folder}/PKG-INFO", PKG_INFO), (f"{folder}/pyproject.toml", pyproject)))


def test_the_same_name_and_version_may_be_spelled_otherwise(archive):
    assert sdist_metadata(archive(("Sample-1/PKG-INFO", PKG_INFO))).version == "1.0"


def test_a_bomb_in_tars_own_headers_is_refused_before_it_is_read(tmp_path):
    header = tarfile.TarInfo("sample-1.0/x")
    header.type, header.size = tarfile.XHDTYPE, 2**32
    path = tmp_path / "sample-1.0.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(10_000)))
    with pytest.raises(InputError, match="a header of it is longer than any text"):
        sdist_metadata(path)


def test_what_is_compressed_behind_the_last_member_is_no_way_round(archive, monkeypatch):
    monkeypatch.setattr(sdist_archive, "MAX_UNPACKED_BYTES", 2**20)
    path = archive(("sample-1.0/PKG-INFO", PKG_INFO))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**21)))
    with pytest.raises(InputError, match="is no whole archive: it does not end"):
        sdist_metadata(path)


def test_an_sdist_is_read_once_and_again_when_what_was_kept_is_broken(archive):
    texts = {
        "PKG-INFO": PKG_INFO,
        "test-requirements.txt": "stestr>=2\n",
        "docs/conf.py": "sphinx.ext.autodoc",
    }
    path = archive(*((f"sample-1.0/{name}", text) for name, text in texts.items()))
    first = sdist_metadata(path)
    assert known_metadata(path) == first
    (kept,) = path.parent.glob("*.json")
    path.unlink()
    assert known_metadata(path) == first
    kept.write_text("{")
    with pytest.raises(InputError, match="is no whole archive"):
        known_metadata(path)


def test_requirement_lines_keep_what_is_no_comment():
    assert requirement_lines("a#b\n  c >= 1  # why\n") == ("a#b", "c >= 1")


def test_requirement_lines_go_on_behind_a_backslash_and_hashes_are_none():
    text = "foo==1.0 \\\n    --hash=sha256:12 \\\n    --hash=sha256:34\nbar>=2 --hash=sha256:56\n"
    assert requirement_lines(text) == ("foo==1.0", "bar>=2")


def test_programs_keep_their_case_and_those_with_windows_are_programs_too(archive, project):
    points = "[console_scripts]\nMyTool = a:b\n[gui_scripts]\nMyWindow = a:c\n"
    told = sdist_metadata(
        archive(
            ("sample-1.0/PKG-INFO", PKG_INFO),
            ("sample-1.0/sample.egg-info/entry_points.txt", points),
            (
                "sample-1.0/pyproject.toml",
                '[project]\nname = "sample"\nversion = "1.0"\ngui-scripts.Other = "a:d"\n',
            ),
        )
    )
    assert told.scripts == ("MyTool", "MyWindow", "Other")
    path = project / "code/pyproject.toml"
    path.write_text(path.read_text().replace('readme = "README.md"', 'readme = {file = "README.md"}'))
    assert project_metadata(project / "code").readme == "README.md"


def test_what_was_measured_is_known_for_the_same_octets_alone(tmp_path):
    path = tmp_path / "x-1.tar.gz"
    path.write_bytes(b"one")
    first = known_distfile(path, "1" * 64, "y-1.tar.gz")
    assert first == read_distfile(path, "y-1.tar.gz")
    path.write_bytes(b"other")
    assert known_distfile(path, "1" * 64, "z").blake2b == first.blake2b, "not measured again"
    assert known_distfile(path, "2" * 64, "y-1.tar.gz") == read_distfile(path, "y-1.tar.gz")
    path.with_name("x-1.tar.gz.hashes.json").write_text('{"sha256": ')
    assert known_distfile(path, "2" * 64, "y-1.tar.gz") == read_distfile(path, "y-1.tar.gz")
