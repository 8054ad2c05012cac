"""A plan carried out, request by request; one that is refused ends it, and what was done until then is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sfcci.api.client import Door
from sfcci.api.declaration import Existing, Resource, there
from sfcci.api.declared import SECTIONS
from sfcci.api.fate import CREATE, DELETE
from sfcci.api.plan import New, Plan, Step
from sfcci.chain.refused import PRECONDITION_FAILED, Refused
from sfcci.errors import EXIT_FINDINGS, EXIT_TOOL, SfcciError, Unreachable

GUARDED = ("port_pair_groups", "port_chains")
"""What people change meanwhile: a request changes one of these only as it was when the plan was made."""


class Halted(SfcciError):  # noqa: N818 - an answer of the API, with the way so far
    """The run ended before its end: `done` before the request that was refused or got no answer, `left` with it.

    `status` is HTTP's of the refusal, 0: no answer; `reason` is the API's, or why there was none.
    """

    def __init__(self, done: Sequence[Step], left: Sequence[Step], reason: str, status: int = 0) -> None:
        self.done, self.left, self.reason, self.status = tuple(done), tuple(left), reason, status
        self.exit_status = EXIT_FINDINGS if status else EXIT_TOOL
        what = "was refused" if status else "got no answer and may be done or not"
        before = f"{len(done)} of {len(done) + len(left)} requests were done: {_steps(done)}"
        super().__init__(
            f"{left[0]} {what}: {reason}\n  {before if done else 'nothing was done before it'}\n"
            f"  not done: {_steps(left)}\n  put it right and run it again: it goes on from there"
        )


def _steps(steps: Sequence[Step]) -> str:
    return ", ".join(map(str, steps))


def seen(door: Door, project: str = "") -> dict[str, list[Resource]]:
    """Give the API's resources by collection, of one project or all that may be seen. Raises Refused, Unreachable."""
    query = (("project_id", project),) if project else ()
    return {name: door.ask("GET", section.path, query=query)[name] for name, section in SECTIONS.items()}


def read(door: Door, project: str = "") -> tuple[Existing, ...]:
    """Give what is there by names, of one project or of all that may be seen. Raises Refused, Unreachable."""
    return there(seen(door, project))


def carry_out(
    door: Door, plan: Plan, here: Sequence[Existing], say: Callable[[Step], None], project: str = ""
) -> None:
    """Do every step, each told before it. Raises Halted."""
    ids: dict[New, str] = {}
    revisions = {one.id: one.revision for one in here if one.collection in GUARDED}
    for number, step in enumerate(plan.steps):
        say(step)
        try:
            made = _do(door, step, ids, revisions, project)
        except Refused as no:
            reason = no.sentence
            if no.status == PRECONDITION_FAILED:
                reason = f"somebody else has changed it since the plan was made ({no.type}, {no.status})"
            raise Halted(plan.steps[:number], plan.steps[number:], reason, no.status) from None
        except Unreachable as error:
            raise Halted(plan.steps[:number], plan.steps[number:], str(error)) from error
        if step.verb == CREATE:
            ids[New(step.collection, step.key)] = made["id"]
        elif made:
            revisions[step.id] = made.get("revision_number")


def _do(
    door: Door, step: Step, ids: Mapping[New, str], revisions: Mapping[str, int | None], project: str
) -> Any:
    section = SECTIONS[step.collection]
    if step.verb == DELETE:
        door.ask("DELETE", f"{section.path}/{step.id}")
        return None
    body = _with_ids(step.body, ids)
    if step.verb == CREATE:
        owner = {"project_id": project} if project else {}
        return door.ask("POST", section.path, {section.member: {**body, **owner}})[section.member]
    revision = revisions.get(step.id) if step.collection in GUARDED else None
    return door.ask("PUT", f"{section.path}/{step.id}", {section.member: body}, revision=revision)[
        section.member
    ]


def _with_ids(value: Any, ids: Mapping[New, str]) -> Any:
    if isinstance(value, New):
        return ids[value]
    if isinstance(value, Mapping):
        return {_with_ids(key, ids): _with_ids(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_ids(inner, ids) for inner in value]
    return value
