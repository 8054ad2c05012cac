"""RPMs read from their bytes: what rpm itself says is the oracle, damage is one clear error."""

import contextlib
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.package.headers import header, read_header
from sfcci.package.payload import read_package, unpacked
from sfcci.package.rpm_format import members, sections

from .made_rpm import cpio_bytes, rpm_bytes

FOLDER, FILE = 0o040755, 0o100644


def test_a_header_is_read_from_its_bytes():
    data = rpm_bytes(
        Epoch=1,
        Summary="A sample",
        Requirename=["python3.11dist(pbr)", "rpmlib(PartialHardlinkSets)", "/bin/sh", "a", "(a or b)"],
        Requireflags=[12, 0x1000000 | 10, 0, 8, 0],
        Requireversion=["2", "4.0.4-1", "", "1:2-3", ""],
        Dirnames=["/etc/", "/usr/"],
        Dirindexes=[0, 1],
        Basenames=["a.conf", "share"],
        Filemodes=[FILE, FOLDER],
        Fileusername=["root", "root"],
        Filegroupname=["neutron", "root"],
        Filesizes=[3, 0],
        Filedigests=["ab", ""],
        Fileflags=[17, 0],
        Filemtimes=[7, 8],
        Filelinktos=["", ""],
        Postin="true",
        Filedigestalgo=8,
    )
    found = header(sections(data, "made"))
    assert found.nevra == "sample-1:1-1.noarch"
    assert found.requires == ("python3.11dist(pbr) >= 2", "/bin/sh", "a = 1:2-3", "(a or b)")
    config, folder = found.files
    assert (config.path, config.group, config.config, config.noreplace) == (
        "/etc/a.conf",
        "neutron",
        True,
        True,
    )
    assert folder.is_folder
    assert not folder.is_regular
    assert dict(found.scripts) == {"post": "true"}
    assert (found.digest_algorithm, found.signature, found.is_source) == ("SHA256", "", False)


def test_what_is_in_a_payload_is_read():
    data = cpio_bytes({"/usr/a": (FILE, 5, b"one"), "/usr/b": (FILE, 6, b"")})
    one, other = members(data, "made")
    assert (one.path, one.mode, one.mtime, one.data) == ("/usr/a", FILE, 5, b"one")
    assert (other.path, other.data) == ("/usr/b", b"")


@given(at=st.integers(0, 2000), octet=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_damaged_rpm_is_read_or_refused_and_never_a_traceback(at, octet, cut):
    data = bytearray(rpm_bytes({"/usr/a": (FILE, 5, b"one")}, Summary="A sample", Dirnames=["/usr/"]))
    at %= len(data)
    damaged = bytes(data[:at]) if cut else bytes(data[:at]) + bytes([octet]) + bytes(data[at + 1 :])
    with contextlib.suppress(InputError):
        parts = sections(damaged, "made")
        found = header(parts)
        members(unpacked(damaged[parts.payload_start :], found.compressor, "made"), "made")


def test_what_is_no_rpm_and_what_is_not_there_is_said(tmp_path):
    (tmp_path / "text.rpm").write_text("text")
    with pytest.raises(InputError, match="does not begin as an RPM"):
        read_header(tmp_path / "text.rpm")
    with pytest.raises(InputError, match="cannot be read"):
        read_header(tmp_path / "nothing.rpm")


def test_a_payload_that_is_packed_in_no_known_way_is_said(tmp_path):
    (tmp_path / "odd.rpm").write_bytes(rpm_bytes(Payloadcompressor="odd"))
    with pytest.raises(InputError, match="packed with 'odd'"):
        read_package(tmp_path / "odd.rpm")


def asked(path, query):
    done = subprocess.run(["rpm", "-qp", "--qf", query, path], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.distro
def test_rpm_says_the_same_of_every_package_of_the_catalogue(built_catalogue):
    for component in built_catalogue.report.components:
        for path in (component.source_rpm, *component.binary_rpms):
            found = read_header(path)
            assert asked(path, "%{NAME} %{VERSION} %{RELEASE} %{LICENSE} %{BUILDTIME} %{PAYLOADDIGEST}") == (
                f"{found.name} {found.version} {found.release} {found.license} {found.build_time} {found.payload_digest}"
            )
            files = asked(
                path,
                "[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEFLAGS} %{FILEDIGESTS} %{FILEMTIMES}\n]",
            )
            assert files.splitlines() == [
                f"{f.path} {f.mode:o} {f.user} {f.flags} {f.digest} {f.mtime}" for f in found.files
            ]
            for kind in ("requires", "provides", "recommends"):
                listed = subprocess.run(
                    ["rpm", "-qp", f"--{kind}", path], capture_output=True, text=True, check=True
                )
                said = {line.strip() for line in listed.stdout.splitlines() if "rpmlib(" not in line}
                assert said == set(getattr(found, kind))


@pytest.mark.distro
def test_a_payload_has_the_files_with_their_digests(built_catalogue):
    import hashlib

    for component in built_catalogue.report.components:
        for path in component.binary_rpms:
            package = read_package(path)
            there = {
                file.path: file.digest for file in package.header.files if file.is_regular and not file.ghost
            }
            read = {m.path: hashlib.sha256(m.data).hexdigest() for m in package.members if m.path in there}
            assert read == there


@pytest.mark.distro
@pytest.mark.parametrize("payload", ["w1.zstdio", "w1.xzdio", "w1.bzdio", "w1.gzdio"])
def test_payloads_are_read_however_they_are_packed(tmp_path, payload):
    spec = tmp_path / "p.spec"
    spec.write_text(
        "Name: p\nVersion: 1\nRelease: 1\nSummary: p\nLicense: MIT\nBuildArch: noarch\n%description\np\n"
        "%install\nmkdir -p %{buildroot}/usr/share\necho text >%{buildroot}/usr/share/p\n%files\n/usr/share/p\n"
    )
    defined = ["--define", f"_topdir {tmp_path}", "--define", f"_binary_payload {payload}"]
    subprocess.run(["rpmbuild", *defined, "-bb", spec], check=True, capture_output=True)
    (rpm,) = (tmp_path / "RPMS").rglob("*.rpm")
    assert [(m.path, m.data) for m in read_package(rpm).members] == [("/usr/share/p", b"text\n")]
