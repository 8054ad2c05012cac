"""The tracer's page as a person uses it: it grows, one finds and highlights, captures, reads flows, sees a request's path."""

import base64
import importlib.util
import json
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


def neighbour(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, made)
    spec.loader.exec_module(made)
    return made


topology, stand_in = neighbour("topology_world"), neighbour("topology_analyzer")
TAPS = "G.V().Has('Name', Regex('^tap'))"
LIT = "[...document.querySelectorAll('.spot.lit:not(.label)')].map((s) => s.getAttribute('aria-label'))"
SIDE = "document.getElementById('side').innerText"
COUNTS = "document.getElementById('counts').textContent"


@pytest.fixture
def analyzer(page):
    """The demonstration, captured at all its taps, after one request."""
    world = topology.demo()
    found = list(topology.flows(world))
    for tap in world.taps.values():
        world.outer(tap)["Metadata"]["Captures"] = [
            {"ID": "c1", "State": "active", "Name": "taps", "PacketsReceived": 120, "PacketsDropped": 0}
        ]
    page.events.clear()
    page.size(1400, 900)
    with stand_in.served(world) as served:
        served.answers = {"G.Flows().Sort().Count()": len(found), "G.Flows().Sort()": found}
        served.answers[TAPS] = [world.outer(tap) for tap in world.taps.values()]
        served.captures["c1"] = {"UUID": "c1", "GremlinQuery": TAPS, "Name": "taps", "Count": 8}
        served.paths[topology.TRACKED] = [topology.path(world)]
        yield served


def write(page, id_, text):
    page.evaluate(f"document.getElementById('{id_}').select()")
    page.ask("Input.insertText", text=text)


def key(page, letter):
    for kind in ("keyDown", "keyUp"):
        page.ask(
            "Input.dispatchKeyEvent", type=kind, key=letter, **({"text": letter} if kind == "keyDown" else {})
        )


def click(page, selector):
    page.evaluate(
        f"document.querySelector({json.dumps(selector)}).dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
    )


def test_it_goes_from_empty_to_crowded_and_back_without_being_asked(page, picture):
    world = topology.World()
    host = dict(world.nodes)
    world.nodes.clear()
    with stand_in.served(world) as served:
        page.size(1400, 900)
        page.open(served.url)
        assert "Nothing is here yet" in page.evaluate("document.getElementById('empty').innerText")
        picture(page, "topology-empty")
        whole = topology.demo()
        served.tell("graph", {**whole.whole(), "whole": False})
        page.wait(f"{COUNTS}.startsWith('5 namespaces, 1 switch, 8 ports, 8 interfaces')")
        assert page.evaluate("document.getElementById('empty').hidden")
        crowd = topology.crowded()
        served.tell("graph", crowd.whole())
        page.wait(f"{COUNTS}.startsWith('72 namespaces, 3 switches')")
        page.wait("document.querySelectorAll('.spot[data-kind=card]:not(.gone)').length === 73")
        picture(page, "topology-crowded")
        gone = [one for one in crowd.nodes if one not in host]
        served.tell("graph", {"whole": False, "nodes": [], "edges": [], "gone": [*gone, *crowd.edges, *host]})
        page.wait("!document.getElementById('empty').hidden")
        assert page.complaints() == []


OVERLAPS = """(() => {
  const box = (one) => { const { left, top, right, bottom } = one.querySelector('.box').getBoundingClientRect(); return { left, top, right, bottom, name: one.getAttribute('aria-label') }; };
  const cards = [...document.querySelectorAll('.spot[data-kind=card], .spot[data-kind=switch]:not(.label)')].map(box);
  const found = [];
  cards.forEach((a, n) => cards.slice(n + 1).forEach((b) => { if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push([a.name, b.name]); }));
  for (const wire of document.querySelectorAll('.wire')) {
    const length = wire.getTotalLength(), matrix = wire.getScreenCTM();
    for (let at = 0; at <= length; at += 4) {
      const { x, y } = wire.getPointAtLength(at).matrixTransform(matrix);
      for (const one of cards) if ((one.name.startsWith('namespace') || !wire.classList.contains('patch')) && x > one.left + 1 && x < one.right - 1 && y > one.top + 12 && y < one.bottom - 12) found.push([wire.dataset.wire, one.name]);
    }
  }
  return found;
})()"""


