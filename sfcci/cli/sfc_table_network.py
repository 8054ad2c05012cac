"""The table of networks, subnets, ports and routers, as far as chains need them."""

from sfcci.cli.sfc_kind import BOTH, DESCRIPTION, Kind
from sfcci.cli.sfc_words import (
    clearing,
    constant,
    fixed_ip,
    flag,
    gateway,
    number,
    pools,
    prefix,
    reference,
    references,
    text,
    texts,
)

_SECURITY = (
    flag("--enable-port-security", "Its packets are checked.", port_security_enabled=True),
    flag("--disable-port-security", "Its packets are not checked.", port_security_enabled=False),
)
_ADMIN = (
    flag("--enable", "It works (default).", admin_state_up=True),
    flag("--disable", "It does not work.", admin_state_up=False),
)
_SHARE = (
    flag("--share", "All projects may use it.", shared=True),
    flag("--no-share", "Its own project only (default).", shared=False),
)
_MTU = number("--mtu", "mtu", "The largest packet.")
NETWORKS = Kind(
    "networks",
    "network",
    "networks",
    "network",
    (("id", "ID"), ("name", "Name"), ("subnets", "Subnets")),
    (("status", "Status"), ("project_id", "Project"), ("admin_state_up", "State"), ("shared", "Shared")),
    create=(DESCRIPTION, *_SECURITY, *_ADMIN, *_SHARE, _MTU),
    set=(*BOTH, *_SECURITY, *_ADMIN, *_SHARE, _MTU),
    examples={"create": "--disable-port-security private", "set": "--disable-port-security private"},
)
_DNS = texts("--dns-nameserver", "dns_nameservers", "A name server that it tells of.", "ADDRESS")
_DHCP = (
    flag("--dhcp", "Addresses are told by DHCP (default).", enable_dhcp=True),
    flag("--no-dhcp", "They are not.", enable_dhcp=False),
)
_GATEWAY = gateway("--gateway")
SUBNETS = Kind(
    "subnets",
    "subnet",
    "subnets",
    "subnet",
    (("id", "ID"), ("name", "Name"), ("network_id", "Network"), ("cidr", "Subnet")),
    (("project_id", "Project"), ("enable_dhcp", "DHCP"), ("gateway_ip", "Gateway")),
    create=(
        DESCRIPTION,
        reference("--network", "network_id", "networks", "Its network.", "NETWORK").needed(),
        prefix("--subnet-range").needed(),
        number("--ip-version", "ip_version", "4 or 6; the range says so, when not given."),
        _GATEWAY,
        pools("--allocation-pool"),
        *_DHCP,
        _DNS,
    ),
    set=(
        *BOTH,
        gateway("--gateway", auto=False),
        *_DHCP,
        _DNS,
        clearing("--no-dns-nameservers", "dns_nameservers", "Take all name servers away first."),
    ),
    unset=(_DNS,),
    filters=(reference("--network", "network_id", "networks", "Those of this network.", "NETWORK"),),
    examples={
        "create": "--network private --subnet-range 10.0.0.0/24 private-subnet",
        "set": "--no-dhcp private-subnet",
        "unset": "--dns-nameserver 10.0.0.2 private-subnet",
    },
)
_HOST = text("--host", "binding:host_id", "The machine where it is.", "HOST")
_DEVICE = (
    text("--device", "device_id", "What it belongs to; both ports of a pair have the same.", "DEVICE"),
    text("--device-owner", "device_owner", "What kind of thing that is: compute:nova.", "OWNER"),
    _HOST,
)
_GROUPS = (
    references("--security-group", "security_groups", "security_groups", "A security group.", "GROUP"),
    clearing("--no-security-group", "security_groups", "No security group."),
)
_MAC = text("--mac-address", "mac_address", "Its MAC address; a free one when not given.", "MAC")
PORTS = Kind(
    "ports",
    "port",
    "ports",
    "port",
    (
        ("id", "ID"),
        ("name", "Name"),
        ("mac_address", "MAC Address"),
        ("fixed_ips", "Fixed IP Addresses"),
        ("status", "Status"),
    ),
    (
        ("device_id", "Device"),
        ("device_owner", "Device Owner"),
        ("binding:host_id", "Host"),
        ("security_groups", "Security Groups"),
    ),
    create=(
        DESCRIPTION,
        reference("--network", "network_id", "networks", "Its network.", "NETWORK").needed(),
        fixed_ip(),
        _MAC,
        *_DEVICE,
        *_SECURITY,
        *_GROUPS,
        *_ADMIN,
    ),
    set=(
        *BOTH,
        fixed_ip(),
        clearing("--no-fixed-ip", "fixed_ips", "Take all addresses away first."),
        _MAC,
        *_DEVICE,
        *_SECURITY,
        *_GROUPS,
        *_ADMIN,
    ),
    unset=(
        constant("--host", "It is on no machine any more.", {"binding:host_id": None}),
        constant("--device", "It belongs to nothing any more.", {"device_id": "", "device_owner": ""}),
        fixed_ip(),
        _GROUPS[0],
    ),
    filters=(
        reference("--network", "network_id", "networks", "Those of this network.", "NETWORK"),
        text("--device-id", "device_id", "Those of this device.", "DEVICE"),
        text("--host", "binding:host_id", "Those on this machine.", "HOST"),
    ),
    examples={
        "create": "--network private p1in",
        "set": "--host node1 --device-owner compute:nova --device vm1 p1in",
        "unset": "--host p1in",
    },
)
ROUTERS = Kind(
    "routers",
    "router",
    "routers",
    "router",
    (
        ("id", "ID"),
        ("name", "Name"),
        ("status", "Status"),
        ("admin_state_up", "State"),
        ("project_id", "Project"),
    ),
    create=(DESCRIPTION, *_ADMIN),
    set=(*BOTH, *_ADMIN),
    examples={"create": "r1", "set": "--name r2 r1"},
)
SECURITY_GROUPS = Kind("security_groups", "security_group", "security-groups", "security group", ())
