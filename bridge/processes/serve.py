"""The web server: granian inside the calling process, on a socket that the caller holds.

Granian's own way is a master process that forks or spawns workers. Our supervisor already is such a master,
so granian's worker runs here instead: one process less (27 MB), no child that could keep the port, pages
shared with the supervisor, and a socket that outlives a crash, so that hooks wait for the restart
instead of being refused.
"""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer

from bridge.errors import BridgeError
from bridge.processes.process import Process, Role
from bridge.processes.ready import http_ready

BACKLOG = 1024
"""Connections that wait while the server is busy or restarts (the kernel may cap it: net.core.somaxconn)."""

CLOSING = 1.0
"""Seconds that an earlier run, killed a moment ago, gets to free the port."""

TO_ROOT_LOGGER: dict[str, Any] = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""For granian's dictConfig: leave all loggers as they are, and let granian's lines go to ours."""


class CannotListen(BridgeError):
    """The server cannot listen where HOST and PORT say."""


def listen(host: str, port: int) -> socket.socket:
    """A socket listening on `host` (an address or a name) and `port` (0: any free one). Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"HOST: {host} is not an address of this machine ({error.strerror}).") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run still close
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it
        if host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        _bind(listener, address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, host, port)) from error
    listener.setblocking(False)
    return listener


def _bind(listener: socket.socket, address: Any) -> None:
    deadline = time.monotonic() + CLOSING
    while True:
        try:
            return listener.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"PORT: another program already listens on {host}:{port}. Stop it, or set PORT to a free number."
    if error.errno == errno.EACCES:
        return f"PORT: this user may not listen on {port}. Set PORT to a number above 1023."
    return f"HOST: cannot listen on {host} ({error.strerror}). Set HOST to an address of this machine."


def local_url(listener: socket.socket) -> str:
    """The base URL under which this machine itself reaches the socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def web(create: Callable[[], WSGIApplication], listener: socket.socket, workers: int = 1) -> list[Process]:
    """The web processes that share one socket; more than one only with PostgreSQL (SQLite wants one writer)."""
    process = Process(
        name="web",
        role=Role.WEB,
        work=partial(serve, create, listener),
        ready=partial(http_ready, f"{local_url(listener)}/healthz"),
        keeps=(listener.fileno(),),
    )
    return [process] * workers


def serve(create: Callable[[], WSGIApplication], listener: socket.socket, threads: int = 16) -> None:
    """Serve what `create` makes until SIGTERM or SIGINT; then take no more, finish the answers in flight, return.

    Must be called in the main thread, and takes the socket over. `threads` run the application at a time. No
    access log: the paths of hooks are secrets.
    """
    application = _without_settings(create(), os.environ)
    server = MPServer(
        "moodbridge",
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        runtime_mode=RuntimeModes.mt,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_level=LogLevels.warning,
        log_dictconfig=TO_ROOT_LOGGER,
        log_access=False,
    )
    # From here on what granian's `serve` does for a worker, without its second process (granian 2.8, server/mp.py).
    server._shd = SocketHolder(listener.detach(), False, BACKLOG)  # type: ignore[assignment, call-arg]
    server._sso = None
    worker = server._spawn_worker(0, server._spawn_wsgi_worker, lambda: application)
    worker.inner.run()


def _without_settings(application: WSGIApplication, environment: Iterable[str]) -> WSGIApplication:
    """Keep the process's environment, which granian copies into each request's, away from the application.

    Otherwise an error page or report that shows a request would show the settings' secrets.
    """
    of_requests = ("HTTP_", "SERVER_", "REMOTE_", "REQUEST_", "CONTENT_", "SCRIPT_", "PATH_INFO", "QUERY_", "wsgi.")
    hidden = tuple(name for name in environment if not name.startswith(of_requests))

    def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for name in hidden:
            environ.pop(name, None)
        return application(environ, start_response)

    return bare
