"""Scripts and styles put into one file: only our own run, and nothing that data says becomes a script."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.web import assets
from sfcci.web.bundle import bundled, one_file

STATIC = Path(assets.__file__).parent / "static"
PAGE = """<!doctype html>
<html>
<head>
  <meta charset="utf-8">
  <link rel="stylesheet" href="/static/a.css">
  <script src="/static/plain.js" defer></script>
  <script src="/static/main.js" type="module"></script>
</head>
<body></body>
</html>
"""
TEXTS = {
    "a.css": "p { color: red; }",
    "plain.js": "window.plain = '</script><!--';",
    "main.js": "import { a, b as c } from './other.js';\nimport * as all from './other.js';\na(c);\n",
    "other.js": "import './side.js';\nexport const a = (x) => x;\nexport async function b() {}\nexport class C {}\n",
    "side.js": "window.side = 1;\n",
}


def test_modules_follow_those_that_they_need():
    assert bundled(["main.js"], TEXTS) == (
        "const module_side_js = (() => {\nwindow.side = 1;\n\nreturn {  };\n})();\n"
        "const module_other_js = (() => {\n\nconst a = (x) => x;\nasync function b() {}\nclass C {}\n\n"
        "return { a, b, C };\n})();\n"
        "const module_main_js = (() => {\nconst { a, b: c } = module_other_js;\nconst all = module_other_js;\na(c);\n\n"
        "return {  };\n})();"
    )


def test_the_file_asks_for_nothing_and_names_each_of_its_scripts_and_styles_by_digest():
    text = one_file(PAGE, TEXTS, {"answers": {}})
    assert "/static/" not in text
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.endswith("img-src data:; base-uri 'none'; form-action 'none'")
    inside = re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", text, re.DOTALL)
    inside += re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(inside) == 3
    for one in inside:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" in policy
    assert text.index("<style>") < text.index("window.plain") < text.index("module_main_js")
    assert text.index("Content-Security-Policy") < text.index("<style>")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("default.js", "export default 1;"),
        ("let.js", "export let a = 1;"),
        ("list.js", "const a = 1;\nexport { a };"),
        ("late.js", "const a = () => import('./other.js');"),
        ("far.js", "import { a } from 'https://example.org/a.js';"),
    ],
)
def test_what_cannot_be_put_into_one_file_is_refused(name, text):
    with pytest.raises(ValueError, match=f"{name}: .* cannot be put into one file"):
        bundled([name], {**TEXTS, name: text})


def test_modules_that_need_each_other_are_refused():
    texts = {"a.js": "import { b } from './b.js';\n", "b.js": "import { a } from './a.js';\n"}
    with pytest.raises(ValueError, match=r"need each other: a\.js → b\.js → a\.js"):
        bundled(["a.js"], texts)


@pytest.mark.parametrize("entry", ["preview.js", "difference.js", "metrics.js"])
def test_our_own_modules_can_all_be_put_into_one_file(entry):
    texts = {path.name: path.read_text() for path in STATIC.glob("*.js")}
    assert "return {" in bundled([entry], texts)


@given(st.text(st.sampled_from("<>/!-scriptSCRIPT&'\"\\ é\u2028]"), max_size=60))
def test_law_data_comes_out_as_it_went_in_and_ends_no_script(data):
    text = one_file(PAGE, TEXTS, {"data": data})
    found = re.search(r'<script type="application/json" id="exported">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(found) == {"data": data}
    assert "<" not in found
