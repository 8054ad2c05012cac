"""The requests below /v2.0/quotas (Networking API v2.0, "Quotas extension", "Quotas details")."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from sfcci.api import wire
from sfcci.api.wire import Response
from sfcci.chain import quota
from sfcci.chain.collection import Collection
from sfcci.chain.refused import FORBIDDEN, NOT_FOUND, Refused, bad_request
from sfcci.chain.state import State

if TYPE_CHECKING:
    from sfcci.api.handlers import Call

Answer = tuple[State, Response]


def answer(call: "Call", parts: tuple[str, ...], collections: Mapping[str, Collection]) -> Answer:
    """Answer what is asked of the quotas; `parts` is the path behind /v2.0/quotas. Raises Refused."""
    method = call.request.method
    if parts == () and method == "GET":
        return call.state, _all(call)
    if len(parts) == 1 and method == "GET":
        return call.state, _show(call, parts[0])
    if len(parts) == 1 and method in ("PUT", "DELETE"):
        return _CHANGES[method](call, parts[0], collections)
    if len(parts) == 2 and method == "GET" and parts[1] in ("default", "details"):  # noqa: PLR2004 - a project's
        return call.state, _more(call, parts[0], parts[1], collections)
    if len(parts) > 2 or (len(parts) == 2 and parts[1] not in ("default", "details")):  # noqa: PLR2004 - as above
        raise Refused(NOT_FOUND, "HTTPNotFound", "The resource could not be found.")
    raise Refused(405, "HTTPMethodNotAllowed", f"Quotas do not take {method} here")


def _all(call: "Call") -> Response:
    _may(call, "", "get_quota")
    return wire.answered(
        {
            "quotas": [
                {
                    **quota.limits(call.state, project, call.limits),
                    "project_id": project,
                    "tenant_id": project,
                }
                for project in call.state.of(quota.QUOTAS)
            ]
        }
    )


def _show(call: "Call", project: str) -> Response:
    if project in ("project", "tenant"):  # which one asks
        return wire.answered({project: {f"{project}_id": call.asked.project}})
    _may(call, project, "get_quota")
    return wire.answered({"quota": quota.limits(call.state, project, call.limits)})


def _more(call: "Call", project: str, what: str, collections: Mapping[str, Collection]) -> Response:
    _may(call, project, "get_quota")
    if what == "default":
        return wire.answered({"quota": dict(call.limits)})
    return wire.answered({"quota": quota.details(call.state, project, call.limits, collections)})


def _update(call: "Call", project: str, collections: Mapping[str, Collection]) -> Answer:
    _may(call, "", "update_quota")
    body = call.body().get("quota")
    if not isinstance(body, dict):
        raise bad_request("Unable to find 'quota' in request body")
    state = quota.changed(call.state, project, body, call.limits, collections)
    return state, wire.answered({"quota": quota.limits(state, project, call.limits)})


def _delete(call: "Call", project: str, _collections: Mapping[str, Collection]) -> Answer:
    _may(call, "", "delete_quota")
    return quota.removed(call.state, project), Response(204)


def _may(call: "Call", project: str, rule: str) -> None:
    if not call.asked.admin and project != call.asked.project:
        raise Refused(FORBIDDEN, "PolicyNotAuthorized", f"rule:{rule} is disallowed by policy")


_Change = Callable[["Call", str, Mapping[str, Collection]], Answer]
_CHANGES: Final[Mapping[str, _Change]] = {"PUT": _update, "DELETE": _delete}
