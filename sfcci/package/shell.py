"""What a shell text would call and assign, read without running it: commands with their words, the function they stand in.

Enough of bash's grammar for ebuilds and eclasses: quotes, comments, `$(...)` wherever it stands, arrays, here-documents,
function definitions. Words keep what bash would expand as it is written. Source: bash(1), SHELL GRAMMAR and QUOTING.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

KEYWORDS = frozenset({"!", "if", "then", "elif", "else", "while", "until", "do", "time"})
"""Words that a command may follow at once."""
SEPARATORS = ";&|()\n"
ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)\+?=(?P<value>.*)", re.DOTALL)
DECLARATIONS = frozenset({"declare", "export", "local", "readonly", "typeset"})
HERE_DOCUMENT = re.compile(r"<<(?P<tabs>-?)\s*(?P<quote>['\"]?)(?P<end>\w+)(?P=quote)")


@dataclass(frozen=True)
class Word:
    """A word without its quotes, and the line, from 1, that it begins in."""

    text: str
    line: int


@dataclass(frozen=True)
class Call:
    """A simple command: its words, and the function that it stands in ("" for none)."""

    words: tuple[Word, ...]
    function: str = ""

    @property
    def name(self) -> str:
        """What is called."""
        return self.words[0].text

    @property
    def line(self) -> int:
        """The line, from 1, that it begins in."""
        return self.words[0].line


@dataclass(frozen=True)
class Assignment:
    """A variable's new value, or what is added to it; an array's words are set apart by blanks."""

    name: str
    value: str
    line: int
    function: str = ""


@dataclass(frozen=True)
class Script:
    """A text's commands, assignments and the functions that it defines, in its order."""

    calls: tuple[Call, ...]
    assignments: tuple[Assignment, ...]
    functions: frozenset[str]

    def values(self, name: str) -> Iterator[Assignment]:
        """Give the assignments to a variable."""
        return (assignment for assignment in self.assignments if assignment.name == name)


def parsed(text: str) -> Script:
    """Read a shell text. What is no shell at all gives something, and raises nothing."""
    reader = _Reader(text)
    with contextlib.suppress(RecursionError):  # deeper than anybody nests; what was read until then is kept
        reader.read("")
    reader.calls.sort(key=lambda call: call.line)
    calls, assignments = [], []
    for call in reader.calls:
        rest = list(call.words)
        declares = bool(rest) and rest[0].text in DECLARATIONS
        while rest[declares:] and (found := ASSIGNMENT.fullmatch(rest[declares].text)):
            word = rest.pop(declares)
            assignments.append(Assignment(found["name"], found["value"], word.line, call.function))
        if rest:
            calls.append(Call(tuple(rest), call.function))
    return Script(tuple(calls), tuple(assignments), frozenset(reader.functions))


