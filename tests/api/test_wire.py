"""JSON is taken strictly; paths and errors have the reference's form."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.api import wire
from sfcci.chain.refused import Refused

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_what_json_can_say_is_taken(value):
    assert wire.parsed(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60))
def test_any_octets_are_taken_or_refused(octets):
    with contextlib.suppress(Refused):
        assert isinstance(wire.parsed(octets), dict)


MALFORMED = {
    "a part of an object": b'{"port_pair": {',
    "more behind the object": b"{} {}",
    "a key that repeats": b'{"a": 1, "a": 2}',
    "a key that repeats inside": b'{"a": {"b": 1, "b": 1}}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a number beyond all numbers": b'{"a": 1e999}',
    "an integer of too many digits": b'{"a": ' + b"9" * 5000 + b"}",
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": '{"a": 1}'.encode("utf-8-sig"),
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "half a surrogate pair as a key": b'{"\\udfff": 1}',
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "100 000 levels": b"[" * 100_000,
    "a deep tower that ends": b'{"a":' + b"[" * 500 + b"]" * 500 + b"}",
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // x",
    "a comma too many": b'{"a": 1,}',
    "a NUL": b'{"a": "\x00"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_bodies_are_refused(body):
    with pytest.raises(Refused) as refused:
        wire.parsed(body)
    assert (refused.value.status, refused.value.type) == (400, "MalformedRequestBody")


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_a_body_is_required(body):
    with pytest.raises(Refused, match=r"^Resource body required$"):
        wire.parsed(body)


@pytest.mark.parametrize("body", [b"[1, 2]", b'"x"', b"7", b"null", b"true"])
def test_a_body_is_an_object(body):
    with pytest.raises(Refused, match=r"^Body contains invalid data$"):
        wire.parsed(body)


def test_32_levels_are_not_too_many():
    body = b'{"a":' * 30 + b"[1]" + b"}" * 30
    assert wire.parsed(body)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/", ()),
        ("", ()),
        ("/v2.0/", ("v2.0",)),
        ("/v2.0/ports/a%2Fb", ("v2.0", "ports", "a/b")),
        ("/v2.0/sfc/port_pairs.json", ("v2.0", "sfc", "port_pairs")),
        ("/v2.0/ports/gr%C3%BCn", ("v2.0", "ports", "grün")),
        ("/v2.0/ports/%FF", ("v2.0", "ports", "\ufffd")),
    ],
)
def test_a_path_has_parts(path, parts):
    assert wire.segments(path) == parts


@given(st.text(min_size=1).filter(lambda text: not text.endswith(".json")))
def test_any_name_can_be_a_part_of_a_path(name):
    encoded = wire.quoted(name) if name.isascii() or name.encode("utf-8", "ignore").decode() == name else "x"
    assert wire.segments(f"/v2.0/ports/{encoded}")[2] == (name if encoded != "x" else "x")


def test_a_refusal_has_neutron_s_form():
    answer = wire.refused(Refused(409, "PortPairInUse", "Port Pair 1 in use."))
    assert answer.status == 409
    assert json.loads(answer.body) == {
        "NeutronError": {"type": "PortPairInUse", "message": "Port Pair 1 in use.", "detail": ""}
    }


def test_html_shows_what_was_asked_as_text():
    assert b"<script>" not in wire.nowhere("<script>alert(1)</script>").body
