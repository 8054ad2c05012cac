"""Who may ask: HTTP Basic and tokens, projects apart from each other, TLS; a server for all asks who it is."""

import asyncio
import base64
import json
import subprocess
import threading

import pytest
from click.testing import CliRunner

from sfcci.api import auth, users
from sfcci.api.auth import UsersGate
from sfcci.api.caller import Caller
from sfcci.api.users import User
from sfcci.chain.refused import Refused
from sfcci.cli.sfc_serve import serve
from sfcci.errors import UsageError

GROUPS = "/v2.0/sfc/port_pair_groups"
TOKEN = users.new_token()


def kept(path):
    users.add(path, User("alice", "demo", password=users.hashed_password("geheim")))
    users.add(path, User("root", "ops", admin=True, password=users.hashed_password("größer")))
    users.add(path, User("bot", "demo", token=users.hashed_token(TOKEN)))
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return kept(tmp_path_factory.mktemp("users") / "users.json")


@pytest.fixture
def gate(path):
    made = UsersGate(path)
    yield made
    made.close()


def basic(name, password):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def asked(gate, headers):
    return asyncio.run(gate.caller(headers))


def test_a_password_and_a_token_say_who_asks(gate):
    assert asked(gate, basic("alice", "geheim")) == Caller("alice", "demo")
    assert asked(gate, basic("root", "größer")) == Caller("root", "ops", admin=True)
    assert asked(gate, {"x-auth-token": TOKEN}) == Caller("bot", "demo")


