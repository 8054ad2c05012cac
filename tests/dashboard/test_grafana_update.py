"""An update of several dashboards: what is written, and what never is."""

import json

import pytest
from updating import TOKEN, run, well, write

from sfcci.errors import InputError, UsageError


def test_a_dry_run_and_a_diff_only_ask(grafana, files):
    shown = well(grafana, "update", files, "--dry-run").output
    assert "folder 'SFC CI' would be made" in shown
    assert "Board a: create" in shown
    assert run(grafana, "diff", files).exit_code == 1
    well(grafana, "list", files)
    assert {verb for verb, *_ in grafana.requests} == {"GET"}


def test_a_second_update_writes_nothing_and_a_diff_is_empty(grafana, files):
    well(grafana, "update", files)
    before, versions = len(grafana.writes()), [one["version"] for one in grafana.dashboards.values()]
    assert well(grafana, "update", files).output.count("unchanged") == 3
    assert len(grafana.writes()) == before
    assert [one["version"] for one in grafana.dashboards.values()] == versions
    assert "@@" not in well(grafana, "diff", files).output


def test_a_newer_grafana_s_own_annotation_is_no_difference(newer, files):
    well(newer, "update", files)
    before = len(newer.writes())
    assert well(newer, "update", files).output.count("unchanged") == 3
    assert len(newer.writes()) == before


def test_a_diff_shows_each_line_that_would_change(grafana, files):
    well(grafana, "update", files)
    write(files / "b.yaml", "Board b", "x.z")
    done = run(grafana, "diff", files)
    assert done.exit_code == 1
    changed = [
        line.strip()
        for line in done.output.splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line.replace(" ", "") for line in changed] == ['-"target":"x.y"', '+"target":"x.z"']
    assert f"--- grafana/b version 1\n+++ {files / 'b.yaml'}\n" in done.output


def test_what_was_changed_on_its_page_is_shown_and_put_right(grafana, files):
    well(grafana, "update", files)
    grafana.somebody_saves("a", description="by hand")
    assert '-  "description": "by hand"' in run(grafana, "diff", files).output
    well(grafana, "update", files)
    assert "description" not in grafana.dashboards["a"]["dashboard"]
    assert grafana.dashboards["a"]["version"] == 3


def test_a_new_title_keeps_the_uid(grafana, files):
    well(grafana, "update", files)
    write(files / "a.yaml", "Another name")
    well(grafana, "update", files)
    assert sorted(grafana.dashboards) == ["a", "b", "c"]
    assert grafana.dashboards["a"]["dashboard"]["title"] == "Another name"


def test_a_sub_folder_s_files_go_to_the_folder_of_its_name_and_others_to_the_one_asked_for(grafana, files):
    write(files / "neutron" / "d.yaml", "Board d")
    well(grafana, "update", files, "--folder", "Team")
    assert {uid: one["folder"]["title"] for uid, one in grafana.dashboards.items()} == {
        "a": "Team", "b": "Team", "c": "Team", "d": "neutron",
    }  # fmt: skip
    (files / "neutron" / "d.yaml").rename(files / "d.yaml")
    assert "Board d, moved" in well(grafana, "update", files, "--folder", "Team").output
    assert grafana.dashboards["d"]["folder"]["title"] == "Team"


def test_a_folder_that_was_made_by_hand_is_used(grafana, files):
    grafana.folders["xyz"] = {"uid": "xyz", "id": 7, "title": "SFC CI", "url": "/dashboards/f/xyz/sfc-ci"}
    well(grafana, "update", files)
    assert list(grafana.folders) == ["xyz"]
    assert grafana.dashboards["a"]["folder"]["uid"] == "xyz"


def test_a_data_source_that_a_file_describes_is_made_and_used_and_an_existing_one_never_changed(
    grafana, files
):
    source = {
        "name": "OpenStack",
        "isDefault": True,
        "url": "https://graphite.example.org",
        "access": "proxy",
    }
    (files / "datasource.yaml").write_text(json.dumps({"datasource": source}))
    well(grafana, "update", files)
    made = grafana.datasources["OpenStack"]
    assert (made["url"], made["type"], made["isDefault"]) == (
        "https://graphite.example.org",
        "graphite",
        True,
    )
    assert grafana.dashboards["a"]["dashboard"]["panels"][0]["datasource"] == "OpenStack"
    grafana.datasources["OpenStack"] = {**made, "url": "http://local", "jsonData": {}}
    done = well(grafana, "update", files)
    assert (
        "data source 'OpenStack' is someone else's and stays as it is: its url is 'http://local'"
        in done.output
    )
    assert grafana.datasources["OpenStack"]["url"] == "http://local"


def test_our_own_data_source_is_changed_with_its_file(newer, files):
    for url in ("http://one", "http://two"):
        (files / "d.yaml").write_text(
            json.dumps({"datasource": {"name": "D", "url": url, "access": "proxy"}})
        )
        well(newer, "update", files)
        assert newer.datasources["D"]["url"] == url
    assert ("PUT", "/api/datasources/uid/D") in newer.writes()


