"""Regular expressions that never take long: is there a match in a text, in time linear in the text.

A pattern becomes a nondeterministic automaton that is simulated for all ways at once (Thompson 1968), so there is no
pattern on which it hangs; steps that were taken are remembered. The syntax is that of Go's regexp (RE2) as far as it
has to do with whether there is a match: no groups are kept and no backward references exist there either.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LONGEST = 1000
"""Characters of a pattern."""

LARGEST = 2000
"""States of an automaton: repetitions in repetitions multiply them."""

REMEMBERED = 20_000
"""Steps of an automaton that are remembered."""

DEEPEST = 50
"""Groups in groups."""

Accepts = Callable[[str], bool]

CLASSES: dict[str, Accepts] = {
    "d": lambda c: "0" <= c <= "9",
    "s": lambda c: c in "\t\n\f\r ",
    "w": lambda c: c.isascii() and (c.isalnum() or c == "_"),
}
NAMED: dict[str, Accepts] = {
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "digit": CLASSES["d"],
    "lower": lambda c: "a" <= c <= "z",
    "punct": lambda c: c.isascii() and c.isprintable() and not c.isalnum() and c != " ",
    "space": lambda c: c in "\t\n\v\f\r ",
    "upper": lambda c: "A" <= c <= "Z",
    "word": CLASSES["w"],
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}


class PatternError(ValueError):
    """The text is no pattern: `at` is the character (from 0) where it stops being one."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


@dataclass(slots=True)
class _State:
    """One state: a character that it `accepts` (None: none is needed), or a place that it `asserts`."""

    accepts: Accepts | None = None
    asserts: str = ""
    then: list[int] = field(default_factory=list)


Way = tuple[int, int]
"""A part of the automaton: where it begins and the state at which it ends."""


def compiled(pattern: str) -> Callable[[str], bool]:
    """Whether a text has a match of `pattern` anywhere in it (search, not match).

    Raises:
        PatternError: It is no pattern, or one too large.
    """
    if len(pattern) > LONGEST:
        raise PatternError(f"a pattern of {len(pattern)} characters; {LONGEST} are the most", LONGEST)
    parser = _Parser(pattern)
    begin, end = parser.whole()
    return _Automaton(parser.states, begin, end).search


