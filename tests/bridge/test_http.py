"""Outgoing calls: what they send, where they end, and what they tell when they fail."""

import gzip
import json
import socket
import threading

import pytest
import requests
from loopback import answer, http_server

from bridge import wire
from bridge.http import AddressRefused, Http, HttpError, Policy, Reply, Unreachable
from tests.bridge.http_calls import LOCAL, echo, ok, url_of


def test_a_reply_has_status_lower_case_headers_and_body(http):
    with http_server(lambda handler: answer(handler, 404, b"no", {"X-Some": "Thing"})) as server:
        reply = http.request("GET", url_of(server))
    assert (reply.status, reply.headers["x-some"], reply.body) == (404, "Thing", b"no")


def test_json_goes_out_and_comes_back(http):
    with http_server(echo) as server:
        seen = http.request("POST", url_of(server, "/v1?a=b"), json={"text": "Grüße"}).json()
    assert (seen["method"], seen["path"], json.loads(seen["body"])) == ("POST", "/v1?a=b", {"text": "Grüße"})
    assert seen["headers"]["content-type"] == "application/json"


def test_bytes_go_out_unchanged(http):
    with http_server(echo) as server:
        seen = http.request("POST", url_of(server), data=b'{"a": 1}', headers={"Content-Type": "x/y"}).json()
    assert (seen["body"], seen["headers"]["content-type"]) == ('{"a": 1}', "x/y")


def test_a_mapping_goes_out_as_a_form(http):
    with http_server(echo) as server:
        seen = http.request("POST", url_of(server), data={"grant_type": "x", "scope": "a b"}).json()
    assert seen["body"] == "grant_type=x&scope=a+b"


def test_headers_are_sent_beside_our_name(http):
    with http_server(echo) as server:
        headers = http.request("GET", url_of(server), headers={"Authorization": "Bearer k"}).json()["headers"]
    assert headers["authorization"] == "Bearer k"
    assert headers["user-agent"].startswith("Moodbridge/")
    assert headers["host"] == f"127.0.0.1:{server.server_address[1]}"


def test_a_reply_that_is_not_json_says_so_without_quoting_it():
    with pytest.raises(HttpError, match=r"status 502.*not JSON") as caught:
        Reply(502, {}, b"<html>my order 4711</html>").json()
    assert "4711" not in str(caught.value)


def test_a_reply_does_not_show_its_body():
    assert "4711" not in repr(Reply(200, {"set-cookie": "4711"}, b"4711"))


def test_gzip_is_decompressed(http):
    packed = gzip.compress(b"x" * 1000)
    with http_server(lambda handler: answer(handler, 200, packed, {"Content-Encoding": "gzip"})) as server:
        assert http.request("GET", url_of(server)).body == b"x" * 1000


def test_head_is_not_confused_by_the_length_it_announces(http):
    def head(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "50000")
        handler.end_headers()

    with http_server(head) as server:
        assert http.request("HEAD", url_of(server), max_bytes=10).body == b""


