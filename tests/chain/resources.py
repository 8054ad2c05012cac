"""Resources of the API as a planner reads them, and a state of everything that any edit may change."""

from sfcci.chain.plan import plan
from sfcci.chain.port import SwitchPort
from sfcci.chain.state import State
from sfcci.chain.walk import walk

HTTP = {"protocol": "tcp", "destination_port_range_min": 80, "destination_port_range_max": 80}


def port(name, network="n1", host="node1", device="vm"):
    return {"id": name, "name": name, "network_id": network, "binding:host_id": host, "device_id": device}


def pair(name, ingress, egress, **parameters):
    given = {"correlation": None, "weight": 1} | parameters
    return {
        "id": name,
        "name": name,
        "ingress": ingress,
        "egress": egress,
        "service_function_parameters": given,
    }


def group(name, number, *pairs, **other):
    empty = {"ingress_n_tuple": {}, "egress_n_tuple": {}}
    parameters = {"lb_fields": [], "ppg_n_tuple_mapping": empty} | other.pop("parameters", {})
    given = {"id": name, "name": name, "group_id": number, "port_pairs": list(pairs), "tap_enabled": False}
    return given | {"port_pair_group_parameters": parameters} | other


def classifier(name, source="src", **other):
    return {"id": name, "name": name, "ethertype": "IPv4", "logical_source_port": source} | other


def chain(name, number, groups, classifiers, **other):
    parameters = {"correlation": "mpls", "symmetric": False} | other.pop("parameters", {})
    given = {
        "id": name,
        "name": name,
        "chain_id": number,
        "port_pair_groups": groups,
        "chain_parameters": parameters,
    }
    return given | {"flow_classifiers": classifiers, "fail_mode": "closed"} | other


def graph(name, **branches):
    return {"id": name, "name": name, "port_chains": branches}


def state_of(**collections):
    return State({name: {one["id"]: one for one in resources} for name, resources in collections.items()})


def plugged(state, *lost, down=(), bare=()):
    names = [id_ for id_ in state.of("ports") if id_ not in lost]
    numbers = {id_: number for number, id_ in enumerate(state.of("ports"), 1)}
    return {
        id_: SwitchPort(
            n, f"02:00:00:00:00:{n:02x}", () if id_ in bare else (f"10.0.0.{n}",), 1, up=id_ not in down
        )
        for id_, n in numbers.items()
        if id_ in names
    }


def altered(state, collection, id_, **values):
    return state.put(collection, {**state.of(collection)[id_], **values})


def demo(**changes):
    resources = {
        "ports": [port(name) for name in ("src", "dst", "a_in", "a_out", "b_in", "b_out")],
        "port_pairs": [pair("A", "a_in", "a_out"), pair("B", "b_in", "b_out")],
        "port_pair_groups": [group("G", 1, "A", "B")],
        "flow_classifiers": [classifier("FC", **HTTP)],
        "port_chains": [chain("C", 1, ["G"], ["FC"])],
    }
    return state_of(**(resources | changes))


def planned(state, *lost, down=()):
    return plan(state, plugged(state, *lost, down=down))


def went(made, ports, source="src", dst=80, **other):
    """Give the port that a TCP packet from `source` leaves by: a name, NORMAL, or nothing."""
    packet = {
        "in_port": ports[source].number,
        "eth_type": 0x800,
        "nw_proto": 6,
        "tcp_src": 4000,
        "tcp_dst": dst,
    }
    packet |= {
        "ip_src": 0x0A000063,
        "ip_dst": 0x0A000064,
        "eth_dst": 0x020000000002,
        "icmpv6_type": 0,
    } | other
    sent = walk(made.program, packet)
    names = {given.number: name for name, given in ports.items()} | {None: "NORMAL"}
    return names[sent[0].port] if sent else "dropped"
