"""Commands of the real client, recorded with the reference server: with ours they end and print the same."""

import pytest

from .fixture import make_again
from .likeness import Likeness, printed

pytestmark = pytest.mark.openstack
MADE_AGAIN_BEFORE = 61  # the number of the recorded command
FREE = ("provider:segmentation_id",)


def test_the_recorded_commands_give_what_they_gave(recordings, client, server, http):
    likeness, lines = Likeness(FREE), []
    for number, recording in enumerate(recordings, 1):
        if number == MADE_AGAIN_BEFORE:
            make_again(http)
        words = [likeness.ours(word) for word in recording["command"][1:]]
        ran = client.quick("--os-auth-type", "none", "--os-endpoint", server.url, *words)
        found = differences(likeness, recording, ran)
        lines += [f"{number} {' '.join(words)}: {line}" for line in found]
    assert not lines, "\n".join(lines)


def differences(likeness, recording, ran):
    if ran.status != recording["rc"]:
        return [f"exit status {ran.status}, recorded {recording['rc']}: {ran.stderr}"]
    found = likeness.differences(printed(recording["stdout"]), printed(ran.stdout))
    return [*found, *likeness.differences(recording["stderr"], ran.stderr, "stderr")]
