"""What looking at every packet costs: decoding with the flow table, next to dpkt with a dictionary; memory; fuzz.

python benchmarks/bench_decode.py [--packets 200000] [--rounds 5] [--flows 100000] [--fuzz 1000000] [--json]

The mix is generated: 40 % IPv4, 20 % MPLS, 20 % NSH and Ethernet, 10 % VLAN, 10 % IPv6; TCP and UDP, both ways. Both
sides count the same frames in turns in one run, in CPU seconds, so that a busy machine slows both; figures are medians.
dpkt (`pip install dpkt`) knows nothing of NSH: it counts those frames by their MAC addresses. The exit status says
whether all limits hold.
"""

import argparse
import gc
import json
import random
import statistics
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import chain
from typing import Any

from sfcci.trace.table import FlowTable

MIX = ("ipv4",) * 4 + ("mpls",) * 2 + ("nsh",) * 2 + ("vlan", "ipv6")
LEAST_RATE, LEAST_RATIO, MOST_BYTES, LONGEST_S = 400_000, 3.5, 700, 0.1
PAYLOAD = 400
PACKETS_A_FLOW = 500
"""As in the trace that Skydive is measured with: 4 679 031 packets, 9 088 flows. What a first packet costs is a row."""
FEWER_PACKETS = (50, 10)
FUZZED_FLOWS = 2000
START = 1_700_000_000_000_000_000
LINK_TYPES = (1, 1, 1, 1, 0, 12, 101, 113, 276)


@dataclass(frozen=True)
class Row:
    """A figure and its limit, None where there is none; `least`: it must not be below."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the figure keeps to its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.least else self.value <= self.limit


def frame_of(kind: str, flow: int, back: bool, flags: int) -> bytes:
    """Give a frame of the flow with that number."""
    macs = [struct.pack("!HI", 0xFA16, 0x3E000000 | host) for host in (flow % 61, 100 + flow % 7)]
    hosts = [flow % 251, flow // 251 % 17]
    ports = [1024 + flow % 60_000, 80]
    if back:
        macs, hosts, ports = macs[::-1], hosts[::-1], ports[::-1]
    tcp = flow % 3 > 0
    above = struct.pack("!HH", *ports)
    above += (
        struct.pack("!IIBBHHH", 1, 1, 5 << 4, flags, 512, 0, 0) if tcp else struct.pack("!HH", 8 + PAYLOAD, 0)
    )
    above += bytes(PAYLOAD)
    protocol = 6 if tcp else 17
    if kind == "ipv6":
        ends = b"".join(b"\xfd" + bytes(14) + bytes([host]) for host in hosts)
        return (
            macs[1]
            + macs[0]
            + b"\x86\xdd"
            + struct.pack("!IHBB", 6 << 28, len(above), protocol, 63)
            + ends
            + above
        )
    ends = b"".join(bytes([10, 0, 0, host]) for host in hosts)
    packet = (
        struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(above), flow & 0xFFFF, 0x4000, 63, protocol, 0)
        + ends
        + above
    )
    link = macs[1] + macs[0]
    plain = link + b"\x08\x00" + packet
    return {
        "ipv4": plain,
        "vlan": link + b"\x81\x00\x00\x05\x08\x00" + packet,
        "mpls": link + b"\x88\x47" + struct.pack("!I", 511 << 12 | 1 << 8 | 255) + packet,
        "nsh": link + b"\x89\x4f" + struct.pack("!HBBI", 63 << 6 | 6, 1, 3, 1 << 8 | 255) + bytes(16) + plain,
    }[kind]


def mix_of(packets: int, flows: int, seed: int = 1) -> list[tuple[int, bytes, int, bool]]:
    """Give frames of that many flows: each begins with a SYN when it is TCP, then comes and goes."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mix
    frames, seen = [], set[int]()
    for number in range(packets):
        flow = number if number < flows else chance.randrange(flows)
        back = flow in seen and chance.random() < 0.4  # noqa: PLR2004 - more go than come
        frame = frame_of(MIX[flow % len(MIX)], flow, back, 0x10 if flow in seen else 2)
        seen.add(flow)
        frames.append((START + number * 10_000, frame, len(frame), False))
    return frames


