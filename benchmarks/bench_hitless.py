"""Chains updated under a stream: no packet lost, none past a function or in a wrong order of functions.

Each run is one kind of functions and one kind of update, so many updates of it, under numbered packets through the
chain (both ways where it is symmetric) and as many beside it, the control. What the switch's ports saw is captured and
every packet judged by it. A run whose control lost a packet, or in which a function held one longer than the functions
are said to (a machine without time), does not count and is made again; every run is reported.

`--nodes` spreads the chain's functions over nodes, with tunnels between them (`--encapsulation`). `--api` has the updates asked of the API's data plane; `--tcp` tells what TCP gets through the chain meanwhile.

python benchmarks/bench_hitless.py [--updates 24] [--rate 1000] [--functions routed,mpls-30] [--kinds pairs,order] [--api] [--nodes 3] [--json]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "datapath"))

import hitless_plane
import hitless_run
import hitless_world as world

from sfcci.errors import ToolError

FUNCTIONS = "routed,router-30,mpls-30,nsh-30,wire-30,symmetric-30"
UPDATES = "pairs,groups,members,order,classifier,chain"
ASKED_FUNCTIONS, ASKED_UPDATES = "routed,mpls-30,nsh-30", "pairs,groups,members,order"
"""A lab under the API has functions that route in the kernel, or know the encapsulation; classifiers that overlap it refuses."""
ATTEMPTS = 3
PAUSE_S = 0.1
"""Between two updates."""


def runs(
    functions: str,
    kinds: list[str],
    updates: int,
    rate: float,
    say: Any,
    nodes: int = 0,
    encapsulation: str = "vxlan",
) -> Iterator[Any]:
    """Give every run with functions of one kind in one lab, void ones too."""
    with world.world(world.KINDS[functions], nodes, encapsulation) as lab:
        for kind in kinds:
            yield from attempts(lab, lab.apply, functions, kind, count=updates, rate=rate, say=say)


def asked_runs(functions: str, kinds: list[str], updates: int, rate: float, say: Any) -> Iterator[Any]:
    """Give every run with functions of one kind where updates are requests to the API's rules; a lab for each kind."""
    for kind in kinds:
        with (
            tempfile.TemporaryDirectory() as folder,
            hitless_plane.under_a_plane(functions, Path(folder)) as made,
        ):
            yield from attempts(*made, functions, kind, count=updates, rate=rate, say=say)


def attempts(
    lab: Any, apply: Any, functions: str, kind: str, *, count: int, rate: float, say: Any
) -> Iterator[Any]:
    """Give runs of one kind of update until one counts."""
    for _ in range(ATTEMPTS):
        try:
            run = hitless_run.run(lab, apply, world.KINDS[functions], kind, count=count, rate=rate)
        except ToolError as error:  # evidence with holes is none
            say(f"{functions:>16} {kind:<14} VOID: {error.note}")
            continue
        say(told(run))
        yield run
        if not run.void:
            return


def bulk(updates: int, say: Any) -> dict[str, dict[str, float]]:
    """Give what TCP gets through two functions that the kernel routes: without updates, then with those of each kind."""
    kind = world.KINDS["routed"]
    found = {}
    with world.world(kind) as lab:
        for name in ("without", "pairs", "order"):
            words = world.UPDATES.get(name, ({},))
            states = [world.state(kind, **one, protocol="tcp") for one in words]
            lab.apply(states[0])
            found[name] = hitless_run.carried(lab, lab.apply, states, count=updates, pause_s=PAUSE_S)
            say(
                f"{'TCP':>16} {name:<14} "
                + ", ".join(f"{key} {value:.2f}" for key, value in found[name].items())
            )
    return found


def told(run: Any) -> str:
    """Give a run in a line."""
    ways = "; ".join(
        f"{name} {way.sent} sent, {way.lost} lost, {way.wrong.get('past', 0)} past a function, "
        f"{way.wrong.get('order', 0)} out of order, {way.late} overtaken, at most {way.delays_us['most'] / 1000:.0f} ms"
        for name, way in run.ways.items()
    )
    worth = f"VOID: {run.void}" if run.void else "good" if run.good else "BAD"
    faults = "".join(f"\n    {fault}" for way in run.ways.values() for fault in way.faults)
    figures = (
        f"update {hitless_run.median_ms(run):.0f} ms, ovs-vswitchd {run.switch_cpu * 100:.0f} % of a core"
    )
    return f"{run.functions:>16} {run.updates:<14} {worth:<5} {ways}; {figures}{faults}"


def verdict(found: list[Any]) -> tuple[str, int]:
    """Say what all runs together show, and the exit status: 1 when a run that counts is bad, or none of a kind counts."""
    counting = [run for run in found if not run.void]
    bad = [run for run in counting if not run.good]
    named, counted = ({(run.functions, run.updates) for run in some} for some in (found, counting))
    sent = sum(way.sent for run in counting for way in run.ways.values())
    updates = sum(len(run.update_ms) for run in counting)
    text = f"{len(found)} runs, {len(found) - len(counting)} void; {updates} updates under {sent} packets: "
    text += f"{len(bad)} runs bad" if bad else "0 lost, 0 past a function, 0 out of order"
    text += "".join(f"; {' '.join(one)}: no run counts" for one in sorted(named - counted))
    return text, int(bool(bad or named - counted))


def chosen(word: str, known: dict[str, Any]) -> list[str]:
    """Give the names in a list of words. Raises SystemExit for one that is not known."""
    names = word.split(",")
    if unknown := set(names) - known.keys():
        sys.exit(f"no {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return names


def main() -> int:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--updates", type=int, default=24)
    parser.add_argument("--rate", type=float, default=1000, help="packets per second through the chain")
    parser.add_argument("--functions", help="of " + ", ".join(world.KINDS))
    parser.add_argument("--kinds", help="of updates: " + ", ".join(world.UPDATES | world.MIXED))
    parser.add_argument(
        "--api", action="store_true", help="updates are requests, carried out by the API's data plane"
    )
    parser.add_argument(
        "--nodes", type=int, default=0, help="functions that follow each other on so many nodes"
    )
    parser.add_argument("--encapsulation", default="vxlan", help="between nodes: vxlan, vxlan-gpe, geneve")
    parser.add_argument("--tcp", action="store_true", help="only what TCP gets meanwhile")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    functions = chosen(given.functions or (ASKED_FUNCTIONS if given.api else FUNCTIONS), world.KINDS)
    kinds = chosen(given.kinds or (ASKED_UPDATES if given.api else UPDATES), world.UPDATES | world.MIXED)
    say = partial(print, file=sys.stderr if given.json else sys.stdout, flush=True)
    if given.tcp:
        shown, status = {"tcp": bulk(given.updates, say)}, 0
    else:
        over = partial(runs, nodes=given.nodes, encapsulation=given.encapsulation)
        way = asked_runs if given.api else over
        found = [run for one in functions for run in way(one, kinds, given.updates, given.rate, say)]
        text, status = verdict(found)
        say(text)
        shown = {
            "rate": given.rate,
            "runs": [asdict(run) | {"good": run.good} for run in found],
            "verdict": text,
        }
    if given.json:
        print(json.dumps(shown))
    return status


if __name__ == "__main__":
    sys.exit(main())
