"""The way from a panel that is red to the path that a packet took: the runs behind a point, one of them, its path drawn."""

import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.trace import path_json
from sfcci.trace.evidence import paths_of
from sfcci.web import run_paths
from sfcci.web.server import start_preview

sys.path.insert(0, str(Path(__file__).parents[1] / "trace"))
from path_world import WHOLE, frames, meant

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
JOB = "stats_counts.zuul.tenant.sfcci.pipeline.gate.project.sfcci_example_org.sfcci_sfcci.main.job"
BOARD = f"""\
dashboard:
  title: Gate
  rows:
    - title: R
      height: 300px
      panels:
        - {{title: Failures, type: graph, targets: [{{target: "alias({JOB}.sfc-http.FAILURE,'F')"}}]}}
"""


def document(*packets):
    """Give the paths of packets of the demonstration as the gate writes them."""
    found = meant("demo")
    seen = [
        frame
        for n, events in enumerate(packets, 1)
        for frame in frames("demo", *events, ports=(40000 + n, 53))
    ]
    kept = sorted(paths_of(seen, found), key=lambda path: path.ok)
    return path_json.document(kept, found) | {"step": 1, "seen": len(kept), "moving": False}


@pytest.fixture
def evidence(tmp_path):
    folder = tmp_path / "state" / "runs" / "run-bad"
    folder.mkdir(parents=True)
    told = document(WHOLE, (*WHOLE[:3], WHOLE[5]), WHOLE[:2])
    (folder / "step1.paths.json").write_text(json.dumps(told))
    return folder


@pytest.fixture
def site(page, evidence, tmp_path, graphite):
    given = replace(settings.load(PROJECT, {}), state=tmp_path / "state", project=tmp_path)
    given = replace(given, database_url=f"sqlite:///{tmp_path}/state/runs.sqlite")
    gate, now = given.gate, time.time()
    bad = JobResult(
        "run-bad", "sfc-http", Result.FAILURE, gate.tenant, "gate", gate.host, gate.project, gate.branch, now - 3600, 1000,
        reasons=("1 of 3 paths BYPASSED vm3",), log_dir=str(evidence),
    )  # fmt: skip
    with History(given) as history:
        history.record([bad, replace(bad, run="run-good", result=Result.SUCCESS, reasons=(), log_dir="")])
    graphite.names = [f"{JOB}.sfc-http.FAILURE"]
    graphite.series = {"sfc-http.FAILURE": [None, 1, 1, 1, None]}
    page.events.clear()
    page.size(1400, 1000)
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "gate.yaml").write_text(BOARD)
    with start_preview(given, graphite.url) as address:
        yield address


def go(page, script):
    page.evaluate("document.body.dataset.state = 'left'")
    page.evaluate(script)
    page.wait("document.body?.dataset.state === 'ready'")


def test_a_red_panel_leads_to_the_path_of_a_packet(page, site, picture):
    page.open(f"{site}?range=6h&refresh=0")
    go(page, "document.querySelector('.behind').click()")
    links = page.evaluate("[...document.querySelectorAll('.runs a')].map((a) => a.textContent)")
    assert links == ["run-bad", "path"]
    picture(page, "path-runs-1400-light")
    go(page, "document.querySelectorAll('.runs a')[1].click()")
    assert page.evaluate("location.hash") == "#path"
    assert page.evaluate(
        "[...document.querySelectorAll('.drawn .verdict')].map((v) => v.textContent.trim())"
    ) == [
        "✗ BYPASSED vm3",
        "✗ DROPPED-AT vm1, in the function",
        "✓ OK",
    ]
    assert "3 of 3 are drawn" in page.evaluate("document.querySelector('.drawn').textContent")
    picture(page, "path-run-1400-light")
    page.size(1400, 1000, dark=True)
    picture(page, "path-run-1400-dark")
    page.size(390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    picture(page, "path-run-390-light")
    assert page.complaints() == []


def test_a_document_that_is_spoilt_is_no_path_and_no_error(evidence, tmp_path):
    assert run_paths.drawn(evidence).step == 1
    (evidence / "step2.paths.json").write_text('{"paths": [{"verdict": 1}]}')
    assert run_paths.drawn(evidence).step == 1, "the last one that can be read"
    (evidence / "step1.paths.json").write_text("[")
    assert run_paths.drawn(evidence) is None
    shutil.rmtree(evidence)
    assert run_paths.drawn(evidence) is None
    assert not run_paths.any_in(tmp_path / "nowhere")


def test_names_from_packets_and_documents_are_escaped(evidence):
    told = document(WHOLE)
    told["paths"][0]["says"] = "<script>x</script>"
    (evidence / "step1.paths.json").write_text(json.dumps(told))
    drawn = run_paths.drawn(evidence)
    assert "&lt;script&gt;" in drawn.first
    assert "<script" not in drawn.first
