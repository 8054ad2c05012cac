"""Commands of the real client, recorded with the reference server: with ours they end and print the same."""

import pytest

from .fixture import MADE_AGAIN_BEFORE, make_again
from .likeness import Likeness, printed

pytestmark = pytest.mark.openstack
FREE = (
    r"provider:segmentation_id$",  # a number that is free
    r"^port .*\.[Ss]tatus$",  # there is no data plane under this server: all ports are DOWN
    r"^port .*\.revision_number$",  # the reference counts what its agent and drivers write, too
    r"^extension list --network$",  # other extensions
)


def test_the_recorded_commands_give_what_they_gave(recordings, client, server, http):
    likeness, lines = Likeness(FREE), []
    for number, recording in enumerate(recordings, 1):
        if number == MADE_AGAIN_BEFORE:
            make_again(http)
        words = [likeness.ours(word) for word in recording["command"][1:]]
        ran = client.quick("--os-auth-type", "none", "--os-endpoint", server.url, *words)
        lines += [f"{number}: {line}" for line in differences(likeness, recording, ran, " ".join(words))]
    assert not lines, "\n".join(lines)


def differences(likeness, recording, ran, place):
    if ran.status != recording["rc"]:
        return [f"{place}: exit status {ran.status}, recorded {recording['rc']}: {ran.stderr}"]
    found = likeness.differences(printed(recording["stdout"]), printed(ran.stdout), place)
    return [*found, *likeness.differences(recording["stderr"], ran.stderr, f"{place}: stderr")]
