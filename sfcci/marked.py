"""YAML text → plain values with the place of each, in one pass over the parser's events.

libyaml's parser does the work where PyYAML has it (ten times as fast), PyYAML's own elsewhere. Nothing is resolved that
could cost more than the text is long: aliases, nesting without end, keys that are no plain text and tags beyond YAML's
own scalars are refused.
"""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from sfcci.errors import Fault, InputError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = str | int
Keys = tuple[Key, ...]
MAX_DEPTH = 60
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INVALID_ESCAPE = "invalid Unicode character escape"
_STANDARD = "tag:yaml.org,2002:"
_STRUCTURES = {_STANDARD + "map", _STANDARD + "seq"}
_TEXTS = {_STANDARD + "str", _STANDARD + "merge", _STANDARD + "value"}
"""Read as they stand: `<<` and `=` are of use only with aliases."""
_VALUES = {_STANDARD + name for name in ("int", "float", "bool", "null", "timestamp", "binary")}


@dataclass
class Marked:
    """What a YAML text holds: its values, where each key or value begins, where the characters of each text begin.

    Lines and columns count from 1, character offsets into the source from 0. A repeated key keeps its last value.
    """

    data: Any = None
    places: dict[Keys, tuple[int, int]] = field(default_factory=dict)
    scalars: dict[Keys, tuple[int, str]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Begin and end of every quoted or block text: a `#` in there begins no comment."""
    duplicates: list[Fault] = field(default_factory=list)


def read(text: str, path: str) -> Marked:
    """Read a YAML text; `path` is the name that faults carry. Raises InputError."""
    import yaml

    if not text.isascii() or not text.isprintable():
        _check_characters(text, path)
    try:
        return _Reader(text, path).document()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        what = error.problem or "is not YAML"
        if _INVALID_ESCAPE in what:
            raise InputError(Fault(place, "half a character in an escape", "whole ones")) from None
        raise InputError(Fault(place, what, "YAML")) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(Fault(Place(path), str(error).splitlines()[0], "YAML")) from None
    except (TypeError, AttributeError, IndexError):  # how PyYAML's constructors take a tag such as `!!int ""`
        raise InputError(Fault(Place(path), "a tag (!!name) does not fit its value", "YAML")) from None


def _check_characters(text: str, path: str) -> None:
    if found := _UNPRINTABLE.search(text):
        at = found.start()
        place = Place(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        what = f"special characters are not allowed: U+{ord(found[0]):04X}"
        raise InputError(Fault(place, what, "printable text"))


class _Reader:
    """Builds values out of events, a stack of calls as deep as the document (at most MAX_DEPTH)."""

    def __init__(self, text: str, path: str) -> None:
        import yaml

        self.text, self.path, self.made = text, path, Marked()
        self.yaml = yaml
        # libyaml takes tabs in places where PyYAML's own parser, which everybody else's tools use, refuses them
        loader = yaml.SafeLoader if "\t" in text else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        made: Any = loader(text)
        self.events: Iterator[Any] = iter(made.get_event, None)  # yaml.parse asks twice for each

    def document(self) -> Marked:
        events = [next(self.events), next(self.events)]  # of the stream, of the document
        if isinstance(events[1], self.yaml.DocumentStartEvent):
            root = next(self.events)
            self.made.places[()] = (root.start_mark.line + 1, root.start_mark.column + 1)
            self.made.data = self.node(root, (), 1)
            next(self.events)
            if isinstance(following := next(self.events), self.yaml.DocumentStartEvent):
                self.refuse(following, "a second document begins here", "one document in a file")
        return self.made

    def node(self, event: Any, keys: Keys, depth: int) -> Any:
        kind = type(event)
        if depth > MAX_DEPTH:
            self.refuse(event, "is nested too deeply", f"at most {MAX_DEPTH} levels")
        if kind is self.yaml.ScalarEvent:
            return self.scalar(event, keys)
        if kind is self.yaml.AliasEvent:
            self.refuse(event, "an alias (*name) is not allowed here", "the value itself")
        mapping = kind is self.yaml.MappingStartEvent
        if event.tag is not None and event.tag not in _STRUCTURES:
            self.refuse(event, f"could not determine a constructor for the tag {event.tag!r}", "plain values")
        if event.tag is not None and event.tag.endswith(":map") is not mapping:
            self.refuse(event, "a tag (!!name) does not fit its value", "plain values")
        return self.mapping(keys, depth) if mapping else self.sequence(keys, depth)

    def mapping(self, keys: Keys, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        seen: set[str] = set()
        end, scalar = self.yaml.MappingEndEvent, self.yaml.ScalarEvent
        for event in self.events:
            if type(event) is end:
                return made
            if type(event) is not scalar:
                self.refuse(event, "a key is not plain text", "a name")
            name: str = event.value
            mark: Any = event.start_mark
            if name in seen:
                place = Place(self.path, mark.line + 1, mark.column + 1)
                self.made.duplicates.append(Fault(place, f"duplicate key {name!r}", "each key once"))
            seen.add(name)
            inner = (*keys, name)
            self.made.places[inner] = (mark.line + 1, mark.column + 1)
            key = name if event.style and event.tag is None else self.plain(event)
            made[key] = self.node(next(self.events), inner, depth + 1)
        return made  # not reached: the parser ends what it began

    def sequence(self, keys: Keys, depth: int) -> list[Any]:
        made: list[Any] = []
        end = self.yaml.SequenceEndEvent
        for event in self.events:
            if type(event) is end:
                break
            inner, mark = (*keys, len(made)), event.start_mark
            self.made.places[inner] = (mark.line + 1, mark.column + 1)
            made.append(self.node(event, inner, depth + 1))
        return made

    def scalar(self, event: Any, keys: Keys) -> Any:
        start = event.start_mark.index
        if event.style:
            self.made.spans.append((start, event.end_mark.index))
            start = start + 1 if event.style in "'\"" else self.text.find("\n", start) + 1
        self.made.scalars[keys] = (start, event.value)
        return event.value if event.style and event.tag is None else self.plain(event)

    def plain(self, event: Any) -> Any:
        """Give the value of a scalar without quotes, or with a tag: text, number, truth, nothing, date."""
        value = event.value
        if event.tag is not None:
            return _resolver().value(value, event.tag)
        return value if value and value[0] not in _resolver().first else _untagged(value)

    def refuse(self, event: Any, what: str, expected: str) -> NoReturn:
        mark: Any = event.start_mark
        raise InputError(Fault(Place(self.path, mark.line + 1, mark.column + 1), what, expected))


class _Resolver:
    """PyYAML's own rules for what a plain scalar is; `first`: the characters with which no plain text begins."""

    def __init__(self) -> None:
        import yaml

        self.yaml = yaml
        self.loader = yaml.SafeLoader("")
        self.first = frozenset(filter(None, yaml.SafeLoader.yaml_implicit_resolvers))

    def value(self, value: str, tag: str = "!") -> Any:
        node_of = self.yaml.ScalarNode
        if tag == "!":
            tag = self.loader.resolve(node_of, value, (True, False))  # type: ignore[no-untyped-call]
        if tag in _TEXTS:
            return value
        construct = self.loader.yaml_constructors[tag if tag in _VALUES else None]  # None: what refuses
        return construct(self.loader, node_of(tag, value))


@cache
def _resolver() -> _Resolver:
    return _Resolver()


@lru_cache(maxsize=4096)
def _untagged(value: str) -> Any:
    """Give what a plain scalar is; the same few words stand in a document again and again."""
    return _resolver().value(value)
