"""Declarations for the laws of apply: whatever is drawn, the API takes it when it is made on an empty state."""

from hypothesis import strategies as st

DEVICES = {"a0": "vm-a", "a1": "vm-a", "b0": "vm-b", "b1": "vm-b", "c0": "vm-c", "s0": "src", "s1": "src"}
PAIRABLE = [("a0", "a1"), ("a1", "a0"), ("a0", "a0"), ("b0", "b1"), ("b1", "b1"), ("c0", "c0")]


def _some(elements, least=0, most=3):
    return st.lists(st.sampled_from(elements), unique=True, min_size=least, max_size=most)


@st.composite
def declarations(draw):
    """A file's data with all sections; nothing in it contradicts anything else in it."""
    networks = {name: draw(_network()) for name in ("n0", "n1")}
    subnets = {f"u{n}": _subnet(draw, f"n{n}", n) for n in (0, 1)}
    ports = {
        name: {"network": draw(st.sampled_from(["n0", "n1"])), "device_id": device} | draw(_description())
        for name, device in DEVICES.items()
    }
    aware = draw(st.sampled_from([None, "mpls"]))
    pairs = _pairs(draw, aware)
    groups = _groups(draw, pairs)
    classifiers = _classifiers(draw)
    chains = _chains(draw, groups, classifiers)
    return {
        "networks": networks,
        "subnets": subnets,
        "ports": ports,
        "port_pairs": pairs,
        "port_pair_groups": groups,
        "flow_classifiers": classifiers,
        "port_chains": chains,
        "service_graphs": _graphs(draw, chains) if aware else {},
    }


def _description():
    return st.sampled_from([{}, {"description": "one"}, {"description": "two"}])


def _network():
    return st.sampled_from([{}, {"admin_state_up": False}, {"description": "net"}])


def _subnet(draw, network, number):
    prefix = draw(st.sampled_from([f"10.{number}.0.0/24", f"10.{number}.0.0/25", f"10.{number}.9.0/24"]))
    return {"network": network, "cidr": prefix} | draw(_description())


def _pairs(draw, aware):
    names = draw(_some(["PP0", "PP1", "PP2", "PP3"], most=4))
    ends = draw(st.permutations(PAIRABLE))
    parameters = {"correlation": aware, "weight": draw(st.integers(0, 3))}
    plain = parameters == {"correlation": None, "weight": 1}
    return {
        name: {"ingress": ends[at][0], "egress": ends[at][1]}
        | ({} if plain else {"service_function_parameters": parameters})
        for at, name in enumerate(names)
    }


def _groups(draw, pairs):
    names = draw(_some(["PG0", "PG1", "PG2"], least=1))
    where = {pair: draw(st.sampled_from(names)) for pair in pairs}
    made = {}
    for name in names:
        members = sorted(pair for pair, group in where.items() if group == name)
        fields = draw(st.sampled_from([[], ["ip_src"], ["tcp_dst", "ip_dst"]]))
        mapping = {"ingress_n_tuple": {}, "egress_n_tuple": {}}
        made[name] = ({"port_pairs": members} if members else {}) | (
            {"port_pair_group_parameters": {"lb_fields": fields, "ppg_n_tuple_mapping": mapping}}
            if fields
            else {}
        )
    return made


def _classifiers(draw):
    names = draw(_some(["FC0", "FC1", "FC2", "FC3"], most=4))
    bands = draw(st.permutations(range(5)))
    return {
        name: {
            "protocol": draw(st.sampled_from(["tcp", "udp"])),
            "destination_port_range_min": 100 * bands[at],
            "destination_port_range_max": 100 * bands[at] + draw(st.sampled_from([0, 99])),
            "logical_source_port": draw(st.sampled_from(["s0", "s1", "a0"])),
        }
        | draw(_description())
        for at, name in enumerate(names)
    }


def _chains(draw, groups, classifiers):
    names = draw(_some(["PC0", "PC1", "PC2"]))
    lists = draw(
        st.lists(_some(list(groups), least=1).map(tuple), unique=True, min_size=0, max_size=len(names))
    )
    used = list(zip(names, lists, strict=False))
    where = {name: draw(st.sampled_from([chain for chain, _ in used] + [None])) for name in classifiers}
    ids = draw(st.permutations([7, 8, 9]))
    made = {}
    for at, (name, hops) in enumerate(used):
        mine = sorted(one for one, chain in where.items() if chain == name)
        made[name] = {"port_pair_groups": list(hops)} | ({"flow_classifiers": mine} if mine else {})
        made[name] |= draw(st.sampled_from([{}, {"fail_mode": "open"}, {"description": "chain"}]))
        made[name] |= {"chain_id": ids[at]} if draw(st.booleans()) else {}
    return made


def _graphs(draw, chains):
    names = list(chains)
    if len(names) < 2 or not draw(st.booleans()):
        return {}
    return {"SG0": {"port_chains": {names[0]: sorted(names[1:])}} | draw(_description())}
