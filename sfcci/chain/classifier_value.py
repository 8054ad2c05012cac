"""Values by which packets are classified, with the words of Neutron's flow classifier extension against bad ones."""

from typing import Any, Final

from sfcci.chain.convert import dictionary, network_of, number_in, shown
from sfcci.chain.refused import bad_request
from sfcci.chain.state import Resource

PROTOCOLS: Final = ["tcp", "udp", "icmp"]
WITH_PORTS: Final = ("tcp", "udp")
ETHERTYPES: Final = ["IPv4", "IPv6"]
IP_VERSIONS: Final = {"IPv4": 4, "IPv6": 6}
MAX_PORT: Final = 65535
SIDES: Final = ("source", "destination")


def ethertype(value: Any) -> str:
    """Give "IPv4" or "IPv6", in whatever case it was written; null is IPv4. Raises Refused."""
    if value is None:
        return "IPv4"
    for known in ETHERTYPES:
        if isinstance(value, str) and value.lower() == known.lower():
            return known
    raise bad_request(
        f"Flow Classifier does not support ethertype {shown(value)}. "
        f"Supported ethertype values are {ETHERTYPES}.",
        "FlowClassifierInvalidEthertype",
    )


def protocol(value: Any) -> str | None:
    """Give "tcp", "udp", "icmp" or null, in whatever case it was written. Raises Refused."""
    if value is None:
        return None
    if isinstance(value, str) and value.lower() in PROTOCOLS:
        return value.lower()
    raise bad_request(
        f"Flow Classifier does not support protocol {shown(value)}. "
        f"Supported protocol values are {PROTOCOLS}.",
        "FlowClassifierInvalidProtocol",
    )


def port_number(value: Any) -> int | None:
    """Give a port from 0 to 65535, from a whole number or a numeral, or null. Raises Refused.

    The reference takes 80.5 as 80 and true as 1: another port than was said.
    """
    if value is None:
        return None
    number = None if isinstance(value, bool) else number_in(value)
    if number is not None and 0 <= number <= MAX_PORT and (isinstance(value, str) or number == value):
        return number
    message = f"Flow Classifier has invalid port value {shown(value)}."
    raise bad_request(message, "FlowClassifierInvalidPortValue")


def l7_parameters(value: Any) -> dict[str, Any]:
    """Give {}: no parameter above the transport layer is supported. Raises Refused."""
    for key in value if isinstance(value, (dict, list, str)) else ():
        message = f"Unknown key {shown(key)}.. Supported flow classifier parameters are {{}}."
        raise bad_request(
            f"Invalid Flow Classifier parameters: {message}", "FlowClassifierInvalidL7Parameter"
        )
    return dictionary({} if value is None else value)


def check_range(values: Resource) -> None:
    """Raise Refused where a port range ends before it begins; bounds that are missing are open."""
    for side in SIDES:
        low, high = bounds(values, side)
        if low is not None and high is not None and low > high:
            raise bad_request(
                f"Invalid IP protocol port range. min_port_range={low} must be lesser or equal to "
                f"max_port_range={high}.",
                "FlowClassifierInvalidPortRange",
            )


def bounds(values: Resource, side: str) -> tuple[int | None, int | None]:
    """Give the port range of a side ("source", "destination"); None is an open end."""
    return values.get(f"{side}_port_range_min"), values.get(f"{side}_port_range_max")


def check_classifier(values: Resource) -> None:
    """Raise Refused where a classifier's values do not go together."""
    for side in SIDES:
        check_range({name: value for name, value in values.items() if name.startswith(side)})
        if bounds(values, side) != (None, None) and values["protocol"] not in WITH_PORTS:
            raise bad_request(
                "IP protocol must be TCP or UDP, if port range is given.",
                "FlowClassifierProtocolRequiredWithPorts",
            )
    for side in SIDES:
        _check_family(values[f"{side}_ip_prefix"], values["ethertype"])


def _check_family(prefix: str | None, kind: str) -> None:
    network = network_of(prefix)
    if network is not None and network.version != IP_VERSIONS[kind]:
        message = f"IP prefix {prefix} format conflicts with ethertype {kind}."
        raise bad_request(message, "FlowClassifierIpPrefixFormatConflictWithEthertype")
