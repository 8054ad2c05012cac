"""Headless Chromium driven over its debugging pipe (Chrome DevTools Protocol): look at a page as a person would."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",  # it may run as root in CI; it sees our own pages only
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


CHANGED = "net::ERR_NETWORK_CHANGED"
"""Why a browser gives all questions up when an interface comes or goes: a lab or a pod of another test."""
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
"""Key → its number in keyboard events."""


class Page:
    """One page: commands go down one pipe, answers and events come up the other, each ended by a NUL."""

    def __init__(self, down, up):
        self._down, self._up = down, up
        self._numbers = itertools.count(1)
        self.events = []
        self._session = {}
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = {
            "sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        }
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        number = next(self._numbers)
        self._down.write(
            json.dumps({"id": number, "method": method, "params": parameters, **self._session}).encode()
            + b"\0"
        )
        self._down.flush()
        while True:
            answer = json.loads(self._message())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _message(self):
        data = bytearray()
        while not data.endswith(b"\0"):
            piece = self._up.read1(1) if not data else self._up.peek(1)
            if not piece:
                raise RuntimeError("the browser went away")
            if data:
                end = piece.find(b"\0") + 1 or len(piece)
                piece = self._up.read1(end)
            data += piece
        return data[:-1]

    def evaluate(self, script):
        made = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made
        return made["result"].get("value")

    def size(self, width, height, *, dark=False):
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url, timeout_s=60.0):
        """Open a page and wait until it is ready; what the browser gave up for a network that changed is opened anew.

        What was noted of an attempt that was given up is forgotten.
        """
        deadline = time.monotonic() + timeout_s
        seen = len(self.events)
        self.ask("Page.navigate", url=url)
        while not self.evaluate("document.body && document.body.dataset.state === 'ready'"):
            assert time.monotonic() < deadline, f"{url} does not get ready"
            if any(CHANGED in str(one) for one in self.events[seen:]):
                del self.events[seen:]
                self.ask("Page.navigate", url=url)
            time.sleep(0.05)
        self.wait("true")

    def blank(self):
        """Leave the page that is shown and forget what was noted of it."""
        self.ask("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'")
        self.events.clear()

    def wait(self, script, timeout_s=60.0):
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(script):
            assert time.monotonic() < deadline, f"waited in vain for {script}"
            time.sleep(0.05)
        self.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
        )

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key],
                     **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}))  # fmt: skip

    def drag(self, begin, end):
        for kind, (x, y) in (
            ("mouseMoved", begin),
            ("mousePressed", begin),
            ("mouseMoved", end),
            ("mouseReleased", end),
        ):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def screenshot(self, path):
        made = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(made["data"]))

    def complaints(self):
        """Errors of scripts and of the console, and requests that failed; what a page gives up itself is no failure."""
        bad = ("Runtime.exceptionThrown", "Network.loadingFailed")
        events = [one for one in self.events if CHANGED not in str(one)]
        found = [one for one in events if one["method"] in bad and not one["params"].get("canceled")]
        return found + [
            one for one in events
            if one["method"] == "Log.entryAdded" and one["params"]["entry"]["level"] == "error"
        ]  # fmt: skip

    def addresses(self):
        return {
            one["params"]["request"]["url"]
            for one in self.events
            if one["method"] == "Network.requestWillBeSent"
        }


@contextlib.contextmanager
def chromium(profile):
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    far = [os.dup2(fd, fd + 100, inheritable=False) for fd in (down_read, up_write)]  # clear of 3 and 4
    process = subprocess.Popen(
        [shutil.which("chromium"), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        preexec_fn=lambda: (os.dup2(far[0], 3), os.dup2(far[1], 4)),  # noqa: PLW1509 - two system calls, no locks
        pass_fds=(3, 4),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for fd in (down_read, up_write, *far):
        os.close(fd)
    try:
        with os.fdopen(down_write, "wb") as down, os.fdopen(up_read, "rb") as up:
            page = Page(down, up)
            page.pid = process.pid
            yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
