"""What a question about many flows costs: the articles' queries over 100 000 flows of one analyzer.

python benchmarks/bench_gremlin.py [--flows 100000] [--rounds 7] [--json]

CPU milliseconds of this one process, the median of the rounds, and how often that is one plain pass over all flows in the
same run (which tells a slow query from a machine that has much to do). Each query is read, answered and made into JSON:
what is left is few flows or a number. The last two rows leave all flows and say nothing of the limit.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable

from sfcci.trace.flow import MS, ONE, FlowRecord, Owner, Shape
from sfcci.trace.graph import Graph
from sfcci.trace.gremlin import World, query

BEGIN_MS = 1_700_000_000_000
LIMIT_MS = 50.0
ARTICLES = 4  # of the queries are those of the articles
TAPS = 64

ASKED = (
    "G.Flows().Has('Network','10.0.0.3','Transport','80').Limit(1)",
    "G.Flows().Has('Network','10.0.0.3','Transport','80').Nodes()",
    "G.Flows().Has('L3TrackingID','{known}').Nodes()",
    "G.Flows().Has('L3TrackingID','{known}').Sort('Start').Hops().Values('TID')",
    "G.Flows().Limit(1)",
    "G.Flows().Count()",
    "G.Flows('NodeTID','t-tap7').Has('Transport.Protocol','TCP').Limit(20)",
    "G.V().Has('Name','tap7').Flows().Sort(DESC,'Metric.ABBytes').Limit(5)",
    "G.Flows().Has('Metric.ABPackets', Gt(990)).Count()",
    "G.Flows().Has('LayersPath', Regex('TCP$')).Count()",
    "G.Flows().Has('Network', Ipv4Range('10.0.0.0/28')).Count()",
    "G.Flows().Has('Transport', 80).Sum('Metric.ABBytes')",
)
ALL = ("G.Flows().Sort().Values('L3TrackingID')", "G.Flows().Dedup('L3TrackingID').Count()")


def flow(number: int, chance: random.Random) -> FlowRecord:
    """Give one flow: a host of a few hundred asks another one."""
    shape, owner = SHAPES[chance.randrange(len(SHAPES))], OWNERS[number % TAPS]
    start_ns = (BEGIN_MS + number // 10) * MS
    made = FlowRecord(shape, owner, number.to_bytes(8, "big"), start_ns)
    made.link_a, made.link_b = f"fa:16:3e:00:00:{number % TAPS:02x}", f"fa:16:3e:00:01:{number % 251:02x}"
    made.network_a, made.network_b = ADDRESSES[number % 250], ADDRESSES[250 + number % 4999]
    made.port_a, made.port_b = 1024 + number % 60_000, chance.choice((80, 443, 8080, 53, 22))
    made.tracking_id, made.l3_tracking_id = number * 7919, (number // 6) * 104_729
    packets = chance.randrange(1, 1000)
    made.ab, made.ba = packets * (ONE + 80), packets * (ONE + 700)
    made.last_ns = start_ns + chance.randrange(10**9)
    return made


SHAPES = [
    Shape(f"Ethernet/IPv4/{name}", "ETHERNET", 0, "IPV4", 0, name, 0, application=name)
    for name in ("TCP", "UDP")
]
ADDRESSES = [f"10.0.{number // 250}.{number % 250}" for number in range(5249)]
OWNERS = [Owner(f"t-tap{number}", "capture") for number in range(TAPS)]


def world(count: int) -> World:
    """Give an analyzer's world: taps on one bridge, and so many flows."""
    chance = random.Random(7)  # noqa: S311 - the same flows each time
    graph = Graph()
    graph.put_node("br", {"Name": "br-int", "Type": "ovsbridge", "TID": "t-br"}, now_ms=BEGIN_MS)
    for number, owner in enumerate(OWNERS):
        mac = f"fa:16:3e:00:00:{number:02x}"
        known = {"Name": f"tap{number}", "Type": "veth", "TID": owner.node_tid, "MAC": mac}
        graph.put_node(f"tap{number}", known, now_ms=BEGIN_MS)
        graph.put_edge(f"e{number}", "br", f"tap{number}", {"RelationType": "layer2"}, now_ms=BEGIN_MS)
    flows = [flow(number, chance) for number in range(count)]
    flows.sort(
        key=lambda one: one.owner.node_tid
    )  # as the tables of the taps give them, one behind the other
    return World(graph, lambda: flows)


def cost_ms(work: Callable[[], object], rounds: int) -> float:
    """Give the median CPU time of the work."""
    took = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        took.append((time.process_time() - begin) * 1000)
    return statistics.median(took)


def main() -> int:
    """Ask, and say what it cost; status 1 when one of the articles' queries takes more than 50 ms."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--flows", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    asked = world(given.flows)
    known = f"{(given.flows // 12) * 104_729:x}"
    flows = list(asked.flows())
    plain = cost_ms(lambda: [one for one in flows if one.network_a == "" or one.port_b == -1], given.rounds)
    rows = []
    for text in (*ASKED, *ALL):
        full = text.format(known=known)
        left = query(full, asked).json()
        ms = cost_ms(lambda full=full: json.dumps(query(full, asked).json()), given.rounds)
        number = len(left) if isinstance(left, list) else left
        rows.append({"query": text, "cpu_ms": round(ms, 1), "passes": round(ms / plain, 1), "left": number})
    slow = [row for row in rows[:ARTICLES] if row["cpu_ms"] > LIMIT_MS]
    if given.json:
        print(json.dumps({"flows": given.flows, "plain_ms": round(plain, 1), "rows": rows}))
    else:
        print(f"{plain:8.1f} ms             one plain pass over {given.flows} flows")
        for row in rows:
            print(f"{row['cpu_ms']:8.1f} ms {row['passes']:5.1f} passes  {row['query']}  -> {row['left']}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
