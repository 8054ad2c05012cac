"""package.use: lines read and written, the long form and the short one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError, Place
from sfcci.package.use_line import Change, UseLine, long_form, parse_file, parse_line, settled, short_form

ARTICLE = "www-servers/apache ssl APACHE2_MODULES: proxy proxy_http APACHE2_MPMS: event"
LONG = "www-servers/apache ssl apache2_modules_proxy apache2_modules_proxy_http apache2_mpms_event"
GROUPS = ("APACHE2_MODULES", "APACHE2_MPMS", "PYTHON_SINGLE_TARGET", "PYTHON_TARGETS", "L10N")
PLACE = Place("package.use", 1)

names = st.sampled_from(
    ("a", "b", "c", "ssl", "x_y", "l10n_de", "python_targets_a", "python_targets_b", "python_a")
)
values = st.sampled_from(("a", "b", "de", "pt-BR", "y_z", "*"))
plain = st.builds(Change, names, st.booleans()) | st.just(Change("*", on=False))
grouped = st.builds(Change, values, st.booleans(), st.sampled_from(("L10N", "PYTHON_TARGETS", "X", "X_Y")))
atoms = st.sampled_from(
    ("cat/p", "*/*", "cat/*", "=cat/p-1.0_rc1-r2", "=cat/p-1*", "~cat/p-1", ">=cat/p-1:2/3::repo")
)
lines = st.builds(
    lambda atom, first, then, comment: UseLine(atom, (*first, *then), comment),
    atoms,
    st.lists(plain, min_size=1, max_size=6),
    st.lists(grouped, max_size=6),
    st.sampled_from(("", "# why")),
)


def parsed(text):
    return parse_line(text, PLACE)


def effect(use_lines, before, iuse):
    """The flags that lines leave on, word by word, as portage applies them."""
    on = set(before)
    for change in (change for line in use_lines for change in line.changes):
        prefix = change.flag[:-1]
        if change.flag.endswith("*"):
            on = (
                on | {f for f in iuse if f.startswith(prefix)}
                if change.on
                else {f for f in on if not f.startswith(prefix)}
            )
        else:
            on = on | {change.flag} if change.on else on - {change.flag}
    return on & iuse


def test_the_long_form_and_the_short_one_of_the_article_are_each_others():
    assert [str(line) for line in long_form([parsed(ARTICLE)])] == [LONG]
    assert [str(line) for line in short_form([parsed(LONG)], GROUPS)] == [ARTICLE]


def test_all_values_off_keeps_the_short_form_on_a_line_before():
    line = parsed("app-office/libreoffice java PYTHON_SINGLE_TARGET: -* python3_13  # one only")
    assert [str(one) for one in long_form([line])] == [
        "app-office/libreoffice PYTHON_SINGLE_TARGET: -*",
        "app-office/libreoffice java python_single_target_python3_13 # one only",
    ]
    assert short_form(long_form([line]), GROUPS) == (line,)


def test_words_behind_a_variable_belong_to_it_up_to_the_next_one():
    line = parsed("a/b x APACHE2_MODULES: proxy ssl -dir L10N: de")
    assert [change.flag for change in line.changes] == [
        *("x", "apache2_modules_proxy", "apache2_modules_ssl", "apache2_modules_dir", "l10n_de")
    ]
    assert [str(change) for change in line.changes] == ["x", "proxy", "ssl", "-dir", "de"]


def test_the_longest_variable_that_fits_is_taken():
    (line,) = short_form([parsed("a/b python_targets_pypy3")], ("PYTHON", "PYTHON_TARGETS"))
    assert str(line) == "a/b PYTHON_TARGETS: pypy3"


def test_of_two_words_on_a_flag_the_later_counts_and_all_off_takes_back_what_stands_before():
    changes = parsed("a/b c -c d -* e L10N: de -* fr").changes
    assert [str(change) for change in settled(changes)] == ["-*", "e", "l10n_fr"]


@given(lines)
def test_a_line_printed_and_read_again_is_the_same(line):
    assert parsed(str(line)) == line


@given(lines)
def test_a_text_read_and_printed_twice_stays(line):
    text = str(line)
    assert str(parsed(f"  {text.replace(' ', '   ')}  ")).split() == text.split()


universe = st.frozensets(
    names | st.sampled_from(("l10n_pt-BR", "l10n_a", "x_a", "x_b", "x_y_a", "x_y_z", "python_targets_de"))
)


@given(
    st.lists(lines.map(lambda line: UseLine("cat/p", line.changes)), min_size=1, max_size=3),
    universe,
    universe,
)
def test_both_forms_mean_what_was_written(written, before, iuse):
    meant = effect(written, before & iuse, iuse)
    assert effect(long_form(written), before & iuse, iuse) == meant
    for groups in (GROUPS, ("X", "PYTHON"), ("X_Y", "X", "L10N"), ()):
        assert effect(short_form(written, groups), before & iuse, iuse) == meant


@given(st.lists(lines, min_size=1, max_size=3))
def test_long_to_short_and_back(written):
    short = short_form(written, GROUPS)
    assert short_form(long_form(written), GROUPS) == short
    assert short_form(short, GROUPS) == short
    long = long_form(short)
    assert long_form(short_form(long, GROUPS)) == long
    assert long_form(long) == long


@given(st.lists(lines, min_size=1, max_size=3))
def test_what_a_form_prints_is_read_back(written):
    for line in (*long_form(written), *short_form(written, GROUPS)):
        assert parsed(str(line)) == line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("www-servers/apache", "has no flag"),
        ("www-servers/apache L10N:", "has no flag"),
        ("apache ssl", "'apache' is no package"),
        ("www-servers/apache-2.4 ssl", "has a version and no operator"),
        ("www-servers/apache-2.4:0 ssl", "has a version and no operator"),
        (">=www-servers/apache ssl", "is no package"),
        ("=www-servers/apache-2.4.x ssl", "is no package"),
        ("!www-servers/apache ssl", "is no package"),
        ("www-servers/apache[ssl] doc", "is no package"),
        ("APACHE2_MODULES: proxy", "names no package"),
        ("www-servers/apache +ssl", "'+ssl' is no flag"),
        ("www-servers/apache ssl \\", "does not join lines"),
        ("www-servers/apache *", "'*' is no flag"),
        ("www-servers/apache -", "'-' is no flag"),
        ("www-servers/apache s$l", "is no flag"),
        ("www-servers/apache : proxy", "':' is no variable"),
        ("www-servers/apache 1A-B: proxy", "is no variable"),
    ],
)
def test_a_line_that_says_nothing_sensible_is_refused_with_the_place(text, says):
    with pytest.raises(InputError, match=r"^package\.use:1: ") as refused:
        parsed(text)
    assert says in str(refused.value)


def test_a_file_keeps_all_its_lines_and_tells_each_fault():
    text = "# heading\n\na/b c # why\napache ssl\n  # more\na/b d#e\n"
    written, faults = parse_file(text, "p")
    assert [one.text for one in written] == text.splitlines()
    assert [one.atom for one in written] == ["", "", "a/b", "apache", "", "a/b"]
    assert [str(one.line) for one in written if one.line] == ["a/b c # why"]
    assert [fault.place.line for fault in faults] == [4, 6]


@given(st.text())
def test_no_text_breaks_the_reader(text):
    written, _faults = parse_file(text, "p")
    assert "\n".join(one.text for one in written) == text.removesuffix("\n")
