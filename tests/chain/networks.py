"""A small world of networks for tests: what is asked of it changes it or raises Refused."""

import uuid

from sfcci.chain import collection
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.refused import Refused
from sfcci.chain.state import Asked, State

NOW = "2026-01-31T23:59:59Z"


class World:
    """A state, who asks, and ids that are the same each time."""

    def __init__(self, project="p", *, admin=True):
        self.state, self.project, self.admin, self._number = State(), project, admin, 0

    def asked(self):
        self._number += 1
        return Asked(self.project, self.admin, str(uuid.UUID(int=self._number)), NOW)

    def be(self, project, *, admin=False):
        self.project, self.admin = project, admin
        return self

    def make(self, kind, /, **body):
        asked = self.asked()
        self.state = collection.create(self.state, COLLECTIONS[kind], body, asked)
        return self.get(kind, asked.id)

    def change(self, kind, resource, /, **body):
        self.state = collection.update(self.state, COLLECTIONS[kind], resource["id"], body, self.asked())
        return self.get(kind, resource["id"])

    def end(self, kind, resource):
        self.state = collection.delete(self.state, COLLECTIONS[kind], resource["id"], self.asked())

    def act(self, action, router, **body):
        acting = COLLECTIONS["routers"].actions[action]
        self.state, answer = acting(self.state, self.asked(), self.get("routers", router["id"]), body)
        return answer

    def get(self, kind, id_):
        return self.state.of(kind)[id_]

    def network(self, cidr="10.0.0.0/24", **body):
        """Make a network with a subnet and give both."""
        network = self.make("networks", **body)
        version = 6 if ":" in cidr else 4
        return network, self.make("subnets", network_id=network["id"], cidr=cidr, ip_version=version)


def refusal(request, *words, **body):
    """Give the status, type and message of the refusal that the request meets."""
    try:
        request(*words, **body)
    except Refused as refused:
        return refused.status, refused.type, refused.message
    return None
