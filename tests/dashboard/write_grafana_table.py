"""Writes sfcci/dashboard/grafana_table.py from Grafana's published types: python write_grafana_table.py.

They are those of the package grafana-foundation-sdk (Apache License 2.0; of the extra `test`), which Grafana makes from its own
schema. It checks nothing by itself: only names of keys and kinds of values are taken over.
"""

import enum
import importlib
import inspect
import re
import types
import typing
from importlib.metadata import version
from pathlib import Path

PANELS = (
    "annotationslist", "barchart", "bargauge", "dashboardlist", "gauge", "heatmap", "histogram", "logs", "news",
    "piechart", "stat", "statetimeline", "statushistory", "table", "text", "timeseries",
)  # fmt: skip
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", object: "any", typing.Any: "any"}
HEAD = '''"""Grafana's classic dashboard as the types of grafana-foundation-sdk {version} have it: keys and kinds of their values.

A line is a shape: NAME KEY:KIND, where a kind is string, integer, number, boolean, any, =TEXT (that text), another shape, [KIND] (a
list), {{KIND}} (a mapping of any names), or several with `|` between. A line with @NAME says which texts a kind may be. Options
and FieldConfig are named after the panel's type. Written by tests/dashboard/write_grafana_table.py.
"""

TABLE = """
'''


class Table:
    """Shapes and enumerations that were met, by name."""

    def __init__(self):
        self.lines, self.names = {}, {}

    def shape(self, kind, name=""):
        name = name or kind.__name__
        if self.names.setdefault(name, kind) is not kind:
            name = f"{kind.__module__.rpartition('.')[2]}.{name}"
        if name in self.lines:
            return name
        self.lines[name] = ""
        keys = re.findall(r'"([^"]+)"\]?(?::| =) self\.(\w+)', inspect.getsource(kind.to_json))
        hints = typing.get_type_hints(kind)
        kinds = {attribute: self.kind(hint) for attribute, hint in hints.items()}
        known = {attribute: key for key, attribute in keys}
        fixed = kinds.keys() - inspect.signature(kind).parameters.keys()
        kinds |= {attribute: f"={getattr(kind(), attribute)}" for attribute in fixed}
        self.lines[name] = " ".join(
            [name, *(f"{known[attribute]}:{found}" for attribute, found in kinds.items())]
        )
        return name

    def kind(self, hint):  # noqa: PLR0911 - one for each kind
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint in PLAIN:
            return PLAIN[hint]
        if origin in (typing.Union, types.UnionType):
            some = dict.fromkeys(self.kind(one) for one in arguments if one is not type(None))
            return "any" if "any" in some else "|".join(some)
        if origin is typing.Literal:
            return "|".join(f"={one}" for one in arguments)
        if origin is list:
            return f"[{self.kind(arguments[0])}]"
        if origin is dict:
            return f"{{{self.kind(arguments[1])}}}"
        if issubclass(hint, enum.IntEnum):
            return "integer"
        if issubclass(hint, enum.Enum):
            self.lines[hint.__name__] = " ".join(
                [f"@{hint.__name__}", *filter(None, (str(one.value) for one in hint))]
            )
            return hint.__name__
        return self.shape(hint) if hasattr(hint, "from_json") else "any"


def text():
    """Give the lines: the dashboard and all below it, then options and fields of the panels."""
    load = lambda name: importlib.import_module(f"grafana_foundation_sdk.models.{name}")  # noqa: E731
    table, dashboard = Table(), load("dashboard")
    table.shape(dashboard.Dashboard)
    for name in PANELS:
        module = load(name)
        kind = module.variant_config().identifier
        for part in ("Options", "FieldConfig"):
            if found := getattr(module, part, None):
                table.shape(found, f"{kind}.{part}")
    return "".join(f"{line}\n" for line in table.lines.values())


def module():
    return f'{HEAD.format(version=version("grafana-foundation-sdk"))}{text()}"""\n'


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "sfcci" / "dashboard" / "grafana_table.py"
    target.write_text(module())
