"""Filters, order and pages of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.api import listing
from sfcci.chain.refused import Refused

NAMES = frozenset(("id", "name", "n", "up", "nothing", "tags", "table"))


def one(id_, **more):
    return {"id": id_, "name": "", **more}


def filtered(resources, *query, special=None):
    return [found["id"] for found in listing.filtered(resources, query, NAMES, special or {})]


SOME = [
    one("1", name="a", n=80, up=True, nothing=None, tags=["x", "y"]),
    one("2", name="", n=0, up=False, nothing=None, tags=[]),
    one("3", name="a", n=8, up=True, nothing="text", tags=["y"]),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ([("name", "a")], ["1", "3"]),
        ([("name", "")], ["2"]),
        ([("name", "a"), ("name", "")], ["1", "2", "3"]),
        ([("name", "a"), ("n", "80")], ["1"]),
        ([("n", "0")], ["2"]),
        ([("n", "08")], []),
        ([("up", "True")], ["1", "3"]),
        ([("up", "false")], ["2"]),
        ([("up", "0")], ["2"]),
        ([("up", "maybe")], []),
        ([("nothing", "")], ["1", "2"]),
        ([("nothing", "null")], ["1", "2"]),
        ([("tags", "y")], ["1", "3"]),
        ([("colour", "red")], ["1", "2", "3"]),
        ([("table", "x")], []),
        ([("limit", "1"), ("fields", "id")], ["1", "2", "3"]),
    ],
)
def test_filters_are_equality_and_a_key_that_repeats_is_or(query, ids):
    assert filtered(SOME, *query) == ids


def test_a_collection_s_own_filters_count_first_and_kinds_of_values_are_and():
    special = {"fixed_ips": lambda value: lambda resource: value in resource["has"]}
    two = [one("1", has=["ip=1", "subnet=a"]), one("2", has=["ip=2", "subnet=b"])]
    assert filtered(two, ("fixed_ips", "ip=1"), ("fixed_ips", "ip=2"), special=special) == ["1", "2"]
    assert filtered(two, ("fixed_ips", "ip=1"), ("fixed_ips", "subnet=b"), special=special) == []


def ordered(resources, *query):
    return [found["id"] for found in listing.ordered(resources, query, NAMES)]


def test_every_attribute_can_be_ordered_by_and_the_first_key_counts_first():
    assert ordered(SOME, ("sort_key", "n"), ("sort_dir", "asc")) == ["2", "3", "1"]
    query = [("sort_key", "name"), ("sort_key", "n"), ("sort_dir", "desc"), ("sort_dir", "asc")]
    assert ordered(SOME, *query) == ["3", "1", "2"]
    twice = [("sort_key", "n"), ("sort_key", "n"), ("sort_dir", "asc"), ("sort_dir", "desc")]
    assert ordered(SOME, *twice) == ["2", "3", "1"]
    assert ordered(SOME, ("sort_key", "nothing"), ("sort_dir", "desc")) == ["3", "1", "2"]
    assert ordered(SOME, ("sort_key", "tags"), ("sort_dir", "asc"))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ([("sort_key", "name")], "The number of sort_keys and sort_dirs must be same"),
        ([("sort_dir", "asc")], "The number of sort_keys and sort_dirs must be same"),
        ([("sort_key", "colour"), ("sort_dir", "asc")], "['colour'] is invalid attribute for sort_keys"),
        (
            [("sort_key", "name"), ("sort_dir", "up")],
            "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
        ),
    ],
)
def test_a_wrong_order_is_refused(query, message):
    with pytest.raises(Refused) as refused:
        ordered(SOME, *query)
    assert (refused.value.status, refused.value.message) == (400, message)


@pytest.mark.parametrize("limit", ["-1", "x", "", "1.5", "٣", "9" * 40])
def test_a_wrong_limit_is_refused(limit):
    with pytest.raises(Refused) as refused:
        listing.page(SOME, (("limit", limit),))
    assert refused.value.type == "BadRequest"
    assert (
        refused.value.message
        == f"Bad limit request: Limit must be an integer 0 or greater and not '{limit}'."
    )


def test_no_limit_is_everything_and_a_strange_marker_is_nothing():
    assert listing.page(SOME, (("limit", "0"),)) == SOME
    assert listing.page(SOME, (("limit", "1"), ("marker", "nobody"))) == []
    assert listing.page(SOME, (("marker", "nobody"),)) == SOME, (
        "as Neutron: without a limit there are no pages"
    )
    assert listing.page_links(SOME, (), "u") == []


def test_the_links_of_a_page_keep_the_question():
    query = (("name", "a b"), ("limit", "1"), ("marker", "0"))
    assert listing.page_links(SOME[:1], query, "http://h/v2.0/ports") == [
        {"rel": "next", "href": "http://h/v2.0/ports?name=a+b&limit=1&marker=1"},
        {"rel": "previous", "href": "http://h/v2.0/ports?name=a+b&limit=1&marker=1&page_reverse=True"},
    ]


@given(st.integers(0, 12), st.integers(1, 5))
def test_a_walk_over_the_pages_sees_each_resource_once_forward_and_back(count, limit):
    everything = [one(str(number)) for number in range(count)]
    forward, marker = [], ()
    while page := listing.page(everything, (("limit", str(limit)), *marker)):
        forward += page
        marker = (("marker", page[-1]["id"]),)
    back, marker = [], ()
    while page := listing.page(everything, (("limit", str(limit)), ("page_reverse", "True"), *marker)):
        back = page + back
        marker = (("marker", page[0]["id"]),)
    assert forward == back == everything


def test_fields_choose_attributes_and_unknown_ones_are_ignored():
    assert listing.chosen(SOME[:1], (("fields", "id"), ("fields", "colour"))) == [{"id": "1"}]
    assert listing.chosen(SOME[:1], (("fields", ""),)) == SOME[:1]
    assert listing.chosen(SOME[:1], (("fields", "colour"),)) == [{}]
