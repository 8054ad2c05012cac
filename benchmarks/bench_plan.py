"""What a state costs until the switch can be told: a thousand chains planned, and one of them changed.

python benchmarks/bench_plan.py [--chains 1000] [--rounds 5] [--json]

CPU time of this one process, medians; a change is the new plan and the difference to what the switch holds, in turns
among 100 chains and among all, for it may cost what has changed and not what there is.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from sfcci.chain.plan import plan
from sfcci.chain.port import Ports, SwitchPort
from sfcci.chain.program import changes
from sfcci.chain.state import State

FEW = 100
Row = tuple[str, float, str, float | None]


def port(name: str) -> dict[str, Any]:
    """Give a port on a host."""
    return {"id": name, "name": name, "network_id": "n", "binding:host_id": "host", "device_id": name}


def pair(name: str) -> dict[str, Any]:
    """Give a pair of two ports of its own."""
    parameters = {"correlation": None, "weight": 1}
    ends = {"ingress": f"{name}-in", "egress": f"{name}-out"}
    return {"id": name, "name": name, **ends, "service_function_parameters": parameters}


def group(name: str, number: int, pairs: list[str]) -> dict[str, Any]:
    """Give a group."""
    mapping = {"ingress_n_tuple": {}, "egress_n_tuple": {}}
    parameters = {"lb_fields": [], "ppg_n_tuple_mapping": mapping}
    given = {"id": name, "name": name, "group_id": number, "port_pairs": pairs, "tap_enabled": False}
    return {**given, "port_pair_group_parameters": parameters}


def classifier(number: int) -> dict[str, Any]:
    """Give a classifier of the one source, with a prefix of its own."""
    prefix = f"10.{number // 250}.{number % 250}.0/24"
    given = {"id": f"fc{number}", "name": f"fc{number}", "ethertype": "IPv4", "protocol": "tcp"}
    return {**given, "source_ip_prefix": prefix, "logical_source_port": "src"}


def chain(number: int, groups: list[str]) -> dict[str, Any]:
    """Give a chain."""
    name = f"pc{number}"
    parameters = {"correlation": "mpls", "symmetric": False}
    given = {"id": name, "name": name, "chain_id": number, "port_pair_groups": groups, "fail_mode": "closed"}
    return {**given, "flow_classifiers": [f"fc{number}"], "chain_parameters": parameters}


def made(chains: int, hops: int, members: int) -> tuple[State, Ports]:
    """Give so many chains, functions and groups of their own in each, every port plugged."""
    pairs = {
        (n, h): [f"pp{n}-{h}-{m}" for m in range(members)] for n in range(1, chains + 1) for h in range(hops)
    }
    words = [word for some in pairs.values() for word in some]
    ports = ["src", *(f"{word}-{end}" for word in words for end in ("in", "out"))]
    groups = [group(f"pg{n}-{h}", place, some) for place, ((n, h), some) in enumerate(pairs.items(), 1)]
    resources = {
        "ports": [port(name) for name in ports],
        "port_pairs": [pair(word) for word in words],
        "port_pair_groups": groups,
        "flow_classifiers": [classifier(n) for n in range(1, chains + 1)],
        "port_chains": [chain(n, [f"pg{n}-{h}" for h in range(hops)]) for n in range(1, chains + 1)],
    }
    state = State({name: {one["id"]: one for one in some} for name, some in resources.items()})
    plugged = {
        name: SwitchPort(
            number, f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}", (), 1
        )
        for number, name in enumerate(ports, 1)
    }
    return state, plugged


def cpu_ms(step: Callable[[], object]) -> float:
    """Give the CPU time of a step."""
    begin = time.process_time()
    step()
    return (time.process_time() - begin) * 1000


def edits(state: State) -> Iterator[tuple[str, State, State]]:
    """Give kinds of changes of one chain, each with the state before and behind it."""
    one = state.of("port_chains")["pc50"]
    yield (
        "order of groups",
        state,
        state.put("port_chains", {**one, "port_pair_groups": one["port_pair_groups"][::-1]}),
    )
    pair = state.of("port_pairs")["pp50-0-0"]
    heavy = {**pair["service_function_parameters"], "weight": 3}
    yield "weight", state, state.put("port_pairs", {**pair, "service_function_parameters": heavy})
    known = state.of("flow_classifiers")["fc50"]
    yield "classifier", state, state.put("flow_classifiers", {**known, "source_ip_prefix": "192.168.0.0/24"})
    yield "deleted", state, state.without("port_chains", "pc50")
    yield "created", state.without("port_chains", "pc50"), state


def change_ms(chains: int, rounds: int) -> dict[str, float]:
    """Give what each kind of change costs among so many chains."""
    state, ports = made(chains, 3, 2)
    found: dict[str, float] = {}
    for name, before, behind in edits(state):
        old = plan(before, ports)

        def step(old: Any = old, behind: State = behind) -> None:
            changes(old.compiled.program, plan(behind, ports, old).compiled.program)

        found[name] = statistics.median(cpu_ms(step) for _ in range(rounds))
    return found


def measured(chains: int, rounds: int) -> Iterator[Row]:
    """Give the figures."""
    for hops, members in ((1, 1), (3, 2)):
        state, ports = made(chains, hops, members)
        took = statistics.median(cpu_ms(lambda: plan(state, ports)) for _ in range(rounds))  # noqa: B023 - called at once
        flows = len(plan(state, ports).compiled.program.flow_of)
        yield f"{chains} chains of {hops} x {members} functions planned ({flows} flows)", took, "ms CPU", 1000
    few, many = change_ms(FEW, rounds), change_ms(chains, rounds)
    for name, took in many.items():
        yield f"one changed among {chains}: {name} (among {FEW}: {few[name]:.2f} ms)", took, "ms CPU", 20


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--chains", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for row in measured(given.chains, given.rounds):
        rows.append(row)
        name, figure, unit, limit = row
        verdict = "" if limit is None else f"  limit {limit:g}: {'holds' if figure <= limit else 'MISSED'}"
        print(
            f"{name:74} {figure:9.2f} {unit}{verdict}",
            file=sys.stderr if given.json else sys.stdout,
            flush=True,
        )
    if given.json:
        print(json.dumps([dict(zip(("name", "figure", "unit", "limit"), row, strict=True)) for row in rows]))
    return int(any(limit is not None and figure > limit for _, figure, _, limit in rows))


if __name__ == "__main__":
    sys.exit(main())
