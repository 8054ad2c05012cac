"""What rpmlint prints, and what our filters make of it."""

import re

import pytest

from sfcci.finding import Severity
from sfcci.package.lint import CONFIGURATION, filtered, filters

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


SAID = """\
grafyaml.noarch: E: non-readable /etc/grafyaml/grafyaml.conf 640
grafyaml.noarch: W: no-manual-page-for-binary grafana-dashboard
python-networking-sfc-doc.noarch: E: no-dependency-on locales-doc
python-networking-sfc-doc.noarch: W: files-duplicate /usr/share/doc/n/html/_static/images/openstack-logo-full.png /usr/share/doc/n/html/_static/images/logo-full.png
python-networking-sfc-doc.noarch: W: files-duplicate /usr/share/doc/n/html/_static/n.policy.yaml.sample /usr/share/doc/n/html/_downloads/03207c22b760/n.policy.yaml.sample
python-networking-sfc.src: E: no-group-tag
python-networking-sfc.src: E: no-packager-tag
python-networking-sfc.src: E: no-signature
python-networking-sfc.src: W: invalid-license Apache-2.0
python3-networking-sfc.noarch: E: non-readable /etc/neutron/conf.d/neutron-server/networking-sfc.conf 640
python3-networking-sfc.noarch: W: non-standard-gid /etc/neutron/conf.d/neutron-server/networking-sfc.conf neutron
python3-networking-sfc.noarch: W: python-missing-require oslo.config
python3-networking-sfc.noarch: E: spelling-error ('vSwitch', 'Summary(en_US) vSwitch -> v Switch, switch')
python3-networking-sfc-tests.noarch: W: no-documentation
python3-networking-sfc-tests.noarch: W: requires-on-release python3-networking-sfc = 23.0.0-2
sfcci+rpm.noarch: W: ghost-files-without-postin
sfcci+rpm.noarch: W: no-documentation
sfcci+rpm.noarch: W: postin-without-ghost-file-creation /usr/lib/python3.11/site-packages/sfcci-0.1.0.dist-info
sfcci+rpm.noarch: W: requires-on-release sfcci = 0.1.0-2
sfcci.noarch: W: files-duplicate /usr/lib/python3.11/site-packages/sfcci/package/master/profiles/arm64/parent /usr/lib/python3.11/site-packages/sfcci/package/master/profiles/amd64/parent
sfcci.noarch: W: manpage-not-compressed bz2 /usr/share/man/man1/sfcci-lab.1
sfcci.noarch: W: no-manual-page-for-binary sfcci-skydive
sfcci.spec: W: invalid-url Source0: sfcci-0.1.0.tar.gz
sfcci.spec: W: no-buildroot-tag
"""
"""What rpmlint (2.4, and 2.10 for the two that are its own) says of the catalogue's packages."""


def test_answers_of_rpmlint_become_findings_each_once():
    found = filtered(PRINTED, ()).findings
    assert [(f.keyword, f.severity, str(f.place), f.what) for f in found] == [
        ("zero-length", Severity.ERROR, "sample.noarch", "zero-length /usr/share/sample/empty"),
        ("macro-in-comment", Severity.WARNING, "sample.spec:12", "macro-in-comment %{name}"),
        ("no-buildroot-tag", Severity.WARNING, "sample.spec", "no-buildroot-tag"),
    ]


def test_the_counts_without_filters_stand_beside_those_with_them():
    linted = filtered(PRINTED, filters())
    assert [finding.keyword for finding in linted.findings] == ["zero-length", "macro-in-comment"]
    assert str(linted) == "rpmlint: 1 error (1 filtered, each with its reason; unfiltered: 1 E 2 W)"
    assert str(filtered(SAID, filters())).startswith("rpmlint: 0 errors (24 filtered, ")


def test_every_filter_of_rpmlint_stands_below_a_reason_of_its_own():
    lines = CONFIGURATION.read_text().splitlines()
    places = [number for number, line in enumerate(lines) if line.startswith("    '")]
    assert len(places) == len(filters())
    assert all(lines[number - 1].startswith("    #") for number in places)


@pytest.mark.parametrize("pattern", filters())
def test_a_filter_leaves_out_something_that_rpmlint_says_and_nothing_that_another_does(pattern):
    lines = [line for line in SAID.splitlines() if re.search(pattern, line)]
    assert lines
    others = [other for other in filters() if other != pattern]
    assert not any(re.search(other, line) for other in others for line in lines)


def test_an_error_of_another_package_passes_no_filter():
    said = SAID.replace("networking-sfc", "other").replace("grafyaml", "other").replace("sfcci", "other")
    kept = {finding.keyword for finding in filtered(said, filters()).findings}
    assert kept == {
        *("non-readable", "no-manual-page-for-binary", "non-standard-gid", "files-duplicate"),
        "manpage-not-compressed",
    }
