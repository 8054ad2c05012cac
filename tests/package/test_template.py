"""Templates are compiled once, and what lies beside them is never believed against their text."""

import pytest
from jinja2 import Environment

from sfcci.package import template


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "FOLDER", tmp_path)
    monkeypatch.setattr(template, "COMPILED", tmp_path / "__pycache__")
    (tmp_path / "a.j2").write_text("one {{ x }}\n")
    return tmp_path


@pytest.fixture
def compiled(monkeypatch):
    """Names of the templates that were compiled."""
    names = []
    compiling = Environment.compile

    def counted(self, source, name=None, *rest, **more):
        names.append(name)
        return compiling(self, source, name, *rest, **more)

    monkeypatch.setattr(Environment, "compile", counted)
    return names


def rendered():
    return template.text_templates().get_template("a.j2").render(x="<1>")


def test_a_template_is_compiled_once_for_all_processes(folder, compiled):
    assert [rendered(), rendered()] == ["one <1>\n"] * 2
    assert compiled == ["a.j2"]
    assert len(list((folder / "__pycache__").iterdir())) == 1, "nothing else is left there"


def test_a_template_that_was_changed_is_compiled_again(folder, compiled):
    rendered()
    (folder / "a.j2").write_text("two {{ x }}\n")
    assert rendered() == "two <1>\n"
    assert compiled == ["a.j2", "a.j2"]


@pytest.mark.parametrize("keep", [0, 12, 40, 80])
def test_half_of_what_was_compiled_is_no_harm(folder, keep):
    rendered()
    (path,) = (folder / "__pycache__").iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    assert rendered() == "one <1>\n"


def test_a_folder_that_cannot_be_written_is_no_harm(folder, compiled):
    (folder / "__pycache__").write_text("a file in the way")
    assert [rendered(), rendered()] == ["one <1>\n"] * 2
    assert len(compiled) == 2
