"""What `sfcci sfc trace` asks: the layout of a state, scenario or lab, and the switch that carries its packets.

The switch is the lab's own where a lab is up, else one that any user may have (`own_switch`).
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from sfcci.chain import view
from sfcci.chain.compiler import compiled
from sfcci.chain.journey import Carry, Layout
from sfcci.chain.judgement import port_trouble
from sfcci.chain.model import ChainState
from sfcci.chain.plan import plan
from sfcci.chain.port import Ports
from sfcci.chain.program import Program
from sfcci.chain.question import Question
from sfcci.chain.rewriting import answer
from sfcci.chain.state import NOTHING, State
from sfcci.chain.status import ERROR
from sfcci.chain.verdict import claimed
from sfcci.datapath import ovs, own_switch, standing
from sfcci.datapath.lab import Lab, held_by, switch_ports
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import Port, Topology
from sfcci.datapath.traced import Traced, TracedNodes
from sfcci.datapath.unixctl import Control
from sfcci.datapath.wanted import wanted
from sfcci.datapath.watch import Watch
from sfcci.document import did_you_mean
from sfcci.errors import InputError, UsageError

TRACE = "trace"
"""The name of the way to run a switch without any privilege; the others are the datapaths of labs."""
MOST_PORTS = 300
"""How many ports a switch of our own gets at once: twice as many take four times as long."""


@dataclass(frozen=True)
class Scene:
    """What is asked about. `lame`: why chains cannot be carried out, by id; `lab`: whose switch is asked, if any."""

    topology: Topology
    layout: Layout
    program: Program
    lame: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    lab: standing.StandingLab | None = None
    unplugged: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Why ports of the API's are not plugged, by id and by name."""

    @property
    def way(self) -> str:
        """How the switch is run: "netdev", "dummy" or "trace"."""
        return self.lab.lab.datapath if self.lab else TRACE


def of_state(state: State) -> Scene:
    """Give the scene of the API's state, as if everything that can be plugged were."""
    topology = wanted(state, Topology(), 0)
    return _planned(state, topology, switch_ports(topology))


def of_scenario(scenario: Scenario) -> Scene:
    """Give the scene of a scenario."""
    return _of_chains(scenario.topology, switch_ports(scenario.topology), scenario.chains)


def of_lab(lab: standing.StandingLab, state: State | None = None) -> Scene:
    """Give the scene of a lab that is up; `state` is the API's, where that has it. Raises ToolError."""
    return replace(of_raised(lab.lab, state), lab=lab)


def of_raised(lab: Lab, state: State | None = None, chains: ChainState | None = None) -> Scene:
    """Give the scene of a lab that runs, under whatever name: which ports have a link now is seen. Raises ToolError.

    `chains`: those that it carries now, where it was raised with others.
    """
    links = _links(lab)
    up = {port.id: bool(links.get(port.tap)) for port in lab.topology.ports}
    ports = {id_: replace(port, up=up[id_]) for id_, port in switch_ports(lab.topology).items()}
    if state is not None:
        return _planned(state, lab.topology, ports)
    return _of_chains(lab.topology, ports, chains or lab.scenario.chains)


def lab_of(folder: Path, state: State) -> standing.StandingLab | None:
    """Give the lab that is up with ports of the state, and no others; None where there is none."""
    known = state.of("ports").keys()
    with contextlib.suppress(InputError):
        for lab in standing.labs(folder):
            ports = {port.id for port in lab.lab.topology.ports}
            if lab.served and ports and ports <= known:
                return lab
    return None


def batches(scene: Scene, questions: Iterable[Question]) -> Iterator[list[Question]]:
    """Give the questions in batches for `carrying`: a switch of our own takes longer the more ports it has."""
    batch: list[Question] = []
    ports: set[str] = set()
    for one in questions:
        more = ports | _needed(scene.layout, one)
        if batch and len(more) > MOST_PORTS and not scene.lab:
            yield batch
            batch, more = [], _needed(scene.layout, one)
        batch.append(one)
        ports = more
    if batch:
        yield batch


@contextlib.contextmanager
def carrying(scene: Scene, questions: Iterable[Question], *, named: bool = False) -> Iterator[Carry]:
    """Give what carries the packets of these questions, and their answers, through the scene's switch, for the block.

    `named` as for `Traced`. Raises MissingTool, ToolError, Unreachable.
    """
    if scene.lab:
        with lab_switch(scene.lab.lab, named=named) as carry:
            yield carry
        return
    needed = {port for one in questions for port in _needed(scene.layout, one)}
    ports = [
        own_switch.DummyPort(port.tap, port.number, port.mac, max(port.network, 0))
        for port in scene.topology.ports
        if port.id in needed
    ]
    with own_switch.own_switch(ports) as switch:
        switch.install(scene.program)
        yield switch.traced(named=named)


