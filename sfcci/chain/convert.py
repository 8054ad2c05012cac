"""Converters for attributes: what a request's JSON may hold, what is stored for it, and Neutron's words against it.

A converter raises `Invalid` with the reason; the attribute's name is put before it. Where Neutron converts before it
validates (integers, booleans) the refusal names the operation instead: `Refused` of type InvalidInput.
"""

import re
import uuid as uuids
from collections.abc import Callable, Collection, Mapping
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError, ip_address, ip_network
from typing import Any, Final

from sfcci.chain.attribute import Converter, Invalid
from sfcci.chain.refused import Refused, bad_request

TRUE: Final = frozenset({"1", "t", "true", "on", "y", "yes"})
FALSE: Final = frozenset({"0", "f", "false", "off", "n", "no"})
NAME_LENGTH: Final = 255
MAC_DIGITS: Final = 12
_MAC = re.compile(
    r"[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE
)
_UUID = re.compile("[0-9a-f]{32}")
_ID = re.compile("[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_NUMERAL = re.compile(r"\s*[+-]?[0-9]+\s*")
"""Of what Python reads as integers, what others do too: no underscores, no digits of other scripts."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database keeps in text: NUL, and halves of characters (`\\ud800` in JSON)."""


def invalid_input(reason: str) -> Refused:
    """Give the refusal of a value that cannot be converted, as Neutron words it."""
    return bad_request(f"Invalid input for operation: {reason}.", "InvalidInput")


def text(max_length: int = NAME_LENGTH) -> Converter:
    """Give a converter for strings of at most so many characters."""

    def converted(value: Any) -> str:
        if not isinstance(value, str) or _UNSTORABLE.search(value):
            raise Invalid(f"'{shown(value)}' is not a valid string")
        if len(value) > max_length:
            raise Invalid(f"'{value}' exceeds maximum length of {max_length}")
        return value

    return converted


def text_or_empty(value: Any) -> str:
    """Give the text, "" for null."""
    return "" if value is None else str(text()(value))


def uuid(value: Any) -> str:
    """Give a UUID as ids are written: lower case with hyphens. Braces and `urn:uuid:` are understood (RFC 9562)."""
    digits = re.sub("urn:|uuid:|[{}-]", "", value).lower() if isinstance(value, str) else ""
    if not _UUID.fullmatch(digits):
        raise Invalid(f"'{shown(value)}' is not a valid UUID")
    return str(uuids.UUID(digits))


def is_id(word: str) -> bool:
    """Say whether a word looks like an id, with its hyphens or without, so that it is hardly a name."""
    return bool(_ID.fullmatch(word))


def none_or(convert: Converter) -> Converter:
    """Give a converter that lets null be."""
    return lambda value: None if value is None else convert(value)


uuid_or_none: Final[Converter] = none_or(uuid)


def boolean(value: Any) -> bool:
    """Give true for true, "true", "yes", "on", "t", "y", 1; false for their opposites."""
    word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise invalid_input(f"'{shown(value)}' cannot be converted to boolean")


def whole_number(value: Any) -> int:
    """Give the integer that a number (its fraction is dropped) or a numeral says."""
    number = number_in(value)
    if number is None:
        raise invalid_input(f"'{shown(value)}' is not an integer")
    return number


def number_in(value: Any) -> int | None:
    """Give the integer that a number or a numeral says, None where it says none."""
    try:
        return int(value) if not isinstance(value, str) or _NUMERAL.fullmatch(value) else None
    except (ValueError, TypeError, OverflowError):  # too long for Python, a list, infinity
        return None


def integer(low: int, high: int) -> Converter:
    """Give a converter for integers and numerals from `low` to `high`."""

    def converted(value: Any) -> int:
        number = whole_number(value)
        if number < low:
            raise Invalid(f"'{number}' is too small - must be at least '{low}'")
        if number > high:
            raise Invalid(f"'{number}' is too large - must be no larger than '{high}'")
        return number

    return converted


def non_negative(value: Any) -> int:
    """Give an integer or numeral from 0."""
    number = whole_number(value)
    if number < 0:
        raise Invalid(f"'{number}' should be non-negative")
    return number


def one_of(values: Collection[Any]) -> Converter:
    """Give a converter that takes those values only."""

    def converted(value: Any) -> Any:
        if isinstance(value, bool) or not any(value == known for known in values):
            raise Invalid(f"{shown(value)} is not in valid_values")
        return value

    return converted


def list_of(convert: Converter, *, unique: bool = True) -> Converter:
    """Give a converter for lists of such items; null is an empty list."""

    def converted(value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise Invalid(f"'{shown(value)}' is not a list")
        if unique:
            _no_duplicates(value)
        items = [convert(item) for item in value]
        if unique:  # two spellings of one
            _no_duplicates(items)
        return items

    return converted


uuid_list: Final[Converter] = list_of(uuid)


def mapping(keys: Mapping[str, Converter]) -> Callable[[Any], dict[str, Any]]:
    """Give a converter for objects with some of these keys; what is not there is left out."""

    def converted(value: Any) -> dict[str, Any]:
        given = dictionary(value)
        if unexpected := [key for key in given if key not in keys]:
            raise Invalid("Unexpected keys supplied: " + ", ".join(map(shown, unexpected)))
        return {key: convert(given[key]) for key, convert in keys.items() if key in given}

    return converted


def dictionary(value: Any) -> dict[str, Any]:
    """Give an object."""
    if not isinstance(value, dict):
        raise Invalid(f"'{shown(value)}' is not a dictionary")
    return value


def prefix(value: Any) -> str:
    """Give an IPv4 or IPv6 prefix in CIDR notation as it was written; host bits may be set."""
    network = network_of(value)
    if network is None:
        raise Invalid(f"'{shown(value)}' is not a valid IP subnet")
    kept = value.rsplit("/", 1)
    if len(kept) == 1 or (network.version == 4 and kept[1] != str(network.prefixlen)):  # noqa: PLR2004 - IPv4
        raise Invalid(f"'{value}' isn't a recognized IP subnet cidr, '{network}' is recommended")
    return str(value)


prefix_or_none: Final[Converter] = none_or(prefix)


def network_of(value: Any) -> IPv4Network | IPv6Network | None:
    """Give the network that a text says, None where it says none."""
    if not isinstance(value, str) or "%" in value:  # a zone is no part of a prefix
        return None
    try:
        return ip_network(value, strict=False)
    except (ValueError, AddressValueError, NetmaskValueError):
        return None


def ip(value: Any) -> str:
    """Give an IPv4 or IPv6 address, the latter as RFC 5952 writes it."""
    try:
        if not isinstance(value, str) or "%" in value:
            raise ValueError  # noqa: TRY301 - a number or a zone says no address of ours
        return str(ip_address(value))
    except ValueError:
        raise Invalid(f"'{shown(value)}' is not a valid IP address") from None


def mac(value: Any) -> str:
    """Give a MAC address in lower case with colons; neither all zeros nor the broadcast address."""
    if isinstance(value, str) and _MAC.fullmatch(value):
        digits = re.sub("[:.-]", "", value).lower()
        if digits not in ("0" * MAC_DIGITS, "f" * MAC_DIGITS):
            return ":".join(digits[at : at + 2] for at in range(0, MAC_DIGITS, 2))
    raise Invalid(f"'{shown(value)}' is not a valid MAC address")


def shown(value: Any) -> str:
    """Give a value as a refusal shows it."""
    return _UNSTORABLE.sub("?", str(value))


def _no_duplicates(values: list[Any]) -> None:
    seen, twice = set(), dict[str, None]()
    for value in values:
        key = value if isinstance(value, str) else repr(value)
        if key in seen:
            twice[str(value)] = None
        seen.add(key)
    if twice:
        raise Invalid("Duplicate items in the list: '" + ", ".join(twice) + "'")
