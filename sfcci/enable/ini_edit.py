"""Changes of a configuration file that leave every other octet as it was: words come into lists, and go again.

The file's own manner is kept: spaces around `=`, one word per line or all on one, quotes, line ends. A new option stands below the comment that
names it (`#drivers = dummy`, as oslo-config-generator writes), else behind the section's last option.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from sfcci.enable.ini import QUOTES, Assignment, Ini, as_list, normal, parse


def with_words(ini: Ini, section: str, key: str, words: Sequence[str]) -> Ini:
    """Give the file with these words behind those that the option has already."""
    if not words:
        return ini
    found = ini.last(section, key)
    if found is None:
        return _with_new(ini, section, key, ",".join(words))
    return _replaced(ini, found.begin, found.end, _extended(ini, found, words))


def with_value(ini: Ini, section: str, key: str, words: Sequence[str]) -> Ini:
    """Give the file with just these words as the option's value, on its line."""
    found = ini.last(section, key)
    if found is None:
        return _with_new(ini, section, key, ",".join(words))
    head, _value, end = _pieces(ini.lines[found.begin])
    return _replaced(ini, found.begin, found.end, (f"{head}{','.join(words)}{end}",))


def without_words(ini: Ini, section: str, key: str, words: Iterable[str]) -> Ini:
    """Give the file without these words in the option's list; an option that has no other word goes, a section left empty, too."""
    found, gone = ini.last(section, key), set(words)
    if found is None or not gone & set(as_list(found.value)):
        return ini
    if set(as_list(found.value)) <= gone:
        return without(ini, section, key)
    return _replaced(ini, found.begin, found.end, _shortened(ini, found, gone))


def without(ini: Ini, section: str, key: str) -> Ini:
    """Give the file without the assignment that counts, and without its section when that is empty then."""
    found = ini.last(section, key)
    return ini if found is None else _without_empty(_replaced(ini, found.begin, found.end, ()), section)


def _replaced(ini: Ini, begin: int, end: int, lines: Sequence[str]) -> Ini:
    return parse("".join((*ini.lines[:begin], *lines, *ini.lines[end:])), ini.path)


def _pieces(line: str) -> tuple[str, str, str]:
    """Take a line apart: up to the value, the value with its quotes, what is behind it (the line's end at least)."""
    bare = line.rstrip()
    end = line[len(bare) :] or "\n"
    found = re.match(r"[^=:]*[=:]\s*", bare)
    head = found[0] if found else ""
    value = bare[len(head) :]
    if not value and head.endswith((" =", "\t=")):
        head += " "
    return head, value, end


def _continued(line: str) -> tuple[str, str, str]:
    """Take a line that goes on apart: its indent, its value, its end."""
    bare = line.rstrip()
    value = bare.lstrip()
    return bare[: len(bare) - len(value)], value, line[len(bare) :]


def _quote(value: str) -> str:
    """Give the quotes that a value stands in; "" when it stands in none."""
    return value[0] if len(value) > 1 and value.startswith(QUOTES) and value[0] == value[-1] else ""


def _extended(ini: Ini, found: Assignment, words: Sequence[str]) -> tuple[str, ...]:
    """Give the assignment's lines with more words: each on a line of its own where those before are so."""
    lines = ini.lines[found.begin : found.end]
    if len(lines) > 1:
        return _extended_lines(lines, words)
    head, value, end = _pieces(lines[0])
    quote = _quote(value)
    inner = value[1:-1] if quote else value
    bare = inner.rstrip().rstrip(",").rstrip()
    comma = ", " if ", " in bare else ","
    return (f"{head}{quote}{comma.join((*([bare] if bare else []), *words))}{quote}{end}",)


