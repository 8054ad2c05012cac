"""Requests that are well formed and stand against what is there: (what, method, path below /v2.0/, body, status, type)."""

MISSING = "11111111-2222-3333-4444-555555555555"
KINDS = [
    ("sfc/port_pairs", "PortPairNotFound"),
    ("sfc/port_pair_groups", "PortPairGroupNotFound"),
    ("sfc/flow_classifiers", "FlowClassifierNotFound"),
    ("sfc/port_chains", "PortChainNotFound"),
    ("sfc/service_graphs", "ServiceGraphNotFound"),
    ("networks", "NetworkNotFound"),
    ("subnets", "SubnetNotFound"),
    ("ports", "PortNotFound"),
    ("routers", "RouterNotFound"),
    ("security-groups", "SecurityGroupNotFound"),
    ("security-group-rules", "SecurityGroupRuleNotFound"),
]
"""Path of a collection and the type that says that one of it is not there."""
NO_IDS = [
    "nope",
    "%00",
    "%ff",
    "%D9%A3",
    "..%2f..",
    "a%20b",
    "x" * 4000,
    "%7B%7D",
    "null",
    "0",
    "-1",
    "{C1}x",
    MISSING,
]
METHODS = ["PATCH", "OPTIONS", "TRACE", "FOO", "CONNECT"]
NOWHERE = [
    "foo", "sfc", "sfc/foo", "sfc/port_pairs/{A}/more", "sfc/port_pairs/{A}/tags/x", "networks/{net}/foo", "Networks",
    "sfc/Port_Pairs", "ports/{src}/tags/x/y", "%ff", "%00",
]  # fmt: skip
SHOWN = [("GET", f"{path}/{id_}", None, 404, type_) for path, type_ in KINDS for id_ in NO_IDS]
DELETED = [("DELETE", f"{path}/{id_}", None, 404, type_) for path, type_ in KINDS for id_ in NO_IDS]
ON_COLLECTIONS = [
    (method, path, {"x": 1}, 405, "HTTPMethodNotAllowed") for path, _ in KINDS for method in ("PUT", "DELETE")
]
UNKNOWN = [(method, path, None, 404, "HTTPNotFound") for path in NOWHERE for method in ("GET", "DELETE")]
NO_METHODS = [
    (method, path, None, 405, "HTTPMethodNotAllowed")
    for path in ("sfc/port_pairs", "sfc/port_pairs/{A}", "networks", "")
    for method in METHODS
]
AGENTS = [
    ("POST", "agents", {"agent": {}}, 405, "HTTPMethodNotAllowed"),
    ("GET", f"agents/{MISSING}", None, 404, "AgentNotFound"),
    ("PUT", f"agents/{MISSING}", {"agent": {}}, 404, "AgentNotFound"),
]
CONFLICTS = [
    ("POST", "sfc/port_pairs", {"port_pair": {"ingress": MISSING, "egress": "{p5_out}"}}, 404, "PortPairPortNotFound"),
    ("POST", "sfc/port_pairs", {"port_pair": {"ingress": "{p4_in}", "egress": "{p5_out}"}}, 400, "PortPairIngressEgressDifferentHost"),
    ("POST", "sfc/port_pairs", {"port_pair": {"ingress": "{nodev}", "egress": "{p5_out}"}}, 400, "PortPairIngressNoHost"),
    ("POST", "sfc/port_pairs", {"port_pair": {"ingress": "{p5_out}", "egress": "{nodev}"}}, 400, "PortPairEgressNoHost"),
    ("POST", "sfc/port_pairs", {"port_pair": {"ingress": "{p1_in}", "egress": "{p1_out}"}}, 400, "PortPairIngressEgressInUse"),
    ("DELETE", "sfc/port_pairs/{A}", None, 409, "PortPairInUse"),
    ("POST", "sfc/port_pair_groups", {"port_pair_group": {"port_pairs": ["{A}"]}}, 409, "PortPairInUse"),
    ("POST", "sfc/port_pair_groups", {"port_pair_group": {"port_pairs": [MISSING]}}, 404, "PortPairNotFound"),
    ("PUT", "sfc/port_pair_groups/{GB}", {"port_pair_group": {"port_pairs": ["{A}"]}}, 409, "PortPairInUse"),
    ("PUT", "sfc/port_pair_groups/{GB}", {"port_pair_group": {"port_pairs": [MISSING]}}, 404, "PortPairNotFound"),
    ("PUT", "sfc/port_pair_groups/{GB}", {"port_pair_group": {"port_pairs": ["{B}", "{B}"]}}, 400, "HTTPBadRequest"),
    ("DELETE", "sfc/port_pair_groups/{GA}", None, 409, "PortPairGroupInUse"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"protocol": "tcp", "logical_source_port": "{src}"}}, 400, "FlowClassifierInConflict"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"logical_source_port": "{src}"}}, 400, "FlowClassifierInConflict"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"logical_source_port": "{dst}", "source_port_range_min": 1}}, 400, "FlowClassifierProtocolRequiredWithPorts"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"protocol": "udp", "logical_source_port": "{dst}", "source_port_range_min": 9, "source_port_range_max": 1}}, 400, "FlowClassifierInvalidPortRange"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"logical_source_port": "{dst}", "source_ip_prefix": "fe80::/64"}}, 400, "FlowClassifierIpPrefixFormatConflictWithEthertype"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"ethertype": "IPv6", "logical_source_port": "{dst}", "destination_ip_prefix": "10.0.0.0/8"}}, 400, "FlowClassifierIpPrefixFormatConflictWithEthertype"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"ethertype": "IPv6"}}, 400, "FlowClassifierBadRequest"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"logical_source_port": MISSING}}, 404, "FlowClassifierPortNotFound"),
    ("POST", "sfc/flow_classifiers", {"flow_classifier": {"logical_source_port": "{dst}", "logical_destination_port": MISSING}}, 404, "FlowClassifierPortNotFound"),
    ("DELETE", "sfc/flow_classifiers/{F1}", None, 409, "FlowClassifierInUse"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": [MISSING]}}, 404, "PortPairGroupNotFound"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GE}"], "flow_classifiers": [MISSING]}}, 404, "FlowClassifierNotFound"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GA}", "{GB}"]}}, 409, "InvalidPortPairGroups"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GE}"], "flow_classifiers": ["{F1}"]}}, 409, "FlowClassifierInUse"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GE}"], "chain_id": 1}}, 400, "PortChainChainIdInConflict"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GE}", "{GM1}"], "chain_parameters": {"correlation": "nsh"}}}, 400, "PortChainInconsistentCorrelations"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GT1}", "{GT2}"]}}, 400, "ConsecutiveTapPPGNotSupported"),
    ("POST", "sfc/port_chains", {"port_chain": {"port_pair_groups": ["{GE}"], "flow_classifiers": ["{F3}"], "chain_parameters": {"symmetric": True}}}, 400, "SfcBadRequest"),
    ("PUT", "sfc/port_chains/{C1}", {"port_chain": {"port_pair_groups": ["{GA}", "{GB}"]}}, 409, "InvalidPortPairGroups"),
    ("PUT", "sfc/port_chains/{C1}", {"port_chain": {"flow_classifiers": ["{F2}"]}}, 409, "FlowClassifierInUse"),
    ("PUT", "sfc/port_chains/{C1}", {"port_chain": {"port_pair_groups": [MISSING]}}, 404, "PortPairGroupNotFound"),
    ("DELETE", "sfc/port_chains/{K1}", None, 409, "ServiceGraphPortChainInUse"),
    ("PUT", "sfc/port_chains/{K1}", {"port_chain": {"port_pair_groups": ["{GE}"]}}, 409, "ServiceGraphPortChainInUse"),
    ("POST", "sfc/service_graphs", {"service_graph": {"port_chains": {MISSING: ["{C1}"]}}}, 404, "PortChainNotFound"),
    ("POST", "sfc/service_graphs", {"service_graph": {"port_chains": {"{K1}": ["{K2}"]}}}, 409, "ServiceGraphInvalidPortChains"),
    ("POST", "sfc/service_graphs", {"service_graph": {"port_chains": {"{C1}": ["{C2}"]}}}, 400, "ServiceGraphImpossibleBranching"),
    ("PUT", "sfc/service_graphs/{S}", {"service_graph": {"port_chains": {}}}, 400, "HTTPBadRequest"),
    ("DELETE", "ports/{p1_in}", None, 409, "ServicePortInUse"),
    ("DELETE", "ports/{src}", None, 409, "ServicePortInUse"),
    ("DELETE", "ports/{router_port}", None, 409, "ServicePortInUse"),
    ("DELETE", "networks/{net}", None, 409, "NetworkInUse"),
    ("DELETE", "subnets/{subnet}", None, 409, "SubnetInUse"),
    ("DELETE", "routers/{router}", None, 409, "RouterInUse"),
    ("POST", "subnets", {"subnet": {"network_id": "{net}", "ip_version": 4, "cidr": "10.0.0.0/25"}}, 400, "InvalidInput"),
    ("POST", "subnets", {"subnet": {"network_id": "{net}", "ip_version": 6, "cidr": "10.50.0.0/24"}}, 400, "InvalidInput"),
    ("POST", "subnets", {"subnet": {"network_id": "{net}", "ip_version": 4}}, 400, "BadRequest"),
    ("POST", "subnets", {"subnet": {"network_id": MISSING, "ip_version": 4, "cidr": "10.50.0.0/24"}}, 404, "NetworkNotFound"),
    ("POST", "ports", {"port": {"network_id": MISSING}}, 404, "NetworkNotFound"),
    ("POST", "ports", {"port": {"network_id": "{net}", "fixed_ips": [{"ip_address": "10.0.0.2"}]}}, 409, "IpAddressAlreadyAllocated"),
    ("POST", "ports", {"port": {"network_id": "{net}", "fixed_ips": [{"ip_address": "192.0.2.1"}]}}, 400, "InvalidIpForNetwork"),
    ("POST", "ports", {"port": {"network_id": "{net}", "fixed_ips": [{"subnet_id": "{subnet}", "ip_address": "192.0.2.1"}]}}, 400, "InvalidIpForSubnet"),
    ("POST", "ports", {"port": {"network_id": "{net}", "fixed_ips": [{"subnet_id": MISSING}]}}, 400, "InvalidInput"),
    ("POST", "ports", {"port": {"network_id": "{net}", "fixed_ips": [{"subnet_id": "{other_subnet}"}]}}, 400, "InvalidInput"),
    ("POST", "ports", {"port": {"network_id": "{net}", "security_groups": [MISSING]}}, 404, "SecurityGroupNotFound"),
    ("PUT", "routers/{router}/add_router_interface", {"subnet_id": "{other_subnet}"}, 400, "BadRequest"),
    ("PUT", "routers/{router}/add_router_interface", {}, 400, "BadRequest"),
    ("PUT", "routers/{router}/add_router_interface", {"subnet_id": MISSING}, 404, "SubnetNotFound"),
    ("PUT", "routers/{router}/add_router_interface", {"port_id": MISSING}, 404, "PortNotFound"),
    ("PUT", "routers/{router}/add_router_interface", {"port_id": "{nodev}", "subnet_id": "{subnet}"}, 400, "BadRequest"),
    ("PUT", "routers/{router}/add_router_interface", {"subnet_id": 7}, 400, "HTTPBadRequest"),
    ("PUT", "routers/{router}/remove_router_interface", {"subnet_id": "{subnet}"}, 404, "RouterInterfaceNotFoundForSubnet"),
    ("PUT", "routers/{router}/remove_router_interface", {"port_id": "{nodev}"}, 404, "RouterInterfaceNotFound"),
    ("PUT", "routers/{router}/explode", {}, 404, "HTTPNotFound"),
    ("GET", "routers/{router}/add_router_interface", None, 405, "HTTPMethodNotAllowed"),
    *(("POST", "security-group-rules", {"security_group_rule": {"security_group_id": lost, "direction": "ingress"}}, 404, "SecurityGroupNotFound")
      for lost in (MISSING, "", "nope", "{p5_in}/../x")),
    *(("POST", "security-group-rules", {"security_group_rule": {"security_group_id": "{group_of_rules}", "remote_group_id": lost, "direction": "ingress"}}, 404, "SecurityGroupNotFound")
      for lost in (MISSING, "", "nope", "{p5_in}/../x")),
    ("POST", "security-group-rules", {"security_group_rule": {"security_group_id": "{group_of_rules}", "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}}, 409, "SecurityGroupRuleExists"),
    ("POST", "security-group-rules", {"security_group_rule": {"security_group_id": "{group_of_rules}", "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 8}}, 400, "SecurityGroupInvalidPortRange"),
]  # fmt: skip
ALL = [*SHOWN, *DELETED, *ON_COLLECTIONS, *UNKNOWN, *NO_METHODS, *AGENTS, *CONFLICTS]