@dataclass
class _Reader:
    """Reads one text from its begin; `$(...)` inside of words is read by the same rules."""

    text: str
    at: int = 0
    calls: list[Call] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    blocks: list[str] = field(default_factory=list)
    """Open braces: the function that each begins, "" for none."""
    opens: str = ""
    """The function whose brace comes next."""
    here: list[tuple[str, bool]] = field(default_factory=list)
    """Ends of here-documents that begin with the next line; whether tabs may stand before them."""

    def read(self, end: str) -> None:
        """Read commands up to `end` (")" or "`"; "" for the end of the text) and step behind it."""
        words: list[Word] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == end:
                break
            if char == "#":
                self._skip_line()
            elif self._continues():
                self.at += 2
            elif char in SEPARATORS:
                words = self._separator(char, words)
            elif char.isspace():
                self.at += 1
            elif found := HERE_DOCUMENT.match(self.text, self.at):
                self.here.append((found["end"], bool(found["tabs"])))
                self.at = found.end()
            else:
                words = self._with(words, self._word(end))
        self._finish(words)
        self.at += 1

    def _separator(self, char: str, words: list[Word]) -> list[Word]:
        self.at += 1
        if char == "(" and len(words) == 1 and (closed := re.match(r"\s*\)", self.text[self.at :])):
            self.at += closed.end()
            self.functions.add(words[0].text)
            self.opens = words[0].text
            return []
        self._finish(words)
        if char == "\n":
            self._skip_here_documents()
        return []

    def _with(self, words: list[Word], word: Word) -> list[Word]:
        """Add a word to a command; braces and keywords are none of it."""
        if words:
            return [*words, word]
        if word.text == "{":
            self.blocks.append(self.opens)
            self.opens = ""
        elif word.text == "}":
            self.blocks[-1:] = []
        elif word.text not in KEYWORDS:
            return [word]
        return []

    def _finish(self, words: list[Word]) -> None:
        if words:
            function = next(filter(None, reversed(self.blocks)), "")
            self.calls.append(Call(tuple(words), function))

    def _word(self, end: str) -> Word:
        """Read a word; at least one character is consumed."""
        begin, line = self.at, self._line()
        parts: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if parts and parts[-1].endswith("=") and char == "(":
                parts.append(self._array())
            elif self.at > begin and (char.isspace() or char in f"{SEPARATORS}{end}" or self._continues()):
                break
            else:
                parts.append(self._part(char))
        return Word("".join(parts), line)

    def _part(self, char: str) -> str:
        if char == "'":
            return self._until("'")[1:-1]
        if char == '"':
            return self._double_quoted()
        if char == "\\":
            self.at += 2
            return self.text[self.at - 1 : self.at]
        if char in "$`":
            return self._expansion()
        self.at += 1
        return char

    def _expansion(self) -> str:
        """Read `$(...)`, `${...}`, `$((...))` or a backquoted command as they are written."""
        begin = self.at
        if self.text.startswith("$((", self.at):
            self._arithmetic()
        elif self.text.startswith("$(", self.at):
            self.at += 2
            self.read(")")
        elif self.text.startswith("${", self.at):
            self._braces()
        elif self.text[self.at] == "`":
            self.at += 1
            self.read("`")
        else:
            self.at += 1
        return self.text[begin : self.at]

    def _arithmetic(self) -> None:
        """Step behind the bracket that closes `$((`; nothing is called in there that matters here."""
        depth = 0
        while self.at < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            self.at += 1
            if not depth and self.text[self.at - 1] == ")":
                return

    def _braces(self) -> None:
        self.at += 2
        while self.at < len(self.text) and self.text[self.at] != "}":
            self._part(self.text[self.at])
        self.at += 1

    def _double_quoted(self) -> str:
        self.at += 1
        parts = []
        while self.at < len(self.text) and (char := self.text[self.at]) != '"':
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in tuple('$`"\\'):
                parts.append(self._part(char))
            elif char in "$`":
                parts.append(self._expansion())
            else:
                parts.append(char)
                self.at += 1
        self.at += 1
        return "".join(parts)

    def _array(self) -> str:
        """Read `( a "b" )` behind an equal sign: its words, in the lines that they stand in."""
        self.at += 1
        parts = []
        while self.at < len(self.text) and (char := self.text[self.at]) != ")":
            if char == "#" and self.text[self.at - 1].isspace():
                self._skip_line()
            elif char.isspace():
                parts.append(char)
                self.at += 1
            else:
                parts.append(self._part(char))
        self.at += 1
        return "".join(parts)

    def _until(self, end: str) -> str:
        """Take what is there up to `end`, which is not at the first place, or up to the end of the text."""
        begin = self.at
        found = self.text.find(end, begin + 1)
        self.at = len(self.text) if found < 0 else found + len(end)
        return self.text[begin : self.at]

    def _skip_line(self) -> None:
        found = self.text.find("\n", self.at)
        self.at = len(self.text) if found < 0 else found

    def _skip_here_documents(self) -> None:
        for end, tabs in self.here:
            before = r"\t*" if tabs else ""
            found = re.compile(rf"^{before}{end}$\n?", re.MULTILINE).search(self.text, self.at)
            self.at = found.end() if found else len(self.text)
        self.here.clear()

    def _continues(self) -> bool:
        """Say whether the line goes on in the next one."""
        return self.text.startswith("\\\n", self.at)

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
