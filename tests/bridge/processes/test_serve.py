import http.client
import os
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.processes import serve
from bridge.processes.serve import CannotListen, listen, local_url


def get(url, path="/"):
    with urllib.request.urlopen(url + path, timeout=10) as answer:
        return answer.read().decode()


def test_answers_in_flight_finish_when_it_stops_and_no_new_ones_begin(rig, until):
    up = rig("web").all_started()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, up.url, "/slow")
        until(lambda: up.events("slow begun"))
        up.program.terminate()
        until(lambda: refused(up.port), what="the closing of the port")
        (up.data / "finish").touch()
        assert slow.result(10) == "finished"
    assert up.ended() == 0
    assert up.line("web stopped")


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_requests_made_while_it_restarts_are_answered(rig):
    up = rig("web").all_started()
    before = get(up.url, "/pid")
    os.kill(int(before), 9)
    assert get(up.url, "/pid") != before


def test_sixteen_requests_are_answered_at_a_time(running):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: get(running.url, "/together"), range(16)))
    assert answers == ["together"] * 16


def test_several_processes_can_share_the_port(rig, until):
    up = rig("web:2").all_started()
    seen = set()
    until(lambda: seen.add(get(up.url, "/pid")) or len(seen) == 2, what="an answer from each process")


def test_it_is_one_process(running):
    web = running.child("moodbridge web")
    assert get(running.url, "/pid") == str(web.pid)
    assert web.children() == []


def test_settings_are_not_in_a_request(running):
    environ = get(running.url, "/environ?page=2")
    assert "hidden" not in environ
    assert "QUERY_STRING=page=2" in environ


def test_no_path_is_logged(rig):
    up = rig("web").all_started()
    get(up.url, "/hooks/secret-path")
    connection = http.client.HTTPConnection("127.0.0.1", up.port)
    connection.request("GET", "/broken?secret-path")
    assert connection.getresponse().status == 500
    up.stop()
    assert "secret-path" not in "\n".join(up.lines)


def test_a_taken_port_is_named(monkeypatch):
    monkeypatch.setattr(serve, "CLOSING", 0.1)
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as raised:
            listen("127.0.0.1", port)
    assert str(raised.value) == (
        f"PORT: another program already listens on 127.0.0.1:{port}. Stop it, or set PORT to a free number."
    )


def test_a_port_that_is_freed_in_a_moment_is_waited_for():
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    threading.Timer(0.1, taken.close).start()
    with listen("127.0.0.1", port) as listener:
        assert listener.getsockname()[1] == port


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_of_another_machine_is_named(host):
    with pytest.raises(CannotListen, match=r"^HOST: "):
        listen(host, 0)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")])
def test_the_machine_reaches_itself(host, shown):
    with listen(host, 0) as listener:
        assert local_url(listener) == f"http://{shown}:{listener.getsockname()[1]}"
