"""The tracer's page on the analyzer of a real lab: what is captured and drawn is what packets did; it follows a lab that goes."""

import socket

import pytest

from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario, on_nodes
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer, running
from sfcci.trace.past import Recorder
from sfcci.trace.place import LabPlace
from sfcci.web.analyzer_door import Door
from sfcci.web.analyzer_server import serving

pytestmark = [pytest.mark.browser, pytest.mark.lab]
COUNTS = "document.getElementById('counts').textContent"
SIDE = "document.getElementById('side').innerText"


@pytest.fixture
def state(tmp_path):
    """A state folder whose lab ends with the test, however that ends."""
    folder = tmp_path / "state"
    yield folder
    if lab := standing.there(folder, "demo"):
        standing.down(folder, lab)


def test_a_request_is_captured_and_its_path_drawn_in_a_lab_that_comes_and_goes(page, state, picture):
    lab = standing.up(state, "demo", load_scenario("demo"), lambda _text: None)
    place = LabPlace(state, "demo")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        running(Analyzer(place, Recorder(None), Actions())) as analyzer,
        serving(analyzer, Door(), listener),
    ):
        page.events.clear()
        page.size(1400, 900)
        page.open(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        page.wait(f"{COUNTS}.startsWith('5 namespaces, 1 switch, 8 ports, 8 interfaces')")
        page.evaluate(
            "document.getElementById('tab-captures').click(); document.querySelector('.offer').click()"
        )
        page.evaluate("document.getElementById('capture-form').requestSubmit()")
        page.wait("document.querySelectorAll('.spot.captured[data-kind=jack]').length === 8")
        assert lab.lab.run("source", ["curl", "-s", "http://10.0.0.128/"], timeout_s=60).stdout
        page.evaluate("document.getElementById('tab-flows').click()")
        page.evaluate(
            "document.getElementById('flow-query').value = \"G.Flows().Has('Transport', 80).Sort()\""
        )
        page.evaluate("document.getElementById('flow-form').requestSubmit()")
        page.wait("document.querySelectorAll('#flows tbody tr').length >= 6")
        page.evaluate("document.querySelector('#flows tbody tr').click()")
        page.wait("!!document.querySelector('.packets pre')")
        page.evaluate("document.querySelector('#flows tbody button').click()")
        page.wait("document.querySelectorAll('.badge').length === 6")
        assert page.evaluate(SIDE).startswith("OK PC1")
        picture(page, "topology-live-path")
        lab.lab.run(
            "vm1", ["ip", "link", "add", "late0", "type", "veth", "peer", "name", "late1"], timeout_s=60
        )
        page.wait("!!document.querySelector(\"[aria-label^='interface late0']\")")
        standing.down(state, lab)
        page.wait("document.querySelectorAll('.spot[data-kind=card]:not(.gone)').length === 0")
        lab = standing.up(state, "demo", on_nodes(load_scenario("demo"), 3), lambda _text: None)
        page.wait("document.querySelectorAll('.spot.captured[data-kind=jack]').length === 8")
        page.wait("document.querySelectorAll('.spot[data-kind=host]:not(.gone)').length === 4")
        assert lab.lab.run("source", ["curl", "-s", "http://10.0.0.128/"], timeout_s=60).stdout
        page.wait(
            "(document.getElementById('flow-form').requestSubmit(), "
            "document.querySelectorAll('#flows tbody tr').length >= 6)"
        )
        assert page.complaints() == []
