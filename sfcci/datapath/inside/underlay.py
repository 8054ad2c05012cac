"""Gives a node's switch its address on the underlay, and tells it its neighbours: what no database of its keeps.

`underlay.py FOLDER`: the folder has `underlay.json`, {"bridge": "br-phy", "address": "192.0.2.1", "length": 24, "mac":
"02:00:c0:00:02:01", "dummy": false, "neighbours": {"192.0.2.2": "02:00:c0:00:02:02"}}. It runs in the node's namespace,
when the switch is new, and again is allowed. Neighbours that are told beforehand cost no first packet.
"""

import json
import os
import socket
import sys
import time
from typing import Any

LIMIT_S = 20.0
LONGEST_S = "3600"
"""How long a neighbour is known of whom nothing is heard (Open vSwitch's limit)."""
OPENFLOW = "OpenFlow15"


def asked(sock: socket.socket, method: str, *words: str) -> str:
    """Give the daemon's answer to a command, "" where it refuses (unixctl's protocol, see datapath.unixctl)."""
    sock.sendall(json.dumps({"id": 0, "method": method, "params": words}).encode())
    data = b""
    while True:
        piece = sock.recv(65536)
        data += piece
        try:
            answer = json.loads(data)
        except ValueError:
            if not piece:
                raise ConnectionResetError("the switch has ended") from None
            continue
        return str(answer.get("result") or "")


def run(*words: str) -> None:
    """Run a program to its end. Raises OSError when it fails."""
    status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp(words[0], words, os.environ), 0)[1])
    if status:
        raise OSError(f"{' '.join(words)} failed with exit status {status}")


def answers_arp(folder: str, given: dict[str, Any]) -> None:
    """Have the bridge answer for its address, where no kernel does (RFC 826)."""
    mac = given["mac"]
    number = "0x" + mac.replace(":", "")
    address = "0x" + socket.inet_aton(given["address"]).hex()
    actions = (
        "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]",
        f"set_field:{mac}->eth_src",
        "set_field:2->arp_op",
        "move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]",
        "move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[]",
        f"load:{number}->NXM_NX_ARP_SHA[]",
        f"load:{address}->NXM_OF_ARP_SPA[]",
        "in_port",
    )
    flow = f"priority=10,arp,arp_op=1,arp_tpa={given['address']},actions={','.join(actions)}"
    run("ovs-ofctl", "-O", OPENFLOW, "add-flow", f"unix:{folder}/{given['bridge']}.mgmt", flow)


def give_address(sock: socket.socket, folder: str, given: dict[str, Any]) -> None:
    """Give the bridge its address: the kernel's device of a userspace datapath, or the switch alone."""
    place = f"{given['address']}/{given['length']}"
    if not given["dummy"]:
        run("ip", "addr", "replace", place, "dev", given["bridge"])
        run("ip", "link", "set", "dev", given["bridge"], "up")
        return
    asked(sock, "netdev-dummy/ip4addr", given["bridge"], place)
    asked(sock, "ovs/route/add", place, given["bridge"])
    answers_arp(folder, given)


def main(folder: str) -> None:
    """Give the address, wait until the switch sends by it, tell it its neighbours."""
    with open(f"{folder}/underlay.json") as file:  # noqa: PTH123 - start-up time
        given = json.load(file)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT_S)
        sock.connect(f"{folder}/vswitchd.ctl")
        give_address(sock, folder, given)
        asked(sock, "tnl/neigh/aging", LONGEST_S)
        end = time.monotonic() + LIMIT_S
        while given["bridge"] not in asked(sock, "ovs/route/lookup", given["address"]):
            if time.monotonic() > end:
                raise OSError(f"the switch knows no way to {given['address']} by {given['bridge']}")
            time.sleep(0.005)
        for address, mac in given["neighbours"].items():
            asked(sock, "tnl/neigh/set", given["bridge"], address, mac)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as error:
        sys.exit(f"{error}")
