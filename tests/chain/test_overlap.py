"""Classifiers that conflict are found without comparing each with each, and none is missed."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.conflict import basically_conflicting
from sfcci.chain.overlap import basic_conflicts

PREFIXES = st.sampled_from([None, "0.0.0.0/0", "10.0.0.0/24", "10.0.0.7/32", "10.0.1.0/24", "10.0.0.0/16"])
PORTS = st.none() | st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted)


@st.composite
def classifiers(draw):
    one = {"ethertype": draw(st.sampled_from(["IPv4", "IPv4", "IPv6"]))}
    one["protocol"] = draw(st.sampled_from([None, "tcp", "udp"]))
    for side in ("source", "destination"):
        one[f"{side}_ip_prefix"] = draw(PREFIXES) if one["ethertype"] == "IPv4" else None
        first, last = draw(PORTS) or (None, None)
        one |= {f"{side}_port_range_min": first, f"{side}_port_range_max": last}
        one[f"logical_{side}_port"] = None
    return one


@given(st.lists(st.tuples(classifiers(), st.integers(0, 3)), max_size=12))
def test_what_is_found_is_what_comparing_each_with_each_finds(given_):
    ones, owners = [one for one, _ in given_], [owner for _, owner in given_]
    each = combinations(range(len(ones)), 2)
    conflicts = [
        (a, b) for a, b in each if owners[a] != owners[b] and basically_conflicting(ones[a], ones[b])
    ]
    assert sorted(basic_conflicts(ones, owners)) == conflicts
