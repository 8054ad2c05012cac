"""Enabling, tried in a root that dnf filled: the real oslo.config reads the result, and networking-sfc's own entry points load by it."""

import json
import subprocess

from sfcci.enable import turn

PROBE = """\
import json, sys
site, *files = sys.argv[1:]
sys.path.append(site)
from neutron.conf import common
from neutron.conf.agent import agent_extensions_manager
from neutron_lib.utils import runtime
from networking_sfc.services.flowclassifier.common import config as classifiers
from networking_sfc.services.sfc.common import config as chains
from oslo_config import cfg
from stevedore import named

conf = cfg.ConfigOpts()
conf.register_opts(common.core_opts)
conf.register_opts(chains.SFC_DRIVER_OPTS, "sfc")
conf.register_opts(classifiers.FLOWCLASSIFIER_DRIVER_OPTS, "flowclassifier")
agent_extensions_manager.register_agent_ext_manager_opts(conf)
conf([word for file in files for word in ("--config-file", file)], project="neutron")

def loaded(group, names):
    found = named.NamedExtensionManager(group, names, name_order=True, on_missing_entrypoints_callback=None)
    return {one.name: f"{one.plugin.__module__}.{one.plugin.__name__}" for one in found}

def plugin(name):
    found = runtime.load_class_by_alias_or_classname("neutron.service_plugins", name)
    return f"{found.__module__}.{found.__name__}"

print(json.dumps({
    "plugins": {name: plugin(name) for name in conf.service_plugins},
    "chains": loaded("networking_sfc.sfc.drivers", conf.sfc.drivers),
    "classifiers": loaded("networking_sfc.flowclassifier.drivers", conf.flowclassifier.drivers),
    "extensions": loaded("neutron.agent.l2.extensions", conf.agent.extensions),
    "base_mac": conf.base_mac,
}))
"""
FILES = {
    "neutron.conf": "[DEFAULT]\n# The cloud's own\nbase_mac = fa:16:3e:47:11:00\nservice_plugins = metering\n",
    "plugins/ml2/openvswitch_agent.ini": "[agent]\ntunnel_types = vxlan\n",
}


def answers(root, python, site):
    """Write a small configuration into a root, enable both roles there, and give what the installed programs make of it, then undo it."""
    folder = root.folder / "etc" / "neutron"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    plans = [turn.planned(role, root=root.folder) for role in ("controller", "compute")]
    for plan in plans:
        turn.carry_out(plan)
    again = [turn.planned(role, root=root.folder).diff() for role in ("controller", "compute")]
    told = probed(root, python, site, [folder / name for name in FILES])
    for role in ("controller", "compute"):
        turn.carry_out(turn.undoing(role, root=root.folder))
    left = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    for name in FILES:
        (folder / name).unlink()
    (folder / "plugins" / "ml2").rmdir()
    (folder / "plugins").rmdir()
    return {"remarks": [plan.remarks for plan in plans], "again": again, "told": told, "left": left}


def probed(root, python, site, files):
    """Ask the installed programs alone: an interpreter that has nothing else."""
    script = root.scratch / "enabled.py"
    script.write_text(PROBE)
    words = [python, "-I", "-S", "-B", script, f"{root.folder}{site}", *files]
    env = {"HOME": str(root.scratch / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
