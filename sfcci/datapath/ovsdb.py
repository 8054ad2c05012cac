"""What is said to Open vSwitch's database, and what it tells who watches it (RFC 7047): messages in octets, and the rows held by them.

Rows are plain values: a set is a list, a map a dict, an optional value itself or None, a reference the row's UUID.
"""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Row = Mapping[str, Any]
Tables = Mapping[str, tuple[str, ...]]
"""Table → columns."""
Operation = Mapping[str, Any]
"""One step of a transaction (RFC 7047, 5.2)."""

MONITOR: Final[Tables] = {
    "Open_vSwitch": ("ovs_version", "bridges"),
    "Bridge": (
        "name",
        "ports",
        "controller",
        "datapath_type",
        "fail_mode",
        "protocols",
        "other_config",
        "external_ids",
    ),
    "Port": ("name", "interfaces", "tag", "trunks", "vlan_mode", "bond_mode", "lacp", "external_ids"),
    "Interface": (
        "name",
        "type",
        "ofport",
        "ifindex",
        "mac_in_use",
        "error",
        "external_ids",
        "options",
        "other_config",
        "status",
    ),
    "Controller": ("target", "is_connected", "role"),
}
LISTS: Final = {"bridges", "ports", "controller", "protocols", "interfaces", "trunks"}
LONGEST = 1 << 28
"""Characters of one message: beyond it is no database that speaks."""


class Database:
    """The monitored rows of a database, as far as it has told of them."""

    def __init__(self, tables: Tables = MONITOR) -> None:
        self.rows: dict[str, dict[str, Row]] = {table: {} for table in tables}
        self.changed: list[tuple[str, str, Row | None, Row | None]] = []
        """Table, UUID, what the row was and is; whoever takes them clears it."""
        self.begun = False
        """Whether the first rows have come."""
        self.echoed: set[int] = set()
        """The numbers of `ask_echo` that were answered."""
        self.done: dict[str, str] = {}
        """The names of transactions that were answered → why they were refused, "" where they were done."""
        self._text, self._decoder = "", codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, data: bytes) -> bytes:
        """Take in what has come; give what is to be answered.

        Raises:
            ValueError: It is no database's message.
        """
        self._text += self._decoder.decode(data)
        answers = []
        for message in self._messages():
            if message.get("method") == "echo":
                answers.append(
                    _octets({"result": message.get("params"), "error": None, "id": message.get("id")})
                )
            else:
                self._hear(message)
        return b"".join(answers)

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        decoder = json.JSONDecoder()
        while text := self._text.lstrip():
            try:
                message, end = decoder.raw_decode(text)
            except (ValueError, RecursionError):
                if text[0] != "{" or len(text) > LONGEST:
                    raise ValueError("no message of a database") from None
                return  # the rest of it is still to come
            if not isinstance(message, dict):
                raise ValueError("no message of a database")  # noqa: TRY004 - told as every other text that is none
            self._text = text[end:]
            yield message
        self._text = ""

    def _hear(self, message: Mapping[str, Any]) -> None:
        try:
            if message.get("method") == "update":
                self._update(message["params"][1])
            elif message.get("id") == "monitor":
                if message.get("error") is not None:
                    raise ValueError(f"the database refuses: {message['error']}")
                self._update(message["result"])
                self.begun = True
            elif isinstance(message.get("id"), str):
                self.done[message["id"]] = _refusal(message)
            elif isinstance(message.get("id"), int):
                self.echoed.add(message["id"])
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"no message of a database: {error!r}") from None

    def _update(self, tables: Mapping[str, Any]) -> None:
        for table, held in self.rows.items():
            for uuid, change in tables.get(table, {}).items():
                was, new = held.pop(uuid, None), change.get("new")
                if new is not None:
                    held[uuid] = {key: plain(value, key in LISTS) for key, value in new.items()}
                self.changed.append((table, uuid, was, held.get(uuid)))


def ask_monitor(tables: Tables = MONITOR) -> bytes:
    """Ask for all rows, and to be told of each change."""
    asked = {table: {"columns": list(columns)} for table, columns in tables.items()}
    return _octets({"method": "monitor", "params": ["Open_vSwitch", None, asked], "id": "monitor"})


def ask_transaction(name: str, operations: Iterable[Operation]) -> bytes:
    """Ask to do all of this or none; the answer is in `Database.done` under that name."""
    return _octets({"method": "transact", "params": ["Open_vSwitch", *operations], "id": name})


def ask_echo(number: int) -> bytes:
    """Ask for a sign that everything that came before was told."""
    return _octets({"method": "echo", "params": [], "id": number})


def plain(value: Any, several: bool = False) -> Any:
    """Give an OVSDB value (RFC 7047, 5.1) as a plain one; `several`: one alone is a list too."""
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - a kind and what is of it
        kind, of = value
        if kind == "map":
            return {str(key): plain(one) for key, one in of}
        if kind == "set":
            items = [plain(one) for one in of]
            return items if several or len(items) > 1 else (items[0] if items else None)
        value = of  # a reference
    return [value] if several else value


def _refusal(message: Mapping[str, Any]) -> str:
    """Why a transaction was refused: an error of the whole, or of the step that has one (RFC 7047, 4.1.3)."""
    errors = [message["error"], *(one for one in message["result"] or () if one and "error" in one)]
    told = [one for one in errors if one is not None]
    return "; ".join(
        " ".join(str(one[key]) for key in ("error", "details") if one.get(key))
        if isinstance(one, dict)
        else str(one)
        for one in told
    )


def _octets(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode()
