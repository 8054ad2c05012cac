"""What many nodes cost before any of them is told: each one's program made of the one, and one chain changed.

python benchmarks/bench_nodes.py [--nodes 100] [--chains 100] [--networks 10] [--rounds 5] [--json]

Every chain has a source, a destination and three groups of two routers of its own, dealt out over the nodes so that no two
functions of a chain share one; each network has as many chains as the others. CPU time of this one process, medians.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from bench_plan import chain, classifier, cpu_ms, group, pair, port

from sfcci.chain.node import Node, Places, places
from sfcci.chain.nodes import NodePrograms, on_nodes
from sfcci.chain.plan import Plan, plan
from sfcci.chain.port import Ports, SwitchPort
from sfcci.chain.program import changes, differing
from sfcci.chain.state import State

HOPS, MEMBERS, STEP = 3, 2, 7
"""Groups of a chain, functions of a group; from one machine to the next it is so many nodes further."""
Row = tuple[str, float, str, float | None]


def world(chains: int, nodes: int, networks: int) -> tuple[State, Ports, Places]:
    """Give the state, the plugged ports and where they are."""
    ports: dict[str, SwitchPort] = {}
    at: dict[str, str] = {}
    machines = count()

    def plug(network: int, *names: str) -> None:
        machine = next(machines)
        node = f"node{machine * STEP % nodes}"
        for name in names:
            number = len(ports) + 1
            mac = f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
            address = f"10.{machine >> 16}.{machine >> 8 & 255}.{machine & 255}"
            ports[name] = SwitchPort(number, mac, (address,), network, (address,))
            at[name] = node

    pairs, groups, classifiers, made = [], [], [], []
    for n in range(1, chains + 1):
        network = n % networks + 1
        plug(network, f"src{n}")
        plug(network, f"dst{n}")
        words = [[f"pp{n}-{h}-{m}" for m in range(MEMBERS)] for h in range(HOPS)]
        for word in (word for some in words for word in some):
            plug(network, f"{word}-in", f"{word}-out")
            pairs.append(pair(word))
        groups += [group(f"pg{n}-{h}", n * HOPS + h, some) for h, some in enumerate(words)]
        classifiers.append(classifier(n) | {"logical_source_port": f"src{n}"})
        made.append(chain(n, [f"pg{n}-{h}" for h in range(HOPS)]))
    resources = {
        "ports": [port(name) for name in ports],
        "port_pairs": pairs,
        "port_pair_groups": groups,
        "flow_classifiers": classifiers,
        "port_chains": made,
    }
    state = State({name: {one["id"]: one for one in some} for name, some in resources.items()})
    known = {f"node{n}": Node(f"node{n}", f"192.0.2.{n}", 65001) for n in range(nodes)}
    return state, ports, places(known, ports, at)


def edits(state: State, chains: int) -> Iterator[tuple[str, State, State]]:
    """Give kinds of changes of one chain, each with the state before and behind it."""
    one = state.of("port_chains")[f"pc{chains // 2}"]
    turned = {**one, "port_pair_groups": one["port_pair_groups"][::-1]}
    yield "order of groups", state, state.put("port_chains", turned)
    known = state.of("flow_classifiers")[one["flow_classifiers"][0]]
    yield "classifier", state, state.put("flow_classifiers", {**known, "source_ip_prefix": "192.168.0.0/24"})
    yield "deleted", state, state.without("port_chains", one["id"])
    yield "created", state.without("port_chains", one["id"]), state


def median_ms(step: Callable[[], object], rounds: int) -> float:
    """Give the median of a step's CPU time."""
    return statistics.median(cpu_ms(step) for _ in range(rounds))


def measured(chains: int, nodes: int, networks: int, rounds: int) -> Iterator[Row]:
    """Give the figures."""
    state, ports, where = world(chains, nodes, networks)
    made = plan(state, ports)
    whole = f"{chains} chains over {nodes} nodes, {networks} networks"
    took = median_ms(lambda: on_nodes(made.program, where), rounds)
    yield f"{whole}: every program ({len(made.program.flow_of)} flows of one switch)", took, "ms CPU", None
    flows = [len(program.flow_of) for program in on_nodes(made.program, where).values()]
    yield f"{whole}: flows of a node, median (most {max(flows)})", statistics.median(flows), "", None
    for name, before, behind in edits(state, chains):
        yield from _changed(name, plan(before, ports), behind, ports, where, rounds)
    moved = _moved(where)
    before = on_nodes(made.program, where)
    took = median_ms(lambda: on_nodes(made.program, moved, before), rounds)
    yield "a function's machine on another node", took, "ms CPU", None


def _changed(name: str, old: Plan, behind: State, ports: Ports, where: Places, rounds: int) -> Iterator[Row]:
    before = on_nodes(old.program, where)
    new = plan(behind, ports, old)
    took = median_ms(lambda: _steps(before, on_nodes(new.program, where, before)), rounds)
    after = on_nodes(new.program, where, before)
    touched = [node for node in after if differing(before[node], after[node])]
    told = sum(len(changes(before[node], after[node])) for node in touched)
    one = len(changes(old.program, new.program))
    text = f"one changed: {name}: {len(touched)} nodes told {told} changes (one switch: {one})"
    yield text, took, "ms CPU", 20


def _steps(before: NodePrograms, after: NodePrograms) -> int:
    return sum(len(changes(before[node], after[node])) for node in after if after[node] is not before[node])


def _moved(where: Places) -> Places:
    """The same with the ports of one machine on another node."""
    ends = sorted(where.ports)[2:4]
    ports = {n: replace(port, node="node0") if n in ends else port for n, port in where.ports.items()}
    return Places(where.nodes, ports, where.encapsulation)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--chains", type=int, default=100)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows: list[Any] = []
    for name, figure, unit, limit in measured(given.chains, given.nodes, given.networks, given.rounds):
        rows.append({"name": name, "figure": figure, "unit": unit, "limit": limit})
        verdict = "" if limit is None else f"  limit {limit:g}: {'holds' if figure <= limit else 'MISSED'}"
        to = sys.stderr if given.json else sys.stdout
        print(f"{name:88} {figure:9.2f} {unit}{verdict}", file=to, flush=True)
    if given.json:
        print(json.dumps(rows))
    return int(any(row["limit"] is not None and row["figure"] > row["limit"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
