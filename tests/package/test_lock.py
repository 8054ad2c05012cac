"""The lock of the closure: read, written, compared with what is required."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.package import lock
from sfcci.package.lock import Lock, Locked

HASH = "0123456789abcdef" * 4
TEXT = f"""\
# The components' requirements with all that these require, for Python 3.11. Made by: sfcci package lock
oslo.config==10.7.0 --hash=sha256:{HASH}
psycopg2-binary==2.9.13 --hash=sha256:{HASH} --hash=sha256:{HASH[::-1]}
"""
hashes = st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=3, unique=True)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}([._-][A-Za-z0-9]{1,4})?", fullmatch=True)
entries = st.builds(
    Locked,
    name=names,
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc[0-9])?", fullmatch=True),
    sha256s=hashes.map(sorted).map(tuple),
)


def in_order(listed):
    by_name = {one.name.lower().replace(".", "-").replace("_", "-"): one for one in listed}
    return tuple(by_name[name] for name in sorted(by_name))


def test_a_lock_is_pips_own_format_and_names_no_index():
    read = lock.parse_lock(TEXT, "py3.11.txt")
    assert read.python == "3.11"
    assert [str(one) for one in read.entries] == TEXT.splitlines()[1:]
    assert lock.lock_text(read) == TEXT
    assert "//" not in TEXT


@given(st.lists(entries, max_size=6), st.sampled_from(["3.11", "3.14"]))
def test_text_and_lock_are_inverses(listed, python):
    made = Lock(python, in_order(listed))
    assert lock.parse_lock(lock.lock_text(made), "x.txt") == made


def test_every_line_that_is_none_is_a_fault_with_its_place():
    text = "# nothing said\nneutron>=27\nflask==1\nflask==1 --hash=md5:00\n"
    with pytest.raises(InputError) as raised:
        lock.parse_lock(text, "py.txt")
    assert [str(fault.place) for fault in raised.value.faults] == [
        "py.txt:2:1",
        "py.txt:3:1",
        "py.txt:4:1",
        "py.txt:1:1",
    ]
    assert "found 'neutron>=27'" in str(raised.value.faults[0])


def test_a_missing_lock_says_how_to_make_it(tmp_path):
    with pytest.raises(InputError, match="make it with: sfcci package lock"):
        lock.read_lock(lock.lock_path(tmp_path, "3.99"))


def test_the_digest_changes_with_the_python_and_with_any_hash():
    read = lock.parse_lock(TEXT, "x")
    other = lock.parse_lock(TEXT.replace("2.9.13", "2.9.14"), "x")
    assert len({read.digest(), other.digest(), Lock("3.12", read.entries).digest()}) == 3


def test_what_the_lock_does_not_meet_is_told_and_a_stand_in_meets_what_it_stands_for():
    read = lock.parse_lock(TEXT, "x")
    wanted = ["Oslo_Config>=8", "oslo.config>=99", "psycopg2>=2.8", "psycopg2>3", "missing"]
    assert lock.unmet(read, wanted) == ("oslo.config>=99", "psycopg2>3", "missing")
    assert lock.stand_in("psycopg2>=2.8") == "psycopg2-binary>=2.8"


def test_pips_report_becomes_a_lock():
    one = {
        "metadata": {"name": "Mako", "version": "1.4.3"},
        "download_info": {"archive_info": {"hashes": {"sha256": HASH}}},
    }
    report = {"environment": {"python_version": "3.12"}, "install": [one]}
    assert lock.resolved_lock(report) == Lock("3.12", (Locked("Mako", "1.4.3", (HASH,)),))
