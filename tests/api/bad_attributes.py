"""Values that attributes do not take: member, attribute, type of the refusal (status 400), values; and bodies that are well otherwise."""

BASES = {
    "port_pair": {"ingress": "{p5_in}", "egress": "{p5_out}"},
    "port_pair_group": {"port_pairs": []},
    "flow_classifier": {"protocol": "tcp", "logical_source_port": "{dst}"},
    "port_chain": {"port_pair_groups": ["{GE}"]},
    "service_graph": {"port_chains": {}},
    "network": {},
    "subnet": {"network_id": "{net}", "ip_version": 4, "cidr": "10.77.0.0/24"},
    "port": {"network_id": "{net}"},
    "router": {},
    "security_group": {"name": "x"},
    "security_group_rule": {
        "security_group_id": "{group_of_rules}",
        "direction": "ingress",
        "protocol": "udp",
    },
}
"""Member → a body that would be taken; {name} stands for the id of the world's resource."""
REQUIRED = [
    ("port_pair", "ingress"),
    ("port_pair", "egress"),
    ("port_chain", "port_pair_groups"),
    ("service_graph", "port_chains"),
    ("subnet", "network_id"),
    ("subnet", "ip_version"),
    ("port", "network_id"),
    ("security_group_rule", "security_group_id"),
    ("security_group_rule", "direction"),
]
PLAIN, INPUT = "HTTPBadRequest", "InvalidInput"
LONG = "x" * 256
THREE = "\u0663"
"""An Arabic-Indic digit three: a digit to many, and no number here."""
NO_TEXT = [7, 1.5, True, [], {}, ["x"], LONG, "nul\x00"]
NO_OWNER = [7, True, ["x"], {"a": 1}, LONG, "nul\x00"]
NO_ID = [7, 1.5, True, "", "nope", THREE * 32, "1" * 31, "1" * 33, [], {}, [None], "{p5_in}/../x"]
NO_IDS = [7, True, "nope", {"a": 1}, [7], [None], [[]], ["nope"], [THREE * 32], ["{A}", "{A}"]]
NO_FLAG = [2, 1.5, "maybe", "", [], {}, ["true"], None, THREE]
NO_OBJECT = [7, 1.5, True, "mpls", ["a"]]
NO_NUMBER = ["abc", "", "1e3", "0x10", "1_0", THREE, None, [], {}, [1]]
NO_PORT = [-1, 65536, 10**30, "abc", "", "80-90", "1_0", THREE, [], {}, [80], True, 80.5]
NO_PREFIX = [7, True, "", "abc", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/24", "10.0.0.0/255.255.255.0", "fe80::%e/64",
             "\u0661\u0660.0.0.0/8", "10.0.0.0/\u0668", " 10.0.0.0/8", "10.0.0.0/8\n", [], {}, ["10.0.0.0/8"]]  # fmt: skip
NO_ADDRESS = [
    7,
    True,
    "",
    "abc",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.5/24",
    "\u0661\u0660.0.0.5",
    "fe80::1%e",
    [],
    {},
]
PORT_ENDS = [f"{side}_port_range_{end}" for side in ("source", "destination") for end in ("min", "max")]

