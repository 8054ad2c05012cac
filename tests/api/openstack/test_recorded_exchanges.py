"""The HTTP exchanges under the recorded commands: ours have the same status, error and body."""

from .fixture import MADE_AGAIN_BEFORE, make_again
from .likeness import ADDED, Likeness

FREE = (
    r"provider:segmentation_id$",  # a number that is free
    r"\.ports?(\[\d+\])?\.status$",  # there is no data plane under this server: all ports are DOWN
    r"\.ports?(\[\d+\])?\.revision_number$",  # the reference counts what its agent and drivers write, too
    r"\.agents\[0\]\.configurations$",  # of another agent
)


def test_the_recorded_requests_are_answered_as_they_were(recordings, http):
    likeness, lines = Likeness(FREE, ADDED), []
    for number, recording in enumerate(recordings, 1):
        if number == MADE_AGAIN_BEFORE:
            make_again(http)
        for exchange in recording["exchanges"]:
            if exchange["request"]["path"] == "/v2.0/extensions":
                continue  # other extensions: a test of their own
            what = f"{number} {exchange['request']['method']} {exchange['request']['path']}"
            lines += [f"{what}: {line}" for line in differences(likeness, exchange, http)]
    assert not lines, "\n".join(lines)


def differences(likeness, exchange, http):
    request, recorded = exchange["request"], exchange["response"]
    answer = http.ask(
        request["method"], likeness.ours(request["path"]), in_our_words(likeness, request["body"])
    )
    headers = [f"{name} is missing" for name in recorded["headers"] if name not in answer.headers]
    kinds = [side.get("Content-Type") for side in (recorded["headers"], answer.headers)]
    if answer.status != recorded["status"] or kinds[0] != kinds[1] or headers:
        return [f"{answer.status} {kinds} {headers} {answer.body}, recorded {recorded['status']}"]
    return likeness.differences(recorded["body"], answer.body)


def test_extensions_that_are_served_are_described_as_they_were(recordings, http):
    bodies = [one["response"]["body"] for each in recordings for one in each["exchanges"]]
    recorded = next(body["extensions"] for body in bodies if body and "extensions" in body)
    ours = {
        extension["alias"]: extension for extension in http.ask("GET", "/v2.0/extensions").body["extensions"]
    }
    assert {"sfc", "flow_classifier", "service_graph", "networking-sfc-tap"} <= ours.keys()
    for extension in recorded:
        assert ours.get(extension["alias"], extension) == extension


def in_our_words(likeness, value):
    """A recorded body that can be sent again."""
    if isinstance(value, dict):
        return {likeness.ours(name): in_our_words(likeness, one) for name, one in value.items()}
    if isinstance(value, list):
        return [in_our_words(likeness, one) for one in value]
    return likeness.ours(value) if isinstance(value, str) else value
