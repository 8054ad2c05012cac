import itertools

import pytest

from .likeness import Likeness, printed

NETWORK, SUBNET, OTHER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "123")
TABLE = f"""\
+------+--------------------+-------------------+
| Name | Network            | Summary           |
+------+--------------------+-------------------+
| a    | {NETWORK} | protocol: TCP, |
|      |                    | any               |
| b    | {NETWORK} | ['{SUBNET}'] |
+------+--------------------+-------------------+
"""


def test_another_id_is_the_same_resource_ever_after():
    likeness = Likeness()
    assert not likeness.differences({"id": NETWORK}, {"id": SUBNET})
    assert not likeness.differences(f"Network {NETWORK} not found.", f"Network {SUBNET} not found.")
    assert likeness.differences({"id": NETWORK}, {"id": OTHER})
    assert likeness.ours(f"/v2.0/networks/{NETWORK}") == f"/v2.0/networks/{SUBNET}"


def test_two_recorded_resources_are_two_of_ours():
    likeness = Likeness()
    assert not likeness.differences([NETWORK, OTHER], [SUBNET, NETWORK])
    assert likeness.differences([NETWORK, OTHER], [SUBNET, SUBNET])


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": ""}),
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        ([1, 2], [1]),
        ([1, 2], [2, 1]),
        ("Port x", "port x"),
        ({"created_at": "2026-11-20T23:03:13Z"}, {"created_at": "now"}),
        ({"mac_address": "fa:16:3e:fa:a4:41"}, {"mac_address": NETWORK}),
    ],
)
def test_what_differs_is_said(recorded, ours):
    assert Likeness().differences(recorded, ours)


def test_rows_are_known_by_their_names_and_members_without_an_order():
    recorded = [{"name": "a", "port_pairs": [NETWORK, SUBNET]}, {"name": "b", "port_pairs": []}]
    assert not Likeness().differences(recorded, [recorded[1], {"name": "a", "port_pairs": [SUBNET, NETWORK]}])


def test_free_fields_may_differ_and_added_ones_be_there():
    likeness = Likeness(free=[r"\.mtu$"], added=["status"])
    assert not likeness.differences({"mtu": 1450}, {"mtu": 1500, "status": "ACTIVE"})


def test_a_printed_table_is_its_rows():
    assert printed(TABLE) == [
        {"Name": "a", "Network": NETWORK, "Summary": "protocol: TCP,\nany"},
        {"Name": "b", "Network": NETWORK, "Summary": [SUBNET]},
    ]
    assert printed("+---+\n| Field | Value |\n+---+\n| id | 7 |\n+---+\n") == {"id": "7"}
    assert printed('{"ID": 1}') == {"ID": 1}
    assert printed("private\n") == ["private"]


def test_every_recording_is_like_itself(recordings):
    for recording in recordings:
        assert not Likeness().differences(printed(recording["stdout"]), printed(recording["stdout"]))


def with_one_change(value):
    """The value with each of its numbers, booleans and nulls changed in turn, and each key taken away."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: changed} for changed in with_one_change(one))
    elif isinstance(value, list):
        yield [*value, None]
        for place, one in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in with_one_change(one))
    elif isinstance(value, str):
        yield value + "!"
    else:
        yield not value


def test_every_recording_is_unlike_itself_with_one_change(recordings):
    bodies = [
        recording["exchanges"][-1]["response"]["body"] for recording in recordings if recording["exchanges"]
    ]
    for body in bodies:
        for changed in itertools.islice(with_one_change(body), 100):
            assert Likeness().differences(body, changed)
