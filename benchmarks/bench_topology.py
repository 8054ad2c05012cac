"""The topology of a thousand namespaces: how long until the first graph, what it costs while nothing happens, how soon a change is in it.

Run: python benchmarks/bench_topology.py [N] (root, or a user who may make namespaces). A lab with the demonstration gets N namespaces
more (1000), each with a cable to the switch's own. Measured: wall and CPU seconds until the graph has all of it; CPU of IDLE_S seconds in
which nothing happens; from the moment that `ip link add` begins, and that it has returned, to the interface in the graph (medians of
RUNS); and that half of the namespaces vanish at once. Limits stand next to their figures; the exit status says whether all hold.
"""

import contextlib
import statistics
import sys
import threading
import time

from sfcci.datapath.lab import Lab, raised
from sfcci.datapath.scenario import load_scenario
from sfcci.trace.opener import opened
from sfcci.trace.topology_watch import Topology

IDLE_S = 10.0
RUNS = 20
FIRST_S = 5.0
IDLE_CPU_S = 0.02
CHANGE_S = 0.05


def batch(lab: Lab, lines: list[str]) -> None:
    """Run lines of `ip` inside."""
    lab.run("switch", ["ip", "-b", "-"], stdin="\n".join(lines) + "\n", timeout_s=300, check=True)


def make(lab: Lab, count: int, name: str = "") -> None:
    """Make namespaces with a cable each."""
    batch(lab, [f"netns add ns{name}{number}" for number in range(count)])
    cables = (f"link add c{name}{n} type veth peer name eth0 netns ns{name}{n}" for n in range(count))
    batch(lab, [*cables, *(f"link set c{name}{number} up" for number in range(count))])


def until(topology: Topology, there: str) -> None:
    """Follow until an interface of that name is in the graph."""
    while not topology.graph.lookup("Name", there):
        topology.look(1.0)


def changes(lab: Lab, topology: Topology) -> tuple[list[float], list[float]]:
    """Add interfaces; give the seconds until each is in the graph, from the command's begin and from its end."""
    begun, ended = [], []
    for number in range(RUNS):
        begin = time.perf_counter()
        lab.run("switch", ["ip", "link", "add", f"new{number}", "type", "veth"], timeout_s=30, check=True)
        end = time.perf_counter()
        until(topology, f"new{number}")
        begun.append(time.perf_counter() - begin)
        ended.append(time.perf_counter() - end)
    return begun, ended


def idle(topology: Topology) -> float:
    """Give the CPU seconds of IDLE_S seconds."""
    topology.catch_up()
    begin, used = time.monotonic(), time.process_time()
    while (left := begin + IDLE_S - time.monotonic()) > 0:
        topology.look(left)
    return time.process_time() - used


def half_gone(lab: Lab, topology: Topology, count: int) -> tuple[float, float]:
    """End every second namespace; give wall and CPU seconds of following it."""
    batch(lab, [f"netns del ns{number}" for number in range(0, count, 2)])
    begin, used = time.perf_counter(), time.process_time()
    topology.catch_up(60)
    while len(topology.graph.lookup("Type", "netns")) > count - count // 2 + 5:
        topology.look(1.0)
    return time.perf_counter() - begin, time.process_time() - used


def watched(lab: Lab, topology: Topology, count: int) -> tuple[float, float, bool]:
    """Make namespaces while they are followed; give wall and CPU seconds, and whether a fresh look sees the same."""
    maker = threading.Thread(target=make, args=(lab, count, "w"))
    begin, used = time.perf_counter(), time.process_time()
    maker.start()
    while maker.is_alive():
        topology.look(0.1)
    topology.catch_up(60)
    wall, used = time.perf_counter() - begin, time.process_time() - used
    with opened(lab) as opener, contextlib.closing(Topology(opener)) as fresh:
        return wall, used, shape(fresh) == shape(topology)


def shape(topology: Topology) -> tuple[dict[str, object], set[str]]:
    """Give what the graph says, without times and revisions."""
    graph = topology.graph
    return {node.id: node.metadata for node in graph.nodes()}, {edge.id for edge in graph.edges()}


def main(count: int) -> int:
    """Measure and tell; 0 when all limits hold."""
    with raised(load_scenario("demo")) as lab:
        make(lab, count)
        with opened(lab) as opener:
            wall, used = time.perf_counter(), time.process_time()
            topology = Topology(opener, print)
            wall, used = time.perf_counter() - wall, time.process_time() - used
            elements = len(topology.graph.nodes()), len(topology.graph.edges())
            rest = idle(topology)
            begun, ended = changes(lab, topology)
            gone_wall, gone_cpu = half_gone(lab, topology, count)
            made_wall, made_cpu, same = watched(lab, topology, count)
            topology.close()
    print(f"$ python benchmarks/bench_topology.py {count}    ({elements[0]} nodes, {elements[1]} edges)")
    print(f"first graph: {wall:.2f} s wall, {used:.2f} s CPU (limit {FIRST_S:g} s CPU)")
    print(f"CPU of {IDLE_S:g} idle seconds: {rest * 1000:.1f} ms (limit {IDLE_CPU_S * 1000:g} ms)")
    print(f"from the begin of `ip link add` to the graph: median {statistics.median(begun) * 1000:.1f} ms")
    print(
        f"from its end to the graph: median {statistics.median(ended) * 1000:.1f} ms (limit {CHANGE_S * 1000:g} ms)"
    )
    print(f"{count // 2} namespaces ended at once: followed in {gone_wall:.2f} s, {gone_cpu:.2f} s CPU")
    words = "as a fresh look has it" if same else "NOT as a fresh look has it"
    print(f"{count} made while watched: {made_wall:.2f} s, {made_cpu:.2f} s CPU; the graph is {words}")
    return int(not same or used > FIRST_S or rest > IDLE_CPU_S or statistics.median(ended) > CHANGE_S)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
