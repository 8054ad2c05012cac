"""Flows and groups, drawn at random: what a switch takes in whatever mixture."""

from hypothesis import strategies as st

from sfcci.chain.action import (
    Clone,
    Decap,
    Goto,
    Move,
    Normal,
    Output,
    Pause,
    PopMpls,
    Push,
    Resubmit,
    SetField,
    ToGroup,
)
from sfcci.chain.field import WIDTHS
from sfcci.chain.openflow import OUR_COOKIE, Bucket, Flow, Group, match

REGISTERS = ("reg0", "reg1", "reg2", "reg3")
TUNNEL = ("tun_id", "tun_src", "tun_dst", "tun_ipv6_src")
KINDS = {
    "ip": (0x800, ("ip_src", "ip_dst", "ip_frag")),
    "ipv6": (0x86DD, ("ipv6_src", "ipv6_dst", "ip_frag")),
    "mpls": (0x8847, ("mpls_label", "mpls_tc")),
    "nsh": (0x894F, ("nsh_spi", "nsh_si")),
}


def numbers(name):
    return st.integers(0, (1 << WIDTHS[name]) - 1)


@st.composite
def conditions(draw, names):
    """Some of the fields, each in all of its bits or in some."""
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=len(names)))
    whole = ("mpls_label", "mpls_tc", "nsh_spi", "nsh_si", "ip_frag", "nw_proto", "in_port")
    given = {name: draw(numbers(name)) for name in chosen}
    given |= {"ip_frag": 3} if "ip_frag" in given else {}
    return {n: v if n in whole or draw(st.booleans()) else (v, draw(numbers(n))) for n, v in given.items()}


@st.composite
def matches(draw):
    fields = draw(conditions((*REGISTERS, *TUNNEL, "eth_src", "eth_dst")))
    if draw(st.booleans()):
        fields["in_port"] = draw(st.integers(1, 0xFEFF))
    if kind := draw(st.sampled_from(["", *KINDS])):
        ethertype, names = KINDS[kind]
        fields |= {"eth_type": ethertype} | draw(conditions(names))
        late = "ip_frag" in fields  # it has no ports
        if kind in ("ip", "ipv6") and not late and (protocol := draw(st.sampled_from(["", "tcp", "udp"]))):
            fields |= {"nw_proto": 6 if protocol == "tcp" else 17}
            fields |= draw(conditions((f"{protocol}_src", f"{protocol}_dst")))
    return match(**fields)


def some_bits(name):
    full = (1 << WIDTHS[name]) - 1
    masks = st.none() | st.integers(1, full - 1)
    return st.builds(
        lambda value, mask: SetField(name, value if mask is None else value & mask, mask),
        numbers(name),
        masks,
    )


plain = st.one_of(
    st.sampled_from(REGISTERS).flatmap(some_bits),
    st.sampled_from(["eth_src", "eth_dst"]).flatmap(some_bits),
    st.builds(Output, st.integers(1, 0xFEFF)),
    st.builds(Resubmit, st.integers(0, 253)),
    st.builds(Move, st.just("reg0"), st.integers(0, 8), st.integers(1, 20), st.just("reg2")),
    st.just(Normal()),
    st.just(Pause()),
)
"""What can be done with every packet."""
encapsulations = st.sampled_from(
    [
        (
            Push("mpls"),
            Move("reg0", 0, 20, "mpls_label"),
            Move("reg0", 0, 8, "mpls_ttl"),
            SetField("mpls_tc", 1),
        ),
        (
            Push("nsh"),
            Move("reg0", 8, 24, "nsh_spi"),
            Move("reg0", 0, 8, "nsh_si"),
            Push("ethernet"),
            SetField("eth_src", 2),
        ),
    ]
)


@st.composite
def action_lists(draw, groups=()):
    """A list of actions, a copy's among them, that may end in a later table."""
    actions = draw(st.lists(plain, max_size=4))
    if draw(st.booleans()):
        actions.append(Clone(tuple(draw(st.lists(plain, min_size=1, max_size=3)))))
    if groups and draw(st.booleans()):
        actions.append(ToGroup(draw(st.sampled_from(groups))))
    return tuple(actions)


@st.composite
def flows(draw, groups=()):
    table, matched = draw(st.integers(0, 252)), draw(matches())
    fields = {bits.name: bits.value for bits in matched.bits}
    actions = draw(action_lists(groups))
    if fields.get("eth_type") == 0x8847:
        actions = (PopMpls(draw(st.sampled_from([0x800, 0x86DD]))), *actions)
    elif fields.get("eth_type") == 0x894F:
        actions = (*(a for a in actions if not isinstance(a, SetField)), Decap(), Decap(), Resubmit(20))
    elif fields.get("eth_type") and draw(st.booleans()):
        actions += draw(encapsulations)
    if draw(st.booleans()):
        actions += (Goto(draw(st.integers(table + 1, 253))),)
    cookie = OUR_COOKIE | draw(st.integers(0, (1 << 24) - 1))
    return Flow(table, draw(st.integers(0, 0xFFFF)), matched, actions, cookie)


HASHED = ("ip_src", "ip_dst", "ipv6_src", "ipv6_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst")


@st.composite
def groups(draw, number=9):
    ids = draw(st.lists(st.integers(0, 0xFFFF_FEFF), unique=True, max_size=6))
    watches = st.none() | st.integers(1, 0xFEFF)
    buckets = tuple(Bucket(id_, draw(action_lists()), draw(watches)) for id_ in ids)
    chosen = draw(st.sets(st.sampled_from(HASHED), min_size=1))
    return Group(number, tuple(name for name in WIDTHS if name in chosen), buckets)
