"""Terminals that documents are typed into: what stands behind `$ ` is run by bash, what follows is compared with what was said.

A document's fenced blocks, by the words behind the fence:

console         commands in the first terminal; each is waited for
console NAME    the same in another terminal, where a command stays (a server): what it says is waited for; `^C` ends it
LANGUAGE PATH   a file, written as the block has it
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from sfcci.manual.links import parser

GENEROUS_S = 240
PROMPT = "$ "
CUT = "…"
"""Stands for the rest of a line, or alone in one for any lines."""
READS = ("sfcci sfc status", "sfcci-skydive", "sfcci sfc trace", "sfcci sfc node list", "sfcci lab status")
"""Commands that ask for what may still be on its way: asked again until they say what the document says."""
CHANGING = re.compile(
    r"\d+(?:\.\d+)?\s?(?:µs|ms|min|s|B|kB|KiB|MB|MiB|%)(?!\w)"  # measured
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16}\b"  # ids
    r"|\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?|\d{8}T\d{6}Z-[0-9a-f]{6}"  # times
    r"|(?<=[\d\]]):\d{5}\b|fa:16:3e(?::[0-9a-f]{2}){3}|tap[0-9a-f]{8}-[0-9a-f]{2}|bucket \d+"
)
"""What is another one each time."""


@dataclass(frozen=True)
class Command:
    """A command of a document, what it is to say, and its line there; a file to be written has its path in `terminal`."""

    kind: str
    """run, stay, end or write."""
    text: str
    said: tuple[str, ...]
    line: int
    terminal: str = ""


def commands(text):
    """Give what a document has typed, in its order, with the title of the part that it stands in."""
    part, last = "", ""
    for token in parser().parse(text):
        if token.type == "heading_open":
            last = token.tag
        elif token.type == "inline" and last in {"h1", "h2"}:
            part, last = token.content, ""
        elif token.type == "fence":
            yield from ((part, command) for command in _of_block(token))


def _of_block(token):
    language, _, name = token.info.strip().partition(" ")
    first = token.map[0] + 2
    if language != "console":
        if name:
            yield Command("write", token.content, (), first, name)
        return
    lines = token.content.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(PROMPT) or line == "^C"]
    assert starts, f"line {first}: no command in a block of a terminal"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        text, said = lines[start].removeprefix(PROMPT), lines[start + 1 : end]
        while text.endswith("\\"):
            text, said = f"{text[:-1]}{said[0].strip()}", said[1:]
        kind = "end" if text == "^C" else "stay" if name else "run"
        yield Command(kind, text, tuple(said), first + start, name)


def missing(said, output):
    """Give the first line of a document that was not said; "" when all were, in their order."""
    lines = [_plain(line) for line in output.splitlines()]
    at, anywhere = 0, True
    for wanted in said:
        if wanted.strip() == CUT:
            anywhere = True
            continue
        pattern = re.compile(re.escape(_plain(wanted)).replace(re.escape(CUT), ".*").replace("\\ ", " "))
        fits = [n for n in range(at, len(lines)) if pattern.fullmatch(lines[n])]
        if not fits or (not anywhere and fits[0] != at):
            return wanted
        at, anywhere = fits[0] + 1, False
    return ""


def _plain(line):
    """A line without what changes from time to time, and without what lays it out."""
    return " ".join(CHANGING.sub("#", line).replace("│", " ").replace("┃", " ").split())


@dataclass
class Terminals:
    """Bash processes of one document, in a network of their own, so that every port is free."""

    folder: Path
    env: dict
    shells: dict = field(default_factory=dict)

    def type(self, command):
        """Do what a document's command says; an error names its line."""
        if command.kind == "write":
            path = self.folder / command.terminal
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(command.text)
            return
        shell = self.shell(command.terminal)
        getattr(shell, command.kind)(command)

    def shell(self, name=""):
        """Give the terminal of a name, opened when it is first asked for."""
        if name not in self.shells:
            first = self.shells.get("")
            prefix = ["nsenter", f"--net=/proc/{first.process.pid}/ns/net"] if first else ["unshare", "--net"]
            self.shells[name] = Shell([*prefix, "bash", "--norc"], self.folder, self.env, name)
            if not first:
                self.shells[name].run(Command("run", "ip link set lo up", (), 0))
        return self.shells[name]

    def close(self):
        """End what still runs in each terminal, the first terminal last."""
        for name in sorted(self.shells, reverse=True):
            self.shells[name].close()


class Shell:
    """One terminal: a bash, and a file with all that was said there."""

    def __init__(self, argv, folder, env, name):
        self.log = folder.parent / f"terminal-{name or 'first'}.log"
        with self.log.open("wb") as written:
            self.process = subprocess.Popen(
                argv,
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.count = self.seen = 0
        self.failed = ""

    def run(self, command):
        """Run a command to its end; it says what the document says. One that reads is asked again until it does."""
        for _ in _until():
            status, output = self._run(command.text)
            why = missing(command.said, output)
            if not why or not command.text.startswith(READS):
                break
        assert not why, f"line {command.line}: $ {command.text}\nnot said: {why}\nsaid:\n{output}"
        self.expect_success(command)
        self.failed = f"line {command.line}: $ {command.text}\nstatus {status}:\n{output}" if status else ""

    def expect_success(self, after=None):
        """A command that ends with another status than 0 is followed by a look at it: `echo $?`."""
        assert not self.failed or (after and after.text == "echo $?"), self.failed

    def _run(self, text):
        self.count += 1
        mark = f"--8<-- {self.count}"
        self._type(f"{{ {text}\n}} </dev/null\n__status=$?; echo '{mark}' $__status; (exit $__status)\n")
        output = self._wait(lambda said: f"{mark} " in said and said.endswith("\n"), text)
        said, _, status = output.rpartition(f"{mark} ")
        return int(status), said

    def stay(self, command):
        """Begin a command that stays, and wait until it says what the document says."""
        self._type(f"{command.text} </dev/null\n")
        self._wait(lambda said: not missing(command.said, said), command.text)

    def end(self, command):
        """Press Ctrl-C."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        for child in found.stdout.split():
            os.kill(int(child), signal.SIGINT)
        self._wait(lambda said: not missing(command.said, said), "^C")
        self._run("true")

    def _type(self, text):
        self.seen = self.log.stat().st_size
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def _wait(self, reached, what):
        for _ in _until():
            with self.log.open("rb") as file:
                file.seek(self.seen)
                said = file.read().decode(errors="replace")
            if reached(said):
                return said
            assert self.process.poll() is None, f"{what}: the terminal has ended:\n{said}"
        raise AssertionError(f"{what}: not in {GENEROUS_S} s:\n{said}")

    def close(self):
        """End all that was started here, asked first."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                return


def _until():
    end = time.monotonic() + GENEROUS_S
    while time.monotonic() < end:
        yield
        time.sleep(0.05)
