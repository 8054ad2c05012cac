"""Words of `sfcci sfc`: what an option's text means in a request's body. Names become ids by `Resolve`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sfcci.errors import UsageError

Resolve = Callable[[str, str], str]
"""(collection, name or id) → id."""
Give = Callable[[Sequence[str], Resolve], dict[str, Any]]
"""What was written behind an option, each time → attributes."""


@dataclass(frozen=True)
class Option:
    """An option of a verb.

    `lists`: the attribute is a list that `set` adds to, `unset` takes from. `clears`: a flag that empties that list
    first. `refers`: the collection whose names complete the word.
    """

    flag: str
    help: str
    give: Give
    metavar: str | None = None
    many: bool = False
    required: bool = False
    lists: str = ""
    clears: str = ""
    refers: str = ""
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name under which click gives its value."""
        return self.flag.removeprefix("--").replace("-", "_")

    def needed(self) -> "Option":
        """The same, which must be given."""
        return replace(self, required=True)


def text(
    flag: str, attribute: str, help_: str, metavar: str = "TEXT", choices: tuple[str, ...] = ()
) -> Option:
    """Give an option whose text is the attribute's value."""
    return Option(flag, help_, lambda given, _: {attribute: given[-1]}, metavar, choices=choices)


def number(flag: str, attribute: str, help_: str) -> Option:
    """Give an option whose value is a whole number."""
    return Option(flag, help_, lambda given, _: {attribute: _whole(flag, given[-1])}, "N")


def flag(name: str, help_: str, **attributes: Any) -> Option:
    """Give a flag that stands for attributes."""
    return constant(name, help_, attributes)


def constant(name: str, help_: str, attributes: Mapping[str, Any]) -> Option:
    """Give a flag that stands for attributes whose names are no words of Python."""
    return Option(name, help_, lambda _given, _: dict(attributes))


def reference(flag: str, attribute: str, refers: str, help_: str, metavar: str) -> Option:
    """Give an option that names another resource."""
    return Option(flag, help_, lambda given, ids: {attribute: ids(refers, given[-1])}, metavar, refers=refers)


def references(flag: str, attribute: str, refers: str, help_: str, metavar: str) -> Option:
    """Give an option that may be repeated; each names another resource."""
    return Option(
        flag,
        f"{help_} May be repeated.",
        lambda given, ids: {attribute: [ids(refers, word) for word in given]},
        metavar,
        many=True,
        lists=attribute,
        refers=refers,
    )


def clearing(flag: str, attribute: str, help_: str) -> Option:
    """Give a flag that empties a list; what the list's own option names beside it comes in."""
    return Option(flag, help_, lambda _given, _: {}, clears=attribute)


def texts(flag: str, attribute: str, help_: str, metavar: str) -> Option:
    """Give an option that may be repeated; the texts are a list."""
    return Option(
        flag,
        f"{help_} May be repeated.",
        lambda given, _: {attribute: list(given)},
        metavar,
        many=True,
        lists=attribute,
    )


def pairs(flag: str, given: str, known: Sequence[str]) -> dict[str, str]:
    """Give KEY=VALUE,KEY=VALUE as a mapping; "-" in a key is "_". Raises UsageError."""
    made = {}
    for part in given.split(","):
        key, sign, value = part.partition("=")
        name = key.strip().replace("-", "_")
        if not sign or name not in known:
            words = ",".join(f"{word.replace('_', '-')}=..." for word in known)
            raise UsageError(f"{flag} {given!r}: {part!r} is not understood; expected {words}")
        made[name] = value.strip()
    return made


def parameters(flag: str, attribute: str, known: Sequence[str], help_: str) -> Option:
    """Give an option of KEY=VALUE,KEY=VALUE that makes a mapping; the server converts the values."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        return {attribute: {k: v for one in given for k, v in pairs(flag, one, known).items()}}

    metavar = ",".join(f"{word.replace('_', '-')}=.." for word in known)
    return Option(flag, help_, give, metavar, many=True)


def port_range(flag: str, side: str) -> Option:
    """Give an option MIN[:MAX] for a classifier's port range; one number is both."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        low, sign, high = given[-1].partition(":")
        least = _whole(flag, low)
        return {
            f"{side}_port_range_min": least,
            f"{side}_port_range_max": _whole(flag, high) if sign else least,
        }

    return Option(flag, f"{side.capitalize()} port of TCP or UDP, or a range of them.", give, "MIN[:MAX]")


