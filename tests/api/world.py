"""A small world of resources, made by requests: whatever they go through answers them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[[str, str, Any], tuple[int, Any]]
"""(method, path, body) → (status, JSON of the answer)."""

PATHS = {
    "port_pair": "sfc/port_pairs",
    "port_pair_group": "sfc/port_pair_groups",
    "flow_classifier": "sfc/flow_classifiers",
    "port_chain": "sfc/port_chains",
    "service_graph": "sfc/service_graphs",
    "network": "networks",
    "subnet": "subnets",
    "port": "ports",
    "router": "routers",
    "security_group": "security-groups",
    "security_group_rule": "security-group-rules",
}
"""Member → path of its collection, below /v2.0/."""


def made(ask: Ask) -> dict[str, str]:
    """Make it; gives every resource's id by its name."""
    ids: dict[str, str] = {}

    def make(member: str, name: str, **body: Any) -> None:
        if member != "security_group_rule":
            body["name"] = name
        status, answer = ask("POST", f"/v2.0/{PATHS[member]}", {member: body})
        assert status == 201, (name, status, answer)
        ids[name] = answer[member]["id"]

    make("network", "net")
    make("network", "other_net")
    make("subnet", "subnet", network_id=ids["net"], ip_version=4, cidr="10.0.0.0/24")
    make("subnet", "other_subnet", network_id=ids["other_net"], ip_version=4, cidr="10.9.0.0/24")
    for number in (1, 2, 3, 4, 5):
        for side in ("in", "out"):
            make("port", f"p{number}_{side}", network_id=ids["net"], device_id=f"vm{number}")
    for name in ("src", "dst"):
        make("port", name, network_id=ids["net"], device_id=f"{name}-vm")
    make("port", "nodev", network_id=ids["net"])
    _sfc(make, ids)
    make("router", "router")
    status, answer = ask(
        "PUT", f"/v2.0/routers/{ids['router']}/add_router_interface", {"subnet_id": ids["other_subnet"]}
    )
    assert status == 200, answer
    ids["router_port"] = answer["port_id"]
    make("security_group", "group_of_rules")
    rule = {"security_group_id": ids["group_of_rules"], "direction": "ingress", "protocol": "tcp"}
    make("security_group_rule", "rule", port_range_min=80, port_range_max=80, **rule)
    return ids


def _sfc(make: Callable[..., None], ids: dict[str, str]) -> None:
    """Chain C1 over A with F1, C2 over A and B with F2; K1 and K2, of functions that know MPLS, in a graph."""
    for name, number, parameters in (
        ("A", 1, {}),
        ("B", 2, {}),
        ("M1", 3, {"correlation": "mpls"}),
        ("M2", 4, {"correlation": "mpls"}),
    ):
        ends = {"ingress": ids[f"p{number}_in"], "egress": ids[f"p{number}_out"]}
        make("port_pair", name, **ends, service_function_parameters=parameters)
        make("port_pair_group", f"G{name}", port_pairs=[ids[name]])
    make("port_pair_group", "GE")
    make("port_pair_group", "GT1", tap_enabled=True)
    make("port_pair_group", "GT2", tap_enabled=True)
    for number, protocol in (("1", "tcp"), ("2", "udp"), ("3", "icmp")):
        make("flow_classifier", f"F{number}", protocol=protocol, logical_source_port=ids["src"])
    chains = {"C1": (["GA"], ["F1"]), "C2": (["GA", "GB"], ["F2"]), "K1": (["GM1"], []), "K2": (["GM2"], [])}
    for name, (groups, classifiers) in chains.items():
        inside = {
            "port_pair_groups": [ids[one] for one in groups],
            "flow_classifiers": [ids[one] for one in classifiers],
        }
        make("port_chain", name, **inside)
    make("service_graph", "S", port_chains={ids["K1"]: [ids["K2"]]})


@pytest.fixture(scope="module")
def ask(server):
    def asked(method, path, body=None):
        answer = server.ask(method, path, body)
        return answer.status_code, answer.json() if answer.content else None

    return asked


@pytest.fixture(scope="module")
def ids(ask):
    return made(ask)


@pytest.fixture
def unchanged(ask, ids):  # noqa: ARG001 - the world is there
    """Nothing is left of what the test asks for."""
    before = everything(ask)
    yield
    assert everything(ask) == before


def filled(value, ids):
    """Put ids in the place of {names}."""
    text = json.dumps(value)
    for name, id_ in ids.items():
        text = text.replace("{" + name + "}", id_)
    return json.loads(text)


def everything(ask):
    return {path: ask("GET", f"/v2.0/{path}")[1] for path in PATHS.values()}


def refusals(ask, requests):
    """Give those requests that are answered otherwise than they should be: (what, answer)."""
    wrong = []
    for method, path, body, status, type_ in requests:
        got, answer = ask(method, path, body)
        error = (answer or {}).get("NeutronError") or {}
        if (got, error.get("type")) != (status, type_) or set(error) != {"type", "message", "detail"}:
            wrong.append((method, path, body, got, answer))
    return wrong
