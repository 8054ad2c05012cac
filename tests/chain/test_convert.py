"""Converters: what JSON may hold, what is stored, and Neutron's words against it."""

import uuid
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain import convert
from sfcci.chain.attribute import Invalid
from sfcci.chain.refused import Refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ID = "0b3d8d2e-7a52-4f1c-9d31-0a5c0e6e0001"
ALL = [
    convert.text(), convert.text_or_empty, convert.uuid, convert.uuid_or_none, convert.boolean, convert.whole_number,
    convert.integer(0, 9), convert.non_negative, convert.one_of((None, "mpls")), convert.uuid_list,
    convert.list_of(convert.prefix, unique=False), convert.mapping({"a": convert.uuid}), convert.dictionary,
    convert.prefix, convert.prefix_or_none, convert.ip, convert.mac,
]  # fmt: skip


def reason(converter, value):
    with pytest.raises(Invalid) as invalid:
        converter(value)
    return str(invalid.value)


def refusal(converter, value):
    with pytest.raises(Refused) as refused:
        converter(value)
    return refused.value.status, refused.value.type, refused.value.message


@given(JSON)
def test_whatever_json_holds_is_converted_or_refused_and_what_is_stored_converts_to_itself(value):
    for converter in ALL:
        try:
            stored = converter(value)
        except (Invalid, Refused):
            continue
        assert converter(stored) == stored


@pytest.mark.parametrize(
    ("converter", "value", "words"),
    [
        (convert.text(), 7, "'7' is not a valid string"),
        (convert.text(), None, "'None' is not a valid string"),
        (convert.text(3), "four", "'four' exceeds maximum length of 3"),
        (convert.text(), "a\x00b", "'a?b' is not a valid string"),
        (convert.text(), "\ud800", "'?' is not a valid string"),
        (convert.uuid, "nope", "'nope' is not a valid UUID"),
        (convert.uuid, "\u0663" * 32, "'" + "\u0663" * 32 + "' is not a valid UUID"),
        (convert.uuid, "1111_1111" * 4, f"'{'1111_1111' * 4}' is not a valid UUID"),
        (convert.uuid, {"a": 1}, "'{'a': 1}' is not a valid UUID"),
        (convert.integer(0, 9), "10", "'10' is too large - must be no larger than '9'"),
        (convert.integer(1, 9), 0, "'0' is too small - must be at least '1'"),
        (convert.non_negative, -1, "'-1' should be non-negative"),
        (convert.one_of((None, "mpls")), "vlan", "vlan is not in valid_values"),
        (convert.one_of(("mpls",)), None, "None is not in valid_values"),
        (convert.uuid_list, "x", "'x' is not a list"),
        (convert.uuid_list, [ID, ID, "x", "x"], f"Duplicate items in the list: '{ID}, x'"),
        (convert.uuid_list, [ID, ID.upper()], f"Duplicate items in the list: '{ID}'"),
        (convert.uuid_list, [{}, {}], "Duplicate items in the list: '{}'"),
        (convert.mapping({"a": convert.uuid}), {"b": 1, "c": 2}, "Unexpected keys supplied: b, c"),
        (convert.mapping({}), {"\ud800": 1}, "Unexpected keys supplied: ?"),
        (convert.mapping({}), "mpls", "'mpls' is not a dictionary"),
        (convert.prefix, "10.0.0.300/32", "'10.0.0.300/32' is not a valid IP subnet"),
        (
            convert.prefix,
            "10.0.0.1",
            "'10.0.0.1' isn't a recognized IP subnet cidr, '10.0.0.1/32' is recommended",
        ),
        (
            convert.prefix,
            "10.0.0.0/255.0.0.0",
            "'10.0.0.0/255.0.0.0' isn't a recognized IP subnet cidr, '10.0.0.0/8' is recommended",
        ),
        (convert.prefix, "fe80::1%eth0/64", "'fe80::1%eth0/64' is not a valid IP subnet"),
        (convert.prefix, 5, "'5' is not a valid IP subnet"),
        (convert.ip, "10.0.0.01", "'10.0.0.01' is not a valid IP address"),
        (convert.ip, 5, "'5' is not a valid IP address"),
        (convert.mac, "zz", "'zz' is not a valid MAC address"),
        (convert.mac, "00:00:00:00:00:00", "'00:00:00:00:00:00' is not a valid MAC address"),
        (convert.mac, "fa:16:3e-00:00:01", "'fa:16:3e-00:00:01' is not a valid MAC address"),
    ],
)
def test_the_reason_is_neutrons(converter, value, words):
    assert reason(converter, value) == words


@pytest.mark.parametrize(
    ("converter", "value", "words"),
    [
        (convert.boolean, "abc", "'abc' cannot be converted to boolean"),
        (convert.boolean, None, "'None' cannot be converted to boolean"),
        (convert.boolean, 2, "'2' cannot be converted to boolean"),
        (convert.whole_number, "abc", "'abc' is not an integer"),
        (convert.whole_number, "1_0", "'1_0' is not an integer"),
        (convert.whole_number, "\u0663", "'\u0663' is not an integer"),
        (convert.whole_number, "9" * 5000, f"'{'9' * 5000}' is not an integer"),
        (convert.whole_number, float("inf"), "'inf' is not an integer"),
        (convert.integer(0, 9), [1], "'[1]' is not an integer"),
    ],
)
def test_what_cannot_be_converted_is_an_invalid_input(converter, value, words):
    assert refusal(converter, value) == (400, "InvalidInput", f"Invalid input for operation: {words}.")


@pytest.mark.parametrize(
    ("converter", "value", "stored"),
    [
        (convert.text_or_empty, None, ""),
        (convert.uuid, ID.upper(), ID),
        (convert.uuid, "{" + ID + "}", ID),
        (convert.uuid_or_none, None, None),
        (convert.boolean, "Yes", True),
        (convert.boolean, 0, False),
        (convert.boolean, " off ", False),
        (convert.integer(0, 65535), "7", 7),
        (convert.integer(0, 65535), 1.5, 1),
        (convert.uuid_list, None, []),
        (convert.prefix, "10.0.0.5/24", "10.0.0.5/24"),
        (convert.prefix, "2001:DB8::1/64", "2001:DB8::1/64"),
        (convert.ip, "2001:DB8:0::1", "2001:db8::1"),
        (convert.mac, "FA-16-3E-00-00-01", "fa:16:3e:00:00:01"),
        (convert.mac, "fa16.3e00.0001", "fa:16:3e:00:00:01"),
    ],
)
def test_what_is_stored(converter, value, stored):
    assert converter(value) == stored


@given(st.uuids(), st.ip_addresses())
def test_uuids_and_addresses_stay_themselves(id_, address):
    assert convert.uuid(str(id_)) == str(id_) == convert.uuid(uuid.UUID(str(id_)).hex)
    assert ip_address(convert.ip(address.exploded)) == address
