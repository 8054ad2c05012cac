"""Ids and addresses in few octets, the runs of a day in one value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate.cell import changed, columns, numbers, record
from sfcci.gate.log_address import joined, parted
from sfcci.gate.packed import between, packed, unpacked

IDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.text("0123456789abcdefABCDEF-", max_size=40),
)


@given(IDS, IDS)
def test_packing_loses_nothing(one, other):
    assert unpacked(packed(one)) == one
    assert (packed(one) == packed(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0" * 32, 17), ("01234567-89ab-cdef-0123-456789abcdef", 17), ("c" * 40, 21), ("", 0), ("x", 2)],
)
def test_uuids_and_commits_take_half(text, octets):
    assert len(packed(text)) == octets


@given(IDS.filter(bool), st.integers(0, 50))
def test_what_begins_with_a_prefix_lies_between(one, length):
    assert any(low <= packed(one) <= high for low, high in between(one[:length]))


@given(st.text(st.characters(exclude_categories=["Cs"])), IDS)
def test_an_address_is_parted_and_joined(address, run):
    assert joined(*parted(address, run), run) == address


@given(
    st.lists(
        st.text("ab/:\x1a.-", min_size=1, max_size=9) | st.sampled_from(["https://h/", "/var/lib/", "r1"]),
        max_size=9,
    )
)
def test_odd_addresses_are_parted_and_joined_too(parts):
    for run in ("r1", "a", ""):
        address = "".join(parts)
        assert joined(*parted(address, run), run) == address


@pytest.mark.parametrize(
    ("address", "root", "rest"),
    [
        (
            "https://s.org/v1/AUTH_a/logs_a1b/openstack/R1/",
            "https://s.org/v1/AUTH_a/logs_a1b/openstack/",
            "\x1a/",
        ),
        ("https://logs.org/45/12345/6/check/job/abc/", "https://logs.org/45/12345/6/check/", "job/abc/"),
        ("https://ci.org/job/x/17/", "https://ci.org/job/x/", "17/"),
        ("/var/lib/sfcci/runs/R1", "/var/lib/sfcci/runs/", "\x1a"),
        ("", "", ""),
        ("nothing", "", "nothing"),
    ],
)
def test_many_runs_share_the_root(address, root, rest):
    assert parted(address, "R1") == (root, rest)


RUN = st.tuples(
    st.integers(0, 2**62),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
    st.booleans(),
    st.integers(0, 2**48 - 1),
)


@given(st.lists(RUN, unique_by=lambda run: run[-1]), st.randoms())
def test_a_cell_gives_its_runs_in_the_order_of_their_ends(runs, chance):
    records = [record(*run) for run in runs]
    chance.shuffle(records)
    middle = len(records) // 2
    cell = changed(changed(b"", set(), set(records[:middle])), set(), set(records[middle:]))
    found = columns([cell])
    assert list(found.ended_ms) == sorted(run[0] for run in runs)
    assert sorted(zip(*found, strict=True)) == sorted(run[:5] for run in runs)
    assert sorted(numbers(cell)) == sorted((run[0], run[3], run[5]) for run in runs)
    assert changed(cell, set(records), set()) == b""
