"""What a document says that a command says: its lines in their order, without what is another one each time."""

import pytest
from terminals import commands, missing


@pytest.mark.parametrize(
    ("said", "output", "first_missing"),
    [
        (["one", "two"], "one\ntwo\n", ""),
        (["one", "three"], "one\ntwo\nthree\n", "three"),
        (["one", "…", "three"], "one\ntwo\nthree\n", ""),
        (["two"], "one\ntwo\n", ""),
        (["two", "one"], "one\ntwo\n", "one"),
        (["up after 0.4 s"], "up after 12.31 s\n", ""),
        (["3 hops"], "4 hops\n", "3 hops"),
        (["run …: 1 SUCCESS"], "run in 3.9 s: 1 SUCCESS\n", ""),
        (["1 SUCCESS"], "11 SUCCESS\n", "1 SUCCESS"),
        (["│ a │ b │"], "┃ a  ┃   b ┃\n", ""),
        ([], "anything\n", ""),
    ],
)
def test_lines_follow_each_other_unless_some_are_left_out(said, output, first_missing):
    assert missing(said, output) == first_missing


def test_blocks_are_commands_servers_and_files_each_with_its_line():
    text = "\n".join(
        [
            *("# Title", "", "## Part", "", "```console", "$ a \\", "      b", "said", "$ c", "```", ""),
            *("```yaml x.yaml", "a: 1", "```", "", "```console server", "$ d", "^C", "gone", "```", ""),
            *("```sh", "not typed", "```"),
        ]
    )
    found = [(part, one.kind, one.text, one.said, one.line, one.terminal) for part, one in commands(text)]
    assert found == [
        ("Part", "run", "a b", ("said",), 6, ""),
        ("Part", "run", "c", (), 9, ""),
        ("Part", "write", "a: 1\n", (), 13, "x.yaml"),
        ("Part", "stay", "d", (), 17, "server"),
        ("Part", "end", "^C", ("gone",), 18, "server"),
    ]
