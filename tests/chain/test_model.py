"""States and paths."""

import pytest

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup, found
from sfcci.chain.path import Following, world
from sfcci.chain.port import SwitchPort
from sfcci.errors import UsageError

STATE = ChainState(
    (PortPair("p1", "PP1", "a", "b"), PortPair("p2", "PP2", "c", "d")),
    (PortPairGroup("g1", "PG1", 1, ("p2", "p1")), PortPairGroup("g2", "PG2", 2)),
    (FlowClassifier("f1", "FC1", "s"), FlowClassifier("f2", "FC2", "s")),
    (PortChain("c1", "PC1", 7, ("g2", "g1"), ("f2", "f1")),),
)


def test_updates_take_names_or_ids_and_change_nothing_else():
    after = STATE.with_groups("PC1", ["PG1"]).with_pairs("g1", ["PP2"]).with_classifiers("PC1", ["f1"])
    assert after.port_chains == (PortChain("c1", "PC1", 7, ("g1",), ("f1",)),)
    assert after.port_pair_groups == (PortPairGroup("g1", "PG1", 1, ("p2",)), PortPairGroup("g2", "PG2", 2))
    assert after.port_pairs == STATE.port_pairs
    assert STATE.without_chain("PC1").port_chains == ()


def test_an_id_comes_before_a_name():
    swapped = (PortPair("x", "y", "a", "b"), PortPair("y", "x", "c", "d"))
    assert found(swapped, "x").ingress == "a"


def test_an_unknown_name_is_told_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"no resource 'PG11'; did you mean PG1\?"):
        STATE.with_groups("PC1", ["PG11"])
    with pytest.raises(UsageError, match="there are: PC1"):
        STATE.without_chain("chain")


def test_a_path_counts_its_service_index_down_from_255_in_one_version_from_127_in_the_other():
    ports = {id_: SwitchPort(n, f"02:00:00:00:00:{n:02x}", ()) for n, id_ in enumerate("abcds", 1)}
    for version, first in enumerate((255, 127)):
        (path,) = Following(world(STATE, ports)).paths(STATE.port_chains[0], version)
        assert path.spi == 7
        hops = [(hop.si, hop.group, [instance.pair for instance in hop.instances]) for hop in path.hops]
        assert hops == [(first, 2, []), (first - 1, 1, ["p1", "p2"])]
        assert path.end == first - 2
        assert len(path.entries) == 2
