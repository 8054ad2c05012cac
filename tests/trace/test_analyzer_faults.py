"""What goes wrong in a place, or with an alert, ends neither the analyzer nor its other work."""

import contextlib
import threading

from sfcci.trace.alert import Alert
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer
from sfcci.trace.past import Recorder
from sfcci.trace.place import Machine


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
