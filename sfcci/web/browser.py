"""A headless Chromium for pictures of pages, driven over its debugging pipe (Chrome DevTools Protocol).

It sees one file and no network, has a profile of its own, and leaves nothing: it ends with the block, or when the tool dies,
and the profile of one that was killed goes with the next start.
"""

import base64
import contextlib
import itertools
import json
import os
import secrets
import select
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from sfcci import command, files
from sfcci.errors import MissingTool, ProgramFailure, ToolError
from sfcci.machine import install_hint

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no network: what is looked at is one file
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
)
PIPE = "import os,sys;os.dup2(0,3);os.dup2(1,4);n=os.open(os.devnull,2);os.dup2(n,0);os.dup2(n,1);os.execv(sys.argv[1],sys.argv[1:])"
"""Chromium's debugging pipe is file descriptors 3 (in) and 4 (out)."""
TALL_PX = 16384
"""Chromium draws no higher picture; a higher page is made smaller."""
SHORT = 40
LOW_PX = 100
"""A page is at least as high as its window."""
TIMEOUT_S = 120.0
"""For each answer: a machine that is busy takes its time, and a hanging browser shall not be waited for without end."""


def program() -> str:
    """Give the path of the browser. Raises MissingTool with the command that installs one."""
    for name in PROGRAMS:
        if command.available(name):
            return command.find(name)
    hint = install_hint("chromium") or "install Chromium"
    raise MissingTool(
        "no Chromium is installed, and pictures are taken with it", f"{hint}, or export with --html"
    )


class Page:
    """One page; commands go down one pipe, answers come up the other, each ended by a NUL."""

    def __init__(self, process: command.Process, log: Path) -> None:
        assert process.stdin is not None  # noqa: S101 - started with pipes
        assert process.stdout is not None  # noqa: S101
        self._process, self._log = process, log
        self._down: IO[bytes] = process.stdin
        self._up = process.stdout.fileno()
        self._read = b""
        self._numbers = itertools.count(1)
        self._session: dict[str, str] = {}
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = {
            "sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        }

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something and give the answer. Raises ToolError."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        try:
            self._down.write(json.dumps(message).encode() + b"\0")
            self._down.flush()
        except OSError:
            raise self._failed("went away") from None
        while (answer := json.loads(self._message())).get("id") != number:
            pass
        if "error" in answer:
            raise self._failed(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def evaluate(self, script: str) -> Any:
        """Run a script in the page and give its value. Raises ToolError."""
        made = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in made:
            raise self._failed(str(made["exceptionDetails"].get("text")))
        return made["result"].get("value")

    def show(self, file: Path, width: int, *, dark: bool = False) -> None:
        """Open a file at a width in pixels, and wait until it says that it is ready. Raises ToolError."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme, still])
        self._size(width, LOW_PX)
        self.ask("Page.navigate", url=file.as_uri())
        self._ready()
        self.evaluate("document.documentElement.classList.add('picture')")  # without what only a hand can use
        self._size(width, min(TALL_PX, self._height()))
        self._ready()

    def picture(self) -> bytes:
        """Give the whole page as PNG. Raises ToolError."""
        width, height = self.evaluate("innerWidth"), self._height()
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": min(1.0, TALL_PX / height)}
        made = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(made["data"])

    def _size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def _height(self) -> int:
        return int(self.evaluate("document.documentElement.scrollHeight"))

    def _ready(self) -> None:
        """Wait until all is drawn: the page says so, and what follows a new size comes with the next frames."""
        deadline = time.monotonic() + TIMEOUT_S
        while not self.evaluate("document.body?.dataset.state === 'ready'"):
            if time.monotonic() > deadline:
                raise self._failed(f"the page was not drawn within {TIMEOUT_S:g} s")
            time.sleep(0.02)
        self.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
        )

    def _message(self) -> bytes:
        deadline = time.monotonic() + TIMEOUT_S
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._up], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._up, 1 << 20) if ready else b""
            if not piece:
                raise self._failed("went away" if ready else f"did not answer within {TIMEOUT_S:g} s")
            self._read += piece
        message, _, self._read = self._read.partition(b"\0")
        return message

    def _failed(self, note: str) -> ToolError:
        """Give the error, with what the browser said last."""
        with contextlib.suppress(command.OutOfTime):
            self._process.wait(1.0 if note == "went away" else 0)
        lines = self._log.read_text(errors="replace").splitlines()[-command.LAST_LINES :]
        return ToolError(ProgramFailure(("chromium",), self._process.returncode or 0, tuple(lines)), note)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[tuple[Page, Path]]:
    """Give a page of a browser for the block, and a folder for the file to look at; both go with the block.

    Raises MissingTool, ToolError.
    """
    browser = program()
    with _own_folder(folder) as own:
        home = {key: str(own) for key in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR")}
        kept = {key: os.environ[key] for key in ("PATH", "TZ", "LANG", "LC_ALL") if key in os.environ}
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # root has none in Chromium
        words = [*FLAGS, *sandbox, f"--user-data-dir={own / 'profile'}", "about:blank"]
        argv = [*command.ends_with_tool(), sys.executable, "-ISc", PIPE, browser, *words]
        with (own / "log").open("wb") as log, command.start(
            argv, env=kept | home, stdin=command.PIPE, stdout=command.PIPE, stderr=log
        ) as process:  # fmt: skip
            yield Page(process, own / "log"), own


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder for the block, with a short name; `folder` keeps a lock that names it, and those of dead tools go first."""
    with files.locked(folder / "lock"):
        for path in folder.glob("*.path"):
            if held := files.try_lock(path):
                with held:
                    _removed(path)
        name = f"sfcci-{secrets.token_hex(4)}"
        held = files.try_lock(folder / f"{name}.path")
    assert held is not None  # noqa: S101 - the name is new
    with held, files.disk_errors(folder):
        own = _short_temporary() / name
        held.write(str(own).encode())
        held.flush()
        try:
            own.mkdir(mode=0o700)
            yield own
        finally:
            _removed(folder / f"{name}.path")


def _short_temporary() -> Path:
    """Give the folder for temporary files; Chromium makes a socket below it, whose path may have 107 characters."""
    usual = Path(tempfile.gettempdir())
    return usual if len(str(usual)) <= SHORT else Path("/tmp")  # noqa: S108 - a folder of our own is made in it


def _removed(lock: Path) -> None:
    """Remove the folder that a lock names, and the lock; a process of the browser that is ending may write once more."""
    own = Path(lock.read_text() or lock.with_suffix(""))
    for _ in range(50):
        files.remove_tree(own)
        if not own.exists():
            break
        time.sleep(0.02)
    lock.unlink(missing_ok=True)
