"""`sfcci dashboard new|regenerate` as users call them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.dashboard_new import new, regenerate
from sfcci.dashboard.validate import examine
from sfcci.errors import InputError, UsageError
from sfcci.finding import Severity
from sfcci.gate.zuul_files import running_jobs
from sfcci.settings import Gate

OWN = Path(__file__).parents[2] / "dashboards" / "sfc-gate.yaml"
ZUUL = "- project: {templates: [docs], check: {jobs: [unit]}, gate: {jobs: [unit]}}\n- job: {name: unit}\n"
TEMPLATE = "- project-template: {name: docs, check: {jobs: [docs]}}\n- job: {name: docs}\n"


@pytest.fixture
def checkouts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("project", ZUUL), ("templates", TEMPLATE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "zuul.yaml").write_text(text)
    return tmp_path


def run(command, *words):
    result = CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


ARGS = ("A", "--jobs", "project", "--jobs", "templates", "--project", "example/project")


def test_a_dashboard_is_written_and_made_anew_from_its_own_header(checkouts):
    result = run(new, *ARGS, "-o", "dashboards/a.yaml")
    assert result.output == "dashboards/a.yaml: 3 jobs of example/project in check, gate\n"
    text = (checkouts / "dashboards" / "a.yaml").read_text()
    assert "# sfcci: jobs ../project\n# sfcci: jobs ../templates\n" in text
    assert run(regenerate, "dashboards/a.yaml").output == "dashboards/a.yaml: up to date\n"
    assert run(new, *ARGS).stdout == text.replace("../", "")


def test_a_named_job_list_and_odd_paths_are_found_again(checkouts):
    (checkouts / "project").rename(checkouts / "odd=name, here")
    lists = ("--jobs", "example/project=odd=name, here", "--jobs", "templates")
    result = run(new, "A", *lists, "--project", "example/project", "-o", "deep/a.yaml")
    assert "3 jobs of example/project" in result.output
    assert run(regenerate, "deep/a.yaml").output == "deep/a.yaml: up to date\n"


def test_a_job_that_was_added_shows_in_a_check_and_then_on_its_panels(checkouts):
    run(new, *ARGS, "-o", "a.yaml")
    (checkouts / "templates" / "zuul.yaml").write_text(TEMPLATE.replace("[docs]", "[docs, lint]"))
    before = (checkouts / "a.yaml").read_text()
    checked = run(regenerate, "--check", "a.yaml")
    assert (checked.return_value or checked.exit_code, checked.output) == (1, "a.yaml: not up to date\n")
    assert (checkouts / "a.yaml").read_text() == before
    result = run(regenerate, "--json", "a.yaml")
    assert json.loads(result.stdout)["changed"] == ["a.yaml"]
    assert "job.lint." in (checkouts / "a.yaml").read_text()


@pytest.mark.usefixtures("checkouts")
def test_what_the_job_lists_leave_open_is_told():
    result = run(new, "A", "--jobs", "project")
    assert "no folder defines the template docs [UnknownTemplate]" in result.stderr
    assert "more jobs may run than are shown" in result.stderr
    assert result.stdout.startswith("# Made by")


@pytest.mark.usefixtures("checkouts")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("A", "--jobs", "project", "--jobs", "templates"),
            "whose jobs? give --project, one of: project, templates",
        ),
        ((*ARGS, "--pipeline", "chek"), "no job of example/project runs in chek; did you mean check?"),
        ((*ARGS, "--link", "https://x/{jo}"), "the link has {jo}; it may have tenant, pipeline, host"),
        (("A", "--jobs", "nowhere"), "nowhere does not exist"),
        (("A\nB", *ARGS[1:]), "cannot be shown"),
        (
            (*ARGS, "--project", "other/one"),
            "no job of other/one runs in any pipeline; its pipelines with jobs: none",
        ),
    ],
)
def test_words_that_make_no_sense_are_told(words, told):
    with pytest.raises(UsageError) as caught:
        run(new, *words)
    assert told in str(caught.value)


def test_a_dashboard_that_is_there_is_not_overwritten(checkouts):
    (checkouts / "a.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.yaml is there already; `sfcci dashboard regenerate a\.yaml`"):
        run(new, *ARGS, "-o", "a.yaml")
    with pytest.raises(InputError, match="its header lacks"):
        run(regenerate, "a.yaml")
    assert (checkouts / "a.yaml").read_text() == "mine"


def test_one_spoilt_file_and_none_is_written(checkouts):
    for name in ("a.yaml", "b.yaml"):
        run(new, *ARGS, "-o", name)
    (checkouts / "templates" / "zuul.yaml").write_text(TEMPLATE.replace("[docs]", "[lint]"))
    spoilt = checkouts / "b.yaml"
    spoilt.write_text(spoilt.read_text().replace("# sfcci: end", "# sfcci end", 1))
    before = (checkouts / "a.yaml").read_text()
    with pytest.raises(InputError, match=r"b\.yaml:\d+:1: a second `sfcci: begin`"):
        run(regenerate, "a.yaml", "b.yaml")
    assert (checkouts / "a.yaml").read_text() == before


def test_our_own_dashboard_shows_every_job_of_the_gate_as_it_is_today():
    assert run(regenerate, "--check", OWN).output == f"{OWN}: up to date\n"


def test_our_own_job_files_take_their_names_from_the_settings(checkouts):
    from importlib import resources

    (checkouts / "sfcci.toml").write_text('[gate]\nproject = "a/b"\nlink = "https://runs/{job}"\n')
    text = run(new, "G", "--jobs", resources.files("sfcci.gate") / "jobs", "--pipeline", "gate").stdout
    assert "# sfcci: project a/b\n" in text
    assert "- [sfc-balance](https://runs/sfc-balance)" in text


def test_upstream_gets_the_dashboard_that_it_lacks(shared, tmp_path):
    path = tmp_path / "networking-sfc.yaml"
    zuul = shared / "data" / "upstream-zuul"
    result = run(new, "networking-sfc", "--jobs", zuul, "--project", "openstack/networking-sfc", "-o", path)
    assert "42 jobs of openstack/networking-sfc in check, gate, periodic" in result.output
    found = examine([path], jobs=running_jobs([zuul], Gate())).findings
    assert [str(one) for one in found if one.severity is not Severity.INFO] == []
    assert not {"JobGone", "JobUnknown", "JobWithoutPanel"} & {one.keyword for one in found}
    assert run(regenerate, "--check", path).output == f"{path}: up to date\n"
