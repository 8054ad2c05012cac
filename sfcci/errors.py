"""Errors: a question that could not be answered. A failed check is an answer, not an error (see `finding`).

Families by who must act: the author of a file (`InputError`), the machine's owner (`MissingTool`, `Unreachable`),
nobody but the reader of a program's last words (`ToolError`). `cli.main` turns each into one message and an
exit status; nothing else prints them.
"""

from dataclasses import dataclass, field, replace

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_INPUT = 2
EXIT_TOOL = 3


class SfcciError(Exception):
    """Base of every error that a user may see. `exit_status` is what the command returns."""

    exit_status = EXIT_TOOL


def in_a_line(error: Exception) -> str:
    """Give what an error says as one line, for a status; one that is none of ours is told with its kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, SfcciError) else f"{type(error).__name__}: {text}"


@dataclass(frozen=True)
class Place:
    """A place in a document: path, then line and column from 1 (None where they are not known)."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True)
class Fault:
    """One thing wrong in an input: where, what was found, what was expected, what to do next."""

    place: Place
    found: str
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return f"{text}; {self.hint}" if self.hint else text

    def within(self, path: str) -> "Fault":
        """The same fault, told from `path`: the place grows as the fault leaves the inner document."""
        return replace(self, place=replace(self.place, path=path))


class InputError(SfcciError):
    """One or more faults in what the user wrote; all of a document's faults come together."""

    exit_status = EXIT_INPUT

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class UsageError(SfcciError):
    """A command was given words that make no sense together or name nothing."""

    exit_status = EXIT_INPUT


class MissingTool(SfcciError):  # noqa: N818 - the architecture's word; "error" adds nothing
    """A program, package or privilege is not on this machine. The message says how to get it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}" if remedy else what)


class DiskFull(MissingTool):
    """A disk, or what a quota leaves of it, has no room for what is to be written."""


class Unreachable(SfcciError):  # noqa: N818 - as above
    """A server did not answer, or not as its kind answers. The message names the address and the next step."""


@dataclass(frozen=True)
class ProgramFailure:
    """What a program that we drove left behind: `argv`, exit `status` (negative: signal), last lines."""

    argv: tuple[str, ...]
    status: int
    last_lines: tuple[str, ...] = field(default=())


class ToolError(SfcciError):
    """A program that we drove failed or ran out of time."""

    def __init__(self, failure: ProgramFailure, note: str = "") -> None:
        self.failure = failure
        self.note = note
        head = f"{failure.argv[0]} ended with status {failure.status}"
        parts = [f"{head} ({note})" if note else head, "  " + " ".join(failure.argv)]
        super().__init__("\n".join([*parts, *(f"  | {line}" for line in failure.last_lines)]))
