"""A run: the chain of a lab updated under a stream, every packet of it judged by what the switch's ports saw."""

import contextlib
import itertools
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hitless_verdict import MORE, PAYLOAD, Era, counted, faults, passages
from hitless_world import (
    DEST,
    DEST_BESIDE,
    FIRST,
    FIRST_BESIDE,
    FLOWS,
    MIXED,
    SOURCE,
    SOURCE_BESIDE,
    UPDATES,
    WEB,
    order_of,
    state,
)

from sfcci.datapath import pcapng
from sfcci.datapath.driver import RESIDENCY_S
from sfcci.datapath.stream import streaming


@dataclass(frozen=True)
class Way:
    """What became of the packets one way. `seen`: judged by their captures; `wrong`: past, order, astray, more → packets."""

    sent: int
    seen: int
    lost: int
    late: int
    duplicated: int
    wrong: dict
    delays_us: dict
    faults: tuple
    """The first few packets that are wrong, in words."""

    @property
    def good(self):
        """Whether none was lost, past a function, in a wrong order of functions, or where no chain leads any more."""
        return (
            not self.lost
            and not self.duplicated
            and not self.wrong.keys() - {MORE}
            and self.seen == self.sent
        )


@dataclass(frozen=True)
class Run:
    """Updates of one kind under a stream. `void`: why it does not count; "" when it does."""

    functions: str
    updates: str
    ways: dict
    void: str
    update_ms: tuple
    longest_stay_ms: float
    """In a function."""
    longest_passing_ms: float
    """Through the switch, from a function to the next."""
    switch_cpu: float
    """Processor time of ovs-vswitchd, seconds per second."""

    @property
    def good(self):
        """Whether every packet came, by the functions of the chain."""
        return all(way.good for way in self.ways.values())


