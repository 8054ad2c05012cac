"""Requests with bad or unusual input, recorded with the reference server: ours answers the same, but for what we mean to."""

import json
from pathlib import Path

import pytest

from .fixture import placeholders
from .likeness import ADDED, Likeness

DOCUMENT = Path(__file__).parents[3] / "docs" / "neutron-api.md"
OTHERWISE = {
    "pp_correlation_mpls_ok": "test_parameters_of_a_pair_that_are_given_in_part_are_completed",
    "pp_correlation_nsh_ok": "test_parameters_of_a_pair_that_are_given_in_part_are_completed",
    "list_filter_unknown_attr": "test_a_filter_by_no_attribute_is_refused",
    "ppg_ntuple_bad_key": "test_unknown_keys_of_a_mapping_of_tuples_are_refused",
    "list_sort_id_asc": "test_every_attribute_sorts",
    "list_sort_desc": "test_every_attribute_sorts",
    "method_not_allowed_post_item": "test_a_post_to_a_resource_is_not_allowed",
    "method_not_allowed_put_collection": "test_a_collection_is_not_changed_as_a_whole",
    "v2_root": "test_the_root_lists_all_collections",
    "v2_root_noslash": "test_the_root_lists_all_collections",
}
"""Case → the test of the difference that is meant (a row of the table in docs/neutron-api.md)."""


@pytest.fixture(scope="module")
def cases(shared):
    return json.loads((shared / "data" / "api-errors.json").read_text())["cases"]


def test_the_recorded_requests_with_bad_input_are_answered_as_they_were(cases, http):
    ids = placeholders(http)
    found = {case["name"]: differences(case, http, ids) for case in cases}
    lines = [f"{name}: {line}" for name, each in found.items() for line in each if name not in OTHERWISE]
    assert not lines, "\n".join(lines)
    assert {name for name, each in found.items() if each} == set(OTHERWISE)


def test_each_difference_is_a_row_of_the_table():
    assert all(f"`{test}`" in DOCUMENT.read_text() for test in OTHERWISE.values())


def differences(case, http, ids):
    case = filled(case, ids)
    request = case["request"]
    answer = http.ask(request["method"], request["path"], request["body"])
    take_away(http, request, answer)
    if answer.status != case["status"]:
        return [f"{answer.status} {answer.body}, recorded {case['status']} {case['body']}"]
    likeness = Likeness(added=ADDED)
    likeness.known = {made: made for made in ids.values()}
    return likeness.differences(case["body"], answer.body)


def filled(case, ids):
    text = json.dumps(case)
    for placeholder, made in ids.items():
        text = text.replace(placeholder, made)
    return json.loads(text)


def take_away(http, request, answer):
    """Each request found the same resources: what one made was taken away before the next."""
    if answer.status == 201:
        (made,) = answer.body.values()
        assert http.ask("DELETE", f"{request['path']}/{made['id']}").status == 204
