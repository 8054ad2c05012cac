"""The private Graphite reads usual targets fast, and exactly as graphite-web's own grammar reads them."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfcci.metric import software

NAMES = st.sampled_from(["sum", "alias", "f_1", "template", "seriesByTag", "x"])
PATHS = st.sampled_from(
    ["a.b", "a.{b,c}.*", "x1.y-2.z", "true.x", "inf.b", "a[0-9].b", "_a.b", "1.a", "a.{b", "a..b", "$x.y", "a=b"]
)  # fmt: skip
SCALARS = st.sampled_from(
    ["1", "-2.5", "1.", "1e3", "'a b'", '"c"', "true", "False", "none", "inf", "'it''s'", "'a\"b'", "k=1"]
)
TARGETS = st.recursive(
    PATHS | SCALARS,
    lambda inner: st.tuples(
        NAMES,
        st.sampled_from(["(", "( ", " ("]),
        st.lists(inner, max_size=3),
        st.sampled_from([",", ", ", " ,"]),
        st.sampled_from([")", " )", "", ")|f(1)", "))"]),
    ).map(lambda made: f"{made[0]}{made[1]}{made[3].join(made[2])}{made[4]}"),
    max_leaves=6,
)
SCRAPS = st.text("ab1.-(),'\"{}*|= \\te\té", max_size=12)


@pytest.fixture(scope="module")
def read(graphite_environment):
    """Give what reads a target both ways, in Graphite's own interpreter."""
    script = Path(__file__).with_name("both_grammars.py")
    with subprocess.Popen(
        [graphite_environment.python, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(software.FOLDER), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    ) as process:

        def both(text):
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield both
        process.stdin.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(text=TARGETS | SCRAPS)
def test_what_is_read_fast_is_what_graphite_reads(read, text):
    quick, slow = read(text)
    assert quick is None or quick == slow


@pytest.mark.parametrize(
    "text",
    [
        "stats.a.b",
        "alias(sumSeries(stats.{a,b}.*.count), 'Sum of a')",
        'summarize(transformNull(a-1.b_2, 0), "1h", "sum", true)',
        "asPercent(movingAverage(a.b.c,10),scale(d.*,-0.5))",
    ],
)
def test_usual_targets_are_read_fast(read, text):
    quick, slow = read(text)
    assert quick == slow is not None


@pytest.mark.parametrize(
    "text", ["sum(a.b) | alias('x')", "template(a.$b, b=1)", "seriesByTag('a=b')", "sum(a", "f(x, y=1)", ""]
)
def test_what_is_not_usual_is_left_to_graphite(read, text):
    assert read(text)[0] is None
