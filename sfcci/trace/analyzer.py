"""The analyzer: what there is, what passes, and what is asked of both, while labs come and go.

One thread follows the topology, ends flows, writes the history and asks the alerts; whoever asks (`query`, captures) may
be any thread. `lock` is held where the graph, captures or tables are read or changed; packets never wait for it.
"""

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sfcci.errors import SfcciError, Unreachable
from sfcci.trace import alert, bpf, captures, gremlin
from sfcci.trace.alert_action import Actions
from sfcci.trace.alert_watch import Alerts
from sfcci.trace.captures import Capture
from sfcci.trace.flow import FlowRecord
from sfcci.trace.flow_store import FlowStore, directly
from sfcci.trace.graph import Element, Graph, Node
from sfcci.trace.gremlin import Answer
from sfcci.trace.past import Past, Recorder
from sfcci.trace.place import Here, Place
from sfcci.trace.tapping import Tapping
from sfcci.trace.topology_ask import with_rules
from sfcci.trace.unanswered import Conflict, NoSuch

TICK_S: Final = 2.0
SHARE: Final = 20
"""Ending flows and writing them takes at most one part in so many of the time."""
MOST_AT_END: Final = 50_000
"""Flows that are written before a place, or the analyzer, is left: a few seconds."""
REST_S: Final = 5.0
"""How long nothing happens by itself where nothing is captured."""
_INTERFACE_METRICS: Final = re.compile(r"\.\s*v\s*\(.*metric", re.IGNORECASE | re.DOTALL)
"""Expressions that may ask for what interfaces have counted."""
_RULES: Final = re.compile(r"ofrule|ofgroup")
"""Expressions that ask for what switches hold."""
_PAST: Final = re.compile(r"\b(at|context|since)\s*\(", re.IGNORECASE)
"""Expressions that may ask for what was."""
Listener = Callable[[str, Any], None]
"""Hears ("node added", node) and so on, and ("captures", None)."""


