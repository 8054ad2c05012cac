"""The lab of a run under a plane: updates are requests to the API's own rules, and done when the chain is ACTIVE."""

import contextlib

from hitless_world import KINDS, PORTS, functions_working, scenario
from plane_world import NOW, World

from sfcci.chain.state import State
from sfcci.datapath.adoption import adopted


class Requests:
    """Brings a plane to a chain state by requests, one for each resource that differs."""

    def __init__(self, world):
        self.world = world
        self.made = {}

    def __call__(self, wanted):
        """Have the plane reach a state, and wait until it says so."""
        if not self.made:
            self._create_pairs(wanted)
        (chain,) = wanted.port_chains
        for group in wanted.port_pair_groups:
            self._put(
                "port_pair_groups",
                group.name,
                port_pairs=[self._id("port_pairs", id_) for id_ in group.port_pairs],
            )
        for classifier in wanted.flow_classifiers:
            if classifier.name not in self.made:
                self._create_classifier(classifier)
        self._put(
            "port_chains",
            "PC1",
            port_pair_groups=[self._id("port_pair_groups", id_) for id_ in chain.port_pair_groups],
            flow_classifiers=[
                self._id("flow_classifiers", id_.removeprefix("fc-")) for id_ in chain.flow_classifiers
            ],
            chain_parameters={"correlation": chain.correlation, "symmetric": chain.symmetric},
        )
        self.world.settled()

    def _put(self, collection, name, **body):
        """Create what is not there, update what is another."""
        if self.made.get(name) == body:
            return
        if name in self.made:
            body.pop("chain_parameters", None)
            self.world.set(collection, name, **body)
        else:
            self.world.create(collection, name=name, **body)
        self.made[name] = {**self.made.get(name, {}), **body}

    def _create_pairs(self, wanted):
        for pair in wanted.port_pairs:
            self._put(
                "port_pairs", pair.id, ingress=pair.ingress, egress=pair.egress,
                service_function_parameters={"correlation": pair.correlation},
            )  # fmt: skip

    def _create_classifier(self, classifier):
        ends = (
            "logical_source_port",
            "logical_destination_port",
            "source_ip_prefix",
            "destination_ip_prefix",
        )
        given = {name: getattr(classifier, name) for name in ends}
        self._put("flow_classifiers", classifier.name, ethertype="IPv4", protocol="udp", **given)

    def _id(self, collection, name):
        return self.world.id(collection, name)


@contextlib.contextmanager
def under_a_plane(kind, folder):
    """Give a lab under a plane with functions of a kind that work, and what brings it to a chain state."""
    world = World(folder)
    try:
        world.follow(adopted(State(), scenario(KINDS[kind]), "p", NOW))
        for name in PORTS:
            world.comes("ACTIVE", name, "ports")
        with functions_working(world.lab(), KINDS[kind]):
            yield world.lab(), Requests(world)
    finally:
        world.close()
