"""The verdict on one attempt at a job, reached in a process of its own: raise the lab or install, do the job's work, judge.

Time is bounded by an alarm: whatever waits when the job's time is up is interrupted, and then there is a grace in which
evidence is kept. What does not obey is killed from outside (`gate.worker`).
"""

import contextlib
import errno
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sfcci import command, files
from sfcci.chain.model import ChainState, found
from sfcci.datapath.capture import Incomplete
from sfcci.datapath.lab import Lab, build, require
from sfcci.datapath.namespace import Keeper, Raising
from sfcci.datapath.scenario import Scenario
from sfcci.errors import DiskFull, InputError, MissingTool, SfcciError, ToolError, UsageError
from sfcci.gate import keeping
from sfcci.gate.change import patched
from sfcci.gate.evidence import OUTPUT
from sfcci.gate.job import BaseFlows, Job, Result, Traceroute
from sfcci.gate.order import GRACE_S, LabFault, Order, Verdict
from sfcci.gate.outcome import KEPT
from sfcci.gate.steps import Deadline, TimeUp, take_steps
from sfcci.gate.traffic import Void

if TYPE_CHECKING:
    from sfcci.package.install import Installed

Say = Callable[[str], None]
NO_SPACE = os.strerror(errno.ENOSPC)
"""What a program says when the disk is full."""


def judge(order: Order, say: Say) -> Verdict:
    """Give the verdict; `say` hears what is going on. Raises what is a fault of sfcci itself."""
    with _alarm(order.job.timeout_s):
        try:
            return _installed(order, say) if order.job.install else in_lab(order, say)
        except DiskFull as error:
            return Verdict(Result.DISK_FULL, _lines(error))
        except TimeUp:
            return _out_of_time(order)
        except MissingTool as error:
            return Verdict(Result.NODE_FAILURE, _lines(error))
        except ToolError as error:
            full = NO_SPACE in str(error)
            return Verdict(Result.DISK_FULL if full else Result.RETRY, _lines(error))


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the block when the time is up, whatever it waits for."""

    def ring(_number: int, _frame: object) -> NoReturn:
        command.interrupt()
        raise TimeUp(f"the job did not end within {seconds:g} s")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _out_of_time(order: Order) -> Verdict:
    return Verdict(Result.TIMED_OUT, (f"the job did not end within {order.job.timeout_s:g} s",))


def in_lab(order: Order, say: Say) -> Verdict:
    """Raise the lab and take the steps in it, without a limit of time; evidence of what failed is kept while it is there."""
    _require(order)
    say("raising the lab")
    raising = Raising()
    try:
        verdict = _lab_verdict(order, raising.keeper, say)
        if verdict.result in KEPT:
            say("keeping evidence")
            verdict = _with_evidence(order, raising.keeper, verdict)
    finally:
        raising.end()
    return verdict


def _require(order: Order) -> None:
    """Find what the job needs. Raises MissingTool."""
    require()
    if any(isinstance(kind, Traceroute) for step in order.job.steps for kind in step.traffic):
        command.find("traceroute")


def _lab_verdict(order: Order, keeper: Keeper, say: Say) -> Verdict:
    begun = False
    deadline = Deadline(order.job.timeout_s)
    try:
        scenario = _scenario(order)
        lab, base = _raised(keeper, scenario, order.job)
        if order.fault is LabFault.DROP:
            _make_last_function_drop(lab)
        begun = True
        reasons = take_steps(lab, order.job, scenario, order.folder, deadline, say, base)
    except DiskFull:
        raise
    except TimeUp:
        return _out_of_time(order)
    except (Void, Incomplete, MissingTool, UsageError, InputError) as error:
        return Verdict(_meaning(error), _lines(error))
    except ToolError as error:
        reasons = _lines(error)
        if not begun:
            return Verdict(Result.RETRY, reasons)
    if not reasons:
        return Verdict(Result.SUCCESS)
    return _failure(order, keeper, reasons)


def _meaning(error: SfcciError) -> Result:
    """Give the result of an attempt that says nothing about the chains."""
    if isinstance(error, Void | Incomplete):
        return Result.RETRY
    return Result.NODE_FAILURE if isinstance(error, MissingTool) else Result.CONFIG_ERROR


def _raised(keeper: Keeper, scenario: Scenario, job: Job) -> tuple[Lab, str]:
    """Give the lab with its chains and, where a check asks for it, the switch's tables before there were any."""
    if not any(isinstance(check, BaseFlows) for step in job.steps for check in step.checks):
        return build(keeper, scenario), ""
    lab = build(keeper, replace(scenario, chains=ChainState()))
    base = lab.flows() + lab.groups()
    lab.scenario = scenario
    lab.apply(scenario.chains)
    return lab, base


