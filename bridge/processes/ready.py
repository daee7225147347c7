"""Is it ready? Each check answers within half a second."""

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 0.5


def http_ready(url: str) -> bool:
    """True when a GET of `url` (plain http) is answered with a status under 400."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def redis_ready(path: Path) -> bool:
    """True when a Redis or Valkey answers on the Unix socket `path` and has loaded its data."""
    return redis_says(path, b"PING").startswith(b"+PONG")


def redis_says(path: Path, command: bytes) -> bytes:
    """The first bytes of the answer to an argument-less command; empty when there is no answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(str(path))
            client.sendall(command + b"\r\n")
            return client.recv(64)
        except OSError:
            return b""
