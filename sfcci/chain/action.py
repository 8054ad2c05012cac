"""What a flow or a bucket does with a packet, as values; `str` is what ovs-ofctl reads. Source: ovs-actions(7)."""

from dataclasses import dataclass

from sfcci.chain.field import WIDTHS, spelled


@dataclass(frozen=True, slots=True)
class SetField:
    """Write a value into a field, or into the bits of `mask` (None: all of them)."""

    name: str
    value: int
    mask: int | None = None

    def __str__(self) -> str:
        mask = "" if self.mask is None else f"/{spelled(self.name, self.mask)}"
        return f"set_field:{spelled(self.name, self.value)}{mask}->{self.name}"


@dataclass(frozen=True, slots=True)
class Move:
    """Copy bits of one field into another: `width` of them, from bit `first` on of the source, to the lowest ones."""

    source: str
    first: int
    width: int
    target: str

    def __str__(self) -> str:
        last = self.first + self.width - 1
        whole = self.width == WIDTHS.get(self.target, 8)
        target = f"{self.target}[]" if whole else f"{self.target}[0..{self.width - 1}]"
        return f"move:{self.source}[{self.first}..{last}]->{target}"


@dataclass(frozen=True, slots=True)
class Push:
    """Put an encapsulation around the packet: "mpls" (a label), "nsh" (a header), "ethernet" (in front of NSH)."""

    kind: str

    def __str__(self) -> str:
        return {
            "mpls": "push_mpls:0x8847",
            "nsh": "encap(nsh,prop(class=nsh,type=md_type,val=1))",
            "ethernet": "encap(ethernet)",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class PopMpls:
    """Take the one label off; what is below has that ethertype."""

    eth_type: int

    def __str__(self) -> str:
        return f"pop_mpls:{self.eth_type:#06x}"


@dataclass(frozen=True, slots=True)
class Decap:
    """Take the outermost header off: Ethernet in front of NSH, or NSH."""

    def __str__(self) -> str:
        return "decap()"


@dataclass(frozen=True, slots=True)
class Goto:
    """Go on in a later table."""

    table: int

    def __str__(self) -> str:
        return f"goto_table:{self.table}"


@dataclass(frozen=True, slots=True)
class Resubmit:
    """Look the packet up in a table: what a bucket, which knows no goto, does."""

    table: int

    def __str__(self) -> str:
        return f"resubmit(,{self.table})"


@dataclass(frozen=True, slots=True)
class ToGroup:
    """Hand the packet to a group."""

    group: int

    def __str__(self) -> str:
        return f"group:{self.group}"


@dataclass(frozen=True, slots=True)
class Output:
    """Send the packet out of a port (never out of the one that it came in by: the switch sees to that)."""

    port: int

    def __str__(self) -> str:
        return f"output:{self.port}"


@dataclass(frozen=True, slots=True)
class Normal:
    """Switch the packet as a learning switch does."""

    def __str__(self) -> str:
        return "NORMAL"


@dataclass(frozen=True, slots=True)
class Clone:
    """Do something with a copy of the packet: the packet itself stays as it is."""

    actions: tuple["Action", ...]

    def __str__(self) -> str:
        return f"clone({spelled_actions(self.actions)})"


@dataclass(frozen=True, slots=True)
class Pause:
    """Hand the packet to the controller, which gives it back later: then what follows is done."""

    def __str__(self) -> str:
        return "controller(pause)"


Action = (
    SetField | Pause | Move | Push | PopMpls | Decap | Goto | Resubmit | ToGroup | Output | Normal | Clone
)


def spelled_actions(actions: tuple[Action, ...]) -> str:
    """Give a list of actions as ovs-ofctl writes it; none means drop."""
    return ",".join(str(action) for action in actions) or "drop"
