"""What `sfcci trace serve` takes on the command line, whom it serves where, and what alerts send to Graphite."""

import asyncio
import contextlib
import dataclasses
import socket
import threading

import pytest

from sfcci.api import users
from sfcci.cli import trace_serving
from sfcci.cli.trace_serving import Wish, address, serve_analyzer
from sfcci.errors import InputError, UsageError
from sfcci.settings import Graphite, load
from sfcci.trace.alert import Alert
from sfcci.trace.alert_action import Actions
from sfcci.trace.place import LabPlace
from sfcci.web.analyzer_door import Denied


@pytest.fixture
def settings(tmp_path):
    return load(tmp_path, {"SFCCI_RUN_STATE": str(tmp_path / "state")})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:8082", ("127.0.0.1", 8082)),
        (":8082", ("127.0.0.1", 8082)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_an_address_is_host_and_port(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "8082", "::1:8082", "h:99999", "h:", "[h]:1", "h:-1"])
def test_what_is_no_address_is_told(text):
    with pytest.raises(UsageError, match="no address to listen on"):
        address(text)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(listen="0.0.0.0:0"), "name the users with --auth-file"),
        (Wish(listen="0.0.0.0:0", users={"ann": "x"}), "would pass in the clear"),
        (Wish(lab="a", machine=True), "exclude each other"),
        (Wish(lab="../x"), "bad lab name"),
        (Wish(keep="soon", lab="none"), "--keep soon: expected a span"),
    ],
)
def test_what_cannot_be_served_is_told_before_anything_is(settings, wish, words):
    with pytest.raises((UsageError, InputError), match=words):
        serve_analyzer(settings, dataclasses.replace(wish, listen=wish.listen.replace("8082", "0")))


@pytest.mark.parametrize(
    ("url", "named"), [("http://h:1", "--analyzer h:1 "), ("https://h:1", "--analyzer https://h:1 ")]
)
def test_what_to_try_asks_the_server_that_there_is(tmp_path, capsys, url, named):
    trace_serving._say_begun(url, LabPlace(tmp_path, "demo"), json_output=False)
    first, *commands = capsys.readouterr().out.splitlines()
    assert first.startswith(f"the analyzer of demo is at {url}: ")
    assert len(commands) == 2
    assert all(named in one for one in commands)


def test_a_graphite_that_can_only_be_read_takes_no_figures(settings):
    read_only = dataclasses.replace(settings, graphite=Graphite(url="http://127.0.0.1:1"))
    with pytest.raises(UsageError, match=r"can only be read.*SFCCI_GRAPHITE_CARBON"):
        serve_analyzer(read_only, Wish(listen="127.0.0.1:0", lab="none", push=True))


def test_users_are_those_of_a_file_or_of_the_configuration(tmp_path):
    path = tmp_path / "users.json"
    users.add(path, users.User("ann", "p", password=users.hashed_password("secret")))
    basic = {"authorization": "Basic YW5uOnNlY3JldA=="}
    with contextlib.ExitStack() as stack:
        of_file = trace_serving._of_file(stack, path)
        assert asyncio.run(of_file(basic)) == "ann"
        with pytest.raises(Denied):
            asyncio.run(of_file({"authorization": "Basic YW5uOndyb25n"}))
    of_table = trace_serving._of_table({"ann": "secret", "bob": "x"})
    assert asyncio.run(of_table(basic)) == "ann"
    for wrong in ({}, {"authorization": "Basic YW5uOng="}, {"authorization": "Bearer YW5uOnNlY3JldA=="}):
        with pytest.raises(Denied):
            asyncio.run(of_table(wrong))


def test_what_an_alert_finds_becomes_a_series(settings):
    got = []
    with socket.create_server(("127.0.0.1", 0)) as carbon:

        def take():
            connection, _ = carbon.accept()
            with connection, connection.makefile() as lines:
                got.extend(lines)

        thread = threading.Thread(target=take)
        thread.start()
        there = dataclasses.replace(
            settings, graphite=Graphite(carbon=f"127.0.0.1:{carbon.getsockname()[1]}")
        )
        with contextlib.ExitStack() as stack:
            actions = Actions(point=trace_serving._point(stack, there))
            actions.point(Alert("u1", "q", name="tap is down!"), 3.0)
        thread.join(60)
        actions.close()
    name, value, _ = got[0].split()
    assert (name, float(value)) == ("sfcci.trace.alerts.tap_is_down_", 3.0)


def test_a_database_has_one_analyzer_that_writes_it(settings, tmp_path):
    url = f"sqlite:///{tmp_path}/given.sqlite"
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first_place, other = LabPlace(tmp_path, "a"), LabPlace(tmp_path, "b")
        assert trace_serving._history(first, settings, first_place, Wish(database=url))
        with pytest.raises(UsageError, match="another analyzer with this database runs already"):
            trace_serving._history(second, settings, other, Wish(database=url))
        assert trace_serving._history(second, settings, other, Wish(database=f"{url}.other"))
