"""A plan tried on what was read, so that what the API would refuse is told before anything is changed.

Only a refusal that no unseen resource could undo counts: values that are wrong in themselves (400) and what is in the way
(400, 409). More that is taken, by resources of other projects, never frees anything: numbers and addresses that the server
chooses are the lowest free ones. What asks for something unseen (404, a gap in what was read), for rights or quotas, ends
the rehearsal without a word: the server knows better.
"""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from sfcci.api.applying import Halted, carry_out
from sfcci.api.declaration import Existing, Resource
from sfcci.api.declared import SECTIONS
from sfcci.api.file_door import StateDoor
from sfcci.api.plan import Plan, Step
from sfcci.chain.attribute import REQUIRED, UNSPECIFIED
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.refused import BAD_REQUEST, CONFLICT
from sfcci.chain.state import NOTHING, State
from sfcci.document import Document
from sfcci.errors import InputError

_ID: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CERTAIN: Final = (BAD_REQUEST, CONFLICT)


def rehearse(
    plan: Plan, resources: Mapping[str, Sequence[Resource]], here: Sequence[Existing], source: Document
) -> None:
    """Try the plan on what was read (collection → the API's resources). Raises InputError: it would be refused."""
    door = StateDoor("what is there", state_of(resources), limits=NOTHING)
    try:
        carry_out(door, plan, here, lambda _step: None)
    except Halted as halted:
        if halted.status in CERTAIN:
            step = halted.left[0]
            ids = {one.id for one in here}
            told = f"the API would refuse to {step}: {_named(halted.reason, step, door.state, ids)}"
            keys = (step.collection, step.key)
            raise InputError(source.fault(keys, told, hint="nothing was changed")) from None
    except LookupError:  # the rules ask for what this caller does not see
        return


def _named(reason: str, step: Step, tried: State, ids: Container[str]) -> str:
    """Give the reason with names in the place of ids that only the rehearsal knows."""
    names = {id_: one["name"] for section in SECTIONS for id_, one in tried.of(section).items()}

    def name(found: re.Match[str]) -> str:
        return found[0] if found[0] in ids else names.get(found[0], step.key)

    return _ID.sub(name, reason)


def state_of(resources: Mapping[str, Sequence[Resource]]) -> State:
    """Give the state of what was read. What is hidden from this caller is as if nobody had given it."""
    groups = {id_ for port in resources.get("ports", ()) for id_ in port.get("security_groups") or ()}
    return State(
        {
            **{name: {one["id"]: _whole(name, one) for one in some} for name, some in resources.items()},
            "security_groups": {id_: _group(id_) for id_ in groups},
        }
    )


def _whole(collection: str, one: Resource) -> dict[str, Any]:
    hidden = {
        attribute.name: None if attribute.default in (REQUIRED, UNSPECIFIED) else attribute.default
        for attribute in COLLECTIONS[collection].attributes
    }
    return {**hidden, **one}


def _group(id_: str) -> dict[str, Any]:
    """One that a port has, and so is there; which rules it has matters to nobody here."""
    return {"id": id_, "name": "", "project_id": "", "stateful": True}
