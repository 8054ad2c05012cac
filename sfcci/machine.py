"""What this machine has and lacks: the programs that sfcci drives, and the packages that bring them.

Only the standard library is imported here: `make run` reads this table before anything is installed.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A system requirement: how its presence shows, who needs it, and the package that brings it per distribution.

    `probe` is a program's name, or an absolute path (or pattern of paths) that must exist, or `module:NAME` for a module of this interpreter. `purposes` are the set-ups that want it: "run", "test". A package name is "" where the distribution has none.
    """

    probe: str
    room: str
    why: str
    apt: str
    dnf: str
    emerge: str
    purposes: tuple[str, ...] = ("run", "test")
    optional: bool = False


DNF_PLUGINS = "/usr/lib/python3*/*-packages/dnf-plugins/repoclosure.py"

TOOLS = (
    Tool("git", "package", "sources from git", "git", "git", "dev-vcs/git"),
    Tool(
        "module:ensurepip",
        "environment",
        "virtual environments",
        "python3-venv",
        "python3",
        "dev-lang/python",
    ),
    Tool("rpmbuild", "package", "builds RPMs", "rpm", "rpm-build", "app-arch/rpm"),
    Tool("rpmlint", "package", "checks RPMs", "rpmlint", "rpmlint", ""),
    Tool(
        "createrepo_c",
        "package",
        "makes RPM repositories",
        "createrepo-c",
        "createrepo_c",
        "app-arch/createrepo_c",
    ),
    Tool(
        "gpg",
        "package",
        "signs packages and repositories",
        "gnupg",
        "gnupg2",
        "app-crypt/gnupg",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "rpmsign",
        "package",
        "signs packages",
        "rpm",
        "rpm-sign",
        "app-arch/rpm",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "dnf",
        "package",
        "installs packages to test them",
        "dnf",
        "dnf",
        "",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        DNF_PLUGINS,
        "package",
        "dnf's builddep and repoclosure",
        "dnf-plugins-core",
        "dnf-plugins-core",
        "",
        purposes=("test",),
        optional=True,
    ),
    Tool("zstd", "package", "pkgcheck packs its cache with it", "zstd", "zstd", "app-arch/zstd"),
    Tool("patch", "package", "portage patches sources with it", "patch", "patch", "sys-devel/patch"),
    Tool(
        "ovs-vsctl",
        "datapath",
        "the switch of the lab",
        "openvswitch-switch",
        "openvswitch",
        "net-misc/openvswitch",
    ),
    Tool(
        "openssl",
        "datapath",
        "certificates of nodes",
        "openssl",
        "openssl",
        "dev-libs/openssl",
        optional=True,
    ),
    Tool("ip", "datapath", "hosts as network namespaces", "iproute2", "iproute", "sys-apps/iproute2"),
    Tool("nsenter", "datapath", "programs inside the lab", "util-linux", "util-linux", "sys-apps/util-linux"),
    Tool(
        "traceroute",
        "gate",
        "the path as a user sees it",
        "traceroute",
        "traceroute",
        "net-analyzer/traceroute",
    ),
    Tool(
        "tcpdump", "datapath", "captures by hand", "tcpdump", "tcpdump", "net-analyzer/tcpdump", optional=True
    ),
    Tool(
        "sshd",
        "datapath",
        "a lab's hosts by ssh; it need not run",
        "openssh-server",
        "openssh-server",
        "net-misc/openssh",
        purposes=(),
        optional=True,
    ),
    Tool("curl", "datapath", "requests by hand", "curl", "curl", "net-misc/curl", optional=True),
    Tool(
        "podman",
        "dashboard",
        "Grafana in a pod",
        "podman runc",
        "podman",
        "app-containers/podman",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "catatonit",
        "dashboard",
        "podman's pods hold their network by it",
        "catatonit",
        "catatonit",
        "app-containers/catatonit",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "mmdebstrap",
        "dashboard",
        "the pod's Graphite without a registry",
        "mmdebstrap",
        "mmdebstrap",
        "",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "chromium",
        "web",
        "pictures of dashboards (dashboard render --png), and the tests",
        "chromium",
        "chromium",
        "www-client/chromium",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "clang",
        "package",
        "an OpenMP runtime proves itself, in the tests",
        "clang libomp-dev",
        "clang libomp-devel",
        "llvm-core/clang llvm-runtimes/openmp",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "cmake",
        "package",
        "ebuilds that build with CMake, in the tests",
        "cmake",
        "cmake",
        "dev-build/cmake",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "ninja",
        "package",
        "ebuilds that build with ninja, in the tests",
        "ninja-build",
        "ninja-build",
        "app-alternatives/ninja",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "pg_ctl",
        "gate",
        "the run database on PostgreSQL, in the tests",
        "postgresql",
        "postgresql-server",
        "dev-db/postgresql",
        purposes=("test",),
        optional=True,
    ),
    Tool(
        "mandoc",
        "environment",
        "the manual pages are checked with it, in the tests",
        "mandoc",
        "mandoc",
        "app-text/mandoc",
        purposes=("test",),
        optional=True,
    ),
)
"""Order: as the rooms follow each other."""