def _failure(order: Order, keeper: Keeper, reasons: tuple[str, ...]) -> Verdict:
    """Give what a failure of the steps means: a lab that is gone is no failure of the job, a switch that died is one."""
    if keeping.lost(keeper):
        return Verdict(Result.RETRY, ("the lab was lost: the process that kept it is gone", *reasons))
    reasons = (*keeping.dead_daemons(keeper, order), *reasons)
    if order.fault:
        reasons = (*reasons, f"the fault {order.fault} was put in on purpose")
    return Verdict(Result.FAILURE, reasons)


def _with_evidence(order: Order, keeper: Keeper, verdict: Verdict) -> Verdict:
    """Keep what the lab shows. It is POST_FAILURE when it cannot be kept (the first verdict stays the first reason)."""
    try:
        with _alarm(GRACE_S / 2):
            keeping.keep_lab(keeper, order)
    except DiskFull as error:
        return Verdict(Result.DISK_FULL, _told_before(verdict, error))
    except TimeUp:
        return replace(verdict, reasons=(*verdict.reasons, "not all evidence was kept: it took too long"))
    except SfcciError as error:
        return Verdict(Result.POST_FAILURE, _told_before(verdict, error))
    return verdict


def _told_before(verdict: Verdict, error: SfcciError) -> tuple[str, ...]:
    first = f"{verdict.result}: " + (verdict.reasons[0] if verdict.reasons else "")
    return (first, *verdict.reasons[1:], f"its evidence could not be kept: {error}")


def _installed(order: Order, say: Say) -> Verdict:
    """Install the packages into a root and run the job's command out of it. Raises ToolError (they do not install), MissingTool."""
    from sfcci.package.install import install_root, installed_program

    root = order.folder / "root"
    try:
        say("installing")
        install_root(order.rpms, root)
        return command_verdict(order, installed_program(root, order.job.install), say)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def command_verdict(order: Order, installed: "Installed", say: Say) -> Verdict:
    """Give what the job's command has to say as an installed program: its exit status decides."""
    say("running")
    env = _own_settings(installed.env, order.folder, order.cache)
    argv = [*command.ends_with_tool(), *installed.argv, *order.job.command[1:]]
    begin = time.monotonic()
    try:
        done = command.run(argv, timeout_s=order.job.timeout_s, env=env, check=False)
    except ToolError as error:
        late = time.monotonic() - begin >= order.job.timeout_s
        return _out_of_time(order) if late else Verdict(Result.FAILURE, _lines(error))
    files.write_text(order.folder / OUTPUT, f"{done.stdout}\n{done.stderr}\n")
    if done.status == 0:
        return Verdict(Result.SUCCESS)
    ended = f"{' '.join(order.job.command)} out of the installed RPM ended with status {done.status}"
    return Verdict(Result.FAILURE, (ended, *done.failure().last_lines))


def _own_settings(env: Mapping[str, str], folder: Path, cache: Path) -> dict[str, str]:
    """Give the environment in which a packaged sfcci sees none of this one's settings: its runs are not the gate's."""
    kept = {key: value for key, value in env.items() if not key.startswith("SFCCI_")}
    own = {"SFCCI_PROJECT": folder, "SFCCI_RUN_STATE": folder / "state", "SFCCI_RUN_CACHE": cache}
    return kept | {key: str(value) for key, value in own.items()}


def _scenario(order: Order) -> Scenario:
    assert order.scenario is not None  # noqa: S101 - a job without `install` has one
    if order.fault is LabFault.NO_CLASSIFIER:
        chains: dict[str, Any] = {
            chain.name: {"flow_classifiers": []} for chain in order.scenario.chains.port_chains
        }
        return patched(order.scenario, {"port_chains": chains})
    return order.scenario


def _make_last_function_drop(lab: Lab) -> None:
    """Have the functions of the first chain's last group drop what they get; of a scenario without one, all of them."""
    chains = lab.scenario.chains
    pairs = [pair.id for pair in chains.port_pairs]
    if chains.port_chains:
        pairs = list(found(chains.port_pair_groups, chains.port_chains[0].port_pair_groups[-1]).port_pairs)
    for pair in pairs:
        lab.set_forwarding(lab.topology.port(found(chains.port_pairs, pair).ingress).host, forwards=False)


def _lines(error: SfcciError) -> tuple[str, ...]:
    return tuple(str(error).splitlines())
