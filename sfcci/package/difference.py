"""The first difference between two builds of one package: where in the file, and what stands there. Pure."""

from collections.abc import Callable, Mapping

from sfcci.package.headers import TAG_NAMES, header
from sfcci.package.rpm_format import Member, Sections, Tag, members, sections

Unpack = Callable[[bytes, str, str], bytes]
"""A payload, the name of its compressor, the RPM's name → the cpio archive."""
DERIVED = (
    "Payloaddigest",
    "Payloaddigestalt",
    "Filedigests",
    "Filesizes",
    "Longfilesizes",
    "Size",
    "Longsize",
    "Cookie",
    "Sourcepkgid",
)
"""Tags that differ because something else does; told when nothing else is found."""
SHOWN = 60


def first_difference(one: bytes, other: bytes, path: str, unpack: Unpack) -> str:
    """Say where two RPMs begin to differ and what differs there; "" when they are equal.

    What is told is the cause where that can be seen: a file in the payload, then a tag of the header. Raises InputError.
    """
    if one == other:
        return ""
    at = _offset(one, other)
    parts = sections(one, path), sections(other, path)
    archives = [_members(whole, of, path, unpack) for whole, of in zip((one, other), parts, strict=True)]
    why = (
        _member_difference(*archives)
        or _tag_difference(parts[0].header, parts[1].header)
        or "the way in which the payload is packed"
    )
    return f"octet {at} ({_section(at, parts[0])}): {why}"


def _offset(one: bytes, other: bytes) -> int:
    """The first octet, from 0, in which two texts differ; they are not equal."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _section(at: int, parts: Sections) -> str:
    if at >= parts.payload_start:
        return "payload"
    return "header" if at >= parts.header_start else "signature"


def _members(data: bytes, parts: Sections, path: str, unpack: Unpack) -> dict[str, Member]:
    archive = unpack(data[parts.payload_start :], header(parts).compressor, path)
    return {member.path: member for member in members(archive, path)}


def _member_difference(one: Mapping[str, Member], other: Mapping[str, Member]) -> str:
    for path in sorted(one.keys() | other.keys()):
        if path not in one or path not in other:
            return f"{path} is in one of them only"
        if one[path].data != other[path].data:
            at = _offset(one[path].data, other[path].data)
            return f"{path} differs at its octet {at}"
        if (one[path].mode, one[path].mtime) != (other[path].mode, other[path].mtime):
            return f"{path} differs in its mode or time"
    if list(one) != list(other):
        return "the order of the files"
    return ""


def _tag_difference(one: Mapping[int, Tag], other: Mapping[int, Tag]) -> str:
    differing = [
        number for number in sorted(one.keys() | other.keys()) if one.get(number) != other.get(number)
    ]
    names = [TAG_NAMES.get(number, str(number)) for number in differing]
    told = sorted(zip(names, differing, strict=True), key=lambda pair: pair[0] in DERIVED)
    if not told:
        return ""
    name, number = told[0]
    return f"the tag {name} is {_shown(one.get(number), other.get(number))}"


def _shown(one: Tag | None, other: Tag | None) -> str:
    """Both values, from where they differ."""
    texts = [_text(tag) for tag in (one, other)]
    at = max(0, next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0) - SHOWN // 3)
    return " and ".join(f"{'…' if at else ''}{text[at : at + SHOWN]!r}" for text in texts)


def _text(tag: Tag | None) -> str:
    if tag is None:
        return "(not there)"
    return tag.value.hex() if isinstance(tag.value, bytes) else " ".join(map(str, tag.value))
