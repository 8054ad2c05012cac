# ruff: noqa: INP001 - laid into Graphite's own environment, no package here
"""Gives back to newer Pythons what graphite-web and carbon 1.1.10 still call; read when the interpreter starts (.pth).

configparser: `SafeConfigParser` and `readfp` went with 3.12 (both setup.py and the renderer call them).
inspect: `getargspec` and `formatargspec` went with 3.11 (`/functions` calls them), so `import inspect` is watched for:
importing it at every start would cost more than the rest.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# Both setup.py install below /opt/graphite unless this is set.
os.environ.setdefault("GRAPHITE_NO_PREFIX", "1")


def _mend_configparser(module: Any) -> None:
    if not hasattr(module, "SafeConfigParser"):
        module.SafeConfigParser = module.ConfigParser
    if not hasattr(module.RawConfigParser, "readfp"):
        module.RawConfigParser.readfp = module.RawConfigParser.read_file


def _mend_inspect(module: Any) -> None:
    def getargspec(function: Any) -> tuple[Any, ...]:
        return tuple(module.getfullargspec(function)[:4])

    def formatargspec(args: Any, varargs: Any = None, keywords: Any = None, defaults: Any = None) -> str:
        kind, absent = module.Parameter, module.Parameter.empty
        values = [absent] * (len(args) - len(defaults or ())) + list(defaults or ())
        shown = [
            kind(name, kind.POSITIONAL_OR_KEYWORD, default=value)
            for name, value in zip(args, values, strict=True)
        ]
        if varargs:
            shown.append(kind(varargs, kind.VAR_POSITIONAL))
        if keywords:
            shown.append(kind(keywords, kind.VAR_KEYWORD))
        return str(module.Signature(shown))

    if not hasattr(module, "getargspec"):
        module.getargspec, module.formatargspec = getargspec, formatargspec


MENDED = {"configparser": _mend_configparser, "inspect": _mend_inspect}


class _MendingLoader:
    """Loads a module as its own loader does, then mends it."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        MENDED[module.__name__](module)


class _Mender:
    """Stands in front of the path finder for the modules that need mending, each once."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in MENDED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = _MendingLoader(spec.loader)
        return spec


for _name, _mend in MENDED.items():
    if _name in sys.modules:
        _mend(sys.modules[_name])
sys.meta_path.insert(0, _Mender())
