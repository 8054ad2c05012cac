"""A small API of service function chaining without a server: requests on pure states."""

import uuid

import pytest

from sfcci.chain import collection as requests
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.refused import Refused
from sfcci.chain.state import Asked, State

PROJECT = "p1"


def id_of(number):
    return str(uuid.UUID(int=number))


class World:
    """A state, and requests that change it. Ports are there from the start: `port(name)` makes one."""

    def __init__(self):
        self.state, self.made, self.ports = State(), 0, {}

    def new_id(self):
        self.made += 1
        return id_of(self.made)

    def asked(self, project=PROJECT, admin=False):
        return Asked(project, admin, self.new_id(), "2026-01-31T23:59:59Z")

    def port(self, name, device=None, project=PROJECT):
        """Give the id of the port of that name; its device is what stands before the dot."""
        if name not in self.ports:
            self.ports[name] = self.new_id()
            device = name.split(".")[0] if device is None else device
            port = {"id": self.ports[name], "name": name, "device_id": device, "project_id": project}
            self.state = self.state.put("ports", port)
        return self.ports[name]

    def create(self, collection, *, by=None, **body):
        by = by or self.asked()
        self.state = requests.create(self.state, COLLECTIONS[collection], body, by)
        return self.state.get(collection, by.id)

    def update(self, collection, id_, *, by=None, **body):
        self.state = requests.update(self.state, COLLECTIONS[collection], id_, body, by or self.asked())
        return self.state.get(collection, id_)

    def delete(self, collection, id_, *, by=None):
        self.state = requests.delete(self.state, COLLECTIONS[collection], id_, by or self.asked())

    def refused(self, what, *words, **body):
        """Give (status, type, message) of a request that must be refused and leave the very same state."""
        before = self.state
        try:
            what(*words, **body)
        except Refused as refusal:
            assert self.state is before
            return refusal.status, refusal.type, refusal.message
        raise AssertionError(f"not refused: {words} {body}")

    def pair(self, name, **body):
        ports = {"ingress": self.port(f"{name}.in"), "egress": self.port(f"{name}.out")}
        return self.create("port_pairs", name=name, **{**ports, **body})["id"]

    def group(self, *pairs, **body):
        return self.create("port_pair_groups", **{"port_pairs": list(pairs), **body})["id"]

    def classifier(self, **body):
        source = {"logical_source_port": self.port("src.p")}
        return self.create("flow_classifiers", **{**source, **body})["id"]

    def chain(self, *groups, **body):
        return self.create("port_chains", port_pair_groups=list(groups), **body)["id"]

    def graph(self, branches, **body):
        return self.create("service_graphs", port_chains=branches, **body)["id"]


@pytest.fixture
def world():
    return World()


@pytest.fixture(scope="session")
def new_world():
    return World
