"""Graphite's target grammar: what is read is printed again, what does not belong is named with its column."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfcci import command, environment
from sfcci.dashboard.target import (
    MAX_DEPTH,
    SPECIAL,
    Call,
    Kind,
    Literal,
    Path,
    TargetError,
    calls,
    parse_target,
    paths,
    with_variables,
)
from sfcci.metric.glob import alternatives, pattern

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in ("true", "false", "none", "inf")
)
PLAIN = st.text(
    "".join(chr(n) for n in range(33, 127) if chr(n) not in SPECIAL + "="), min_size=1, max_size=6
)
WORDS = PLAIN.filter(lambda word: word.lower() not in ("true", "false", "none", "inf"))
BRACES = st.lists(PLAIN, min_size=1, max_size=3).map(lambda words: "{" + ",".join(words) + "}")
PARTS = st.one_of(
    WORDS, BRACES, st.builds("{}{}".format, WORDS, BRACES), WORDS.map(lambda word: word + "\\.")
)
PATHS = st.lists(PARTS, min_size=2, max_size=4).map(lambda parts: Path(".".join(["a", *parts])))
STRINGS = st.one_of(
    st.text(st.characters(exclude_characters="'\n\r\\", codec="ascii"), max_size=8).map(lambda t: f"'{t}'"),
    st.text(st.characters(exclude_characters='"\n\r\\', codec="ascii"), max_size=8).map(lambda t: f'"{t}"'),
)
LITERALS = st.one_of(
    STRINGS.map(lambda text: Literal(Kind.STRING, text)),
    st.integers().map(lambda n: Literal(Kind.NUMBER, str(n))),
    st.sampled_from(["1.5", "-0.25", "1e3", "2.5E-7"]).map(lambda t: Literal(Kind.NUMBER, t)),
    st.sampled_from(["true", "False"]).map(lambda t: Literal(Kind.BOOLEAN, t)),
    st.just(Literal(Kind.NONE, "None")),
    st.just(Literal(Kind.INFINITY, "inf")),
)


def made_calls(inner):
    value = st.one_of(inner, LITERALS)
    arguments = st.lists(value, max_size=3).map(tuple)
    named = st.lists(st.tuples(NAMES, value), max_size=2).map(tuple)
    plain = st.builds(
        lambda name, args, kwargs: Call(name, args, kwargs if args else ()), NAMES, arguments, named
    )
    piped = st.builds(
        lambda head, name, args, kwargs: Call(name, (head, *args), kwargs if args else (), piped=True),
        inner,
        NAMES,
        arguments,
        named,
    )
    return st.one_of(plain, piped)


TARGETS = st.recursive(PATHS, made_calls, max_leaves=8)


def broken(target):
    """Spoil a target: a character lost, doubled, or put in."""
    text = str(target)
    where = st.integers(0, len(text) - 1)
    return st.builds(
        lambda at, new, length: text[:at] + new + text[at + length :],
        where,
        st.sampled_from(["", "", "(", ")", "{", "}", ",", ".", "'", "|", "=", " ", "1"]),
        st.integers(0, 1),
    )


@given(TARGETS)
def test_a_target_that_is_printed_reads_the_same(target):
    assert parse_target(str(target)) == target


@given(st.one_of(st.text(max_size=60), st.text("af({}),.'\"|= \\1-$*é", max_size=40)))
def test_any_text_is_read_or_refused_within_itself(text):
    refused = None
    try:
        tree = parse_target(text)
    except TargetError as error:
        refused = error.offset
    assert parse_target(str(tree)) == tree if refused is None else 0 <= refused <= len(text)


@given(TARGETS)
def test_offsets_point_at_what_they_name(target):
    text = str(target)
    tree = parse_target(text)
    assert all(text[path.offset :].startswith(path.text) for path in paths(tree))
    assert all(text[call.offset :].startswith(call.name) for call in calls(tree))


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("alias(sumSeries(a.{b,c),'x')", 19, "the brace opened here is never closed"),
        ("sum(a.b,FAILURE})", 16, "closes a brace that was never opened"),
        ("alias(a.b,", 11, "the target ends here; expected a function or a metric path"),
        ("alias(a.b,'x'", 14, "the parenthesis of column 6 open"),
        ("alias(a.b,'x)", 11, "the quote ' is opened and never closed"),
        ("alias(a.b,'x'))", 15, "found ')'; expected the end of the target"),
        ("a.b c.d", 5, "found 'c'; expected the end of the target"),
        ("a..b", 2, "an empty part"),
        ("a.b.", 4, "an empty part"),
        ("a.{b.c,d}", 3, "holds a dot"),
        ("sum(a.b,,c.d)", 9, "found ','; expected a function or a metric path"),
        ("sum(a=1)", 5, "a named argument comes first"),
        ("sum(a.b,n=1,2)", 13, "a positional argument behind a named one"),
        ("a.b|c.d", 5, "expected a function after the pipe"),
        ("sum(ä)", 5, "outside ASCII"),
        ("", 1, "the target ends here"),
    ],
)
def test_what_does_not_belong_is_named_with_its_column(text, column, words):
    with pytest.raises(TargetError) as caught:
        parse_target(text)
    assert caught.value.offset + 1 == column
    assert words in str(caught.value)


def test_a_target_nested_without_end_is_refused():
    with pytest.raises(TargetError, match="nested too deeply"):
        parse_target("f(" * 5000)
    assert parse_target("f(" * (MAX_DEPTH - 1) + "a.b" + ")" * (MAX_DEPTH - 1))


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "{" * 50_000, "'" + "\\x00" * 20_000, "a.{" + "b," * 30_000, "\\." * 30_000]
)
def test_a_long_hostile_target_takes_no_longer_than_its_length(text):
    with contextlib.suppress(TargetError):
        parse_target(f"f({text}")


def test_literals_give_the_values_that_graphite_makes_of_them():
    tree = parse_target("f(a.b, 'it', -1.5e2, TRUE, None, inf, 5min.x)")
    assert [getattr(one, "value", one) for one in tree.arguments] == [
        Path("a.b"), "it", -150.0, True, None, float("inf"), Path("5min.x"),
    ]  # fmt: skip


def test_a_pipe_is_a_call_whose_first_argument_stands_before_it():
    tree = parse_target("a.b | sumSeries() | alias('x')")
    assert tree == Call(
        "alias", (Call("sumSeries", (Path("a.b"),), piped=True), Literal(Kind.STRING, "'x'")), piped=True
    )


def test_braces_are_spelled_out_and_variables_filled_in():
    assert alternatives("a{b,c}d{e,f}") == ("abde", "abdf", "acde", "acdf")
    assert with_variables("a.$region.${job}x.[[z]].{b,c}", "*") == "a.*.*x.*.{b,c}"


@pytest.mark.parametrize(
    ("path", "name", "matches"),
    [
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.b.b.c", False),
        ("a.{b,c}x", "a.cx", True),
        ("a.{b,c}x", "a.x", False),
        ("a.zk0[1-3]", "a.zk02", True),
        ("a.zk0[!1-3]", "a.zk02", False),
        ("a.b?", "a.bc", True),
        ("a-b+c", "a-b+c", True),
        ("a.[z-a]", "a.z", False),
    ],
)
def test_names_match_patterns_as_graphite_s_do(path, name, matches):
    assert bool(pattern(path).fullmatch(name)) is matches


def test_every_target_of_openstack_s_dashboards_is_read_but_the_one_with_the_broken_brace(shared):
    broken = []
    targets = list(upstream_targets(shared))
    for text in targets:
        try:
            assert parse_target(str(parse_target(text))) == parse_target(text)
        except TargetError as error:
            broken.append((text[error.offset], error.offset + 1))
    assert len(targets) > 400
    assert broken == [("}", 177)]


def upstream_targets(shared):
    import yaml

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("target"), str):
                yield value["target"]
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from walk(one)

    for path in sorted((shared / "data" / "upstream-dashboards").iterdir()):
        yield from walk(yaml.safe_load(path.read_text()))


ORACLE = """
import json, sys
from django.conf import settings
settings.configure(UTF8_METRICS=False)
from pyparsing import ParseBaseException
from graphite.render.grammar_unsafe import grammar
def good(text):
    try:
        grammar.parseString(text, parseAll=True)
    except ParseBaseException:
        return False
    return True
