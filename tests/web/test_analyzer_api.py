"""The analyzer's interface as Skydive's clients ask it: who may, what they send, what they get. No lab is needed for that."""

import base64
import contextlib
import http.client
import json
import struct
import time
from urllib.parse import urlencode

import pytest

from sfcci.api.listen import listening
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer, running
from sfcci.trace.history import History
from sfcci.trace.past import Recorder
from sfcci.trace.place import LabPlace
from sfcci.web.analyzer_door import Denied, Door
from sfcci.web.analyzer_server import serving

OURS = frozenset({"127.0.0.1", "localhost"})
PASSWORD = "Basic " + base64.b64encode(b"ann:secret").decode()


class Server:
    def __init__(self, analyzer, port):
        self.analyzer, self.port = analyzer, port
        self.gone = False
        """Whether the user was taken away."""

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")
        connection.close()
        return answer

    def said(self, method, path, body=None, **headers):
        answer = self.ask(method, path, body, **headers)
        return answer.status, json.loads(answer.text)

    def query(self, text, **headers):
        return self.ask("POST", "/api/topology", {"GremlinQuery": text}, **headers)


@contextlib.contextmanager
def served(folder, door, history=None):
    """An analyzer of a lab that is not up, with two nodes that the test put there."""
    analyzer = Analyzer(LabPlace(folder, "none"), Recorder(history), Actions())
    for name in ("a", "b"):
        analyzer.graph.put_node(name, {"Name": name, "Type": "veth", "IfIndex": 1}, now_ms=1000)
    analyzer.graph.put_edge("e", "a", "b", {"RelationType": "layer2"}, now_ms=1000)
    with running(analyzer), listening("127.0.0.1", 0) as listener, serving(analyzer, door, listener):
        yield Server(analyzer, listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analyzer")
    history = History(f"sqlite:///{folder}/h.sqlite")
    with served(folder, Door(hosts=OURS), history) as made:
        yield made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    async def gate(headers):
        if made.gone:
            raise Denied(401, "who was that?")
        if headers.get("authorization") == PASSWORD or headers.get("x-auth-token") == "of-a-user":
            return "ann"
        raise Denied(401, "who are you?")

    with served(tmp_path_factory.mktemp("guarded"), Door(gate=gate)) as made:
        yield made


def test_it_says_what_it_is(server):
    status, told = server.said("GET", "/api")
    assert status == 200
    assert told["Service"] == "analyzer"
    status, told = server.said("GET", "/api/status")
    assert (told["Place"], told["Connected"], told["Nodes"], told["Edges"]) == ("none", False, 2, 1)


def test_an_expression_is_answered_in_the_form_that_is_accepted(server):
    assert server.said("POST", "/api/topology", {"GremlinQuery": "G.V().Values('Name')"}) == (200, ["a", "b"])
    assert server.query("").status == 204
    assert server.said("GET", "/api/topology")[1][0]["Nodes"][0]["ID"] == "a"
    dot = server.query("G", Accept="text/vnd.graphviz")
    assert dot.text.startswith("digraph")
    bad = server.query("G.V().Hass('x')")
    assert (bad.status, "1:7" in bad.text, "Traceback" in bad.text) == (400, True, False)
    assert server.query("G.V()", Accept="application/vnd.tcpdump.pcap").status == 400


def test_captures_are_made_shown_and_ended(server):
    status, made = server.said(
        "POST", "/api/capture", {"GremlinQuery": "G.V().Has('Name', 'a')", "Name": "mine"}
    )
    assert (status, made["Count"]) == (201, 0)
    assert server.said("GET", "/api/capture")[1] == {made["UUID"]: made}
    assert server.said("GET", f"/api/capture/{made['UUID']}")[1] == made
    again = server.ask("POST", "/api/capture", {"GremlinQuery": "G.V().Has('Name', 'a')"})
    assert (again.status, made["UUID"] in again.text) == (409, True)
    assert server.ask("POST", "/api/capture", {"GremlinQuery": "G.V().Count()"}).status == 400
    assert server.ask("POST", "/api/capture", {"GremlinQuery": "G.V("}).status == 400
    assert server.ask("DELETE", f"/api/capture/{made['UUID']}").status == 200
    assert server.ask("DELETE", f"/api/capture/{made['UUID']}").status == 404
    assert server.ask("GET", "/api/capture/none").status == 404


def test_yaml_is_taken_and_a_capture_may_end_by_itself(server):
    body = "GremlinQuery: G.V().Has('Name', 'b')\nRawPacketLimit: -1\n"
    answer = server.ask("POST", "/api/capture", body, Content_Type="application/yaml", X_Resource_TTL="200ms")
    assert answer.status == 201
    assert json.loads(answer.text)["RawPacketLimit"] == -1
    end = time.monotonic() + 60
    while server.said("GET", "/api/capture")[1] and time.monotonic() < end:
        time.sleep(0.02)
    assert server.said("GET", "/api/capture")[1] == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/capture", "[1]", 400),
        ("/api/capture", '{"GremlinQuery": 3}', 400),
        ("/api/capture", "{", 400),
        ("/api/capture", b"\xff\xfe", 400),
        ("/api/capture", "[" * 100_000, 400),
        ("/api/topology", '{"GremlinQuery": ["G"]}', 400),
        ("/api/capture", "x" * (1 << 20) + "y", 413),
        ("/api/injectpacket", '{"Src": "G.V()", "Type": "smoke"}', 400),
        ("/api/alert", '{"Expression": "G.V().Has("}', 400),
        ("/api/alert", '{"Expression": "G", "Action": "file:///bin/true"}', 400),
        ("/api/nothing", "{}", 404),
    ],
)
def test_what_cannot_be_taken_is_told_in_words(server, path, body, status):
    answer = server.ask("POST", path, body)
    assert (answer.status, "Traceback" in answer.text) == (status, False)