@pytest.mark.parametrize("width", [1400, 390])
def test_no_card_covers_another_and_no_wire_crosses_one(page, width):
    with stand_in.served(topology.crowded(40)) as served:
        page.size(width, 900)
        page.ask(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}]
        )
        page.open(served.url)
        assert page.evaluate(OVERLAPS) == []


def test_a_highlight_is_yellow_follows_the_topology_and_tells_what_is_wrong(page, analyzer, picture):
    page.open(analyzer.url)
    key(page, "h")
    write(page, "highlight", TAPS)
    page.press("Enter")
    page.wait(f"{LIT}.length === 8")
    assert page.evaluate("document.getElementById('highlighted').textContent") == "8 of 38 nodes"
    assert page.evaluate("new URLSearchParams(location.search).get('highlight')") == TAPS
    page.wait("getComputedStyle(document.querySelector('.spot.lit .box')).fill === 'rgb(255, 210, 31)'")
    picture(page, "topology-highlight")
    world = analyzer.world
    tap = world.plug(topology._id("br-int"), world.namespace("late"), "eth0", "10.0.0.99")
    analyzer.answers[TAPS].append(world.outer(tap))
    analyzer.tell("graph", world.whole())
    page.wait(f"{LIT}.length === 9")
    page.evaluate("document.getElementById('only').click()")
    page.wait("document.querySelectorAll('.spot[data-kind=card]:not(.gone)').length === 6")
    analyzer.answers["G.V("] = (400, "column 5: expected ) or a parameter")
    write(page, "highlight", "G.V(")
    page.press("Enter")
    page.wait("document.getElementById('highlighted').textContent.startsWith('column 5')")
    assert page.evaluate(f"{LIT}.length") == 0
    analyzer.answers["G.Flows()"] = analyzer.answers["G.Flows().Sort()"]
    write(page, "highlight", "G.Flows()")  # of flows: where they were captured
    page.press("Enter")
    page.wait(f"{LIT}.length === 6")
    click(page, "#clear")
    page.wait(f"{LIT}.length === 0")


def test_one_finds_by_address_and_goes_on_by_the_arrows(page, analyzer):
    page.open(analyzer.url)
    key(page, "/")
    write(page, "find", "10.0.0.130")
    page.wait("document.querySelectorAll('#found [role=option]').length === 1")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait(f"{SIDE}.startsWith('p2in')")
    assert "10.0.0.130" in page.evaluate(SIDE)
    page.press("Escape")
    page.wait("document.getElementById('side').hidden")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "interface p2in, 10.0.0.130"
    page.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "interface p2out, 10.0.0.38"
    page.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("port tap")
    page.press("Enter")
    page.wait(f"{SIDE}.includes('taps: 120 packets')")
    assert page.complaints() == []


def test_a_capture_begins_is_told_of_and_ends(page, analyzer, picture):
    page.open(analyzer.url)
    key(page, "c")
    assert page.evaluate("document.querySelector('#captures tbody').innerText").split()[-5:] == [
        "taps",
        "8",
        "960",
        "0",
        "Delete",
    ]
    write(page, "capture-query", TAPS)
    page.press("Enter")
    page.wait("document.getElementById('capture-why').textContent === 'Duplicate capture'")
    click(page, "[data-spot][data-kind=switch]")
    page.wait(f"{SIDE}.startsWith('br-int')")
    page.evaluate(
        "[...document.querySelectorAll('#side button')].find((b) => b.textContent === 'Capture here').click()"
    )
    page.evaluate("document.getElementById('capture-bpf').value = 'tcp port 80'")
    page.evaluate("document.getElementById('capture-form').requestSubmit()")
    page.wait("document.querySelectorAll('#captures tbody tr').length === 2")
    tid = analyzer.world.nodes[topology._id("br-int")]["Metadata"]["TID"]
    assert analyzer.captures["c2"] == {
        "UUID": "c2", "Count": 0, "GremlinQuery": f"G.V().Has('TID', '{tid}')", "Name": "br-int", "BPFFilter": "tcp port 80",
        "RawPacketLimit": 10,
    }  # fmt: skip
    picture(page, "topology-captures")
    page.evaluate("document.querySelector('[data-capture=c1] button').click()")
    page.wait("document.querySelectorAll('#captures tbody tr').length === 1")
    assert list(analyzer.captures) == ["c2"]