SFC = [
    *((member, name, PLAIN, NO_TEXT) for member in ("port_pair", "port_pair_group", "port_chain", "service_graph")
      for name in ("name", "description")),
    *(("flow_classifier", name, PLAIN, NO_TEXT) for name in ("name", "description")),
    *((member, name, PLAIN, NO_OWNER) for member in ("port_pair", "flow_classifier", "port_chain")
      for name in ("project_id", "tenant_id")),
    ("port_pair", "ingress", PLAIN, NO_ID),
    ("port_pair", "egress", PLAIN, [None, *NO_ID]),
    ("port_pair", "service_function_parameters", PLAIN, [
        *NO_OBJECT, {"foo": "bar"}, {"correlation": "foo"}, {"correlation": True}, {"correlation": []}, {"correlation": "MPLS"},
        {"weight": -1}, {"weight": 10**30}, {"correlation": "mpls", "weight": 1, "more": None}]),
    ("port_pair", "service_function_parameters", INPUT, [{"weight": value} for value in NO_NUMBER]),
    ("port_pair_group", "port_pairs", PLAIN, NO_IDS),
    ("port_pair_group", "tap_enabled", INPUT, NO_FLAG),
    ("port_pair_group", "port_pair_group_parameters", PLAIN, [
        *NO_OBJECT, {"foo": 1}, {"lb_fields": "ip_src"}, {"lb_fields": ["vlan"]}, {"lb_fields": [["ip_src"]]},
        {"lb_fields": {"ip_src": 1}}, {"lb_fields": [None]}, {"lb_fields": 7}, {"ppg_n_tuple_mapping": "x"},
        {"ppg_n_tuple_mapping": {"ingress_n_tuple": 7}}, {"ppg_n_tuple_mapping": {"egress_n_tuple": ["x"]}},
        *({"ppg_n_tuple_mapping": {"ingress_n_tuple": {"source_ip_prefix": prefix}}} for prefix in NO_PREFIX)]),
    ("port_pair_group", "port_pair_group_parameters", "PPGParametersInvalidNTupleMappingParameter", [
        {"ppg_n_tuple_mapping": {"foo": {}}}, {"ppg_n_tuple_mapping": {"ingress_n_tuple": {"protocol": "tcp"}}}]),
    ("port_pair_group", "port_pair_group_parameters", "FlowClassifierInvalidPortValue", [
        {"ppg_n_tuple_mapping": {"egress_n_tuple": {"source_port_range_min": port}}} for port in NO_PORT]),
    ("flow_classifier", "ethertype", "FlowClassifierInvalidEthertype", ["", "IPv5", 4, True, [], {}, "IP\uff164", "\u0131Pv4"]),
    ("flow_classifier", "protocol", "FlowClassifierInvalidProtocol", ["", "sctp", "icmpv6", 6, "6", True, [], {}, "\u212acp"]),
    *(("flow_classifier", name, "FlowClassifierInvalidPortValue", NO_PORT) for name in PORT_ENDS),
    ("flow_classifier", "source_ip_prefix", PLAIN, NO_PREFIX),
    ("flow_classifier", "destination_ip_prefix", PLAIN, NO_PREFIX),
    ("flow_classifier", "logical_source_port", PLAIN, NO_ID),
    ("flow_classifier", "logical_destination_port", PLAIN, NO_ID),
    ("flow_classifier", "l7_parameters", "FlowClassifierInvalidL7Parameter", [{"url": "/"}, ["url"], "url", {"": None}]),
    ("flow_classifier", "l7_parameters", PLAIN, [7, True]),
    ("port_chain", "port_pair_groups", "PortPairGroupNotSpecified", [[], None, {}]),
    ("port_chain", "port_pair_groups", PLAIN, [7, True, "nope", {"a": 1}, [7], [None], [[]], ["{GE}", "{GE}"]]),
    ("port_chain", "flow_classifiers", PLAIN, [7, True, "nope", {"a": 1}, [7], [None], ["{F3}", "{F3}"]]),
    ("port_chain", "chain_parameters", PLAIN, [
        *NO_OBJECT, {"foo": 1}, {"correlation": None}, {"correlation": "vlan"}, {"correlation": ["mpls"]}]),
    ("port_chain", "chain_parameters", INPUT, [{"symmetric": value} for value in NO_FLAG]),
    ("port_chain", "chain_id", PLAIN, [-1, 65536, 10**30, 4096, "-1"]),
    ("port_chain", "chain_id", INPUT, NO_NUMBER),
    ("port_chain", "fail_mode", PLAIN, ["", "ajar", "OPEN", 1, True, None, [], {}]),
    ("service_graph", "port_chains", PLAIN, [7, True, "x", ["{C1}"], {"{C1}": 7}, {"{C1}": "{C2}"}, {"{C1}": {}}, {"{C1}": None}]),
    ("service_graph", "port_chains", "InvalidUUID", [{"nope": []}, {"": []}, {"{C1}": [7]}, {"{C1}": [None]}, {"{C1}": ["nope"]}]),
]  # fmt: skip
NETWORKING = [
    *((member, name, PLAIN, NO_TEXT) for member in ("network", "subnet", "port", "router") for name in ("name", "description")),
    *((member, name, PLAIN, NO_OWNER) for member in ("network", "port") for name in ("project_id", "tenant_id")),
    *((member, name, INPUT, NO_FLAG) for member, name in (
        ("network", "admin_state_up"), ("network", "shared"), ("network", "port_security_enabled"), ("network", "router:external"),
        ("subnet", "enable_dhcp"), ("port", "admin_state_up"), ("router", "admin_state_up"))),
    ("network", "provider:network_type", PLAIN, ["vlan", 7, None, [], {}]),
    ("network", "provider:physical_network", PLAIN, ["physnet", 7, [], {}]),
    ("network", "mtu", INPUT, ["abc", [], {}, None, 9000]),
    ("network", "availability_zone_hints", PLAIN, [7, "nova", {"a": 1}, [7], [LONG]]),
    ("subnet", "network_id", PLAIN, NO_ID),
    ("subnet", "cidr", PLAIN, ["abc", 7, True, "10.0.0.0", "10.0.0.0/33", "\u0661\u0660.0.0.0/8", [], {}]),
    ("subnet", "gateway_ip", PLAIN, NO_ADDRESS),
    ("subnet", "allocation_pools", INPUT, [7, "x", [7]]),
    ("subnet", "allocation_pools", PLAIN, [[{}], [{"start": "10.77.0.2"}], [{"start": "a", "end": "b"}],
        [{"start": "10.77.0.2", "end": "10.77.0.3", "more": 1}]]),
    ("subnet", "host_routes", PLAIN, [7, "x", [7], [{}], [{"destination": "10.0.0.0/8"}],
        [{"destination": "x", "nexthop": "10.77.0.9"}], [{"destination": "10.0.0.0/8", "nexthop": "x"}]]),
    ("subnet", "dns_nameservers", PLAIN, [7, "x", [7], ["x y"], ["10.77.0.9", "10.77.0.9"]]),
    ("port", "network_id", PLAIN, NO_ID),
    ("port", "mac_address", PLAIN, [7, True, "", "zz", "00:11:22:33:44", "00:11:22:33:44:5\u0665", [], {}, None]),
    ("port", "fixed_ips", PLAIN, [7, "x", [7], [{"foo": 1}], [{"ip_address": "x"}], [{"subnet_id": "x"}],
        [{"ip_address": "10.0.0.9"}, {"ip_address": "10.0.0.9"}], {"ip_address": "10.0.0.9"}]),
    ("port", "device_id", PLAIN, [7, True, [], {}, LONG]),
    ("port", "device_owner", PLAIN, [7, True, [], {}, LONG]),
    ("port", "security_groups", PLAIN, [7, "x", [7], ["nope"], {"a": 1}]),
    ("port", "binding:host_id", PLAIN, [7, True, [], {}, LONG]),
    ("port", "binding:profile", PLAIN, [7, "x", ["x"]]),
    ("port", "allowed_address_pairs", PLAIN, [[{"mac_address": "00:11:22:33:44:55"}]]),
    ("port", "fixed_ips", PLAIN, [[{"ip_address": f"10.77.{at >> 8}.{at & 255}"} for at in range(501)]]),
    ("subnet", "allocation_pools", PLAIN, [[{"start": "10.77.0.5", "end": "10.77.0.9"}] * 501]),
    ("security_group", "name", PLAIN, NO_TEXT),
    ("security_group", "description", PLAIN, NO_TEXT),
    ("security_group_rule", "security_group_id", PLAIN, NO_TEXT),
    ("security_group_rule", "direction", PLAIN, ["", "sideways", "INGRESS", 7, True, None, [], {}]),
    ("security_group_rule", "remote_group_id", PLAIN, NO_TEXT),
    ("security_group_rule", "ethertype", PLAIN, ["IPv5", 4, [], {}]),
    ("security_group_rule", "protocol", "SecurityGroupRuleInvalidProtocol", ["foo", -1, 256, [], {}]),
    ("security_group_rule", "port_range_min", "SecurityGroupInvalidPortValue", [65536, "65536"]),
    ("security_group_rule", "port_range_min", INPUT, ["abc", THREE, [], {}]),
    ("security_group_rule", "remote_ip_prefix", "InvalidCIDR", ["abc", 7, "10.0.0.0/33", [], {}]),
    ("router", "external_gateway_info", PLAIN, [7, "x", {"foo": 1}, {"network_id": "x"}]),
]  # fmt: skip