class _Parser:
    """Reads a pattern from left to right and lays the states out as it goes."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.states: list[_State] = []
        self.whatever_case = self.dot_all = self.lines = False

    def whole(self) -> Way:
        way = self.either()
        if self.at < len(self.text):
            raise PatternError("a ) that closes nothing", self.at)
        return way

    def state(self, accepts: Accepts | None = None, asserts: str = "") -> int:
        if len(self.states) >= LARGEST:
            raise PatternError("a pattern too large: repetitions in repetitions multiply", self.at)
        self.states.append(_State(accepts, asserts))
        return len(self.states) - 1

    def joined(self, ways: Iterable[Way]) -> Way:
        """One way behind the other."""
        begin = end = self.state()
        for head, tail in ways:
            self.states[end].then.append(head)
            end = tail
        return begin, end

    def single(self, accepts: Accepts | None = None, asserts: str = "") -> Way:
        begin, end = self.state(accepts, asserts), self.state()
        self.states[begin].then.append(end)
        return begin, end

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def taken(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def either(self) -> Way:
        ways = [self.sequence()]
        while self.taken("|"):
            ways.append(self.sequence())
        if len(ways) == 1:
            return ways[0]
        begin, end = self.state(), self.state()
        for head, tail in ways:
            self.states[begin].then.append(head)
            self.states[tail].then.append(end)
        return begin, end

    def sequence(self) -> Way:
        ways = []
        while self.peek() not in ("", "|", ")"):
            ways.append(self.repeated())
        return self.joined(ways)

    def repeated(self) -> Way:
        begins = self.at
        way = self.atom()
        bounds = self.bounds()
        if bounds is None:
            return way
        behind = self.at
        way = self.times(begins, way, *bounds)
        self.at = behind
        self.taken("?")  # the least or the most: the same to one who only asks whether
        if self.bounds() is not None:
            raise PatternError("a repetition of a repetition", behind)
        return way

    def bounds(self) -> tuple[int, int | None] | None:
        """How often what stands before is to come; None: nothing is said."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.taken(sign):
                return bounds
        close = self.text.find("}", self.at)
        if self.peek() != "{" or close < 0:
            return None
        low, comma, high = self.text[self.at + 1 : close].partition(",")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            return None  # as in RE2: a brace that bounds nothing is itself
        least, most = int(low), int(high) if high else (None if comma else int(low))
        if least > LONGEST or (most is not None and not least <= most <= LONGEST):
            raise PatternError(f"no number of times: {self.text[self.at : close + 1]}", self.at)
        self.at = close + 1
        return least, most

    def times(self, begins: int, way: Way, least: int, most: int | None) -> Way:
        """The way as often as that; each further copy is read again from where it stands."""
        ways = [way]
        for _ in range((max(least, 1) if most is None else most) - 1):
            self.at = begins
            ways.append(self.atom())
        begin, end = self.state(), self.state()
        last = begin
        for number, (head, tail) in enumerate(ways if most != 0 else ()):
            if number >= least:
                self.states[last].then.append(end)
            self.states[last].then.append(head)
            last = tail
        self.states[last].then.append(end)
        if most is None:
            self.states[last].then.append(ways[-1][0])
        return begin, end

    def atom(self) -> Way:  # noqa: PLR0911 - one way out per kind of atom
        begins, char = self.at, self.peek()
        self.at += 1
        match char:
            case "(":
                return self.group()
            case "[":
                return self.single(self.of_class(begins))
            case "\\":
                return self.escaped(begins)
            case ".":
                return self.single(_anything if self.dot_all else _anything_on_the_line)
            case "^":
                return self.single(asserts="line begins" if self.lines else "text begins")
            case "$":
                return self.single(asserts="line ends" if self.lines else "text ends")
            case "*" | "+" | "?":
                raise PatternError(f"nothing stands before {char}", begins)
            case _:
                return self.single(self.literal(char))

    def group(self) -> Way:
        begins, flags = self.at - 1, (self.whatever_case, self.dot_all, self.lines)
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternError(f"groups in groups, {DEEPEST} deep", begins)
        if self.taken("?") and self.flags(begins):
            self.depth -= 1
            return self.joined(())
        way = self.either()
        if not self.taken(")"):
            raise PatternError("a ( that nothing closes", begins)
        self.depth -= 1
        self.whatever_case, self.dot_all, self.lines = flags
        return way

    def flags(self, begins: int) -> bool:
        """What stands behind (? : whether that was all of the group."""
        if self.taken("P<") or self.taken("<"):
            close = self.text.find(">", self.at)
            if close < 0 or not self.text[self.at : close].isidentifier():
                raise PatternError("a group without a name", begins)
            self.at = close + 1
            return False
        while self.peek() in ("i", "s", "m"):
            flag = self.peek()
            self.at += 1
            self.whatever_case |= flag == "i"
            self.dot_all |= flag == "s"
            self.lines |= flag == "m"
        if self.taken(")"):
            return True
        if self.taken(":"):
            return False
        raise PatternError("a kind of group that there is not", begins)

    def literal(self, char: str) -> Accepts:
        return self.folded(lambda c: c == char)

    def folded(self, accepts: Accepts) -> Accepts:
        """The same, in either case of letters where the pattern wants that."""
        if not self.whatever_case:
            return accepts
        return lambda c: accepts(c) or accepts(c.lower()) or accepts(c.upper())

    def escaped(self, begins: int) -> Way:
        char = self.peek()
        if char in ("b", "B", "A", "z", "Z"):
            self.at += 1
            places = {"b": "word's edge", "B": "no word's edge", "A": "text begins"}
            return self.single(asserts=places.get(char, "text ends"))
        return self.single(self.escape(begins))

    def escape(self, begins: int) -> Accepts:
        """What the character behind a backslash accepts, in a class and out of it."""
        char = self.peek()
        if char.lower() not in CLASSES:
            return self.literal(self.plain_escape(begins))
        self.at += 1
        inside = CLASSES[char.lower()]
        return inside if char.islower() else lambda c: not inside(c)

    def plain_escape(self, begins: int) -> str:
        """The one character that is written with a backslash."""
        char = self.peek()
        self.at += 1
        if not char:
            raise PatternError("a backslash with nothing behind it", begins)
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            if len(digits) < 2 or not all(NAMED["xdigit"](digit) for digit in digits):  # noqa: PLR2004 - \x41
                raise PatternError("\\x is followed by two hexadecimal digits", begins)
            self.at += 2
            return chr(int(digits, 16))
        if char.isascii() and char.isalnum() and char not in CONTROLS:
            raise PatternError(f"no escape: \\{char}", begins)
        return CONTROLS.get(char, char)

    def of_class(self, begins: int) -> Accepts:
        """What stands between [ and ]."""
        without = self.taken("^")
        parts: list[Accepts] = []
        while not (self.peek() == "]" and parts):
            if not self.peek():
                raise PatternError("a [ that nothing closes", begins)
            parts.append(self.of_class_one())
        self.at += 1
        return lambda c: any(part(c) for part in parts) != without

    def of_class_one(self) -> Accepts:
        begins, close = self.at, self.text.find(":]", self.at)
        if self.text.startswith("[:", self.at) and close > 0:
            name = self.text[self.at + 2 : close]
            self.at = close + 2
            if name.removeprefix("^") not in NAMED:
                raise PatternError(f"no class [:{name}:]", begins)
            inside = NAMED[name.removeprefix("^")]
            return (lambda c: not inside(c)) if name.startswith("^") else inside
        low = self.peek()
        self.at += 1
        if low == "\\":
            if self.peek().lower() in CLASSES:
                return self.escape(begins)
            low = self.plain_escape(begins)
        if self.peek() != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return self.literal(low)
        self.at += 1
        high = self.peek()
        self.at += 1
        if high == "\\":
            high = self.plain_escape(self.at - 1)
        if high < low:
            raise PatternError(f"no range: {low}-{high}", begins)
        return self.folded(lambda c: low <= c <= high)


