"""Connections of outgoing calls: made to a judged address only, and bound by the call's deadline at every read.

A server that sends one byte now and then never trips a read time-out. So every read of the socket, of status
line and headers too, looks at the deadline of the call that its thread is making.
"""

import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import PoolManager

from bridge.address import Address, Guard

HOSTS = 200
"""How many hosts keep their idle connections; the one unused longest gives way."""
IDLE_SECONDS = 60.0
"""Idle connections older than this are closed: most servers drop them about then, and each holds a descriptor."""
SWEEP_SECONDS = 15.0


class _Call(threading.local):
    deadline: float | None = None


_call = _Call()


@contextmanager
def deadline(seconds: float) -> Iterator[float]:
    """Bounds every read of this thread's sockets until the block ends; gives the end in `time.monotonic` terms."""
    _call.deadline = time.monotonic() + seconds
    try:
        yield _call.deadline
    finally:
        _call.deadline = None


def remaining(limit: float | None) -> float | None:
    """The smaller of a time-out and what is left until the deadline, in seconds. Raises TimeoutError at its end."""
    if _call.deadline is None:
        return limit
    left = _call.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline")
    return left if limit is None else min(left, limit)


class DeadlineSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(remaining(self.gettimeout()))
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(remaining(self.gettimeout()))
        super().sendall(*args, **kwargs)


class DeadlineTlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(remaining(self.gettimeout()))
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(remaining(self.gettimeout()))
        super().sendall(*args, **kwargs)


class SharedContext(ssl.SSLContext):
    """A TLS context that all threads share (one costs 25 ms and a megabyte).

    urllib3 sets the protocols anew before each handshake, which would free memory that another thread's
    handshake is reading; they never differ, so the first setting stays.
    """

    sslsocket_class = DeadlineTlsSocket
    _protocols_set = False

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        if not self._protocols_set:
            super().set_alpn_protocols(alpn_protocols)
            self._protocols_set = True


def client_context(ca_file: str | None = None, *, alpn: bool = True) -> ssl.SSLContext:
    """A context that checks certificate and name. It trusts what the system's store holds (SSL_CERT_FILE and
    SSL_CERT_DIR too, so that an organisation's own authority counts), or certifi's list where the store is empty.
    `alpn`: it is for HTTP.
    """
    context = SharedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        context.set_alpn_protocols(["http/1.1"])
    if ca_file is None:
        context.load_default_certs()
        if not context.cert_store_stats()["x509_ca"]:
            context.load_verify_locations(certifi.where())
    else:
        context.load_verify_locations(ca_file)
    return context


def _connect(connection: "GuardedConnection | GuardedTlsConnection", encrypted: bool) -> socket.socket:
    host, port = connection._dns_host, connection.port
    addresses = connection.guard.addresses(host, port, encrypted)
    problem: OSError | None = None
    for address in addresses:
        try:
            return _connect_to(address, port, connection)
        except OSError as failure:
            problem = failure
    if isinstance(problem, TimeoutError):
        raise ConnectTimeoutError(connection, "connect") from problem
    raise NewConnectionError(connection, "connect") from problem


def _connect_to(address: Address, port: int, connection: HTTPConnection) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        timeout = connection.timeout
        sock.settimeout(remaining(timeout if isinstance(timeout, (int, float)) else None))
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class GuardedConnection(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard = guard
        self.idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        return _connect(self, encrypted=False)


class GuardedTlsConnection(HTTPSConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard = guard
        self.idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        return _connect(self, encrypted=True)


class GuardedPool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection

    def _put_conn(self, conn: Any) -> None:
        _stamp(conn)
        super()._put_conn(conn)


class GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = GuardedTlsConnection

    def _put_conn(self, conn: Any) -> None:
        _stamp(conn)
        super()._put_conn(conn)


def _stamp(connection: GuardedConnection | GuardedTlsConnection | None) -> None:
    if connection is not None:
        connection.idle_since = time.monotonic()


def _close_idle(pool: GuardedPool | GuardedTlsPool, before: float) -> None:
    stale = []
    idle = pool.pool
    if idle is None:
        return
    with idle.mutex:
        for place, connection in enumerate(idle.queue):
            if connection is not None and connection.idle_since < before:
                idle.queue[place] = None
                stale.append(connection)
    for connection in stale:
        connection.close()


class GuardedPools(PoolManager):
    """The connections of one process, shared by its threads: a call takes an idle one of its host or makes one."""

    def __init__(self, guard: Guard, per_host: int, ca_file: str | None) -> None:
        super().__init__(num_pools=HOSTS)
        self._guard = guard
        self._per_host = per_host
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._made: weakref.WeakSet[GuardedPool | GuardedTlsPool] = weakref.WeakSet()
        self._sweep_at = time.monotonic() + SWEEP_SECONDS
        self._sweeping = threading.Lock()

    def _new_pool(self, scheme: str, host: str, port: int, request_context: Any = None) -> HTTPConnectionPool:
        """urllib3 calls this, under its lock, for the first call to a host."""
        pool: GuardedPool | GuardedTlsPool
        if scheme == "https":
            self._context = self._context or client_context(self._ca_file)
            pool = GuardedTlsPool(host, port, maxsize=self._per_host, ssl_context=self._context, guard=self._guard)
        else:
            pool = GuardedPool(host, port, maxsize=self._per_host, guard=self._guard)
        self._made.add(pool)
        return pool

    def sweep(self) -> None:
        """Closes what has been idle for long. Cheap until it is time to; each call asks for it."""
        if time.monotonic() < self._sweep_at or not self._sweeping.acquire(blocking=False):
            return
        try:
            now = time.monotonic()
            self._sweep_at = now + SWEEP_SECONDS
            with self.pools.lock:
                pools = list(self._made)
            for pool in pools:
                _close_idle(pool, now - IDLE_SECONDS)
        finally:
            self._sweeping.release()
