"""devstack's local.conf: the lines that bring networking-sfc, and Skydive when it is wanted, into a new or an existing one.

The plug-ins' own words: networking-sfc's devstack/settings (NEUTRON_SFC_DRIVERS ...) and Skydive's devstack/plugin.sh.
"""

import re
from collections.abc import Iterator, Sequence

SECTION = "[[local|localrc]]"
SFC = "https://opendev.org/openstack/networking-sfc"
SKYDIVE = "https://github.com/skydive-project/skydive.git"
BEGIN = "# networking-sfc, by sfcci"
END = "# end of networking-sfc, by sfcci"


def fragment(*, branch: str = "", driver: str = "ovs", skydive: bool = False) -> str:
    """Give the lines, from mark to mark. `branch` is the one of networking-sfc and Neutron, as in stable/2025.2; "" means master."""
    return "".join(f"{line}\n" for line in _lines(branch, driver, skydive))


def _lines(branch: str, driver: str, skydive: bool) -> Iterator[str]:
    yield BEGIN
    yield f"enable_plugin networking-sfc {SFC}{f' {branch}' if branch else ''}"
    yield f"NEUTRON_SFC_DRIVERS={driver}"
    yield f"NEUTRON_FLOWCLASSIFIER_DRIVERS={driver}"
    # devstack's own choice is OVN, whose agents carry no chains; the plug-in adds the extension sfc where Q_AGENT is openvswitch
    yield "Q_AGENT=openvswitch"
    yield "Q_ML2_PLUGIN_MECHANISM_DRIVERS=openvswitch"
    yield "Q_ML2_TENANT_NETWORK_TYPE=vxlan"
    yield "disable_service ovn-controller ovn-northd q-ovn-agent q-ovn-metadata-agent"
    yield "enable_service q-svc q-agt q-dhcp q-l3 q-meta"
    if skydive:
        yield f"enable_plugin skydive {SKYDIVE}"
        yield "enable_service skydive-agent skydive-analyzer"
    yield END


def within(text: str, lines: str) -> str:
    """Give a local.conf with the lines at the end of its section localrc: in the place of those of before, or anew.

    A file that is empty gets the section, too. All else stays as it is.
    """
    kept = without(text)
    rows = kept.splitlines(keepends=True)
    begin = next((number for number, row in enumerate(rows) if row.strip() == SECTION), None)
    if begin is None:
        return _joined([kept, f"{SECTION}\n{lines}"])
    end = _end_of_section(rows, begin)
    return _joined(["".join(rows[:end]), lines, "".join(rows[end:])])


def without(text: str) -> str:
    """Give a local.conf without the lines between the marks."""
    return re.sub(rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n?", "", text, flags=re.MULTILINE | re.DOTALL)


def _end_of_section(rows: Sequence[str], begin: int) -> int:
    """Give the line behind a section's last one that is not blank."""
    end = next((n for n in range(begin + 1, len(rows)) if rows[n].startswith("[[")), len(rows))
    while end > begin + 1 and not rows[end - 1].strip():
        end -= 1
    return end


def _joined(parts: Sequence[str]) -> str:
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts if part)
