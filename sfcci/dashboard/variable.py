"""Template variables of a dashboard in Grafana's JSON: what may be chosen, and how a choice is put into a text.

A choice is spelled as Grafana spells it: `$name`, `${name}`, `${name:format}`, `[[name]]`; in a target several values
are a glob, `{a,b}`. "All" (`$__all`) stands for every option, or for the variable's own `allValue`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import quote

ALL = "$__all"
AUTO = "$__auto_interval"
Json = Mapping[str, Any]
WORD = re.compile(
    r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}",
)
"""A variable in a text, as Grafana's own expression has it."""


class Hide(IntEnum):
    """What of a variable is not shown."""

    NOTHING = 0
    LABEL = 1
    VARIABLE = 2


@dataclass(frozen=True)
class Option:
    """What may be chosen."""

    value: str
    text: str


@dataclass(frozen=True)
class Variable:
    """A template variable: `options` are those that the file tells, `current` what it has chosen."""

    name: str
    kind: str
    label: str
    query: str
    options: tuple[Option, ...] = ()
    current: tuple[str, ...] = ()
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    regex: str = ""
    sort: int = 0
    hide: Hide = Hide.NOTHING
    auto_count: int = 30
    auto_min: str = ""


@dataclass(frozen=True)
class Choice:
    """A variable with what may be chosen and what is; `problem` says why there is less to choose than there might be."""

    variable: Variable
    options: tuple[Option, ...]
    values: tuple[str, ...]
    problem: str = ""

    @property
    def is_all(self) -> bool:
        """Whether "All" is chosen."""
        return ALL in self.values

    @property
    def filled(self) -> tuple[str, ...]:
        """What stands in a text: the values themselves, those of every option for "All"."""
        if not self.is_all:
            return self.values
        return tuple(one.value for one in self.options if one.value != ALL)

    @property
    def texts(self) -> tuple[str, ...]:
        """What people read of it."""
        texts = {one.value: one.text for one in self.options}
        return ("All",) if self.is_all else tuple(texts.get(value, value) for value in self.values)


def variables(dashboard: Json) -> tuple[Variable, ...]:
    """Give the variables of a dashboard in Grafana's JSON, in its order; what has no name is left out."""
    templating = dashboard.get("templating")
    items = templating.get("list") if isinstance(templating, Mapping) else None
    return tuple(
        _variable(item)
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, Mapping) and re.fullmatch(r"\w+", str(item.get("name", "")))
    )


def _variable(item: Json) -> Variable:
    query = item.get("query", "")
    if isinstance(query, Mapping):
        query = query.get("target") or query.get("query") or ""
    hide = item.get("hide")
    return Variable(
        str(item["name"]),
        str(item.get("type") or "custom"),
        str(item.get("label") or item["name"]),
        str(query or ""),
        tuple(_told_options(item)),
        _current(item),
        multi=bool(item.get("multi")),
        include_all=bool(item.get("includeAll")),
        all_value=str(item.get("allValue") or ""),
        regex=str(item.get("regex") or ""),
        sort=item["sort"] if isinstance(item.get("sort"), int) else 0,
        hide=Hide(hide) if isinstance(hide, int) and hide in list(Hide) else Hide.NOTHING,
        auto_count=item["auto_count"] if isinstance(item.get("auto_count"), int) else 30,
        auto_min=str(item.get("auto_min") or ""),
    )


def _current(item: Json) -> tuple[str, ...]:
    """Give what the file has chosen: its `current`, else the option that is marked."""
    current = item.get("current")
    found = _listed(current.get("value", current.get("text"))) if isinstance(current, Mapping) else ()
    if not found and isinstance(item.get("options"), list):
        found = tuple(
            str(one["value"])
            for one in item["options"]
            if isinstance(one, Mapping) and one.get("selected") and one.get("value")
        )
    named = f"{AUTO}_{item['name']}"
    return tuple(named if one == AUTO else one for one in found)


