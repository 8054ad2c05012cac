"""Names checked: there, silent since, never there; few questions whatever their number."""

import pytest

from sfcci.errors import Unreachable
from sfcci.metric.catalogue import Known
from sfcci.metric.check import CheckedName, Fate, check_names
from sfcci.metric.glob import pattern
from sfcci.metric.graphite import Series
from sfcci.metric.last_value import last_values

NOW = 1_795_000_000
DAY = 86400


class Source(Known):
    """Names with the time of their one value; counts what it is asked."""

    def __init__(self, last, *, listed=True):
        super().__init__(last)
        self.last, self.listed, self.questions = last, listed, 0

    def expand(self, patterns, *, leaves_only=True):
        self.questions += 1
        return super().expand(patterns, leaves_only=leaves_only)

    def render(self, targets, from_s, until_s, *, max_points=None):  # noqa: ARG002 - as the real one is called
        self.questions += 1
        for name, at in self.last.items():
            if any(pattern(target).fullmatch(name) for target in targets):
                values = ((1.0, at),) if at and from_s <= at < until_s else ((None, int(from_s)),)
                yield Series(name, name, values)

    def all_names(self):
        if not self.listed:
            raise Unreachable("too many")
        self.questions += 1
        return sorted(self.last)


class Listing:
    """A source whose `names` is a question, as that of GraphiteReader is."""

    def __init__(self, source):
        self.expand, self.render, self.names = source.expand, source.render, source.all_names


SOURCE = Source({"a.new": NOW - 60, "a.old": NOW - 40 * DAY, "a.never": 0, "b.x.y": NOW - 2 * DAY})


def checks(*names, **more):
    return check_names(names, Listing(SOURCE), until_s=NOW, **more)


def test_each_name_is_told_what_became_of_it():
    assert checks("a.new", "a.*", "a.old", "a.never", "b.x", "a.neww", "b.x.*") == (
        CheckedName("a.new", Fate.THERE, 1, NOW - 60),
        CheckedName("a.*", Fate.THERE, 3, NOW - 60),
        CheckedName("a.old", Fate.THERE, 1, NOW - 40 * DAY),
        CheckedName("a.never", Fate.SILENT, 1, None, "it holds no value"),
        CheckedName("b.x", Fate.BRANCH, why="it is a branch, no series; see what is below: b.x.*"),
        CheckedName(
            "a.neww",
            Fate.MISSING,
            0,
            None,
            "there is nothing named 'neww' below a; did you mean new?",
            ("a.new",),
        ),
        CheckedName("b.x.*", Fate.THERE, 1, NOW - 2 * DAY),
    )


def test_since_says_how_new_a_value_must_be():
    fates = {one.name: one.fate for one in checks("a.new", "a.old", "b.x.y", since_s=NOW - 7 * DAY)}
    assert fates == {"a.new": Fate.THERE, "a.old": Fate.SILENT, "b.x.y": Fate.THERE}
    assert checks("b.x.y", since_s=NOW - DAY)[0].why == "no value in that time"


def test_without_values_only_the_name_is_asked_for():
    assert checks("a.never", values=False) == (CheckedName("a.never", Fate.THERE, 1),)


@pytest.mark.parametrize("listed", [True, False])
def test_ten_thousand_names_are_few_questions(listed):
    last = {f"stats.p{n % 4}.job-{n}.{result}": NOW for n in range(5000) for result in ("SUCCESS", "FAILURE")}
    source = Source(last, listed=listed)
    asked = [*last, "stats.p1.job-9999.SUCCESS"]
    found = check_names(asked, Listing(source), until_s=NOW, values=False)
    assert [one.name for one in found if one.fate is not Fate.THERE] == ["stats.p1.job-9999.SUCCESS"]
    assert source.questions < 10


def test_the_last_value_is_found_in_growing_ranges():
    assert last_values(["a.new"], SOURCE, NOW) == {"a.new": NOW - 60}
    assert last_values(["a.new", "a.old", "a.never", "no.where"], SOURCE, NOW) == {
        "a.new": NOW - 60,
        "a.old": NOW - 40 * DAY,
    }
    assert last_values([], SOURCE, NOW) == {}
