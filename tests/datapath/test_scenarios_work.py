"""The scenarios that come with sfcci, raised for real: every kind of function does its work, for an ordinary user too."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scenario_traffic import COUNT, GOOD, answers

from sfcci import command
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
HOPS = {
    "mpls": (("p1in", "p2in"), ("p3in",)),
    "nsh": (("p1in", "p2in"), ("p3in",)),
    "wire": (("p1in",), ("p2in",)),
    "one-port": (("p1",), ("p2",)),
    "mapping": (("p1in",), ("p2in",)),
    "ipv6": (("p1in", "p2in"), ("p3in",)),
}
"""Scenario → the hops that each of its packets from source to dest visits, by the ports at which they go in.

All kinds of functions are in them; the gate's jobs show the same of every scenario in root's labs.
"""


def whole(name, came, visits):
    """Everything came, and every packet visited each hop once."""
    assert came == [GOOD] * len(came)
    assert [sum(visits.get(port, 0) for port in hop) for hop in HOPS[name]] == [COUNT * len(came)] * len(
        HOPS[name]
    )


def test_what_is_broadcast_does_not_go_round_a_wire_whose_chain_is_gone():
    with raised(load_scenario("wire")) as lab:
        lab.apply(lab.scenario.chains.without_chain("PC1"))
        assert answers(lab, "10.0.0.2", 1500) == GOOD


def ordinary_python():
    """Give the words that run Python with this one's modules as an ordinary user, in whose labs it can run, too."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root, to become somebody else")
    user = (
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
    )
    words = [*user, "env", f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}"]
    for python in (sys.executable, "/usr/bin/python3"):  # root's own one may be out of others' sight
        probe = ["unshare", *command.OWN_USER, "--net", python, "-c", "import sfcci.datapath.lab"]
        if not subprocess.run([*words, *probe], cwd="/", capture_output=True, check=False).returncode:
            return [*words, python, "-B"]
    pytest.skip("an ordinary user has no namespaces here, or cannot read this Python")


def test_an_ordinary_user_s_functions_work_too():
    """In a user namespace, without a right outside, and on the dummy datapath."""
    argv = [*ordinary_python(), str(Path(__file__).with_name("scenario_traffic.py")), *HOPS]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    for name, (datapath, came, visits) in zip(HOPS, json.loads(done.stdout), strict=True):
        assert datapath == "dummy"
        whole(name, came, visits)