def test_flows_are_read_pointed_at_and_opened_to_the_octet(page, analyzer, picture):
    data = base64.b64encode(b"GET / HTTP/1.1\r\n").decode()
    packets = [
        {"Timestamp": topology.BEGIN_MS + n, "Index": n, "Data": data, "LinkType": 1} for n in range(2)
    ]
    analyzer.answers["G.Flows().Has('UUID', 'f000000000000000').RawPackets()"] = [
        {"f000000000000000": packets}
    ]
    page.open(analyzer.url)
    page.wait("document.querySelectorAll('#flows tbody tr').length === 6")
    rows = page.evaluate(
        "[...document.querySelectorAll('#flows tbody tr')].map((r) => r.dataset.flow.at(-1))"
    )
    assert rows == list("543210")  # the newest first
    first = page.evaluate("document.querySelector('#flows tbody tr:last-child').innerText")
    for text in (
        "10.0.0.103:43210",
        "10.0.0.128:80",
        "6 → 4 ←",
        "812 µs",
        analyzer.world.taps["source", "source_vm_port"],
    ):
        assert text in first
    assert "MPLS 511" in page.evaluate("document.querySelector('#flows tbody').innerText")
    page.evaluate("document.querySelector('#flows tbody tr').focus()")
    page.wait(
        "document.querySelectorAll('.spot.pointed').length === 6"
    )  # each place that this request was seen at
    page.evaluate(
        "[...document.querySelectorAll('.checks label')].find((l) => l.textContent === 'LayersPath').firstChild.click()"
    )
    assert "Ethernet/IPv4/TCP" in page.evaluate("document.querySelector('#flows tbody').innerText")
    click(page, "[data-flow=f000000000000000]")
    page.wait(f"{SIDE}.includes('2 raw packets')")
    assert "47 45 54 20 2f 20 48 54  GET / HT" in page.evaluate(
        "document.querySelector('.packets pre').textContent"
    )
    picture(page, "topology-flow")
    write(page, "flow-query", "G.Flows().Dedup('L3TrackingID').Count()")
    analyzer.answers["G.Flows().Dedup('L3TrackingID').Count()"] = 1
    page.evaluate("document.getElementById('flow-form').requestSubmit()")
    page.wait("document.querySelector('.plain').textContent === '1'")
    assert page.complaints() == []


def test_of_many_flows_the_newest_are_asked_for(page, analyzer):
    analyzer.answers["G.Flows().Sort().Count()"] = 90_000
    analyzer.answers["G.Flows().Sort().Range(89500, 90000)"] = analyzer.answers.pop("G.Flows().Sort()")
    page.open(analyzer.url)
    page.wait("document.querySelector('.said').textContent.startsWith('6 of 90000 flows')")
    assert "G.Flows().Sort()" not in analyzer.asked


def test_a_requests_path_is_drawn_over_the_topology(page, analyzer, picture):
    page.open(analyzer.url)
    page.wait("!!document.querySelector('#flows tbody button')")
    page.evaluate("document.querySelector('#flows tbody button').click()")
    page.wait("!!document.querySelector('.way')")
    assert (
        page.evaluate("[...document.querySelectorAll('.badge')].map((b) => b.textContent).join('')")
        == "123456"
    )
    on_way = "[...document.querySelectorAll('.spot[data-kind=card].on-way .title')].map((t) => t.textContent).sort().join()"
    assert page.evaluate(on_way) == "dest,source,vm2,vm3"
    told = page.evaluate(SIDE)
    for text in (
        "OK PC1",
        "10.0.0.103:43210 → 10.0.0.128:80",
        "MPLS 511",
        "216 µs inside",
        "PG1: PP2, one of 2 · path 1, index 255 · label 511 within the switch",
        "PG2 through PP3",
    ):
        assert text in told
    page.evaluate("document.querySelectorAll('.passes li')[3].focus()")
    page.wait("document.querySelector('.badge.current')?.textContent === '4'")
    assert page.evaluate("new URLSearchParams(location.search).get('path')") == topology.TRACKED
    picture(page, "topology-path")
    page.press("Escape")
    page.wait("!document.querySelector('.way') && document.getElementById('side').hidden")
    assert page.complaints() == []


DROPPED = (
    (4, "vm3", "in the function", "namespace vm3", []),
    (3, "vm2", "in the switch", "switch br-int", ["namespace vm3"]),
    (
        1,
        "source",
        "before the classifier",
        "switch br-int",
        ["namespace vm1", "namespace vm2", "namespace vm3"],
    ),
)
"""Passes, the node and the place that the verdict names, what is crossed out, what is shown as not visited."""


