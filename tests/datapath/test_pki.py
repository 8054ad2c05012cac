"""Certificates: made once, private, never overwritten, whole or not at all."""

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from sfcci.datapath.pki import Pki
from sfcci.errors import MissingTool


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path / "a folder with $ in its name")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pair_is_made_once_and_its_key_is_its_owners_alone(pki):
    first = pki.node("node1", "2001:db8::5")
    again = pki.node("node1", "2001:db8::5")
    assert first.made
    assert not again.made
    assert (first.certificate, first.until, first.names) == (
        again.certificate,
        again.until,
        ("node1", "2001:db8::5"),
    )
    assert mode(first.key) == mode(pki.folder / "ca.key") == 0o600
    assert mode(pki.folder) == mode(pki.folder / "nodes") == 0o700
    assert not list(pki.folder.glob(".making-*"))


def test_openssl_trusts_it_and_it_holds_already_where_clocks_are_slow(pki):
    pair = pki.node("node1", "192.0.2.5")
    words = ["openssl", "verify", "-CAfile", pki.authority, "-purpose", "sslserver"]
    an_hour_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp())
    subprocess.run([*words, "-attime", str(an_hour_ago), pair.certificate], check=True, capture_output=True)


def test_a_nodes_key_makes_nobody_the_master_of_other_nodes(pki):
    pairs = {"sslserver": pki.node("node1", "192.0.2.5"), "sslclient": pki.controller()}
    for mine, pair in pairs.items():
        for purpose in pairs:
            words = ["openssl", "verify", "-CAfile", pki.authority, "-purpose", purpose, pair.certificate]
            held = subprocess.run(words, check=False, capture_output=True).returncode == 0
            assert held == (purpose == mine), (mine, purpose)


def test_one_that_is_made_anew_leaves_the_one_before_beside_it(pki):
    first = pki.node("node1", "192.0.2.5")
    text, key = first.certificate.read_text(), first.key.read_text()
    second = pki.node("node1", "192.0.2.5", anew=True)
    assert second.made
    assert second.certificate.read_text() != text
    kept = {path.read_text() for path in (pki.folder / "old").iterdir()}
    assert kept == {text, key}


def test_one_that_cannot_be_made_anew_leaves_the_one_before_in_force(pki):
    first = pki.node("node1", "192.0.2.5")
    (pki.folder / "ca.key").unlink()
    with pytest.raises(MissingTool, match=r"the authority's key .*ca.key is not there"):
        pki.node("node1", "192.0.2.5", anew=True)
    assert (there := pki.there("node1"))
    assert (there.certificate, there.key.exists()) == (first.certificate, True)


def test_a_key_without_certificate_is_what_a_killed_run_left(pki):
    pki.node("node1", "192.0.2.5").certificate.unlink()
    (pki.folder / ".making-killed").mkdir()
    assert pki.there("node1") is None
    assert pki.node("node1", "192.0.2.5").made
    assert not (pki.folder / ".making-killed").exists()


def test_two_at_once_make_one(pki):
    with ThreadPoolExecutor(2) as pool:
        pairs = list(pool.map(lambda _number: Pki(pki.folder).controller(), range(2)))
    assert sorted(pair.made for pair in pairs) == [False, True]


def test_that_one_ends_soon_is_told(pki):
    pair = pki.controller()
    assert not pair.ends_soon(datetime.now(UTC))
    assert pair.ends_soon(pair.until - timedelta(days=29))
    assert pair.ends_soon(pair.until + timedelta(days=1))
