"""How resources look on a terminal: the openstack client's tables, titles and words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfcci.cli.console import plain
from sfcci.cli.sfc_kind import Columns, Kind

HIDDEN = ("tenant_id", "revision_number")
"""Of a chaining resource these are not shown: the project is there under its other name."""


def listed(kind: Kind, resources: Sequence[Mapping[str, Any]], long: bool) -> str:
    """Give a list as a table; "" when there is none, as the client does."""
    columns = _columns(kind, long)
    rows = [[_value(kind, resource, name) for name, _ in columns] for resource in resources]
    return grid([title for _, title in columns], rows) if rows else ""


def shown(kind: Kind, resource: Mapping[str, Any]) -> str:
    """Give one resource as a table of its fields, in the order of their titles."""
    known = [*resource, *(["summary"] if kind.collection == "flow_classifiers" else [])]
    fields = sorted(
        (_title(kind, name), _value(kind, resource, name)) for name in known if not _hidden(kind, name)
    )
    return grid(["Field", "Value"], fields)


def grid(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Give a table of ASCII lines; cells may have several lines, columns of numbers stand to the right."""
    made = [list(row) for row in rows]
    cells = [[plain(cell).split("\n") for cell in row] for row in made]
    widths = [
        max([len(title), *(len(line) for row in cells for line in row[at])])
        for at, title in enumerate(titles)
    ]
    right = [bool(made) and all(type(row[at]) is int for row in made) for at in range(len(titles))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    lines = [rule, _line(titles, widths, [False] * len(titles)), rule]
    for row in cells:
        for depth in range(max(len(cell) for cell in row)):
            parts = [cell[depth] if depth < len(cell) else "" for cell in row]
            lines.append(_line(parts, widths, right))
    return "\n".join([*lines, rule]) + "\n"


def summary(classifier: Mapping[str, Any]) -> str:
    """Give a flow classifier in a few lines, as the client's list has it."""
    protocol = str(classifier.get("protocol") or "any").upper()
    return ",\n".join(
        [
            f"protocol: {protocol}",
            f"source[port]: {_side(classifier, 'source')}",
            f"destination[port]: {_side(classifier, 'destination')}",
            f"neutron_source_port: {classifier.get('logical_source_port')}",
            f"neutron_destination_port: {classifier.get('logical_destination_port')}",
            f"l7_parameters: {classifier.get('l7_parameters')}",
        ]
    )


def _side(classifier: Mapping[str, Any], side: str) -> str:
    low, high = (classifier.get(f"{side}_port_range_{end}") for end in ("min", "max"))
    prefix = classifier.get(f"{side}_ip_prefix") or "any"
    return f"{prefix}[{'any' if low is None else low}:{'any' if high is None else high}]"


def _line(parts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        part.rjust(width) if aligned else part.ljust(width)
        for part, width, aligned in zip(parts, widths, right, strict=True)
    )
    return "| " + " | ".join(padded) + " |"


def _columns(kind: Kind, long: bool) -> Columns:
    if not long:
        return kind.listed
    first = tuple(column for column in kind.listed if column[0] != "summary")
    return (*first, *kind.long)


def _title(kind: Kind, name: str) -> str:
    if kind.titles:
        return kind.titles.get(name) or name.replace("_", " ").title()
    return name.replace("binding:", "binding_")


def _hidden(kind: Kind, name: str) -> bool:
    return name == "tenant_id" or (bool(kind.titles) and name in HIDDEN)


def _value(kind: Kind, resource: Mapping[str, Any], name: str) -> Any:
    value = summary(resource) if name == "summary" else resource.get(name)
    if name == "admin_state_up":
        return "UP" if value else "DOWN"
    if name == "fixed_ips" and value:
        return "\n".join(
            ", ".join(f"{key}='{fixed[key]}'" for key in sorted(fixed, key=lambda k: k != "ip_address"))
            for fixed in value
        )
    if not kind.titles and isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value
