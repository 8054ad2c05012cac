"""The recorded commands of the openstack client, said to `sfcci sfc`: the same requests, the same rows."""

import json

import pytest
from click.testing import CliRunner

from sfcci.chain.refused import Refused
from sfcci.cli import sfc_door
from sfcci.cli.sfc import sfc

WORDS = ("sfc", "network", "subnet", "port")
OTHERS = ("network agent",)
FORMATS = ("-f", "-c")
SAID_ANYWAY = {"ethertype": "IPv4", "admin_state_up": True, "ip_version": 4}
"""What the client says though it is the default."""


def recordings(shared):
    for path in sorted(shared.glob("data/openstack-client/*.json")):
        told = json.loads(path.read_text())
        words = told["command"][1:]
        if words[0] in WORDS and not " ".join(words).startswith(OTHERS) and told["rc"] != 2:
            yield path.stem, words, told


class RecordedDoor:
    """Answers what was answered, and keeps what is asked for besides reading."""

    address = "recorded"

    def __init__(self, exchanges):
        self.exchanges, self.written = exchanges, []

    def ask(self, method, path, body=None, query=(), revision=None):  # noqa: ARG002 - as doors have it
        target = f"/v2.0/{path}" + ("?name=" + query[0][1] if query and query[0][0] == "name" else "")
        if method != "GET":
            self.written.append((method, target, body))
        for exchange in self.exchanges:
            request, answer = exchange["request"], exchange["response"]
            if request["method"] == method and request["path"].split("&")[0] in (
                target,
                target.split("?")[0],
            ):
                return self.answer(answer)
        if method == "GET":
            return self.listed(path)
        raise AssertionError(f"not recorded: {method} {target}")

    def listed(self, path):
        lists = [
            one["response"]["body"]
            for one in self.exchanges
            if one["request"]["method"] == "GET"
            and one["request"]["path"].split("?")[0] == f"/v2.0/{path}"
            and one["response"]["status"] == 200
        ]
        assert lists, f"not recorded: {path}"
        return lists[0]

    def answer(self, answer):
        if answer["status"] >= 400:
            error = answer["body"]["NeutronError"]
            raise Refused(answer["status"], error["type"], error["message"])
        return answer["body"]

    def close(self):
        """Nothing is open."""


def said(body):
    """A request's body with its lists as sets and without defaults, which is all that it means."""
    if body is None:
        return None
    ((member, words),) = body.items()
    plain = {name: value for name, value in words.items() if SAID_ANYWAY.get(name) != value}
    lists = {name: sorted(value) for name, value in plain.items() if isinstance(value, list)}
    return member, plain | lists


def ours(words):
    """The same command as `sfcci sfc` has it: without the client's formats."""
    kept = words[1:] if words[0] == "sfc" else words
    return [
        word for at, word in enumerate(kept) if word not in FORMATS and kept[max(at - 1, 0)] not in FORMATS
    ]


def rows(text):
    """The cells of a table's lines, a cell that goes on in further lines as one."""
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if "|" in line
    ]
    made = []
    for row in cells:
        if made and not row[0]:
            made[-1] = [old + new for old, new in zip(made[-1], row, strict=True)]
        else:
            made.append(row)
    return made


@pytest.fixture
def door(monkeypatch):
    def use(exchanges):
        made = RecordedDoor(exchanges)
        monkeypatch.setattr(sfc_door, "_door", lambda *_, **__: made)
        return made

    return use


def test_every_recorded_command_sends_the_same_requests(shared, door):
    told = 0
    for name, words, recorded in recordings(shared):
        there = door(recorded["exchanges"])
        result = CliRunner().invoke(sfc, ours(words))
        writes = [
            (x["request"]["method"], x["request"]["path"], said(x["request"]["body"]))
            for x in recorded["exchanges"]
            if x["request"]["method"] != "GET"
        ]
        assert [(m, p, said(b)) for m, p, b in there.written] == writes, name
        assert result.exit_code == recorded["rc"] or getattr(result.exception, "exit_status", 0), name
        assert bool(recorded["rc"]) == bool(result.exit_code), f"{name}: {result.output}"
        told += 1
    assert told > 80


def test_tables_of_chaining_resources_have_the_recorded_columns_and_values(shared, door):
    told = 0
    for name, words, recorded in recordings(shared):
        if words[0] != "sfc" or recorded["rc"] or not recorded["stdout"].startswith("+"):
            continue
        door(recorded["exchanges"])
        ours_, theirs = rows(CliRunner().invoke(sfc, ours(words)).output), rows(recorded["stdout"])
        theirs = [row for row in theirs if row != ["Summary", ""]]  # the client leaves it empty there
        if "list" in words:
            at = [ours_[0].index(title) for title in theirs[0]]
            ours_ = [[row[column] for column in at] for row in ours_]
            assert sorted(ours_) == sorted(theirs), name
        else:
            assert [row for row in theirs if row not in ours_] == [], name
        told += 1
    assert told > 20
