"""What rpmlint prints, and the check of Requires that it does not make."""

import tomllib

from sfcci.finding import Severity
from sfcci.package.lint import CONFIGURATION, missing_requires, rpmlint_answers

PRINTED = """\
============================ rpmlint session starts ============================
rpmlint: 2.4.0
configuration:
    /usr/lib/python3/dist-packages/rpmlint/configdefaults.toml
checks: 26, packages: 3

sample.noarch: E: zero-length /usr/share/sample/empty
sample.spec:12: W: macro-in-comment %{name}
sample.spec: W: no-buildroot-tag
sample.spec: W: no-buildroot-tag
 1 packages and 1 specfiles checked; 1 errors, 3 warnings, 1 badness; has taken 0.2 s
"""


def test_answers_of_rpmlint_become_findings_each_once():
    found = rpmlint_answers(PRINTED)
    assert [(f.keyword, f.severity, str(f.place), f.what) for f in found] == [
        ("zero-length", Severity.ERROR, "sample.noarch", "zero-length /usr/share/sample/empty"),
        ("macro-in-comment", Severity.WARNING, "sample.spec:12", "macro-in-comment %{name}"),
        ("no-buildroot-tag", Severity.WARNING, "sample.spec", "no-buildroot-tag"),
    ]


def test_every_filter_of_rpmlint_stands_below_its_reason():
    lines = CONFIGURATION.read_text().splitlines()
    filters = [number for number, line in enumerate(lines) if line.startswith("    '")]
    assert len(filters) == len(tomllib.loads(CONFIGURATION.read_text())["Filters"])
    assert all(lines[number - 1].startswith(("    #", "    ' E: no-", "    '-tests")) for number in filters)


def test_a_requirement_of_the_metadata_that_the_package_does_not_have_is_found():
    wanted = ["oslo.config>=8", "SQLAlchemy>=2", "oslo.service[threading]", "lost>=1"]
    requires = [
        "python3.11dist(oslo-config) >= 8",
        "(python3.11dist(sqlalchemy) >= 2 with python3.11dist(sqlalchemy) < 3)",
        "python3.13dist(oslo-service[threading])",
        "python(abi) = 3.11",
    ]
    (found,) = missing_requires("sample.rpm", wanted, requires)
    assert found.keyword == "RequiresMissing"
    assert "lost>=1" in found.what