def _told_options(item: Json) -> Iterator[Option]:
    """Give the options that a file tells: those of a list made by its query where the kind has one, else the kept ones."""
    kind, query = item.get("type"), item.get("query")
    if kind == "custom" and isinstance(query, str) and query.strip():
        for text in re.findall(r"(?:\\,|[^,])+", query):
            name, colon, value = text.replace("\\,", ",").partition(" : ")
            yield Option((value if colon else name).strip(), name.strip())
    elif kind == "interval" and isinstance(query, str) and query.strip():
        if item.get("auto"):
            yield Option(f"{AUTO}_{item['name']}", "auto")
        for quoted, word in re.findall(r"[\"']([^\"']*)[\"']|([^\s,\"']+)", query):
            yield Option(quoted or word, quoted or word)
    elif kind != "query":
        for one in item.get("options") or []:
            if isinstance(one, Mapping) and one.get("value") not in (None, ALL):
                value = _listed(one["value"])
                text = _listed(one.get("text", value))
                if value and not value[0].startswith(AUTO):
                    yield Option(value[0], text[0] if text else value[0])


def _listed(value: Any) -> tuple[str, ...]:
    """Give the texts of a value that may be a list of them."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(one) for one in values if one not in ("", None))


def references(text: str) -> set[str]:
    """Give the names that a text may mean as variables."""
    return {found[1] or found[2] or found[4] for found in WORD.finditer(text)}


def filtered(names: Sequence[str], regex: str, sort: int) -> tuple[Option, ...]:
    """Give options of names: those that `/regex/` finds, cut to its group, in the order that Grafana numbers. Raises re.error."""
    options = [Option(name, name) for name in names]
    if regex:
        found = re.fullmatch(r"/(.*)/([gimsuy]*)", regex, re.DOTALL)
        text, flags = (found[1], found[2]) if found else (regex, "")
        pattern = re.compile(text.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"),
                             re.IGNORECASE if "i" in flags else 0)  # fmt: skip
        options = [made for name in names if (made := _cut(pattern, name))]
    return tuple(_sorted(dict.fromkeys(options), sort))


def _cut(pattern: "re.Pattern[str]", name: str) -> Option | None:
    found = pattern.search(name)
    if not found:
        return None
    groups = found.groupdict()
    if "value" in groups or "text" in groups:
        value = groups.get("value") or groups.get("text") or name
        return Option(value, groups.get("text") or value)
    value = found[1] if pattern.groups and found[1] is not None else name
    return Option(value, value)


def _sorted(options: Iterator[Option] | Any, sort: int) -> list[Option]:
    """Order options by Grafana's number for it: pairs of up and down for text, number, text without regard to case, natural."""
    found = list(options)
    if sort <= 0:
        return found
    keys: tuple[Callable[[Option], Any], ...] = (
        lambda one: one.text,
        lambda one: _numbers(one.text)[:1] or [float("inf")],
        lambda one: one.text.casefold(),
        lambda one: [(not word.isdigit(), int(word) if word.isdigit() else 0, word)
                     for word in re.split(r"(\d+)", one.text.casefold())],
    )  # fmt: skip
    kind, down = divmod(sort - 1, 2)
    return sorted(found, key=keys[min(kind, len(keys) - 1)], reverse=bool(down))


def _numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"\d+(?:\.\d+)?", text)]


def fill(text: str, choices: Mapping[str, Choice], style: str = "glob") -> str:
    """Put choices into a text, in `style` where the text does not say another; what is no variable stays as it is."""

    def filled(found: "re.Match[str]") -> str:
        choice = choices.get(found[1] or found[2] or found[4])
        return found[0] if choice is None else spelled(choice, found[3] or found[5] or style)

    return WORD.sub(filled, text) if "$" in text or "[[" in text else text


def spelled(choice: Choice, style: str) -> str:
    """Spell a choice in one of Grafana's formats; an unknown format is a glob, as Grafana has it."""
    if style == "text":
        return " + ".join(choice.texts)
    if choice.is_all and choice.variable.all_value:
        return choice.variable.all_value
    return _STYLES.get(style, _glob)(choice.filled)


def _glob(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else "{" + ",".join(values) + "}" if values else ""


def _regex(values: Sequence[str]) -> str:
    escaped = [re.sub(r"([\\^$*+?.()|[\]{}/])", r"\\\1", one) for one in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


_STYLES: Mapping[str, Callable[[Sequence[str]], str]] = {
    "glob": _glob,
    "regex": _regex,
    "csv": ",".join,
    "raw": ",".join,
    "pipe": "|".join,
    "json": lambda values: json.dumps(values[0] if len(values) == 1 else list(values)),
    "singlequote": lambda values: ",".join("'" + one.replace("'", "\\'") + "'" for one in values),
    "doublequote": lambda values: ",".join('"' + one.replace('"', '\\"') + '"' for one in values),
    "percentencode": lambda values: quote(_glob(values), safe=""),
}
