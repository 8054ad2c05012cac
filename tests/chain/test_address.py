"""Addresses: pools, the lowest free one, EUI-64, MACs."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain import address

small = st.integers(0, 60)
pools = st.lists(st.tuples(small, small).map(sorted).map(tuple), max_size=4)


@given(pools, st.sets(small))
def test_the_lowest_free_address_is_the_first_that_nobody_has(ranges, taken):
    free = sorted(n for first, last in ranges for n in range(first, last + 1) if n not in taken)
    assert address.lowest_free(ranges, taken) == (free[0] if free else None)


@given(st.tuples(small, small).map(sorted).map(tuple), st.none() | small)
def test_a_pool_without_an_address_has_all_others(pool, taken):
    left = [n for first, last in address.without(pool, taken) for n in range(first, last + 1)]
    assert left == [n for n in range(pool[0], pool[1] + 1) if n != taken]


@pytest.mark.parametrize(
    ("cidr", "first", "last"),
    [
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254"),
        ("10.0.0.0/31", "10.0.0.0", "10.0.0.1"),
        ("10.0.0.7/32", "10.0.0.7", "10.0.0.7"),
        ("2001:db8::/126", "2001:db8::1", "2001:db8::3"),
    ],
)
def test_hosts_are_all_but_the_addresses_of_the_network_itself(cidr, first, last):
    network = ip_network(cidr)
    assert [address.written(n, network.version) for n in address.hosts(network)] == [first, last]


def test_a_port_makes_itself_the_address_of_rfc_4291s_appendix_a():
    assert address.eui64("2001:db8::/64", "34:56:78:9a:bc:de") == "2001:db8::3656:78ff:fe9a:bcde"


def test_macs_begin_with_the_ids_last_digits_and_go_round():
    macs = address.macs("92862c87-bb6c-44bd-b9c0-ac072affffff")
    assert [next(macs), next(macs)] == ["fa:16:3e:ff:ff:ff", "fa:16:3e:00:00:00"]


@pytest.mark.parametrize(
    ("pool", "text"), [((0, 255), "0.0.0.0/24"), ((1, 2), "0.0.0.1-0.0.0.2"), ((5, 5), "0.0.0.5/32")]
)
def test_a_pool_is_told_as_one_prefix_where_it_is_one(pool, text):
    assert address.span(pool, 4) == text


@pytest.mark.parametrize(
    ("text", "inside"),
    [("10.0.0.0", False), ("10.0.0.9", True), ("10.0.0.255", False), ("2001:db8::1", False)],
)
def test_an_address_of_the_network_itself_or_of_another_is_outside(text, inside):
    assert address.within("10.0.0.0/24", text) is inside
