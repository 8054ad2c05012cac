"""The latest dashboards: what a file says now, and what it said before it broke."""

import pytest

from sfcci.dashboard import latest as module
from sfcci.dashboard.latest import Change, Latest
from sfcci.errors import Unreachable, UsageError

BOARD = "dashboard: {{title: {}, rows: [{{title: R, height: 200px, panels: [{{title: P, type: graph, targets: [{{target: {}}}]}}]}}]}}\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(BOARD.format(name.upper(), "x.y"))
    return tmp_path


def titles(latest):
    return {uid: one.title for uid, one in latest.view.dashboards.items()}


def test_only_what_has_changed_is_told_and_a_comment_changes_nothing(folder):
    latest = Latest([folder])
    assert titles(latest) == {"a": "A", "b": "B"}
    assert latest.look() is None
    (folder / "a.yaml").write_text(BOARD.format("A2", "x.y"))
    assert latest.look() == Change(("a",), ())
    (folder / "a.yaml").write_text("# told\n" + BOARD.format("A2", "x.y"))
    assert latest.look() is None
    (folder / "c.yaml").write_text(BOARD.format("C", "x.y"))
    (folder / "b.yaml").unlink()
    assert latest.look() == Change(("c",), ("b",))
    assert titles(latest) == {"a": "A2", "c": "C"}


def test_a_file_whose_text_is_the_same_is_not_looked_at_again(folder, monkeypatch):
    latest, looked = Latest([folder]), []
    real = module.examine.__wrapped__.__globals__["structure"]
    monkeypatch.setitem(
        module.examine.__wrapped__.__globals__,
        "structure",
        lambda document: looked.append(document.path) or real(document),
    )
    (folder / "b.yaml").write_text(BOARD.format("B2", "x.y"))
    latest.look()
    assert looked == [str(folder / "b.yaml")]


def test_a_broken_file_is_told_and_its_dashboard_stays_as_it_last_was(folder):
    latest = Latest([folder])
    for text, found in (("dashboard: {titel: A}", "UnknownKey"), ("dashboard: [", "BadDocument")):
        (folder / "a.yaml").write_text(text)
        assert latest.look() == Change((), ())
        assert titles(latest) == {"a": "A", "b": "B"}
        assert set(latest.view.broken) == {"a"}
        assert found in "".join(latest.view.broken["a"])
        assert latest.view.problems == latest.view.broken["a"]
    (folder / "a.yaml").write_text(BOARD.format("A3", "x.y"))
    assert latest.look() == Change(("a",), ())
    assert latest.view.broken == {}


def test_a_target_that_graphite_misreads_is_told_and_drawn_as_it_is(folder):
    latest = Latest([folder])
    (folder / "a.yaml").write_text(BOARD.format("A", '"sum(x.{y"'))
    assert latest.look() == Change(("a",), ())
    assert "BadTarget" in "".join(latest.view.problems)
    assert latest.view.broken == {}


def test_a_folder_that_is_emptied_is_told_and_what_was_shown_stays(folder):
    latest = Latest([folder])
    for name in ("a", "b"):
        (folder / f"{name}.yaml").rename(folder / name)
    assert latest.look() == Change((), ())
    assert "no dashboards in" in "".join(latest.view.problems)
    assert set(titles(latest)) == {"a", "b"}
    (folder / "a").rename(folder / "a.yaml")
    assert latest.look() == Change((), ("b",))
    assert latest.view.problems == ()


def test_a_path_that_leads_nowhere_is_refused_at_the_begin(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        Latest([tmp_path / "nowhere"])


def test_what_is_shown_may_be_made_of_the_dashboards_and_its_errors_are_told(folder):
    well = True

    def prepare(found):
        if not well:
            raise Unreachable("carbon is away")
        return list(found)[:1]

    latest = Latest([folder], prepare)
    assert titles(latest) == {"a": "A"}
    well = False
    (folder / "b.yaml").write_text(BOARD.format("B2", "x.y"))
    latest.look()
    assert latest.view.problems == ("carbon is away",)
    assert titles(latest) == {"a": "A"}
