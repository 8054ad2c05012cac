"""What an alert does when it fires: an address gets its notice, or a script of the folder that the operator named.

Actions happen beside the analyzer, one after the other; when too many wait, the newest is lost, which is said.
"""

import contextlib
import json
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sfcci import command
from sfcci.errors import SfcciError, UsageError
from sfcci.trace.alert import Alert, notice

MOST_WAITING: Final = 100
POST_S: Final = 5.0
SCRIPT_S: Final = 30.0
Point = Callable[[Alert, float, float], None]
"""Takes an alert, the figure that its answer is, and the time (seconds since 1970)."""


class Actions:
    """Fires alerts. `scripts`: the folder whose programs alerts may start; None: they start none."""

    def __init__(
        self,
        say: Callable[[str], None] = lambda _text: None,
        scripts: Path | None = None,
        point: Point | None = None,
    ) -> None:
        self._say, self._scripts, self._point = say, scripts, point
        self._waiting: queue.Queue[tuple[Alert, Callable[[], None]] | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def check(self, action: str) -> None:
        """Raise UsageError for an action that will not be done: whoever may set an alert may not start any program."""
        if action.startswith("file://"):
            self._script(action)

    def point(self, alert: Alert, value: float) -> None:
        """Hand the figure on, beside whoever asks."""
        if point := self._point:
            at_s = datetime.now(UTC).timestamp()
            self._do(alert, lambda: point(alert, value, at_s))

    def fire(self, alert: Alert, result: Any) -> None:
        """Have the alert's action done."""
        if not alert.action:
            return
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        text = json.dumps(notice(alert, at, result), default=str)
        self._do(alert, lambda: self._done(alert.action, text))

    def _do(self, alert: Alert, work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait((alert, work))
        except queue.Full:
            self._say(f"alert {alert.name or alert.uuid}: {MOST_WAITING} actions wait; this one is lost")

    def close(self) -> None:
        """Wait for the action that is being done; those that wait are not."""
        if self._thread:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._waiting.get_nowait()
            self._waiting.put(None)
            self._thread.join(POST_S)

    def _work(self) -> None:
        while job := self._waiting.get():
            alert, work = job
            try:
                work()
            except SfcciError as error:
                self._say(f"alert {alert.name or alert.uuid}: {error}")
            except Exception as error:  # noqa: BLE001 - one that fails hinders no other
                self._say(f"alert {alert.name or alert.uuid}: {type(error).__name__}: {error}")

    def _done(self, action: str, text: str) -> None:
        if action.startswith("file://"):
            command.run([self._script(action)], stdin=text, timeout_s=SCRIPT_S, check=True)
            return
        import requests

        try:
            answer = requests.post(
                action,
                data=text,
                headers={"Content-Type": "application/json"},
                timeout=POST_S,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            raise UsageError(f"{_shown(action)} was not told: {type(error).__name__}") from None
        if answer.status_code >= 300:  # noqa: PLR2004 - HTTP: not taken
            raise UsageError(f"{_shown(action)} answered {answer.status_code}")

    def _script(self, action: str) -> Path:
        if self._scripts is None:
            raise UsageError(
                "an alert starts no programs here; the analyzer's --alert-scripts DIR names the folder of those that it may"
            )
        folder = self._scripts.resolve()
        script = Path(unquote(urlsplit(action).path)).resolve()
        if folder not in script.parents:
            raise UsageError(f"{script} is not in {folder}, the folder of --alert-scripts")
        if not script.is_file():
            raise UsageError(f"there is no script {script}")
        return script


def _shown(action: str) -> str:
    """An address without a user's name and password, or the question behind it."""
    parts = urlsplit(action)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
