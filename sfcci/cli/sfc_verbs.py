"""`sfcci sfc port|flow|service|network|subnet|router ...`: verbs made from the table, one for each line of it."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console, sfc_door
from sfcci.cli.sfc_kind import Kind
from sfcci.cli.sfc_table import KINDS
from sfcci.cli.sfc_words import Option, Resolve
from sfcci.errors import EXIT_FINDINGS, SfcciError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sfcci.api.client import Door

ATTEMPTS = 8
"""So often a list is merged anew when somebody else changed the resource meanwhile."""


def found(door: "Door", kind: Kind, word: str) -> dict[str, Any]:
    """Give the resource with that id or name. Raises Refused (none), UsageError (several)."""
    from sfcci.chain.convert import is_id
    from sfcci.chain.refused import NOT_FOUND, Refused

    if is_id(word):
        with contextlib.suppress(Refused):
            one: dict[str, Any] = door.ask("GET", f"{kind.path}/{word}")[kind.member]
            return one
    there: list[dict[str, Any]] = door.ask("GET", kind.path, query=(("name", word),))[kind.collection]
    there = [one for one in there if one.get("name") == word]
    if not there:
        raise Refused(NOT_FOUND, "NotFound", f"No {kind.words} found for {word}")
    if len(there) > 1:
        ids = ", ".join(one["id"] for one in there)
        raise UsageError(f"{len(there)} {kind.words}s have the name {word}; name one by its id: {ids}")
    return there[0]


def _resolver(door: "Door") -> Resolve:
    """Names become ids; each is asked for once."""
    known: dict[tuple[str, str], str] = {}

    def resolve(collection: str, word: str) -> str:
        if (collection, word) not in known:
            known[collection, word] = found(door, KINDS[collection], word)["id"]
        return known[collection, word]

    return resolve


def attributes(options: Sequence[Option], given: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Give what the options say, as a request's body has it. Raises UsageError, Refused."""
    made: dict[str, Any] = {}
    for option in options:
        value = given.get(option.key)
        if value is None or value is False or value == ():
            continue
        words = () if value is True else (value,) if isinstance(value, str) else tuple(value)
        said = option.give(words, resolve)
        if any(name in made and made[name] != said[name] for name in said):
            raise UsageError(f"{option.flag} contradicts another option; give one of them")
        made |= said
    return made


def merged(
    options: Sequence[Option],
    given: Mapping[str, Any],
    made: Mapping[str, Any],
    old: Mapping[str, Any],
    *,
    take: bool,
) -> dict[str, Any]:
    """Give the body with lists as they become: `old` ones with what is added, or without what is taken; order is kept."""
    cleared = {option.clears for option in options if option.clears and given.get(option.key)}
    body = dict(made)
    for name in {option.lists for option in options if option.lists} & (made.keys() | cleared):
        before = [] if name in cleared else list(old.get(name) or [])
        named = made.get(name, [])
        if take:
            body[name] = [one for one in before if not any(_is_meant(one, other) for other in named)]
        else:
            body[name] = before + [one for one in named if one not in before]
    return body


def _is_meant(one: Any, named: Any) -> bool:
    if isinstance(one, dict) and isinstance(named, dict):
        return named.items() <= one.items()
    return bool(one == named)


def _say(kind: Kind, resource: Mapping[str, Any], json_output: bool) -> None:
    from sfcci.cli.sfc_shown import shown

    if json_output:
        console.print_json(resource)
    else:
        click.echo(shown(kind, resource), nl=False)


def _create(kind: Kind, door: "Door", json_output: bool, name: str, **given: Any) -> None:
    made = attributes(kind.create, given, _resolver(door))
    body = {"name": name, **merged(kind.create, given, made, {}, take=False)}
    _say(kind, door.ask("POST", kind.path, {kind.member: body})[kind.member], json_output)


def _list(kind: Kind, door: "Door", json_output: bool, long: bool, **given: Any) -> None:
    from sfcci.cli.sfc_shown import listed

    wanted = attributes(kind.filters, given, _resolver(door))
    there = door.ask("GET", kind.path, query=tuple(wanted.items()))[kind.collection]
    if json_output:
        console.print_json(there)
    else:
        click.echo(listed(kind, there, long), nl=False)


def _show(kind: Kind, door: "Door", json_output: bool, name: str) -> None:
    _say(kind, found(door, kind, name), json_output)


