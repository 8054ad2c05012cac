"""The tables of the switch, in the order in which a packet sees them, and what the registers hold.

| table | key | does |
|---|---|---|
| 0 dispatch | in_port | a function's port → 1; a port where packets enter a chain → 10; others NORMAL |
| 1 function | what the function itself says | ARP, neighbour discovery, its own addresses NORMAL; encapsulated → 5; the rest → 10 |
| 5 decode | in_port, label or (spi, si) | takes the encapsulation off, reg0 = spi << 8 | si, → 20 |
| 10 classify | the n-tuple | reg0 = spi << 8, → 12; a miss → 13 |
| 12 place | in_port, spi | reg0 = spi << 8 | si: where on the path the packet is, → 20; a miss → 13 |
| 13 answers | the n-tuple, swapped | as 10 and 12 for the way back of symmetric chains; |
| 15 place back | in_port, spi | a miss: from a function drop, else NORMAL |
| 20 hop | spi, si, direction | copies to taps; the hop's group, or its one function, or the end of the path |
| 21 addresses | direction, family | copies what both sides of a group's spreading are into registers: near side, far side |
| 22 ports | direction, protocol | as 21, ports of TCP and UDP |
| 30 deliver | reg3 | out of a function's port, with the encapsulation that it knows |
| 45 branch | the end of a path, the n-tuple | where a service graph goes on: the next chain's spi and first index, → 20 |
| 50 end | address | out of the port that has the address; a miss: out of every port of its network but those of functions |
| 55 arrival | tun_id | on a node of many, what comes by the tunnel: out of the port that it is for |
| 60 switch | network, eth_dst | on a node of many, in place of NORMAL: out of the port that has the address, here or elsewhere |

reg0: the path and the place on it; its low 20 bits are the MPLS label. On one node push and pop cancel for functions
that know no chain, so none is pushed. reg1: bit 0, the packet came from a function; bit 1, it is on the way back; bit 2, it has waited.
reg2: the network, where the switch has several. reg3: the port to deliver to and the way to do it.
reg4 to reg15: what a group spreads by.
"""

(
    DISPATCH,
    FUNCTION,
    DECODE,
    CLASSIFY,
    PLACE,
    ANSWERS,
    PLACE_BACK,
    HOP,
    ADDRESSES,
    PORTS,
    DELIVER,
    BRANCH,
    END,
    ARRIVAL,
    SWITCH,
) = (
    0,
    1,
    5,
    10,
    12,
    13,
    15,
    20,
    21,
    22,
    30,
    45,
    50,
    55,
    60,
)
LOWEST, LOW, LATER, MIDDLE, HIGH = 0, 1, 50, 100, 200
"""Priorities. LATER: fragments without ports, where nothing better is known of them."""
PLACE_REG, ORIGIN_REG, NETWORK_REG, PORT_REG = "reg0", "reg1", "reg2", "reg3"
FROM_FUNCTION, ON_WAY_BACK, RESUMED = 1, 2, 4
ARP, IPV4, IPV6, MPLS, NSH = 0x0806, 0x0800, 0x86DD, 0x8847, 0x894F
ICMPV6 = 58
NEIGHBOUR_DISCOVERY = (133, 134, 135, 136)
"""ICMPv6 types of router and neighbour solicitation and advertisement (RFC 4861)."""
PLAIN_WAY, WIRE_WAY, MPLS_WAY, NSH_WAY = 0, 1, 2, 3
"""How a port is delivered to: addressed, frame unchanged, under a label, under a network service header."""
NSH_PACKET = 1 << 16 | NSH
"""`packet_type` of a network service header without an Ethernet header in front of it (OpenFlow 1.5.1, 7.2.3.11)."""
TO_EVERYBODY, TO_HOSTS = 1 << 23, 3 << 22
"""In a tunnel's key, with a network's number: out of every port of the network, or of every one that is no function's.

Without them a key is a port's number (of the 24 bits of a VXLAN network identifier, RFC 7348).
"""
PORT_BITS = 16
SI_BITS = 8


def label(spi: int, si: int) -> int:
    """Give a place on a path as one number: reg0, and in its low 20 bits the label on a wire (spi * 256 + si)."""
    return spi << SI_BITS | si


def place(number: int) -> tuple[int, int]:
    """Give path id and service index of the place on a path that `label` made a number of."""
    return number >> SI_BITS, number & (1 << SI_BITS) - 1


def delivery(port: int, way: int) -> int:
    """Give reg3 for a port and the way to deliver."""
    return way << PORT_BITS | port
