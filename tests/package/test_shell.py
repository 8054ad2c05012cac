"""What a shell text would call and assign, read without running it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import environment
from sfcci.package.portage import PORTAGE
from sfcci.package.shell import Assignment, parsed


def called(text):
    return [[word.text for word in call.words] for call in parsed(text).calls]


def assigned(text):
    return [(a.name, a.value) for a in parsed(text).assignments]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("use doc # use no comment", [["use", "doc"]]),
        ("! use doc && die 'it is \"not\"'", [["use", "doc"], ["die", 'it is "not"']]),
        ('elog "use doc"', [["elog", "use doc"]]),
        ('x "$(usex doc yes no)"', [["x", "$(usex doc yes no)"], ["usex", "doc", "yes", "no"]]),
        ("x `use doc`", [["x", "`use doc`"], ["use", "doc"]]),
        ("x ${A:-$(use doc)} ${#B}", [["x", "${A:-$(use doc)}", "${#B}"], ["use", "doc"]]),
        ("x $((1 + (2))) a#b", [["x", "$((1 + (2)))", "a#b"]]),
        ("use \\\n\tdoc", [["use", "doc"]]),
        ("if use a; then x; elif use b; then y; fi", [["use", "a"], ["x"], ["use", "b"], ["y"], ["fi"]]),
        ("case ${A} in a) use b;; esac", [["case", "${A}", "in", "a"], ["use", "b"], ["esac"]]),
        ("cat <<EOF | x\nuse doc\nEOF\nuse b", [["cat"], ["x"], ["use", "b"]]),
        ("cat <<-'EOF'\n\tuse doc\n\tEOF\nuse b", [["cat"], ["use", "b"]]),
        ("cat <<< doc", [["cat", "<<<", "doc"]]),
        ("A=1 B=2 use c", [["use", "c"]]),
        ("( use a )", [["use", "a"]]),
        ('x \\"use\\" b', [["x", '"use"', "b"]]),
    ],
)
def test_commands_are_read_as_bash_would(text, words):
    assert sorted(called(text)) == sorted(words)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('IUSE="doc +test"', [("IUSE", "doc +test")]),
        ("IUSE+=' a'", [("IUSE", " a")]),
        ("A=", [("A", "")]),
        ("local A=1 B=$(x)", [("A", "1"), ("B", "$(x)")]),
        ('A=( a "b c" # d\n)', [("A", " a b c \n")]),
        ('A="\\$b \\n"', [("A", "$b \\n")]),
        ("x A=1", []),
    ],
)
def test_assignments_are_read_as_bash_would(text, values):
    assert assigned(text) == values


def test_a_command_knows_its_line_and_its_function():
    script = parsed("use a\n\nf() {\n\t{ use b; }\n}\ng()\n{\n\tA=1\n}\nuse c\n")
    assert [(call.words[1].text, call.line, call.function) for call in script.calls] == [
        ("a", 1, ""),
        ("b", 4, "f"),
        ("c", 10, ""),
    ]
    assert script.assignments == (Assignment("A", "1", 8, "g"),)
    assert script.functions == {"f", "g"}


@given(st.text(alphabet="a \n\t'\"`$(){}\\#;&|<=E", max_size=60))
def test_what_is_no_shell_is_read_to_its_end(text):
    parsed(text)


def test_what_is_nested_without_end_is_read_as_far_as_it_goes():
    assert called("use a\n" + "x $(" * 5000)[0] == ["use", "a"]


@pytest.mark.distro
def test_in_portages_own_texts_every_function_is_found(cache_dir):
    begins = re.compile(r"^([\w.:+-]+)\s*\(\)\s*\{", re.MULTILINE)
    texts = [path.read_text() for path in environment.ensure(PORTAGE, cache_dir).root.rglob("*.sh")]
    assert sum(len(begins.findall(text)) for text in texts) > 100
    for text in texts:
        assert set(begins.findall(text)) <= parsed(text).functions