def present(tool: Tool) -> bool:
    """Say whether the tool's probe succeeds here."""
    if tool.probe.startswith("module:"):
        return importlib.util.find_spec(tool.probe.removeprefix("module:")) is not None
    if tool.probe.startswith("/"):
        return any(Path("/").glob(tool.probe.removeprefix("/")))
    return shutil.which(tool.probe, path=search_path()) is not None


def search_path() -> str:
    """PATH with folders that an ordinary user's PATH lacks: sbin and PostgreSQL's server (Debian), podman's own (Fedora)."""
    servers = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    folders = [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin", *servers]
    folders += ["/usr/libexec/podman", "/usr/libexec/catatonit"]
    return os.pathsep.join(folders)


def missing(purpose: str) -> list[Tool]:
    """Tools that the set-up `purpose` wants and that are not here, in table order."""
    return [tool for tool in TOOLS if purpose in tool.purposes and not present(tool)]


def missing_named(probe: str) -> bool:
    """Say whether the tool with this probe is not here."""
    return any(not present(tool) for tool in TOOLS if tool.probe == probe)


def distribution() -> str:
    """The family of this machine's packages: "apt", "dnf", "emerge", or "" when none of their programs is there."""
    for program in ("apt-get", "dnf", "emerge"):
        if shutil.which(program):
            return program.removesuffix("-get")
    return ""


def install_command(tools: Iterable[Tool]) -> str:
    """The one command that installs `tools` on this distribution; "" when the distribution is unknown."""
    family = distribution()
    if not family:
        return ""
    packages = " ".join(dict.fromkeys(filter(None, (getattr(tool, family) for tool in tools))))
    if not packages:
        return ""
    verb = {"apt": "apt-get install", "dnf": "dnf install", "emerge": "emerge"}[family]
    return f"{verb} {packages}"


def install_hint(program: str) -> str:
    """What to do when `program` is missing; "" when the table does not know it."""
    aliases = {
        "ovs-vswitchd": "ovs-vsctl",
        "ovsdb-server": "ovs-vsctl",
        "ovsdb-tool": "ovs-vsctl",
        "ovs-ofctl": "ovs-vsctl",
        "ovs-appctl": "ovs-vsctl",
        "unshare": "nsenter",
        "rpm": "rpmbuild",
        "rpmspec": "rpmbuild",
        "rpmkeys": "rpmbuild",
        "rpm2cpio": "rpmbuild",
        "rpm2archive": "rpmbuild",
    }
    tools = [tool for tool in TOOLS if tool.probe == aliases.get(program, program)]
    command = install_command(tools) if tools else ""
    return f"install it with: {command}" if command else ""
