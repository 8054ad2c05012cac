"""An expression cut into words: names, texts, numbers, and the signs between them, each with its place."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from sfcci.errors import Fault, InputError, Place

LONGEST: Final = 65_536
"""Characters of an expression."""

Kind = Literal["name", "text", "number", "sign", "end"]

_WORD = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<number>-?[0-9][0-9.]*(?P<letter>[A-Za-z])?)
      | (?P<text>['"](?P<inside>[^'"]*)(?P<close>['"])?)
      | (?P<sign>[().,])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `text` as it is written, of a text what stands between the quotes; `at` counts from 0."""

    kind: Kind
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Expression:
    """The text of an expression, which knows how to say where in it something is wrong."""

    text: str

    def fault(self, at: int, found: str, expected: str = "", hint: str = "") -> InputError:
        """What is wrong at a character (from 0), with line and column."""
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        return InputError(Fault(Place("expression", line, column), found, expected, hint))

    def words(self) -> list[Word]:
        """All words, an "end" last. A text that begins with ' may close with ", as Skydive's.

        Raises:
            InputError: Something is no word, or the expression is too long.
        """
        if len(self.text) > LONGEST:
            raise self.fault(LONGEST, f"{len(self.text)} characters", f"{LONGEST} at most")
        words: list[Word] = []
        at = 0
        while at < len(self.text):
            found = _WORD.match(self.text, at)
            if found is None:
                raise self.fault(
                    at, repr(self.text[at]), "a name, a text in quotes, a number or one of ( ) . ,"
                )
            if found.lastgroup != "space":
                words.append(self._word(found))
            at = found.end()
        return [*words, Word("end", "", at)]

    def _word(self, found: re.Match[str]) -> Word:
        if found["text"]:
            if not found["close"]:
                raise self.fault(found.start(), "a text that no quote closes", "a ' or \" behind it")
            return Word("text", found["inside"], found.start())
        if found["number"]:
            if found["letter"] or found["number"].count(".") > 1:
                raise self.fault(found.start(), found["number"], "a number", "texts stand in quotes")
            return Word("number", found["number"], found.start())
        return Word("name" if found["name"] else "sign", found[0], found.start())