def test_an_injection_wants_the_place(server):
    answer = server.ask("POST", "/api/injectpacket", {"Src": "G.V().Has('Name', 'a')", "DstIP": "10.0.0.1"})
    assert (answer.status, "no lab none is up" in answer.text) == (502, True)


def test_alerts_are_made_shown_and_ended(server):
    status, made = server.said("POST", "/api/alert", {"Name": "x", "Expression": "G.V().Has('Name', 'z')"})
    assert (status, made["Trigger"]) == (201, "graph")
    assert list(server.said("GET", "/api/alert")[1]) == [made["UUID"]]
    assert server.ask("DELETE", f"/api/alert/{made['UUID']}").status == 200
    assert server.said("GET", "/api/alert")[1] == {}


def _capture_file():
    """One UDP datagram of 2001, as a classic capture."""
    ip = bytes.fromhex("4500002000010000401100000a0000010a000002")
    frame = (
        bytes.fromhex("02000000000202000000000108 00".replace(" ", ""))
        + ip
        + bytes.fromhex("1388177000 0c0000".replace(" ", ""))
        + b"data"
    )
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + struct.pack("<IIII", 1_000_000_000, 5, len(frame), len(frame)) + frame


def test_a_file_of_packets_becomes_flows_that_stay_asked_for(server):
    assert server.said("POST", "/api/pcap", _capture_file()) == (202, {"Flows": 1, "Undecodable": 0})
    flow = json.loads(server.query("G.Flows().Has('Network', '10.0.0.1')").text)[0]
    assert (flow["Transport"]["B"], flow["Metric"]["ABPackets"], flow["Start"]) == (
        6000,
        1,
        1_000_000_000_000,
    )
    assert json.loads(server.query("G.At(1000000000).Flows().Count()").text) == 1
    assert server.ask("POST", "/api/pcap", b"no capture at all").status == 400
    foreign = struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 189, 1, 0, 4, 4) + b"USB!"
    refused = server.ask("POST", "/api/pcap", foreign)
    assert (refused.status, "no frame in it can be read" in refused.text) == (400, True)


def test_no_more_files_are_taken_in_than_there_is_room_for(server):
    held = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(2)]
    whole = _capture_file()
    for connection in held:  # they have begun, and not ended
        connection.putrequest("POST", "/api/pcap")
        connection.putheader("Content-Length", str(len(whole)))
        connection.endheaders(whole[:10])
    end = time.monotonic() + 60
    while (refused := server.ask("POST", "/api/pcap", whole)).status != 503 and time.monotonic() < end:
        time.sleep(0.01)
    assert "2 files are being taken in" in refused.text
    for connection in held:
        connection.send(whole[10:])
        assert connection.getresponse().status == 202
        connection.close()
    assert server.ask("POST", "/api/pcap", whole).status == 202


