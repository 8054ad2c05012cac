"""Connections with certificates: who is who is looked at, and what is wrong is told."""

import contextlib
import socket
import ssl
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.remote import Remote, read
from sfcci.datapath import pki as pki_module
from sfcci.datapath.pki import Pki
from sfcci.datapath.remote import Tls, WrongCertificate, names_in, opened, refusal, remote
from sfcci.errors import InputError, Unreachable, UsageError

LIMIT_S = 60.0


@given(
    st.sampled_from(("tcp", "ssl")),
    st.ip_addresses().map(str) | st.sampled_from(("node1", "node1.example.org")),
    st.integers(1, 65535),
)
def test_what_is_written_is_read_back(way, place, port):
    assert read(str(Remote(way, place, port))) == Remote(way, place, port)


def test_a_port_that_is_not_told_is_the_usual_one():
    assert remote("ssl:192.0.2.5") == Remote("ssl", "192.0.2.5", 6640)
    assert remote("tcp:[2001:db8::5]", 6653) == Remote("tcp", "2001:db8::5", 6653)
    assert remote("unix:/run/openvswitch/db.sock") == Remote("unix", "/run/openvswitch/db.sock")


@pytest.mark.parametrize(
    "text",
    ["", "ssl:", "unix:run/db.sock", "tcp:1.2.3.4:0", "tcp:a:99999", "ssl:[node]:1", "udp:a:1", "ssl:a b:1"],
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(UsageError, match="expected unix:/PATH"):
        remote(text)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.controller()
    made.node("node1", "127.0.0.1")
    return made


@contextlib.contextmanager
def listening(pair, authority):
    """A server of TLS that takes connections, and shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = server.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as made:
                        made.sendall(b"hello")
                        made.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Remote("ssl", "127.0.0.1", server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT_S)


@pytest.mark.parametrize("names", [("node1",), ("NODE1",), ("127.0.0.1",), ()])
def test_who_is_expected_is_let_in(pki, names):
    with listening(pki.there("node1"), pki.authority) as at, opened(at, pki.tls(names), LIMIT_S) as sock:
        assert sock.recv(5) == b"hello"


def test_another_of_the_same_authority_is_refused(pki):
    with (
        listening(pki.there("node1"), pki.authority) as at,
        pytest.raises(WrongCertificate, match=r"certificate of node1, 127\.0\.0\.1; expected one of node2"),
    ):
        opened(at, pki.tls(("node2",)), LIMIT_S)


def test_one_of_another_authority_is_refused(pki, tmp_path):
    other = Pki(tmp_path)
    other.controller()
    with listening(pki.there("node1"), pki.authority) as at:
        mixed = Tls(pki.folder / "controller.crt", pki.folder / "controller.key", other.authority)
        with pytest.raises(WrongCertificate, match="has not signed"):
            opened(at, mixed, LIMIT_S)


def test_a_certificate_of_ours_that_has_expired_is_told(pki, tmp_path, monkeypatch):
    monkeypatch.setattr(pki_module, "CERTIFICATE_DAYS", 0)
    old = Pki(tmp_path)
    old.controller()
    tls = old.tls(())
    mixed = Tls(tls.certificate, tls.key, pki.authority)
    with (
        listening(pki.there("node1"), old.authority) as at,
        opened(at, mixed, LIMIT_S) as sock,
        pytest.raises(ssl.SSLError) as refused,
    ):
        sock.recv(5)
    assert f"our certificate {tls.certificate} has expired, says {at}" in str(
        refusal(refused.value, at, mixed)
    )


def test_files_that_are_not_there_or_do_not_fit_are_told(pki, tmp_path):
    with listening(pki.there("node1"), pki.authority) as at:
        with pytest.raises(InputError, match=r"ca\.crt: No such file"):
            opened(at, Pki(tmp_path).tls(()), LIMIT_S)
        wrong = Tls(pki.there("node1").certificate, pki.folder / "controller.key", pki.authority)
        with pytest.raises(InputError, match="belongs to the key"):
            opened(at, wrong, LIMIT_S)
        with pytest.raises(UsageError, match="wants a certificate"):
            opened(at)


def test_nobody_and_nobody_who_speaks_are_told():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="does not answer"):
        opened(Remote("tcp", "127.0.0.1", port))
    with pytest.raises(Unreachable, match="does not answer"):
        opened(Remote("unix", "/nowhere/db.sock"))


def test_who_takes_the_connection_and_says_nothing_is_left(pki):
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = Remote("ssl", "127.0.0.1", server.getsockname()[1])
        with pytest.raises(Unreachable, match="takes too long"):
            opened(at, pki.tls(()), 0.2)


def test_names_of_ovs_pki_are_understood():
    shown = {"subject": ((("commonName", "compute1 id:5dc0b1aa-0000-4000-8000-000000000000"),),)}
    assert names_in(shown) == ("compute1",)
