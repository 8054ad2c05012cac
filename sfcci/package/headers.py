"""What an RPM says of itself: its header as a value, read from its bytes alone, on any host, by no program."""

from dataclasses import dataclass
from pathlib import Path

from sfcci.errors import Fault, InputError, Place
from sfcci.package.rpm_format import Member, Sections, Tag, sections

TAGS = {
    "Name": 1000,
    "Version": 1001,
    "Release": 1002,
    "Epoch": 1003,
    "Summary": 1004,
    "Description": 1005,
    "Buildtime": 1006,
    "Buildhost": 1007,
    "Size": 1009,
    "License": 1014,
    "Packager": 1015,
    "Group": 1016,
    "Url": 1020,
    "Os": 1021,
    "Arch": 1022,
    "Prein": 1023,
    "Postin": 1024,
    "Preun": 1025,
    "Postun": 1026,
    "Filesizes": 1028,
    "Filemodes": 1030,
    "Filerdevs": 1033,
    "Filemtimes": 1034,
    "Filedigests": 1035,
    "Filelinktos": 1036,
    "Fileflags": 1037,
    "Fileusername": 1039,
    "Filegroupname": 1040,
    "Sourcerpm": 1044,
    "Fileverifyflags": 1045,
    "Providename": 1047,
    "Requireflags": 1048,
    "Requirename": 1049,
    "Requireversion": 1050,
    "Conflictname": 1054,
    "Rpmversion": 1064,
    "Changelogtime": 1080,
    "Changelogname": 1081,
    "Changelogtext": 1082,
    "Preinprog": 1085,
    "Postinprog": 1086,
    "Preunprog": 1087,
    "Postunprog": 1088,
    "Cookie": 1094,
    "Filedevices": 1095,
    "Fileinodes": 1096,
    "Filelangs": 1097,
    "Sourcepackage": 1106,
    "Provideflags": 1112,
    "Provideversion": 1113,
    "Dirindexes": 1116,
    "Basenames": 1117,
    "Dirnames": 1118,
    "Optflags": 1122,
    "Payloadformat": 1124,
    "Payloadcompressor": 1125,
    "Payloadflags": 1126,
    "Platform": 1132,
    "Filecolors": 1140,
    "Fileclass": 1141,
    "Classdict": 1142,
    "Filedependsx": 1143,
    "Filedependsn": 1144,
    "Dependsdict": 1145,
    "Sourcepkgid": 1146,
    "Pretrans": 1151,
    "Posttrans": 1152,
    "Longfilesizes": 5008,
    "Longsize": 5009,
    "Filedigestalgo": 5011,
    "Recommendname": 5046,
    "Recommendversion": 5047,
    "Recommendflags": 5048,
    "Encoding": 5062,
    "Payloaddigest": 5092,
    "Payloaddigestalgo": 5093,
    "Payloaddigestalt": 5097,
    "Spec": 5099,
}
"""Name, as `rpm --querytags` spells it, → number of the tags that are looked at or may differ."""
TAG_NAMES = {number: name for name, number in TAGS.items()}
SIGNATURE_TAGS = {267: "DSA", 268: "RSA", 1002: "PGP", 1005: "GPG", 278: "OpenPGP"}
"""Of the signature header: number → kind, for those that a key made."""
SCRIPTS = {
    "pre": "Prein",
    "post": "Postin",
    "preun": "Preun",
    "postun": "Postun",
    "pretrans": "Pretrans",
    "posttrans": "Posttrans",
}
CONFIG, DOC, NOREPLACE, GHOST, LICENSE = 1, 2, 16, 64, 128
LESS, GREATER, EQUAL, RPMLIB = 2, 4, 8, 1 << 24
OPERATORS = {
    LESS: "<",
    GREATER: ">",
    EQUAL: "=",
    LESS | EQUAL: "<=",
    GREATER | EQUAL: ">=",
    LESS | GREATER: "<>",
}
FORMAT_MASK, DIRECTORY, REGULAR, LINK = 0o170000, 0o040000, 0o100000, 0o120000
DIGESTS = {1: "MD5", 2: "SHA1", 8: "SHA256", 9: "SHA384", 10: "SHA512", 11: "SHA224"}
"""OpenPGP's numbers of hash algorithms (RFC 9580, 9.5)."""


@dataclass(frozen=True)
class RpmFile:
    """One file that a package installs."""

    path: str
    mode: int
    """As in st_mode, with the kind of file."""
    user: str
    group: str
    size: int
    digest: str
    """Hexadecimal; "" for what is no regular file."""
    flags: int = 0
    mtime: int = 0
    target: str = ""
    """Where a symbolic link leads."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory."""
        return self.mode & FORMAT_MASK == DIRECTORY

    @property
    def is_regular(self) -> bool:
        """Whether it is a plain file."""
        return self.mode & FORMAT_MASK == REGULAR

    @property
    def config(self) -> bool:
        """%config."""
        return bool(self.flags & CONFIG)

    @property
    def noreplace(self) -> bool:
        """%config(noreplace)."""
        return bool(self.flags & NOREPLACE)

    @property
    def doc(self) -> bool:
        """%doc."""
        return bool(self.flags & DOC)

    @property
    def license(self) -> bool:
        """%license."""
        return bool(self.flags & LICENSE)

    @property
    def ghost(self) -> bool:
        """%ghost: owned, not in the payload."""
        return bool(self.flags & GHOST)


