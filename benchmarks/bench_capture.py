"""Live capture: packets that pass 8 interfaces in namespaces of their own, each behind its flow table; none may be lost.

Run: python benchmarks/bench_capture.py [SECONDS]. 50 000 packets a second in total over 8 veth interfaces (frames of 64 flows
each: IPv4, MPLS, NSH, VLAN, IPv6) for SECONDS (else 10): frames lost, the processor time of capture and tables, and how long it
takes to have seen all that passed. Then the rate is raised until frames are lost, or the sender can no more, which tells where
that begins; and a burst is sent. The exit status says whether the first run lost none. On two processors the sender is one of them.
"""

import json
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from sfcci.datapath.namespace import Keeper, Raising
from sfcci.trace.live import Live, Tap, Wanted
from sfcci.trace.opener import Opener, opened
from sfcci.trace.table import FlowTable

INTERFACES = 8
FLOWS = 64
RATE = 50_000
RAISED = (75_000, 100_000, 150_000, 200_000, 300_000)
RAISED_S = 5
BURST = 500_000
SENDER = """
import socket, sys, time
rate, seconds, frames = int(sys.argv[1]), float(sys.argv[2]), [bytes.fromhex(line) for line in sys.stdin.read().split()]
socks = []
for number in range(int(sys.argv[3])):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((f"tap{number}", 0))
    socks.append(sock)
begin, sent, refused = time.monotonic(), 0, 0
sends = [sock.send for sock in socks]
count = int(rate * seconds)
while sent < count:
    due = min(count, int((time.monotonic() - begin) * rate))
    for number in range(sent, due):
        try:
            sends[number % len(sends)](frames[number // len(sends) % len(frames)])
        except OSError:
            refused += 1
    sent = due
    time.sleep(0.001)
print('{"sent": %d, "refused": %d, "took_s": %.3f}' % (sent, refused, time.monotonic() - begin))
"""
"""Sends at a rate, in turn from every interface; a beat that comes late is made up for."""


@dataclass(frozen=True)
class Run:
    """What one run at a rate came to."""

    rate: int
    took_s: float
    sent: int
    came: int
    dropped: int
    flows: int
    cpu_s: float
    drain_ms: float


def frames() -> list[str]:
    """Give the frames of FLOWS flows, in hexadecimal digits: of ten 4 IPv4, 2 MPLS, 2 NSH, 1 VLAN, 1 IPv6."""
    made = []
    for number in range(FLOWS):
        udp = struct.pack("!HHHH", 1024 + number, 80, 8 + 40, 0) + bytes(40)
        ends = IPv4Address(0x0A000001).packed + IPv4Address(0x0A000100 + number).packed
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) + ends + udp
        sixth = IPv6Address(0xFD << 120 | number).packed + IPv6Address(0xFD << 120 | 1).packed
        ethernet = b"\x02" + bytes(4) + b"\x03\x02" + bytes(4) + b"\x04\x08\x00"
        kinds = {
            **dict.fromkeys(range(4), b"\x08\x00" + ip),
            **dict.fromkeys((4, 5), b"\x88\x47" + struct.pack("!I", 511 << 12 | 1 << 8 | 255) + ip),
            **dict.fromkeys(
                (6, 7), b"\x89\x4f" + struct.pack("!HBBIQQ", 0xFC6, 1, 3, 7 << 8 | 255, 0, 0) + ethernet + ip
            ),
            8: b"\x81\x00\x00\x05\x08\x00" + ip,
            9: b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + sixth + udp,
        }
        made.append((b"\x02" + bytes(4) + b"\x01\x02" + bytes(4) + b"\x02" + kinds[number % 10]).hex())
    return made


def furnish(keeper: Keeper) -> None:
    """Make INTERFACES namespaces, each with one end of a cable."""
    for number in range(INTERFACES):
        for words in (
            f"netns add h{number}",
            f"link add tap{number} up type veth peer name eth0 netns h{number}",
            f"-n h{number} link set eth0 up",
        ):
            keeper.run(["ip", *words.split()])


def run(keeper: Keeper, opener: Opener, rate: int, seconds: float, count: int = INTERFACES) -> Run:
    """Send at that rate, and look what came into so many tables."""
    tables = [FlowTable(f"node-{number}", "capture") for number in range(count)]
    with Live(opener) as live:
        live.want(
            {
                n: Wanted(f"h{n}", "eth0", tables[n % count].add_all, incoming_only=True, batches=True)
                for n in range(INTERFACES)
            }
        )
        before = time.process_time()
        words = [*keeper.prefix(), sys.executable, "-I", "-S", "-c", SENDER]
        done = subprocess.run(
            [*words, str(rate), str(seconds), str(INTERFACES)],
            input="\n".join(frames()),
            capture_output=True,
            text=True,
            check=True,
        )
        begin = time.perf_counter()
        live.drain()
        drain_ms = (time.perf_counter() - begin) * 1000
        cpu_s = time.process_time() - before
        taps: list[Tap] = list(live.states().values())
    told = json.loads(done.stdout)
    came = sum(
        flow.ab_packets + flow.ba_packets for table in tables for flow in table.flows() if not flow.parent
    )
    return Run(
        rate,
        told["took_s"],
        told["sent"] - told["refused"],
        came,
        sum(tap.dropped for tap in taps),
        sum(len(list(table.flows())) for table in tables),
        cpu_s,
        drain_ms,
    )


def tell(one: Run) -> None:
    """Say what a run came to."""
    real = one.sent / one.took_s
    print(
        f"{one.rate:7} packets/s wanted, {real:7.0f} sent: {one.sent} sent, {one.came} in {one.flows} flows,"
        f" {one.sent - one.came} lost ({one.dropped} told by the kernel); capture and tables"
        f" {one.cpu_s / one.took_s:.2f} processors, {one.came / one.cpu_s:.0f} packets per CPU second;"
        f" last {one.drain_ms:.1f} ms after the end"
    )


def main() -> int:
    """Measure and tell; 0 when nothing was lost at RATE."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    raising = Raising()
    try:
        furnish(raising.keeper)
        with opened(raising.keeper) as opener:
            first = run(raising.keeper, opener, RATE, seconds)
            tell(first)
            print(
                "the same into one table, as the ports of one switch have it, in the order in which they passed:"
            )
            tell(run(raising.keeper, opener, RATE, seconds, 1))
            for rate in RAISED:
                more = run(raising.keeper, opener, rate, RAISED_S)
                tell(more)
                if more.sent != more.came or more.sent / more.took_s < rate * 0.9:
                    break
            print(f"a burst of {BURST} packets, as fast as one sender can:")
            tell(run(raising.keeper, opener, BURST * 100, 0.01))
    finally:
        raising.end()
    return int(first.sent != first.came)


if __name__ == "__main__":
    sys.exit(main())
