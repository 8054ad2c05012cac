"""The phases of one ebuild, run by portage in a prefix: what is around them, who looks on, what they gave."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import files
from sfcci.errors import ToolError
from sfcci.finding import Finding, exit_status
from sfcci.package import ebuild_log
from sfcci.package.closure import Interpreter
from sfcci.package.portage_prefix import Prefix
from sfcci.settings import Settings

Say = Callable[[str], None]
PHASES = (
    "clean",
    "unpack",
    "prepare",
    "configure",
    "compile",
    "test",
    "install",
    "package",
    "qmerge",
    "unmerge",
)
"""All that an ebuild goes through, in the order of its life; "test" runs where USE=test is asked for."""
TIMEOUT_S = 1800.0
"""For one start of portage: everything up to the image, say, with a large project's tests."""
LOGS = "ebuilds"
"""The folder of the state folder with the logs."""


@dataclass(frozen=True)
class Around:
    """What is around a build; what has no Python, is not live, and is not looked at between phases needs none of it."""

    repositories: Mapping[str, Path] = field(default_factory=dict)
    """EGIT_REPO_URI → a clone on this machine."""
    python_path: Callable[[Interpreter], Sequence[Path]] = lambda _python: ()
    """Gives further folders with Python modules that phases find."""
    after: Mapping[str, "Onlooker"] = field(default_factory=dict)
    """Phase → who looks on when it has ended."""
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True)
class EbuildBuild:
    """What running an ebuild's phases gave."""

    ebuild: str
    """category/name-version."""
    phases: Mapping[str, float]
    """Phase → seconds, in the order in which they ran; the one that failed is the last."""
    findings: tuple[Finding, ...]
    log: Path
    """What portage and the phases said; it stays."""
    image: tuple[str, ...] = ()
    """Files and links that were merged, relative to the prefix, sorted; () when it did not come to that."""
    binary_package: str = ""
    """The name of the package that `package` made."""
    built_in: str = ""
    """What it was separated from this machine by, as a sentence."""
    variant: str = ""
    """What was changed in the copy that was built, as a sentence; "" for nothing."""

    @property
    def exit_status(self) -> int:
        """1 when something was found."""
        return exit_status(self.findings)


@dataclass(frozen=True)
class Running:
    """An ebuild whose phases run: for those who look on between two of them."""

    prefix: Prefix
    name: str
    """category/name-version."""

    @property
    def image(self) -> tuple[str, ...]:
        """What is merged, relative to the prefix."""
        told = self.prefix.path / "var/db/pkg" / self.name / "CONTENTS"
        text = told.read_text() if told.exists() else ""
        return ebuild_log.contents(text, str(self.prefix.inside(self.prefix.path)))


Onlooker = Callable[[Running], Iterable[Finding]]
NOTHING_AROUND = Around()


@dataclass
class Turn:
    """One ebuild's way through its phases."""

    prefix: Prefix
    name: str
    ebuild: str
    use: Sequence[str]
    say: Say
    around: Around
    phases: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    image: tuple[str, ...] = ()

    def result(self, settings: Settings, wanted: Sequence[str], variant: str) -> EbuildBuild:
        """Run the phases until one fails; keep the log."""
        kept = settings.state / LOGS / f"{self.name.replace('/', '_')}.log"
        try:
            for group in _groups(wanted, self.around.after):
                if not self._ran(group):
                    break
        finally:
            if self._log.exists():
                files.write_bytes(kept, self._log.read_bytes())
        packages = sorted((self.prefix.path / "var/cache/binpkgs").rglob("*.gpkg.tar"))
        return EbuildBuild(
            self.name,
            dict(self.phases),
            tuple(self.findings),
            kept,
            self.image,
            packages[0].name if packages else "",
            str(self.prefix),
            variant,
        )

    @property
    def _log(self) -> Path:
        return self.prefix.folder / "build.log"

    @property
    def _marks(self) -> Path:
        return self.prefix.folder / "marks"

    def _ran(self, group: Sequence[str]) -> bool:
        """Run one start of portage and who looks on after it. False when a phase failed."""
        self.say(f"{self.name}: {', '.join(group)}")
        with files.disk_errors(self._marks):
            self._marks.write_text("")
        size, begin = (self._log.stat().st_size if self._log.exists() else 0), time.time()
        timed_out = False
        try:
            status = self.prefix.run(
                ["ebuild", self._path, *group], self.around.timeout_s, log=self._log
            ).status
        except ToolError:
            status, timed_out = -1, True
        spent = time.time() - begin
        marks, said = self._marks.read_text(), self._log.read_bytes()[size:].decode(errors="replace")
        self.findings += ebuild_log.quality_notices(said, self.ebuild)
        if status != 0:
            self._failed(group, marks, spent, said, timed_out)
            return False
        self._count(group, marks, begin, spent)
        running = Running(self.prefix, self.name)
        if group[-1] == "qmerge":
            self.image = running.image
        if group[-1] == "unmerge":
            there = [one for one in self.image if _there(self.prefix.path / one)]
            self.findings += ebuild_log.left_behind(there, self.ebuild)
        if onlooker := self.around.after.get(group[-1]):
            self.findings += onlooker(running)
        return True

    @property
    def _path(self) -> Path:
        category, _, stem = self.name.partition("/")
        package = Path(self.ebuild).parent.name
        return self.prefix.inside(self.prefix.folder / "overlay" / category / package / f"{stem}.ebuild")

    def _count(self, group: Sequence[str], marks: str, begin: float, spent: float) -> None:
        """Functions of the ebuild have told their time; what is before the first is clean's, what is left is the last one's."""
        told = ebuild_log.phase_seconds(marks)
        for phase in group:
            self.phases[phase] = told.get(phase, 0.0)
        if group[0] == "clean" and (first := ebuild_log.first_begin(marks)):
            self.phases["clean"] = first - begin
        elif group[-1] not in ebuild_log.FUNCTIONS:
            self.phases[group[-1]] = spent - sum(told.get(phase, 0.0) for phase in group)

    def _failed(self, group: Sequence[str], marks: str, spent: float, log: str, timed_out: bool) -> None:
        told = ebuild_log.phase_seconds(marks)
        phase = ebuild_log.unfinished(marks) or next((p for p in group if p not in told), group[-1])
        self.phases |= told
        self.phases[phase] = spent - sum(told.values())
        if timed_out:
            self.findings.append(ebuild_log.timed_out(log, phase, self.ebuild, self.around.timeout_s))
        else:
            self.findings.append(ebuild_log.failure(log, phase, self.ebuild))


def _groups(phases: Sequence[str], after: Mapping[str, Onlooker]) -> Iterator[tuple[str, ...]]:
    """Phases that one start of portage runs: those before the image together, each other one alone."""
    group: list[str] = []
    for phase in phases:
        alone = phase in {"package", "qmerge", "unmerge", "config", "info"}
        if alone and group:
            yield tuple(group)
            group = []
        group.append(phase)
        if alone or phase in after:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
