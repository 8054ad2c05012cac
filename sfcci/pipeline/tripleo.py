"""The demonstration on a TripleO cloud's three machines: packages into each, enabled, a chain over them, a request and its hops.

Undercloud, controller and compute are nodes of a lab, each with an Open vSwitch of its own, and a root each that dnf fills out of our
signed repository. What a deployment lays down besides (Neutron's configuration before it knows of chains) is made here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcci import files
from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario
from sfcci.datapath.standing import StandingLab
from sfcci.datapath.topology import Topology
from sfcci.enable import turn
from sfcci.errors import Place, UsageError
from sfcci.finding import Finding, Severity, exit_status
from sfcci.package import run
from sfcci.package.roots import FilledRoot, fill_roots
from sfcci.pipeline import neutron
from sfcci.pipeline.neutron import Said
from sfcci.settings import Settings

Say = Callable[[str], None]
NAME = "tripleo"
"""Of the scenario, the lab, and the folder of the roots."""
SOURCE, DEST, CONTROLLER = "source", "dest", "controller"
EXTENSIONS = ("flow_classifier", "sfc")
"""Of Neutron's API: what enabling brings."""
TRACE_S = 60.0
HOP = re.compile(r"^ *\d+ +(.*)$")
ADDRESS = re.compile(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?![\d.])")
NEUTRON = """\
# As a deployment leaves it: chains are not known yet.
[DEFAULT]
core_plugin = ml2
service_plugins = router

[database]
connection = sqlite:////var/lib/neutron/neutron.sqlite
"""
ML2 = """\
[ml2]
type_drivers = flat,vlan,vxlan
tenant_network_types = vxlan
mechanism_drivers = openvswitch
extension_drivers = port_security

[ml2_type_vxlan]
vni_ranges = 1:1000
"""
AGENT = """\
[ovs]
bridge_mappings = datacentre:br-ex

[agent]
tunnel_types = vxlan
extensions = qos
"""


@dataclass(frozen=True)
class Machine:
    """One of the three: our components in it, the role that is enabled there ("": none), files that a deployment brings."""

    name: str
    components: tuple[str, ...]
    role: str = ""
    deployed: Mapping[str, str] | None = None
    """Path below the root → text."""


MACHINES = (
    Machine("undercloud", ("python-neutronclient",)),
    Machine(
        CONTROLLER,
        ("networking-sfc", "python-neutronclient"),
        "controller",
        {"etc/neutron/neutron.conf": NEUTRON, "etc/neutron/plugins/ml2/ml2_conf.ini": ML2},
    ),
    Machine(
        "compute",
        ("networking-sfc",),
        "compute",
        {"etc/neutron/neutron.conf": NEUTRON, "etc/neutron/plugins/ml2/openvswitch_agent.ini": AGENT},
    ),
)


@dataclass(frozen=True)
class Enabled:
    """A machine on which chains are enabled: `changed` files, none where they were before."""

    machine: str
    root: Path
    changed: tuple[Path, ...]
    diff: str


@dataclass(frozen=True)
class Hop:
    """One hop of traceroute: the addresses that answered, and whose they are: "vm1 on controller"."""

    addresses: tuple[str, ...]
    hosts: tuple[str, ...]

    def __str__(self) -> str:
        if not self.addresses:
            return "no answer"
        return ", ".join(
            f"{address} ({host})" for address, host in zip(self.addresses, self.hosts, strict=True)
        )


