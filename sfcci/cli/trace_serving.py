"""How an analyzer is put together and served: by `sfcci trace serve`, and by `sfcci-skydive analyzer`."""

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci import files
from sfcci.address import without_user
from sfcci.cli import users_and_tls
from sfcci.errors import SfcciError, UsageError

if TYPE_CHECKING:
    from sfcci.settings import Settings
    from sfcci.trace.alert_action import Point
    from sfcci.trace.history import History
    from sfcci.trace.place import Place
    from sfcci.web.analyzer_door import Door, Gate


@dataclass(frozen=True)
class Wish:
    """What the command line and the configuration say; see `sfcci trace serve --help`."""

    lab: str = ""
    machine: bool = False
    listen: str = "127.0.0.1:8082"
    auth_file: Path | None = None
    users: Mapping[str, str] | None = None
    """Users with their passwords, of Skydive's configuration."""
    certificate: tuple[Path | None, Path | None] = (None, None)
    insecure_http: bool = False
    database: str = ""
    history: bool = True
    keep: str = "24h"
    alert_scripts: Path | None = None
    push: bool = False
    query: str = ""
    bpf: str = ""


def serve_analyzer(settings: "Settings", wish: Wish, *, json_output: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises UsageError, Unreachable, MissingTool."""
    from sfcci.api.listen import check_certificate, listening, shown
    from sfcci.api.patient import Patient
    from sfcci.cli.console import until_interrupted
    from sfcci.trace.alert_action import Actions
    from sfcci.trace.analyzer import Analyzer, running
    from sfcci.trace.past import Recorder
    from sfcci.web.analyzer_server import serving

    host, port = address(wish.listen)
    certificate = users_and_tls.certificate(*wish.certificate)
    asks = bool(wish.auth_file or wish.users)
    users_and_tls.check_address(host, asks=asks, tls=bool(certificate), insecure=wish.insecure_http)
    check_certificate(certificate)
    tls = {"ssl_certfile": certificate.chain, "ssl_keyfile": certificate.key} if certificate else None
    place = _place(settings, wish)
    with contextlib.ExitStack() as stack:
        door = _door(stack, host, wish)
        listener = stack.enter_context(listening(host, port))
        history = _history(stack, settings, place, wish)
        actions = Actions(say, wish.alert_scripts, _point(stack, settings) if wish.push else None)
        analyzer = Analyzer(place, Recorder(history, say), actions, say)
        stack.enter_context(running(analyzer))
        if wish.query:
            _begin(analyzer, wish)
        stack.enter_context(serving(analyzer, door, listener, http=Patient, tls=tls))
        url = f"{'https' if certificate else 'http'}://{shown(host, listener.getsockname()[1])}"
        _say_begun(url, place, json_output=json_output)
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            until_interrupted()
    if not json_output:
        click.echo("the analyzer has ended" + ("; its captures and its history are kept" if history else ""))


def say(text: str) -> None:
    """Tell the operator; where nobody listens any more, or the disk is full, that ends nothing."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: it is closed
        click.echo(text, err=True)


def address(text: str) -> tuple[str, int]:
    """Give host and port of HOST:PORT, [HOST]:PORT or :PORT. Raises UsageError."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]*)):(\d{1,5})", text)
    if not found or int(found[3]) > 65535:  # noqa: PLR2004 - TCP's last port
        raise UsageError(f"{text!r} is no address to listen on; expected HOST:PORT, as in 127.0.0.1:8082")
    return found[1] or found[2] or "127.0.0.1", int(found[3])


def _say_begun(url: str, place: "Place", *, json_output: bool) -> None:
    if json_output:
        click.echo(json.dumps({"url": url, "place": place.name}))
        return
    client = url.removeprefix("http://")  # https:// is told, for a client asks in the clear without
    click.echo(f"the analyzer of {place.name} is at {url}: a page for a browser, and Skydive's API; try:")
    click.echo(
        f"  sfcci-skydive client --analyzer {client} capture create --gremlin \"G.V().Has('Name', Regex('^tap.*'))\""
    )
    click.echo(f'  sfcci-skydive client --analyzer {client} query "G.Flows()"')


def _place(settings: "Settings", wish: Wish) -> "Place":
    from sfcci.datapath import standing
    from sfcci.trace.place import LabPlace, Machine

    if wish.lab and wish.machine:
        raise UsageError("--lab and --machine exclude each other")
    if wish.lab:
        standing.there(settings.state, wish.lab)  # a name that no lab can have
        return LabPlace(settings.state, wish.lab, _scene)
    there = () if wish.machine else standing.labs(settings.state)
    if len(there) > 1:
        names = ", ".join(one.name for one in there)
        raise UsageError(f"several labs are up: {names}; say which with --lab, or --machine for none of them")
    return LabPlace(settings.state, there[0].name, _scene) if there else Machine()


def _scene(lab: Any) -> Any:
    """Give what is meant to be in a lab; of one that the API serves, by the API's state."""
    from sfcci.cli import sfc_trace

    return sfc_trace.lab_scene(lab.name)


def _history(
    stack: contextlib.ExitStack, settings: "Settings", place: "Place", wish: Wish
) -> "History | None":
    """Open the history of a place; one analyzer at a time writes it. Raises UsageError, Unreachable."""
    from sfcci.trace.history import History

    if not wish.history:
        return None
    keep_s = _span_s(wish.keep)
    given = wish.database or settings.trace.database
    name = _digest(given) if given else re.sub(r"[^A-Za-z0-9_-]", "-", place.name)
    folder = settings.state / "trace"
    with files.disk_errors(folder):
        # who spoke with whom is not everybody's to read
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = files.try_lock(folder / f"{name}.writer")
    if held is None:
        raise UsageError(
            f"another analyzer {'with this database' if given else f'of {place.name}'} runs already and writes its "
            "history; end it, or give this one a --database of its own or --no-history"
        )
    stack.enter_context(held)
    url = given or f"sqlite:///{folder}/{name}.sqlite"
    history = History(url, kept_s=keep_s)
    stack.callback(history.close)
    return history


def _digest(url: str) -> str:
    return "database-" + hashlib.sha256(url.encode()).hexdigest()[:16]


def _span_s(text: str) -> int:
    """Give the seconds of a span such as 90m, 24h or 7d. Raises UsageError."""
    found = re.fullmatch(r"([1-9]\d{0,6})([smhd])", text)
    if not found:
        raise UsageError(f"--keep {text}: expected a span such as 90m, 24h or 7d")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _begin(analyzer: Any, wish: Wish) -> None:
    from sfcci.trace.unanswered import Conflict

    with contextlib.suppress(Conflict):  # it was asked for before
        analyzer.create_capture({"GremlinQuery": wish.query, "BPFFilter": wish.bpf})


def _door(stack: contextlib.ExitStack, host: str, wish: Wish) -> "Door":
    from sfcci.api.listen import own_names
    from sfcci.web.analyzer_door import Door

    if wish.auth_file:
        return Door(gate=_of_file(stack, wish.auth_file))
    if wish.users:
        return Door(gate=_of_table(wish.users))
    return Door(hosts=own_names(host))


def _of_file(stack: contextlib.ExitStack, path: Path) -> "Gate":
    from sfcci.api.auth import UsersGate
    from sfcci.chain.refused import Refused
    from sfcci.web.analyzer_door import Denied

    users = UsersGate(path, say)
    stack.callback(users.close)

    async def gate(headers: Mapping[str, str]) -> str:
        try:
            return (await users.caller(headers)).name
        except Refused as no:
            raise Denied(no.status, no.message) from None

    return gate


def _of_table(users: Mapping[str, str]) -> "Gate":
    """Let in the users of a configuration, which keeps their passwords as they are."""
    import base64
    import hmac

    from sfcci.web.analyzer_door import Denied

    async def gate(headers: Mapping[str, str]) -> str:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        found = ""
        for name, password in users.items():  # each is compared, so that the time says nothing
            mark = base64.b64encode(f"{name}:{password}".encode()).decode()
            if scheme.lower() == "basic" and hmac.compare_digest(mark.encode(), given.strip().encode()):
                found = name
        if not found:
            raise Denied(401, "The request requires a user's name and password.")
        return found

    return gate


def _point(stack: contextlib.ExitStack, settings: "Settings") -> "Point":
    """Give what sends an alert's figure to Graphite: a series for each alert. Raises UsageError.

    Without a Graphite in the settings the private one takes them: it runs as long as the analyzer.
    """
    from sfcci.metric import carbon, instance
    from sfcci.metric.point import Point

    used = stack.enter_context(instance.running(settings, say))
    if used.carbon is None:
        raise UsageError(
            f"{without_user(used.url)} can only be read; --push wants to know where carbon listens: set [graphite] carbon, "
            "or SFCCI_GRAPHITE_CARBON"
        )
    to = used.carbon

    def point(alert: Any, value: float, at_s: float) -> None:
        word = re.sub(r"[^A-Za-z0-9_-]+", "_", alert.name or alert.uuid)
        try:
            carbon.send([Point(f"sfcci.trace.alerts.{word}", value, int(at_s))], to)
        except SfcciError as error:
            say(f"alert {alert.name or alert.uuid}: {error}")

    return point