def _set(kind: Kind, door: "Door", json_output: bool, word: str, **given: Any) -> None:
    if given.get("no_port_pair_group") and not given.get("port_pair_group"):
        raise UsageError("a chain has one hop at least: name the new ones with --port-pair-group")
    _change(kind, kind.set, door, json_output, word, given, take=False)


def _unset(kind: Kind, door: "Door", json_output: bool, word: str, **given: Any) -> None:
    _change(kind, kind.unset, door, json_output, word, given, take=True)


def _change(
    kind: Kind,
    options: Sequence[Option],
    door: "Door",
    json_output: bool,
    word: str,
    given: Mapping[str, Any],
    *,
    take: bool,
) -> None:
    if all(value is None or value is False or value == () for value in given.values()):
        flags = ", ".join(option.flag for option in options)
        raise UsageError(f"nothing to change; name what: {flags}")
    made = attributes(options, given, _resolver(door))
    lists = frozenset(option.lists or option.clears for option in options)
    new = _changed(door, kind, word, lists, lambda old: merged(options, given, made, old, take=take))
    if json_output:
        console.print_json(new)


def _changed(
    door: "Door",
    kind: Kind,
    word: str,
    lists: frozenset[str],
    becomes: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Any:
    """One PUT; one with a list is taken only if nobody changed the resource since it was read, else read again."""
    from sfcci.chain.refused import PRECONDITION_FAILED, Refused

    old = found(door, kind, word)
    for left in reversed(range(ATTEMPTS)):
        body = becomes(old)
        if all(name in old and old[name] == value for name, value in body.items()):
            break  # so it is already
        revision = None if lists.isdisjoint(body) else old.get("revision_number")
        try:
            put = door.ask("PUT", f"{kind.path}/{old['id']}", {kind.member: body}, revision=revision)
            return put[kind.member]
        except Refused as no:
            if no.status != PRECONDITION_FAILED or not left:
                raise
            old = found(door, kind, old["id"])
    return old


def _delete(kind: Kind, door: "Door", json_output: bool, names: tuple[str, ...]) -> None:
    """Delete each; one that cannot be is told, and the others go."""
    from sfcci.chain.refused import Refused

    gone, kept = [], []
    for name in names:
        try:
            one = found(door, kind, name)
            door.ask("DELETE", f"{kind.path}/{one['id']}")
            gone.append(one["id"])
        except (Refused, UsageError) as no:
            why = no.sentence if isinstance(no, Refused) else str(no)
            kept.append({"name": name, "reason": why})
            click.echo(f"sfcci: {kind.words} {name} is not deleted: {why}", err=True)
    if json_output:
        console.print_json({"deleted": gone, "failed": kept})
    if kept:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _names(kind: Kind) -> Callable[..., "list[CompletionItem]"]:
    """Complete a name of the collection; what cannot be asked gives none."""

    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        with (
            contextlib.suppress(SfcciError),
            sfc_door.opened(context.params.get("url"), context.params.get("state_file")) as door,
        ):
            there = door.ask("GET", kind.path, query=(("fields", "id"), ("fields", "name")))[kind.collection]
            return [
                CompletionItem(one["name"]) for one in there if one["name"] and one["name"].startswith(begun)
            ]
        return []

    return complete


def _parameters(options: Sequence[Option]) -> list[click.Parameter]:
    return [
        click.Option(
            [option.flag],
            help=option.help,
            metavar=None if option.choices else option.metavar,
            is_flag=option.metavar is None,
            multiple=option.many,
            required=option.required,
            type=click.Choice(option.choices) if option.choices else None,
            shell_complete=_names(KINDS[option.refers]) if option.refers else None,
        )
        for option in options
    ]


_LONG = click.Option(["--long"], is_flag=True, help="More columns.")
_VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "create": (_create, "Create a {}."),
    "list": (_list, "List {}s."),
    "show": (_show, "Show a {}, by name or id."),
    "set": (_set, "Change a {}. What is named beside a list comes to it, in that order."),
    "unset": (_unset, "Take something from a {}."),
    "delete": (_delete, "Delete {}s; one that is in use stays, and is told."),
}


