import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bridge.processes.ready import http_ready, redis_ready


@pytest.fixture
def server():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_is_ready(server):
    assert http_ready(f"{server}/healthz")


def test_an_error_is_not_ready(server):
    assert not http_ready(f"{server}/other")


def test_nobody_there_is_not_ready(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not http_ready(f"http://127.0.0.1:{unused.getsockname()[1]}/healthz")
    assert not redis_ready(tmp_path / "none.sock")


def test_one_that_accepts_but_does_not_answer_is_not_ready():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not http_ready(f"http://127.0.0.1:{silent.getsockname()[1]}/healthz")


def test_a_redis_that_still_loads_is_not_ready(tmp_path):
    path = tmp_path / "redis.sock"
    with socket.create_server(str(path), family=socket.AF_UNIX) as loading:

        def answer():
            with loading.accept()[0] as visitor:
                visitor.recv(100)
                visitor.sendall(b"-LOADING Valkey is loading the dataset in memory\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert not redis_ready(path)
        thread.join()
