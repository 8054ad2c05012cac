"""Roles of machines, and what networking-sfc wants of each: which option of which file has which words.

As networking-sfc's installation guide (docs.openstack.org/networking-sfc, "Configuration") has it. A word may stand in a configuration as the name
of an entry point or as the class that it names; either does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sfcci.errors import UsageError

Words = tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """An option that is to have words. `instead` are words that give way to them."""

    section: str
    key: str
    words: Words
    instead: Words = ()


@dataclass(frozen=True)
class Role:
    """A kind of machine: its programs, where their units and configuration are by default, and what is wished for."""

    name: str
    programs: Words
    """Programs that read the configuration, the one that counts first."""
    units: Words
    """Names that distributions and devstack give their units."""
    defaults: tuple[Words, ...]
    """Files that are read where nothing says otherwise; of several in one place the first that is there."""
    wishes: tuple[Wish, ...]
    entry_points: Mapping[str, Words]
    """Group → names that the installed package must have."""
    migrates: bool = False

    @property
    def main(self) -> int:
        """Which of the defaults takes options that no file has yet: the last one for an agent, the first for the server."""
        return 0 if self.migrates else len(self.defaults) - 1


RPC, API, PERIODIC = "neutron-rpc-server", "neutron-api", "neutron-periodic-workers"
SERVING = ("neutron-server", API)
"""Programs that serve the API; the second is what a web server (uWSGI, Apache) runs."""
DRIVERS = ("sfc", "drivers")
PLUGINS = "neutron.service_plugins"
CLASSES = {
    "flow_classifier": "networking_sfc.services.flowclassifier.plugin.FlowClassifierPlugin",
    "sfc": "networking_sfc.services.sfc.plugin.SfcPlugin",
}
"""Plugin → its class: an old configuration has that."""
NEUTRON_CONF = "/etc/neutron/neutron.conf"
ML2 = "/etc/neutron/plugins/ml2/ml2_conf.ini"
AGENT = "/etc/neutron/plugins/ml2/openvswitch_agent.ini"


def controller(driver: str) -> Role:
    """Give the role of the machine with neutron-server; `driver` sees to chains (ovs, dummy or another's).

    Since 2025.1 that is several services, of which the API is a web server's (Neutron, "Neutron server-side processes").
    """
    instead = () if driver == "dummy" else ("dummy",)
    return Role(
        "controller",
        programs=("neutron-server", RPC, API, PERIODIC),
        units=(
            "neutron-server",
            "devstack@q-svc",
            *(f"{where}{name}" for where in ("devstack@", "") for name in (RPC, API, PERIODIC)),
        ),
        defaults=((NEUTRON_CONF,), ("/etc/neutron/plugin.ini", ML2)),
        wishes=(
            Wish("DEFAULT", "service_plugins", ("flow_classifier", "sfc")),
            Wish(*DRIVERS, (driver,), instead),
            Wish("flowclassifier", "drivers", (driver,), instead),
        ),
        entry_points={
            PLUGINS: ("flow_classifier", "sfc"),
            "networking_sfc.sfc.drivers": (driver,),
            "networking_sfc.flowclassifier.drivers": (driver,),
        },
        migrates=True,
    )


def compute(_driver: str) -> Role:
    """Give the role of a machine with neutron-openvswitch-agent."""
    return Role(
        "compute",
        programs=("neutron-openvswitch-agent",),
        units=("neutron-openvswitch-agent", "devstack@q-agt", "devstack@neutron-agent"),
        defaults=((NEUTRON_CONF,), (AGENT, ML2)),
        wishes=(Wish("agent", "extensions", ("sfc",)),),
        entry_points={"neutron.agent.l2.extensions": ("sfc",)},
    )


DRIVER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""What an entry point may be called, and a list in the configuration holds as one word."""
ROLES = {"controller": controller, "compute": compute}


def role(name: str, driver: str = "ovs") -> Role:
    """Give a role by its name. Raises UsageError."""
    if name not in ROLES:
        raise UsageError(f"there is no role {name!r}; one of {', '.join(ROLES)}")
    if not DRIVER.fullmatch(driver):
        raise UsageError(f"{driver!r} is no driver's name: letters, digits, dots, hyphens")
    return ROLES[name](driver)


def lacking(wish: Wish, words: Words) -> Words:
    """Give the words of a wish that a list lacks: a plugin's class counts as its name."""
    return tuple(word for word in wish.words if word not in words and CLASSES.get(word) not in words)
