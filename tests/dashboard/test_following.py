"""`sfcci preview watch`: what is saved is in Grafana, what is broken is told, and nothing is lost meanwhile."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner
from updating import TOKEN, titles, write

from sfcci.cli.main import sfcci
from sfcci.dashboard import following
from sfcci.dashboard.following import Follower, NotLetIn
from sfcci.dashboard.grafana import Options
from sfcci.errors import UsageError
from sfcci.settings import Grafana


def settings(grafana, token=TOKEN):
    return lambda: Grafana(url=grafana.url, token=token)


class Following:
    """A follower in a thread: `next()` waits for what it tells."""

    def __init__(self, paths, given):
        self.stop, self.told = threading.Event(), queue.Queue()
        self.follower = Follower(paths, given, lambda sources: (sources, Options()))
        self.thread = threading.Thread(target=self.go, daemon=True)
        self.thread.start()

    def go(self):
        try:
            for one in self.follower.follow(self.stop):
                self.told.put(one)
        except Exception as error:  # noqa: BLE001 - it is raised where the test waits
            self.told.put(error)

    def next(self, wanted=lambda _told: True):
        """Give the next that is as wanted; a file may be told once more, empty, while it is written."""
        while True:
            one = self.told.get(timeout=60)
            if isinstance(one, Exception):
                raise one
            if wanted(one):
                return one

    def end(self):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def follow(monkeypatch):
    monkeypatch.setattr(following, "RETRY_S", 0.05)
    made = []

    def start(paths, given):
        made.append(Following(paths, given))
        return made[-1]

    yield start
    for one in made:
        one.end()


def save(path, title, **more):
    """Write a dashboard at once: nobody sees half of it."""
    write(path.with_name("new.part"), title, **more)
    path.with_name("new.part").replace(path)


def pushed(told):
    return {one.title: one.action for one in told.pushed}


def test_all_are_pushed_then_the_one_that_is_saved(follow, grafana, files):
    watched = follow([files], settings(grafana))
    assert pushed(watched.next()) == {"Board a": "create", "Board b": "create", "Board c": "create"}
    grafana.requests.clear()
    save(files / "b.yaml", "Board b, anew")
    assert pushed(watched.next()) == {"Board b, anew": "change"}
    assert len(grafana.writes()) == 1
    assert titles(grafana) == ["Board a", "Board b, anew", "Board c"]


def test_a_fault_is_told_and_the_others_go_on(follow, grafana, files):
    watched = follow([files], settings(grafana))
    watched.next()
    grafana.requests.clear()
    save(files / "a.yaml", "Board a, anew", target="sum(x.{y")
    told = watched.next()
    assert [(one.keyword, one.place.path) for one in told.findings] == [("BadTarget", str(files / "a.yaml"))]
    assert (told.pushed, grafana.writes(), told.is_faulty) == ((), [], True)
    save(files / "b.yaml", "Board b, anew")
    assert pushed(watched.next()) == {"Board b, anew": "change"}
    save(files / "a.yaml", "Board a, right")
    told = watched.next()
    assert (pushed(told), told.findings) == ({"Board a, right": "change"}, ())
    assert titles(grafana) == ["Board a, right", "Board b, anew", "Board c"]


def test_what_grafana_refuses_stays_in_mind_and_hinders_no_other(follow, grafana, files):
    """The first one's uid belongs to a dashboard that somebody else has made there."""
    theirs = {"dashboard": {"uid": "a", "title": "Mine", "version": 4, "panels": []}}
    grafana.dashboards["a"] = {**theirs, "folder": None, "version": 4}
    watched = follow([files], settings(grafana))
    told = watched.next()
    assert [one.keyword for one in told.findings] == ["ForeignDashboard"]
    assert set(pushed(told)) == {"Board b", "Board c"}
    del grafana.dashboards["a"]
    save(files / "b.yaml", "Board b, anew")
    assert set(pushed(watched.next())) == {"Board a", "Board b, anew"}


