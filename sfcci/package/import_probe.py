"""Imports modules and loads entry points out of one folder of installed packages; runs in an interpreter that has nothing else.

`python -I -S -B import_probe.py REQUEST RESULT`: both are JSON files. The request has `site` (the folder), `modules` (names) and
`distributions` (names of *.dist-info folders there), and may have `beside` (folders that come after it). The result has, for each, the error or "": `modules`, `entry_points`
(GROUP:NAME), and `outside`: files of modules that came from neither these folders nor the standard library.
"""

import importlib
import importlib.metadata
import json
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path


def main(request: str, result: str) -> None:
    """Do what the request says."""
    asked = json.loads(Path(request).read_text())
    site, beside = asked["site"], asked.get("beside", [])
    sys.path += [site, *beside]
    sys.argv = ["import_probe"]
    points = {  # before any module: an import of its own makes an attribute of a package, which a user would not have
        f"{point.group}:{point.name}": _error(point.load)
        for name in asked["distributions"]
        for point in importlib.metadata.PathDistribution(Path(site, name)).entry_points
    }
    modules = {name: _error(partial(importlib.import_module, name)) for name in asked["modules"]}
    answers = {"entry_points": points, "modules": modules, "outside": sorted(_outside([site, *beside]))}
    Path(result).write_text(json.dumps(answers))


def _error(load: Callable[[], object]) -> str:
    """Give what stops a load, as one line; "" when nothing does. A module may end the program, so all is caught."""
    try:
        load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit, and what test runners raise to skip
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def _outside(folders: list[str]) -> set[str]:
    """Files of loaded modules that lie neither in these folders nor in the standard library."""
    own = (f"{folder}/" for folder in folders)
    allowed = (*own, *(f"{sysconfig.get_path(kind)}/" for kind in ("stdlib", "platstdlib")), __file__)
    named = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    return {name for name in named if name and not name.startswith(allowed)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
