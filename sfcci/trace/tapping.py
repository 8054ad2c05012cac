"""From what captures want to what is captured: each place of each capture has a tap, and fills its node's table."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sfcci.trace.captures import Capture, Tapped
from sfcci.trace.flow_store import FlowStore, header_size
from sfcci.trace.live import Live, Wanted

Key = tuple[str, str, str, str]
ACTIVE = "active"
CAPTURES = "Captures"


@dataclass(frozen=True)
class _Tap:
    tapped: Tapped
    wanted: Wanted


class Tapping:
    """The taps of one place, where switches are in the namespaces `switches`."""

    def __init__(
        self, live: Live, store: FlowStore, say: Callable[[str], None], switches: Collection[str]
    ) -> None:
        self._live, self._store, self._say, self._switches = live, store, say, switches
        self._taps: dict[Key, _Tap] = {}
        self._told: dict[str, list[dict[str, Any]]] = {}

    def want(self, tapped: Iterable[Tapped]) -> None:
        """Capture these and no others. Raises InputError (a filter), Gone, MissingTool."""
        wanted = {_key(one): one for one in tapped}
        taps = {
            key: known if (known := self._taps.get(key)) and known.tapped == one else self._tap(one)
            for key, one in wanted.items()
        }
        self._live.want({key: tap.wanted for key, tap in taps.items()})
        self._taps = taps
        self._store.keep_only({(tap.tapped.node_tid, tap.tapped.capture.uuid) for tap in taps.values()})

    def _tap(self, one: Tapped) -> _Tap:
        capture, table = one.capture, self._store.table(one.node_tid, one.capture, one.link_type)
        return _Tap(
            one,
            Wanted(
                one.netns,
                one.interface,
                table.add_all,
                bpf=capture.bpf_filter,
                header_size=header_size(capture),
                incoming_only=one.entering == "in",
                outgoing_only=one.entering == "out",
                batches=True,
            ),
        )

    def states(self) -> dict[Key, Any]:
        """Give what became of each tap."""
        found = self._live.states()
        return {key: found[key] for key in self._taps if key in found}

    def beside_switch(self) -> frozenset[str]:
        """Give the interfaces in the switches' own namespaces that are captured both ways, unfiltered and without a loss."""
        states = self.states()
        whole = {key for key, state in states.items() if state.state == ACTIVE and not state.dropped}
        return frozenset(
            tap.tapped.interface
            for key, tap in self._taps.items()
            if key in whole
            and tap.tapped.netns in self._switches
            and not (tap.tapped.entering or tap.tapped.capture.bpf_filter)
        )

    def counts(self) -> dict[str, int]:
        """Give how many interfaces each capture reads now, by its UUID."""
        return Counter(
            self._taps[key].tapped.capture.uuid for key, tap in self.states().items() if tap.state == ACTIVE
        )

    def tell(self, annotate: Callable[[str, str, Any], None]) -> None:
        """Have each node tell what is new of its captures, and those that are captured no more, nothing."""
        before, self._told = self._told, self.shown()
        for node_id in {**before, **self._told}:
            if before.get(node_id) != self._told.get(node_id):
                annotate(node_id, CAPTURES, self._told.get(node_id))

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """Give what each captured node tells of its captures, by node's id: Skydive's Captures."""
        shown: dict[str, dict[str, dict[str, Any]]] = {}
        for key, state in self.states().items():
            tapped = self._taps[key].tapped
            of_node = shown.setdefault(tapped.node_id, {})
            known = of_node.setdefault(tapped.capture.uuid, _begun(tapped.capture))
            known["PacketsReceived"] += state.received
            known["PacketsDropped"] += state.dropped
            if state.state == ACTIVE:
                known["State"] = ACTIVE
            elif known["State"] != ACTIVE:
                known["State"] = state.state
                known["Error"] = state.why
        return {node: list(of_node.values()) for node, of_node in shown.items()}


def _begun(capture: Capture) -> dict[str, Any]:
    told = {"Name": capture.name, "Description": capture.description, "BPFFilter": capture.bpf_filter}
    return {
        "ID": capture.uuid,
        "State": "",
        "Type": capture.type or "afpacket",
        **{key: value for key, value in told.items() if value},
        "PacketsReceived": 0,
        "PacketsDropped": 0,
    }


def _key(one: Tapped) -> Key:
    return one.capture.uuid, one.node_tid, one.netns, one.interface