NOT_GOOD = {
    "nothing": {},
    "a wrong password": basic("alice", "Geheim"),
    "no password": basic("alice", ""),
    "a user that is not there": basic("mallory", "geheim"),
    "a user who has a token only": basic("bot", ""),
    "a user's token as a password": basic("bot", TOKEN),
    "the hash itself": {"x-auth-token": users.hashed_token(TOKEN)},
    "a wrong token": {"x-auth-token": TOKEN[:-1]},
    "an empty token": {"x-auth-token": ""},
    "a token beside a right password": {"x-auth-token": "x", **basic("alice", "geheim")},
    "no colon": {"authorization": "Basic " + base64.b64encode(b"alice").decode()},
    "no base64": {"authorization": "Basic !!!"},
    "no UTF-8": {"authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    "another scheme": {"authorization": "Bearer " + TOKEN},
    "a password of a mebibyte": basic("alice", "x" * (1 << 20)),
}


@pytest.mark.parametrize("headers", NOT_GOOD.values(), ids=NOT_GOOD)
def test_whoever_is_not_known_is_turned_away(gate, headers):
    with pytest.raises(Refused) as refused:
        asked(gate, headers)
    assert (refused.value.status, refused.value.type) == (401, "HTTPUnauthorized")


def test_a_right_password_is_checked_once_and_a_wrong_one_each_time(gate, monkeypatch):
    checked = []
    real = users.is_password
    monkeypatch.setattr(users, "is_password", lambda *words: checked.append(words) or real(*words))
    for _ in range(3):
        asked(gate, basic("alice", "geheim"))
    assert len(checked) == 1
    for _ in range(2):
        with pytest.raises(Refused):
            asked(gate, basic("alice", "wrong"))
    with pytest.raises(Refused):  # a name that is not there costs as much
        asked(gate, basic("nobody", "geheim"))
    assert len(checked) == 4


def test_wrong_passwords_hold_up_nobody_and_too_many_are_told_to_come_again(gate, monkeypatch):
    may_go = threading.Event()
    real = users.is_password
    asked(gate, basic("alice", "geheim"))
    monkeypatch.setattr(users, "is_password", lambda *words: may_go.wait(60) and real(*words))

    async def attack():
        tries = [
            asyncio.create_task(gate.caller(basic("root", str(number))))
            for number in range(auth.MOST_WAITING)
        ]
        await asyncio.sleep(0)
        assert (await gate.caller(basic("alice", "geheim"))).name == "alice"
        assert (await gate.caller({"x-auth-token": TOKEN})).name == "bot"
        with pytest.raises(Refused) as refused:
            await gate.caller(basic("root", "größer"))
        assert refused.value.status == 429
        for one in tries[auth.THREADS :]:
            one.cancel()
        may_go.set()
        await asyncio.gather(*tries, return_exceptions=True)
        assert (await gate.caller(basic("root", "größer"))).admin

    asyncio.run(attack())


def test_a_changed_file_counts_at_once_and_a_broken_one_not(tmp_path):
    path = kept(tmp_path / "users.json")
    complaints = []
    gate = UsersGate(path, complaints.append)
    assert asked(gate, basic("alice", "geheim"))
    users.remove(path, "alice")
    with pytest.raises(Refused):
        asked(gate, basic("alice", "geheim"))
    path.chmod(0o644)
    assert asked(gate, {"x-auth-token": TOKEN}).name == "bot"
    assert "others may read it" in complaints[0]
    path.unlink()
    assert asked(gate, {"x-auth-token": TOKEN}).name == "bot"
    gate.close()


def test_a_password_that_was_changed_counts_no_more(tmp_path):
    path = kept(tmp_path / "users.json")
    gate = UsersGate(path)
    assert asked(gate, basic("alice", "geheim"))
    users.add(path, User("alice", "demo", password=users.hashed_password("neu")))
    with pytest.raises(Refused):
        asked(gate, basic("alice", "geheim"))
    assert asked(gate, basic("alice", "neu"))
    gate.close()


@pytest.fixture(scope="module")
def guarded(path, tmp_path_factory, certificate, running_server):
    """A server that asks who it is, by HTTPS, and logs."""
    tls = ["--tls-cert", str(certificate / "cert.pem"), "--tls-key", str(certificate / "key.pem")]
    words = ["--auth-file", str(path), *tls, "--verbose"]
    with running_server(tmp_path_factory.mktemp("guarded"), *words, database="sqlite://") as server:
        server.session.verify = str(certificate / "cert.pem")
        yield server


def test_over_https_one_project_sees_nothing_of_another_and_an_administrator_all(guarded):
    assert guarded.url.startswith("https://127.0.0.1:")
    made = guarded.ask("POST", GROUPS, {"port_pair_group": {"name": "mine"}}, auth=("alice", "geheim"))
    assert made.json()["port_pair_group"]["project_id"] == "demo"
    admin = ("root", "größer".encode())
    guarded.ask("POST", GROUPS, {"port_pair_group": {"name": "ops"}}, auth=admin)

    def names(**who):
        return [one["name"] for one in guarded.ask("GET", GROUPS, **who).json()["port_pair_groups"]]

    assert names(headers={"X-Auth-Token": TOKEN}) == ["mine"]
    assert names(auth=("alice", "geheim")) == ["mine"]
    assert names(auth=admin) == ["mine", "ops"]
    links = guarded.ask("GET", "/").json()["versions"][0]["links"]
    assert links[0]["href"] == guarded.url + "/v2.0/"


def test_where_and_how_a_port_is_plugged_is_for_administrators_to_see(guarded):
    alice, admin = {"auth": ("alice", "geheim")}, {"auth": ("root", "größer".encode())}
    network = guarded.ask("POST", "/v2.0/networks", {"network": {}}, **alice).json()["network"]
    assert not any(name.startswith("provider:") for name in network)
    body = {"ports": [{"network_id": network["id"]}]}
    (port,) = guarded.ask("POST", "/v2.0/ports", body, **alice).json()["ports"]
    path = f"/v2.0/ports/{port['id']}"
    bound = guarded.ask("PUT", path, {"port": {"binding:host_id": "H"}}, **admin).json()["port"]
    assert bound["binding:host_id"] == "H"
    changed = guarded.ask("PUT", path, {"port": {"name": "mine"}}, **alice).json()["port"]
    listed = guarded.ask("GET", "/v2.0/ports?binding:host_id=other", **alice).json()["ports"]
    assert listed == [changed]  # no filter finds it out
    assert guarded.ask("GET", "/v2.0/ports?sort_key=binding:host_id&sort_dir=asc", **alice).status_code == 400
    assert changed == guarded.ask("GET", path, **alice).json()["port"]
    assert [name for name in changed if name.startswith("binding:")] == ["binding:vnic_type"]


def test_whoever_does_not_say_who_he_is_sees_the_versions_and_nothing_else(guarded):
    answer = guarded.ask("GET", GROUPS)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="sfcci", charset="UTF-8"'
    assert answer.json()["NeutronError"]["type"] == "HTTPUnauthorized"
    for path in ("/v2.0/", "/v2.0/extensions", "/v2.0/quotas", "/v3"):
        assert guarded.ask("GET", path).status_code == 401
    assert guarded.ask("GET", "/").status_code == 200
    assert guarded.ask("GET", "/healthcheck").status_code == 200


def test_a_page_of_another_site_cannot_use_the_password_that_a_browser_remembers(guarded):
    body = json.dumps({"port_pair_group": {"name": "planted"}}).encode()
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    answer = guarded.ask("POST", GROUPS, body, auth=("alice", "geheim"), headers=headers)
    assert answer.status_code == 403
    found = guarded.ask("GET", f"{GROUPS}?name=planted", auth=("alice", "geheim"))
    assert found.json() == {"port_pair_groups": []}


def test_the_log_names_the_user_and_no_secret(guarded):
    guarded.ask("GET", f"{GROUPS}/logged", auth=("alice", "geheim"))
    guarded.ask("GET", f"{GROUPS}/logged", headers={"X-Auth-Token": TOKEN})
    guarded.ask("GET", f"{GROUPS}/logged", auth=("alice", "almostgeheim"))
    guarded.ask("GET", "/healthcheck")
    log = guarded.stderr()
    assert f" alice GET {GROUPS}/logged 404 " in log
    assert f" bot GET {GROUPS}/logged 404 " in log
    assert f" - GET {GROUPS}/logged 401 " in log
    assert "geheim" not in log
    assert TOKEN not in log


def refused(*words):
    ran = CliRunner().invoke(serve, words)
    assert isinstance(ran.exception, UsageError), ran.output
    return str(ran.exception)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])  # noqa: S104 - it is refused
