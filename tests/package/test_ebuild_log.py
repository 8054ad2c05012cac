"""What portage says, read: phases and their time, why one failed, what was merged."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.finding import Severity
from sfcci.package import ebuild_log

MARKS = """\
100.000001 begin src_unpack
101.500001 end src_unpack
102.000000 begin src_compile
104.250000 end src_compile
104.300000 begin src_test
"""
DIED = """\
>>> Compiling source in /x ...
cc: error: no input files
 * ERROR: dev-libs/x-1::own failed (compile phase):
 *   emake failed
 * \n * If you need support, post the output of `emerge --info '=dev-libs/x-1::own'`,
 * Working directory: '/x'
"""


def test_phases_have_the_time_between_their_marks():
    assert ebuild_log.phase_seconds(MARKS) == {"unpack": 1.5, "compile": 2.25}
    assert ebuild_log.first_begin(MARKS) == 100.000001
    assert ebuild_log.first_begin("") is None


def test_the_phase_that_began_last_is_the_one_that_did_not_end():
    assert ebuild_log.unfinished(MARKS) == "test"
    assert ebuild_log.unfinished("\n".join(MARKS.splitlines()[:4])) == ""
    assert ebuild_log.unfinished("") == ""


def test_a_failed_phase_is_told_in_the_ebuilds_own_words_with_what_stood_before():
    found = ebuild_log.failure(DIED, "configure", "gentoo/dev-libs/x/x-1.ebuild")
    assert (found.keyword, found.severity) == ("PhaseFailed", Severity.ERROR)
    assert found.what == "compile failed: emake failed"
    assert "cc: error: no input files" in found.hint
    assert "If you need support" not in found.hint


def test_a_phase_that_says_nothing_fails_with_its_last_lines():
    found = ebuild_log.failure("one\n\ntwo\n", "setup", "x.ebuild")
    assert (found.what, found.hint) == ("setup failed", "one\ntwo")


def test_a_missing_distfile_is_named():
    found = ebuild_log.failure("!!! Couldn't download 'x-1.tar.gz'. Aborting.\n", "unpack", "x.ebuild")
    assert found.keyword == "DistfileMissing"
    assert found.what.startswith("x-1.tar.gz ")


def test_flags_that_do_not_go_together_are_named():
    log = " * ... \n!!! The ebuild selected to satisfy x has unmet requirements.\n\n  The following REQUIRED_USE flag constraints are unsatisfied:\n    a? ( b )\n"
    found = ebuild_log.failure(log, "setup", "x.ebuild")
    assert (found.keyword, found.what) == ("RequiredUseUnmet", "USE flags that do not go together: a? ( b )")


def test_quality_notices_are_warnings_each_once():
    log = " * QA Notice: one\n * QA Notice: two\nx\n * QA Notice: one\n"
    found = ebuild_log.quality_notices(log, "x.ebuild")
    assert [(one.what, one.severity) for one in found] == [
        ("one", Severity.WARNING),
        ("two", Severity.WARNING),
    ]


NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="/\n\r\0", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    min_size=1,
)


@given(st.lists(NAME, unique=True))
def test_contents_gives_the_files_that_were_recorded(names):
    text = "dir /p/usr\n" + "".join(
        f"obj /p/usr/{name} d41d8cd98f00b204e9800998ecf8427e 1700000000\n" for name in names
    )
    assert ebuild_log.contents(text, "/p") == tuple(sorted(f"usr/{name}" for name in names))


def test_links_are_merged_too_and_folders_are_not():
    text = "dir /p/usr\nsym /p/usr/b -> a 1700000000\nobj /p/usr/a 0 1\n"
    assert ebuild_log.contents(text, "/p") == ("usr/a", "usr/b")


def test_what_an_unmerge_leaves_is_found_but_for_the_administrators_own():
    found = ebuild_log.left_behind(["usr/a", "etc/a.conf"], "x.ebuild")
    assert [(one.keyword, one.what) for one in found] == [
        ("LeftBehind", "/usr/a is still there after unmerge")
    ]
