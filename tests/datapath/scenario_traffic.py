"""A shipped scenario, raised for real, and what its functions get of TCP, UDP and ICMP from source to dest."""

import json
import sys
import tempfile
from pathlib import Path

from functions_world import probe

from sfcci.datapath import pcapng
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario
from sfcci.datapath.stream import streaming

COUNT, PORT = 20, 5000
PATIENCE_S = "60"


def answers(lab, address, largest):
    """Ask by TCP and ICMP, send a UDP stream; give what came of each. ICMP is as long as the network allows."""
    target = f"{address}/{PORT}"
    with streaming(lab, "source", "dest", [target], rate=500, count=COUNT) as stream:
        pass
    echo = probe(lab, "icmp", address, str(largest - (48 if ":" in address else 28)), PATIENCE_S)
    page = probe(lab, "tcp", address, "80", "20000", PATIENCE_S)
    flowing = stream.flowing[target]
    return {
        "udp": [flowing.lost, flowing.duplicated],
        "icmp": echo.get("error", ""),
        "tcp": page.get("error", ""),
    }


GOOD = {"udp": [0, 0], "icmp": "", "tcp": ""}
"""What `answers` gives where everything comes."""


def visits(path):
    """Give how many packets of the stream left the switch at each port."""
    counts = {}
    for frame in pcapng.read(path):
        if frame.direction == "out" and PORT.to_bytes(2, "big") in frame.data[34:100]:
            counts[frame.interface] = counts.get(frame.interface, 0) + 1
    return counts


def travelled(name):
    """Raise a scenario; give the datapath's kind, what came of the traffic for each address of dest, and the visits."""
    scenario = load_scenario(name)
    addresses = [each.partition("/")[0] for each in scenario.topology.port("dest_port").addresses]
    with tempfile.TemporaryDirectory() as folder, raised(scenario) as lab:
        path = Path(folder) / "all.pcapng"
        with lab.capture(path):
            came = [answers(lab, address, scenario.topology.ports[0].mtu) for address in addresses]
        return lab.datapath, came, visits(path)


if __name__ == "__main__":
    sys.stdout.write(json.dumps([travelled(name) for name in sys.argv[1:]]))