def run(lab, apply, kind, updates, *, count, rate, pause_s=0.1, patience_s=1.0):
    """Update the chain `count` times under a stream; `apply(state)` is what is tried."""
    states = [state(kind, **words) for words in (UPDATES | MIXED)[updates]]
    apply(states[0])
    with _streams(lab, kind, rate, 0.1):  # neighbours get to know each other
        time.sleep(0.3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.pcapng"
        with lab.capture(path):
            before = cpu_s(lab), time.monotonic()
            with _streams(lab, kind, rate, patience_s) as streams:
                changes = _updated(apply, states, count, pause_s)
                used = (cpu_s(lab) - before[0]) / (time.monotonic() - before[1])
        found = passages(pcapng.read(path), {"source", "dest"})
    stay, passing = (
        max((ns for one in found.values() for ns in getattr(one, name)), default=0) / 1e6
        for name in ("stays_ns", "passing_ns")
    )
    ways = {"back" if back else "there": _way(streams[back], found, changes, back) for back in streams}
    took = tuple((end - begin) / 1e6 for begin, end, _ in changes[1:])
    void = _void(streams, stay, passing, RESIDENCY_S * 1000)
    return Run(kind.name, updates, ways, void, took, stay, passing, used)


def _updated(apply, states, count, pause_s):
    """Go from state to state; give begin, end (ns since the epoch) and the state of each, the first one's too."""
    changes = [(0, 0, states[0])]
    time.sleep(pause_s)
    for number in range(1, count + 1):
        wanted = states[number % len(states)]
        begin = time.time_ns()
        apply(wanted)
        changes.append((begin, time.time_ns(), wanted))
        time.sleep(pause_s)
    return changes


@contextlib.contextmanager
def _streams(lab, kind, rate, patience_s):
    """Send there, and back where the chain is symmetric, and beside it; give the streams by whether they go back."""
    ways = {False: ("source", "dest", DEST, DEST_BESIDE), True: ("dest", "source", SOURCE, SOURCE_BESIDE)}
    with contextlib.ExitStack() as stack:
        streams = {}
        for back in (False, True) if kind.symmetric else (False,):
            source, destination, through, beside = ways[back]
            targets = [f"{through}/{FIRST + n}" for n in range(FLOWS)]
            targets += [f"{beside}/{FIRST_BESIDE + n}" for n in range(FLOWS)]
            streams[back] = stack.enter_context(
                streaming(
                    lab,
                    source,
                    destination,
                    targets,
                    rate=rate / FLOWS,
                    length=PAYLOAD,
                    patience_s=patience_s,
                )
            )
        yield streams


def _way(stream, found, changes, back):
    """Give what became of the packets of a stream through the chain."""
    ends = [end for _, end, _ in changes[1:]] + [float("inf")]
    eras = [
        Era(begin, end, order_of(wanted, back)) for (begin, _, wanted), end in zip(changes, ends, strict=True)
    ]
    address = SOURCE if back else DEST
    mine = [flowing for target, flowing in stream.flowing.items() if target.startswith(f"{address}/")]
    verdicts = counted(found, eras, address)
    wrong = {word: many for word, many in verdicts.items() if word}
    delays = {
        name: max(flowing.delays_us.get(name, 0) for flowing in mine) for name in ("p50", "p99", "most")
    }
    total = {name: sum(getattr(one, name) for one in mine) for name in ("sent", "lost", "late", "duplicated")}
    told = tuple(itertools.islice(faults(found, eras, address), 5))
    return Way(**total, seen=verdicts.total(), wrong=wrong, delays_us=delays, faults=told)


def _void(streams, stay_ms, passing_ms, residency_ms):
    """Say why a run does not count: the control lost packets, or there was no time.

    Drains wait for functions and for the switch, but not for a machine that runs neither.
    """
    for stream in streams.values():
        beside = [
            flowing for target, flowing in stream.flowing.items() if f"/{FIRST_BESIDE // 1000}" in target
        ]
        if lost := sum(flowing.lost for flowing in beside):
            return f"the control lost {lost} packets"
        if refused := sum(flowing.refused for flowing in stream.flowing.values()):
            return f"the sender's kernel refused {refused} packets"
    if stay_ms > 2 * residency_ms:
        return f"a function held a packet for {stay_ms:.0f} ms"
    if passing_ms > 2 * residency_ms:
        return f"the switch took {passing_ms:.0f} ms for a packet"
    return ""


def cpu_s(lab):
    """Give the processor time that ovs-vswitchd has used, on all nodes."""
    return sum(_cpu_s(lab, switch) for switch in lab.nodes or ("switch",))


def _cpu_s(lab, switch):
    folder = f"/run/lab/nodes/{switch}" if lab.nodes else "/run/lab"
    pid = lab.run(switch, ["cat", f"{folder}/ovs-vswitchd.pid"], timeout_s=30, check=True).stdout.strip()
    text = lab.run(switch, ["cat", f"/proc/{pid}/stat"], timeout_s=30, check=True).stdout
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def median_ms(one):
    """Give the median time of a run's updates."""
    return statistics.median(one.update_ms)


def carried(lab, apply, states, *, count, pause_s):
    """Give what downloads through the chain get while it is updated: MB/s, retransmitted segments, ovs-vswitchd's CPU."""
    words = ["curl", "--silent", "--fail", "--output", "/dev/null", f"http://{SOURCE}:{WEB}/bytes/{64 << 20}"]
    before = cpu_s(lab), _retransmitted(lab), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        ended = threading.Event()
        job = pool.submit(_downloads, lab, words, ended)
        try:
            _updated(apply, states, count, pause_s)
        finally:
            ended.set()
        octets, seconds = job.result()
    took = time.monotonic() - before[2]
    return {
        "MB/s": octets / seconds / 1e6,
        "retransmitted": _retransmitted(lab) - before[1],
        "ovs-vswitchd cores": (cpu_s(lab) - before[0]) / took,
    }


def _downloads(lab, words, ended):
    """Download again and again until it is told to end; give octets and seconds."""
    begin, octets = time.monotonic(), 0
    while not ended.is_set() or not octets:
        lab.run("dest", words, timeout_s=600, check=True)
        octets += 64 << 20
    return octets, time.monotonic() - begin


def _retransmitted(lab):
    """Give how many TCP segments the source has sent again (/proc/net/snmp)."""
    lines = lab.run("source", ["cat", "/proc/net/snmp"], timeout_s=30, check=True).stdout.splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(dict(zip(names, values, strict=True))["RetransSegs"])
