"""Alerts that are asked: when the graph has changed, or when their time has come."""

import contextlib
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sfcci.errors import SfcciError
from sfcci.trace import alert
from sfcci.trace.alert import Alert
from sfcci.trace.alert_action import Actions
from sfcci.trace.past import Recorder
from sfcci.trace.unanswered import Conflict, NoSuch

Ask = Callable[[str], Any]
"""Gives an expression's answer as JSON. Raises InputError and other errors of ours."""


class Alerts:
    """All alerts of an analyzer; one thread at a time."""

    def __init__(self, ask: Ask, recorder: Recorder, actions: Actions, say: Callable[[str], None]) -> None:
        self._ask, self._recorder, self._actions, self._say = ask, recorder, actions, say
        self._alerts: dict[str, Alert] = {}
        self._answers: dict[str, str] = {}
        self._due: dict[str, float] = {}
        for key, given in recorder.documents("alert").items():
            with contextlib.suppress(SfcciError):
                self._keep(alert.parse_alert(given, key))

    def shown(self) -> dict[str, dict[str, Any]]:
        """Give all in Skydive's shape, by UUID."""
        return {key: alert.as_json(one) for key, one in tuple(self._alerts.items())}

    def __len__(self) -> int:
        return len(self._alerts)

    def create(self, given: Mapping[str, Any], now_ms: int) -> Alert:
        """Begin to ask, now and by the trigger. Raises InputError, Conflict, UsageError."""
        made = alert.parse_alert(given, str(uuid.uuid4()), now_ms)
        self._actions.check(made.action)
        if made.uuid in self._alerts:
            raise Conflict(f"there is an alert {made.uuid} already")
        self._ask(made.expression)  # what is wrong with it is told to who makes it
        self._keep(made)
        self._recorder.put("alert", made.uuid, alert.as_json(made))
        self._look(made)
        return made

    def delete(self, which: str) -> None:
        """Ask no more. Raises NoSuch."""
        if self._alerts.pop(which, None) is None:
            raise NoSuch(f"there is no alert {which}")
        self._answers.pop(which, None)
        self._due.pop(which, None)
        self._recorder.put("alert", which, None)

    def changed(self) -> None:
        """Ask those that the graph's change triggers."""
        for one in tuple(self._alerts.values()):
            if not one.every_s:
                self._look(one)

    def tick(self) -> None:
        """Ask those whose time has come."""
        now = time.monotonic()
        for key, due in tuple(self._due.items()):
            if due <= now:
                self._look(self._alerts[key])

    def wait_s(self, most_s: float) -> float:
        """Give how long nothing is to be asked."""
        now = time.monotonic()
        return max(0.0, min([most_s, *(due - now for due in self._due.values())]))

    def _keep(self, one: Alert) -> None:
        self._alerts[one.uuid] = one
        if one.every_s:
            self._due[one.uuid] = time.monotonic()

    def _look(self, one: Alert) -> None:
        if one.every_s:
            self._due[one.uuid] = time.monotonic() + one.every_s
        try:
            result = self._ask(one.expression)
        except SfcciError as error:
            self._say(f"alert {one.name or one.uuid}: {error}")
            return
        self._actions.point(one, alert.weight(result))
        mark = alert.fingerprint(result)
        if self._answers.get(one.uuid) != mark:
            self._answers[one.uuid] = mark
            if alert.fires(result):
                self._say(f"alert {one.name or one.uuid} fires")
                self._actions.fire(one, result)
