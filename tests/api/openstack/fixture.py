"""The resources that the recorded requests speak of, made through the API."""

PAIRS = {"PPA": "a", "PPB": "b", "PPC": "c", "PPD": "d"}
SFC = ("port_chains", "port_pair_groups", "port_pairs", "flow_classifiers")
"""The collections in the order in which they can be emptied."""
MADE_AGAIN_BEFORE = 61
"""The number of the recorded command before which the recorder made its chain again."""
GIVEN = {
    "flow_classifiers": (
        "ethertype", "protocol", "source_ip_prefix", "destination_ip_prefix", "logical_source_port",
        "destination_port_range_min", "destination_port_range_max",
    ),
    "port_pairs": ("ingress", "egress"),
    "port_pair_groups": ("port_pairs",),
    "port_chains": ("port_pair_groups", "flow_classifiers"),
}  # fmt: skip


def placeholders(http):
    """Make what the recorded requests with bad input take for granted: `{name}` → id."""
    net = http.made("networks", name="net")["id"]
    subnet = http.made("subnets", network_id=net, cidr="10.77.0.0/24", ip_version=4, name="subnet")["id"]
    ids = {"net": net, "subnet": subnet, "nodev": http.made("ports", network_id=net, name="nodev")["id"]}
    devices = {name: name[0] for letter in "abcde" for name in (f"{letter}_in", f"{letter}_out")}
    for name, device in {**devices, "src": "src", "dst": "dst", "src2": "src2"}.items():
        attributes = {"name": name, "device_id": f"vm{device}", "binding:host_id": "node1"}
        ids[name] = http.made("ports", network_id=net, device_owner="compute:nova", **attributes)["id"]
    return {f"{{{name}}}": made for name, made in {**ids, **_sfc(http, ids)}.items()}


def _sfc(http, ports):
    made = {}
    for name, device in PAIRS.items():
        more = {"service_function_parameters": {"correlation": "mpls"}} if name == "PPD" else {}
        sides = {"ingress": ports[f"{device}_in"], "egress": ports[f"{device}_out"]}
        made[name] = http.made("sfc/port_pairs", name=name, **sides, **more)["id"]
    for name, pair in (("PGA", "PPA"), ("PGB", "PPB")):
        made[name] = http.made("sfc/port_pair_groups", name=name, port_pairs=[made[pair]])["id"]
    for name, protocol in (("FC1", "tcp"), ("FC2", "udp")):
        match = {"source_ip_prefix": "10.77.0.10/32", "destination_ip_prefix": "10.77.0.11/32"}
        ports80 = {"destination_port_range_min": 80, "destination_port_range_max": 80}
        attributes = {**match, **ports80, "protocol": protocol, "logical_source_port": ports["src"]}
        made[name] = http.made("sfc/flow_classifiers", name=name, **attributes)["id"]
    chain = {"port_pair_groups": [made["PGA"]], "flow_classifiers": [made["FC1"]]}
    made["PC1"] = http.made("sfc/port_chains", name="PC1", **chain)["id"]
    return made


def make_again(http):
    """Delete all chains and what they are made of and make the same anew, as was done in the midst of the recording."""
    rows = {collection: http.listed(f"sfc/{collection}") for collection in SFC}
    for collection in SFC:
        for row in rows[collection]:
            assert http.ask("DELETE", f"/v2.0/sfc/{collection}/{row['id']}").status == 204
    anew = {}
    for collection in reversed(SFC):
        more = {"description": "dd"} if collection == "port_chains" else {}
        for row in rows[collection]:
            given = {name: _anew(row[name], anew) for name in ("name", *GIVEN[collection])}
            anew[row["id"]] = http.made(f"sfc/{collection}", **given, **more)["id"]


def _anew(value, ids):
    return [ids.get(one, one) for one in value] if isinstance(value, list) else value
