"""Dashboards read from files, folders and git's revisions; nothing of the repository is touched."""

import subprocess
from pathlib import Path

import pytest

from sfcci.dashboard.revision import read_sides
from sfcci.errors import UsageError

TEXT = "dashboard:\n  title: {title}\n  rows: []\n"


def git(folder, *words):
    argv = ["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with two commits; the work tree has a third version of a dashboard."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.delenv("GIT_DIR", raising=False)
    folder = tmp_path / "project"
    (folder / "boards").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for title in ("First", "Second"):
        (folder / "boards" / "a.yaml").write_text(TEXT.format(title=title))
        (folder / "boards" / "notes.txt").write_text("no dashboard")
        (folder / "boards" / "link.yaml").unlink(missing_ok=True)
        (folder / "boards" / "link.yaml").symlink_to("a.yaml")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", title)
    (folder / "boards" / "a.yaml").write_text(TEXT.format(title="Third"))
    (folder / "boards" / "link.yaml").unlink()
    (folder / "boards" / "ä b.yaml").write_text(TEXT.format(title="New"))
    monkeypatch.chdir(folder)
    return folder


def titles(side):
    assert side.problems == ()
    return {one.path: one.title for one in side.dashboards}


@pytest.mark.usefixtures("project")
def test_a_revision_stands_for_the_other_sides_path_in_it():
    old, new = read_sides("HEAD~1", "boards", Path("boards"))
    assert titles(old) == {"HEAD~1:boards/a.yaml": "First"}
    assert titles(new) == {"boards/a.yaml": "Third", "boards/ä b.yaml": "New"}
    assert titles(read_sides("HEAD", "boards/a.yaml", Path("boards"))[0]) == {"HEAD:boards/a.yaml": "Second"}


def test_two_revisions_are_compared_at_the_usual_folder(project):
    old, new = read_sides("HEAD~1", "main", project / "boards")
    assert (titles(old), titles(new)) == ({"HEAD~1:boards/a.yaml": "First"}, {"main:boards/a.yaml": "Second"})


def test_a_path_behind_a_revision_counts_from_the_top_or_with_a_dot_from_here(project, monkeypatch):
    assert titles(read_sides("HEAD:boards", "boards/a.yaml", Path("boards"))[0]) == {
        "HEAD:boards/a.yaml": "Second"
    }
    monkeypatch.chdir(project / "boards")
    assert titles(read_sides("HEAD:./a.yaml", "a.yaml", Path("boards"))[0]) == {
        "HEAD:boards/a.yaml": "Second"
    }
    assert titles(read_sides("HEAD:./", "a.yaml", Path())[0]) == {"HEAD:boards/a.yaml": "Second"}


def test_folders_below_belong_to_a_folder_on_both_sides(project):
    below = project / "boards" / "neutron"
    below.mkdir()
    (below / "b.yaml").write_text(TEXT.format(title="Below"))
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "below")
    one, other = read_sides("HEAD", "boards", Path("boards"))
    assert titles(one)["HEAD:boards/neutron/b.yaml"] == titles(other)["boards/neutron/b.yaml"] == "Below"


def test_git_is_left_as_it_was(project):
    before = git(project, "status", "--porcelain"), sorted((project / ".git").rglob("*"))
    index = (project / ".git" / "index").read_bytes()
    read_sides("HEAD~1", "boards", Path("boards"))
    assert (git(project, "status", "--porcelain"), sorted((project / ".git").rglob("*"))) == before
    assert (project / ".git" / "index").read_bytes() == index


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "nowhere is no file and no folder here, and nowhere is no revision of a git repository"),
        ("HEAD:none", "HEAD has no none; give REV:PATH"),
        (":boards", "is no file, no folder and no git revision"),
        ("--output=x:boards", "is no file, no folder and no git revision"),
        ("HEAD~7", "HEAD~7 is no revision"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_is_neither_is_said(name, said):
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        read_sides(name, "boards", Path("boards"))


def test_without_a_repository_a_revision_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(TEXT.format(title="A"))
    with pytest.raises(UsageError, match="no revision of a git repository"):
        read_sides("HEAD", "a.yaml", Path("dashboards"))


def test_a_file_that_is_no_whole_dashboard_is_a_problem_and_the_others_are_read(project):
    (project / "boards" / "broken.yaml").write_text("dashboard:\n  title: [\n")
    (project / "boards" / "half.yaml").write_text("dashboard:\n  titel: A\n  rows: []\n")
    _, new = read_sides("HEAD", "boards", Path("boards"))
    assert [one.title for one in new.dashboards] == ["Third", "New"]
    assert {one.place.path for one in new.problems} == {"boards/broken.yaml", "boards/half.yaml"}
    assert any("titel" in str(one) for one in new.problems)


def test_a_key_that_stands_twice_hinders_no_comparison(project):
    (project / "boards" / "a.yaml").write_text("dashboard:\n  title: A\n  title: B\n  rows: []\n")
    assert titles(read_sides("HEAD", "boards/a.yaml", Path("boards"))[1]) == {"boards/a.yaml": "B"}
