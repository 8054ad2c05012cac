"""Profiles: the distributions that a package is built for, each with what its own macros would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sfcci.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """A distribution as a target. All empty: the machine that builds."""

    name: str
    title: str
    macros: Mapping[str, str] = field(default_factory=dict)
    """RPM macros that are different there: dist, rhel, fedora."""
    python: str = ""
    """Its Python, as in 3.12; "" means the one that runs sfcci."""
    mock: str = ""
    """The chroot of mock and Copr, without the architecture."""

    @property
    def words(self) -> tuple[str, ...]:
        """What chooses it on a command line; () for the default."""
        return ("--profile", self.name) if self.macros else ()


HOST = Profile("host", "this machine")
PROFILES = (
    HOST,
    Profile(
        "centos-stream-10",
        "CentOS Stream 10 and RDO",
        {"dist": ".el10", "rhel": "10", "el10": "1", "centos": "10"},
        "3.12",
        "centos-stream-10",
    ),
    Profile(
        "fedora-44",
        "Fedora 44",
        {"dist": ".fc44", "fedora": "44", "fc44": "1"},
        "3.14",
        "fedora-44",
    ),
)
"""In the order in which they are listed; the first is the default."""


def profile(name: str) -> Profile:
    """Give the profile of that name; "" is the host's. Raises UsageError."""
    for one in PROFILES:
        if one.name == (name or HOST.name):
            return one
    raise UsageError(f"no profile is named {name!r}; there are: {', '.join(one.name for one in PROFILES)}")
