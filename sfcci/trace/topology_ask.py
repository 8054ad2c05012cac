"""Asking switches for their rules, and having them in a graph beside everything else."""

import time

from sfcci import command
from sfcci.errors import ToolError
from sfcci.trace import topology_rules
from sfcci.trace.graph import Graph
from sfcci.trace.topology_watch import Topology

LIMIT_S = 20


def with_rules(topology: Topology) -> Graph:
    """Give a copy of the graph that has flows and groups of each switch as they are now; of one that says nothing, none.

    They change with each chain, and are many: so they are asked for by who wants them, and not kept. Raises MissingTool.
    """
    graph, now_ms = topology.graph.copy(), time.time_ns() // 1_000_000
    for bridge in graph.lookup("Type", "ovsbridge"):
        address = f"unix:{topology.runtime(bridge)}/{bridge.metadata['Name']}.mgmt"
        try:
            flows = _told("--no-stats", "--no-names", "dump-flows", address)
            topology_rules.draw(graph, bridge, flows, _told("dump-groups", address), now_ms)
        except ToolError:  # it is gone, or just beginning
            continue
    return graph


def _told(*words: str) -> str:
    argv = [command.find("ovs-ofctl"), "-O", "OpenFlow15", *words]
    return command.run(argv, timeout_s=LIMIT_S).stdout