print(json.dumps([good(text) for text in json.load(sys.stdin)]))
"""


@pytest.mark.graphite
def test_graphite_web_s_own_grammar_agrees_on_every_target_when_it_is_asked_to_read_to_the_end(
    cache_dir, shared
):
    from sfcci.metric import software

    texts = [*upstream_targets(shared), *SPECIMENS]
    made = environment.ensure(software.specification(), cache_dir)
    done = command.run([made.python, "-c", ORACLE], timeout_s=120, stdin=json.dumps(texts))
    theirs = dict(zip(texts, json.loads(done.stdout), strict=True))
    assert {text: reads(text) for text in texts} == theirs


@pytest.mark.graphite
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(TARGETS.map(str), TARGETS.flatmap(broken)), min_size=30, max_size=30))
def test_graphite_web_s_own_grammar_agrees_on_generated_targets_whole_and_broken(cache_dir, texts):
    from sfcci.metric import software

    made = environment.ensure(software.specification(), cache_dir)
    done = command.run([made.python, "-c", ORACLE], timeout_s=120, stdin=json.dumps(texts))
    theirs = dict(zip(texts, json.loads(done.stdout), strict=True))
    assert {text: reads(text) for text in texts} == theirs


def reads(text):
    try:
        parse_target(text)
    except TargetError:
        return False
    return True


SPECIMENS = [
    "f(d=,a)", "f(a,d= ,b)", "f(a,d=.b)", "f(a,d=|g())", "f(a,d =,b)", "f(a,b=1,d=)",
    "a", "a.b", "a b", "a..b", ".a", "a.", "f()", "f(a)", "f( a , 1 )", "f(a,b=1)", "f(b=1)", "f(a,b=1,2)", "f(a", "f(a))",
    "f(1)", "f(-1.5)", "f(1e3)", "f(1.5e-3)", "f(+1)", "f(1.)", "f(.5)", "f(1a)", "f(5min.x)", "f('a')", 'f("a")', "f('a\")",
    "f('it''s')", 'f("a\\"b")', "f('\\x41')", "f(true)", "f(TRUE)", "f(trueish)", "f(None)", "f(inf)", "f(info.x)", "f(true.x)",
    "{a,b}.c", "a{b,c}d", "{a}", "{}", "{a,}", "{a.b}", "{a{b}}", "a}", "{a", "a.{b,c", "a\\.b", "a\\=b", "a\\b", "a=b", "f(a=b)",
    "a|f()", "a|f(1)", "a | f ( 1 ) | g()", "a|f", "a|b.c", "a||f()", "|f()", "f()|g()", "f(a|g(),2)", "f(a)|g", "f (a)", "f(a,)",
    "f(,a)", "$x.y", "${x}.y", "[[x]].y", "a.zk0[1-3].b", "a.*.?", "#A", "a:b/c", "template(a.$x,x='y')", "template(a.b)",
    "seriesByTag('name=x')", "1.2", "'a'", "f(a 'b')", "f(a,\n b)", "\tf(a)", "a~b", "a!b", "a<b>c", "a@b", "a`b", "a^b", "f('é')",
    "é", "f(é)", "f(a,'b",
]  # fmt: skip