def ours(frames: list[tuple[int, bytes, int, bool]]) -> int:
    """Count the frames; give the number of flows."""
    table = FlowTable("node", "capture")
    table.add_all(frames)
    return len(table)


def with_dpkt(frames: list[tuple[int, bytes, int, bool]]) -> int:
    """Do the same as one does it with dpkt: five-tuple, ends in order, a dictionary."""
    import dpkt

    flows: dict[Any, list[int]] = {}
    for time_ns, frame, length, _ in frames:
        eth = dpkt.ethernet.Ethernet(frame)
        ip = eth.data
        if isinstance(ip, (dpkt.ip.IP, dpkt.ip6.IP6)):
            above = ip.data
            sport, dport = getattr(above, "sport", 0), getattr(above, "dport", 0)
            protocol = ip.p
            one, other = (ip.src, sport), (ip.dst, dport)
        else:
            protocol, one, other = eth.type, (eth.src, 0), (eth.dst, 0)
        forward = one <= other
        key = (protocol, one, other) if forward else (protocol, other, one)
        counted = flows.get(key)
        if counted is None:
            flows[key] = counted = [0, 0, 0, 0, time_ns, time_ns]
        at = 0 if forward else 2
        counted[at] += 1
        counted[at + 1] += length
        counted[5] = time_ns
    return len(flows)


