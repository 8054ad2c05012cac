"""What every resource of the networking collections has: names, owner, tags, times, and the filters by tags."""

import re
import uuid as uuids
from collections.abc import Callable
from typing import Any

from sfcci.chain.attribute import Attribute, Invalid, server_made
from sfcci.chain.collection import Filter
from sfcci.chain.convert import list_of, text, text_or_empty
from sfcci.chain.state import Asked, Resource

Passes = Callable[[Resource], bool]

TAG_LENGTH = 255
MOST_TAGS = 50
_TAG = re.compile(r"[^\s/,][^/,]*", re.DOTALL)


def tag(value: Any) -> str:
    """Give a tag: 1 to 255 characters, neither slash nor comma."""
    word = str(text(TAG_LENGTH)(value))
    if not _TAG.fullmatch(word):
        raise Invalid(f"'{word}' is not a valid tag")
    return word


def tags(value: Any) -> list[str]:
    """Give a list of tags, each once."""
    given = list_of(tag, unique=False)(value)
    if len(given) > MOST_TAGS:
        raise Invalid(f"The number of tags exceed the per-resource limit of {MOST_TAGS}")
    return list(dict.fromkeys(given))


ID = server_made("id")
NAME = Attribute("name", "", update=True, convert=text())
DESCRIPTION = Attribute("description", "", update=True, convert=text_or_empty)
PROJECT = Attribute("project_id", convert=text())
TENANT = Attribute("tenant_id", convert=text())
TEXT_DESCRIPTION = Attribute("description", "", update=True, convert=text())
"""Service function chaining takes no null for it."""
TAGS = Attribute("tags", [], convert=tags)
REVISION = server_made("revision_number", 0)
TIMES = (server_made("created_at"), server_made("updated_at"), REVISION)


def child_id(asked: Asked, *words: str) -> str:
    """Give the id of one more resource that the same request makes."""
    return str(uuids.uuid5(uuids.UUID(asked.id), " ".join(words)))


def _all(value: str) -> Passes:
    wanted = frozenset(value.split(","))
    return lambda resource: wanted.issubset(resource["tags"])


def _any(value: str) -> Passes:
    wanted = frozenset(value.split(","))
    return lambda resource: not wanted.isdisjoint(resource["tags"])


def _not(kind: Filter) -> Filter:
    def negated(value: str) -> Passes:
        passes = kind(value)
        return lambda resource: not passes(resource)

    return negated


TAG_FILTERS: dict[str, Filter] = {
    "tags": _all,
    "tags-any": _any,
    "not-tags": _not(_all),
    "not-tags-any": _not(_any),
}


def member_of(attribute: str) -> Filter:
    """Give a filter: the list under that attribute holds the value."""
    return lambda value: lambda resource: value in resource[attribute]
