"""Documents with words that do not belong there, and lines that are lost or stand twice."""

import re

from hypothesis import strategies as st


def spoilt(data, document, words):
    """Give the text of a document (its lines) that `data` draws one to three faults for, with some of these words."""
    lines = list(document)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        found = re.split(r"(\W+)", lines[at])
        found[data.draw(st.integers(0, len(found) - 1))] = data.draw(st.sampled_from(words))
        lines[at : at + 1] = data.draw(st.sampled_from([["".join(found)], [], [lines[at], lines[at]]]))
    return "\n".join(lines)
