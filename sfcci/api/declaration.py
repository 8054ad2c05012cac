"""Resources by name: what is there, what a file declares, and the one told as the other. Pure.

A resource's key in the file is its name; where a name is empty, repeats or looks like an id, the key is its id.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sfcci.api.declared import ADDRESSES, GRAPH, MANY, ONE, SECTIONS, Section, Word
from sfcci.chain.attribute import Invalid
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.convert import is_id
from sfcci.chain.refused import Refused
from sfcci.chain.resource_network import MTU
from sfcci.document import Document, did_you_mean
from sfcci.errors import Fault, InputError

MARK: Final = " (replaced)"
"""Ends the name of a resource whose successor is being made; one that an interrupted run has left goes with the next."""
LONGEST_NAME: Final = 255
Resource = Mapping[str, Any]
Rename = Callable[[str, str], str]
"""(collection, one way of naming) → the other."""
Item = tuple[str, str]
"""Collection and key."""
Known = Mapping[str, Mapping[str, str]]
"""Collection → what a resource may be called → its key."""


@dataclass(frozen=True)
class Existing:
    """A resource that is there. `values`: every word of its collection, other resources by their keys.

    `foreign`: made by the API's own services, not by people; it is neither declared nor deleted here.
    """

    collection: str
    id: str
    key: str
    values: Mapping[str, Any]
    revision: int | None = None
    foreign: bool = False

    @property
    def item(self) -> Item:
        """Its collection and key."""
        return self.collection, self.key


@dataclass(frozen=True)
class Declared:
    """A resource of the file. `values`: every word that it says, and the defaults of the others that have one."""

    collection: str
    key: str
    values: Mapping[str, Any]

    @property
    def item(self) -> Item:
        """Its collection and key."""
        return self.collection, self.key


@dataclass(frozen=True)
class Declaration:
    """A file: its resources in the order in which they are made, and the sections that it has."""

    resources: tuple[Declared, ...]
    sections: frozenset[str]
    source: Document


def there(resources: Mapping[str, Sequence[Resource]]) -> tuple[Existing, ...]:
    """Give what is there (collection → the API's resources) by keys, in the order of the sections."""
    keys = {name: _keys(resources.get(name, ())) for name in SECTIONS}
    return tuple(
        _existing(section, one, keys)
        for section in SECTIONS.values()
        for one in resources.get(section.collection, ())
    )


def _keys(resources: Sequence[Resource]) -> dict[str, str]:
    """Id → key."""
    often = Counter(one["name"] for one in resources)
    return {one["id"]: _key(one, often[one["name"]]) for one in resources}


def _key(one: Resource, often: int) -> str:
    name: str = one["name"]
    return one["id"] if not name or often > 1 or is_id(name) else name


def _existing(section: Section, one: Resource, keys: Mapping[str, Mapping[str, str]]) -> Existing:
    def by_key(collection: str, id_: str) -> str:
        return keys[collection].get(id_, id_)

    values = {
        word.name: normal(word, renamed(word, one.get(word.of_api, word.default), by_key))
        for word in section.words.values()
    }
    foreign = str(one.get("device_owner") or "").startswith("network:")
    key = keys[section.collection][one["id"]]
    return Existing(section.collection, one["id"], key, values, one.get("revision_number"), foreign)


def renamed(word: Word, value: Any, rename: Rename) -> Any:
    """Give a value with the other resources in it named the other way (ids for keys, keys for ids)."""
    if word.shape == ONE:
        return None if value is None else rename(word.refers, value)
    if word.shape == MANY:
        return [rename(word.refers, one) for one in value or ()]
    if word.shape == GRAPH:
        pairs = (
            (rename(word.refers, k), [rename(word.refers, one) for one in v])
            for k, v in (value or {}).items()
        )
        return dict(pairs)
    if word.shape == ADDRESSES:
        return [_address(word, one, rename) for one in value or ()]
    return value


def _address(word: Word, one: Mapping[str, str], rename: Rename) -> dict[str, str]:
    """The API's `subnet_id` is `subnet` in the file."""
    names = {"subnet_id": "subnet", "subnet": "subnet_id"}
    return {
        names.get(key, key): rename(word.refers, value) if key in names else value
        for key, value in one.items()
    }


def normal(word: Word, value: Any) -> Any:
    """Give a value as it is compared: what has no order is sorted."""
    if word.shape == MANY and not word.ordered:
        return sorted(value)
    if word.shape == GRAPH:
        return {source: sorted(value[source]) for source in sorted(value)}
    return value


def named(word: Word, value: Any) -> Iterator[str]:
    """Give the keys of the other resources in a value."""
    if word.shape == ONE and value is not None:
        yield value
    elif word.shape == MANY:
        yield from value or ()
    elif word.shape == GRAPH:
        for source, destinations in value.items():
            yield from (source, *destinations)
    elif word.shape == ADDRESSES:
        yield from (one["subnet"] for one in value if "subnet" in one)


def declaration(source: Document, here: Sequence[Existing]) -> Declaration:
    """Give what a document that `declared.SCHEMA` has accepted declares, beside what is there. Raises InputError."""
    known = {name: _known(name, source, here) for name in SECTIONS}
    ids = frozenset(one.id for one in here)
    several = _several(here)
    made: dict[Item, Declared] = {}
    faults: list[Fault] = []
    for section in SECTIONS.values():
        for key, words in source.data.get(section.collection, {}).items():
            faults += _key_faults(source, section, key, words, ids)
            values, wrong = _values(source, section, key, words, known, several)
            faults += wrong
            one = Declared(section.collection, known[section.collection][key], values)
            if one.item in made:
                faults.append(
                    source.fault((section.collection, key), "is declared twice", "each resource once")
                )
            if others := several.get((section.collection, key)):
                told = f"there are {len(others)} of that name"
                faults.append(source.fault((section.collection, key), told, "an id: " + ", ".join(others)))
            made[one.item] = one
    if faults:
        raise InputError(*faults)
    return Declaration(tuple(made.values()), frozenset(source.data), source)


def _known(collection: str, source: Document, here: Sequence[Existing]) -> dict[str, str]:
    """What a resource may be called → its key."""
    known = {one.id: one.key for one in here if one.collection == collection}
    known |= {one.key: one.key for one in here if one.collection == collection}
    return {key: key for key in source.data.get(collection, {})} | known


def _several(here: Sequence[Existing]) -> dict[Item, list[str]]:
    """Names that several resources of a collection have → their ids."""
    names: dict[Item, list[str]] = {}
    for one in here:
        if one.key == one.id and one.values["name"]:
            names.setdefault((one.collection, one.values["name"]), []).append(one.id)
    return {item: ids for item, ids in names.items() if len(ids) > 1}


def _key_faults(
    source: Document, section: Section, key: str, words: Mapping[str, Any], ids: frozenset[str]
) -> Iterator[Fault]:
    keys = (section.collection, key)
    if is_id(key) and key not in ids:
        noun = section.noun
        yield source.fault(keys, f"there is no {noun} with this id", "the id of one that is there, or a name")
    if key.endswith(MARK) or len(key) > LONGEST_NAME:
        yield source.fault(
            keys, "cannot be a name", f"at most {LONGEST_NAME} characters, not ending in {MARK!r}"
        )
    if "name" in words and not is_id(key) and words["name"] != key:
        yield source.fault((*keys, "name"), f"found {words['name']!r}", f"{key!r}: the key is the name")


def _values(
    source: Document,
    section: Section,
    key: str,
    words: Mapping[str, Any],
    known: Known,
    several: Mapping[Item, Sequence[str]],
) -> tuple[dict[str, Any], list[Fault]]:
    faults: list[Fault] = []
    values = {
        word.name: word.default for word in section.words.values() if not word.kept and not word.required
    }
    for name, given in words.items():
        word, keys = section.words[name], (section.collection, key, name)
        faults += _lost(source, keys, word, given, known, several)
        try:
            values[name] = normal(word, _keyed(word, _converted(section, word, given), known))
        except (Invalid, Refused) as wrong:
            faults.append(source.fault(keys, str(wrong).rstrip(".")))
    return values, faults


def _keyed(word: Word, value: Any, known: Known) -> Any:
    """Give a file's value with each other resource by its key: it may be named by its id, too."""
    if word.shape != ADDRESSES:
        return renamed(word, value, lambda collection, name: known[collection].get(name, name))
    keys = known[word.refers]
    return [one | ({"subnet": keys.get(one["subnet"])} if "subnet" in one else {}) for one in value]


def _converted(section: Section, word: Word, value: Any) -> Any:
    """What the API makes of a value: parameters are completed, addresses checked."""
    if word.refers or word.name == "name":
        return value
    attribute = next(one for one in COLLECTIONS[section.collection].attributes if one.name == word.of_api)
    return attribute.convert(value)


def _lost(
    source: Document,
    keys: tuple[str, ...],
    word: Word,
    value: Any,
    known: Known,
    several: Mapping[Item, Sequence[str]],
) -> Iterator[Fault]:
    for name in named(word, value) if word.refers else ():
        noun = SECTIONS[word.refers].noun
        if name in known[word.refers]:
            continue
        if ids := several.get((word.refers, name)):
            told, expected, hint = (
                f"there are {len(ids)} {noun}s of the name {name}",
                "an id: " + ", ".join(ids),
                "",
            )
        else:
            told, expected = f"there is no {noun} {name!r}, neither in the file nor at the API", ""
            hint = did_you_mean(name, list(known[word.refers]))
        yield source.fault(keys, told, expected, hint)


def exported(here: Sequence[Existing]) -> dict[str, dict[str, dict[str, Any]]]:
    """Give what is there as a file declares it: every section; words only where they say something."""
    made: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in SECTIONS}
    for one in here:
        if not one.foreign:
            made[one.collection][one.key] = dict(_said(one))
    return made


def _said(one: Existing) -> Iterator[tuple[str, Any]]:
    for word in SECTIONS[one.collection].words.values():
        value = one.values[word.name]
        if word.name == "name":
            if one.key == one.id:
                yield word.name, value
        elif word.kept:
            if word.name == "mtu" and value > MTU:
                continue  # a scenario's lab has it, no request can ask for it
            if value not in ("", None) or word.name == "gateway_ip":
                yield word.name, value
        elif word.required or value != word.default:
            yield word.name, value
