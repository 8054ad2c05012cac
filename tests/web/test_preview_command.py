"""`sfcci preview` as a user runs it: a page until Ctrl-C, and nothing afterwards."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

PROJECT = Path(__file__).parents[2]


@pytest.mark.browser
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_there_until_the_command_is_interrupted(graphite, number):
    words = [
        sys.executable,
        "-m",
        "sfcci",
        "preview",
        str(PROJECT / "dashboards"),
        "--graphite",
        graphite.url,
        "--json",
    ]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT, env=os.environ
    )
    with process:
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            text += line
        found = json.loads(text)
        assert found["graphite"] == graphite.url
        assert "<title>sfcci preview</title>" in requests.get(found["address"], timeout=60).text
        assert requests.get(f"{found['address']}static/uPlot.iife.js", timeout=60).text.count("uPlot") > 10
        process.send_signal(number)
        assert process.wait(60) == 130
        assert process.stderr.read().strip() == "interrupted; everything that was started has been ended"
    with pytest.raises(requests.ConnectionError):
        requests.get(found["address"], timeout=2)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("words", "path", "title"),
    [
        (["metrics", "browse", "a.b"], "/metrics?name=a.b", "Metrics"),
        (["gate", "browse", "--job", "sfc-*", "--since", "7d"], "/runs?job=sfc-%2A&since=7d", "Runs"),
    ],
)
def test_the_same_pages_are_begun_at_another_one(graphite, tmp_path, words, path, title):
    argv = [sys.executable, "-m", "sfcci", *words, "--graphite", graphite.url, "--no-open"]
    env = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=env
    )
    with process:
        address, _, told = process.stdout.readline().partition(" ")
        assert told == f"shows it, with Graphite at {graphite.url}; Ctrl-C ends it\n"
        assert address.endswith(path)
        assert f"<title>{title} " in requests.get(address, timeout=60).text
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