def cpu_s(work: Callable[[], Any]) -> float:
    """Give the CPU seconds that some work takes; the collector need not look at the frames, which no capture keeps."""
    gc.collect()
    gc.freeze()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def rates(frames: list[tuple[int, bytes, int, bool]], rounds: int) -> Iterable[Row]:
    """Compare both in turns."""
    sides: dict[str, list[float]] = {"ours": [], "dpkt": []}
    for _ in range(rounds):
        for name, work in (("ours", ours), ("dpkt", with_dpkt)):
            sides[name].append(len(frames) / cpu_s(lambda work=work: work(frames)))  # type: ignore[misc]
    mine, theirs = (statistics.median(side) for side in sides.values())
    yield Row("decode and flow table", mine, "packets per CPU second", LEAST_RATE, least=True)
    yield Row("dpkt and a dictionary", theirs, "packets per CPU second")
    ratio = statistics.median(a / b for a, b in zip(sides["ours"], sides["dpkt"], strict=True))
    yield Row("ours against dpkt", ratio, "times", LEAST_RATIO, least=True)
    for a_flow in FEWER_PACKETS:
        fewer = mix_of(len(frames), len(frames) // a_flow)
        took = statistics.median(cpu_s(lambda fewer=fewer: ours(fewer)) for _ in range(rounds))  # type: ignore[misc]
        yield Row(f"{a_flow} packets a flow", len(frames) / took, "packets per CPU second")


def kinds(rounds: int) -> Iterable[Row]:
    """Give the rate of each kind alone, of packets that take the long way too, and of first packets."""
    for kind in dict.fromkeys(MIX):
        frames = [
            (START + n, frame_of(kind, n % 100, n % 200 >= 100, 0x10), 500, False)  # noqa: PLR2004 - both ways
            for n in range(40_000)
        ]
        took = statistics.median(cpu_s(lambda frames=frames: ours(frames)) for _ in range(rounds))  # type: ignore[misc]
        yield Row(f"{kind} alone", len(frames) / took, "packets per CPU second")
    first = [(START + n, frame_of("ipv4", n, False, 2), 500, False) for n in range(20_000)]
    took = statistics.median(cpu_s(lambda: ours(first)) for _ in range(rounds))
    yield Row("first packets of flows", len(first) / took, "flows per CPU second")


def memory(flows: int) -> Iterable[Row]:
    """Give the bytes of a flow, keys and dictionaries and all; each flow was seen both ways, with its own times.

    The second row is after an update that changed since (LastUpdateMetric), the third once all ids were asked for.
    """
    frames = mix_of(flows, flows)
    frames += [
        (time_ns + 10**9, frame_of(MIX[n % len(MIX)], n, True, 0x12), length, False)
        for n, (time_ns, _, length, _) in enumerate(frames)
    ]
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    table = FlowTable("node", "capture")

    def row(name: str, limit: float | None) -> Row:
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
        return Row(f"memory of {len(table)} flows{name}", taken / len(table), "bytes a flow", limit)

    table.add_all((int(str(t)), f, n, o) for t, f, n, o in frames)  # times of its own, as a capture's are
    yield row("", MOST_BYTES)
    table.tick(START + 62 * 10**9)
    table.add_all((t + 10**11, f, n, o) for t, f, n, o in frames)
    yield row(", told of", MOST_BYTES)
    for flow in table.flows():
        assert flow.tracking_id  # noqa: S101 - asks for it
        assert flow.l3_tracking_id  # noqa: S101
    yield row(", with ids", None)
    tracemalloc.stop()


def fuzz(count: int, seed: int = 1) -> Iterable[Row]:
    """Give broken, cut, mixed and random frames of every link type to tables: nothing is raised, none takes long."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    whole = [frame_of(kind, n, bool(n % 2), 2)[:200] for n in range(50) for kind in dict.fromkeys(MIX)]
    rich = {2: {"tcp_metrics": True, "dns": True}, 3: {"defragment": True, "raw_limit": 3}}
    tables = [
        FlowTable("n", "c", limit=FUZZED_FLOWS, link_type=link, **rich.get(n, {}))  # type: ignore[arg-type]
        for n, link in enumerate(LINK_TYPES)
    ]
    longest, begun = 0.0, time.process_time()
    for number in range(count):
        frame = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(6)):
            frame[chance.randrange(min(90, len(frame)))] = chance.choice(
                (0, 1, 4, 6, 0x45, 0x47, 0x4F, 0x88, 255, chance.randrange(256))
            )
        if chance.random() < 0.3:  # noqa: PLR2004 - a third
            del frame[chance.randrange(len(frame)) :]
        elif chance.random() < 0.1:  # noqa: PLR2004 - a tenth
            frame = bytearray(chance.randbytes(chance.randrange(300)))
        before = time.process_time()
        tables[number % len(tables)].add(START + number * 1000, bytes(frame), len(frame))
        longest = max(longest, time.process_time() - before)
        if number % 100_000 == 0:
            for table in tables:
                table.tick(START + number * 1000)
    yield Row("fuzzed frames", count, "frames without a fault")
    yield Row("fuzzed frames", count / (time.process_time() - begun), "frames per CPU second")
    yield Row("the longest of them", longest, "CPU seconds", LONGEST_S)
    yield Row("flows kept of them", sum(len(table) for table in tables), "flows", FUZZED_FLOWS * len(tables))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flows", type=int, default=100_000)
    parser.add_argument("--fuzz", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if find_spec("dpkt") is None:
        print("dpkt is not installed: pip install dpkt", file=sys.stderr)
        return 3
    frames = mix_of(asked.packets, asked.packets // PACKETS_A_FLOW)
    rows = []
    fuzzed = fuzz(asked.fuzz) if asked.fuzz else ()
    for row in chain(rates(frames, asked.rounds), kinds(asked.rounds), memory(asked.flows), fuzzed):
        rows.append(row)
        if not asked.json:
            limit = (
                "" if row.limit is None else f" (limit {row.limit:,g}: {'holds' if row.holds else 'BROKEN'})"
            )
            print(f"{row.name:38} {row.value:14,.2f} {row.unit}{limit}", flush=True)
    if asked.json:
        print(json.dumps([{**asdict(row), "holds": row.holds} for row in rows], indent=2))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
