"""How many buckets each instance of a hop has: what its weight says, exactly or as near as a group can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.flows_group import MOST_BUCKETS, counts, hop_group
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.path import Following, world
from sfcci.chain.port import SwitchPort

weights = st.lists(st.integers(1, 1_000_000), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("given_weights", "buckets"),
    [
        ([1, 1], (1, 1)),
        ([7, 7, 7], (1, 1, 1)),
        ([1, 100], (1, 100)),
        ([99, 7], (99, 7)),
        ([10, 1000], (1, 100)),
        ([1, 1_000_000], (1, 499)),
        ([500, 501], (250, 250)),
        ([1] * 600, (1,) * 600),
    ],
)
def test_buckets_are_in_proportion_to_weights(given_weights, buckets):
    assert counts(given_weights) == buckets


@given(weights)
def test_everybody_has_a_share_that_is_near_to_what_its_weight_says(given_weights):
    found = counts(given_weights)
    assert min(found) >= 1
    assert sum(found) <= MOST_BUCKETS + len(found)
    for weight, buckets in zip(given_weights, found, strict=True):
        floor = (len(found) + 1) / MOST_BUCKETS  # nobody has less than one bucket, and these come on top
        assert abs(buckets / sum(found) - weight / sum(given_weights)) <= floor


@given(weights, st.integers(1, 9))
def test_weights_in_the_same_proportion_are_the_same(given_weights, factor):
    assert counts([weight * factor for weight in given_weights]) == counts(given_weights)


def test_two_instances_share_to_a_bucket_as_their_weights_are():
    ports = {
        f"{n}{side}": SwitchPort(2 * n + (side == "e"), "02:00:00:00:00:01", ("10.0.0.1",))
        for n in range(3)
        for side in "ie"
    }
    state = ChainState(
        tuple(PortPair(f"p{n}", f"p{n}", f"{n}i", f"{n}e", weight=weight) for n, weight in ((0, 99), (1, 7), (2, 0))),
        (PortPairGroup("g", "g", 1, ("p0", "p1", "p2")),),
        (FlowClassifier("f", "f", "s"),),
        (PortChain("c", "c", 1, ("g",), ("f",)),),
    )  # fmt: skip
    (path,) = Following(world(state, ports)).paths(state.port_chains[0])
    group = hop_group(path, path.hops[0])
    watched = [bucket.watch for bucket in group.buckets]
    assert [watched.count(ports[f"{n}i"].number) for n in range(3)] == [99, 7, 0]
    assert len({bucket.id for bucket in group.buckets}) == len(group.buckets)
    assert [bucket.id for bucket in group.buckets] == sorted(bucket.id for bucket in group.buckets)
