"""What a list's query asks for: filters, order, a page, the attributes shown (Neutron's API guide, "Filtering", "Pagination")."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from sfcci.api.wire import Pairs, link
from sfcci.chain.collection import Filter
from sfcci.chain.refused import bad_request
from sfcci.chain.state import Resource

RESERVED: Final = frozenset(("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"))
TRUE, FALSE, NONE = ("true", "1"), ("false", "0"), ("", "none", "null")


def values(query: Pairs, name: str) -> tuple[str, ...]:
    """Give the values of a key that may repeat."""
    return tuple(value for key, value in query if key == name)


def filtered(
    resources: Sequence[Resource], query: Pairs, attributes: frozenset[str], special: Mapping[str, Filter]
) -> list[Resource]:
    """Give the resources that match every filter; of a key that repeats one value is enough. Unknown keys say nothing."""
    wanted: dict[str, list[str]] = {}
    for name, text in query:
        if name not in RESERVED:
            wanted.setdefault(name, []).append(text)
    kept = list(resources)
    for name, texts in wanted.items():
        if name in special:
            kept = _passing(kept, special[name], texts)
        elif name in attributes:
            kept = [one for one in kept if _matches(one.get(name), texts)]
    return kept


def only_known(query: Pairs, names: frozenset[str]) -> None:
    """Raise Refused where a filter is by no attribute: a list of everything is a wrong answer to a mistyped question."""
    if wrong := sorted({name for name, _ in query} - RESERVED - names):
        raise bad_request(f"{wrong} is invalid attribute for filtering")


def _passing(resources: list[Resource], special: Filter, texts: Sequence[str]) -> list[Resource]:
    """Give those for which one value of each kind fits: `ip_address=A`, `ip_address=B` are of one kind, `subnet_id=C` of another."""
    kinds: dict[str, list[Callable[[Resource], bool]]] = {}
    for text in dict.fromkeys(texts):
        kinds.setdefault(text.partition("=")[0] if "=" in text else "", []).append(special(text))
    for some in kinds.values():
        resources = [one for one in resources if any(passes(one) for passes in some)]
    return resources


def _matches(value: Any, texts: Sequence[str]) -> bool:
    if isinstance(value, str):
        return value in texts
    if isinstance(value, bool):
        return any(text.lower() in (TRUE if value else FALSE) for text in texts)
    if value is None:
        return any(text.lower() in NONE for text in texts)
    if isinstance(value, list):
        return any(_matches(one, texts) for one in value)
    return not isinstance(value, Mapping) and str(value) in texts


def ordered(resources: Sequence[Resource], query: Pairs, attributes: frozenset[str]) -> list[Resource]:
    """Give the resources in the order that `sort_key` and `sort_dir` ask for, else as they were made. Raises Refused."""
    keys, directions = values(query, "sort_key"), values(query, "sort_dir")
    if len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same")
    if wrong := [key for key in keys if key not in attributes]:
        raise bad_request(f"{wrong} is invalid attribute for sort_keys")
    if wrong := [one for one in directions if one not in ("asc", "desc")]:
        raise bad_request(f"{wrong} is invalid value for sort_dirs, valid value is 'asc' and 'desc'")
    found = list(resources)
    first: dict[str, str] = {}
    for key, direction in zip(keys, directions, strict=True):
        first.setdefault(key, direction)  # once ordered by it, a second time changes nothing
    for key, direction in reversed(first.items()):
        found.sort(key=_by(key), reverse=direction == "desc")
    return found


def _by(key: str) -> Callable[[Resource], tuple[int, Any]]:
    """Order by an attribute whose values may be of several kinds: nothing first, then numbers, then text."""

    def rank(resource: Resource) -> tuple[int, Any]:
        value = resource.get(key)
        if value is None:
            return 0, 0
        if isinstance(value, int | float):
            return 1, value
        return 2, value if isinstance(value, str) else json.dumps(value)

    return rank


def page_limit(query: Pairs) -> int:
    """Give the most that a page holds, 0: everything. Raises Refused."""
    found = values(query, "limit")
    text = found[-1] if found else "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):  # noqa: PLR2004 - what fits into 64 bits
        message = f"Limit must be an integer 0 or greater and not '{text}'."
        raise bad_request(f"Bad limit request: {message}", "BadRequest")
    return int(text)


def marker_of(query: Pairs) -> str:
    """Give the id behind which a page begins; "" where there is none, or no limit, without which it says nothing. Raises Refused."""
    found = values(query, "marker")
    return found[-1] if found and page_limit(query) else ""


def page(resources: Sequence[Resource], query: Pairs) -> list[Resource]:
    """Give the page behind the marker, or before it with `page_reverse`; none where the marker is unknown. Raises Refused."""
    limit, marker = page_limit(query), marker_of(query)
    ids = [one["id"] for one in resources]
    if marker and marker not in ids:
        return []
    if _reverse(query):
        end = ids.index(marker) if marker else len(ids)
        return list(resources[max(0, end - limit) if limit else 0 : end])
    begin = ids.index(marker) + 1 if marker else 0
    return list(resources[begin : begin + limit if limit else None])


def page_links(shown: Sequence[Resource], query: Pairs, url: str) -> list[dict[str, str]]:
    """Give the links to the pages around this one, none without a limit.

    As Neutron's, the walk forward ends with an empty page, and the walk back with an empty one before the first.
    """
    limit, reverse = page_limit(query), _reverse(query)
    if not limit:
        return []
    kept = [pair for pair in query if pair[0] not in ("marker", "page_reverse")]
    links = []
    full = len(shown) >= limit
    if full or reverse:
        marker = [("marker", shown[-1]["id"])] if shown else []
        links.append(link("next", f"{url}?{urlencode(kept + marker)}"))
    if full or not reverse:
        marker = [("marker", shown[0]["id"])] if shown else []
        links.append(link("previous", f"{url}?{urlencode([*kept, *marker, ('page_reverse', 'True')])}"))
    return links


def _reverse(query: Pairs) -> bool:
    found = values(query, "page_reverse")
    return bool(found) and found[-1].lower() in TRUE


def chosen(resources: Sequence[Resource], query: Pairs) -> Sequence[Resource]:
    """Give the resources with the attributes that `fields` names, all without any."""
    wanted = frozenset(name for name in values(query, "fields") if name)
    if not wanted:
        return resources
    return [{name: value for name, value in one.items() if name in wanted} for one in resources]