def test_another_address_than_this_machine_s_own_wants_users_and_tls(host, path):
    assert "nobody would have to say who he is; name the users with --auth-file" in refused("--host", host)
    clear = refused("--host", host, "--auth-file", str(path))
    assert "passwords and tokens would pass in the clear; give --tls-cert and --tls-key" in clear


def test_a_certificate_that_cannot_be_used_is_named(tmp_path, certificate):
    cert, key = str(certificate / "cert.pem"), str(certificate / "key.pem")
    alone = ["--no-datapath", "--port", "0", "--database", "sqlite://"]
    assert "belong together" in refused("--tls-cert", cert)
    assert "No such file" in refused(*alone, "--tls-cert", cert, "--tls-key", str(tmp_path / "none"))
    assert f"cannot use {key} with {cert}" in refused(*alone, "--tls-cert", key, "--tls-key", cert)
    locked = tmp_path / "locked.pem"
    words = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", str(locked)]
    subprocess.run(words, check=True, capture_output=True)
    assert "has a passphrase" in refused(*alone, "--tls-cert", cert, "--tls-key", str(locked))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--quota", "port_chan=1"], "did you mean port_chain"),
        (["--quota", "port_chain"], "expected a whole number, as in port_chain=50"),
        (["--quota", "port_chain=many"], "expected a whole number"),
    ],
)
def test_a_wrong_quota_is_named(words, message):
    assert message in refused(*words)
