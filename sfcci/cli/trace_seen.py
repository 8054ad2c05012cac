"""What `sfcci trace path`, `follow`, `balance` and `latency` share: the lab or the capture, and which requests are wanted."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import completion, console
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.datapath.standing import StandingLab
    from sfcci.datapath.tracing import Scene
    from sfcci.trace.flowfilter import Filter
    from sfcci.trace.meant import Meant
    from sfcci.trace.passes import Trail

STEP_S = 0.1
"""So often packets that are under way no more are taken: a person sees no delay."""


class Seen:
    """A lab that is up, or a capture of one; `wanted` says which requests are looked at."""

    def __init__(self, request: tuple[str, ...], lab: str, pcap: str | None, scenario: str) -> None:
        from sfcci.trace import flowfilter
        from sfcci.trace.meant import meant_of

        if scenario and not pcap:
            raise UsageError("--scenario says what was meant with --pcap; a lab has its chains")
        self._asked, self.pcap = (lab, scenario), Path(pcap) if pcap else None
        self._scene = _scene(*self._asked)
        self.meant: Meant = meant_of(self._scene)
        self.wanted: Filter = flowfilter.parse(request, _names(self.meant))
        self.lab: StandingLab | None = None if pcap else self._scene.lab
        """None: there is a capture."""

    def refresh(self) -> None:
        """Look again at what is meant: chains may have been changed meanwhile."""
        from sfcci.trace.explaining import meant_now
        from sfcci.trace.meant import meant_of

        self._scene = _scene(*self._asked)
        self.meant = meant_now(self._scene, self.lab.lab) if self.lab else meant_of(self._scene)

    def batches(
        self, seconds: float, on_time: Callable[[float], bool] = lambda _left: True
    ) -> "Iterator[list[Trail]]":
        """Give packets that have gone their way, some at a time, for so long; of a capture all at once.

        `on_time` hears of the seconds that are left, and says whether to go on. Raises InputError, ToolError, Blind.
        """
        if self.pcap:
            from sfcci.trace.evidence import trails_of

            yield list(trails_of(self.pcap, self.meant, self.wanted))
            return
        from sfcci.trace.watching import watched

        assert self.lab is not None  # noqa: S101 - `__init__` has seen to it
        with watched(self.lab.lab, self.meant, self.wanted.either, self.lab.name) as watching:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0 and on_time(left) and not watching.live.ended:
                time.sleep(min(left, STEP_S))
                yield watching.take()
            time.sleep(watching.quiet_s)  # those that are under way arrive
            yield watching.take(settled=False)


def _scene(lab: str, scenario: str) -> "Scene":
    """Give the scenario, or the lab. Raises UsageError, InputError."""
    from sfcci.cli.sfc_trace import lab_scene
    from sfcci.datapath import tracing
    from sfcci.datapath.scenario import load_scenario

    return tracing.of_scenario(load_scenario(scenario)) if scenario else lab_scene(lab)


def _names(meant: "Meant") -> dict[str, tuple[str, ...]]:
    """Hosts and ports by what people call them, with their addresses."""
    topology = meant.topology
    hosts = {
        host.name: tuple(address for port in topology.ports_of(host.name) for address in port.plain)
        for host in topology.hosts
    }
    return {port.name: port.plain for port in topology.ports if port.name} | hosts


duration = click.option(
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to watch the lab.",
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its words for requests and its options for the lab or the capture."""
    words = (
        click.argument(
            "request", nargs=-1, type=click.UNPROCESSED, metavar="[ID | FROM -> TO [PROTOCOL [PORT]]]"
        ),
        click.option(
            "--lab",
            default="",
            metavar="NAME",
            shell_complete=completion.labs,
            help="Which lab, when several are up.",
        ),
        click.option(
            "--pcap",
            type=click.Path(path_type=str),
            metavar="FILE",
            help="A capture of the switch's ports in the place of a lab.",
        ),
        click.option(
            "--scenario",
            default="",
            metavar="SCENARIO",
            help="With --pcap: the chains that were meant, when no lab has them.",
        ),
    )
    for word in reversed(words):
        command = word(command)
    return command


def progress(seen: Seen, seconds: float) -> Callable[[float], bool]:
    """Say for how long the lab is watched, on a terminal's standard error."""
    tell, told = console.progress(), [seconds + 1]

    def left(found: float) -> bool:
        if found <= told[0] - 1:
            told[0] = found
            tell(f"watching lab {seen.lab.name if seen.lab else ''}: {found:.0f} s left")
        return True

    return left
