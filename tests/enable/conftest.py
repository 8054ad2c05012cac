"""The real oslo.config, and a machine's files in a folder."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sfcci import environment

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location(
    "openstack_pins", HERE.parent / "api" / "openstack" / "client.py"
)
_client = sys.modules["openstack_pins"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_client)


class OsloConfig:
    """The real one, in an interpreter of its own that is asked line by line."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, HERE / "real_oslo_config.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **asked):
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="session")
def oslo_config(cache_dir):
    """It comes with the openstack client."""
    made = OsloConfig(environment.ensure(_client.SPEC, cache_dir).python)
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path):
    """Write a machine's files into a root of its own: name → text; give the root."""
    root = tmp_path / "machine"

    def made(files):
        for name, text in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return root

    return made


POINTS = """\
[neutron.service_plugins]
flow_classifier = networking_sfc.services.flowclassifier.plugin:FlowClassifierPlugin
sfc = networking_sfc.services.sfc.plugin:SfcPlugin
[networking_sfc.sfc.drivers]
dummy = a:B
ovs = a:C
[networking_sfc.flowclassifier.drivers]
dummy = a:B
ovs = a:C
[neutron.agent.l2.extensions]
sfc = a:D
"""


@pytest.fixture
def neutron(machine):
    """A machine with Neutron and networking-sfc: its files besides may be given; give its root."""

    def made(files=(), conf="[DEFAULT]\ncore_plugin = ml2\n", agent="[agent]\ntunnel_types = vxlan\n"):
        return machine(
            {
                "etc/neutron/neutron.conf": conf,
                "etc/neutron/plugins/ml2/openvswitch_agent.ini": agent,
                "usr/lib/python3.11/site-packages/networking_sfc-23.0.0.dist-info/entry_points.txt": POINTS,
                **dict(files),
            }
        )

    return made
