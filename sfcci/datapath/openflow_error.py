"""What a switch says when it refuses a message or changes, in words. Source: OpenFlow 1.5.1, 7.5.4; Open vSwitch's ofp-errors.h."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from sfcci.chain.program import Change
from sfcci.errors import SfcciError

KINDS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    0: ("the greeting", ("no version of OpenFlow that both speak", "no permission")),
    1: (
        "the request",
        (
            "a version that it does not speak",
            "a kind of message that it does not know",
            "a question that it does not know",
            "another maker's message that it does not know",
            "a subtype that it does not know",
            "no permission",
            "a wrong length",
            "a buffer that has been used",
            "a buffer that it does not know",
            "a table that it does not have",
            "the role of a slave forbids it",
            "a port that it does not have",
            "a malformed message",
            "too many parts of one question",
        ),
    ),
    2: (
        "an action",
        (
            "it does not know this kind of action",
            "a wrong length",
            "it does not know this maker",
            "it does not know this kind of the maker's",
            "a port to send to that cannot be",
            "a malformed argument",
            "no permission",
            "too many actions",
            "a queue that it does not have",
            "a group that it does not have",
            "the match lacks what the action needs (a field of a packet of that kind)",
            "an order of actions that it cannot do",
            "a tag that it does not know",
            "it does not know how to set this field",
            "the field cannot be set that long",
            "a malformed value for a field",
            "a meter that cannot be",
            "it cannot set bits of this field alone",
        ),
    ),
    3: (
        "an instruction",
        (
            "it does not know this kind of instruction",
            "it cannot do this instruction",
            "a table that it cannot go to",
            "metadata that it cannot write",
            "a mask of metadata that it cannot take",
            "it does not know this maker",
            "it does not know this kind of the maker's",
            "a wrong length",
            "no permission",
            "the same instruction twice",
        ),
    ),
    4: (
        "the match",
        (
            "it does not know this kind of match",
            "a wrong length",
            "it does not know this tag",
            "it cannot match these bits of a link address",
            "it cannot match these bits of a network address",
            "it cannot leave these fields out",
            "it does not know this field",
            "a value that the field cannot have",
            "a mask that the field cannot have",
            "a field without those that it needs in front of it (as a port without its protocol)",
            "the same field twice",
            "no permission",
        ),
    ),
    5: (
        "the flow",
        (
            "for a reason that it does not tell",
            "its table is full",
            "a table that it does not have",
            "it overlaps another of the same priority",
            "no permission",
            "a time that cannot be",
            "a command that it does not know",
            "flags that it does not know",
            "it cannot keep this table as it is",
            "a priority that cannot be",
        ),
    ),
    6: (
        "the group",
        (
            "there is one of this number",
            "a group that cannot be",
            "it knows no weights here",
            "there are as many groups as it can have",
            "there are as many buckets as it can have",
            "groups cannot lead to groups",
            "it cannot watch this",
            "it would lead back to itself",
            "there is none of this number",
            "a group leads to it",
            "it does not know this type of group",
            "a command that it does not know",
            "a malformed bucket",
            "a port or group to watch that cannot be",
            "no permission",
            "a bucket that it does not know",
            "a bucket of this number is there",
        ),
    ),
    7: ("the port", ("a port that it does not have", "another port's address")),
    17: (
        "the bundle",
        (
            "for a reason that it does not tell",
            "no permission",
            "it does not know this bundle",
            "there is a bundle of this number",
            "it is closed",
            "there are as many bundles as it can have",
            "a message that it cannot have",
            "a malformed message",
            "a message of another number",
            "messages that harm one another",
            "there are as many messages as it can have",
            "one of its messages failed",
            "it took too long",
            "it is used by another",
        ),
    ),
}
"""Kind of error → what was refused, and why, by code."""


def words(body: bytes) -> str:
    """Give an error message's type and code in words."""
    kind, code = struct.unpack_from("!HH", body)
    thing, reasons = KINDS.get(kind, ("", ()))
    if code < len(reasons):
        return f"{thing} was refused: {reasons[code]} (OpenFlow error {kind}, {code})"
    if kind == 0xFFFF and len(body) >= 8:  # noqa: PLR2004 - an experimenter's error: type, then its maker
        return (
            f"refused for a reason of Open vSwitch's own (OpenFlow error of maker {body[4:8].hex()}, {code})"
        )
    return f"refused (OpenFlow error {kind}, {code})"


MOST_TOLD = 500
"""Characters of a refused change that are told: a group may have a thousand buckets."""


@dataclass(frozen=True)
class Refusal:
    """Why a switch did not take a change; `change` is None when it is the bundle itself."""

    change: Change | None
    reason: str

    def __str__(self) -> str:
        if self.change is None:
            return self.reason
        change = str(self.change)
        return f"{change if len(change) <= MOST_TOLD else change[:MOST_TOLD] + '…'}: {self.reason}"


class Refused(SfcciError):  # noqa: N818 - the switch's answer
    """A switch did not take changes: none of the bundle is done."""

    def __init__(self, address: str, refusals: tuple[Refusal, ...]) -> None:
        self.refusals = refusals
        lines = (f"  {refusal}" for refusal in refusals)
        super().__init__("\n".join([f"the switch at {address} took none of the changes", *lines]))
