"""The paths that a failed job's packets took: beside each step's capture as evidence, and in a few words as reasons."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import files
from sfcci.datapath import tracing
from sfcci.datapath.lab import Lab
from sfcci.datapath.scenario import Scenario
from sfcci.errors import DiskFull, InputError, SfcciError, ToolError, Unreachable
from sfcci.gate.checks import Observation
from sfcci.gate.evidence import PATH_PAGE
from sfcci.trace import path_html, path_json, path_text, path_words
from sfcci.trace.chainpath import ChainPath
from sfcci.trace.evidence import trails_of
from sfcci.trace.explaining import explained
from sfcci.trace.judging import paths
from sfcci.trace.meant import Meant, meant_of
from sfcci.trace.packet import FiveTuple

MOST_KEPT = 100
"""So many paths of one step are kept whole, those that went wrong first."""
MOST_DRAWN = 6
MOST_EXPLAINED = 4
"""Of so many that went wrong the switch is asked why."""


@dataclass(frozen=True)
class StepTaken:
    """A step that was taken: what its paths are told from. `moving`: chains changed while its packets were under way."""

    number: int
    capture: Path
    scenario: Scenario
    observed: Observation
    moving: bool = False


def keep(steps: Sequence[StepTaken], lab: Lab, folder: Path) -> tuple[str, ...]:
    """Write the paths of the steps; of the last one, which failed, they are drawn, and said in words that are given back.

    What cannot be told of a capture is left out: the verdict stands without it. Raises DiskFull, MissingTool.
    """
    told: tuple[str, ...] = ()
    for step in steps:
        with suppress(InputError):
            last = step is steps[-1]
            meant = _meant(step.scenario, lab if last else None)
            found = _paths(step, meant)
            if last:
                found = _explained(found, meant, lab)
                told = () if step.moving else reasons(found, f"step{step.number}.paths.txt")
            _write(folder, step, found, meant, drawn=last)
    return told


def reasons(found: Sequence[ChainPath], file: str) -> tuple[str, ...]:
    """Give the verdicts of a step's paths in words, the commonest wrong ones; () without a path."""
    if not found:
        return ()
    wrong = [path for path in found if not path.ok]
    if not wrong:
        return (f"all {len(found)} paths are as their chains say: OK (see {file})",)
    counted = Counter((path_words.verdict(path), path.says) for path in wrong)
    return tuple(
        f"{count} of {len(found)} paths {verdict}: {says} (see {file})"
        for (verdict, says), count in counted.most_common(2)
    )


def _meant(scenario: Scenario, lab: Lab | None) -> Meant:
    """What the step's chains mean; with a lab, by the links that are up, and with the tables that its switch holds."""
    meant = meant_of(tracing.of_scenario(scenario))
    if lab is not None:
        with suppress(ToolError):
            meant = meant_of(tracing.of_raised(lab, chains=scenario.chains))
        with suppress(Unreachable):
            return replace(meant, program=lab.held())
    return meant


def _paths(step: StepTaken, meant: Meant) -> tuple[ChainPath, ...]:
    """The paths of what the step sent; of all packets where none of it is known by its ports."""
    wants = _wants(step.observed)
    return paths(trails_of(step.capture, meant), meant, wants)


def _wants(observed: Observation) -> Callable[[FiveTuple], bool] | None:
    flows = {request.flow for request in observed.requests if request.sport}
    streams = {
        stream.packets(port) for stream in observed.streams for port in (stream.port, stream.control_port)
    }
    if not flows and not streams:
        return None
    return lambda flow: flow in flows or (flow.src, flow.dst, flow.dport) in streams


def _explained(found: tuple[ChainPath, ...], meant: Meant, lab: Lab) -> tuple[ChainPath, ...]:
    """The paths with what the switch says of the first few that went wrong."""
    asked = {number for number, path in enumerate(found) if not path.ok and path.at}
    few = sorted(asked)[:MOST_EXPLAINED]
    try:
        told = dict(zip(few, explained([found[number] for number in few], meant, lab), strict=True))
    except DiskFull:
        raise
    except SfcciError:  # a lab in which something has died: what was seen is seen
        return found
    return tuple(told.get(number, path) for number, path in enumerate(found))


def _write(folder: Path, step: StepTaken, found: tuple[ChainPath, ...], meant: Meant, *, drawn: bool) -> None:
    kept = sorted(found, key=lambda path: path.ok)[:MOST_KEPT]
    document = path_json.document(kept, meant) | {
        "step": step.number,
        "seen": len(found),
        "moving": step.moving,
    }
    files.write_text(folder / f"step{step.number}.paths.json", json.dumps(document) + "\n")
    files.write_text(
        folder / f"step{step.number}.paths.txt", "\n".join(_text(step, kept, found, meant)) + "\n"
    )
    if drawn and kept:
        title = f"Paths of step {step.number}"
        files.write_text(folder / PATH_PAGE, path_html.page(kept[:MOST_DRAWN], meant, title))


def _text(
    step: StepTaken, kept: Sequence[ChainPath], found: Sequence[ChainPath], meant: Meant
) -> Iterable[str]:
    counted = Counter(path_words.verdict(path) for path in found)
    yield (
        ", ".join(f"{count} {verdict}" for verdict, count in counted.most_common())
        or "no packet was followed"
    )
    if step.moving:
        yield "The chains were changed while these packets were under way; they are judged by those at the end of the step."
    yield ""
    yield from (path_text.line(path) for path in found)
    yield ""
    yield path_text.text(kept, meant)
