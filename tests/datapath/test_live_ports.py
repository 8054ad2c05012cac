"""The plugged ports as the planner wants them: what stays is the very same."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath.lab import switch_ports
from sfcci.datapath.live_ports import LivePorts
from sfcci.datapath.topology import Host, Port, Topology


def port(number, host, up=True):
    return Port(
        f"p{number}",
        f"eth{number}",
        host,
        f"02:00:00:00:00:{number:02x}",
        "",
        number,
        (f"10.0.0.{number}/24",),
        up=up,
    )


EVERY = tuple(port(number, f"h{number // 2}") for number in range(8))


def topology(numbers):
    ports = tuple(replace(EVERY[number]) for number in sorted(numbers))
    return Topology(tuple(Host(name) for name in dict.fromkeys(p.host for p in ports)), ports)


steps = st.lists(st.tuples(st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)), st.booleans()), max_size=6)


@given(steps)
def test_they_are_those_of_the_topology_with_the_links_of_now_and_the_same_where_nothing_differs(given_steps):
    live, shown, before = LivePorts(), topology({1}), {}
    for plugged, up, again in given_steps:
        shown = shown if again else topology(plugged)
        links = {one.id: one.number in up for one in shown.ports}
        found = live.of(shown, links)
        assert found == {id_: replace(one, up=links[id_]) for id_, one in switch_ports(shown).items()}
        assert all(found[id_] is before[id_] for id_ in found if before.get(id_) == found[id_])
        assert (found is before) == (found == before) or not before
        assert live.of(shown, dict(links)) is found
        before = found
