"""Which hosts there are: the machine, or a lab; and, where a lab has nodes, each node with what hangs on its switch."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sfcci.trace.graph import tid
from sfcci.trace.topology_space import Space

ROOT: Final = ""
"""The namespace of the only switch, or of the machine itself, whose interfaces are the host's own."""


class Hosts:
    """The host `name`, and the `nodes`: namespaces that are hosts too, for each has a switch of its own.

    A namespace is its node's on which its cable hangs. TIDs and ids are made of the host's name, as they are without nodes.
    """

    def __init__(self, name: str, nodes: Iterable[str] = ()) -> None:
        self.name, self.nodes = name, frozenset(nodes)
        self.switches: frozenset[str] = self.nodes or frozenset({ROOT})
        """The namespaces that have a switch."""
        self._tid = tid(name)
        self._homes: dict[str, str] = {}

    def owns(self, space: str) -> bool:
        """Say whether a namespace is a host's own, so that the host tells of it."""
        return space == ROOT or space in self.nodes

    def home(self, space: str) -> str:
        """Give the namespace of the host that a namespace belongs to."""
        return space if space in self.nodes else self._homes.get(space, ROOT)

    def called(self, space: str) -> str:
        """Give the name of the host whose own this namespace is."""
        return space or self.name

    def tid(self, space: str) -> str:
        """Give the TID of the host whose own this namespace is."""
        return tid(self._tid, space, "host") if space in self.nodes else self._tid

    def node(self, name: str, space: Space | None) -> tuple[str, dict[str, Any]] | None:
        """Give a host's id and metadata; None: there is no such host now. A node of a lab has the Path of its namespace."""
        if name == ROOT:
            return tid("id", self.name), {"Name": self.name, "Type": "host", "TID": self._tid}
        if space is None or name not in self.nodes:
            return None
        told = {"Name": name, "Type": "host", "TID": self.tid(name), "Path": space.path}
        return tid("id", self.name, name, "host"), told

    def moved(self, names: Iterable[str], spaces: Mapping[str, Space]) -> list[str]:
        """Look again where these namespaces belong; give those that belong elsewhere than before."""
        found = []
        for name in set(names) - self.nodes - {ROOT} if self.nodes else ():
            space = spaces.get(name)
            others = [space.other(link) for link in space.links.values()] if space else []
            home = next((other[0] for other in others if other and other[0] in self.nodes), ROOT)
            if home != self._homes.get(name, ROOT):
                self._homes[name] = home
                found.append(name)
        return found
