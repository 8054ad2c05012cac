"""Evidence on a run's page: texts as far as there is room, and what is cut is told to be."""

from sfcci.web import evidence_file


def test_a_text_that_is_cut_is_not_told_to_be_whole(tmp_path):
    for number in range(10):
        (tmp_path / f"log{number}.txt").write_text("ä" * 30_000 + "the end")
    for one in evidence_file.shown(tmp_path):
        assert one.whole is (one.text is not None and one.text.endswith("the end")), one.name