@contextlib.contextmanager
def lab_switch(lab: Lab, *, named: bool) -> Iterator[Carry]:
    """Give what carries packets through a lab's switch, or its nodes', for the block. Raises ToolError, Unreachable."""
    places = lab.places()
    with contextlib.ExitStack() as stack:
        nodes = {}
        for name, connect in lab.switches().items():
            control = stack.enter_context(Control(ovs.file(lab.keeper.at(name), "vswitchd.ctl")))
            tunnel = places.nodes[name].tunnel if lab.nodes else 0
            nodes[name] = Traced(control, ovs.BRIDGE, partial(held_by, connect), named=named, tunnel=tunnel)
        yield TracedNodes(nodes, places) if lab.nodes else nodes[""]


def port_named(scene: Scene, word: str) -> Port:
    """Give the port with that name, id, tap or address, or the one by which a host of that name sends.

    Raises UsageError.
    """
    topology = scene.topology
    if found := _with_address(topology, word):
        return found
    if any(word in (port.id, port.tap, port.name) for port in topology.ports):
        return topology.port(word)
    if ports := topology.ports_of(word):
        return ports[-1]
    if why := scene.unplugged.get(word):
        raise UsageError(f"{why}: it is not plugged, and no packet enters there")
    names = [*(port.name for port in topology.ports), *(host.name for host in topology.hosts)]
    hint = (
        did_you_mean(word, names) or f"there are {len(topology.ports)} ports; name one, its id or its address"
    )
    raise UsageError(f"no plugged port {word!r}; {hint}")


def _with_address(topology: Topology, word: str) -> Port | None:
    try:
        address = ip_address(word)
    except ValueError:
        return None
    found = [
        port
        for port in topology.ports
        if any(ip_address(a.partition("/")[0]) == address for a in port.addresses)
    ]
    if len(found) > 1:
        taps = ", ".join(port.tap for port in found)
        raise UsageError(f"several networks have a port with address {word}; say which: {taps}")
    return found[0] if found else None


def _planned(state: State, topology: Topology, ports: Ports) -> Scene:
    made = plan(state, ports)
    lame = {
        id_: status.reason
        for id_, status in made.chains.items()
        if status.status == ERROR and id_ not in made.compiled.ways
    }
    named = ("ports", "port_pairs", "port_pair_groups", "flow_classifiers", "port_chains")
    names = {id_: str(one.get("name") or "") for kind in named for id_, one in state.of(kind).items()}
    layout = Layout(_chains(state), ports, made.compiled.ways, names)
    return Scene(topology, layout, made.program, lame, unplugged=_unplugged(state, ports))


def _unplugged(state: State, ports: Ports) -> dict[str, str]:
    """Why ports are not plugged, by id and by name."""
    lost = [port for id_, port in state.of("ports").items() if id_ not in ports]
    return {
        port[word]: port_trouble(port, False) for port in lost for word in ("name", "id") if port.get(word)
    }


def _chains(state: State) -> ChainState:
    """The API's resources as the compiler knows them."""
    return ChainState(
        tuple(map(view.port_pair, state.of("port_pairs").values())),
        tuple(map(view.port_pair_group, state.of("port_pair_groups").values())),
        tuple(map(view.flow_classifier, state.of("flow_classifiers").values())),
        tuple(map(view.port_chain, state.of("port_chains").values())),
        tuple(map(view.service_graph, state.of("service_graphs").values())),
    )


def _of_chains(topology: Topology, ports: Ports, chains: ChainState) -> Scene:
    """The scene of a scenario's chains."""
    made = compiled(chains, ports)
    kinds = (chains.port_pairs, chains.port_pair_groups, chains.flow_classifiers, chains.port_chains)
    names = {one.id: one.name for kind in kinds for one in kind} | {
        port.id: port.name for port in topology.ports
    }
    return Scene(topology, Layout(chains, ports, made.ways, names), made.program)


def _links(lab: Lab) -> dict[str, bool]:
    links: dict[str, bool] = {}
    for node in lab.nodes or ("",):
        with contextlib.closing(Watch(lab.keeper.at(node))) as watch:
            links |= watch.links
    return links


def _needed(layout: Layout, one: Question) -> set[str]:
    """The ports that the packet and its answer may come to: their ends, and those of the chains that they enter.

    Each port of the switch costs time to make, and other chains' say nothing here.
    """
    packets = [one.packet]
    if one.goal:
        packets.append({**answer(one.packet), "in_port": layout.ports[one.goal].number})
    todo = [path.chain for packet in packets if (path := claimed(layout, packet))]
    onward = {source: to for graph in layout.chains.service_graphs for source, to in graph.port_chains}
    chains = set(todo)
    while todo:
        more = [end for end in onward.get(todo.pop(), ()) if end not in chains]
        chains.update(more)
        todo += more
    numbers = {
        port.number
        for id_ in chains
        for path in layout.ways.get(id_, ())
        for instance in path.instances
        for port in (instance.entry, instance.exit)
    }
    return {port for port in (one.source, one.goal) if port} | {layout.port_at[number] for number in numbers}
