"""What the catalogue renders and what is committed."""

from sfcci.package.tree import drift, write_tree

RENDERED = {"rpm/a.spec": "one\ntwo\n", "rpm/b.spec": "b\n"}


def test_what_was_written_does_not_differ_and_is_not_written_twice(tmp_path):
    assert write_tree(tmp_path, RENDERED) == ("rpm/a.spec", "rpm/b.spec")
    assert drift(tmp_path, RENDERED, "package rpm", "rpm") == ()
    assert write_tree(tmp_path, RENDERED) == ()


def test_drift_is_told_with_the_first_line_that_differs(tmp_path):
    write_tree(tmp_path, RENDERED)
    (tmp_path / "rpm/a.spec").write_text("one\n2\n")
    (tmp_path / "rpm/b.spec").unlink()
    (tmp_path / "rpm/stray.spec").write_text("")
    found = drift(tmp_path, RENDERED, "package rpm", "rpm")
    assert [(f.keyword, str(f.place)) for f in found] == [
        ("FileDrift", "rpm/a.spec:2"),
        ("FileMissing", "rpm/b.spec"),
        ("FileStray", "rpm/stray.spec"),
    ]
    assert found[0].hint == "render it again: sfcci package rpm"
