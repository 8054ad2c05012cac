"""The program as a shell sees it: exit statuses, and no traceback for what a user can cause."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sfcci.cli.main import GROUPS, sfcci

SFCCI = Path(sys.executable).parent / "sfcci"
REPOSITORY = Path(__file__).parents[2]
LIST = [sys.executable, "-m", "sfcci", "gate", "list"]


def run(words, **options):
    return subprocess.run(words, text=True, check=False, stderr=subprocess.PIPE, **options)


def test_a_full_disk_behind_standard_output_is_one_sentence():
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = run(LIST, stdout=full)
    assert done.returncode == 3
    assert done.stderr == "sfcci: [Errno 28] No space left on device\n"


def test_a_closed_standard_output_is_no_traceback():
    done = run(["sh", "-c", 'exec "$@" >&-', "sh", *LIST])
    assert (done.returncode, done.stderr) == (3, "")


def test_a_folder_that_is_gone_is_told(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run(["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", gone, *LIST])
    assert done.returncode == 2
    assert done.stderr.startswith("sfcci: the project . cannot be found: No such file or directory")


def test_a_project_that_is_no_folder_is_told(tmp_path):
    done = run(LIST, env={**os.environ, "SFCCI_PROJECT": str(tmp_path / "none")})
    assert done.returncode == 2
    assert "is no folder" in done.stderr


@pytest.mark.parametrize("group", ["gat", "metric"])
def test_a_misspelt_command_is_told_with_the_nearest(group):
    done = run([sys.executable, "-m", "sfcci", group])
    assert done.returncode == 2
    assert "did you mean" in done.stderr


def commands(group, words=()):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def test_every_command_has_help_with_an_example_that_calls_it():
    for words, command in commands(sfcci):
        assert command.help, words
        assert f"sfcci {words}" in (command.epilog or ""), words
        assert all(option.help for option in command.params if isinstance(option, click.Option)), words


def test_the_list_of_groups_says_what_each_says_of_itself():
    for name, said in GROUPS.items():
        command = sfcci.get_command(click.Context(sfcci), name)
        assert command.get_short_help_str(200).startswith(said.rstrip(".")), name


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("gate run sfc-tr", {"plain,sfc-traceroute"}),
        ("package rpm netw", {"plain,networking-sfc"}),
        ("lab up symm", {"plain,symmetric"}),
    ],
)
def test_names_are_completed(words, offered):
    environ = {
        "_SFCCI_COMPLETE": "bash_complete",
        "COMP_WORDS": f"sfcci {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    done = subprocess.run(
        [SFCCI], cwd=REPOSITORY, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize(
    "words", [["--help"], ["sfc", "--help"], ["sfc", "apply", "--help"], ["graphite", "--help"]]
)
def test_help_reads_no_documents_settings_or_resources(words):
    code = (
        "import sys; from sfcci.cli.main import sfcci; sfcci(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'sfcci.document', 'sfcci.settings', 'sfcci.chain', 'ssl', 'sqlalchemy', 'yaml', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = run([sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
