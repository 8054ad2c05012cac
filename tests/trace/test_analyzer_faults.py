"""What goes wrong in a place, or with an alert, ends neither the analyzer nor its other work."""

import contextlib
import threading
import time

from sfcci.errors import Unreachable
from sfcci.trace.alert import Alert
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer, running
from sfcci.trace.past import Recorder
from sfcci.trace.place import Here, Machine


def test_a_kernel_that_refuses_is_said_and_asked_again(monkeypatch):
    monkeypatch.setattr("sfcci.trace.analyzer.TICK_S", 0.001)
    said, asked = [], threading.Barrier(2)

    class Refused(Machine):
        def opened(self, graph):
            assert not graph.nodes()
            with contextlib.suppress(threading.BrokenBarrierError):
                asked.wait(60)
            raise OSError(28, "no more watches")

    analyzer = Analyzer(Refused(), Recorder(None), Actions(), said.append)
    thread = threading.Thread(target=analyzer.run)
    thread.start()
    for _ in range(3):
        asked.wait(60)
    assert analyzer.query("G.V().Count()").json() == 0
    analyzer.end()
    asked.abort()
    thread.join(60)
    assert said == ["OSError: [Errno 28] no more watches"]
    assert analyzer.status()["Unrecorded"] == 0


def test_an_action_that_fails_in_a_new_way_hinders_no_other():
    said, done = [], threading.Event()

    def point(alert, _value, _at_s):
        if alert.name == "bad":
            raise ZeroDivisionError("what nobody thought of")
        done.set()

    actions = Actions(said.append, point=point)
    actions.point(Alert("1", "G.V()", "bad"), 1.0)
    actions.point(Alert("2", "G.V()", "good"), 1.0)
    assert done.wait(60)
    actions.close()
    assert said == ["alert bad: ZeroDivisionError: what nobody thought of"]


class Vanishing:
    """A place whose end is heard of first by who reads packets; only then the topology is told to let go."""

    name, ended = "lab", False

    def __init__(self):
        self.live = self.topology = self
        self.opener = None

    @contextlib.contextmanager
    def opened(self, graph):
        self.graph = graph
        graph.put_node("n", {"Type": "netns"}, now_ms=1)
        yield Here(None, self, self)

    def catch_up(self):
        assert self.graph.node("n")

    def wait(self, _timeout_s, _wake):
        self.ended = True

    def want(self, _wanted):
        """Nothing is captured."""

    def states(self):
        return {}

    def do(self, work):
        return work()

    def forget(self):
        self.graph.drop_node("n", now_ms=2)

    def missing(self):
        return Unreachable("no lab is up")


def test_a_place_that_ends_leaves_no_nodes_whoever_hears_of_it_first():
    said, gone = [], threading.Event()
    analyzer = Analyzer(Vanishing(), Recorder(None), Actions(), said.append)
    analyzer.graph.put_node("host", {"Type": "host"}, now_ms=1)
    analyzer.graph.put_node("n", {"Type": "netns"}, now_ms=1)
    analyzer.subscribe(lambda kind, _what: gone.set() if kind == "captures" else None)
    thread = threading.Thread(target=analyzer.run)
    thread.start()
    assert gone.wait(60)
    analyzer.end()
    thread.join(60)
    assert [node.id for node in analyzer.graph.nodes()] == ["host"]


class Still(Vanishing):
    """A place where nothing happens; `waits` are the times for which it was waited."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, timeout_s, _wake):
        self.waits.append(timeout_s)
        time.sleep(timeout_s)


def test_an_alert_whose_time_has_come_is_asked_then_and_waited_for():
    place, asked = Still(), []
    actions = Actions(point=lambda _alert, _value, at_s: asked.append(at_s))
    analyzer = Analyzer(place, Recorder(None), actions)
    with running(analyzer):
        with analyzer.lock:
            analyzer.alerts.create({"Expression": "G.V().Count()", "Trigger": "duration:200ms"}, 0)
        end = time.monotonic() + 60
        while len(asked) < 10 and time.monotonic() < end:
            time.sleep(0.01)
    assert len(asked) >= 10
    assert len(place.waits) < 100, "it does not ask the clock all the time"


class Going(Still):
    """A place whose database is away: what happens there is heard of no more."""

    def catch_up(self):
        if self.waits:
            raise Unreachable("the database of the switch is gone")


def test_a_question_while_a_place_goes_is_answered_by_what_is_known():
    place = Going()
    analyzer = Analyzer(place, Recorder(None), Actions())
    place.graph = analyzer.graph
    analyzer.graph.put_node("n", {"Type": "netns"}, now_ms=1)
    analyzer._here = Here(None, place, place)
    place.waits.append(0)
    assert analyzer.query("G.V().Count()").json() == 1