def test_a_grafana_that_is_away_is_waited_for_and_nothing_is_lost(follow, grafana, files):
    grafana.reply = (503, {}, b"starting")
    watched = follow([files], settings(grafana))
    assert "503" in watched.next().waiting
    save(files / "b.yaml", "Board b, anew")
    assert watched.next().waiting
    grafana.reply = None
    told = watched.next(lambda told: told.pushed)
    assert set(pushed(told)) == {"Board a", "Board b, anew", "Board c"}
    grafana.reply = (502, {}, b"gone")
    save(files / "a.yaml", "Board a, anew")
    assert watched.next().waiting
    grafana.reply = None
    assert pushed(watched.next(lambda told: told.pushed)) == {"Board a, anew": "change"}


def test_a_secret_that_is_refused_ends_it_at_once(follow, grafana, files):
    watched = follow([files], settings(grafana, token="glsa_wrong"))
    with pytest.raises(NotLetIn, match="401") as refused:
        watched.next()
    assert grafana.paths().count("/api/org") == 1
    assert "glsa_wrong" not in str(refused.value)


def test_a_pod_that_is_made_again_has_another_secret(follow, grafana, files):
    found = Grafana(url=grafana.url, token=TOKEN)
    watched = follow([files], lambda: found)
    watched.next()
    grafana.secrets.clear()
    grafana.secrets.add("Bearer glsa_other")
    found = Grafana(url=grafana.url, token="glsa_other")
    save(files / "a.yaml", "Board a, anew")
    assert watched.next().waiting
    assert pushed(watched.next()) == {"Board a, anew": "change"}


def test_a_file_that_is_gone_is_told_and_its_dashboard_stays(follow, grafana, files):
    watched = follow([files], settings(grafana))
    watched.next()
    (files / "c.yaml").unlink()
    told = watched.next()
    assert (told.gone, told.pushed) == ((str(files / "c.yaml"),), ())
    for name in ("a", "b"):
        (files / f"{name}.yaml").unlink()
    assert "no dashboards in" in watched.next(lambda told: told.waiting).waiting
    save(files / "a.yaml", "Board a, back")
    assert pushed(watched.next(lambda told: told.pushed)) == {"Board a, back": "change"}
    assert titles(grafana) == ["Board a, back", "Board b", "Board c"]


def test_a_folder_below_goes_to_the_folder_of_its_name(follow, grafana, files):
    watched = follow([files], settings(grafana))
    watched.next()
    save(files / "infra" / "d.yaml", "Board d")
    assert pushed(watched.next(lambda told: told.pushed)) == {"Board d": "create"}
    assert "infra" in {one["title"] for one in grafana.folders.values()}


def test_a_path_that_leads_nowhere_is_refused(follow, grafana, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        follow([tmp_path / "nowhere"], settings(grafana)).next()


def test_without_a_grafana_the_command_says_what_there_is(tmp_path):
    env = {"SFCCI_GRAFANA_URL": "", "SFCCI_PROJECT": str(tmp_path)}
    done = CliRunner().invoke(sfcci, ["preview", "watch", str(tmp_path)], env=env)
    assert isinstance(done.exception, UsageError)
    assert "sfcci preview up" in str(done.exception)


def test_the_command_tells_each_save_in_a_line_until_it_is_interrupted(grafana, files):
    words = [sys.executable, "-m", "sfcci", "preview", "watch", str(files), "--json"]
    env = {**os.environ, "SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": grafana.url}
    with subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = json.loads(process.stdout.readline())
        assert [one["title"] for one in first["pushed"]] == ["Board a", "Board b", "Board c"]
        save(files / "a.yaml", "Board a", target="sum(x.{y")
        assert [one["keyword"] for one in json.loads(process.stdout.readline())["findings"]] == ["BadTarget"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().strip() == "interrupted; everything that was started has been ended"