@dataclass(frozen=True)
class RpmHeader:
    """What an RPM says of itself. Dependencies are written as rpm prints them: `python3.11dist(pbr) >= 2`."""

    name: str
    epoch: int | None
    version: str
    release: str
    arch: str
    requires: tuple[str, ...] = ()
    """Without those on rpm's own features (rpmlib)."""
    provides: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    files: tuple[RpmFile, ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()
    """("post", its text) and so on, for those that are there."""
    summary: str = ""
    license: str = ""
    url: str = ""
    source_rpm: str = ""
    """The file name of the source RPM; "" for a source RPM."""
    build_time: int = 0
    """Seconds since the epoch."""
    digest_algorithm: str = "SHA256"
    """Of the files' digests."""
    payload_digest: str = ""
    compressor: str = "gzip"
    """Of the payload."""
    signature: str = ""
    """The kind of signature, "" for an unsigned package."""

    @property
    def evr(self) -> str:
        """[EPOCH:]VERSION-RELEASE."""
        epoch = "" if self.epoch is None else f"{self.epoch}:"
        return f"{epoch}{self.version}-{self.release}"

    @property
    def nevra(self) -> str:
        """NAME-[EPOCH:]VERSION-RELEASE.ARCH."""
        return f"{self.name}-{self.evr}.{self.arch}"

    @property
    def is_source(self) -> bool:
        """Whether it is a source RPM."""
        return not self.source_rpm


@dataclass(frozen=True)
class Package:
    """An RPM: what it says of itself, and the files in its payload."""

    header: RpmHeader
    members: tuple[Member, ...] = ()


def read_header(path: Path) -> RpmHeader:
    """Read an RPM's header. Raises InputError: there is no such file, or it is no whole RPM."""
    return header(sections(rpm_bytes(path), str(path)))


def rpm_bytes(path: Path) -> bytes:
    """Give an RPM's bytes. Raises InputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(Fault(Place(str(path)), f"cannot be read: {error.strerror}", "an RPM")) from None


def header(parts: Sections) -> RpmHeader:
    """Give the value of an RPM's header."""
    tags = parts.header
    return RpmHeader(
        name=_text(tags, "Name"),
        epoch=next(iter(_numbers(tags, "Epoch")), None),
        version=_text(tags, "Version"),
        release=_text(tags, "Release"),
        arch="src" if "Sourcerpm" not in _names(tags) else _text(tags, "Arch"),
        requires=_dependencies(tags, "Require"),
        provides=_dependencies(tags, "Provide"),
        recommends=_dependencies(tags, "Recommend"),
        files=_files(tags),
        scripts=tuple((key, _text(tags, tag)) for key, tag in SCRIPTS.items() if TAGS[tag] in tags),
        summary=_text(tags, "Summary"),
        license=_text(tags, "License"),
        url=_text(tags, "Url"),
        source_rpm=_text(tags, "Sourcerpm"),
        build_time=next(iter(_numbers(tags, "Buildtime")), 0),
        digest_algorithm=DIGESTS.get(next(iter(_numbers(tags, "Filedigestalgo")), 1), "unknown"),
        payload_digest=_text(tags, "Payloaddigest"),
        compressor=_text(tags, "Payloadcompressor") or "gzip",
        signature=next((kind for number, kind in SIGNATURE_TAGS.items() if number in parts.signature), ""),
    )


def _names(tags: dict[int, Tag]) -> set[str]:
    return {TAG_NAMES[number] for number in tags if number in TAG_NAMES}


def _texts(tags: dict[int, Tag], name: str) -> tuple[str, ...]:
    tag = tags.get(TAGS[name])
    return tuple(map(str, tag.value)) if tag and not isinstance(tag.value, bytes) else ()


def _text(tags: dict[int, Tag], name: str) -> str:
    return next(iter(_texts(tags, name)), "")


def _numbers(tags: dict[int, Tag], name: str) -> tuple[int, ...]:
    tag = tags.get(TAGS[name])
    if tag is None or isinstance(tag.value, bytes):
        return ()
    return tuple(value for value in tag.value if isinstance(value, int))


def _dependencies(tags: dict[int, Tag], kind: str) -> tuple[str, ...]:
    """Dependencies of a kind, each once, in the header's order."""
    rows = zip(
        _texts(tags, f"{kind}name"),
        _numbers(tags, f"{kind}flags"),
        _texts(tags, f"{kind}version"),
        strict=False,
    )
    told = [
        f"{name} {OPERATORS[flags & 14]} {version}" if version and flags & 14 in OPERATORS else name
        for name, flags, version in rows
        if not flags & RPMLIB
    ]
    return tuple(dict.fromkeys(told))


def _files(tags: dict[int, Tag]) -> tuple[RpmFile, ...]:
    folders = _texts(tags, "Dirnames")
    sizes = _numbers(tags, "Longfilesizes") or _numbers(tags, "Filesizes")
    rows = zip(
        _numbers(tags, "Dirindexes"),
        _texts(tags, "Basenames"),
        _numbers(tags, "Filemodes"),
        _texts(tags, "Fileusername"),
        _texts(tags, "Filegroupname"),
        sizes,
        _texts(tags, "Filedigests"),
        _numbers(tags, "Fileflags"),
        _numbers(tags, "Filemtimes"),
        _texts(tags, "Filelinktos"),
        strict=False,
    )
    return tuple(
        RpmFile(f"{folders[place]}{name}", mode, user, group, size, digest, flags, mtime, target)
        for place, name, mode, user, group, size, digest, flags, mtime, target in rows
        if place < len(folders)
    )
