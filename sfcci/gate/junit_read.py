"""JUnit XML read: test suites and their cases, as Ant, Surefire, pytest, stestr and others write them.

The document is read as it comes, so its size costs no memory. A document type declaration is refused: no test runner
writes one, and entities are how XML is made a bomb.
"""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cases import LONGEST_S, Case, TestRun, is_name, plain
from sfcci.gate.job import BAD, NOT_COUNTED, Result

MAX_DEPTH = 32
MAX_TAG = 16 * 2**20
"""A tag (with all its attributes) is held in memory until it ends."""
MAX_TEXT = 4000
"""So much of a failure's text is looked at."""
_VERDICTS = {"failure": Result.FAILURE, "error": Result.FAILURE, "skipped": Result.SKIPPED}
_TOLD = {str(result): result for result in (*BAD, *NOT_COUNTED)}
"""Our own JUnit XML says the result as the type of the failure."""


def read_junit(chunks: Iterable[bytes], path: str, latest_s: float) -> TestRun:
    """Read a document; `latest_s` is the last moment in which a test can have run. Raises InputError with line and column."""
    reader = _Reader(path, latest_s)
    fed = 0
    try:
        for chunk in chunks:
            reader.parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - reader.parser.CurrentByteIndex > MAX_TAG:
                raise reader.fault(f"a tag of more than {MAX_TAG >> 20} MiB", "JUnit XML")
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        place = Place(path, error.lineno, error.offset + 1)
        raise InputError(Fault(place, expat.ErrorString(error.code) or "not XML", "JUnit XML")) from None
    except (LookupError, ValueError) as error:  # the encoding that the document names
        raise reader.fault(str(error), "an encoding such as utf-8") from None
    return reader.found()


class _Reader:
    """What expat's calls gather."""

    def __init__(self, path: str, latest_s: float) -> None:
        self.path, self.latest_s = path, latest_s
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.open: list[str] = []
        self.suites: list[_Suite] = []
        self.cases: list[Case] = []
        self.begin_s, self.end_s, self.length_s = math.inf, -math.inf, 0.0
        self.case: _Case | None = None
        self.text = ""

    def fault(self, found: str, expected: str = "", hint: str = "") -> InputError:
        parser = self.parser
        place = Place(self.path, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        return InputError(Fault(place, found, expected, hint))

    def found(self) -> TestRun:
        if self.begin_s > self.end_s:
            return TestRun(None, min(self.length_s, LONGEST_S), tuple(self.cases))
        return TestRun(self.begin_s, min(self.end_s - self.begin_s, LONGEST_S), tuple(self.cases))

    def _doctype(self, *_declared: Any) -> None:
        raise self.fault("a document type declaration", "JUnit XML, which has none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self.open and tag not in {"testsuites", "testsuite"}:
            raise self.fault(f"the root <{plain(tag)}>", "<testsuites> or <testsuite>")
        if len(self.open) >= MAX_DEPTH:
            raise self.fault("elements nested too deeply", f"at most {MAX_DEPTH} levels")
        self.open.append(tag)
        if tag == "testsuite":
            self.suites.append(self._suite(attributes))
        elif tag == "testcase":
            self.case = self._case(attributes)
        elif tag in _VERDICTS and self.case and self.case.verdict is not Result.FAILURE:
            self.case.verdict = _TOLD.get(attributes.get("type", ""), _VERDICTS[tag])
            self.case.reason = plain(attributes.get("message", ""))
            self.text = ""

    def _characters(self, text: str) -> None:
        if self.case and self.open[-1] in _VERDICTS and len(self.text) < MAX_TEXT:
            self.text += text[:MAX_TEXT]

    def _end(self, tag: str) -> None:
        tag = self.open.pop()
        if tag in _VERDICTS and self.case:
            self.case.reason = self.case.reason or plain(self.text)
        elif tag == "testcase" and self.case:
            self._ended(self.case)
            self.case = None
        elif tag == "testsuite":
            self._suite_ended(self.suites.pop())

    def _suite(self, attributes: dict[str, str]) -> "_Suite":
        at_s = self._moment(attributes["timestamp"]) if attributes.get("timestamp") else None
        return _Suite(at_s, self._seconds(attributes.get("time", "")))

    def _case(self, attributes: dict[str, str]) -> "_Case":
        name = ".".join(filter(None, (attributes.get("classname", ""), attributes.get("name", ""))))
        if not is_name(name[:200]):
            raise self.fault(f"the name {name[:60]!a}", "characters, none of control")
        return _Case(name, self._seconds(attributes.get("time", "")), self.parser.CurrentLineNumber)

    def _ended(self, case: "_Case") -> None:
        suite = self.suites[-1] if self.suites else _Suite(None, 0)
        started_s = None if suite.at_s is None else suite.at_s + suite.passed_s
        suite.passed_s += case.length_s
        place = Place(self.path, case.line)
        self.cases.append(Case(case.name, case.verdict, started_s, case.length_s, case.reason, place))

    def _suite_ended(self, suite: "_Suite") -> None:
        length_s = suite.length_s or suite.passed_s
        if suite.at_s is not None:
            self.begin_s = min(self.begin_s, suite.at_s)
            self.end_s = max(self.end_s, suite.at_s + length_s)
        if not self.suites or not any(outer.length_s for outer in self.suites):
            self.length_s += length_s

    def _moment(self, text: str) -> float:
        try:
            moment = datetime.fromisoformat(text.strip())
            at_s = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            raise self.fault(f"the timestamp {text[:60]!a}", "a time as 2026-11-20T14:30:00") from None
        if not 0 < at_s <= self.latest_s:
            raise self.fault(f"the timestamp {text[:60]!a}", "a time since 1970 that has passed")
        return at_s

    def _seconds(self, text: str) -> float:
        """Read a duration; some write thousands with a comma. Clocks that were set back may make it a little less than 0."""
        if not text.strip():
            return 0.0
        try:
            seconds = float(re.sub(r",(?=\d{3}\b)", "", text))
        except ValueError:
            seconds = math.nan
        if not -1 <= seconds <= LONGEST_S:  # NaN is neither
            raise self.fault(f"the time {text[:60]!a}", f"seconds from 0 to {LONGEST_S}")
        return max(seconds, 0.0)


class _Suite:
    """A suite that is being read."""

    def __init__(self, at_s: float | None, length_s: float) -> None:
        self.at_s, self.length_s, self.passed_s = at_s, length_s, 0.0


class _Case:
    """A case that is being read."""

    def __init__(self, name: str, length_s: float, line: int) -> None:
        self.name, self.length_s, self.line = name, length_s, line
        self.verdict, self.reason = Result.SUCCESS, ""