def group_parameters(flag: str) -> Option:
    """Give the option for how a group shares traffic out, and for what its functions translate."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        made: dict[str, Any] = {}
        known = ("lb_fields", "ppg_n_tuple_mapping")
        for name, value in (pair for one in given for pair in pairs(flag, one, known).items()):
            words = [word for word in value.split("&") if word]
            made[name] = words if name == "lb_fields" else _mapping(flag, words)
        return {"port_pair_group_parameters": made}

    return Option(
        flag,
        "lb-fields=ip_src&ip_dst: what shares traffic out; ppg-n-tuple-mapping=source_ip_prefix_ingress=PREFIX&"
        "source_ip_prefix_egress=PREFIX: what the functions translate.",
        give,
        "KEY=VALUE[&VALUE]..",
        many=True,
    )


def branching(flag: str) -> Option:
    """Give the option SOURCE:DESTINATION[,DESTINATION].. of service graphs."""

    def give(given: Sequence[str], ids: Resolve) -> dict[str, Any]:
        made: dict[str, list[str]] = {}
        for word in given:
            source, sign, destinations = word.partition(":")
            names = destinations.split(",")
            if not sign or not source or not all(names):
                raise UsageError(f"{flag} {word!r}: expected CHAIN:CHAIN[,CHAIN]..")
            if (chain := ids("port_chains", source)) in made:
                raise UsageError(f"{flag} {word!r}: {source} branches already; name all its chains at once")
            made[chain] = [ids("port_chains", name) for name in names]
        return {"port_chains": made}

    return Option(
        flag,
        "Where a chain goes on: into which chains. May be repeated.",
        give,
        "CHAIN:CHAIN[,CHAIN]..",
        many=True,
        refers="port_chains",
    )


def fixed_ip(flag: str = "--fixed-ip") -> Option:
    """Give the option for a port's addresses."""

    def give(given: Sequence[str], ids: Resolve) -> dict[str, Any]:
        made = []
        for word in given:
            found = pairs(flag, word, ("subnet", "ip_address"))
            subnet = {"subnet_id": ids("subnets", found["subnet"])} if "subnet" in found else {}
            made.append(subnet | {k: v for k, v in found.items() if k == "ip_address"})
        return {"fixed_ips": made}

    return Option(
        flag,
        "An address: on which subnet, which one. May be repeated.",
        give,
        "subnet=..,ip-address=..",
        many=True,
        lists="fixed_ips",
    )


def prefix(flag: str) -> Option:
    """Give the option for a subnet's addresses, which say their version, too."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        return {"cidr": given[-1], "ip_version": 6 if ":" in given[-1] else 4}

    return Option(flag, "Its addresses.", give, "PREFIX")


def pools(flag: str) -> Option:
    """Give the option for the addresses that a subnet gives out."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        return {"allocation_pools": [pairs(flag, word, ("start", "end")) for word in given]}

    return Option(flag, "Addresses that it gives out. May be repeated.", give, "start=..,end=..", many=True)


def gateway(flag: str, *, auto: bool = True) -> Option:
    """Give the option for a subnet's gateway: an address, none, or, of a new subnet, auto."""

    def give(given: Sequence[str], _ids: Resolve) -> dict[str, Any]:
        word = given[-1]
        return {} if auto and word == "auto" else {"gateway_ip": None if word == "none" else word}

    if auto:
        return Option(
            flag, "Its gateway: an address, auto (the first one), or none.", give, "ADDRESS|auto|none"
        )
    return Option(flag, "Its gateway: an address, or none.", give, "ADDRESS|none")


def _mapping(flag: str, words: Sequence[str]) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {"ingress_n_tuple": {}, "egress_n_tuple": {}}
    for word in words:
        key, sign, value = word.partition("=")
        name, _, side = key.rpartition("_")
        if not sign or f"{side}_n_tuple" not in made:
            raise UsageError(
                f"{flag}: {word!r} is not understood; expected NAME_ingress=.. or NAME_egress=.."
            )
        made[f"{side}_n_tuple"][name] = value
    return made


def _whole(flag: str, given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise UsageError(f"{flag}: found {given!r}, expected a whole number")
    return int(given)
