"""Outgoing HTTP against servers that are slow, large, broken or not who they say: deadlines, limits, TLS, silence."""

import contextlib
import datetime
import gzip
import ipaddress
import socket
import ssl
import time
import tracemalloc
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from loopback import answer, http_server, raw_server

from bridge import wire
from bridge.http import Http, HttpError, Limits, TimedOut, TooLarge, Unreachable
from tests.bridge.http_calls import LOCAL, SECRET, echo, ok, url_of


def dripping(first: bytes):
    def speak(connection, over):
        connection.recv(65536)
        connection.sendall(first)
        while not over.wait(0.02):
            connection.sendall(b"x")

    return speak


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="header"),
        pytest.param(b"HTT", id="status line"),
    ],
)
def test_a_server_that_drips_bytes_meets_the_deadline(http, first):
    with raw_server(dripping(first)) as port:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"127\.0\.0\.1 did not answer in time"):
            http.request("GET", f"http://127.0.0.1:{port}/", read_timeout=50, deadline=0.3)
        assert 0.25 < time.monotonic() - started < 20


def test_a_silent_server_meets_the_read_time_out(http):
    with raw_server(lambda connection, over: over.wait()) as port:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            http.request("GET", f"http://127.0.0.1:{port}/", read_timeout=0.1, deadline=30)
        assert time.monotonic() - started < 20


def test_a_server_that_does_not_take_the_request_meets_the_connect_time_out(http):
    with raw_server(lambda connection, over: over.wait()) as port, pytest.raises(TimedOut):
        http.request("POST", f"http://127.0.0.1:{port}/", data=b"x" * 50_000_000, connect_timeout=0.2, deadline=30)


def test_a_silent_server_does_not_hold_a_tls_handshake_up(http):
    with raw_server(lambda connection, over: over.wait()) as port, pytest.raises(TimedOut):
        http.request("GET", f"https://127.0.0.1:{port}/", connect_timeout=0.2, deadline=30)


def test_a_session_has_the_same_deadline(http):
    with raw_server(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")) as port:
        session = http.session(Limits(deadline=0.3))
        with pytest.raises(TimedOut):
            session.get(f"http://127.0.0.1:{port}/", timeout=60)


def test_a_short_deadline_does_not_shorten_the_next_call_on_the_same_connection(http, monkeypatch):
    with http_server(ok) as server:
        http.request("GET", url_of(server), deadline=4)
        before, original = [], wire.remaining
        monkeypatch.setattr(wire, "remaining", lambda limit: before.append(limit) or original(limit))
        http.request("GET", url_of(server), connect_timeout=20, read_timeout=30, deadline=60)
        assert server.connections == 1
    assert {limit for limit in before if limit is not None} == {20, 30}


def test_a_large_answer_is_refused_by_its_announced_size(http):
    with (
        http_server(lambda handler: answer(handler, 200, b"x" * 2000)) as server,
        pytest.raises(TooLarge, match="1000"),
    ):
        http.request("GET", url_of(server), max_bytes=1000)


def test_an_answer_of_just_the_allowed_size_is_taken(http):
    with http_server(lambda handler: answer(handler, 200, b"x" * 1000)) as server:
        assert len(http.request("GET", url_of(server), max_bytes=1000).body) == 1000


def test_an_endless_answer_is_cut_off(http):
    def endless(connection, over):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not over.is_set():
            connection.sendall(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")

    with raw_server(endless) as port, pytest.raises(TooLarge):
        http.request("GET", f"http://127.0.0.1:{port}/", max_bytes=100_000)


def test_a_decompression_bomb_is_cut_off_before_it_unfolds(http):
    bomb = gzip.compress(bytes(200_000_000))
    with http_server(lambda handler: answer(handler, 200, bomb, {"Content-Encoding": "gzip"})) as server:
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                http.request("GET", url_of(server), max_bytes=1_000_000)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000


def test_a_session_has_the_same_size_limit(http):
    with http_server(lambda handler: answer(handler, 200, b"x" * 2000)) as server, pytest.raises(TooLarge):
        http.session(Limits(max_bytes=1000)).get(url_of(server))


def test_after_a_refused_answer_the_next_call_works(http):
    with http_server(lambda handler: answer(handler, 200, b"x" * 2000)) as server:
        with pytest.raises(TooLarge):
            http.request("GET", url_of(server), max_bytes=1000)
        assert len(http.request("GET", url_of(server)).body) == 2000


# What failures tell


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_connection_is_unreachable_and_names_the_host(http):
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 refuses connections"):
        http.request("GET", f"http://127.0.0.1:{unused_port()}/")


def test_an_unknown_name_is_unreachable():
    def unknown(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="has no address"):
        Http(LOCAL, resolver=unknown).request("GET", "https://nowhere.example/")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", id="no gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad chunk"),
    ],
)
def test_a_broken_answer_is_unreachable(http, raw):
    def speak(connection, over):
        connection.recv(65536)
        connection.sendall(raw)

    with raw_server(speak) as port, pytest.raises(Unreachable):
        http.request("GET", f"http://127.0.0.1:{port}/")


def everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error!s} {error!r}\n"
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize("deadline", [0.2, 30])
def test_no_failure_tells_query_headers_or_body(http, deadline):
    def speak(connection, over):
        connection.recv(65536)
        if deadline < 1:
            over.wait()

    with raw_server(speak) as port, pytest.raises(HttpError) as caught:
        http.request(
            "POST",
            f"http://127.0.0.1:{port}/{SECRET}?key={SECRET}",
            headers={"Authorization": SECRET},
            json={"text": SECRET},
            deadline=deadline,
        )
    assert SECRET not in everything_said(caught.value)


@pytest.mark.parametrize("value", [f"Bearer {SECRET}\nX: y", f"Bearer {SECRET}…"])
def test_a_header_that_cannot_be_sent_is_not_quoted(http, value):
    with http_server(ok) as server, pytest.raises(HttpError, match="header") as caught:
        http.request("GET", url_of(server), headers={"Authorization": value})
    assert SECRET not in everything_said(caught.value)


# TLS


def certificate(names, issuer=None, issuer_key=None):
    """A certificate for the names (or addresses) and its key; without an issuer an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        alternatives: list[x509.GeneralName] = []
        for name in names:
            with contextlib.suppress(ValueError):
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
                continue
            alternatives.append(x509.DNSName(name))
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    root, root_key = certificate(["A test authority"])
    folder = tmp_path_factory.mktemp("authority")
    (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def server_context(*names: str) -> ssl.SSLContext:
        leaf, key = certificate(list(names), root, root_key)
        path = folder / f"{names[0]}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    return folder / "ca.pem", server_context


def tls_client(ca_file: Path | None) -> Http:
    return Http(LOCAL, resolver=lambda host, port: ("127.0.0.1",), ca_file=str(ca_file) if ca_file else None)


def test_tls_asks_for_and_checks_the_hosts_name_though_it_connects_to_an_address(authority):
    ca_file, server_context = authority
    context, asked = server_context("helpdesk.example"), []
    context.sni_callback = lambda connection, name, context: asked.append(name)
    with http_server(echo, tls=context) as server:
        port = server.server_address[1]
        seen = tls_client(ca_file).request("GET", f"https://helpdesk.example:{port}/").json()
    assert asked == ["helpdesk.example"]
    assert seen["headers"]["host"] == f"helpdesk.example:{port}"


def test_a_certificate_of_another_name_is_not_accepted(authority):
    ca_file, server_context = authority
    with http_server(ok, tls=server_context("other.example")) as server:
        port = server.server_address[1]
        with pytest.raises(Unreachable, match=r"helpdesk\.example: its certificate .*Hostname mismatch"):
            tls_client(ca_file).request("GET", f"https://helpdesk.example:{port}/")


def test_a_certificate_of_an_unknown_authority_is_not_accepted(authority):
    _, server_context = authority
    with http_server(ok, tls=server_context("helpdesk.example")) as server:
        port = server.server_address[1]
        with pytest.raises(Unreachable, match=r"certificate is not accepted.*SSL_CERT_FILE"):
            tls_client(None).request("GET", f"https://helpdesk.example:{port}/")


def test_an_authority_of_ones_own_is_trusted_by_ssl_cert_file(authority, monkeypatch):
    ca_file, server_context = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with http_server(ok, tls=server_context("helpdesk.example")) as server:
        url = f"https://helpdesk.example:{server.server_address[1]}/"
        assert tls_client(None).request("GET", url).body == b"ok"


def test_without_a_system_store_the_list_of_certifi_is_trusted(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert wire.client_context().cert_store_stats()["x509_ca"] > 50


def test_a_session_cannot_switch_the_certificate_check_off(authority):
    _, server_context = authority
    with http_server(ok, tls=server_context("helpdesk.example")) as server:
        session = tls_client(None).session()
        session.verify = False
        with pytest.raises(Unreachable):
            session.get(f"https://helpdesk.example:{server.server_address[1]}/", verify=False)


def test_an_address_in_a_url_is_checked_against_the_certificate(authority):
    ca_file, server_context = authority
    with http_server(ok, tls=server_context("127.0.0.1")) as server:
        port = server.server_address[1]
        assert tls_client(ca_file).request("GET", f"https://127.0.0.1:{port}/").body == b"ok"


def test_tls_connections_have_the_deadline_too(authority):
    ca_file, server_context = authority

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(1500):
                handler.wfile.write(b"x")
                time.sleep(0.02)

    with http_server(slow, tls=server_context("slow.example")) as server:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            tls_client(ca_file).request("GET", f"https://slow.example:{server.server_address[1]}/", deadline=0.4)
        assert time.monotonic() - started < 20


def test_plain_text_on_a_tls_port_is_unreachable(http):
    with http_server(ok) as server, pytest.raises(Unreachable, match="TLS"):
        http.request("GET", f"https://127.0.0.1:{server.server_address[1]}/")
