"""The reference and the manual pages are as the code says; every command, word and setting is told."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.manual.__main__ import different
from sfcci.manual.reference import everything

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made():
    return {str(path): text for path, text in everything(PROJECT).items()}


def test_what_is_kept_is_what_the_code_says():
    assert different(PROJECT, everything(PROJECT)) == [], "run: make docs"


def test_every_setting_is_told_with_its_variable(made):
    page = made["docs/reference/settings.md"]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    for section, schema in settings.SCHEMA["properties"].items():
        for key in schema["properties"]:
            assert f"SFCCI_{section}_{key}".upper() in page
    untold = [row[1] for row in rows if not row[3].strip(" |")]
    assert not untold, "each setting has a docstring or a description"


def test_every_group_has_a_page_and_a_manual_page(made):
    for group in ("lab", "gate", "sfc", "package", "trace", "metrics", "dashboard", "preview"):
        assert f"docs/reference/sfcci-{group}.md" in made
        assert f"data/share/man/man1/sfcci-{group}.1" in made
    assert "sfcci lab exec source traceroute -n 10.0.0.128" in made["docs/reference/sfcci-lab.md"]
    assert r"sfcci lab exec source traceroute \-n 10.0.0.128" in made["data/share/man/man1/sfcci-lab.1"]


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc not installed; run: apt-get install mandoc")
def test_mandoc_finds_nothing_to_say_about_the_manual_pages():
    pages = sorted((PROJECT / "data/share/man/man1").glob("*.1"))
    done = subprocess.run(["mandoc", "-Tlint", *pages], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not shutil.which("man"), reason="man not installed; run: apt-get install man-db")
def test_man_shows_a_page_with_the_words_of_its_commands():
    page = PROJECT / "data/share/man/man1/sfcci-gate.1"
    done = subprocess.run(
        ["man", "--warnings", "-l", page],
        capture_output=True,
        text=True,
        check=False,
        env={"MANWIDTH": "100", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert not done.stderr
    assert "sfcci gate import [OPTIONS] FILES..." in done.stdout
    assert "sfcci gate runs --job 'sfc-*' --result bad --since 7d" in done.stdout
