"""Skydive's command line: its words, its configuration, what it prints; against an analyzer of a lab that is not up."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sfcci.api.listen import listening
from sfcci.cli import skydive, skydive_conf, skydive_inject
from sfcci.cli.skydive_client import Answer
from sfcci.errors import InputError, SfcciError, UsageError
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer, running
from sfcci.trace.past import Recorder
from sfcci.trace.place import LabPlace
from sfcci.web.analyzer_door import Denied, Door
from sfcci.web.analyzer_server import serving


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    async def gate(headers):
        if headers.get("authorization") != "Basic YW5uOnNlY3JldA==":
            raise Denied(401, "who are you?")
        return "ann"

    analyzer = Analyzer(LabPlace(tmp_path_factory.mktemp("state"), "none"), Recorder(None), Actions())
    analyzer.graph.put_node("a", {"Name": "tap1", "Type": "veth", "IfIndex": 1, "TID": "t1"}, now_ms=1)
    with (
        running(analyzer),
        listening("127.0.0.1", 0) as listener,
        serving(analyzer, Door(gate=gate), listener),
    ):
        yield listener.getsockname()[1]


@pytest.fixture
def ask(port, tmp_path, monkeypatch):
    """Run a command line; the configuration is a file as Skydive's, credentials are the environment's."""
    conf = tmp_path / "skydive.conf"
    conf.write_text(
        f"host_id:\nanalyzers:\n  - 127.0.0.1:{port}\nauth:\n  mybasic:\n    # type: basic\n    users:\n"
    )
    monkeypatch.setenv("SKYDIVE_USERNAME", "ann")
    monkeypatch.setenv("SKYDIVE_PASSWORD", "secret")

    def ran(*words, conf=conf):
        named = ("--conf", str(conf)) if conf else ()
        return CliRunner().invoke(skydive.skydive, [*named, *words], catch_exceptions=True)

    return ran


def test_a_capture_is_made_listed_shown_and_deleted(ask):
    made = ask(
        "client", "capture", "create", "--gremlin", "G.V().Has('Name', Regex('^tap.*'))", "--name", "x"
    )
    told = json.loads(made.output)
    assert made.output.startswith('{\n  "UUID": ')
    assert json.loads(ask("client", "capture", "list").output) == {told["UUID"]: told}
    assert json.loads(ask("client", "capture", "get", told["UUID"]).output) == told
    again = ask("client", "capture", "create", "--gremlin=G.V().Has('Name', Regex('^tap.*'))")
    assert "has the same expression" in str(again.exception)
    assert ask("client", "capture", "delete", told["UUID"]).output == ""
    assert ask("client", "capture", "list").output == "{}\n"
    by_node = json.loads(ask("client", "capture", "create", "--node", "t1", "--ttl", "60000").output)
    assert by_node["GremlinQuery"] == "G.V().Has('TID', 't1')"
    assert by_node["ExpiresAt"] > 0
    ask("client", "capture", "delete", by_node["UUID"])


def test_questions_are_asked_in_both_forms(ask):
    new = ask("client", "query", "G.V().Values('Name')")
    old = ask("client", "topology", "query", "--gremlin", "G.V().Values('Name')")
    assert new.output == old.output == '[\n\t"tap1"\n]\n'
    assert ask("client", "query", "G", "--format", "dot").output.startswith("digraph")
    assert json.loads(ask("client", "topology", "export").output)[0]["Nodes"][0]["ID"] == "a"
    assert json.loads(ask("client", "status").output)["Nodes"] == 1
    wrong = ask("client", "query", "G.V().Has(")
    assert isinstance(wrong.exception, SfcciError)
    assert "expression:1:" in str(wrong.exception)


def test_which_analyzer_may_be_said_anywhere(ask, port, monkeypatch):
    address = f"127.0.0.1:{port}"
    assert ask("client", "--analyzer", address, "query", "G.V().Count()", conf=None).output == "1\n"
    assert ask("client", "query", "--analyzer", address, "G.V().Count()", conf=None).output == "1\n"
    monkeypatch.setenv("SKYDIVE_ANALYZER", address)
    assert ask("client", "query", "G.V().Count()", conf=None).output == "1\n"
    monkeypatch.delenv("SKYDIVE_USERNAME")
    refused = ask("client", "query", "G.V().Count()", conf=None)
    assert "SKYDIVE_USERNAME" in str(refused.exception)
    other = ask("client", "query", "G.V().Count()", "--username", "bob", conf=None)
    assert "does not know the user 'bob' with this password" in str(other.exception)
    told = ask("client", "query", "G.V().Count()", "--username", "ann", conf=None)
    assert told.output == "1\n"


def test_the_first_analyzer_that_answers_is_asked(ask, port, tmp_path):
    conf = tmp_path / "two.yml"
    conf.write_text(f"analyzers: ['127.0.0.1:1', '127.0.0.1:{port}']")
    assert ask("client", "query", "G.V().Count()", conf=conf).output == "1\n"
    conf.write_text("analyzers: ['127.0.0.1:1']")
    away = ask("client", "query", "G", conf=conf)
    assert "no analyzer answers at 127.0.0.1:1: Connection refused" in str(away.exception)


@pytest.mark.parametrize(
    ("text", "environ", "analyzers", "who"),
    [
        ("", {}, ("127.0.0.1:8082",), ("", "")),
        ("analyzers: [h:1, i:2]", {}, ("h:1", "i:2"), ("", "")),
        ("analyzers: [h:1]", {"SKYDIVE_ANALYZER": "j:3"}, ("j:3",), ("", "")),
        ("analyzers: [h:1]", {"SKYDIVE_ANALYZERS": "j:3 k:4"}, ("j:3", "k:4"), ("", "")),
        ("analyzer: {listen: 'h:5', auth: {cluster: {username: u, password: p}}}", {}, ("h:5",), ("u", "p")),
        ("auth: {analyzer_username: u, analyzer_password: 7}", {}, ("127.0.0.1:8082",), ("u", "7")),
        ("auth: {analyzer_username: u}", {"SKYDIVE_USERNAME": "v"}, ("127.0.0.1:8082",), ("v", "")),
    ],
)
def test_the_configuration_is_skydives(tmp_path, text, environ, analyzers, who):
    (tmp_path / "c.yml").write_text(text)
    conf = skydive_conf.load(str(tmp_path / "c.yml"), environ)
    assert (conf.analyzers, (conf.username, conf.password)) == (analyzers, who)


def test_users_of_the_configuration_may_ask(tmp_path):
    path = tmp_path / "c.yml"
    path.write_text(
        "analyzer: {auth: {api: {backend: mine}}}\nauth: {mine: {type: basic, users: {ann: secret}}}"
    )
    assert skydive_conf.load(str(path), {}).users == {"ann": "secret"}
    path.write_text(
        "analyzer: {auth: {api: {backend: mine}}}\nauth: {mine: {type: keystone, url: secret-url}}"
    )
    with pytest.raises(InputError, match=r"auth\.mine is of another kind") as told:
        _ = skydive_conf.load(str(path), {}).users
    assert "secret-url" not in str(told.value)


@pytest.mark.parametrize("users", ["{ann: }", "{ann: yes}", "{ann: ''}", "[ann]", "ann", "{}"])
def test_users_without_passwords_are_refused(tmp_path, users):
    path = tmp_path / "c.yml"
    path.write_text(
        f"analyzer: {{auth: {{api: {{backend: mine}}}}}}\nauth: {{mine: {{type: basic, users: {users}}}}}"
    )
    with pytest.raises(InputError, match="users with their passwords"):
        _ = skydive_conf.load(str(path), {}).users


@pytest.mark.parametrize("address", ["[::1:8082", "a..b:8082", f"{'x' * 64}:8082", "h:99999", "ftp://h"])
def test_an_analyzers_address_that_none_can_be_is_told(address):
    said = CliRunner().invoke(skydive.skydive, ["client", "--analyzer", address, "status"]).exception
    assert isinstance(said, UsageError)
    assert f"{address!r} is no analyzer's address; expected HOST:PORT" in str(said)


def test_packets_can_be_sent_without_a_pause(monkeypatch):
    sent = []
    client = type("Client", (), {"ask": lambda _self, *words: sent.append(words) or Answer(200, b"{}")})
    monkeypatch.setattr(skydive_inject, "asked_client", client)
    words = ["client", "injection", "create", "--src", "G.V()", "--interval", "0", "--count", "5"]
    CliRunner().invoke(skydive.skydive, words, catch_exceptions=False)
    ((_, _, body),) = sent
    assert (body["Interval"], body["Count"]) == (0, 5)
    assert "Payload" not in body


@pytest.mark.parametrize("text", ["- a list", "analyzers: 3", "analyzers: [1]", "a: [", "a: b: c"])
def test_a_configuration_that_is_none_is_told(tmp_path, text):
    (tmp_path / "c.conf").write_text(text)
    with pytest.raises(InputError, match=r"c\.conf"):
        _ = skydive_conf.load(str(tmp_path / "c.conf"), {}).analyzers


def test_the_name_skydive_is_installed_where_it_is_wanted_and_nothing_else_is_overwritten(tmp_path):
    sfcci = [sys.executable, "-m", "sfcci", "trace", "install-skydive", "--bin", tmp_path]

    def ran(*words):
        return subprocess.run([*sfcci, *words], capture_output=True, text=True, check=False)

    assert ran().returncode == 0
    assert ran().returncode == 0
    there = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    shown = subprocess.run(["skydive", "client", "-h"], env=there, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Usage: skydive client ")
    assert ran("--remove").returncode == 0
    assert not (tmp_path / "skydive").exists()
    (tmp_path / "skydive").write_text("somebody's")
    other = ran()
    assert (other.returncode, "is another program" in other.stderr) == (2, True)
    assert (tmp_path / "skydive").read_text() == "somebody's"
