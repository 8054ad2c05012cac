"""What the soak asks of the API: chains that come, change and go, and one that stays while its group changes."""

import http.client
import json
from itertools import permutations
from typing import Any

DEST = "10.0.0.128"
STEADY, CHANGING = 5001, 5002
"""UDP ports of the chain that stays, and of the one whose packets are sent while it comes and goes."""
FUNCTIONS = 6
"""Functions of the chains that come and go and carry nothing: each has two of them, no two the same two."""
OTHERS = tuple(permutations(range(FUNCTIONS), 2))
PATIENCE_S = 60.0


class Api:
    """Requests over one connection that stays."""

    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the answer. Raises RuntimeError for a refusal."""
        self.connection.request(method, path, json.dumps(body) if body else None)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()[:300]}")
        return json.loads(content) if content else None

    def made(self, path: str, member: str, **body: Any) -> str:
        """Create a resource and give its id."""
        return str(self.ask("POST", f"/v2.0/sfc/{path}", {member: body})[member]["id"])

    def named(self, path: str, member: str) -> dict[str, str]:
        """Give the ids of a collection by name."""
        return {one["name"]: one["id"] for one in self.ask("GET", path)[member]}

    def chain(self, name: str, port: int, groups: list[str], source: str) -> tuple[str, str]:
        """Create a classifier of one UDP port and a chain for it; give both ids."""
        classifier = self.made(
            "flow_classifiers", "flow_classifier", name=f"FC_{name}", ethertype="IPv4", protocol="udp",
            destination_port_range_min=port, destination_port_range_max=port, logical_source_port=source,
            source_ip_prefix="10.0.0.103/32", destination_ip_prefix=f"{DEST}/32",
        )  # fmt: skip
        return classifier, self.made(
            "port_chains",
            "port_chain",
            name=f"PC_{name}",
            port_pair_groups=groups,
            flow_classifiers=[classifier],
        )


class Churn:
    """One operation after the other: chains come, change and go, and the steady one's group with them."""

    def __init__(self, api: Api) -> None:
        self.api = api
        groups = api.named("/v2.0/sfc/port_pair_groups", "port_pair_groups")
        self.pairs = api.named("/v2.0/sfc/port_pairs", "port_pairs")
        self.source = api.named("/v2.0/ports?name=source_vm_port", "ports")["source_vm_port"]
        self.first, self.second = groups["PG1"], groups["PG2"]
        self.network = next(iter(api.named("/v2.0/networks", "networks").values()))
        self.groups = [groups.get(f"X{number}") or self._function(number) for number in range(FUNCTIONS)]
        self.there: dict[int, tuple[str, str, int]] = {}
        self.turn = 0
        for kind in ("port_chains", "flow_classifiers"):  # the scenario's own want all of UDP
            for id_ in api.named(f"/v2.0/sfc/{kind}", kind).values():
                api.ask("DELETE", f"/v2.0/sfc/{kind}/{id_}")
        self.steady = api.chain("steady", STEADY, [self.first, self.second], self.source)

    def _function(self, number: int) -> str:
        """Make a function with a machine and a group of its own; give the group's id."""
        ports = [self._port(f"x{number}{end}", f"vmx{number}") for end in ("in", "out")]
        pair = self.api.made("port_pairs", "port_pair", name=f"PX{number}", ingress=ports[0], egress=ports[1])
        return self.api.made("port_pair_groups", "port_pair_group", name=f"X{number}", port_pairs=[pair])

    def _port(self, name: str, device: str) -> str:
        body = {"name": name, "network_id": self.network, "device_id": device, "binding:host_id": "lab"}
        return str(self.api.ask("POST", "/v2.0/ports", {"port": body})["port"]["id"])

    def _hops(self, number: int) -> tuple[int, list[str], list[str]]:
        """Give the port of a chain, and its groups when it is created and when it is changed."""
        if number % 4 == 0:
            return CHANGING, [self.second], [self.groups[0], self.second]
        turn = number % len(OTHERS)
        two = [self.groups[place] for place in OTHERS[turn]]
        return 20000 + turn, two, [*two, self.second]

    def members(self) -> None:
        """Take a member out of the first group, or put it back."""
        self.turn += 1
        names = ("PP1",) if self.turn % 2 else ("PP1", "PP2")
        body = {"port_pair_group": {"port_pairs": [self.pairs[name] for name in names]}}
        self.api.ask("PUT", f"/v2.0/sfc/port_pair_groups/{self.first}", body)

    def next(self, number: int) -> str:
        """Create, change or delete one chain; give which."""
        port, first, second = self._hops(number)
        classifier, chain, age = self.there.pop(port, ("", "", 0))
        if not chain:
            self.there[port] = (*self.api.chain(str(port), port, first, self.source), 1)
            return "created"
        if age == 1:
            self.api.ask(
                "PUT", f"/v2.0/sfc/port_chains/{chain}", {"port_chain": {"port_pair_groups": second}}
            )
            self.there[port] = (classifier, chain, 2)
            return "changed"
        self.api.ask("DELETE", f"/v2.0/sfc/port_chains/{chain}")
        self.api.ask("DELETE", f"/v2.0/sfc/flow_classifiers/{classifier}")
        return "deleted"

    def clean(self) -> None:
        """Delete every chain that was made here."""
        for classifier, chain, *_ in [*self.there.values(), (*self.steady, 0)]:
            self.api.ask("DELETE", f"/v2.0/sfc/port_chains/{chain}")
            self.api.ask("DELETE", f"/v2.0/sfc/flow_classifiers/{classifier}")
        self.there.clear()