@dataclass(frozen=True)
class Demonstration:
    """What was done and seen. `hops` is empty where it did not come so far."""

    roots: tuple[FilledRoot, ...]
    enabled: tuple[Enabled, ...] = ()
    neutron: Said | None = None
    """What the controller's own Neutron said."""
    lab: str = ""
    hops: tuple[Hop, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def exit_status(self) -> int:
        """1 when something was found."""
        return exit_status(self.findings)


def roots_folder(settings: Settings) -> Path:
    """Give the folder with a root per machine."""
    return settings.state / NAME


def packaged(settings: Settings, say: Say) -> tuple[FilledRoot, ...]:
    """Have the machines' packages built, and installed by dnf into each one's root; what is there already stays.

    Raises InputError, UsageError, MissingTool, Unreachable, ToolError.
    """
    components = sorted({name for machine in MACHINES for name in machine.components})
    say(f"sfcci package rpm {' '.join(components)}")
    run.build_packages(settings, say, only=components)
    folder = roots_folder(settings)
    for machine in MACHINES:
        say(f"sfcci package install-root {folder / machine.name} {' '.join(machine.components)}")
    roots = fill_roots(settings, say, {folder / machine.name: machine.components for machine in MACHINES})
    for root in roots:
        say(f"  {root}")
    return roots


def enabled(folder: Path, say: Say) -> tuple[tuple[Enabled, ...], tuple[Finding, ...]]:
    """Enable chains in the roots below a folder: what was done, and what stands against it. Raises InputError, UsageError."""
    done: list[Enabled] = []
    findings: list[Finding] = []
    for machine in MACHINES:
        if machine.role:
            root = folder / machine.name
            say(f"sfcci enable {machine.role} --root {root}")
            _deploy(root, machine.deployed or {})
            plan = turn.planned(machine.role, root=root)
            if plan.exit_status:
                findings.extend(plan.remarks)
                continue
            turn.carry_out(plan)
            changed = tuple(one.path for one in plan.changes)
            done.append(Enabled(machine.name, root, changed, plan.diff()))
            names = ", ".join(f"/{path.relative_to(root)}" for path in changed)
            say(f"  {f'changed: {names}' if names else 'enabled before'}")
    return tuple(done), tuple(findings)


def asked(root: Path, say: Say) -> Said:
    """Have the controller's own Neutron, as it was installed and enabled, create the chain. Raises MissingTool, ToolError."""
    say(f"the Neutron of {root} is started with its configuration, and creates the chain")
    answer = neutron.asked(root, load_scenario(NAME))
    say(
        f"  extensions {', '.join(one for one in answer.extensions if one in EXTENSIONS)}; {', '.join(answer.chains)}"
    )
    return answer


def unwilling(answer: Said) -> tuple[Finding, ...]:
    """Say what of chains the controller's Neutron does not know, and what it refused."""
    lost = [f"does not have the extension {name}" for name in EXTENSIONS if name not in answer.extensions]
    wrong = (*lost, *(f"refused {told}" for told in answer.refused))
    return tuple(Finding("NeutronRefuses", Severity.ERROR, Place(CONTROLLER), what) for what in wrong)


def lab(settings: Settings, name: str, say: Say) -> StandingLab:
    """Give the lab of the three nodes, raised unless it is up. Raises UsageError, MissingTool, ToolError."""
    if there := standing.there(settings.state, name):
        if there.lab.scenario.name == NAME and not there.served:
            return there
        raise UsageError(f"lab {name} is up, and another; choose a name with --name")
    say(f"sfcci lab up {NAME}")
    return standing.up(settings.state, name, load_scenario(NAME), say)


def traced(found: StandingLab, say: Say) -> tuple[Hop, ...]:
    """Send a traceroute from source to dest; give its hops. Raises MissingTool, ToolError."""
    address = found.lab.topology.ports_of(DEST)[-1].ip
    say(f"sfcci lab exec --name {found.name} {SOURCE} traceroute -n {address}")
    done = found.lab.run(SOURCE, ["traceroute", "-n", address], timeout_s=TRACE_S, check=True)
    seen = tuple(hops(done.stdout, found.lab.topology))
    for number, hop in enumerate(seen, 1):
        say(f"  {number}  {hop}")
    return seen


def hops(text: str, topology: Topology) -> Iterator[Hop]:
    """Give the hops that traceroute(8) printed with -n, with the hosts of the addresses that answered."""
    owners = {address: _told(port.host, port.node) for port in topology.ports for address in port.plain}
    for line in text.splitlines():
        if found := HOP.match(line):
            addresses = tuple(dict.fromkeys(ADDRESS.findall(found[1])))
            yield Hop(addresses, tuple(owners.get(address, "nobody of the lab") for address in addresses))


def judged(seen: Sequence[Hop], found: StandingLab) -> tuple[Finding, ...]:
    """Say where the hops are not those of the chain: one instance of each group in order, then the destination."""
    state, topology = found.lab.scenario.chains, found.lab.topology
    ingress = {pair.id: topology.port(pair.ingress).plain for pair in state.port_pairs}
    groups = {group.id: group for group in state.port_pair_groups}
    (chain,) = state.port_chains
    wanted = [
        {address for pair in groups[group].port_pairs for address in ingress[pair]}
        for group in chain.port_pair_groups
    ]
    wanted.append(set(topology.ports_of(DEST)[-1].plain))
    right = len(seen) == len(wanted) and all(
        hop.addresses and set(hop.addresses) <= those for hop, those in zip(seen, wanted, strict=True)
    )
    if right:
        return ()
    told = "; ".join(f"{number} {hop}" for number, hop in enumerate(seen, 1))
    expected = ", then ".join(" or ".join(sorted(those)) for those in wanted)
    what = f"hops {told}; expected {expected}"
    return (Finding("NotTheChain", Severity.ERROR, Place(f"lab {found.name}"), what),)


def demonstrated(settings: Settings, name: str, say: Say) -> Demonstration:
    """Do all of it. Raises InputError, UsageError, MissingTool, Unreachable, ToolError."""
    roots = packaged(settings, say)
    if found := tuple(finding for root in roots for finding in root.findings):
        return Demonstration(roots, findings=found)
    done, against = enabled(roots_folder(settings), say)
    if against:
        return Demonstration(roots, done, findings=against)
    answer = asked(roots_folder(settings) / CONTROLLER, say)
    if against := unwilling(answer):
        return Demonstration(roots, done, answer, findings=against)
    up = lab(settings, name, say)
    seen = traced(up, say)
    return Demonstration(roots, done, answer, up.name, seen, judged(seen, up))


def _deploy(root: Path, deployed: Mapping[str, str]) -> None:
    for path, text in deployed.items():
        if not (root / path).exists():
            files.write_text(root / path, text)


def _told(host: str, node: str) -> str:
    return f"{host} on {node}" if node else host