def test_a_file_that_takes_too_long_is_given_up(server, monkeypatch):
    monkeypatch.setattr("sfcci.web.analyzer_api.IMPORT_S", -1.0)
    answer = server.ask("POST", "/api/pcap", _capture_file())
    assert (answer.status, "send it in parts" in answer.text) == (400, True)


def test_strangers_pages_are_refused(server):
    assert server.ask("GET", "/api", Host="evil.example").status == 400
    assert server.ask("GET", "/", Host="evil.example").status == 400
    for headers in (
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        answer = server.ask("POST", "/api/capture", {"GremlinQuery": "G.V()"}, **headers)
        assert answer.status == 403
    own = server.ask(
        "POST",
        "/api/topology",
        {"GremlinQuery": "G.V().Count()"},
        Origin=f"http://127.0.0.1:{server.port}",
        Sec_Fetch_Site="same-origin",
    )
    assert own.text == "2"


def test_pages_and_their_files_are_there_and_carry_the_headers(server):
    page = server.ask("GET", "/")
    assert page.status == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert server.ask("GET", "/static/topology.js").status == 200
    assert server.ask("GET", "/static/../secret").status == 404


def test_a_user_shows_who_he_is_by_any_of_skydives_ways(guarded):
    refused = guarded.ask("GET", "/api")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="Skydive Authentication", charset="UTF-8"',
    )
    token = PASSWORD.split()[1]
    assert guarded.ask("GET", "/api", Authorization=PASSWORD).status == 200
    assert guarded.ask("GET", "/api", X_Auth_Token=token).status == 200
    assert guarded.ask("GET", "/api", X_Auth_Token="of-a-user").status == 200
    assert guarded.ask("GET", "/api", Cookie=f"authtok={token}").status == 200
    assert guarded.ask("GET", "/api", Cookie=f"x=1; authtoken={token}").status == 200
    assert guarded.ask("GET", "/api?" + urlencode({"x-auth-token": token})).status == 200
    assert guarded.ask("GET", "/api", X_Auth_Token="wrong").status == 401
    assert guarded.ask("GET", "/api/events").status == 401


def test_who_logs_in_gets_a_token_that_holds_no_password(guarded):
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    wrong = guarded.ask("POST", "/login", "username=ann&password=no", **form)
    assert (wrong.status, wrong.headers.get("WWW-Authenticate")) == (401, None)
    answer = guarded.ask("POST", "/login", "username=ann&password=secret", **form)
    told = json.loads(answer.text)
    cookies = answer.headers.get_all("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"authtok", "authtoken"}
    assert all("HttpOnly" in cookie and "SameSite=strict" in cookie for cookie in cookies)
    assert base64.b64decode(told["Token"]) != b"ann:secret"
    assert guarded.ask("GET", "/api", X_Auth_Token=told["Token"]).status == 200
    assert guarded.ask("GET", "/api", Cookie=cookies[0].partition(";")[0]).status == 200
    assert guarded.ask("GET", "/").status == 200
    guarded.gone = True
    assert guarded.ask("GET", "/api", X_Auth_Token=told["Token"]).status == 401
    guarded.gone = False
    assert guarded.ask("GET", "/api", X_Auth_Token=told["Token"]).status == 200


def test_open_pages_hear_of_what_changes(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/api/events")
    stream = connection.getresponse()

    def heard(name):
        while stream.readline().decode().strip() != f"event: {name}":
            pass
        return json.loads(stream.readline().decode().removeprefix("data: "))

    first = heard("graph")
    assert (first["whole"], [node["ID"] for node in first["nodes"]][:2]) == (True, ["a", "b"])
    assert heard("captures") == {}
    with server.analyzer.lock:
        server.analyzer.graph.put_node("c", {"Name": "c"}, now_ms=2000)
    told = heard("graph")
    assert (told["whole"], [node["ID"] for node in told["nodes"]], told["gone"]) == (False, ["c"], [])
    with server.analyzer.lock:
        server.analyzer.graph.drop_node("c", now_ms=3000)
    assert heard("graph")["gone"] == ["c"]
    _, made = server.said("POST", "/api/capture", {"GremlinQuery": "G.V().Has('Name', 'c')"})
    assert list(heard("captures")) == [made["UUID"]]
    server.ask("DELETE", f"/api/capture/{made['UUID']}")
    assert heard("captures") == {}
    connection.close()
