"""The table that the verbs of `sfcci sfc` are made from: the five collections of Service Function Chaining, and the rest."""

from sfcci.cli.sfc_kind import BOTH, DESCRIPTION, Kind
from sfcci.cli.sfc_table_network import NETWORKS, PORTS, ROUTERS, SECURITY_GROUPS, SUBNETS
from sfcci.cli.sfc_words import (
    branching,
    clearing,
    flag,
    group_parameters,
    number,
    parameters,
    port_range,
    reference,
    references,
    text,
)

_PORT = "PORT"

PORT_PAIRS = Kind(
    "port_pairs",
    "port_pair",
    "sfc/port_pairs",
    "port pair",
    (("id", "ID"), ("name", "Name"), ("ingress", "Ingress Logical Port"), ("egress", "Egress Logical Port")),
    (
        ("service_function_parameters", "Service Function Parameters"),
        ("description", "Description"),
        ("project_id", "Project"),
    ),
    create=(
        DESCRIPTION,
        reference(
            "--ingress", "ingress", "ports", "The port where traffic enters the function.", _PORT
        ).needed(),
        reference(
            "--egress", "egress", "ports", "The port where it leaves; may be the same.", _PORT
        ).needed(),
        parameters(
            "--service-function-parameters",
            "service_function_parameters",
            ("correlation", "weight"),
            "correlation=mpls|nsh: the function knows that encapsulation; weight=N: its share of the traffic.",
        ),
    ),
    set=BOTH,
    titled=True,
    examples={"create": "--ingress p1in --egress p1out PP1", "set": "--name PP9 PP1"},
)
_PAIR = references("--port-pair", "port_pairs", "port_pairs", "A port pair in the group.", "PORT-PAIR")
PORT_PAIR_GROUPS = Kind(
    "port_pair_groups",
    "port_pair_group",
    "sfc/port_pair_groups",
    "port pair group",
    (
        ("id", "ID"),
        ("name", "Name"),
        ("port_pairs", "Port Pair"),
        ("port_pair_group_parameters", "Port Pair Group Parameters"),
        ("tap_enabled", "Tap Enabled"),
    ),
    (("description", "Description"), ("project_id", "Project")),
    create=(
        DESCRIPTION,
        _PAIR,
        group_parameters("--port-pair-group-parameters"),
        flag("--enable-tap", "Its functions only listen: they get a copy.", tap_enabled=True),
        flag("--disable-tap", "Its functions pass traffic on (default).", tap_enabled=False),
    ),
    set=(*BOTH, _PAIR, clearing("--no-port-pair", "port_pairs", "Take all port pairs out first.")),
    unset=(_PAIR, clearing("--all-port-pair", "port_pairs", "Take all port pairs out.")),
    titled=True,
    more=(("group_id", "Loadbalance ID"),),
    examples={
        "create": "--port-pair PP1 --port-pair PP2 PG1",
        "set": "--no-port-pair --port-pair PP2 PG1",
        "unset": "--port-pair PP1 PG1",
    },
)
_CLASSIFIER_COLUMNS = (
    ("protocol", "Protocol"),
    ("ethertype", "Ethertype"),
    ("source_ip_prefix", "Source IP"),
    ("destination_ip_prefix", "Destination IP"),
    ("logical_source_port", "Logical Source Port"),
    ("logical_destination_port", "Logical Destination Port"),
    ("source_port_range_min", "Source Port Range Min"),
    ("source_port_range_max", "Source Port Range Max"),
    ("destination_port_range_min", "Destination Port Range Min"),
    ("destination_port_range_max", "Destination Port Range Max"),
    ("l7_parameters", "L7 Parameters"),
)
FLOW_CLASSIFIERS = Kind(
    "flow_classifiers",
    "flow_classifier",
    "sfc/flow_classifiers",
    "flow classifier",
    (("id", "ID"), ("name", "Name"), ("summary", "Summary")),
    (*_CLASSIFIER_COLUMNS, ("description", "Description"), ("project_id", "Project")),
    create=(
        DESCRIPTION,
        text("--protocol", "protocol", "tcp, udp or icmp; any, when not given.", "NAME"),
        text("--ethertype", "ethertype", "IPv4 (default) or IPv6.", choices=("IPv4", "IPv6")),
        port_range("--source-port", "source"),
        port_range("--destination-port", "destination"),
        text("--source-ip-prefix", "source_ip_prefix", "From these addresses.", "PREFIX"),
        text("--destination-ip-prefix", "destination_ip_prefix", "To these addresses.", "PREFIX"),
        reference("--logical-source-port", "logical_source_port", "ports", "From this port.", _PORT),
        reference("--logical-destination-port", "logical_destination_port", "ports", "To this port.", _PORT),
        text(
            "--l7-parameters", "l7_parameters", "No server takes any; here for the words' sake.", "KEY=VALUE"
        ),
    ),
    set=BOTH,
    titled=True,
    examples={
        "create": "--protocol tcp --destination-port 80 --logical-source-port p0 FC1",
        "set": "--description web FC1",
    },
)
_GROUP = references(
    "--port-pair-group", "port_pair_groups", "port_pair_groups", "The next hop.", "PORT-PAIR-GROUP"
)
_FLOW = references(
    "--flow-classifier",
    "flow_classifiers",
    "flow_classifiers",
    "Which traffic goes through.",
    "FLOW-CLASSIFIER",
)
_FAIL_MODE = text(
    "--fail-mode",
    "fail_mode",
    "What becomes of its traffic when no function lives: closed (default): stopped; open: let past.",
    choices=("closed", "open"),
)
PORT_CHAINS = Kind(
    "port_chains",
    "port_chain",
    "sfc/port_chains",
    "port chain",
    (
        ("id", "ID"),
        ("name", "Name"),
        ("port_pair_groups", "Port Pair Groups"),
        ("flow_classifiers", "Flow Classifiers"),
        ("chain_parameters", "Chain Parameters"),
    ),
    (
        ("status", "Status"),
        ("fail_mode", "Fail Mode"),
        ("description", "Description"),
        ("project_id", "Project"),
    ),
    create=(
        DESCRIPTION,
        _GROUP.needed(),
        _FLOW,
        parameters(
            "--chain-parameters",
            "chain_parameters",
            ("correlation", "symmetric"),
            "correlation=mpls|nsh: the encapsulation; symmetric=true: the way back, too.",
        ),
        number("--chain-id", "chain_id", "The number of its path; the lowest free one when not given."),
        _FAIL_MODE,
    ),
    set=(
        *BOTH,
        _FLOW,
        clearing("--no-flow-classifier", "flow_classifiers", "Take all flow classifiers away first."),
        _GROUP,
        clearing("--no-port-pair-group", "port_pair_groups", "Take all hops out first; name the new ones."),
        _FAIL_MODE,
    ),
    unset=(
        _FLOW,
        clearing("--all-flow-classifier", "flow_classifiers", "Take all flow classifiers away."),
        _GROUP,
    ),
    titled=True,
    more=(("chain_id", "Chain ID"),),
    examples={
        "create": "--port-pair-group PG1 --port-pair-group PG2 --flow-classifier FC1 PC1",
        "set": "--no-flow-classifier PC1",
        "unset": "--flow-classifier FC1 PC1",
    },
)
SERVICE_GRAPHS = Kind(
    "service_graphs",
    "service_graph",
    "sfc/service_graphs",
    "service graph",
    (("id", "ID"), ("name", "Name"), ("port_chains", "Branching Points")),
    (("description", "Description"), ("project_id", "Project")),
    create=(DESCRIPTION, branching("--branching-point").needed()),
    set=BOTH,
    titled=True,
    examples={"create": "--branching-point PC1:PC2,PC3 SG1", "set": "--name SG9 SG1"},
)
KINDS = {
    kind.collection: kind
    for kind in (
        NETWORKS,
        SUBNETS,
        PORTS,
        ROUTERS,
        PORT_PAIRS,
        PORT_PAIR_GROUPS,
        FLOW_CLASSIFIERS,
        PORT_CHAINS,
        SERVICE_GRAPHS,
        SECURITY_GROUPS,
    )
}
