"""The interpreter as one who carries packets, for journeys: what is switched NORMAL reaches whom it is for."""

from sfcci.chain.field import REGISTERS
from sfcci.chain.journey import Carried, Departure
from sfcci.chain.port import mac_number
from sfcci.chain.table import ON_WAY_BACK
from sfcci.chain.walk import walk


def walked(program, ports, choose):
    """Give a carrier by `walk`; `choose` stands for the hash."""
    by_mac = {mac_number(port.mac): port.number for port in ports.values()}

    def carry(packet):
        departures = []
        for sent in walk(program, packet, choose):
            number = by_mac.get(sent.packet["eth_dst"]) if sent.port is None else sent.port
            frame = {name: value for name, value in sent.packet.items() if name not in REGISTERS}
            back = bool(sent.packet["reg1"] & ON_WAY_BACK)
            departures.append(Departure(number, frame, sent.packet["reg0"], back, switched=sent.port is None))
        return Carried(tuple(departures))

    return carry
