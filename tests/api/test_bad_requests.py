"""Bad values of every attribute of every collection, over HTTP: each is refused with its type, and changes nothing."""

import json

import pytest

from sfcci.chain.catalogue import COLLECTIONS

from . import bad_attributes as bad
from . import world

ask, ids, unchanged = world.ask, world.ids, world.unchanged
TABLE = bad.SFC + bad.NETWORKING
MEMBERS = {one.member: one for one in COLLECTIONS.values()}
OF_THE_WORLD = {
    "port_pair": "A", "port_pair_group": "GE", "flow_classifier": "F3", "port_chain": "C1", "service_graph": "S",
    "network": "net", "subnet": "subnet", "port": "nodev", "router": "router", "security_group": "group_of_rules",
    "security_group_rule": "rule",
}  # fmt: skip
"""Member → one that is there, to be changed."""


@pytest.mark.parametrize(
    ("member", "name", "type_", "values"),
    TABLE,
    ids=[f"{number}-{member}-{name}" for number, (member, name, *_) in enumerate(TABLE)],
)
@pytest.mark.usefixtures("unchanged")
def test_an_attribute_refuses_what_it_does_not_take(ask, ids, member, name, type_, values):
    path = f"/v2.0/{world.PATHS[member]}"
    attribute = next(one for one in MEMBERS[member].attributes if one.name == name)
    requests = []
    for value in values:
        posted = world.filled({member: {**bad.BASES[member], name: value}}, ids)
        requests.append(("POST", path, posted, 400, type_))
        if attribute.update:
            changed = world.filled({member: {name: value}}, ids)
            requests.append(("PUT", f"{path}/{ids[OF_THE_WORLD[member]]}", changed, 400, type_))
    assert world.refusals(ask, requests) == []


def test_the_table_is_long_enough():
    rows = {(member, name, json.dumps(value)) for member, name, _, values in TABLE for value in values}
    assert len(rows) > 600


def test_bodies_that_the_table_starts_from_are_taken(ask, ids):
    """Else a row of the table might be refused for another reason than its own."""
    for member, body in bad.BASES.items():
        status, answer = ask("POST", f"/v2.0/{world.PATHS[member]}", world.filled({member: body}, ids))
        assert status == 201, answer
        assert ask("DELETE", f"/v2.0/{world.PATHS[member]}/{answer[member]['id']}")[0] == 204


@pytest.mark.parametrize(("member", "name"), bad.REQUIRED)
@pytest.mark.usefixtures("unchanged")
def test_what_is_required_is_asked_for(ask, ids, member, name):
    body = {key: value for key, value in bad.BASES[member].items() if key != name}
    status, answer = ask("POST", f"/v2.0/{world.PATHS[member]}", world.filled({member: body}, ids))
    expected = f"Failed to parse request. Required attribute '{name}' not specified"
    assert (status, answer["NeutronError"]["message"]) == (400, expected)


@pytest.mark.parametrize("member", bad.BASES)
@pytest.mark.usefixtures("unchanged")
def test_attributes_that_nobody_may_give_are_refused(ask, ids, member):
    path, base = f"/v2.0/{world.PATHS[member]}", world.filled(bad.BASES[member], ids)
    requests = []
    for attribute in MEMBERS[member].attributes:
        if not attribute.create:
            requests.append(("POST", path, {member: {**base, attribute.name: None}}, 400, "HTTPBadRequest"))
        if not attribute.update:
            one = f"{path}/{ids[OF_THE_WORLD[member]]}"
            requests.append(("PUT", one, {member: {attribute.name: "x"}}, 400, "HTTPBadRequest"))
    unknown = ("colour", "", "Name", "name ", "n\u00e4me", "__class__", "name\x00")
    requests += [("POST", path, {member: {**base, name: 1}}, 400, "HTTPBadRequest") for name in unknown]
    assert world.refusals(ask, requests) == []


BODIES = [
    [], [{}], {}, 7, "x", None, True, {"x": {}},
    b"", b" ", b"{", b"}", b"null", b"[]", b'{"a":', b"{'a': 1}", b"\xff", b"\xfe\xff\x00{", b"\xef\xbb\xbf{}", b"\x00",
    '{"port_pair": {}}'.encode("utf-16"), '{"port_pair": {}}'.encode("utf-32"), '{"port_pair": {"name": "ä"}}'.encode("latin-1"),
    b'{"port_pair": {"name": "\\ud800"}}', b'{"port_pair": {"name": "\xed\xa0\x80"}}', b'{"port_pair": {"name": "\x01"}}',
    b'{"port_pair": {"name": NaN}}', b'{"port_pair": {"name": -Infinity}}', b'{"port_pair": {"name": 1e999}}',
    b'{"port_pair": {"name": 01}}', b'{"port_pair": {"name": "a"},}', b'{"port_pair": {"name": "a"}} x', b'{"port_pair": {}}{}',
    b'{"port_pair": {"name": "a", "name": "b"}}', b'{"port_pair": {}, "port_pair": {}}', b'{"port_pair": {"name": ' + b"9" * 5000 + b"}}",
    b"[" * 100_000, b'{"a":' * 50_000, b"[" * 400 + b"]" * 400, b'{"port_pair": {"name": ' + b"[" * 200 + b"]" * 200 + b"}}",
    b'{"port_pair": {"name": "' + b"x" * 900_000 + b'"}}', b'{"port_pair": {' + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}}",
    b"ingress=1&egress=2", b"<port_pair/>", b"%7B%7D", b"\x1f\x8b\x08\x00",
]  # fmt: skip


@pytest.mark.parametrize("member", [None, *bad.BASES])
@pytest.mark.usefixtures("unchanged")
def test_a_body_that_is_no_resource_is_refused(ask, ids, member):
    if member is None:
        for body in BODIES:
            status, answer = ask("POST", "/v2.0/sfc/port_pairs", body)
            assert status == 400, (body if not isinstance(body, bytes) else body[:80], answer)
            assert answer["NeutronError"]["type"] in ("HTTPBadRequest", "MalformedRequestBody")
    else:
        path, one = f"/v2.0/{world.PATHS[member]}", f"/v2.0/{world.PATHS[member]}/{ids[OF_THE_WORLD[member]]}"
        plural = MEMBERS[member].name
        for inner in (None, 7, "x", True, [], [1], [[]]):
            assert ask("POST", path, {member: inner})[0] == 400
            assert ask("PUT", one, {member: inner})[0] == 400
            assert ask("POST", path, {plural: inner})[0] == 400
        good = world.filled(bad.BASES[member], ids)
        for items in (
            [good, 7],
            [good, {"colour": 1}],
            [good, None],
            {"0": good},
            [{member: good}, {member: 7}],
        ):
            assert ask("POST", path, {plural: items})[0] == 400
