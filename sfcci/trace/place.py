"""Where the analyzer looks: a lab, or this machine. A lab may go and come back; each time it is opened anew."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sfcci.datapath import standing, tracing
from sfcci.datapath.ready import Bell
from sfcci.datapath.standing import StandingLab
from sfcci.datapath.tracing import Scene
from sfcci.errors import SfcciError, Unreachable, UsageError
from sfcci.trace.flow import FlowRecord
from sfcci.trace.graph import Graph
from sfcci.trace.live import Live
from sfcci.trace.opener import Opener, opened
from sfcci.trace.topology_node import Neutron, neutron
from sfcci.trace.topology_watch import Topology

MACHINE = "this machine"
Flows = Callable[[], Iterable[FlowRecord]]


@dataclass
class Here:
    """A place that is open: what opens sockets there, its topology, its packets."""

    opener: Opener
    topology: Topology
    live: Live
    _bell: Bell = field(default_factory=Bell)

    def wait(self, timeout_s: float) -> None:
        """Wait until something has happened there, `wake` was called, or the time is over."""
        self.topology.wait(timeout_s, self._bell.fileno())
        self._bell.hear()

    def wake(self) -> None:
        """End somebody's `wait`."""
        self._bell.ring()

    def gone(self) -> bool:
        """Say whether the place has ended."""
        return self.topology.ended or self.live.ended


class Place(Protocol):
    """A lab or the machine."""

    @property
    def name(self) -> str:
        """How people call it."""

    def opened(self, graph: Graph) -> contextlib.AbstractContextManager[Here]:
        """Open it for the block; its topology is drawn into `graph`. Raises UsageError, Gone (it is not there), MissingTool."""

    def missing(self) -> SfcciError:
        """Give the error for who wants something of it while it is not there."""

    def chain_paths(
        self, flows: Sequence[FlowRecord], everything: Flows, graph: Graph, captured: Collection[str]
    ) -> dict[str, Any]:
        """Judge what flows tell by the chains that are meant, as path_json's document.

        `everything`: all flows there are, for a request is one at each hop; `captured`: the interfaces that
        are captured beside the switch.

        Raises UsageError where there are no chains, or not every port is captured.
        """


@dataclass(frozen=True)
class Machine:
    """The machine itself with all its named network namespaces."""

    name: str = MACHINE

    @contextlib.contextmanager
    def opened(self, graph: Graph) -> Iterator[Here]:
        """See Place."""
        with opened(None) as opener:
            opener.packet_socket(
                ""
            ).close()  # to look is everybody's right; who may not capture is to know it now
            with _looked_into(opener, graph) as here:
                yield here

    def missing(self) -> SfcciError:
        """See Place."""
        return Unreachable("this machine's namespaces cannot be looked into; the analyzer's output says why")

    def chain_paths(
        self,
        flows: Sequence[FlowRecord],  # noqa: ARG002 - Place's, and the next three
        everything: Flows,  # noqa: ARG002
        graph: Graph,  # noqa: ARG002
        captured: Collection[str],  # noqa: ARG002
    ) -> dict[str, Any]:
        """See Place."""
        raise UsageError("no chains are known for this machine; ChainPath() wants an analyzer of a lab")


@dataclass(frozen=True)
class LabPlace:
    """A lab by its name; `state` is the folder of sfcci's state."""

    state: Path
    name: str
    scene: Callable[[StandingLab], Scene] = tracing.of_lab
    """What is meant to be in it."""

    @contextlib.contextmanager
    def opened(self, graph: Graph) -> Iterator[Here]:
        """See Place."""
        known = Neutron(lambda: neutron(self._lab().lab.topology), self.state / "labs" / f"{self.name}.json")
        with opened(self._lab().lab, self.name) as opener, _looked_into(opener, graph, known) as here:
            yield here

    def missing(self) -> SfcciError:
        """See Place."""
        return Unreachable(
            f"no lab {self.name} is up; the analyzer goes on when it is: sfcci lab up {self.name}"
        )

    def chain_paths(
        self, flows: Sequence[FlowRecord], everything: Flows, graph: Graph, captured: Collection[str]
    ) -> dict[str, Any]:
        """See Place."""
        from sfcci.trace import explaining, path_json, recorded

        lab = self._lab()
        meant = explaining.meant_now(self.scene(lab), lab.lab)
        port_of = {
            str(node.metadata.get("TID") or node.id): port.tap
            for port in meant.topology.ports
            for node in graph.lookup("Name", port.tap)
        }
        whole = conversations(flows, everything(), meant.aliases)
        paths = recorded.of_flows(whole, port_of, meant, captured=captured)
        return path_json.document(paths, meant)

    def _lab(self) -> StandingLab:
        found = standing.there(self.state, self.name)
        if found is None:
            raise self.missing()
        return found


def conversations(
    flows: Iterable[FlowRecord], everything: Iterable[FlowRecord], aliases: Mapping[str, str]
) -> list[FlowRecord]:
    """Give all flows of the same conversations: of one hop alone (`Limit(1)`) nobody can tell how a request went on.

    Also those where translators have made others' addresses of theirs.
    """

    def known(flow: FlowRecord) -> frozenset[tuple[Any, ...]]:
        ends = (flow.network_a, flow.port_a), (flow.network_b, flow.port_b)
        return frozenset((aliases.get(str(address), address), port) for address, port in ends)

    wanted = {(known(flow), flow.shape.transport_protocol) for flow in flows if flow.network_a}
    return [flow for flow in everything if (known(flow), flow.shape.transport_protocol) in wanted]


@contextlib.contextmanager
def _looked_into(opener: Opener, graph: Graph, neutron: Neutron | None = None) -> Iterator[Here]:
    with contextlib.ExitStack() as stack:
        live = stack.enter_context(Live(opener))
        topology = stack.enter_context(Topology(opener, graph=graph, neutron=neutron))
        yield Here(opener, topology, live)
