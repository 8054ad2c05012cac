"""Watching: whatever an editor, git or a shell does to the files, what has changed is told, once and no more."""

import os
import shutil
import threading

import pytest

from sfcci.dashboard import watching


def save(path, text):
    """Write a file at once: nobody sees it empty."""
    path.with_name(".new").write_text(text)
    path.with_name(".new").replace(path)


class Watched:
    """What has been told so far, gathered by a thread."""

    def __init__(self, paths, **more):
        self.stop = threading.Event()
        self.told, self.news = [], threading.Condition()
        self.found = watching.changes(paths, self.stop, **more)
        self.thread = threading.Thread(target=self.gather, daemon=True)
        self.thread.start()

    def gather(self):
        for one in self.found:
            with self.news:
                self.told.append(one)
                self.news.notify_all()

    def seen(self, *paths):
        """Wait until all of these were told since this was asked last."""
        wanted = set(paths)
        with self.news:
            there = self.news.wait_for(lambda: wanted <= set().union(*self.told), 60)
            found = set().union(*self.told)
            self.told.clear()
        assert there, (wanted, found)
        return found


@pytest.fixture(params=["kernel", "no kernel"])
def watch(request, monkeypatch):
    """Watch as usual, and where the kernel tells nothing."""
    if request.param == "no kernel":
        monkeypatch.setattr(watching, "TICK_S", 0.05)

        def refuse(*_folders, **_more):
            raise OSError(28, "no inotify watches left")

        monkeypatch.setattr("watchfiles.watch", refuse)
    made = []

    def start(*paths, **more):
        made.append(Watched(paths, **more))
        return made[-1]

    yield start
    for one in made:
        one.stop.set()
        one.thread.join(60)
        assert not one.thread.is_alive()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "project" / "dashboards"
    made.mkdir(parents=True)
    (made / "a.yaml").write_text("1")
    return made


def test_a_file_that_is_written_made_or_removed_is_told(watch, folder):
    watched = watch(folder)
    save(folder / "a.yaml", "2")
    assert watched.seen(folder / "a.yaml") == {folder / "a.yaml"}
    save(folder / "b.json", "{}")
    assert watched.seen(folder / "b.json") == {folder / "b.json"}
    (folder / "a.yaml").unlink()
    assert watched.seen(folder / "a.yaml") == {folder / "a.yaml"}
    (folder / "b.json").write_text('{"title": "in two steps: emptied, then written"}')
    assert watched.seen(folder / "b.json") == {folder / "b.json"}


def test_an_editor_that_writes_beside_and_renames_changes_the_one_file(watch, folder):
    watched = watch(folder)
    for text in ("2", "3"):
        (folder / ".a.yaml.swp").write_text("x")
        (folder / "a.yaml~").write_text("1")
        (folder / "4913").write_text(text)
        (folder / "4913").replace(folder / "a.yaml")
        (folder / ".a.yaml.swp").unlink()
        assert watched.seen(folder / "a.yaml") == {folder / "a.yaml"}


def test_a_file_that_was_named_is_followed_when_it_is_replaced_whatever_its_suffix(watch, folder):
    named = folder / "board.conf"
    named.write_text("1")
    watched = watch(named)
    for text in ("2", "3"):
        (folder / "new").write_text(text)
        (folder / "new").replace(named)
        (folder / "a.yaml").write_text(text)  # nobody named it
        assert watched.seen(named) == {named}


def test_a_folder_that_is_made_later_or_made_again_is_followed(watch, folder, tmp_path):
    later = tmp_path / "later" / "deep"
    watched = watch(folder, later)
    later.mkdir(parents=True)
    (later / "b.yaml").write_text("1")
    watched.seen(later / "b.yaml")
    shutil.rmtree(folder.parent)
    watched.seen(folder / "a.yaml")
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text("3")
    watched.seen(folder / "a.yaml")
    (folder / "a.yaml").write_text("4")
    (later / "b.yaml").write_text("2")
    watched.seen(folder / "a.yaml", later / "b.yaml")


def test_another_folder_in_the_place_of_one_is_looked_at_anew(watch, folder):
    other = folder.parent / "branch"
    other.mkdir()
    (other / "a.yaml").write_text("1")
    (other / "c.yaml").write_text("new")
    watched = watch(folder)
    folder.rename(folder.parent / "was")
    other.rename(folder)
    watched.seen(folder / "c.yaml")
    (folder / "a.yaml").write_text("2")
    watched.seen(folder / "a.yaml")


def test_folders_below_are_followed_only_when_that_is_asked(watch, folder):
    watched, deep = watch(folder), watch(folder, below=True)
    for name in ("infra", "infra/zuul", ".git"):
        (folder / name).mkdir()
        (folder / name / "b.yaml").write_text("1")
    assert deep.seen(folder / "infra/b.yaml", folder / "infra/zuul/b.yaml") == {
        folder / "infra/b.yaml",
        folder / "infra/zuul/b.yaml",
    }
    (folder / "infra/zuul/b.yaml").write_text("2")
    deep.seen(folder / "infra/zuul/b.yaml")
    (folder / "a.yaml").write_text("2")
    assert watched.seen(folder / "a.yaml") == {folder / "a.yaml"}


def test_what_is_the_same_has_not_changed(watch, folder):
    watched = watch(folder)
    save(folder / "a.yaml", "1")
    os.utime(folder / "a.yaml", (1, 1))
    (folder / "a.yaml").chmod(0o600)
    (folder / "README.md").write_text("no dashboard")
    save(folder / "z.yaml", "the last")
    assert watched.seen(folder / "z.yaml") == {folder / "z.yaml"}


def test_a_link_is_followed_to_what_it_shows(watch, folder, tmp_path):
    real = tmp_path / "elsewhere.yaml"
    real.write_text("1")
    (folder / "link.yaml").symlink_to(real)
    (folder / "nowhere.yaml").symlink_to(tmp_path / "missing")
    watched = watch(folder)
    real.write_text("2")
    assert watched.seen(folder / "link.yaml") == {folder / "link.yaml"}


def test_what_changes_between_the_call_and_the_first_question_is_told(folder):
    stop = threading.Event()
    found = watching.changes([folder], stop)
    (folder / "a.yaml").write_text("2")
    assert next(found) == {folder / "a.yaml"}
    found.close()


def test_a_pipe_that_nobody_writes_is_not_waited_for(watch, folder):
    os.mkfifo(folder / "pipe.yaml")
    watched = watch(folder, folder / "pipe.yaml")
    (folder / "a.yaml").write_text("2")
    assert watched.seen(folder / "a.yaml") == {folder / "a.yaml"}