def test_a_proxy_in_the_environment_is_not_used(http, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with http_server(ok) as server:
        assert http.request("GET", url_of(server)).body == b"ok"
        assert http.session().get(url_of(server)).content == b"ok"


def test_a_sign_in_of_the_netrc_file_is_not_sent(http, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with http_server(echo) as server:
        assert "authorization" not in http.session().get(url_of(server)).json()["headers"]


# Redirects, repeats, cookies


def redirect(handler):
    answer(handler, 302, b"", {"Location": "/elsewhere"})


def test_a_redirect_is_handed_back_and_not_followed(http):
    with http_server(redirect) as server:
        reply = http.request("GET", url_of(server))
    assert (reply.status, reply.headers["location"]) == (302, "/elsewhere")


def test_a_session_does_not_follow_a_redirect_even_when_told_to(http):
    with http_server(redirect) as server:
        assert http.session().get(url_of(server), allow_redirects=True).status_code == 302


def test_nothing_is_repeated(http):
    calls = []

    def break_off(handler):
        calls.append(handler.path)
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    with http_server(break_off) as server, pytest.raises(Unreachable):
        http.request("GET", url_of(server))
    assert calls == ["/"]


def test_a_session_keeps_no_cookie(http):
    def cookie(handler):
        answer(handler, 200, handler.headers.get("Cookie", "").encode(), {"Set-Cookie": "session=abc; Path=/"})

    with http_server(cookie) as server:
        session = http.session()
        session.get(url_of(server))
        assert session.get(url_of(server)).content == b""


# Connections


def test_a_connection_is_used_again(http):
    with http_server(ok) as server:
        for _ in range(5):
            http.request("GET", url_of(server))
        assert server.connections == 1


def test_sessions_and_threads_share_connections(http):
    with http_server(ok) as server:
        http.request("GET", url_of(server))
        thread = threading.Thread(target=lambda: http.session().get(url_of(server)))
        thread.start()
        thread.join()
        assert server.connections == 1


def test_what_one_session_signs_in_with_is_not_sent_by_another(http):
    with http_server(echo) as server:
        first = http.session()
        first.headers["Authorization"] = "Bearer of-acme"
        first.get(url_of(server))
        assert "authorization" not in http.session().get(url_of(server)).json()["headers"]


def test_fifty_threads_call_at_once(http):
    bodies = []
    with http_server(ok) as server:
        threads = [
            threading.Thread(target=lambda: bodies.append(http.request("GET", url_of(server)).body)) for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bodies == [b"ok"] * 50


def test_long_idle_connections_are_closed(http, monkeypatch):
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.0)
    with http_server(ok) as server:
        http.request("GET", url_of(server))
        http._pools._sweep_at = 0.0
        http.request("GET", url_of(server))
        assert server.connections == 2


# Where calls may go


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "example.com",
        "",
        "//example.com/",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com:99999/",
        "https://[::1/",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(http, url):
    with pytest.raises(AddressRefused):
        http.request("GET", url)


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://user:pass@example.com/"])
def test_a_session_refuses_the_same(http, url):
    with pytest.raises((AddressRefused, requests.exceptions.InvalidSchema)):
        http.session().get(url)


def test_loopback_is_refused_without_a_setting():
    with http_server(ok) as server:
        with pytest.raises(AddressRefused):
            Http(Policy()).request("GET", url_of(server))
        with pytest.raises(AddressRefused):
            Http(Policy()).session().get(url_of(server))
        assert server.connections == 0


def test_a_name_that_changes_its_address_after_the_check_reaches_only_the_checked_one():
    answers = iter([("127.0.0.1",)])

    def rebinding(host, port):
        return next(answers, ("127.0.0.2",))

    with http_server(echo) as server:
        port = server.server_address[1]
        http = Http(Policy(allow_hosts=("127.0.0.1",)), resolver=rebinding)
        seen = http.request("GET", f"http://rebind.example:{port}/").json()
    assert seen["headers"]["host"] == f"rebind.example:{port}"
    assert next(answers, None) is None


def test_a_name_that_turns_private_later_is_refused_on_the_next_connection(monkeypatch):
    monkeypatch.setattr("bridge.address.REMEMBERED_SECONDS", 0.0)
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    with http_server(lambda handler: answer(handler, 200, b"", {"Connection": "close"})) as server:
        http = Http(Policy(allow_hosts=("127.0.0.0/8",)), resolver=lambda host, port: next(answers))
        url = f"http://rebind.example:{server.server_address[1]}/"
        http.request("GET", url)
        with pytest.raises(AddressRefused):
            http.request("GET", url)


def test_the_next_address_is_tried_when_one_refuses():
    with http_server(ok) as server:
        http = Http(LOCAL, resolver=lambda host, port: ("127.0.0.2", "127.0.0.1"))
        assert http.request("GET", f"http://two.example:{server.server_address[1]}/").body == b"ok"


# Time and size
