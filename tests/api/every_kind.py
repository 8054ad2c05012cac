"""A hundred chains of every kind, as requests make them: over the same functions, each for packets of its own."""

import itertools

from .world import PATHS

FUNCTIONS = ("u1", "u2", "u3", "u4", "m1", "m2", "n1", "n2")
PAIRS = (*FUNCTIONS, "o", "t")
MAPPING = {
    "ingress_n_tuple": {"source_ip_prefix": "10.9.0.2/32"},
    "egress_n_tuple": {"source_ip_prefix": "10.9.0.200/32"},
}
GROUPS = {  # name → pairs, attributes
    "one": (["u1"], {}),
    "several": (["u2", "u3"], {"port_pair_group_parameters": {"lb_fields": ["ip_src", "ip_dst"]}}),
    "mapped": (["u4"], {"port_pair_group_parameters": {"ppg_n_tuple_mapping": MAPPING}}),
    "mpls": (["m1", "m2"], {}),
    "both": (["o"], {}),
    "nsh": (["n1", "n2"], {}),
    "tap": (["t"], {"tap_enabled": True}),
}


class Kinds:
    """Resources made by `ask`, and the ids of all of them by name."""

    def __init__(self, ask):
        self.ask, self.ids = ask, {}

    def make(self, member, name, **body):
        """Make one and give its id."""
        status, answer = self.ask("POST", f"/v2.0/{PATHS[member]}", {member: {"name": name, **body}})
        assert status == 201, (name, answer)
        self.ids[name] = answer[member]["id"]
        return self.ids[name]

    def ports(self):
        """A network of both IP versions, with a source, a destination and eleven functions' ports."""
        net = self.make("network", "net", port_security_enabled=False)
        for version, cidr in ((4, "10.9.0.0/24"), (6, "fd00:9::/64")):
            self.make(
                "subnet", f"subnet{version}", network_id=net, ip_version=version, cidr=cidr, gateway_ip=None
            )
        ends = [f"{name}{end}" for name in FUNCTIONS for end in ("in", "out")]
        for name in ("source", "dest", *ends, "o", "t"):
            device = name.removesuffix("in").removesuffix("out")
            self.make("port", f"port-{name}", network_id=net, device_id=device, **{"binding:host_id": "lab"})

    def groups(self):
        """A pair per function, and the groups."""
        for name in PAIRS:
            ends = (name, name) if len(name) == 1 else (f"{name}in", f"{name}out")
            correlation = {"m": "mpls", "n": "nsh", "o": "mpls"}.get(name[0])
            self.make(
                "port_pair",
                name,
                ingress=self.ids[f"port-{ends[0]}"],
                egress=self.ids[f"port-{ends[1]}"],
                service_function_parameters={"correlation": correlation, "weight": 3 if name == "u2" else 1},
            )
        for name, (pairs, body) in GROUPS.items():
            self.make("port_pair_group", name, port_pairs=[self.ids[pair] for pair in pairs], **body)

    def chain(self, number):
        """Make the chain of that number, and give the names of its classifiers and its own."""
        encapsulation, groups = _ways()[number]
        sixth, symmetric = number % 4 == 3 and "mapped" not in groups, number % 3 == 1
        if number % 5 == 0:
            groups = (groups[0], "tap", *groups[1:])
        classifiers = [f"classifier-{number}-{n}" for n in range(1 + number % 2)]
        for n, name in enumerate(classifiers):
            low = 2000 + 20 * number + 10 * n
            self.make(
                "flow_classifier",
                name,
                ethertype="IPv6" if sixth else "IPv4",
                protocol=("tcp", "udp")[number % 2],
                destination_port_range_min=low,
                destination_port_range_max=low + number % 10,
                logical_source_port=self.ids["port-source"],
                logical_destination_port=self.ids["port-dest"],
            )
        self.make(
            "port_chain",
            f"chain-{number}",
            port_pair_groups=[self.ids[group] for group in groups],
            flow_classifiers=[self.ids[name] for name in classifiers],
            chain_parameters={"correlation": encapsulation, "symmetric": symmetric},
            fail_mode="open" if number % 7 == 0 else "closed",
        )
        return [("port_chain", f"chain-{number}"), *(("flow_classifier", name) for name in classifiers)]

    def delete(self, member, name):
        """Delete one."""
        status, answer = self.ask("DELETE", f"/v2.0/{PATHS[member]}/{self.ids.pop(name)}")
        assert status == 204, (name, answer)


def _ways():
    """Encapsulation and groups of each chain, no two of the same groups."""
    mpls = [("mpls", way) for way in _orders(("one", "several", "mapped", "mpls", "both"))]
    nsh = [("nsh", way) for way in _orders(("one", "several", "mapped", "nsh"), {"nsh"})]
    return [way for two in zip(mpls, nsh, strict=False) for way in two] + mpls[len(nsh) :]


def _orders(names, wanted=frozenset()):
    every = (way for length in (1, 2, 3, 4) for way in itertools.permutations(names, length))
    return [way for way in every if wanted <= set(way)]