def test_where_a_request_was_dropped_is_crossed_out(page, analyzer, picture):
    analyzer.paths["d"] = [
        topology.path(
            analyzer.world, until=until, verdict="DROPPED-AT", node=node, where=where, says=f"dropped {where}"
        )
        for until, node, where, _broken, _missed in DROPPED
    ]
    page.open(f"{analyzer.url}?path=d")
    label = "(c) => [...document.querySelectorAll(c)].map((s) => s.getAttribute('aria-label'))"
    for number, (until, _node, where, broken, missed) in enumerate(DROPPED):
        page.wait(f"document.querySelectorAll('.paths button').length === {len(DROPPED)}")
        page.evaluate(f"document.querySelectorAll('.paths button')[{number}].click()")
        page.wait(f"{SIDE}.includes('dropped {where}') && !!document.querySelector('.cross')")
        assert page.evaluate("document.querySelectorAll('.badge').length") == until
        assert page.evaluate(f"({label})('.spot.broken:not(.label)')") == [broken]
        assert page.evaluate(f"({label})('.spot.missed')") == missed
        picture(page, f"topology-dropped-{until}")


def test_a_copy_for_a_tap_is_a_branch_of_the_path(page, analyzer):
    found = topology.path(analyzer.world)
    copy = {
        **found["passes"][1],
        "node": "vm1",
        "port": "p1in",
        "tap": analyzer.world.taps["vm1", "p1in"],
        "encap": [],
        "copy": True,
    }
    analyzer.paths["c"] = [{**found, "passes": [*found["passes"][:3], copy, *found["passes"][3:]]}]
    page.open(f"{analyzer.url}?path=c")
    page.wait("document.querySelectorAll('.way.copy').length === 1")
    assert (
        page.evaluate("[...document.querySelectorAll('.badge')].map((b) => b.textContent).sort().join('')")
        == "1234567"
    )
    assert "vm1 got a copy" in page.evaluate(SIDE)


def test_packets_are_sent_from_an_interface(page, analyzer):
    page.open(analyzer.url)
    click(page, "[data-spot][aria-label^='interface source_vm_port']")
    page.wait("!!document.querySelector('.send form')")
    page.evaluate("document.querySelector('.send input').value = '10.0.0.128'")
    page.evaluate("document.querySelector('.send form').requestSubmit()")
    page.wait("document.querySelector('.send [role=status]').textContent.startsWith('Sent')")
    source, dest = (
        analyzer.world.nodes[topology._id(f"if {one} {one}_vm_port")]["Metadata"]["TID"]
        for one in ("source", "dest")
    )
    assert analyzer.sent == [
        {
            "Src": f"G.V().Has('TID', '{source}')", "Dst": f"G.V().Has('TID', '{dest}')", "DstIP": "10.0.0.128", "Type": "tcp4",
            "Count": 1, "Interval": 0, "DstPort": 80,
        }
    ]  # fmt: skip


def test_a_server_that_knows_its_users_asks_who_it_is(page, analyzer, picture):
    analyzer.token = "YWRtaW46cmlnaHQ"
    page.ask("Page.navigate", url=analyzer.url)
    page.wait("document.getElementById('login')?.open")
    picture(page, "topology-login")
    for word, then in (
        ("wrong", "document.getElementById('login-why').textContent !== ''"),
        ("right", "document.body.dataset.state === 'ready'"),
    ):
        write(page, "username", "admin")
        write(page, "password", word)
        page.press("Enter")
        page.wait(then)
    page.wait(
        f"{COUNTS}.startsWith('5 namespaces') && document.querySelectorAll('#flows tbody tr').length === 6"
    )
    page.ask("Network.clearBrowserCookies")


@pytest.mark.parametrize(("width", "dark"), [(1400, True), (320, False)])
def test_nothing_is_cut_off_and_nothing_is_asked_of_others(page, analyzer, picture, width, dark):
    page.size(width, 844, dark=dark)
    page.open(f"{analyzer.url}?path={topology.TRACKED}")
    page.wait("!!document.querySelector('.way')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(one.startswith(analyzer.url) for one in page.addresses() if not one.startswith("about:"))
    picture(page, f"topology-path-{width}-{'dark' if dark else 'light'}")
    assert page.complaints() == []
