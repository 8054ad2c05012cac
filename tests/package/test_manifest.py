"""Manifests as Gentoo's own tools write them."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import environment
from sfcci.package import pkgcheck
from sfcci.package.manifest import Distfile, manifest_text, read_distfile


def test_a_manifest_is_one_line_per_file_in_order_of_names():
    two = [Distfile("b-1.tar.gz", 7, "bb", "bbb"), Distfile("a-1.tar.gz", 5, "aa", "aaa")]
    assert manifest_text(two) == (
        "DIST a-1.tar.gz 5 BLAKE2B aa SHA512 aaa\nDIST b-1.tar.gz 7 BLAKE2B bb SHA512 bbb\n"
    )


def test_nothing_to_fetch_makes_no_manifest():
    assert not manifest_text([])


def test_a_file_is_measured_as_coreutils_measures_it(tmp_path):
    path = tmp_path / "x-1.tar.gz"
    path.write_bytes(bytes(range(256)) * 5000)
    b2sum, sha512sum = (
        subprocess.run([program, path], capture_output=True, text=True, check=True).stdout.split()[0]
        for program in ("b2sum", "sha512sum")
    )
    assert read_distfile(path) == Distfile("x-1.tar.gz", 1_280_000, b2sum, sha512sum)


def test_a_file_can_have_another_name_in_the_manifest(tmp_path):
    (tmp_path / "download").write_bytes(b"")
    assert read_distfile(tmp_path / "download", "y-1.tar.gz").name == "y-1.tar.gz"


@given(st.permutations([Distfile(f"{n}.tar.gz", 1, "aa", "bb") for n in "abcd"]))
def test_the_order_in_which_files_are_given_changes_nothing(distfiles):
    assert manifest_text(distfiles) == manifest_text(sorted(distfiles, key=lambda d: d.name))


@pytest.mark.distro
def test_a_manifest_is_byte_for_byte_what_pkgcore_writes(tmp_path, cache_dir):
    script = """
import json, sys
from pkgcore.ebuild.digest import Manifest
from pkgcore.fetch import fetchable
from snakeoil.chksum import get_chksums
names = json.load(sys.stdin)
made = [fetchable(n, chksums=dict(zip(("size", "blake2b", "sha512"), get_chksums(n, "size", "blake2b", "sha512")))) for n in names]
Manifest("Manifest", thin=True).update(made)
"""
    names = ["networking_sfc-23.0.0.tar.gz", "a-1_rc1.tar.gz", "Z-2.tar.gz"]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(name.encode() * 1000 * number)
    python = environment.ensure(pkgcheck.SPEC, cache_dir).python
    subprocess.run([python, "-c", script], input=json.dumps(names), text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "Manifest").read_text() == manifest_text(read_distfile(tmp_path / n) for n in names)