class Analyzer:
    """See the module. Made by `running`."""

    def __init__(
        self,
        place: Place,
        recorder: Recorder,
        actions: Actions,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.place, self.say = place, say
        self.lock = threading.RLock()
        self.started_ms = _now_ms()
        self.graph = Graph()
        """The topology; read it with `lock` held."""
        self.store = FlowStore()
        self.recorder, self.actions = recorder, actions
        self.captures: dict[str, Capture] = {}
        self._wrong: dict[str, str] = {}
        """What has been said of captures that cannot be carried out now."""
        self.alerts = Alerts(
            lambda text: gremlin.query(text, self._world_for(text)).json(), recorder, actions, say
        )
        self._listeners: list[Listener] = []
        self._here: Here | None = None
        self._tapping: Tapping | None = None
        self._stale = self._news = True
        """Whether the topology has changed since captures, and alerts, have looked at it."""
        self._end = threading.Event()
        self.ready = threading.Event()
        """Set when the topology is known for the first time, or why it is not has been said."""
        self._quiet = self._overlaying = False
        self.graph.on_change(self._changed)
        self._recall()

    # Questions

    def query(self, text: str) -> Answer:
        """Answer a Gremlin expression about now: all that has happened before the call is seen. Raises InputError."""
        with self.lock:
            # a place that is going: what is known of it still is the answer, until the thread hears of its end
            with contextlib.suppress(Unreachable):
                self._catch_up()
            world = self._world_for(text)
            if not _PAST.search(text):
                return gremlin.query(text, world)
            world = replace(world, graph=world.graph.copy())
        return gremlin.query(text, world)  # reading the history takes seconds, in which others may ask

    def _world_for(self, text: str) -> gremlin.World:
        """Give the world with what only some expressions ask for: what interfaces count, what switches hold."""
        if self._here and _INTERFACE_METRICS.search(text):
            with self._overlay(quiet=True):
                self._here.topology.measure()
        ruled = self._here if _RULES.search(text) else None
        return replace(self._world(), graph=with_rules(ruled.topology) if ruled else self.graph)

    def _world(self) -> gremlin.World:
        return gremlin.World(
            graph=self.graph,
            flows=self.store.flows,
            history=Past(self.recorder, self.store.flows, _now_ms, self.lock),
            bpf=lambda expression, link_type: bpf.compiled(expression, link_type).matches,
            chain_path=self.chain_paths,
            now_ms=_now_ms,
        )

    def chain_paths(self, flows: Sequence[FlowRecord]) -> dict[str, Any]:
        """Judge requests by the chains of the place. Raises UsageError where it has none (the machine itself)."""
        with self.lock:
            captured = self._tapping.beside_switch() if self._tapping else ()
            return self.place.chain_paths(flows, self.store.flows, self.graph, captured)

    def status(self) -> dict[str, Any]:
        """Give what the analyzer does, in figures."""
        with self.lock:
            return {
                "Place": self.place.name,
                "Connected": self._here is not None,
                "StartedAt": self.started_ms,
                "Captures": len(self.captures),
                "Alerts": len(self.alerts),
                "Nodes": len(self.graph.nodes()),
                "Edges": len(self.graph.edges()),
                "Interfaces": len(self._tapping.states()) if self._tapping else 0,
                "Recorded": self.recorder.said or "yes",
                "Unrecorded": self.recorder.lost,
                **self.store.statistics(),
            }

    # Captures and alerts

    def create_capture(self, given: Mapping[str, Any], *, ttl_s: float | None = None) -> Capture:
        """Begin a capture; when this returns no packet is missed. Raises InputError, Conflict, MissingTool."""
        made = captures.parse_capture(given, str(uuid.uuid4()))
        if ttl_s:
            made = captures.replaced(made, expires_ms=_now_ms() + int(ttl_s * 1000))
        with self.lock:
            self._check_new(made)
            self._catch_up()
            self._chosen(made)
            self.captures[made.uuid] = made
            try:
                self._apply()
            except SfcciError:
                del self.captures[made.uuid]
                self._apply()
                raise
            self.recorder.put("capture", made.uuid, captures.as_json(made))
        self._tell("captures", None)
        return made

    def delete_capture(self, which: str) -> None:
        """End a capture: its flows have ended. Raises NoSuch."""
        with self.lock:
            if which not in self.captures:
                raise NoSuch(f"there is no capture {which}")
            self._drain()
            del self.captures[which]
            self.recorder.put("capture", which, None)
            self._apply()
        self._tell("captures", None)

    def shown_captures(self) -> dict[str, dict[str, Any]]:
        """Give all captures in Skydive's shape, by UUID."""
        with self.lock:
            counts = self._tapping.counts() if self._tapping else {}
            return {
                one.uuid: captures.as_json(one, counts.get(one.uuid, 0)) for one in self.captures.values()
            }

    def _check_new(self, made: Capture) -> None:
        if made.uuid in self.captures:
            raise Conflict(f"there is a capture {made.uuid} already")
        for other in self.captures.values():
            if other.same == made.same:
                raise Conflict(f"capture {other.uuid} has the same expression, type and filter")

    def create_alert(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to ask an alert's expression, now and by its trigger. Raises InputError, Conflict, UsageError."""
        with self.lock:
            self._catch_up()
            made = self.alerts.create(given, _now_ms())
        self._wake()
        return alert.as_json(made)

    def delete_alert(self, which: str) -> None:
        """Ask no more. Raises NoSuch."""
        with self.lock:
            self.alerts.delete(which)

    # What others want of the place

    def opener(self) -> Any:
        """Give what opens sockets in the place's namespaces. Raises Unreachable while the place is not there."""
        with self.lock:
            return self._connected().opener

    def take_flows(self, flows: Sequence[FlowRecord]) -> None:
        """Take flows from elsewhere (a file of packets): they have ended, and are asked for like others."""
        with self.lock:
            self.store.end(flows)
            self.recorder.tick(_now_ms(), flows)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` hear every change from now on (in the changer's thread); what comes back ends that."""
        with self.lock:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # Life

    def end(self) -> None:
        """End the thread's work."""
        self._end.set()
        self._wake()

    def run(self) -> None:
        """Follow the place until `end`; it may go and come back. What goes wrong is said, and tried again."""
        said: set[str] = set()
        while not self._end.is_set():
            whys = {_failure(self._look_into), _failure(self._disconnect)}
            self.ready.set()
            self._end.wait(TICK_S)
            whys = {*whys, _failure(self._tick)} - {""}
            for why in sorted(whys - said):
                self.say(why)
            said = whys

    def _look_into(self) -> None:
        with self.place.opened(self.graph) as here:
            self._follow(here)

    def _follow(self, here: Here) -> None:
        with self.lock:
            self._here = here
            self._tapping = Tapping(here.live, self.store, self.say, here.topology.drawing.hosts.switches)
            self.store.do = here.live.do
            self._catch_up()
            self._apply()
        self.say(f"the topology of {self.place.name} is known: {len(self.graph.nodes())} nodes")
        self.ready.set()
        next_tick = time.monotonic()
        while not self._end.is_set() and not here.gone():
            here.wait(self._wait_s(next_tick))
            with self.lock:
                self._catch_up()
                if self._news:
                    self._news = False
                    self.alerts.changed()
                if (now := time.monotonic()) >= next_tick:
                    self._tick()
                    next_tick = now + max(TICK_S, SHARE * (time.monotonic() - now))
                else:
                    self.alerts.tick()

    def _wait_s(self, next_tick: float) -> float:
        if self.captures or self.recorder.pending:
            return self.alerts.wait_s(max(0.0, next_tick - time.monotonic()))
        return self.alerts.wait_s(REST_S)

    def _tick(self) -> None:
        with self.lock:
            now_ns = time.time_ns()
            for one in tuple(self.captures.values()):
                if one.expires_ms and one.expires_ms * 1_000_000 <= now_ns:
                    self.delete_capture(one.uuid)
            self.recorder.tick(now_ns // 1_000_000, self.store.tick(now_ns), self.store.changed)
            self.alerts.tick()

    def _disconnect(self) -> None:
        """The place has gone: so have its nodes, and its flows have ended. When we end ourselves, its nodes stay."""
        with self.lock:
            here, self._here, self._tapping = self._here, None, None
            if here is None:
                return
            if not self._end.is_set():
                here.topology.forget()  # who reads packets may have heard of the end first, and it was let go
                self.alerts.changed()
            self.store.keep_only(())
            self.store.do = directly
            over = self.store.tick(time.time_ns())
            self.recorder.tick(_now_ms(), over, self.store.changed, most=MOST_AT_END)
        self._tell("captures", None)

    def _wake(self) -> None:
        if here := self._here:
            here.wake()

    # The pieces

    def _connected(self) -> Here:
        if self._here is None:
            raise self.place.missing()
        return self._here

    def _catch_up(self) -> None:
        """See all that has happened until now: netlink's and OVSDB's news, packets in the rings."""
        if self._here is None:
            return
        self._here.topology.catch_up()
        if self._stale:
            self._apply()
        self._drain()

    def _drain(self) -> None:
        if self._here and self.captures and not self._here.gone():
            self._here.live.drain()
            self._tell_taps(quiet=True)

    def _apply(self) -> None:
        """Have every capture read the interfaces that its expression chooses now."""
        self._stale = False
        if self._tapping is None:
            return
        wanted: list[captures.Tapped] = []
        for capture in self.captures.values():
            try:
                wanted += captures.tapped(capture, self._chosen(capture), self.graph)
            except SfcciError as error:  # it was right when it was made; a node that it names may have gone
                if self._wrong.get(capture.uuid) != str(error):
                    self._wrong[capture.uuid] = str(error)
                    self.say(f"capture {capture.uuid}: {error}")
        self._tapping.want(wanted)
        self._tell_taps()

    def _chosen(self, capture: Capture) -> tuple[Node, ...]:
        """Give the nodes that a capture means. Raises InputError (its expression, its filter), MissingTool (no libpcap)."""
        bpf.compiled(capture.bpf_filter)
        return captures.chosen(gremlin.query(capture.gremlin_query, self._world()))

    def _tell_taps(self, *, quiet: bool = False) -> None:
        """Have captured nodes tell of their captures: that chooses no other nodes, and counters alone are no history."""
        if self._tapping and self._here:
            with self._overlay(quiet=quiet):
                self._tapping.tell(self._here.topology.annotate)

    @contextlib.contextmanager
    def _overlay(self, *, quiet: bool) -> Iterator[None]:
        self._overlaying, self._quiet = True, quiet
        try:
            yield
        finally:
            self._overlaying = self._quiet = False

    def _recall(self) -> None:
        """What was asked for before the analyzer ended is asked for still."""
        for key, given in self.recorder.documents("capture").items():
            with contextlib.suppress(SfcciError):
                self.captures[key] = captures.parse_capture(given, key)

    def _changed(self, change: str, element: Element) -> None:
        if not self._quiet:
            self.recorder.element(element)
        if not self._overlaying:
            self._stale = self._news = True
        self._tell(change, element)

    def _tell(self, kind: str, what: Any) -> None:
        for listener in tuple(self._listeners):
            listener(kind, what)


@contextlib.contextmanager
def running(analyzer: Analyzer) -> Iterator[Analyzer]:
    """Have the analyzer work for the block; when it starts the topology is known, or why not has been said."""
    thread = threading.Thread(target=analyzer.run, name="analyzer", daemon=True)
    thread.start()
    try:
        analyzer.ready.wait(30)
        yield analyzer
    finally:
        analyzer.end()
        thread.join(10)
        analyzer.actions.close()
        analyzer.recorder.close()


def _failure(work: Callable[[], None]) -> str:
    """Do it; give why it could not be done, "" where it was. Whatever a kernel may answer: the analyzer lives."""
    try:
        work()
    except SfcciError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