def _extended_lines(lines: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    indent, last, end = _continued(lines[-1])
    end = end or "\n"
    before = (*lines[:-1], f"{indent}{last.rstrip(',')},{end}")
    return (*before, *(f"{indent}{word},{end}" for word in words[:-1]), f"{indent}{words[-1]}{end}")


def _shortened(ini: Ini, found: Assignment, gone: AbstractSet[str]) -> tuple[str, ...]:
    """Give the assignment's lines without these words; a line that has no other word goes."""
    lines = [_line_without(line, gone) for line in ini.lines[found.begin : found.end]]
    kept = [lines[0], *(line for line in lines[1:] if line.strip(" \t\r\n,"))]
    bare = kept[-1].rstrip()
    kept[-1] = f"{bare.rstrip(',')}{kept[-1][len(bare) :]}"
    return tuple(kept)


def _line_without(line: str, gone: AbstractSet[str]) -> str:
    head, value, end = _pieces(line) if not line[0].isspace() else _continued(line)
    quote = _quote(value)
    inner = value[1:-1] if quote else value
    words = inner.split(",")
    left = [word for word in words if word.strip() not in gone]
    return line if left == words else f"{head}{quote}{','.join(left).lstrip()}{quote}{end}"


def _with_new(ini: Ini, section: str, key: str, value: str) -> Ini:
    """Give the file with an option that it did not have."""
    option = f"{key}{_equals(ini)}{value}{_line_end(ini)}"
    spans = [span for span in _spans(ini) if normal(span[0]) == normal(section)]
    if not spans:
        return _appended(ini, (f"[{section}]{_line_end(ini)}", option))
    at = next((at for span in spans if (at := _below_comment(ini, span, key))), 0)
    return _inserted(ini, at or _behind_last(ini, spans[0]), option)


def _spans(ini: Ini) -> list[tuple[str, int, int]]:
    """Give every section's name with its lines: first (the header) to last, which is not included."""
    ends = [line for _name, line in ini.sections[1:]] + [len(ini.lines)]
    return [(name, begin, end) for (name, begin), end in zip(ini.sections, ends, strict=False)]


def _below_comment(ini: Ini, span: tuple[str, int, int], key: str) -> int:
    """Give the line below the one that has the option as a comment; 0 when there is none."""
    meant = re.compile(rf"[#;]\s*{re.escape(key)}\s*[=:]")
    found = [number for number in range(span[1], span[2]) if meant.match(ini.lines[number])]
    return found[-1] + 1 if found else 0


def _behind_last(ini: Ini, span: tuple[str, int, int]) -> int:
    """Give the line behind the last option of a section, else behind its header."""
    ends = [one.end for one in ini.assignments if span[1] < one.begin < span[2]]
    return max([span[1] + 1, *ends])


def _inserted(ini: Ini, at: int, option: str) -> Ini:
    before = list(ini.lines[:at])
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += _line_end(ini)
    return parse("".join((*before, option, *ini.lines[at:])), ini.path)


def _appended(ini: Ini, lines: Sequence[str]) -> Ini:
    """Give the file with lines at its end, a blank line before them."""
    text = str(ini)
    if text and not text.endswith(("\n", "\r")):
        text += _line_end(ini)
    gap = _line_end(ini) if text.strip() and ini.lines[-1].strip() else ""
    return parse("".join((text, gap, *lines)), ini.path)


def _without_empty(ini: Ini, section: str) -> Ini:
    """Take away a section's last header when nothing but blank lines follows it, and one blank line before it."""
    for name, begin, end in reversed(_spans(ini)):
        if normal(name) == normal(section) and not "".join(ini.lines[begin + 1 : end]).strip():
            blank = begin > 0 and not ini.lines[begin - 1].strip()
            return _replaced(ini, begin - blank, begin + 1, ())
    return ini


def _equals(ini: Ini) -> str:
    """Give how this file writes `=`: as its first option does."""
    for one in ini.assignments:
        found = re.match(r"[^=:]*?(\s*=\s*)\S", ini.lines[one.begin])
        if found and "\n" not in found[1]:
            return found[1]
    return " = "


def _line_end(ini: Ini) -> str:
    return "\r\n" if ini.lines and ini.lines[0].endswith("\r\n") else "\n"