def test_a_mapping_names_the_data_source_to_use_and_the_described_one_is_not_made(grafana, files):
    source = {"name": "OpenStack", "isDefault": True, "url": "https://graphite.example.org"}
    (files / "datasource.yaml").write_text(json.dumps({"datasource": source}))
    write(files / "d.yaml", "Board d", datasource="Other")
    well(grafana, "update", files, "--datasource", "OpenStack=graphite", "--datasource", "Other=graphite")
    assert list(grafana.datasources) == ["graphite"]
    assert {one["dashboard"]["panels"][0]["datasource"] for one in grafana.dashboards.values()} == {
        "graphite"
    }


def test_json_is_pushed_as_it_is_with_its_data_sources_mapped(newer, tmp_path):
    panel = {"id": 1, "type": "timeseries", "title": "P", "datasource": {"type": "graphite", "uid": "theirs"}}
    given = {
        "title": "J",
        "uid": "their-uid",
        "id": 12,
        "version": 7,
        "panels": [panel],
        "tags": ["x"],
        "refresh": "1m",
    }
    (tmp_path / "j.json").write_text(json.dumps(given))
    well(newer, "update", tmp_path / "j.json", "--datasource", "theirs=graphite")
    kept = newer.dashboards["j"]["dashboard"]
    assert kept["panels"][0]["datasource"] == {"type": "graphite", "uid": "gg"}
    assert (kept["uid"], kept["refresh"], kept["tags"], kept["version"]) == ("j", "1m", ["x", "sfcci"], 1)


def test_an_export_s_open_data_source_is_filled_in(newer, tmp_path):
    given = {
        "title": "J", "__inputs": [{"name": "DS_G", "label": "graphite", "type": "datasource", "pluginId": "graphite"}],
        "panels": [{"id": 1, "type": "stat", "title": "P", "datasource": "${DS_G}"}],
    }  # fmt: skip
    (tmp_path / "j.json").write_text(json.dumps(given))
    well(newer, "update", tmp_path / "j.json")
    assert newer.dashboards["j"]["dashboard"]["panels"][0]["datasource"] == {"type": "graphite", "uid": "gg"}


def test_legacy_sends_rows_as_grafyaml_does_and_a_new_grafana_is_warned_of(newer, grafana, files):
    well(grafana, "update", files, "--legacy")
    kept = grafana.dashboards["a"]["dashboard"]
    assert "panels" not in kept
    assert kept["rows"][0]["panels"][0]["type"] == "graph"
    said = f"Grafana {newer.version} shows no rows" in well(newer, "update", files, "--legacy").output
    assert said == (newer.major >= 12)


def test_grafyaml_s_copy_of_a_dashboard_is_told_and_deleted_when_asked(grafana, files):
    from sfcci.dashboard.model import grafyaml_uid

    old = grafyaml_uid("Board a")
    grafana.dashboards[old] = {
        "dashboard": {"uid": old, "title": "Board a", "version": 1, "rows": []}, "folder": None, "version": 1,
    }  # fmt: skip
    assert (
        f"grafyaml's copy of it is at {grafana.url}/d/{old}"
        in well(grafana, "update", files, "--dry-run").output
    )
    well(grafana, "update", files, "--adopt")
    assert sorted(grafana.dashboards) == ["a", "b", "c"]


def test_a_panel_that_grafana_loses_is_found_by_reading_back(grafana, files):
    keep = grafana.keep
    grafana.keep = lambda sent, folder: keep(sent | {"panels": []}, folder)
    done = run(grafana, "update", files)
    assert done.exit_code == 1
    assert "Grafana kept otherwise than it was sent: panels [GrafanaDiffers]" in done.output


@pytest.mark.parametrize(("words", "error"), [
    (["update", "none.yaml"], UsageError),
    (["update", "--datasource", "x"], UsageError),
    (["diff", "--grafana", "nonsense"], UsageError),
])  # fmt: skip
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(grafana, files, words, error):
    done = run(grafana, words[0], files, *words[1:])
    assert isinstance(done.exception, error)
    assert grafana.requests == []


def test_unchecked_goes_on_with_a_target_that_graphite_misreads_and_tells_it(grafana, files):
    write(files / "a.yaml", "Board a", "alias(a.{b,c),'x')")
    assert isinstance(run(grafana, "update", files).exception, InputError)
    done = well(grafana, "update", files, "--unchecked")
    assert "[BadTarget]" in done.output
    assert len(grafana.dashboards) == 3


def test_json_output_says_what_was_done(grafana, files):
    made = json.loads(well(grafana, "update", files, "--json").output)
    assert [(one["uid"], one["action"], one["version"]) for one in made["pushed"]] == [
        ("a", "create", 1), ("b", "create", 1), ("c", "create", 1),
    ]  # fmt: skip
    assert made["findings"] == []
    assert all(
        one["diff"] == "" for one in json.loads(well(grafana, "diff", files, "--json").output)["dashboards"]
    )


def test_progress_is_said_up_to_the_last(grafana, files):
    from sfcci.dashboard.grafana import Options, update
    from sfcci.dashboard.grafana_client import Client
    from sfcci.dashboard.source import load
    from sfcci.settings import Grafana

    said, settings = [], Grafana(url=grafana.url, token=TOKEN)
    with Client(settings, workers=1) as client:
        client.connect()
        update(client, load([files], settings.folder), settings, Options(), said.append)
    assert said == [f"{number} of 3 dashboards written" for number in (1, 2, 3)]
