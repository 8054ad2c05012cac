"""A cloud for tempest: the real server with tokens, a stand-in for Keystone, tempest's configuration and accounts.

`requirements.txt` holds what the suites import, pinned: half of what tempest and its plug-in require.
"""

import configparser
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import yaml

from sfcci.api import users
from sfcci.environment import EnvironmentSpec

from .keystone import User, keystone, spare_token

HERE = Path(__file__).parent
SPEC = EnvironmentSpec("tempest", tuple((HERE / "requirements.txt").read_text().split()), ("--no-deps",))
LIMIT_S = 3600
PROJECTS = {f"{number:032x}": number > 6 for number in range(1, 9)}
"""Projects → whether their users are administrators."""
ROLES = ("manager", "member", "reader")


def _user(project, role, admin):
    name = f"{'admin' if admin else role}-{int(project, 16)}"
    return User(
        name, f"password of {name}", project, f"token-of-{name}", ("admin", *ROLES) if admin else (role,)
    )


USERS = tuple(
    _user(project, role, admin)
    for project, admin in PROJECTS.items()
    for role in (("member",) if admin else ROLES)
)
ADMIN = USERS[-1]
SPARES = tuple(f"{number:032x}" for number in range(1000, 1200))


def configure(folder, identity_url, extensions, public_network):
    """Write tempest.conf and accounts.yaml into the folder."""
    accounts = [
        {
            "username": user.name,
            "password": user.password,
            "project_name": user.project,
            "project_id": user.project,
            "domain_name": "Default",
            "types": ["admin"] if user.admin else [],
            "roles": list(user.roles),
        }
        for user in USERS
    ]
    (folder / "accounts.yaml").write_text(yaml.safe_dump(accounts))
    (folder / "locks").mkdir(exist_ok=True)
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(
        {
            "DEFAULT": {"log_dir": str(folder), "log_file": "tempest.log", "debug": "true"},
            "auth": {
                "use_dynamic_credentials": "false",
                "test_accounts_file": str(folder / "accounts.yaml"),
                "create_isolated_networks": "false",
                "admin_username": ADMIN.name,
                "admin_password": ADMIN.password,
                "admin_project_name": ADMIN.project,
                "admin_domain_name": "Default",
            },
            "identity": {
                "auth_version": "v3",
                "uri_v3": identity_url,
                "v3_endpoint_type": "public",
                "region": "RegionOne",
            },
            "service_available": {
                "neutron": "true",
                "nova": "false",
                "glance": "false",
                "cinder": "false",
                "swift": "false",
            },
            "network": {
                "public_network_id": public_network,
                "project_network_cidr": "10.100.0.0/16",
                "region": "RegionOne",
                "build_timeout": "10",
                "build_interval": "1",
            },
            "network-feature-enabled": {
                "api_extensions": ",".join(extensions),
                "floating_ips": "false",
                "port_admin_state_change": "true",
                "ipv6": "true",
                "ipv6_subnet_attributes": "true",
            },
            "oslo_concurrency": {"lock_path": str(folder / "locks")},
            "neutron_plugin_options": {"available_type_drivers": "vxlan"},
        }
    )
    with (folder / "tempest.conf").open("w") as file:
        config.write(file)


def write_users(path):
    """Write the server's file of users: those who have tokens."""
    known = {
        each.name: users.User(each.name, each.project, each.admin, token=users.hashed_token(each.token))
        for each in USERS
    }
    for project in SPARES:
        for admin in (False, True):
            token = spare_token(project, admin)
            known[token] = users.User(token, project, admin, token=users.hashed_token(token))
    users.change(path, lambda _: known)


@contextmanager
def cloud(folder, running):
    """Run the server, by the fixture `api_server`; give the environment variables with which tempest finds this cloud."""
    folder.mkdir(parents=True)
    write_users(folder / "users.json")
    words = ("--auth-file", str(folder / "users.json"))
    with running(*words, folder=folder / "server", database="sqlite://") as server:
        server.session.headers["X-Auth-Token"] = ADMIN.token
        extensions = [each["alias"] for each in server.ask("GET", "/v2.0/extensions").json()["extensions"]]
        public = public_network(server.ask)
        with keystone(USERS, SPARES, server.url) as identity_url:
            configure(folder, identity_url, extensions, public)
            yield {
                "PATH": os.defpath,
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "TEMPEST_CONFIG_DIR": str(folder),
            }


def public_network(ask):
    """Make the external network that routers' gateways are on, with a port on a host; give its id."""
    network = {"name": "public", "router:external": True}
    id_ = ask("POST", "/v2.0/networks", {"network": network}).json()["network"]["id"]
    subnet = {"network_id": id_, "cidr": "172.24.4.0/24", "ip_version": 4}
    assert ask("POST", "/v2.0/subnets", {"subnet": subnet}).status_code == 201
    port = {"network_id": id_, "name": "one with an agent", "binding:host_id": "node1"}
    assert ask("POST", "/v2.0/ports", {"port": port}).status_code == 201
    return id_


def run(environment, environ, words):
    """Run the tests and give what became of each: [{"test", "outcome", "reason"}]."""
    ran = subprocess.run(
        [environment.python, HERE / "driver.py", *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env=environ,
        cwd=environ["HOME"],
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]
