"""Attributes of API resources as data: who may give them, what is taken for them, what they are when nobody does.

A converter takes what a request's body holds and gives what is stored, or raises `Invalid` with Neutron's reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sfcci.chain.refused import bad_request

Converter = Callable[[Any], Any]
Body = Mapping[str, Any]


class Invalid(ValueError):  # noqa: N818 - Neutron's word: "Invalid input for X. Reason: ..."
    """A value that an attribute does not take; the text is the reason."""


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


class _Unspecified:
    def __repr__(self) -> str:
        return "UNSPECIFIED"

    def __bool__(self) -> bool:
        return False


UNSPECIFIED: Final = _Unspecified()
"""A default that is not null: what it becomes depends on other resources, so the collection's `creating` replaces it."""


def as_it_is(value: Any) -> Any:
    """Give the value."""
    return value


@dataclass(frozen=True)
class Attribute:
    """One attribute of a collection's resources.

    `default` is stored when a POST does not name it (REQUIRED: it must); it goes through no converter.
    `create`, `update`: whether a POST, a PUT may name it; neither: the server makes it.
    `admin`: only an administrator may give it another value than the default; `hidden`: nobody else sees it.
    """

    name: str
    default: Any = None
    create: bool = True
    update: bool = False
    convert: Converter = as_it_is
    admin: bool = False
    hidden: bool = False


def server_made(name: str, default: Any = None, *, hidden: bool = False) -> Attribute:
    """Give an attribute that no request may name."""
    return Attribute(name, default, create=False, hidden=hidden)


def created(attributes: Sequence[Attribute], body: Body) -> dict[str, Any]:
    """Give what a POST's body makes: every attribute, converted or its default, in order. Raises Refused."""
    _only_known(attributes, body)
    for attribute in attributes:
        if attribute.name in body and not attribute.create:
            raise bad_request(f"Attribute '{attribute.name}' not allowed in POST")
    for attribute in attributes:
        if attribute.default is REQUIRED and attribute.name not in body:
            raise bad_request(f"Failed to parse request. Required attribute '{attribute.name}' not specified")
    return {
        attribute.name: _converted(attribute, body[attribute.name])
        if attribute.name in body
        else attribute.default
        for attribute in attributes
    }


def updated(attributes: Sequence[Attribute], body: Body) -> dict[str, Any]:
    """Give what a PUT's body changes, converted. Raises Refused."""
    known = {attribute.name: attribute for attribute in attributes}
    for name in body:
        if name in known and not known[name].update:
            raise bad_request(f"Cannot update read-only attribute {name}")
    _only_known(attributes, body)
    return {name: _converted(known[name], value) for name, value in body.items()}


def _only_known(attributes: Sequence[Attribute], body: Body) -> None:
    known = {attribute.name for attribute in attributes}
    if unknown := [name for name in body if name not in known]:
        raise bad_request("Unrecognized attribute(s) '" + ", ".join(unknown) + "'")


def _converted(attribute: Attribute, value: Any) -> Any:
    try:
        return attribute.convert(value)
    except Invalid as reason:
        raise bad_request(f"Invalid input for {attribute.name}. Reason: {reason}.") from None