def _verb(kind: Kind, verb: str) -> click.Command:
    function, line = _VERBS[verb]

    def run(**given: Any) -> None:
        function(kind, **given)

    parameters: dict[str, list[click.Parameter]] = {
        "create": [*_parameters(kind.create), click.Argument(["name"])],
        "list": [*_parameters(kind.filters), _LONG],
        "show": [_existing(kind, "name")],
        "set": [*_parameters(kind.set), _existing(kind, "word")],
        "unset": [*_parameters(kind.unset), _existing(kind, "word")],
        "delete": [_existing(kind, "names", many=True)],
    }
    example = kind.examples.get(verb, "" if verb == "list" else kind.example)
    command = click.command(
        verb,
        help=line.format(kind.words),
        epilog=f"Example: sfcci sfc {kind.words} {verb} {example}".rstrip(),
    )(sfc_door.asks(console.as_json(run), makes=lambda _given: verb == "create"))
    command.params = [*parameters[verb], *command.params]
    return command


def _existing(kind: Kind, name: str, *, many: bool = False) -> click.Argument:
    return click.Argument(
        [name],
        metavar=f"{kind.metavar}..." if many else kind.metavar,
        nargs=-1 if many else 1,
        required=True,
        shell_complete=_names(kind),
    )


class _Verbs(click.Group):
    """The group of a collection's verbs: each is made when it is asked for, since one of seventy is called."""

    def __init__(self, kind: Kind, **attributes: Any) -> None:
        super().__init__(kind.words.split()[-1], **attributes)
        self._kind = kind
        self._verbs = [verb for verb in _VERBS if verb != "unset" or kind.unset]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of verbs and of groups below."""
        return sorted({*self._verbs, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give the command, None when there is none of that name."""
        if cmd_name in self._verbs and cmd_name not in self.commands:
            self.add_command(_verb(self._kind, cmd_name))
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve as click does, which knows the nearest names only among commands that are made."""
        if args and args[0] not in self.list_commands(ctx):
            for name in self._verbs:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _group(kind: Kind, help_: str, *inner: click.Command) -> click.Group:
    """Give the group of a collection's verbs, with other groups below it."""
    example = f"Example: sfcci sfc {kind.words} create {kind.examples['create']}"
    group = _Verbs(kind, help=help_, epilog=example)
    for command in inner:
        group.add_command(command)
    return group


def _of_one(word: str, help_: str, inner: click.Command) -> click.Group:
    group = click.Group(word, help=help_, epilog=inner.epilog)
    group.add_command(inner)
    return group


_pair_group = _group(
    KINDS["port_pair_groups"], "Port pair groups: functions that do the same; one hop of a chain."
)
_pair = _group(
    KINDS["port_pairs"],
    "Port pairs: a function, by the ports where traffic enters and leaves it.",
    _pair_group,
)
_chain = _group(KINDS["port_chains"], "Port chains: the hops that classified traffic goes through.")
port = _group(KINDS["ports"], "Ports, and what is made of them: pairs, groups, chains.", _pair, _chain)
network = _group(KINDS["networks"], "Networks.")
subnet = _group(KINDS["subnets"], "Subnets: the addresses of a network.")
router = _group(KINDS["routers"], "Routers between subnets.")


def _interface(verb: str, line: str) -> click.Group:
    """Give `router add subnet ROUTER SUBNET`, or `remove`."""

    def run(door: "Door", json_output: bool, router: str, subnet: str) -> None:
        one, other = found(door, KINDS["routers"], router), found(door, KINDS["subnets"], subnet)
        action = f"routers/{one['id']}/{verb}_router_interface"
        said = door.ask("PUT", action, {"subnet_id": other["id"]})
        if json_output:
            console.print_json(said)

    example = f"Example: sfcci sfc router {verb} subnet r1 private-subnet"
    inner = click.command("subnet", help=line, epilog=example)(sfc_door.asks(console.as_json(run)))
    inner.params = [
        _existing(KINDS["routers"], "router"),
        _existing(KINDS["subnets"], "subnet"),
        *inner.params,
    ]
    return _of_one(verb, line, inner)


flow = _of_one(
    "flow",
    "Flow classifiers: which traffic is meant.",
    _group(KINDS["flow_classifiers"], "Flow classifiers: which traffic goes through a chain."),
)
service = _of_one(
    "service",
    "Service graphs: chains that branch into chains.",
    _group(KINDS["service_graphs"], "Service graphs: where a chain goes on, into which chains."),
)
router.add_command(_interface("add", "Connect a router with a subnet."))
router.add_command(_interface("remove", "Part a router from a subnet."))