def _anything(_: str) -> bool:
    return True


def _anything_on_the_line(char: str) -> bool:
    return char != "\n"


class _Automaton:
    """All ways through the states at once."""

    def __init__(self, states: list[_State], begin: int, end: int) -> None:
        self.states, self.begin, self.end = states, begin, end
        self.steps: dict[tuple[frozenset[int], str, str], frozenset[int] | None] = {}

    def search(self, text: str) -> bool:
        alive: frozenset[int] = frozenset()
        before = ""
        for char in (*text, ""):
            key = (alive, before, char)
            after = self.steps[key] if key in self.steps else self._step(alive, before, char)
            if len(self.steps) < REMEMBERED:
                self.steps[key] = after
            if after is None:
                return True
            alive, before = after, char
        return False

    def _step(self, alive: frozenset[int], before: str, char: str) -> frozenset[int] | None:
        """The states behind `char` ("" where the text ends); None: a match ends before it."""
        reached = self._closure((*alive, self.begin), before, char)
        if self.end in reached:
            return None
        after: set[int] = set()
        for number in reached:
            state = self.states[number]
            if char and state.accepts is not None and state.accepts(char):
                after.update(state.then)
        return frozenset(after)

    def _closure(self, starts: Iterable[int], before: str, char: str) -> set[int]:
        """Every state that is reached without a character, between `before` and `char`."""
        reached: set[int] = set()
        waiting = list(starts)
        while waiting:
            number = waiting.pop()
            state = self.states[number]
            if number in reached or (state.asserts and not _holds(state.asserts, before, char)):
                continue
            reached.add(number)
            if state.accepts is None:
                waiting.extend(state.then)
        return reached


def _holds(place: str, before: str, char: str) -> bool:
    """Whether the place between two characters is such a one; "" is no character."""
    edge = (bool(before) and CLASSES["w"](before)) != (bool(char) and CLASSES["w"](char))
    return {
        "text begins": not before,
        "text ends": not char,
        "line begins": before in ("", "\n"),
        "line ends": char in ("", "\n"),
        "word's edge": edge,
        "no word's edge": not edge,
    }[place]
