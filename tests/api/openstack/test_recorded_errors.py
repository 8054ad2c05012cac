"""Requests with bad or unusual input, recorded with the reference server: ours answers the same, but for what we mean to."""

import json

import pytest

from .fixture import placeholders
from .likeness import Likeness

ADDED = ("revision_number", "fail_mode", "status", "status_reason", "live_port_pairs")


@pytest.fixture(scope="module")
def cases(shared):
    return json.loads((shared / "data" / "api-errors.json").read_text())["cases"]


def test_the_recorded_requests_with_bad_input_are_answered_as_they_were(cases, http):
    ids, lines = placeholders(http), []
    for case in cases:
        lines += [f"{case['name']}: {line}" for line in differences(case, http, ids)]
    assert not lines, "\n".join(lines)


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
