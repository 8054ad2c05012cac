"""Neutron out of a root's folder, asked in its own process: what a machine's configuration makes of it, without a server or a network.

`python -I -S -B neutron.py REQUEST RESULT`: both are JSON files. The request has `site` (the folder of its modules), `files` (its
configuration, in order), `database` (the URL that they name; an empty one), `asked`: [METHOD, PATH, BODY], one after the other; a text "$NAME" in a body stands for the id of what
was created under that name before; `endpoints`: host → its tunnel's address, which its agent would tell. The result is a list of [STATUS, BODY]. Tables are made from the models, in an empty database.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODELS = ("neutron.db.migration.models.head", "networking_sfc.db.migration.models.head")


def named(value: Any, ids: Mapping[str, str]) -> Any:
    """Put ids where their names stand."""
    if isinstance(value, str) and value.startswith("$"):
        return ids.get(value[1:], value)
    if isinstance(value, dict):
        return {key: named(one, ids) for key, one in value.items()}
    return [named(one, ids) for one in value] if isinstance(value, list) else value


def application(files: list[str], database: str) -> Any:
    """Give Neutron's WSGI application, its database empty."""
    config = importlib.import_module("neutron.common.config")
    config.register_common_config_options()
    config.init([word for path in files for word in ("--config-file", path)])
    cfg = importlib.import_module("oslo_config.cfg")
    importlib.import_module("neutron_lib.rpc").init(cfg.CONF)
    for name in MODELS:
        importlib.import_module(name)
    base = importlib.import_module("neutron_lib.db.model_base").BASEV2
    engine = importlib.import_module("sqlalchemy").create_engine(database)
    base.metadata.create_all(engine)
    engine.dispose()
    return config.load_paste_app("neutron")


def tell_endpoints(endpoints: Mapping[str, str]) -> None:
    """Do what an agent's tunnel_sync does (neutron.plugins.ml2.rpc): who is behind a tunnel's address."""
    plugin = importlib.import_module("neutron_lib.plugins.directory").get_plugin()
    for host, address in endpoints.items():
        plugin.type_manager.drivers["vxlan"].obj.add_endpoint(address, host)


def answers(app: Any, asked: list[Any]) -> list[Any]:
    """Ask one after the other; give status and body of each."""
    request, ids, told = importlib.import_module("webob").Request, dict[str, str](), []
    for method, path, body in asked:
        content = {"json": named(body, ids)} if body else {}
        response = request.blank(path, method=method, **content).get_response(app)
        answer = response.json if response.body else {}
        for one in answer.values() if method == "POST" else ():
            if "id" in one:
                ids[one["name"]] = one["id"]
        told.append([response.status_int, answer])
    return told


def main(request: str, result: str) -> None:
    """Do what the request says."""
    given = json.loads(Path(request).read_text())
    sys.path.append(given["site"])
    sys.argv = ["neutron-server"]
    app = application(given["files"], given["database"])
    tell_endpoints(given["endpoints"])
    Path(result).write_text(json.dumps(answers(app, given["asked"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
